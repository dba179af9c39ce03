package core

import (
	"context"
	"sync"
)

// pool runs background tasks, at most poolWorkers at a time. When poolQueue of
// them wait, the next one runs on its caller: work is slowed down, never lost.
// An idle pool holds no goroutine.
type pool struct {
	mu      sync.Mutex
	waiting []func()
	active  int
	closed  bool
	idle    chan struct{} // closed when the pool was closed and became idle
}

const (
	poolWorkers = 8
	poolQueue   = 1024
)

func newPool() *pool { return &pool{idle: make(chan struct{})} }

func (p *pool) run(task func()) {
	p.mu.Lock()
	switch {
	case p.closed || p.active == poolWorkers && len(p.waiting) == poolQueue:
		p.mu.Unlock()
		task()
	case p.active == poolWorkers:
		p.waiting = append(p.waiting, task)
		p.mu.Unlock()
	default:
		p.active++
		p.mu.Unlock()
		go p.work(task)
	}
}

func (p *pool) work(task func()) {
	for {
		task()
		p.mu.Lock()
		if len(p.waiting) == 0 {
			p.active--
			if p.closed && p.active == 0 {
				close(p.idle)
			}
			p.mu.Unlock()
			return
		}
		task = p.waiting[0]
		p.waiting = p.waiting[1:]
		p.mu.Unlock()
	}
}

// close lets running and waiting tasks finish; later ones run on their callers.
func (p *pool) close(ctx context.Context) error {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		if p.active == 0 {
			close(p.idle)
		}
	}
	p.mu.Unlock()
	select {
	case <-p.idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Go runs a task in the background with a context that outlives the request but
// keeps its values. A failure is logged; so is a panic.
func (c *Ctx) Go(what string, task func(ctx context.Context) error) {
	a := c.Auth
	ctx := context.WithoutCancel(c.Context)
	a.background(func() {
		defer func() {
			if r := recover(); r != nil {
				a.logPanic(ctx, what, r)
			}
		}()
		if err := task(ctx); err != nil {
			a.logError(ctx, what+" failed", err)
		}
	})
}

// Close waits for background work. Serve keeps working; what it would do in the
// background is then done before it returns.
func (a *Auth) Close(ctx context.Context) error { return a.pool.close(ctx) }
