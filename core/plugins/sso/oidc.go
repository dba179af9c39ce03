package sso

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/validate"
)

// defaultScopes are requested when neither the request nor the provider says any.
var defaultScopes = []string{"openid", "email", "profile", "offline_access"}

// algorithms are those that a key set can verify.
var algorithms = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}

// keySets keeps the key sets of issuers by their addresses, so that not every sign-in asks for
// one. Whoever registers a provider decides an address, so their number is bounded.
type keySets struct {
	mu   sync.Mutex
	sets map[keySet]*idtoken.Keys
}

type keySet struct {
	address       string
	ofApplication bool
}

const maxKeySets = 1000

func newKeySets() *keySets { return &keySets{sets: map[keySet]*idtoken.Keys{}} }

func (k *keySets) at(s keySet, o idtoken.KeysOptions) (*idtoken.Keys, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if found, ok := k.sets[s]; ok {
		return found, nil
	}
	made, err := idtoken.NewKeys(s.address, o)
	if err != nil {
		return nil, err
	}
	evict(k.sets, maxKeySets)
	k.sets[s] = made
	return made, nil
}

// issuer is the iss of a provider's tokens, exactly. A document may have told the slash at the end
// that whoever registered the provider has left out.
func (pr *provider) issuer() string {
	if found := pr.oidc.Issuer; found != "" && strings.TrimSuffix(found, "/") == strings.TrimSuffix(pr.Issuer, "/") {
		return found
	}
	return pr.Issuer
}

// client describes a provider to the engine. discovered says that endpoints may still be missing.
func (p *Plugin) client(pr *provider, discovered bool) (*oauth.Provider, error) {
	o := pr.oidc
	c := oauth.Config{
		Config: oauth2.Config{
			ID: pr.ProviderID, ClientID: o.ClientID, ClientSecret: o.ClientSecret, AuthorizeURL: o.AuthorizationEndpoint, TokenURL: o.TokenEndpoint,
			Scopes: o.Scopes, NoPKCE: o.NoPKCE, LoginHintParam: "login_hint", Issuer: pr.issuer(), NoIDTokenSignIn: true,
			Profile: p.profile(pr),
		},
		DisableImplicitSignUp: p.opts.DisableImplicitSignUp, OverrideUserInfo: o.OverrideUserInfo, Method: Method, NoRelay: true, Untrusted: !pr.isDefault, Client: p.httpClient(pr.isDefault),
	}
	if len(c.Scopes) == 0 {
		c.Scopes = defaultScopes
	}
	if o.TokenEndpointAuthentication != "client_secret_post" && o.ClientSecret != "" {
		c.Auth = oauth2.AuthBasic
	}
	if o.ClientSecret == "" {
		c.Auth = oauth2.AuthNone
	}
	if o.TokenEndpointAuthentication == authPrivateKey {
		c.Auth, c.ClientSecret, c.Secret = oauth2.AuthAssertion, "", p.assertion(pr)
	}
	if discovered && o.incomplete() {
		c.Discovered, c.AuthorizeURL, c.TokenURL = true, "", ""
		return oauth.NewProvider(c)
	}
	if o.JWKSEndpoint != "" {
		keys, err := p.keys.at(keySet{o.JWKSEndpoint, pr.isDefault}, idtoken.KeysOptions{Clock: p.auth.Now})
		if err != nil {
			return nil, err
		}
		v, err := idtoken.New(idtoken.Options{Keys: keys, Issuers: []string{c.Issuer}, Algorithms: algorithms, Clock: p.auth.Now})
		if err != nil {
			return nil, err
		}
		c.VerifyIDToken = v.Verify
	}
	return oauth.NewProvider(c)
}

// ready is client for a provider whose endpoints are discovered where they are missing.
func (p *Plugin) ready(c *core.Ctx, pr *provider) (*oauth.Provider, error) {
	if pr.oidc.incomplete() {
		found, err := p.discover(c, pr.Issuer, *pr.oidc, pr.isDefault, p.recent)
		if err != nil {
			p.auth.Logger().WarnContext(c, "sign-in with a provider: its endpoints cannot be discovered", "provider", pr.ProviderID, "error", err)
			return nil, err
		}
		pr.oidc = found
	} else if !pr.isDefault {
		// A Better Auth server may have stored what would be refused here.
		if err := p.checkEndpoints(c, pr.oidc); err != nil {
			return nil, err
		}
	}
	return p.client(pr, false)
}

// profile reads who has signed in: from the userinfo endpoint, or from the verified id_token where
// there is none.
func (p *Plugin) profile(pr *provider) func(context.Context, *http.Client, *oauth2.Provider, oauth2.ProfileRequest) (*oauth2.Profile, error) {
	return func(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
		claims := r.IDToken
		// What was asked for openid answers with an id_token: with its signature and its nonce it is what
		// ties the answer to this flow. A Better Auth server that shares the database does without.
		if claims == nil && !p.compat() && pr.oidc.openID() {
			return nil, errNoIDToken
		}
		if pr.oidc.UserInfoEndpoint != "" {
			found, err := oauth2.UserInfo(ctx, c, pr.oidc.UserInfoEndpoint, r.Tokens, nil)
			if err != nil {
				return nil, err
			}
			if r.IDToken != nil && !p.compat() && found.ID("sub") == "" {
				return nil, errNoSubject
			}
			claims = found
		}
		if claims == nil {
			return nil, errNoProfile
		}
		m := pr.oidc.Mapping
		email := claims.String(or(m.Email, "email"))
		if !validate.Email(email) {
			email = ""
		}
		return &oauth2.Profile{
			ID: claims.ID(or(m.ID, "sub")), Email: email, Name: claims.String(or(m.Name, "name")), Image: claims.String(or(m.Image, "picture")),
			EmailVerified: p.believes(pr, email) && claims.Bool(or(m.EmailVerified, "email_verified")), Raw: claims,
		}, nil
	}
}

// believes reports whether a provider's word counts that an address is verified: the application
// trusts such words, and the provider is its own or has proven the domain. Otherwise whoever
// registers a provider could be anybody at another one, for the next who proves the address.
func (p *Plugin) believes(pr *provider, email string) bool {
	return p.opts.TrustEmailVerified && (pr.isDefault || pr.vouches(email))
}

var (
	errNoIDToken = &oauth2.Error{Code: oauth2.CodeBadAnswer, Description: "the provider was asked for openid, and no id_token came"}
	errNoSubject = &oauth2.Error{Code: oauth2.CodeBadAnswer, Description: "the userinfo endpoint has not said the sub"}
)

// openID reports whether a provider is asked for an id_token.
func (o *OIDCConfig) openID() bool { return len(o.Scopes) == 0 || slices.Contains(o.Scopes, "openid") }

var errNoProfile = &oauth2.Error{Code: oauth2.CodeBadAnswer, Description: "the provider has no userinfo endpoint, and no id_token came"}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// info is what the application is told of a profile.
func (pr *provider) info(profile *oauth2.Profile) map[string]any {
	out := map[string]any{}
	for name, claim := range pr.oidc.Mapping.ExtraFields {
		if v, ok := profile.Raw[claim]; ok {
			out[name] = v
		}
	}
	out["id"], out["email"], out["emailVerified"], out["name"], out["image"] = profile.ID, profile.Email, profile.EmailVerified, profile.Name, profile.Image
	return out
}

// redirectURI is where a provider of OpenID Connect sends the browser back.
func (p *Plugin) redirectURI(c *core.Ctx, providerID string) string {
	o := strings.TrimSpace(p.opts.RedirectURI)
	if o == "" {
		return c.BaseURL() + callbackPath + "/" + providerID
	}
	if u, err := url.Parse(o); err == nil && u.IsAbs() {
		return o
	}
	return c.BaseURL() + "/" + strings.TrimPrefix(o, "/")
}

func (p *Plugin) shared() bool { return strings.TrimSpace(p.opts.RedirectURI) != "" }
