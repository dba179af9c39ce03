package saml

import (
	"encoding/base64"
	"encoding/xml"
	"reflect"
	"strings"
	"testing"

	crewjam "github.com/crewjam/saml"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

func bare(p pair) string { return base64.StdEncoding.EncodeToString(p.cert.Raw) }

func keyOf(use string, certs ...string) string {
	var b strings.Builder
	for _, c := range certs {
		b.WriteString("<ds:X509Data><ds:X509Certificate>\n" + c[:60] + "\n" + c[60:] + "\n</ds:X509Certificate></ds:X509Data>")
	}
	return `<md:KeyDescriptor` + optional("use", use) + `><ds:KeyInfo xmlns:ds="` + nsSignature + `">` + b.String() + `</ds:KeyInfo></md:KeyDescriptor>`
}

func roleOf(content string) string {
	return `<md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="` + nsProtocol + `">` + content + `</md:IDPSSODescriptor>`
}

const endpointsXML = `<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://idp.example.com/soap"/>` +
	`<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.com/slo"/>` +
	`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example.com/post"/>` +
	`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.com/redirect?a=1&amp;b=2"/>`

func entityOf(content string) string {
	return `<md:EntityDescriptor xmlns:md="` + nsMetadata + `" entityID="` + idpEntity + `">` + content + `</md:EntityDescriptor>`
}

func goodMetadata() string {
	return entityOf(roleOf(keyOf("", bare(idpPair())) + keyOf("signing", bare(foreign()), bare(idpEC()), bare(idpPair())) + keyOf("encryption", bare(spPair())) + endpointsXML))
}

func TestReadMetadata(t *testing.T) {
	t.Parallel()
	want := &sso.SAMLIdentityProvider{
		EntityID: idpEntity, WantAuthnRequestsSigned: true,
		SSO: []sso.SAMLEndpoint{{Binding: sso.SAMLPost, Location: "https://idp.example.com/post"}, {Binding: sso.SAMLRedirect, Location: "https://idp.example.com/redirect?a=1&b=2"}},
		SLO: []sso.SAMLEndpoint{{Binding: sso.SAMLRedirect, Location: "https://idp.example.com/slo"}},
		// A key without a use signs, and each certificate is there once.
		Certificates: []string{bare(idpPair()), bare(foreign()), bare(idpEC())},
	}
	for name, document := range map[string]string{
		"EntityDescriptor": goodMetadata(),
		"EntitiesDescriptor with one identity provider": `<md:EntitiesDescriptor xmlns:md="` + nsMetadata + `">` +
			`<md:EntityDescriptor entityID="urn:sp"><md:SPSSODescriptor protocolSupportEnumeration="` + nsProtocol + `"/></md:EntityDescriptor>` + goodMetadata() + `</md:EntitiesDescriptor>`,
		"comments, and a role of another protocol": strings.Replace(goodMetadata(), "<md:IDPSSODescriptor",
			`<!-- x --><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol"/><md:IDPSSODescriptor`, 1),
		"without prefixes": strings.ReplaceAll(strings.Replace(goodMetadata(), "xmlns:md=", "xmlns=", 1), "md:", ""),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := New(Options{}).ReadMetadata([]byte(document), &sso.SAMLPolicy{})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestBadMetadata(t *testing.T) {
	t.Parallel()
	key := keyOf("signing", bare(idpPair()))
	for name, document := range map[string]string{
		"SAM-21 a document type":                `<!DOCTYPE x>` + goodMetadata(),
		"SAM-22 more than 100 KiB":              goodMetadata() + strings.Repeat(" ", 100<<10),
		"SAM-27 javascript: in sign-in":         strings.Replace(goodMetadata(), "https://idp.example.com/post", "javascript:alert(1)", 1),
		"SAM-27 javascript: in logout":          strings.Replace(goodMetadata(), "https://idp.example.com/slo", "javascript:alert(1)", 1),
		"SAM-27 javascript: of another binding": strings.Replace(goodMetadata(), "https://idp.example.com/soap", "javascript:alert(1)", 1),
		"SAM-27 a location without a host":      strings.Replace(goodMetadata(), "https://idp.example.com/post", "https:///x", 1),
		"SAM-27 a relative location":            strings.Replace(goodMetadata(), "https://idp.example.com/post", "/sso", 1),
		"no sign-in":                            entityOf(roleOf(key + `<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://idp.example.com/soap"/>`)),
		"a certificate that is none":            entityOf(roleOf(keyOf("", strings.Repeat("AAAA", 30)) + endpointsXML)),
		"SAM-11 a weak key":                     entityOf(roleOf(keyOf("", bare(weak())) + endpointsXML)),
		"no entity ID":                          strings.Replace(goodMetadata(), idpEntity, "", 1),
		"two identity providers":                `<md:EntitiesDescriptor xmlns:md="` + nsMetadata + `">` + goodMetadata() + goodMetadata() + `</md:EntitiesDescriptor>`,
		"a service provider":                    entityOf(`<md:SPSSODescriptor protocolSupportEnumeration="` + nsProtocol + `"/>`),
		"an entity in Extensions":               entityOf(`<md:Extensions>` + goodMetadata() + `</md:Extensions>`),
		"something else":                        `<a/>`,
		"a comment in a certificate":            strings.Replace(goodMetadata(), "</ds:X509Certificate>", "<!-- --></ds:X509Certificate>", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := New(Options{}).ReadMetadata([]byte(document), &sso.SAMLPolicy{})
			wantRefused(t, err, "INVALID_SAML_CONFIGURATION")
		})
	}
}

// TestMetadataWithoutCertificate: the certificate may have been handed in by itself. One for
// encryption is none for signatures.
func TestMetadataWithoutCertificate(t *testing.T) {
	t.Parallel()
	for _, keys := range []string{"", keyOf("encryption", bare(idpPair()))} {
		got, err := New(Options{}).ReadMetadata([]byte(entityOf(roleOf(keys+endpointsXML))), &sso.SAMLPolicy{})
		if err != nil || len(got.Certificates) != 0 {
			t.Fatal(got, err)
		}
		conn := connection()
		conn.IDP = *got
		wantRefused(t, New(Options{}).CheckConnection(conn), "INVALID_SAML_CONFIGURATION")
		_, err = read(conn, xmlOf(signedAssertion(goodAnswer())))
		wantRefused(t, err, "INVALID_SAML_CONFIGURATION")
	}
}

func TestServiceProviderMetadata(t *testing.T) {
	t.Parallel()
	sp := &sso.SAMLServiceProvider{
		EntityID: spEntity + `?"<&`, ACS: acs + "?a=1&b=2", SLO: slo, SigningCertificate: bare(idpPair()), DecryptionCertificate: spPair().pem(),
		SignRequests: true, WantAssertionsSigned: true, NameIDFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
	}
	doc, err := New(Options{}).ServiceProviderMetadata(sp)
	if err != nil {
		t.Fatal(err)
	}
	var got crewjam.EntityDescriptor
	if err := xml.Unmarshal(doc, &got); err != nil {
		t.Fatal(err)
	}
	role := got.SPSSODescriptors[0]
	if got.EntityID != sp.EntityID || !*role.AuthnRequestsSigned || !*role.WantAssertionsSigned || role.NameIDFormats[0] != crewjam.PersistentNameIDFormat {
		t.Errorf("%s", doc)
	}
	if a := role.AssertionConsumerServices; len(a) != 1 || a[0].Location != sp.ACS || a[0].Binding != crewjam.HTTPPostBinding {
		t.Errorf("%+v", a)
	}
	if l := role.SingleLogoutServices; len(l) != 2 || l[0].Location != slo || l[0].Binding != crewjam.HTTPRedirectBinding || l[1].Binding != crewjam.HTTPPostBinding {
		t.Errorf("%+v", l)
	}
	for i, want := range []pair{idpPair(), spPair()} {
		k := role.KeyDescriptors[i]
		if k.Use != []string{"signing", "encryption"}[i] || k.KeyInfo.X509Data.X509Certificates[0].Data != bare(want) {
			t.Errorf("%+v", k)
		}
	}
	doc, err = New(Options{}).ServiceProviderMetadata(&sso.SAMLServiceProvider{EntityID: spEntity, ACS: acs})
	if err != nil || strings.Contains(string(doc), "KeyDescriptor") || strings.Contains(string(doc), "SingleLogout") || strings.Contains(string(doc), "NameIDFormat") {
		t.Errorf("%s %v", doc, err)
	}
	for name, change := range map[string]func(*sso.SAMLServiceProvider){
		"no entity ID":        func(sp *sso.SAMLServiceProvider) { sp.EntityID = "" },
		"SAM-27 the ACS":      func(sp *sso.SAMLServiceProvider) { sp.ACS = "javascript:alert(1)" },
		"SAM-27 logout":       func(sp *sso.SAMLServiceProvider) { sp.SLO = "data:text/html,x" },
		"a wrong certificate": func(sp *sso.SAMLServiceProvider) { sp.SigningCertificate = "x" },
		"another one":         func(sp *sso.SAMLServiceProvider) { sp.DecryptionCertificate = "AAAA" },
	} {
		bad := *sp
		change(&bad)
		if _, err := New(Options{}).ServiceProviderMetadata(&bad); err == nil {
			t.Error(name)
		}
	}
}
