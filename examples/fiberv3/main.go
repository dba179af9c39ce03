// Command fiberv3 is the smallest server on Fiber 3: e-mail and password, everything in
// memory. Users are gone when it ends.
//
// Environment: HOST (default localhost; 0.0.0.0 for every interface), PORT (default 3000).
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/recover"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	kernia "github.com/advantch/kernia-go/fiberv3"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	address := net.JoinHostPort(cmp.Or(os.Getenv("HOST"), "localhost"), cmp.Or(os.Getenv("PORT"), "3000"))
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
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
		BodyLimit:      int(auth.MaxBody()),
		ReadTimeout:    30 * time.Second,
		WriteTimeout:   time.Minute,
		IdleTimeout:    2 * time.Minute,
		ReadBufferSize: 64 << 10, // of headers; cookies of a cookie cache do not fit into Fiber's 4 KB
	})
	app.Use(logged(auth), recover.New(), bounded, kernia.Fiber(auth))
	app.Get("/", hello)
	app.Get("/me", kernia.RequireSession(), me)

	log.Print("listening on " + baseURL)
	failed := make(chan error, 1)
	go func() { failed <- app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		stop() // a second signal ends the program at once
	}

	// Shutdown stops accepting at once and returns when all requests are answered. Wait
	// for it, then for mails under way. Listener returns earlier, when Shutdown begins.
	err = app.ShutdownWithTimeout(20 * time.Second)
	mails, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(err, auth.Close(mails))
}

// logged writes a line per request. It names the route as it was declared and leaves
// the query out: a path or query may hold a token, as reset links do.
func logged(auth *core.Auth) fiber.Handler {
	return func(c fiber.Ctx) error {
		start, method := time.Now(), c.Method()
		target, _, _ := strings.Cut(c.OriginalURL(), "?")
		name := strings.Clone(auth.RouteName(method, target))
		err := c.Next()
		if name == "" {
			name = c.Route().Path
		}
		slog.Info("request", "method", method, "route", name, "status", c.Response().StatusCode(), "took", time.Since(start))
		return err
	}
}

// bounded gives every request a deadline. fasthttp does not cancel the work for a
// client that has gone away, so without a deadline a database that hangs would block
// the request for ever.
func bounded(c fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(c.Context(), 15*time.Second)
	defer cancel()
	c.SetContext(ctx)
	return c.Next()
}

func hello(c fiber.Ctx) error {
	name := "stranger"
	if s, ok := kernia.Session(c); ok {
		name = s.User.Name
	}
	return c.SendString("Hello " + name + ".\n")
}

func me(c fiber.Ctx) error {
	s, _ := kernia.Session(c)
	return c.JSON(s.User)
}
