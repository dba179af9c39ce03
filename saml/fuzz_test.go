package saml

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"net/url"
	"testing"

	"github.com/crewjam/saml/xmlenc"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

// FuzzReadResponse: nothing panics (SAM-29), and nothing is accepted that does not say what the
// signer has said.
func FuzzReadResponse(f *testing.F) {
	f.Add(xmlOf(signedAssertion(goodAnswer())))
	f.Add(xmlOf(signedResponse(goodAnswer())))
	for _, e := range []xmlenc.RSA{encrypter(xmlenc.OAEP(), xmlenc.AES128CBC, nil), encrypter(xmlenc.OAEP(), xmlenc.AES128GCM, nil), encrypter(xmlenc.PKCS1v15(), xmlenc.TripleDES, nil)} {
		signed := signedAssertion(goodAnswer())
		f.Add(xmlOf(encryptInto(signed, boxOf(plainOf(assertionOf(signed)), e))))
	}
	for _, wrap := range wraps {
		f.Add(xmlOf(wrap("_evil")))
	}
	conn := decrypting()
	conn.Policy.AllowDeprecated = true
	stack := New(Options{})
	f.Fuzz(func(t *testing.T, xml string) {
		got, err := stack.ReadResponse(conn, posted(xml))
		if err == nil && (got.NameID != "ada@example.com" || got.ID != "_a1" || got.InResponseTo != requestID) {
			t.Fatalf("%+v", got)
		}
	})
}

func FuzzReadMetadata(f *testing.F) {
	f.Add(goodMetadata())
	f.Add(`<md:EntitiesDescriptor xmlns:md="` + nsMetadata + `">` + goodMetadata() + `</md:EntitiesDescriptor>`)
	stack := New(Options{})
	f.Fuzz(func(t *testing.T, xml string) {
		got, err := stack.ReadMetadata([]byte(xml), &sso.SAMLPolicy{})
		if err != nil || len(got.Certificates) == 0 {
			return
		}
		conn := connection()
		conn.IDP = *got
		if err := stack.CheckConnection(conn); err != nil {
			t.Fatalf("metadata that were read are refused: %v", err)
		}
	})
}

func FuzzReadLogout(f *testing.F) {
	for _, binding := range []sso.SAMLBinding{sso.SAMLRedirect, sso.SAMLPost} {
		m, err := New(Options{}).LogoutRequest(peer(), logoutOf(binding))
		if err != nil {
			f.Fatal(err)
		}
		if binding == sso.SAMLPost {
			xml, err := base64.StdEncoding.DecodeString(m.Fields[0].Value)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(xml), "")
			continue
		}
		f.Add("", m.URL[len(slo)+1:])
	}
	stack := New(Options{})
	f.Fuzz(func(t *testing.T, xml, query string) {
		values, _ := url.ParseQuery(query)
		for _, in := range []*sso.SAMLReceived{
			{Binding: sso.SAMLPost, Message: base64.StdEncoding.EncodeToString([]byte(xml))},
			{Binding: sso.SAMLRedirect, Message: values.Get("SAMLRequest"), RelayState: values.Get("RelayState"), RawQuery: query},
			deflated([]byte(xml)),
		} {
			in.At, in.Now, in.RequireSignature = []string{slo}, now, true
			if got, err := stack.ReadLogoutRequest(connection(), in); err == nil && got.NameID != "ada <&> lovelace" {
				t.Fatalf("%+v", got)
			}
			if got, err := stack.ReadLogoutResponse(connection(), in); err == nil {
				t.Fatalf("%+v", got)
			}
		}
	})
}

// FuzzScan: what the scanner accepts, the parser understands, and its canonical form is
// accepted with the same canonical form.
func FuzzScan(f *testing.F) {
	f.Add(xmlOf(signedAssertion(goodAnswer())))
	for _, s := range []string{`<a/>`, `<a xmlns="urn:a"><b xmlns=""/></a>`, `<?xml version="1.0"?><p:a xmlns:p="urn:p" p:b="&#10;" xml:lang="x">&lt;&#x41;</p:a>`, "<a>\r\n]]&gt;</a>", `<a b='"' c="'"/>`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, xml string) {
		if scan([]byte(xml), false) != nil {
			return
		}
		root, err := parse([]byte(xml), 1<<20, false)
		if err != nil {
			t.Fatalf("scanned, and not parsed: %v", err)
		}
		first, err := canonical(root, nil, "")
		if err != nil {
			return
		}
		again, err := parse(first, 1<<22, false)
		if err != nil {
			t.Fatalf("%q: %v", first, err)
		}
		if second, err := canonical(again, nil, ""); err != nil || string(second) != string(first) {
			t.Fatalf("%q became %q, %v", first, second, err)
		}
	})
}

// FuzzSignedAssertion: an identity provider may say anything in an assertion that it signs.
func FuzzSignedAssertion(f *testing.F) {
	good := goodAnswer()
	f.Add(good.nameID, confirmation(methodBearer, `NotOnOrAfter="2026-05-04T12:05:00Z" Recipient="`+acs+`" InResponseTo="`+requestID+`"`), good.times, good.conditions, good.authn+good.attributes)
	p := idpEC()
	conn := connection()
	conn.IDP.Certificates = []string{p.pem()}
	stack := New(Options{})
	f.Fuzz(func(t *testing.T, name, confirmations, times, conditions, statements string) {
		if confirmations == "" {
			return
		}
		xml := `<saml:Assertion xmlns:saml="` + nsAssertion + `" ID="_a1" Version="2.0" IssueInstant="2026-05-04T12:00:00Z"><saml:Issuer>` + idpEntity + `</saml:Issuer>` +
			`<saml:Subject>` + name + confirmations + `</saml:Subject><saml:Conditions ` + times + `>` + conditions + `</saml:Conditions>` + statements + `</saml:Assertion>`
		el, err := parse([]byte(xml), 64<<10, false)
		if err != nil || len(el.FindElements(".//Signature")) > 0 {
			return
		}
		root := good.root()
		root.RemoveChild(assertionOf(root))
		root.AddChild(el)
		signing{pair: &p, method: ecdsaSHA256}.sign(el)
		got, err := stack.ReadResponse(conn, posted(xmlOf(root)))
		if err == nil && (got.ID != "_a1" || got.ValidUntil.Before(now.Add(-conn.Policy.ClockSkew))) {
			t.Fatalf("%+v", got)
		}
	})
}

// FuzzDecrypt: no ciphertext panics.
func FuzzDecrypt(f *testing.F) {
	f.Add(uint8(0), uint8(0), []byte("key"), []byte("data"))
	f.Add(uint8(2), uint8(6), make([]byte, 256), make([]byte, 48))
	private, _ := spPair().key.(*rsa.PrivateKey)
	keys := []string{oaepMGF1P, oaep11, rsa15}
	data := []string{aes128CBC, aes192CBC, aes256CBC, aes128GCM, aes192GCM, aes256GCM, tripleDES}
	f.Fuzz(func(_ *testing.T, k, d uint8, key, value []byte) {
		box := &encrypted{keyMethod: keys[int(k)%len(keys)], dataMethod: data[int(d)%len(data)], key: key, data: value}
		box.keySize, _ = cipherOf(box.dataMethod)
		box.oaep = rsa.OAEPOptions{Hash: crypto.SHA256, MGFHash: crypto.SHA1}
		box.open(private)
		box.decipher(make([]byte, box.keySize))
	})
}
