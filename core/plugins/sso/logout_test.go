package sso_test

import (
	"net/url"
	"slices"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/sso"
)

// What is remembered for single logout changes under the lock of its user: a sign-in that is noted at
// the same time must not be lost.
func TestForgettingLocksUser(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(w *world, c *authtest.Client) *authtest.Answer{
		"a plain sign-out": func(_ *world, c *authtest.Client) *authtest.Answer { return c.Post("/sign-out", body{}) },
		"a logout here and there": func(_ *world, c *authtest.Client) *authtest.Answer {
			return c.Post("/sso/saml2/logout/acme", body{"callbackURL": "/bye"})
		},
		"a request of the identity provider": func(w *world, _ *authtest.Client) *authtest.Answer {
			return w.Client().Get("/sso/saml2/sp/slo/acme?SAMLRequest=" + url.QueryEscape(logoutRequest(w, "_l1", "ada-id", true)))
		},
	} {
		t.Run("SAM-26 "+name, func(t *testing.T) {
			t.Parallel()
			var l statements
			w := openSAML(t, settings{core: l.observe, sso: sso.Options{SAMLRules: sso.SAMLRules{SingleLogout: true}}})
			c := w.Client()
			b := beginSAML(t, c)
			wantRedirect(t, post(c, acs, "SAMLResponse", w.response(b), "RelayState", b.relay), "/dashboard", "")
			seen := l.during(func() {
				if a := leave(w, c); a.Status >= 400 {
					t.Fatalf("answered %d %s", a.Status, a.Body)
				}
			})
			alive(t, c, false)
			if !slices.Contains(seen, "update user") {
				t.Fatalf("the user is not locked: %q", seen)
			}
		})
	}
}

func TestEventsOfSAML(t *testing.T) {
	t.Parallel()
	w := openSAML(t, settings{sso: sso.Options{SAMLRules: sso.SAMLRules{SingleLogout: true}}})
	c := w.Client()
	b := beginSAML(t, c)
	bad := w.response(b, func(r *fakeResponse) { r.Bad = "SAML_SIGNATURE_INVALID" })
	before := w.events(core.EventSignInFailed)
	post(c, "/sso/saml2/callback/acme", "SAMLResponse", bad).Want(t, 400, "SAML_SIGNATURE_INVALID")
	post(c, acs, "SAMLResponse", bad)
	if n := w.events(core.EventSignInFailed) - before; n != 2 {
		t.Errorf("%d sign-ins have failed, want one for each route", n)
	}
	wantRedirect(t, post(c, acs, "SAMLResponse", w.response(b), "RelayState", b.relay), "/dashboard", "")
	w.Client().Get("/sso/saml2/sp/slo/acme?SAMLRequest=" + url.QueryEscape(logoutRequest(w, "_l1", "ada-id", true)))
	for _, e := range w.Events() {
		if e.Type == sso.EventLoggedOut {
			if e.UserID != w.userID(t, "ada@acme.test") {
				t.Errorf("the session that ended is %q's", e.UserID)
			}
			return
		}
	}
	t.Error("no session has ended")
}
