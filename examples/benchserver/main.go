// Command benchserver is the server that `make bench` measures beside Better Auth
// on Node: net/http, e-mail and password, SQLite in a file, rate limits off.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/gormadapter"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "address to listen on")
	file := flag.String("database", "bench.sqlite", "SQLite file")
	cache := flag.Bool("cookie-cache", false, "enable the cookie cache")
	flag.Parse()

	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	db, err := gormadapter.SQLite(*file)
	if err != nil {
		log.Fatal(err)
	}
	auth, err := core.New(core.Options{
		BaseURL:   "http://" + listener.Addr().String(),
		Secret:    os.Getenv("BETTER_AUTH_SECRET"),
		Database:  gormadapter.New(db),
		Plugins:   []core.Plugin{emailpassword.New(emailpassword.Options{})},
		Session:   core.SessionOptions{CookieCache: core.CookieCacheOptions{Enabled: *cache, MaxAge: time.Hour}},
		RateLimit: core.RateLimitOptions{Disabled: true},
		Logger:    slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := auth.Migrate(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening http://%s\n", listener.Addr())
	server := &http.Server{Handler: nethttp.Handler(auth), ReadHeaderTimeout: 10 * time.Second}
	log.Fatal(server.Serve(listener))
}
