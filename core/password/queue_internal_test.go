package password

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
)

// waiting tells how many calls are in the queue.
func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiters.Len()
}

// enqueue starts n calls of the given width and returns when all of them wait.
func enqueue(q *queue, ctx context.Context, n, slots int, done func(got int, err error)) {
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
		q := newQueue(2, 3)
		for range 2 {
			if _, err := q.acquire(ctx, 1); err != nil {
				t.Fatal(err)
			}
		}
		var served sync.WaitGroup
		served.Add(3)
		enqueue(q, ctx, 3, 1, func(got int, err error) {
			if err != nil {
				t.Error(err)
			}
			q.release(got)
			served.Done()
		})
		if _, err := q.acquire(ctx, 1); !errors.Is(err, ErrBusy) {
			t.Errorf("error %v, want ErrBusy", err)
		}
		q.release(1)
		q.release(1)
		served.Wait()
		if q.free != 2 || q.waiting() != 0 {
			t.Errorf("%d slots free, %d waiting", q.free, q.waiting())
		}
	})
	t.Run("DOS-04 cancelled while waiting", func(t *testing.T) {
		t.Parallel()
		q := newQueue(1, 10)
		held, err := q.acquire(ctx, 1)
		if err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithCancel(ctx)
		var gone sync.WaitGroup
		gone.Add(4)
		enqueue(q, short, 4, 1, func(_ int, err error) {
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
		q.release(held)
		if q.free != 1 {
			t.Errorf("%d slots free", q.free)
		}
	})
	t.Run("DOS-04 a cancelled wide call lets the narrow ones pass", func(t *testing.T) {
		t.Parallel()
		q := newQueue(2, 10)
		if _, err := q.acquire(ctx, 1); err != nil {
			t.Fatal(err)
		}
		short, cancel := context.WithCancel(ctx)
		wide, narrow := make(chan error, 1), make(chan error, 1)
		enqueue(q, short, 1, 9, func(_ int, err error) { wide <- err })
		enqueue(q, ctx, 1, 1, func(_ int, err error) { narrow <- err })
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
		q := newQueue(3, 1000)
		var inside atomic.Int64
		var all sync.WaitGroup
		for i := range 300 {
			all.Go(func() {
				call, cancel := context.WithCancel(ctx)
				if i%7 == 0 {
					go cancel()
				}
				defer cancel()
				got, err := q.acquire(call, i%5)
				if err != nil {
					return
				}
				if now := inside.Add(int64(got)); now > 3 {
					t.Errorf("%d slots in use", now)
				}
				yield()
				inside.Add(-int64(got))
				q.release(got)
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
