// Command popup serves a page that signs in through a popup window, with the plugin
// oauth-popup and the client library of Better Auth 1.7, which the page loads from the
// internet. The provider is the demo provider of the quickstart: it runs here, and signs in
// everybody as anybody. Users are in memory.
package main

import (
	"context"
	"crypto/rand"
	_ "embed"
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
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/oauthpopup"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/examples/demoidp"
)

//go:embed page.html
var page []byte

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
	site, base, err := listen(ctx, port)
	if err != nil {
		return err
	}
	elsewhere, issuer, err := listen(ctx, "0")
	if err != nil {
		return err
	}
	provider := demoidp.New(issuer, base+"/api/auth/callback/"+demoidp.ID)

	auth, err := core.New(core.Options{
		BaseURL:  base,
		Secret:   rand.Text() + rand.Text(), // kept nowhere, as the users are
		Database: memory.New(),
		// An embedded page has no cookie: bearer takes the token that the popup hands over.
		Plugins: []core.Plugin{social.New(provider.Config()), oauthpopup.New(oauthpopup.Options{}), bearer.New(bearer.Options{})},
	})
	if err != nil {
		return err
	}

	mux := http.NewServeMux()
	mux.Handle("/api/auth/", nethttp.Handler(auth))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page)
	})

	ended := make(chan error, 2)
	servers := []*http.Server{serve(site, mux, ended), serve(elsewhere, provider, ended)}
	fmt.Println("listening on", base)
	select {
	case <-ctx.Done():
		stop() // a second signal ends the program at once
	case err = <-ended:
	}
	// First the requests that were accepted, then what they have left in the background.
	end, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, s := range servers {
		err = errors.Join(err, s.Shutdown(end))
	}
	return errors.Join(err, auth.Close(end))
}

// listen takes a port of this machine, and returns its origin.
func listen(ctx context.Context, port string) (net.Listener, string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("localhost", port))
	if err != nil {
		return nil, "", err
	}
	return l, fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port), nil
}

func serve(l net.Listener, h http.Handler, ended chan<- error) *http.Server {
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	go func() { ended <- s.Serve(l) }()
	return s
}
