package sqltx

import (
	"context"
	"errors"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

// MaxWait is how long a writer waits for its turn and for the lock of the database,
// both together.
const MaxWait = 10 * time.Second

// Wait is the patience of one writer. It ends its context when the time is over, unless
// Got was called before.
type Wait struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	began  time.Time
}

// NewWait begins to wait, at most d. The context ends after that time; after Got it
// lives until End.
func NewWait(ctx context.Context, d time.Duration) *Wait {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &Wait{ctx: ctx, cancel: cancel, began: time.Now()}
	w.timer = time.AfterFunc(d, func() { cancel(adapter.ErrBusy) })
	return w
}

// Context is the one to wait with.
func (w *Wait) Context() context.Context { return w.ctx }

// Long reports whether so much time has passed that a further wait of the database's
// own would be too long.
func (w *Wait) Long() bool { return time.Since(w.began) > time.Second }

// Got stops the clock. It is adapter.ErrBusy when the time was over before.
func (w *Wait) Got() error {
	if !w.timer.Stop() {
		return adapter.ErrBusy
	}
	return nil
}

// End releases the context.
func (w *Wait) End() {
	w.timer.Stop()
	w.cancel(nil)
}

// Explain turns the error of a call that the end of the wait has cut short into
// adapter.ErrBusy.
func (w *Wait) Explain(err error) error {
	if err != nil && errors.Is(context.Cause(w.ctx), adapter.ErrBusy) {
		return adapter.ErrBusy
	}
	return err
}
