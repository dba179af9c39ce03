package core_test

import (
	"context"
	"net/http"
	"net/netip"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
)

// sessionRequest is GET /get-session as a framework passes it.
func sessionRequest(c *authtest.Client) *core.Request {
	return &core.Request{
		Method: http.MethodGet, Path: "/api/auth/get-session", Scheme: "http", Host: "localhost:3000",
		Remote: netip.MustParseAddrPort("203.0.113.7:40000"),
		Header: http.Header{"Cookie": {c.CookieHeader()}, "User-Agent": {"bench"}, "Accept": {"application/json"}},
	}
}

func serveSession(tb testing.TB, a *core.Auth, req *core.Request) {
	var res core.Response
	a.Serve(context.Background(), req, &res)
	if res.Status != http.StatusOK || len(res.Body) < 100 {
		tb.Fatalf("%d %s", res.Status, res.Body)
	}
}

// cachedAllocations is the most that a cached get-session may allocate: the call,
// its cookies and the answer.
const cachedAllocations = 6

func TestGetSessionAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	e := open(t, withCache(core.CacheCompact))
	req := sessionRequest(join(t, e, ada))
	got := testing.AllocsPerRun(500, func() { serveSession(t, e.Auth, req) })
	if got > cachedAllocations {
		t.Errorf("a cached get-session makes %.0f allocations, at most %d are meant", got, cachedAllocations)
	}
	t.Logf("%.0f allocations", got)
}

func BenchmarkGetSessionCached(b *testing.B) {
	e := open(b, withCache(core.CacheCompact))
	req := sessionRequest(join(b, e, ada))
	b.ReportAllocs()
	for b.Loop() {
		serveSession(b, e.Auth, req)
	}
}

func BenchmarkGetSessionStored(b *testing.B) {
	e := open(b, nil)
	req := sessionRequest(join(b, e, ada))
	b.ReportAllocs()
	for b.Loop() {
		serveSession(b, e.Auth, req)
	}
}
