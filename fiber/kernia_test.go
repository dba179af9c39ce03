package kernia_test

import (
	"io"
	"net"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/logger"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/suites/paritytest"
	kernia "github.com/advantch/kernia-go/fiber"
)

func TestParity(t *testing.T) {
	t.Parallel()
	paritytest.Run(t, start)
}

// start serves an application with Fiber's own logger and recovery around Kernia.
func start(t *testing.T, a *core.Auth, app paritytest.App) string {
	f := fiber.New(fiber.Config{DisableStartupMessage: true, BodyLimit: app.MaxBody})
	f.Use(
		func(c *fiber.Ctx) error {
			answered := app.Outer(string(c.Request().Header.Method()), string(c.Request().Header.RequestURI()))
			c.Set(paritytest.Mark, "yes")
			if err := c.Next(); err != nil {
				if err := c.App().ErrorHandler(c, err); err != nil {
					return err
				}
			}
			answered(c.Response().StatusCode())
			return nil
		},
		logger.New(logger.Config{Output: io.Discard}), recover.New(),
		kernia.Fiber(a),
		func(c *fiber.Ctx) error {
			app.Inner(string(c.Request().Header.Method()), string(c.Request().Header.RequestURI()))
			return c.Next()
		},
	)
	for _, r := range app.Routes {
		handlers := []fiber.Handler{func(c *fiber.Ctx) error {
			status, text := r.Handle(paritytest.Call{
				Session: func() (*core.SessionData, bool) { return kernia.Session(c) },
				Body:    append([]byte(nil), c.Body()...),
			})
			c.Set(fiber.HeaderContentType, "text/plain; charset=utf-8")
			return c.Status(status).SendString(text)
		}}
		if r.RequireSession {
			handlers = append([]fiber.Handler{kernia.RequireSession()}, handlers...)
		}
		if len(r.Guards) > 0 {
			handlers = append([]fiber.Handler{kernia.Require(r.Guards...)}, handlers...)
		}
		f.Add(r.Method, r.Path, handlers...)
	}
	listener, err := net.Listen("tcp", app.Addr)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- f.Listener(listener) }()
	t.Cleanup(func() {
		_ = f.Shutdown()
		<-done
	})
	return "http://" + listener.Addr().String()
}
