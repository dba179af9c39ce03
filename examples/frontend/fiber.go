package main

import (
	"context"
	"net"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/cors"

	"github.com/advantch/kernia-go/core"
	kernia "github.com/advantch/kernia-go/fiber"
	"github.com/advantch/kernia-go/fiber/kerniacors"
)

func serveFiber(ctx context.Context, l net.Listener, auth *core.Auth, wrongOrder bool) error {
	app := fiber.New(fiber.Config{
		DisableStartupMessage: true, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
	})
	if wrongOrder {
		app.Use(kernia.Fiber(auth))
	}
	app.Use(cors.New(kerniacors.Config(auth)), kernia.Fiber(auth))
	app.Get("/me", kernia.RequireSession(), func(c *fiber.Ctx) error {
		s, _ := kernia.Session(c)
		return c.JSON(fiber.Map{"email": s.User.Email})
	})
	failed := make(chan error, 1)
	go func() { failed <- app.Listener(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return app.ShutdownWithTimeout(10 * time.Second)
	}
}
