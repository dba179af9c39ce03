// Package captcha asks for a captcha on routes that bots like: the page sends the token
// of its widget in the header x-captcha-response, and the provider says whether it is
// good. See https://better-auth.com/docs/plugins/captcha. Plugin id: "captcha".
package captcha

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/ratelimit"
)

// ID is the plugin's id.
const ID = "captcha"

// The error codes of the plugin.
var (
	CodeMissing = core.ErrorCode{Code: "MISSING_RESPONSE", Message: "Missing CAPTCHA response"}
	CodeFailed  = core.ErrorCode{Code: "VERIFICATION_FAILED", Message: "Captcha verification failed"}
	CodeUnknown = core.ErrorCode{Code: "UNKNOWN_ERROR", Message: "Something went wrong"}
)

const (
	header   = "X-Captcha-Response" // with the token
	maxToken = 16 << 10             // bytes; the tokens of all providers are shorter
	lifetime = 10 * time.Minute     // of a token, at most; the providers' are 2 to 5 minutes
)

// Options configures the plugin.
type Options struct {
	Provider  Provider // required
	SecretKey string   // required: the key that the provider gives to servers
	// Endpoints are the routes to protect, as they are declared. "*" stands for any text
	// within one segment, "/**" at the end for everything below. Default: /sign-up/email,
	// /sign-in/email and /request-password-reset, as far as they exist.
	Endpoints []string
	// SiteVerifyURL replaces the provider's address, for example by that of a mirror.
	SiteVerifyURL string
	// MinScore is the least score of reCAPTCHA v3 that passes. Default 0.5; negative:
	// every score passes.
	MinScore float64
	// SiteKey refuses tokens of other widgets. hCaptcha and CaptchaFox only.
	SiteKey string
	// ExpectedAction refuses tokens for other actions. reCAPTCHA v3 and Turnstile only.
	// Default: any action.
	ExpectedAction string
	// AllowedHostnames are the hosts whose pages may have the widget. Default: any.
	AllowedHostnames []string
}

// Plugin is the installed plugin.
type Plugin struct {
	opts    Options
	guarded map[string]bool // by path, as declared
	used    *ratelimit.Memory
}

// New makes the plugin.
func New(o Options) *Plugin {
	if o.Provider == Recaptcha {
		o.MinScore = cmp.Or(o.MinScore, 0.5)
	}
	return &Plugin{opts: o, guarded: map[string]bool{}, used: ratelimit.NewMemory(ratelimit.MemoryOptions{})}
}

// ID returns "captcha".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	m := core.Manifest{OnRequest: p.check, Errors: []core.ErrorCode{CodeMissing, CodeFailed, CodeUnknown}, Init: p.init}
	return m, p.opts.check()
}

func (o *Options) check() error {
	provider, known := providers[o.Provider]
	switch {
	case !known:
		return errors.New("Options.Provider is none of captcha.Recaptcha, Turnstile, HCaptcha and CaptchaFox")
	case o.SecretKey == "":
		return errors.New("Options.SecretKey is empty: set it to the provider's key for servers")
	case o.MinScore != 0 && o.Provider != Recaptcha:
		return errors.New("Options.MinScore is for captcha.Recaptcha only: leave it out")
	case !(o.MinScore <= 1):
		return errors.New("Options.MinScore is above 1, which no visitor reaches")
	case o.SiteKey != "" && !provider.siteKey:
		return errors.New("Options.SiteKey is for captcha.HCaptcha and captcha.CaptchaFox only: leave it out")
	case o.ExpectedAction != "" && !provider.action:
		return errors.New("Options.ExpectedAction is for captcha.Recaptcha and captcha.Turnstile only: leave it out")
	}
	if u, err := url.Parse(o.SiteVerifyURL); o.SiteVerifyURL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		return errors.New("Options.SiteVerifyURL is not an address that begins with https://, or with http:// on this machine")
	}
	return nil
}

// init finds the routes to protect. What names no route would protect nothing, so it is
// an error.
func (p *Plugin) init(ctx context.Context, a *core.Auth) error {
	endpoints, standard := p.opts.Endpoints, len(p.opts.Endpoints) == 0
	if standard {
		endpoints = []string{"/sign-up/email", "/sign-in/email", "/request-password-reset"}
	}
	for _, endpoint := range endpoints {
		paths, err := a.RoutesLike(endpoint)
		if err != nil && !standard {
			return fmt.Errorf("Options.Endpoints: %w", err)
		}
		for _, path := range paths {
			p.guarded[path] = true
		}
	}
	if len(p.guarded) == 0 {
		return errors.New("no route of the default list exists: set Options.Endpoints")
	}
	if p.test() {
		a.Logger().WarnContext(ctx, "captcha: Options.SecretKey is the provider's public key for tests, which accepts everything")
	}
	return nil
}

// check runs before the body is read. Path is the route that will run, whatever the
// spelling of the request, so there is no way around it by another one.
func (p *Plugin) check(c *core.Ctx) error {
	if !p.guarded[c.Path()] || c.OperationID() == "" {
		return nil
	}
	token := c.Req.Header.Get(header)
	switch {
	case token == "":
		return core.Fail(http.StatusBadRequest, CodeMissing)
	case len(token) > maxToken:
		return core.Fail(http.StatusForbidden, CodeFailed)
	}
	v, err := p.ask(c, token)
	if err != nil {
		return core.Fail(http.StatusInternalServerError, CodeUnknown).Because(fmt.Errorf("captcha: the provider gave no usable answer: %w", err))
	}
	if reason := p.refuse(c, v, token); reason != "" {
		c.Auth().Logger().WarnContext(c, "captcha: a token was refused", "reason", reason, "errors", v.Errors)
		return core.Fail(http.StatusForbidden, CodeFailed)
	}
	return nil
}

// refuse says why a verdict is not enough, "" when it is.
func (p *Plugin) refuse(c *core.Ctx, v verdict, token string) string {
	o := p.opts
	switch {
	case !v.Success:
		return "not valid"
	case o.Provider == Recaptcha && v.Score != nil && *v.Score < o.MinScore:
		return "score"
	case o.ExpectedAction != "" && v.Action != o.ExpectedAction:
		return "action"
	case len(o.AllowedHostnames) > 0 && !slices.Contains(o.AllowedHostnames, v.Hostname):
		return "hostname"
	case p.test():
		return "" // all tokens of test widgets are the same
	}
	// The providers accept a token once; two requests at the same moment may both pass.
	d, err := p.used.Take(c, ratelimit.AccountKey(token), ratelimit.Rule{Window: lifetime, Max: 1}, c.Now())
	if err != nil || !d.Allowed {
		return "used"
	}
	return ""
}
