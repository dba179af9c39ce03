package core

import (
	"errors"
	"testing"
	"time"
)

// A driver that heeds no context keeps one goroutine, and nobody waits for it.
func TestCheckReadyOfAHungDriver(t *testing.T) {
	t.Parallel()
	a := &Auth{readiness: readiness{limit: time.Millisecond}}
	a.opts.Clock = time.Now
	a.readiness.running = make(chan struct{}) // a check that never ends
	for range 3 {
		if err := a.CheckReady(t.Context()); !errors.Is(err, errReadSlow) {
			t.Errorf("%v", err)
		}
	}
}
