// Package nethttp serves Kernia through net/http: a handler for the auth routes,
// a middleware that does both that and attaches sessions, and an extractor for an
// application's own handlers. The Gin and Echo modules are built on it.
package nethttp

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"

	"github.com/advantch/kernia-go/core"
)

// Handler serves the auth routes. Mount it where they live, without stripping
// anything from the path: mux.Handle("/api/auth/", nethttp.Handler(auth)).
func Handler(a *core.Auth) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !Serve(a, w, r) {
			http.NotFound(w, r)
		}
	})
}

// Middleware serves the auth routes and attaches a lazy session to every other
// request, which Session reads.
func Middleware(a *core.Auth) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !Serve(a, w, r) {
				next.ServeHTTP(w, Attach(a, w, r))
			}
		})
	}
}

// Session returns the session of a request that went through Middleware or Attach.
func Session(r *http.Request) (*core.SessionData, bool) { return core.SessionFrom(r.Context()) }

// RequireSession answers 401 {"message":"Unauthorized","code":"UNAUTHORIZED"} to
// requests without a session. It goes inside of Middleware.
func RequireSession(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := Session(r); !ok {
			Unauthorized(w)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Unauthorized writes the 401 answer of RequireSession.
func Unauthorized(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusUnauthorized)
	body := core.Fail(http.StatusUnauthorized, core.CodeUnauthorized).AppendJSON(nil)
	_, _ = w.Write(body)
}

// Serve answers a request to an auth route and reports whether it was one.
func Serve(a *core.Auth, w http.ResponseWriter, r *http.Request) bool {
	path := r.URL.EscapedPath()
	if !a.Handles(path) {
		return false
	}
	req := request(r, path)
	var res core.Response
	body, err := read(a, w, r)
	if err != nil {
		var tooLarge *http.MaxBytesError
		if !errors.As(err, &tooLarge) {
			return true // the client went away in the middle of its body
		}
		body, req.TooLarge = nil, true
	}
	req.Body = body
	a.Serve(r.Context(), &req, &res)
	write(w, &res)
	return true
}

// Attach returns the request with a lazy session. Cookies of a session that is
// refreshed while the handler runs are added to w.
func Attach(a *core.Auth, w http.ResponseWriter, r *http.Request) *http.Request {
	req := request(r, r.URL.EscapedPath())
	send := func(line string) { w.Header().Add("Set-Cookie", line) }
	return r.WithContext(a.Attach(r.Context(), req, send))
}

func request(r *http.Request, path string) core.Request {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	remote, _ := netip.ParseAddrPort(r.RemoteAddr)
	return core.Request{
		Method: r.Method, Path: path, RawQuery: r.URL.RawQuery, Scheme: scheme, Host: r.Host,
		Remote: remote, Header: r.Header,
	}
}

func read(a *core.Auth, w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return nil, nil
	}
	if r.ContentLength > a.MaxBody() {
		return nil, &http.MaxBytesError{Limit: a.MaxBody()}
	}
	body := http.MaxBytesReader(w, r.Body, a.MaxBody())
	if r.ContentLength > 0 {
		data := make([]byte, r.ContentLength)
		_, err := io.ReadFull(body, data)
		return data, err
	}
	return io.ReadAll(body)
}

func write(w http.ResponseWriter, res *core.Response) {
	h := w.Header()
	for _, f := range res.Header {
		if strings.EqualFold(f.Name, "Set-Cookie") {
			h.Add(f.Name, f.Value)
		} else {
			h[f.Name] = append(h[f.Name][:0:0], f.Value)
		}
	}
	w.WriteHeader(res.Status)
	// Also with an empty body: Gin would put a text of its own in its place.
	_, _ = w.Write(res.Body)
}

