package mongo

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/advantch/kernia-go/core/adapter"
)

const abortAfter = 5 * time.Second

// tx is a transaction that a context carries.
type tx struct {
	mu        sync.Mutex // one command at a time: a session serves one goroutine
	ended     bool
	writes    int   // so far
	transient bool  // lost to another transaction: worth another attempt
	broken    error // the error with which the server, or a nested Tx, ended it
}

type txKey struct{ s *store }

func (s *store) carried(ctx context.Context) *tx {
	t, _ := ctx.Value(txKey{s}).(*tx)
	return t
}

// joined reports whether ctx carries a transaction, of this adapter or one that the
// application began with the driver.
func (s *store) joined(ctx context.Context) bool {
	if s.carried(ctx) != nil {
		return true
	}
	sess := driver.SessionFromContext(ctx)
	return sess != nil && sess.TransactionRunning()
}

// do sends commands, in the transaction of ctx if it carries one. The context
// given to fn holds its session.
func (s *store) do(ctx context.Context, op, model string, fn func(ctx context.Context) error) error {
	t := s.carried(ctx)
	if t == nil {
		return wrap(op, model, fn(ctx))
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.ended:
		return ErrTxDone
	case t.broken != nil:
		return fmt.Errorf("%w: %w", ErrTxDone, t.broken)
	}
	cause := fn(ctx)
	err := wrap(op, model, cause)
	if err != nil && !errors.Is(err, adapter.ErrNotFound) {
		// Every other error has made the server abort.
		t.broken = err
		t.transient = hasLabel(cause, labelTransient)
	}
	if err == nil && op != "find" && op != "count" {
		t.writes++
	}
	return err
}

// together runs commands that belong together: in the transaction of ctx if there
// is one, else in one of their own.
func (s *store) together(ctx context.Context, fn func(ctx context.Context) error) error {
	if s.joined(ctx) {
		return fn(ctx)
	}
	return s.Tx(ctx, fn)
}

// Tx runs fn in a transaction, and again when it lost to another one: MongoDB
// ends one of two transactions that write the same row instead of making it wait.
// So fn may run several times, and its effects outside the database have to wait for
// the commit. It gives up after 30 seconds or with the context.
//
// A nested Tx joins the outer one. When it fails after it has written something,
// the outer one fails as well, even if its function goes on: there are no savepoints,
// and a part of a transaction must never be committed alone.
//
// The context that fn gets is a session context of the driver, so the application's own
// commands under it belong to the transaction. Under a session context of the
// application with a running transaction, Tx and all operations join that transaction.
func (s *store) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if t := s.carried(ctx); t != nil {
		return t.nested(ctx, fn)
	}
	if !s.tx || s.joined(ctx) {
		return fn(ctx)
	}
	return adapter.Retry(ctx, func() (bool, error) { return s.attempt(ctx, fn) })
}

func (t *tx) nested(ctx context.Context, fn func(ctx context.Context) error) error {
	t.mu.Lock()
	ended, writes := t.ended, t.writes
	t.mu.Unlock()
	if ended {
		return ErrTxDone
	}
	failed := errors.New("a nested transaction panicked")
	// Deferred, so that a panic of fn (or runtime.Goexit) counts as well.
	defer func() {
		if failed == nil {
			return
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.broken == nil && t.writes > writes {
			t.broken = failed
		}
	}()
	failed = fn(ctx)
	if failed == nil {
		failed = ctx.Err()
	}
	return failed
}

// attempt runs fn once and reports whether another attempt may succeed.
func (s *store) attempt(ctx context.Context, fn func(ctx context.Context) error) (again bool, err error) {
	sess, err := s.db.Client().StartSession()
	if err != nil {
		return false, wrap("begin", "transaction", err)
	}
	t := &tx{}
	defer func() {
		// This runs also after a panic of fn. It aborts an uncommitted transaction,
		// even when ctx is done.
		t.end()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortAfter)
		defer cancel()
		sess.EndSession(ctx)
	}()
	if err := sess.StartTransaction(transactionOptions()); err != nil {
		return false, wrap("begin", "transaction", err)
	}
	err = fn(context.WithValue(driver.NewSessionContext(ctx, sess), txKey{s}, t))
	t.end()
	if t.transient {
		return true, errors.Join(err, t.broken)
	}
	if err == nil {
		err = t.broken
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return false, err
	}
	return commit(ctx, sess)
}

// commit asks again when the answer was lost; a commit can be repeated.
func commit(ctx context.Context, sess *driver.Session) (again bool, err error) {
	for range 3 {
		err = sess.CommitTransaction(ctx)
		if err == nil || !hasLabel(err, labelUnknownCommit) || ctx.Err() != nil {
			break
		}
	}
	return hasLabel(err, labelTransient), wrap("commit", "transaction", err)
}

// end waits for the running command and admits no further one.
func (t *tx) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ended = true
}

// transactionOptions replace the client's defaults: all reads see one state of the
// database, and commits need a majority.
func transactionOptions() *options.TransactionOptionsBuilder {
	return options.Transaction().SetReadConcern(readconcern.Snapshot()).SetWriteConcern(writeconcern.Majority()).SetReadPreference(primary)
}
