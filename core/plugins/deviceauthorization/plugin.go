// Package deviceauthorization signs in devices without a browser or a keyboard, such as
// command-line tools and television sets, by the OAuth 2.0 Device Authorization Grant
// (RFC 8628). The device shows a short code. Its user enters the code on a page of the
// application, where they are signed in, and approves it there. Meanwhile the device asks
// for its session. See https://better-auth.com/docs/plugins/device-authorization.
// Plugin id: "device-authorization".
package deviceauthorization

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthform"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
)

// ID is the plugin's id.
const ID = "device-authorization"

// Options configures the plugin. The zero value is Better Auth's default, in which every
// client id is accepted.
type Options struct {
	// ExpiresIn is the lifetime of a pair of codes, in whole seconds. Default 30 minutes.
	ExpiresIn time.Duration
	// Interval is the pause that a device makes between two polls, in whole seconds.
	// Default 5 seconds. It grows by 5 seconds with every poll that comes too early.
	Interval time.Duration
	// DeviceCodeLength is the length of device codes, 22 to 191; default 40.
	DeviceCodeLength int
	// UserCodeLength is the length of user codes, 6 to 191; default 8.
	UserCodeLength int
	// GenerateDeviceCode and GenerateUserCode make codes of your own, of at most 191
	// characters. They must be random: anybody who guesses a device code can take the
	// session, and anybody who guesses a user code can take over the device. A code that is
	// taken is made again, up to twice.
	GenerateDeviceCode func(ctx context.Context) (string, error)
	GenerateUserCode   func(ctx context.Context) (string, error)
	// ValidateClient reports whether a client id is known. Default: every one is.
	ValidateClient func(ctx context.Context, clientID string) (bool, error)
	// OnDeviceAuthRequest is called before codes are made. A *core.Error that it returns is
	// the answer.
	OnDeviceAuthRequest func(ctx context.Context, clientID, scope string) error
	// VerificationURI is the page on which users enter their code: a URL, or a path that is
	// resolved against the base URL. Default "/device".
	VerificationURI string

	// Table is the name of the table deviceCode in the database. Columns maps logical names
	// to column names.
	Table   string
	Columns map[string]string
}

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	Code    *core.Op[CodeInput, CodeReply]
	Token   *core.Op[TokenInput, TokenReply]
	Verify  *core.Op[VerifyInput, VerifyReply]
	Approve *core.Op[DecideInput, core.SuccessReply]
	Deny    *core.Op[DecideInput, core.SuccessReply]

	auth    *core.Auth
	opts    Options
	plain   bool // device codes are stored as they are
	codes   *core.Table[deviceCode]
	cleanup cleanup
}

// New makes the plugin.
func New(o Options) *Plugin {
	p := &Plugin{opts: withDefaults(o)}
	p.Code = core.Post("deviceCode", "/device/code", p.code, core.AcceptForm(), core.OAuthErrors(),
		core.Doc("Request a device code and a user code (RFC 8628, section 3.2)"))
	p.Token = core.Post("deviceToken", "/device/token", p.token, core.AcceptForm(), core.OAuthErrors(),
		core.Doc("Exchange an approved device code for a session (RFC 8628, section 3.4)"))
	p.Verify = core.Get("deviceVerify", "/device", p.verify, core.OAuthErrors(),
		core.Doc("Look up a user code, and claim it for the current user"))
	p.Approve = core.Post("deviceApprove", "/device/approve", p.approve, core.Use(core.InPerson), core.OAuthErrors(), core.Secured(),
		core.Doc("Approve the device of a claimed user code"))
	p.Deny = core.Post("deviceDeny", "/device/deny", p.deny, core.OAuthErrors(), core.Secured(),
		core.Doc("Deny the device of a claimed user code"))
	return p
}

func withDefaults(o Options) Options {
	if o.ExpiresIn == 0 {
		o.ExpiresIn = 30 * time.Minute
	}
	if o.Interval == 0 {
		o.Interval = 5 * time.Second
	}
	if o.DeviceCodeLength == 0 {
		o.DeviceCodeLength = 40
	}
	if o.UserCodeLength == 0 {
		o.UserCodeLength = 8
	}
	if o.VerificationURI == "" {
		o.VerificationURI = "/device"
	}
	return o
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "device-authorization".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(env core.Env) (core.Manifest, error) {
	table := codeTable(p.opts.Table, p.opts.Columns)
	if err := p.opts.check(&table); err != nil {
		return core.Manifest{}, err
	}
	p.plain = env.Compat == core.CompatBetterAuth
	// A user code is short, so an address has few tries for each of the questions that
	// tell a right code from a wrong one.
	guesses := ratelimit.PathRule{
		Match: []ratelimit.Match{{Exact: "/device"}, {Exact: "/device/approve"}, {Exact: "/device/deny"}},
		Rule:  ratelimit.Rule{Window: p.opts.ExpiresIn, Max: 5},
	}
	forms := core.Paths("/device/code", "/device/token")
	return core.Manifest{
		Tables:        []schema.Table{table},
		Before:        []core.Hook{{Match: forms, Run: oauthform.RefuseRepeated()}},
		After:         []core.Hook{{Match: forms, Run: refuseAsOAuth}},
		Store:         core.StoreHooks{User: core.ModelHooks[core.User]{BeforeDelete: p.forgetUser}},
		Disown:        p.endCodes,
		SignInMethods: []core.SignInMethod{{Name: ID, Label: "Device"}},
		DeleteExpired: p.removeExpired,
		RateLimits:    []ratelimit.PathRule{guesses},
		Errors: []core.ErrorCode{
			CodeInvalidDeviceCode, CodeExpiredDeviceCode, CodeExpiredUserCode, CodeAuthorizationPending, CodeAccessDenied,
			CodeInvalidUserCode, CodeAlreadyProcessed, CodeNotClaimed, CodePollingTooFrequently, CodeUserNotFound,
			CodeFailedToCreateSession, CodeInvalidStatus, CodeAuthenticationRequired,
		},
		Init: p.init,
	}, nil
}

func (p *Plugin) init(_ context.Context, a *core.Auth) (err error) {
	p.auth = a
	p.codes, err = core.TableOf[deviceCode](a, ModelDeviceCode)
	return err
}

// maxCode is the greatest length of a code, as in Better Auth 1.7: that of a key in MySQL.
const maxCode = 191

// check refuses invalid options.
func (o *Options) check(table *schema.Table) error {
	uri, err := url.Parse(o.VerificationURI)
	switch {
	case o.ExpiresIn < time.Second || o.ExpiresIn%time.Second != 0:
		return fmt.Errorf("ExpiresIn is %v: give whole seconds, at least one", o.ExpiresIn)
	case o.Interval < time.Second || o.Interval%time.Second != 0:
		return fmt.Errorf("Interval is %v: give whole seconds, at least one", o.Interval)
	case o.Interval >= o.ExpiresIn:
		return fmt.Errorf("Interval is %v and ExpiresIn is %v: make the interval shorter, or no device polls twice", o.Interval, o.ExpiresIn)
	case o.DeviceCodeLength < 22 || o.DeviceCodeLength > maxCode:
		return fmt.Errorf("DeviceCodeLength is %d: give 22 to %d characters, so that nobody guesses a code", o.DeviceCodeLength, maxCode)
	case o.UserCodeLength < 6 || o.UserCodeLength > maxCode:
		return fmt.Errorf("UserCodeLength is %d: give 6 to %d characters, so that nobody guesses a code", o.UserCodeLength, maxCode)
	case err != nil:
		return fmt.Errorf("VerificationURI is %q: give a URL or a path", o.VerificationURI)
	case uri.Scheme != "" && (uri.Scheme != "http" && uri.Scheme != "https" || uri.Host == ""):
		return fmt.Errorf("VerificationURI is %q: begin it with https://, or give a path", o.VerificationURI)
	}
	for name := range o.Columns {
		if !slices.ContainsFunc(table.Fields, func(f schema.Field) bool { return f.Name == name }) {
			return fmt.Errorf("Columns renames %q, which the table does not have", name)
		}
	}
	return nil
}
