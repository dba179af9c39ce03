// Command oauthop is an OpenID provider with every option of the plugin oauth-provider that
// clients of other people know. foreign.mjs drives them against it.
//
// It prints "listening on http://localhost:PORT" and ends when its standard input closes.
// POST /test/administer?client_id=… lets a client log users out, which only an administrator does.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return err
	}
	baseURL := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	provider := oauthprovider.New(oauthprovider.Options{
		Scopes: []string{"openid", "profile", "email", "offline_access", "read", "write"}, ValidAudiences: []string{"https://api.example.com"},
		AllowDynamicClientRegistration: true, AllowUnauthenticatedClientRegistration: true, PairwiseSecret: "pairwise-of-this-test-only-0123456789",
		PrivateKeyJWT: true, DPoP: true, BackChannelLogout: true,
		ClientPrivileges: func(context.Context, string, *core.SessionData) (bool, error) { return true, nil },
	})
	auth, err := core.New(core.Options{
		BaseURL: baseURL, Secret: "of-this-test-only-0123456789-abcdefghijkl", Database: memory.New(),
		Plugins:   []core.Plugin{emailpassword.New(emailpassword.Options{}), jwt.New(jwt.Options{Issuer: baseURL + "/api/auth", Further: []jwt.Algorithm{jwt.RS256}}), provider},
		RateLimit: core.RateLimitOptions{Disabled: true},
	})
	if err != nil {
		return err
	}
	if err := auth.Migrate(context.Background()); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", nethttp.Handler(auth))
	mux.HandleFunc("POST /test/administer", func(w http.ResponseWriter, r *http.Request) {
		change := oauthprovider.AdminUpdate{EnableEndSession: new(true)}
		_, err := provider.AdminUpdateClient.Call(r.Context(), &oauthprovider.AdminUpdateInput{ClientID: r.FormValue("client_id"), Update: change})
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	fmt.Println("listening on " + baseURL)
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
