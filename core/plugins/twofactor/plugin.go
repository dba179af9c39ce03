// Package twofactor requires a second factor when users sign in: a code from an
// authenticator app (TOTP), a code that is sent to them (OTP), or a backup code. It
// applies to every sign-in method. See https://better-auth.com/docs/plugins/2fa.
// Plugin id: "two-factor".
package twofactor

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/otp"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
)

// ID is the plugin's id.
const ID = "two-factor"

// Options configures the plugin. The zero value is Better Auth's default.
type Options struct {
	// Issuer is the name that authenticator apps show beside the address, in the
	// URI of enable, without a colon. Default Options.AppName. A client may choose
	// another one, from which colons are removed.
	Issuer string
	TOTP   TOTPOptions
	OTP    OTPOptions
	// BackupCodes are for users who have lost their device.
	BackupCodes BackupCodeOptions

	// SkipVerificationOnEnable switches the second factor on before the user has
	// entered a first code. A user who mistypes the secret is then locked out.
	SkipVerificationOnEnable bool
	// AllowPasswordless lets users without a password manage their second factor by
	// their session alone. Users with a password still have to enter it.
	AllowPasswordless bool

	// ChallengeTTL is the time limit for the second step
	// (twoFactorCookieMaxAge). Default 10 minutes.
	ChallengeTTL time.Duration
	// TrustDeviceTTL is how long a trusted device stays trusted after its last
	// sign-in (trustDeviceMaxAge). Default 30 days.
	TrustDeviceTTL time.Duration
	// Lockout limits wrong codes per account.
	Lockout LockoutOptions

	// SkipMethods names sign-in methods (core.SignIn.Method) that need no second
	// factor, such as "magic-link". Default none. A method that proves two factors by
	// itself needs no entry.
	SkipMethods []string
	// Page is the page of the second step for sign-ins that end in a redirect,
	// such as the link in a verification mail. It gets the original target as
	// callbackURL. Default: the original target, with twoFactorRedirect=true.
	Page string

	// Table is the name of the table twoFactor in the database. Columns maps logical
	// names to column names. Its twoFactorEnabled is a column of the user table.
	Table   string
	Columns map[string]string
}

// TOTPOptions configures codes from authenticator apps.
type TOTPOptions struct {
	Disable bool
	Digits  int           // 6 to 8; default 6
	Period  time.Duration // life of a code, whole seconds; default 30 seconds
	// Issuer is the issuer in the URI of get-totp-uri, without a colon; default
	// Options.AppName.
	Issuer string
	// AllowPasswordless replaces Options.AllowPasswordless for get-totp-uri.
	AllowPasswordless *bool
}

// OTPOptions configures codes that are sent.
type OTPOptions struct {
	// Send delivers a code, for example by SMS. Without it send-otp fails with
	// OTP_NOT_CONFIGURED.
	Send func(ctx context.Context, m Message) error
	// SendLimit is how many codes are sent to one user, for all IP addresses together.
	// Default: 3 codes with less than a minute between them. The rate limiter keeps the
	// count. A negative Max: no such limit.
	SendLimit ratelimit.Rule
	// Digits is the length of a code, 4 to 12; default 6.
	Digits int
	// TTL is the lifetime of a code (Better Auth's period, which is in
	// minutes). Default 3 minutes.
	TTL time.Duration
	// AllowedAttempts is how many wrong attempts a code allows; default 5.
	AllowedAttempts int
	// Store says how codes are stored. Default Encrypted. Under
	// core.CompatBetterAuth the default is Plain, because a Better Auth server
	// on the same database expects it.
	Store Storage
	// Hash, or Encrypt and Decrypt, store codes in a way of your own. They are called in
	// the transaction that counts attempts, while the user's row is locked: compute there,
	// and ask no other system.
	Hash             func(ctx context.Context, code string) (string, error)
	Encrypt, Decrypt func(ctx context.Context, text string) (string, error)
}

// Message is a code to send to a user.
type Message struct {
	User *core.User
	Code string
}

// BackupCodeOptions configures backup codes.
type BackupCodeOptions struct {
	Amount int // default 10
	Length int // characters without the dash, 6 to 64; default 10
	// Generate replaces the generator of the codes.
	Generate func() ([]string, error)
	// Store says how backup codes are stored: Encrypted (default) or Plain.
	Store Storage
	// Encrypt and Decrypt store backup codes in a way of your own. The text is a JSON list.
	// The functions are called while the user's row is locked: compute there, and ask no
	// other system.
	Encrypt, Decrypt func(ctx context.Context, text string) (string, error)
	// AllowPasswordless replaces Options.AllowPasswordless for
	// generate-backup-codes.
	AllowPasswordless *bool
}

// Storage says how a secret is stored.
type Storage = otp.Storage

// The ways to store a secret. Hashed is only for codes that are sent.
const (
	Plain     = otp.Plain
	Encrypted = otp.Encrypted
	Hashed    = otp.Hashed
)

// LockoutOptions limits wrong codes per account, over all challenges and factors.
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
	// ViewBackupCodes returns the unused codes of a user. It is never routed over
	// HTTP.
	ViewBackupCodes *core.Op[ViewBackupCodesInput, BackupCodesReply]
	// GenerateTOTP makes the current code of a secret. It is never routed over HTTP.
	GenerateTOTP *core.Op[GenerateTOTPInput, CodeReply]

	auth    *core.Auth
	opts    Options
	skip    map[string]bool
	codes   *otp.Codes
	factors *core.Table[factor]
}

// New makes the plugin.
func New(o Options) *Plugin {
	p := &Plugin{opts: withDefaults(o), skip: map[string]bool{}}
	for _, m := range o.SkipMethods {
		p.skip[m] = true
	}
	stored, hashes := core.Use(core.RequireStoredSession, core.InPerson), core.Hashes(core.ByUser)
	p.GenerateTOTP = core.Server("generateTOTP", p.generateTOTP)
	p.GetTOTPURI = core.Post("getTOTPURI", "/two-factor/get-totp-uri", p.getTOTPURI, stored, hashes,
		core.Doc("Get the URI that an authenticator app takes"))
	p.VerifyTOTP = core.Post("verifyTOTP", "/two-factor/verify-totp", p.verifyTOTP,
		core.Doc("Verify a code of an authenticator app"))
	p.SendOTP = core.Post("sendTwoFactorOTP", "/two-factor/send-otp", p.sendOTP,
		core.Doc("Send a code to the user"))
	p.VerifyOTP = core.Post("verifyTwoFactorOTP", "/two-factor/verify-otp", p.verifyOTP,
		core.Doc("Verify a code that was sent"))
	p.VerifyBackupCode = core.Post("verifyBackupCode", "/two-factor/verify-backup-code", p.verifyBackupCode, core.Fails(http.StatusConflict),
		core.Doc("Use up a backup code"))
	p.GenerateBackupCodes = core.Post("generateBackupCodes", "/two-factor/generate-backup-codes", p.generateBackupCodes, stored, hashes,
		core.Doc("Make new backup codes"))
	p.ViewBackupCodes = core.Server("viewBackupCodes", p.viewBackupCodes)
	p.Enable = core.Post("enableTwoFactor", "/two-factor/enable", p.enable, stored, hashes,
		core.Doc("Make a secret and backup codes; the first verified code switches the second factor on"))
	p.Disable = core.Post("disableTwoFactor", "/two-factor/disable", p.disable, stored, hashes,
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
	number(&o.OTP.SendLimit.Max, 3)
	life(&o.OTP.SendLimit.Window, time.Minute)
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

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(env core.Env) (core.Manifest, error) {
	enabled := userField()
	enabled.Column = p.opts.Columns[enabled.Name]
	table := factorTable(p.opts.Table, p.opts.Columns)
	if err := p.opts.check(env, &table); err != nil {
		return core.Manifest{}, err
	}
	return core.Manifest{
		Extend:     []schema.Table{{Model: core.ModelUser, Fields: []schema.Field{enabled}}},
		Tables:     []schema.Table{table},
		Before:     p.passwordless(),
		SignInGate: p.gate,
		OpenAPI:    core.OpenAPIPart{Held: reflect.TypeFor[Challenge]()},
		Disown:     p.disown,
		RateLimits: []ratelimit.PathRule{{
			Match: []ratelimit.Match{{Prefix: "/two-factor/"}},
			Rule:  ratelimit.Rule{Window: 10 * time.Second, Max: 3},
		}},
		Errors: []core.ErrorCode{
			CodeOTPNotEnabled, CodeOTPHasExpired, CodeTOTPNotEnabled, CodeTwoFactorNotEnabled, CodeBackupCodesNotEnabled,
			CodeInvalidBackupCode, CodeInvalidCode, CodeTooManyAttempts, CodeInvalidCookie, CodeOTPNotConfigured,
			CodeTOTPNotConfigured, CodeAccountLocked,
		},
		Init: p.init,
	}, nil
}

// disown switches off the second factor, which somebody else may have set up.
func (p *Plugin) disown(ctx context.Context, userID string) error {
	a := p.auth
	if _, err := a.Store().UpdateUser(ctx, userID, adapter.Record{Enabled.Name: false}); err != nil {
		return err
	}
	if _, err := p.factors.Delete(ctx, adapter.By(fieldUser, userID)); err != nil {
		return err
	}
	return p.forgetDevices(ctx, a, userID)
}

func (p *Plugin) init(_ context.Context, a *core.Auth) error {
	p.auth = a
	o := &p.opts.OTP
	var err error
	p.codes, err = otp.New(a, otp.Options{
		Digits: o.Digits, TTL: o.TTL, AllowedAttempts: o.AllowedAttempts, Store: o.Store, Hash: o.Hash, Encrypt: o.Encrypt, Decrypt: o.Decrypt,
	})
	if err != nil {
		return fmt.Errorf("twofactor: OTP.%w", err)
	}
	p.factors, err = core.TableOf[factor](a, ModelTwoFactor)
	return err
}

// check refuses invalid options and fills in defaults that depend on the server.
// Package otp checks those of OTP.
func (o *Options) check(env core.Env, table *schema.Table) error {
	switch {
	case strings.Contains(o.Issuer, ":"):
		return fmt.Errorf("Issuer is %q: leave the colon out, which ends the issuer in authenticator apps", o.Issuer)
	case strings.Contains(o.TOTP.Issuer, ":"):
		return fmt.Errorf("TOTP.Issuer is %q: leave the colon out, which ends the issuer in authenticator apps", o.TOTP.Issuer)
	case !o.TOTP.Disable && (o.Issuer == "" || o.TOTP.Issuer == "") && strings.Contains(env.AppName, ":"):
		return fmt.Errorf("core.Options.AppName is %q, and a colon ends the issuer in authenticator apps: set Issuer and TOTP.Issuer without one", env.AppName)
	case o.TOTP.Digits < 6 || o.TOTP.Digits > 8:
		return fmt.Errorf("TOTP.Digits is %d: codes have 6 to 8 digits", o.TOTP.Digits)
	case o.TOTP.Period < time.Second || o.TOTP.Period%time.Second != 0:
		return fmt.Errorf("TOTP.Period is %v: give whole seconds", o.TOTP.Period)
	case o.BackupCodes.Amount < 1 || o.BackupCodes.Length < 6 || o.BackupCodes.Length > 64:
		return fmt.Errorf("BackupCodes makes %d codes of %d characters: at least one, of 6 to 64", o.BackupCodes.Amount, o.BackupCodes.Length)
	case o.Lockout.MaxFailures < 1:
		return fmt.Errorf("Lockout.MaxFailures must be positive")
	case o.ChallengeTTL < time.Second || o.TrustDeviceTTL < time.Second || o.Lockout.Duration < time.Second:
		return fmt.Errorf("ChallengeTTL, TrustDeviceTTL and Lockout.Duration must be at least a second")
	case o.OTP.SendLimit.Window < time.Millisecond:
		return fmt.Errorf("OTP.SendLimit.Window is %v: give at least a millisecond", o.OTP.SendLimit.Window)
	case (o.BackupCodes.Encrypt == nil) != (o.BackupCodes.Decrypt == nil):
		return fmt.Errorf("BackupCodes: set both Encrypt and Decrypt, or neither")
	case o.BackupCodes.Store != Plain && o.BackupCodes.Store != Encrypted:
		return fmt.Errorf("BackupCodes.Store %q must be %q or %q: hashed codes could not be shown again", o.BackupCodes.Store, Plain, Encrypted)
	}
	for name := range o.Columns {
		if name != Enabled.Name && !slices.ContainsFunc(table.Fields, func(f schema.Field) bool { return f.Name == name }) {
			return fmt.Errorf("Columns renames %q, which neither table has", name)
		}
	}
	if o.OTP.Store == "" && env.Compat == core.CompatBetterAuth {
		o.OTP.Store = Plain
	}
	return nil
}
