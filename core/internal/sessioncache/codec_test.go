package sessioncache

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/secret"
)

// object is JSON text.
type object string

func (o object) AppendJSON(dst []byte) []byte { return append(dst, o...) }

const (
	session = object(`{"expiresAt":"2026-01-08T00:00:00.000Z","token":"tok","userAgent":"x"}`)
	user    = object(`{"name":"Ada","id":"u1"}`)
)

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func codecs(tb testing.TB) []*Codec {
	tb.Helper()
	keys, err := secret.NewKeyring("a secret of a test, at least 32 characters: 7c1f", nil, secret.KeyringOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	return []*Codec{{Compact, keys}, {JWT, keys}, {JWE, keys}}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, c := range codecs(t) {
		t.Run(string(c.Strategy), func(t *testing.T) {
			t.Parallel()
			for _, k := range []struct {
				name          string
				session, user object
			}{
				{"plain rows", session, user},
				{"braces in a text", session, `{"name":"}{"}`},
				{"an object in a row", object(strings.Replace(string(session), `"x"`, `{"a":{}},"user":{"name":"Eve"}`, 1)), user},
				{"another order", `{"token":"tok","expiresAt":"2026-01-08T00:00:00.000Z"}`, user},
			} {
				value, err := c.Encode(k.session, k.user, `v"1`, now, time.Hour)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range []struct {
					token string
					after time.Duration
					ok    bool
				}{{"tok", 0, true}, {"tok", time.Hour - time.Second, true}, {"tok", time.Hour + time.Minute, false}, {"to", 0, false}, {"", 0, false}} {
					var buf Buffer
					got, ok := c.Decode(value, d.token, now.Add(d.after), &buf)
					if ok != d.ok {
						t.Errorf("%s, token %q after %v: %v", k.name, d.token, d.after, ok)
					}
					if ok && (string(got.Session) != string(k.session) || string(got.User) != string(k.user) || string(got.Version) != `"v\"1"` || !got.Written.Equal(now)) {
						t.Errorf("%s: %s, %s, %s, %v", k.name, got.Session, got.User, got.Version, got.Written)
					}
				}
			}
		})
	}
}

func TestSessionThatHasEndedIsNone(t *testing.T) {
	t.Parallel()
	for _, c := range codecs(t) {
		value, err := c.Encode(session, user, "1", now, 30*24*time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := c.Decode(value, "tok", now.Add(8*24*time.Hour), new(Buffer)); ok {
			t.Errorf("%s: a session counts a day after its end", c.Strategy)
		}
	}
}

func TestValuesAreBounded(t *testing.T) {
	t.Parallel()
	for _, c := range codecs(t) {
		long := object(`{"name":"` + strings.Repeat("n", MaxSize) + `"}`)
		if _, err := c.Encode(session, long, "1", now, time.Hour); !errors.Is(err, ErrTooLong) {
			t.Errorf("%s: %v", c.Strategy, err)
		}
		if _, ok := c.Decode(strings.Repeat("A", MaxSize+1), "tok", now, new(Buffer)); ok {
			t.Errorf("%s: a value above the bound counts", c.Strategy)
		}
	}
}

// FuzzDecode changes values: only the genuine one may count.
func FuzzDecode(f *testing.F) {
	all := codecs(f)
	var genuine []string
	for _, c := range all {
		value, err := c.Encode(session, user, "1", now, time.Hour)
		if err != nil {
			f.Fatal(err)
		}
		genuine = append(genuine, value)
		f.Add(value)
		f.Add(value[:len(value)/2])
		f.Add(value + "=")
	}
	f.Fuzz(func(t *testing.T, value string) {
		for i, c := range all {
			got, ok := c.Decode(value, "tok", now, new(Buffer))
			if ok && (string(got.Session) != string(session) || string(got.User) != string(user)) {
				t.Errorf("%s: %q gives %s and %s", c.Strategy, value, got.Session, got.User)
			}
			if !ok && value == genuine[i] {
				t.Errorf("%s: the genuine value does not count", c.Strategy)
			}
		}
	})
}

// FuzzSplitUsual compares the direct splitting of a content with the scanner.
func FuzzSplitUsual(f *testing.F) {
	f.Add(`{"session":{"a":1},"user":{"b":"x"},"updatedAt":1767225600000,"version":"1"}`)
	f.Add(`{"session":{"a":{"b":1},"user":{"id":"x"},"updatedAt":1,"version":"1"}},"user":{},"updatedAt":2,"version":"1"}`)
	f.Add(`{"session":{},"user":{},"updatedAt":1,"user":{"x":1},"version":"1"}`)
	f.Add(`{"session":{"a":"}"},"user":{"b":"{"},"updatedAt":1,"version":"1"}`)
	f.Fuzz(func(t *testing.T, text string) {
		content := []byte(text)
		short, updatedAt, ok := splitUsual(content)
		if !ok || !json.Valid(content) {
			return
		}
		var long struct{ Session, User, Version, UpdatedAt json.RawMessage }
		if err := json.Unmarshal(content, &long); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(short.Session, long.Session) || !bytes.Equal(short.User, long.User) || !bytes.Equal(short.Version, long.Version) || !bytes.Equal(updatedAt, long.UpdatedAt) {
			t.Errorf("%s is split into %s, %s, %s, %s", text, short.Session, short.User, short.Version, updatedAt)
		}
	})
}
