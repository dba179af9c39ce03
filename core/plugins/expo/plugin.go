// Package expo is the server's half of @better-auth/expo, for applications made with Expo
// and React Native: it takes the application's origin from a header of its own, and hands
// the session over to the application when a sign-in ends in the phone's browser. See
// https://better-auth.com/docs/integrations/expo. Plugin id: "expo".
package expo

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/wire"
)

// ID is the plugin's id.
const ID = "expo"

// Options configures the plugin. The application's scheme, such as "myapp://", belongs in
// core.Options.TrustedOrigins.
type Options struct {
	// DisableOriginOverride ignores the header Expo-Origin.
	DisableOriginOverride bool
	// Development trusts every URL of the scheme exp, with which Expo Go opens
	// applications under development. Better Auth does so when NODE_ENV is
	// "development".
	Development bool
	// AllowLinking lets /expo-authorization-proxy open flows that link an account to
	// the user who is signed in to the application, as Better Auth does. An attacker who
	// makes somebody else open such a link gets that person's account linked to the
	// attacker's own user.
	AllowLinking bool
}

// Plugin is the installed plugin.
type Plugin struct {
	AuthorizationProxy *core.Op[ProxyInput, core.StatusReply]

	opts Options
}

// ProxyInput is the query of /expo-authorization-proxy.
type ProxyInput struct {
	AuthorizationURL string  `query:"authorizationURL" doc:"The URL that /sign-in/social has returned to the application"`
	OAuthState       *string `query:"oauthState" doc:"The application's oauth_state cookie, if it has one"`
}

// New makes the plugin.
func New(o Options) *Plugin {
	p := &Plugin{opts: o}
	p.AuthorizationProxy = core.Get("expoAuthorizationProxy", "/expo-authorization-proxy", p.proxy, core.Redirects(), core.Doc("Send the application's browser to a provider"))
	return p
}

// ID returns "expo".
func (p *Plugin) ID() string { return ID }

// Manifest lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	m := core.Manifest{
		Errors: []core.ErrorCode{oauth.CodeAuthorizationURL},
		After: []core.Hook{{
			Match: core.Paths("/callback/:id", "/oauth2/callback/:providerId", "/magic-link/verify", "/verify-email"), Run: handOver,
		}},
	}
	if !p.opts.DisableOriginOverride {
		m.OriginHeaders = []string{"Expo-Origin"}
	}
	if p.opts.Development {
		m.TrustedOrigins = []string{"exp://"}
	}
	return m, nil
}

// proxy gives the phone's browser the state of a flow that the application has begun, and
// sends it on to the provider.
func (p *Plugin) proxy(c *core.Ctx, in *ProxyInput) (core.StatusReply, error) {
	engine, stored := oauth.From(c.Auth()), ""
	if in.OAuthState != nil {
		stored = *in.OAuthState
	}
	if engine == nil {
		return core.StatusReply{}, core.Fail(http.StatusBadRequest, oauth.CodeAuthorizationURL)
	}
	if err := engine.Bind(c, in.AuthorizationURL, stored, p.opts.AllowLinking); err != nil {
		return core.StatusReply{}, err
	}
	return core.StatusReply{}, c.Redirect(in.AuthorizationURL)
}

// handOver adds the cookies of the answer to a redirect that leads into an application,
// which has no cookies of the browser's.
func handOver(c *core.Ctx) error {
	_, err := c.Returned()
	var redirect *core.Error
	if !errors.As(err, &redirect) || redirect.Status != http.StatusFound {
		return nil
	}
	lines := c.Res.Values("Set-Cookie")
	for i, h := range redirect.Header {
		if h.Name != "Location" || len(lines) == 0 || !leadsIntoApplication(c, h.Value) {
			continue
		}
		own := *redirect
		own.Header = append([]core.HeaderField(nil), redirect.Header...)
		own.Header[i].Value = withCookies(h.Value, lines)
		c.SetReturned(&own)
	}
	return nil
}

func leadsIntoApplication(c *core.Ctx, location string) bool {
	u, err := url.Parse(location)
	return err == nil && u.Scheme != "" && u.Scheme != "http" && u.Scheme != "https" && c.TrustedURL(location)
}

// withCookies sets the parameter cookie of a URL, as the official client reads it.
func withCookies(location string, lines []string) string {
	location, fragment, hasFragment := strings.Cut(location, "#")
	path, query, _ := strings.Cut(location, "?")
	out := path + "?" + wire.ParseQuery(query).Set("cookie", strings.Join(lines, ", ")).Encode()
	if hasFragment {
		out += "#" + fragment
	}
	return out
}
