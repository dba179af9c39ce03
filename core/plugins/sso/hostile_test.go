package sso_test

import (
	"strings"
	"testing"
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
	for _, document := range []string{script, "<?xml version=\"1.0\"?>\n" + script, "<!-- <EntityDescriptor/> -->" + script, "<!DOCTYPE x><EntityDescriptor/>", "text", "<", "<?xml",
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
