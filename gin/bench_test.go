package kernia_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	kernia "github.com/advantch/kernia-go/gin"
)

// signedIn makes an Auth with the cookie cache on, and the Cookie header of a
// session in it.
func signedIn(t testing.TB, change func(*core.Options)) (a *core.Auth, cookies string) {
	t.Helper()
	env := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Session.CookieCache.Enabled = true
		if change != nil {
			change(o)
		}
	}, emailpassword.New(emailpassword.Options{}))
	c := env.Client()
	c.Post("/sign-up/email", map[string]string{
		"name": "Ada", "email": "ada@example.com", "password": "correct horse",
	}).Want(t, http.StatusOK, "")
	return env.Auth, c.CookieHeader()
}

// discard is a ResponseWriter that keeps its header map, as a server's pool would.
type discard struct {
	header http.Header
	status int
	bytes  int
}

func (w *discard) Header() http.Header         { return w.header }
func (w *discard) WriteHeader(status int)      { w.status = status }
func (w *discard) Write(p []byte) (int, error) { w.bytes += len(p); return len(p), nil }

// ask returns a function that sends one request to a handler in the process.
func ask(t testing.TB, h http.Handler, target, cookies string, status int) func() {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	if cookies != "" {
		r.Header.Set("Cookie", cookies)
	}
	w := &discard{header: http.Header{}}
	return func() {
		clear(w.header)
		h.ServeHTTP(w, r)
		if w.status != status {
			t.Fatalf("%s: status %d, want %d", target, w.status, status)
		}
	}
}

// The pairs below differ by Kernia alone.
const (
	size = 517 // bytes of a usual answer
)

func bare(path string) *gin.Engine {
	body := []byte(strings.Repeat("x", size))
	router := gin.New()
	router.GET(path, func(c *gin.Context) { c.Data(http.StatusOK, "application/json", body) })
	return router
}

func around(a *core.Auth, read bool) *gin.Engine {
	body := []byte(strings.Repeat("x", size))
	router := gin.New()
	router.Use(kernia.Gin(a))
	router.GET("/app", func(c *gin.Context) {
		if read {
			if _, ok := kernia.Session(c); !ok {
				c.Status(http.StatusUnauthorized)
				return
			}
		}
		c.Data(http.StatusOK, "application/json", body)
	})
	return router
}

func BenchmarkGetSession(b *testing.B) {
	a, cookies := signedIn(b, nil)
	b.Run("Bare", func(b *testing.B) {
		measure(b, ask(b, bare("/api/auth/get-session"), "/api/auth/get-session", cookies, http.StatusOK))
	})
	b.Run("Kernia", func(b *testing.B) {
		measure(b, ask(b, around(a, false), "/api/auth/get-session", cookies, http.StatusOK))
	})
}

func BenchmarkAppRoute(b *testing.B) {
	a, cookies := signedIn(b, nil)
	b.Run("Bare", func(b *testing.B) { measure(b, ask(b, bare("/app"), "/app", cookies, http.StatusOK)) })
	b.Run("Attached", func(b *testing.B) { measure(b, ask(b, around(a, false), "/app", cookies, http.StatusOK)) })
	b.Run("Read", func(b *testing.B) { measure(b, ask(b, around(a, true), "/app", cookies, http.StatusOK)) })
}

func measure(b *testing.B, f func()) {
	b.ReportAllocs()
	for b.Loop() {
		f()
	}
}
