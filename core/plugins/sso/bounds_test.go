package sso_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/sso"
)

func TestLongTargets(t *testing.T) {
	t.Parallel()
	long := "/" + strings.Repeat("x", 2048)
	w := openSAML(t, settings{sso: sso.Options{SAMLRules: sso.SAMLRules{SingleLogout: true}}})
	w.register(t, w.signUp(t, "oidc@acme.test"), w.newOIDC("oidc"))
	before := w.count(t, core.ModelVerification)
	for _, id := range []string{"acme", "oidc"} {
		for _, name := range []string{"callbackURL", "errorCallbackURL", "newUserCallbackURL"} {
			w.Client().Post("/sign-in/sso", with(body{"providerId": id, name: long})).Want(t, 400, "CALLBACK_URL_TOO_LONG")
		}
	}
	w.signUp(t, "x@acme.test").Post("/sso/saml2/logout/acme", body{"callbackURL": long}).Want(t, 400, "CALLBACK_URL_TOO_LONG")
	if n := w.count(t, core.ModelVerification); n != before {
		t.Fatalf("%d values were stored", n-before)
	}
	w.Client().Post("/sign-in/sso", with(body{"providerId": "acme", "callbackURL": long[:2048]})).Want(t, 200, "")
}

// What must be remembered so that it is used once has an end.
func TestLongLives(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		life time.Duration
		code string
	}{{"a day", 24 * time.Hour, ""}, {"two days", 48 * time.Hour, "invalid_saml_response"}, {"a century", 100 * 365 * 24 * time.Hour, "invalid_saml_response"}} {
		t.Run("SAM-14 an assertion that is good for "+test.name, func(t *testing.T) {
			t.Parallel()
			w := openSAML(t, settings{})
			c := w.Client()
			b := beginSAML(t, c)
			to := "/dashboard"
			if test.code != "" {
				to = authtest.BaseURL
			}
			wantRedirect(t, post(c, acs, "SAMLResponse", w.response(b, func(r *fakeResponse) { r.ValidUntil = w.Clock.Now().Add(test.life) }), "RelayState", b.relay), to, test.code)
			alive(t, c, test.code == "")
		})
	}
	t.Run("SAM-25 a request to sign out that is good for a year", func(t *testing.T) {
		t.Parallel()
		w := openSAML(t, settings{sso: sso.Options{SAMLRules: sso.SAMLRules{SingleLogout: true}}})
		text := strings.Replace(logoutRequest(w, "_l1", "ada-id", true), `"ValidUntil":"`+w.Clock.Now().Add(time.Minute).Format("2006"), `"ValidUntil":"9`+w.Clock.Now().Format("006"), 1)
		a := w.Client().Get("/sso/saml2/sp/slo/acme?SAMLRequest=" + url.QueryEscape(text))
		a.Want(t, 400, "INVALID_LOGOUT_REQUEST")
	})
}

// deadlines proves every domain, and notes until when each look-up may take.
type deadlines struct {
	value string
	until []time.Time
}

func (d *deadlines) LookupTXT(ctx context.Context, _ string) ([]string, error) {
	until, _ := ctx.Deadline()
	d.until = append(d.until, until)
	return []string{d.value}, nil
}

// All domains of a provider are looked up within one deadline.
func TestOneDeadline(t *testing.T) {
	t.Parallel()
	d := &deadlines{}
	w := open(t, settings{sso: sso.Options{Domains: sso.DomainVerification{Enabled: true, Resolver: d}}})
	c := w.signUp(t, "admin@acme.test")
	d.value = w.register(t, c, w.newOIDC("acme", body{"domain": "a.test,b.test,c.test"})).JSON("domainVerificationToken")
	c.Post("/sso/verify-domain", body{"providerId": "acme"}).Want(t, 204, "")
	if len(d.until) != 3 || d.until[0].IsZero() || d.until[0] != d.until[1] || d.until[1] != d.until[2] {
		t.Fatalf("looked up until %v", d.until)
	}
}

// Sign-ins by a provider whose endpoints are not stored ask its issuer seldom.
func TestDiscoveryIsKept(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	client := &http.Client{}
	w := open(t, settings{core: func(o *core.Options) { o.HTTPClient = client }, sso: sso.Options{Defaults: []sso.DefaultProvider{{
		ProviderID: "corp", Domain: "corp.test", OIDC: &sso.OIDCConfig{Issuer: "https://acme.example", ClientID: "client", ClientSecret: "secret-of-the-client"}}}}})
	client.Transport = counter{w.idp.Client().Transport, &asked}
	for range 5 {
		w.Client().Post("/sign-in/sso", with(body{"providerId": "corp"})).Want(t, 200, "")
	}
	if n := asked.Load(); n != 1 {
		t.Fatalf("the issuer was asked %d times", n)
	}
	w.Clock.Add(6 * time.Minute)
	w.Client().Post("/sign-in/sso", with(body{"providerId": "corp"})).Want(t, 200, "")
	if n := asked.Load(); n != 2 {
		t.Fatalf("the issuer was asked %d times after a while, want 2", n)
	}
}

type counter struct {
	next http.RoundTripper
	n    *atomic.Int64
}

func (c counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return c.next.RoundTrip(r)
}
