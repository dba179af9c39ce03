package core_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/storage"
)

// guarded are fields as plugins add them: clients may not set them, or not see them.
func guarded() []schema.Field {
	return []schema.Field{
		{Name: "role", Type: schema.String, Optional: true, NoInput: true},
		{Name: "banned", Type: schema.Boolean, Optional: true, NoInput: true, Default: schema.Value(false)},
		{Name: "credits", Type: schema.Number, NoInput: true, Default: schema.Value(int64(10))},
		{Name: "twoFactorEnabled", Type: schema.Boolean, Optional: true, NoInput: true},
		{Name: "stripeCustomerId", Type: schema.String, Optional: true, NoInput: true, Hidden: true},
		{Name: "banExpires", Type: schema.Date, Optional: true, NoInput: true},
		{Name: "flags", Type: schema.JSON, Optional: true, NoInput: true},
		{Name: "groups", Type: schema.StringArray, Optional: true, NoInput: true},
		{Name: "pin", Type: schema.String, Optional: true, Hidden: true},
		{Name: "nickname", Type: schema.String, Optional: true},
	}
}

func withGuarded(_ *authtest.Env, o *core.Options) {
	o.User.Fields, o.Session.Fields = guarded(), guarded()
	o.Session.CookieCache.Enabled = true
}

// samples are values of every kind that a client can send for a field.
func samples(f *schema.Field) (truthy, falsy []any) {
	falsy = []any{nil, false, 0, ""}
	truthy = []any{true, 1, "admin", []string{"admin"}, object{"a": 1}, "2099-01-01T00:00:00.000Z", []any{}, object{}}
	return truthy, falsy
}

func TestMassAssignment(t *testing.T) {
	t.Parallel()
	e := open(t, withGuarded)
	table, _ := e.Auth.Schema().Table(core.ModelUser)
	sessions, _ := e.Auth.Schema().Table(core.ModelSession)
	c := join(t, e, ada)
	user := func() adapter.Record { return row(t, e, core.ModelUser, adapter.Cond{Field: "email", Value: ada}) }
	session := func() adapter.Record {
		return row(t, e, core.ModelSession, adapter.Cond{Field: "token", Value: tokenOf(c)})
	}
	userBefore, sessionBefore := fmt.Sprint(user()), fmt.Sprint(session())
	number := 0
	for _, tc := range []struct {
		model, path string
		table       *schema.Table
	}{{core.ModelUser, "/update-user", table}, {core.ModelSession, "/update-session", sessions}, {core.ModelUser, "/sign-up/email", table}} {
		for i := range tc.table.Fields {
			f := &tc.table.Fields[i]
			fixed := tc.model == core.ModelSession && i < 7
			if !f.NoInput && !fixed && f.Name != "createdAt" && f.Name != "updatedAt" {
				continue
			}
			truthy, falsy := samples(f)
			for j, v := range append(truthy, falsy...) {
				id := "MASS-01"
				if j >= len(truthy) {
					id = "MASS-02"
				}
				body := object{f.Name: v}
				if tc.path == "/sign-up/email" {
					number++
					email := fmt.Sprintf("n%d@example.com", number)
					body = object{"name": "N", "email": email, "password": passphrase, f.Name: v}
					a := e.Client().Post(tc.path, body)
					if a.Status == 400 {
						continue // refused: FIELD_NOT_ALLOWED
					}
					a.Want(t, 200, "")
					stored := row(t, e, core.ModelUser, adapter.Cond{Field: "email", Value: email})
					want := any(nil)
					if f.Default != nil {
						want = f.Default(authtest.Start)
					}
					if fmt.Sprint(stored[f.Name]) != fmt.Sprint(want) {
						t.Errorf("%s %s with %s=%#v stored %v", id, tc.path, f.Name, v, stored[f.Name])
					}
					continue
				}
				if a := c.Post(tc.path, body); a.Status != 400 {
					t.Errorf("%s %s with %s=%#v: %d %s", id, tc.path, f.Name, v, a.Status, a.Body)
				}
				// Beside an allowed field it is refused or dropped.
				c.Post(tc.path, object{"nickname": "Nick", f.Name: v})
			}
		}
	}
	if number < 80 {
		t.Fatalf("only %d sign-ups were tried", number)
	}
	after := strings.Replace(fmt.Sprint(user()), "nickname:Nick", "nickname:<nil>", 1)
	if after != userBefore {
		t.Errorf("the user was changed:\n%s\n%s", userBefore, after)
	}
	after = strings.Replace(fmt.Sprint(session()), "nickname:Nick", "nickname:<nil>", 1)
	if after != sessionBefore {
		t.Errorf("the session was changed:\n%s\n%s", sessionBefore, after)
	}
	t.Run("MASS-01 the core's own columns", func(t *testing.T) {
		for _, name := range []string{"id", "isAnonymous", "userId", "accountId", "providerId", "token", "expiresAt", "shape", "Extra", "__proto__"} {
			a := c.Copy().Post("/update-user", object{name: "x"})
			a.Want(t, 400, "NO_FIELDS_TO_UPDATE")
		}
		c.Copy().Post("/update-user", object{"email": bob}).Want(t, 400, "EMAIL_CAN_NOT_BE_UPDATED")
		c.Copy().Post("/update-user", object{"email": nil, "emailVerified": true}).Want(t, 400, "NO_FIELDS_TO_UPDATE")
	})
	t.Run("MASS-03 names in other letter cases match nothing", func(t *testing.T) {
		for _, name := range []string{"Role", "ROLE", "role ", "Banned", "Name", "NAME", "Nickname", "Image", "EmailVerified"} {
			c.Copy().Post("/update-user", object{name: "admin"}).Want(t, 400, "NO_FIELDS_TO_UPDATE")
		}
		e.Client().Post("/sign-in/email", object{"Email": ada, "Password": passphrase}).Want(t, 400, "VALIDATION_ERROR")
		e.Client().Post("/sign-in/email", object{"email": ada, "password": "wrong one", "Password": passphrase, "PASSWORD": passphrase}).Want(t, 401, "INVALID_CREDENTIALS")
	})
	t.Run("MASS-04 of equal names the last counts, in validation and in use", func(t *testing.T) {
		x := e.Client()
		x.Do("POST", "/sign-in/email", `{"email":"ada@example.com","password":"wrong one","password":"`+passphrase+`"}`).Want(t, 200, "")
		e.Client().Do("POST", "/sign-in/email", `{"email":"ada@example.com","password":"`+passphrase+`","password":"wrong one"}`).Want(t, 401, "INVALID_CREDENTIALS")
		e.Client().Do("POST", "/sign-in/email", `{"email":"ada@example.com","email":5,"password":"`+passphrase+`"}`).Want(t, 400, "VALIDATION_ERROR")
		e.Client().Do("POST", "/sign-in/email", `{"email":"ada@example.com","password":"`+passphrase+`","callbackURL":"/ok","callbackURL":"https://evil.example"}`).Want(t, 403, "INVALID_CALLBACK_URL")
		e.Client().Do("POST", "/sign-in/email", `{"email":"ada@example.com","password":"`+passphrase+`","callbackURL":"https://evil.example","\u0063allbackURL":"/ok"}`).Want(t, 200, "")
		c.Copy().Do("POST", "/update-user", `{"name":"fine","role":null,"role":"admin"}`).Want(t, 400, "FIELD_NOT_ALLOWED")
	})
	t.Run("MASS-05 unknown names are dropped", func(t *testing.T) {
		a := e.Client().Post("/sign-up/email", object{"name": "N", "email": "unknown@example.com", "password": passphrase, "foo": "bar", "a.b": 1, "$set": object{"role": "admin"}, "0": 1}).Want(t, 200, "")
		mustNotContain(t, "the answer", a.Body, "foo", "bar", "$set", "a.b")
		stored := row(t, e, core.ModelUser, adapter.Cond{Field: "email", Value: "unknown@example.com"})
		if stored["role"] != nil {
			t.Errorf("stored %v", stored)
		}
	})
}

func TestHiddenFields(t *testing.T) {
	t.Parallel()
	for _, secondary := range []bool{false, true} {
		for _, strategy := range []core.CacheStrategy{core.CacheCompact, core.CacheJWT} {
			t.Run(fmt.Sprintf("MASS-06 %s, secondary storage %v", strategy, secondary), func(t *testing.T) {
				t.Parallel()
				e := open(t, func(e *authtest.Env, o *core.Options) {
					withGuarded(e, o)
					o.Session.CookieCache.Strategy = strategy
					if secondary {
						o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
					}
				})
				c := e.Client()
				var out strings.Builder
				take := func(a *authtest.Answer) {
					t.Helper()
					if a.Status != 200 {
						t.Fatalf("%d %s", a.Status, a.Body)
					}
					out.WriteString(a.Body)
					for _, line := range a.Header.Values("Set-Cookie") {
						v, _ := url.QueryUnescape(line)
						out.WriteString(decodeSegments(v))
					}
				}
				const pin, stripe, access = "canary-pin", "canary-stripe", "canary-access-token"
				take(c.Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase, "pin": pin}))
				user := row(t, e, core.ModelUser)
				id := user["id"].(string)
				if user["pin"] != pin {
					t.Fatalf("the pin was not stored: %v", user)
				}
				store := e.Auth.Store()
				if _, err := store.UpdateUser(t.Context(), id, adapter.Record{"stripeCustomerId": stripe}); err != nil {
					t.Fatal(err)
				}
				account := row(t, e, core.ModelAccount)
				if _, err := store.UpdateAccount(t.Context(), account["id"].(string), adapter.Record{"accessToken": access, "refreshToken": access, "idToken": access}); err != nil {
					t.Fatal(err)
				}
				take(c.Post("/sign-in/email", object{"email": ada, "password": passphrase}))
				take(c.Get("/get-session"))
				take(c.Get("/get-session?disableCookieCache=true"))
				take(c.Post("/update-user", object{"name": "B"}))
				take(c.Post("/update-session", object{"nickname": "x"}))
				take(c.Get("/list-sessions"))
				take(c.Get("/list-accounts"))
				take(c.Post("/change-password", object{"currentPassword": passphrase, "newPassword": "a new passphrase", "revokeOtherSessions": true}))
				hash := row(t, e, core.ModelAccount)["password"].(string)
				text := out.String()
				mustContain(t, text, ada) // the decoding of cookies works
				mustNotContain(t, "an answer", text, pin, stripe, access, hash, account["password"].(string), "stripeCustomerId", `"pin"`, `"password"`, "accessToken", "$argon2")
				// A change of other fields leaves the hidden ones alone.
				if got := row(t, e, core.ModelUser); got["pin"] != pin || got["stripeCustomerId"] != stripe {
					t.Errorf("hidden fields were lost: %v", got)
				}
			})
		}
	}
}

// decodeSegments appends the decoded base64url parts of a text to it.
func decodeSegments(s string) string {
	out := s
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(".;= ", r) }) {
		if data, err := base64.RawURLEncoding.DecodeString(part); err == nil {
			out += string(data)
		}
	}
	return out
}

func TestInjection(t *testing.T) {
	t.Parallel()
	hostile := []string{
		`' OR '1'='1`, `"; DROP TABLE user; --`, `\`, `\'`, `%`, `_`, `%_%`, "`", `$1`, `?`, `{{x}}`, `${7*7}`, `*`, `(`, `.*`, `^$`, `../../etc/passwd`, `${jndi:ldap://x}`, `<!--`, `;--`, `' UNION SELECT 1--`, `{"$ne":null}`, "a\nb\tc", "emoji 😀 ‮", strings.Repeat("'", 120),
	}
	t.Run("INJ-01 hostile text is data", func(t *testing.T) {
		t.Parallel()
		e := open(t, withGuarded)
		line := strings.NewReplacer("\n", " ", "\t", " ", "\u202e", "") // a name is one line
		for i, s := range hostile {
			c, name := e.Client(), line.Replace(s)
			email, password := fmt.Sprintf("i%d@example.com", i), (passphrase + s)[:min(len(s)+len(passphrase), 100)]
			c.Post("/sign-up/email", object{"name": name, "email": email, "password": password, "image": s, "nickname": s, "pin": s}, header("User-Agent", "ua "+s)).Want(t, 200, "")
			a := c.Get("/get-session?disableCookieCache=true").Want(t, 200, "")
			if a.JSON("user", "name") != name || a.JSON("user", "nickname") != s || a.JSON("user", "image") != s {
				t.Errorf("%q came back as %s", s, a.Body)
			}
			if len(s) < 1000 && a.JSON("session", "userAgent") != "ua "+s {
				t.Errorf("the user agent %q came back as %q", s, a.JSON("session", "userAgent"))
			}
			e.Client().Post("/sign-in/email", object{"email": email, "password": passphrase}).Want(t, 401, "INVALID_CREDENTIALS")
			e.Client().Post("/sign-in/email", object{"email": email, "password": password}).Want(t, 200, "")
			e.Client().Post("/sign-in/email", object{"email": s, "password": passphrase}).Want(t, 400, "INVALID_EMAIL")
			c.Post("/revoke-session", object{"token": s}).Want(t, 200, "")
			c.Post("/unlink-account", object{"providerId": s, "accountId": s})
			c.Post("/reset-password", object{"token": s, "newPassword": passphrase}).Want(t, 400, "INVALID_TOKEN")
			c.Get("/reset-password/" + url.PathEscape(s) + "?callbackURL=/x")
			c.Post("/update-user", object{"name": name + name}).Want(t, 200, "")
			if got := row(t, e, core.ModelUser, adapter.Cond{Field: "email", Value: email})["name"]; got != name+name {
				t.Errorf("stored %q", got)
			}
			wantSignedIn(t, c, true)
		}
		if n := len(rows(t, e, core.ModelUser)); n != len(hostile) {
			t.Errorf("%d users, want %d", n, len(hostile))
		}
	})
	t.Run("INJ-02 names of fields that do not exist are refused before a statement", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		db := e.Auth.DB()
		for _, name := range []string{"id; DROP", "__proto__", "constructor", "data->>'x'", "email--", "EMAIL", "", "user.email", `"email"`, "1"} {
			if _, err := db.FindMany(t.Context(), adapter.Find{Model: core.ModelUser, Where: adapter.By(name, "x")}); !errors.Is(err, adapter.ErrUnknownField) {
				t.Errorf("where %q: %v", name, err)
			}
			if _, err := db.FindMany(t.Context(), adapter.Find{Model: core.ModelUser, Sort: []adapter.Sort{{Field: name}}}); !errors.Is(err, adapter.ErrUnknownField) {
				t.Errorf("sort %q: %v", name, err)
			}
			if _, err := db.FindMany(t.Context(), adapter.Find{Model: core.ModelUser, Select: []string{name}}); !errors.Is(err, adapter.ErrUnknownField) {
				t.Errorf("select %q: %v", name, err)
			}
			if _, err := db.Update(t.Context(), core.ModelUser, adapter.By("id", "x"), adapter.Record{name: "x"}); !errors.Is(err, adapter.ErrUnknownField) {
				t.Errorf("set %q: %v", name, err)
			}
			if _, err := db.Create(t.Context(), name, adapter.Record{}); !errors.Is(err, adapter.ErrUnknownModel) {
				t.Errorf("model %q: %v", name, err)
			}
		}
	})
	t.Run("INJ-05 wildcards are literal", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		join(t, e, ada)
		for _, v := range []string{"%", "_", "a%", "ada_example.com", ".*", "*"} {
			for _, op := range []adapter.Op{adapter.Contains, adapter.StartsWith, adapter.EndsWith} {
				if n := len(rows(t, e, core.ModelUser, adapter.Cond{Field: "email", Op: op, Value: v})); n != 0 {
					t.Errorf("%s %q matches %d rows", op, v, n)
				}
			}
		}
	})
	t.Run("INJ-07 offsets and limits are not read from clients", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		c := join(t, e, ada)
		want := c.Get("/list-sessions").Want(t, 200, "").Body
		for _, q := range []string{"?limit=0", "?limit=-1&offset=-1", "?cursor=x", "?where=1&sortBy=id;DROP", "?userId=x"} {
			if got := c.Get("/list-sessions"+q).Want(t, 200, "").Body; got != want {
				t.Errorf("%s gives %s", q, got)
			}
		}
	})
}

func TestTypeJuggling(t *testing.T) {
	t.Parallel()
	e := open(t, func(e *authtest.Env, o *core.Options) { everything(e, o); withGuarded(e, o) })
	c := join(t, e, ada)
	fields := map[string][]string{ // string fields of each route
		"/sign-in/email": {"email", "password"}, "/sign-up/email": {"email", "password", "name", "image", "nickname"},
		"/request-password-reset": {"email"}, "/reset-password": {"newPassword", "token"}, "/change-password": {"newPassword", "currentPassword"},
		"/verify-password": {"password"}, "/send-verification-email": {"email"}, "/change-email": {"newEmail"}, "/revoke-session": {"token"},
		"/unlink-account": {"providerId", "accountId"}, "/delete-user": {"password", "token"}, "/update-user": {"name", "image", "nickname"}, "/update-session": {"nickname"},
	}
	full := object{"email": bob, "password": passphrase, "name": "N", "newPassword": passphrase, "currentPassword": passphrase, "newEmail": bob, "token": "x", "providerId": "x"}
	values := map[string][]any{
		"INJ-03": {object{"$ne": nil}, object{"$gt": ""}, object{"$regex": ".*"}, object{"$where": "1"}, []any{object{"$ne": 1}}},
		"INJ-04": {1, 1.5, true, false, []string{"a"}, []any{}, object{}, []any{ada}, object{"toString": "x"}, object{"length": 20}},
	}
	for path, names := range fields {
		for _, name := range names {
			for id, list := range values {
				for _, v := range list {
					body := object{}
					if path != "/update-user" && path != "/update-session" {
						for k, x := range full {
							body[k] = x
						}
					}
					body[name] = v
					a := c.Copy().Post(path, body)
					if a.Status != 400 || a.Code() != "VALIDATION_ERROR" {
						t.Errorf("%s %s with %s=%v: %d %s", id, path, name, v, a.Status, clip(a.Body))
					}
				}
			}
		}
	}
	t.Run("INJ-04 bodies that are no objects", func(t *testing.T) {
		for path := range fields {
			for _, body := range []string{"null", "[]", "5", `"x"`, "true", `[{"email":"a"}]`} {
				c.Copy().Do("POST", path, body).Want(t, 400, "VALIDATION_ERROR")
			}
			for _, body := range []string{"{", "{]", `{"a"}`, `{"a":}`, `{'a':1}`, "{}{}", "\x00", " ", "undefined", "NaN", `{"a":01}`, `{"a":.5}`, `{"a":1,}`, "\xff", `{"a":Infinity}`, `/**/{}`} {
				if a := c.Copy().Do("POST", path, body); a.Status != 400 {
					t.Errorf("%s with %q: %d %s", path, body, a.Status, a.Body)
				}
			}
		}
	})
	t.Run("INJ-04 queries and forms", func(t *testing.T) {
		for _, q := range []string{"token[]=x", "token=x&token=y", "token", "token%5B0%5D=x"} {
			a := c.Copy().Get("/verify-email?" + q)
			if a.Status != 400 && a.Status != 401 {
				t.Errorf("%s: %d %s", q, a.Status, a.Body)
			}
		}
		form := header("Content-Type", "application/x-www-form-urlencoded")
		c.Copy().Do("POST", "/sign-in/email", "email[]=ada%40example.com&password=x", form).Want(t, 400, "VALIDATION_ERROR")
		c.Copy().Do("POST", "/sign-in/email", "email=ada%40example.com&password[$ne]=x", form).Want(t, 400, "VALIDATION_ERROR")
		for _, v := range []string{"maybe", "0", "null", "[]", "true&disableCookieCache=false", "TRUE"} {
			if a := c.Copy().Get("/get-session?disableCookieCache=" + v); a.Status >= 500 {
				t.Errorf("%s: %d %s", v, a.Status, a.Body)
			}
		}
	})
	t.Run("INJ-04 rememberMe is a boolean", func(t *testing.T) {
		for _, v := range []any{"true", "false", 0, 1, nil, []any{}, "no"} {
			a := e.Client().Post("/sign-in/email", object{"email": ada, "password": passphrase, "rememberMe": v})
			if a.Status != 400 {
				t.Errorf("%v: %d", v, a.Status)
			}
		}
	})
}

func TestHostileNames(t *testing.T) {
	t.Parallel()
	t.Run("INJ-06 names of JavaScript's machinery are inert", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			o.User.Fields = append(guarded(), schema.Field{Name: "meta", Type: schema.JSON, Optional: true})
		})
		c := e.Client()
		body := `{"name":"N","email":"` + ada + `","password":"` + passphrase + `","__proto__":{"role":"admin"},"constructor":{"prototype":{"role":"admin"}},"prototype":1,"meta":{"__proto__":{"role":"admin"},"constructor":1}}`
		c.Do("POST", "/sign-up/email", body).Want(t, 200, "")
		stored := row(t, e, core.ModelUser)
		meta, _ := stored["meta"].(json.RawMessage)
		if stored["role"] != nil || string(meta) != `{"__proto__":{"role":"admin"},"constructor":1}` {
			t.Errorf("stored %v, meta %s", stored, meta)
		}
	})
	t.Run("INJ-08 NUL, lone surrogates and invalid UTF-8", func(t *testing.T) {
		t.Parallel()
		e := open(t, everything)
		c := join(t, e, ada)
		for _, bad := range []string{`\u0000`, "\x00", `\ud800`, `\udc00\ud800`, "\xff", "\xc3\x28", "\xed\xa0\x80", `a\ud83db`} {
			for _, body := range []string{
				`{"name":"` + bad + `"}`, `{"` + bad + `":"x"}`, `{"email":"a` + bad + `@b.co","password":"` + bad + `"}`, `{"x":["` + bad + `"]}`,
				`{"email":"` + ada + `","password":"` + passphrase + bad + `","newPassword":"` + passphrase + bad + `","token":"` + bad + `","name":"x"}`,
			} {
				for _, r := range mutating(e.Auth) {
					if a := c.Copy().Do(r[0], r[1], body); a.Status != 400 {
						t.Errorf("%s with %q: %d %s", r[1], body, a.Status, clip(a.Body))
					}
				}
			}
		}
		form := header("Content-Type", "application/x-www-form-urlencoded")
		c.Copy().Do("POST", "/sign-in/email", "email=a%00@b.co&password=x", form).Want(t, 400, "INVALID_CHARACTERS")
		for _, q := range []string{"token=%00", "token=a%00b", "%00=x", "token=x&callbackURL=/%00"} {
			for _, path := range []string{"/verify-email", "/delete-user/callback", "/reset-password/x", "/get-session", "/error"} {
				if a := c.Copy().Get(path + "?" + q); a.Status >= 500 || strings.Contains(a.Body, "\x00") {
					t.Errorf("%s?%s: %d %s", path, q, a.Status, a.Body)
				}
			}
			if a := c.Copy().Do("POST", "/reset-password?"+q, `{"newPassword":"`+passphrase+`"}`); a.Status != 400 && a.Status != 403 {
				t.Errorf("reset-password?%s: %d %s", q, a.Status, a.Body)
			}
		}
		for _, p := range []string{"%00", "%ff", "%", "%2", "%zz", "a%2fb", "..", "."} {
			if a := c.Copy().Get("/reset-password/" + p + "?callbackURL=/x"); a.Status >= 500 {
				t.Errorf("%s: %d", p, a.Status)
			}
		}
	})
	t.Run("INJ-09 keys of the secondary storage do not mix", func(t *testing.T) {
		t.Parallel()
		var kv *storage.Memory
		e := open(t, func(e *authtest.Env, o *core.Options) {
			kv = storage.NewMemory(e.Clock.Now)
			o.SecondaryStorage = kv
			o.Verification.StoreIdentifier.Mode = "plain"
		})
		c := join(t, e, ada)
		store, soon := e.Auth.Store(), e.Auth.Now().Add(time.Hour)
		for _, id := range []string{"a:b", "a", "a\nb", "a*", "reset-password:x", "../x", tokenOf(c), "active-sessions-x", ""} {
			if _, err := store.CreateVerification(t.Context(), id, "value of "+id, soon); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range []string{"a:b", "a", "a\nb", "a*", "reset-password:x", "../x", tokenOf(c), "active-sessions-x", ""} {
			v, err := store.ConsumeVerification(t.Context(), id)
			if err != nil || v.Value != "value of "+id {
				t.Errorf("%q: %v %v", id, v, err)
			}
		}
		wantSignedIn(t, c, true)
		// A value under another kind of key opens no session.
		text, err := kv.Get(t.Context(), tokenOf(c))
		if err != nil {
			t.Fatal(err)
		}
		if err := kv.Set(t.Context(), "verification:x", text, time.Hour); err != nil {
			t.Fatal(err)
		}
		if d, err := store.FindSession(t.Context(), "verification:x"); !errors.Is(err, adapter.ErrNotFound) {
			t.Errorf("found %v, %v", d, err)
		}
	})
	t.Run("INJ-04 numbers keep their value or are refused", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			o.User.Fields = []schema.Field{{Name: "n", Type: schema.Number, Optional: true}}
		})
		c := join(t, e, ada)
		for text, want := range map[string]any{"0": int64(0), "-5": int64(-5), "1.5": 1.5, "9007199254740992": int64(1 << 53), "1e300": 1e300, "-0": int64(0)} {
			c.Do("POST", "/update-user", `{"n":`+text+`}`).Want(t, 200, "")
			got := row(t, e, core.ModelUser)["n"]
			if f, ok := got.(float64); ok && f == 0 && !math.Signbit(f) {
				got = int64(0)
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s is stored as %v", text, got)
			}
		}
	})
}
