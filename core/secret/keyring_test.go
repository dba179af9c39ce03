package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/secret"
)

const (
	first  = "first-aBcDeFgHiJkLmNoPqRsTuVwXyZ-0123456789"
	second = "second-ZyXwVuTsRqPoNmLkJiHgFeDcBa-9876543210"
	third  = "third-qWeRtYuIoPaSdFgHjKlZxCvBnM-1357924680"
)

func TestNewKeyring(t *testing.T) {
	t.Parallel()
	const publicDefault = "better-auth-secret-12345678901234567890"
	pair := func(v1, v2 int, s1, s2 string) []secret.Versioned {
		return []secret.Versioned{{Version: v1, Value: s1}, {Version: v2, Value: s2}}
	}
	for _, c := range []struct {
		name     string
		current  string
		rotation []secret.Versioned
		weak     bool
		want     string // part of the error; empty for none
	}{
		{name: "CRY-01 empty", want: "empty"},
		{name: "CRY-01 empty, weak allowed", weak: true, want: "empty"},
		{name: "CRY-01 short", current: first[:31], want: "shorter than 32"},
		{name: "CRY-01 low entropy", current: strings.Repeat("ab", 30), want: "about 60 bits"},
		{name: "CRY-01 one character", current: strings.Repeat("a", 64), want: "about 0 bits"},
		{name: "CRY-01 public default", current: publicDefault, want: "public default"},
		{name: "CRY-01 public default, weak allowed", current: publicDefault, weak: true, want: "public default"},
		{name: "CRY-01 public default as an old secret", current: publicDefault, rotation: pair(2, 1, first, second), want: "public default"},
		{name: "CRY-01 public default in the rotation", rotation: pair(2, 1, first, publicDefault), want: "public default"},
		{name: "CRY-01 empty in the rotation", current: first, rotation: pair(2, 1, first, ""), weak: true, want: "version 1 is empty"},
		{name: "CRY-01 weak current of a rotation", current: first, rotation: pair(2, 1, "short", second), want: "shorter than 32"},
		{name: "duplicate version", rotation: pair(2, 2, first, second), want: "version 2 is given twice"},
		{name: "negative version", rotation: pair(-1, 2, first, second), want: "version -1 is negative"},
		{name: "huge version", rotation: pair(1<<31, 2, first, second), want: "larger than"},
		{name: "good", current: first},
		{name: "length in UTF-16 units", current: "😀😁😂🤣😃😄😅😆😉😊😋😎😍😘🥰😗"}, // 16 characters, 32 units
		{name: "short, weak allowed", current: "x", weak: true},
		{name: "rotation without an older secret", rotation: pair(0, 1, first, second)},
		{name: "weak old secrets may be rotated away", current: "legacy", rotation: pair(2, 1, first, "old")},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k, err := secret.NewKeyring(c.current, c.rotation, secret.KeyringOptions{AllowWeak: c.weak})
			if c.want == "" {
				if err != nil || k == nil {
					t.Fatalf("error %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
			for _, s := range []string{c.current, first, second} {
				if s != "" && strings.Contains(err.Error(), s) {
					t.Errorf("the error contains a secret: %v", err)
				}
			}
		})
	}
	if _, err := secret.NewKeyring(first, nil, secret.KeyringOptions{Cipher: 7}); err == nil {
		t.Error("an unknown cipher was accepted")
	}
}

func TestWeaknesses(t *testing.T) {
	t.Parallel()
	if got := keyring(t, first, nil, secret.KeyringOptions{}).Weaknesses(); len(got) != 0 {
		t.Errorf("a good secret has %q", got)
	}
	if got := keyring(t, "abc", nil, secret.KeyringOptions{AllowWeak: true}).Weaknesses(); len(got) != 2 {
		t.Errorf("got %q, want two sentences", got)
	}
	got := keyring(t, "abc", []secret.Versioned{{Version: 1, Value: first}}, secret.KeyringOptions{}).Weaknesses()
	if len(got) != 2 || !strings.Contains(got[0], "old secret") || strings.Contains(strings.Join(got, ""), "abc") {
		t.Errorf("got %q, want two sentences about the old secret", got)
	}
}

func TestRedaction(t *testing.T) {
	t.Parallel()
	const hidden = "hidden-value-QwErTyUiOp-0123456789-asdf"
	k := keyring(t, hidden, []secret.Versioned{{Version: 3, Value: hidden + "x"}}, secret.KeyringOptions{})
	token := secret.Token(hidden)
	holder := struct {
		Token secret.Token
		Keys  *secret.Keyring
		List  []secret.Token
		Map   map[string]secret.Token
		inner *secret.Keyring
	}{token, k, []secret.Token{token}, map[string]secret.Token{"a": token}, k}

	for name, value := range map[string]any{"token": token, "pointer": &token, "keyring": k, "keyring value": *k, "struct": holder} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			if out := fmt.Sprintf(verb, value); leaks(out, hidden) {
				t.Errorf("LOG-05 %s of %s shows %q", verb, name, out)
			}
		}
		out, err := json.Marshal(value)
		if err != nil || leaks(string(out), hidden) {
			t.Errorf("LOG-05 JSON of %s: %s, %v", name, out, err)
		}
		for _, handler := range []func(*bytes.Buffer) slog.Handler{
			func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
			func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		} {
			var buf bytes.Buffer
			slog.New(handler(&buf)).Info("x", "value", value)
			if leaks(buf.String(), hidden) {
				t.Errorf("LOG-05 slog of %s: %s", name, buf.String())
			}
		}
	}
	if token.Reveal() != hidden || !token.Equal(hidden) || token.Equal(hidden+"x") {
		t.Error("Reveal or Equal is wrong")
	}
	if fmt.Sprint(token) != "[redacted]" || token.String() != "[redacted]" || token.GoString() != "[redacted]" {
		t.Error("a token prints as something other than [redacted]")
	}
}

// leaks looks for the value and for its hexadecimal forms.
func leaks(out, hidden string) bool {
	lower := strings.ToLower(out)
	return strings.Contains(out, hidden) || strings.Contains(lower, fmt.Sprintf("%x", []byte(hidden)))
}

func TestEqual(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want bool
	}{{"", "", true}, {"a", "a", true}, {"a", "b", false}, {"a", "aa", false}, {"", "a", false}} {
		if secret.Equal(c.a, c.b) != c.want {
			t.Errorf("ENUM-14 Equal(%q, %q) is not %t", c.a, c.b, c.want)
		}
	}
}
