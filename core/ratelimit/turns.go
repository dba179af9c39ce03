package ratelimit

import (
	"context"
	"sync"
)

// turns lets the callers of one key go one at a time. Without it a burst of n
// requests would retry about n² times against the storage. Keys do not wait for
// each other, so a flood slows down only its own sender.
type turns struct {
	mu   sync.Mutex
	held map[string]*turn
}

type turn struct {
	free    chan struct{} // holds one token while nobody has the turn
	callers int           // those that have or want the turn; guarded by turns.mu
}

// wait blocks until it is the caller's turn or ctx ends. done gives it back.
func (t *turns) wait(ctx context.Context, key string) (done func(), err error) {
	t.mu.Lock()
	k := t.held[key]
	if k == nil {
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

func (t *turns) leave(key string, k *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if k.callers--; k.callers == 0 {
		delete(t.held, key)
	}
}
