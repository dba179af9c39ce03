package conformancetest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/social"
)

// TestSSO: a user registers the provider by its issuer, others sign in through it, and all requests
// go through the guarded client.
func TestSSO(t *testing.T) {
	t.Parallel()
	z := start(t)
	allow := func(hosts ...string) *site {
		return &site{authtest.New(t, func(_ *authtest.Env, o *core.Options) {
			o.Clock = time.Now // the provider has no other clock
			o.TrustedOrigins = []string{z.url}
			o.GuardedHTTP.Allow, o.GuardedHTTP.AllowHTTP = hosts, true
		}, emailpassword.New(emailpassword.Options{}), social.New(), sso.New(sso.Options{})), z}
	}
	register := func(s *site) *authtest.Answer {
		admin := s.Client()
		admin.Post("/sign-up/email", map[string]any{"name": "Admin", "email": "admin@example.org", "password": password}).Want(t, http.StatusOK, "")
		return admin.Post("/sso/register", map[string]any{"providerId": "zitadel", "issuer": z.url, "domain": "example.com",
			"oidcConfig": map[string]any{"clientId": clientID, "clientSecret": clientSecret}})
	}
	register(allow()).Want(t, http.StatusBadRequest, "discovery_private_host")

	s := allow("127.0.0.1")
	register(s).Want(t, http.StatusOK, "")
	for _, name := range []string{"ada", "grace", "ada"} {
		c := s.Client()
		address := c.Post("/sign-in/sso", map[string]any{"email": name + "@example.com", "callbackURL": "/dashboard", "errorCallbackURL": "/sorry"}).Want(t, http.StatusOK, "").JSON("url")
		if to, _ := c.Get("/sso/callback/zitadel?" + s.visit(t, address, name).Encode()).Location(); to != "/dashboard" {
			t.Fatalf("%s is sent to %s: %s", name, to, s.Log)
		}
		if a := c.Get("/get-session").Want(t, http.StatusOK, ""); a.JSON("user", "email") != name+"@example.com" || a.JSON("user", "emailVerified") != "false" {
			t.Fatalf("%s", a.Body)
		}
	}
	if n := s.keySets.Load(); n != 1 {
		t.Errorf("the keys were fetched %d times", n)
	}
}

// TestSSOByKey: the provider is registered without a secret, and takes what a key has signed.
func TestSSOByKey(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p256, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		key  sso.ClientKey
		kid  string // that the provider knows
		want string
	}{
		{name: "RS256", key: sso.ClientKey{Signer: rsaKey, IssuerAudience: true}, kid: "k1", want: "/dashboard"},
		{name: "PS256", key: sso.ClientKey{Signer: rsaKey, Algorithm: "PS256", IssuerAudience: true}, kid: "k1", want: "/dashboard"},
		{name: "ES256", key: sso.ClientKey{Signer: p256, IssuerAudience: true}, kid: "k1", want: "/dashboard"},
		{name: "a key that is not known", key: sso.ClientKey{Signer: p256, IssuerAudience: true}, kid: "k2", want: "/sorry"},
		{name: "for the token endpoint, which this provider does not take", key: sso.ClientKey{Signer: p256}, kid: "k1", want: "/sorry"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			z := start(t)
			z.known = jose.JSONWebKey{Key: test.key.Signer.Public(), KeyID: test.kid}
			s := &site{authtest.New(t, func(_ *authtest.Env, o *core.Options) {
				o.Clock = time.Now
				o.TrustedOrigins = []string{z.url}
				o.GuardedHTTP.Allow, o.GuardedHTTP.AllowHTTP = []string{"127.0.0.1"}, true
			}, emailpassword.New(emailpassword.Options{}), social.New(), sso.New(sso.Options{PrivateKey: func(_ context.Context, pr *sso.Provider, id string) (*sso.ClientKey, error) {
				if pr.ProviderID != "zitadel" || id != "k1" {
					return nil, nil
				}
				return &test.key, nil
			}})), z}
			admin := s.Client()
			admin.Post("/sign-up/email", map[string]any{"name": "Admin", "email": "admin@example.org", "password": password}).Want(t, http.StatusOK, "")
			admin.Post("/sso/register", map[string]any{"providerId": "zitadel", "issuer": z.url, "domain": "example.com",
				"oidcConfig": map[string]any{"clientId": keyedID, "tokenEndpointAuthentication": "private_key_jwt", "privateKeyId": "k1"}}).Want(t, http.StatusOK, "")
			c := s.Client()
			address := c.Post("/sign-in/sso", map[string]any{"email": "ada@example.com", "callbackURL": "/dashboard", "errorCallbackURL": "/sorry"}).Want(t, http.StatusOK, "").JSON("url")
			to, _ := c.Get("/sso/callback/zitadel?" + s.visit(t, address, "ada").Encode()).Location()
			if to, _, _ = strings.Cut(to, "?"); to != test.want {
				t.Fatalf("sent to %s, want %s: %s", to, test.want, s.Log)
			}
		})
	}
}
