// Package emailotp sends one-time codes by mail. With a code people sign in, verify their
// address, reset their password or change their address. See
// https://better-auth.com/docs/plugins/email-otp. Plugin id: "email-otp".
package emailotp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/otp"
	"github.com/advantch/kernia-go/core/ratelimit"
)

// ID is the plugin's id.
const ID = "email-otp"

// Method is the name of the sign-in method (core.SignIn.Method).
const Method = "email-otp"

// Options configures the plugin. Send is required.
type Options struct {
	// Send mails a code (sendVerificationOTP). It runs in the background, after the
	// answer.
	Send func(ctx context.Context, m Message) error
	// Digits is the length of a code (otpLength), 4 to 12; default 6.
	Digits int
	// TTL is the lifetime of a code (expiresIn). Default 5 minutes.
	TTL time.Duration
	// Generate makes the codes in place of the built-in generator (generateOTP). When it
	// returns "", the built-in generator makes the code.
	Generate func(ctx context.Context, email string, t Type) (string, error)
	// AllowedAttempts is how many wrong attempts a code allows. Default 3.
	AllowedAttempts int
	// Resend says which code is sent to an address that has a live one (resendStrategy).
	// Default Rotate. Hashed codes cannot be sent again, so they always rotate.
	Resend Resend

	// Store says how codes are stored (storeOTP). Default Encrypted. Under
	// core.CompatBetterAuth the default is Plain, because a Better Auth server on the
	// same database expects it.
	Store Storage
	// Hash, or Encrypt and Decrypt, store codes in a way of your own. Encrypt and Hash
	// may be called in a transaction: compute there, and ask no other system.
	Hash             func(ctx context.Context, code string) (string, error)
	Encrypt, Decrypt func(ctx context.Context, text string) (string, error)

	// DisableSignUp refuses sign-ins of addresses that no user has. By default such a
	// sign-in makes the user.
	DisableSignUp bool
	// SendOnSignUp sends a verification code to everybody who signs up with e-mail and
	// password (sendVerificationOnSignUp). It has no effect with ReplaceVerificationMail,
	// where core.EmailVerificationOptions.SendOnSignUp decides.
	SendOnSignUp bool
	// ReplaceVerificationMail sends a code in place of the link wherever the core sends a
	// verification mail (overrideDefaultEmailVerification).
	ReplaceVerificationMail bool
	ChangeEmail             ChangeEmailOptions

	// RateLimit is the rule of each route for one client, by its IP address. Default 3
	// requests in a minute.
	RateLimit ratelimit.Rule
	// SendLimit is how many codes are sent to one mail address, by all routes together and
	// whoever asks for them. It is also how many changes of address one user can ask for. It
	// bounds both the mails and the guesses, since each new code allows new attempts.
	// Default: RateLimit. The rate limiter keeps the count. A negative Max: no such limit.
	SendLimit ratelimit.Rule
}

// ChangeEmailOptions configures changes of the address.
type ChangeEmailOptions struct {
	Enabled bool // default false
	// VerifyCurrent also asks for a code that was sent to the current address
	// (verifyCurrentEmail). Default false.
	VerifyCurrent bool
}

// Storage says how codes are stored.
type Storage = otp.Storage

// The ways to store a code.
const (
	Plain     = otp.Plain
	Hashed    = otp.Hashed
	Encrypted = otp.Encrypted
)

// Resend says which code is sent when there is a live one.
type Resend string

// The ways to send again. Reuse sends the live code and restarts its lifetime; attempts
// stay counted.
const (
	Rotate Resend = "rotate"
	Reuse  Resend = "reuse"
)

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	SendVerificationOTP *core.Op[SendInput, core.SuccessReply]
	// CreateVerificationOTP makes a code and returns it, for an application that sends it
	// itself. It is never routed over HTTP.
	CreateVerificationOTP *core.Op[CreateInput, Code]
	// GetVerificationOTP returns the live code of an address. It is never routed over
	// HTTP.
	GetVerificationOTP   *core.Op[GetInput, GetReply]
	CheckVerificationOTP *core.Op[CheckInput, core.SuccessReply]
	VerifyEmail          *core.Op[VerifyEmailInput, VerifyEmailReply]
	SignIn               *core.Op[SignInInput, SignInReply]
	RequestPasswordReset *core.Op[RequestResetInput, core.SuccessReply]
	// ForgetPassword is the former name of RequestPasswordReset.
	ForgetPassword     *core.Op[RequestResetInput, core.SuccessReply]
	ResetPassword      *core.Op[ResetPasswordInput, core.SuccessReply]
	RequestEmailChange *core.Op[RequestEmailChangeInput, core.SuccessReply]
	ChangeEmail        *core.Op[ChangeEmailInput, core.SuccessReply]

	auth  *core.Auth
	opts  Options
	codes *otp.Codes
}

// New makes the plugin.
func New(o Options) *Plugin {
	p := &Plugin{opts: withDefaults(o)}
	stored := core.Use(core.RequireStoredSession, core.InPerson)
	p.SendVerificationOTP = core.Post("sendVerificationOTP", "/email-otp/send-verification-otp", p.sendVerification,
		core.Use(core.SameSiteForm), core.DocID("sendEmailVerificationOTP"), core.Doc("Send a code to an address"))
	p.CreateVerificationOTP = core.Server("createVerificationOTP", p.create)
	p.GetVerificationOTP = core.Server("getVerificationOTP", p.get)
	p.CheckVerificationOTP = core.Post("checkVerificationOTP", "/email-otp/check-verification-otp", p.check, core.DocID("verifyEmailWithOTP"),
		core.Doc("Check a code without using it up"))
	p.VerifyEmail = core.Post("verifyEmailOTP", "/email-otp/verify-email", p.verifyEmail,
		core.Doc("Verify an address with a code"))
	p.SignIn = core.Post("signInEmailOTP", "/sign-in/email-otp", p.signIn, core.SignsIn(), core.Fails(http.StatusUnprocessableEntity), core.DocID("signInWithEmailOTP"),
		core.Doc("Sign in with a code; a new address signs up"))
	p.RequestPasswordReset = core.Post("requestPasswordResetEmailOTP", "/email-otp/request-password-reset", p.requestReset, core.DocID("requestPasswordResetWithEmailOTP"),
		core.Doc("Send a code that resets the password"))
	p.ForgetPassword = core.Post("forgetPasswordEmailOTP", "/forget-password/email-otp", p.requestReset, core.DocID("forgetPasswordWithEmailOTP"),
		core.Doc("Former name of /email-otp/request-password-reset"))
	p.ResetPassword = core.Post("resetPasswordEmailOTP", "/email-otp/reset-password", p.resetPassword, core.Hashes(core.ByEmail), core.DocID("resetPasswordWithEmailOTP"),
		core.Doc("Set a new password with a code"))
	p.RequestEmailChange = core.Post("requestEmailChangeEmailOTP", "/email-otp/request-email-change", p.requestChange, stored, core.DocID("requestEmailChangeWithEmailOTP"),
		core.Doc("Send a code to a new address of the current user"))
	p.ChangeEmail = core.Post("changeEmailEmailOTP", "/email-otp/change-email", p.changeEmail, stored, core.DocID("changeEmailWithEmailOTP"),
		core.Doc("Change the address of the current user with a code"))
	return p
}

func withDefaults(o Options) Options {
	if o.Resend == "" {
		o.Resend = Rotate
	}
	if o.RateLimit.Max == 0 {
		o.RateLimit.Max = 3
	}
	if o.RateLimit.Window == 0 {
		o.RateLimit.Window = time.Minute
	}
	if o.SendLimit.Max == 0 {
		o.SendLimit.Max = o.RateLimit.Max
	}
	if o.SendLimit.Window == 0 {
		o.SendLimit.Window = o.RateLimit.Window
	}
	return o
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "email-otp".
func (p *Plugin) ID() string { return ID }

// routes are the paths that RateLimit holds for.
var routes = []string{
	"/email-otp/send-verification-otp", "/email-otp/check-verification-otp", "/email-otp/verify-email", "/sign-in/email-otp",
	"/email-otp/request-password-reset", "/email-otp/reset-password", "/forget-password/email-otp",
	"/email-otp/request-email-change", "/email-otp/change-email",
}

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(env core.Env) (core.Manifest, error) {
	if err := p.opts.check(env); err != nil {
		return core.Manifest{}, err
	}
	m := core.Manifest{
		SignInMethods: []core.SignInMethod{{Name: Method, Label: "E-mail and code", Usable: core.ReceivesMail}},
		Errors:        []core.ErrorCode{CodeOTPExpired, CodeInvalidOTP, CodeTooManyAttempts},
		Init:          p.init,
		AsksEnded:     true,
	}
	for _, path := range routes {
		m.RateLimits = append(m.RateLimits, ratelimit.PathRule{Match: []ratelimit.Match{{Exact: path}}, Rule: p.opts.RateLimit})
	}
	switch {
	case p.opts.ReplaceVerificationMail:
		m.SendVerificationMail = p.sendInPlaceOfLink
	case p.opts.SendOnSignUp:
		m.After = []core.Hook{{Match: core.Prefix("/sign-up"), Run: p.signedUp}}
	}
	return m, nil
}

// check refuses invalid options and fills in defaults that depend on the server. Package
// otp checks those of codes.
func (o *Options) check(env core.Env) error {
	switch {
	case o.Send == nil:
		return errors.New("Options.Send is nil: set the function that mails a code")
	case o.Resend != Rotate && o.Resend != Reuse:
		return fmt.Errorf("Resend is %q: use %q or %q", o.Resend, Rotate, Reuse)
	case o.RateLimit.Max < 1 || o.RateLimit.Window < time.Millisecond:
		return errors.New("RateLimit must allow at least one request, in a window of at least a millisecond")
	case o.SendLimit.Window < time.Millisecond:
		return fmt.Errorf("SendLimit.Window is %v: give at least a millisecond", o.SendLimit.Window)
	case o.ChangeEmail.VerifyCurrent && !o.ChangeEmail.Enabled:
		return errors.New("ChangeEmail.VerifyCurrent needs ChangeEmail.Enabled: set both")
	}
	if o.Store == "" && env.Compat == core.CompatBetterAuth {
		o.Store = Plain
	}
	return nil
}

func (p *Plugin) init(_ context.Context, a *core.Auth) error {
	p.auth = a
	o := &p.opts
	var err error
	p.codes, err = otp.New(a, otp.Options{
		Digits: o.Digits, TTL: o.TTL, AllowedAttempts: o.AllowedAttempts, Store: o.Store, Hash: o.Hash, Encrypt: o.Encrypt, Decrypt: o.Decrypt,
	})
	if err != nil {
		return fmt.Errorf("emailotp: %w", err)
	}
	return nil
}
