package kernia_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	kernia "github.com/advantch/kernia-go/echo"
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
const size = 517 // bytes of a usual answer

func bare(path string) *echo.Echo {
	body := []byte(strings.Repeat("x", size))
	e := echo.New()
	e.GET(path, func(c echo.Context) error { return c.Blob(http.StatusOK, "application/json", body) })
	return e
}

func around(a *core.Auth, read bool) *echo.Echo {
	body := []byte(strings.Repeat("x", size))
	e := echo.New()
	e.Use(kernia.Echo(a))
	e.GET("/app", func(c echo.Context) error {
		if read {
			if _, ok := kernia.Session(c); !ok {
				return echo.ErrUnauthorized
			}
		}
		return c.Blob(http.StatusOK, "application/json", body)
	})
	return e
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

// The ceilings keep the paths of every request from growing unnoticed; they are
// what the benchmarks measure, above a handler without Kernia.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	a, cookies := signedIn(t, nil)
	above := func(h http.Handler, target string) float64 {
		without := testing.AllocsPerRun(200, ask(t, bare(target), target, cookies, http.StatusOK))
		return testing.AllocsPerRun(200, ask(t, h, target, cookies, http.StatusOK)) - without
	}
	if n := above(around(a, false), "/api/auth/get-session"); n > 12 {
		t.Errorf("get-session from the cookie cache: %v allocations above a bare handler, want at most 12", n)
	}
	if n := above(around(a, false), "/app"); n > 8 {
		t.Errorf("an attached session: %v allocations above a bare handler, want at most 8", n)
	}
}
