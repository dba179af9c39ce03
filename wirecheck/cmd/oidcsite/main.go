// Command oidcsite is an application that signs in with one OpenID Connect provider,
// which it describes by hand. idp.mjs drives it.
//
// It prints "listening on http://localhost:PORT" and ends when its standard input
// closes. POST /advance?seconds=60 moves the clock of the cached keys.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/social"
)

func main() {
	port := flag.Int("port", 0, "port to listen on")
	provider := flag.String("provider", "", "URL of the provider")
	issuer := flag.String("issuer", "", "iss that id_tokens must have; default: that of -provider")
	client := flag.String("client", "", "client id")
	secret := flag.String("secret", "", "client secret")
	audience := flag.String("audience", "", "client id that id_tokens must be for; default: that of -client")
	flag.Parse()
	if *issuer == "" {
		*issuer = *provider
	}
	if *audience == "" {
		*audience = *client
	}
	if err := run(*port, *provider, *issuer, *client, *secret, *audience); err != nil {
		log.Fatal(err)
	}
}

func run(port int, provider, issuer, client, secret, audience string) error {
	var ahead atomic.Int64 // nanoseconds
	config, err := describe(provider, issuer, client, secret, audience, func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort("localhost", strconv.Itoa(port)))
	if err != nil {
		return err
	}
	baseURL := fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	auth, err := core.New(core.Options{
		BaseURL: baseURL, Secret: "of-this-test-only-0123456789-abcdefghijkl", Database: memory.New(),
		Plugins:   []core.Plugin{emailpassword.New(emailpassword.Options{}), social.New(config), sso.New(sso.Options{})},
		RateLimit: core.RateLimitOptions{Disabled: true},
		// Users register the provider for single sign-on, which runs on this machine.
		TrustedOrigins: []string{provider}, GuardedHTTP: outbound.Options{Allow: []string{"localhost", "127.0.0.0/8", "::1"}, AllowHTTP: true},
	})
	if err != nil {
		return err
	}
	if err := auth.Migrate(context.Background()); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", nethttp.Handler(auth))
	mux.HandleFunc("POST /advance", func(w http.ResponseWriter, r *http.Request) {
		seconds, err := strconv.Atoi(r.FormValue("seconds"))
		if err != nil {
			http.Error(w, "seconds must be a number", http.StatusBadRequest)
			return
		}
		ahead.Add(int64(seconds) * int64(time.Second))
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
	return auth.Close(context.Background())
}

// describe is the provider as its documentation describes it.
func describe(provider, issuer, client, secret, audience string, keyClock func() time.Time) (oauth.Config, error) {
	keys, err := idtoken.NewKeys(provider+"/jwks", idtoken.KeysOptions{Clock: keyClock})
	if err != nil {
		return oauth.Config{}, err
	}
	verifier, err := idtoken.New(idtoken.Options{Keys: keys, Issuers: []string{issuer}, Algorithms: []string{"ES256"}})
	if err != nil {
		return oauth.Config{}, err
	}
	// Codes are exchanged for the client, whoever the id_tokens have to be for.
	recipient, err := oauth2.New(oauth2.Config{ID: "panva", ClientID: audience, AuthorizeURL: provider + "/auth", TokenURL: provider + "/token"})
	if err != nil {
		return oauth.Config{}, err
	}
	return oauth.Config{RequireIssuer: true, Config: oauth2.Config{
		ID: "panva", ClientID: client, ClientSecret: secret, Auth: oauth2.AuthBasic, Issuer: provider,
		AuthorizeURL: provider + "/auth", TokenURL: provider + "/token",
		Scopes: []string{"openid", "email", "profile", "offline_access"}, Prompt: "consent",
		VerifyIDToken: func(ctx context.Context, c *http.Client, _ *oauth2.Provider, token, nonce string) (oauth2.Claims, error) {
			return verifier.Verify(ctx, c, recipient, token, nonce)
		},
		Profile: func(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
			code, _ := r.Callback.Get("code")
			accessToken := ""
			if r.Tokens != nil {
				accessToken = r.Tokens.AccessToken
			}
			if err := idtoken.CheckHashes(r.IDToken, accessToken, code); err != nil {
				return nil, err
			}
			claims, err := oauth2.UserInfo(ctx, c, provider+"/me", r.Tokens, nil)
			if err != nil {
				return nil, err
			}
			return &oauth2.Profile{
				ID: claims.ID("sub"), Name: claims.String("name"), Email: claims.String("email"), EmailVerified: claims.Bool("email_verified"), Raw: claims,
			}, nil
		},
	}}, nil
}
