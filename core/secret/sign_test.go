package secret_test

import (
	"bytes"
	"encoding/base64"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core/secret"
)

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	k := keyring(t, first, nil, secret.KeyringOptions{})
	const value = "abcDEF0123456789abcDEF0123456789"
	good := k.Sign(value)
	raw, err := base64.StdEncoding.DecodeString(good)
	if err != nil {
		t.Fatal(err)
	}
	// Four texts decode to the same 32 bytes; only the one that Sign writes counts.
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	last := strings.IndexByte(digits, good[42])
	malleable := good[:42] + string(digits[last^1]) + "="
	for name, signature := range map[string]string{
		"SES-01 flipped signature":        flip(good, 3),
		"empty":                           "",
		"cut short":                       good[:43],
		"too long":                        good + "=",
		"no padding":                      good[:43] + "A",
		"base64url":                       base64.URLEncoding.EncodeToString(raw[:31]) + "==",
		"a second spelling of the bytes":  malleable,
		"of another value":                k.Sign(value + "x"),
		"SES-01 signed by another secret": keyring(t, second, nil, secret.KeyringOptions{}).Sign(value),
	} {
		if k.Verify(value, []byte(signature)) {
			t.Errorf("%s: accepted %q", name, signature)
		}
	}
	if !k.Verify(value, []byte(good)) || k.Verify(value+"x", []byte(good)) || k.Verify("", []byte(good)) {
		t.Error("Verify confuses values")
	}
	url := k.SignURL([]byte(value))
	for name, signature := range map[string]string{"flipped": flip(url, 0), "empty": "", "padded": url + "=", "standard form": good} {
		if k.VerifyURL([]byte(value), []byte(signature)) || k.VerifyURLString(value, signature) {
			t.Errorf("%s: accepted %q", name, signature)
		}
	}
}

// flip changes one character of a base64 text into another one.
func flip(s string, i int) string {
	c := byte('A')
	if s[i] == c {
		c = 'B'
	}
	return s[:i] + string(c) + s[i+1:]
}

func TestLongMessages(t *testing.T) {
	t.Parallel()
	k := keyring(t, first, nil, secret.KeyringOptions{})
	for _, n := range []int{0, 1, 511, 512, 513, 1024, 5000} {
		msg := strings.Repeat("m", n)
		if !k.VerifyURL([]byte(msg), []byte(k.SignURL([]byte(msg)))) || !k.VerifyURLString(msg, k.SignURL([]byte(msg))) || !k.Verify(msg, []byte(k.Sign(msg))) {
			t.Errorf("a message of %d bytes does not verify", n)
		}
	}
}

func TestRotationOfSignatures(t *testing.T) {
	t.Parallel()
	before := keyring(t, first, nil, secret.KeyringOptions{})
	after := keyring(t, first, []secret.Versioned{{Version: 2, Value: third}, {Version: 1, Value: second}}, secret.KeyringOptions{})
	retired := keyring(t, "", []secret.Versioned{{Version: 2, Value: third}}, secret.KeyringOptions{})

	if !after.Verify("v", []byte(before.Sign("v"))) || !after.VerifyURL([]byte("v"), []byte(before.SignURL([]byte("v")))) ||
		!after.VerifyMAC("p", "v", before.MAC("p", "v")) {
		t.Error("CRY-03 what the older secret signed does not verify after the rotation")
	}
	if after.Sign("v") != keyring(t, third, nil, secret.KeyringOptions{}).Sign("v") {
		t.Error("CRY-03 the first entry of the rotation does not sign")
	}
	if retired.Verify("v", []byte(before.Sign("v"))) || retired.VerifyURLString("v", before.SignURL([]byte("v"))) ||
		retired.VerifyMAC("p", "v", before.MAC("p", "v")) {
		t.Error("CRY-03 a removed secret still verifies")
	}
}

func TestMAC(t *testing.T) {
	t.Parallel()
	k := keyring(t, first, nil, secret.KeyringOptions{})
	mac := k.MAC("reset", "value")
	if len(mac) != 32 || !k.VerifyMAC("reset", "value", mac) {
		t.Fatal("a MAC does not verify")
	}
	for name, ok := range map[string]bool{
		"CRY-07 other purpose":                   k.VerifyMAC("invite", "value", mac),
		"CRY-07 purpose and value shifted":       k.VerifyMAC("rese", "tvalue", mac),
		"CRY-07 other value":                     k.VerifyMAC("reset", "valu", mac),
		"CRY-07 cut short":                       k.VerifyMAC("reset", "value", mac[:31]),
		"CRY-07 empty":                           k.VerifyMAC("reset", "value", nil),
		"CRY-07 accepted as a cookie signature":  k.Verify("reset\x00value", []byte(base64.StdEncoding.EncodeToString(mac))),
		"CRY-07 cookie signature taken as a MAC": k.VerifyMAC("reset", "value", decode(t, k.Sign("reset\x00value"))),
	} {
		if ok {
			t.Error(name)
		}
	}
	again := k.MAC("reset", "value")
	again[0] ^= 1
	if bytes.Equal(again, k.MAC("reset", "value")) {
		t.Error("MAC returns memory that it uses again")
	}
}

func decode(t *testing.T, s string) []byte {
	t.Helper()
	out, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	k := keyring(t, first, []secret.Versioned{{Version: 1, Value: second}}, secret.KeyringOptions{})
	old := keyring(t, first, nil, secret.KeyringOptions{})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			value := strings.Repeat(string(rune('a'+i)), 100*i)
			signature, url := old.Sign(value), k.SignURL([]byte(value))
			for range 200 {
				if !k.Verify(value, []byte(signature)) || !k.VerifyURLString(value, url) || k.Verify(value+"x", []byte(signature)) {
					t.Error("wrong answer under concurrency")
					return
				}
			}
		})
	}
	wg.Wait()
}

// This test does not run in parallel: other tests would allocate meanwhile.
func TestVerifyDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("under the race detector sync.Pool drops states at random")
	}
	old := keyring(t, first, nil, secret.KeyringOptions{})
	k := keyring(t, first, []secret.Versioned{{Version: 1, Value: second}}, secret.KeyringOptions{})
	value := strings.Repeat("session-token-", 100)
	msg := []byte(value)
	signature, oldSignature, url := []byte(k.Sign(value)), []byte(old.Sign(value)), k.SignURL(msg)
	for name, call := range map[string]func() bool{
		"Verify":              func() bool { return k.Verify(value, signature) },
		"Verify, old secret":  func() bool { return k.Verify(value, oldSignature) },
		"Verify, wrong value": func() bool { return !k.Verify("x", signature) },
		"VerifyURL":           func() bool { return k.VerifyURL(msg, []byte(url)) },
		"VerifyURLString":     func() bool { return k.VerifyURLString(value, url) },
	} {
		good := true
		if n := testing.AllocsPerRun(200, func() { good = good && call() }); n != 0 || !good {
			t.Errorf("%s: %v allocations, right answer %t", name, n, good)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	k := keyring(b, first, nil, secret.KeyringOptions{})
	const value = "abcDEF0123456789abcDEF0123456789"
	signature := []byte(k.Sign(value))
	b.ReportAllocs()
	for b.Loop() {
		if !k.Verify(value, signature) {
			b.Fatal("refused")
		}
	}
}
