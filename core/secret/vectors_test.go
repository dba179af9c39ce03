package secret_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/secret"
)

// vectors are values that Better Auth 1.6.11 made. Its clock stood at wireTime.
type vectors struct {
	Secret        string `json:"secret"`
	SignedCookies []struct {
		Secret, Value, Signature string
	} `json:"signedCookies"`
	CookieCache []struct {
		Secret, HMACInput, Signature string
	} `json:"cookieCache"`
	JWE []struct {
		Secret, Salt, Token string
		Decoded             json.RawMessage
	} `json:"jwe"`
	JWT []struct {
		Secret, Token     string
		Payload, Verified json.RawMessage
	} `json:"jwtHS256"`
	Symmetric struct {
		Vectors   []struct{ Secret, Plain, Encrypted string }
		Versioned struct {
			Keys    map[int]string
			Vectors []struct{ Plain, Encrypted string }
		}
	} `json:"symmetricEncryption"`
	TokenHash struct {
		Vectors []struct{ Input, Hash string }
	} `json:"tokenHash"`
}

var wireTime = time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC)

func loadVectors(t *testing.T) vectors {
	t.Helper()
	text, err := os.ReadFile("testdata/better-auth-1.6.11.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	if len(v.SignedCookies) == 0 || len(v.CookieCache) == 0 || len(v.JWE) == 0 || len(v.JWT) == 0 ||
		len(v.Symmetric.Vectors) == 0 || len(v.Symmetric.Versioned.Vectors) == 0 || len(v.TokenHash.Vectors) == 0 {
		t.Fatal("vectors are missing")
	}
	return v
}

func keyring(t testing.TB, current string, rotation []secret.Versioned, o secret.KeyringOptions) *secret.Keyring {
	t.Helper()
	k, err := secret.NewKeyring(current, rotation, o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestBetterAuthVectors(t *testing.T) {
	t.Parallel()
	v := loadVectors(t)

	t.Run("CRY-04 cookie signatures", func(t *testing.T) {
		for _, c := range v.SignedCookies {
			k := keyring(t, c.Secret, nil, secret.KeyringOptions{AllowWeak: true})
			if got := k.Sign(c.Value); got != c.Signature {
				t.Errorf("Sign(%q) = %q, want %q", c.Value, got, c.Signature)
			}
			if !k.Verify(c.Value, []byte(c.Signature)) {
				t.Errorf("Verify(%q) refused", c.Value)
			}
		}
	})
	t.Run("CRY-04 session cache signatures", func(t *testing.T) {
		for _, c := range v.CookieCache {
			k := keyring(t, c.Secret, nil, secret.KeyringOptions{})
			if got := k.SignURL([]byte(c.HMACInput)); got != c.Signature {
				t.Errorf("SignURL = %q, want %q", got, c.Signature)
			}
			if !k.VerifyURL([]byte(c.HMACInput), []byte(c.Signature)) || !k.VerifyURLString(c.HMACInput, c.Signature) {
				t.Errorf("refused %q", c.Signature)
			}
		}
	})
	t.Run("CRY-04 JWE", func(t *testing.T) {
		for _, c := range v.JWE {
			k := keyring(t, c.Secret, nil, secret.KeyringOptions{})
			got, err := k.DecryptJWT(c.Token, c.Salt, wireTime)
			if err != nil {
				t.Fatalf("%s: %v", c.Salt, err)
			}
			sameJSON(t, got, c.Decoded)
		}
	})
	t.Run("CRY-04 JWT", func(t *testing.T) {
		for _, c := range v.JWT {
			k := keyring(t, c.Secret, nil, secret.KeyringOptions{})
			token, err := k.SignJWT(c.Payload, wireTime, time.Hour)
			if err != nil || token != c.Token {
				t.Errorf("SignJWT = %q, %v, want %q", token, err, c.Token)
			}
			got, err := k.VerifyJWT(c.Token, wireTime)
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, got, c.Verified)
		}
	})
	t.Run("CRY-04 XChaCha20-Poly1305", func(t *testing.T) {
		for _, c := range v.Symmetric.Vectors {
			k := keyring(t, c.Secret, nil, secret.KeyringOptions{})
			if got, err := k.Decrypt(c.Encrypted); err != nil || got != c.Plain {
				t.Errorf("Decrypt = %q, %v, want %q", got, err, c.Plain)
			}
		}
		keys := v.Symmetric.Versioned.Keys
		k := keyring(t, keys[1], []secret.Versioned{{Version: 2, Value: keys[2]}, {Version: 1, Value: keys[1]}}, secret.KeyringOptions{AllowWeak: true})
		for _, c := range v.Symmetric.Versioned.Vectors {
			if got, err := k.Decrypt(c.Encrypted); err != nil || got != c.Plain {
				t.Errorf("Decrypt(%q) = %q, %v, want %q", c.Encrypted, got, err, c.Plain)
			}
		}
	})
	t.Run("CRY-04 stored hashes", func(t *testing.T) {
		for _, c := range v.TokenHash.Vectors {
			if got := secret.SHA256URL(c.Input); got != c.Hash {
				t.Errorf("SHA256URL(%q) = %q, want %q", c.Input, got, c.Hash)
			}
		}
	})
}

// sameJSON compares structure and values, not spelling.
func sameJSON(t *testing.T, got, want []byte) {
	t.Helper()
	canonical := func(text []byte) string {
		var value any
		if err := json.Unmarshal(text, &value); err != nil {
			t.Fatalf("%v in %q", err, text)
		}
		out, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	if g, w := canonical(got), canonical(want); g != w {
		t.Errorf("got %s, want %s", g, w)
	}
}
