package i18n

import (
	"slices"
	"strconv"
	"strings"

	"github.com/advantch/kernia-go/core"
)

// detect finds the caller's locale, one that has translations.
func (p *Plugin) detect(c *core.Ctx) (string, error) {
	for _, d := range p.opts.Detection {
		found := ""
		switch d {
		case Header:
			found = p.accepted(c.Req.Header.Get("Accept-Language"))
		case Cookie:
			found = c.Cookie(p.opts.LocaleCookie)
		case Session:
			// An outage must not hide the error that is to be translated.
			if data, err := c.LoadSession(); err == nil && data != nil {
				found, _ = core.Field[string]{Name: p.opts.UserLocaleField}.Of(data.User.Extra)
			}
		case Callback:
			own, err := p.opts.Locale(c)
			if err != nil {
				return "", err
			}
			found = own
		}
		if p.opts.Translations[found] != nil {
			return found, nil
		}
	}
	return p.opts.DefaultLocale, nil
}

// maxAccepted is how many languages of a header are looked at.
const maxAccepted = 32

// accepted returns the locale that an Accept-Language header (RFC 9110, section 12.5.4)
// prefers: a language tag as it is, or else its language alone. It returns "" when there
// is none with translations.
func (p *Plugin) accepted(header string) string {
	type choice struct {
		tag    string
		weight float64
	}
	var choices []choice
	for part := range strings.SplitSeq(header, ",") {
		if len(choices) == maxAccepted {
			break
		}
		tag, parameter, _ := strings.Cut(part, ";")
		weight := 1.0
		if q, ok := strings.CutPrefix(strings.TrimSpace(parameter), "q="); ok {
			var err error
			if weight, err = strconv.ParseFloat(q, 64); err != nil || !(weight >= 0 && weight <= 1) {
				continue
			}
		}
		if tag = strings.TrimSpace(tag); tag != "" && weight > 0 {
			choices = append(choices, choice{tag, weight})
		}
	}
	slices.SortStableFunc(choices, func(a, b choice) int {
		switch {
		case a.weight > b.weight:
			return -1
		case a.weight < b.weight:
			return 1
		}
		return 0
	})
	for _, own := range choices {
		language, _, _ := strings.Cut(own.tag, "-")
		for _, wanted := range []string{own.tag, language} {
			if i := slices.IndexFunc(p.locales, func(l string) bool { return strings.EqualFold(l, wanted) }); i >= 0 {
				return p.locales[i]
			}
		}
	}
	return ""
}
