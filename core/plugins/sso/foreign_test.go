package sso_test

import (
	"context"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

// Where domains are proven, a tenant's provider speaks for its own alone.
func TestForeignAddresses(t *testing.T) {
	t.Parallel()
	t.Run("LNK-01 one tenant makes a user with another's address", func(t *testing.T) {
		t.Parallel()
		w := open(t, settings{proven: true, sso: sso.Options{TrustEmailVerified: true}})
		evil, owner := w.signUp(t, "evil@evil.test"), w.signUp(t, "admin@acme.test")
		w.register(t, evil, w.newOIDC("evil"))
		w.prove(t, evil, "evil", "evil.test")
		w.register(t, owner, w.newOIDC("acme"))
		w.prove(t, owner, "acme", "acme.test")
		c, users := w.Client(), w.count(t, core.ModelUser)
		wantRedirect(t, c.Get(w.arrive(t, c, "evil", idptest.User{ID: "666", Name: "Mallory", Email: ada.Email, EmailVerified: true})), "/sorry", "email outside of domain")
		alive(t, c, false)
		if n := w.count(t, core.ModelUser); n != users {
			t.Fatalf("%d users were made", n-users)
		}
		victim := w.Client()
		wantRedirect(t, victim.Get(w.arrive(t, victim, "acme", ada)), "/welcome", "")
	})
	t.Run("LNK-01 one tenant changes a user's address to another's", func(t *testing.T) {
		t.Parallel()
		w := open(t, settings{proven: true})
		evil := w.signUp(t, "evil@evil.test")
		w.register(t, evil, w.newOIDC("evil", body{"overrideUserInfo": true}))
		w.prove(t, evil, "evil", "evil.test")
		who := idptest.User{ID: "666", Name: "Mallory", Email: "mallory@evil.test"}
		c := w.Client()
		wantRedirect(t, c.Get(w.arrive(t, c, "evil", who)), "/welcome", "")
		who.Email = "mallory@mail.evil.test"
		wantRedirect(t, c.Get(w.arrive(t, c, "evil", who)), "/dashboard", "")
		w.user(t, who.Email)
		who.Email = ada.Email
		d := w.Client()
		wantRedirect(t, d.Get(w.arrive(t, d, "evil", who)), "/sorry", "email outside of domain")
		alive(t, d, false)
		w.user(t, "mallory@mail.evil.test")
	})
	t.Run("SAM-28 a response with another's address", func(t *testing.T) {
		t.Parallel()
		w := open(t, settings{proven: true, sso: sso.Options{SAML: fake{}}})
		admin := w.signUp(t, "admin@acme.test")
		w.register(t, admin, newSAML("acme"))
		w.prove(t, admin, "acme", "acme.test")
		c := w.Client()
		b := beginSAML(t, c)
		a := post(c, acs, "SAMLResponse", w.response(b, func(r *fakeResponse) { r.Attributes["mail"] = []string{"ada@elsewhere.test"} }), "RelayState", b.relay)
		wantRedirect(t, a, "/sorry", "email_outside_of_domain")
		alive(t, c, false)
	})
	t.Run("a provider of the application", func(t *testing.T) {
		t.Parallel()
		w := open(t, settings{proven: true, sso: sso.Options{Defaults: []sso.DefaultProvider{{
			ProviderID: "corp", Domain: "corp.test", OIDC: &sso.OIDCConfig{Issuer: "https://acme.example", ClientID: "client", ClientSecret: "secret-of-the-client"}}}}})
		c := w.Client()
		wantRedirect(t, c.Get(w.arrive(t, c, "corp", ada)), "/welcome", "")
	})
}

// The application trusts an id when it has registered the provider itself. A row of the table may
// have the id from before.
func TestTrustByName(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"the list", "the function"} {
		t.Run("OID-08 LNK-01 an id that is trusted later, by "+kind, func(t *testing.T) {
			t.Parallel()
			var trusted []string
			w := open(t, settings{core: func(o *core.Options) {
				if kind == "the list" {
					o.Account.Linking.TrustedProviders = []string{"acme"}
				} else {
					o.Account.Linking.TrustedProvidersFunc = func(context.Context, *core.Request) ([]string, error) { return trusted, nil }
				}
			}})
			w.signUp(t, ada.Email)
			w.verify(t, ada.Email)
			w.insert(t, "acme", w.userID(t, ada.Email))
			trusted = []string{"acme"}
			c := w.Client()
			wantRedirect(t, c.Get(w.arrive(t, c, "acme", ada)), "/sorry", "account not linked")
		})
	}
}

// A row whose id is another way to sign in by now has nothing of its accounts.
func TestIDOfAnotherWay(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"acme", "google"} { // one that is configured, and one that could be
		t.Run("OID-08 a row with the id "+id, func(t *testing.T) {
			t.Parallel()
			w := open(t, settings{social: true})
			owner := w.signUp(t, "owner@acme.test")
			w.signUp(t, ada.Email)
			w.insert(t, id, w.userID(t, "owner@acme.test"))
			if _, err := w.Auth.Store().CreateAccount(t.Context(), core.Account{UserID: w.userID(t, ada.Email), ProviderID: id, AccountID: "1001"}); err != nil {
				t.Fatal(err)
			}
			w.Client().Post("/sign-in/sso", with(body{"providerId": id})).Want(t, 404, "SSO_PROVIDER_NOT_FOUND")
			w.Client().Post("/sign-in/sso", with(body{"domain": id + ".test"})).Want(t, 404, "SSO_PROVIDER_NOT_FOUND")
			owner.Post("/sso/delete-provider", body{"providerId": id}).Want(t, 200, "")
			if _, err := w.Auth.Store().FindAccount(t.Context(), id, "1001"); err != nil {
				t.Fatalf("the account is gone: %v", err)
			}
		})
	}
}
