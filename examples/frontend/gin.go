package main

import (
	"context"
	"net"
	"net/http"

	"github.com/gin-contrib/cors"
	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core"
	kernia "github.com/advantch/kernia-go/gin"
)

func serveGin(ctx context.Context, l net.Listener, auth *core.Auth, wrongOrder bool) error {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	if wrongOrder {
		router.Use(kernia.Gin(auth))
	}
	c := auth.CORS()
	router.Use(cors.New(cors.Config{
		AllowOriginFunc: c.AllowOriginFunc, AllowMethods: c.AllowMethods, AllowHeaders: c.AllowHeaders,
		ExposeHeaders: c.ExposeHeaders, AllowCredentials: c.AllowCredentials, MaxAge: c.MaxAge,
	}), kernia.Gin(auth))
	router.GET("/me", kernia.RequireSession(), func(c *gin.Context) {
		s, _ := kernia.Session(c)
		c.JSON(http.StatusOK, gin.H{"email": s.User.Email})
	})
	return serve(ctx, l, router)
}
