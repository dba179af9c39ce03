package password

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// frozen is a queue whose clock stands still unless the test moves it.
func frozen(capacity, limit int, maxWait time.Duration) (*queue, *time.Time) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	q := newQueue(capacity, limit, maxWait)
	q.now = func() time.Time { return now }
	return q, &now
}

// turns notes who was served, in order; each gives its slot on at once.
type turns struct {
	mu    sync.Mutex
	names []string
	all   sync.WaitGroup
}

func (o *turns) join(q *queue, name string, shares ...string) {
	o.all.Add(1)
	enqueue(q, WithShares(context.Background(), shares...), 1, 1, func(release func(), err error) {
		o.mu.Lock()
		if err != nil {
			name += " refused"
		}
		o.names = append(o.names, name)
		o.mu.Unlock()
		if err == nil {
			release()
		}
		o.all.Done()
	})
}

func hold(t *testing.T, q *queue) (release func()) {
	t.Helper()
	release, err := q.acquire(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return release
}

func TestQueueIsFair(t *testing.T) {
	t.Parallel()
	t.Run("DOS-04 one address with many accounts waits behind itself", func(t *testing.T) {
		t.Parallel()
		q, _ := frozen(1, 1000, 0)
		release := hold(t, q)
		var o turns
		for i := range 50 {
			o.join(q, "thief", "203.0.113.7", fmt.Sprint("account ", i))
		}
		o.join(q, "ada", "198.51.100.1", "ada")
		o.join(q, "bob", "198.51.100.2", "bob")
		release()
		o.all.Wait()
		if got := o.names[:3]; !slices.Equal(got, []string{"thief", "ada", "bob"}) {
			t.Errorf("served first: %v", got)
		}
	})
	t.Run("DOS-04 one account from many addresses waits behind itself", func(t *testing.T) {
		t.Parallel()
		q, _ := frozen(1, 1000, 0)
		release := hold(t, q)
		var o turns
		for i := range 50 {
			o.join(q, "thief", fmt.Sprint("address ", i), "stolen")
		}
		o.join(q, "ada", "198.51.100.1", "ada")
		release()
		o.all.Wait()
		if at := slices.Index(o.names, "ada"); at != 1 {
			t.Errorf("ada was served as number %d", at)
		}
	})
	t.Run("DOS-04 what one has piled up gets nobody else refused", func(t *testing.T) {
		t.Parallel()
		q, _ := frozen(1, 1000, time.Second)
		q.measure(100 * time.Millisecond)
		release := hold(t, q)
		var o turns
		refused := 0
		for range 30 {
			q.mu.Lock()
			_, err := q.join(1, []string{"203.0.113.7"})
			q.mu.Unlock()
			if errors.Is(err, ErrBusy) {
				refused++
			}
		}
		if refused != 20 {
			t.Errorf("%d of 30 calls of one address were refused, want those beyond a second of ten", refused)
		}
		o.join(q, "ada", "198.51.100.1")
		release()
		q.mu.Lock()
		front := q.waiters[0]
		q.mu.Unlock()
		if !slices.Equal(front.names, []string{"198.51.100.1"}) {
			t.Errorf("next is %v", front.names)
		}
	})
	t.Run("DOS-04 in a full queue the largest share makes room", func(t *testing.T) {
		t.Parallel()
		q, _ := frozen(1, 3, 0)
		release := hold(t, q)
		var o turns
		for range 2 {
			o.join(q, "thief", "203.0.113.7")
		}
		var last sync.WaitGroup
		last.Add(1)
		enqueue(q, WithShares(t.Context(), "203.0.113.7"), 1, 1, func(_ func(), err error) {
			if !errors.Is(err, ErrBusy) {
				t.Errorf("the thief's last: %v", err)
			}
			last.Done()
		})
		o.all.Add(1)
		go func() {
			defer o.all.Done()
			done, err := q.acquire(WithShares(context.Background(), "198.51.100.1"), 1)
			if err != nil {
				t.Errorf("ada: %v", err)
				return
			}
			done()
		}()
		last.Wait()
		release()
		o.all.Wait()
	})
	t.Run("DOS-04 nothing is remembered of who is gone", func(t *testing.T) {
		t.Parallel()
		q, _ := frozen(1, 1000, 0)
		release := hold(t, q)
		var o turns
		for i := range 20 {
			o.join(q, "x", fmt.Sprint(i), "all")
		}
		release()
		o.all.Wait()
		q.mu.Lock()
		defer q.mu.Unlock()
		if len(q.shares) != 0 || len(q.waiters) != 0 || q.free != 1 {
			t.Errorf("%d shares, %d waiters, %d free", len(q.shares), len(q.waiters), q.free)
		}
	})
}

func TestQueueSaysWhenToComeBack(t *testing.T) {
	t.Parallel()
	q, now := frozen(2, 1000, 2*time.Second)
	q.measure(500 * time.Millisecond) // four a second
	hold(t, q)
	hold(t, q)
	waits := func() (w time.Duration) {
		q.mu.Lock()
		defer q.mu.Unlock()
		_, err := q.join(1, []string{"storm"})
		var busy *BusyError
		if errors.As(err, &busy) {
			return busy.RetryAfter
		}
		return 0
	}
	admitted := 0
	first := time.Duration(0)
	for first == 0 {
		if first = waits(); first == 0 {
			admitted++
		}
	}
	if admitted != 7 { // two that run and six before it make two seconds
		t.Errorf("%d wait", admitted)
	}
	// Refused callers get different times, one after the other, so that they do not all
	// come back at once.
	second := waits()
	if first != 2500*time.Millisecond || second != 2750*time.Millisecond {
		t.Errorf("told %v and %v", first, second)
	}
	for range 500 {
		if w := waits(); w > longestRetry {
			t.Fatalf("told to wait %v", w)
		}
	}
	*now = now.Add(time.Hour)
	if w := waits(); w != 2500*time.Millisecond {
		t.Errorf("an hour later %v", w)
	}
}

func TestQueueMeasures(t *testing.T) {
	t.Parallel()
	q, now := frozen(4, 10, time.Second)
	for range 40 {
		release, err := q.acquire(t.Context(), 2)
		if err != nil {
			t.Fatal(err)
		}
		*now = now.Add(200 * time.Millisecond)
		release()
	}
	if q.slotTime != 100*time.Millisecond {
		t.Errorf("a slot is held %v", q.slotTime)
	}
}
