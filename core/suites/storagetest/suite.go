package storagetest

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/storage"
)

// checks are the promises of a storage, one test each.
var checks = []struct {
	name string
	run  func(*testing.T, *suite)
}{
	{"set and get", setAndGet},
	{"delete", deleteKeys},
	{"get and delete", getDel},
	{"RACE one of 50 takes a value", getDelRace},
	{"compare and swap", compareAndSwap},
	{"RACE 50 create one key", createRace},
	{"RACE 50 count exactly", countRace},
	{"expiry", expiry},
	{"expiry is replaced", expiryReplaced},
	{"compare and swap after expiry", swapExpired},
	{"INJ-09 keys are opaque", opaqueKeys},
	{"values are opaque", opaqueValues},
	{"cancelled context", cancelled},
}

// suite is one storage under test.
type suite struct {
	storage.Storage
	prefix    string // random, so that a shared server needs no clearing
	realClock bool
	clock     atomic.Int64 // Unix milliseconds
}

func newSuite(realClock bool) *suite {
	s := &suite{prefix: "storagetest:" + rand.Text() + ":", realClock: realClock}
	s.clock.Store(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).UnixMilli())
	return s
}

// now is the clock that the storage is opened with.
func (s *suite) now() time.Time {
	if s.realClock {
		return time.Now()
	}
	return time.UnixMilli(s.clock.Load()).UTC()
}

// advance moves the clock; on a real clock it waits.
func (s *suite) advance(d time.Duration) {
	if s.realClock {
		<-time.After(d)
		return
	}
	s.clock.Add(d.Milliseconds())
}

func (s *suite) key(name string) string { return s.prefix + name }

func (s *suite) set(t *testing.T, key, value string, ttl time.Duration) {
	t.Helper()
	if err := s.Set(t.Context(), key, value, ttl); err != nil {
		t.Fatalf("Set(%q): %v", key, err)
	}
}

func (s *suite) wantValue(t *testing.T, key, want string) {
	t.Helper()
	got, err := s.Get(t.Context(), key)
	if err != nil {
		t.Fatalf("Get(%q): %v", key, err)
	}
	if got != want {
		t.Fatalf("Get(%q) = %q, want %q", key, brief(got), brief(want))
	}
}

func (s *suite) wantAbsent(t *testing.T, key string) {
	t.Helper()
	if got, err := s.Get(t.Context(), key); !errors.Is(err, storage.ErrNotFound) {
		t.Fatalf("Get(%q) = %q, %v, want ErrNotFound", key, brief(got), err)
	}
}

func (s *suite) wantSwap(t *testing.T, key, old, value string, ttl time.Duration, want bool) {
	t.Helper()
	got, err := s.CompareAndSwap(t.Context(), key, old, value, ttl)
	if err != nil {
		t.Fatalf("CompareAndSwap(%q): %v", key, err)
	}
	if got != want {
		t.Fatalf("CompareAndSwap(%q, old %q) = %v, want %v", key, brief(old), got, want)
	}
}

func brief(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}

// together runs f in n goroutines that start at the same moment.
func together(t *testing.T, n int, f func(ctx context.Context) error) {
	t.Helper()
	start, done := make(chan struct{}), make(chan error, n)
	for range n {
		go func() {
			<-start
			done <- f(t.Context())
		}()
	}
	close(start)
	for range n {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
