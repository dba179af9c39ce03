package saml

import (
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
