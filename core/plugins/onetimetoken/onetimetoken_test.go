package onetimetoken_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/onetimetoken"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/storage"
)

type body = map[string]any

const (
	ada      = "ada@example.com"
	password = "correct horse"
)

type settings func(e *authtest.Env, o *core.Options, p *onetimetoken.Options)

func open(t testing.TB, change settings, more ...core.Plugin) *authtest.Env {
	t.Helper()
	e := authtest.NewEnv(t)
	var p onetimetoken.Options
	o := e.Options(append([]core.Plugin{emailpassword.New(emailpassword.Options{})}, more...)...)
	if change != nil {
		change(e, &o, &p)
	}
	o.Plugins = append(o.Plugins, onetimetoken.New(p))
	return e.Open(o)
}

func signUp(t testing.TB, e *authtest.Env, email string) *authtest.Client {
	t.Helper()
	c := e.Client()
	c.Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
	return c
}

func signIn(c *authtest.Client) *authtest.Answer {
	return c.Post("/sign-in/email", body{"email": ada, "password": password})
}

func generate(t testing.TB, c *authtest.Client) string {
	t.Helper()
	return c.Get("/one-time-token/generate").Want(t, 200, "").JSON("token")
}

func verify(c *authtest.Client, token string) *authtest.Answer {
	return c.Post("/one-time-token/verify", body{"token": token})
}

func wantAlive(t testing.TB, c *authtest.Client, want bool) {
	t.Helper()
	if got := c.Get("/get-session?disableCookieCache=true").Want(t, 200, "").Body != "null"; got != want {
		t.Fatalf("session alive: %v, want %v", got, want)
	}
}

func count(t testing.TB, e *authtest.Env, model string) int {
	t.Helper()
	n, err := e.Auth.DB().Count(t.Context(), model, nil)
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

func TestHandOver(t *testing.T) {
	t.Parallel()
	t.Run("the same session in another browser", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		c := signUp(t, e, ada)
		other := e.Client()
		a := verify(other, generate(t, c)).Want(t, 200, "")
		if a.JSON("user", "email") != ada || a.JSON("session", "token") == "" {
			t.Errorf("%s", a.Body)
		}
		wantAlive(t, other, true)
		if n := count(t, e, core.ModelSession); n != 1 {
			t.Errorf("%d sessions", n)
		}
		c.Post("/sign-out", body{}).Want(t, 200, "")
		wantAlive(t, other, false)
	})
	t.Run("without a session there is no token", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		e.Client().Get("/one-time-token/generate").Want(t, 401, "UNAUTHORIZED")
		if a := e.Client().Do("HEAD", "/one-time-token/generate", ""); a.Status != 404 {
			t.Errorf("HEAD: %d", a.Status)
		}
	})
	t.Run("OTP-17 a session that is revoked in the store and lives in a cookie cache", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options, _ *onetimetoken.Options) { o.Session.CookieCache.Enabled = true })
		c := signUp(t, e, ada)
		before := c.Copy()
		c.Post("/sign-out", body{}).Want(t, 200, "")
		if a := before.Get("/get-session"); a.Body == "null" {
			t.Fatal("the cookie cache is not on")
		}
		before.Get("/one-time-token/generate").Want(t, 401, "UNAUTHORIZED")
	})
	t.Run("the cookie cache of the new browser is that of the session", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options, _ *onetimetoken.Options) { o.Session.CookieCache.Enabled = true })
		c := signUp(t, e, ada)
		token := generate(t, c)
		c.Post("/update-user", body{"name": "Countess"}).Want(t, 200, "")
		other := e.Client()
		verify(other, token).Want(t, 200, "")
		if a := other.Get("/get-session"); a.JSON("user", "name") != "Countess" {
			t.Errorf("%s", a.Body)
		}
	})
	for name, in := range map[string]any{"no token": body{}, "a number": body{"token": 1}, "null": body{"token": nil}, "nothing": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open(t, nil).Client().Post("/one-time-token/verify", in).Want(t, 400, "VALIDATION_ERROR")
		})
	}
	t.Run("a foreign origin is no place to sign somebody in", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		token := generate(t, signUp(t, e, ada))
		other := e.Client()
		other.Origin = "https://evil.example"
		verify(other, token).Want(t, 403, "INVALID_ORIGIN")
		other.Origin = ""
		verify(other, token).Want(t, 200, "")
	})
}

func TestRefused(t *testing.T) {
	t.Parallel()
	invalid := func(t *testing.T, e *authtest.Env, token string) {
		t.Helper()
		c := e.Client()
		verify(c, token).Want(t, 400, "INVALID_TOKEN")
		wantAlive(t, c, false)
	}
	t.Run("OTP-17 a second use", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		token := generate(t, signUp(t, e, ada))
		verify(e.Client(), token).Want(t, 200, "")
		invalid(t, e, token)
		invalid(t, e, "")
		invalid(t, e, "x")
	})
	t.Run("OTP-17 a token that has ended", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		c := signUp(t, e, ada)
		first, second := generate(t, c), generate(t, c)
		e.Clock.Add(3*time.Minute - time.Millisecond)
		verify(e.Client(), first).Want(t, 200, "")
		e.Clock.Add(time.Millisecond)
		invalid(t, e, second)
	})
	t.Run("OTP-17 after the session was revoked", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		c := signUp(t, e, ada)
		token := generate(t, c)
		c.Post("/revoke-sessions", body{}).Want(t, 200, "")
		other := e.Client()
		verify(other, token).Want(t, 400, "SESSION_NOT_FOUND")
		wantAlive(t, other, false)
		invalid(t, e, token)
	})
	t.Run("OTP-17 after the session has expired", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options, p *onetimetoken.Options) {
			o.Session.ExpiresIn, p.TTL = time.Hour, 48*time.Hour
		})
		token := generate(t, signUp(t, e, ada))
		e.Clock.Add(time.Hour)
		a := verify(e.Client(), token).Want(t, 400, "SESSION_EXPIRED")
		if lines := a.Header.Values("Set-Cookie"); len(lines) > 0 {
			t.Errorf("cookies: %v", lines)
		}
	})
	t.Run("OTP-17 after the user was deleted", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		token := generate(t, signUp(t, e, ada))
		u, err := e.Auth.Store().FindUserByEmail(t.Context(), ada)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Auth.Store().DeleteUser(t.Context(), u.ID); err != nil {
			t.Fatal(err)
		}
		verify(e.Client(), token).Want(t, 400, "SESSION_NOT_FOUND")
	})
	t.Run("OTP-17 another user gets what the token stands for, and nothing of their own", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		token := generate(t, signUp(t, e, ada))
		bob := signUp(t, e, "bob@example.com")
		before := bob.Copy()
		if a := verify(bob, token).Want(t, 200, ""); a.JSON("user", "email") != ada {
			t.Errorf("%s", a.Body)
		}
		if a := before.Get("/get-session"); a.JSON("user", "email") != "bob@example.com" {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("values of another purpose stay", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		c := signUp(t, e, ada)
		session, _, _ := strings.Cut(c.Cookie("better-auth.session_token"), ".")
		if _, err := e.Auth.Store().CreateVerification(t.Context(), "reset-password:abc", session, e.Clock.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		invalid(t, e, "reset-password:abc")
		invalid(t, e, "abc")
		if n := count(t, e, core.ModelVerification); n != 1 {
			t.Errorf("%d values", n)
		}
	})
	for name, place := range map[string]settings{
		"database": nil,
		"secondary storage": func(e *authtest.Env, o *core.Options, _ *onetimetoken.Options) {
			o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
		},
	} {
		t.Run("RACE-04 OTP-17 fifty at once, "+name, func(t *testing.T) {
			t.Parallel()
			e := open(t, place)
			token := generate(t, signUp(t, e, ada))
			var wg sync.WaitGroup
			var won, lost atomic.Int32
			for range 50 {
				wg.Go(func() {
					switch a := verify(e.Client(), token); {
					case a.Status == 200:
						won.Add(1)
					case a.Code() == "INVALID_TOKEN":
						lost.Add(1)
					}
				})
			}
			wg.Wait()
			if won.Load() != 1 || lost.Load() != 49 {
				t.Errorf("%d have won, %d have lost", won.Load(), lost.Load())
			}
		})
	}
	t.Run("TFA-02 a sign-in that is held has no token", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, _ *core.Options, p *onetimetoken.Options) { p.SetHeaderOnNewSession = true },
			twofactor.New(twofactor.Options{SkipVerificationOnEnable: true}))
		c := signUp(t, e, ada)
		c.Post("/two-factor/enable", body{"password": password}).Want(t, 200, "")
		held := e.Client()
		a := signIn(held).Want(t, 200, "")
		if a.JSON("twoFactorRedirect") != "true" || a.Header.Get("set-ott") != "" {
			t.Errorf("%s %v", a.Body, a.Header)
		}
		held.Get("/one-time-token/generate").Want(t, 401, "UNAUTHORIZED")
		// The session that has passed the second factor can be handed over.
		other := e.Client()
		verify(other, generate(t, c)).Want(t, 200, "")
		wantAlive(t, other, true)
	})
	t.Run("ADM-11 a user who is refused from now on keeps no way in by a token", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		token := generate(t, signUp(t, e, ada))
		u, err := e.Auth.Store().FindUserByEmail(t.Context(), ada)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Auth.Store().DeleteSessions(t.Context(), u.ID); err != nil { // as a ban does
			t.Fatal(err)
		}
		verify(e.Client(), token).Want(t, 400, "SESSION_NOT_FOUND")
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	t.Run("no requests of clients", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, _ *core.Options, p *onetimetoken.Options) { p.DisableClientRequest = true })
		c := signUp(t, e, ada)
		e.Client().Get("/one-time-token/generate").Want(t, 401, "UNAUTHORIZED")
		c.Get("/one-time-token/generate").Want(t, 400, "CLIENT_REQUESTS_ARE_DISABLED")
		p, _ := onetimetoken.From(e.Auth)
		reply, err := p.Generate.Call(t.Context(), nil, core.WithHeader(core.Fields{{Name: "Cookie", Value: c.CookieHeader()}}))
		if err != nil {
			t.Fatal(err)
		}
		verify(e.Client(), reply.Token).Want(t, 200, "")
		if _, err := p.Generate.Call(t.Context(), nil); !core.HasCode(err, core.ErrorCode{Code: "UNAUTHORIZED"}) {
			t.Errorf("without a caller: %v", err)
		}
	})
	t.Run("no cookie", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options, p *onetimetoken.Options) {
			p.DisableSetSessionCookie, p.SetHeaderOnNewSession, o.Session.CookieCache.Enabled = true, true, true
		})
		other := e.Client()
		a := verify(other, generate(t, signUp(t, e, ada))).Want(t, 200, "")
		if len(a.Header.Values("Set-Cookie")) > 0 || a.Header.Get("set-ott") != "" || a.JSON("session", "token") == "" {
			t.Errorf("%v %s", a.Header, a.Body)
		}
		wantAlive(t, other, false)
	})
	t.Run("a token of one's own", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, _ *core.Options, p *onetimetoken.Options) {
			p.GenerateToken = func(_ context.Context, s *core.SessionData) (string, error) { return "token of " + s.User.Email, nil }
		})
		if token := generate(t, signUp(t, e, ada)); token != "token of ada@example.com" {
			t.Error(token)
		}
		verify(e.Client(), "token of ada@example.com").Want(t, 200, "")
	})
	for name, token := range map[string]error{"an empty token": nil, "a generator that fails": errors.New("no entropy")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t, func(_ *authtest.Env, _ *core.Options, p *onetimetoken.Options) {
				p.GenerateToken, p.SetHeaderOnNewSession = func(context.Context, *core.SessionData) (string, error) { return "", token }, true
			})
			c := signUp(t, e, ada) // which succeeds without the header
			c.Get("/one-time-token/generate").Want(t, 500, "INTERNAL_SERVER_ERROR")
			if !strings.Contains(e.Log.String(), "making a one-time token for a new session failed") {
				t.Error("nobody was told")
			}
		})
	}
	plain := func(token string) string { return token }
	for name, tt := range map[string]struct {
		change func(p *onetimetoken.Options)
		want   func(token string) string
	}{
		"plain":  {nil, plain},
		"hashed": {func(p *onetimetoken.Options) { p.Store = onetimetoken.Hashed }, secret.SHA256URL},
		"in a way of one's own": {func(p *onetimetoken.Options) {
			p.Hash = func(_ context.Context, token string) (string, error) { return "<" + token + ">", nil }
		}, func(token string) string { return "<" + token + ">" }},
	} {
		for mode, compat := range map[string]core.Compat{"kernia": core.CompatKernia, "better-auth": core.CompatBetterAuth} {
			t.Run("stored "+name+", "+mode, func(t *testing.T) {
				t.Parallel()
				e := open(t, func(_ *authtest.Env, o *core.Options, p *onetimetoken.Options) {
					o.Compat = compat
					if tt.change != nil {
						tt.change(p)
					}
				})
				token := generate(t, signUp(t, e, ada))
				rows, err := e.Auth.DB().FindMany(t.Context(), adapter.Find{Model: core.ModelVerification})
				if err != nil || len(rows) != 1 {
					t.Fatalf("%v, %v", rows, err)
				}
				want := "one-time-token:" + tt.want(token)
				if compat == core.CompatKernia {
					want = secret.SHA256URL(want)
				}
				stored := rows[0]["identifier"].(string)
				if stored != want {
					t.Errorf("stored as %s, want %s", stored, want)
				}
				if stored != "one-time-token:"+token { // whoever reads the database has no token
					verify(e.Client(), strings.TrimPrefix(stored, "one-time-token:")).Want(t, 400, "INVALID_TOKEN")
				}
				verify(e.Client(), token).Want(t, 200, "")
			})
		}
	}
	for name, tt := range map[string]struct {
		o    onetimetoken.Options
		want string
	}{
		"no life":            {onetimetoken.Options{TTL: 1}, "at least a second"},
		"an unknown storage": {onetimetoken.Options{Store: "encrypted"}, `Store "encrypted"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := core.New(authtest.NewEnv(t).Options(onetimetoken.New(tt.o)))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestHeader(t *testing.T) {
	t.Parallel()
	on := func(_ *authtest.Env, _ *core.Options, p *onetimetoken.Options) { p.SetHeaderOnNewSession = true }
	t.Run("with every new session, and exposed beside others", func(t *testing.T) {
		t.Parallel()
		e := open(t, on, bearer.New(bearer.Options{}))
		signUp(t, e, ada)
		c := e.Client()
		a := signIn(c).Want(t, 200, "")
		if exposed := a.Header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "set-ott") || !strings.Contains(exposed, "set-auth-token") {
			t.Errorf("exposed: %s", exposed)
		}
		other := e.Client()
		if next := verify(other, a.Header.Get("set-ott")).Want(t, 200, "").Header.Get("set-ott"); next == "" || next == a.Header.Get("set-ott") {
			t.Errorf("the next token is %q", next)
		}
		wantAlive(t, other, true)
	})
	t.Run("not with answers that make no session", func(t *testing.T) {
		t.Parallel()
		e := open(t, on)
		c := signUp(t, e, ada)
		for _, a := range []*authtest.Answer{
			c.Get("/get-session"), c.Post("/sign-out", body{}), e.Client().Post("/sign-in/email", body{"email": ada, "password": "wrong horse"}), e.Client().Get("/ok"),
		} {
			if a.Header.Get("set-ott") != "" {
				t.Errorf("%s: %v", a.Body, a.Header)
			}
		}
	})
	t.Run("not without the option", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		signUp(t, e, ada)
		if a := signIn(e.Client()); a.Header.Get("set-ott") != "" || a.Header.Get("Access-Control-Expose-Headers") != "" {
			t.Errorf("%v", a.Header)
		}
	})
	t.Run("OTP-19 tokens stay out of logs and events", func(t *testing.T) {
		t.Parallel()
		e := open(t, on)
		signUp(t, e, ada)
		token := signIn(e.Client()).Header.Get("set-ott")
		verify(e.Client(), token).Want(t, 200, "")
		verify(e.Client(), token).Want(t, 400, "INVALID_TOKEN")
		if text := e.Log.String() + fmt.Sprintf("%+v", e.Events()); token == "" || strings.Contains(text, token) {
			t.Error("the token is in the log or in an event")
		}
	})
}
