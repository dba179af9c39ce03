package kernia_test

import (
	"io"
	"net"
	"slices"
	"testing"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/logger"
	"github.com/gofiber/fiber/v3/middleware/recover"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/suites/paritytest"
	kernia "github.com/advantch/kernia-go/fiberv3"
)

func TestParity(t *testing.T) {
	t.Parallel()
	paritytest.Run(t, start)
}

// start serves an application with Fiber's own logger and recovery around Kernia.
func start(t *testing.T, a *core.Auth, app paritytest.App) string {
	f := fiber.New(fiber.Config{BodyLimit: app.MaxBody})
	f.Use(
		func(c fiber.Ctx) error {
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
		logger.New(logger.Config{Stream: io.Discard}), recover.New(),
		kernia.Fiber(a),
		func(c fiber.Ctx) error {
			app.Inner(string(c.Request().Header.Method()), string(c.Request().Header.RequestURI()))
			return c.Next()
		},
	)
	for _, r := range app.Routes {
		handler := func(c fiber.Ctx) error {
			status, text := r.Handle(paritytest.Call{
				Session: func() (*core.SessionData, bool) { return kernia.Session(c) },
				Body:    append([]byte(nil), c.Body()...),
			})
			c.Set(fiber.HeaderContentType, "text/plain; charset=utf-8")
			return c.Status(status).SendString(text)
		}
		handlers := []any{handler}
		if r.RequireSession {
			handlers = slices.Insert(handlers, 0, any(kernia.RequireSession()))
		}
		if len(r.Guards) > 0 {
			handlers = slices.Insert(handlers, 0, any(kernia.Require(r.Guards...)))
		}
		f.Add([]string{r.Method}, r.Path, handlers[0], handlers[1:]...)
	}
	listener, err := net.Listen("tcp", app.Addr)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- f.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}) }()
	t.Cleanup(func() {
		_ = f.Shutdown()
		<-done
	})
	return "http://" + listener.Addr().String()
}
