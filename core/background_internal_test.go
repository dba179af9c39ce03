package core

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A mail function that never returns neither blocks requests nor keeps the others' mail.
func TestPool(t *testing.T) {
	t.Parallel()
	t.Run("a full pool drops, warns once, and never blocks", func(t *testing.T) {
		t.Parallel()
		var warned, dropped atomic.Int32
		p := newPool(0, func(n int) { warned.Add(1); dropped.Add(int32(n)) })
		release := make(chan struct{})
		var ran atomic.Int32
		for range poolWorkers + poolQueue + 50 { // would hang here if it blocked
			p.run(func() { <-release; ran.Add(1) })
		}
		if warned.Load() != 1 || dropped.Load() != 1 || p.dropped != 49 {
			t.Errorf("%d warnings of %d, %d not yet told", warned.Load(), dropped.Load(), p.dropped)
		}
		over, cancel := context.WithCancel(context.Background())
		cancel()
		if err := p.close(over); err == nil || !strings.Contains(err.Error(), "10008 background tasks") {
			t.Errorf("Close: %v", err)
		}
		close(release)
		if err := p.close(context.Background()); err != nil || ran.Load() != poolWorkers+poolQueue {
			t.Errorf("%d ran, %v", ran.Load(), err)
		}
	})
	t.Run("tasks that do not heed their end give up their place", func(t *testing.T) {
		t.Parallel()
		p := newPool(time.Minute, func(int) {})
		over := make(chan time.Time)
		p.after = func(time.Duration) <-chan time.Time { return over }
		release, done := make(chan struct{}), make(chan struct{})
		for range poolWorkers {
			p.run(func() { <-release })
		}
		p.run(func() { close(done) })
		over <- time.Time{}
		<-done
		close(release)
		if err := p.close(context.Background()); err != nil {
			t.Error(err)
		}
	})
}
