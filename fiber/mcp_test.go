package kernia_test

import (
	"net/http"
	"testing"

	"github.com/gofiber/fiber/v2"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/mcp/mcptest"
	"github.com/advantch/kernia-go/core/suites/corstest"
	kernia "github.com/advantch/kernia-go/fiber"
)

func TestOP26PathsOfMCP(t *testing.T) {
	t.Parallel()
	for _, config := range []fiber.Config{{}, {UnescapePath: true}, {CaseSensitive: true, StrictRouting: true}} {
		mcptest.RunPaths(t, func(_ *testing.T, a *core.Auth, guard core.Guard, paths []string) corstest.Send {
			app := fiber.New(config)
			app.Use(kernia.Fiber(a))
			for _, path := range paths {
				app.Post(path, kernia.Require(guard), func(c *fiber.Ctx) error {
					c.Set("X-Reached", path)
					return c.SendStatus(200)
				})
			}
			return func(t *testing.T, r *http.Request) *http.Response {
				res, err := app.Test(r, -1)
				if err != nil {
					t.Fatal(err)
				}
				return res
			}
		})
	}
}
