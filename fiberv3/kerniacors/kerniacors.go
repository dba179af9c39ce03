// Package kerniacors makes settings for Fiber's own CORS middleware from an Auth,
// for a front end on another origin. Install the middleware before Kernia:
//
//	app.Use(cors.New(kerniacors.Config(auth)), kernia.Fiber(auth))
package kerniacors

import (
	"github.com/gofiber/fiber/v3/middleware/cors"

	"github.com/advantch/kernia-go/core"
)

// Config returns settings with which pages of a's trusted origins can use the
// official client: see core.CORS. Append the methods and headers that your own routes
// need.
func Config(a *core.Auth) cors.Config {
	c := a.CORS()
	return cors.Config{
		AllowOriginsFunc: c.AllowOriginFunc,
		AllowMethods:     c.AllowMethods,
		AllowHeaders:     c.AllowHeaders,
		ExposeHeaders:    c.ExposeHeaders,
		AllowCredentials: c.AllowCredentials,
		MaxAge:           int(c.MaxAge.Seconds()),
	}
}
