package core_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/storage"
)

// probed is a database and a secondary storage that count what a check of readiness
// reads, and that fail or wait when told.
type probed struct {
	reads, gets atomic.Int64

	mu       sync.Mutex
	db, kv   error
	wait     <-chan struct{} // a read ends with it, whatever its context says
	panics   bool
	deadline bool   // the read's context had one
	during   func() // is called by a read
}

type probedDatabase struct {
	*probed
	adapter.Database
	adapter.Adapter
}

func (w *probedDatabase) Open(s *schema.Schema) (adapter.Adapter, error) {
	inner, err := w.Database.Open(s)
	w.Adapter = inner
	return w, err
}

type probedStorage struct {
	*probed
	storage.Storage
}

func (w *probed) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *probedDatabase) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	w.reads.Add(1)
	w.mu.Lock()
	err, wait, panics, during := w.db, w.wait, w.panics, w.during
	_, w.deadline = ctx.Deadline()
	w.mu.Unlock()
	if wait != nil {
		<-wait
	}
	if during != nil {
		during()
	}
	if panics {
		panic("secret text")
	}
	if err != nil {
		return nil, err
	}
	return w.Adapter.FindOne(ctx, q)
}

func (w *probedStorage) Get(ctx context.Context, key string) (string, error) {
	w.gets.Add(1)
	w.mu.Lock()
	err := w.kv
	w.mu.Unlock()
	if err != nil {
		return "", err
	}
	return w.Storage.Get(ctx, key)
}

func openWatched(t *testing.T) (*authtest.Env, *probed) {
	t.Helper()
	w := &probed{}
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Database, o.SecondaryStorage = &probedDatabase{probed: w, Database: o.Database}, &probedStorage{w, storage.NewMemory(o.Clock)}
	})
	return e, w
}

func TestCheckReady(t *testing.T) {
	t.Parallel()
	e, w := openWatched(t)
	check := func(part string) {
		t.Helper()
		err := e.Auth.CheckReady(t.Context())
		if part == "" {
			if err != nil {
				t.Errorf("not ready: %v", errors.Unwrap(err))
			}
			return
		}
		if !errors.Is(err, core.Fail(503, core.CodeNotReady)) || !strings.Contains(errors.Unwrap(err).Error(), part) {
			t.Errorf("%v: %v, want %s", err, errors.Unwrap(err), part)
		}
	}
	check("")
	if w.reads.Load() != 1 || w.gets.Load() != 1 || !w.deadline {
		t.Errorf("%d reads and %d gets, bounded: %v", w.reads.Load(), w.gets.Load(), w.deadline)
	}
	w.set(func() { w.db = errors.New("dial tcp 10.0.0.5:5432: refused") })
	check("") // it holds for a second
	e.Clock.Add(time.Second)
	for range 5 {
		check("database")
	}
	e.Clock.Add(time.Second)
	check("database")
	if n := strings.Count(e.Log.String(), "the server is not ready"); n != 1 {
		t.Errorf("an outage was logged %d times", n)
	}
	w.set(func() { w.db, w.kv = nil, errors.New("no route to redis.internal") })
	e.Clock.Add(time.Second)
	check("secondary storage")
	w.set(func() { w.kv = nil })
	e.Clock.Add(time.Second)
	check("")
	if !strings.Contains(e.Log.String(), "the server is ready again") {
		t.Error("its end was not logged")
	}
	w.set(func() { w.panics = true })
	e.Clock.Add(time.Second)
	check("panic")
	w.set(func() { w.panics = false })
	e.Clock.Add(-time.Hour) // a clock that was set back keeps no result for an hour
	check("")
}

// An outsider who asks all the time, and one who hangs up, cost one read.
func TestCheckReadyIsShared(t *testing.T) {
	t.Parallel()
	e, w := openWatched(t)
	release := make(chan struct{})
	w.set(func() { w.wait = release })
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := e.Auth.CheckReady(gone); err == nil {
		t.Error("a caller that has gone was told that the server is ready")
	}
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			if err := e.Auth.CheckReady(t.Context()); err != nil {
				t.Errorf("not ready: %v", errors.Unwrap(err))
			}
		})
	}
	close(release)
	group.Wait()
	if w.reads.Load() != 1 {
		t.Errorf("%d reads", w.reads.Load())
	}
}

func TestCheckReadyAfterDrain(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*core.Auth){
		"Drain": (*core.Auth).Drain,
		"Close": func(a *core.Auth) { _ = a.Close(context.Background()) },
	} {
		e, w := openWatched(t)
		if err := e.Auth.CheckReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		end(e.Auth)
		if err := e.Auth.CheckReady(t.Context()); !errors.Is(err, core.Fail(503, core.CodeNotReady)) {
			t.Errorf("after %s: %v", name, err)
		}
		if w.reads.Load() != 1 {
			t.Errorf("%s: the database was asked", name)
		}
		e.Client().Get("/ok").Want(t, 200, "") // it still serves
	}
}

// A check that was asked before the process was told to end does not say that it is ready.
func TestCheckReadyWhileItDrains(t *testing.T) {
	t.Parallel()
	e, w := openWatched(t)
	w.set(func() { w.during = e.Auth.Drain })
	if err := e.Auth.CheckReady(t.Context()); !errors.Is(err, core.Fail(503, core.CodeNotReady)) {
		t.Errorf("%v", err)
	}
}

// What a balancer, and so everybody, is told.
func TestReadyOverHTTP(t *testing.T) {
	t.Parallel()
	e, w := openWatched(t)
	mux := http.NewServeMux()
	mux.Handle("GET /ready", nethttp.Ready(e.Auth))
	mux.Handle("GET /guarded", nethttp.Require(e.Auth.CheckReady)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) })))
	h := nethttp.Middleware(e.Auth)(mux)
	ask := func(path string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		return rec
	}
	if got := ask("/ready"); got.Code != 200 || got.Body.String() != `{"ok":true}` || got.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s %v", got.Code, got.Body, got.Header())
	}
	if got := ask("/guarded"); got.Code != 204 {
		t.Errorf("guarded: %d %s", got.Code, got.Body)
	}
	const secretText = "dial tcp 10.0.0.5:5432: password authentication failed for kernia"
	w.set(func() { w.db = errors.New(secretText) })
	e.Clock.Add(time.Second)
	for range 10 {
		for _, path := range []string{"/ready", "/guarded"} {
			got := ask(path)
			if got.Code != 503 || got.Body.String() != `{"message":"The server is not ready","code":"NOT_READY"}` || got.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%s: %d %s %v", path, got.Code, got.Body, got.Header())
			}
		}
	}
	if n := strings.Count(e.Log.String(), secretText); n != 1 {
		t.Errorf("the operator was told %d times: %s", n, e.Log)
	}
	e.Client().Get("/ok").Want(t, 200, "") // alive
}

// Tables that are missing are no readiness.
func TestCheckReadyAsksTheTables(t *testing.T) {
	t.Parallel()
	e := authtest.NewEnv(t)
	o := e.Options()
	o.Database = &unmigrated{Database: o.Database}
	e.Reopen(o)
	if err := e.Auth.CheckReady(t.Context()); err == nil || !strings.Contains(errors.Unwrap(err).Error(), "no such table: user") {
		t.Errorf("%v", err)
	}
}

type unmigrated struct {
	adapter.Database
	adapter.Adapter
}

func (u *unmigrated) Open(s *schema.Schema) (adapter.Adapter, error) {
	inner, err := u.Database.Open(s)
	u.Adapter = inner
	return u, err
}

func (*unmigrated) FindOne(_ context.Context, q adapter.Find) (adapter.Record, error) {
	return nil, errors.New("no such table: " + q.Model)
}
