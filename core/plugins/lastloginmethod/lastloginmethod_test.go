package lastloginmethod_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/lastloginmethod"
)

const email, password = "ada@example.com", "correct horse"

func open(t testing.TB, o lastloginmethod.Options) *authtest.Env {
	// A provider's callback and a link, as other plugins have them.
	signIn := func(method, path string) core.Operation {
		return core.Get("by-"+method, path, func(c *core.Ctx, _ *core.NoInput) (core.StatusReply, error) {
			u, err := c.Auth().Store().FindUserByEmail(c, email)
			if err == nil {
				_, err = c.SignIn(c, u, core.SignIn{Method: method})
			}
			return core.StatusReply{Status: true}, err
		})
	}
	return authtest.New(t, nil, emailpassword.New(emailpassword.Options{}), lastloginmethod.New(o), &others{[]core.Operation{
		signIn("github", "/callback/:id"), signIn("acme", "/oauth2/callback/:providerId"), signIn("magic-link", "/magic-link/verify"),
		signIn("otp", "/sign-in/email-otp"), signIn("passkey", "/passkey/verify-authentication"), signIn("siwe", "/siwe/verify"),
	}})
}

type others struct{ operations []core.Operation }

func (*others) ID() string { return "others" }

func (o *others) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{Operations: o.operations}, nil
}

func signUp(t testing.TB, e *authtest.Env) *authtest.Client {
	t.Helper()
	c := e.Client()
	c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
	return c
}

const cookie = "better-auth.last_used_login_method"

func TestMethods(t *testing.T) {
	t.Parallel()
	e := open(t, lastloginmethod.Options{})
	if c := signUp(t, e); c.Cookie(cookie) != "email" {
		t.Errorf("sign-up: %q", c.Cookie(cookie))
	}
	for path, want := range map[string]string{
		"/callback/github": "github", "/oauth2/callback/acme": "acme", "/magic-link/verify": "magic-link",
		"/passkey/verify-authentication": "passkey", "/siwe/verify": "siwe", "/sign-in/email-otp": "otp",
	} {
		c := e.Client()
		c.Get(path).Want(t, 200, "")
		if got := c.Cookie(cookie); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	c := e.Client()
	c.Post("/sign-in/email", map[string]any{"email": email, "password": "wrong horse"}).Want(t, 401, "INVALID_CREDENTIALS")
	if c.Cookie(cookie) != "" {
		t.Error("a sign-in that failed is remembered")
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	e := open(t, lastloginmethod.Options{CookieName: "app.last", MaxAge: time.Minute, StoreInDatabase: true, Column: "last_method",
		Resolve: func(c *core.Ctx, method string) string {
			if c.Path() == "/sign-in/email-otp" {
				return "code"
			}
			return method
		}})
	c := signUp(t, e)
	a := c.Get("/sign-in/email-otp").Want(t, 200, "")
	if line := strings.Join(a.Header.Values("Set-Cookie"), "\n"); !strings.Contains(line, "app.last=code; Max-Age=60; Path=/; SameSite=Lax") {
		t.Errorf("%s", line)
	}
	u, err := e.Auth.Store().FindUserByEmail(t.Context(), email)
	if method, _ := lastloginmethod.LastLoginMethod.Of(u.Extra); err != nil || method != "code" {
		t.Errorf("the row has %q, %v", method, err)
	}
	c.Post("/update-user", map[string]any{"lastLoginMethod": "forged"}).Want(t, 400, "FIELD_NOT_ALLOWED")
}

// TestRefusedUpdate signs in although a hook of the application refuses the update of the
// row: the session exists by then.
func TestRefusedUpdate(t *testing.T) {
	t.Parallel()
	refuse := func(context.Context, adapter.Record) error { return core.FailText(403, "frozen") }
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Store.User.BeforeUpdate = refuse },
		emailpassword.New(emailpassword.Options{}), lastloginmethod.New(lastloginmethod.Options{StoreInDatabase: true}))
	c := signUp(t, e)
	if c.Get("/get-session").Body == "null" || !strings.Contains(e.Log.String(), "storing the last login method") {
		t.Errorf("no session, or nothing logged:\n%s", e.Log)
	}
}
