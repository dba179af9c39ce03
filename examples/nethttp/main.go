// Command nethttp is the smallest server without a framework: net/http, e-mail and
// password, everything in memory. Users are gone when it ends.
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
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

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

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", hello)
	mux.Handle("GET /me", nethttp.RequireSession(http.HandlerFunc(me)))

	server := &http.Server{
		Handler:           nethttp.Middleware(auth)(mux),
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
