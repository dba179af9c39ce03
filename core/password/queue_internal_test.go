package password

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

// waiting returns how many calls are in the queue.
func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiters)
}

// enqueue starts n calls of the given width and returns when all of them wait.
func enqueue(q *queue, ctx context.Context, n, slots int, done func(release func(), err error)) {
	before := q.waiting()
	for range n {
		go func() { done(q.acquire(ctx, slots)) }()
	}
	for q.waiting() < before+n {
		yield()
	}
}

func yield() { ch := make(chan struct{}); go close(ch); <-ch }

func TestQueue(t *testing.T) {
	t.Parallel()
	ctx := context.Background()

	t.Run("DOS-04 full queue", func(t *testing.T) {
		t.Parallel()
		q := newQueue(2, 3, 0)
		var held []func()
		for range 2 {
			release, err := q.acquire(ctx, 1)
			if err != nil {
				t.Fatal(err)
			}
			held = append(held, release)
		}
		var served sync.WaitGroup
		served.Add(3)
		enqueue(q, ctx, 3, 1, func(release func(), err error) {
			if err != nil {
				t.Error(err)
			}
			release()
			served.Done()
		})
		if _, err := q.acquire(ctx, 1); !errors.Is(err, ErrBusy) {
			t.Errorf("error %v, want ErrBusy", err)
		}
		held[0]()
		held[1]()
		served.Wait()
		if q.free != 2 || q.waiting() != 0 {
			t.Errorf("%d slots free, %d waiting", q.free, q.waiting())
		}
	})
	t.Run("DOS-04 cancelled while waiting", func(t *testing.T) {
		t.Parallel()
		q := newQueue(1, 10, 0)
		held, err := q.acquire(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithCancel(ctx)
		var gone sync.WaitGroup
		gone.Add(4)
		enqueue(q, short, 4, 1, func(_ func(), err error) {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
			gone.Done()
		})
		cancel()
		gone.Wait()
		if q.waiting() != 0 {
			t.Errorf("%d still wait", q.waiting())
		}
		if _, err := q.acquire(short, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled context gets %v", err)
		}
		held()
		if q.free != 1 {
			t.Errorf("%d slots free", q.free)
		}
	})
	t.Run("DOS-04 a cancelled wide call lets the narrow ones pass", func(t *testing.T) {
		t.Parallel()
		q := newQueue(2, 10, 0)
		if _, err := q.acquire(ctx, 1); err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithCancel(ctx)
		wide, narrow := make(chan error, 1), make(chan error, 1)
		enqueue(q, short, 1, 9, func(_ func(), err error) { wide <- err })
		enqueue(q, ctx, 1, 1, func(_ func(), err error) { narrow <- err })
		cancel()
		if err := <-wide; !errors.Is(err, context.Canceled) {
			t.Errorf("wide: %v", err)
		}
		if err := <-narrow; err != nil {
			t.Errorf("narrow: %v", err)
		}
	})
	t.Run("DOS-04 never more than the capacity", func(t *testing.T) {
		t.Parallel()
		q := newQueue(3, 1000, 0)
		var inside atomic.Int64
		var all sync.WaitGroup
		for i := range 300 {
			all.Go(func() {
				call, cancel := context.WithCancel(ctx)
				if i%7 == 0 {
					go cancel()
				}
				defer cancel()
				release, err := q.acquire(call, i%5)
				if err != nil {
					return
				}
				got := min(max(int64(i%5), 1), 3)
				if now := inside.Add(got); now > 3 {
					t.Errorf("%d slots in use", now)
				}
				yield()
				inside.Add(-got)
				release()
			})
		}
		all.Wait()
		if q.free != 3 || q.waiting() != 0 {
			t.Errorf("%d slots free, %d waiting", q.free, q.waiting())
		}
	})
}

// blocked is a custom hasher that holds its slot until it is told to go on.
type blocked struct{ started, proceed chan struct{} }

func (b blocked) Hash(context.Context, string) (string, error) {
	b.started <- struct{}{}
	<-b.proceed
	return "x", nil
}
func (b blocked) Verify(context.Context, string, string) (bool, error) {
	b.started <- struct{}{}
	<-b.proceed
	return true, nil
}

func TestServiceSharesOneBudget(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := blocked{make(chan struct{}), make(chan struct{})}
	s, err := New(Options{Custom: b, Parallel: 1, Queue: -1})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { _, err := s.Hash(ctx, "x"); done <- err }()
	<-b.started
	if _, _, err := s.Verify(ctx, "x", "x"); !errors.Is(err, ErrBusy) {
		t.Errorf("DOS-04 Verify beside a Hash: %v", err)
	}
	if _, err := s.Hash(ctx, "x"); !errors.Is(err, ErrBusy) {
		t.Errorf("DOS-04 Hash beside a Hash: %v", err)
	}
	if err := s.Dummy(ctx, "x"); !errors.Is(err, ErrBusy) {
		t.Errorf("DOS-04 Dummy beside a Hash: %v", err)
	}
	close(b.proceed)
	if err := <-done; err != nil {
		t.Error(err)
	}
}
