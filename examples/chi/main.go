// Command chi is the smallest server on the chi router: e-mail and password,
// everything in memory. Users are gone when it ends.
//
// Environment: HOST (default localhost; 0.0.0.0 for every interface), PORT (default 3000).
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
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

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
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

	server := &http.Server{
		Handler:           routes(auth),
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

// routes is the application. Kernia's middleware comes before the routes and on the
// outermost router, so that it sees the auth routes too, which chi does not know.
func routes(auth *core.Auth) http.Handler {
	r := chi.NewRouter()
	r.Use(middleware.RequestID, logged(auth), middleware.Recoverer, nethttp.Middleware(auth))
	r.Get("/", hello)
	r.Group(func(r chi.Router) {
		r.Use(nethttp.RequireSession)
		r.Get("/me", me)
	})
	return r
}

// logged writes a line per request. It names the route as it was declared and leaves
// the query out: a path or query may hold a token, as reset links do.
func logged(auth *core.Auth) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			start, answer := time.Now(), middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			next.ServeHTTP(answer, r)
			route := cmp.Or(auth.RouteName(r.Method, r.URL.EscapedPath()), chi.RouteContext(r.Context()).RoutePattern(), "none")
			slog.Info("request", "method", r.Method, "route", route, "status", answer.Status(), "took", time.Since(start))
		})
	}
}

func hello(w http.ResponseWriter, r *http.Request) {
	name := "stranger"
	if s, ok := nethttp.Session(r); ok {
		name = s.User.Name
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintf(w, "Hello %s.\n", name)
}

func me(w http.ResponseWriter, r *http.Request) {
	s, _ := nethttp.Session(r)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(s.User)
}
