// Command enterprise is a Gin server whose customers connect their own companies: an owner of
// an organization sets single sign-on up (OpenID Connect or SAML), proves the company's domain,
// and connects a directory (SCIM), on one page.
//
// Beside it runs a company's identity provider, so that everything can be tried on one machine:
// the page shows what to fill in. Records of the DNS are real ones, unless they were published
// on the page, which stands for the company's DNS here.
//
// Environment: PORT (default 3000) of the application, IDP_PORT (default 3001) of the company's
// identity provider. Both are served to this machine only, and everything is in memory.
package main

import (
	"context"
	"crypto/rand"
	"embed"
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
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/scim"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/social"
	kernia "github.com/advantch/kernia-go/gin"
	"github.com/advantch/kernia-go/saml"
)

//go:embed page.html page.css page.js
var page embed.FS

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
	there, company, err := listen(ctx, "127.0.0.1", os.Getenv("IDP_PORT"), "3001")
	if err != nil {
		return err
	}
	idp, err := newCompany(ctx, company, base+"/api/auth/sso/callback")
	if err != nil {
		return err
	}
	zone := newZone()
	auth, err := newApplication(base, company, zone)
	if err != nil {
		return err
	}

	ended := make(chan error, 2)
	servers := []*http.Server{serve(here, routes(auth, idp, zone), ended), serve(there, idp.handler, ended)}
	fmt.Printf("listening on %s; the company's identity provider is %s, where ada@acme.example signs in with %s\n", base, company, idp.password)
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
	return errors.Join(err, auth.Close(end), idp.auth.Close(end))
}

// newApplication makes the server of the application.
func newApplication(base, company string, zone *zone) (*core.Auth, error) {
	return core.New(core.Options{
		AppName: "Kernia enterprise", BaseURL: base,
		Secret: rand.Text() + rand.Text(), Database: memory.New(), // kept nowhere, as the users are
		// The company's identity provider has a private address here. Elsewhere leave its origin
		// and HTTPClient out, and set AnyPublicIssuer.
		TrustedOrigins: []string{company},
		Plugins: []core.Plugin{
			emailpassword.New(emailpassword.Options{}),
			organization.New(organization.Options{}),
			social.New(), // accounts at providers, which sso adds to
			sso.New(sso.Options{
				SAML:        saml.New(saml.Options{}),
				Domains:     sso.DomainVerification{Enabled: true, Resolver: zone},
				RedirectURI: "/sso/callback",
				HTTPClient:  &http.Client{Timeout: 10 * time.Second},
			}),
			scim.New(scim.Options{Groups: &scim.Groups{Teams: false}}),
		},
	})
}

// routes are those of the application.
func routes(auth *core.Auth, idp *company, zone *zone) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(gin.Recovery(), kernia.Gin(auth))
	for path, file := range map[string]string{"/": "page.html", "/page.css": "page.css", "/page.js": "page.js"} {
		router.GET(path, func(c *gin.Context) {
			c.Header("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
			c.FileFromFS(file, http.FS(page))
		})
	}
	// What the page fills in for the company beside this server.
	router.GET("/demo", func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"issuer": idp.issuer, "clientId": idp.clientID, "clientSecret": idp.secret, "domain": "acme.example"})
	})
	// A session is asked for, as everywhere: the record is the caller's own to publish.
	router.POST("/demo/dns", kernia.RequireSession(), func(c *gin.Context) {
		var record struct{ Name, Value string }
		if err := c.ShouldBindJSON(&record); err != nil || !zone.publish(record.Name, record.Value) {
			c.JSON(http.StatusBadRequest, gin.H{"code": "BAD_RECORD", "message": "name and value of a record of acme.example are needed"})
			return
		}
		c.Status(http.StatusNoContent)
	})
	return router
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
