// Package oauthproxy lets preview deployments sign users in with providers that know
// only the callback of the production server. The provider sends the browser back to
// production, which redeems the code and hands the profile, encrypted, to the preview.
// Both servers install the plugin with the same options. See
// https://better-auth.com/docs/plugins/oauth-proxy. Plugin id: "oauth-proxy".
package oauthproxy

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/secret"
)

// ID is the plugin's id.
const ID = "oauth-proxy"

// SkipHeader is a request header. A sign-in that has it does not use the proxy.
const SkipHeader = "X-Skip-Oauth-Proxy"

const clockSkew = 10 * time.Second

// Options configures the plugin.
type Options struct {
	// ProductionURL is the origin of the production server, for example
	// "https://app.example.com". Required. A server that runs there proxies for others.
	ProductionURL string
	// CurrentURL is the origin of this server. Default: that of the base URL. Production
	// must trust it (core.Options.TrustedOrigins).
	CurrentURL string
	// MaxAge is how long a profile that production has handed over can be used. Default
	// one minute, at most ten.
	MaxAge time.Duration
	// Secret encrypts what the servers tell each other, at least 32 characters. Default:
	// the secrets of core.Options, which both servers share then.
	Secret string
}

// Plugin is the installed plugin; get it with From.
type Plugin struct {
	Callback *core.Op[CallbackInput, core.StatusReply]

	opts       Options
	auth       *core.Auth
	keys       *secret.Keyring
	production string // the origin
	current    string // the origin, or ""
}

// New makes the plugin. It needs the plugin social.
func New(o Options) *Plugin {
	p := &Plugin{opts: o}
	p.Callback = core.Get("oAuthProxy", "/oauth-proxy-callback", p.callback, core.Use(core.TrustedTarget("query", "callbackURL")), core.Redirects(), core.DocID("oauthProxyCallback"),
		core.Doc("OAuth Proxy Callback"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "oauth-proxy".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	var err error
	if p.production, err = originOf("ProductionURL", p.opts.ProductionURL); err != nil {
		return core.Manifest{}, err
	}
	p.current = ""
	if p.opts.CurrentURL != "" {
		if p.current, err = originOf("CurrentURL", p.opts.CurrentURL); err != nil {
			return core.Manifest{}, err
		}
	}
	switch {
	case p.opts.MaxAge < 0 || p.opts.MaxAge > 10*time.Minute:
		return core.Manifest{}, errors.New("Options.MaxAge must be from 0, which means a minute, to ten minutes")
	case p.opts.MaxAge == 0:
		p.opts.MaxAge = time.Minute
	}
	return core.Manifest{
		Requires: []string{oauth.SocialID}, Init: p.init,
		Before: []core.Hook{{Match: core.Paths("/callback/:id", "/oauth2/callback/:providerId"), Run: p.arrive}},
	}, nil
}

func originOf(name, raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return "", fmt.Errorf("Options.%s %q must be an origin, such as https://app.example.com", name, raw)
	}
	return u.Scheme + "://" + u.Host, nil
}

func (p *Plugin) init(_ context.Context, a *core.Auth) error {
	p.auth, p.keys = a, a.Keys()
	if p.opts.Secret == "" {
		return nil
	}
	var err error
	if p.keys, err = secret.NewKeyring(p.opts.Secret, nil, secret.KeyringOptions{Cipher: secret.AESGCM, Rand: a.Rand()}); err != nil {
		return fmt.Errorf("Options.Secret: %w", err)
	}
	return nil
}

// Depart sends a sign-in that begins on a preview through production. It makes the plugin
// an oauth.Relay.
func (p *Plugin) Depart(c *core.Ctx, one *oauth.Provider, d oauth.Departure) (state, redirect string, err error) {
	here := p.here(c)
	if here == p.production || c.Req.Header.Get(SkipHeader) != "" {
		return d.State, d.Redirect, nil
	}
	base := p.auth.PublicPath()
	state, err = p.seal(departurePurpose, departure{
		Provider: one.ID(), State: d.State, Verifier: d.Verifier, Nonce: d.Nonce, ErrorURL: d.ErrorURL, Expires: d.Expires.UnixMilli(),
		To: here + base + "/oauth-proxy-callback?callbackURL=" + url.QueryEscape(d.CallbackURL),
	})
	return state, p.production + base + strings.TrimPrefix(d.Redirect, c.BaseURL()), err
}

// here is the origin of this server. It does not come from the request's headers alone,
// because the profile of a user is sent there.
func (p *Plugin) here(c *core.Ctx) string {
	if p.current != "" {
		return p.current
	}
	u, err := url.Parse(c.BaseURL())
	if err != nil {
		return p.production
	}
	return u.Scheme + "://" + u.Host
}
