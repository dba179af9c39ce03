package saml

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

func testVerifier(t *testing.T, conn *sso.SAMLConnection) *verifier {
	t.Helper()
	s, _ := New(Options{}).(*stack)
	v, err := s.verifier(conn, &sso.SAMLReceived{Now: now}, codeInvalidResponse)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// elements are all elements of the document that an element is in.
func elements(el *etree.Element) map[*etree.Element]bool {
	for el.Parent() != nil {
		el = el.Parent()
	}
	all := map[*etree.Element]bool{}
	_ = walk(el, func(e *etree.Element) error { all[e] = true; return nil })
	return all
}

// TestVerifiedElement: what verification returns is made of the bytes that were signed, and has
// nothing of the document that was received.
func TestVerifiedElement(t *testing.T) {
	t.Parallel()
	for name, root := range map[string]*etree.Element{"assertion": signedAssertion(goodAnswer()), "response": signedResponse(goodAnswer())} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			received, err := parse([]byte(xmlOf(root)), defaultMaxMessage, false)
			if err != nil {
				t.Fatal(err)
			}
			sig := received.FindElement(".//Signature")
			old, v := elements(received), testVerifier(t, connection())
			out, err := v.verified(sig)
			if err != nil {
				t.Fatal(err)
			}
			if out.Tag != sig.Parent().Tag || attr(out, "ID") != attr(sig.Parent(), "ID") {
				t.Errorf("it is the %s %q", out.Tag, attr(out, "ID"))
			}
			info := sig.FindElement("./SignedInfo")
			read, err := v.signedInfo(info, sig.FindElement("./SignatureValue"))
			if err != nil {
				t.Fatal(err)
			}
			if read.Tag != "SignedInfo" || read.FindElement(".//DigestValue").Text() != info.FindElement(".//DigestValue").Text() {
				t.Error("it is another SignedInfo")
			}
			for what, el := range map[string]*etree.Element{"the signed element": out, "SignedInfo": read} {
				if len(el.FindElements(".//Signature")) != 0 {
					t.Errorf("%s has its signature", what)
				}
				for e := range elements(el) {
					if old[e] {
						t.Errorf("%s shares %s with the document", what, e.Tag)
					}
				}
			}
		})
	}
}

// TestRootAndAssertion: documents that are signed well, with the right elements at the wrong
// places or under the wrong names.
func TestRootAndAssertion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(root *etree.Element)
		code   string
		reason string
	}{
		"the root is no Response": {func(root *etree.Element) { root.Tag = "ArtifactResponse" }, "INVALID_SAML_RESPONSE", "no Response"},
		"the root is of another namespace": {func(root *etree.Element) {
			root.Space = "saml"
		}, "INVALID_SAML_RESPONSE", "no Response"},
		"SAM-13 the Assertion is nested": {func(root *etree.Element) {
			a := assertionOf(root)
			root.RemoveChild(a)
			root.CreateElement("samlp:Extensions").AddChild(a)
		}, "SAML_NO_ASSERTION", "directly"},
		"SAM-13 the Assertion is of another namespace": {func(root *etree.Element) {
			a := assertionOf(root)
			a.CreateAttr("xmlns:x", "urn:x")
			a.Space = "x"
		}, "SAML_NO_ASSERTION", "directly"},
		"SAM-13 no Assertion": {func(root *etree.Element) { root.RemoveChild(assertionOf(root)) }, "SAML_NO_ASSERTION", "no assertion"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, whole := range []bool{false, true} {
				root := goodAnswer().root()
				c.change(root)
				signed := root
				if a := root.FindElement(".//Assertion"); a != nil && !whole {
					signed = a
				}
				signing{}.sign(signed)
				_, err := read(connection(), xmlOf(root))
				wantRefused(t, err, c.code)
				if !strings.Contains(err.Error(), c.reason) {
					t.Errorf("%v, want %q", err, c.reason)
				}
			}
		})
	}
	t.Run("a signed response in a query", func(t *testing.T) {
		t.Parallel()
		in := deflated([]byte(xmlOf(signedAssertion(goodAnswer()))))
		in.RawQuery, in.At = strings.Replace(in.RawQuery, "SAMLRequest=", "SAMLResponse=", 1), []string{acs}
		_, err := New(Options{}).ReadResponse(connection(), in)
		wantRefused(t, err, "INVALID_SAML_RESPONSE")
		if !strings.Contains(err.Error(), "HTTP-POST") {
			t.Error(err)
		}
	})
}

// TestEmptySignatures: parts of a signature that are empty, or are not there. The empty digest
// is signed.
func TestEmptySignatures(t *testing.T) {
	t.Parallel()
	remove := func(path string) func(*etree.Element) {
		return func(sig *etree.Element) { el := sig.FindElement(path); el.Parent().RemoveChild(el) }
	}
	empty := func(path, text string) func(*etree.Element) {
		return func(sig *etree.Element) { sig.FindElement(path).SetText(text) }
	}
	digest := func(text string) func(info, _ *etree.Element) {
		return func(info, _ *etree.Element) { info.FindElement(".//DigestValue").SetText(text) }
	}
	for name, c := range map[string]struct {
		s      signing
		change func(sig *etree.Element)
		reason string
	}{
		"SAM-29 no SignatureValue":              {signing{}, remove("./SignatureValue"), "does not have SignatureValue"},
		"SAM-29 an empty SignatureValue":        {signing{}, empty("./SignatureValue", ""), "no base64"},
		"SAM-29 a SignatureValue of space":      {signing{}, empty("./SignatureValue", " \n"), "no base64"},
		"SAM-29 a SignatureValue of one byte":   {signing{}, empty("./SignatureValue", "AA=="), "no certificate"},
		"SAM-29 no DigestValue":                 {signing{beforeSigning: func(info, _ *etree.Element) { remove(".//DigestValue")(info) }}, nil, "does not have DigestValue"},
		"SAM-29 an empty DigestValue, signed":   {signing{beforeSigning: digest("")}, nil, "no base64"},
		"SAM-29 a DigestValue of space, signed": {signing{beforeSigning: digest("\n")}, nil, "no base64"},
		"SAM-29 a DigestValue of one byte":      {signing{beforeSigning: digest("AA==")}, nil, "digest of"},
		"SAM-29 no SignedInfo":                  {signing{}, remove("./SignedInfo"), "does not have SignedInfo"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, whole := range []bool{false, true} {
				root := goodAnswer().root()
				el := assertionOf(root)
				if whole {
					el = root
				}
				c.s.sign(el)
				if c.change != nil {
					c.change(el.FindElement("./Signature"))
				}
				_, err := read(connection(), xmlOf(root))
				wantRefused(t, err, "INVALID_SAML_RESPONSE")
				if !strings.Contains(err.Error(), c.reason) {
					t.Errorf("%v, want %q", err, c.reason)
				}
			}
		})
	}
}

// TestSignatureLengths: an ECDSA signature is as long as two numbers of the curve, and nothing
// of another length is sliced.
func TestSignatureLengths(t *testing.T) {
	t.Parallel()
	p, sum := idpEC(), make([]byte, 32)
	good := signing{}.value(&p, ecdsaSHA256, []byte("data"))
	method, _ := signatureMethodOf(ecdsaSHA256)
	h := method.hash.New()
	h.Write([]byte("data"))
	sum = h.Sum(sum[:0])
	if !method.verify(p.cert.PublicKey, sum, good) {
		t.Fatal("a good signature is refused")
	}
	for _, signature := range [][]byte{nil, {}, good[:1], good[:32], good[:63], append(good[:64:64], 0), append(good[:64:64], good...), make([]byte, 64)} {
		if method.verify(p.cert.PublicKey, sum, signature) {
			t.Errorf("%d bytes are a signature", len(signature))
		}
	}
	// The same numbers in longer form.
	long := append(append(make([]byte, 1), good[:32]...), append(make([]byte, 1), good[32:]...)...)
	if method.verify(p.cert.PublicKey, sum, long) {
		t.Error("a signature with zeros in front is taken")
	}
	conn := connection()
	conn.IDP.Certificates = []string{p.pem()}
	for _, n := range []int{1, 2, 63, 65} {
		root := goodAnswer().root()
		signing{pair: &p, method: ecdsaSHA256}.sign(assertionOf(root))
		root.FindElement(".//SignatureValue").SetText(strings.Repeat("AAAA", 30)[:4*((n+2)/3)])
		_, err := read(conn, xmlOf(root))
		wantRefused(t, err, "INVALID_SAML_RESPONSE")
	}
}

// TestKeyStrength: keys at the bounds.
func TestKeyStrength(t *testing.T) {
	t.Parallel()
	of := func(bits uint) *rsa.PublicKey {
		return &rsa.PublicKey{N: new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), bits-1), big.NewInt(1)), E: 65537}
	}
	curve := func(c elliptic.Curve) *ecdsa.PublicKey {
		key, err := ecdsa.GenerateKey(c, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		return &key.PublicKey
	}
	strict, deprecated := &sso.SAMLPolicy{}, &sso.SAMLPolicy{AllowDeprecated: true}
	for name, c := range map[string]struct {
		key        any
		strict, no bool
	}{
		"SAM-11 RSA of 1023 bits": {of(1023), false, true},
		"SAM-11 RSA of 1024 bits": {of(1024), false, false},
		"SAM-11 RSA of 2047 bits": {of(2047), false, false},
		"SAM-11 RSA of 2048 bits": {of(2048), true, false},
		"SAM-22 RSA of 8192 bits": {of(8192), true, false},
		"SAM-22 RSA of 8193 bits": {of(8193), false, true},
		"SAM-11 P-224":            {curve(elliptic.P224()), false, true},
		"P-256":                   {curve(elliptic.P256()), true, false},
		"P-384":                   {curve(elliptic.P384()), true, false},
		"something else":          {"key", false, true},
	} {
		if err := strongEnough(c.key, strict); (err == nil) != c.strict {
			t.Errorf("%s: %v", name, err)
		}
		if err := strongEnough(c.key, deprecated); (err == nil) == c.no {
			t.Errorf("%s, deprecated: %v", name, err)
		}
	}
	t.Run("SAM-11 a certificate of P-224", func(t *testing.T) {
		t.Parallel()
		p := newEC(elliptic.P224())
		conn := connection()
		conn.IDP.Certificates = []string{p.pem()}
		wantRefused(t, New(Options{}).CheckConnection(conn), "INVALID_SAML_CONFIGURATION")
	})
}

// TestCertificateTimes: the skew counts at both ends of a certificate.
func TestCertificateTimes(t *testing.T) {
	t.Parallel()
	xml := xmlOf(signedAssertion(goodAnswer()))
	allowed := connection().Policy.ClockSkew
	for name, c := range map[string]struct {
		from, to int // seconds from now, beyond the skew
		good     bool
	}{
		"SAM-10 not valid yet": {2, 1000, false}, "valid from now on": {-2, 1000, true},
		"SAM-10 expired": {-1000, -2, false}, "valid until now": {-1000, 2, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := func(n int, sign int) int64 { return now.Unix() + int64(n) + int64(sign)*int64(allowed.Seconds()) }
			from, to := at(c.from, 1), at(c.to, -1)
			p := certify(idpPair().key, time.Unix(from, 0), time.Unix(to, 0))
			conn := connection()
			conn.IDP.Certificates = []string{p.pem()}
			_, err := read(conn, xml)
			if c.good && err != nil {
				t.Fatal(err)
			}
			if !c.good {
				wantRefused(t, err, "INVALID_SAML_RESPONSE")
				if !strings.Contains(err.Error(), "not valid yet") {
					t.Error(err)
				}
			}
			if _, err := New(Options{AllowExpiredCertificates: true}).ReadResponse(conn, posted(xml)); err != nil {
				t.Error(err)
			}
		})
	}
}
