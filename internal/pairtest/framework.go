package pairtest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// AnswerSize is how many bytes the handlers of an application answer: as many as
// get-session usually has.
const AnswerSize = 517

// Ask makes a function that sends a server one GET request in the process, and
// fails when it is not answered with 200.
type Ask func(tb testing.TB, target, cookies string) func()

// Framework is a pair of servers of one framework that differ by Kernia alone.
type Framework struct {
	Bare func(path string) Ask // answers AnswerSize bytes at path
	// Around answers the same at /app, behind Kernia's middleware, and with read only
	// if there is a session.
	Around func(a *core.Auth, read bool) Ask
	// The allocations that Kernia may make for get-session from the cookie cache, for a
	// request of the application's, and for one whose handler reads the session.
	GetSession, Attached, Read int
}

const getSession = "/api/auth/get-session"

// BenchmarkGetSession measures get-session from the cookie cache: a bare handler of
// the framework, Kernia in the framework, and Kernia without one.
func (f Framework) BenchmarkGetSession(b *testing.B) {
	a, cookies := SignedIn(b, nil)
	b.Run("Bare", func(b *testing.B) { measure(b, f.Bare(getSession)(b, getSession, cookies)) })
	b.Run("Kernia", func(b *testing.B) { measure(b, f.Around(a, false)(b, getSession, cookies)) })
	alone := newServer(a, cookies)
	b.Run("Alone", func(b *testing.B) { measure(b, func() { alone.ask(b) }) })
}

// BenchmarkAppRoute measures a route of the application.
func (f Framework) BenchmarkAppRoute(b *testing.B) {
	a, cookies := SignedIn(b, nil)
	b.Run("Bare", func(b *testing.B) { measure(b, f.Bare("/app")(b, "/app", cookies)) })
	b.Run("Attached", func(b *testing.B) { measure(b, f.Around(a, false)(b, "/app", cookies)) })
	b.Run("Read", func(b *testing.B) { measure(b, f.Around(a, true)(b, "/app", cookies)) })
}

// TestAllocations counts the allocations of the benchmarks' requests, so that they do
// not grow unnoticed. It is of no use under the race detector, which makes sync.Pool
// drop items at random.
func (f Framework) TestAllocations(t *testing.T) {
	a, cookies := SignedIn(t, nil)
	for _, c := range []struct {
		what, target string
		read         bool
		most         int
	}{
		{"get-session from the cookie cache", getSession, false, f.GetSession},
		{"an attached session", "/app", false, f.Attached},
		{"a session that is read", "/app", true, f.Read},
	} {
		without := testing.AllocsPerRun(200, f.Bare(c.target)(t, c.target, cookies))
		if n := testing.AllocsPerRun(200, f.Around(a, c.read)(t, c.target, cookies)) - without; n > float64(c.most) {
			t.Errorf("%s: %v allocations above a bare handler, want at most %d", c.what, n, c.most)
		}
	}
}

// SignedIn makes an Auth with the cookie cache on, and the Cookie header of a
// session in it.
func SignedIn(tb testing.TB, change func(*core.Options)) (a *core.Auth, cookies string) {
	tb.Helper()
	e := authtest.New(tb, func(_ *authtest.Env, o *core.Options) {
		o.Session.CookieCache.Enabled = true
		if change != nil {
			change(o)
		}
	}, emailpassword.New(emailpassword.Options{}))
	c := e.Client()
	c.Post("/sign-up/email", map[string]string{
		"name": "Ada", "email": "ada@example.com", "password": "correct horse",
	}).Want(tb, http.StatusOK, "")
	return e.Auth, c.CookieHeader()
}

// Handler asks a handler of net/http. Only the status of an answer is kept.
func Handler(h http.Handler) Ask {
	return func(tb testing.TB, target, cookies string) func() {
		tb.Helper()
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("Cookie", cookies)
		w := &discard{header: http.Header{}}
		return func() {
			clear(w.header)
			h.ServeHTTP(w, r)
			if w.status != http.StatusOK {
				tb.Fatalf("%s: status %d, want 200", target, w.status)
			}
		}
	}
}

type discard struct {
	header http.Header
	status int
}

func (w *discard) Header() http.Header         { return w.header }
func (w *discard) WriteHeader(status int)      { w.status = status }
func (w *discard) Write(p []byte) (int, error) { return len(p), nil }

func measure(b *testing.B, f func()) {
	b.ReportAllocs()
	for b.Loop() {
		f()
	}
}
