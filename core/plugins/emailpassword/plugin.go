// Package emailpassword signs users up and in by e-mail and password, and resets,
// changes and verifies passwords. It is the plugin form of Better Auth's
// emailAndPassword option; see https://better-auth.com/docs/authentication/email-password.
// Plugin id: "email-password".
package emailpassword

import (
	"context"
	"time"

	"github.com/advantch/kernia-go/core"
)

// ID is the plugin's id.
const ID = "email-password"

// Options configures the plugin. The zero value is Better Auth's default.
type Options struct {
	// MinPasswordLength and MaxPasswordLength count UTF-16 code units. Defaults 8 and 128.
	MinPasswordLength, MaxPasswordLength int

	// DisableSignIn lets nobody sign in by password. With DisableSignUp it is
	// Better Auth's enabled: false, which leaves the other routes as they are.
	DisableSignIn bool
	// DisableSignUp lets nobody sign up.
	DisableSignUp bool
	// DisableAutoSignIn makes sign-up not sign in. Sign-up then answers alike for a
	// used and a free address.
	DisableAutoSignIn bool
	// RequireEmailVerification refuses sign-in until the address is verified, and
	// sends the mail at sign-up. Sign-up then answers alike for a used and a free
	// address.
	RequireEmailVerification bool

	// SendResetPassword sends the link that resets a password. Without it the reset
	// routes answer RESET_PASSWORD_DISABLED.
	SendResetPassword func(ctx context.Context, m core.Mail) error
	// ResetTokenTTL is the life of that link. Default 1 hour.
	ResetTokenTTL time.Duration
	// RevokeSessionsOnReset ends all sessions when a password was reset.
	RevokeSessionsOnReset bool
	// OnPasswordReset runs when a password was reset.
	OnPasswordReset func(ctx context.Context, u *core.User) error

	// OnExistingUserSignUp runs in the background when someone signs up with a used
	// address and is answered as if it were free; for example to tell the owner.
	OnExistingUserSignUp func(ctx context.Context, u *core.User) error
	// SyntheticUser changes the user that such an answer shows, so that it has the
	// fields that a real one would have from other plugins.
	SyntheticUser func(u *core.User)

	// CheckPassword may refuse a new password, for example one that is known to have
	// leaked. It runs on every route of this plugin that sets one.
	CheckPassword func(ctx context.Context, password string) error

	// Hash and Verify replace the hashing; set both or neither. They run within the
	// hashing budget.
	Hash   func(ctx context.Context, password string) (string, error)
	Verify func(ctx context.Context, hash, password string) (bool, error)
}

// Plugin is the installed plugin; get it with From. Its operations can be called
// from Go.
type Plugin struct {
	SignUp                *core.Op[SignUpInput, SignUpReply]
	SignIn                *core.Op[SignInInput, SignInReply]
	RequestPasswordReset  *core.Op[RequestResetInput, RequestResetReply]
	PasswordResetCallback *core.Op[ResetCallbackInput, core.StatusReply]
	ResetPassword         *core.Op[ResetPasswordInput, core.StatusReply]
	ChangePassword        *core.Op[ChangePasswordInput, ChangePasswordReply]
	VerifyPassword        *core.Op[VerifyPasswordInput, core.StatusReply]
	// SetPassword gives a user without password one. It is never routed over HTTP.
	SetPassword *core.Op[SetPasswordInput, core.StatusReply]

	opts Options
}

// New makes the plugin.
func New(o Options) *Plugin {
	if o.ResetTokenTTL <= 0 {
		o.ResetTokenTTL = time.Hour
	}
	p := &Plugin{opts: o}
	p.SignUp = core.Post("signUpEmail", "/sign-up/email", p.signUp, core.AcceptForm(), core.Use(core.SameSiteForm),
		core.Doc("Sign up with e-mail and password"))
	p.SignIn = core.Post("signInEmail", "/sign-in/email", p.signIn, core.AcceptForm(), core.Use(core.SameSiteForm),
		core.Doc("Sign in with e-mail and password"))
	p.RequestPasswordReset = core.Post("requestPasswordReset", "/request-password-reset", p.requestReset,
		core.AliasIn(core.CompatKernia, "/forget-password"), core.Use(core.TrustedTarget("body", "redirectTo")),
		core.Doc("Send a mail that resets the password"))
	p.PasswordResetCallback = core.Get("requestPasswordResetCallback", "/reset-password/:token", p.resetCallback,
		core.Use(core.TrustedTarget("query", "callbackURL")), core.Doc("Check a reset link and redirect with its token"))
	p.ResetPassword = core.Post("resetPassword", "/reset-password", p.resetPassword,
		core.Doc("Set a new password with a token from a mail"))
	p.ChangePassword = core.Post("changePassword", "/change-password", p.changePassword, core.Use(core.RequireStoredSession),
		core.Doc("Change the password of the current user"))
	p.VerifyPassword = core.Post("verifyPassword", "/verify-password", p.verifyPassword, core.HideFromClient(),
		core.Use(core.RequireStoredSession), core.Doc("Check the password of the current user"))
	p.SetPassword = core.Server("setPassword", p.setPassword, core.Use(core.RequireStoredSession))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "email-password".
func (p *Plugin) ID() string { return ID }

// Manifest lists what the plugin adds.
func (p *Plugin) Manifest() core.Manifest {
	return core.Manifest{
		Operations: []core.Operation{
			p.SignUp, p.SignIn, p.ResetPassword, p.VerifyPassword, p.ChangePassword, p.SetPassword,
			p.RequestPasswordReset, p.PasswordResetCallback,
		},
		Before: []core.Hook{{
			Match: core.When(core.Paths("/reset-password"), func(c *core.Ctx) bool { return c.Auth.Compat() == core.CompatKernia }),
			Run:   acceptPassword,
		}},
		Errors: []core.ErrorCode{
			CodeSignInDisabled, CodeSignUpDisabled, CodeResetPasswordDisabled, core.CodeInvalidCredentials, core.CodeEmailAlreadyInUse,
		},
		Password: &core.PasswordPolicy{
			MinLength: p.opts.MinPasswordLength, MaxLength: p.opts.MaxPasswordLength,
			Hash: p.opts.Hash, Verify: p.opts.Verify,
		},
	}
}
