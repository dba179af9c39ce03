package core_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
)

// The compact cache is cut at the text that both servers write around it. No value
// inside may be taken for that text, and other spellings of it still count.
func TestCompactCacheIsCutAtItsEnds(t *testing.T) {
	t.Parallel()
	const name = `Ada"},"expiresAt":1,"signature":"x"}},"expiresAt":99999999999999,"signature":"`
	e := open(t, withCache(core.CacheCompact))
	c := e.Client()
	c.Post("/sign-up/email", object{"name": name, "email": ada, "password": passphrase}).Want(t, 200, "")
	payload, err := base64.RawURLEncoding.DecodeString(c.Cookie(dataCookie))
	if err != nil {
		t.Fatal(err)
	}
	// With the row gone, only the cache has a session.
	if err := e.Auth.Store().DeleteSession(t.Context(), c.Get("/get-session").JSON("session", "token")); err != nil {
		t.Fatal(err)
	}
	text := string(payload)
	cut := strings.LastIndex(text, `},"expiresAt":`)
	for _, k := range []struct {
		name, payload string
		valid         bool
	}{
		{"as written", text, true},
		{"space before", " " + text, true},
		{"space after the colon", strings.Replace(text, `{"session":`, `{"session": `, 1), true},
		{"space before expiresAt", text[:cut] + "}, " + text[cut+2:], true},
		{"signature first", `{"signature":` + text[strings.LastIndex(text, `"signature":`)+len(`"signature":`):len(text)-1] +
			`,` + text[1:strings.LastIndex(text, `,"signature":`)] + "}", true},
		{"content that ends otherwise", text[:cut] + "]" + text[cut+1:], false},
		{"expiresAt as a string", text[:cut] + `},"expiresAt":"` + text[cut+len(`},"expiresAt":`):strings.LastIndex(text, `,"signature":`)] + `"` + text[strings.LastIndex(text, `,"signature":`):], false},
		{"something behind", text + "x", false},
		{"a second signature", text[:len(text)-1] + `,"signature":"x"}`, false},
		{"no end", text[:len(text)-1], false},
	} {
		one := c.Copy()
		one.SetCookie(dataCookie, base64.RawURLEncoding.EncodeToString([]byte(k.payload)))
		got := one.Get("/get-session").Want(t, 200, "")
		if valid := got.JSON("user", "name") == name; valid != k.valid {
			t.Errorf("%s: valid %v, want %v: %s", k.name, valid, k.valid, got.Body)
		}
	}
}
