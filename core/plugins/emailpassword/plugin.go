// Package emailpassword signs users up and in by e-mail and password, and resets,
// changes and verifies passwords. It is the plugin form of Better Auth's
// emailAndPassword option; see https://better-auth.com/docs/authentication/email-password.
// Plugin id: "email-password".
package emailpassword

import (
	"context"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/turns"
)

// ID is the plugin's id.
const ID = "email-password"

// Options configures the plugin. The zero value is Better Auth's default.
type Options struct {
	// MinPasswordLength and MaxPasswordLength count UTF-16 code units. Defaults 8 and 128.
	MinPasswordLength, MaxPasswordLength int

	// DisableSignIn refuses every sign-in by password. Together with
	// DisableSignUp it is Better Auth's enabled: false, which leaves the other
	// routes as they are.
	DisableSignIn bool
	// DisableSignUp refuses every sign-up.
	DisableSignUp bool
	// DisableAutoSignIn does not sign users in when they sign up. Sign-up then
	// answers alike for a registered and an unknown address, which prevents user
	// enumeration.
	DisableAutoSignIn bool
	// RequireEmailVerification refuses sign-in until the address is verified, and
	// sends the verification mail at sign-up. Sign-up then answers alike for a
	// registered and an unknown address, which prevents user enumeration.
	RequireEmailVerification bool

	// SendResetPassword sends the link that resets a password. Without it the reset
	// routes answer RESET_PASSWORD_DISABLED.
	SendResetPassword func(ctx context.Context, m core.Mail) error
	// ResetTokenTTL is the life of that link. Default 1 hour.
	ResetTokenTTL time.Duration
	// RevokeSessionsOnReset ends all sessions of the user when the password is
	// reset, also by a route of another plugin.
	RevokeSessionsOnReset bool
	// OnPasswordReset runs after a password was reset, also by a route of another
	// plugin.
	OnPasswordReset func(ctx context.Context, u *core.User) error

	// OnExistingUserSignUp runs in the background when someone signs up with a
	// registered address and gets the answer of an unknown one. Use it, for
	// example, to tell the owner of the address.
	OnExistingUserSignUp func(ctx context.Context, u *core.User) error
	// SyntheticUser changes the user in that answer, so that it has the fields
	// that a real user would have from other plugins.
	SyntheticUser func(u *core.User)

	// CheckPassword may refuse a new password, for example one that is known from a
	// data breach. It runs on every route that sets a password, including routes of
	// other plugins.
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
	SignIn                *core.Op[SignInInput, core.PasswordReply]
	RequestPasswordReset  *core.Op[RequestResetInput, RequestResetReply]
	PasswordResetCallback *core.Op[ResetCallbackInput, core.StatusReply]
	ResetPassword         *core.Op[ResetPasswordInput, core.StatusReply]
	ChangePassword        *core.Op[ChangePasswordInput, ChangePasswordReply]
	VerifyPassword        *core.Op[VerifyPasswordInput, core.StatusReply]
	// SetPassword sets the password of a user who has none. It is never routed
	// over HTTP.
	SetPassword *core.Op[SetPasswordInput, core.StatusReply]

	opts   Options
	resets turns.Turns // by token
}

// New makes the plugin.
func New(o Options) *Plugin {
	if o.ResetTokenTTL <= 0 {
		o.ResetTokenTTL = time.Hour
	}
	p := &Plugin{opts: o}
	p.SignUp = core.Post("signUpEmail", "/sign-up/email", p.signUp, core.SignsIn(), core.AcceptForm(), core.Use(core.SameSiteForm), core.Hashes(core.ByEmail), core.Fails(http.StatusConflict, http.StatusUnprocessableEntity), core.DocID("signUpWithEmailAndPassword"), core.TakesFields(core.ModelUser, false),
		core.Doc("Sign up with e-mail and password"))
	p.SignIn = core.Post("signInEmail", "/sign-in/email", p.signIn, core.AcceptForm(), core.Use(core.SameSiteForm), core.Hashes(core.ByEmail), core.SignsIn(),
		core.Doc("Sign in with e-mail and password"))
	p.RequestPasswordReset = core.Post("requestPasswordReset", "/request-password-reset", p.requestReset,
		core.AliasIn(core.CompatKernia, "/forget-password"), core.Use(core.TrustedTarget("body", "redirectTo")),
		core.Doc("Send a mail that resets the password"))
	p.PasswordResetCallback = core.Get("requestPasswordResetCallback", "/reset-password/:token", p.resetCallback,
		core.Use(core.TrustedTarget("query", "callbackURL")), core.Redirects(), core.DocID("resetPasswordCallback"), core.Doc("Check a reset link and redirect with its token"))
	p.ResetPassword = core.Post("resetPassword", "/reset-password", p.resetPassword, core.Hashes(byResetToken),
		core.Doc("Set a new password with a token from a mail"))
	p.ChangePassword = core.Post("changePassword", "/change-password", p.changePassword, core.Use(core.RequireStoredSession, core.InPerson), core.Hashes(core.ByUser),
		core.Doc("Change the password of the current user"))
	p.VerifyPassword = core.Post("verifyPassword", "/verify-password", p.verifyPassword,
		core.Use(core.RequireStoredSession), core.Hashes(core.ByUser), core.Doc("Check the password of the current user"))
	p.SetPassword = core.Server("setPassword", p.setPassword, core.Use(core.RequireStoredSession, core.InPerson), core.Hashes(core.ByUser))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// Options returns the options of New, for tools that check a configuration.
func (p *Plugin) Options() Options { return p.opts }

// ID returns "email-password".
func (p *Plugin) ID() string { return ID }

// Manifest lists what the plugin adds.
func (p *Plugin) Manifest(env core.Env) (core.Manifest, error) {
	m := core.Manifest{
		SignInMethods: p.methods(),
		OpenAPI:       core.OpenAPIPart{Tag: "Default"},
		Errors: []core.ErrorCode{
			CodeSignInDisabled, CodeSignUpDisabled, CodeResetPasswordDisabled, core.CodeInvalidCredentials, core.CodeEmailAlreadyInUse,
		},
		Password: &core.PasswordPolicy{
			MinLength: p.opts.MinPasswordLength, MaxLength: p.opts.MaxPasswordLength,
			Hash: p.opts.Hash, Verify: p.opts.Verify, RequireVerifiedEmail: p.opts.RequireEmailVerification,
			RevokeSessionsOnReset: p.opts.RevokeSessionsOnReset, OnReset: p.opts.OnPasswordReset,
		},
	}
	if env.Compat == core.CompatKernia {
		m.Before = []core.Hook{{Match: core.Paths("/reset-password"), Run: acceptPassword}}
	}
	if check := p.opts.CheckPassword; check != nil {
		m.CheckPassword = func(c *core.Ctx, password string) error { return check(c, password) }
	}
	return m, nil
}
