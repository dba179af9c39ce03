package sso_test

import (
	"strings"
	"testing"

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
