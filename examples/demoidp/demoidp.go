// Package demoidp is an OAuth 2.0 provider for trying sign-in with providers without an
// account anywhere, and without a network. It asks nobody for a password: people type who
// they want to be. Serve it to this machine only, and never in production.
//
// It has an authorization page, a token endpoint with PKCE and refresh tokens that are
// used once, and userinfo. It names itself in its answers (RFC 9207).
package demoidp

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html/template"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// ID is the provider's id at the application.
const ID = "demo"

const (
	clientID   = "quickstart"
	codeLife   = time.Minute
	accessLife = time.Hour
	maxForm    = 16 << 10 // bytes
	maxGrants  = 1000     // of pending codes and live tokens together
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// person is who somebody wants to be.
type person struct {
	name, email string
	verified    bool
}

// id is the same for one address, however it is written.
func (p person) id() string {
	sum := sha256.Sum256([]byte(strings.ToLower(p.email)))
	return hex.EncodeToString(sum[:8])
}

// grant is what a code or a token stands for.
type grant struct {
	kind      string // code, access or refresh
	who       person
	challenge string // of a code
	ends      time.Time
}

// Provider is the demo provider, an http.Handler. It is safe for concurrent use.
type Provider struct {
	issuer, redirectURI, secret string
	now                         func() time.Time
	mux                         *http.ServeMux

	mu     sync.Mutex
	grants map[string]grant
}

// New makes a provider that is served at an issuer, such as "http://localhost:4000", for
// one application whose callback is redirectURI.
func New(issuer, redirectURI string) *Provider {
	p := &Provider{issuer: issuer, redirectURI: redirectURI, secret: rand.Text(), now: time.Now, mux: http.NewServeMux(), grants: map[string]grant{}}
	p.mux.HandleFunc("GET /authorize", p.ask)
	p.mux.HandleFunc("POST /authorize", p.answer)
	p.mux.HandleFunc("POST /token", p.token)
	p.mux.HandleFunc("GET /userinfo", p.userInfo)
	return p
}

// ServeHTTP implements http.Handler.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	p.mux.ServeHTTP(w, r)
}

// Config describes the provider to the application.
func (p *Provider) Config() oauth.Config {
	return oauth.Config{RequireIssuer: true, Config: oauth2.Config{
		ID: ID, Name: "the demo provider", ClientID: clientID, ClientSecret: p.secret, Issuer: p.issuer, Scopes: []string{"profile", "email"},
		AuthorizeURL: p.issuer + "/authorize", TokenURL: p.issuer + "/token", LoginHintParam: "login_hint",
		Profile: func(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
			claims, err := oauth2.UserInfo(ctx, c, p.issuer+"/userinfo", r.Tokens, nil)
			if err != nil {
				return nil, err
			}
			return &oauth2.Profile{
				ID: claims.ID("sub"), Name: claims.String("name"), Email: claims.String("email"), EmailVerified: claims.Bool("email_verified"), Raw: claims,
			}, nil
		},
	}}
}

// request checks an authorization request. What is wrong with it is told on the page:
// the browser is sent to the application's own callback only.
func (p *Provider) request(w http.ResponseWriter, r *http.Request) (url.Values, bool) {
	q := r.URL.Query()
	wrong := ""
	switch {
	case q.Get("client_id") != clientID:
		wrong = "client_id is not known here"
	case q.Get("redirect_uri") != p.redirectURI:
		wrong = "redirect_uri is not that of the application"
	case q.Get("response_type") != "code":
		wrong = "response_type must be code"
	case q.Get("state") == "":
		wrong = "state is missing"
	case q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != base64.RawURLEncoding.EncodedLen(sha256.Size):
		wrong = "a code_challenge by S256 is missing"
	}
	if wrong != "" {
		http.Error(w, wrong, http.StatusBadRequest)
	}
	return q, wrong == ""
}

type form struct {
	Name, Email string
	Unverified  bool
	Wrong       string
}

func (p *Provider) ask(w http.ResponseWriter, r *http.Request) {
	if q, ok := p.request(w, r); ok {
		show(w, http.StatusOK, form{Email: q.Get("login_hint")})
	}
}

func show(w http.ResponseWriter, status int, f form) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(status)
	_ = page.Execute(w, f) // the browser has gone
}

// answer takes the form of the page.
func (p *Provider) answer(w http.ResponseWriter, r *http.Request) {
	q, ok := p.request(w, r)
	if !ok {
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form cannot be read", http.StatusBadRequest)
		return
	}
	back := url.Values{"state": {q.Get("state")}, "iss": {p.issuer}}
	if r.PostForm.Get("answer") == "no" {
		back.Set("error", "access_denied")
		back.Set("error_description", "You have cancelled the sign-in.")
		http.Redirect(w, r, p.redirectURI+"?"+back.Encode(), http.StatusSeeOther)
		return
	}
	who := person{name: strings.TrimSpace(r.PostForm.Get("name")), email: strings.TrimSpace(r.PostForm.Get("email")), verified: r.PostForm.Get("unverified") == ""}
	if a, err := mail.ParseAddress(who.email); err != nil || a.Address != who.email || who.name == "" {
		show(w, http.StatusUnprocessableEntity, form{who.name, who.email, !who.verified, "Please type a name and an e-mail address."})
		return
	}
	code, ok := p.grant(grant{kind: "code", who: who, challenge: q.Get("code_challenge"), ends: p.now().Add(codeLife)})
	if !ok {
		http.Error(w, "too many sign-ins are under way", http.StatusServiceUnavailable)
		return
	}
	back.Set("code", code)
	http.Redirect(w, r, p.redirectURI+"?"+back.Encode(), http.StatusSeeOther)
}

// grant keeps what a new code or token stands for.
func (p *Provider) grant(g grant) (name string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, g := range p.grants {
		if !g.ends.After(p.now()) {
			delete(p.grants, name)
		}
	}
	if len(p.grants) >= maxGrants {
		return "", false
	}
	name = g.kind + "-" + rand.Text()
	p.grants[name] = g
	return name, true
}

// use returns what a code or token stands for. Codes and refresh tokens end with it.
func (p *Provider) use(kind, name string) (grant, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	g, ok := p.grants[name]
	if !ok || g.kind != kind || !g.ends.After(p.now()) {
		return grant{}, false
	}
	if kind != "access" {
		delete(p.grants, name)
	}
	return g, true
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		write(w, http.StatusBadRequest, map[string]any{"error": "invalid_request"})
		return
	}
	f := r.PostForm
	if f.Get("client_id") != clientID || subtle.ConstantTimeCompare([]byte(f.Get("client_secret")), []byte(p.secret)) != 1 {
		write(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	var g grant
	ok := false
	switch f.Get("grant_type") {
	case "authorization_code":
		g, ok = p.use("code", f.Get("code"))
		sum := sha256.Sum256([]byte(f.Get("code_verifier")))
		ok = ok && f.Get("redirect_uri") == p.redirectURI && base64.RawURLEncoding.EncodeToString(sum[:]) == g.challenge
	case "refresh_token":
		g, ok = p.use("refresh", f.Get("refresh_token"))
	default:
		write(w, http.StatusBadRequest, map[string]any{"error": "unsupported_grant_type"})
		return
	}
	if !ok {
		write(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	access, first := p.grant(grant{kind: "access", who: g.who, ends: p.now().Add(accessLife)})
	refresh, second := p.grant(grant{kind: "refresh", who: g.who, ends: p.now().Add(24 * accessLife)})
	if !first || !second {
		write(w, http.StatusServiceUnavailable, map[string]any{"error": "temporarily_unavailable"})
		return
	}
	write(w, http.StatusOK, map[string]any{
		"access_token": access, "token_type": "Bearer", "expires_in": int(accessLife.Seconds()), "refresh_token": refresh, "scope": "profile email",
	})
}

func (p *Provider) userInfo(w http.ResponseWriter, r *http.Request) {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	g, ok := p.use("access", token)
	if !ok || !strings.EqualFold(kind, "Bearer") {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		write(w, http.StatusUnauthorized, map[string]any{"error": "invalid_token"})
		return
	}
	write(w, http.StatusOK, map[string]any{
		"sub": g.who.id(), "name": g.who.name, "email": g.who.email, "email_verified": g.who.verified,
	})
}

func write(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the application has gone
}
