package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider"
)

// company is a customer's identity provider, of which the application knows an address, a
// client and its secret.
type company struct {
	auth                     *core.Auth
	handler                  http.Handler
	issuer, clientID, secret string
	password                 string // of Ada, who works there
}

func newCompany(ctx context.Context, base, callback string) (*company, error) {
	provider := oauthprovider.New(oauthprovider.Options{Scopes: []string{"openid", "profile", "email", "offline_access"}})
	issuer := base + "/api/auth"
	auth, err := core.New(core.Options{
		BaseURL: base, Secret: rand.Text() + rand.Text(), Database: memory.New(),
		Plugins: []core.Plugin{
			emailpassword.New(emailpassword.Options{}),
			jwt.New(jwt.Options{Issuer: issuer, Algorithm: jwt.RS256}),
			provider,
		},
	})
	if err != nil {
		return nil, err
	}
	c := &company{auth: auth, issuer: issuer, password: rand.Text()}
	sign, ok := emailpassword.From(auth)
	if !ok {
		return nil, errors.New("the plugin email-password is not installed")
	}
	if _, err := sign.SignUp.Call(ctx, &emailpassword.SignUpInput{Name: "Ada Lovelace", Email: "ada@acme.example", Password: c.password}); err != nil {
		return nil, err
	}
	client, err := provider.AdminCreateClient.Call(ctx, &oauthprovider.AdminClientInput{
		Fields: oauthprovider.Fields{
			ClientName: new("Kernia enterprise"), RedirectURIs: []string{callback}, Scope: new("openid profile email offline_access"),
			GrantTypes: []string{"authorization_code"},
		},
		SkipConsent: new(true),
	})
	if err != nil {
		return nil, err
	}
	c.clientID, c.secret = client.ID(), client.Secret
	// The documents of discovery are at the root of the site, so all requests pass here.
	c.handler = nethttp.Middleware(auth)(http.NotFoundHandler())
	return c, nil
}

// zone answers for records that were published on the page, and asks the DNS for others.
type zone struct {
	mu      sync.Mutex
	records map[string][]string
}

func newZone() *zone { return &zone{records: map[string][]string{}} }

// publish keeps a record of the company's domain.
func (z *zone) publish(name, value string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if !strings.HasSuffix(name, ".acme.example") || value == "" || len(name)+len(value) > 1000 {
		return false
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.records[name] = []string{value}
	return true
}

// LookupTXT implements sso.Resolver.
func (z *zone) LookupTXT(ctx context.Context, name string) ([]string, error) {
	z.mu.Lock()
	found := z.records[strings.ToLower(strings.TrimSuffix(name, "."))]
	z.mu.Unlock()
	if found != nil {
		return found, nil
	}
	return net.DefaultResolver.LookupTXT(ctx, name)
}
