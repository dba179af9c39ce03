package password

import (
	"container/list"
	"context"
	"errors"
	"sync"
)

// ErrBusy says that as many calls are waiting as the queue takes. It is the
// moment to answer 503 with Retry-After.
var ErrBusy = errors.New("password: too many hashes are waiting")

// queue is a weighted semaphore whose waiters are served in order of arrival and
// are bounded in number.
type queue struct {
	capacity int // slots in all
	limit    int // waiters at most

	mu      sync.Mutex
	free    int
	waiters list.List // of *waiter
}

type waiter struct {
	slots int
	ready chan struct{} // closed when the slots are granted
}

func newQueue(capacity, limit int) *queue {
	return &queue{capacity: capacity, limit: limit, free: capacity}
}

// acquire takes slots, at most all there are, and returns how many it took.
func (q *queue) acquire(ctx context.Context, slots int) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	slots = min(max(slots, 1), q.capacity)

	q.mu.Lock()
	if q.waiters.Len() == 0 && q.free >= slots {
		q.free -= slots
		q.mu.Unlock()
		return slots, nil
	}
	if q.waiters.Len() >= q.limit {
		q.mu.Unlock()
		return 0, ErrBusy
	}
	w := &waiter{slots: slots, ready: make(chan struct{})}
	place := q.waiters.PushBack(w)
	q.mu.Unlock()

	select {
	case <-w.ready:
		return slots, nil
	case <-ctx.Done():
		q.mu.Lock()
		defer q.mu.Unlock()
		select {
		case <-w.ready: // granted in the same moment: give it back
			q.free += slots
		default:
			q.waiters.Remove(place)
		}
		q.grant()
		return 0, ctx.Err()
	}
}

func (q *queue) release(slots int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.free += slots
	q.grant()
}

// grant serves the front of the queue. A wide call is not overtaken by narrow
// ones behind it, or it might wait forever.
func (q *queue) grant() {
	for front := q.waiters.Front(); front != nil; front = q.waiters.Front() {
		w := front.Value.(*waiter)
		if w.slots > q.free {
			return
		}
		q.free -= w.slots
		q.waiters.Remove(front)
		close(w.ready)
	}
}
