// Package lastloginmethod remembers the method with which a user last signed in, in
// a cookie that the page can read and, optionally, in the user's row. See
// https://better-auth.com/docs/plugins/last-login-method. Plugin id:
// "last-login-method".
package lastloginmethod

import (
	"cmp"
	"context"
	"fmt"
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
	// cookie for another reason. method is the built-in name, "" where there is none. When
	// Resolve returns "", nothing is remembered, and the earlier name stays.
	Resolve func(c *core.Ctx, method string) string
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
	return &Plugin{opts: o}
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
		m.Store.User.BeforeCreate, m.Store.Session.AfterCreate = p.userMade, p.sessionMade
		m.SignInWatch = p.keep
	}
	return m, nil
}

// method names the method of the call that ctx belongs to, "" when it is no sign-in.
func (p *Plugin) method(ctx context.Context) (method string) {
	if c, ok := core.CtxFrom(ctx); ok {
		method = c.SignInMethod()
		if p.opts.Resolve != nil {
			method = p.opts.Resolve(c, method)
		}
	}
	return method
}

// remember sets the cookie when a sign-in sets the session cookie, or removes it
// because a second step follows.
func (p *Plugin) remember(c *core.Ctx) error {
	if _, found := c.Res.Cookie(c.SessionCookie().Name); found {
		if method := p.method(c); method != "" {
			c.SetCookie(c.SessionCookie().Named(p.opts.CookieName).Readable().With(p.opts.MaxAge), method)
		}
	}
	return nil
}

// keep carries the method of a held sign-in to its second step, which writes the row.
func (p *Plugin) keep(_ context.Context, s *core.SignIn) error {
	s.KeepMethod(p.method(s.Call()))
	return nil
}

func (p *Plugin) userMade(ctx context.Context, u *core.User) error {
	if method := p.method(ctx); method != "" {
		LastLoginMethod.Set(&u.Extra, method)
	}
	return nil
}

// sessionMade writes the row. Its error is logged: it is no *core.Error, which would be the
// answer of a sign-in that has succeeded, even where a hook of the application returned one.
func (p *Plugin) sessionMade(ctx context.Context, s *core.Session) error {
	if method := p.method(ctx); method != "" {
		c, _ := core.CtxFrom(ctx)
		if _, err := c.Auth().Store().UpdateUser(ctx, s.UserID, adapter.Record{LastLoginMethod.Name: method}); err != nil {
			return fmt.Errorf("storing the last login method: %v", err)
		}
	}
	return nil
}
