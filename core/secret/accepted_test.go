package secret_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/secret"
)

// The values were made by this package once and then read by Better Auth 1.6.11:
// as long as the same ones come out, it still reads them.
func TestAcceptedByBetterAuth(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/accepted-by-better-auth.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct{ Secret, Salt, Value, Signature, Plain, Bare, Versioned, JWT, JWE string }
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, 24)
	for i := range nonce {
		nonce[i] = byte(i)
	}
	rotation := []secret.Versioned{{Version: 3, Value: v.Secret}}
	single := keyring(t, v.Secret, nil, secret.KeyringOptions{Rand: bytes.NewReader(nonce)})
	rotated := keyring(t, "", rotation, secret.KeyringOptions{Rand: bytes.NewReader(nonce)})

	if got := single.Sign(v.Value); got != v.Signature {
		t.Errorf("CRY-04 signature %q", got)
	}
	if got, err := single.Encrypt(v.Plain); got != v.Bare || err != nil {
		t.Errorf("CRY-04 bare %q, %v", got, err)
	}
	if got, err := rotated.Encrypt(v.Plain); got != v.Versioned || err != nil {
		t.Errorf("CRY-04 versioned %q, %v", got, err)
	}
	claims := []byte(`{"session":{"id":"é☃"},"n":1}`)
	if got, err := single.SignJWT(claims, wireTime, time.Hour); got != v.JWT || err != nil {
		t.Errorf("CRY-04 JWT %q, %v", got, err)
	}
	payload, err := single.DecryptJWT(v.JWE, v.Salt, wireTime)
	if err != nil || !bytes.HasPrefix(payload, claims[:len(claims)-1]) {
		t.Errorf("CRY-04 JWE %s, %v", payload, err)
	}
}
