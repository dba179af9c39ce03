package sso_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/oauthproxy"
	"github.com/advantch/kernia-go/core/plugins/scim"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

// A user of a social provider becomes a member of the organization that has proven the domain.
func TestJoinByDomain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name             string
		proven, verified bool
		invited          bool
		want             bool
	}{
		{"a proven domain and a verified address", true, true, false, true},
		{"ORG-17 a domain that is not proven", false, true, false, false},
		{"ORG-17 an address that is not verified", true, false, false, false},
		{"a pending invitation", true, true, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := open(t, settings{proven: true, social: true})
			owner := w.signUp(t, "owner@corp.test")
			orgID := owner.Post("/organization/create", body{"name": "Corp", "slug": "corp"}).Want(t, 200, "").JSON("id")
			w.register(t, owner, w.newOIDC("corp", body{"organizationId": orgID}))
			if test.proven {
				w.prove(t, owner, "corp", "corp.test")
			}
			if test.invited {
				owner.Post("/organization/invite-member", body{"email": "ada@corp.test", "role": "member", "organizationId": orgID}).Want(t, 200, "")
			}
			c := w.Client()
			address := c.Post("/sign-in/social", body{"provider": "acme", "callbackURL": "/home"}).Want(t, 200, "").JSON("url")
			who := idptest.User{ID: "1001", Name: "Ada", Email: "ada@corp.test", EmailVerified: test.verified}
			if to, err := url.Parse(address); err == nil {
				who.Nonce = to.Query().Get("nonce")
			}
			back := strings.TrimPrefix(idptest.Visit(t, w.idp.Client(), idptest.As(address, who)), base)
			wantRedirect(t, c.Get(back), "/home", "")
			_, err := w.org.Membership(t.Context(), w.userID(t, "ada@corp.test"), orgID)
			if err != nil && !core.IsNotFound(err) {
				t.Fatal(err)
			}
			if got := err == nil; got != test.want {
				t.Fatalf("a member: %v, want %v", got, test.want)
			}
		})
	}
}

// The directory of an organization controls users of its proven domains.
func TestDirectoryOfAProvenDomain(t *testing.T) {
	t.Parallel()
	w := open(t, settings{proven: true, more: []core.Plugin{scim.New(scim.Options{})}})
	owner := w.signUp(t, "owner@corp.test")
	orgID := owner.Post("/organization/create", body{"name": "Corp", "slug": "corp"}).Want(t, 200, "").JSON("id")
	w.register(t, owner, w.newOIDC("corp", body{"organizationId": orgID}))
	w.prove(t, owner, "corp", "corp.test")
	token := owner.Post("/scim/generate-token", body{"providerId": "corp-directory", "organizationId": orgID}).Want(t, 201, "").JSON("scimToken")
	auth := []core.HeaderField{{Name: "Authorization", Value: "Bearer " + token}, {Name: "Origin"}, {Name: "Cookie"}}
	id := w.Client().Post("/scim/v2/Users", body{"userName": "ada@corp.test"}, auth...).JSON("id")
	w.verify(t, "ada@corp.test") // so that nothing but the domain gives the directory control
	w.Client().Do("PATCH", "/scim/v2/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false}}]}`, auth...)
	if u := w.user(t, "ada@corp.test"); !u.BannedAt(w.Clock.Now()) {
		t.Fatal("the directory does not control a user of its proven domain")
	}
}

// Providers that users register come back to this server, whatever other flows do.
func TestProxyIsForOthers(t *testing.T) {
	t.Parallel()
	w := open(t, settings{more: []core.Plugin{oauthproxy.New(oauthproxy.Options{ProductionURL: "https://app.example.com"})}})
	w.register(t, w.signUp(t, "admin@acme.test"), w.newOIDC("acme"))
	c := w.Client()
	wantRedirect(t, c.Get(w.arrive(t, c, "acme", ada)), "/welcome", "")
}

// A Better Auth server that shares the database reads the secrets.
func TestStoredForBetterAuth(t *testing.T) {
	t.Parallel()
	w := open(t, settings{core: func(o *core.Options) { o.Compat = core.CompatBetterAuth }})
	w.register(t, w.signUp(t, "admin@acme.test"), w.newOIDC("acme"))
	rec, err := w.Auth.DB().FindOne(t.Context(), adapter.Find{Model: sso.ModelProvider, Where: adapter.By("providerId", "acme")})
	if err != nil {
		t.Fatal(err)
	}
	stored, _ := rec["oidcConfig"].(string)
	if got := decode(t, stored)["clientSecret"]; got != secretText {
		t.Fatalf("stored as %v", got)
	}
	c := w.Client()
	wantRedirect(t, c.Get(w.arrive(t, c, "acme", ada)), "/welcome", "")
}
