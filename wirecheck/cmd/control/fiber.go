package main

import (
	"net/http"

	"github.com/gofiber/fiber/v2"
	fiberv3 "github.com/gofiber/fiber/v3"

	"github.com/advantch/kernia-go/core"
	kernia "github.com/advantch/kernia-go/fiber"
	kerniafiberv3 "github.com/advantch/kernia-go/fiberv3"
)

// onFiber puts a Fiber app behind an http.Handler.
func onFiber(a *core.Auth) http.Handler {
	app := fiber.New(fiber.Config{DisableStartupMessage: true, ReadBufferSize: 1 << 20, DisablePreParseMultipartForm: true})
	app.Use(func(c *fiber.Ctx) error {
		if conn := memoryOf(c.Context().Conn()); conn != nil {
			c.SetUserContext(conn.ctx)
		}
		return c.Next()
	}, kernia.Fiber(a), func(c *fiber.Ctx) error {
		c.Status(http.StatusNotFound)
		return nil
	})
	_ = app.Handler() // builds the routes
	return throughMemory(app.Server().ServeConn)
}

// onFiber3 is onFiber with Fiber 3.
func onFiber3(a *core.Auth) http.Handler {
	app := fiberv3.New(fiberv3.Config{ReadBufferSize: 1 << 20, DisablePreParseMultipartForm: true})
	app.Use(func(c fiberv3.Ctx) error {
		if conn := memoryOf(c.RequestCtx().Conn()); conn != nil {
			c.SetContext(conn.ctx)
		}
		return c.Next()
	}, kerniafiberv3.Fiber(a), func(c fiberv3.Ctx) error {
		c.Status(http.StatusNotFound)
		return nil
	})
	_ = app.Handler() // builds the routes
	return throughMemory(app.Server().ServeConn)
}
