package core

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
)

// Plugin is a unit of behaviour. ID is its name on the wire ("two-factor"). New reads
// the Manifest once, before it compiles anything. Check the plugin's options there:
// New returns the error with the plugin's id in front.
//
// The operations of a plugin are its exported fields of type *Op: New finds them in the
// order of the struct. A field that is nil is not installed.
type Plugin interface {
	ID() string
	Manifest(env Env) (Manifest, error)
}

// Env is what a plugin can know before anything is compiled.
type Env struct {
	Compat  Compat // which answers to give
	AppName string // Options.AppName or its default
	// BasePath is where the routes live, and PublicPath where clients see them: for routes
	// AtRoot that name them, such as the documents of an issuer (RFC 8414).
	BasePath, PublicPath string

	plugins []Plugin
}

// PluginIn returns the installed plugin of a type, as PluginOf does later. Its Manifest may
// not have been read yet.
func PluginIn[P Plugin](e Env) (P, bool) { return pluginOf[P](e.plugins) }

// HasPlugin reports whether a plugin with an id is installed.
func (e Env) HasPlugin(id string) bool { return hasPlugin(e.plugins, id) }

// Manifest lists everything that a plugin adds besides its operations. Every field may
// be empty.
type Manifest struct {
	// Requires are the ids of plugins that this one needs.
	Requires []string
	// Operations are further operations that are not fields of the plugin.
	Operations []Operation
	Tables     []schema.Table // tables of its own
	Extend     []schema.Table // fields added to the tables of others
	Before     []Hook
	After      []Hook
	// OnRequest sees every request that passed the rate limit, before its body is
	// read. It may Reply. Ctx.Path is the route that will run, or the request's path
	// when no route matches.
	OnRequest func(*Ctx) error
	// Authenticate identifies the caller by other means than the session cookie, for
	// example by a header. It is called at most once per call, when the session is
	// first needed, also on the application's own routes. The first plugin that returns
	// a Credential decides. The zero Credential leaves the decision to the next plugin
	// and, last, to the cookie. All are asked: a call with credentials of different users
	// has no session, and routes that need one answer 401 CREDENTIALS_DISAGREE. An error of
	// status 4xx means that the call has no session; any other error fails the call.
	// Authenticate must not read the session.
	Authenticate func(*Ctx) (Credential, error)
	Store        StoreHooks
	// SignInGate is called before a session is made, whatever method the user signs in
	// with. It may refuse with an error, or answer instead with s.Hold. ctx belongs to
	// the transaction that makes the session: what the gate writes with it is rolled
	// back when the sign-in is refused. A database may run the transaction again, so
	// set cookies in AfterCommit. Rows may be locked: call no other system.
	SignInGate func(ctx context.Context, s *SignIn) error
	// SignInWatch is a SignInGate that is called before the gates of all plugins, whatever
	// their order, so that it sees a sign-in that one of them holds. It refuses with an error,
	// or acts with SignIn.Made and Then, and does not hold itself.
	SignInWatch func(ctx context.Context, s *SignIn) error
	// SessionGate is asked for every session that is read from the store by its token.
	// False means that the session has ended, whatever its row says: nobody finds it. It must be
	// quick, and say yes without a query in the usual case.
	SessionGate func(ctx context.Context, d *SessionData) (bool, error)
	// SignInMethods are the plugin's ways to sign in, one for each SignIn.Method.
	SignInMethods []SignInMethod
	// SignInMethodGate may refuse all sign-ins by a method. It is asked when one begins
	// (Ctx.BeginSignIn), before anything is sent or written, and again in the transaction
	// that makes the session, to which ctx belongs then, before the other gates. The step
	// that completes a held sign-in is asked for by the method of the first.
	// core.CtxFrom(ctx) is the call.
	SignInMethodGate func(ctx context.Context, method string) error
	// Disown removes what the plugin keeps that lets somebody into a user's account, or
	// keeps its owner out, such as passkeys. It is called when the owner has proven the
	// address and somebody else may have made the user (Store.SettleSignUp). ctx belongs
	// to the transaction.
	Disown func(ctx context.Context, userID string) error
	// DeleteExpired removes the rows of the plugin's tables that have ended by now. It is
	// part of Auth.DeleteExpired, which a job of the application calls.
	DeleteExpired func(ctx context.Context, now time.Time) error
	// AsksEnded keeps the times that Store.Ended and Arrival.Made need: set it when the
	// plugin uses one of them.
	AsksEnded bool
	// OnEvent hears of every security event, as Options.OnEvent does, after what has happened
	// is committed and before the answer. ctx is the call's, without a transaction. It runs on
	// the caller's goroutine, plugins in order and then Options.OnEvent.
	OnEvent func(ctx context.Context, e Event)
	// RecordEvent writes security events. ctx belongs to the transaction of what has happened,
	// where it has one (Ctx.EmitIn): an error undoes that. An event that reports a refusal, or
	// what other systems have done, has none: an error is then the answer of the call. It may run
	// again with its transaction.
	RecordEvent func(ctx context.Context, e Event) error
	// CheckPassword may refuse a new password, on every route that sets one. The checks
	// of all plugins run, in order. See Auth.CheckNewPassword.
	CheckPassword func(c *Ctx, password string) error
	// Password holds the limits and the hashing of the plugin that owns
	// passwords.
	Password *PasswordPolicy
	// SendVerificationMail replaces Options.EmailVerification.Send. New fails when that
	// is set as well, or when another plugin sets SendVerificationMail.
	SendVerificationMail func(ctx context.Context, m Mail) error
	RateLimits           []ratelimit.PathRule
	Errors               []ErrorCode
	// TrustedOrigins are added to Options.TrustedOrigins.
	TrustedOrigins []string
	// OriginHeaders name the caller's origin where Origin is absent, for clients that are no
	// browsers. Another site cannot make a browser send such a header without asking first
	// (a CORS preflight). Its value must be trusted as that of Origin.
	OriginHeaders []string
	// OpenAPI is what the plugin adds to the OpenAPI document.
	OpenAPI OpenAPIPart
	// Init runs at the end of New, in plugin order, when everything is compiled. Use it
	// to keep the Auth, to bind tables (TableOf) and to add hooks to other plugins.
	Init func(ctx context.Context, a *Auth) error
}

// PasswordPolicy holds the settings of the plugin that owns passwords.
type PasswordPolicy struct {
	MinLength, MaxLength int // in UTF-16 code units, as JavaScript counts; defaults 8 and 128
	// Hash and Verify replace the hashing. Set both or neither. New fails when two
	// plugins set them.
	Hash   func(ctx context.Context, password string) (string, error)
	Verify func(ctx context.Context, hash, password string) (bool, error)
	// RequireVerifiedEmail refuses every sign-in with a password, by an address or a user
	// name alike, until the address is verified (Ctx.SignInByPassword).
	RequireVerifiedEmail bool
	// RevokeSessionsOnReset ends all sessions of a user whose password is reset, by any
	// plugin's route (Ctx.ResetPassword).
	RevokeSessionsOnReset bool
	// OnReset runs after a password was reset.
	OnReset func(ctx context.Context, u *User) error
}

// manifests reads the plugins and refuses conflicts between them.
func (a *Auth) manifests() ([]Manifest, error) {
	seen := map[string]bool{}
	for i, p := range a.plugins {
		if v := reflect.ValueOf(p); p == nil || v.Kind() == reflect.Pointer && v.IsNil() {
			return nil, fmt.Errorf("core: Options.Plugins[%d] is nil", i)
		}
		if p.ID() == "" {
			return nil, fmt.Errorf("core: Options.Plugins[%d] has no id", i)
		}
		if seen[p.ID()] {
			return nil, fmt.Errorf("core: the plugin %q is listed twice in Options.Plugins", p.ID())
		}
		seen[p.ID()] = true
	}
	base, public, err := a.opts.paths()
	if err != nil {
		return nil, err
	}
	env := Env{Compat: a.opts.Compat, AppName: a.opts.AppName, BasePath: base, PublicPath: public, plugins: a.plugins}
	out := make([]Manifest, len(a.plugins))
	mailer := ""
	for i, p := range a.plugins {
		id := p.ID()
		m, err := p.Manifest(env)
		if err != nil {
			return nil, fmt.Errorf("core: plugin %q: %w", id, err)
		}
		for _, needed := range m.Requires {
			if !seen[needed] {
				return nil, fmt.Errorf("core: the plugin %q needs the plugin %q: add it to Options.Plugins", id, needed)
			}
		}
		for _, h := range slices.Concat(m.Before, m.After) {
			if h.Run == nil || h.Match.static == nil {
				return nil, fmt.Errorf("core: plugin %q has a hook without Run or Match: core.All() matches every route", id)
			}
		}
		if m.SendVerificationMail != nil {
			switch {
			case mailer != "":
				return nil, fmt.Errorf("core: the plugins %q and %q both send the verification mail: let one of them do it", mailer, id)
			case a.opts.EmailVerification.Send != nil:
				return nil, fmt.Errorf("core: the plugin %q sends the verification mail: leave Options.EmailVerification.Send out", id)
			}
			mailer = id
		}
		operations := operationsOf(p)
		for _, op := range m.Operations {
			if !slices.Contains(operations, op) {
				operations = append(operations, op)
			}
		}
		m.Operations = operations
		out[i] = m
	}
	for _, m := range out {
		if m.SendVerificationMail != nil {
			a.opts.EmailVerification.Send = m.SendVerificationMail
		}
	}
	return out, nil
}

// operationsOf lists the exported fields of a struct that are operations, without those
// that are nil.
func operationsOf(holder any) []Operation {
	v := reflect.Indirect(reflect.ValueOf(holder))
	if v.Kind() != reflect.Struct {
		return nil
	}
	var out []Operation
	for i := range v.NumField() {
		if !v.Type().Field(i).IsExported() || v.Field(i).Kind() != reflect.Pointer || v.Field(i).IsNil() {
			continue
		}
		if op, ok := v.Field(i).Interface().(Operation); ok {
			out = append(out, op)
		}
	}
	return out
}

// PluginOf returns the installed plugin of a type.
func PluginOf[P Plugin](a *Auth) (P, bool) { return pluginOf[P](a.plugins) }

func pluginOf[P Plugin](plugins []Plugin) (P, bool) {
	for _, p := range plugins {
		if t, ok := p.(P); ok {
			return t, true
		}
	}
	var zero P
	return zero, false
}

// HasPlugin reports whether a plugin with an id is installed.
func (a *Auth) HasPlugin(id string) bool { return hasPlugin(a.plugins, id) }

func hasPlugin(plugins []Plugin, id string) bool {
	return slices.ContainsFunc(plugins, func(p Plugin) bool { return p.ID() == id })
}

// Plugins lists the installed plugins in order.
func (a *Auth) Plugins() []Plugin { return slices.Clone(a.plugins) }
