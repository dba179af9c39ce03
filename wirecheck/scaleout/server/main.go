// Command server is one process of an application that runs in several: the auth
// routes on net/http, and nothing of its own. It is a test program: it writes the
// mails that it would send, tokens and all, to its standard output.
//
// The environment names the stores, because their addresses may hold passwords:
// KERNIA_SCALEOUT_DATABASE is a PostgreSQL DSN or the path of a SQLite file,
// KERNIA_SCALEOUT_REDIS a Redis URL. It prints "listening http://127.0.0.1:PORT"
// and ends on SIGTERM or when its standard input closes.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/nethttp"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

func run() error {
	var c config
	flag.StringVar(&c.prefix, "prefix", "", "start of every key in Redis")
	flag.StringVar(&c.sessions, "sessions", "database", "where sessions live: database, redis or both")
	flag.StringVar(&c.limits, "limits", "database", "where requests are counted: database, redis (one script) or storage (compare-and-swap in Redis)")
	flag.IntVar(&c.signIns, "sign-ins", 3, "sign-ins that one address may try in an hour")
	flag.Parse()
	c.database, c.redis = os.Getenv("KERNIA_SCALEOUT_DATABASE"), os.Getenv("KERNIA_SCALEOUT_REDIS")

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // the parent process is gone when this ends
		stop()
	}()

	auth, closeStores, err := open(c)
	if err != nil {
		return err
	}
	defer closeStores()
	if err := auth.Migrate(ctx); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: nethttp.Handler(auth), ReadHeaderTimeout: 10 * time.Second}
	down := make(chan error, 1)
	go func() {
		<-ctx.Done()
		end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		down <- errors.Join(server.Shutdown(end), auth.Close(end))
	}()
	fmt.Println("listening http://" + listener.Addr().String())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-down
}

// mail prints a mail instead of sending it: "mail KIND ADDRESS TOKEN".
func mail(kind string) func(context.Context, core.Mail) error {
	return func(_ context.Context, m core.Mail) error {
		_, err := fmt.Printf("mail %s %s %s\n", kind, m.User.Email, m.Token)
		return err
	}
}
