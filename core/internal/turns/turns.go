// Package turns lets the callers of one key go one at a time.
package turns

import (
	"context"
	"sync"
)

// Turns lets the callers of one key go one at a time. Keys do not wait for each
// other, so a flood slows down only its own sender. The zero value is ready. A key that
// nobody has or wants takes no memory.
type Turns struct {
	mu   sync.Mutex
	held map[string]*turn
}

type turn struct {
	free    chan struct{} // holds one token while nobody has the turn
	callers int           // those that have or want the turn; guarded by Turns.mu
}

// Wait blocks until it is the caller's turn or ctx ends. done gives it back.
func (t *Turns) Wait(ctx context.Context, key string) (done func(), err error) {
	t.mu.Lock()
	k := t.held[key]
	if k == nil {
		if t.held == nil {
			t.held = map[string]*turn{}
		}
		k = &turn{free: make(chan struct{}, 1)}
		k.free <- struct{}{}
		t.held[key] = k
	}
	k.callers++
	t.mu.Unlock()

	select {
	case <-k.free:
		return func() {
			k.free <- struct{}{}
			t.leave(key, k)
		}, nil
	case <-ctx.Done():
		t.leave(key, k)
		return nil, ctx.Err()
	}
}

func (t *Turns) leave(key string, k *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if k.callers--; k.callers == 0 {
		delete(t.held, key)
	}
}
