// Command echo is the smallest server on Echo: e-mail and password, everything in
// memory. Users are gone when it ends.
//
// Environment: PORT (default 3000).
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	kernia "github.com/advantch/kernia-go/echo"
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

	router := echo.New()
	router.Use(middleware.Recover(), kernia.Echo(auth))
	router.GET("/", hello)
	router.GET("/me", me, kernia.RequireSession())

	server := &http.Server{
		Handler:           router,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		MaxHeaderBytes:    64 << 10,
	}
	go func() {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = server.Shutdown(grace)
	}()
	log.Print("listening on " + baseURL)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return auth.Close(grace)
}

func hello(c echo.Context) error {
	name := "stranger"
	if s, ok := kernia.Session(c); ok {
		name = s.User.Name
	}
	return c.String(http.StatusOK, "Hello "+name+".\n")
}

func me(c echo.Context) error {
	s, _ := kernia.Session(c)
	return c.JSON(http.StatusOK, s.User)
}
