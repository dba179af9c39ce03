package nethttp_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/paritytest"
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

// statusWriter is what loggers put around a ResponseWriter.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
