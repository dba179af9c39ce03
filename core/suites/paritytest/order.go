package paritytest

import (
	"net/http"
	"testing"
	"time"
)

// orderScenarios check that the application's middleware is where it was put.
var orderScenarios = []scenario{
	{"outer middleware sees auth requests, inner does not", func(t *testing.T, p *parity) {
		p.pass(t, exchange{method: http.MethodGet, target: "/api/auth/ok?order"}, http.StatusOK, false)
		p.pass(t, exchange{method: http.MethodGet, target: "/api/auth/nowhere?order"}, http.StatusNotFound, false)
		p.pass(t, post("/api/auth/parity/panic?order", "{}"), http.StatusInternalServerError, false)
		p.pass(t, post("/api/auth/parity/strict?order", "{}"), http.StatusBadRequest, false)
	}},
	{"both see requests of the application", func(t *testing.T, p *parity) {
		p.pass(t, exchange{method: http.MethodGet, target: "/app/plain?order"}, http.StatusOK, true)
		p.pass(t, exchange{method: http.MethodGet, target: "/app/mine?order"}, http.StatusUnauthorized, true)
	}},
	{"the framework recovers from the application's panics", func(t *testing.T, p *parity) {
		p.pass(t, exchange{method: http.MethodGet, target: "/app/panic?order"}, http.StatusInternalServerError, true)
		p.pass(t, exchange{method: http.MethodGet, target: "/app/plain?after-panic"}, http.StatusOK, true)
	}},
}

// pass sends a request and compares what the middleware noticed.
func (p *parity) pass(t *testing.T, x exchange, status int, inside bool) {
	t.Helper()
	answered := p.visits.expect(x.method, x.target)
	got := p.mustSend(t, x)
	if got.status != status {
		t.Errorf("%s %s: status %d, want %d", x.method, x.target, got.status, status)
	}
	if mark := got.header.Values(Mark); len(mark) != 1 || mark[0] != "yes" {
		t.Errorf("%s %s: the outer middleware's header is %q", x.method, x.target, mark)
	}
	select {
	case seen := <-answered:
		if seen != status {
			t.Errorf("%s %s: the outer middleware saw status %d, want %d", x.method, x.target, seen, status)
		}
	case <-time.After(limit):
		t.Errorf("%s %s: the outer middleware was not called", x.method, x.target)
	}
	if n := p.visits.reached(x.method, x.target); (n == 1) != inside || n > 1 {
		t.Errorf("%s %s: the inner middleware was called %d times", x.method, x.target, n)
	}
}
