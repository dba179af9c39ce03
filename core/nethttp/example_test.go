package nethttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

func newAuth() *core.Auth {
	auth, err := core.New(core.Options{
		BaseURL:  "http://localhost:3000",
		Secret:   "an example's secret, at least 32 characters: 8f3b1c",
		Database: memory.New(),
		Plugins:  []core.Plugin{emailpassword.New(emailpassword.Options{})},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := auth.Migrate(context.Background()); err != nil {
		log.Fatal(err)
	}
	return auth
}

// Middleware around a mux serves the auth routes and gives all others a session.
func Example() {
	auth := newAuth()

	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, r *http.Request) {
		if s, ok := nethttp.Session(r); ok {
			_, _ = fmt.Fprintf(w, "Hello %s.", s.User.Name)
			return
		}
		_, _ = io.WriteString(w, "Who are you?")
	})
	mux.Handle("GET /me", nethttp.RequireSession(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, _ := nethttp.Session(r)
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]string{"email": s.User.Email})
	})))

	server := httptest.NewServer(nethttp.Middleware(auth)(mux))
	defer server.Close()

	browser := newBrowser(server)
	browser("GET", "/hello", "")
	browser("GET", "/me", "")
	browser("POST", "/api/auth/sign-up/email", `{"name":"Ada","email":"ada@example.com","password":"correct horse"}`)
	browser("GET", "/hello", "")
	browser("GET", "/me", "")
	browser("POST", "/api/auth/sign-out", "{}")
	browser("GET", "/hello", "")
	// Output:
	// GET /hello: 200 Who are you?
	// GET /me: 401 {"message":"Unauthorized","code":"UNAUTHORIZED"}
	// POST /api/auth/sign-up/email: 200
	// GET /hello: 200 Hello Ada.
	// GET /me: 200 {"email":"ada@example.com"}
	// POST /api/auth/sign-out: 200 {"success":true}
	// GET /hello: 200 Who are you?
}

// Handler is enough where the application's own routes need no session.
func ExampleHandler() {
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", nethttp.Handler(newAuth()))

	server := httptest.NewServer(mux)
	defer server.Close()

	browser := newBrowser(server)
	browser("GET", "/api/auth/ok", "")
	browser("GET", "/api/auth/unknown", "")
	browser("GET", "/elsewhere", "")
	// Output:
	// GET /api/auth/ok: 200 {"ok":true}
	// GET /api/auth/unknown: 404 {"message":"Not found","code":"NOT_FOUND"}
	// GET /elsewhere: 404 404 page not found
}

// Middleware has the form that chi, gorilla/mux and alike take with Use. Routers
// that run middleware only on routes they know need a route for everything below
// the base path as well.
func ExampleMiddleware_chi() {
	auth := newAuth()

	r := &router{mux: http.NewServeMux()}
	r.Use(nethttp.Middleware(auth))
	r.mux.Handle("/api/auth/", nethttp.Handler(auth))
	r.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_, signedIn := nethttp.Session(r)
		_, _ = fmt.Fprint(w, "signed in: ", signedIn)
	})

	server := httptest.NewServer(r)
	defer server.Close()

	browser := newBrowser(server)
	browser("GET", "/", "")
	browser("GET", "/api/auth/get-session", "")
	// Output:
	// GET /: 200 signed in: false
	// GET /api/auth/get-session: 200 null
}

// SessionFrom finds the session in code that knows no HTTP: it is in the request's
// context.
func ExampleAttach() {
	auth := newAuth()
	service := func(ctx context.Context) string {
		if s, ok := core.SessionFrom(ctx); ok {
			return s.User.Email
		}
		return "nobody"
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = nethttp.Attach(auth, w, r)
		_, _ = io.WriteString(w, service(r.Context()))
	}))
	defer server.Close()

	newBrowser(server)("GET", "/", "")
	// Output: GET /: 200 nobody
}

// router is the common part of routers with Use.
type router struct {
	mux        *http.ServeMux
	middleware []func(http.Handler) http.Handler
}

func (r *router) Use(m func(http.Handler) http.Handler) { r.middleware = append(r.middleware, m) }

func (r *router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var h http.Handler = r.mux
	for i := len(r.middleware) - 1; i >= 0; i-- {
		h = r.middleware[i](h)
	}
	h.ServeHTTP(w, req)
}

// newBrowser returns a client with cookies that prints what it gets; of answers to
// sign-up, whose ids are random, only the status.
func newBrowser(server *httptest.Server) func(method, path, body string) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		log.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	return func(method, path, body string) {
		req, err := http.NewRequestWithContext(context.Background(), method, server.URL+path, bytes.NewBufferString(body))
		if err != nil {
			log.Fatal(err)
		}
		req.Header.Set("Origin", "http://localhost:3000")
		if body != "" {
			req.Header.Set("Content-Type", "application/json")
		}
		res, err := client.Do(req)
		if err != nil {
			log.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			log.Fatal(err)
		}
		if strings.Contains(path, "/sign-up/") {
			text = nil
		}
		fmt.Println(strings.TrimSpace(fmt.Sprintf("%s %s: %d %s", method, path, res.StatusCode, text)))
	}
}
