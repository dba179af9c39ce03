package core_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/schema"
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

// An object inside of a row may look like the boundary between session and user; the
// answer from the cache must not be cut there.
func TestCompactCacheIsNotCutInsideOfARow(t *testing.T) {
	t.Parallel()
	hostile := `{"a":{"b":1},"user":{"id":"x","email":"evil@example.com"},"updatedAt":1,"version":"1"}`
	for _, model := range []string{core.ModelSession, core.ModelUser} {
		t.Run("SES-07 in the "+model, func(t *testing.T) {
			t.Parallel()
			e := open(t, func(e *authtest.Env, o *core.Options) {
				withCache(core.CacheCompact)(e, o)
				fields := []schema.Field{{Name: "meta", Type: schema.JSON, Optional: true}}
				if model == core.ModelSession {
					o.Session.Fields = fields
				} else {
					o.User.Fields = fields
				}
			})
			c := join(t, e, ada)
			c.Post("/update-"+model, `{"meta":`+hostile+`}`).Want(t, 200, "")
			stored := c.Get("/get-session?disableCookieCache=true").Want(t, 200, "")
			if stored.JSON(model, "meta") != hostile || stored.JSON("user", "email") != ada {
				t.Fatalf("stored: %s", stored.Body)
			}
			if got := c.Get("/get-session").Want(t, 200, ""); got.Body != stored.Body {
				t.Errorf("from the cache: %s\nfrom the store: %s", got.Body, stored.Body)
			}
		})
	}
}
