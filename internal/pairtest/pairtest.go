// Package pairtest measures by pairs of servers, one with the measured code and one
// without, on the same machine at the same time. It measures the cost of plugins for
// requests that have nothing to do with them, and the cost of Kernia for a framework.
package pairtest

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// Plugins makes the plugins whose weight is measured, new ones for each Auth.
type Plugins func() []core.Plugin

// GetSession measures GET /get-session of a signed-in user, in the process, from
// the cookie cache and from a database, which it opens anew for each server; nil is
// rows in memory. It reports "times", the median over many pairs of how many times as
// long the server with the plugins takes.
func GetSession(b *testing.B, plugins Plugins, database func(tb testing.TB) adapter.Database) {
	for _, c := range []struct {
		name   string
		cached bool
	}{{"cached", true}, {"stored", false}} {
		b.Run(c.name, func(b *testing.B) {
			bare, full := open(b, c.cached, database, nil), open(b, c.cached, database, plugins())
			var ratios []float64
			for b.Loop() {
				var without, with time.Duration
				if len(ratios)%2 == 0 {
					without = bare.batch(b)
					with = full.batch(b)
				} else {
					with = full.batch(b)
					without = bare.batch(b)
				}
				ratios = append(ratios, float64(with)/float64(without))
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "times")
			b.ReportMetric(0, "ns/op") // of two batches, which means nothing
		})
	}
}

// Cached returns a function that asks a server with the plugins for a session,
// which is in the cookie cache.
func Cached(tb testing.TB, plugins Plugins) (ask func()) {
	s := open(tb, true, nil, plugins())
	return func() { s.ask(tb) }
}

// server is a server in the process, and a request to it.
type server struct {
	auth *core.Auth
	req  *core.Request
}

func open(tb testing.TB, cached bool, database func(testing.TB) adapter.Database, plugins []core.Plugin) *server {
	tb.Helper()
	e := authtest.New(tb, func(_ *authtest.Env, o *core.Options) {
		o.Session.CookieCache.Enabled = cached
		if database != nil {
			o.Database = database(tb)
		}
	}, append([]core.Plugin{emailpassword.New(emailpassword.Options{})}, plugins...)...)
	c := e.Client()
	c.Post("/sign-up/email", map[string]string{
		"name": "Ada", "email": "ada@example.com", "password": "correct horse",
	}).Want(tb, http.StatusOK, "")
	return newServer(e.Auth, c.CookieHeader())
}

func newServer(a *core.Auth, cookies string) *server {
	return &server{a, &core.Request{
		Method: http.MethodGet, Path: a.BasePath() + "/get-session", Scheme: "http", Host: "localhost:3000",
		Remote: netip.MustParseAddrPort("203.0.113.7:40000"),
		Header: http.Header{"Cookie": {cookies}, "User-Agent": {"bench"}, "Accept": {"application/json"}},
	}}
}

func (s *server) ask(tb testing.TB) {
	var res core.Response
	s.auth.Serve(context.Background(), s.req, &res)
	if res.Status != http.StatusOK || len(res.Body) < 100 {
		tb.Fatalf("%d %s", res.Status, res.Body)
	}
}

func (s *server) batch(tb testing.TB) time.Duration {
	const requests = 100
	began := time.Now()
	for range requests {
		s.ask(tb)
	}
	return time.Since(began)
}
