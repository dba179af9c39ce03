package kernia_test

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	kernia "github.com/advantch/kernia-go/fiber"
)

// signedIn makes an Auth with the cookie cache on, and the Cookie header of a
// session in it.
func signedIn(t testing.TB, change func(*core.Options)) (a *core.Auth, cookies string) {
	t.Helper()
	env := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Session.CookieCache.Enabled = true
		if change != nil {
			change(o)
		}
	}, emailpassword.New(emailpassword.Options{}))
	c := env.Client()
	c.Post("/sign-up/email", map[string]string{
		"name": "Ada", "email": "ada@example.com", "password": "correct horse",
	}).Want(t, http.StatusOK, "")
	return env.Auth, c.CookieHeader()
}

// ask returns a function that sends one request to an app in the process. The
// request is parsed once; the context is reset for each call, as the server does
// between requests of a connection.
func ask(t testing.TB, app *fiber.App, target, cookies string, status int) func() {
	t.Helper()
	var req fasthttp.Request
	raw := "GET " + target + " HTTP/1.1\r\nHost: localhost:3000\r\nCookie: " + cookies + "\r\n\r\n"
	if err := req.Read(bufio.NewReader(strings.NewReader(raw))); err != nil {
		t.Fatal(err)
	}
	var c fasthttp.RequestCtx
	c.Init(&req, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1234}, nil)
	handle := app.Handler()
	return func() {
		c.ResetUserValues()
		c.Response.Reset()
		handle(&c)
		if got := c.Response.StatusCode(); got != status {
			t.Fatalf("%s: status %d, want %d", target, got, status)
		}
	}
}

// The pairs below differ by Kernia alone.
const size = 517 // bytes of a usual answer

func bare(path string) *fiber.App {
	body := []byte(strings.Repeat("x", size))
	app := fiber.New()
	app.Get(path, func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
		return c.Send(body)
	})
	return app
}

func around(a *core.Auth, read bool) *fiber.App {
	body := []byte(strings.Repeat("x", size))
	app := fiber.New()
	app.Use(kernia.Fiber(a))
	app.Get("/app", func(c *fiber.Ctx) error {
		if read {
			if _, ok := kernia.Session(c); !ok {
				return fiber.ErrUnauthorized
			}
		}
		c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
		return c.Send(body)
	})
	return app
}

func BenchmarkGetSession(b *testing.B) {
	a, cookies := signedIn(b, nil)
	b.Run("Bare", func(b *testing.B) {
		measure(b, ask(b, bare("/api/auth/get-session"), "/api/auth/get-session", cookies, http.StatusOK))
	})
	b.Run("Kernia", func(b *testing.B) {
		measure(b, ask(b, around(a, false), "/api/auth/get-session", cookies, http.StatusOK))
	})
}

func BenchmarkAppRoute(b *testing.B) {
	a, cookies := signedIn(b, nil)
	b.Run("Bare", func(b *testing.B) { measure(b, ask(b, bare("/app"), "/app", cookies, http.StatusOK)) })
	b.Run("Attached", func(b *testing.B) { measure(b, ask(b, around(a, false), "/app", cookies, http.StatusOK)) })
	b.Run("Read", func(b *testing.B) { measure(b, ask(b, around(a, true), "/app", cookies, http.StatusOK)) })
}

func measure(b *testing.B, f func()) {
	b.ReportAllocs()
	for b.Loop() {
		f()
	}
}

// The ceilings keep the paths of every request from growing unnoticed; they are
// what the benchmarks measure, above a handler without Kernia.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	a, cookies := signedIn(t, nil)
	above := func(app *fiber.App, target string) float64 {
		without := testing.AllocsPerRun(200, ask(t, bare(target), target, cookies, http.StatusOK))
		return testing.AllocsPerRun(200, ask(t, app, target, cookies, http.StatusOK)) - without
	}
	if n := above(around(a, false), "/api/auth/get-session"); n > 18 {
		t.Errorf("get-session from the cookie cache: %v allocations above a bare handler, want at most 18", n)
	}
	if n := above(around(a, false), "/app"); n > 10 {
		t.Errorf("an attached session: %v allocations above a bare handler, want at most 10", n)
	}
}
