package emailpassword_test

import (
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

const (
	email    = "ada@example.com"
	password = "correct horse"
)

// open makes an Auth with the plugin; change may alter both sets of options.
func open(t *testing.T, change func(e *authtest.Env, o *core.Options, p *emailpassword.Options)) *authtest.Env {
	t.Helper()
	e := authtest.NewEnv(t)
	p := emailpassword.Options{SendResetPassword: e.Mail("reset-password")}
	o := e.Options()
	if change != nil {
		change(e, &o, &p)
	}
	o.Plugins = append(o.Plugins, emailpassword.New(p))
	return e.Open(o)
}

func signUp(t *testing.T, e *authtest.Env) *authtest.Client {
	t.Helper()
	c := e.Client()
	c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
	return c
}

func TestFlow(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	c := e.Client()

	a := c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": "Ada@Example.com", "password": password}).Want(t, 200, "")
	if a.JSON("user", "email") != email || a.JSON("session", "userId") != a.JSON("user", "id") {
		t.Fatalf("unexpected sign-up answer: %s", a.Body)
	}
	a = c.Get("/get-session").Want(t, 200, "")
	if a.JSON("user", "name") != "Ada" {
		t.Fatalf("get-session answered %s", a.Body)
	}
	c.Post("/sign-out", map[string]any{}).Want(t, 200, "")
	if a = c.Get("/get-session"); a.Body != "null" {
		t.Fatalf("after sign-out: %s", a.Body)
	}
	c.Post("/sign-in/email", map[string]any{"email": email, "password": "wrong password"}).Want(t, 401, "INVALID_CREDENTIALS")
	c.Post("/sign-in/email", map[string]any{"email": email, "password": password}).Want(t, 200, "")

	c.Post("/request-password-reset", map[string]any{"email": email, "redirectTo": "/reset"}).Want(t, 200, "")
	mail := e.LastMail()
	path := strings.TrimPrefix(mail.URL, authtest.BaseURL+"/api/auth")
	a = c.Get(path).Want(t, 302, "")
	if target, q := a.Location(); !strings.HasPrefix(target, authtest.BaseURL+"/reset?") || q.Get("token") != mail.Token {
		t.Fatalf("redirected to %s", target)
	}
	c.Post("/reset-password", map[string]any{"newPassword": "another horse", "token": mail.Token}).Want(t, 200, "")
	c.Post("/reset-password", map[string]any{"newPassword": "another horse", "token": mail.Token}).Want(t, 400, "INVALID_TOKEN")
	c.Post("/sign-in/email", map[string]any{"email": email, "password": password}).Want(t, 401, "INVALID_CREDENTIALS")
	c.Post("/sign-in/email", map[string]any{"email": email, "password": "another horse"}).Want(t, 200, "")
	c.Post("/change-password", map[string]any{"currentPassword": "another horse", "newPassword": password, "revokeOtherSessions": true}).Want(t, 200, "")
	c.Get("/list-sessions").Want(t, 200, "")

	e.Clock.Add(8 * 24 * time.Hour)
	if a = c.Get("/get-session"); a.Body != "null" {
		t.Fatalf("after expiry: %s", a.Body)
	}
}

func TestCookieCache(t *testing.T) {
	t.Parallel()
	for _, strategy := range []core.CacheStrategy{core.CacheCompact, core.CacheJWT, core.CacheJWE} {
		t.Run(string(strategy), func(t *testing.T) {
			t.Parallel()
			e := open(t, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
				o.Session.CookieCache = core.CookieCacheOptions{Enabled: true, Strategy: strategy}
			})
			c := signUp(t, e)
			stored := c.Get("/get-session?disableCookieCache=true").Want(t, 200, "").Body
			cached := c.Get("/get-session").Want(t, 200, "").Body
			if stored != cached {
				t.Fatalf("cached answer differs:\n%s\n%s", stored, cached)
			}
			// A revoked session is still accepted from the cache, but not on sensitive
			// routes.
			other := c.Copy()
			c.Post("/sign-out", map[string]any{}).Want(t, 200, "")
			if a := other.Get("/get-session"); a.Body != cached {
				t.Fatalf("the cache was not used: %s", a.Body)
			}
			other.Post("/update-user", map[string]any{"name": "Eve"}).Want(t, 401, "UNAUTHORIZED")
			e.Clock.Add(6 * time.Minute)
			if a := other.Get("/get-session"); a.Body != "null" {
				t.Fatalf("an expired cache was used: %s", a.Body)
			}
		})
	}
}
