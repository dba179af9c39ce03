package sso_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/sso"
)

// Anybody may ask for the provider of a domain, however long: it costs a few statements.
func TestCostOfADomain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		proven bool
		most   int
	}{{false, 5}, {true, 10}} {
		var l statements
		w := open(t, settings{proven: test.proven, core: l.observe})
		seen := l.during(func() {
			w.Client().Post("/sign-in/sso", with(body{"domain": strings.Repeat("a.", 100) + "b.c.d.acme.test"})).Want(t, 404, "SSO_PROVIDER_NOT_FOUND")
		})
		n := 0
		for _, s := range seen {
			if strings.HasSuffix(s, " "+sso.ModelProvider) {
				n++
			}
		}
		if n == 0 || n > test.most {
			t.Errorf("domains proven %v: %d statements, want at most %d: %q", test.proven, n, test.most, seen)
		}
	}
}

func TestProviderOfADomain(t *testing.T) {
	t.Parallel()
	w := open(t, settings{proven: true})
	c := w.signUp(t, "admin@acme.test")
	w.register(t, c, w.newOIDC("above", body{"domain": "acme.test"}))
	w.register(t, c, w.newOIDC("listed", body{"domain": "other.test, eng.acme.test"}))
	w.register(t, c, w.newOIDC("twin", body{"domain": "eng.acme.test,another.test"}))
	w.register(t, c, w.newOIDC("text", body{"domain": "noteng.acme.test,more.test"}))
	find := func(domain, want string) {
		t.Helper()
		a := w.Client().Post("/sign-in/sso", with(body{"domain": domain}))
		if want == "" {
			a.Want(t, 401, "DOMAIN_NOT_VERIFIED")
			return
		}
		if a.Status != 200 || !strings.Contains(a.JSON("url"), "callback%2F"+want+"&") {
			t.Fatalf("%s: answered %d %s, want the provider %q", domain, a.Status, a.Body, want)
		}
	}
	find("x.eng.acme.test", "")
	w.prove(t, c, "above", "acme.test")
	find("x.eng.acme.test", "above") // the others have proven nothing
	w.prove(t, c, "twin", "eng.acme.test", "another.test")
	find("x.eng.acme.test", "twin")
	w.prove(t, c, "listed", "eng.acme.test", "other.test")
	find("x.eng.acme.test", "listed")
	find("acme.test", "above")
	find("noteng.acme.test", "above")
}

// A domain belongs to whoever has proven it last.
func TestNewestProof(t *testing.T) {
	t.Parallel()
	w := open(t, settings{proven: true})
	first, second := w.signUp(t, "first@acme.test"), w.signUp(t, "second@acme.test")
	w.register(t, first, w.newOIDC("old", body{"domain": "acme.test,other.test"}))
	w.register(t, first, w.newOIDC("below", body{"domain": "eng.acme.test"}))
	w.register(t, first, w.newOIDC("text", body{"domain": "notacme.test"}))
	w.prove(t, first, "old", "acme.test", "other.test")
	w.prove(t, first, "below", "eng.acme.test")
	w.prove(t, first, "text", "notacme.test")
	w.register(t, first, w.newOIDC("own", body{"domain": "acme.test"}))
	w.prove(t, first, "own", "acme.test")
	verified := func(id, want string) {
		t.Helper()
		if got := first.Get("/sso/get-provider?providerId=" + id).JSON("domainVerified"); got != want {
			t.Fatalf("%s: proven %s, want %s", id, got, want)
		}
	}
	verified("old", "true") // of the same owner
	w.register(t, second, w.newOIDC("new", body{"domain": "acme.test"}))
	verified("old", "true") // nothing is proven yet
	w.prove(t, second, "new", "acme.test")
	for id, want := range map[string]string{"old": "false", "own": "false", "below": "true", "text": "true"} {
		verified(id, want)
	}
	if n := w.events(sso.EventDomainLost); n != 2 {
		t.Fatalf("%d events", n)
	}
	w.Client().Post("/sign-in/sso", with(body{"providerId": "old"})).Want(t, 401, "DOMAIN_NOT_VERIFIED")
	w.prove(t, first, "old", "acme.test", "other.test")
	w.Client().Post("/sign-in/sso", with(body{"providerId": "new"})).Want(t, 401, "DOMAIN_NOT_VERIFIED")
}

// Nobody hides a provider from the end of its proof behind many that only contain the domain, or
// by a domain that no address is looked up for.
func TestNewestProofFindsAll(t *testing.T) {
	t.Parallel()
	w := open(t, settings{proven: true})
	first, second := w.signUp(t, "first@acme.test"), w.signUp(t, "second@acme.test")
	const deep = "a.b.c.d.e.acme.test"
	w.register(t, first, w.newOIDC("old", body{"domain": "acme.test,other.test"}))
	w.register(t, first, w.newOIDC("deep", body{"domain": deep}))
	w.prove(t, first, "old", "acme.test", "other.test")
	w.prove(t, first, "deep", deep)
	for i := range 101 {
		_, err := w.Auth.DB().Create(t.Context(), "ssoProvider", adapter.Record{
			"providerId": fmt.Sprintf("0-%03d", i), "issuer": "https://evil.example", "userId": w.userID(t, "first@acme.test"),
			"domain": fmt.Sprintf("acme.test.n%d.evil.example,n%d.evil.example", i, i), "domainVerified": true,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.register(t, second, w.newOIDC("new", body{"domain": "acme.test," + deep}))
	w.prove(t, second, "new", "acme.test", deep)
	for _, id := range []string{"old", "deep"} {
		if got := first.Get("/sso/get-provider?providerId=" + id).JSON("domainVerified"); got != "false" {
			t.Errorf("%s is still proven", id)
		}
	}
}
