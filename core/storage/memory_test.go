package storage_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/suites/storagetest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(_ *testing.T, now func() time.Time) storage.Storage {
		return storage.NewMemory(now)
	})
}

func TestMemoryOnTheRealClock(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(*testing.T, func() time.Time) storage.Storage {
		return storage.NewMemory(nil)
	}, storagetest.RealClock)
}

func TestMemoryForgetsExpiredKeys(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	m := storage.NewMemory(func() time.Time { return now })
	for i := range 10_000 {
		if err := m.Set(t.Context(), fmt.Sprint("k", i), "v", time.Second); err != nil {
			t.Fatal(err)
		}
		now = now.Add(10 * time.Millisecond) // 100 keys are alive at a time
		if n := m.Len(); n > 110 {
			t.Fatalf("%d keys held after %d writes, want about 100", n, i)
		}
	}
	now = now.Add(time.Hour)
	for i := range 100 {
		if err := m.Set(t.Context(), fmt.Sprint("last", i), "v", 0); err != nil {
			t.Fatal(err)
		}
	}
	if n := m.Len(); n != 100 {
		t.Errorf("%d keys held, want the 100 that never expire", n)
	}
}
