package verify

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/advantch/kernia-go/core/verify"
)

// Fiber is the same service with Fiber.
func Fiber(v *verify.Verifier) *fiber.App {
	app := fiber.New(fiber.Config{
		DisableStartupMessage: true, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
	})
	app.Get("/orders", fiberCaller(v), func(c *fiber.Ctx) error {
		caller, _ := verify.From(c.UserContext())
		return c.SendString("orders of " + caller.UserID)
	})
	return app
}

func fiberCaller(v *verify.Verifier) fiber.Handler {
	return func(c *fiber.Ctx) error {
		caller, err := v.Caller(c.UserContext(), fiberHeader{c})
		if err != nil {
			status, body := verify.Answer(err)
			c.Set("Content-Type", "application/json")
			return c.Status(status).Send(body)
		}
		c.SetUserContext(verify.WithCaller(c.UserContext(), caller))
		return c.Next()
	}
}

// fiberHeader are the headers of a request. Fiber's texts end with the request, so they are
// copied.
type fiberHeader struct{ c *fiber.Ctx }

func (h fiberHeader) Values(name string) []string {
	var out []string
	for _, v := range h.c.Request().Header.PeekAll(name) {
		out = append(out, string(v))
	}
	return out
}
