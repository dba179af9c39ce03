// Package nethttp serves Kernia through net/http: a handler for the auth routes,
// a middleware that does both that and attaches sessions, and an extractor for an
// application's own handlers. The Gin and Echo modules are built on it.
package nethttp

import (
	"bytes"
	"errors"
	"net/http"
	"net/netip"

	"github.com/advantch/kernia-go/core"
)

// Handler serves the auth routes. Mount it where they live, without stripping
// anything from the path: mux.Handle("/api/auth/", nethttp.Handler(auth)). Behind
// http.ServeMux, paths with double slashes or dots are redirected by the mux before
// they come here; around it, Middleware sees them first and answers 404.
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
func RequireSession(next http.Handler) http.Handler { return Require(core.SessionGuard)(next) }

// Require lets requests through that all guards let through, asked in order, and
// answers the others in their place. It goes inside of Middleware.
func Require(guards ...core.Guard) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if Allow(w, r, guards...) {
				next.ServeHTTP(w, r)
			}
		})
	}
}

// Allow asks guards and reports whether all let the request through. Otherwise it
// has answered with the refusal of the first that does not.
func Allow(w http.ResponseWriter, r *http.Request, guards ...core.Guard) bool {
	refusal := core.Check(r.Context(), guards...)
	if refusal != nil {
		fail(w, refusal)
	}
	return refusal == nil
}

func fail(w http.ResponseWriter, e *core.Error) { write(w, e.Response()) }

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
			// The client went away in the middle of its body, was too slow, or broke off
			// its chunks. Where the next request begins is unknown.
			w.Header().Set("Connection", "close")
			fail(w, core.FailText(http.StatusBadRequest, "Request body could not be read"))
			return true
		}
		body, req.TooLarge = nil, true
	}
	req.Body = body
	a.Serve(r.Context(), req, res)
	write(w, res)
	return true
}

// exchange is what one call of Serve needs, in one piece of memory.
type exchange struct {
	req    core.Request
	res    core.Response
	header [3]core.HeaderField // as many as get-session sets; more move elsewhere
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

// trusted is the largest Content-Length, in bytes, that is allocated at once: who
// only claims a long body gets no memory for it.
const trusted = 16 << 10

func read(a *core.Auth, w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return nil, nil
	}
	if r.ContentLength > a.MaxBody() {
		return nil, &http.MaxBytesError{Limit: a.MaxBody()}
	}
	// Read to the end whatever length was declared: middleware may have put another
	// body in its place, for one that it unpacked.
	var data bytes.Buffer
	if 0 < r.ContentLength && r.ContentLength <= trusted {
		data.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := data.ReadFrom(http.MaxBytesReader(w, r.Body, a.MaxBody()))
	return data.Bytes(), err
}

// write gives each line the place that core.Response.Adds says.
func write(w http.ResponseWriter, res *core.Response) {
	h := w.Header()
	values := make([]string, len(res.Header)) // one array for all names
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
	// Also with an empty body: Gin would put a text of its own in its place.
	_, _ = w.Write(res.Body)
}

// canonical is http.CanonicalHeaderKey, without the work for the names that most
// answers have.
func canonical(name string) string {
	switch name {
	case "Cache-Control", "Content-Type", "Set-Cookie", "X-Content-Type-Options":
		return name
	}
	return http.CanonicalHeaderKey(name)
}
