package saml

import (
	"crypto/elliptic"
	"encoding/base64"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

func TestReadResponse(t *testing.T) {
	t.Parallel()
	both := func() *etree.Element {
		root := goodAnswer().root()
		signing{}.sign(assertionOf(root))
		signing{}.sign(root)
		return root
	}
	for name, root := range map[string]*etree.Element{
		"assertion signed": signedAssertion(goodAnswer()), "response signed": signedResponse(goodAnswer()), "both signed": both(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := read(connection(), xmlOf(root))
			if err != nil {
				t.Fatal(err)
			}
			want := &sso.SAMLAssertion{
				ID: "_a1", ValidUntil: time.Date(2026, 5, 4, 12, 5, 0, 0, time.UTC), InResponseTo: requestID, Issuer: idpEntity,
				NameID: "ada@example.com", NameIDFormat: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
				SessionIndex: "_s1", SessionNotOnOrAfter: time.Date(2026, 5, 4, 20, 0, 0, 0, time.UTC), AuthnInstant: time.Date(2026, 5, 4, 11, 59, 30, 0, time.UTC),
				Attributes: map[string][]string{"urn:oid:0.9.2342.19200300.100.1.3": {"ada@example.com"}, "mail": {"ada@example.com"}, "groups": {"admins", "users"}},
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestAcceptedForms(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]func(*answer, *sso.SAMLConnection) func(*etree.Element){
		"nobody has asked": func(a *answer, _ *sso.SAMLConnection) func(*etree.Element) { a.inResponseTo = ""; return nil },
		"no Destination":   func(a *answer, _ *sso.SAMLConnection) func(*etree.Element) { a.destination = ""; return nil },
		"no Issuer of the response": func(a *answer, _ *sso.SAMLConnection) func(*etree.Element) {
			a.responseIssuer = ""
			return nil
		},
		"OneTimeUse": func(a *answer, _ *sso.SAMLConnection) func(*etree.Element) {
			a.conditions += "<saml:OneTimeUse/>"
			return nil
		},
		"several audiences": func(a *answer, _ *sso.SAMLConnection) func(*etree.Element) {
			a.conditions = audience("https://other.example.com", spEntity)
			return nil
		},
		"an audience that is configured": func(a *answer, conn *sso.SAMLConnection) func(*etree.Element) {
			a.conditions, conn.Audience = audience("urn:us"), "urn:us"
			return nil
		},
		"indented issuer": func(a *answer, _ *sso.SAMLConnection) func(*etree.Element) {
			a.issuer = "\n  " + idpEntity + "\n"
			return nil
		},
		"within the skew": func(a *answer, _ *sso.SAMLConnection) func(*etree.Element) {
			a.times = `NotBefore="2026-05-04T12:00:59Z" NotOnOrAfter="2026-05-04T12:05:00.123Z"`
			return nil
		},
		"a foreign confirmation beside ours": func(a *answer, _ *sso.SAMLConnection) func(*etree.Element) {
			a.confirmations = confirmation("urn:oasis:names:tc:SAML:2.0:cm:sender-vouches", "") +
				confirmation(methodBearer, `NotOnOrAfter="2026-05-04T12:05:00Z" Recipient="https://other.example.com" InResponseTo="_x"`) +
				confirmation(methodBearer, `NotOnOrAfter="2026-05-04T12:05:00Z" Recipient="`+acs+`" InResponseTo="`+requestID+`"`)
			return nil
		},
		"prefixes that are included": func(*answer, *sso.SAMLConnection) func(*etree.Element) {
			return func(el *etree.Element) { signing{prefixes: "saml xs"}.sign(el) }
		},
		"a second certificate": func(_ *answer, conn *sso.SAMLConnection) func(*etree.Element) {
			conn.IDP.Certificates = []string{base64.StdEncoding.EncodeToString(foreign().cert.Raw), idpPair().pem()}
			return nil
		},
		"ECDSA": func(_ *answer, conn *sso.SAMLConnection) func(*etree.Element) {
			p := idpEC()
			conn.IDP.Certificates = []string{p.pem()}
			return func(el *etree.Element) { signing{pair: &p, method: ecdsaSHA256}.sign(el) }
		},
		"ECDSA on P-521": func(_ *answer, conn *sso.SAMLConnection) func(*etree.Element) {
			p := newEC(elliptic.P521())
			conn.IDP.Certificates = []string{p.pem()}
			return func(el *etree.Element) {
				signing{pair: &p, method: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512", digest: digSHA512}.sign(el)
			}
		},
		"SHA-1 where it is allowed": func(_ *answer, conn *sso.SAMLConnection) func(*etree.Element) {
			conn.Policy.AllowDeprecated = true
			return func(el *etree.Element) {
				signing{method: "http://www.w3.org/2000/09/xmldsig#rsa-sha1", digest: digSHA1}.sign(el)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, conn := goodAnswer(), connection()
			sign := f(&a, conn)
			if sign == nil {
				sign = signing{}.sign
			}
			root := a.root()
			sign(assertionOf(root))
			if _, err := read(conn, xmlOf(root)); err != nil {
				t.Error(err)
			}
			root = a.root()
			sign(root)
			if _, err := read(conn, xmlOf(root)); err != nil {
				t.Error("the response: ", err)
			}
		})
	}
}

// TestLexicalForms: what the browser's form and the provider's XML writer may do.
func TestLexicalForms(t *testing.T) {
	t.Parallel()
	xml := xmlOf(signedAssertion(goodAnswer()))
	in := posted(xml)
	for i := 76; i < len(in.Message); i += 78 {
		in.Message = in.Message[:i] + "\r\n" + in.Message[i:]
	}
	if _, err := New(Options{}).ReadResponse(connection(), in); err != nil {
		t.Error("wrapped base64: ", err)
	}
	for name, xml := range map[string]string{
		"declaration": `<?xml version="1.0" encoding="UTF-8" standalone="no"?>` + "\n" + xml + "\n", "byte order mark": "\uFEFF" + xml,
		"single quotes": strings.Replace(xml, `Version="2.0"`, `Version='2.0'`, 1),
	} {
		if _, err := read(connection(), xml); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	a := goodAnswer()
	a.nameID = `<saml:NameID NameQualifier="q" SPNameQualifier="s"> a&amp;b&#x40;x&#13; </saml:NameID>`
	a.attributes = `<saml:AttributeStatement><saml:Attribute Name="n" FriendlyName="groups"><saml:AttributeValue>by name</saml:AttributeValue></saml:Attribute>` +
		`<saml:Attribute Name="groups"><saml:AttributeValue/></saml:Attribute><saml:Attribute Name="none"/></saml:AttributeStatement>` +
		`<saml:AttributeStatement><saml:Attribute Name="id"><saml:AttributeValue><saml:NameID>x</saml:NameID></saml:AttributeValue><saml:AttributeValue><b xmlns="urn:b">y</b></saml:AttributeValue></saml:Attribute>` +
		`<saml:Attribute Name="n"><saml:AttributeValue>&lt;/x&gt;</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>`
	got, err := read(connection(), xmlOf(signedAssertion(a)))
	if err != nil {
		t.Fatal(err)
	}
	if got.NameID != " a&b@x\r " || got.NameIDQualifier != "q" || got.NameIDSPQualifier != "s" {
		t.Errorf("%q %q %q", got.NameID, got.NameIDQualifier, got.NameIDSPQualifier)
	}
	want := map[string][]string{"n": {"by name", "</x>"}, "groups": {""}, "none": nil, "id": {"x"}}
	if !reflect.DeepEqual(got.Attributes, want) {
		t.Errorf("%q, want %q", got.Attributes, want)
	}
}

func TestExpiredCertificate(t *testing.T) {
	t.Parallel()
	old := certify(idpPair().key, now.AddDate(-2, 0, 0), now.AddDate(0, 0, -1))
	conn := connection()
	conn.IDP.Certificates = []string{old.pem()}
	xml := xmlOf(signedAssertion(goodAnswer()))
	t.Run("SAM-10 a certificate that has expired", func(t *testing.T) {
		_, err := read(conn, xml)
		wantRefused(t, err, "INVALID_SAML_RESPONSE")
	})
	if _, err := New(Options{AllowExpiredCertificates: true}).ReadResponse(conn, posted(xml)); err != nil {
		t.Error(err)
	}
}

// TestProvidersForms: how identity providers write the same document.
func TestProvidersForms(t *testing.T) {
	t.Parallel()
	var unprefixed func(*etree.Element)
	unprefixed = func(el *etree.Element) {
		el.Space = ""
		for _, c := range el.ChildElements() {
			unprefixed(c)
		}
	}
	// Entra ID: the assertion is in the default namespace.
	entra := goodAnswer().root()
	a := assertionOf(entra)
	unprefixed(a)
	a.CreateAttr("xmlns", nsAssertion)
	signing{}.sign(a)
	// Shibboleth and others: other prefixes, namespaces that are declared at the top and included, indented.
	shibboleth := element(strings.NewReplacer("saml:", "saml2:", "xmlns:saml=", "xmlns:saml2=", "samlp:", "saml2p:", "xmlns:samlp=", "xmlns:saml2p=").Replace(xmlOf(goodAnswer().root())))
	shibboleth.CreateAttr("xmlns:xs", "http://www.w3.org/2001/XMLSchema")
	doc := etree.NewDocument()
	doc.SetRoot(shibboleth)
	doc.Indent(2)
	inner := assertionOf(shibboleth)
	inner.InsertChildAt(0, inner.FindElement("./Issuer")) // the signature comes after it
	signing{prefixes: "xs"}.sign(inner)
	signing{prefixes: "xs saml2"}.sign(shibboleth)
	for name, root := range map[string]*etree.Element{"Entra ID": entra, "Shibboleth": shibboleth} {
		got, err := read(connection(), xmlOf(root))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.NameID != "ada@example.com" || len(got.Attributes["groups"]) != 2 || got.SessionIndex != "_s1" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
