package captcha

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/outbound"
)

// Provider is the service that checks tokens, by Better Auth's name.
type Provider string

// The providers.
const (
	Recaptcha  Provider = "google-recaptcha" // v2 and v3
	Turnstile  Provider = "cloudflare-turnstile"
	HCaptcha   Provider = "hcaptcha"
	CaptchaFox Provider = "captchafox"
)

// provider is what one provider does in its own way.
type provider struct {
	url             string
	ip              string // name of the parameter with the visitor's address
	siteKey, action bool   // whether it checks them
	testKey         string // the public secret with which every token passes
}

var providers = map[Provider]provider{
	Recaptcha:  {url: "https://www.google.com/recaptcha/api/siteverify", ip: "remoteip", action: true, testKey: "6LeIxAcTAAAAAGG-vFI1TnRWxMZNFuojJ4WifJWe"},
	Turnstile:  {url: "https://challenges.cloudflare.com/turnstile/v0/siteverify", ip: "remoteip", action: true, testKey: "1x0000000000000000000000000000000AA"},
	HCaptcha:   {url: "https://api.hcaptcha.com/siteverify", ip: "remoteip", siteKey: true, testKey: "0x0000000000000000000000000000000000000000"},
	CaptchaFox: {url: "https://api.captchafox.com/siteverify", ip: "remoteIp", siteKey: true},
}

// test reports whether the secret is the public one for tests.
func (p *Plugin) test() bool { return p.opts.SecretKey == providers[p.opts.Provider].testKey }

// verdict is a provider's answer, as far as it matters.
type verdict struct {
	Success  bool     `json:"success"`
	Score    *float64 `json:"score"` // of reCAPTCHA v3
	Action   string   `json:"action"`
	Hostname string   `json:"hostname"`
	Errors   []string `json:"error-codes"`
}

// timeout bounds the wait for a provider; then the request is refused.
const timeout = 10 * time.Second

// ask sends a token to the provider. An answer that is not understood is an error.
func (p *Plugin) ask(c *core.Ctx, token string) (verdict, error) {
	how := providers[p.opts.Provider]
	ip, _ := c.IP()
	r := outbound.Request{URL: cmp.Or(p.opts.SiteVerifyURL, how.url), MaxBody: 64 << 10, Timeout: timeout}
	if p.opts.Provider == Turnstile { // as Better Auth asks it
		r.JSON = question{p.opts.SecretKey, token, ip}
	} else {
		r.Form = url.Values{"secret": {p.opts.SecretKey}, "response": {token}, "sitekey": {p.opts.SiteKey}, how.ip: {ip}}
	}
	return outbound.FetchJSON[verdict](c, c.Auth().HTTP(), r)
}

type question struct {
	Secret   string `json:"secret"`
	Response string `json:"response"`
	IP       string `json:"remoteip,omitempty"`
}

// Format prints the name of the type: the options have a secret.
func (o Options) Format(f fmt.State, _ rune) { core.Redact(f, o) }

// LogValue logs the name of the type.
func (o Options) LogValue() slog.Value { return core.Redacted(o) }

// Format prints the name of the type.
func (p *Plugin) Format(f fmt.State, _ rune) { core.Redact(f, p) }

// LogValue logs the name of the type.
func (p *Plugin) LogValue() slog.Value { return core.Redacted(p) }
