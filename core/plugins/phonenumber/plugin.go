// Package phonenumber signs users up and in by their phone number: with a code that is
// sent to it, or with the number and a password. It also verifies and changes numbers,
// and resets passwords by a code. See
// https://better-auth.com/docs/plugins/phone-number. Plugin id: "phone-number".
package phonenumber

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/otp"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
)

// ID is the plugin's id.
const ID = "phone-number"

// Method is the core.SignIn.Method of sign-ins by a code or by a password.
const Method = "phone-number"

// Options configures the plugin. The zero value is Better Auth's default.
type Options struct {
	// SendOTP delivers a code, for example by SMS. It runs after the answer. Without it
	// send-otp fails with SEND_OTP_NOT_IMPLEMENTED: people sign in by password, with
	// numbers that the application has stored.
	SendOTP func(ctx context.Context, m Message) error
	// VerifyOTP checks a code in place of the plugin, for a provider that makes and checks
	// codes itself. Codes that reset a password stay with the plugin. The provider
	// limits attempts and uses up codes.
	VerifyOTP func(ctx context.Context, m Message) (bool, error)
	// SendPasswordResetOTP delivers the code that resets a password. It runs after the
	// answer. Without it no such code is sent.
	SendPasswordResetOTP func(ctx context.Context, m Message) error

	OTPLength       int           // digits of a code, 4 to 12; default 6
	TTL             time.Duration // life of a code (expiresIn); default 5 minutes
	AllowedAttempts int           // wrong attempts that a code allows; default 3
	// Store says how codes are stored. Default otp.Encrypted. Under
	// core.CompatBetterAuth the default is otp.Plain, because a Better Auth server on the
	// same database expects it.
	Store otp.Storage

	// Normalize returns the one spelling of a phone number under which it is stored, and
	// false for a text that is no phone number. It is applied to every number, whether
	// clients or the application give it. Its result may have digits and the characters
	// +#*-.() and space. Default E164.
	Normalize func(phoneNumber string) (string, bool)
	// ValidatePhoneNumber may refuse a normalised number at sign-in and when a code is
	// requested (phoneNumberValidator). Default: none is refused.
	ValidatePhoneNumber func(ctx context.Context, phoneNumber string) (bool, error)
	// AllowMessage reports whether messages may be sent to a number, for example because
	// of its country. A refused number is answered with INVALID_PHONE_NUMBER. Default: all
	// numbers may get messages.
	AllowMessage func(ctx context.Context, phoneNumber string) (bool, error)
	// NumberLimit is how many codes are sent to one number, by all routes and for all IP
	// addresses together. Default: 5 codes with less than 15 minutes between them. A
	// negative Max: no such limit.
	NumberLimit ratelimit.Rule
	// NetworkLimit is how many codes are sent for a client's IP address, or its IPv6
	// network, by all routes together. Default: 30 codes with less than an hour between
	// them. A negative Max: no such limit.
	NetworkLimit ratelimit.Rule

	// RequireVerification refuses sign-in by password, and the reset of passwords, while
	// the number is not verified.
	RequireVerification bool
	// SignUp makes a user for a number that nobody has, when it is verified
	// (signUpOnVerification). It needs SendOTP or VerifyOTP. Nil: only known numbers sign
	// in.
	SignUp *SignUp
	// OnVerification runs after a number was verified (callbackOnVerification).
	OnVerification func(ctx context.Context, v Verified) error

	// Columns maps the fields phoneNumber and phoneNumberVerified to column names.
	Columns map[string]string
}

// SignUp gives the e-mail address and the name of a user who signs up with a phone number
// only.
type SignUp struct {
	// TempEmail gives the e-mail address, which stays unverified. Choose addresses that
	// are no mailboxes and that nobody can sign up with. Default: a random address under
	// a domain of the plugin, which core.IsPlaceholderEmail recognizes and nobody can
	// take.
	TempEmail func(phoneNumber string) string
	// TempName gives the name. Default: the number.
	TempName func(phoneNumber string) string
}

// Message is a code for a phone number.
type Message struct {
	PhoneNumber string
	Code        string
}

// Verified is a number that was verified, and its user.
type Verified struct {
	PhoneNumber string
	User        *core.User
}

// Plugin is the installed plugin; get it with From. Its operations can be called from
// Go.
type Plugin struct {
	SignIn  *core.Op[SignInInput, SignInReply]
	SendOTP *core.Op[SendOTPInput, SendOTPReply]
	// ConsumeOTP uses up a code of send-otp. It changes no user and makes no session. It
	// is never routed over HTTP.
	ConsumeOTP           *core.Op[ConsumeInput, core.StatusReply]
	Verify               *core.Op[VerifyInput, VerifyReply]
	RequestPasswordReset *core.Op[RequestResetInput, core.StatusReply]
	ResetPassword        *core.Op[ResetInput, core.StatusReply]

	auth  *core.Auth
	opts  Options
	codes *otp.Codes
}

// New makes the plugin.
func New(o Options) *Plugin {
	p := &Plugin{opts: withDefaults(o)}
	p.SignIn = core.Post("signInPhoneNumber", "/sign-in/phone-number", p.signIn, core.Hashes(p.byNumber), core.SignsIn(),
		core.Doc("Sign in with phone number and password"))
	p.SendOTP = core.Post("sendPhoneNumberOTP", "/phone-number/send-otp", p.sendOTP, core.Fails(http.StatusNotImplemented),
		core.Doc("Send a code to a phone number"))
	p.ConsumeOTP = core.Server("consumePhoneNumberOTP", p.consumeOTP)
	p.Verify = core.Post("verifyPhoneNumber", "/phone-number/verify", p.verify, core.SignsIn(), core.Fails(http.StatusUnprocessableEntity),
		core.Doc("Verify a phone number with a code: sign in, sign up, or change the number of the current user"))
	p.RequestPasswordReset = core.Post("requestPasswordResetPhoneNumber", "/phone-number/request-password-reset", p.requestReset,
		core.Doc("Send a code that resets the password"))
	p.ResetPassword = core.Post("resetPasswordPhoneNumber", "/phone-number/reset-password", p.resetPassword, core.Hashes(p.byNumber),
		core.Doc("Set a new password with a code"))
	return p
}

func withDefaults(o Options) Options {
	if o.Normalize == nil {
		o.Normalize = E164
	}
	o.NumberLimit.Max = cmp.Or(o.NumberLimit.Max, 5)
	o.NumberLimit.Window = cmp.Or(o.NumberLimit.Window, 15*time.Minute)
	o.NetworkLimit.Max = cmp.Or(o.NetworkLimit.Max, 30)
	o.NetworkLimit.Window = cmp.Or(o.NetworkLimit.Window, time.Hour)
	return o
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "phone-number".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(env core.Env) (core.Manifest, error) {
	o := &p.opts
	for name := range o.Columns {
		if name != PhoneNumber.Name && name != Verification.Name {
			return core.Manifest{}, fmt.Errorf("Columns renames %q: the plugin has %s and %s", name, PhoneNumber.Name, Verification.Name)
		}
	}
	if o.SignUp != nil && o.SendOTP == nil && o.VerifyOTP == nil {
		return core.Manifest{}, errors.New("Options.SignUp makes users who enter a code: set SendOTP, or VerifyOTP for codes that somebody else sends")
	}
	if o.NumberLimit.Window < time.Millisecond || o.NetworkLimit.Window < time.Millisecond {
		return core.Manifest{}, fmt.Errorf("NumberLimit.Window is %v and NetworkLimit.Window is %v: give at least a millisecond",
			o.NumberLimit.Window, o.NetworkLimit.Window)
	}
	if o.Store == "" && env.Compat == core.CompatBetterAuth {
		o.Store = otp.Plain
	}
	m := core.Manifest{
		SignInMethods: []core.SignInMethod{{Name: Method, Label: "Phone number", Password: true, Usable: p.usable}},
		Extend:        []schema.Table{{Model: core.ModelUser, Fields: userFields(o.Columns)}},
		Before: []core.Hook{
			{Match: core.Paths("/sign-up/email"), Run: refuseMember(CodeCannotBeSet)},
			{Match: core.Paths("/update-user"), Run: refuseMember(CodeCannotBeUpdated)},
		},
		Disown: p.disown,
		RateLimits: []ratelimit.PathRule{{
			Match: []ratelimit.Match{{Prefix: "/phone-number"}},
			Rule:  ratelimit.Rule{Window: time.Minute, Max: 10},
		}},
		Errors: []core.ErrorCode{
			CodeInvalidPhoneNumber, CodeExists, CodeNotExists, CodeInvalidPhoneNumberOrPassword, CodeUnexpected, CodeOTPNotFound,
			CodeOTPExpired, CodeInvalidOTP, CodeNotVerified, CodeCannotBeUpdated, CodeSendOTPNotImplemented, CodeTooManyAttempts,
			CodeCannotBeSet, CodePendingVerification,
		},
		Init:      p.init,
		AsksEnded: true,
	}
	m.Store.User.BeforeCreate = p.beforeCreate
	m.Store.User.BeforeUpdate = p.beforeUpdate
	return m, nil
}

func (p *Plugin) init(_ context.Context, a *core.Auth) error {
	p.auth = a
	o := &p.opts
	var err error
	p.codes, err = otp.New(a, otp.Options{Digits: o.OTPLength, TTL: o.TTL, AllowedAttempts: o.AllowedAttempts, Store: o.Store})
	if err != nil {
		return fmt.Errorf("phonenumber: a code's %w", err)
	}
	return nil
}

// find returns the user of a normalised number, core.ErrNotFound when nobody has it.
func (p *Plugin) find(ctx context.Context, number string) (*core.User, error) {
	rec, err := p.auth.DB().FindOne(ctx, adapter.Find{Model: core.ModelUser, Where: adapter.By(PhoneNumber.Name, number)})
	if err != nil {
		return nil, err
	}
	return p.auth.UserOf(rec)
}

func verified(u *core.User) bool {
	is, _ := Verification.Of(u.Extra)
	return is
}
