// Package twofactor asks users for a second factor when they sign in: a code from
// an authenticator app (TOTP), a code that is sent to them (OTP), or a backup code.
// It guards every sign-in method. See https://better-auth.com/docs/plugins/2fa.
// Plugin id: "two-factor".
package twofactor

import (
	"context"
	"fmt"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
)

// ID is the plugin's id.
const ID = "two-factor"

// Options configures the plugin. The zero value is Better Auth's default.
type Options struct {
	// Issuer is what authenticator apps show beside the address when a secret is
	// made. Default Options.AppName. A client may name another one.
	Issuer string
	TOTP   TOTPOptions
	OTP    OTPOptions
	// BackupCodes are for users who have lost their device.
	BackupCodes BackupCodeOptions

	// SkipVerificationOnEnable switches the second factor on before the user has
	// shown a first code. Who mistypes the secret is locked out then.
	SkipVerificationOnEnable bool
	// AllowPasswordless lets users without a password manage their second factor by
	// their session alone. Who has a password still has to give it.
	AllowPasswordless bool

	// ChallengeTTL is how long the second step may take (twoFactorCookieMaxAge).
	// Default 10 minutes.
	ChallengeTTL time.Duration
	// TrustDeviceTTL is how long a trusted device stays trusted after its last
	// sign-in (trustDeviceMaxAge). Default 30 days.
	TrustDeviceTTL time.Duration
	// Lockout bounds wrong codes per account.
	Lockout LockoutOptions

	// SkipMethods names sign-in methods (core.SignIn.Method) that need no second
	// factor, such as "magic-link". Default none. A method that proves two factors by
	// itself needs no entry.
	SkipMethods []string
	// Page is where a sign-in that ends in a redirect, such as the link in a
	// verification mail, leads instead of to its own target, which it gets as
	// callbackURL. Default: the target itself, with twoFactorRedirect=true.
	Page string

	// Table is the name of the table twoFactor in the database. Columns are names of
	// its columns by logical names; twoFactorEnabled is one of the user table.
	Table   string
	Columns map[string]string
}

// TOTPOptions configures codes from authenticator apps.
type TOTPOptions struct {
	Disable bool
	Digits  int           // 6 to 8; default 6
	Period  time.Duration // life of a code, whole seconds; default 30 seconds
	// Issuer is the one that get-totp-uri writes; default Options.AppName.
	Issuer string
	// AllowPasswordless replaces that of Options for get-totp-uri.
	AllowPasswordless *bool
}

// OTPOptions configures codes that are sent.
type OTPOptions struct {
	// Send delivers a code, for example by SMS. Without it send-otp answers
	// OTP_NOT_CONFIGURED.
	Send func(ctx context.Context, m Message) error
	// Digits is the length of a code, 4 to 12; default 6.
	Digits int
	// TTL is the life of a code (period, in minutes there). Default 3 minutes.
	TTL time.Duration
	// AllowedAttempts is how many wrong tries a code has; default 5.
	AllowedAttempts int
	// Store says how codes are kept. Default Encrypted; Plain under
	// core.CompatBetterAuth, for a server beside it that expects it.
	Store Storage
	// Hash, or Encrypt and Decrypt, keep codes in a way of your own.
	Hash             func(ctx context.Context, code string) (string, error)
	Encrypt, Decrypt func(ctx context.Context, text string) (string, error)
}

// Message is a code on its way to a user.
type Message struct {
	User *core.User
	Code string
}

// BackupCodeOptions configures backup codes.
type BackupCodeOptions struct {
	Amount int // default 10
	Length int // characters without the dash, 6 to 64; default 10
	// Generate makes the codes instead.
	Generate func() ([]string, error)
	// Store says how they are kept: Encrypted (default) or Plain.
	Store Storage
	// Encrypt and Decrypt keep them in a way of your own; the text is a JSON list.
	Encrypt, Decrypt func(ctx context.Context, text string) (string, error)
	// AllowPasswordless replaces that of Options for generate-backup-codes.
	AllowPasswordless *bool
}

// Storage says how a secret is kept.
type Storage string

// The ways to keep a secret. Hashed is for sent codes only.
const (
	Plain     Storage = "plain"
	Encrypted Storage = "encrypted"
	Hashed    Storage = "hashed"
)

// LockoutOptions bounds wrong codes per account, over all challenges and factors.
type LockoutOptions struct {
	Disable     bool
	MaxFailures int           // wrong codes in a row; default 10
	Duration    time.Duration // default 15 minutes
}

// Plugin is the installed plugin; get it with From. Its operations can be called
// from Go.
type Plugin struct {
	Enable              *core.Op[EnableInput, EnableReply]
	Disable             *core.Op[PasswordInput, core.StatusReply]
	GetTOTPURI          *core.Op[PasswordInput, URIReply]
	VerifyTOTP          *core.Op[VerifyInput, VerifyReply]
	SendOTP             *core.Op[SendOTPInput, core.StatusReply]
	VerifyOTP           *core.Op[VerifyInput, VerifyReply]
	GenerateBackupCodes *core.Op[PasswordInput, BackupCodesReply]
	VerifyBackupCode    *core.Op[VerifyBackupCodeInput, VerifyReply]
	// ViewBackupCodes shows the unused codes of a user. It is never routed over HTTP.
	ViewBackupCodes *core.Op[ViewBackupCodesInput, BackupCodesReply]
	// GenerateTOTP makes the current code of a secret. It is never routed over HTTP.
	GenerateTOTP *core.Op[GenerateTOTPInput, CodeReply]

	opts Options
	skip map[string]bool
}

// New makes the plugin.
func New(o Options) *Plugin {
	p := &Plugin{opts: withDefaults(o), skip: map[string]bool{}}
	for _, m := range o.SkipMethods {
		p.skip[m] = true
	}
	stored := core.Use(core.RequireStoredSession)
	p.GenerateTOTP = core.Server("generateTOTP", p.generateTOTP)
	p.GetTOTPURI = core.Post("getTOTPURI", "/two-factor/get-totp-uri", p.getTOTPURI, stored,
		core.Doc("Get the URI that an authenticator app takes"))
	p.VerifyTOTP = core.Post("verifyTOTP", "/two-factor/verify-totp", p.verifyTOTP,
		core.Doc("Verify a code of an authenticator app"))
	p.SendOTP = core.Post("sendTwoFactorOTP", "/two-factor/send-otp", p.sendOTP,
		core.Doc("Send a code to the user"))
	p.VerifyOTP = core.Post("verifyTwoFactorOTP", "/two-factor/verify-otp", p.verifyOTP,
		core.Doc("Verify a code that was sent"))
	p.VerifyBackupCode = core.Post("verifyBackupCode", "/two-factor/verify-backup-code", p.verifyBackupCode,
		core.Doc("Use up a backup code"))
	p.GenerateBackupCodes = core.Post("generateBackupCodes", "/two-factor/generate-backup-codes", p.generateBackupCodes, stored,
		core.Doc("Make new backup codes"))
	p.ViewBackupCodes = core.Server("viewBackupCodes", p.viewBackupCodes)
	p.Enable = core.Post("enableTwoFactor", "/two-factor/enable", p.enable, stored,
		core.Doc("Make a secret and backup codes; the first verified code switches the second factor on"))
	p.Disable = core.Post("disableTwoFactor", "/two-factor/disable", p.disable, stored,
		core.Doc("Switch the second factor off"))
	return p
}

func withDefaults(o Options) Options {
	number := func(n *int, otherwise int) {
		if *n == 0 {
			*n = otherwise
		}
	}
	life := func(d *time.Duration, otherwise time.Duration) {
		if *d == 0 {
			*d = otherwise
		}
	}
	number(&o.TOTP.Digits, 6)
	life(&o.TOTP.Period, 30*time.Second)
	number(&o.OTP.Digits, 6)
	number(&o.OTP.AllowedAttempts, 5)
	life(&o.OTP.TTL, 3*time.Minute)
	number(&o.BackupCodes.Amount, 10)
	number(&o.BackupCodes.Length, 10)
	life(&o.ChallengeTTL, 10*time.Minute)
	life(&o.TrustDeviceTTL, 30*24*time.Hour)
	number(&o.Lockout.MaxFailures, 10)
	life(&o.Lockout.Duration, 15*time.Minute)
	for _, own := range []**bool{&o.TOTP.AllowPasswordless, &o.BackupCodes.AllowPasswordless} {
		if *own == nil {
			*own = &o.AllowPasswordless
		}
	}
	if o.BackupCodes.Store == "" {
		o.BackupCodes.Store = Encrypted
	}
	return o
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "two-factor".
func (p *Plugin) ID() string { return ID }

// Manifest lists what the plugin adds.
func (p *Plugin) Manifest() core.Manifest {
	enabled := userField()
	enabled.Column = p.opts.Columns[enabled.Name]
	return core.Manifest{
		Operations: []core.Operation{
			p.GenerateTOTP, p.GetTOTPURI, p.VerifyTOTP, p.SendOTP, p.VerifyOTP, p.VerifyBackupCode,
			p.GenerateBackupCodes, p.ViewBackupCodes, p.Enable, p.Disable,
		},
		Extend:     []schema.Table{{Model: core.ModelUser, Fields: []schema.Field{enabled}}},
		Tables:     []schema.Table{factorTable(p.opts.Table, p.opts.Columns)},
		Before:     p.passwordless(),
		SignInGate: p.gate,
		RateLimits: []ratelimit.PathRule{{
			Match: []ratelimit.Match{{Prefix: "/two-factor/"}},
			Rule:  ratelimit.Rule{Window: 10 * time.Second, Max: 3},
		}},
		Errors: []core.ErrorCode{
			CodeOTPNotEnabled, CodeOTPHasExpired, CodeTOTPNotEnabled, CodeTwoFactorNotEnabled, CodeBackupCodesNotEnabled,
			CodeInvalidBackupCode, CodeInvalidCode, CodeTooManyAttempts, CodeInvalidCookie, CodeOTPNotConfigured,
			CodeTOTPNotConfigured, CodeAccountLocked,
		},
		Cookies: []string{challengeCookie, deviceCookie},
		Init:    p.check,
	}
}

// check refuses options that make no sense, and fills in what hangs on the server.
func (p *Plugin) check(_ context.Context, a *core.Auth) error {
	o := &p.opts
	switch {
	case o.TOTP.Digits < 6 || o.TOTP.Digits > 8:
		return fmt.Errorf("twofactor: TOTP.Digits is %d: codes have 6 to 8 digits", o.TOTP.Digits)
	case o.TOTP.Period < time.Second || o.TOTP.Period%time.Second != 0:
		return fmt.Errorf("twofactor: TOTP.Period is %v: give whole seconds", o.TOTP.Period)
	case o.OTP.Digits < 4 || o.OTP.Digits > 12:
		return fmt.Errorf("twofactor: OTP.Digits is %d: codes have 4 to 12 digits", o.OTP.Digits)
	case o.BackupCodes.Amount < 1 || o.BackupCodes.Length < 6 || o.BackupCodes.Length > 64:
		return fmt.Errorf("twofactor: BackupCodes makes %d codes of %d characters: at least one, of 6 to 64", o.BackupCodes.Amount, o.BackupCodes.Length)
	case o.OTP.AllowedAttempts < 1 || o.Lockout.MaxFailures < 1:
		return fmt.Errorf("twofactor: OTP.AllowedAttempts and Lockout.MaxFailures must be positive")
	case o.ChallengeTTL < time.Second || o.TrustDeviceTTL < time.Second || o.OTP.TTL < time.Second || o.Lockout.Duration < time.Second:
		return fmt.Errorf("twofactor: ChallengeTTL, TrustDeviceTTL, OTP.TTL and Lockout.Duration must be at least a second")
	case (o.OTP.Encrypt == nil) != (o.OTP.Decrypt == nil) || (o.BackupCodes.Encrypt == nil) != (o.BackupCodes.Decrypt == nil):
		return fmt.Errorf("twofactor: set both Encrypt and Decrypt, or neither")
	case o.OTP.Hash != nil && o.OTP.Encrypt != nil:
		return fmt.Errorf("twofactor: set OTP.Hash, or OTP.Encrypt and OTP.Decrypt, not both")
	case o.BackupCodes.Store != Plain && o.BackupCodes.Store != Encrypted:
		return fmt.Errorf("twofactor: BackupCodes.Store %q must be %q or %q: hashed codes could not be shown again", o.BackupCodes.Store, Plain, Encrypted)
	}
	table, _ := a.Schema().Table(ModelTwoFactor)
	for name := range o.Columns {
		if _, ok := table.Field(name); !ok && name != Enabled.Name {
			return fmt.Errorf("twofactor: Columns renames %q, which neither table has", name)
		}
	}
	switch o.OTP.Store {
	case "":
		o.OTP.Store = Encrypted
		if a.Compat() == core.CompatBetterAuth {
			o.OTP.Store = Plain
		}
	case Plain, Encrypted, Hashed:
	default:
		return fmt.Errorf("twofactor: OTP.Store %q must be %q, %q or %q", o.OTP.Store, Plain, Encrypted, Hashed)
	}
	return nil
}
