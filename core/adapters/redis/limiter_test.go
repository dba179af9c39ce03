package redis_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapters/redis"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/storage"
)

var minute = ratelimit.Rule{Window: time.Minute, Max: 1}

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

// TestSequences replays what Better Auth 1.6.11 answered: with the limiter, and
// with the limiter and ratelimit.NewStorage in turn on the same counters.
func TestSequences(t *testing.T) {
	t.Parallel()
	var recorded struct {
		StartMS   int64
		Sequences []struct {
			Name, IP string
			Steps    []step
			Stored   map[string]string
		}
	}
	data, err := os.ReadFile("testdata/limiter.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &recorded); err != nil {
		t.Fatal(err)
	}
	if len(recorded.Sequences) == 0 {
		t.Fatal("no sequences")
	}
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
	onServers(t, func(t *testing.T, srv *testServer) {
		for _, mixed := range []bool{false, true} {
			for _, q := range recorded.Sequences {
				name := q.Name
				if mixed {
					name += ", mixed"
				}
				t.Run(name, func(t *testing.T) {
					o := srv.opts()
					o.Prefix += name + ":"
					kv := redis.New(srv.client(t), o)
					stores := []ratelimit.Store{redis.NewLimiter(srv.client(t), o)}
					if mixed {
						stores = append(stores, ratelimit.NewStorage(kv))
					}
					now := newClock()
					now.now = time.UnixMilli(recorded.StartMS)
					for i, s := range q.Steps {
						now.advance(srv, s.advance)
						rule, limited := rules.Resolve(t.Context(), s.path)
						if !limited {
							continue
						}
						want := ratelimit.Decision{Allowed: s.retryAfter == 0, RetryAfter: s.retryAfter}
						if got := take(t, stores[i%len(stores)], ratelimit.Key(q.IP, s.path), rule, now.Now()); got != want {
							t.Fatalf("step %d, %s: %+v, want %+v", i, s.path, got, want)
						}
					}
					for key, want := range q.Stored {
						got, err := kv.Get(t.Context(), key)
						if srv.mini != nil && errors.Is(err, storage.ErrNotFound) && expired(t, want, now.Now()) {
							continue
						}
						if err != nil || got != want {
							t.Errorf("stored under %q: %s, %v, want %s", key, got, err, want)
						}
					}
				})
			}
		}
	})
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

// Two clients stand for two processes.
func TestParallelRequests(t *testing.T) {
	t.Parallel()
	many := 1000
	if testing.Short() {
		many = 200 // under the race detector, more would wait too long for a connection
	}
	onServers(t, func(t *testing.T, srv *testServer) {
		now := newClock()
		for _, limit := range []int{1, 100, 5000} {
			t.Run(fmt.Sprintf("RL-07 1000 at once, max %d", limit), func(t *testing.T) {
				processes := []ratelimit.Store{redis.NewLimiter(srv.client(t), srv.opts()), redis.NewLimiter(srv.client(t), srv.opts())}
				rule := ratelimit.Rule{Window: 10 * time.Second, Max: limit}
				key := fmt.Sprint(limit)
				for round := range 2 { // the first creates the counter, the second resets it
					if got, want := burst(t, processes, key, rule, now.Now(), many), min(limit, many); got != want {
						t.Fatalf("round %d: %d admitted, want %d", round, got, want)
					}
					now.advance(srv, 10*time.Second)
				}
			})
		}
		t.Run("RL-07 1000 at once, mixed with CompareAndSwap", func(t *testing.T) {
			processes := []ratelimit.Store{
				redis.NewLimiter(srv.client(t), srv.opts()), ratelimit.NewStorage(redis.New(srv.client(t), srv.opts())),
			}
			// The storage gives up on a counter that others keep changing, so the
			// limit is low enough to be reached while it tries.
			if got := burst(t, processes, "mixed", ratelimit.Rule{Window: 10 * time.Second, Max: 20}, now.Now(), many); got != 20 {
				t.Errorf("%d admitted, want 20", got)
			}
		})
	})
}

// burst sends n requests at once, to the processes in turn, and returns how many
// were admitted.
func burst(t *testing.T, processes []ratelimit.Store, key string, rule ratelimit.Rule, now time.Time, n int) int {
	t.Helper()
	start := make(chan struct{})
	var wg sync.WaitGroup
	var admitted atomic.Int64
	for i := range n {
		wg.Go(func() {
			<-start
			d, err := processes[i%len(processes)].Take(t.Context(), key, rule, now)
			switch {
			case err != nil:
				t.Error(err)
			case d.Allowed:
				admitted.Add(1)
			case d.RetryAfter <= 0:
				t.Error("refused without RetryAfter")
			}
		})
	}
	close(start)
	wg.Wait()
	return int(admitted.Load())
}

// TestSameAsStorage compares the limiter with ratelimit.NewStorage on what may
// be stored under a key.
func TestSameAsStorage(t *testing.T) {
	t.Parallel()
	now := newClock().Now()
	values := []string{
		`{"key":"k","count":1,"lastRequest":1767323044000}`,
		`{"lastRequest":1767323044000,"count":2,"key":"k","more":[1]}`,
		`{"key":"k","count":9,"lastRequest":1767322985000}`, // exactly one window ago
		`{"key":"k","count":9,"lastRequest":1767322985001}`,
		`{"key":"k","count":9,"lastRequest":1767323046000}`, // a clock that is ahead
		`{"key":"k","count":0,"lastRequest":1767323045000}`,
		`{"key":"k","count":-5,"lastRequest":1767323045000}`,
		`{"key":"k","count":1.5,"lastRequest":1767323045000}`,
		`{"key":"k","count":1,"lastRequest":1767323045000.5}`,
		`{"key":"k","count":1e400,"lastRequest":1767323045000}`,
		`{"key":"k","count":99999999999999999999,"lastRequest":1767323045000}`,
		`{"key":"k","count":4503599627370496,"lastRequest":1767323045000}`,
		`{"key":5,"count":9,"lastRequest":1767323045000}`,
		`{"key":null,"count":9,"lastRequest":1767323045000}`,
		`{"count":9,"lastRequest":1767323045000}`,
		`{"count":9}`, `{"lastRequest":1767323045000}`, `{"count":null,"lastRequest":1767323045000}`,
		`{"count":"9","lastRequest":1767323045000}`, `{"count":9,"lastRequest":"1767323045000"}`,
		`{"count":true,"lastRequest":1767323045000}`, `{"count":[9],"lastRequest":1767323045000}`,
		`{}`, `[]`, `[1,2]`, `null`, `true`, `5`, `"text"`, `garbage`, ` `, `{"count":9,"lastRequest":1767323045000`,
	}
	onServers(t, func(t *testing.T, srv *testServer) {
		kv := redis.New(srv.client(t), srv.opts())
		stores := []ratelimit.Store{redis.NewLimiter(srv.client(t), srv.opts()), ratelimit.NewStorage(kv)}
		for _, value := range values {
			for _, limit := range []int{1, 3, 10} {
				var decisions [2]ratelimit.Decision
				var stored [2]string
				for i, s := range stores {
					if err := kv.Set(t.Context(), "k", value, time.Hour); err != nil {
						t.Fatal(err)
					}
					decisions[i] = take(t, s, "k", ratelimit.Rule{Window: time.Minute, Max: limit}, now)
					var err error
					if stored[i], err = kv.Get(t.Context(), "k"); err != nil {
						t.Fatal(err)
					}
				}
				if decisions[0] != decisions[1] || stored[0] != stored[1] {
					t.Errorf("%s, max %d:\nlimiter %+v, %s\nstorage %+v, %s", value, limit, decisions[0], stored[0], decisions[1], stored[1])
				}
			}
		}
		for _, key := range []string{"203.0.113.7|/a&b<c>é", "q\"\\\n\x00\u2028\xff", ""} {
			var stored [2]string
			for i, s := range stores {
				if err := kv.Delete(t.Context(), key); err != nil {
					t.Fatal(err)
				}
				take(t, s, key, minute, now)
				var err error
				if stored[i], err = kv.Get(t.Context(), key); err != nil {
					t.Fatal(err)
				}
			}
			if stored[0] != stored[1] {
				t.Errorf("key %q:\nlimiter %s\nstorage %s", key, stored[0], stored[1])
			}
		}
	})
}

func TestLimiterRules(t *testing.T) {
	t.Parallel()
	srv := mini(t)
	sent := &commands{}
	l, now := redis.NewLimiter(srv.client(t, sent), srv.opts()), newClock().Now()
	for _, limit := range []int{0, -1} {
		if d := take(t, l, "k", ratelimit.Rule{Window: 1500 * time.Millisecond, Max: limit}, now); d != (ratelimit.Decision{RetryAfter: 2 * time.Second}) {
			t.Errorf("max %d: %+v, want a refusal for 2s", limit, d)
		}
	}
	for _, window := range []time.Duration{0, -time.Second, time.Microsecond} {
		d, err := l.Take(t.Context(), "k", ratelimit.Rule{Window: window, Max: 1}, now)
		if !errors.Is(err, ratelimit.ErrRule) || d.Allowed {
			t.Errorf("window %s: %+v, %v, want ErrRule and no admission", window, d, err)
		}
	}
	sent.want(t, "rules that admit nothing")

	rule := ratelimit.Rule{Window: 1500 * time.Millisecond, Max: 2}
	take(t, l, "k", rule, now)
	sent.want(t, "the first call", "evalsha", "eval")
	for range 3 {
		take(t, l, "k", rule, now)
	}
	sent.want(t, "further calls, admitted and refused", "evalsha", "evalsha", "evalsha")
	if got := srv.mini.TTL(srv.prefix + "k"); got != rule.Window {
		t.Errorf("the counter expires in %s, want %s", got, rule.Window)
	}
	// A counter ends with the window it was written under.
	srv.mini.FastForward(rule.Window)
	if !take(t, l, "k", ratelimit.Rule{Window: time.Hour, Max: 1}, now.Add(rule.Window)).Allowed {
		t.Error("refused for requests whose window had passed")
	}
}

// A counter of the far future, damaged or written before the clock went back, is over.
func TestLimiterFarFuture(t *testing.T) {
	t.Parallel()
	onServers(t, func(t *testing.T, srv *testServer) {
		kv := redis.New(srv.client(t), srv.opts())
		if err := kv.Set(t.Context(), "k", `{"key":"k","count":9,"lastRequest":9000000000000000000}`, time.Hour); err != nil {
			t.Fatal(err)
		}
		d := take(t, redis.NewLimiter(srv.client(t), srv.opts()), "k", minute, newClock().Now())
		if !d.Allowed {
			t.Errorf("%+v", d)
		}
	})
}
