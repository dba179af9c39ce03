package secret_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core/secret"
)

var now = time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC)

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// signed makes a token with a header of our choice and a right HMAC-SHA256.
func signed(k *secret.Keyring, header, payload string) string {
	text := b64(header) + "." + b64(payload)
	return text + "." + k.SignURL([]byte(text))
}

func TestJWT(t *testing.T) {
	t.Parallel()
	k := keyring(t, first, nil, secret.KeyringOptions{})
	rotated := keyring(t, first, []secret.Versioned{{Version: 1, Value: second}}, secret.KeyringOptions{})
	token, err := k.SignJWT([]byte(`{"email":"u@example.com","n":1.0,"s":"\u003c"}`), now, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"email":"u@example.com","n":1.0,"s":"\u003c","iat":2051222400,"exp":2051226000}`
	for name, ring := range map[string]*secret.Keyring{"same": k, "CRY-03 rotated": rotated} {
		got, err := ring.VerifyJWT(token, now)
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if _, err := k.VerifyJWT(token, now.Add(time.Hour-time.Second)); err != nil {
		t.Errorf("a second before its end: %v", err)
	}
	if _, err := k.VerifyJWT(token, now.Add(time.Hour)); !errors.Is(err, secret.ErrTokenExpired) {
		t.Errorf("at its end: %v", err)
	}

	const payload = `{"a":1,"exp":2051226000}`
	parts := strings.Split(token, ".")
	for name, bad := range map[string]string{
		"empty":               "",
		"dots":                "..",
		"two parts":           parts[0] + "." + parts[1],
		"four parts":          token + ".x",
		"no signature":        parts[0] + "." + parts[1] + ".",
		"alg none":            b64(`{"alg":"none"}`) + "." + parts[1] + ".",
		"alg none, signed":    signed(k, `{"alg":"none"}`, payload),
		"alg HS512":           signed(k, `{"alg":"HS512"}`, payload),
		"alg hs256":           signed(k, `{"alg":"hs256"}`, payload),
		"two algs":            signed(k, `{"alg":"HS256","alg":"none"}`, payload),
		"no alg":              signed(k, `{}`, payload),
		"critical header":     signed(k, `{"alg":"HS256","crit":["b64"],"b64":true}`, payload),
		"header is no object": signed(k, `[]`, payload),
		"payload no object":   signed(k, `{"alg":"HS256"}`, `[1]`),
		"payload no JSON":     signed(k, `{"alg":"HS256"}`, `x`),
		"flipped payload":     parts[0] + "." + flip(parts[1], 5) + "." + parts[2],
		"flipped signature":   parts[0] + "." + parts[1] + "." + flip(parts[2], 5),
		"CRY-03 other secret": signed(keyring(t, third, nil, secret.KeyringOptions{}), `{"alg":"HS256"}`, payload),
		"line break":          token + "\n",
		"over 64 KiB":         signed(k, `{"alg":"HS256"}`, `{"a":"`+strings.Repeat("x", 64<<10)+`"}`),
	} {
		if got, err := k.VerifyJWT(bad, now); err != secret.ErrToken || got != nil {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if _, err := k.VerifyJWT(signed(k, `{"typ":"JWT","alg":"HS256"}`, payload), now); err != nil {
		t.Errorf("a header with typ: %v", err)
	}
	if _, err := k.SignJWT([]byte(`[]`), now, time.Hour); err == nil {
		t.Error("claims that are an array were signed")
	}
	if _, err := k.SignJWT([]byte(`{"a":"`+strings.Repeat("x", 64<<10)+`"}`), now, time.Hour); err == nil {
		t.Error("a token was made that VerifyJWT would refuse for its length")
	}
}

func TestJWE(t *testing.T) {
	t.Parallel()
	k := keyring(t, first, nil, secret.KeyringOptions{})
	rotated := keyring(t, first, []secret.Versioned{{Version: 2, Value: third}, {Version: 1, Value: second}}, secret.KeyringOptions{})
	const salt = "better-auth-session"
	token, err := k.EncryptJWT([]byte(`{"n":1.0,"s":"\u003c"}`), salt, now, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for name, ring := range map[string]*secret.Keyring{"same": k, "CRY-03 rotated": rotated} {
		got, err := ring.DecryptJWT(token, salt, now)
		if err != nil || !bytes.HasPrefix(got, []byte(`{"n":1.0,"s":"\u003c","iat":2051222400,"exp":2051226000,"jti":"`)) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if _, err := k.DecryptJWT(token, salt, now.Add(time.Hour+14*time.Second)); err != nil {
		t.Errorf("within the tolerance: %v", err)
	}
	if _, err := k.DecryptJWT(token, salt, now.Add(time.Hour+15*time.Second)); !errors.Is(err, secret.ErrTokenExpired) {
		t.Errorf("after the tolerance: %v", err)
	}
	if again, _ := k.EncryptJWT([]byte(`{}`), salt, now, time.Hour); again == token || strings.Split(again, ".")[2] == strings.Split(token, ".")[2] {
		t.Error("CRY-05 two tokens share an initialisation vector")
	}

	bad := map[string]string{
		"empty":           "",
		"four dots":       "....",
		"signed token":    "a.b.c",
		"JSON form":       `{"protected":"....","ciphertext":""}`,
		"line break":      token + "\n",
		"alg in no JSON":  b64("x") + token[strings.Index(token, "."):],
		"over 64 KiB":     token + strings.Repeat("A", 64<<10),
		"CRY-02 zip":      b64(`{"alg":"dir","enc":"A256CBC-HS512","zip":"DEF"}`) + token[strings.Index(token, "."):],
		"CRY-02 PBES2":    b64(`{"alg":"PBES2-HS256+A128KW","enc":"A256CBC-HS512","p2c":2000000000,"p2s":"AAAA"}`) + token[strings.Index(token, "."):],
		"CRY-02 crit":     b64(`{"alg":"dir","enc":"A256CBC-HS512","crit":["exp"],"exp":1}`) + token[strings.Index(token, "."):],
		"CRY-02 no kid":   b64(`{"alg":"dir","enc":"A256CBC-HS512"}`) + token[strings.Index(token, "."):],
		"CRY-02 kid null": b64(`{"alg":"dir","enc":"A256CBC-HS512","kid":null}`) + token[strings.Index(token, "."):],
	}
	for i, part := range strings.Split(token, ".") {
		if part != "" {
			at := strings.Index(token, part)
			bad["CRY-02 flipped part "+string(rune('0'+i))] = token[:at] + flip(part, len(part)/2) + token[at+len(part):]
			bad["CRY-02 missing part "+string(rune('0'+i))] = token[:at] + token[at+len(part):]
		}
	}
	for name, text := range bad {
		if got, err := k.DecryptJWT(text, salt, now); err != secret.ErrToken || got != nil {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if _, err := k.DecryptJWT(token, "better-auth-account", now); err != secret.ErrToken {
		t.Errorf("CRY-07 a token for another salt: %v", err)
	}
	if _, err := keyring(t, third, nil, secret.KeyringOptions{}).DecryptJWT(token, salt, now); err != secret.ErrToken {
		t.Errorf("CRY-03 a removed secret: %v", err)
	}
}

const (
	oldSecret  = "better-auth-wire-vector-secret-0123456789abcdef"
	withoutKid = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2Q0JDLUhTNTEyIn0..bzBGjJInAha6pGy8MVEoUQ.k7sXloSBA9n-caX8S0czB2netodFF5Hk4s7lhaRhH4DWYFwT6emiM15NJ81O_v6C.SV4y-vsGXTw-eJSP7mtuwdwApFUX21r56tv2XWS09tI"
)

// A token without kid is tried with every secret, as in Better Auth; the vector
// was made with its jose library.
func TestJWEWithoutKid(t *testing.T) {
	t.Parallel()
	at := time.Unix(1795467922, 0)
	rotated := keyring(t, oldSecret, []secret.Versioned{{Version: 2, Value: third}, {Version: 1, Value: second}}, secret.KeyringOptions{})
	got, err := rotated.DecryptJWT(withoutKid, "salt", at)
	if err != nil || string(got) != `{"a":1,"iat":1795467922,"exp":1795471522}` {
		t.Errorf("%s, %v", got, err)
	}
}

// Better Auth lists A256GCM but its 64-byte key fits A256CBC-HS512 only, so it
// refuses such a token, and so do we.
func TestJWEOtherEncryption(t *testing.T) {
	t.Parallel()
	const token = "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..HVmht8kMBfYVKMGL.jyuJcLeP0fQsicaXDBvE4r5Z2iFoJWl_vvCQe7sAjPIT4oah9Y0ybmM.pWiGPGIKoM-LAKfUwqKIpA"
	k := keyring(t, oldSecret, nil, secret.KeyringOptions{})
	if got, err := k.DecryptJWT(token, "salt", time.Unix(1795467922, 0)); err != secret.ErrToken {
		t.Errorf("%s, %v", got, err)
	}
	// A compressed token that is otherwise right: the library could read it.
	encrypter, err := jose.NewEncrypter(jose.A256CBC_HS512, jose.Recipient{Algorithm: jose.DIRECT, Key: make([]byte, 64)},
		&jose.EncrypterOptions{Compression: jose.DEFLATE})
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := encrypter.Encrypt([]byte(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	text, err := sealed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := k.DecryptJWT(text, "salt", now); err != secret.ErrToken {
		t.Errorf("CRY-02 compressed: %s, %v", got, err)
	}
}

func FuzzVerifyJWT(f *testing.F) {
	k := keyring(f, first, nil, secret.KeyringOptions{})
	f.Add(`{"alg":"HS256"}`, `{"exp":2051226000}`)
	f.Add(`{"alg":"none"}`, `{"exp":"x","a":[{}]}`)
	f.Fuzz(func(t *testing.T, header, payload string) {
		for _, token := range []string{signed(k, header, payload), header + "." + payload, header} {
			if got, err := k.VerifyJWT(token, now); err == nil && string(got) != payload {
				t.Errorf("payload %q of a token with %q", got, payload)
			}
		}
	})
}

func FuzzDecryptJWT(f *testing.F) {
	k := keyring(f, oldSecret, nil, secret.KeyringOptions{})
	f.Add(withoutKid)
	f.Add(b64(`{"alg":"dir","enc":"A256CBC-HS512","kid":7}`) + "..AA.AA.AA")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := k.DecryptJWT(text, "salt", time.Unix(1795467922, 0))
		if err == nil && string(got) != `{"a":1,"iat":1795467922,"exp":1795471522}` {
			t.Errorf("accepted %q as %q", text, got)
		}
	})
}
