// Command frontend serves a page that has another port, as docs/frontend.md describes
// it, with the framework that -framework names (gin, echo, echov5, fiber, fiberv3 or chi). The sign-up
// and the session are Kernia's, /me is the application's. Users are in memory.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// A starter serves an application on a listener until ctx ends.
type starter func(ctx context.Context, l net.Listener, auth *core.Auth, wrongOrder bool) error

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	framework := flag.String("framework", "gin", "gin, echo, echov5, fiber, fiberv3 or chi")
	address := flag.String("address", "localhost:3000", "where to listen")
	base := flag.String("base", "", "the public address; default the address")
	page := flag.String("page", "http://localhost:5173", "the origin of the page")
	proxy := flag.String("proxy", "", "the address of a server that renders pages, whose X-Forwarded-For counts")
	wrongOrder := flag.Bool("wrong-order", false, "put Kernia before CORS, to see what the log says")
	flag.Parse()
	start, ok := map[string]starter{
		"gin": serveGin, "echo": serveEcho, "echov5": serveEcho5, "fiber": serveFiber, "fiberv3": serveFiber3, "chi": serveChi,
	}[*framework]
	if !ok {
		return fmt.Errorf("no framework %q", *framework)
	}

	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *address)
	if err != nil {
		return err
	}
	own := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	o := core.Options{
		BaseURL:  own,
		Secret:   rand.Text() + rand.Text(), // kept nowhere, as the users are
		Database: memory.New(),
		Plugins:  []core.Plugin{emailpassword.New(emailpassword.Options{})},
		Logger:   slog.New(slog.NewTextHandler(os.Stdout, nil)),
	}
	if *base == "" {
		o.TrustedOrigins = []string{*page}
	} else {
		o.BaseURL = *base
	}
	if *proxy != "" {
		address, err := netip.ParseAddr(*proxy)
		if err != nil {
			return err
		}
		o.IPAddress.TrustedProxies = []netip.Prefix{netip.PrefixFrom(address, address.BitLen())}
	}
	auth, err := core.New(o)
	if err != nil {
		return err
	}
	fmt.Println("listening on " + own)
	err = start(ctx, listener, auth, *wrongOrder)
	mails, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return errors.Join(err, auth.Close(mails))
}

// serve serves a net/http handler.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return server.Shutdown(end)
}
