package sso_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/scim"
	"github.com/advantch/kernia-go/core/plugins/sso"
)

// What a tenant writes runs nowhere on the origin of the sessions.
func TestOwnMetadata(t *testing.T) {
	t.Parallel()
	const script = `<html xmlns="http://www.w3.org/1999/xhtml"><script>alert(document.domain)</script></html>`
	w := openSAML(t, settings{})
	c := w.signUp(t, "tenant@other.test")
	of := func(document string) body {
		return newSAML("other", body{"spMetadata": body{"entityID": "urn:sp", "metadata": document}})
	}
	for _, document := range []string{script, "<?xml version=\"1.0\"?>\n" + script, "<!-- <EntityDescriptor/> -->" + script, "<!--><EntityDescriptor -->" + script, "<?x?><?><EntityDescriptor ?>" + script, "<!DOCTYPE x><EntityDescriptor/>", "text", "<", "<?xml",
		`<?xml-stylesheet href="https://evil.example/x.xsl"?><EntityDescriptor/>`} {
		c.Post("/sso/register", of(document)).Want(t, 400, "INVALID_SP_METADATA")
	}
	const good = `<?xml version="1.0"?><!-- ours --><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"/>`
	w.register(t, c, of(good))
	c.Post("/sso/update-provider", body{"providerId": "other", "samlConfig": body{"spMetadata": body{"metadata": script}}}).Want(t, 400, "INVALID_SP_METADATA")
	for _, id := range []string{"acme", "other"} {
		a := w.Client().Get("/sso/saml2/sp/metadata?providerId="+id).Want(t, 200, "")
		if got := a.Header.Get("Content-Security-Policy"); got != "sandbox; default-src 'none'" {
			t.Errorf("%s: the policy is %q", id, got)
		}
		if got := a.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment;") {
			t.Errorf("%s: the disposition is %q", id, got)
		}
		if id == "other" && a.Body != good {
			t.Errorf("served as %s", a.Body)
		}
	}
}

// slow does something else while the first request to an issuer is under way.
type slow struct {
	next   http.RoundTripper
	during func()
	once   sync.Once
}

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	s.once.Do(s.during)
	return s.next.RoundTrip(r)
}

// What was free before the discovery may be somebody else's after it.
func TestWhileDiscovering(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		during func(t *testing.T, w *world, orgID string)
		status int
		code   string
	}{
		{"OID-08 the id becomes a directory's", func(t *testing.T, w *world, _ string) {
			w.signUp(t, "other@acme.test").Post("/scim/generate-token", body{"providerId": "acme"}).Want(t, 201, "")
		}, 422, "PROVIDER_ID_RESERVED"},
		{"OID-07 the id gets an account", func(t *testing.T, w *world, _ string) {
			if _, err := w.Auth.Store().CreateAccount(t.Context(), core.Account{UserID: w.userID(t, "admin@acme.test"), ProviderID: "acme", AccountID: "1"}); err != nil {
				t.Fatal(err)
			}
		}, 422, "PROVIDER_ID_RESERVED"},
		{"OID-05 the admin becomes a member", func(t *testing.T, w *world, orgID string) {
			where := adapter.By("organizationId", orgID).And("userId", w.userID(t, "admin@acme.test"))
			if _, err := w.Auth.DB().Update(t.Context(), "member", where, adapter.Record{"role": "member"}); err != nil {
				t.Fatal(err)
			}
		}, 403, "INSUFFICIENT_ROLE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			client := &http.Client{}
			w := open(t, settings{sso: sso.Options{HTTPClient: client}, more: []core.Plugin{scim.New(scim.Options{})}})
			c := w.signUp(t, "admin@acme.test")
			orgID := c.Post("/organization/create", body{"name": "Acme", "slug": "acme"}).Want(t, 200, "").JSON("id")
			client.Transport = &slow{next: w.idp.Client().Transport, during: func() { test.during(t, w, orgID) }}
			c.Post("/sso/register", w.newOIDC("acme", body{"organizationId": orgID})).Want(t, test.status, test.code)
			if n := w.count(t, sso.ModelProvider); n != 0 {
				t.Fatalf("%d providers", n)
			}
		})
	}
}
