package ratelimit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/ratelimit"
)

var minute = ratelimit.Rule{Window: time.Minute, Max: 1}

func take(t *testing.T, s ratelimit.Store, key string, r ratelimit.Rule, now time.Time) ratelimit.Decision {
	t.Helper()
	d, err := s.Take(t.Context(), key, r, now)
	if err != nil {
		t.Fatalf("Take(%q): %v", key, err)
	}
	return d
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_767_323_045_000)

	t.Run("RL-08 a million keys", func(t *testing.T) {
		t.Parallel()
		m := ratelimit.NewMemory(ratelimit.MemoryOptions{})
		for i := range 1_000_000 {
			take(t, m, fmt.Sprintf("2001:db8:%x::|/sign-in/email", i), minute, now)
		}
		if n := m.Len(); n > 100_000 || n < 90_000 {
			t.Errorf("%d counters held, want at most 100000 and not many fewer", n)
		}
	})
	for _, limit := range []int{1, 2, 255, 256, 257, 1000, 20_000} {
		t.Run(fmt.Sprintf("RL-08 at most %d", limit), func(t *testing.T) {
			t.Parallel()
			m := ratelimit.NewMemory(ratelimit.MemoryOptions{MaxKeys: limit})
			for i := range 2*limit + 10 {
				take(t, m, fmt.Sprint(i), minute, now)
				if n := m.Len(); i%97 == 0 && n > limit {
					t.Fatalf("%d counters held, want at most %d", n, limit)
				}
			}
			if n := m.Len(); n > limit || n == 0 {
				t.Errorf("%d counters held, want at most %d", n, limit)
			}
		})
	}
	t.Run("RL-08 idle counters go without a full store", func(t *testing.T) {
		t.Parallel()
		m := ratelimit.NewMemory(ratelimit.MemoryOptions{MaxKeys: 200})
		for i := range 100 {
			take(t, m, fmt.Sprint("old", i), minute, now)
		}
		for i := range 60 {
			take(t, m, fmt.Sprint("new", i), minute, now.Add(time.Minute))
		}
		if n := m.Len(); n != 60 {
			t.Errorf("%d counters held, want the 60 new ones", n)
		}
	})
}

func TestMemoryEviction(t *testing.T) {
	t.Parallel()
	start := time.UnixMilli(1_767_323_045_000)
	short := ratelimit.Rule{Window: time.Second, Max: 1}

	t.Run("RL-08 expired before oldest", func(t *testing.T) {
		t.Parallel()
		m := ratelimit.NewMemory(ratelimit.MemoryOptions{MaxKeys: 3})
		take(t, m, "oldest", minute, start)
		take(t, m, "expires", short, start.Add(time.Millisecond))
		take(t, m, "young", minute, start.Add(2*time.Millisecond))
		now := start.Add(2 * time.Second)
		take(t, m, "new", minute, now)
		for _, key := range []string{"oldest", "young", "new"} {
			if take(t, m, key, minute, now).Allowed {
				t.Errorf("%s was forgotten although another counter had expired", key)
			}
		}
	})
	t.Run("RL-08 oldest when none expired", func(t *testing.T) {
		t.Parallel()
		m := ratelimit.NewMemory(ratelimit.MemoryOptions{MaxKeys: 3})
		two := ratelimit.Rule{Window: time.Minute, Max: 2}
		take(t, m, "a", two, start)
		take(t, m, "b", minute, start.Add(1*time.Millisecond))
		take(t, m, "c", minute, start.Add(2*time.Millisecond))
		take(t, m, "a", two, start.Add(3*time.Millisecond)) // now b is the oldest
		now := start.Add(4 * time.Millisecond)
		take(t, m, "d", minute, now)
		for _, key := range []string{"a", "c", "d"} {
			if take(t, m, key, two, now).Allowed && key == "a" {
				t.Errorf("%s was forgotten", key)
			}
		}
		if !take(t, m, "b", minute, now).Allowed {
			t.Error("b is still counted, want it forgotten")
		}
	})
}

func BenchmarkMemory(b *testing.B) {
	m := ratelimit.NewMemory(ratelimit.MemoryOptions{})
	rule := ratelimit.Rule{Window: 10 * time.Second, Max: 1 << 30}
	keys := make([]string, 1024)
	for i := range keys {
		keys[i] = ratelimit.Key(fmt.Sprint("203.0.113.", i), "/sign-in/email")
	}
	now := time.UnixMilli(1_767_323_045_000)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			if _, err := m.Take(b.Context(), keys[i%len(keys)], rule, now); err != nil {
				b.Fatal(err)
			}
		}
	})
}
