package main

import (
	"maps"
	"net/http"
	"slices"

	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v4"
	echov5 "github.com/labstack/echo/v5"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/nethttp"
	kerniaecho "github.com/advantch/kernia-go/echo"
	kerniaechov5 "github.com/advantch/kernia-go/echov5"
	kernia "github.com/advantch/kernia-go/gin"
)

// mount makes an application that holds nothing but the auth routes. Paths
// outside of the base path are its own; it answers them like Better Auth's handler,
// with an empty 404.
type mount func(*core.Auth) http.Handler

var frameworks = map[string]mount{
	"nethttp": func(a *core.Auth) http.Handler {
		return nethttp.Middleware(a)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
		}))
	},
	"gin": func(a *core.Auth) http.Handler {
		gin.SetMode(gin.ReleaseMode)
		engine := gin.New()
		engine.Use(kernia.Gin(a))
		engine.NoRoute(func(c *gin.Context) {
			c.Status(http.StatusNotFound)
			c.Writer.WriteHeaderNow()
		})
		return engine
	},
	"echo": func(a *core.Auth) http.Handler {
		e := echo.New()
		e.Use(kerniaecho.Echo(a))
		e.RouteNotFound("/*", func(c echo.Context) error { return c.NoContent(http.StatusNotFound) })
		return e
	},
	"echov5": func(a *core.Auth) http.Handler {
		e := echov5.New()
		e.Use(kerniaechov5.Echo(a))
		e.RouteNotFound("/*", func(c *echov5.Context) error { return c.NoContent(http.StatusNotFound) })
		return e
	},
	"fiber":   onFiber,
	"fiberv3": onFiber3,
}

func frameworkNames() []string { return slices.Sorted(maps.Keys(frameworks)) }
