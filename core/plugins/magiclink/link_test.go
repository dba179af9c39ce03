package magiclink_test

import (
	"context"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/secret"
)

// row is the one stored value.
func (w *world) row(t *testing.T) adapter.Record {
	t.Helper()
	rows, err := w.Auth.DB().FindMany(t.Context(), adapter.Find{Model: core.ModelVerification})
	if err != nil || len(rows) != 1 {
		t.Fatalf("%v, %v", rows, err)
	}
	return rows[0]
}

func betterAuth(_ *world, o *core.Options, _ *magiclink.Options) { o.Compat = core.CompatBetterAuth }

func TestStored(t *testing.T) {
	t.Parallel()
	angle := func(_ context.Context, token string) (string, error) { return "<" + token + ">", nil }
	type change = func(o *core.Options, m *magiclink.Options)
	for name, tt := range map[string]struct {
		change     change
		identifier func(token string) string
		value      string
	}{
		"the default": {func(*core.Options, *magiclink.Options) {},
			func(token string) string { return secret.SHA256URL("magic-link:" + token) }, `{"type":"magic-link","email":"ada@example.com","name":"Ada"}`},
		"plain identifiers": {func(o *core.Options, _ *magiclink.Options) { o.Verification.StoreIdentifier.Mode = "plain" },
			func(token string) string { return "magic-link:" + token }, `{"type":"magic-link","email":"ada@example.com","name":"Ada"}`},
		"as Better Auth does": {func(o *core.Options, _ *magiclink.Options) { o.Compat = core.CompatBetterAuth },
			func(token string) string { return token }, `{"email":"ada@example.com","name":"Ada"}`},
		"as Better Auth does, hashed": {func(o *core.Options, m *magiclink.Options) {
			o.Compat, m.Store = core.CompatBetterAuth, magiclink.Hashed
		}, secret.SHA256URL, `{"email":"ada@example.com","name":"Ada"}`},
		"as Better Auth does, in a way of its own": {func(o *core.Options, m *magiclink.Options) {
			o.Compat, m.Hash = core.CompatBetterAuth, angle
		}, func(token string) string { return "<" + token + ">" }, `{"email":"ada@example.com","name":"Ada"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, func(_ *world, o *core.Options, m *magiclink.Options) { tt.change(o, m) })
			m := w.ask(t, nil)
			row := w.row(t)
			if row["identifier"] != tt.identifier(m.Token) || row["value"] != tt.value {
				t.Errorf("stored %v for %s", row, m.Token)
			}
			// Whoever reads the database has no token.
			if stored := row["identifier"].(string); stored != m.Token {
				wantTarget(t, w.Client().Get(verifyPath(stored, "&callbackURL=/home")), "/home?error=INVALID_TOKEN")
			}
			wantTarget(t, follow(t, w.Client(), m.URL), "/welcome")
		})
	}
}

func TestForeignValues(t *testing.T) {
	t.Parallel()
	put := func(t *testing.T, w *world, identifier, value string) {
		t.Helper()
		if _, err := w.Auth.Store().CreateVerification(t.Context(), identifier, value, w.Clock.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct {
		identifier, value string
		kernia, compat    bool // whether it signs in
	}{
		"of Better Auth 1.6":                {"abc", `{"email":"ada@example.com","name":"Ada"}`, false, true},
		"of Better Auth 1.6 without a name": {"abc", `{"email":"ada@example.com"}`, false, true},
		"of Better Auth 1.7":                {"magic-link:abc", `{"type":"magic-link","email":"ada@example.com"}`, true, true},
		"of a user":                         {"abc", "user-id", false, false},
		"of a number":                       {"abc", "1", false, false},
		"of a flow":                         {"abc", `{"email":"ada@example.com","callbackURL":"/"}`, false, false},
		"of another type":                   {"magic-link:abc", `{"type":"reset","email":"ada@example.com"}`, false, false},
		"of no address":                     {"magic-link:abc", `{"type":"magic-link","email":"ada"}`, false, false},
		"of a name that is none":            {"magic-link:abc", `{"type":"magic-link","email":"ada@example.com","name":1}`, false, false},
	} {
		for mode, change := range map[string]settings{"kernia": nil, "better-auth": betterAuth} {
			t.Run(name+", "+mode, func(t *testing.T) {
				t.Parallel()
				w := open(t, change)
				put(t, w, tt.identifier, tt.value)
				c := w.Client()
				a := c.Get(verifyPath("abc", "&callbackURL=/home"))
				works := mode == "kernia" && tt.kernia || mode == "better-auth" && tt.compat
				wantAlive(t, c, works)
				if works {
					wantTarget(t, a, "/home")
					return
				}
				wantTarget(t, a, "/home?error=INVALID_TOKEN")
				if w.row(t)["value"] != tt.value {
					t.Error("the value was used up")
				}
			})
		}
	}
	t.Run("OTP-01 a link that is replaced between reading and use", func(t *testing.T) {
		t.Parallel()
		// Tokens of one's own may repeat: the newer link counts.
		w := open(t, func(_ *world, _ *core.Options, m *magiclink.Options) {
			m.GenerateToken = func(context.Context, string) (string, error) { return "same", nil }
		})
		first := w.ask(t, body{"email": "bob@example.com"})
		w.Clock.Add(time.Second)
		w.ask(t, nil)
		c := w.Client()
		wantTarget(t, follow(t, c, first.URL), "/welcome")
		if a := c.Get("/get-session"); a.JSON("user", "email") != ada {
			t.Errorf("%s", a.Body)
		}
		wantTarget(t, follow(t, w.Client(), first.URL), "/sorry?error=INVALID_TOKEN")
	})
}
