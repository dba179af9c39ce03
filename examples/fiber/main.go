// Command fiber is the smallest server on Fiber: e-mail and password, everything in
// memory. Users are gone when it ends.
//
// Environment: PORT (default 3000).
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/recover"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	kernia "github.com/advantch/kernia-go/fiber"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	port := os.Getenv("PORT")
	if port == "" {
		port = "3000"
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "localhost:"+port)
	if err != nil {
		return err
	}
	baseURL := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)

	auth, err := core.New(core.Options{
		BaseURL:  baseURL,
		Secret:   rand.Text() + rand.Text(), // kept nowhere, as the users are
		Database: memory.New(),
		Plugins:  []core.Plugin{emailpassword.New(emailpassword.Options{})},
	})
	if err != nil {
		return err
	}

	app := fiber.New(fiber.Config{
		BodyLimit:             int(auth.MaxBody()),
		ReadTimeout:           30 * time.Second,
		ReadBufferSize:        64 << 10, // of headers; cookies of a cookie cache do not fit into Fiber's 4 KB
		DisableStartupMessage: true,
	})
	app.Use(recover.New(), kernia.Fiber(auth))
	app.Get("/", hello)
	app.Get("/me", kernia.RequireSession(), me)

	go func() {
		<-ctx.Done()
		_ = app.ShutdownWithTimeout(10 * time.Second)
	}()
	log.Print("listening on " + baseURL)
	if err := app.Listener(listener); err != nil {
		return err
	}
	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return auth.Close(grace)
}

func hello(c *fiber.Ctx) error {
	name := "stranger"
	if s, ok := kernia.Session(c); ok {
		name = s.User.Name
	}
	return c.SendString("Hello " + name + ".\n")
}

func me(c *fiber.Ctx) error {
	s, _ := kernia.Session(c)
	return c.JSON(s.User)
}
