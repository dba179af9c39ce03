package core_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// TestCacheOfBetterAuth reads session_data cookies that Better Auth 1.6.11 wrote.
func TestCacheOfBetterAuth(t *testing.T) {
	t.Parallel()
	var vectors struct {
		Secret string
		Clock  time.Time
		Caches []struct {
			Strategy    core.CacheStrategy
			RememberMe  bool
			CookieValue string
			Decoded     struct {
				Session struct{ Token, ID string }
				User    struct{ Email, ID string }
			}
		}
	}
	data, err := os.ReadFile("testdata/cookiecache.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors.Caches) != 6 {
		t.Fatalf("%d vectors", len(vectors.Caches))
	}
	for _, v := range vectors.Caches {
		t.Run(fmt.Sprintf("%s, rememberMe %v", v.Strategy, v.RememberMe), func(t *testing.T) {
			t.Parallel()
			asked := 0
			e := authtest.New(t, func(e *authtest.Env, o *core.Options) {
				e.Clock.Add(vectors.Clock.Sub(authtest.Start))
				withCache(v.Strategy)(e, o)
				o.Secret = vectors.Secret
				o.Database = newFaulty(memory.New(), func(op, model string) error {
					if op == "find" && model == core.ModelSession {
						asked++
					}
					return nil
				})
			})
			token := v.Decoded.Session.Token
			line := tokenCookie + "=" + token + "." + strings.ReplaceAll(e.Auth.Keys().Sign(token), "=", "%3D") + "; " + dataCookie + "=" + v.CookieValue
			a := bearing(e, line).Get("/get-session").Want(t, 200, "")
			if a.JSON("user", "email") != v.Decoded.User.Email || a.JSON("session", "token") != token || a.JSON("session", "id") != v.Decoded.Session.ID {
				t.Errorf("answered %s", a.Body)
			}
			d, err := e.Auth.GetSession(t.Context(), core.Fields{header("Cookie", line)}, nil)
			if err != nil || d.User.ID != v.Decoded.User.ID {
				t.Errorf("from Go: %v %v", d, err)
			}
			if asked != 0 {
				t.Error("the store was asked")
			}
			// Its life: five minutes, a minute for a compact cache that ends with the browser.
			life := 5 * time.Minute
			if v.Strategy == core.CacheCompact && !v.RememberMe {
				life = time.Minute
			}
			e.Clock.Add(life - time.Second)
			if a := bearing(e, line).Get("/get-session"); a.Body == "null" {
				t.Error("it ended early")
			}
			skew := time.Duration(0)
			if v.Strategy == core.CacheJWE {
				skew = 15 * time.Second // the tolerance of JWE reading in Better Auth 1.6
			}
			e.Clock.Add(time.Second + skew + time.Millisecond)
			if a := bearing(e, line).Get("/get-session"); a.Body != "null" {
				t.Errorf("it did not end: %s", a.Body)
			}
		})
	}
}

func TestCacheVersions(t *testing.T) {
	t.Parallel()
	reads := func(t *testing.T, change func(*core.CookieCacheOptions)) (c *authtest.Client, asked func() int) {
		n := 0
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			o.Session.CookieCache.Enabled = true
			change(&o.Session.CookieCache)
			o.Database = newFaulty(memory.New(), func(op, model string) error {
				if op == "find" && model == core.ModelSession {
					n++
				}
				return nil
			})
		})
		return join(t, e, ada), func() int { got := n; n = 0; return got }
	}
	for name, version := range map[string]string{"plain": "2", "that JSON escapes": `a"b\c` + "\n☃", "empty": ""} {
		t.Run("a version "+name, func(t *testing.T) {
			t.Parallel()
			c, asked := reads(t, func(o *core.CookieCacheOptions) { o.Version = version })
			asked()
			if c.Get("/get-session").JSON("user", "email") != ada || asked() != 0 {
				t.Error("the cache was not used")
			}
			c2, asked2 := reads(t, func(o *core.CookieCacheOptions) {
				o.VersionFunc = func(s *core.Session, u *core.User) string { return version + u.Email + s.UserID }
			})
			asked2()
			if c2.Get("/get-session").JSON("user", "email") != ada || asked2() != 0 {
				t.Error("the cache with a computed version was not used")
			}
		})
	}
	t.Run("another version is asked past", func(t *testing.T) {
		t.Parallel()
		current := "1"
		c, asked := reads(t, func(o *core.CookieCacheOptions) {
			o.VersionFunc = func(*core.Session, *core.User) string { return current }
		})
		asked()
		current = "2"
		if c.Get("/get-session").JSON("user", "email") != ada || asked() == 0 {
			t.Error("a cache of an old version was used")
		}
		if c.Get("/get-session"); asked() != 0 {
			t.Error("the cache was not renewed")
		}
	})
}

func TestChunkedCache(t *testing.T) {
	t.Parallel()
	e := open(t, withCache(core.CacheCompact))
	c := join(t, e, ada)
	if c.Cookie(dataCookie) == "" {
		t.Fatal("no cache")
	}
	// Growing past the limit replaces the one cookie by pieces, …
	a := c.Post("/update-user", object{"image": strings.Repeat("n", 9_000)}).Want(t, 200, "")
	if c.Cookie(dataCookie) != "" || c.Cookie(dataCookie+".0") == "" || c.Cookie(dataCookie+".1") == "" {
		t.Fatalf("the jar is %s", clip(c.CookieHeader()))
	}
	for name, lines := range setCookies(a) {
		if n := len(lines[len(lines)-1]); n > 4096 {
			t.Errorf("%s has %d bytes", name, n)
		}
	}
	var pieces []string
	for i := range 10 {
		if v := c.Cookie(fmt.Sprintf("%s.%d", dataCookie, i)); v != "" {
			pieces = append(pieces, v)
		}
	}
	answer := c.Get("/get-session")
	if len(answer.Header.Values("Set-Cookie")) != 0 || len(answer.JSON("user", "image")) != 9_000 {
		t.Errorf("the pieces were not read")
	}
	// … a missing, doubled or foreign piece makes the store answer, …
	for _, tamper := range []func(*authtest.Client){
		func(x *authtest.Client) { x.SetCookie(dataCookie+".0", "") },
		func(x *authtest.Client) { x.SetCookie(dataCookie+".1", "") },
		func(x *authtest.Client) { x.SetCookie(dataCookie+".1", pieces[0]) },
		func(x *authtest.Client) { x.SetCookie(dataCookie+".9", "x") },
		func(x *authtest.Client) { x.SetCookie(dataCookie+".100000", "x") },
	} {
		x := c.Copy()
		tamper(x)
		if got := x.Get("/get-session"); got.Body != answer.Body || len(got.Header.Values("Set-Cookie")) == 0 {
			t.Errorf("%d %s", got.Status, clip(got.Body))
		}
	}
	// … and shrinking removes them again.
	c.Post("/update-user", object{"image": "short"}).Want(t, 200, "")
	if c.Cookie(dataCookie) == "" || c.Cookie(dataCookie+".0") != "" || c.Cookie(dataCookie+".1") != "" || c.Cookie(dataCookie+".2") != "" {
		t.Errorf("the jar is %s", clip(c.CookieHeader()))
	}
	if got := c.Get("/get-session").JSON("user", "image"); got != "short" {
		t.Errorf("the name is %s", clip(got))
	}
}

func TestVerificationLinkDoesNotRenewARevokedSession(t *testing.T) {
	t.Parallel()
	e := open(t, func(e *authtest.Env, o *core.Options) {
		withCache(core.CacheCompact)(e, o)
		o.EmailVerification.AutoSignIn = true
	})
	c := join(t, e, ada)
	c.Post("/send-verification-email", object{"email": ada}).Want(t, 200, "")
	link := e.LastMail().Token
	if err := e.Auth.Store().DeleteSession(context.Background(), tokenOf(c)); err != nil {
		t.Fatal(err)
	}
	old := tokenOf(c)
	c.Get("/verify-email?token="+link).Want(t, 200, "")
	if tokenOf(c) == old {
		t.Error("the cookies of a revoked session were written again")
	}
	wantSignedIn(t, c, true)
}

func TestStateless(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Stateless = true }, emailpassword.New(emailpassword.Options{}))
	c := e.Client()
	c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": "a@b.co", "password": "password123"}).Want(t, 200, "")

	// Another process, whose memory is empty, knows the session by the cookie.
	other := authtest.New(t, func(o *authtest.Env, opts *core.Options) {
		opts.Stateless = true
		opts.Clock = e.Clock.Now
	}, emailpassword.New(emailpassword.Options{}))
	c.Auth = other.Auth
	e.Clock.Add(3 * 24 * time.Hour)
	a := c.Get("/get-session").Want(t, 200, "")
	if a.JSON("user", "email") != "a@b.co" || len(a.Header.Values("Set-Cookie")) != 0 {
		t.Fatalf("in the middle of its life: %s, cookies %v", a.Body, a.Header.Values("Set-Cookie"))
	}
	// In the last fifth it is renewed, and so outlives its first week.
	e.Clock.Add(3 * 24 * time.Hour)
	a = c.Get("/get-session").Want(t, 200, "")
	if a.JSON("session", "expiresAt") != "2026-01-14T00:00:00.000Z" || c.Cookie("better-auth.session_data") == "" {
		t.Fatalf("near its end: %s", a.Body)
	}
	e.Clock.Add(5 * 24 * time.Hour)
	if a = c.Get("/get-session"); a.JSON("user", "email") != "a@b.co" {
		t.Fatalf("after its first week: %s", a.Body)
	}
	c.Post("/update-user", map[string]any{"name": "Eve"}).Want(t, 401, "UNAUTHORIZED")
	c.Post("/sign-out", map[string]any{}).Want(t, 200, "")
	if a = c.Get("/get-session"); a.Body != "null" || c.CookieHeader() != "" {
		t.Fatalf("after sign-out: %s, cookies %q", a.Body, c.CookieHeader())
	}
}
