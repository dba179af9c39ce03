package paritytest

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/storage"
)

// fragile is a storage that can be taken away.
type fragile struct {
	storage.Storage
	down atomic.Bool
}

func (f *fragile) Get(ctx context.Context, key string) (string, error) {
	if f.down.Load() {
		return "", errors.New("the storage cannot be reached")
	}
	return f.Storage.Get(ctx, key)
}

// outageScenarios check that nobody is told to sign in again because the store of
// sessions cannot be reached.
var outageScenarios = []scenario{{"an outage is not a sign-out", func(t *testing.T, p *parity) {
	ask := func(target, session string, status int, body, retry string) {
		t.Helper()
		got := p.mustSend(t, exchange{method: http.MethodGet, target: target, header: p.withSession(nil, session)})
		if got.status != status || got.body != body || got.header.Get("Retry-After") != retry {
			t.Errorf("%s: got %d %s, Retry-After %q", target, got.status, got.body, got.header.Get("Retry-After"))
		}
	}
	const (
		unavailable  = `{"message":"The session could not be read. Please try again.","code":"SESSION_UNAVAILABLE"}`
		unauthorized = `{"message":"Unauthorized","code":"UNAUTHORIZED"}`
	)
	ask("/app/mine", "token", http.StatusOK, email, "")
	ask("/app/ready", "", http.StatusOK, "ready", "")
	p.down(true)
	p.clock.Add(time.Second)
	ask("/app/ready", "", http.StatusServiceUnavailable, `{"message":"The server is not ready","code":"NOT_READY"}`, "")
	for _, target := range []string{"/app/mine", "/app/guarded", "/app/asks-itself"} {
		ask(target, "token", http.StatusServiceUnavailable, unavailable, "5")
		ask(target, "", http.StatusUnauthorized, unauthorized, "")
	}
	ask("/app/mine", "cached", http.StatusOK, email, "") // needs no store
	ask("/app/who", "token", http.StatusOK, "nobody", "")
	p.down(false)
	p.clock.Add(time.Second)
	ask("/app/ready", "", http.StatusOK, "ready", "")
	ask("/app/mine", "token", http.StatusOK, email, "")
}}}

// askItself is a guard that uses core.SessionFrom alone, as guards of applications may.
func askItself(ctx context.Context) error {
	if _, ok := core.SessionFrom(ctx); !ok {
		return core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
	}
	return nil
}
