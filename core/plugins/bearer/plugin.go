// Package bearer lets clients without cookies name their session by the header
// "Authorization: Bearer <token>". Answers that set the session cookie carry the token
// in the header set-auth-token. See https://better-auth.com/docs/plugins/bearer.
// Plugin id: "bearer".
package bearer

import (
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/cookie"
)

// ID is the plugin's id.
const ID = "bearer"

// Options configures the plugin.
type Options struct {
	// RequireSignature accepts only signed tokens, as set-auth-token has them, and not
	// the bare token of a session. Default: both are accepted.
	RequireSignature bool
}

// Plugin is the installed plugin.
type Plugin struct{ opts Options }

// New makes the plugin.
func New(o Options) *Plugin { return &Plugin{o} }

// ID returns "bearer".
func (p *Plugin) ID() string { return ID }

// Manifest lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{
		Authenticate: p.authenticate,
		After:        []core.Hook{{Match: core.All(), Run: announce}},
		OpenAPI:      core.OpenAPIPart{Schemes: []core.SecurityScheme{{Name: "bearerAuth", Doc: "The token of a session"}}},
	}, nil
}

// authenticate reads the header. With another scheme or an invalid signature, the
// session cookie decides.
func (p *Plugin) authenticate(c *core.Ctx) (core.Credential, error) {
	scheme, token, _ := strings.Cut(c.Req.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	switch {
	case !strings.EqualFold(scheme, "Bearer"), strings.ContainsFunc(token, notPrintable):
		return core.Credential{}, nil
	case !strings.Contains(token, "."):
		if p.opts.RequireSignature {
			token = ""
		}
		return core.Credential{Token: token}, nil
	}
	value, signature, ok := cookie.SplitSigned(token)
	if !ok || !c.Auth().Keys().Verify(value, signature[:]) {
		return core.Credential{}, nil
	}
	return core.Credential{Token: value}, nil
}

// notPrintable reports what no token has. A database may fail to compare it.
func notPrintable(r rune) bool { return r < ' ' || r > '~' }

// announce repeats the answer's session cookie in a header, for clients without
// cookies.
func announce(c *core.Ctx) error {
	if token, _ := c.Res.Cookie(c.SessionCookie().Name); token != "" {
		c.ExposeHeader("set-auth-token", token)
	}
	return nil
}
