package emailpassword

import (
	"context"

	"github.com/advantch/kernia-go/core"
)

// The names of the plugin's sign-ins (core.SignIn.Method).
const (
	method       = "email"
	methodSignUp = "sign-up"
)

// methods are the ways to sign in, those that the options leave.
func (p *Plugin) methods() []core.SignInMethod {
	var out []core.SignInMethod
	if !p.opts.DisableSignIn {
		out = append(out, core.SignInMethod{Name: method, Label: "E-mail and password", Password: true, Usable: p.usable})
	}
	if !p.opts.DisableSignUp {
		up := core.SignInMethod{Name: methodSignUp, Label: "Sign-up with e-mail and password"}
		if !p.opts.DisableSignIn {
			up.Parent = method
		}
		out = append(out, up)
	}
	return out
}

func (p *Plugin) usable(_ context.Context, u *core.User, accounts []*core.Account) (bool, error) {
	return core.HasPassword(accounts) && (u.EmailVerified || !p.opts.RequireEmailVerification), nil
}
