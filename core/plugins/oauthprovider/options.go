package oauthprovider

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
	"github.com/advantch/kernia-go/core/ratelimit"
)

// Asked is what a question about a user who is being authorized knows.
type Asked = oauthserver.Asked

// TokenAsk is what a question about the claims of a token knows.
type TokenAsk = oauthserver.TokenAsk

// Options configures the plugin. The zero value is Better Auth's default, with pages of the
// plugin in the place of the application's. Lifetimes are whole seconds.
type Options struct {
	// Scopes are those that clients may ask for. Default openid, profile, email and
	// offline_access. A server without openid is an OAuth server alone.
	Scopes []string
	// AdvertisedScopes and AdvertisedClaims are listed in the documents of discovery
	// (advertisedMetadata). Default: all scopes, and the claims that the scopes give.
	AdvertisedScopes, AdvertisedClaims []string
	// GrantTypes are the grants. Default authorization_code, client_credentials and
	// refresh_token.
	GrantTypes []string
	// ValidAudiences are the services for which clients may ask tokens (RFC 8707). Default:
	// the base URL.
	ValidAudiences []string
	// ClientCredentialScopes are those of a client's own token when it asks for none
	// (clientCredentialGrantDefaultScopes). Scopes of users are never among them.
	ClientCredentialScopes []string

	// CodeExpiresIn is the life of authorization codes and of the pages' queries. Default 10
	// minutes.
	CodeExpiresIn time.Duration
	// AccessTokenExpiresIn and M2MAccessTokenExpiresIn are the lives of access tokens for a
	// user and for a client itself. Default an hour.
	AccessTokenExpiresIn, M2MAccessTokenExpiresIn time.Duration
	// RefreshTokenExpiresIn is the life of refresh tokens. Default 30 days.
	RefreshTokenExpiresIn time.Duration
	// IDTokenExpiresIn is the life of id_tokens. Default 10 hours.
	IDTokenExpiresIn time.Duration
	// ScopeExpirations shorten the life of access tokens with a scope.
	ScopeExpirations map[string]time.Duration

	// LoginPage, ConsentPage and the other pages are paths or URLs of the application. They
	// get the request in their query, signed, and pass it on as oauth_query. Default: plain
	// pages of the plugin; that of LoginPage needs the plugin email-password.
	LoginPage, ConsentPage, SelectAccountPage, SignUpPage string
	// PostLoginPage is shown after the sign-in when ShouldPostLogin says so, for example to
	// choose an organization (postLogin.page, postLogin.shouldRedirect).
	PostLoginPage   string
	ShouldPostLogin func(ctx context.Context, a Asked) (bool, error)
	// ConsentReference returns what a consent is for besides the user, such as the active
	// organization (postLogin.consentReferenceId).
	ConsentReference func(ctx context.Context, a Asked) (string, error)
	// AskNativeClients shows the page of consent each time for public clients at a loopback
	// address or a private scheme, which any application on the user's device can pretend to
	// be (RFC 8252 8.6). Default: an earlier consent counts, as in Better Auth.
	AskNativeClients bool
	// ShouldSelectAccount and ShouldSignUp show their pages without a prompt of the client
	// (selectAccount.shouldRedirect, signup.shouldRedirect). ShouldSignUp may name a page.
	ShouldSelectAccount func(ctx context.Context, a Asked) (bool, error)
	ShouldSignUp        func(ctx context.Context, a Asked) (page string, yes bool, err error)

	// AllowDynamicClientRegistration opens /oauth2/register to signed-in users, and
	// AllowUnauthenticatedClientRegistration to everybody, for public clients.
	AllowDynamicClientRegistration, AllowUnauthenticatedClientRegistration bool
	// RegistrationDefaultScopes are those of a registration that names none, and
	// RegistrationAllowedScopes those that it may name. Default: Scopes.
	RegistrationDefaultScopes, RegistrationAllowedScopes []string
	// RegistrationSecretExpiresIn is the life of secrets of registered clients. Default: for ever.
	RegistrationSecretExpiresIn time.Duration
	// AllowPublicClientPrelogin opens /oauth2/public-client-prelogin, for login pages that show
	// the client.
	AllowPublicClientPrelogin bool
	// ClientPrivileges says whether a user may do something with clients: "create", "read",
	// "list", "update", "delete" or "rotate". Default: everybody, with clients of their own.
	ClientPrivileges func(ctx context.Context, action string, s *core.SessionData) (bool, error)
	// ClientReference returns who owns the clients that a user creates in place of the user,
	// such as the active organization.
	ClientReference func(ctx context.Context, s *core.SessionData) (string, error)

	// StoreClientSecret keeps secrets: SecretHashed (default), or SecretEncrypted with
	// DisableJWTPlugin. HashClientSecret and the pair of EncryptClientSecret and
	// DecryptClientSecret keep them in a way of your own.
	StoreClientSecret                        SecretStorage
	HashClientSecret                         func(ctx context.Context, secret string) (string, error)
	EncryptClientSecret, DecryptClientSecret func(ctx context.Context, text string) (string, error)
	// HashToken makes what is kept of a token. kind is "access_token", "refresh_token" or
	// "authorization_code". Default: its SHA-256 in base64url.
	HashToken func(ctx context.Context, token, kind string) (string, error)
	// ClientSecretPrefix, AccessTokenPrefix and RefreshTokenPrefix begin what is given out, so
	// that scanners of source code find it.
	ClientSecretPrefix, AccessTokenPrefix, RefreshTokenPrefix string
	// GenerateClientID and the other generators make random texts of your own.
	GenerateClientID, GenerateClientSecret, GenerateAccessToken, GenerateRefreshToken func(ctx context.Context) (string, error)
	// EncodeRefreshToken and DecodeRefreshToken change what is given out as a refresh token
	// (formatRefreshToken).
	EncodeRefreshToken func(ctx context.Context, token, sessionID string) (string, error)
	DecodeRefreshToken func(ctx context.Context, token string) (string, error)

	// DisableJWTPlugin signs id_tokens with the client's secret (HS256), and makes opaque
	// access tokens only. The plugin jwt is not needed then.
	DisableJWTPlugin bool
	// PairwiseSecret lets clients ask for subjects of their own (subject_type pairwise). At
	// least 32 characters. Never change it: the subjects would change.
	PairwiseSecret string

	// PrivateKeyJWT lets clients authenticate with a key of their own, without a secret
	// (RFC 7523). They register jwks, or a jwks_uri on the public internet.
	PrivateKeyJWT bool
	// AssertionMaxLifetime is for how long what such a client signs may be valid. Default 5
	// minutes.
	AssertionMaxLifetime time.Duration
	// DPoP binds tokens to a key of the client when it sends a proof (RFC 9449), so that
	// whoever steals a token cannot use it. Clients that register dpop_bound_access_tokens
	// get no others.
	DPoP bool
	// DPoPProofMaxAge is for how long a proof counts. Default 5 minutes.
	DPoPProofMaxAge time.Duration
	// DPoPAlgorithms sign proofs. Default EdDSA, ES256, ES512, PS256 and RS256.
	DPoPAlgorithms []string
	// BackChannelLogout tells clients that have registered a backchannel_logout_uri when a
	// session of their user ends (OpenID Connect Back-Channel Logout 1.0). It needs the plugin
	// jwt.
	BackChannelLogout bool

	// CustomAccessTokenClaims, CustomIDTokenClaims, CustomUserInfoClaims and
	// CustomTokenResponseFields add members. They cannot replace those of the protocols.
	CustomAccessTokenClaims, CustomIDTokenClaims, CustomUserInfoClaims, CustomTokenResponseFields func(ctx context.Context, a TokenAsk) (map[string]any, error)
	// RequestURIResolver returns the parameters that a request_uri stands for, or nil.
	RequestURIResolver func(ctx context.Context, requestURI, clientID string) (url.Values, error)

	// RateLimit replaces the rules of the routes.
	RateLimit RateLimits
	// Tables are the names of tables in the database, by model. Columns are those of columns,
	// by model and field.
	Tables  map[string]string
	Columns map[string]map[string]string
}

// RateLimits are rules of routes. A zero rule is the default; NoLimit is none.
type RateLimits struct {
	Token      ratelimit.Rule // 20 in a minute
	Authorize  ratelimit.Rule // 30
	Introspect ratelimit.Rule // 100
	Revoke     ratelimit.Rule // 30
	Register   ratelimit.Rule // 5
	UserInfo   ratelimit.Rule // 60
}

// NoLimit leaves a route without a rule of its own.
var NoLimit = ratelimit.Rule{Max: -1}

// SecretStorage says how client secrets are kept.
type SecretStorage string

// The ways to keep client secrets.
const (
	SecretHashed    SecretStorage = "hashed"
	SecretEncrypted SecretStorage = "encrypted"
)

// maxSecret is the least length of Options.PairwiseSecret.
const minPairwise = 32

func (o *Options) defaults(base string) {
	if o.Scopes == nil {
		o.Scopes = []string{oauthserver.ScopeOpenID, oauthserver.ScopeProfile, oauthserver.ScopeEmail, oauthserver.ScopeOffline}
	}
	if o.GrantTypes == nil {
		o.GrantTypes = []string{oauthserver.GrantCode, oauthserver.GrantCredentials, oauthserver.GrantRefresh}
	}
	if o.AdvertisedScopes == nil {
		o.AdvertisedScopes = o.Scopes
	}
	if o.AdvertisedClaims == nil {
		o.AdvertisedClaims = []string{"sub", "iss", "aud", "exp", "iat", "sid", "scope", "azp"}
		if slices.Contains(o.Scopes, oauthserver.ScopeEmail) {
			o.AdvertisedClaims = append(o.AdvertisedClaims, "email", "email_verified")
		}
		if slices.Contains(o.Scopes, oauthserver.ScopeProfile) {
			o.AdvertisedClaims = append(o.AdvertisedClaims, "name", "picture", "family_name", "given_name")
		}
	}
	o.CodeExpiresIn = cmp.Or(o.CodeExpiresIn, 10*time.Minute)
	o.AccessTokenExpiresIn = cmp.Or(o.AccessTokenExpiresIn, time.Hour)
	o.M2MAccessTokenExpiresIn = cmp.Or(o.M2MAccessTokenExpiresIn, time.Hour)
	o.RefreshTokenExpiresIn = cmp.Or(o.RefreshTokenExpiresIn, 30*24*time.Hour)
	o.IDTokenExpiresIn = cmp.Or(o.IDTokenExpiresIn, 10*time.Hour)
	if o.StoreClientSecret == "" {
		o.StoreClientSecret = SecretHashed
		if o.DisableJWTPlugin {
			o.StoreClientSecret = SecretEncrypted
		}
	}
	o.AssertionMaxLifetime = cmp.Or(o.AssertionMaxLifetime, 5*time.Minute)
	o.DPoPProofMaxAge = cmp.Or(o.DPoPProofMaxAge, 5*time.Minute)
	if o.DPoPAlgorithms == nil {
		o.DPoPAlgorithms = oauthserver.ProofAlgorithms
	}
	o.LoginPage = cmp.Or(o.LoginPage, base+loginPath)
	o.ConsentPage = cmp.Or(o.ConsentPage, base+consentPath)
	o.SelectAccountPage = cmp.Or(o.SelectAccountPage, base+accountPath)
	o.SignUpPage = cmp.Or(o.SignUpPage, o.LoginPage)
	if o.RegistrationDefaultScopes != nil {
		allowed := slices.Clone(o.RegistrationAllowedScopes)
		for _, s := range o.RegistrationDefaultScopes {
			if !slices.Contains(allowed, s) {
				allowed = append(allowed, s)
			}
		}
		o.RegistrationAllowedScopes = allowed
	}
}

// check refuses invalid options, before defaults are filled in.
func (o *Options) check(env core.Env) error {
	scopes := o.Scopes
	if scopes == nil {
		scopes = []string{oauthserver.ScopeOpenID, oauthserver.ScopeProfile, oauthserver.ScopeEmail, oauthserver.ScopeOffline}
	}
	for name, list := range map[string][]string{
		"AdvertisedScopes": o.AdvertisedScopes, "RegistrationDefaultScopes": o.RegistrationDefaultScopes,
		"RegistrationAllowedScopes": o.RegistrationAllowedScopes, "ClientCredentialScopes": o.ClientCredentialScopes,
	} {
		for _, s := range list {
			if !slices.Contains(scopes, s) {
				return fmt.Errorf("Options.%s has %q, which is not in Scopes: add it there, or leave it out here", name, s)
			}
		}
	}
	for _, s := range scopes {
		if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
			return fmt.Errorf("Options.Scopes has %q: a scope is printable and has neither spaces, quotes nor backslashes", s)
		}
	}
	for s, life := range o.ScopeExpirations {
		if !slices.Contains(scopes, s) {
			return fmt.Errorf("Options.ScopeExpirations has %q, which is not in Scopes: add it there, or leave it out here", s)
		}
		if life < time.Second || life%time.Second != 0 {
			return fmt.Errorf("Options.ScopeExpirations[%q] is %v: give whole seconds, at least one", s, life)
		}
	}
	for name, life := range map[string]time.Duration{
		"CodeExpiresIn": o.CodeExpiresIn, "AccessTokenExpiresIn": o.AccessTokenExpiresIn, "M2MAccessTokenExpiresIn": o.M2MAccessTokenExpiresIn,
		"RefreshTokenExpiresIn": o.RefreshTokenExpiresIn, "IDTokenExpiresIn": o.IDTokenExpiresIn, "RegistrationSecretExpiresIn": o.RegistrationSecretExpiresIn,
		"AssertionMaxLifetime": o.AssertionMaxLifetime, "DPoPProofMaxAge": o.DPoPProofMaxAge,
	} {
		if life < 0 || life%time.Second != 0 {
			return fmt.Errorf("Options.%s is %v: give whole seconds, at least one", name, life)
		}
	}
	for _, g := range o.GrantTypes {
		if g != oauthserver.GrantCode && g != oauthserver.GrantCredentials && g != oauthserver.GrantRefresh {
			return fmt.Errorf("Options.GrantTypes has %q: it must be authorization_code, client_credentials or refresh_token", g)
		}
	}
	for _, a := range o.ValidAudiences {
		if u, err := url.Parse(a); err != nil || u.Scheme == "" || u.Fragment != "" {
			return fmt.Errorf("Options.ValidAudiences has %q: give absolute URIs without a fragment", a)
		}
	}
	for _, a := range o.DPoPAlgorithms {
		if !slices.Contains(oauthserver.ProofAlgorithms, a) {
			return fmt.Errorf("Options.DPoPAlgorithms has %q: it must be one of %s", a, strings.Join(oauthserver.ProofAlgorithms, ", "))
		}
	}
	own := o.EncryptClientSecret != nil || o.DecryptClientSecret != nil
	switch {
	case o.PairwiseSecret != "" && len(o.PairwiseSecret) < minPairwise:
		return fmt.Errorf("Options.PairwiseSecret has fewer than %d characters: make it longer", minPairwise)
	case slices.Contains(o.GrantTypes, oauthserver.GrantRefresh) && !slices.Contains(o.GrantTypes, oauthserver.GrantCode):
		return errors.New("Options.GrantTypes has refresh_token without authorization_code, from which refresh tokens come: add it")
	case o.StoreClientSecret != "" && o.StoreClientSecret != SecretHashed && o.StoreClientSecret != SecretEncrypted:
		return fmt.Errorf("Options.StoreClientSecret is %q: give oauthprovider.SecretHashed or SecretEncrypted", o.StoreClientSecret)
	case (o.EncryptClientSecret == nil) != (o.DecryptClientSecret == nil):
		return errors.New("Options.EncryptClientSecret and DecryptClientSecret belong together: set both, or neither")
	case o.HashClientSecret != nil && own:
		return errors.New("set either Options.HashClientSecret or EncryptClientSecret, not both")
	case o.DisableJWTPlugin && (o.StoreClientSecret == SecretHashed || o.HashClientSecret != nil):
		return errors.New("Options.DisableJWTPlugin signs id_tokens with client secrets, which cannot be hashed then: leave StoreClientSecret and HashClientSecret out")
	case !o.DisableJWTPlugin && (o.StoreClientSecret == SecretEncrypted || own):
		return errors.New("Options.StoreClientSecret encrypts secrets that nothing needs in clear: leave it out, so that they are hashed, or set DisableJWTPlugin")
	case o.DPoPAlgorithms != nil && len(o.DPoPAlgorithms) == 0:
		return errors.New("Options.DPoPAlgorithms is empty: name algorithms, or leave it nil")
	case o.BackChannelLogout && o.DisableJWTPlugin:
		return errors.New("Options.BackChannelLogout signs with the keys of the plugin jwt: leave DisableJWTPlugin out")
	case (o.EncodeRefreshToken == nil) != (o.DecodeRefreshToken == nil):
		return errors.New("Options.EncodeRefreshToken and DecodeRefreshToken belong together: set both, or neither")
	case (o.ShouldPostLogin == nil) != (o.PostLoginPage == ""):
		return errors.New("Options.PostLoginPage and ShouldPostLogin belong together: set both, or neither")
	case o.AllowUnauthenticatedClientRegistration && !o.AllowDynamicClientRegistration:
		return errors.New("Options.AllowUnauthenticatedClientRegistration needs AllowDynamicClientRegistration")
	case o.LoginPage == "" && !env.HasPlugin("email-password") && (o.GrantTypes == nil || slices.Contains(o.GrantTypes, oauthserver.GrantCode)):
		return errors.New("Options.LoginPage is empty, and the plugin's own page signs in with the plugin email-password: name the page of your application, or add the plugin")
	}
	return o.checkNames()
}

func (o *Options) checkNames() error {
	tables := o.tables()
	for model := range o.Tables {
		if !slices.ContainsFunc(tables, func(t tableOf) bool { return t.Model == model }) {
			return fmt.Errorf("Options.Tables names %q: the plugin has %s", model, models(tables))
		}
	}
	for model, columns := range o.Columns {
		at := slices.IndexFunc(tables, func(t tableOf) bool { return t.Model == model })
		if at < 0 {
			return fmt.Errorf("Options.Columns names %q: the plugin has %s", model, models(tables))
		}
		for name := range columns {
			if !tables[at].has(name) {
				return fmt.Errorf("Options.Columns renames %s.%s, which the table does not have", model, name)
			}
		}
	}
	return nil
}

// models names tables.
func models(tables []tableOf) string {
	var out []string
	for _, t := range tables {
		out = append(out, t.Model)
	}
	return strings.Join(out[:len(out)-1], ", ") + " and " + out[len(out)-1]
}

func (r RateLimits) rules() []ratelimit.PathRule {
	var out []ratelimit.PathRule
	for _, one := range []struct {
		path string
		rule ratelimit.Rule
		max  int
	}{
		{tokenPath, r.Token, 20}, {authorizePath, r.Authorize, 30}, {introspectPath, r.Introspect, 100},
		{revokePath, r.Revoke, 30}, {registerPath, r.Register, 5}, {userInfoPath, r.UserInfo, 60},
	} {
		rule := one.rule
		if rule == NoLimit {
			continue
		}
		if rule.Window == 0 {
			rule.Window = time.Minute
		}
		if rule.Max == 0 {
			rule.Max = one.max
		}
		out = append(out, ratelimit.PathRule{Match: []ratelimit.Match{{Exact: one.path}}, Rule: rule})
	}
	return out
}
