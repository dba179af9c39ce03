package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

//go:embed page.html
var pageText string

var page = template.Must(template.New("page").Parse(pageText))

// visitor is what the application keeps of a browser.
type visitor struct {
	state, verifier string // of a sign-in that has begun
	idToken         string
	Name, Email     string // of a user who is signed in
}

// application is somebody else's program: it has an OAuth library of its own, and the provider's
// address.
type application struct {
	origin, issuer string
	config         oauth2.Config
	mux            *http.ServeMux

	mu       sync.Mutex
	visitors map[string]*visitor
}

const (
	maxVisitors = 1000
	maxAnswer   = 64 << 10 // bytes
)

func newApplication(origin, issuer, clientID, secret string) *application {
	a := &application{
		origin: origin, issuer: issuer, mux: http.NewServeMux(), visitors: map[string]*visitor{},
		config: oauth2.Config{
			ClientID: clientID, ClientSecret: secret, RedirectURL: origin + "/callback", Scopes: []string{"openid", "profile", "email"},
			Endpoint: oauth2.Endpoint{AuthURL: issuer + "/oauth2/authorize", TokenURL: issuer + "/oauth2/token", AuthStyle: oauth2.AuthStyleInHeader},
		},
	}
	a.mux.HandleFunc("GET /{$}", a.show)
	a.mux.HandleFunc("POST /sign-in", a.signIn)
	a.mux.HandleFunc("GET /callback", a.callback)
	a.mux.HandleFunc("POST /sign-out", a.signOut)
	return a
}

// ServeHTTP serves the application.
func (a *application) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	http.NewCrossOriginProtection().Handler(a.mux).ServeHTTP(w, r)
}

// visitor is that of the request, or a new one.
func (a *application) visitor(w http.ResponseWriter, r *http.Request) *visitor {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c, err := r.Cookie("visitor"); err == nil && a.visitors[c.Value] != nil {
		return a.visitors[c.Value]
	}
	for id := range a.visitors { // forgets any, when there are too many
		if len(a.visitors) < maxVisitors {
			break
		}
		delete(a.visitors, id)
	}
	id, v := rand.Text(), &visitor{}
	a.visitors[id] = v
	http.SetCookie(w, &http.Cookie{Name: "visitor", Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}) //nolint:gosec // on this machine, without https
	return v
}

func (a *application) show(w http.ResponseWriter, r *http.Request) {
	v := a.visitor(w, r)
	a.mu.Lock()
	shown := *v
	a.mu.Unlock()
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, shown)
}

// signIn sends the browser to the provider.
func (a *application) signIn(w http.ResponseWriter, r *http.Request) {
	v := a.visitor(w, r)
	a.mu.Lock()
	v.state, v.verifier = rand.Text(), oauth2.GenerateVerifier()
	to := a.config.AuthCodeURL(v.state, oauth2.S256ChallengeOption(v.verifier))
	a.mu.Unlock()
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// callback takes the answer of the provider.
func (a *application) callback(w http.ResponseWriter, r *http.Request) {
	v := a.visitor(w, r)
	a.mu.Lock()
	state, verifier := v.state, v.verifier
	v.state, v.verifier = "", "" // an answer counts once
	a.mu.Unlock()
	q := r.URL.Query()
	if state == "" || q.Get("state") != state || q.Get("iss") != a.issuer {
		http.Error(w, "this answer belongs to no sign-in of yours", http.StatusBadRequest)
		return
	}
	if q.Get("error") != "" {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	token, err := a.config.Exchange(r.Context(), q.Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		http.Error(w, "the provider gives no token", http.StatusBadGateway)
		return
	}
	user, err := a.userInfo(r.Context(), token)
	if err != nil {
		http.Error(w, "the provider does not say who you are", http.StatusBadGateway)
		return
	}
	a.mu.Lock()
	v.Name, v.Email = user.Name, user.Email
	v.idToken, _ = token.Extra("id_token").(string)
	a.mu.Unlock()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *application) userInfo(ctx context.Context, token *oauth2.Token) (user struct{ Name, Email string }, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.issuer+"/oauth2/userinfo", nil)
	if err != nil {
		return user, err
	}
	answer, err := a.config.Client(ctx, token).Do(req)
	if err != nil {
		return user, err
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return user, errors.New(answer.Status)
	}
	return user, json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(&user)
}

// signOut forgets the user, and sends the browser to the provider, which does the same.
func (a *application) signOut(w http.ResponseWriter, r *http.Request) {
	v := a.visitor(w, r)
	a.mu.Lock()
	hint := v.idToken
	*v = visitor{}
	a.mu.Unlock()
	q := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {a.origin + "/"}}
	http.Redirect(w, r, a.issuer+"/oauth2/end-session?"+q.Encode(), http.StatusSeeOther)
}
