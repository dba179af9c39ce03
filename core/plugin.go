package core

import (
	"context"

	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
)

// Plugin is a unit of behaviour. ID is its name on the wire ("two-factor").
// Manifest is read once, by New.
type Plugin interface {
	ID() string
	Manifest() Manifest
}

// Manifest lists everything that a plugin adds. Every field may be empty.
type Manifest struct {
	Operations []Operation
	Tables     []schema.Table // tables of its own
	Extend     []schema.Table // fields added to the tables of others
	Before     []Hook
	After      []Hook
	Middleware []PathMiddleware
	OnRequest  func(*Ctx) error // after the rate limit, before routing; may Reply
	OnResponse func(*Ctx, *Response)
	Store      StoreHooks
	// SignInGate is asked before a session is made, by whatever method the user
	// signs in. It may refuse with an error, or answer instead with c.HoldSignIn. ctx
	// is that of the transaction that makes the session: what the gate writes with it
	// is undone with a refused sign-in. A database may run the gate again, so cookies
	// are set in AfterCommit.
	SignInGate func(ctx context.Context, c *Ctx, u *User, s *SignIn) error
	RateLimits []ratelimit.PathRule
	Errors     []ErrorCode
	Cookies    []string // names of cookies it sets, without prefix
	Password   *PasswordPolicy
	// TrustedOrigins are added to Options.TrustedOrigins.
	TrustedOrigins []string
	// Init runs at the end of New, in plugin order, when everything is compiled.
	Init func(ctx context.Context, a *Auth) error
}

// PluginOf returns the installed plugin of a type.
func PluginOf[P Plugin](a *Auth) (P, bool) {
	for _, p := range a.plugins {
		if t, ok := p.(P); ok {
			return t, true
		}
	}
	var zero P
	return zero, false
}

// HasPlugin reports whether a plugin with an id is installed.
func (a *Auth) HasPlugin(id string) bool {
	for _, p := range a.plugins {
		if p.ID() == id {
			return true
		}
	}
	return false
}

// Plugins lists the installed plugins in order.
func (a *Auth) Plugins() []Plugin { return append([]Plugin(nil), a.plugins...) }
