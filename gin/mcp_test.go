package kernia_test

import (
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/mcp/mcptest"
	"github.com/advantch/kernia-go/core/suites/corstest"
	kernia "github.com/advantch/kernia-go/gin"
)

func TestOP26PathsOfMCP(t *testing.T) {
	t.Parallel()
	for _, change := range []func(*gin.Engine){
		func(*gin.Engine) {},
		func(r *gin.Engine) { r.UseRawPath, r.UnescapePathValues = true, true },
		func(r *gin.Engine) { r.RemoveExtraSlash, r.RedirectFixedPath = true, true },
	} {
		mcptest.RunPaths(t, func(_ *testing.T, a *core.Auth, guard core.Guard, paths []string) corstest.Send {
			router := gin.New()
			change(router)
			router.Use(kernia.Gin(a))
			for _, path := range paths {
				router.POST(path, kernia.Require(guard), func(c *gin.Context) { c.Header("X-Reached", path); c.Status(200) })
			}
			return corstest.Handler(router)
		})
	}
}
