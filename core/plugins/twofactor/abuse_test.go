package twofactor_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
)

var cacheModes = map[string]func(o *core.Options){
	"no cookie cache":      func(*core.Options) {},
	"cookie cache compact": func(o *core.Options) { o.Session.CookieCache.Enabled = true },
	"cookie cache JWT": func(o *core.Options) {
		o.Session.CookieCache.Enabled, o.Session.CookieCache.Strategy = true, core.CacheJWT
	},
	"cookie cache JWE": func(o *core.Options) {
		o.Session.CookieCache.Enabled, o.Session.CookieCache.Strategy = true, core.CacheJWE
	},
	"cookie cache in chunks": func(o *core.Options) {
		o.Session.CookieCache.Enabled = true
		o.User.Fields = append(o.User.Fields, schema.Field{Name: "biography", Type: schema.String, Optional: true,
			Default: schema.Value(strings.Repeat("x", 6000))})
	},
}

func TestTFA01(t *testing.T) {
	t.Parallel()
	for name, change := range cacheModes {
		t.Run("TFA-01 the first step leaks no session, "+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, func(_ *world, o *core.Options, _ *twofactor.Options) { change(o) })
			m := w.enroll(t, ada)
			sessions := len(w.rows(t, core.ModelSession))
			c, a := w.signIn(ada)
			if a.Want(t, 200, "").Body != `{"twoFactorRedirect":true,"twoFactorMethods":["totp","otp"]}` {
				t.Errorf("answered %s", a.Body)
			}
			wantNoSessionCookie(t, a)
			if n := len(w.rows(t, core.ModelSession)); n != sessions {
				t.Errorf("%d sessions, there were %d", n, sessions)
			}
			if c.Get("/get-session").Body != "null" {
				t.Error("there is a session")
			}
			c.Post("/update-user", body{"name": "Eve"}).Want(t, 401, "UNAUTHORIZED")
			c.Get("/list-sessions").Want(t, 401, "UNAUTHORIZED")
			for _, path := range []string{"enable", "disable", "get-totp-uri", "generate-backup-codes"} {
				c.Post("/two-factor/"+path, body{"password": password}).Want(t, 401, "UNAUTHORIZED")
			}
			// Each line is replayed by itself, as a reader of the raw lines could do.
			for _, line := range a.Header.Values("Set-Cookie") {
				pair, _, _ := strings.Cut(line, ";")
				raw := w.Client()
				for _, cookie := range []string{sessionCookie, "better-auth.session_data"} {
					_, value, _ := strings.Cut(pair, "=")
					raw.SetCookie(cookie, value)
				}
				if raw.Get("/get-session").Body != "null" {
					t.Errorf("replayed as a session: %s", line)
				}
			}
			c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
			wantAlive(t, c, true)
		})
	}
	t.Run("TFA-01 the former session of the browser ends", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(_ *world, o *core.Options, _ *twofactor.Options) {
			cacheModes["cookie cache in chunks"](o)
		})
		m := w.enroll(t, ada)
		old := m.Copy()
		a := m.Post("/sign-in/email", body{"email": ada, "password": password})
		wantChallenge(t, a)
		wantAlive(t, old, false)
		if header := m.CookieHeader(); strings.Contains(header, "session_") {
			t.Errorf("the browser keeps %s", header)
		}
	})
}

func TestTFA02(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		do        func(c *authtest.Client) *authtest.Answer
		challenge bool
	}{
		"e-mail and password": {func(c *authtest.Client) *authtest.Answer {
			return c.Post("/sign-in/email", body{"email": ada, "password": password})
		}, true},
		"magic link": {wired(body{"method": "magic-link"}), true}, "e-mail OTP": {wired(body{"method": "email-otp"}), true},
		"phone OTP": {wired(body{"method": "phone-number"}), true}, "social": {wired(body{"method": "social"}), true},
		"SSO": {wired(body{"method": "sso"}), true}, "SIWE": {wired(body{"method": "siwe"}), true},
		"one-time token": {wired(body{"method": "one-time-token"}), true}, "user name": {wired(body{"method": "username"}), true},
		"passkey without user verification": {wired(body{"method": "passkey"}), true},
		"passkey with user verification":    {wired(body{"method": "passkey", "strong": true}), false},
		"in a transaction":                  {wired(body{"method": "social", "tx": true}), true},
		"a user without added fields":       {wired(body{"method": "social", "bare": true}), true},
		"a method that calls itself that":   {wired(body{"method": twofactor.ID}), true},
		"a method that the options exempt":  {wired(body{"method": "kiosk"}), false},
	} {
		t.Run("TFA-02 "+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, func(_ *world, _ *core.Options, f *twofactor.Options) { f.SkipMethods = []string{"kiosk"} })
			m := w.enroll(t, ada)
			c := w.Client()
			a := tt.do(c).Want(t, 200, "")
			if !tt.challenge {
				wantAlive(t, c, true)
				return
			}
			wantChallenge(t, a)
			wantAlive(t, c, false)
			c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
			wantAlive(t, c, true)
		})
	}
	t.Run("TFA-02 a link that redirects", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.enroll(t, ada)
		c := w.Client()
		a := c.Get("/telegraph/link?email="+ada+"&to=%2Fhome%3Fa%3Db").Want(t, 302, "")
		wantNoSessionCookie(t, a)
		target, q := a.Location()
		if !strings.HasPrefix(target, authtest.BaseURL+"/home?") || q.Get("a") != "b" || q.Get("twoFactorRedirect") != "true" || q.Get("twoFactorMethods") != "totp,otp" {
			t.Errorf("it leads to %s", target)
		}
		wantAlive(t, c, false)
		c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
		wantAlive(t, c, true)
	})
	t.Run("TFA-02 a link that redirects to a page", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(_ *world, _ *core.Options, f *twofactor.Options) { f.Page = "/second-step" })
		w.enroll(t, ada)
		target, q := w.Client().Get("/telegraph/link?email="+ada+"&to=%2Fhome").Want(t, 302, "").Location()
		if !strings.HasPrefix(target, authtest.BaseURL+"/second-step?") || q.Get("callbackURL") != "/home" {
			t.Errorf("it leads to %s", target)
		}
	})
}

func wired(fields body) func(c *authtest.Client) *authtest.Answer {
	return func(c *authtest.Client) *authtest.Answer {
		sent := body{"email": ada}
		for k, v := range fields {
			sent[k] = v
		}
		return c.Post("/sign-in/telegraph", sent)
	}
}

func TestTFA03(t *testing.T) {
	t.Parallel()
	for name, verify := range map[string]func(m *member, c *authtest.Client, code string) *authtest.Answer{
		"TOTP": func(_ *member, c *authtest.Client, code string) *authtest.Answer {
			return c.Post("/two-factor/verify-totp", body{"code": code})
		},
		"backup codes": func(_ *member, c *authtest.Client, code string) *authtest.Answer {
			return c.Post("/two-factor/verify-backup-code", body{"code": code})
		},
	} {
		t.Run("TFA-03 six wrong codes for one challenge, "+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, nil)
			m := w.enroll(t, ada)
			c := w.challenged(t, ada)
			copied := c.Copy()
			for range 5 {
				if a := verify(m, c, m.wrong(t)); a.Status != 401 {
					t.Fatalf("answered %d %s", a.Status, a.Body)
				}
			}
			verify(m, c, m.totp(t)).Want(t, 400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE")
			if c.Cookie(challengeCookie) != "" {
				t.Error("the cookie of a spent challenge stays")
			}
			verify(m, copied, m.totp(t)).Want(t, 401, "INVALID_TWO_FACTOR_COOKIE")
			copied.Post("/two-factor/send-otp", body{}).Want(t, 401, "INVALID_TWO_FACTOR_COOKIE")
		})
	}
	t.Run("TFA-03 six wrong codes that were sent", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		w.enroll(t, ada)
		c := w.challenged(t, ada)
		c.Post("/two-factor/send-otp", body{}).Want(t, 200, "")
		for range 5 {
			c.Post("/two-factor/verify-otp", body{"code": "nonsense"}).Want(t, 401, "INVALID_CODE")
		}
		c.Post("/two-factor/verify-otp", body{"code": w.code(t)}).Want(t, 400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE")
		c.Post("/two-factor/verify-otp", body{"code": w.code(t)}).Want(t, 400, "OTP_HAS_EXPIRED")
		c.Post("/two-factor/send-otp", body{}).Want(t, 200, "")
		c.Post("/two-factor/verify-otp", body{"code": w.code(t)}).Want(t, 200, "")
	})
	t.Run("TFA-03 codes that are sent are few for each user", func(t *testing.T) {
		t.Parallel()
		for limit, want := range map[int]int{0: 3, 5: 5, -1: 12} {
			w := open(t, func(_ *world, o *core.Options, f *twofactor.Options) {
				loose := ratelimit.Rule{Window: time.Second, Max: 1000} // for the address, which an attacker has many of
				o.RateLimit = core.RateLimitOptions{Rules: []ratelimit.Custom{{Pattern: "/**", Rule: loose}}}
				f.OTP.SendLimit.Max = limit
			})
			w.enroll(t, ada)
			before := len(w.sent)
			devices := []*authtest.Client{w.challenged(t, ada), w.challenged(t, ada), w.challenged(t, ada)}
			admitted := 0
			for i := range 12 {
				if a := devices[i%3].Post("/two-factor/send-otp", body{}); a.Status == 200 {
					admitted++
				} else if a.Want(t, 429, "TOO_MANY_REQUESTS"); a.Header.Get("Retry-After") == "" {
					t.Error("no Retry-After")
				}
			}
			if admitted != want || len(w.sent)-before != want {
				t.Errorf("limit %d: %d of 12 admitted, %d sent", limit, admitted, len(w.sent)-before)
			}
			w.Clock.Add(time.Minute)
			devices[0].Post("/two-factor/send-otp", body{}).Want(t, 200, "")
		}
	})
	for name, old := range map[string]bool{"": false, ", row of a server without the column": true} {
		t.Run("TFA-03 eleven wrong codes for one account"+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, nil)
			m := w.enroll(t, ada)
			if old {
				for field := range map[string]bool{"failedVerificationCount": true, "lockedUntil": true, "lastTotpAt": true} {
					if _, err := w.Auth.DB().UpdateMany(t.Context(), twofactor.ModelTwoFactor, adapter.By("userId", m.id), adapter.Record{field: nil}); err != nil {
						t.Fatal(err)
					}
				}
			}
			for i := range 10 {
				c := w.challenged(t, ada)
				path := []string{"verify-totp", "verify-backup-code"}[i%2]
				if a := c.Post("/two-factor/"+path, body{"code": m.wrong(t)}); a.Status != 401 {
					t.Fatalf("wrong code %d: %d %s", i+1, a.Status, a.Body)
				}
			}
			c := w.challenged(t, ada)
			a := c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 429, "ACCOUNT_TEMPORARILY_LOCKED")
			if a.Header.Get("Retry-After") != "900" {
				t.Errorf("Retry-After %s", a.Header.Get("Retry-After"))
			}
			for _, path := range []string{"verify-otp", "verify-backup-code"} {
				c.Post("/two-factor/"+path, body{"code": m.codes[0]}).Want(t, 429, "ACCOUNT_TEMPORARILY_LOCKED")
			}
			c.Post("/two-factor/send-otp", body{}).Want(t, 429, "ACCOUNT_TEMPORARILY_LOCKED")
			w.Clock.Add(15 * time.Minute)
			c = w.challenged(t, ada)
			c.Post("/two-factor/verify-totp", body{"code": m.wrong(t)}).Want(t, 401, "INVALID_CODE")
			c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
			if row := w.rows(t, twofactor.ModelTwoFactor)[0]; row["failedVerificationCount"] != int64(0) || row["lockedUntil"] != nil {
				t.Errorf("a right code leaves %v", row)
			}
		})
	}
	t.Run("TFA-03 an account whose codes are only sent", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		c := w.signUp(t, ada)
		c.Post("/two-factor/send-otp", body{}).Want(t, 200, "")
		c.Post("/two-factor/verify-otp", body{"code": w.code(t)}).Want(t, 200, "")
		for i := range 10 {
			if i%5 == 0 {
				c = w.challenged(t, ada)
			}
			c.Post("/two-factor/send-otp", body{}).Want(t, 200, "")
			c.Post("/two-factor/verify-otp", body{"code": "nonsense"}).Want(t, 401, "INVALID_CODE")
		}
		c.Post("/two-factor/verify-otp", body{"code": w.code(t)}).Want(t, 429, "ACCOUNT_TEMPORARILY_LOCKED")
		c.Post("/two-factor/send-otp", body{}).Want(t, 429, "ACCOUNT_TEMPORARILY_LOCKED")
		w.Clock.Add(15 * time.Minute)
		c = w.challenged(t, ada)
		c.Post("/two-factor/send-otp", body{}).Want(t, 200, "")
		c.Post("/two-factor/verify-otp", body{"code": w.code(t)}).Want(t, 200, "")
	})
	t.Run("TFA-03 guesses of a session", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.enroll(t, ada)
		for range 5 {
			m.Post("/two-factor/verify-totp", body{"code": m.wrong(t)}).Want(t, 401, "INVALID_CODE")
		}
		m.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 400, "TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE")
		wantAlive(t, m.Client, true)
		c := w.challenged(t, ada)
		c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
		w.Clock.Add(10 * time.Minute)
		m.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
	})
}

func TestTFA04(t *testing.T) {
	t.Parallel()
	const burst = 200
	t.Run("TFA-04 a burst of codes for one challenge", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.enroll(t, ada)
		c, wrong := w.challenged(t, ada), m.wrong(t)
		var looked, in atomic.Int32
		together(burst, func(int) {
			switch a := c.Copy().Post("/two-factor/verify-totp", body{"code": wrong}); a.Code() {
			case "INVALID_CODE":
				looked.Add(1)
			case "":
				in.Add(1)
			}
		})
		if looked.Load() != 5 || in.Load() != 0 {
			t.Errorf("%d codes were looked at, %d signed in", looked.Load(), in.Load())
		}
	})
	t.Run("TFA-04 a burst of codes that were sent", func(t *testing.T) {
		t.Parallel()
		var looked atomic.Int32
		w := open(t, func(_ *world, _ *core.Options, f *twofactor.Options) {
			f.OTP.Hash = func(_ context.Context, code string) (string, error) {
				looked.Add(1)
				return "#" + code, nil
			}
		})
		w.enroll(t, ada)
		c := w.challenged(t, ada)
		c.Post("/two-factor/send-otp", body{}).Want(t, 200, "")
		looked.Store(0)
		together(burst, func(i int) {
			if a := c.Copy().Post("/two-factor/verify-otp", body{"code": fmt.Sprintf("x%d", i)}); a.Status == 200 || a.Status >= 500 {
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
		})
		if n := looked.Load(); n != 5 {
			t.Errorf("%d codes were looked at", n)
		}
	})
	t.Run("TFA-04 a burst over many challenges", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.enroll(t, ada)
		clients := make([]*authtest.Client, burst)
		for i := range clients {
			clients[i] = w.challenged(t, ada)
		}
		wrong := m.wrong(t)
		var looked atomic.Int32
		together(burst, func(i int) {
			a := clients[i].Post("/two-factor/verify-totp", body{"code": wrong})
			if a.Code() == "INVALID_CODE" {
				looked.Add(1)
			} else if a.Code() != "ACCOUNT_TEMPORARILY_LOCKED" {
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
		})
		if looked.Load() != 10 {
			t.Errorf("%d codes were looked at", looked.Load())
		}
	})
}

func TestTFA05(t *testing.T) {
	t.Parallel()
	t.Run("TFA-05 a code works once", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.enroll(t, ada)
		one, two, code := w.challenged(t, ada), w.challenged(t, ada), m.totp(t)
		one.Post("/two-factor/verify-totp", body{"code": code}).Want(t, 200, "")
		two.Post("/two-factor/verify-totp", body{"code": code}).Want(t, 401, "INVALID_CODE")
		m.Post("/two-factor/verify-totp", body{"code": code}).Want(t, 401, "INVALID_CODE")
		w.Clock.Add(30 * time.Second)
		two.Post("/two-factor/verify-totp", body{"code": code}).Want(t, 401, "INVALID_CODE")
		two.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
	})
	t.Run("TFA-05 the code that switched it on", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := &member{Client: w.signUp(t, ada), w: w}
		m.read(t, m.Post("/two-factor/enable", body{"password": password}))
		code := m.totp(t)
		m.Post("/two-factor/verify-totp", body{"code": code}).Want(t, 200, "")
		w.challenged(t, ada).Post("/two-factor/verify-totp", body{"code": code}).Want(t, 401, "INVALID_CODE")
	})
	t.Run("TFA-05 fifty at once", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.enroll(t, ada)
		clients := make([]*authtest.Client, 50)
		for i := range clients {
			clients[i] = w.challenged(t, ada)
		}
		code := m.totp(t)
		var in atomic.Int32
		together(len(clients), func(i int) {
			if clients[i].Post("/two-factor/verify-totp", body{"code": code}).Status == 200 {
				in.Add(1)
			}
		})
		if in.Load() != 1 {
			t.Errorf("%d signed in by one code", in.Load())
		}
	})
}

func TestTFA06(t *testing.T) {
	t.Parallel()
	for steps, status := range map[int]int{-3: 401, -2: 401, -1: 200, 0: 200, 1: 200, 2: 401, 3: 401} {
		t.Run(fmt.Sprintf("TFA-06 a clock that is %d steps off", steps), func(t *testing.T) {
			t.Parallel()
			w := open(t, nil)
			m := w.enroll(t, ada)
			w.Clock.Add(5 * time.Minute)
			c := w.challenged(t, ada)
			off := time.Duration(steps) * 30 * time.Second
			w.Clock.Add(off)
			code := m.totp(t)
			w.Clock.Add(-off)
			if a := c.Post("/two-factor/verify-totp", body{"code": code}); a.Status != status {
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
		})
	}
}

func TestTFA07(t *testing.T) {
	t.Parallel()
	t.Run("TFA-07 a challenge that is none", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.enroll(t, ada)
		c := w.challenged(t, ada)
		good := c.Cookie(challengeCookie)
		id, signature, _ := strings.Cut(good, ".")
		c.Post("/two-factor/send-otp", body{}).Want(t, 200, "")
		signed := func(value string) string {
			return value + "." + strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(w.Auth.Keys().Sign(value))
		}
		token, _, _ := strings.Cut(m.Cookie(sessionCookie), ".")
		for name, value := range map[string]string{
			"tampered": "2fa-AAAA" + id[8:] + "." + signature, "other signature": id + "." + signed("x")[2:], "unsigned": id, "empty": "",
			"no challenge": signed("2fa-AAAAAAAAAAAAAAAAAAAA"), "a sent code": signed("2fa-otp-" + id), "a session": signed(token),
		} {
			raw := w.Client()
			raw.SetCookie(challengeCookie, value)
			for _, path := range []string{"verify-totp", "verify-otp", "verify-backup-code", "send-otp"} {
				if a := raw.Post("/two-factor/"+path, body{"code": m.totp(t)}); a.Status != 401 || a.Code() != "INVALID_TWO_FACTOR_COOKIE" {
					t.Errorf("%s at %s: %d %s", name, path, a.Status, a.Body)
				}
			}
		}
		c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
	})
	t.Run("TFA-07 an expired challenge", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.enroll(t, ada)
		c, late := w.challenged(t, ada), w.challenged(t, ada)
		w.Clock.Add(10*time.Minute - time.Millisecond)
		c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
		w.Clock.Add(time.Millisecond)
		late.Post("/two-factor/verify-backup-code", body{"code": m.codes[0]}).Want(t, 401, "INVALID_TWO_FACTOR_COOKIE")
	})
	t.Run("TFA-07 fifty uses of one challenge", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.enroll(t, ada)
		before := len(w.rows(t, core.ModelSession))
		c := w.challenged(t, ada)
		var in atomic.Int32
		together(50, func(i int) {
			var a *authtest.Answer
			if i%2 == 0 {
				a = c.Copy().Post("/two-factor/verify-backup-code", body{"code": m.codes[i%10]})
			} else {
				a = c.Copy().Post("/two-factor/verify-totp", body{"code": m.totp(t)})
			}
			switch {
			case a.Status == 200:
				in.Add(1)
			case a.Code() != "INVALID_TWO_FACTOR_COOKIE":
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
		})
		if n := len(w.rows(t, core.ModelSession)) - before; in.Load() != 1 || n != 1 {
			t.Errorf("%d signed in, %d sessions", in.Load(), n)
		}
	})
	t.Run("TFA-07 the code of another user", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		w.enroll(t, ada)
		eve := w.enroll(t, "eve@example.com")
		c := w.challenged(t, ada)
		c.Post("/two-factor/verify-totp", body{"code": eve.totp(t)}).Want(t, 401, "INVALID_CODE")
		c.Post("/two-factor/verify-backup-code", body{"code": eve.codes[0]}).Want(t, 401, "INVALID_BACKUP_CODE")
		other := w.challenged(t, "eve@example.com")
		other.Post("/two-factor/send-otp", body{}).Want(t, 200, "")
		c.Post("/two-factor/verify-otp", body{"code": w.code(t)}).Want(t, 400, "OTP_HAS_EXPIRED")
		wantAlive(t, c, false)
	})
	t.Run("TFA-07 the password was changed meanwhile", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.enroll(t, ada)
		thief := w.challenged(t, ada)
		w.Clock.Add(time.Second)
		m.Post("/change-password", body{"currentPassword": password, "newPassword": newPassword}).Want(t, 200, "")
		thief.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 401, "INVALID_TWO_FACTOR_COOKIE")
	})
}

func TestTFA08(t *testing.T) {
	t.Parallel()
	t.Run("TFA-08 a backup code works once", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.enroll(t, ada)
		c := w.challenged(t, ada)
		code := m.codes[2]
		for _, near := range []string{strings.ToUpper(code) + "x", " " + code, code + " ", strings.ReplaceAll(code, "-", ""), ""} {
			c.Post("/two-factor/verify-backup-code", body{"code": near}).Want(t, 401, "INVALID_BACKUP_CODE")
		}
		c = w.challenged(t, ada)
		c.Post("/two-factor/verify-backup-code", body{"code": code}).Want(t, 200, "")
		c = w.challenged(t, ada)
		c.Post("/two-factor/verify-backup-code", body{"code": code}).Want(t, 401, "INVALID_BACKUP_CODE")
		c.Post("/two-factor/verify-backup-code", body{"code": m.codes[3]}).Want(t, 200, "")
		reply, err := w.plugin.ViewBackupCodes.Call(t.Context(), &twofactor.ViewBackupCodesInput{UserID: m.id})
		if err != nil || len(reply.BackupCodes) != 8 {
			t.Errorf("%v are left, %v", reply.BackupCodes, err)
		}
	})
	t.Run("TFA-08 fifty uses of a backup code", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(_ *world, _ *core.Options, f *twofactor.Options) { f.Lockout.Disable = true })
		m := w.enroll(t, ada)
		clients := make([]*authtest.Client, 50)
		for i := range clients {
			clients[i] = w.challenged(t, ada)
		}
		var in atomic.Int32
		together(len(clients), func(i int) {
			switch a := clients[i].Post("/two-factor/verify-backup-code", body{"code": m.codes[0]}); {
			case a.Status == 200:
				in.Add(1)
			case a.Code() != "INVALID_BACKUP_CODE":
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
		})
		if in.Load() != 1 {
			t.Errorf("%d signed in", in.Load())
		}
	})
}

func TestTFA09(t *testing.T) {
	t.Parallel()
	for name, compat := range map[string]core.Compat{"default": core.CompatKernia, "Better Auth": core.CompatBetterAuth} {
		t.Run("TFA-09 secrets at rest and in answers, "+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, func(_ *world, o *core.Options, _ *twofactor.Options) { o.Compat = compat })
			m := w.enroll(t, ada)
			c := w.challenged(t, ada)
			c.Post("/two-factor/send-otp", body{}).Want(t, 200, "")
			row := w.rows(t, twofactor.ModelTwoFactor)[0]
			stored := fmt.Sprint(row, w.rows(t, core.ModelVerification), w.rows(t, core.ModelUser))
			secrets := append([]string{m.secret}, m.codes...)
			if compat == core.CompatKernia {
				secrets = append(secrets, " "+w.code(t), ":"+w.code(t))
				if s, _ := row["secret"].(string); !strings.HasPrefix(s, "$ka$") {
					t.Errorf("the secret is kept as %s", s)
				}
			}
			for _, s := range secrets {
				if strings.Contains(stored, s) {
					t.Errorf("%q is kept in clear: %s", s, stored)
				}
			}
			a := c.Post("/two-factor/verify-otp", body{"code": w.code(t)}).Want(t, 200, "")
			answers := a.Body + m.Get("/get-session").Body + m.Get("/list-accounts").Body + fmt.Sprint(w.Events()) + w.Log.String()
			for _, s := range append(secrets, row["secret"].(string), row["backupCodes"].(string)) {
				if strings.Contains(answers, s) {
					t.Errorf("an answer or the log holds %q", s)
				}
			}
			for _, path := range []string{"/two-factor/view-backup-codes", "/two-factor/generate-totp", "/two-factor/generateTOTP", "/two-factor/viewBackupCodes"} {
				if a := m.Post(path, body{"userId": m.id, "secret": "x"}); a.Status != 404 {
					t.Errorf("%s is routed: %d", path, a.Status)
				}
			}
		})
	}
}

func TestTFA10(t *testing.T) {
	t.Parallel()
	paths := []string{"enable", "disable", "get-totp-uri", "generate-backup-codes"}
	t.Run("TFA-10 without the password", func(t *testing.T) {
		t.Parallel()
		for _, passwordless := range []bool{false, true} {
			w := open(t, func(_ *world, _ *core.Options, f *twofactor.Options) { f.AllowPasswordless = passwordless })
			m := w.enroll(t, ada)
			for _, path := range paths {
				m.Post("/two-factor/"+path, body{"password": "nonsense"}).Want(t, 400, "INVALID_PASSWORD")
				m.Post("/two-factor/"+path, body{"password": ""}).Want(t, 400, "INVALID_PASSWORD")
				code := "VALIDATION_ERROR"
				if passwordless {
					code = "INVALID_PASSWORD" // who has one gives it
				}
				m.Post("/two-factor/"+path, body{}).Want(t, 400, code)
				w.Client().Post("/two-factor/"+path, body{"password": password}).Want(t, 401, "UNAUTHORIZED")
			}
			w.challenged(t, ada)
		}
	})
	t.Run("TFA-10 with a revoked session in the cookie cache", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(_ *world, o *core.Options, _ *twofactor.Options) { o.Session.CookieCache.Enabled = true })
		m := w.enroll(t, ada)
		if err := w.Auth.Store().DeleteSessions(t.Context(), m.id); err != nil {
			t.Fatal(err)
		}
		if m.Get("/get-session").Body == "null" {
			t.Fatal("the cache does not answer")
		}
		for _, path := range paths {
			m.Copy().Post("/two-factor/"+path, body{"password": password}).Want(t, 401, "UNAUTHORIZED")
		}
		for _, path := range []string{"verify-totp", "verify-otp", "verify-backup-code", "send-otp"} {
			m.Copy().Post("/two-factor/"+path, body{"code": m.totp(t)}).Want(t, 401, "INVALID_TWO_FACTOR_COOKIE")
		}
	})
	t.Run("TFA-10 a session is replaced by one of two changes at once", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.enroll(t, ada)
		var done atomic.Int32
		together(20, func(int) {
			if a := m.Copy().Post("/two-factor/disable", body{"password": password}); a.Status == 200 {
				done.Add(1)
			} else if a.Status != 401 {
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
		})
		if n := len(w.rows(t, core.ModelSession)); done.Load() != 1 || n != 1 {
			t.Errorf("%d changes, %d sessions", done.Load(), n)
		}
	})
}

func TestTFA11(t *testing.T) {
	t.Parallel()
	t.Run("TFA-11 an enrolment that is given up", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := &member{Client: w.signUp(t, ada), w: w}
		m.read(t, m.Post("/two-factor/enable", body{"password": password}).Want(t, 200, ""))
		c, a := w.signIn(ada)
		a.Want(t, 200, "")
		wantAlive(t, c, true)
		// With sent codes on, the secret that was never verified is no factor.
		m.Post("/two-factor/send-otp", body{}).Want(t, 200, "")
		m.Post("/two-factor/verify-otp", body{"code": w.code(t)}).Want(t, 200, "")
		c, a = w.signIn(ada)
		if a.JSON("twoFactorMethods") != `["otp"]` {
			t.Errorf("answered %s", a.Body)
		}
		c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 400, "TOTP_NOT_ENABLED")
		m.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
		w.Clock.Add(time.Minute)
		c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
	})
}

func TestTFA12(t *testing.T) {
	t.Parallel()
	// trusted is a device that has been trusted a minute ago.
	trusted := func(t *testing.T, change settings) (*world, *member, *authtest.Client) {
		w := open(t, change)
		m := w.enroll(t, ada)
		c := w.challenged(t, ada)
		c.Post("/two-factor/verify-totp", body{"code": m.totp(t), "trustDevice": true}).Want(t, 200, "")
		w.Clock.Add(time.Minute)
		return w, m, c
	}
	again := func(c *authtest.Client, pw string) *authtest.Answer {
		return c.Post("/sign-in/email", body{"email": ada, "password": pw})
	}
	for name, tt := range map[string]struct {
		change settings
		spoil  func(t *testing.T, w *world, m *member, c *authtest.Client) string // returns the password
		passes bool
	}{
		"it signs in": {passes: true},
		"almost expired": {spoil: func(_ *testing.T, w *world, _ *member, _ *authtest.Client) string {
			w.Clock.Add(30*24*time.Hour - 2*time.Minute)
			return ""
		}, passes: true},
		"expired": {spoil: func(_ *testing.T, w *world, _ *member, _ *authtest.Client) string {
			w.Clock.Add(30 * 24 * time.Hour)
			return ""
		}},
		"forged": {spoil: func(_ *testing.T, _ *world, _ *member, c *authtest.Client) string {
			c.SetCookie(deviceCookie, "AAAA"+c.Cookie(deviceCookie)[4:])
			return ""
		}},
		"signed, but for another user": {spoil: func(_ *testing.T, w *world, m *member, c *authtest.Client) string {
			_, id, _ := strings.Cut(strings.Split(c.Cookie(deviceCookie), ".")[0], "!")
			value := w.Auth.Keys().SignURL([]byte("somebody!"+id)) + "!" + id
			c.SetCookie(deviceCookie, value+"."+strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(w.Auth.Keys().Sign(value)))
			return ""
		}},
		"a challenge instead": {spoil: func(t *testing.T, w *world, m *member, c *authtest.Client) string {
			id, _, _ := strings.Cut(w.challenged(t, ada).Cookie(challengeCookie), ".")
			value := w.Auth.Keys().SignURL([]byte(m.id+"!"+id)) + "!" + id
			c.SetCookie(deviceCookie, value+"."+strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(w.Auth.Keys().Sign(value)))
			return ""
		}},
		"after disable and enable elsewhere": {spoil: func(t *testing.T, w *world, m *member, _ *authtest.Client) string {
			m.Post("/two-factor/disable", body{"password": password}).Want(t, 200, "")
			w.Clock.Add(time.Minute)
			m.setUp(t)
			return ""
		}},
		"after disable there and enable elsewhere": {spoil: func(t *testing.T, w *world, m *member, c *authtest.Client) string {
			kept := c.Cookie(deviceCookie)
			c.Post("/two-factor/disable", body{"password": password}).Want(t, 200, "")
			if c.Cookie(deviceCookie) != "" {
				t.Error("the cookie stays")
			}
			m.setUp(t)
			c.SetCookie(deviceCookie, kept)
			return ""
		}},
		"after a new secret": {spoil: func(t *testing.T, _ *world, m *member, _ *authtest.Client) string {
			m.read(t, m.Post("/two-factor/enable", body{"password": password}).Want(t, 200, ""))
			return ""
		}},
		"after another password": {spoil: func(t *testing.T, _ *world, m *member, _ *authtest.Client) string {
			m.Post("/change-password", body{"currentPassword": password, "newPassword": newPassword}).Want(t, 200, "")
			return newPassword
		}},
		"after a reset of the password": {spoil: func(t *testing.T, w *world, _ *member, _ *authtest.Client) string {
			w.Client().Post("/request-password-reset", body{"email": ada}).Want(t, 200, "")
			w.Client().Post("/reset-password", body{"token": w.LastMail().Token, "newPassword": newPassword}).Want(t, 200, "")
			return newPassword
		}},
	} {
		t.Run("TFA-12 a trusted device, "+name, func(t *testing.T) {
			t.Parallel()
			w, m, c := trusted(t, tt.change)
			pw := password
			if tt.spoil != nil {
				if set := tt.spoil(t, w, m, c); set != "" {
					pw = set
				}
			}
			a := again(c, pw).Want(t, 200, "")
			if got := a.JSON("twoFactorRedirect") != "true"; got != tt.passes {
				t.Fatalf("it passes: %v\n%s", got, a.Body)
			}
			if tt.passes {
				wantAlive(t, c, true)
				return
			}
			wantNoSessionCookie(t, a)
			wantAlive(t, c, false)
			if c.Cookie(deviceCookie) != "" && name != "forged" { // without our signature it is not ours
				t.Error("a cookie that does not count stays")
			}
		})
	}
	t.Run("TFA-12 the value before the rotation", func(t *testing.T) {
		t.Parallel()
		_, _, c := trusted(t, nil)
		old := c.Copy()
		again(c, password).Want(t, 200, "")
		wantAlive(t, c, true)
		if c.Cookie(deviceCookie) == old.Cookie(deviceCookie) {
			t.Fatal("the cookie was not replaced")
		}
		wantChallenge(t, again(old, password))
		again(c, password).Want(t, 200, "")
		wantAlive(t, c, true)
	})
	t.Run("TFA-12 of a user whose codes are only sent, after disable and enable", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		enable := func(c *authtest.Client) {
			c.Post("/two-factor/send-otp", body{}).Want(t, 200, "")
			c.Post("/two-factor/verify-otp", body{"code": w.code(t)}).Want(t, 200, "")
		}
		home := w.signUp(t, ada)
		enable(home)
		c := w.challenged(t, ada)
		c.Post("/two-factor/send-otp", body{}).Want(t, 200, "")
		c.Post("/two-factor/verify-otp", body{"code": w.code(t), "trustDevice": true}).Want(t, 200, "")
		again(c, password).Want(t, 200, "")
		wantAlive(t, c, true)
		w.Clock.Add(time.Minute)
		home.Post("/two-factor/disable", body{"password": password}).Want(t, 200, "")
		enable(home)
		wantChallenge(t, again(c, password))
	})
	t.Run("RACE-08 fifty sign-ins of one device", func(t *testing.T) {
		t.Parallel()
		_, _, c := trusted(t, nil)
		var in atomic.Int32
		together(50, func(int) {
			switch a := again(c.Copy(), password); {
			case a.Status != 200:
				t.Errorf("answered %d %s", a.Status, a.Body)
			case a.JSON("twoFactorRedirect") != "true":
				in.Add(1)
			}
		})
		if in.Load() != 1 {
			t.Errorf("%d passed", in.Load())
		}
	})
}

func TestTFA13(t *testing.T) {
	t.Parallel()
	t.Run("TFA-13 a reset of the password signs nobody in", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		w.enroll(t, ada)
		c := w.Client()
		c.Post("/request-password-reset", body{"email": ada}).Want(t, 200, "")
		wantNoSessionCookie(t, c.Post("/reset-password", body{"token": w.LastMail().Token, "newPassword": newPassword}).Want(t, 200, ""))
		wantAlive(t, c, false)
		wantChallenge(t, c.Post("/sign-in/email", body{"email": ada, "password": newPassword}))
	})
	auto := func(_ *world, o *core.Options, _ *twofactor.Options) {
		o.EmailVerification.AutoSignIn = true
		o.User.ChangeEmail.Enabled = true
	}
	t.Run("TFA-13 a verification link with sign-in", func(t *testing.T) {
		t.Parallel()
		w := open(t, auto)
		m := w.enroll(t, ada)
		for _, callback := range []string{"", "/welcome"} {
			if _, err := w.Auth.Store().UpdateUser(t.Context(), m.id, adapter.Record{"emailVerified": false}); err != nil {
				t.Fatal(err)
			}
			w.Client().Post("/send-verification-email", body{"email": ada}).Want(t, 200, "")
			c := w.Client()
			a := c.Get("/verify-email?token=" + w.LastMail().Token + "&callbackURL=" + callback)
			if callback == "" {
				wantChallenge(t, a)
			} else if target, q := a.Want(t, 302, "").Location(); q.Get("twoFactorRedirect") != "true" || !strings.Contains(target, "/welcome?") {
				t.Errorf("it leads to %s", target)
			}
			wantNoSessionCookie(t, a)
			wantAlive(t, c, false)
			c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
			if a := c.Get("/get-session"); a.JSON("user", "emailVerified") != "true" {
				t.Errorf("signed in as %s", a.Body)
			}
			w.Clock.Add(time.Minute)
		}
	})
	t.Run("TFA-13 a link that changes the address", func(t *testing.T) {
		t.Parallel()
		w := open(t, auto)
		m := w.enroll(t, ada)
		m.Post("/change-email", body{"newEmail": "countess@example.com"}).Want(t, 200, "")
		c := w.Client()
		wantChallenge(t, c.Get("/verify-email?token="+w.LastMail().Token))
		wantAlive(t, c, false)
	})
}

func TestTFA14(t *testing.T) {
	t.Parallel()
	t.Run("TFA-14 the flag cannot be set", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.enroll(t, ada)
		m.Post("/update-user", body{"twoFactorEnabled": true}).Want(t, 400, "FIELD_NOT_ALLOWED")
		for _, off := range []any{false, nil, 0, ""} {
			m.Post("/update-user", body{"name": "Ada", "twoFactorEnabled": off})
			w.challenged(t, ada)
		}
		c := w.Client()
		c.Post("/sign-up/email", body{"name": "Eve", "email": "eve@example.com", "password": password, "twoFactorEnabled": true})
		for _, u := range w.rows(t, core.ModelUser, adapter.Cond{Field: "email", Value: "eve@example.com"}) {
			if u["twoFactorEnabled"] != false {
				t.Errorf("%v", u)
			}
		}
	})
}

func TestTFA15(t *testing.T) {
	t.Parallel()
	t.Run("TFA-15 a pending challenge manages nobody's factor", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		victim := w.enroll(t, ada)
		eve := w.enroll(t, "eve@example.com")
		// Eve knows the victim's password: a challenge of the victim beside her session.
		first := w.challenged(t, ada)
		both := eve.Copy()
		both.SetCookie(challengeCookie, first.Cookie(challengeCookie))
		both.Post("/two-factor/verify-totp", body{"code": victim.totp(t)}).Want(t, 401, "INVALID_CODE")
		a := both.Post("/two-factor/verify-totp", body{"code": eve.totp(t)}).Want(t, 200, "")
		if a.JSON("user", "email") != "eve@example.com" {
			t.Errorf("answered %s", a.Body)
		}
		both.Post("/two-factor/disable", body{"password": password}).Want(t, 200, "")
		w.challenged(t, ada)
		if c, a := w.signIn("eve@example.com"); a.JSON("token") == "" || !alive(t, c) {
			t.Errorf("answered %s", a.Body)
		}
	})
}

func TestTFA16(t *testing.T) {
	t.Parallel()
	t.Run("TFA-16 who may lock an account, and for how long", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.enroll(t, ada)
		device := w.challenged(t, ada)
		device.Post("/two-factor/verify-totp", body{"code": m.totp(t), "trustDevice": true}).Want(t, 200, "")
		w.Clock.Add(time.Minute)
		// Without the password there is no challenge, and nothing is counted.
		for range 30 {
			c := w.Client()
			c.Post("/sign-in/email", body{"email": ada, "password": "nonsense"}).Want(t, 401, "INVALID_CREDENTIALS")
			c.Post("/two-factor/verify-totp", body{"code": "000000"}).Want(t, 401, "INVALID_TWO_FACTOR_COOKIE")
		}
		if row := w.rows(t, twofactor.ModelTwoFactor)[0]; row["failedVerificationCount"] != int64(0) {
			t.Errorf("%v", row)
		}
		for range 10 {
			w.challenged(t, ada).Post("/two-factor/verify-totp", body{"code": m.wrong(t)}).Want(t, 401, "INVALID_CODE")
		}
		c := w.challenged(t, ada)
		c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 429, "ACCOUNT_TEMPORARILY_LOCKED")
		// Sessions and trusted devices of the victim go on.
		wantAlive(t, m.Client, true)
		device.Post("/sign-in/email", body{"email": ada, "password": password}).Want(t, 200, "")
		wantAlive(t, device, true)
		w.Clock.Add(15*time.Minute - time.Millisecond)
		c = w.challenged(t, ada)
		c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 429, "ACCOUNT_TEMPORARILY_LOCKED")
		w.Clock.Add(time.Millisecond)
		c.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
		types := map[core.EventType]int{}
		for _, e := range w.Events() {
			types[e.Type]++
		}
		if types[twofactor.EventLocked] != 1 || types[twofactor.EventFailed] != 10 {
			t.Errorf("events %v", types)
		}
	})
}

func TestRACE08(t *testing.T) {
	t.Parallel()
	t.Run("RACE-08 disable against verify", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.enroll(t, ada)
		clients := make([]*authtest.Client, 50)
		for i := range clients {
			clients[i] = w.challenged(t, ada)
		}
		together(len(clients), func(i int) {
			var a *authtest.Answer
			switch {
			case i == 25:
				a = m.Post("/two-factor/disable", body{"password": password})
			case i%2 == 0:
				a = clients[i].Post("/two-factor/verify-backup-code", body{"code": m.codes[i%10]})
			default:
				a = clients[i].Post("/two-factor/verify-totp", body{"code": m.totp(t)})
			}
			if a.Status >= 500 || i == 25 && a.Status != 200 {
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
		})
		if rows := w.rows(t, twofactor.ModelTwoFactor); len(rows) != 0 {
			t.Errorf("the secret is left: %v", rows)
		}
		if u := w.rows(t, core.ModelUser)[0]; u["twoFactorEnabled"] != false {
			t.Errorf("%v", u)
		}
		c, a := w.signIn(ada)
		a.Want(t, 200, "")
		wantAlive(t, c, true)
	})
}
