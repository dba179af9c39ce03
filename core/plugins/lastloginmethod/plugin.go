// Package lastloginmethod remembers the method with which a user last signed in, in
// a cookie that the page can read and, optionally, in the user's row. See
// https://better-auth.com/docs/plugins/last-login-method. Plugin id:
// "last-login-method".
package lastloginmethod

import (
	"cmp"
	"context"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// ID is the plugin's id.
const ID = "last-login-method"

// LastLoginMethod is the field of the user, with Options.StoreInDatabase.
var LastLoginMethod = core.Field[string]{Name: "lastLoginMethod"}

// Options configures the plugin. The zero value is Better Auth's default.
type Options struct {
	// CookieName is the cookie's full name. Default "better-auth.last_used_login_method".
	CookieName string
	MaxAge     time.Duration // of the cookie; default 30 days
	// Resolve names the method of a call by its route, for methods of your own; "" leaves
	// it to the built-in names: the provider's id, email, siwe, passkey, magic-link.
	Resolve func(c *core.Ctx) string
	// StoreInDatabase also stores the method in the user's field
	// lastLoginMethod.
	StoreInDatabase bool
	Column          string // of that field; default "lastLoginMethod"
}

// Plugin is the installed plugin.
type Plugin struct{ opts Options }

// New makes the plugin.
func New(o Options) *Plugin {
	o.CookieName = cmp.Or(o.CookieName, "better-auth.last_used_login_method")
	o.MaxAge = cmp.Or(o.MaxAge, 30*24*time.Hour)
	return &Plugin{o}
}

// ID returns "last-login-method".
func (p *Plugin) ID() string { return ID }

// Manifest lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	m := core.Manifest{After: []core.Hook{{Match: core.All(), Run: p.remember}}}
	if p.opts.StoreInDatabase {
		m.Extend = []schema.Table{{Model: core.ModelUser, Fields: []schema.Field{
			{Name: LastLoginMethod.Name, Type: schema.String, Optional: true, NoInput: true, Column: p.opts.Column},
		}}}
		m.Store.User.BeforeCreate = p.userMade
		m.Store.Session.AfterCreate = p.sessionMade
	}
	return m, nil
}

// methods are the built-in names by route; callbacks of providers have the provider's id.
var methods = map[string]string{
	"/sign-in/email": "email", "/sign-up/email": "email", "/siwe/verify": "siwe",
	"/passkey/verify-authentication": "passkey", "/magic-link/verify": "magic-link",
}

// remember sets the cookie when a sign-in sets the session cookie, or removes it
// because a second step follows.
func (p *Plugin) remember(c *core.Ctx) error {
	method := p.method(c)
	if _, found := c.Res.Cookie(c.SessionCookie().Name); found && method != "" {
		c.SetCookie(c.SessionCookie().Named(p.opts.CookieName).Readable().With(p.opts.MaxAge), method)
	}
	return nil
}

func (p *Plugin) userMade(ctx context.Context, u *core.User) error {
	if method := p.method(ctx); method != "" {
		LastLoginMethod.Set(&u.Extra, method)
	}
	return nil
}

// sessionMade must not fail a sign-in that has succeeded.
func (p *Plugin) sessionMade(ctx context.Context, s *core.Session) error {
	method := p.method(ctx)
	if method == "" {
		return nil
	}
	c, _ := core.CtxFrom(ctx)
	if _, err := c.Auth().Store().UpdateUser(ctx, s.UserID, adapter.Record{LastLoginMethod.Name: method}); err != nil {
		c.Auth().Logger().ErrorContext(ctx, "storing the last login method failed", "error", err)
	}
	return nil
}

// method names the method of the call that ctx belongs to, "" when it is no sign-in.
func (p *Plugin) method(ctx context.Context) (method string) {
	c, ok := core.CtxFrom(ctx)
	if !ok {
		return ""
	}
	if p.opts.Resolve != nil {
		method = p.opts.Resolve(c)
	}
	if path := c.Path(); path == "/callback/:id" || path == "/oauth2/callback/:providerId" {
		return cmp.Or(method, c.Param("id"), c.Param("providerId"))
	}
	return cmp.Or(method, methods[c.Path()])
}
