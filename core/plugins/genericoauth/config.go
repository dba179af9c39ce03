package genericoauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

// Config describes a provider and the client's registration with it. ProviderID, ClientID
// and either DiscoveryURL or the endpoints are required.
type Config struct {
	// ProviderID is the provider's id in paths and in account rows. No two plugins may
	// have the same one. Letters, digits, hyphens and underscores.
	ProviderID string

	// DiscoveryURL is the address of a discovery document, usually the issuer and
	// "/.well-known/openid-configuration". It is fetched when it is first needed, and
	// again after an hour. Its endpoints are used where none is configured below.
	DiscoveryURL string
	// DiscoveryHeaders are sent with that request.
	DiscoveryHeaders http.Header
	// Issuer is what the callback's iss parameter (RFC 9207) and the iss of id_tokens must
	// be. Default: the issuer of the discovery document.
	Issuer string
	// RequireIssuerValidation refuses callbacks without an iss parameter. It is implied by
	// a discovery document that announces the parameter.
	RequireIssuerValidation bool
	// AuthorizationURL and TokenURL are required without DiscoveryURL.
	AuthorizationURL, TokenURL string
	// UserInfoURL is the address of the profile. It is asked when there is no id_token with
	// an address that could be verified.
	UserInfoURL string
	// JWKSURL is the address of the keys that sign id_tokens, a JWK set. Default: that of
	// the discovery document. Without either, an id_token is read only if Issuer is set.
	// Everything but its signature is then checked, because it came from TokenURL itself
	// (OpenID Connect Core 1.0, 3.1.3.7).
	JWKSURL string

	// ClientID identifies the application to the provider. Required.
	ClientID string
	// ClientSecret belongs to ClientID. A public client has none.
	ClientSecret string
	// Authentication is how the client authenticates to TokenURL. Default: in the body.
	Authentication oauth2.ClientAuth
	// RawBasic leaves id and secret of oauth2.AuthBasic unencoded, as Better Auth does.
	RawBasic bool
	// Scopes are requested in order. Default: none.
	Scopes []string
	// RedirectURI replaces the callback, which is /oauth2/callback/ and the ProviderID
	// below the base URL. /callback/ and the ProviderID, which Better Auth 1.7 uses, is a
	// callback too.
	RedirectURI string
	// ResponseType is the response_type. Default "code".
	ResponseType string
	// ResponseMode is "query" or "form_post". Default: not sent.
	ResponseMode string
	// Prompt and AccessType are sent unless they are empty.
	Prompt, AccessType string
	// NoPKCE leaves PKCE out, for a provider that refuses its parameters.
	NoPKCE bool
	// AuthorizationURLParams are added to the authorization URL. Parameters that are set
	// for each request, such as state and redirect_uri, are refused.
	AuthorizationURLParams wire.Query
	// AuthorizationURLParamsFunc returns parameters for each call of /sign-in/oauth2 and
	// /oauth2/link.
	AuthorizationURLParamsFunc func(c *core.Ctx) wire.Query
	// TokenURLParams are added to the body of requests for a code's tokens, unless they
	// are there already.
	TokenURLParams wire.Query
	// AuthorizationHeaders are added to requests to TokenURL.
	AuthorizationHeaders http.Header

	// GetToken exchanges a code in place of the request to TokenURL. x.Verifier is ""
	// with NoPKCE.
	GetToken func(ctx context.Context, x oauth2.Exchange) (*oauth2.Tokens, error)
	// GetUserInfo returns the profile in place of the id_token and UserInfoURL. nil means
	// that there is none. Set EmailVerified only if the provider has verified the address.
	GetUserInfo func(ctx context.Context, t *oauth2.Tokens) (*oauth2.Profile, error)
	// MapProfileToUser returns fields of the user for a profile, by their logical names:
	// id (the account's), name, email, image, and added fields that users can set
	// themselves. Other fields are ignored. An e-mail address that it replaces counts as not
	// verified.
	MapProfileToUser func(ctx context.Context, p *oauth2.Profile) (map[string]any, error)

	// DisableSignUp refuses users who have no account yet.
	DisableSignUp bool
	// DisableImplicitSignUp refuses users who have no account yet, unless the request has
	// requestSignUp.
	DisableImplicitSignUp bool
	// OverrideUserInfo writes name, image and address of the profile to the user on every
	// sign-in.
	OverrideUserInfo bool

	// profile is that of a preset.
	profile profileFunc
	// err is what is wrong with the options of a preset.
	err error
}

// provider is a checked Config.
type provider struct {
	*oauth.Provider
	c         Config
	auth      *core.Auth // set by Init
	discovery *discovery
}

func newProvider(c Config) (*provider, error) {
	say := func(format string, args ...any) error {
		return fmt.Errorf("provider %q: "+format, append([]any{c.ProviderID}, args...)...)
	}
	if c.err != nil {
		return nil, say("%w", c.err)
	}
	c.Scopes, c.DiscoveryHeaders = slices.Clone(c.Scopes), c.DiscoveryHeaders.Clone()
	g := &provider{c: c}
	switch {
	case c.DiscoveryURL != "":
		u, err := url.Parse(c.DiscoveryURL)
		if err != nil || !acceptable(u) {
			return nil, say("DiscoveryURL %q must be an absolute https URL", c.DiscoveryURL)
		}
		g.discovery = &discovery{provider: g, url: u}
	case c.AuthorizationURL == "" || c.TokenURL == "":
		return nil, say("set DiscoveryURL, or both AuthorizationURL and TokenURL")
	case c.UserInfoURL == "" && c.GetUserInfo == nil && c.profile == nil && c.Issuer == "":
		return nil, say("nothing says who has signed in: set DiscoveryURL, UserInfoURL, Issuer or GetUserInfo")
	}
	for _, f := range []struct{ name, raw string }{{"UserInfoURL", c.UserInfoURL}, {"JWKSURL", c.JWKSURL}} {
		if u, err := url.Parse(f.raw); f.raw != "" && (err != nil || !acceptable(u)) {
			return nil, say("%s %q must be an absolute https URL", f.name, f.raw)
		}
	}
	config, err := g.config(&document{})
	if err != nil {
		return nil, say("%w", err)
	}
	if g.discovery != nil {
		config.Resolve, config.Discovered = g.discovery.resolve, true
	}
	g.Provider, err = oauth.NewProvider(config)
	return g, err
}

// acceptable tells a URL to which secrets may be sent: by TLS, or within this machine in
// development.
func acceptable(u *url.URL) bool {
	return u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http" && onThisMachine(u))
}

func onThisMachine(u *url.URL) bool {
	h := u.Hostname()
	return h == "localhost" || h == "127.0.0.1" || h == "::1"
}

// config describes the provider to the engine. What is configured comes before what the
// document says.
func (g *provider) config(d *document) (oauth.Config, error) {
	c := g.c
	pick := func(configured, found string) string {
		if configured != "" {
			return configured
		}
		return found
	}
	userInfo := pick(c.UserInfoURL, d.UserInfo)
	read := c.profile
	if read == nil {
		read = standardProfile(userInfo)
	}
	out := oauth.Config{
		Config: oauth2.Config{
			ID: c.ProviderID, ClientID: c.ClientID, ClientSecret: c.ClientSecret, Auth: c.Authentication, RawBasic: c.RawBasic,
			AuthorizeURL: pick(c.AuthorizationURL, d.Authorization), TokenURL: pick(c.TokenURL, d.Token), RedirectURI: c.RedirectURI,
			Scopes: c.Scopes, NoPKCE: c.NoPKCE, ResponseType: c.ResponseType, ResponseMode: c.ResponseMode, Prompt: c.Prompt, AccessType: c.AccessType,
			LoginHintParam: "login_hint", TokenHeader: c.AuthorizationHeaders, Issuer: pick(c.Issuer, d.Issuer), NoIDTokenSignIn: true,
			Profile: g.profile(read),
		},
		DisableSignUp: c.DisableSignUp, DisableImplicitSignUp: c.DisableImplicitSignUp, OverrideUserInfo: c.OverrideUserInfo,
		RequireIssuer: c.RequireIssuerValidation || d.SendsIssuer,
		CallbackPath:  "/oauth2/callback/" + c.ProviderID,
	}
	if len(c.AuthorizationURLParams) > 0 {
		if out.AuthorizeURL == "" {
			out.Params = c.AuthorizationURLParams // to be checked
		} else {
			out.AuthorizeURL = withParams(out.AuthorizeURL, c.AuthorizationURLParams)
		}
	}
	if len(c.TokenURLParams) > 0 {
		out.EditToken = g.addParams
	}
	if c.GetToken != nil {
		out.ExchangeCode = func(ctx context.Context, _ *http.Client, _ *oauth2.Provider, x oauth2.Exchange) (*oauth2.Tokens, error) {
			return c.GetToken(ctx, x)
		}
	}
	verify, err := g.verifier(pick(c.JWKSURL, d.JWKS), out.Issuer, d.Algorithms)
	out.VerifyIDToken = verify
	return out, err
}

type verifyFunc = func(ctx context.Context, c *http.Client, p *oauth2.Provider, token, nonce string) (oauth2.Claims, error)

// verifier is nil when id_tokens cannot be verified. They are not read then.
func (g *provider) verifier(keysURL, issuer string, algorithms []string) (verifyFunc, error) {
	if issuer == "" || g.c.GetUserInfo != nil || g.c.profile != nil || g.c.DiscoveryURL != "" && keysURL == "" {
		return nil, nil
	}
	if algorithms = asymmetric(algorithms); len(algorithms) == 0 {
		return nil, nil
	}
	o := idtoken.Options{Issuers: []string{issuer}, Algorithms: algorithms, Clock: g.now, FromTokenEndpoint: keysURL == ""}
	if keysURL != "" {
		keys, err := idtoken.NewKeys(keysURL, idtoken.KeysOptions{Clock: g.now})
		if err != nil {
			return nil, err
		}
		o.Keys = keys
	}
	v, err := idtoken.New(o)
	if err != nil {
		return nil, err
	}
	return v.Verify, nil
}

// asymmetric are those of a document's algorithms that a key set can verify. A document
// that names none means RS256, as OpenID Connect has it.
func asymmetric(algorithms []string) []string {
	if len(algorithms) == 0 {
		return []string{"RS256"}
	}
	known := []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
	return slices.DeleteFunc(slices.Clone(algorithms), func(a string) bool { return !slices.Contains(known, a) })
}

func (g *provider) addParams(r *oauth2.TokenRequest) error {
	if r.Grant != oauth2.GrantCode {
		return nil
	}
	for _, p := range g.c.TokenURLParams {
		if _, there := r.Form.Get(p.Name); !there {
			r.Form = append(r.Form, p)
		}
	}
	return nil
}

func withParams(raw string, q wire.Query) string {
	u, err := url.Parse(raw)
	if err != nil {
		return raw // oauth2.New refuses it
	}
	u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+q.Encode(), "&")
	return u.String()
}

var errNoUserInfo = errors.New("genericoauth: the provider has no userinfo endpoint, and no id_token that can be verified")
