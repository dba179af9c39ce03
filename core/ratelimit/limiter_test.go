package ratelimit_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/storage"
)

// step is one request of a recorded sequence: milliseconds since the one
// before, path, and seconds to wait, 0 when it was admitted.
type step struct {
	advance    time.Duration
	path       string
	retryAfter time.Duration
}

func (s *step) UnmarshalJSON(b []byte) error {
	var ms, seconds int64
	if err := json.Unmarshal(b, &[]any{&ms, &s.path, &seconds}); err != nil {
		return err
	}
	s.advance, s.retryAfter = time.Duration(ms)*time.Millisecond, time.Duration(seconds)*time.Second
	return nil
}

type sequence struct {
	Name   string
	IP     string
	Steps  []step
	Stored map[string]string
}

func readTestdata(t *testing.T, file string, into any) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

// TestSequences replays what Better Auth 1.6.11 answered, through the rules it
// was configured with.
func TestSequences(t *testing.T) {
	t.Parallel()
	var recorded struct {
		StartMS   int64
		Sequences []sequence
	}
	readTestdata(t, "limiter.json", &recorded)
	rules, err := ratelimit.NewResolver(ratelimit.ResolverOptions{
		Default: ratelimit.Rule{Window: 10 * time.Second, Max: 5},
		Custom: []ratelimit.Custom{
			{Pattern: "/custom/*", Rule: ratelimit.Rule{Window: 2500 * time.Millisecond, Max: 2}},
			{Pattern: "/free/**", Disabled: true},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range recorded.Sequences {
		t.Run(q.Name, func(t *testing.T) {
			t.Parallel()
			now := time.UnixMilli(recorded.StartMS)
			kv := storage.NewMemory(func() time.Time { return now })
			stores := map[string]ratelimit.Store{
				"memory":           ratelimit.NewMemory(ratelimit.MemoryOptions{}),
				"storage":          ratelimit.NewStorage(kv),
				"database":         ratelimit.NewDatabase(&table{}, nil),
				"database adapter": ratelimit.NewDatabase(openDatabase(t), newID),
			}
			for i, s := range q.Steps {
				now = now.Add(s.advance)
				rule, limited := rules.Resolve(t.Context(), s.path)
				if !limited {
					if s.retryAfter != 0 {
						t.Fatalf("step %d: %s is not limited", i, s.path)
					}
					continue
				}
				want := ratelimit.Decision{Allowed: s.retryAfter == 0, RetryAfter: s.retryAfter}
				for name, store := range stores {
					got, err := store.Take(t.Context(), ratelimit.Key(q.IP, s.path), rule, now)
					if err != nil || got != want {
						t.Fatalf("step %d, %s, %s: %+v, %v, want %+v", i, name, s.path, got, err, want)
					}
				}
			}
			for key, want := range q.Stored {
				got, err := kv.Get(t.Context(), key)
				if errors.Is(err, storage.ErrNotFound) && expired(t, want, now) {
					continue
				}
				if err != nil || got != want {
					t.Errorf("stored under %q: %s, %v, want %s", key, got, err, want)
				}
			}
		})
	}
}

// expired reports whether a recorded value is older than the shortest window.
func expired(t *testing.T, value string, now time.Time) bool {
	t.Helper()
	var e struct{ LastRequest int64 }
	if err := json.Unmarshal([]byte(value), &e); err != nil {
		t.Fatal(err)
	}
	return now.UnixMilli()-e.LastRequest >= 2500
}

// openDatabase opens a real adapter with the table that package core declares.
func openDatabase(t *testing.T) adapter.Adapter {
	t.Helper()
	s, err := schema.New(schema.IDString, []schema.Table{{Model: "rateLimit", Fields: []schema.Field{
		{Name: "key", Type: schema.String, Unique: true},
		{Name: "count", Type: schema.Number},
		{Name: "lastRequest", Type: schema.Number, BigInt: true},
	}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := memory.New().Open(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func newID() (string, error) { return rand.Text(), nil }

// stores opens each kind of Store, empty.
func stores(t *testing.T) map[string]func(now func() time.Time) ratelimit.Store {
	return map[string]func(func() time.Time) ratelimit.Store{
		"memory": func(func() time.Time) ratelimit.Store {
			return ratelimit.NewMemory(ratelimit.MemoryOptions{})
		},
		"storage": func(now func() time.Time) ratelimit.Store {
			return ratelimit.NewStorage(storage.NewMemory(now))
		},
		"database": func(func() time.Time) ratelimit.Store {
			return ratelimit.NewDatabase(&table{}, nil)
		},
		"database adapter": func(func() time.Time) ratelimit.Store {
			return ratelimit.NewDatabase(openDatabase(t), newID)
		},
	}
}

func TestParallelRequests(t *testing.T) {
	t.Parallel()
	start := time.UnixMilli(1_767_323_045_000)
	for name, open := range stores(t) {
		for _, limit := range []int{1, 3, 100, 5000} {
			t.Run(fmt.Sprintf("RL-07 1000 at once, %s, max %d", name, limit), func(t *testing.T) {
				t.Parallel()
				clock := newClock(start)
				store := open(clock.now)
				rule := ratelimit.Rule{Window: 10 * time.Second, Max: limit}
				// The first round creates the counter, the second resets it.
				for round := range 2 {
					if got, want := burst(t, store, rule, clock.now(), 1000), min(limit, 1000); got != want {
						t.Fatalf("round %d: %d admitted, want %d", round, got, want)
					}
					clock.advance(10 * time.Second)
				}
			})
		}
	}
}

func TestRuleValues(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_767_323_045_000)
	for name, open := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := open(func() time.Time { return now })
			for _, limit := range []int{0, -1} {
				d, err := store.Take(t.Context(), "k", ratelimit.Rule{Window: 1500 * time.Millisecond, Max: limit}, now)
				if err != nil || d != (ratelimit.Decision{RetryAfter: 2 * time.Second}) {
					t.Errorf("max %d: %+v, %v, want a refusal for 2s", limit, d, err)
				}
			}
			for _, window := range []time.Duration{0, -time.Second, time.Microsecond} {
				d, err := store.Take(t.Context(), "k", ratelimit.Rule{Window: window, Max: 1}, now)
				if !errors.Is(err, ratelimit.ErrRule) || d.Allowed {
					t.Errorf("window %s: %+v, %v, want ErrRule and no admission", window, d, err)
				}
			}
			// A rule that becomes stricter holds for what was already counted.
			for range 5 {
				if d, err := store.Take(t.Context(), "k", ratelimit.Rule{Window: time.Minute, Max: 5}, now); err != nil || !d.Allowed {
					t.Fatalf("%+v, %v", d, err)
				}
			}
			if d, err := store.Take(t.Context(), "k", ratelimit.Rule{Window: time.Minute, Max: 2}, now); err != nil || d.Allowed || d.RetryAfter != time.Minute {
				t.Errorf("after the limit was lowered: %+v, %v", d, err)
			}
		})
	}
}

// A counter in memory or in a storage ends with the window it was written
// under, as in Better Auth; a longer window later does not bring it back.
func TestLongerWindowLater(t *testing.T) {
	t.Parallel()
	for name, open := range stores(t) {
		if name != "memory" && name != "storage" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newClock(time.UnixMilli(1_767_323_045_000))
			store := open(c.now)
			take(t, store, "k", ratelimit.Rule{Window: time.Second, Max: 1}, c.now())
			c.advance(time.Second)
			if !take(t, store, "k", ratelimit.Rule{Window: time.Minute, Max: 1}, c.now()).Allowed {
				t.Error("refused for a request whose window had passed")
			}
		})
	}
}
