package gormadapter

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqltx"
)

// ErrNoTransaction is returned by every operation whose context WithTx made
// from a handle without a transaction.
var ErrNoTransaction = errors.New("gormadapter: the *gorm.DB given to WithTx carries no transaction")

// tx is a transaction that a context carries.
type tx struct {
	life   sqltx.Life
	conn   gorm.ConnPool
	own    *sql.Tx // set when begun here, so that prepared statements can be used
	points sqltx.Points
	fresh  bool // begun here: it sees what others commit while it runs (sqlcodec.Dialect.TxOptions)
	// locked says that a statement has locked or written rows here; see reading.
	locked atomic.Bool
	// unknown are the texts of statements that were not prepared yet.
	unknown []string
	err     error
}

// ownKey finds the transaction that a database's Tx began; appKey the one that
// WithTx put there.
type (
	ownKey struct{ db *database }
	appKey struct{}
	// boundKey finds the innermost of all databases, for FromContext.
	boundKey struct{}
)

// WithTx makes the adapter's operations under the context run in the
// application's own transaction: db.Transaction(func(tx *gorm.DB) error { …
// gormadapter.WithTx(ctx, tx) … }). The application commits or rolls back. The
// transaction must belong to the database of the adapter. On SQLite it should
// begin with the write lock, as transactions of a handle from SQLite do.
func WithTx(ctx context.Context, db *gorm.DB) context.Context {
	t := &tx{err: ErrNoTransaction}
	if db != nil && db.Statement != nil {
		if _, ok := db.Statement.ConnPool.(gorm.TxCommitter); ok {
			t = &tx{conn: db.Statement.ConnPool}
			ctx = context.WithValue(ctx, boundKey{}, bound{db, t.conn})
		}
	}
	return context.WithValue(ctx, appKey{}, t)
}

// FromContext returns a handle bound to the innermost transaction that the
// context carries, so that a hook can write the application's rows together
// with Kernia's. It reports false outside a transaction. The hook must not
// commit or roll back; it returns an error to roll everything back.
func FromContext(ctx context.Context) (*gorm.DB, bool) {
	b, ok := ctx.Value(boundKey{}).(bound)
	if !ok {
		return nil, false
	}
	db := b.gorm.Session(&gorm.Session{NewDB: true, Context: ctx})
	db.Statement.ConnPool = b.conn
	return db, true
}

// bound holds the parts of a transaction that FromContext needs.
type bound struct {
	gorm *gorm.DB
	conn gorm.ConnPool
}

func (d *database) carried(ctx context.Context) *tx {
	if t, ok := ctx.Value(ownKey{d}).(*tx); ok {
		return t
	}
	if t, ok := ctx.Value(appKey{}).(*tx); ok {
		return t
	}
	return nil
}

func (d *database) carry(ctx context.Context, t *tx) context.Context {
	ctx = context.WithValue(ctx, boundKey{}, bound{d.gorm, t.conn})
	return context.WithValue(ctx, ownKey{d}, t)
}

// current is the transaction of a context, or nil.
func (d *database) current(ctx context.Context) (*tx, error) {
	t := d.carried(ctx)
	if t == nil {
		return nil, nil
	}
	return t, t.err
}

// prepared binds a known statement to the transaction. Nothing is prepared
// here: with a pool of one connection that would wait for the transaction itself. See
// stmtCache.learn.
func (t *tx) prepared(ctx context.Context, cache *stmtCache, text string) *sql.Stmt {
	if t.own == nil {
		return nil
	}
	if stmt := cache.known(text); stmt != nil {
		return t.own.StmtContext(ctx, stmt)
	}
	t.unknown = append(t.unknown, text)
	return nil
}

// Tx runs fn in a transaction, or in a savepoint of the one that ctx carries.
// Nested calls must not run in parallel with each other. A transaction that the
// server ends in favour of another one, as the victim of a deadlock or because
// what it read has changed, is run again. So fn may run several times, and its effects
// outside the database have to wait for the commit. An application's own transaction is
// not run again: its operations all fail from there on.
func (s *store) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	t, err := s.current(ctx)
	if err != nil {
		return err
	}
	if t != nil {
		return s.savepoint(ctx, t, fn)
	}
	var ran *tx
	err = adapter.Retry(ctx, func() (lost bool, err error) {
		return s.attempt(ctx, func(ctx context.Context) error {
			ran = s.carried(ctx)
			return fn(ctx)
		})
	})
	if err == nil {
		s.stmts.learn(ctx, ran.unknown)
	}
	return err
}

// attempt runs fn once and reports whether it lost to another transaction.
func (s *store) attempt(ctx context.Context, fn func(ctx context.Context) error) (lost bool, err error) {
	if s.dialect.OneWriter() {
		wait := sqltx.NewWait(ctx, s.maxWait)
		defer wait.End()
		leave, err := s.gate.Enter(wait.Context())
		if err != nil {
			return false, s.wrap("begin", "transaction", wait.Explain(err))
		}
		defer leave()
		return false, s.hold(ctx, wait, fn)
	}
	t, done, err := s.begin(ctx)
	if err != nil {
		return false, s.wrap("begin", "transaction", err)
	}
	err = s.run(ctx, "transaction", t, done, fn)
	return t.fresh && s.dialect.Lost(err), err
}

// hold runs fn in a transaction whose lock is waited for no longer than wait lasts.
func (s *store) hold(ctx context.Context, wait *sqltx.Wait, fn func(ctx context.Context) error) error {
	t, done, err := s.begin(wait.Context())
	if err != nil {
		return s.wrap("begin", "transaction", wait.Explain(err))
	}
	if err := wait.Got(); err != nil {
		_ = done.Rollback()
		return s.wrap("begin", "transaction", err)
	}
	return s.run(ctx, "transaction", t, done, fn)
}

func (s *store) run(ctx context.Context, what string, t *tx, end sqltx.Ender, fn func(ctx context.Context) error) error {
	run := func() error {
		err := fn(s.carry(ctx, t))
		// The error that ended the transaction counts, even if fn returned another one.
		if ended := t.life.Ended(); ended != nil && !errors.Is(err, ended) {
			return s.wrap("run", what, ended)
		}
		return err
	}
	return sqltx.Run(ctx, end, run, func(err error) error { return s.wrap("commit", what, err) })
}

func (s *store) begin(ctx context.Context) (*tx, gorm.TxCommitter, error) {
	var t *tx
	var done gorm.TxCommitter
	switch pool := s.pool.(type) {
	case gorm.TxBeginner:
		own, err := pool.BeginTx(ctx, s.dialect.TxOptions())
		if err != nil {
			return nil, nil, err
		}
		t, done = &tx{conn: own, fresh: true}, own
		if _, ok := s.pool.(*sql.DB); ok {
			t.own = own
		}
	case gorm.ConnPoolBeginner:
		conn, err := pool.BeginTx(ctx, s.dialect.TxOptions())
		if err != nil {
			return nil, nil, err
		}
		committer, ok := conn.(gorm.TxCommitter)
		if !ok {
			return nil, nil, gorm.ErrInvalidTransaction
		}
		t, done = &tx{conn: conn, fresh: true}, committer
	case gorm.TxCommitter: // New was given a transaction, which its owner ends
		t = &tx{conn: s.pool}
		p, err := s.mark(ctx, t)
		if err != nil {
			return nil, nil, err
		}
		return t, p, nil
	default:
		return nil, nil, gorm.ErrInvalidTransaction
	}
	if s.dialect.OneWriter() && !s.immediate {
		// A transaction that reads first and writes later fails when another
		// process wrote in between. A write of no row takes the lock now.
		first := s.Tables[s.schema.Tables()[0].Model]
		if _, err := s.send(ctx, t, "DELETE FROM "+first.Quoted+" WHERE "+never, nil); err != nil {
			return nil, nil, errors.Join(err, done.Rollback())
		}
	}
	return t, done, nil
}

func (s *store) mark(ctx context.Context, t *tx) (sqltx.Ender, error) {
	return t.points.Mark(ctx, func(ctx context.Context, text string) error {
		return t.life.Run(s.dialect.Ends, func() error {
			_, err := t.conn.ExecContext(ctx, text)
			return err
		})
	})
}

func (s *store) savepoint(ctx context.Context, t *tx, fn func(ctx context.Context) error) error {
	p, err := s.mark(ctx, t)
	if err != nil {
		return s.wrap("begin", "savepoint", err)
	}
	return s.run(ctx, "savepoint", t, p, fn)
}
