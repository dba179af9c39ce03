package kerniacors_test

import (
	"net/http"
	"testing"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/cors"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/suites/corstest"
	kernia "github.com/advantch/kernia-go/fiberv3"
	"github.com/advantch/kernia-go/fiberv3/kerniacors"
)

func TestCORS(t *testing.T) {
	t.Parallel()
	corstest.Run(t, func(_ *testing.T, a *core.Auth) corstest.Send {
		app := fiber.New()
		app.Use(cors.New(kerniacors.Config(a)), kernia.Fiber(a))
		return func(t *testing.T, r *http.Request) *http.Response {
			t.Helper()
			res, err := app.Test(r, fiber.TestConfig{})
			if err != nil {
				t.Fatal(err)
			}
			return res
		}
	})
}
