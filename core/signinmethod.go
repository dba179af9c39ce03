package core

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// SignInMethod describes a way to sign in that a plugin has (Manifest.SignInMethods), so
// that other plugins can list the ways, and know whose they are.
type SignInMethod struct {
	// Name is SignIn.Method of its sign-ins.
	Name string
	// Label names the method to people, in English. Default: Name.
	Label string
	// Parent is the method that this one is part of: without the parent there is neither.
	// The sign-up with a password is part of the sign-in with it.
	Parent string
	// Password says that users prove themselves with the password of their account, which
	// a reset sets.
	Password bool
	// Usable reports whether a user can sign in by the method, as far as the rows say. ctx
	// may belong to a transaction. accounts are those of the user. With nil the method lets
	// nobody return, as an anonymous visit, or not by itself.
	Usable func(ctx context.Context, u *User, accounts []*Account) (bool, error)
}

// SignInMethods lists the ways to sign in of the core and all plugins, in their order.
// Ways of the same name are one.
func (a *Auth) SignInMethods() []SignInMethod { return slices.Clone(a.methods) }

// maxMethod bounds names of methods: plugins keep them in cookies and columns.
const maxMethod = 128

// RefusesMethods reports whether a plugin has a Manifest.SignInMethodGate. A plugin that holds
// sign-ins keeps the method of the first step then, for SignIn.First.
func (a *Auth) RefusesMethods() bool { return len(a.methodGates) > 0 }

// addMethods collects the methods of a manifest.
func (a *Auth) addMethods(methods []SignInMethod) error {
	for _, m := range methods {
		if m.Name == "" || len(m.Name) > maxMethod {
			return fmt.Errorf("the sign-in method %q of Manifest.SignInMethods needs a name of 1 to %d bytes", m.Name, maxMethod)
		}
		m.Label = cmp.Or(m.Label, m.Name)
		i := slices.IndexFunc(a.methods, func(known SignInMethod) bool { return known.Name == m.Name })
		if i < 0 {
			a.methods = append(a.methods, m)
			continue
		}
		known := &a.methods[i]
		known.Password = known.Password || m.Password
		known.Usable = either(known.Usable, m.Usable)
	}
	return nil
}

func either(a, b func(context.Context, *User, []*Account) (bool, error)) func(context.Context, *User, []*Account) (bool, error) {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	return func(ctx context.Context, u *User, accounts []*Account) (bool, error) {
		if ok, err := a(ctx, u, accounts); ok || err != nil {
			return ok, err
		}
		return b(ctx, u, accounts)
	}
}

// coreMethods are the ways to sign in without a plugin: by links that prove an address.
func (a *Auth) coreMethods() []SignInMethod {
	if !a.opts.EmailVerification.AutoSignIn {
		return nil
	}
	methods := []SignInMethod{{Name: methodVerified, Label: "Verified e-mail address"}}
	if a.opts.User.ChangeEmail.Enabled {
		methods = append(methods, SignInMethod{Name: methodChanged, Label: "Changed e-mail address"})
	}
	return methods
}

// The methods of the core.
const (
	methodVerified = "email-verification"
	methodChanged  = "email-change"
)

// HasPassword is SignInMethod.Usable for methods that take the password of an account, as
// far as the password goes.
func HasPassword(accounts []*Account) bool {
	return slices.ContainsFunc(accounts, func(acc *Account) bool {
		return acc.ProviderID == ProviderCredential && acc.Password != nil && *acc.Password != ""
	})
}

// ReceivesMail is SignInMethod.Usable for methods that send something to the user's
// address: it is verified, and no placeholder.
func ReceivesMail(_ context.Context, u *User, _ []*Account) (bool, error) {
	return u.EmailVerified && !IsPlaceholderEmail(u.Email), nil
}

// BeginSignIn asks the plugins whether anybody may sign in by a method now
// (Manifest.SignInMethodGate). A handler calls it before it does anything for somebody who
// signs in or up: before it sends a code, sends the browser to a provider, hashes a password
// or makes a user. Ctx.SignIn asks again. The error is the answer.
func (c *Ctx) BeginSignIn(method string) error {
	c.begunMethod = method
	return c.askMethods(c, method)
}

func (c *Ctx) askMethods(ctx context.Context, method string) error {
	for _, gate := range c.auth.methodGates {
		if err := gate(ctx, method); err != nil {
			return err
		}
	}
	return nil
}

// MaySignIn is BeginSignIn for a handler that has other work to do, and signs in besides,
// as the one that verifies an address. It reports false for a method that is refused.
func (c *Ctx) MaySignIn(method string) (bool, error) {
	err := c.BeginSignIn(method)
	if e, ok := errors.AsType[*Error](err); ok && e.Status >= 400 && e.Status < http.StatusInternalServerError {
		return false, nil
	}
	return err == nil, err
}

// BeginPasswordReset is BeginSignIn for a message that lets somebody reset a password. It is
// refused when every method that takes a password is.
func (c *Ctx) BeginPasswordReset() error {
	var refusal error
	for _, m := range c.auth.methods {
		if !m.Password {
			continue
		}
		err := c.askMethods(c, m.Name)
		if err == nil {
			return nil
		}
		refusal = err
	}
	return refusal
}
