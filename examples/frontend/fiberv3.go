package main

import (
	"context"
	"net"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/cors"

	"github.com/advantch/kernia-go/core"
	kernia "github.com/advantch/kernia-go/fiberv3"
	"github.com/advantch/kernia-go/fiberv3/kerniacors"
)

func serveFiber3(ctx context.Context, l net.Listener, auth *core.Auth, wrongOrder bool) error {
	app := fiber.New(fiber.Config{
		ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
	})
	if wrongOrder {
		app.Use(kernia.Fiber(auth))
	}
	app.Use(cors.New(kerniacors.Config(auth)), kernia.Fiber(auth))
	app.Get("/me", kernia.RequireSession(), func(c fiber.Ctx) error {
		s, _ := kernia.Session(c)
		return c.JSON(fiber.Map{"email": s.User.Email})
	})
	failed := make(chan error, 1)
	go func() { failed <- app.Listener(l, fiber.ListenConfig{DisableStartupMessage: true}) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return app.ShutdownWithTimeout(10 * time.Second)
	}
}
