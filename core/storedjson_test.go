package core_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/schema"
)

// TestStoredJSONIsWrittenAsJavaScriptWritesIt has texts that databases and other
// programs store: PostgreSQL puts spaces into jsonb. The cookie cache is signed over
// the text that a Node server writes.
func TestStoredJSONIsWrittenAsJavaScriptWritesIt(t *testing.T) {
	t.Parallel()
	for stored, want := range map[string]string{
		`{"a": [1, null], "b": "x y"}`:                      `{"a":[1,null],"b":"x y"}`,
		` [1.0, 1e2, "\u0041"] `:                            `[1,100,"A"]`,
		`{"a": 1, "a": 2}`:                                  `{"a":2}`,
		strings.Repeat("[ ", 40) + strings.Repeat("] ", 40): strings.Repeat("[", 40) + strings.Repeat("]", 40),
	} {
		e := open(t, func(e *authtest.Env, o *core.Options) {
			withCache(core.CacheCompact)(e, o)
			o.User.Fields = []schema.Field{{Name: "prefs", Type: schema.JSON, Optional: true}}
		})
		c := join(t, e, ada)
		if _, err := e.Auth.DB().Update(t.Context(), core.ModelUser, adapter.By("email", ada), adapter.Record{"prefs": json.RawMessage(stored)}); err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/get-session?disableCookieCache=true", "/get-session"} { // from the row, and from the cache
			if a := c.Get(path).Want(t, 200, ""); !strings.Contains(a.Body, `"prefs":`+want+`,`) && !strings.Contains(a.Body, `"prefs":`+want+`}`) {
				t.Errorf("%s of %s: %s", path, stored, a.Body)
			}
		}
	}
}
