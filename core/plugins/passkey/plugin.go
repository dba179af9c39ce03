// Package passkey signs users in with WebAuthn credentials. Plugin id: "passkey".
//
// It is the one plugin with a dependency of its own, go-webauthn/webauthn, which
// checks attestations and signatures. It is a module of its own, so that only
// programs that import it have that dependency.
package passkey

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// ID is the plugin id on the wire.
const ID = "passkey"

// The security events of this plugin, beside those of sign-ins.
const (
	EventRegistered core.EventType = "passkey.registered"
	EventRenamed    core.EventType = "passkey.renamed"
	EventDeleted    core.EventType = "passkey.deleted"
	// EventCounter is a signature counter that has not increased: the passkey may
	// have been cloned. The sign-in is refused.
	EventCounter core.EventType = "passkey.counter-regressed"
)

// Options configures the plugin. The zero value is Better Auth's default.
type Options struct {
	// RPID is the domain that passkeys are bound to (WebAuthn relying party ID): the
	// site's own domain or a parent domain, for example "example.com" for
	// "https://app.example.com". Existing passkeys stop working when it changes.
	// Default: the host of the base URL.
	RPID string
	// RPName is shown to users when they create a passkey. Default: Options.AppName
	// of the core.
	RPName string
	// Origins lists the pages that may register and sign in, each as browsers send it:
	// "https://example.com", or "android:apk-key-hash:…". They must be trusted origins
	// of the core as well. Default: the request's own Origin, if it is trusted.
	Origins []string
	// AuthenticatorSelection says which authenticators may be registered.
	AuthenticatorSelection AuthenticatorSelection
	// Registration and Authentication change the two ceremonies.
	Registration   RegistrationOptions
	Authentication AuthenticationOptions

	// AllowDeletingLast lets users delete their last passkey although they have
	// neither a password nor another account.
	AllowDeletingLast bool
	// OtherSignIn reports whether a user can sign in by a method without a row in
	// the account table, for example by a link in a mail. It is asked when the last
	// passkey of a user without password and account would be deleted, while nothing is
	// locked, so it may ask other systems.
	OtherSignIn func(ctx context.Context, u *core.User) (bool, error)

	// ChallengeCookie is the short name of the cookie that ties a ceremony to one
	// browser. Default "better-auth-passkey".
	ChallengeCookie string
	// Table and Columns rename the table and its columns, by field name.
	Table   string
	Columns map[string]string
}

// AuthenticatorSelection is authenticatorSelection in the options of a
// registration (WebAuthn §5.4.4). requireResidentKey follows from ResidentKey.
type AuthenticatorSelection struct {
	Attachment  string // "platform" or "cross-platform"; default: either
	ResidentKey string // "required", "preferred" or "discouraged"; default "preferred"
	// UserVerification is "required", "preferred" or "discouraged"; default
	// "preferred". "required" is enforced, unlike in Better Auth 1.6.
	UserVerification string
}

// RegistrationUser is the user for whom a passkey is created.
type RegistrationUser struct {
	ID          string
	Name        string // account name that the authenticator shows, for example an address
	DisplayName string // default Name
}

// RegistrationOptions configures registrations.
type RegistrationOptions struct {
	// WithoutSession lets visitors without a session register (Better Auth:
	// requireSession false). ResolveUser returns their user.
	WithoutSession bool
	// ResolveUser returns the user for whom a visitor without a session may register.
	// It decides from the text that the client passed as context, such as the token of
	// an invitation. It is the only check: the visitor can afterwards sign in as the
	// user that it returns. A user without ID or Name is answered with
	// RESOLVED_USER_INVALID.
	ResolveUser func(c *core.Ctx, context string) (*RegistrationUser, error)
	// AfterVerification runs when a registration has been verified, before it is
	// stored. It may create the user, and return the id of the user that the
	// passkey belongs to; "" keeps r.User.ID. With a session it cannot return
	// another user.
	AfterVerification func(c *core.Ctx, r *Registration) (userID string, err error)
	// Extensions returns a JSON object of further WebAuthn extensions to request;
	// credProps is always requested.
	Extensions func(c *core.Ctx) (json.RawMessage, error)
}

// Registration is the input of AfterVerification.
type Registration struct {
	User     RegistrationUser
	Context  string // as given by the client, "" for none
	Verified *VerifiedRegistration
	Response json.RawMessage // what the client sent
}

// AuthenticationOptions configures sign-ins.
type AuthenticationOptions struct {
	// UserVerification is "required", "preferred" or "discouraged". Default: "required"
	// when AuthenticatorSelection.UserVerification is, else "preferred".
	UserVerification string
	// AfterVerification runs when a passkey has been verified, before a session is made.
	// An error refuses the sign-in.
	AfterVerification func(c *core.Ctx, a *Authentication) error
	// Extensions returns a JSON object of WebAuthn extensions to request.
	Extensions func(c *core.Ctx) (json.RawMessage, error)
}

// Authentication is the input of AfterVerification.
type Authentication struct {
	Passkey  *Passkey // as stored before this sign-in
	User     *core.User
	Verified *VerifiedAuthentication
	Response json.RawMessage // what the client sent
}

// Plugin is the installed plugin; get it with From. Its operations can be called
// from Go.
type Plugin struct {
	RegistrationOptions   *core.Op[RegistrationOptionsInput, *CreationOptions]
	AuthenticationOptions *core.Op[core.NoInput, *RequestOptions]
	VerifyRegistration    *core.Op[VerifyRegistrationInput, *Passkey]
	VerifyAuthentication  *core.Op[VerifyAuthenticationInput, *core.SessionData]
	List                  *core.Op[core.NoInput, []*Passkey]
	Delete                *core.Op[DeleteInput, core.StatusReply]
	Update                *core.Op[UpdateInput, UpdateReply]

	opts     Options
	passkeys *core.Table[Passkey]
}

// New makes the plugin. core.New reports mistakes in the options.
func New(o Options) *Plugin {
	o.Origins = slices.Clone(o.Origins)
	if o.ChallengeCookie == "" {
		o.ChallengeCookie = "better-auth-passkey"
	}
	s := &o.AuthenticatorSelection
	for _, d := range []*string{&s.ResidentKey, &s.UserVerification} {
		if *d == "" {
			*d = "preferred"
		}
	}
	if a := &o.Authentication; a.UserVerification == "" {
		a.UserVerification = "preferred"
		if s.UserVerification == "required" {
			a.UserVerification = "required"
		}
	}
	p := &Plugin{opts: o}
	guard := core.Use(p.mayRegister, core.InPerson)
	p.RegistrationOptions = core.Get("generatePasskeyRegistrationOptions", "/passkey/generate-register-options", p.registrationOptions, guard,
		core.Doc("Options for navigator.credentials.create"))
	p.AuthenticationOptions = core.Get("generatePasskeyAuthenticationOptions", "/passkey/generate-authenticate-options", p.authenticationOptions, core.DocID("passkeyGenerateAuthenticateOptions"),
		core.Doc("Options for navigator.credentials.get"))
	p.VerifyRegistration = core.Post("verifyPasskeyRegistration", "/passkey/verify-registration", p.verifyRegistration, guard, core.DocID("passkeyVerifyRegistration"),
		core.Doc("Register a passkey"))
	p.VerifyAuthentication = core.Post("verifyPasskeyAuthentication", "/passkey/verify-authentication", p.verifyAuthentication, core.SignsIn(), core.DocID("passkeyVerifyAuthentication"),
		core.Doc("Sign in with a passkey"))
	p.List = core.Get("listPasskeys", "/passkey/list-user-passkeys", p.list, core.Use(core.RequireSession),
		core.Doc("List the passkeys of the current user"))
	p.Delete = core.Post("deletePasskey", "/passkey/delete-passkey", p.delete, core.Use(core.RequireStoredSession, core.InPerson),
		core.Doc("Delete a passkey of the current user"))
	p.Update = core.Post("updatePasskey", "/passkey/update-passkey", p.update, core.Use(core.RequireStoredSession, core.InPerson),
		core.Doc("Rename a passkey of the current user"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "passkey".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{
		Tables: []schema.Table{p.table()}, Errors: errorCodes(), Disown: p.disown, Init: p.init,
		SignInMethods: []core.SignInMethod{{Name: Method, Label: "Passkey", Usable: func(ctx context.Context, u *core.User, _ []*core.Account) (bool, error) {
			n, err := p.passkeys.Count(ctx, adapter.By("userId", u.ID))
			return n > 0, err
		}}},
	}, p.check()
}

// disown removes the passkeys of a person who had the account before its owner.
func (p *Plugin) disown(ctx context.Context, userID string) error {
	_, err := p.passkeys.Delete(ctx, adapter.By("userId", userID))
	return err
}

func (p *Plugin) init(_ context.Context, a *core.Auth) (err error) {
	p.passkeys, err = core.TableOf[Passkey](a, Model)
	return err
}

// check reports the first option that makes no sense.
func (p *Plugin) check() error {
	o := &p.opts
	oneOf := func(name, value string, choices ...string) error {
		if slices.Contains(choices, value) {
			return nil
		}
		return fmt.Errorf("%s %q is none of %s", name, value, strings.Join(choices, ", "))
	}
	if o.RPID != "" {
		if u, err := url.Parse("https://" + o.RPID); err != nil || u.Host != o.RPID || u.Port() != "" || strings.ToLower(o.RPID) != o.RPID {
			return fmt.Errorf("RPID %q is not a domain such as \"example.com\"", o.RPID)
		}
	}
	for _, origin := range o.Origins {
		u, err := url.Parse(origin)
		web := err == nil && (u.Scheme == "http" || u.Scheme == "https")
		if err != nil || u.Scheme == "" || web && (origin != u.Scheme+"://"+u.Host || u.Host == "" || strings.ToLower(origin) != origin) {
			return fmt.Errorf("the origin %q is not what a browser sends, such as \"https://example.com\"", origin)
		}
	}
	known := map[string]bool{}
	for _, f := range p.table().Fields {
		known[f.Name] = true
	}
	for name := range o.Columns {
		if !known[name] {
			return fmt.Errorf("option Columns renames %q, which the table does not have", name)
		}
	}
	if o.Registration.ResolveUser != nil && !o.Registration.WithoutSession {
		return errors.New("Registration.ResolveUser is never asked unless WithoutSession is set")
	}
	return errors.Join(
		oneOf("AuthenticatorSelection.Attachment", o.AuthenticatorSelection.Attachment, "", "platform", "cross-platform"),
		oneOf("AuthenticatorSelection.ResidentKey", o.AuthenticatorSelection.ResidentKey, "required", "preferred", "discouraged"),
		oneOf("AuthenticatorSelection.UserVerification", o.AuthenticatorSelection.UserVerification, "required", "preferred", "discouraged"),
		oneOf("Authentication.UserVerification", o.Authentication.UserVerification, "required", "preferred", "discouraged"),
	)
}

// rpID is the domain that passkeys are bound to.
func (p *Plugin) rpID(c *core.Ctx) string {
	if p.opts.RPID != "" {
		return p.opts.RPID
	}
	u, err := url.Parse(c.BaseURL())
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// origins lists the pages whose responses count for this request.
func (p *Plugin) origins(c *core.Ctx) []string {
	if len(p.opts.Origins) > 0 {
		return p.opts.Origins
	}
	if origin := c.Req.Header.Get("Origin"); origin != "" && c.TrustedOrigin(origin) {
		return []string{origin}
	}
	return nil
}
