package sso_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/sso"
)

// A browser that opens the routes of responses without one is sent on.
func TestAssertionPage(t *testing.T) {
	t.Parallel()
	w := openSAML(t, settings{})
	c := w.Client()
	b := beginSAML(t, c)
	wantRedirect(t, post(c, acs, "SAMLResponse", w.response(b), "RelayState", b.relay), "/dashboard", "")
	for _, route := range []string{acs, "/sso/saml2/callback/acme"} {
		for _, test := range []struct{ name, state, to string }{
			{"nothing", "", authtest.BaseURL},
			{"a path", "/settings", "/settings"},
			{"a URL of the application", authtest.BaseURL + "/settings", authtest.BaseURL + "/settings"},
			{"RED-01 a URL of a stranger", "https://evil.example/", authtest.BaseURL},
			{"RED-01 a URL without a scheme", "//evil.example/", authtest.BaseURL},
			{"RED-01 a URL with a backslash", `/\evil.example/`, authtest.BaseURL},
			{"RED-01 a script", "javascript:alert(1)", authtest.BaseURL},
			{"the name of a state", b.relay, authtest.BaseURL},
			{"SAM-24 the route itself", base + acs, authtest.BaseURL},
		} {
			t.Run(test.name+" at "+route, func(t *testing.T) {
				address := route
				if test.state != "" {
					address += "?RelayState=" + strings.NewReplacer("/", "%2F", ":", "%3A", `\`, "%5C").Replace(test.state)
				}
				wantRedirect(t, c.Get(address), test.to, "")
				wantRedirect(t, w.Client().Get(address), authtest.BaseURL+"/error", "invalid_request")
			})
		}
	}
	alive(t, c, true)
	c.Post(acs, body{}).Want(t, http.StatusBadRequest, "VALIDATION_ERROR")
}

// Each provider can have a landing of its own for responses that nobody has asked for.
func TestIDPInitiatedLanding(t *testing.T) {
	t.Parallel()
	w := openSAML(t, settings{sso: sso.Options{SAMLRules: sso.SAMLRules{AllowIDPInitiated: true, IDPInitiatedURL: "/apps"}}})
	admin := w.Client()
	admin.Post("/sign-in/email", body{"email": "admin@acme.test", "password": password}).Want(t, 200, "")
	change := func(v any) *authtest.Answer {
		return admin.Post("/sso/update-provider", body{"providerId": "acme", "samlConfig": body{"idpInitiatedCallbackUrl": v}})
	}
	lands := func(to string) {
		t.Helper()
		b := beginSAML(t, w.Client())
		wantRedirect(t, post(w.Client(), acs, "SAMLResponse", w.response(b, func(r *fakeResponse) { r.InResponseTo = "" })), to, "")
	}
	lands("/apps")
	if a := change("/of-acme").Want(t, 200, ""); a.JSON("samlConfig", "idpInitiatedCallbackUrl") != "/of-acme" {
		t.Fatalf("shown as %s", a.Body)
	}
	lands("/of-acme")
	change("https://evil.example/").Want(t, 200, "") // RED-01: trusted or not is decided when it is used
	lands("/apps")
	if a := change(nil).Want(t, 200, ""); strings.Contains(a.Body, "idpInitiatedCallbackUrl") {
		t.Fatalf("shown as %s", a.Body)
	}
	lands("/apps")
	for _, bad := range []any{"//evil.example", `/\evil.example`, "javascript:alert(1)", "of-acme", "", 7} {
		change(bad).Want(t, 400, "VALIDATION_ERROR")
	}
	w.register(t, admin, newSAML("other", body{"idpInitiatedCallbackUrl": "/of-other"}))
	if a := admin.Get("/sso/get-provider?providerId=other").Want(t, 200, ""); a.JSON("samlConfig", "idpInitiatedCallbackUrl") != "/of-other" {
		t.Fatalf("shown as %s", a.Body)
	}
}

// The metadata of this server have the certificates of its keys.
func TestOwnCertificates(t *testing.T) {
	t.Parallel()
	w := openSAML(t, settings{})
	admin := w.signUp(t, "other@acme.test")
	w.register(t, admin, newSAML("other", body{"spMetadata": body{"entityID": "urn:sp", "cert": "mine", "privateKey": "k", "encCert": "my second", "encPrivateKey": "k2"}}))
	a := w.Client().Get("/sso/saml2/sp/metadata?providerId=other").Want(t, 200, "")
	if want := "<metadata of urn:sp at " + base + "/sso/saml2/sp/acs/other signing with mine encryption with my second/>"; a.Body != want {
		t.Fatalf("the metadata are %s, want %s", a.Body, want)
	}
	for _, name := range []string{"cert", "encCert"} {
		admin.Post("/sso/register", newSAML("broken", body{"spMetadata": body{"entityID": "urn:sp", name: "no certificate"}})).Want(t, 400, "INVALID_SAML_CONFIGURATION")
	}
}
