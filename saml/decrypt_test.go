package saml

import (
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"

	"github.com/advantch/kernia-go/core/plugins/sso"
)

// encrypter is crewjam's, which is not the code under test.
func encrypter(e xmlenc.RSA, block xmlenc.BlockCipher, digest xmlenc.DigestMethod) xmlenc.RSA {
	e.BlockCipher = block
	if digest != nil {
		e.DigestMethod = digest
	}
	return e
}

func boxOf(plain []byte, e xmlenc.RSA) *etree.Element {
	box, err := e.Encrypt(spPair().cert, plain, nil)
	if err != nil {
		panic(err)
	}
	return box
}

// encryptInto replaces the assertion of a response by an encrypted one.
func encryptInto(root *etree.Element, box *etree.Element) *etree.Element {
	a := assertionOf(root)
	root.RemoveChild(a)
	root.CreateElement("saml:EncryptedAssertion").AddChild(box)
	return root
}

func plainOf(a *etree.Element) []byte { return testCanonical(a, "") }

func decrypting() *sso.SAMLConnection {
	conn := connection()
	conn.SP.DecryptionKey = spPair().keyPEM()
	return conn
}

func TestEncryptedAssertion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		e          xmlenc.RSA
		deprecated bool
	}{
		"OAEP and AES-128-CBC":           {encrypter(xmlenc.OAEP(), xmlenc.AES128CBC, xmlenc.SHA1), false},
		"OAEP and AES-192-CBC":           {encrypter(xmlenc.OAEP(), xmlenc.AES192CBC, xmlenc.SHA1), false},
		"OAEP and AES-256-CBC":           {encrypter(xmlenc.OAEP(), xmlenc.AES256CBC, xmlenc.SHA1), false},
		"OAEP and AES-128-GCM":           {encrypter(xmlenc.OAEP(), xmlenc.AES128GCM, xmlenc.SHA1), false},
		"OAEP and AES-192-GCM":           {encrypter(xmlenc.OAEP(), xmlenc.AES192GCM, xmlenc.SHA1), false},
		"OAEP and AES-256-GCM":           {encrypter(xmlenc.OAEP(), xmlenc.AES256GCM, xmlenc.SHA1), false},
		"OAEP with SHA-256 and MGF SHA1": {encrypter(xmlenc.OAEP(), xmlenc.AES256GCM, xmlenc.SHA256), false},
		"OAEP 1.1 with SHA-256":          {encrypter(xmlenc.OAEP_SHA256(), xmlenc.AES256GCM, nil), false},
		"OAEP 1.1 with SHA-512":          {encrypter(xmlenc.OAEP_SHA512(), xmlenc.AES256GCM, nil), false},
		"RSA 1.5":                        {encrypter(xmlenc.PKCS1v15(), xmlenc.AES128CBC, nil), true},
		"3DES":                           {encrypter(xmlenc.OAEP(), xmlenc.TripleDES, xmlenc.SHA1), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signed := signedAssertion(goodAnswer())
			xml := xmlOf(encryptInto(signed, boxOf(plainOf(assertionOf(signed)), c.e)))
			whole := goodAnswer().root()
			encryptInto(whole, boxOf(plainOf(assertionOf(whole)), c.e))
			signing{}.sign(whole)
			for _, xml := range []string{xml, xmlOf(whole)} {
				conn := decrypting()
				if c.deprecated {
					_, err := read(conn, xml)
					wantRefused(t, err, "SAML_DEPRECATED_ALGORITHM") // SAM-11
					conn.Policy.AllowDeprecated = true
				}
				got, err := read(conn, xml)
				if err != nil {
					t.Fatal(err)
				}
				if got.NameID != "ada@example.com" {
					t.Errorf("%+v", got)
				}
				conn.SP.DecryptionKey = ""
				_, err = read(conn, xml)
				wantRefused(t, err, "INVALID_SAML_RESPONSE")
			}
		})
	}
	t.Run("the key beside the data", func(t *testing.T) {
		t.Parallel()
		signed := signedAssertion(goodAnswer())
		root := encryptInto(signed, boxOf(plainOf(assertionOf(signed)), xmlenc.OAEP()))
		info := root.FindElement(".//KeyInfo")
		key := info.FindElement("./EncryptedKey")
		info.Parent().RemoveChild(info)
		key.CreateAttr("xmlns:ds", nsSignature)
		root.FindElement("./EncryptedAssertion").AddChild(key)
		if _, err := read(decrypting(), xmlOf(root)); err != nil {
			t.Error(err)
		}
	})
}

// TestEncryptedAttacks: whatever fails after a ciphertext is one and the same answer.
func TestEncryptedAttacks(t *testing.T) {
	t.Parallel()
	e := encrypter(xmlenc.OAEP(), xmlenc.AES128CBC, xmlenc.SHA1)
	gcm := encrypter(xmlenc.OAEP(), xmlenc.AES128GCM, xmlenc.SHA1)
	good := func(e xmlenc.RSA) *etree.Element {
		signed := signedAssertion(goodAnswer())
		return encryptInto(signed, boxOf(plainOf(assertionOf(signed)), e))
	}
	plain := func(f func(a *etree.Element)) *etree.Element {
		root := goodAnswer().root()
		f(assertionOf(root))
		return encryptInto(root, boxOf(plainOf(assertionOf(root)), e))
	}
	cipherValue := func(root *etree.Element, path string, f func([]byte) []byte) *etree.Element {
		el := root.FindElement(path)
		data, err := base64.StdEncoding.DecodeString(el.Text())
		if err != nil {
			panic(err)
		}
		el.SetText(base64.StdEncoding.EncodeToString(f(data)))
		return root
	}
	const ofKey, ofData = ".//EncryptedKey/CipherData/CipherValue", ".//EncryptedData/CipherData/CipherValue"
	flip := func(i int) func([]byte) []byte {
		return func(b []byte) []byte {
			if i < 0 {
				i += len(b)
			}
			b[i] ^= 1
			return b
		}
	}
	cut := func(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:n] } }
	for name, root := range map[string]*etree.Element{
		"SAM-30 a changed key":                         cipherValue(good(e), ofKey, flip(10)),
		"SAM-30 a short key":                           cipherValue(good(e), ofKey, cut(16)),
		"SAM-30 a key for somebody else":               cipherValue(good(e), ofKey, func([]byte) []byte { return make([]byte, 256) }),
		"SAM-30 a changed first block":                 cipherValue(good(e), ofData, flip(0)),
		"SAM-30 a changed last block":                  cipherValue(good(e), ofData, flip(-1)),
		"SAM-30 a changed padding":                     cipherValue(good(e), ofData, flip(-17)),
		"SAM-29 no block":                              cipherValue(good(e), ofData, cut(0)),
		"SAM-29 one block":                             cipherValue(good(e), ofData, cut(16)),
		"SAM-29 not whole blocks (GO-2026-4760)":       cipherValue(good(e), ofData, cut(47)),
		"SAM-30 a changed tag":                         cipherValue(good(gcm), ofData, flip(-1)),
		"SAM-29 shorter than a nonce":                  cipherValue(good(gcm), ofData, cut(11)),
		"SAM-30 an unsigned assertion (CVE-2024-9487)": plain(func(*etree.Element) {}),
		"SAM-30 signed by somebody else": plain(func(a *etree.Element) {
			p := foreign()
			signing{pair: &p}.sign(a)
		}),
		"SAM-30 a changed assertion": plain(func(a *etree.Element) {
			signing{}.sign(a)
			a.FindElement(".//NameID").SetText(evilName)
		}),
		"SAM-30 an assertion within the assertion": plain(func(a *etree.Element) {
			signing{}.sign(a)
			old := a.Copy()
			take(a)
			a.CreateAttr("ID", "_evil")
			a.CreateElement("saml:Advice").AddChild(old)
		}),
		"SAM-30 something else":  encryptInto(goodAnswer().root(), boxOf([]byte(`<a/>`), e)),
		"SAM-30 no XML":          encryptInto(goodAnswer().root(), boxOf([]byte(`hello`), e)),
		"SAM-30 a document type": encryptInto(goodAnswer().root(), boxOf([]byte(`<!DOCTYPE a><a/>`), e)),
		"SAM-30 two keys": func() *etree.Element {
			root := good(e)
			key := root.FindElement(".//EncryptedKey").Copy()
			key.CreateAttr("xmlns:ds", nsSignature)
			root.FindElement("./EncryptedAssertion").AddChild(key)
			return root
		}(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Copies of elements may have an ID twice, which is refused before.
			for _, k := range root.FindElements(".//EncryptedKey") {
				k.RemoveAttr("Id")
			}
			_, err := read(decrypting(), xmlOf(root))
			wantRefused(t, err, "INVALID_SAML_RESPONSE")
			var refused *sso.SAMLError
			if errors.As(err, &refused); *refused != *errDecryption() {
				t.Errorf("%+v", refused)
			}
		})
	}
	t.Run("SAM-30 the signature of the response is verified before anything is decrypted", func(t *testing.T) {
		t.Parallel()
		whole := goodAnswer().root()
		encryptInto(whole, boxOf(plainOf(assertionOf(whole)), e))
		signing{}.sign(whole)
		_, err := read(decrypting(), xmlOf(cipherValue(whole, ofKey, flip(10))))
		var refused *sso.SAMLError
		if !errors.As(err, &refused) || !strings.Contains(refused.Reason, "digest of Response") {
			t.Error(err)
		}
	})
	t.Run("only the response is signed, and the assertion has to be", func(t *testing.T) {
		t.Parallel()
		whole := goodAnswer().root()
		encryptInto(whole, boxOf(plainOf(assertionOf(whole)), e))
		signing{}.sign(whole)
		conn := decrypting()
		conn.SP.WantAssertionsSigned = true
		_, err := read(conn, xmlOf(whole))
		wantRefused(t, err, "INVALID_SAML_RESPONSE")
	})
	t.Run("SAM-11 lists of allowed algorithms", func(t *testing.T) {
		t.Parallel()
		conn := decrypting()
		conn.Policy.DataEncryptionAlgorithms = []string{aes256GCM}
		_, err := read(conn, xmlOf(good(e)))
		wantRefused(t, err, "SAML_ALGORITHM_NOT_ALLOWED")
		conn = decrypting()
		conn.Policy.KeyEncryptionAlgorithms = []string{oaep11}
		_, err = read(conn, xmlOf(good(e)))
		wantRefused(t, err, "SAML_ALGORITHM_NOT_ALLOWED")
		root := good(e)
		root.FindElement(".//EncryptedData/EncryptionMethod").CreateAttr("Algorithm", "http://www.w3.org/2001/04/xmlenc#kw-aes128")
		_, err = read(decrypting(), xmlOf(root))
		wantRefused(t, err, "SAML_UNKNOWN_ALGORITHM")
	})
}

// TestWorkOfFailures: a key that does not unwrap costs a decryption as well.
func TestWorkOfFailures(t *testing.T) {
	t.Parallel()
	private, _ := spPair().key.(*rsa.PrivateKey)
	for _, method := range []string{oaepMGF1P, rsa15} {
		box := &encrypted{keyMethod: method, dataMethod: aes128CBC, keySize: 16, key: make([]byte, 256), data: make([]byte, 64)}
		box.key[255] = 7
		box.oaep.Hash, box.oaep.MGFHash = 3, 3
		if plain, ok := box.open(private); ok && method == oaepMGF1P || plain == nil {
			t.Errorf("%s: %d bytes, %v", method, len(plain), ok)
		}
	}
}
