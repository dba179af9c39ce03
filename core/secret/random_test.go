package secret_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/advantch/kernia-go/core/secret"
)

func TestIDs(t *testing.T) {
	t.Parallel()
	const n = 10_000
	seen := make(map[string]struct{}, n)
	counts := map[byte]int{}
	shape := regexp.MustCompile(`^[a-zA-Z0-9]{32}$`)
	for range n {
		id, err := secret.ID(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if !shape.MatchString(id) {
			t.Fatalf("SES-22 id %q", id)
		}
		seen[id] = struct{}{}
		for i := range len(id) {
			counts[id[i]]++
		}
	}
	if len(seen) != n {
		t.Errorf("SES-22 %d of %d ids are distinct", len(seen), n)
	}
	// Chi-squared with 61 degrees of freedom is above 130 once in a million runs;
	// taking bytes modulo 62 would give about 10,000.
	expected, chi := float64(n*32)/62, 0.0
	for i := range len(secret.Alphanumeric) {
		d := float64(counts[secret.Alphanumeric[i]]) - expected
		chi += d * d / expected
	}
	if chi > 130 {
		t.Errorf("SES-22 the characters are not evenly drawn: chi-squared %.0f", chi)
	}
}

func TestRandomThrowsAwayTheTail(t *testing.T) {
	t.Parallel()
	// 248 to 255 are past the last whole run of 62; 0 is 'a', 247 is '9'.
	r := io.MultiReader(bytes.NewReader([]byte{255, 0, 248, 247, 1, 250}), bytes.NewReader(make([]byte, 64)))
	got, err := secret.Random(r, 3, secret.Alphanumeric)
	if err != nil || got != "a9b" {
		t.Errorf("SES-22 %q, %v", got, err)
	}
}

func TestRandomArguments(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		n        int
		alphabet string
	}{{0, "ab"}, {-1, "ab"}, {1 << 17, "ab"}, {1, ""}, {1, "a"}, {1, strings.Repeat("a", 257)}, {1, "äö"}} {
		if got, err := secret.Random(rand.Reader, c.n, c.alphabet); err == nil {
			t.Errorf("Random(%d, %q) = %q", c.n, c.alphabet, got)
		}
	}
	if got, err := secret.Random(rand.Reader, 1<<16, "0123456789"); err != nil || len(got) != 1<<16 {
		t.Errorf("%d characters, %v", len(got), err)
	}
}

func TestBrokenRandomness(t *testing.T) {
	t.Parallel()
	broken := errors.New("no entropy")
	failing := iotest.ErrReader(broken)
	short := func() io.Reader { return bytes.NewReader([]byte{1, 2, 3}) }
	xchacha := keyring(t, first, nil, secret.KeyringOptions{Rand: failing})
	aes := keyring(t, first, nil, secret.KeyringOptions{Rand: failing, Cipher: secret.AESGCM})
	calls := map[string]func() (string, error){
		"CRY-08 Random":          func() (string, error) { return secret.Random(failing, 6, "0123456789") },
		"CRY-08 ID":              func() (string, error) { return secret.ID(failing) },
		"CRY-08 UUID":            func() (string, error) { return secret.UUID(failing) },
		"CRY-08 Encrypt":         func() (string, error) { return xchacha.Encrypt("x") },
		"CRY-08 Encrypt, AES":    func() (string, error) { return aes.Encrypt("x") },
		"CRY-08 EncryptJWT":      func() (string, error) { return aes.EncryptJWT([]byte("{}"), "s", now, time.Hour) },
		"CRY-08 ID, cut short":   func() (string, error) { return secret.ID(short()) },
		"CRY-08 UUID, cut short": func() (string, error) { return secret.UUID(short()) },
		"CRY-08 always rejected": func() (string, error) { return secret.ID(always(255)) },
		"CRY-08 Encrypt, cut off": func() (string, error) {
			return keyring(t, first, nil, secret.KeyringOptions{Rand: short()}).Encrypt("x")
		},
	}
	for name, call := range calls {
		got, err := call()
		if err == nil || got != "" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if _, err := secret.ID(failing); !errors.Is(err, broken) {
		t.Errorf("CRY-08 the reader's error is lost: %v", err)
	}
}

// always is a source that only ever gives one byte.
type always byte

func (a always) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(a)
	}
	return len(p), nil
}

func TestUUID(t *testing.T) {
	t.Parallel()
	got, err := secret.UUID(always(255))
	if err != nil || got != "ffffffff-ffff-4fff-bfff-ffffffffffff" {
		t.Errorf("%q, %v", got, err)
	}
	got, err = secret.UUID(bytes.NewReader([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}))
	if err != nil || got != "00010203-0405-4607-8809-0a0b0c0d0e0f" {
		t.Errorf("%q, %v", got, err)
	}
}
