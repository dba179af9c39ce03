package main

import (
	"context"
	"net"
	"net/http"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/advantch/kernia-go/core"
	kernia "github.com/advantch/kernia-go/echov5"
	"github.com/advantch/kernia-go/echov5/kerniacors"
)

func serveEcho5(ctx context.Context, l net.Listener, auth *core.Auth, wrongOrder bool) error {
	e := echo.New()
	if wrongOrder {
		e.Use(kernia.Echo(auth))
	}
	e.Use(middleware.CORSWithConfig(kerniacors.Config(auth)), kernia.Echo(auth))
	e.GET("/me", func(c *echo.Context) error {
		s, _ := kernia.Session(c)
		return c.JSON(http.StatusOK, map[string]string{"email": s.User.Email})
	}, kernia.RequireSession())
	return serve(ctx, l, e)
}
