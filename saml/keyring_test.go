package saml

import (
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestKeyring: a key is opened once, whoever asks, and only with its own pass phrase.
func TestKeyring(t *testing.T) {
	t.Parallel()
	private, _ := spPair().key.(*rsa.PrivateKey)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	text, k := encryptPKCS8(pkcs8, "pw", 2048), &keyring{}
	first, err := k.key(text, "pw")
	if err != nil || !private.Equal(first) {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if again, err := k.key(text, "pw"); err != nil || again != first {
				t.Error("opened again: ", err)
			}
		})
	}
	wg.Wait()
	for _, c := range [][2]string{{text, "wrong"}, {text, ""}, {text + "p", "w"}, {text[:len(text)-1], text[len(text)-1:] + "pw"}} {
		if got, err := k.key(c[0], c[1]); err == nil {
			t.Errorf("%q opened %v", c[1], got != nil)
		}
	}
	for i := range 2 * maxKeys {
		if _, err := k.key(fmt.Sprint(i), ""); err == nil {
			t.Error(i)
		}
	}
	if len(k.open) > maxKeys {
		t.Errorf("%d keys are open", len(k.open))
	}
	if again, err := k.key(text, "pw"); err != nil || !private.Equal(again) {
		t.Error("after it was dropped: ", err)
	}
}

// TestStackKeepsKeys: messages do not open the keys of a connection again, and a stack that is
// printed shows none.
func TestStackKeepsKeys(t *testing.T) {
	t.Parallel()
	s, _ := New(Options{}).(*stack)
	conn := signingConnection()
	conn.SP.DecryptionKey, conn.SP.DecryptionCertificate = foreign().keyPEM(), foreign().pem()
	for range 3 {
		if err := s.CheckConnection(conn); err != nil {
			t.Fatal(err)
		}
		if _, err := s.LogoutRequest(conn, logoutOf("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST")); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.keys.open) != 2 {
		t.Errorf("%d keys are open, want 2", len(s.keys.open))
	}
	private, _ := spPair().key.(*rsa.PrivateKey)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, s); strings.Contains(text, private.D.String()) || strings.Contains(text, "BEGIN") {
			t.Errorf("%s prints the key", verb)
		}
	}
}
