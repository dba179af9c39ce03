package oauthserver

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// Clients that never answer take a few of the workers, and the sessions after them are told all
// the same.
func TestTellersAreFew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var tellers tellers
		var asked atomic.Int64
		release := make(chan struct{})
		var wg sync.WaitGroup
		for range 12 {
			if !tellers.add(func(context.Context) error { asked.Add(1); <-release; return nil }) {
				t.Fatal("there is room")
			}
			wg.Go(func() { _ = tellers.run(t.Context()) })
		}
		synctest.Wait()
		if n := asked.Load(); n != maxTellers {
			t.Errorf("%d workers wait for clients", n)
		}
		close(release)
		wg.Wait()
		if n := asked.Load(); n != 12 || tellers.running != 0 {
			t.Errorf("%d of 12 sessions told, %d left", n, tellers.running)
		}
		for tellers.add(nil) {
		}
		if len(tellers.waiting) != maxWaiting {
			t.Errorf("%d sessions wait", len(tellers.waiting))
		}
	})
}
