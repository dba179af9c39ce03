package kernia_test

import (
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/cors"

	"github.com/advantch/kernia-go/core"
	kernia "github.com/advantch/kernia-go/fiberv3"
	"github.com/advantch/kernia-go/fiberv3/kerniacors"
	"github.com/advantch/kernia-go/internal/pairtest"
)

// custom is a context of an application's own.
type custom struct{ fiber.DefaultCtx }

// Fiber 3 runs middleware for requests that fasthttp could not read. Kernia does not act on
// them: no route of it runs, and no guard lets one through to what is behind it.
func TestUnreadRequests(t *testing.T) {
	t.Parallel()
	var calls, behind atomic.Int32
	a, cookies := pairtest.SignedIn(t, func(o *core.Options) {
		o.TrustedOrigins = []string{"https://app.example.com"}
		o.Before = func(*core.Ctx) error {
			calls.Add(1)
			return nil
		}
	})
	private := func(c fiber.Ctx) error {
		behind.Add(1)
		return c.SendString("private")
	}
	config := fiber.Config{BodyLimit: 1024}
	apps := map[string]*fiber.App{
		"Fiber":             fiber.New(config),
		"a context of ours": fiber.NewWithCustomCtx(func(app *fiber.App) fiber.CustomCtx { return &custom{*fiber.NewDefaultCtx(app)} }, config),
		"App":               fiber.New(config),
	}
	for name, app := range apps {
		app.Use(cors.New(kerniacors.Config(a)))
		if name == "App" {
			app.Use("/api/auth", kernia.App(a))
		} else {
			app.Use(kernia.Fiber(a))
			app.Use("/private", kernia.RequireSession(), private)
		}
		addr := listen(t, app)
		head := func(target string) string {
			return "POST " + target + " HTTP/1.1\r\nHost: localhost:3000\r\nContent-Type: application/json\r\nOrigin: https://app.example.com\r\nCookie: " + cookies + "\r\n"
		}
		for _, c := range []struct{ name, target, rest, status string }{
			{"a body over the limit", "/api/auth/sign-out", "Content-Length: 2048\r\n\r\n" + strings.Repeat(" ", 2048), "413"},
			{"a body over the limit", "/private", "Content-Length: 2048\r\n\r\n" + strings.Repeat(" ", 2048), "413"},
			{"a trailer that is forbidden", "/api/auth/sign-out", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nContent-Length: 2\r\n\r\n", "400"},
			{"a trailer that is forbidden", "/private", "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nContent-Length: 2\r\n\r\n", "400"},
			{"a chunk that is none", "/api/auth/sign-out", "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", "400"},
			{"a body that ends too early", "/api/auth/sign-out", "Content-Length: 20\r\n\r\n{}", "400"},
		} {
			calls.Store(0)
			behind.Store(0)
			text := exchange(t, addr, head(c.target)+c.rest)
			if !strings.HasPrefix(text, "HTTP/1.1 "+c.status+" ") || calls.Load() > 0 || behind.Load() > 0 || strings.Contains(text, "Set-Cookie") {
				t.Errorf("%s, %s, %s: %d calls, %d behind the guard: %q", name, c.name, c.target, calls.Load(), behind.Load(), text)
			}
			if c.status == "413" && !strings.Contains(text, "Access-Control-Allow-Origin: https://app.example.com") {
				t.Errorf("%s, %s: a page could not read the answer: %q", name, c.name, text)
			}
		}
		// The same requests, as they should be.
		if text := exchange(t, addr, head("/api/auth/sign-out")+"Connection: close\r\nContent-Length: 2\r\n\r\n{}"); !strings.HasSuffix(text, `{"success":true}`) {
			t.Errorf("%s: %q", name, text)
		}
	}
}

// Fiber's context is a context.Context, which may be somebody else's when the request is
// over. So it has no session; that of the request has.
func TestSessionIsNotInTheContextOfFiber(t *testing.T) {
	t.Parallel()
	a, cookies := pairtest.SignedIn(t, nil)
	app := fiber.New()
	app.Use(kernia.Fiber(a))
	app.Get("/", func(c fiber.Ctx) error {
		if _, ok := core.SessionFrom(c); ok {
			t.Error("Fiber's context has a session")
		}
		s, ok := core.SessionFrom(c.Context())
		if !ok {
			return fiber.ErrUnauthorized
		}
		return c.SendString(s.User.Email)
	})
	if got := send(t, app, withCookies("/", cookies)); got.body != "ada@example.com" {
		t.Errorf("%+v", got)
	}
	if got := send(t, app, httptest.NewRequest("GET", "/", nil)); got.status != 401 {
		t.Errorf("%+v", got)
	}
}
