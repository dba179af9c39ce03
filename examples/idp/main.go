// Command idp is an identity provider: a Gin server with the plugin oauth-provider, whose pages
// ask for the password, for a second factor where a user has one, and for consent. Beside it
// runs an application that signs its users in there, which knows no more of it than its address:
// open the application, and follow the button.
//
// Environment: PORT (default 3000) of the provider, and CLIENT_PORT (default 3001) of the
// application. Users and clients are in memory; Ada is there to begin with, and the program
// prints her password.
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

	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	kernia "github.com/advantch/kernia-go/gin"
)

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	// Cookies belong to a host and not to a port, so the two have different hosts.
	here, base, err := listen(ctx, "localhost", os.Getenv("PORT"), "3000")
	if err != nil {
		return err
	}
	there, app, err := listen(ctx, "127.0.0.1", os.Getenv("CLIENT_PORT"), "3001")
	if err != nil {
		return err
	}
	auth, provider, err := newProvider(base)
	if err != nil {
		return err
	}
	password := rand.Text()
	if err := addUser(ctx, auth, password); err != nil {
		return err
	}
	client, err := register(ctx, provider, app)
	if err != nil {
		return err
	}

	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	// The documents of discovery are at the root of the site, so all requests pass here.
	router.Use(gin.Recovery(), kernia.Gin(auth))

	ended := make(chan error, 2)
	servers := []*http.Server{serve(here, router, ended), serve(there, newApplication(app, base+"/api/auth", client.ID(), client.Secret), ended)}
	fmt.Printf("sign in at %s as ada@example.com with %s\n", app, password)
	fmt.Println("listening on", base)
	select {
	case <-ctx.Done():
		stop() // a second signal ends the program at once
	case err = <-ended:
	}
	end, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, s := range servers {
		err = errors.Join(err, s.Shutdown(end))
	}
	return errors.Join(err, auth.Close(end))
}

// newProvider makes the server at a base URL.
func newProvider(base string) (*core.Auth, *oauthprovider.Plugin, error) {
	provider := oauthprovider.New(oauthprovider.Options{
		Scopes: []string{"openid", "profile", "email", "offline_access"},
		// An application may tell the user to come back after signing out, bind its tokens to a
		// key, and authenticate with one.
		BackChannelLogout: true, DPoP: true, PrivateKeyJWT: true,
	})
	auth, err := core.New(core.Options{
		BaseURL: base, Secret: rand.Text() + rand.Text(), Database: memory.New(), // kept nowhere, as the users are
		Plugins: []core.Plugin{
			emailpassword.New(emailpassword.Options{}),
			twofactor.New(twofactor.Options{}),
			// Some applications know RS256 alone.
			jwt.New(jwt.Options{Issuer: base + "/api/auth", Further: []jwt.Algorithm{jwt.RS256}}),
			provider,
		},
		RateLimit: core.RateLimitOptions{Disabled: os.Getenv("KERNIA_NO_RATE_LIMIT") == "1"}, // for tests
	})
	return auth, provider, err
}

// addUser makes Ada.
func addUser(ctx context.Context, auth *core.Auth, password string) error {
	sign, ok := emailpassword.From(auth)
	if !ok {
		return errors.New("the plugin email-password is not installed")
	}
	_, err := sign.SignUp.Call(ctx, &emailpassword.SignUpInput{Name: "Ada Lovelace", Email: "ada@example.com", Password: password})
	return err
}

// register makes a client, as an administrator does.
func register(ctx context.Context, provider *oauthprovider.Plugin, app string) (*oauthprovider.Client, error) {
	return provider.AdminCreateClient.Call(ctx, &oauthprovider.AdminClientInput{
		Fields: oauthprovider.Fields{
			ClientName: new("Notes"), RedirectURIs: []string{app + "/callback"}, PostLogoutURIs: []string{app + "/"},
			Scope: new("openid profile email"), GrantTypes: []string{"authorization_code"},
		},
		EnableEndSession: new(true),
	})
}

// listen takes a port of this machine, and returns its origin.
func listen(ctx context.Context, host, port, standard string) (net.Listener, string, error) {
	if port == "" {
		port = standard
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, "", err
	}
	return l, fmt.Sprintf("http://%s:%d", host, l.Addr().(*net.TCPAddr).Port), nil
}

func serve(l net.Listener, h http.Handler, ended chan<- error) *http.Server {
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute,
	}
	go func() { ended <- s.Serve(l) }()
	return s
}
