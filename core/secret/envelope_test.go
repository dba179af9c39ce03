package secret_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/secret"
)

func rings(t testing.TB) map[string]*secret.Keyring {
	rotation := []secret.Versioned{{Version: 2, Value: second}, {Version: 1, Value: third}}
	return map[string]*secret.Keyring{
		"xchacha":           keyring(t, first, nil, secret.KeyringOptions{}),
		"aes":               keyring(t, first, nil, secret.KeyringOptions{Cipher: secret.AESGCM}),
		"xchacha, rotation": keyring(t, first, rotation, secret.KeyringOptions{}),
		"aes, rotation":     keyring(t, first, rotation, secret.KeyringOptions{Cipher: secret.AESGCM}),
	}
}

func TestEnvelopeForms(t *testing.T) {
	t.Parallel()
	prefixes := map[string]string{"xchacha": "", "aes": "$ka$0$", "xchacha, rotation": "$ba$2$", "aes, rotation": "$ka$2$"}
	for name, k := range rings(t) {
		for _, plain := range []string{"", "hello", "ünïcode ☃", strings.Repeat("x", 10000)} {
			sealed, err := k.Encrypt(plain)
			if err != nil {
				t.Fatal(err)
			}
			body, ok := strings.CutPrefix(sealed, prefixes[name])
			if !ok || strings.Contains(body, "$") {
				t.Errorf("%s writes %.20q", name, sealed)
			}
			if got, err := k.Decrypt(sealed); err != nil || got != plain {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestRotationOfEnvelopes(t *testing.T) {
	t.Parallel()
	all := rings(t)
	retired := keyring(t, "", []secret.Versioned{{Version: 2, Value: second}}, secret.KeyringOptions{})
	for _, name := range []string{"xchacha", "aes"} {
		old, err := all[name].Encrypt("old")
		if err != nil {
			t.Fatal(err)
		}
		for _, reader := range []string{"xchacha, rotation", "aes, rotation"} {
			if got, err := all[reader].Decrypt(old); err != nil || got != "old" {
				t.Errorf("CRY-03 %s cannot read what %s wrote: %v", reader, name, err)
			}
		}
		if _, err := retired.Decrypt(old); !errors.Is(err, secret.ErrDecrypt) {
			t.Errorf("CRY-03 a removed secret still decrypts %s: %v", name, err)
		}
	}
	// The version 0 of a rotation may be another secret than the one before it.
	zero := keyring(t, first, []secret.Versioned{{Version: 0, Value: third}}, secret.KeyringOptions{Cipher: secret.AESGCM})
	for name, k := range map[string]*secret.Keyring{"before": all["aes"], "after": zero} {
		sealed, err := k.Encrypt("x")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := zero.Decrypt(sealed); err != nil {
			t.Errorf("CRY-03 version 0 sealed %s: %v", name, err)
		}
	}
}

func TestDecryptRefuses(t *testing.T) {
	t.Parallel()
	all := rings(t)
	for name, k := range all {
		sealed, err := k.Encrypt("plaintext")
		if err != nil {
			t.Fatal(err)
		}
		bad := map[string]string{
			"CRY-02 other version":        strings.NewReplacer("$2$", "$1$", "$0$", "$1$").Replace(sealed),
			"CRY-02 unknown version":      strings.NewReplacer("$2$", "$9$", "$0$", "$9$").Replace(sealed),
			"CRY-02 leading zero":         strings.NewReplacer("$2$", "$02$", "$0$", "$00$").Replace(sealed),
			"CRY-02 negative version":     "$ba$-1$" + sealed,
			"CRY-02 huge version":         "$ba$99999999999999999999$" + sealed,
			"CRY-02 version over 31 bits": "$ka$4294967298$" + sealed,
			"CRY-02 no version":           "$ka$$" + sealed,
			"CRY-02 no body":              "$ka$2$",
			"CRY-02 prefix only":          "$ka$",
			"CRY-02 other prefix only":    "$ba$2",
			"CRY-02 unknown scheme":       "$xx$2$" + sealed,
			"CRY-02 empty":                "",
			"CRY-02 odd hex":              "abc",
			"CRY-02 short hex":            strings.Repeat("ab", 39),
			"CRY-02 not hex":              "hello world",
			"CRY-02 doubled":              sealed + sealed,
			"CRY-02 line break":           sealed + "\n",
		}
		for what, envelope := range bad {
			if envelope == sealed {
				continue // the bare form has no version to change
			}
			if got, err := k.Decrypt(envelope); err != secret.ErrDecrypt || got != "" {
				t.Errorf("%s, %s: %q, %v", what, name, got, err)
			}
		}
		for i := range len(sealed) {
			if _, err := k.Decrypt(sealed[:i]); err != secret.ErrDecrypt {
				t.Errorf("CRY-02 cut to %d bytes, %s: %v", i, name, err)
			}
			changed := []byte(sealed)
			changed[i] ^= 1
			if _, err := k.Decrypt(string(changed)); err != secret.ErrDecrypt {
				t.Errorf("CRY-02 byte %d changed, %s: %v", i, name, err)
			}
		}
		if _, err := keyring(t, third+"x", nil, secret.KeyringOptions{}).Decrypt(sealed); err != secret.ErrDecrypt {
			t.Errorf("CRY-02 other secret, %s: %v", name, err)
		}
	}
}

func TestNoncesAreUnique(t *testing.T) {
	t.Parallel()
	n := 50_000
	if testing.Short() {
		n = 5_000
	}
	for _, name := range []string{"xchacha", "aes"} {
		k := rings(t)[name]
		seen := make(map[string]struct{}, n)
		for range n {
			sealed, err := k.Encrypt("")
			if err != nil {
				t.Fatal(err)
			}
			// Both encodings keep the nonce in front: 24 bytes of hex, 12 of base64.
			nonce := strings.TrimPrefix(sealed, "$ka$0$")[:16]
			if _, ok := seen[nonce]; ok {
				t.Fatalf("CRY-05 %s uses a nonce twice", name)
			}
			seen[nonce] = struct{}{}
		}
	}
}

func FuzzDecrypt(f *testing.F) {
	all := rings(f)
	for _, k := range all {
		sealed, err := k.Encrypt("seed")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(sealed)
	}
	f.Add("$ba$-1$00")
	f.Add("$ka$0$AAAA")
	f.Fuzz(func(t *testing.T, envelope string) {
		for name, k := range all {
			if plain, err := k.Decrypt(envelope); err != nil && (err != secret.ErrDecrypt || plain != "") {
				t.Errorf("%s: %q, %v", name, plain, err)
			}
		}
	})
}
