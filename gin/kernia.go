// Package kernia serves Kernia through Gin.
//
//	router := gin.New()
//	router.Use(gin.Recovery(), kernia.Gin(auth))
//	router.GET("/me", kernia.RequireSession(), func(c *gin.Context) {
//		s, _ := kernia.Session(c)
//		c.JSON(http.StatusOK, s.User)
//	})
package kernia

import (
	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/nethttp"
)

// Gin serves the auth routes below the base path and attaches a lazy session to
// every other request. Use it on the engine itself: Gin runs an engine's
// middleware, but not a group's, on paths without a route too.
func Gin(a *core.Auth) gin.HandlerFunc {
	return func(c *gin.Context) {
		if nethttp.Serve(a, c.Writer, c.Request) {
			c.Abort()
			return
		}
		c.Request = nethttp.Attach(a, c.Writer, c.Request)
		c.Next()
	}
}

// Session returns the session of a request that went through Gin. The first call
// reads the cookie cache or the store. A refreshed cookie is added to the answer,
// so call Session before you write the answer.
func Session(c *gin.Context) (*core.SessionData, bool) {
	return core.SessionFrom(c.Request.Context())
}

// RequireSession answers 401 {"message":"Unauthorized","code":"UNAUTHORIZED"} to
// requests without a session and stops the chain.
func RequireSession() gin.HandlerFunc { return Require(core.SessionGuard) }

// Require lets a request through if all guards do, asked in order. Otherwise it
// sends the answer of the guard that refused and stops the chain.
func Require(guards ...core.Guard) gin.HandlerFunc {
	return func(c *gin.Context) {
		if !nethttp.Allow(c.Writer, c.Request, guards...) {
			c.Abort()
			return
		}
		c.Next()
	}
}
