package saml

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

// evilName is who the attacker would like to be.
const evilName = "root@example.com"

// evil makes the attacker's copy of a signed element: another ID and another name, no signature.
func evil(el *etree.Element, id string) *etree.Element {
	c := el.Copy()
	c.CreateAttr("ID", id)
	for _, sig := range c.FindElements(".//Signature") {
		sig.Parent().RemoveChild(sig)
	}
	for _, name := range c.FindElements(".//NameID") {
		name.SetText(evilName)
	}
	return c
}

// take removes the signature of an element and returns it.
func take(el *etree.Element) *etree.Element {
	sig := el.FindElement("./Signature")
	el.RemoveChild(sig)
	return sig
}

func rootCopy(root *etree.Element) *etree.Element { return element(xmlOf(root)) }

// wraps are the signature wrapping attacks of Somorovsky and others, with the ID of the evil
// element. XSW1 and XSW2 are about signed responses, the others about signed assertions.
var wraps = map[string]func(id string) *etree.Element{
	"SAM-01 XSW1 the old response within its signature": func(id string) *etree.Element {
		old := rootCopy(signedResponse(goodAnswer()))
		root := evil(old, id)
		sig := take(old)
		sig.AddChild(old)
		root.InsertChildAt(1, sig)
		return root
	},
	"SAM-02 XSW2 the old response beside its signature": func(id string) *etree.Element {
		old := rootCopy(signedResponse(goodAnswer()))
		root := evil(old, id)
		sig := take(old)
		root.InsertChildAt(1, old)
		root.InsertChildAt(2, sig)
		return root
	},
	"SAM-03 XSW3 an assertion before the signed one": func(id string) *etree.Element {
		root := rootCopy(signedAssertion(goodAnswer()))
		a := assertionOf(root)
		root.InsertChildAt(a.Index(), evil(a, id))
		return root
	},
	"SAM-04 XSW4 an assertion around the signed one": func(id string) *etree.Element {
		root := rootCopy(signedAssertion(goodAnswer()))
		a := assertionOf(root)
		e := evil(a, id)
		root.RemoveChild(a)
		e.AddChild(a)
		root.AddChild(e)
		return root
	},
	"SAM-05 XSW5 the signature in an assertion, the signed one at the end": func(id string) *etree.Element {
		root := rootCopy(signedAssertion(goodAnswer()))
		a := assertionOf(root)
		e := evil(a, id)
		e.InsertChildAt(1, take(a))
		root.InsertChildAt(a.Index(), e)
		return root
	},
	"SAM-06 XSW6 the signed one within the signature of another": func(id string) *etree.Element {
		root := rootCopy(signedAssertion(goodAnswer()))
		a := assertionOf(root)
		e := evil(a, id)
		sig := take(a)
		root.RemoveChild(a)
		sig.AddChild(a)
		e.InsertChildAt(1, sig)
		root.AddChild(e)
		return root
	},
	"SAM-07 XSW7 an assertion in Extensions": func(id string) *etree.Element {
		root := rootCopy(signedAssertion(goodAnswer()))
		a := assertionOf(root)
		x := etree.NewElement("samlp:Extensions")
		x.AddChild(evil(a, id))
		root.InsertChildAt(1, x)
		return root
	},
	"SAM-08 XSW8 the signed one in an Object": func(id string) *etree.Element {
		root := rootCopy(signedAssertion(goodAnswer()))
		a := assertionOf(root)
		e := evil(a, id)
		sig := take(a)
		root.RemoveChild(a)
		sig.CreateElement("ds:Object").AddChild(a)
		e.InsertChildAt(1, sig)
		root.AddChild(e)
		return root
	},
	"SAM-13 a signed response with an assertion beside it": func(id string) *etree.Element {
		root := rootCopy(signedResponse(goodAnswer()))
		root.AddChild(evil(assertionOf(root), id))
		return root
	},
	"a signed response within an unsigned one": func(id string) *etree.Element {
		old := rootCopy(signedResponse(goodAnswer()))
		root := evil(old, id)
		x := etree.NewElement("samlp:Extensions")
		x.AddChild(old)
		root.InsertChildAt(1, x)
		return root
	},
}

func TestSignatureWrapping(t *testing.T) {
	t.Parallel()
	for name, wrap := range wraps {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, id := range []string{"_evil", "_a1", "_r1", ""} {
				root := wrap(id)
				for _, wanted := range []bool{false, true} {
					conn := connection()
					conn.SP.WantAssertionsSigned = wanted
					_, err := read(conn, xmlOf(root))
					wantRefused(t, err, "")
				}
				// Elements under another name are not counted: whoever is accepted is the one who was signed.
				for _, other := range []string{"assertion", "Assertion2"} {
					hidden := rootCopy(root)
					for i, a := range hidden.FindElements(".//Assertion") {
						if i > 0 {
							a.Tag = other
						}
					}
					if got, err := read(connection(), xmlOf(hidden)); err == nil && got.NameID != "ada@example.com" {
						t.Fatalf("accepted as %s", got.NameID)
					}
				}
			}
		})
	}
}

func replaced(t *testing.T, xml, old, with string) string {
	t.Helper()
	if strings.Count(xml, old) == 0 {
		t.Fatalf("the document has no %q", old)
	}
	return strings.Replace(xml, old, with, 1)
}

// TestTampering: each document is a good one with one change; the good ones are accepted in
// TestReadResponse.
func TestTampering(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		old, with string
		code      string
	}{
		"SAM-20 a comment in NameID (CVE-2017-11427)":                  {"ada@example.com</saml:NameID>", "ada@example.com<!---->.evil.test</saml:NameID>", "SAML_INVALID_XML"},
		"a comment that changes nothing":                               {"<saml:Subject>", "<!-- --><saml:Subject>", "SAML_INVALID_XML"},
		"a comment in DigestValue (CVE-2025-29775)":                    {"<ds:DigestValue>", "<ds:DigestValue><!--x-->", "SAML_INVALID_XML"},
		"a processing instruction":                                     {"<saml:Subject>", "<?x y?><saml:Subject>", "SAML_INVALID_XML"},
		"a CDATA section":                                              {">ada@example.com</saml:NameID>", "><![CDATA[ada@example.com]]></saml:NameID>", "SAML_INVALID_XML"},
		"SAM-21 a document type (CVE-2025-25291)":                      {"<samlp:Response", "<!DOCTYPE x><samlp:Response", "SAML_INVALID_XML"},
		"SAM-21 an external entity":                                    {"<samlp:Response", `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><samlp:Response`, "SAML_INVALID_XML"},
		"SAM-21 an entity that nobody declares":                        {"ada@example.com</saml:NameID>", "&e;</saml:NameID>", "SAML_INVALID_XML"},
		"SAM-21 a billion laughs (CVE-2017-1000452)":                   {"<samlp:Response", `<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><samlp:Response`, "SAML_INVALID_XML"},
		"two root elements (GHSA-m974-647v-whv7)":                      {"</samlp:Response>", "</samlp:Response><samlp:Response xmlns:samlp=\"" + nsProtocol + "\"/>", "SAML_INVALID_XML"},
		"text after the root":                                          {"</samlp:Response>", "</samlp:Response>x", "SAML_INVALID_XML"},
		"names that encoding/xml writes otherwise (CVE-2020-29509)":    {"<saml:Subject>", "<x::a/><saml:Subject>", "SAML_INVALID_XML"},
		"an attribute that encoding/xml writes otherwise (2020-29511)": {"<saml:Subject>", `<a xmlns:="x"/><saml:Subject>`, "SAML_INVALID_XML"},
		"a prefix that is not declared (CVE-2025-25292)":               {"<saml:Subject>", "<nope:a/><saml:Subject>", "SAML_INVALID_XML"},
		"a relative namespace, which some canonicalize to nothing":     {"<saml:Subject>", `<a xmlns="1"/><saml:Subject>`, "SAML_INVALID_XML"},
		"an attribute twice":                                           {`ID="_a1"`, `ID="_a1" ID="_a2"`, "SAML_INVALID_XML"},
		"an attribute twice by two prefixes":                           {"<saml:Subject>", `<a xmlns:p="urn:p" xmlns:q="urn:p" p:a="" q:a=""/><saml:Subject>`, "SAML_INVALID_XML"},
		"an ID twice":                                                  {"<saml:Subject>", `<a Id="_a1"/><saml:Subject>`, "SAML_INVALID_XML"},
		"UTF-16":                                                       {"<samlp:Response", `<?xml version="1.0" encoding="UTF-16"?><samlp:Response`, "SAML_INVALID_XML"},
		"another NameID":                                               {"ada@example.com</saml:NameID>", evilName + "</saml:NameID>", ""},
		"SAM-23 another status":                                        {statusSuccess, "urn:oasis:names:tc:SAML:2.0:status:Responder", ""},
		"SAM-29 no SignatureValue":                                     {"<ds:SignatureValue>", "<ds:SignatureValue/><ds:SignatureValue>", ""},
		"SAM-29 an empty DigestValue":                                  {"<ds:DigestValue>", "<ds:DigestValue/><ds:DigestValue>", ""},
		"SAM-29 a digest that is no base64":                            {"<ds:DigestValue>", "<ds:DigestValue>!", ""},
		"a digest that PHP compares loosely":                           {"<ds:DigestValue>", "<ds:DigestValue>MGUx", ""},
		"a second SignedInfo (CVE-2025-29774)":                         {"<ds:SignedInfo>", `<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="` + c14n + `"/></ds:SignedInfo><ds:SignedInfo>`, ""},
		"a DigestValue outside of SignedInfo (CVE-2024-45409)":         {"<ds:SignatureValue>", "<ds:DigestValue>AAAA</ds:DigestValue><ds:SignatureValue>", ""},
		"a second Reference (CVE-2026-33487)":                          {"<ds:Reference ", `<ds:Reference URI="#_a1"/><ds:Reference `, ""},
		"an Object in the signature":                                   {"</ds:Signature>", "<ds:Object/></ds:Signature>", ""},
		"SAM-13 an Assertion in no namespace":                          {"<samlp:Status>", "<Assertion/><samlp:Status>", "SAML_MULTIPLE_ASSERTIONS"},
		"SAM-13 an EncryptedAssertion beside it":                       {"<samlp:Status>", "<saml:EncryptedAssertion/><samlp:Status>", "SAML_MULTIPLE_ASSERTIONS"},
		"SAM-13 the Assertion is nested":                               {"<samlp:Status>", "<samlp:Extensions>", ""},
		"a Signature in no namespace":                                  {"<samlp:Status>", "<Signature/><samlp:Status>", ""},
		"not the root of a response":                                   {"<samlp:Response", "<samlp:ArtifactResponse", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, root := range []*etree.Element{signedAssertion(goodAnswer()), signedResponse(goodAnswer())} {
				xml := replaced(t, xmlOf(root), c.old, c.with)
				_, err := read(connection(), xml)
				wantRefused(t, err, c.code)
			}
		})
	}
	t.Run("SAM-09 no signature", func(t *testing.T) {
		t.Parallel()
		_, err := read(connection(), xmlOf(goodAnswer().root()))
		wantRefused(t, err, "INVALID_SAML_RESPONSE")
	})
	t.Run("SAM-09 the signature is stripped", func(t *testing.T) {
		t.Parallel()
		for _, root := range []*etree.Element{signedAssertion(goodAnswer()), signedResponse(goodAnswer())} {
			sig := root.FindElement(".//Signature")
			sig.Parent().RemoveChild(sig)
			_, err := read(connection(), xmlOf(root))
			wantRefused(t, err, "INVALID_SAML_RESPONSE")
		}
	})
	t.Run("SAM-09 only the response is signed, and the assertion has to be", func(t *testing.T) {
		t.Parallel()
		conn := connection()
		conn.SP.WantAssertionsSigned = true
		_, err := read(conn, xmlOf(signedResponse(goodAnswer())))
		wantRefused(t, err, "INVALID_SAML_RESPONSE")
		if _, err := read(conn, xmlOf(signedAssertion(goodAnswer()))); err != nil {
			t.Error(err)
		}
	})
	t.Run("a signed response whose assertion has a wrong signature of its own", func(t *testing.T) {
		t.Parallel()
		root := goodAnswer().root()
		p := foreign()
		signing{pair: &p}.sign(assertionOf(root))
		signing{}.sign(root)
		_, err := read(connection(), xmlOf(root))
		wantRefused(t, err, "INVALID_SAML_RESPONSE")
	})
	t.Run("CVE-2025-47949 an unsigned assertion in front of the signed one", func(t *testing.T) {
		t.Parallel()
		root := signedAssertion(goodAnswer())
		a := assertionOf(root)
		root.InsertChildAt(0, evil(a, "_evil"))
		_, err := read(connection(), xmlOf(root))
		wantRefused(t, err, "SAML_MULTIPLE_ASSERTIONS")
	})
	t.Run("CVE-2025-54419 an edit outside of the signed assertion changes nothing that is returned", func(t *testing.T) {
		t.Parallel()
		want, err := read(connection(), xmlOf(signedAssertion(goodAnswer())))
		if err != nil {
			t.Fatal(err)
		}
		root := signedAssertion(goodAnswer())
		root.CreateAttr("Consent", "urn:evil")
		root.InsertChildAt(1, element(`<x xmlns="`+nsAssertion+`"><Subject><NameID>`+evilName+`</NameID></Subject><AttributeStatement><Attribute Name="groups"><AttributeValue>root</AttributeValue></Attribute></AttributeStatement></x>`))
		root.CreateElement("saml:Subject").CreateElement("saml:NameID").SetText(evilName)
		got, err := read(connection(), xmlOf(root))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v %v", got, err)
		}
		root.CreateAttr("InResponseTo", "_evil")
		_, err = read(connection(), xmlOf(root))
		wantRefused(t, err, "INVALID_SAML_RESPONSE")
	})
	t.Run("DOS a SignedInfo with a thousand elements", func(t *testing.T) {
		t.Parallel()
		xml := replaced(t, xmlOf(signedAssertion(goodAnswer())), "<ds:Transforms>", "<ds:Transforms>"+strings.Repeat("<ds:Transform/>", 1000))
		_, err := read(connection(), xml)
		wantRefused(t, err, "INVALID_SAML_RESPONSE")
		if !strings.Contains(err.Error(), "too many elements") {
			t.Error(err)
		}
	})
	t.Run("an unsigned assertion by the signature of metadata (gitlab 486565)", func(t *testing.T) {
		t.Parallel()
		donor := element(`<md:EntityDescriptor xmlns:md="` + nsMetadata + `" ID="_md" entityID="` + idpEntity + `"><md:x/></md:EntityDescriptor>`)
		signing{}.sign(donor)
		root := goodAnswer().root()
		a := assertionOf(root)
		a.CreateAttr("ID", "_md")
		a.InsertChildAt(1, take(donor))
		_, err := read(connection(), xmlOf(root))
		wantRefused(t, err, "")
	})
}

// TestSignatures: signatures that are well made, in a way that is not good enough.
func TestSignatures(t *testing.T) {
	t.Parallel()
	str := func(s string) *string { return &s }
	ownKey := func(p pair) string {
		return `<ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + base64.StdEncoding.EncodeToString(p.cert.Raw) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo>`
	}
	other := foreign()
	spki, err := x509.MarshalPKIXPublicKey(idpPair().key.Public())
	if err != nil {
		t.Fatal(err)
	}
	const hmacSHA256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"
	add := func(path, xml string) func(*etree.Element, *etree.Element) {
		return func(info, _ *etree.Element) { info.FindElement(path).AddChild(element(xml)) }
	}
	for name, c := range map[string]struct {
		s    signing
		code string
	}{
		"SAM-10 a key of its own in KeyInfo (CVE-2023-48703)":  {signing{pair: &other, keyInfo: ownKey(other)}, ""},
		"SAM-10 another key, the right certificate in KeyInfo": {signing{pair: &other, keyInfo: ownKey(idpPair())}, ""},
		"SAM-10 HMAC with the certificate":                     {signing{method: hmacSHA256, hmac: idpPair().cert.Raw}, "SAML_UNKNOWN_ALGORITHM"},
		"SAM-10 HMAC with the certificate's PEM":               {signing{method: hmacSHA256, hmac: []byte(idpPair().pem())}, "SAML_UNKNOWN_ALGORITHM"},
		"SAM-10 HMAC with the public key":                      {signing{method: hmacSHA256, hmac: pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})}, "SAML_UNKNOWN_ALGORITHM"},
		"HMACOutputLength (CVE-2009-0217)":                     {signing{beforeSigning: add("./SignatureMethod", `<ds:HMACOutputLength xmlns:ds="`+nsSignature+`">1</ds:HMACOutputLength>`)}, ""},
		"SAM-11 rsa-sha1":                                      {signing{method: "http://www.w3.org/2000/09/xmldsig#rsa-sha1"}, "SAML_DEPRECATED_ALGORITHM"},
		"SAM-11 a digest of SHA-1":                             {signing{digest: digSHA1}, "SAML_DEPRECATED_ALGORITHM"},
		"SAM-11 an unknown signature":                          {signing{method: "urn:none"}, "SAML_UNKNOWN_ALGORITHM"},
		"SAM-11 an unknown digest":                             {signing{digest: "http://www.w3.org/2001/04/xmldsig-more#md5"}, "SAML_UNKNOWN_ALGORITHM"},
		"SAM-12 XSLT":                                          {signing{transforms: []string{enveloped, "http://www.w3.org/TR/1999/REC-xslt-19991116"}}, ""},
		"SAM-12 XPath":                                         {signing{transforms: []string{enveloped, "http://www.w3.org/TR/1999/REC-xpath-19991116"}}, ""},
		"SAM-12 XPath filter":                                  {signing{transforms: []string{"http://www.w3.org/2002/06/xmldsig-filter2", c14n}}, ""},
		"SAM-12 three transforms":                              {signing{transforms: []string{enveloped, c14n, c14n}}, ""},
		"SAM-12 the other order":                               {signing{transforms: []string{c14n, enveloped}}, ""},
		"SAM-12 no enveloped signature":                        {signing{transforms: []string{c14n}}, ""},
		"SAM-12 no canonicalization":                           {signing{transforms: []string{enveloped}}, ""},
		"SAM-12 no transforms":                                 {signing{transforms: []string{}}, ""},
		"SAM-12 inclusive canonicalization":                    {signing{transforms: []string{enveloped, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"}}, ""},
		"inclusive canonicalization of SignedInfo":             {signing{canonical: "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"}, ""},
		"something within a transform":                         {signing{beforeSigning: add("./Reference/Transforms/Transform[1]", "<x xmlns=\"urn:x\"/>")}, ""},
		"a reference to the document":                          {signing{uri: str("")}, ""},
		"a reference to another ID":                            {signing{uri: str("#_other")}, ""},
		"a reference by XPointer":                              {signing{uri: str("#xpointer(/)")}, ""},
		"a reference to a URL":                                 {signing{uri: str("https://evil.test/")}, ""},
		"two references, signed": {signing{beforeSigning: func(info, _ *etree.Element) {
			info.AddChild(info.FindElement("./Reference").Copy())
		}}, ""},
		"no reference, signed": {signing{beforeSigning: func(info, _ *etree.Element) { info.RemoveChild(info.FindElement("./Reference")) }}, ""},
		"a digest of nothing": {signing{beforeSigning: func(info, _ *etree.Element) {
			info.FindElement(".//DigestValue").SetText("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
		}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := goodAnswer().root()
			c.s.sign(assertionOf(root))
			_, err := read(connection(), xmlOf(root))
			wantRefused(t, err, c.code)

			root = goodAnswer().root()
			c.s.sign(root)
			_, err = read(connection(), xmlOf(root))
			wantRefused(t, err, c.code)
		})
	}
	t.Run("SAM-11 not in the list of allowed ones", func(t *testing.T) {
		t.Parallel()
		xml := xmlOf(signedAssertion(goodAnswer()))
		conn := connection()
		conn.Policy.SignatureAlgorithms = []string{ecdsaSHA256}
		_, err := read(conn, xml)
		wantRefused(t, err, "SAML_ALGORITHM_NOT_ALLOWED")
		conn = connection()
		conn.Policy.DigestAlgorithms = []string{digSHA512}
		_, err = read(conn, xml)
		wantRefused(t, err, "SAML_ALGORITHM_NOT_ALLOWED")
	})
	t.Run("SAM-11 a key of 1024 bits", func(t *testing.T) {
		t.Parallel()
		conn := connection()
		p := weak()
		conn.IDP.Certificates = []string{p.pem()}
		root := goodAnswer().root()
		signing{pair: &p}.sign(assertionOf(root))
		_, err := read(conn, xmlOf(root))
		wantRefused(t, err, "INVALID_SAML_CONFIGURATION")
		conn.Policy.AllowDeprecated = true
		if _, err := read(conn, xmlOf(root)); err != nil {
			t.Error(err)
		}
	})
}

// TestStatements: documents that are signed well, and say something else than they should.
func TestStatements(t *testing.T) {
	t.Parallel()
	const bearer = `NotOnOrAfter="2026-05-04T12:05:00Z" Recipient="` + acs + `" InResponseTo="` + requestID + `"`
	for name, c := range map[string]struct {
		f    func(*answer)
		code string
	}{
		"SAM-13 no assertion is confirmed by nobody": {func(a *answer) { a.confirmations = " " }, "SAML_BEARER_CONFIRMATION_MISSING"},
		"SAM-15 the confirmation answers another request": {func(a *answer) {
			a.confirmations = confirmation(methodBearer, strings.Replace(bearer, requestID, "_other", 1))
		}, ""},
		"SAM-15 only the response answers a request": {func(a *answer) {
			a.confirmations = confirmation(methodBearer, strings.Replace(bearer, "InResponseTo", "X", 1))
		}, ""},
		"SAM-15 two confirmations answer different ones": {func(a *answer) {
			a.confirmations = confirmation(methodBearer, bearer) + confirmation(methodBearer, strings.Replace(bearer, requestID, "_other", 1))
		}, ""},
		"SAM-16 no audience":                         {func(a *answer) { a.conditions = "" }, "SAML_AUDIENCE_MISSING"},
		"SAM-16 an empty restriction":                {func(a *answer) { a.conditions = audience() }, "SAML_AUDIENCE_MISMATCH"},
		"SAM-16 a foreign audience":                  {func(a *answer) { a.conditions = audience("https://other.example.com") }, "SAML_AUDIENCE_MISMATCH"},
		"SAM-16 an audience that begins like ours":   {func(a *answer) { a.conditions = audience(spEntity + "/") }, "SAML_AUDIENCE_MISMATCH"},
		"SAM-16 one of two restrictions fails":       {func(a *answer) { a.conditions += audience("https://other.example.com") }, "SAML_AUDIENCE_MISMATCH"},
		"a condition that is not known":              {func(a *answer) { a.conditions += `<saml:Condition/>` }, ""},
		"SAM-17 another recipient":                   {func(a *answer) { a.recipient = "https://other.example.com/acs" }, "SAML_BEARER_CONFIRMATION_MISSING"},
		"SAM-17 no recipient":                        {func(a *answer) { a.recipient = "" }, "SAML_BEARER_CONFIRMATION_MISSING"},
		"SAM-17 another destination":                 {func(a *answer) { a.destination = "https://other.example.com/acs" }, ""},
		"SAM-17 a destination that begins like ours": {func(a *answer) { a.destination = acs + "x" }, ""},
		"SAM-18 not yet":                             {func(a *answer) { a.times = `NotBefore="2026-05-04T12:01:01Z" NotOnOrAfter="2026-05-04T13:00:00Z"` }, "SAML_ASSERTION_IS_NOT_YET_VALID"},
		"SAM-18 no longer":                           {func(a *answer) { a.times = `NotOnOrAfter="2026-05-04T11:59:00Z"` }, "SAML_ASSERTION_HAS_EXPIRED"},
		"SAM-18 no times":                            {func(a *answer) { a.times = "" }, "SAML_ASSERTION_MISSING_REQUIRED_TIMESTAMP_CONDITIONS"},
		"SAM-18 a time without a zone":               {func(a *answer) { a.times = `NotBefore="2026-05-04T11:00:00"` }, "SAML_ASSERTION_HAS_INVALID_NOTBEFORE_TIMESTAMP"},
		"SAM-18 a time that is none":                 {func(a *answer) { a.times = `NotOnOrAfter="never"` }, "SAML_ASSERTION_HAS_INVALID_NOTONORAFTER_TIMESTAMP"},
		"SAM-18 the confirmation has ended": {func(a *answer) {
			a.confirmations = confirmation(methodBearer, strings.Replace(bearer, "12:05", "11:59", 1))
		}, "SAML_ASSERTION_HAS_EXPIRED"},
		"SAM-18 the confirmation never ends": {func(a *answer) {
			a.confirmations = confirmation(methodBearer, strings.Replace(bearer, "NotOnOrAfter", "X", 1))
		}, "SAML_BEARER_CONFIRMATION_MISSING"},
		"SAM-18 the confirmation has NotBefore": {func(a *answer) {
			a.confirmations = confirmation(methodBearer, bearer+` NotBefore="2026-05-04T11:00:00Z"`)
		}, "SAML_BEARER_CONFIRMATION_MISSING"},
		"SAM-18 a confirmation that is not bearer": {func(a *answer) {
			a.confirmations = confirmation("urn:oasis:names:tc:SAML:2.0:cm:holder-of-key", bearer)
		}, "SAML_BEARER_CONFIRMATION_MISSING"},
		"SAM-18 the session there has ended":       {func(a *answer) { a.authn = strings.Replace(a.authn, "T20:00", "T11:00", 1) }, "SAML_ASSERTION_HAS_EXPIRED"},
		"SAM-19 the assertion is by somebody else": {func(a *answer) { a.issuer = "https://other.example.com/metadata" }, ""},
		"SAM-19 the response is by somebody else":  {func(a *answer) { a.responseIssuer = "https://other.example.com/metadata" }, ""},
		"SAM-19 an issuer with other letters":      {func(a *answer) { a.issuer = strings.ToUpper(idpEntity) }, ""},
		"SAM-19 no issuer":                         {func(a *answer) { a.issuer = "" }, ""},
		"SAM-23 not a success":                     {func(a *answer) { a.status = "urn:oasis:names:tc:SAML:2.0:status:Requester" }, ""},
		"a name within a name":                     {func(a *answer) { a.nameID = `<saml:NameID>a<saml:NameID>b</saml:NameID></saml:NameID>` }, ""},
		"two names":                                {func(a *answer) { a.nameID += a.nameID }, ""},
		"an encrypted name":                        {func(a *answer) { a.nameID = `<saml:EncryptedID/>` }, ""},
		"two subjects":                             {func(a *answer) { a.nameID += `</saml:Subject><saml:Subject>` }, ""},
		"an encrypted attribute": {func(a *answer) {
			a.attributes = `<saml:AttributeStatement><saml:EncryptedAttribute/></saml:AttributeStatement>`
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := goodAnswer()
			c.f(&a)
			for _, sign := range []func(answer) *etree.Element{signedAssertion, signedResponse} {
				_, err := read(connection(), xmlOf(sign(a)))
				wantRefused(t, err, c.code)
			}
		})
	}
	t.Run("SAM-19 a provider of another tenant, with its own valid signature", func(t *testing.T) {
		t.Parallel()
		other := foreign()
		for _, issuer := range []string{idpEntity, "https://other.example.com/metadata"} {
			a := goodAnswer()
			a.issuer, a.responseIssuer = issuer, issuer
			root := a.root()
			signing{pair: &other}.sign(assertionOf(root))
			_, err := read(connection(), xmlOf(root))
			wantRefused(t, err, "INVALID_SAML_RESPONSE")
		}
	})
	t.Run("versions, IDs and times of issue", func(t *testing.T) {
		t.Parallel()
		for _, c := range [][3]string{
			{"Version", "1.1"}, {"ID", ""}, {"IssueInstant", ""}, {"IssueInstant", "2026-05-04T12:02:00Z"},
		} {
			root := goodAnswer().root()
			assertionOf(root).CreateAttr(c[0], c[1])
			signing{}.sign(root)
			_, err := read(connection(), xmlOf(root))
			wantRefused(t, err, "")
			root = goodAnswer().root()
			root.CreateAttr(c[0], c[1])
			signing{}.sign(assertionOf(root))
			_, err = read(connection(), xmlOf(root))
			wantRefused(t, err, "")
		}
	})
}

func TestSizes(t *testing.T) {
	t.Parallel()
	nested := func(n int) string { return strings.Repeat(`<a>`, n) + strings.Repeat(`</a>`, n) }
	for name, xml := range map[string]string{
		"SAM-22 100,000 elements deep":     nested(100_000),
		"SAM-22 65 elements deep":          nested(65),
		"SAM-22 more than 256 KiB":         "<a>" + strings.Repeat(" ", 256<<10) + "</a>",
		"SAM-22 more than 10,000 elements": "<a>" + strings.Repeat("<b/>", maxElements) + "</a>",
		"SAM-22 65 attributes": func() string {
			var b strings.Builder
			for i := range 65 {
				fmt.Fprintf(&b, ` a%d=""`, i)
			}
			return "<a" + b.String() + "/>"
		}(),
		"SAM-22 many namespaces": func() string {
			var b strings.Builder
			for i := range 33 {
				fmt.Fprintf(&b, `<a xmlns:a%d="urn:a" xmlns:b%d="urn:b">`, i, i)
			}
			return b.String() + strings.Repeat("</a>", 33)
		}(),
		"SAM-22 a long name": "<" + strings.Repeat("a", 200) + "/>",
		"an empty document":  "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := read(connection(), xml)
			wantRefused(t, err, "")
			if strings.HasPrefix(name, "SAM-22") {
				if _, err := parse([]byte(xml), defaultMaxMessage, false); err == nil {
					t.Error("parsed")
				}
			}
		})
	}
	t.Run("SAM-22 base64 junk", func(t *testing.T) {
		t.Parallel()
		for _, message := range []string{"", "!", "PHg+", "PHgvPg", "PHgvPg==x", "PHgvPg==PHgvPg==", strings.Repeat("A", 1<<20)} {
			_, err := New(Options{}).ReadResponse(connection(), &sso.SAMLReceived{Binding: sso.SAMLPost, Message: message, At: []string{acs}, Now: now})
			wantRefused(t, err, "")
		}
	})
	t.Run("3,000 groups", func(t *testing.T) {
		t.Parallel()
		a := goodAnswer()
		a.attributes = `<saml:AttributeStatement><saml:Attribute Name="groups">` + strings.Repeat(`<saml:AttributeValue>g</saml:AttributeValue>`, 3000) + `</saml:Attribute></saml:AttributeStatement>`
		got, err := read(connection(), xmlOf(signedAssertion(a)))
		if err != nil || len(got.Attributes["groups"]) != 3000 {
			t.Error(err)
		}
	})
	t.Run("a response in a query", func(t *testing.T) {
		t.Parallel()
		in := posted(xmlOf(signedAssertion(goodAnswer())))
		in.Binding = sso.SAMLRedirect
		_, err := New(Options{}).ReadResponse(connection(), in)
		wantRefused(t, err, "")
	})
}
