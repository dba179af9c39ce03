package storagetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/storage"
)

const racers = 50

func getDelRace(t *testing.T, s *suite) {
	k := s.key("token")
	s.set(t, k, "secret", time.Hour)
	var won atomic.Int64
	together(t, racers, func(ctx context.Context) error {
		v, err := s.GetDel(ctx, k)
		switch {
		case errors.Is(err, storage.ErrNotFound):
			return nil
		case err != nil:
			return err
		case v != "secret":
			return fmt.Errorf("GetDel = %q", v)
		}
		won.Add(1)
		return nil
	})
	if won.Load() != 1 {
		t.Errorf("%d callers got the value, want 1", won.Load())
	}
}

func compareAndSwap(t *testing.T, s *suite) {
	k := s.key("a")
	s.wantSwap(t, k, "one", "two", 0, false) // absent, but a value is expected
	s.wantAbsent(t, k)
	s.wantSwap(t, k, "", "one", 0, true) // absent as expected
	s.wantValue(t, k, "one")
	s.wantSwap(t, k, "", "two", 0, false) // present, but expected absent
	s.wantValue(t, k, "one")
	s.wantSwap(t, k, "stale", "two", 0, false)
	s.wantSwap(t, k, "on", "two", 0, false)
	s.wantSwap(t, k, "ONE", "two", 0, false)
	s.wantValue(t, k, "one")
	s.wantSwap(t, k, "one", "two", 0, true)
	s.wantValue(t, k, "two")
	s.wantSwap(t, k, "two", "two", 0, true) // the same value is still a write
	s.wantSwap(t, k, "one", "three", 0, false)
	s.wantValue(t, k, "two")
}

func createRace(t *testing.T, s *suite) {
	k := s.key("lock")
	var won atomic.Int64
	together(t, racers, func(ctx context.Context) error {
		ok, err := s.CompareAndSwap(ctx, k, "", "mine", time.Hour)
		if ok {
			won.Add(1)
		}
		return err
	})
	if won.Load() != 1 {
		t.Errorf("%d callers created the key, want 1", won.Load())
	}
}

func countRace(t *testing.T, s *suite) {
	k := s.key("counter")
	together(t, racers, func(ctx context.Context) error {
		// Every failed attempt means that another caller succeeded, so this ends.
		for range racers {
			old, err := s.Get(ctx, k)
			if err != nil && !errors.Is(err, storage.ErrNotFound) {
				return err
			}
			n := 0
			if old != "" {
				if n, err = strconv.Atoi(old); err != nil {
					return err
				}
			}
			if ok, err := s.CompareAndSwap(ctx, k, old, strconv.Itoa(n+1), time.Hour); ok || err != nil {
				return err
			}
		}
		return errors.New("CompareAndSwap failed more often than others succeeded")
	})
	s.wantValue(t, k, strconv.Itoa(racers))
}
