package main

import (
	"testing"

	"github.com/gin-contrib/cors"
	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/suites/corstest"
	kernia "github.com/advantch/kernia-go/gin"
)

// The settings of auth.CORS fit gin-contrib/cors.
func TestCORS(t *testing.T) {
	t.Parallel()
	corstest.Run(t, func(_ *testing.T, auth *core.Auth) corstest.Send {
		router := gin.New()
		c := auth.CORS()
		router.Use(cors.New(cors.Config{
			AllowOriginFunc: c.AllowOriginFunc, AllowMethods: c.AllowMethods, AllowHeaders: c.AllowHeaders,
			ExposeHeaders: c.ExposeHeaders, AllowCredentials: c.AllowCredentials, MaxAge: c.MaxAge,
		}), kernia.Gin(auth))
		return corstest.Handler(router)
	})
}
