package core

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// bound is the context that ends a call after Options.Timeout.
type bound struct {
	ctx    context.Context
	cancel context.CancelFunc
}

// Deadline is the earlier deadline of Options.Timeout and the request's context.
func (c *Ctx) Deadline() (time.Time, bool) { return c.bounded().Deadline() }

// Done is closed when the client has disconnected or Options.Timeout has
// passed.
func (c *Ctx) Done() <-chan struct{} { return c.bounded().Done() }

// Err says why Done is closed.
func (c *Ctx) Err() error {
	if b := c.bound.Load(); b != nil {
		return b.ctx.Err()
	}
	return c.Context.Err()
}

// bounded starts the clock of Options.Timeout at the first call. Code that waits for
// something outside of the process asks for Done or Deadline. A session from the cookie
// cache does not, so it costs nothing there.
func (c *Ctx) bounded() context.Context {
	if b := c.bound.Load(); b != nil {
		return b.ctx
	}
	if c.auth == nil || c.auth.cfg.timeout == 0 {
		return c.Context
	}
	return c.startClock().ctx
}

// startClock starts the clock, if there is a limit.
func (c *Ctx) startClock() *bound {
	b := &bound{c.Context, func() {}}
	if limit := c.auth.cfg.timeout; limit > 0 {
		b.ctx, b.cancel = context.WithTimeout(c.Context, limit)
	}
	if !c.bound.CompareAndSwap(nil, b) {
		b.cancel()
		return c.bound.Load()
	}
	return b
}

// finish releases the clock when the call is over.
func (c *Ctx) finish() {
	if b := c.bound.Load(); b != nil {
		b.cancel()
	}
}

// settle turns a failure of a call whose time is over into 503 SERVER_BUSY. Drivers
// wrap the context's error in many ways, so every failure counts that is not the
// client's.
func (c *Ctx) settle(err error) error {
	if err == nil || asError(err).Status < 500 || !errors.Is(c.Err(), context.DeadlineExceeded) {
		return err
	}
	return busy(time.Second, fmt.Errorf("core: the call took longer than Options.Timeout or its context allows: %w", err))
}
