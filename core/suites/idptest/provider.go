// Package idptest is an OAuth 2.0 provider for tests: it answers what the test tells it
// to, also what no honest provider would.
package idptest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// User is a person at the provider.
type User struct {
	ID            any // "" and other nonsense too
	Name, Email   string
	EmailVerified any // a boolean, or what a provider sends in its place
	Image         string
	Nonce         string // in the id_token, with OpenID
}

// Provider is a provider, with an HTTP server (New) or in the process (Local).
type Provider struct {
	ID  string
	URL string

	mux *http.ServeMux

	mu      sync.Mutex
	users   map[string]User // by code and by access token
	codes   map[string]bool
	count   int
	token   http.HandlerFunc
	info    http.HandlerFunc
	asked   []url.Values // of the token endpoint
	expires int
	sign    func(u User) string
}

// New starts a provider that ends with the test.
func New(t testing.TB, id string) *Provider {
	p := provider(id)
	server := httptest.NewServer(p.mux)
	p.URL = server.URL
	t.Cleanup(server.Close)
	return p
}

// Local is a provider without a server: give its Client to core.Options.HTTPClient.
func Local(id string) *Provider {
	p := provider(id)
	p.URL = "https://" + id + ".example"
	return p
}

func provider(id string) *Provider {
	p := &Provider{ID: id, users: map[string]User{}, codes: map[string]bool{}, expires: 3600}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", p.serveAuthorize)
	mux.HandleFunc("POST /token", p.serveToken)
	mux.HandleFunc("GET /userinfo", p.serveInfo)
	p.mux = mux
	return p
}

// Client is an HTTP client that reaches this provider alone, without a socket.
func (p *Provider) Client() *http.Client { return &http.Client{Transport: p} }

// RoundTrip answers a request in the process. When a handler panics, the request fails as
// if the server had hung up.
func (p *Provider) RoundTrip(r *http.Request) (res *http.Response, err error) {
	defer func() {
		if recover() != nil {
			res, err = nil, errors.New("idptest: the provider has hung up")
		}
	}()
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	p.mux.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, err // it was too slow
	}
	res = w.Result()
	res.Request = r
	return res, nil
}

// As adds to an authorization URL who the user is at the provider. The page then sends
// the browser back at once, with a code.
func As(authorizationURL string, u User) string {
	text, err := json.Marshal(u)
	if err != nil {
		return authorizationURL
	}
	return authorizationURL + "&as=" + url.QueryEscape(string(text))
}

// Visit opens a page of a provider as a browser does, and returns where the page sends it.
func Visit(t testing.TB, c *http.Client, address string) (location string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.Header.Get("Location")
}

// serveAuthorize is the page of the provider. Without As the user refuses.
func (p *Provider) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back := url.Values{"state": {q.Get("state")}}
	var u User
	if err := json.Unmarshal([]byte(q.Get("as")), &u); err == nil {
		back.Set("code", p.Code(u))
	} else {
		back.Set("error", "access_denied")
	}
	w.Header().Set("Location", q.Get("redirect_uri")+"?"+back.Encode())
	w.WriteHeader(http.StatusFound)
}

// Config describes the provider to the engine.
func (p *Provider) Config() oauth.Config {
	return oauth.Config{Config: oauth2.Config{
		ID: p.ID, ClientID: "client", ClientSecret: "secret-of-the-client", Scopes: []string{"email"},
		AuthorizeURL: p.URL + "/authorize", TokenURL: p.URL + "/token", Issuer: p.URL,
		Profile: func(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
			claims, err := oauth2.UserInfo(ctx, c, p.URL+"/userinfo", r.Tokens, nil)
			if err != nil {
				return nil, err
			}
			return &oauth2.Profile{
				ID: claims.ID("sub"), Name: claims.String("name"), Email: claims.String("email"), Image: claims.String("picture"),
				EmailVerified: claims.Bool("email_verified"), Raw: claims,
			}, nil
		},
	}}
}

// Code makes a code for a user, as the provider's page would.
func (p *Provider) Code(u User) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	code := fmt.Sprintf("%s-code-%d", p.ID, p.count)
	p.users[code], p.codes[code] = u, true
	return code
}

// Token replaces the token endpoint; nil gives the honest one back.
func (p *Provider) Token(h http.HandlerFunc) { p.set(func() { p.token = h }) }

// Info replaces the userinfo endpoint; nil gives the honest one back.
func (p *Provider) Info(h http.HandlerFunc) { p.set(func() { p.info = h }) }

// ExpiresIn sets how many seconds new access tokens live.
func (p *Provider) ExpiresIn(seconds int) { p.set(func() { p.expires = seconds }) }

func (p *Provider) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// Asked are the forms that the token endpoint got.
func (p *Provider) Asked() []url.Values {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]url.Values(nil), p.asked...)
}

func (p *Provider) serveToken(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		Write(w, 400, map[string]any{"error": "invalid_request", "error_description": err.Error()})
		return
	}
	p.mu.Lock()
	p.asked = append(p.asked, r.PostForm)
	answer := p.token
	p.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	key := r.PostForm.Get("code")
	if r.PostForm.Get("grant_type") == "refresh_token" {
		key = r.PostForm.Get("refresh_token")
	}
	u, known := p.users[key]
	if !known || !p.codes[key] {
		Write(w, 400, map[string]any{"error": "invalid_grant", "error_description": "the code is unknown or used up"})
		return
	}
	delete(p.codes, key) // codes and refresh tokens are good once
	p.count++
	n := strconv.Itoa(p.count)
	access, refresh := p.ID+"-access-"+n, p.ID+"-refresh-"+n
	p.users[access], p.users[refresh], p.codes[refresh] = u, u, true
	body := map[string]any{"access_token": access, "refresh_token": refresh, "token_type": "Bearer", "expires_in": p.expires, "scope": "email profile"}
	if p.sign != nil {
		body["id_token"] = p.sign(u)
	}
	Write(w, 200, body)
}

func (p *Provider) serveInfo(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	answer := p.info
	var u User
	known := false
	if h := r.Header.Get("Authorization"); len(h) > 7 {
		u, known = p.users[h[7:]]
	}
	p.mu.Unlock()
	switch {
	case answer != nil:
		answer(w, r)
	case !known:
		Write(w, 401, map[string]any{"error": "invalid_token"})
	default:
		Write(w, 200, map[string]any{"sub": u.ID, "name": u.Name, "email": u.Email, "email_verified": u.EmailVerified, "picture": u.Image})
	}
}

// Write answers with JSON.
func Write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
