package ratelimit_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/storage"
)

var errDown = errors.New("storage is down")

// faulty is a storage whose single methods can be replaced.
type faulty struct {
	storage.Storage
	get func(key string) (string, error)
	cas func(key, old, value string) (bool, error)
}

func (f *faulty) Get(ctx context.Context, key string) (string, error) {
	if f.get != nil {
		return f.get(key)
	}
	return f.Storage.Get(ctx, key)
}

func (f *faulty) CompareAndSwap(ctx context.Context, key, old, value string, ttl time.Duration) (bool, error) {
	if f.cas != nil {
		return f.cas(key, old, value)
	}
	return f.Storage.CompareAndSwap(ctx, key, old, value, ttl)
}

func TestStorageValue(t *testing.T) {
	t.Parallel()
	c := newClock(time.UnixMilli(1_767_323_045_000))
	kv := storage.NewMemory(c.now)
	s := ratelimit.NewStorage(kv)
	key := ratelimit.Key("203.0.113.7", "/a&b<c>é")
	take(t, s, key, minute, c.now())
	got, err := kv.Get(t.Context(), key)
	if want := `{"key":"203.0.113.7|/a&b<c>é","count":1,"lastRequest":1767323045000}`; err != nil || got != want {
		t.Errorf("stored %s, %v, want %s", got, err, want)
	}
	c.advance(time.Minute - time.Millisecond)
	if _, err := kv.Get(t.Context(), key); err != nil {
		t.Errorf("within the window: %v", err)
	}
	c.advance(time.Millisecond)
	if _, err := kv.Get(t.Context(), key); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("after the window: %v, want ErrNotFound", err)
	}
}

func TestStorageReadsWhatIsThere(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_767_323_045_000)
	tests := []struct {
		name, value string
		want        ratelimit.Decision
	}{
		{"written by Better Auth", `{"key":"k","count":1,"lastRequest":1767323044000}`, ratelimit.Decision{RetryAfter: 59 * time.Second}},
		{"kept beyond its window", `{"key":"k","count":9,"lastRequest":1767322985000}`, ratelimit.Decision{Allowed: true}},
		{"no JSON", `garbage`, ratelimit.Decision{Allowed: true}},
		{"another shape", `[1,2]`, ratelimit.Decision{Allowed: true}},
		{"another type", `{"count":"many"}`, ratelimit.Decision{Allowed: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			kv := storage.NewMemory(func() time.Time { return now })
			if err := kv.Set(t.Context(), "k", tt.value, 0); err != nil {
				t.Fatal(err)
			}
			s := ratelimit.NewStorage(kv)
			if got := take(t, s, "k", minute, now); got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
			if take(t, s, "k", minute, now).Allowed {
				t.Error("the second request was admitted")
			}
		})
	}
}

func TestStorageFailure(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_767_323_045_000)
	open := func() *faulty { return &faulty{Storage: storage.NewMemory(func() time.Time { return now })} }

	t.Run("RL-10 read fails", func(t *testing.T) {
		t.Parallel()
		f := open()
		f.get = func(string) (string, error) { return "", errDown }
		d, err := ratelimit.NewStorage(f).Take(t.Context(), "k", minute, now)
		if !errors.Is(err, errDown) || d.Allowed {
			t.Errorf("%+v, %v, want the error and no admission", d, err)
		}
	})
	t.Run("RL-10 write fails", func(t *testing.T) {
		t.Parallel()
		f := open()
		f.cas = func(string, string, string) (bool, error) { return false, errDown }
		d, err := ratelimit.NewStorage(f).Take(t.Context(), "k", minute, now)
		if !errors.Is(err, errDown) || d.Allowed {
			t.Errorf("%+v, %v, want the error and no admission", d, err)
		}
	})
	t.Run("RL-10 endless contention", func(t *testing.T) {
		t.Parallel()
		f, calls := open(), 0
		f.cas = func(string, string, string) (bool, error) { calls++; return false, nil }
		d, err := ratelimit.NewStorage(f).Take(t.Context(), "k", minute, now)
		if !errors.Is(err, ratelimit.ErrContended) || d.Allowed || calls > 100 {
			t.Errorf("%+v, %v after %d attempts, want ErrContended", d, err, calls)
		}
	})
	t.Run("RL-07 another process writes in between", func(t *testing.T) {
		t.Parallel()
		f, calls := open(), 0
		f.cas = func(key, old, value string) (bool, error) {
			if calls++; calls == 1 {
				other := `{"key":"k","count":1,"lastRequest":1767323045000}`
				return false, f.Storage.Set(t.Context(), key, other, time.Minute)
			}
			return f.Storage.CompareAndSwap(t.Context(), key, old, value, time.Minute)
		}
		if take(t, ratelimit.NewStorage(f), "k", minute, now).Allowed {
			t.Error("admitted on a stale count")
		}
	})
}

func TestStorageWaitEndsWithContext(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_767_323_045_000)
	f := &faulty{Storage: storage.NewMemory(nil)}
	entered, release := make(chan struct{}), make(chan struct{})
	f.get = func(key string) (string, error) {
		if key == "slow" {
			close(entered)
			<-release
		}
		return "", storage.ErrNotFound
	}
	s := ratelimit.NewStorage(f)
	done := make(chan error)
	go func() {
		_, err := s.Take(t.Context(), "slow", minute, now)
		done <- err
	}()
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if d, err := s.Take(ctx, "slow", minute, now); !errors.Is(err, context.Canceled) || d.Allowed {
		t.Errorf("waiting for a turn: %+v, %v, want context.Canceled", d, err)
	}
	// Another key does not wait.
	if !take(t, s, "other", minute, now).Allowed {
		t.Error("another key was refused")
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
