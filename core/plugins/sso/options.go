package sso

import (
	"context"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth2"
)

// Options configures the plugin. The zero value lets users with a session register providers
// of OpenID Connect.
type Options struct {
	// ProvisionUser is told of a user who has signed in for the first time, and with
	// ProvisionUserOnEveryLogin of every one. It runs in the transaction that signs the user in,
	// which its error undoes, and which a database may run again: write with ctx, and call no
	// other system for long.
	ProvisionUser             func(ctx context.Context, e *Arrival) error
	ProvisionUserOnEveryLogin bool
	// Organizations says how users become members of the organization of their provider.
	Organizations Organizations
	// Defaults are providers of the application itself, which come before those of the table
	// (defaultSSO).
	Defaults []DefaultProvider
	// DefaultOverrideUserInfo writes name, image and address to the user on every sign-in, for
	// providers that are registered from now on.
	DefaultOverrideUserInfo bool
	// DisableImplicitSignUp refuses users who have no account yet, unless the request has
	// requestSignUp.
	DisableImplicitSignUp bool
	// MaxProviders is how many providers a user can register. Default 10. A negative number
	// lets nobody register one. MaxProvidersFunc is asked in its place; 0 then lets the user
	// register none.
	MaxProviders     int
	MaxProvidersFunc func(ctx context.Context, u *core.User) (int, error)
	// TrustEmailVerified takes the provider's word that an address is verified. It counts of
	// providers of the application, and of registered ones for addresses in domains that are
	// proven. Default: addresses of new users are not verified.
	TrustEmailVerified bool
	// Domains makes owners of providers prove their domains.
	Domains DomainVerification
	// RedirectURI is one callback for all providers of OpenID Connect: a path below the base
	// path, usually "/sso/callback", or a URL. Default: one for each provider,
	// "/sso/callback/" and its id.
	RedirectURI string
	// PrivateKey finds the private key of a provider whose tokenEndpointAuthentication is
	// "private_key_jwt" (resolvePrivateKey). It is asked whenever a code is exchanged. keyID is the
	// provider's privateKeyId, "" for none. No key, nil, refuses the sign-in. Whoever registers a provider
	// chooses keyID and the token endpoint: return a key that belongs to the provider and its organization.
	// Without PrivateKey no such provider can be registered.
	PrivateKey func(ctx context.Context, pr *Provider, keyID string) (*ClientKey, error)
	// AnyPublicIssuer lets issuers be discovered at any public host. Default: at hosts of
	// core.Options.TrustedOrigins, as in Better Auth.
	AnyPublicIssuer bool
	// HTTPClient sends the requests to registered providers in place of
	// core.Auth.GuardedHTTP: for an outgoing proxy that refuses private addresses by itself,
	// and for tests. Endpoints at private hosts can then be registered if their origins are
	// trusted.
	HTTPClient *http.Client

	// SAML is a stack of SAML 2.0, such as saml.New() of github.com/advantch/kernia-go/saml.
	// Without it there are no providers of SAML.
	SAML SAML
	// SAMLRules says what SAML messages must be.
	SAMLRules SAMLRules

	// Table is the name of the table, and Columns the names of its columns by field.
	Table   string
	Columns map[string]string
}

// Organizations says how users become members of the organization of their provider
// (organizationProvisioning).
type Organizations struct {
	Disabled bool
	// Role is the role of new members. Default "member". RoleOf is asked in its place; it runs in
	// the transaction of the sign-in, like Options.ProvisionUser.
	Role   string
	RoleOf func(ctx context.Context, e *Arrival) (string, error)
}

// Arrival is a user who signs in by a provider.
type Arrival struct {
	User *core.User
	// Info is what the provider has said, after the mapping: id, email, emailVerified, name, image
	// and the extra fields. It is nil for a user who has signed in by other means, and whose
	// domain is that of a provider.
	Info map[string]any
	// Tokens are those of OpenID Connect; nil otherwise.
	Tokens   *oauth2.Tokens
	Provider *Provider
	IsNew    bool // the user was made now
}

// Provider is a provider without its secrets.
type Provider struct {
	ProviderID, Issuer, Domain string
	OrganizationID             string // "" for none
	UserID                     string // who has registered it; "default" for one of Options.Defaults
	DomainVerified             bool
	SAML                       bool // it speaks SAML, not OpenID Connect
}

// DefaultProvider is a provider of the application itself.
type DefaultProvider struct {
	ProviderID string
	// Domain finds the provider for addresses.
	Domain string
	// OIDC or SAML, not both.
	OIDC *OIDCConfig
	SAML *SAMLConfig
	// PrivateKey authenticates to the token endpoint of OIDC with "private_key_jwt".
	PrivateKey *ClientKey
}

// DomainVerification makes owners of providers prove their domains.
type DomainVerification struct {
	// Enabled adds the routes, and refuses sign-ins by providers whose domains are not proven.
	Enabled bool
	// TokenPrefix begins the names of the records, after an underscore. Default
	// "better-auth-token".
	TokenPrefix string
	// Resolver looks records up. Default: the resolver of the system.
	Resolver Resolver
}

// Resolver looks up the TXT records of a name in the DNS. Strings of one record are joined.
// *net.Resolver is one.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// SAMLRules says what SAML messages must be, beside what the standard says.
type SAMLRules struct {
	// NoInResponseTo does not ask whether a response answers a request of this server. Whoever
	// has a response of another user's can then use it, once.
	NoInResponseTo bool
	// AllowIDPInitiated accepts responses that nobody has asked for. A stranger can make a browser
	// send one, and so sign somebody in to the stranger's account.
	AllowIDPInitiated bool
	// IDPInitiatedURL is where the browser goes after such a response: a path of this site, or a
	// URL of a trusted origin. The idpInitiatedCallbackUrl of a provider comes before it. Default:
	// the callbackUrl of the provider, or the front page.
	IDPInitiatedURL string
	// RequestTTL is how long a request can be answered. Default 5 minutes.
	RequestTTL time.Duration
	// ClockSkew is how far clocks may differ. Default 5 minutes, at most 10.
	ClockSkew time.Duration
	// RequireTimestamps refuses assertions whose conditions have no times.
	RequireTimestamps bool
	// AllowDeprecated accepts SHA-1, RSA 1.5 and 3DES.
	AllowDeprecated bool
	// SignatureAlgorithms and the other lists are the only algorithms that are accepted, as URIs.
	// Default: all that are not deprecated.
	SignatureAlgorithms, DigestAlgorithms, KeyEncryptionAlgorithms, DataEncryptionAlgorithms []string
	// MaxResponse bounds a response as it is sent, and MaxMetadata metadata, in bytes. Defaults
	// 256 KiB and 100 KiB.
	MaxResponse, MaxMetadata int
	// SingleLogout adds single logout.
	SingleLogout bool
	// LogoutRequestTTL is how long a request to sign out can be answered. Default 5 minutes.
	LogoutRequestTTL time.Duration
	// UnsignedLogout accepts messages of logout without a signature: anybody can then end a session
	// whose NameID they know.
	UnsignedLogout bool
}

func (o *Options) defaults() {
	if o.MaxProviders == 0 {
		o.MaxProviders = 10
	}
	if o.Organizations.Role == "" {
		o.Organizations.Role = "member"
	}
	if o.Domains.TokenPrefix == "" {
		o.Domains.TokenPrefix = "better-auth-token"
	}
	r := &o.SAMLRules
	for _, d := range []*time.Duration{&r.RequestTTL, &r.ClockSkew, &r.LogoutRequestTTL} {
		if *d == 0 {
			*d = 5 * time.Minute
		}
	}
	if r.MaxResponse == 0 {
		r.MaxResponse = 256 << 10
	}
	if r.MaxMetadata == 0 {
		r.MaxMetadata = 100 << 10
	}
}
