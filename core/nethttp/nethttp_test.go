package nethttp_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/suites/paritytest"
)

func TestParity(t *testing.T) {
	t.Parallel()
	paritytest.Run(t, start)
}

// start serves an application on http.ServeMux inside of Middleware.
func start(t *testing.T, a *core.Auth, app paritytest.App) string {
	mux := http.NewServeMux()
	for _, r := range app.Routes {
		var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, int64(app.MaxBody)))
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			status, text := r.Handle(paritytest.Call{
				Session: func() (*core.SessionData, bool) { return nethttp.Session(req) },
				Body:    body,
			})
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
		})
		if r.RequireSession {
			h = nethttp.RequireSession(h)
		}
		if len(r.Guards) > 0 {
			h = nethttp.Require(r.Guards...)(h)
		}
		mux.Handle(r.Method+" "+r.Path, h)
	}
	return paritytest.Serve(t, app, outer(app, recovery(nethttp.Middleware(a)(inner(app, mux)))))
}

func inner(app paritytest.App, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		app.Inner(r.Method, r.URL.RequestURI())
		next.ServeHTTP(w, r)
	})
}

func outer(app paritytest.App, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answered := app.Outer(r.Method, r.URL.RequestURI())
		w.Header().Set(paritytest.Mark, "yes")
		logged := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(logged, r)
		answered(logged.status)
	})
}

func recovery(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if recover() != nil {
				http.Error(w, "Internal Server Error", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// statusWriter is a ResponseWriter's wrapper as loggers have it.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func TestHandlerBehindMux(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/api/auth/", nethttp.Handler(authtest.New(t, nil).Auth))
	for target, status := range map[string]int{
		"/api/auth/ok":     http.StatusOK,
		"/api/auth/ok/":    http.StatusNotFound,
		"/api/auth/":       http.StatusNotFound,
		"/api/authx/ok":    http.StatusNotFound,
		"/api/auth//ok":    http.StatusTemporaryRedirect, // the mux's own
		"/api/auth/../ok":  http.StatusTemporaryRedirect,
		"/api/auth/%2e/ok": http.StatusNotFound,
	} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
		if w.Code != status {
			t.Errorf("%s: %d, want %d", target, w.Code, status)
		}
	}
}

func TestHandlerOutsideOfBasePath(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	nethttp.Handler(authtest.New(t, nil).Auth).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/ok", nil))
	if w.Code != http.StatusNotFound || w.Header().Get("Cache-Control") == "no-store" {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
}

// RequireSession without the middleware before it is a mistake in the program: the
// answer is not 401, which would mean signed out, and the log names the missing line.
func TestSessionWithoutMiddleware(t *testing.T) { //nolint:paralleltest // slog has one default logger
	log := authtest.DefaultLog(t)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if s, ok := nethttp.Session(r); ok || s != nil {
		t.Error("there is a session without middleware")
	}
	w := httptest.NewRecorder()
	nethttp.RequireSession(http.NotFoundHandler()).ServeHTTP(w, r)
	if w.Code != http.StatusInternalServerError || !strings.Contains(log.String(), "nethttp.Middleware(auth)") {
		t.Errorf("RequireSession without middleware answered %d and logged %s", w.Code, log)
	}
}

// Middleware outside of Kernia, for example CORS, has set headers already.
func TestHeadersOfOuterMiddleware(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=3600")
	h.Set("Content-Type", "text/html")
	h.Add("Set-Cookie", "theirs=1")
	h.Set("Vary", "Origin")
	h.Set("Access-Control-Allow-Origin", "https://app.example.com")
	nethttp.Handler(authtest.New(t, nil).Auth).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/auth/ok", nil))
	for name, want := range map[string][]string{
		"Cache-Control":               {"no-store"},
		"Content-Type":                {"application/json"},
		"Set-Cookie":                  {"theirs=1"},
		"Vary":                        {"Origin"},
		"Access-Control-Allow-Origin": {"https://app.example.com"},
		"X-Content-Type-Options":      {"nosniff"},
	} {
		if got := w.Header().Values(name); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// Middleware that unpacks a body leaves the length of the packed one in place.
func TestBodyOfAnotherLength(t *testing.T) {
	t.Parallel()
	var got []byte
	env := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.MaxBody = 4096
		o.Before = func(c *core.Ctx) error {
			got = bytes.Clone(c.Req.Body)
			return nil
		}
	})
	for _, size := range []int{2, 100, 4096} {
		got = nil
		body := "{" + strings.Repeat(" ", size-2) + "}"
		r := httptest.NewRequest(http.MethodPost, "/api/auth/sign-out", strings.NewReader(body))
		r.ContentLength = 100
		w := httptest.NewRecorder()
		nethttp.Handler(env.Auth).ServeHTTP(w, r)
		if w.Code != http.StatusOK || string(got) != body {
			t.Errorf("%d bytes declared as 100: got %d %s with %d bytes", size, w.Code, w.Body, len(got))
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/api/auth/sign-out", strings.NewReader(strings.Repeat(" ", 4097)))
	r.ContentLength = 100
	w := httptest.NewRecorder()
	nethttp.Handler(env.Auth).ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a body beyond MaxBody, declared as 100: got %d %s", w.Code, w.Body)
	}
}

func TestSchemeIsThatOfTheConnection(t *testing.T) {
	t.Parallel()
	scheme := ""
	env := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Before = func(c *core.Ctx) error {
			scheme = c.Req.Scheme
			return nil
		}
	})
	for target, want := range map[string]string{"http://x.example/api/auth/ok": "http", "https://x.example/api/auth/ok": "https"} {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("X-Forwarded-Proto", "https")
		nethttp.Handler(env.Auth).ServeHTTP(httptest.NewRecorder(), r)
		if scheme != want {
			t.Errorf("%s: scheme %q, want %q", target, scheme, want)
		}
	}
}
