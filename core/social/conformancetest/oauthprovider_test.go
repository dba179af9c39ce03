package conformancetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/client/rp"
	oidcx "github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// ours is Kernia as the OpenID provider, for clients of other people.
type ours struct {
	issuer   string
	browser  *http.Client
	provider *oauthprovider.Plugin
}

func openOurs(t *testing.T) *ours {
	t.Helper()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	p := oauthprovider.New(oauthprovider.Options{PrivateKeyJWT: true})
	auth, err := core.New(core.Options{
		BaseURL: server.URL, Secret: "conformance-secret-0123456789-abcdefghijkl", Database: memory.New(),
		Plugins: []core.Plugin{emailpassword.New(emailpassword.Options{}), jwt.New(jwt.Options{}), p}, RateLimit: core.RateLimitOptions{Disabled: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	handler = nethttp.Handler(auth)
	jar, _ := cookiejar.New(nil)
	o := &ours{issuer: server.URL + "/api/auth", provider: p, browser: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	o.post(t, server.URL, "/sign-up/email", `{"name":"Ada Lovelace","email":"ada@example.com","password":"correct horse"}`)
	return o
}

func (o *ours) post(t *testing.T, origin, path, body string) string {
	t.Helper()
	req, _ := http.NewRequestWithContext(t.Context(), "POST", o.issuer+path, strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", origin)
	res, err := o.browser.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	if res.StatusCode != 200 {
		t.Fatalf("%s: %d %s", path, res.StatusCode, text)
	}
	return string(text)
}

// login opens an authorization request with a user who has agreed, and returns the answer.
func (o *ours) login(t *testing.T, address string) url.Values {
	t.Helper()
	res, err := o.browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	u, err := url.Parse(res.Header.Get("Location"))
	if err != nil || u.Query().Get("code") == "" {
		t.Fatalf("no code: %d %s", res.StatusCode, res.Header.Get("Location"))
	}
	return u.Query()
}

func (o *ours) client(t *testing.T) *oauthprovider.Client {
	t.Helper()
	c, err := o.provider.AdminCreateClient.Call(t.Context(), &oauthprovider.AdminClientInput{
		Fields: oauthprovider.Fields{RedirectURIs: []string{"https://rp.example/cb"}}, SkipConsent: new(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOurProviderWithGoOIDC(t *testing.T) {
	t.Parallel()
	o := openOurs(t)
	client := o.client(t)
	provider, err := oidc.NewProvider(t.Context(), o.issuer)
	if err != nil {
		t.Fatal(err)
	}
	config := oauth2.Config{ClientID: client.ID(), ClientSecret: client.Secret, Endpoint: provider.Endpoint(), RedirectURL: "https://rp.example/cb", Scopes: []string{"openid", "profile", "email", "offline_access"}}
	verifier := oauth2.GenerateVerifier()
	q := o.login(t, config.AuthCodeURL("state", oidc.Nonce("n-1"), oauth2.S256ChallengeOption(verifier)))
	if q.Get("state") != "state" || q.Get("iss") != o.issuer {
		t.Errorf("%v", q)
	}
	tokens, err := config.Exchange(t.Context(), q.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := tokens.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: client.ID()}).Verify(t.Context(), raw)
	if err != nil || id.Nonce != "n-1" {
		t.Fatalf("the id_token: %v %+v", err, id)
	}
	if err := id.VerifyAccessToken(tokens.AccessToken); err != nil {
		t.Errorf("at_hash: %v", err)
	}
	info, err := provider.UserInfo(t.Context(), oauth2.StaticTokenSource(tokens))
	if err != nil || info.Email != "ada@example.com" || info.Subject != id.Subject {
		t.Errorf("UserInfo: %v %+v", err, info)
	}
	fresh, err := config.TokenSource(t.Context(), &oauth2.Token{RefreshToken: tokens.RefreshToken}).Token()
	if err != nil || fresh.RefreshToken == tokens.RefreshToken {
		t.Errorf("refresh: %v", err)
	}
}

func TestOurProviderWithZitadel(t *testing.T) {
	t.Parallel()
	o := openOurs(t)
	client := o.client(t)
	party, err := rp.NewRelyingPartyOIDC(t.Context(), o.issuer, client.ID(), client.Secret, "https://rp.example/cb", []string{"openid", "email", "offline_access"},
		rp.WithSigningAlgsFromDiscovery())
	if err != nil {
		t.Fatal(err)
	}
	verifier := oauth2.GenerateVerifier()
	q := o.login(t, rp.AuthURL("state", party, rp.WithCodeChallenge(oauth2.S256ChallengeFromVerifier(verifier))))
	tokens, err := rp.CodeExchange[*oidcx.IDTokenClaims](t.Context(), q.Get("code"), party, rp.WithCodeVerifier(verifier))
	if err != nil {
		t.Fatal(err)
	}
	info, err := rp.Userinfo[*oidcx.UserInfo](t.Context(), tokens.AccessToken, "Bearer", tokens.IDTokenClaims.Subject, party)
	if err != nil || info.Email != "ada@example.com" {
		t.Errorf("UserInfo: %v %+v", err, info)
	}
	if _, err := rp.RefreshTokens[*oidcx.IDTokenClaims](t.Context(), party, tokens.RefreshToken, "", ""); err != nil {
		t.Errorf("refresh: %v", err)
	}
}

// TestOurProviderWithSSO: single sign-on of one Kernia at another, by a key in place of a secret.
func TestOurProviderWithSSO(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		key  *sso.ClientKey
		want string
	}{
		{"for the token endpoint", &sso.ClientKey{Signer: key, KeyID: "k"}, "/dashboard"},
		{"for the issuer", &sso.ClientKey{Signer: key, KeyID: "k", IssuerAudience: true}, "/dashboard"},
		{"another key", &sso.ClientKey{Signer: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), KeyID: "k"}, "/sorry"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := openOurs(t)
			var keys validate.Record
			public, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k"}}})
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := wire.Parse(public, wire.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			keys.Members, _ = parsed.Obj()
			client, err := o.provider.AdminCreateClient.Call(t.Context(), &oauthprovider.AdminClientInput{Fields: oauthprovider.Fields{
				RedirectURIs: []string{authtest.BaseURL + "/api/auth/sso/callback/ours"}, AuthMethod: new("private_key_jwt"), KeyFields: oauthprovider.KeyFields{JWKS: &keys},
			}, SkipConsent: new(true)})
			if err != nil {
				t.Fatal(err)
			}
			origin, _, _ := strings.Cut(strings.TrimPrefix(o.issuer, "http://"), "/")
			s := authtest.New(t, func(_ *authtest.Env, c *core.Options) {
				c.Clock = time.Now
				c.TrustedOrigins = []string{"http://" + origin}
				c.GuardedHTTP.Allow, c.GuardedHTTP.AllowHTTP = []string{"127.0.0.1"}, true
			}, emailpassword.New(emailpassword.Options{}), social.New(), sso.New(sso.Options{
				PrivateKey: func(context.Context, *sso.Provider, string) (*sso.ClientKey, error) { return test.key, nil },
			}))
			admin := s.Client()
			admin.Post("/sign-up/email", map[string]any{"name": "Admin", "email": "admin@example.org", "password": password}).Want(t, http.StatusOK, "")
			admin.Post("/sso/register", map[string]any{"providerId": "ours", "issuer": o.issuer, "domain": "example.com",
				"oidcConfig": map[string]any{"clientId": client.ID(), "tokenEndpointAuthentication": "private_key_jwt"}}).Want(t, http.StatusOK, "")
			c := s.Client()
			address := c.Post("/sign-in/sso", map[string]any{"providerId": "ours", "callbackURL": "/dashboard", "errorCallbackURL": "/sorry"}).Want(t, http.StatusOK, "").JSON("url")
			to, _ := c.Get("/sso/callback/ours?" + o.login(t, address).Encode()).Location()
			if to, _, _ = strings.Cut(to, "?"); to != test.want {
				t.Fatalf("sent to %s, want %s: %s", to, test.want, s.Log)
			}
		})
	}
}
