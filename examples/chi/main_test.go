package main

import (
	"io"
	"net/http"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/suites/paritytest"
)

func TestRoutes(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, nil, emailpassword.New(emailpassword.Options{}))
	base := paritytest.Serve(t, paritytest.App{Addr: "127.0.0.1:0"}, routes(e.Auth))
	c := e.Client()
	c.Post("/sign-up/email", map[string]string{
		"name": "Ada", "email": "ada@example.com", "password": "correct horse",
	}).Want(t, http.StatusOK, "")
	for _, x := range []struct {
		path, cookies string
		status        int
		body          string
	}{
		{"/", "", 200, "Hello stranger.\n"},
		{"/", c.CookieHeader(), 200, "Hello Ada.\n"},
		{"/me", "", 401, `{"message":"Unauthorized","code":"UNAUTHORIZED"}`},
		{"/api/auth/ok", "", 200, `{"ok":true}`},
		{"/api/auth/unknown", "", 404, `{"message":"Not found","code":"NOT_FOUND"}`},
		{"/unknown", "", 404, "404 page not found\n"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+x.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if x.cookies != "" {
			req.Header.Set("Cookie", x.cookies)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != x.status || string(body) != x.body {
			t.Errorf("%s: %d %q, %v", x.path, res.StatusCode, body, err)
		}
	}
}

// TestParity has the whole suite of the translators behind chi.
func TestParity(t *testing.T) {
	t.Parallel()
	paritytest.Run(t, func(t *testing.T, a *core.Auth, app paritytest.App) string {
		r := chi.NewRouter()
		r.Use(outer(app), middleware.Recoverer, nethttp.Middleware(a), inner(app))
		for _, route := range app.Routes {
			var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, int64(app.MaxBody)))
				if err != nil {
					http.Error(w, err.Error(), http.StatusBadRequest)
					return
				}
				status, text := route.Handle(paritytest.Call{
					Session: func() (*core.SessionData, bool) { return nethttp.Session(req) },
					Body:    body,
				})
				w.Header().Set("Content-Type", "text/plain; charset=utf-8")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, text)
			})
			if route.RequireSession {
				h = nethttp.RequireSession(h)
			}
			if len(route.Guards) > 0 {
				h = nethttp.Require(route.Guards...)(h)
			}
			r.Method(route.Method, route.Path, h)
		}
		return paritytest.Serve(t, app, r)
	})
}

func inner(app paritytest.App) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			app.Inner(r.Method, r.URL.RequestURI())
			next.ServeHTTP(w, r)
		})
	}
}

func outer(app paritytest.App) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answered := app.Outer(r.Method, r.URL.RequestURI())
			w.Header().Set(paritytest.Mark, "yes")
			logged := middleware.NewWrapResponseWriter(w, r.ProtoMajor)
			next.ServeHTTP(logged, r)
			answered(logged.Status())
		})
	}
}
