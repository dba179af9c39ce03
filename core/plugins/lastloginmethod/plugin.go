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
	// Resolve returns the name to remember for a call that signs in, or sets the session
	// cookie for another reason. method is the built-in name, "" where there is none. With
	// "" nothing is remembered: what was before stays.
	Resolve func(c *core.Ctx, method string) string
	// StoreInDatabase also stores the method in the user's field
	// lastLoginMethod.
	StoreInDatabase bool
	Column          string // of that field; default "lastLoginMethod"
}

// Plugin is the installed plugin.
type Plugin struct {
	opts   Options
	signed core.Local[string] // the method of the call's sign-in
}

// New makes the plugin.
func New(o Options) *Plugin {
	o.CookieName = cmp.Or(o.CookieName, "better-auth.last_used_login_method")
	o.MaxAge = cmp.Or(o.MaxAge, 30*24*time.Hour)
	return &Plugin{opts: o}
}

// ID returns "last-login-method".
func (p *Plugin) ID() string { return ID }

// Manifest lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	m := core.Manifest{SignInWatch: p.watch, After: []core.Hook{{Match: core.All(), Run: p.remember}}}
	if p.opts.StoreInDatabase {
		m.Extend = []schema.Table{{Model: core.ModelUser, Fields: []schema.Field{
			{Name: LastLoginMethod.Name, Type: schema.String, Optional: true, NoInput: true, Column: p.opts.Column},
		}}}
		m.Store.User.BeforeCreate = p.userMade
		m.Store.Session.AfterCreate = p.sessionMade
	}
	return m, nil
}

// routes are the names that Better Auth gives to routes, callbacks of providers apart. A
// user whom such a route makes has the name before there is a sign-in. All other methods
// have the name that the kernel knows them by (core.SignIn.Method).
var routes = map[string]string{
	"/sign-in/email": "email", "/sign-up/email": "email", "/siwe/verify": "siwe",
	"/passkey/verify-authentication": "passkey", "/magic-link/verify": "magic-link",
}

// secondStep is the core.SignIn.Method of the step that completes a held sign-in. The
// method is that of the first step.
const secondStep = "two-factor"

// links are methods that nobody chooses on a page: links and codes that prove an address.
var links = map[string]bool{"email-verification": true, "email-change": true}

// watch notes the method of a sign-in. For the row a cookie keeps the method of a held one
// until the second step; the page's own cookie is set in the first, as in Better Auth.
func (p *Plugin) watch(ctx context.Context, s *core.SignIn) error {
	c, method := s.Call(), s.Method
	held := c.NewCookie("login_method", 10*time.Minute)
	switch {
	case links[method]:
		method = ""
	case method == secondStep:
		if method, _ = c.SignedCookie(held.Name); method != "" {
			s.Then(func(context.Context) error { c.ExpireCookie(held); return nil })
		}
	}
	p.signed.Set(c, method)
	if !p.opts.StoreInDatabase {
		return nil
	}
	if method = p.method(c); method != "" && name(c) == "" {
		LastLoginMethod.Set(&s.User.Extra, method) // for the answer: the row is written later
	}
	return core.AfterCommit(ctx, func(context.Context) error {
		if s.Held() && method != "" {
			c.SetSignedCookie(held, method)
		}
		return nil
	})
}

// remember sets the cookie when a sign-in sets the session cookie, or removes it
// because a second step follows.
func (p *Plugin) remember(c *core.Ctx) error {
	if _, found := c.Res.Cookie(c.SessionCookie().Name); !found {
		return nil
	}
	if method := p.method(c); method != "" {
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
func (p *Plugin) method(ctx context.Context) string {
	c, ok := core.CtxFrom(ctx)
	if !ok {
		return ""
	}
	signed, _ := p.signed.Get(c)
	method := cmp.Or(name(c), signed)
	if p.opts.Resolve != nil {
		method = p.opts.Resolve(c, method)
	}
	return method
}

// name is the name of the call's route, "" for routes that have none.
func name(c *core.Ctx) string {
	if path := c.Path(); path == "/callback/:id" || path == "/oauth2/callback/:providerId" {
		return cmp.Or(c.Param("id"), c.Param("providerId"))
	}
	return routes[c.Path()]
}
