package deviceauthorization_test

import (
	"net/url"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/deviceauthorization"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

type object = map[string]any

const (
	ada      = "ada@example.com"
	bob      = "bob@example.com"
	password = "correct horse"
	grant    = deviceauthorization.GrantType
	client   = "cli"
	cookie   = "better-auth.session_token"
)

func open(t testing.TB, change func(*authtest.Env, *core.Options), o deviceauthorization.Options, more ...core.Plugin) *authtest.Env {
	t.Helper()
	plugins := append([]core.Plugin{emailpassword.New(emailpassword.Options{}), deviceauthorization.New(o)}, more...)
	return authtest.New(t, change, plugins...)
}

// join signs a user up and returns their browser.
func join(t testing.TB, e *authtest.Env, email string) *authtest.Client {
	t.Helper()
	c := e.Client()
	c.Post("/sign-up/email", object{"name": "A", "email": email, "password": password}).Want(t, 200, "")
	return c
}

// device is a device without a browser, and what it has been told.
type device struct {
	*authtest.Client
	code, userCode string
}

func start(t testing.TB, e *authtest.Env) *device {
	t.Helper()
	return begin(t, e, object{"client_id": client, "scope": "read write"})
}

func begin(t testing.TB, e *authtest.Env, body object) *device {
	t.Helper()
	c := e.Client()
	c.Origin = ""
	a := c.Post("/device/code", body).Want(t, 200, "")
	return &device{c, a.JSON("device_code"), a.JSON("user_code")}
}

func (d *device) poll() *authtest.Answer { return d.pollAs(client) }

func (d *device) pollAs(clientID string) *authtest.Answer {
	return d.Post("/device/token", object{"grant_type": grant, "device_code": d.code, "client_id": clientID})
}

func claim(c *authtest.Client, code string) *authtest.Answer {
	return c.Get("/device?user_code=" + url.QueryEscape(code))
}

func approve(c *authtest.Client, code string) *authtest.Answer {
	return c.Post("/device/approve", object{"userCode": code})
}

func deny(c *authtest.Client, code string) *authtest.Answer {
	return c.Post("/device/deny", object{"userCode": code})
}

// approved is a device whose code a user has approved.
func approved(t testing.TB, e *authtest.Env, c *authtest.Client) *device {
	t.Helper()
	d := start(t, e)
	claim(c, d.userCode).Want(t, 200, "")
	approve(c, d.userCode).Want(t, 200, "")
	return d
}

// want checks an answer in the form of OAuth.
func want(t testing.TB, a *authtest.Answer, status int, code, description string) {
	t.Helper()
	if a.Status != status || a.JSON("error") != code || a.JSON("error_description") != description {
		t.Fatalf("got %d %s, want %d %s %s", a.Status, a.Body, status, code, description)
	}
}

func form(c *authtest.Client, path string, values string) *authtest.Answer {
	return c.Do("POST", path, values, core.HeaderField{Name: "Content-Type", Value: "application/x-www-form-urlencoded"})
}

func count(t testing.TB, e *authtest.Env, model string) int64 {
	t.Helper()
	n, err := e.Auth.DB().Count(t.Context(), model, nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// pause lets the device's interval pass.
func pause(e *authtest.Env) { e.Clock.Add(5 * time.Second) }
