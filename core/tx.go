package core

import (
	"context"
	"errors"
	"maps"
	"reflect"
	"runtime"
)

// Tx runs fn in a transaction. Functions that AfterCommit got inside run when the
// outermost transaction has been committed, and not at all when it was rolled back.
//
// A database may run fn again when the transaction lost to another one (see
// adapter.Adapter.Tx). The kernel then puts back the call's answer, and the values that
// fn has taken from the secondary storage.
func (d *db) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	if q, nested := queueOf(ctx); nested {
		last, tasks := len(q.last), len(q.tasks)
		err := d.Adapter.Tx(ctx, fn)
		if err != nil {
			q.last, q.tasks = q.last[:last], q.tasks[:tasks] // its writes are undone, and so are the tasks that it queued
		}
		return err
	}
	if err := d.inTurn(ctx); err != nil {
		return err
	}
	q := &commitQueue{}
	c, inCall := CtxFrom(ctx)
	var before answer
	if inCall {
		before = c.keepAnswer()
	}
	attempts := 0
	err := d.Adapter.Tx(context.WithValue(ctx, commitKey{}, q), func(ctx context.Context) error {
		if attempts++; attempts > 1 {
			q.again()
			if inCall {
				c.restoreAnswer(before)
			}
		}
		d.running.Add(1)
		defer d.running.Add(-1)
		return runInTx(ctx, func(ctx context.Context) error {
			if err := fn(ctx); err != nil {
				return err
			}
			for _, run := range q.last {
				if err := run(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	})
	q.outer = ctx
	for _, tell := range q.ended {
		tell()
	}
	if err != nil {
		return err
	}
	return d.finish(ctx, q.tasks)
}

// finish runs the tasks of a transaction that has been committed. Each of them runs
// even if another fails: one may be the application's, and the next sets the cookie of
// a session that exists now.
func (d *db) finish(ctx context.Context, tasks []func(context.Context) error) error {
	var failed []error
	for _, task := range tasks {
		if err := d.attempt(ctx, task); err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) == 1 {
		return failed[0]
	}
	return errors.Join(failed...)
}

func (d *db) attempt(ctx context.Context, task func(context.Context) error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			d.panicked(ctx, "a task after a commit", r)
			err = errPanicked
		}
	}()
	return task(ctx)
}

// errOuterContext prevents a deadlock: on a database with one connection, or with
// locks, the statement waits for the transaction to end, and the transaction for the
// statement.
var errOuterContext = errors.New("core: a transaction is open here: pass the ctx that Tx gave to its function, not the call or the context around it")

// inTurn refuses a statement that a transaction's function sends outside of that
// transaction. Other goroutines are free to send theirs: the transaction's function is
// not on their stacks.
func (d *db) inTurn(ctx context.Context) error {
	if d.running.Load() == 0 {
		return nil
	}
	if _, ok := queueOf(ctx); ok || !insideTx() {
		return nil
	}
	return errOuterContext
}

// runInTx is the stack frame that insideTx looks for.
//
//go:noinline
func runInTx(ctx context.Context, fn func(ctx context.Context) error) error { return fn(ctx) }

// insideTx reports whether the caller runs inside a transaction's function.
func insideTx() bool {
	frame := reflect.ValueOf(runInTx).Pointer()
	var pcs [96]uintptr
	for skip := 2; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs[:])
		for _, pc := range pcs[:n] {
			if f := runtime.FuncForPC(pc - 1); f != nil && f.Entry() == frame {
				return true
			}
		}
		if n < len(pcs) {
			return false
		}
	}
}

type commitKey struct{}

type commitQueue struct {
	last  []func(context.Context) error // at the end of the transaction, before its commit
	tasks []func(context.Context) error // after the commit
	ended []func()                      // after the transaction, even if it was rolled back
	// outer is the context around the transaction, once that has ended. Work that the tasks give
	// to a call which was made in the transaction runs there, at once.
	outer context.Context

	// Values of the secondary storage by their keys: those that this attempt has used
	// up, and those that earlier attempts had used up.
	taken, left map[string]string
	// Values there that this attempt, and earlier ones, have replaced.
	swapped, undone map[string]swapped
}

// swapped is the value of a key before a transaction, and the one that it wrote.
type swapped struct{ old, value string }

// queueOf returns the queue of the transaction of ctx.
func queueOf(ctx context.Context) (*commitQueue, bool) {
	q, ok := ctx.Value(commitKey{}).(*commitQueue)
	return q, ok
}

// InTx reports whether ctx belongs to a transaction. Code that lets calls wait for each
// other must not do so in one: the others may wait for its rows.
func InTx(ctx context.Context) bool {
	_, ok := queueOf(ctx)
	return ok
}

// again makes the queue ready for another attempt.
func (q *commitQueue) again() {
	q.last, q.tasks, q.ended = nil, nil, nil
	if q.left == nil {
		q.left = q.taken
	} else {
		maps.Copy(q.left, q.taken)
	}
	q.taken = nil
	if q.undone == nil {
		q.undone = q.swapped
	} else {
		maps.Copy(q.undone, q.swapped)
	}
	q.swapped = nil
}

// take is GetDel of a value that the transaction of ctx uses up. The storage has no
// transactions and cannot put it back, so an attempt that was rolled back leaves it to
// the next one.
func (s *Store) take(ctx context.Context, key string) (string, error) {
	q, inTx := queueOf(ctx)
	if !inTx {
		return s.secondary.GetDel(ctx, key)
	}
	text, left := q.left[key]
	if left {
		delete(q.left, key)
	} else {
		var err error
		if text, err = s.secondary.GetDel(ctx, key); err != nil {
			return "", err
		}
	}
	if q.taken == nil {
		q.taken = map[string]string{}
	}
	q.taken[key] = text
	return text, nil
}

// beforeCommit runs fn as the last step of the transaction of ctx, while it still
// holds its locks; without a transaction, at once. An error of fn undoes the
// transaction.
func beforeCommit(ctx context.Context, fn func(ctx context.Context) error) error {
	q, ok := queueOf(ctx)
	switch {
	case !ok:
		return fn(ctx)
	case q.outer != nil:
		return fn(q.outer)
	}
	q.last = append(q.last, fn)
	return nil
}

// AfterCommit runs fn after the transaction of ctx has been committed, or at
// once when there is no transaction. An error of fn is returned to the caller
// of the transaction, whose writes stay. Other functions that wait for the
// commit still run.
func AfterCommit(ctx context.Context, fn func(ctx context.Context) error) error {
	q, ok := queueOf(ctx)
	switch {
	case !ok:
		return fn(ctx)
	case q.outer != nil:
		return fn(q.outer)
	}
	q.tasks = append(q.tasks, fn)
	return nil
}

// Tell is AfterCommit for hooks of the application that are told of a write; what
// names the hook. The hook cannot refuse the write, which is committed. A failure or
// panic is logged and reported to Options.OnError, and the call continues, so that a
// sign-up does not appear to fail when its user exists. An *Error is meant for the
// client and becomes the answer.
func (a *Auth) Tell(ctx context.Context, what string, hook func(ctx context.Context) error) error {
	return AfterCommit(ctx, func(ctx context.Context) (err error) {
		defer func() {
			if r := recover(); r != nil {
				a.logPanic(ctx, what, r)
				err = nil
			}
		}()
		err = hook(ctx)
		var answer *Error
		if err == nil || errors.As(err, &answer) {
			return err
		}
		a.logError(ctx, what+" failed after the write", err)
		return nil
	})
}
