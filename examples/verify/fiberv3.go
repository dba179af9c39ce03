package verify

import (
	"time"

	"github.com/gofiber/fiber/v3"

	"github.com/advantch/kernia-go/core/verify"
)

// Fiber3 is the same service with Fiber 3.
func Fiber3(v *verify.Verifier) *fiber.App {
	app := fiber.New(fiber.Config{
		ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
	})
	app.Get("/orders", fiber3Caller(v), func(c fiber.Ctx) error {
		caller, _ := verify.From(c.Context())
		return c.SendString("orders of " + caller.UserID)
	})
	return app
}

func fiber3Caller(v *verify.Verifier) fiber.Handler {
	return func(c fiber.Ctx) error {
		caller, err := v.Caller(c.Context(), fiber3Header{c})
		if err != nil {
			status, body := verify.Answer(err)
			c.Set("Content-Type", "application/json")
			return c.Status(status).Send(body)
		}
		c.SetContext(verify.WithCaller(c.Context(), caller))
		return c.Next()
	}
}

// fiber3Header are the headers of a request. Fiber's texts end with the request, so they are
// copied.
type fiber3Header struct{ c fiber.Ctx }

func (h fiber3Header) Values(name string) []string {
	var out []string
	for _, v := range h.c.Request().Header.PeekAll(name) {
		out = append(out, string(v))
	}
	return out
}
