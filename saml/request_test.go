package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"io"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

// signingConnection signs requests with the key of this server.
func signingConnection() *sso.SAMLConnection {
	conn := connection()
	conn.SP.SigningKey, conn.SP.SigningCertificate, conn.SP.SignRequests = spPair().keyPEM(), spPair().pem(), true
	return conn
}

func requestXML(t *testing.T, m *sso.SAMLMessage) string {
	t.Helper()
	if len(m.Fields) > 0 {
		doc, err := base64.StdEncoding.DecodeString(m.Fields[0].Value)
		if err != nil || m.Fields[0].Name != "SAMLRequest" {
			t.Fatal(err, m.Fields)
		}
		return string(doc)
	}
	u, err := url.Parse(m.URL)
	if err != nil {
		t.Fatal(err)
	}
	data, err := base64.StdEncoding.DecodeString(u.Query().Get("SAMLRequest"))
	if err != nil {
		t.Fatal(err)
	}
	doc, err := io.ReadAll(flate.NewReader(bytes.NewReader(data)))
	if err != nil {
		t.Fatal(err)
	}
	return string(doc)
}

func TestAuthnRequest(t *testing.T) {
	t.Parallel()
	ids := map[string]bool{}
	for _, binding := range []sso.SAMLBinding{sso.SAMLRedirect, sso.SAMLPost} {
		for _, signed := range []bool{false, true} {
			conn := connection()
			if signed {
				conn = signingConnection()
			}
			conn.SP.NameIDFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
			m, err := New(Options{}).AuthnRequest(conn, sso.SAMLRequest{Binding: binding, Location: "https://idp.example.com/sso?t=1", RelayState: "state", ForceAuthn: true, Now: now})
			if err != nil {
				t.Fatal(err)
			}
			if !regexp.MustCompile(`^_[0-9a-f]{40}$`).MatchString(m.ID) || ids[m.ID] {
				t.Error("ID ", m.ID)
			}
			ids[m.ID] = true
			xml := requestXML(t, m)
			root := element(xml)
			for name, want := range map[string]string{
				"ID": m.ID, "Version": "2.0", "IssueInstant": "2026-05-04T12:00:00Z", "Destination": "https://idp.example.com/sso?t=1",
				"ForceAuthn": "true", "AssertionConsumerServiceURL": acs, "ProtocolBinding": string(sso.SAMLPost),
			} {
				if got := root.SelectAttrValue(name, ""); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if root.FindElement("./Issuer").Text() != spEntity || root.FindElement("./NameIDPolicy").SelectAttrValue("AllowCreate", "") != "true" {
				t.Error(xml)
			}
			if got := strings.Contains(xml, "Signature"); got != (signed && binding == sso.SAMLPost) {
				t.Errorf("signed %v, %s: %s", signed, binding, xml)
			}
			u, err := url.Parse(m.URL)
			if err != nil {
				t.Fatal(err)
			}
			if binding == sso.SAMLRedirect {
				if u.Query().Get("t") != "1" || u.Query().Get("RelayState") != "state" || u.Query().Has("Signature") != signed {
					t.Error(m.URL)
				}
			} else if m.Fields[1] != (sso.SAMLField{Name: "RelayState", Value: "state"}) {
				t.Error(m.Fields)
			}
		}
	}
	t.Run("a provider that wants requests signed gets that where there is a key", func(t *testing.T) {
		t.Parallel()
		conn := signingConnection()
		conn.SP.SignRequests, conn.IDP.WantAuthnRequestsSigned = false, true
		m, err := New(Options{}).AuthnRequest(conn, sso.SAMLRequest{Binding: sso.SAMLRedirect, Location: "https://idp.example.com/sso", Now: now})
		if err != nil || !strings.Contains(m.URL, "&Signature=") {
			t.Error(m, err)
		}
	})
	for name, change := range map[string]func(*sso.SAMLConnection, *sso.SAMLRequest){
		"SAM-27 a location that is no URL of the web": func(_ *sso.SAMLConnection, r *sso.SAMLRequest) { r.Location = "javascript:alert(1)" },
		"SAM-27 an ACS that is none":                  func(c *sso.SAMLConnection, _ *sso.SAMLRequest) { c.SP.ACS = "javascript:alert(1)" },
		"a binding that is not known":                 func(_ *sso.SAMLConnection, r *sso.SAMLRequest) { r.Binding = "urn:x" },
		"no key to sign with":                         func(c *sso.SAMLConnection, _ *sso.SAMLRequest) { c.SP.SigningKey = "" },
		"a certificate of another key":                func(c *sso.SAMLConnection, _ *sso.SAMLRequest) { c.SP.SigningCertificate = foreign().pem() },
		"SAM-11 SHA-1": func(c *sso.SAMLConnection, _ *sso.SAMLRequest) {
			c.SP.SignatureAlgorithm = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
		},
		"an algorithm of another key": func(c *sso.SAMLConnection, _ *sso.SAMLRequest) { c.SP.SignatureAlgorithm = ecdsaSHA256 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, r := signingConnection(), sso.SAMLRequest{Binding: sso.SAMLPost, Location: "https://idp.example.com/sso", Now: now}
			change(conn, &r)
			_, err := New(Options{}).AuthnRequest(conn, r)
			wantRefused(t, err, "")
		})
	}
}

// TestOwnSignatures: the verifier accepts what this server signs, with every algorithm.
func TestOwnSignatures(t *testing.T) {
	t.Parallel()
	for method, p := range map[string]pair{
		rsaSHA256: spPair(), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384": spPair(), "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512": spPair(),
		ecdsaSHA256: idpEC(), "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384": idpEC(), "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512": idpEC(), "": idpEC(),
	} {
		sender := peer()
		sender.SP.SigningKey, sender.SP.SigningCertificate, sender.SP.SignatureAlgorithm, sender.SP.DigestAlgorithm = p.keyPEM(), p.pem(), method, digSHA512
		reader := connection()
		reader.IDP.Certificates = []string{p.pem()}
		for _, binding := range []sso.SAMLBinding{sso.SAMLRedirect, sso.SAMLPost} {
			m, err := New(Options{}).LogoutRequest(sender, logoutOf(binding))
			if err != nil {
				t.Fatal(method, err)
			}
			if _, err := New(Options{}).ReadLogoutRequest(reader, received(t, m, "SAMLRequest")); err != nil {
				t.Error(method, binding, err)
			}
		}
	}
}
