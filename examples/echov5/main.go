// Command echov5 is the smallest server on Echo 5: e-mail and password, everything in
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
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	kernia "github.com/advantch/kernia-go/echov5"
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

	router := echo.New()
	router.Use(logged(auth), middleware.Recover(), kernia.Echo(auth))
	router.GET("/", hello)
	router.GET("/me", me, kernia.RequireSession())

	server := &http.Server{
		Handler:           router,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	log.Print("listening on " + baseURL)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		stop() // a second signal ends the program at once
	}

	// Shutdown stops accepting at once and returns when all requests are answered. Wait
	// for it, then for mails under way. Serve returns earlier, when Shutdown begins.
	requests, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err = server.Shutdown(requests)
	mails, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(err, auth.Close(mails))
}

// logged writes a line per request. It names the route as it was declared and leaves
// the query out: a path or query may hold a token, as reset links do.
func logged(auth *core.Auth) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			start, r := time.Now(), c.Request()
			err := next(c)
			if err != nil {
				c.Echo().HTTPErrorHandler(c, err) // writes the answer, so that the status is known
			}
			route := cmp.Or(auth.RouteName(r.Method, r.URL.EscapedPath()), c.Path(), "none")
			_, status := echo.ResolveResponseStatus(c.Response(), nil)
			slog.Info("request", "method", r.Method, "route", route, "status", status, "took", time.Since(start))
			return err
		}
	}
}

func hello(c *echo.Context) error {
	name := "stranger"
	if s, ok := kernia.Session(c); ok {
		name = s.User.Name
	}
	return c.String(http.StatusOK, "Hello "+name+".\n")
}

func me(c *echo.Context) error {
	s, _ := kernia.Session(c)
	return c.JSON(http.StatusOK, s.User)
}
