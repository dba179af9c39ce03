// Package sqltx ends SQL transactions and savepoints, also after a failure or panic
// inside them, and queues the writers of a database that has one at a time.
package sqltx

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
)

// Ender is a transaction or a savepoint.
type Ender interface {
	Commit() error
	Rollback() error
}

// Run runs fn and commits. It rolls back when fn fails, panics or ends its
// goroutine, and when ctx has ended by the time fn returns. failed turns the
// error of a commit into the caller's own.
func Run(ctx context.Context, end Ender, fn func() error, failed func(error) error) error {
	finished := false
	defer func() {
		if !finished {
			_ = end.Rollback() // the panic goes on
		}
	}()
	err := fn()
	finished = true
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = end.Rollback() // the first error says more than the second
		return err
	}
	return failed(end.Commit())
}

// Life is the state that the statements of one transaction share. They run one at a
// time, because a connection has one result set. None is sent after one that has ended
// the transaction: MySQL would commit it on its own. The zero value is ready.
type Life struct {
	mu    sync.Mutex
	ended error
}

// Run runs a statement, or returns the error of the one that ended the
// transaction. ends reports whether an error ends the transaction.
func (l *Life) Run(ends func(error) bool, statement func() error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended != nil {
		return l.ended
	}
	err := statement()
	if ends(err) {
		l.ended = err
	}
	return err
}

// Ended is the error of the statement that ended the transaction, or nil.
func (l *Life) Ended() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ended
}

// Points makes the savepoints of one transaction. The zero value is ready.
type Points struct{ n atomic.Int64 }

// Mark begins a savepoint. exec runs a statement in the transaction. Ending the
// savepoint works even when ctx has ended.
func (p *Points) Mark(ctx context.Context, exec func(ctx context.Context, text string) error) (Ender, error) {
	// The name must differ from those that a library gives to the application's nested
	// transactions.
	name := "kernia_" + strconv.FormatInt(p.n.Add(1), 10)
	if err := exec(ctx, "SAVEPOINT "+name); err != nil {
		return nil, err
	}
	return &point{ctx: context.WithoutCancel(ctx), name: name, exec: exec}, nil
}

type point struct {
	ctx  context.Context
	name string
	exec func(ctx context.Context, text string) error
}

// Commit keeps what was written since the savepoint.
func (p *point) Commit() error { return p.exec(p.ctx, "RELEASE SAVEPOINT "+p.name) }

// Rollback undoes what was written since the savepoint.
func (p *point) Rollback() error { return p.exec(p.ctx, "ROLLBACK TO SAVEPOINT "+p.name) }

// Gate lets one writer of this process through at a time; the others wait here
// instead of polling the database's lock. A nil Gate lets everybody through.
type Gate chan struct{}

// NewGate makes an open gate.
func NewGate() Gate { return make(Gate, 1) }

// Enter waits for its turn, or for ctx to end. The caller calls leave when done.
func (g Gate) Enter(ctx context.Context) (leave func(), err error) {
	if g == nil {
		return func() {}, nil
	}
	select {
	case g <- struct{}{}:
		return func() { <-g }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
