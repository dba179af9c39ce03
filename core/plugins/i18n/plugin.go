// Package i18n translates the messages of errors into the caller's language. Their codes
// stay the same. See https://better-auth.com/docs/plugins/i18n. Plugin id: "i18n".
package i18n

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// ID is the plugin's id.
const ID = "i18n"

// Translations are messages by the code of an error, such as "USER_NOT_FOUND".
type Translations map[string]string

// Options configures the plugin.
type Options struct {
	// Translations by locale, such as "fr" or "pt-BR". At least one is required. New logs a
	// warning for codes that neither the core nor an installed plugin has.
	Translations map[string]Translations
	// DefaultLocale is used when no way of Detection finds a locale with translations.
	// Default "en" if there are translations for it, else the first locale in alphabetical
	// order.
	DefaultLocale string
	// Detection are the ways to find the caller's locale, in order. Default: Header.
	Detection []Detection
	// LocaleCookie is the cookie that Cookie reads. Default "locale".
	LocaleCookie string
	// UserLocaleField is the field of the user that Session reads. New refuses Session when
	// the user has no such field. Default "locale".
	UserLocaleField string
	// Locale is what Callback calls. It returns a locale, or "" for the next way.
	Locale func(c *core.Ctx) (string, error)
}

// Detection is a way to find the caller's locale.
type Detection string

// The ways to find a locale. When a way finds a locale without translations, the next way
// is tried.
const (
	Header   Detection = "header"   // Accept-Language, by its weights
	Cookie   Detection = "cookie"   // Options.LocaleCookie
	Session  Detection = "session"  // Options.UserLocaleField of the caller's user
	Callback Detection = "callback" // Options.Locale
)

// Plugin is the installed plugin.
type Plugin struct {
	opts    Options
	locales []string
}

// New makes the plugin.
func New(o Options) *Plugin {
	o.LocaleCookie = cmp.Or(o.LocaleCookie, "locale")
	o.UserLocaleField = cmp.Or(o.UserLocaleField, "locale")
	if o.Detection == nil {
		o.Detection = []Detection{Header}
	}
	return &Plugin{opts: o, locales: slices.Sorted(maps.Keys(o.Translations))}
}

// ID returns "i18n".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and adds the hook that translates.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	o := &p.opts
	switch {
	case len(p.locales) == 0:
		return core.Manifest{}, errors.New("Options.Translations is empty: give the translations of at least one locale")
	case o.DefaultLocale == "" && o.Translations["en"] != nil:
		o.DefaultLocale = "en"
	case o.DefaultLocale == "":
		o.DefaultLocale = p.locales[0]
	case o.Translations[o.DefaultLocale] == nil:
		return core.Manifest{}, fmt.Errorf("Options.DefaultLocale is %q, which has no translations: give one of %q", o.DefaultLocale, p.locales)
	}
	for _, d := range o.Detection {
		switch d {
		case Header, Cookie, Session:
		case Callback:
			if o.Locale == nil {
				return core.Manifest{}, errors.New("Options.Detection has \"callback\": set Options.Locale")
			}
		default:
			return core.Manifest{}, fmt.Errorf("Options.Detection has %q: give header, cookie, session or callback", d)
		}
	}
	return core.Manifest{After: []core.Hook{{Match: core.All(), Run: p.translate}}, Init: p.init}, nil
}

// init refuses a strategy that never finds anything, and tells of translations that may be
// misspelt. Several programs may share a file of translations, and the application may have
// codes of its own, so that those are no error.
func (p *Plugin) init(ctx context.Context, a *core.Auth) error {
	user, _ := a.Schema().Table(core.ModelUser)
	if _, found := user.Field(p.opts.UserLocaleField); !found && slices.Contains(p.opts.Detection, Session) {
		return fmt.Errorf("Options.Detection has \"session\", but the user has no field %q: add it to core.Options.User.Fields, or name another one in UserLocaleField",
			p.opts.UserLocaleField)
	}
	unknown := map[string]bool{}
	for _, texts := range p.opts.Translations {
		for code := range texts {
			unknown[code] = true
		}
	}
	for _, known := range a.ErrorCodes() {
		delete(unknown, known.Code)
	}
	if names := slices.Sorted(maps.Keys(unknown)); len(names) > 0 {
		a.Logger().WarnContext(ctx, "Translations have codes that neither the core nor an installed plugin answers with: check the spelling, unless they are codes of your own",
			"plugin", ID, "codes", names[:min(len(names), maxNamed)], "count", len(names))
	}
	return nil
}

// maxNamed is how many unknown codes a line of the log names.
const maxNamed = 20

func (p *Plugin) translate(c *core.Ctx) error {
	_, err := c.Returned()
	var e *core.Error
	if !errors.As(err, &e) || e.Code == "" || e.NoBody || e.Body != nil {
		return nil
	}
	locale, err := p.detect(c)
	if err != nil {
		return err
	}
	text := p.opts.Translations[locale][e.Code]
	if text == "" {
		return nil
	}
	body := wire.NewObject()
	body.Set("code", wire.String(e.Code))
	body.Set("message", wire.String(text))
	body.Set("originalMessage", wire.String(e.Message))
	for _, d := range e.Details {
		body.Set(d.Name, d.Value)
	}
	own := *e
	own.Message, own.Body = text, wire.ObjectOf(body)
	c.SetReturned(&own)
	return nil
}
