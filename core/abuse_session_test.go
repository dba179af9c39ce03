package core_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/cookie"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/storage"
)

// refused checks that a Cookie header opens nothing: get-session is null and a
// protected route answers 401.
func refused(t *testing.T, e *authtest.Env, cookies string) {
	t.Helper()
	c := bearing(e, cookies)
	if a := c.Get("/get-session"); a.Status != 200 || a.Body != "null" {
		t.Errorf("get-session answered %d %s to %s", a.Status, a.Body, clip(cookies))
	}
	if a := c.Get("/list-sessions"); a.Status != 401 {
		t.Errorf("list-sessions answered %d %s to %s", a.Status, a.Body, clip(cookies))
	}
}

func TestForgedSessionCookies(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	c := join(t, e, ada)
	raw := c.Cookie(tokenCookie)
	value, err := url.QueryUnescape(strings.ReplaceAll(raw, "+", "%2B"))
	if err != nil {
		t.Fatal(err)
	}
	token, signature, _ := strings.Cut(value, ".")
	if !signedIn(t, bearing(e, tokenCookie+"="+raw)) {
		t.Fatal("the untouched cookie does not work")
	}

	t.Run("SES-01 one character flipped", func(t *testing.T) {
		t.Parallel()
		for i := range value {
			flipped := []byte(value)
			flipped[i] ^= 1
			refused(t, e, tokenCookie+"="+url.QueryEscape(string(flipped)))
		}
	})
	t.Run("SES-02 unsigned, or signed for something else", func(t *testing.T) {
		t.Parallel()
		forget := e.Client()
		forget.Post("/sign-in/email", object{"email": ada, "password": passphrase, "rememberMe": false}).Want(t, 200, "")
		_, other, _ := strings.Cut(forget.Cookie(forgetName), ".")
		for _, v := range []string{
			token, token + ".", "." + url.QueryEscape(signature), token + "." + other, forget.Cookie(forgetName),
			token + "." + url.QueryEscape(strings.TrimRight(signature, "=")), token + "." + url.QueryEscape(signature+"="),
			token + "%00." + url.QueryEscape(signature), "." + raw, raw + "." + url.QueryEscape(signature), "", "%", "%E0%A4", "=",
		} {
			refused(t, e, tokenCookie+"="+v)
		}
		for _, name := range []string{"__Secure-" + tokenCookie, "__Host-" + tokenCookie, dataCookie, forgetName, "session_token", "Better-Auth.session_token"} {
			refused(t, e, name+"="+raw)
		}
		// A signature made with another secret.
		stranger := open(t, func(_ *authtest.Env, o *core.Options) { o.Secret = "another-secret-0123456789-ABCDEFGHIJKLMNOPQRST" })
		refused(t, stranger, tokenCookie+"="+raw)
	})
	t.Run("SES-13 several cookies of the name", func(t *testing.T) {
		t.Parallel()
		stranger := join(t, e, bob)
		planted := tokenCookie + "=attacker.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%3D"
		for _, line := range []string{
			planted + "; " + tokenCookie + "=" + raw, tokenCookie + "=" + raw + "; " + planted,
			tokenCookie + "=; " + tokenCookie + "=%; " + tokenCookie + "=" + raw,
		} {
			if got := bearing(e, line).Get("/get-session").JSON("user", "email"); got != ada {
				t.Errorf("%q is signed in for %s", got, clip(line))
			}
		}
		// Two valid ones: the first counts, always.
		two := tokenCookie + "=" + raw + "; " + tokenCookie + "=" + stranger.Cookie(tokenCookie)
		if got := bearing(e, two).Get("/get-session").JSON("user", "email"); got != ada {
			t.Errorf("%q is signed in", got)
		}
		// The same in two header lines.
		split := e.Client()
		split.Header = core.Fields{header("Cookie", planted), header("Cookie", tokenCookie+"="+raw)}
		if got := split.Get("/get-session").JSON("user", "email"); got != ada {
			t.Errorf("%q is signed in by two Cookie headers", got)
		}
	})
}

func TestSessionFixation(t *testing.T) {
	t.Parallel()
	t.Run("SES-03 a planted session never becomes authenticated", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		join(t, e, ada)
		attacker := join(t, e, bob)
		planted := attacker.Cookie(tokenCookie)
		victim := e.Client()
		victim.SetCookie(tokenCookie, planted)
		victim.Post("/sign-in/email", object{"email": ada, "password": passphrase}).Want(t, 200, "")
		if victim.Cookie(tokenCookie) == planted {
			t.Fatal("the planted token was kept")
		}
		if got := attacker.Get("/get-session").JSON("user", "email"); got != bob {
			t.Fatalf("the planted session belongs to %s", got)
		}
		// A token that was never issued stays unknown.
		forged := e.Client()
		forged.SetCookie(tokenCookie, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
		forged.Post("/sign-in/email", object{"email": ada, "password": passphrase}).Want(t, 200, "")
		refused(t, e, tokenCookie+"=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	})
	t.Run("SES-03 signing in again ends the old session", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		c := join(t, e, ada)
		before := c.Copy()
		c.Post("/sign-in/email", object{"email": ada, "password": passphrase}).Want(t, 200, "")
		wantSignedIn(t, c, true)
		wantSignedIn(t, before, false)
		row(t, e, core.ModelSession)
	})
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, origin string
		change       func(*core.Options)
	}{
		{"http", authtest.BaseURL, func(*core.Options) {}},
		{"https", "https://app.example.com", func(o *core.Options) { o.BaseURL = "https://app.example.com" }},
		{"cross-subdomain", "https://app.example.com", func(o *core.Options) {
			o.BaseURL = "https://app.example.com"
			o.Cookies.CrossSubDomain, o.Cookies.Domain = true, "example.com"
			o.Cookies.Attributes = func(_ string, a *cookie.Attributes) { a.Partitioned, a.SameSite, a.Path = true, "none", "/api" }
		}},
	} {
		t.Run("SES-04 "+tc.name, func(t *testing.T) {
			t.Parallel()
			e := open(t, func(_ *authtest.Env, o *core.Options) {
				withCache(core.CacheCompact)(nil, o)
				tc.change(o)
			})
			c := e.Client()
			c.Origin = tc.origin
			c.Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase}).Want(t, 200, "")
			in := setCookies(c.Post("/sign-in/email", object{"email": ada, "password": passphrase, "rememberMe": false}).Want(t, 200, ""))
			old := c.Copy()
			out := setCookies(c.Post("/sign-out", object{}).Want(t, 200, ""))
			if len(in) != 3 {
				t.Fatalf("sign-in sets %v", in)
			}
			for name, lines := range in {
				if len(out[name]) == 0 { // Better Auth 1.6 may send two for session_data
					t.Fatalf("sign-out does not expire %s", name)
				}
				// Lines that end variants of other attributes come before its own.
				own := out[name][len(out[name])-1]
				for _, attr := range []string{"Path", "Domain", "Secure", "HttpOnly", "SameSite", "Partitioned"} {
					v1, ok1 := attribute(lines[0], attr)
					v2, ok2 := attribute(own, attr)
					if v1 != v2 || ok1 != ok2 {
						t.Errorf("%s: %s is %q when set and %q when expired", name, attr, v1, v2)
					}
				}
				for _, line := range out[name] {
					if age, _ := attribute(line, "Max-Age"); age != "0" || !strings.HasPrefix(line, name+"=;") {
						t.Errorf("%s is not expired: %s", name, line)
					}
				}
			}
			if n := len(rows(t, e, core.ModelSession)); n != 0 { // that of the sign-up was ended by the sign-in
				t.Errorf("%d session rows are left", n)
			}
			wantSignedIn(t, old, false)
			old.Get("/list-sessions").Want(t, 401, "UNAUTHORIZED")
		})
	}
}

func TestPasswordChangeEndsSessions(t *testing.T) {
	t.Parallel()
	t.Run("SES-05 change-password with revokeOtherSessions", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		c := join(t, e, ada)
		others := []*authtest.Client{login(t, e, ada), login(t, e, ada), c.Copy()}
		c.Post("/change-password", object{"currentPassword": passphrase, "newPassword": "a new passphrase", "revokeOtherSessions": true}).Want(t, 200, "")
		wantSignedIn(t, c, true)
		for _, o := range others {
			wantSignedIn(t, o, false)
			o.Get("/list-sessions").Want(t, 401, "UNAUTHORIZED")
		}
	})
	t.Run("SES-05 reset with RevokeSessionsOnReset", func(t *testing.T) {
		t.Parallel()
		e := openWith(t, func(_ *authtest.Env, p *emailpassword.Options) { p.RevokeSessionsOnReset = true }, nil)
		all := []*authtest.Client{join(t, e, ada), login(t, e, ada)}
		c := e.Client()
		c.Post("/request-password-reset", object{"email": ada, "redirectTo": "/r"}).Want(t, 200, "")
		c.Post("/reset-password", object{"token": e.LastMail().Token, "newPassword": "a new passphrase"}).Want(t, 200, "")
		for _, o := range all {
			wantSignedIn(t, o, false)
			o.Get("/list-sessions").Want(t, 401, "UNAUTHORIZED")
		}
	})
}

// storedRoutes are the routes that must not trust the cookie cache, with a body
// that passes validation.
var storedRoutes = []struct {
	method, path string
	body         object
}{
	{"POST", "/update-session", object{"theme": "dark"}},
	{"POST", "/update-user", object{"name": "Eve"}},
	{"POST", "/change-email", object{"newEmail": "eve@example.com"}},
	{"POST", "/delete-user", object{"password": passphrase}},
	{"GET", "/list-sessions", nil},
	{"POST", "/revoke-session", object{"token": "x"}},
	{"POST", "/revoke-sessions", object{}},
	{"POST", "/revoke-other-sessions", object{}},
	{"POST", "/unlink-account", object{"providerId": "credential"}},
	{"POST", "/change-password", object{"currentPassword": passphrase, "newPassword": "a new passphrase"}},
	{"POST", "/verify-password", object{"password": passphrase}},
}

func call(c *authtest.Client, method, path string, body object) *authtest.Answer {
	if method == "GET" {
		return c.Get(path)
	}
	return c.Post(path, body)
}

func TestRevokedSessionInCache(t *testing.T) {
	t.Parallel()
	for _, strategy := range []core.CacheStrategy{core.CacheCompact, core.CacheJWT, core.CacheJWE} {
		for _, secondary := range []bool{false, true} {
			t.Run(fmt.Sprintf("SES-06 %s, secondary storage %v", strategy, secondary), func(t *testing.T) {
				t.Parallel()
				e := open(t, func(e *authtest.Env, o *core.Options) {
					withCache(strategy)(e, o)
					o.User.ChangeEmail.Enabled, o.User.DeleteUser.Enabled = true, true
					o.Session.Fields = []schema.Field{{Name: "theme", Type: schema.String, Optional: true}}
					if secondary {
						o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
					}
				})
				owner := join(t, e, ada)
				thief := login(t, e, ada)
				owner.Post("/revoke-session", object{"token": tokenOf(thief)}).Want(t, 200, "")
				if thief.Copy().Get("/get-session").JSON("user", "email") != ada {
					t.Fatal("the cache does not hold the session: the test proves nothing")
				}
				for _, r := range storedRoutes {
					call(thief.Copy(), r.method, r.path, r.body).Want(t, 401, "UNAUTHORIZED")
				}
				thief.Copy().Get("/delete-user/callback?token=x").Want(t, 404, "FAILED_TO_GET_USER_INFO")
				if row(t, e, core.ModelUser)["name"] != "Someone" {
					t.Error("the user was changed")
				}
			})
		}
	}
}

// tokenOf is the session token in a client's cookie.
func tokenOf(c *authtest.Client) string {
	token, _, _ := strings.Cut(c.Cookie(tokenCookie), ".")
	return token
}

func TestTamperedCache(t *testing.T) {
	t.Parallel()
	strategies := []core.CacheStrategy{core.CacheCompact, core.CacheJWT, core.CacheJWE}
	made := map[core.CacheStrategy]string{}
	for _, s := range strategies {
		made[s] = join(t, open(t, withCache(s)), ada).Cookie(dataCookie)
	}
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`))
	for _, s := range strategies {
		t.Run("SES-07 "+string(s), func(t *testing.T) {
			t.Parallel()
			e := open(t, withCache(s))
			c := join(t, e, ada)
			honest := c.Get("/get-session").Body
			data := c.Cookie(dataCookie)
			evil := []string{"", "x", "e30", "....", "a.b.c", strings.Repeat("A", 100_000), data + "A", "A" + data, data[:len(data)/2]}
			if s == core.CacheCompact {
				plain, err := base64.RawURLEncoding.DecodeString(data)
				if err != nil {
					t.Fatal(err)
				}
				for _, edit := range [][2]string{
					{ada, "eve@example.com"}, {`"emailVerified":false`, `"emailVerified":true`}, {`"version":"1"`, `"version":"2"`},
					{`"name":"Someone"`, `"name":"Someone","role":"admin"`}, {`"expiresAt":`, `"expiresAt":9`},
					{`"signature":"`, `"signature":"A`}, {`"signature":"`, `"Signature":"`},
				} {
					edited := strings.Replace(string(plain), edit[0], edit[1], 1)
					if edited == string(plain) {
						t.Fatalf("%q is not in the cache", edit[0])
					}
					evil = append(evil, base64.RawURLEncoding.EncodeToString([]byte(edited)))
				}
				doubled := strings.Replace(string(plain), `{"session":`, `{"session":{"session":{},"user":{}},"session":`, 1)
				evil = append(evil, base64.RawURLEncoding.EncodeToString([]byte(doubled)))
			} else {
				parts := strings.Split(data, ".")
				payload := parts[len(parts)/2]
				evil = append(evil, none+"."+payload+".", none+"."+payload+"."+parts[len(parts)-1], strings.Join(parts[:2], "."),
					strings.Join(append(parts[:len(parts)-1:len(parts)-1], "AAAA"), "."))
				for i := range parts {
					if parts[i] == "" {
						continue
					}
					changed := slices.Clone(parts)
					changed[i] = flip(changed[i])
					evil = append(evil, strings.Join(changed, "."))
				}
			}
			for _, other := range strategies {
				if other != s {
					evil = append(evil, made[other])
				}
			}
			for _, v := range evil {
				b := c.Copy()
				b.SetCookie(dataCookie, v)
				if a := b.Get("/get-session"); a.Status != 200 || a.Body != honest {
					t.Errorf("answered %d %s to the cache %s", a.Status, a.Body, clip(v))
				}
				// Without the signed token a cache is worthless.
				refused(t, e, dataCookie+"="+v)
			}
			refused(t, e, dataCookie+"="+data)
		})
	}
}

// flip changes the middle character of base64url text.
func flip(s string) string {
	b := []byte(s)
	i := len(b) / 2
	if b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}

func TestCacheOfAnother(t *testing.T) {
	t.Parallel()
	for _, s := range []core.CacheStrategy{core.CacheCompact, core.CacheJWT, core.CacheJWE} {
		t.Run("SES-08 "+string(s), func(t *testing.T) {
			t.Parallel()
			e := open(t, withCache(s))
			a, b := join(t, e, ada), join(t, e, bob)
			b.SetCookie(dataCookie, a.Cookie(dataCookie))
			if got := b.Get("/get-session").JSON("user", "email"); got != bob {
				t.Errorf("with the cache of another the user is %q", got)
			}
		})
		t.Run("SES-09 the session in a live cache has expired, "+string(s), func(t *testing.T) {
			t.Parallel()
			e := open(t, func(_ *authtest.Env, o *core.Options) {
				withCache(s)(nil, o)
				o.Session.ExpiresIn = time.Minute // the cache would live for five
			})
			c := join(t, e, ada)
			e.Clock.Add(time.Minute - time.Millisecond)
			if c.Copy().Get("/get-session").Body == "null" {
				t.Error("ended too early")
			}
			e.Clock.Add(time.Millisecond)
			if got := c.Get("/get-session").Body; got != "null" {
				t.Errorf("an expired session was read from the cache: %s", got)
			}
		})
	}
}

func TestSessionExpiry(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		after time.Duration // of the expiry
		alive bool
	}{{"one second left", -time.Second, true}, {"now", 0, false}, {"one second ago", time.Second, false}} {
		t.Run("SES-10 "+tc.name, func(t *testing.T) {
			t.Parallel()
			e := open(t, func(_ *authtest.Env, o *core.Options) { o.Session.DisableRefresh = true })
			c := join(t, e, ada)
			e.Clock.Add(7*24*time.Hour + tc.after)
			if tc.alive {
				wantSignedIn(t, c, true)
				return
			}
			a := c.Copy().Get("/get-session")
			if a.Body != "null" {
				t.Fatalf("an expired session answered %s", a.Body)
			}
			if n := len(rows(t, e, core.ModelSession)); n != 0 {
				t.Errorf("%d expired rows are left", n)
			}
			if lines := setCookies(a)[tokenCookie]; len(lines) != 1 || !strings.Contains(lines[0], "Max-Age=0") {
				t.Errorf("the cookie was not expired: %v", lines)
			}
			c.Get("/list-sessions").Want(t, 401, "UNAUTHORIZED")
		})
	}
}

func TestCookieAttributes(t *testing.T) {
	t.Parallel()
	for _, partitioned := range []bool{false, true} {
		t.Run(fmt.Sprintf("SES-11 partitioned %v", partitioned), func(t *testing.T) {
			t.Parallel()
			e := open(t, func(_ *authtest.Env, o *core.Options) {
				withCache(core.CacheCompact)(nil, o)
				o.BaseURL = "https://app.example.com"
				o.EmailVerification.AutoSignIn = true
				o.EmailVerification.SendOnSignUp = new(true)
				o.User.DeleteUser.Enabled = true
				o.Session.Fields = []schema.Field{{Name: "theme", Type: schema.String, Optional: true}}
				if partitioned {
					o.Cookies.Attributes = func(_ string, a *cookie.Attributes) { a.Partitioned = true }
				}
			})
			c := e.Client()
			c.Origin = "https://app.example.com"
			var lines []string
			take := func(a *authtest.Answer) {
				t.Helper()
				if a.Status >= 400 {
					t.Fatalf("%d %s", a.Status, a.Body)
				}
				lines = append(lines, a.Header.Values("Set-Cookie")...)
			}
			take(c.Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase}))
			take(c.Get("/verify-email?token=" + e.LastMail().Token))
			take(c.Post("/sign-in/email", object{"email": ada, "password": passphrase, "rememberMe": false}))
			take(c.Get("/get-session?disableCookieCache=true"))
			take(c.Post("/sign-in/email", object{"email": ada, "password": passphrase}))
			e.Clock.Add(25 * time.Hour)
			take(c.Get("/get-session"))
			take(c.Post("/update-user", object{"image": strings.Repeat("long ", 2000)}))
			take(c.Post("/update-session", object{"theme": "dark"}))
			take(c.Post("/change-password", object{"currentPassword": passphrase, "newPassword": "a new passphrase", "revokeOtherSessions": true}))
			take(c.Post("/delete-user", object{"password": "a new passphrase"}))
			take(c.Post("/sign-out", object{}))
			if len(lines) < 20 {
				t.Fatalf("only %d cookies were set", len(lines))
			}
			for _, line := range lines {
				path, _ := attribute(line, "Path")
				same, _ := attribute(line, "SameSite")
				_, secure := attribute(line, "Secure")
				_, httpOnly := attribute(line, "HttpOnly")
				_, part := attribute(line, "Partitioned")
				if !strings.HasPrefix(line, "__Secure-better-auth.") || path != "/" || same != "Lax" || !secure || !httpOnly || part != partitioned {
					t.Errorf("unexpected cookie %s", clip(line))
				}
			}
		})
	}
	t.Run("SES-12 only the __Secure- cookie counts over https", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options) { o.BaseURL = "https://app.example.com" })
		clients := map[string]*authtest.Client{}
		for _, email := range []string{ada, bob} {
			c := e.Client()
			c.Origin = "https://app.example.com"
			c.Post("/sign-up/email", object{"name": "A", "email": email, "password": passphrase}).Want(t, 200, "")
			clients[email] = c
		}
		mine, planted := clients[ada].Cookie("__Secure-"+tokenCookie), clients[bob].Cookie("__Secure-"+tokenCookie)
		both := tokenCookie + "=" + planted + "; __Secure-" + tokenCookie + "=" + mine
		if got := bearing(e, both).Get("/get-session").JSON("user", "email"); got != ada {
			t.Errorf("%q is signed in", got)
		}
		refused(t, e, tokenCookie+"="+planted)
	})
}

func TestCookieLife(t *testing.T) {
	t.Parallel()
	t.Run("SES-14 a session without rememberMe stays one", func(t *testing.T) {
		t.Parallel()
		e := open(t, withCache(core.CacheCompact))
		join(t, e, ada)
		c := e.Client()
		check := func(a *authtest.Answer, want ...string) {
			t.Helper()
			got := setCookies(a.Want(t, 200, ""))
			for _, name := range want {
				if len(got[name]) == 0 {
					t.Errorf("%s is not set", name)
				}
			}
			for name, lines := range got {
				for _, line := range lines {
					if age, ok := attribute(line, "Max-Age"); ok && age != "0" {
						t.Errorf("%s outlives the browser: %s", name, clip(line))
					}
				}
			}
		}
		check(c.Post("/sign-in/email", object{"email": ada, "password": passphrase, "rememberMe": false}), tokenCookie, dataCookie, forgetName)
		e.Clock.Add(23 * time.Hour)
		check(c.Get("/get-session"))
		check(c.Get("/get-session?disableCookieCache=true"))
		check(c.Post("/update-user", object{"name": "B"}), tokenCookie, dataCookie, forgetName)
		e.Clock.Add(time.Hour)
		wantSignedIn(t, c, false) // one day, and no refresh
	})
	t.Run("SES-15 Max-Age never grows", func(t *testing.T) {
		t.Parallel()
		for _, life := range []time.Duration{7 * 24 * time.Hour, 900 * 24 * time.Hour} {
			e := open(t, func(_ *authtest.Env, o *core.Options) { o.Session.ExpiresIn, o.Session.UpdateAge = life, -1 })
			c := join(t, e, ada)
			limit := min(int(life/time.Second), 400*24*3600)
			for range 20 {
				e.Clock.Add(5 * time.Hour)
				lines := setCookies(c.Get("/get-session"))[tokenCookie]
				if len(lines) != 1 {
					t.Fatalf("not refreshed: %v", lines)
				}
				age, _ := attribute(lines[0], "Max-Age")
				if n, err := strconv.Atoi(age); err != nil || n > limit {
					t.Fatalf("Max-Age is %s, limit %d", age, limit)
				}
			}
		}
	})
}

func TestOversizedCache(t *testing.T) {
	t.Parallel()
	for _, strategy := range []core.CacheStrategy{core.CacheCompact, core.CacheJWT, core.CacheJWE} {
		for _, size := range []int{5_000, 20_000, 200_000} {
			t.Run(fmt.Sprintf("SES-16 %s, image of %d bytes", strategy, size), func(t *testing.T) {
				t.Parallel()
				e := open(t, func(_ *authtest.Env, o *core.Options) {
					withCache(strategy)(nil, o)
					o.Cookies.Prefix = strings.Repeat("long-prefix-", 8)
					o.User.MaxImage = -1
				})
				c := join(t, e, ada)
				long := strings.Repeat("n", size)
				a := c.Post("/update-user", object{"image": long}).Want(t, 200, "")
				for _, line := range a.Header.Values("Set-Cookie") {
					if len(line) > 4096+200 {
						t.Errorf("a cookie of %d bytes", len(line))
					}
				}
				for range 2 {
					if got := c.Get("/get-session").Want(t, 200, "").JSON("user", "image"); got != long {
						t.Fatalf("the session was lost: %s", clip(got))
					}
				}
				before := c.CookieHeader()
				c.Post("/sign-out", object{}).Want(t, 200, "")
				if left := c.CookieHeader(); left != "" {
					t.Errorf("after sign-out these cookies are left of %s: %s", clip(before), clip(left))
				}
			})
		}
	}
}

func TestStaleSession(t *testing.T) {
	t.Parallel()
	t.Run("SES-17 routes that need a fresh session", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		c := join(t, e, ada)
		e.Clock.Add(24*time.Hour - time.Millisecond)
		c.Get("/list-sessions").Want(t, 200, "")
		e.Clock.Add(time.Millisecond)
		c.Get("/list-sessions").Want(t, 403, "SESSION_NOT_FRESH")
		c.Post("/unlink-account", object{"providerId": "credential"}).Want(t, 403, "SESSION_NOT_FRESH")
		intruder := login(t, e, ada) // is signed out at once, without another sign-in
		c.Post("/revoke-session", object{"token": tokenOf(intruder)}).Want(t, 200, "")
		wantSignedIn(t, intruder, false)
		wantSignedIn(t, c, true)
	})
	t.Run("SES-18 revoking the session of another user", func(t *testing.T) {
		t.Parallel()
		for _, secondary := range []bool{false, true} {
			e := open(t, func(e *authtest.Env, o *core.Options) {
				if secondary {
					o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
				}
			})
			a, b := join(t, e, ada), join(t, e, bob)
			b.Post("/revoke-session", object{"token": tokenOf(a)}).Want(t, 200, "")
			wantSignedIn(t, a, true)
			// Names of other keys in the storage are not tokens.
			id := a.Get("/get-session").JSON("user", "id")
			for _, key := range []string{"", "active-sessions-" + id, "verification:x", "x\ny", "*"} {
				b.Post("/revoke-session", object{"token": key}).Want(t, 200, "")
			}
			wantSignedIn(t, a, true)
			wantSignedIn(t, b, true)
		}
	})
	t.Run("SES-19 update-session cannot touch the session itself", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			o.Session.Fields = []schema.Field{
				{Name: "theme", Type: schema.String, Optional: true},
				{Name: "impersonatedBy", Type: schema.String, Optional: true, NoInput: true},
				{Name: "activeOrganizationId", Type: schema.String, Optional: true, NoInput: true},
			}
		})
		c := join(t, e, ada)
		before := row(t, e, core.ModelSession)
		for _, body := range []object{
			{"userId": "x"}, {"expiresAt": "2099-01-01T00:00:00.000Z"}, {"token": "x"}, {"id": "x"}, {"createdAt": "2099-01-01T00:00:00.000Z"},
			{"ipAddress": "x"}, {"activeTeamId": "x"}, {"impersonatedBy": "x"}, {"activeOrganizationId": "x"}, {"impersonatedBy": nil}, {"Theme": "x"},
		} {
			if a := c.Post("/update-session", body); a.Status != 400 {
				t.Errorf("%v: %d %s", body, a.Status, a.Body)
			}
		}
		if after := row(t, e, core.ModelSession); fmt.Sprint(after) != fmt.Sprint(before) {
			t.Errorf("the session was changed:\n%v\n%v", before, after)
		}
		c.Post("/update-session", object{"theme": "dark", "userId": "x"}).Want(t, 200, "")
		if after := row(t, e, core.ModelSession); after["theme"] != "dark" || after["userId"] != before["userId"] {
			t.Errorf("unexpected row %v", after)
		}
	})
}

func TestDeletedUser(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"database", "secondary", "both"} {
		t.Run("SES-20 "+mode, func(t *testing.T) {
			t.Parallel()
			var kv *storage.Memory
			e := open(t, func(e *authtest.Env, o *core.Options) {
				withCache(core.CacheCompact)(e, o)
				o.User.DeleteUser.Enabled = true
				o.Session.StoreInDatabase = mode == "both"
				if mode != "database" {
					kv = storage.NewMemory(e.Clock.Now)
					o.SecondaryStorage = kv
				}
			})
			c := join(t, e, ada)
			others := []*authtest.Client{login(t, e, ada), login(t, e, ada)}
			tokens := []string{tokenOf(c), tokenOf(others[0]), tokenOf(others[1])}
			c.Post("/delete-user", object{"password": passphrase}).Want(t, 200, "")
			for _, o := range others {
				o.Get("/list-sessions").Want(t, 401, "UNAUTHORIZED")
				o.Post("/update-user", object{"name": "x"}).Want(t, 401, "UNAUTHORIZED")
				wantSignedIn(t, o, false)
			}
			for _, model := range []string{core.ModelUser, core.ModelAccount} {
				if n := len(rows(t, e, model)); n != 0 {
					t.Errorf("%d rows of %s are left", n, model)
				}
			}
			for _, token := range tokens {
				if kv == nil {
					break
				}
				if v, err := kv.Get(t.Context(), token); err == nil {
					t.Errorf("a session is left in the storage: %s", v)
				}
			}
		})
	}
	t.Run("SES-21 what a plugin revokes is refused on routes that ask the store", func(t *testing.T) {
		t.Parallel()
		e := open(t, withCache(core.CacheCompact))
		c := join(t, e, ada)
		id := c.Get("/get-session").JSON("user", "id")
		if err := e.Auth.Store().DeleteSessions(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		c.Copy().Post("/update-user", object{"name": "x"}).Want(t, 401, "UNAUTHORIZED")
		e.Clock.Add(5*time.Minute + time.Millisecond) // the cache's own life bounds the rest
		c.Get("/list-accounts").Want(t, 401, "UNAUTHORIZED")
	})
}

func TestTokenQuality(t *testing.T) {
	t.Parallel()
	t.Run("SES-22 tokens are unique and evenly drawn", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		seen := map[string]bool{}
		count := map[rune]int{}
		const n = 10_000
		for range n {
			token, err := e.Auth.RandomString(32)
			if err != nil {
				t.Fatal(err)
			}
			if seen[token] {
				t.Fatal("a token came twice")
			}
			seen[token] = true
			for _, r := range token {
				count[r]++
			}
		}
		// 62^32 is about 2^190. Each letter is expected 5161 times; eight standard
		// deviations (72) bound the rest, which modulo bias (25 %) would break at once.
		if len(count) != 62 {
			t.Fatalf("the alphabet has %d letters", len(count))
		}
		for r, got := range count {
			if want := n * 32 / 62; got < want-576 || got > want+576 {
				t.Errorf("%c was drawn %d times, want about %d", r, got, want)
			}
		}
		if token := tokenOf(join(t, e, ada)); len(token) != 32 {
			t.Errorf("a session token has %d characters", len(token))
		}
	})
	t.Run("SES-23 no answer may be cached", func(t *testing.T) {
		t.Parallel()
		e := open(t, withCache(core.CacheCompact))
		c := join(t, e, ada)
		for _, a := range []*authtest.Answer{
			c.Get("/get-session"), c.Get("/get-session?disableCookieCache=true"), e.Client().Get("/get-session"), c.Get("/list-sessions"),
			c.Get("/list-accounts"), c.Get("/ok"), c.Get("/error"), c.Get("/nope"), c.Post("/sign-in/email", object{}),
			c.Post("/sign-in/email", object{"email": ada, "password": passphrase}), c.Get("/verify-email?token=x&callbackURL=/x"),
		} {
			if got := a.Header.Values("Cache-Control"); len(got) != 1 || got[0] != "no-store" {
				t.Errorf("%d %s has Cache-Control %q", a.Status, clip(a.Body), got)
			}
		}
	})
}

func TestStoreFailure(t *testing.T) {
	t.Parallel()
	t.Run("SES-26 a failing database authenticates nobody", func(t *testing.T) {
		t.Parallel()
		broken := false
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			o.Database = newFaulty(memory.New(), func(_, _ string) error {
				if broken {
					return errDatabase
				}
				return nil
			})
		})
		c := join(t, e, ada)
		broken = true
		for _, r := range append(storedRoutes[:len(storedRoutes):len(storedRoutes)], struct {
			method, path string
			body         object
		}{"GET", "/get-session", nil}) {
			if r.path == "/update-session" || r.path == "/delete-user" || r.path == "/change-email" {
				continue // refused for other reasons here
			}
			a := call(c.Copy(), r.method, r.path, r.body)
			if a.Status < 500 {
				t.Errorf("%s answered %d %s", r.path, a.Status, a.Body)
			}
			mustNotContain(t, r.path, a.Body, "pq:", "10.0.0.5", "hunter2")
		}
		if _, ok := core.SessionFrom(e.Auth.Attach(t.Context(), core.Request{Header: core.Fields{header("Cookie", c.CookieHeader())}}, nil)); ok {
			t.Error("Attach found a session")
		}
	})
	t.Run("SES-26 a failing secondary storage authenticates nobody", func(t *testing.T) {
		t.Parallel()
		kv := &faultyStorage{}
		e := open(t, func(e *authtest.Env, o *core.Options) {
			kv.Storage = storage.NewMemory(e.Clock.Now)
			o.SecondaryStorage = kv
		})
		c := join(t, e, ada)
		kv.err = errDatabase
		if a := c.Get("/get-session"); a.Status < 500 {
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
		if a := c.Post("/sign-out", object{}); a.Status < 500 {
			t.Errorf("sign-out that did not happen answered %d %s", a.Status, a.Body)
		}
	})
	t.Run("SES-27 one corrupt entry hides no other", func(t *testing.T) {
		t.Parallel()
		kv := &faultyStorage{}
		e := open(t, func(e *authtest.Env, o *core.Options) {
			kv.Storage = storage.NewMemory(e.Clock.Now)
			o.SecondaryStorage = kv
		})
		c := join(t, e, ada)
		for _, corrupt := range []string{"", "{", "null", "[]", `{"session":{},"user":{}}`, `{"session":5,"user":null}`, "\x00\xff"} {
			broken := login(t, e, ada)
			if err := kv.Set(t.Context(), tokenOf(broken), corrupt, time.Hour); err != nil {
				t.Fatal(err)
			}
			a := c.Get("/list-sessions").Want(t, 200, "")
			mustContain(t, a.Body, tokenOf(c))
			mustNotContain(t, "the list", a.Body, tokenOf(broken))
			if a := broken.Copy().Get("/get-session"); a.Status != 200 || a.Body != "null" {
				t.Errorf("the corrupt session %q answers %d %s", corrupt, a.Status, a.Body)
			}
			broken.Post("/sign-out", object{}).Want(t, 200, "")
		}
		id := c.Get("/get-session").JSON("user", "id")
		if err := kv.Set(t.Context(), "active-sessions-"+id, `[{"token":5},null,{"expiresAt":"x"},{"token":"`+tokenOf(c)+`","expiresAt":9e15}]`, time.Hour); err != nil {
			t.Fatal(err)
		}
		mustContain(t, c.Get("/list-sessions").Want(t, 200, "").Body, tokenOf(c))
	})
}

var _ adapter.Database = (*faulty)(nil)
