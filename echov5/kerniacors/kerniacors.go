// Package kerniacors makes settings for Echo's own CORS middleware from an Auth,
// for a front end on another origin. Install the middleware before Kernia:
//
//	e.Use(middleware.CORSWithConfig(kerniacors.Config(auth)), kernia.Echo(auth))
package kerniacors

import (
	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/advantch/kernia-go/core"
)

// Config returns settings with which pages of a's trusted origins can use the
// official client: see core.CORS. Append the methods and headers that your own routes
// need.
func Config(a *core.Auth) middleware.CORSConfig {
	c := a.CORS()
	return middleware.CORSConfig{
		UnsafeAllowOriginFunc: func(_ *echo.Context, origin string) (string, bool, error) {
			return origin, c.AllowOriginFunc(origin), nil
		},
		AllowMethods:     c.AllowMethods,
		AllowHeaders:     c.AllowHeaders,
		ExposeHeaders:    c.ExposeHeaders,
		AllowCredentials: c.AllowCredentials,
		MaxAge:           int(c.MaxAge.Seconds()),
	}
}
