// Package electron is the server's half of @better-auth/electron: a user signs in with
// the system's browser, and the desktop application gets a session of its own in exchange
// for a code. See https://better-auth.com/docs/integrations/electron. Plugin id:
// "electron".
package electron

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
)

// ID is the plugin's id.
const ID = "electron"

// Options configures the plugin. The zero value is Better Auth's default. The
// application's scheme, such as "com.example.app:/", belongs in
// core.Options.TrustedOrigins.
type Options struct {
	// CodeTTL is how long a code can be exchanged (Better Auth's codeExpiresIn, in seconds).
	// A sign-in that is to end in a code may take as long. Default 5 minutes.
	CodeTTL time.Duration
	// RedirectCookieTTL is the life of the cookie in which the page finds the code (Better
	// Auth's redirectCookieExpiresIn, in seconds). Default 2 minutes.
	RedirectCookieTTL time.Duration
	// CookiePrefix begins the name of that cookie; the client id follows. The client
	// library has the same option. Default "better-auth".
	CookiePrefix string
	// ClientID names the application. The client library has the same option. Default
	// "electron".
	ClientID string
	// DisableOriginOverride ignores the header Electron-Origin.
	DisableOriginOverride bool
}

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	Token    *core.Op[TokenInput, TokenReply]
	Proxy    *core.Op[ProxyInput, core.StatusReply]
	Transfer *core.Op[TransferInput, TransferReply]

	opts Options
	// entered marks calls that sign somebody in.
	entered core.Local[bool]
}

// New makes the plugin.
func New(o Options) *Plugin {
	o.CodeTTL = cmp.Or(o.CodeTTL, 5*time.Minute)
	o.RedirectCookieTTL = cmp.Or(o.RedirectCookieTTL, 2*time.Minute)
	o.CookiePrefix = cmp.Or(o.CookiePrefix, "better-auth")
	o.ClientID = cmp.Or(o.ClientID, ID)
	p := &Plugin{opts: o}
	p.Token = core.Post("electronToken", "/electron/token", p.token, core.SignsIn(), core.Doc("Exchange a code for a session of the application"))
	p.Proxy = core.Get("electronInitOAuthProxy", "/electron/init-oauth-proxy", p.proxy, core.Redirects(),
		core.Doc("Begin a sign-in with a provider that ends in a code for the application"))
	p.Transfer = core.Post("electronTransferUser", "/electron/transfer-user", p.transfer, core.Use(core.RequireStoredSession, core.InPerson),
		core.Doc("Make a code with which the application signs the current user in"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "electron".
func (p *Plugin) ID() string { return ID }

// maxTTL bounds the lives: codes and the cookie are for a browser that is open.
const maxTTL = time.Hour

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	for name, life := range map[string]time.Duration{"CodeTTL": p.opts.CodeTTL, "RedirectCookieTTL": p.opts.RedirectCookieTTL} {
		if life < time.Second || life > maxTTL {
			return core.Manifest{}, fmt.Errorf("Options.%s is %v: give between a second and an hour", name, life)
		}
	}
	for name, part := range map[string]string{"CookiePrefix": p.opts.CookiePrefix, "ClientID": p.opts.ClientID} {
		if strings.ContainsFunc(part, notForCookies) || len(part) > 128 {
			return core.Manifest{}, fmt.Errorf("Options.%s is %q: it is part of a cookie's name, so give letters, digits, dots, hyphens and underscores", name, part)
		}
	}
	switch p.opts.ClientID {
	case "session_token", "session_data", "dont_remember", "account_data":
		return core.Manifest{}, fmt.Errorf("Options.ClientID is %q: a cookie of the core ends with that name, so choose another", p.opts.ClientID)
	}
	m := core.Manifest{
		Before: []core.Hook{{Match: core.Prefix("/sign-in"), Run: p.checkMethod}, {Match: core.Prefix("/sign-up"), Run: p.checkMethod}},
		After:  []core.Hook{{Match: core.All(), Run: p.finish}},
		SignInWatch: func(_ context.Context, s *core.SignIn) error {
			p.entered.Set(s.Call(), !s.Detached && s.Method != ID)
			return nil
		},
		AsksEnded:     true,
		SignInMethods: []core.SignInMethod{{Name: ID, Label: "Desktop application"}},
		OpenAPI:       core.OpenAPIPart{Members: []string{memberCode}},
		Errors: []core.ErrorCode{
			CodeClientID, CodeInvalidToken, CodeStateMismatch, CodeChallengeMissing, CodeVerifier, CodeStateMissing, CodePKCEMissing, CodePKCEMethod,
		},
	}
	if !p.opts.DisableOriginOverride {
		m.OriginHeaders = []string{"Electron-Origin"}
	}
	return m, nil
}

func notForCookies(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '-' && r != '_'
}
