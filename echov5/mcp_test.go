package kernia_test

import (
	"testing"

	"github.com/labstack/echo/v5"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/mcp/mcptest"
	"github.com/advantch/kernia-go/core/suites/corstest"
	kernia "github.com/advantch/kernia-go/echov5"
)

func TestOP26PathsOfMCP(t *testing.T) {
	t.Parallel()
	mcptest.RunPaths(t, func(_ *testing.T, a *core.Auth, guard core.Guard, paths []string) corstest.Send {
		e := echo.New()
		e.Use(kernia.Echo(a))
		for _, path := range paths {
			e.POST(path, func(c *echo.Context) error {
				c.Response().Header().Set("X-Reached", path)
				return c.NoContent(200)
			}, kernia.Require(guard))
		}
		return corstest.Handler(e)
	})
}
