// Package nethttp serves Kernia through net/http: a handler for the auth routes,
// a middleware that serves them and attaches sessions to other requests, and an
// extractor for an application's own handlers. The Gin and Echo modules are built
// on it.
package nethttp

import (
	"bytes"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"sync"

	"github.com/advantch/kernia-go/core"
)

// Handler serves the auth routes. Mount it where they live, without stripping
// anything from the path: mux.Handle("/api/auth/", nethttp.Handler(auth)). Behind
// http.ServeMux, the mux redirects paths with double slashes or dots before they
// come here. Middleware around the mux sees them first and answers 404.
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

// RequireSession answers 401 {"message":"Unauthorized","code":"UNAUTHORIZED"} to requests
// without a session. Use it inside of Middleware.
func RequireSession(next http.Handler) http.Handler { return Require(core.SessionGuard)(next) }

// Require lets a request through if all guards do, asked in order. Otherwise it sends the
// answer of the guard that refused. Use it inside of Middleware.
func Require(guards ...core.Guard) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if Allow(w, r, guards...) {
				next.ServeHTTP(w, r)
			}
		})
	}
}

// Ready answers 200 {"ok":true} when the database and the secondary storage answer, and
// 503 {"message":"The server is not ready","code":"NOT_READY"} otherwise. Mount it outside
// of the base path for a balancer: mux.Handle("GET /ready", nethttp.Ready(auth)). See
// core.Auth.CheckReady.
func Ready(a *core.Auth) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.CheckReady(r.Context()); err != nil {
			var e *core.Error
			errors.As(err, &e)
			fail(w, e)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "no-store")
		_, _ = w.Write([]byte(`{"ok":true}`))
	})
}

// Allow asks the guards and reports whether all let the request through.
// Otherwise it has sent the answer of the first that refused.
func Allow(w http.ResponseWriter, r *http.Request, guards ...core.Guard) bool {
	refusal := core.Check(r.Context(), guards...)
	if refusal != nil {
		fail(w, refusal)
	}
	return refusal == nil
}

func fail(w http.ResponseWriter, e *core.Error) { write(w, e.Response(), nil) }

// Serve answers a request to an auth route and reports whether it was one.
func Serve(a *core.Auth, w http.ResponseWriter, r *http.Request) bool {
	path := r.URL.EscapedPath()
	if !a.Handles(path) {
		return false
	}
	var x exchange
	x.req, x.res.Header = request(r, path), x.header[:0]
	req, res := &x.req, &x.res
	body, err := read(a, w, r)
	if err != nil {
		var tooLarge *http.MaxBytesError
		if !errors.As(err, &tooLarge) {
			// The client disconnected during its body, was too slow, or sent broken
			// chunks. The start of its next request is unknown.
			w.Header().Set("Connection", "close")
			fail(w, core.FailText(http.StatusBadRequest, "Request body could not be read"))
			return true
		}
		body, req.TooLarge = nil, true
	}
	req.Body = body
	room := bodies.Get().(*[]byte)
	res.Body = (*room)[:0]
	a.Serve(r.Context(), req, res)
	write(w, res, x.values[:0])
	if cap(res.Body) <= maxKept {
		*room = res.Body
		bodies.Put(room)
	}
	return true
}

// bodies holds the memory of answers for further answers. A writer must not keep what it
// was given (io.Writer), so it is free after write.
var bodies = sync.Pool{New: func() any { return new([]byte) }}

// maxKept is the largest body, in bytes, that is kept for further answers.
const maxKept = 16 << 10

// exchange holds the values of one call of Serve in one allocation.
type exchange struct {
	req    core.Request
	res    core.Response
	header [3]core.HeaderField // as many as get-session sets; more move elsewhere
	values [3]string           // of these
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

// trusted is the largest Content-Length, in bytes, that is allocated at once: a claim
// of a long body alone takes no memory.
const trusted = 16 << 10

func read(a *core.Auth, w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return nil, nil
	}
	if r.ContentLength > a.MaxBody() {
		return nil, &http.MaxBytesError{Limit: a.MaxBody()}
	}
	// Read to the end, whatever the declared length: middleware may have replaced the
	// body, for example by an unpacked one.
	var data bytes.Buffer
	if 0 < r.ContentLength && r.ContentLength <= trusted {
		data.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := data.ReadFrom(http.MaxBytesReader(w, r.Body, a.MaxBody()))
	return data.Bytes(), err
}

// write adds or replaces each line as core.Response.Adds says. values has room for some
// of the lines' values.
func write(w http.ResponseWriter, res *core.Response, values []string) {
	h := w.Header()
	values = slices.Grow(values, len(res.Header))[:len(res.Header)] // one array for all names
	for i, f := range res.Header {
		name := canonical(f.Name)
		if res.Adds(i) {
			h[name] = append(h[name], f.Value)
			continue
		}
		values[i] = f.Value
		h[name] = values[i : i+1 : i+1]
	}
	w.WriteHeader(res.Status)
	// An empty body is written too: Gin would send a text of its own instead.
	_, _ = w.Write(res.Body)
}

// canonical is http.CanonicalHeaderKey with a shortcut for the usual names.
func canonical(name string) string {
	switch name {
	case "Cache-Control", "Content-Type", "Set-Cookie", "X-Content-Type-Options":
		return name
	}
	return http.CanonicalHeaderKey(name)
}
