package core

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// pool runs background tasks, at most poolWorkers at a time. When poolQueue of them
// wait, the next one is dropped. The caller neither waits nor runs the task itself: its
// response time would reveal that there was a task. An idle pool holds no goroutine.
type pool struct {
	timeout time.Duration                        // of a task; 0: none
	full    func(dropped int)                    // called with the number of dropped tasks, at most once in fullEvery
	after   func(time.Duration) <-chan time.Time // time.After

	mu        sync.Mutex
	waiting   []func()
	active    int // slots in use
	running   int // tasks that have started and not ended, including those without a slot
	abandoned int // tasks that ran past their time and gave up their slot
	dropped   int // since the last warning
	warned    time.Time
	closed    bool
	idle      chan struct{} // closed when the pool was closed and nothing is left
}

const (
	poolWorkers   = 8
	poolQueue     = 10_000
	poolAbandoned = 256 // the most tasks that run without a slot; further ones keep theirs
	fullEvery     = time.Minute
)

func newPool(timeout time.Duration, full func(dropped int)) *pool {
	return &pool{timeout: timeout, full: full, after: time.After, idle: make(chan struct{})}
}

func (p *pool) run(task func()) {
	p.mu.Lock()
	switch {
	case p.closed:
		p.running++
		p.mu.Unlock()
		if insideTx() {
			go p.bounded(task) // the task may wait for its caller's transaction, so the caller must go on
			return
		}
		p.bounded(task)
	case p.active < poolWorkers:
		p.active++
		p.running++
		p.mu.Unlock()
		go p.work(task)
	case len(p.waiting) < poolQueue:
		p.waiting = append(p.waiting, task)
		p.mu.Unlock()
	default:
		p.dropped++
		n := 0
		if now := time.Now(); now.Sub(p.warned) >= fullEvery {
			n, p.dropped, p.warned = p.dropped, 0, now
		}
		p.mu.Unlock()
		if n > 0 {
			p.full(n)
		}
	}
}

func (p *pool) work(task func()) {
	for {
		p.bounded(task)
		p.mu.Lock()
		if len(p.waiting) == 0 {
			p.active--
			p.rest()
			p.mu.Unlock()
			return
		}
		task = p.waiting[0]
		p.waiting[0] = nil
		p.waiting = p.waiting[1:]
		p.running++
		p.mu.Unlock()
	}
}

// bounded returns when the task has ended, or when its time is over and it ignores its
// context. Such a task goes on without a slot.
func (p *pool) bounded(task func()) {
	done := make(chan struct{})
	go func() {
		defer func() {
			p.mu.Lock()
			p.running--
			p.rest()
			p.mu.Unlock()
			close(done)
		}()
		task()
	}()
	if p.timeout <= 0 {
		<-done
		return
	}
	select {
	case <-done:
		return
	case <-p.after(p.timeout + time.Second): // its context ended a second ago
	}
	p.mu.Lock()
	leave := p.abandoned < poolAbandoned
	if leave {
		p.abandoned++
	}
	p.mu.Unlock()
	if !leave {
		<-done
		return
	}
	go func() {
		<-done
		p.mu.Lock()
		p.abandoned--
		p.mu.Unlock()
	}()
}

// rest tells close when no task is left. The caller holds mu.
func (p *pool) rest() {
	if !p.closed || p.running > 0 || len(p.waiting) > 0 {
		return
	}
	select {
	case <-p.idle:
	default:
		close(p.idle)
	}
}

// close lets running and waiting tasks finish; later ones run on their callers.
func (p *pool) close(ctx context.Context) error {
	p.mu.Lock()
	p.closed = true
	p.rest()
	p.mu.Unlock()
	select {
	case <-p.idle:
		return nil
	case <-ctx.Done():
		p.mu.Lock()
		defer p.mu.Unlock()
		return fmt.Errorf("core: %d background tasks, such as mails, are not finished: %w", p.running+len(p.waiting), ctx.Err())
	}
}

// inBackground runs a task after the answer: with the values of ctx, but not its end,
// within Options.BackgroundTimeout. A failure is logged, with secrets struck out; so is
// a panic.
func (a *Auth) inBackground(ctx context.Context, what string, task func(ctx context.Context) error, secrets ...string) {
	ctx = context.WithoutCancel(ctx)
	a.background(func() {
		if d := a.cfg.backgroundTime; d > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, d)
			defer cancel()
		}
		defer func() {
			if r := recover(); r != nil {
				a.logPanic(ctx, what, r)
			}
		}()
		run := task
		if begin := a.observer.Task; begin != nil {
			run = func(ctx context.Context) error {
				return observed(ctx, func(ctx context.Context) (context.Context, func(error)) { return begin(ctx, what) }, task)
			}
		}
		if err := run(ctx); err != nil {
			a.logError(ctx, what+" failed", strike(err, secrets))
		}
	})
}

// poolIsFull warns that background work is being lost.
func (a *Auth) poolIsFull(dropped int) {
	a.log.LogAttrs(context.Background(), slog.LevelError,
		"background tasks were dropped, because those before them do not end: look at the functions that send mail",
		slog.Int("dropped", dropped))
}

// Go runs a task in the background with a context that outlives the request, keeps its
// values and ends after Options.BackgroundTimeout. Failures and panics are logged. When
// too many tasks are waiting, the task is dropped and the drop is logged. Pass as
// secrets the values that the task's error may quote, as the error of an HTTP client
// quotes the URL. They are removed from the error before it reaches the log and
// Options.OnError.
//
// Inside a transaction the task starts after the commit.
func (c *Ctx) Go(what string, task func(ctx context.Context) error, secrets ...string) {
	// AfterCommit gives a context without the transaction, which has ended by the time
	// the task runs.
	within := c.Context
	if b := c.bound.Load(); b != nil {
		within = b.ctx // of the operation that an observer sees
	}
	_ = AfterCommit(within, func(ctx context.Context) error {
		c.auth.inBackground(ctx, what, task, secrets...)
		return nil
	})
}

// Close waits for background work and closes the idle connections of the clients for
// outgoing requests. If ctx ends first, the error says how many tasks are left and
// wraps the error of ctx. CheckReady fails from then on. Serve keeps working after Close, but runs background tasks
// before it returns.
func (a *Auth) Close(ctx context.Context) error {
	a.Drain()
	defer a.closeIdle()
	return a.pool.close(ctx)
}
