package kernia_test

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v3"
	"github.com/valyala/fasthttp"

	"github.com/advantch/kernia-go/core"
	kernia "github.com/advantch/kernia-go/fiberv3"
	"github.com/advantch/kernia-go/internal/pairtest"
)

// ask parses the request once and resets the context for each call, as the server
// does between requests of a connection.
func ask(app *fiber.App) pairtest.Ask {
	return func(tb testing.TB, target, cookies string) func() {
		tb.Helper()
		var req fasthttp.Request
		raw := "GET " + target + " HTTP/1.1\r\nHost: localhost:3000\r\nCookie: " + cookies + "\r\n\r\n"
		if err := req.Read(bufio.NewReader(strings.NewReader(raw))); err != nil {
			tb.Fatal(err)
		}
		var c fasthttp.RequestCtx
		c.Init(&req, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1234}, nil)
		handle := app.Handler()
		return func() {
			c.ResetUserValues()
			c.Response.Reset()
			handle(&c)
			if got := c.Response.StatusCode(); got != http.StatusOK {
				tb.Fatalf("%s: status %d, want 200", target, got)
			}
		}
	}
}

func pair() pairtest.Framework {
	body := []byte(strings.Repeat("x", pairtest.AnswerSize))
	answer := func(c fiber.Ctx) error {
		c.Set(fiber.HeaderContentType, fiber.MIMEApplicationJSON)
		return c.Send(body)
	}
	return pairtest.Framework{
		GetSession: 12, Attached: 10, Read: 25,
		Bare: func(path string) pairtest.Ask {
			app := fiber.New()
			app.Get(path, answer)
			return ask(app)
		},
		Around: func(a *core.Auth, read bool) pairtest.Ask {
			app := fiber.New()
			app.Use(kernia.Fiber(a))
			app.Get("/app", func(c fiber.Ctx) error {
				if read {
					if _, ok := kernia.Session(c); !ok {
						return fiber.ErrUnauthorized
					}
				}
				return answer(c)
			})
			return ask(app)
		},
	}
}

func BenchmarkGetSession(b *testing.B) { pair().BenchmarkGetSession(b) }
func BenchmarkAppRoute(b *testing.B)   { pair().BenchmarkAppRoute(b) }

func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	pair().TestAllocations(t)
}
