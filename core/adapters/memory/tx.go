package memory

import (
	"context"
)

// tx is a running transaction. Its log is DB.log: there is only one at a time.
type tx struct {
	done  chan struct{} // closed at the end
	ended bool          // guarded by DB.mu
}

// txKey carries a transaction in a context, apart for each database.
type txKey struct{ db *DB }

func (db *DB) txOf(ctx context.Context) *tx {
	t, _ := ctx.Value(txKey{db}).(*tx)
	return t
}

// enter returns nil when an operation of the transaction t, or of none, may go on, and
// otherwise the channel to wait for. The caller holds the lock.
func (db *DB) enter(t *tx) (wait chan struct{}, err error) {
	switch {
	case t != nil && t.ended:
		return nil, ErrTxDone
	case t == nil && db.running != nil:
		return db.running.done, nil
	}
	return nil, nil
}

// lock takes the lock for writing once the context may.
func (db *DB) lock(ctx context.Context) error {
	return db.acquire(ctx, db.mu.Lock, db.mu.Unlock)
}

// rlock takes the lock for reading once the context may.
func (db *DB) rlock(ctx context.Context) error {
	return db.acquire(ctx, db.mu.RLock, db.mu.RUnlock)
}

func (db *DB) acquire(ctx context.Context, lock, unlock func()) error {
	t := db.txOf(ctx)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		lock()
		wait, err := db.enter(t)
		if wait == nil && err == nil {
			return nil
		}
		unlock()
		if err != nil {
			return err
		}
		select {
		case <-wait:
		case <-ctx.Done():
		}
	}
}

// Tx runs fn in a transaction. Transactions run one after the other; a nested
// one is a savepoint. Nested transactions of one transaction must not run side
// by side: undoing one also undoes what the others wrote since it began. When
// ctx is done by the time fn returns, nothing is committed.
func (a *store) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	if a.db.txOf(ctx) != nil {
		return a.db.nested(ctx, fn)
	}
	if err := a.db.lock(ctx); err != nil {
		return err
	}
	t := &tx{done: make(chan struct{})}
	a.db.running = t
	a.db.mu.Unlock()

	commit := false
	// Deferred, so that a panic of fn (or runtime.Goexit) rolls back as well.
	defer func() {
		a.db.mu.Lock()
		defer a.db.mu.Unlock()
		if !commit {
			a.db.undo(0)
		}
		a.db.forget()
		t.ended = true
		a.db.running = nil
		close(t.done)
	}()
	err := fn(context.WithValue(ctx, txKey{a.db}, t))
	if err == nil {
		err = ctx.Err()
	}
	commit = err == nil
	return err
}

func (db *DB) nested(ctx context.Context, fn func(ctx context.Context) error) error {
	if err := db.lock(ctx); err != nil {
		return err
	}
	mark := len(db.log)
	db.mu.Unlock()

	commit := false
	defer func() {
		db.mu.Lock()
		defer db.mu.Unlock()
		if !commit && !db.txOf(ctx).ended {
			db.undo(mark)
		}
	}()
	err := fn(ctx)
	if err == nil {
		err = ctx.Err()
	}
	commit = err == nil
	return err
}

// write runs one statement under the lock; when it fails it leaves no trace.
func (db *DB) write(ctx context.Context, statement func() error) error {
	if err := db.lock(ctx); err != nil {
		return err
	}
	defer db.mu.Unlock()
	mark := len(db.log)
	err := statement()
	if err != nil {
		db.undo(mark)
	}
	if db.running == nil {
		db.forget()
	}
	return err
}

// undo is one change to take back.
type undo struct {
	table *table
	row   *row
	kind  change
	old   []any
}

type change byte

const (
	inserted change = iota
	deleted
	replaced
)

func (db *DB) insert(t *table, vals []any) *row {
	t.seq++
	r := &row{seq: t.seq, vals: vals}
	t.put(r)
	db.log = append(db.log, undo{table: t, row: r, kind: inserted})
	return r
}

func (db *DB) remove(t *table, r *row) {
	t.drop(r)
	db.log = append(db.log, undo{table: t, row: r, kind: deleted})
}

func (db *DB) replace(t *table, r *row, vals []any) {
	db.log = append(db.log, undo{table: t, row: r, kind: replaced, old: r.vals})
	t.swap(r, vals)
}

// undo takes back all changes after mark, the latest first.
func (db *DB) undo(mark int) {
	for i := len(db.log) - 1; i >= mark; i-- {
		switch u := db.log[i]; u.kind {
		case inserted:
			u.table.drop(u.row)
		case deleted:
			u.table.put(u.row)
		case replaced:
			u.table.swap(u.row, u.old)
		}
	}
	if mark < len(db.log) {
		clear(db.log[mark:])
		db.log = db.log[:mark]
	}
}

// forget drops the log, and its memory when a statement made it large.
func (db *DB) forget() {
	if cap(db.log) > 1024 {
		db.log = nil
		return
	}
	clear(db.log)
	db.log = db.log[:0]
}
