package password

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// ErrBusy says that a call would wait longer than the queue allows. Answer it
// with 503 and Retry-After. Errors that wrap it are *BusyError.
var ErrBusy = errors.New("password: too many hashes are waiting")

// BusyError is an ErrBusy that says when to try again.
type BusyError struct {
	// RetryAfter is when a slot should be free for this caller, by the measured
	// rate: more than zero and at most a minute.
	RetryAfter time.Duration
}

func (e *BusyError) Error() string { return ErrBusy.Error() }

// Unwrap returns ErrBusy.
func (e *BusyError) Unwrap() error { return ErrBusy }

type sharesKey struct{}

// WithShares names the clients that the calls of a context hash for, for example an
// IP address and an account. The queue is fair: each name gets the same share. A
// call waits behind the earlier calls of its own names, and alongside the calls of
// other names. Calls without a name share one. Empty names are ignored.
func WithShares(ctx context.Context, names ...string) context.Context {
	kept := make([]string, 0, len(names))
	for _, n := range names {
		if n != "" && !slices.Contains(kept, n) {
			kept = append(kept, n)
		}
	}
	return context.WithValue(ctx, sharesKey{}, kept)
}

func sharesOf(ctx context.Context) []string {
	if names, ok := ctx.Value(sharesKey{}).([]string); ok && len(names) > 0 {
		return names
	}
	return []string{""}
}

const (
	firstSlotTime = 250 * time.Millisecond // assumed for a hash until one was measured
	longestRetry  = time.Minute
)

// queue is a weighted semaphore whose waiters are served fairly and are bounded by
// the time that they would wait.
//
// Every waiter has a place: the number of slots that its shares have requested before,
// counted from the place that is being served. The lowest place is served first
// (start-time fair queueing). So a client with a thousand calls has places up to a
// thousand, and a newcomer comes right after the first of them. A newcomer waits only
// for the places before its own, so a backlog of one share gets nobody else refused.
type queue struct {
	capacity int // slots in all
	limit    int // waiters at most
	maxWait  time.Duration
	now      func() time.Time

	mu       sync.Mutex
	free     int
	waiters  []*waiter // by place, then by arrival
	served   int       // the place that is being served
	shares   map[string]*share
	slotTime time.Duration // how long a slot is held, a moving average
	measured bool
	booked   time.Time // the latest time at which a refused caller was told to come back
}

// share is the state of one name in the queue. It is dropped when no call of it waits.
type share struct{ last, waiting int }

type waiter struct {
	slots, place int
	names        []string
	ready        chan struct{} // closed when err is set or the slots are granted
	err          error
}

func newQueue(capacity, limit int, maxWait time.Duration) *queue {
	return &queue{capacity: capacity, limit: limit, maxWait: maxWait, now: time.Now, free: capacity,
		shares: map[string]*share{}, slotTime: firstSlotTime}
}

// acquire takes slots, at most all there are, and returns the function that gives them
// back.
func (q *queue) acquire(ctx context.Context, slots int) (release func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	slots = min(max(slots, 1), q.capacity)
	q.mu.Lock()
	if len(q.waiters) == 0 && q.free >= slots {
		q.free -= slots
		q.mu.Unlock()
		return q.releaser(slots), nil
	}
	w, err := q.join(slots, sharesOf(ctx))
	q.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case <-w.ready:
		if w.err != nil {
			return nil, w.err
		}
		return q.releaser(slots), nil
	case <-ctx.Done():
		q.mu.Lock()
		defer q.mu.Unlock()
		select {
		case <-w.ready:
			if w.err == nil { // granted in the same moment: give it back
				q.free += slots
			}
		default:
			q.leave(slices.Index(q.waiters, w))
		}
		q.grant()
		return nil, ctx.Err()
	}
}

// releaser measures from now to its call.
func (q *queue) releaser(slots int) func() {
	start := q.now()
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.measure(q.now().Sub(start) / time.Duration(slots))
		q.free += slots
		q.grant()
	}
}

// measure moves the average an eighth of the way. The first hash replaces the assumed
// time.
func (q *queue) measure(took time.Duration) {
	if !q.measured {
		q.measured, q.slotTime = true, took
		return
	}
	q.slotTime += (took - q.slotTime) / 8
}

// join lets a caller wait, or refuses it.
func (q *queue) join(slots int, names []string) (*waiter, error) {
	w := &waiter{slots: slots, place: q.served, names: names, ready: make(chan struct{})}
	for _, n := range names {
		if s := q.shares[n]; s != nil {
			w.place = max(w.place, s.last)
		}
	}
	w.place += slots
	at := len(q.waiters)
	for at > 0 && q.waiters[at-1].place > w.place {
		at--
	}
	ahead := q.capacity - q.free
	for _, v := range q.waiters[:at] {
		ahead += v.slots
	}
	wait := q.timeFor(ahead)
	if q.limit == 0 || q.maxWait > 0 && wait > q.maxWait {
		return nil, q.busy(wait, slots)
	}
	if len(q.waiters) >= q.limit {
		if at == len(q.waiters) {
			return nil, q.busy(wait, slots)
		}
		// The last waiter, one of the largest share, makes room.
		last := q.waiters[len(q.waiters)-1]
		q.leave(len(q.waiters) - 1)
		last.err = q.busy(wait, last.slots)
		close(last.ready)
	}
	q.waiters = slices.Insert(q.waiters, at, w)
	for _, n := range names {
		s := q.shares[n]
		if s == nil {
			s = &share{}
			q.shares[n] = s
		}
		s.last = w.place
		s.waiting++
	}
	return w, nil
}

// timeFor is how long so many slots of work take.
func (q *queue) timeFor(slots int) time.Duration {
	return time.Duration(int64(q.slotTime) * int64(slots) / int64(q.capacity))
}

// busy books a time for a refused caller, after those that were refused before it: if
// all came back together, most would be refused again.
func (q *queue) busy(wait time.Duration, slots int) error {
	now := q.now()
	if at := now.Add(wait); q.booked.Before(at) {
		q.booked = at
	}
	q.booked = q.booked.Add(q.timeFor(slots))
	if latest := now.Add(longestRetry); q.booked.After(latest) {
		q.booked = latest
	}
	return &BusyError{RetryAfter: max(q.booked.Sub(now), time.Millisecond)}
}

// leave removes the waiter at an index.
func (q *queue) leave(at int) {
	w := q.waiters[at]
	q.waiters = slices.Delete(q.waiters, at, at+1)
	for _, n := range w.names {
		s := q.shares[n]
		if s.waiting--; s.waiting == 0 {
			delete(q.shares, n)
		}
	}
}

// grant serves the lowest place. Calls that need few slots do not overtake one that
// needs many, or it might wait forever.
func (q *queue) grant() {
	for len(q.waiters) > 0 && q.waiters[0].slots <= q.free {
		w := q.waiters[0]
		q.free -= w.slots
		q.served = max(q.served, w.place)
		q.leave(0)
		close(w.ready)
	}
}
