package entadapter

import (
	"context"
	"database/sql"
	"errors"
	"sync/atomic"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqltx"
)

// ErrNoTransaction is returned by every operation whose context WithTx made
// without a transaction.
var ErrNoTransaction = errors.New("entadapter: the dialect.Tx given to WithTx is nil")

// tx is a transaction that a context carries.
type tx struct {
	life   sqltx.Life
	conn   dialect.ExecQuerier
	points sqltx.Points
	fresh  bool // begun here: it sees what others commit while it runs (sqlcodec.Dialect.TxOptions)
	// locked says that a statement has locked or written rows here; see reading.
	locked atomic.Bool
	err    error
}

// ownKey finds the transaction that a database's Tx began; appKey the one that
// WithTx put there; boundKey the innermost of all databases, for FromContext.
type (
	ownKey   struct{ db *database }
	appKey   struct{}
	boundKey struct{}
)

// WithTx makes the adapter's operations under the context run in the
// application's own transaction, begun by drv.Tx(ctx) of the client's driver:
//
//	tx, err := drv.Tx(ctx)
//	ctx = entadapter.WithTx(ctx, tx)
//	bound, _ := entadapter.FromContext(ctx, drv)
//	client := ent.NewClient(ent.Driver(bound)) // writes in the same transaction
//
// The application commits or rolls back. The transaction must belong to the
// database of the adapter. On SQLite it should begin with the write lock, as
// transactions of a pool opened by SQLite do.
func WithTx(ctx context.Context, t dialect.Tx) context.Context {
	if debug, ok := t.(*dialect.DebugTx); ok {
		t = debug.Tx
	}
	if t == nil {
		return context.WithValue(ctx, appKey{}, &tx{err: ErrNoTransaction})
	}
	carried := &tx{conn: t}
	ctx = context.WithValue(ctx, boundKey{}, carried)
	return context.WithValue(ctx, appKey{}, carried)
}

// FromContext returns a driver for an ent client that runs in the innermost
// transaction that the context carries, so that a hook can write the
// application's rows together with Kernia's. Outside a transaction it returns
// drv and false. The client cannot commit or roll back: its transactions join
// this one. An error that the hook returns rolls everything back.
func FromContext(ctx context.Context, drv dialect.Driver) (dialect.Driver, bool) {
	t, ok := ctx.Value(boundKey{}).(*tx)
	if !ok {
		return drv, false
	}
	return &bound{tx: t, name: drv.Dialect()}, true
}

// bound is a driver of one transaction, which somebody else ends.
type bound struct {
	tx   *tx
	name string
}

// Exec implements dialect.ExecQuerier.
func (b *bound) Exec(ctx context.Context, query string, args, v any) error {
	return b.tx.conn.Exec(ctx, query, args, v)
}

// Query implements dialect.ExecQuerier.
func (b *bound) Query(ctx context.Context, query string, args, v any) error {
	return b.tx.conn.Query(ctx, query, args, v)
}

// Tx implements dialect.Driver by joining the transaction.
func (b *bound) Tx(context.Context) (dialect.Tx, error) { return dialect.NopTx(b), nil }

// Close implements dialect.Driver. It leaves the transaction open.
func (b *bound) Close() error { return nil }

// Dialect implements dialect.Driver.
func (b *bound) Dialect() string { return b.name }

// current is the transaction of a context, or nil.
func (d *database) current(ctx context.Context) (*tx, error) {
	t, ok := ctx.Value(ownKey{d}).(*tx)
	if !ok {
		if t, ok = ctx.Value(appKey{}).(*tx); !ok {
			return nil, nil
		}
	}
	return t, t.err
}

func (d *database) carry(ctx context.Context, t *tx) context.Context {
	ctx = context.WithValue(ctx, boundKey{}, t)
	return context.WithValue(ctx, ownKey{d}, t)
}

// Tx runs fn in a transaction, or in a savepoint of the one that ctx carries.
// Nested calls must not run in parallel with each other. A transaction that the
// server ends in favour of another one, as the victim of a deadlock or because
// what it read has changed, is run again. So fn may run several times, and its effects
// outside the database have to wait for the commit. An application's own transaction,
// and one of a driver that has no BeginTx, is not run again: its operations all fail
// from there on.
func (s *store) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	t, err := s.current(ctx)
	if err != nil {
		return err
	}
	if t != nil {
		return s.savepoint(ctx, t, fn)
	}
	return adapter.Retry(ctx, func() (lost bool, err error) { return s.attempt(ctx, fn) })
}

// attempt runs fn once and reports whether it lost to another transaction.
func (s *store) attempt(ctx context.Context, fn func(ctx context.Context) error) (lost bool, err error) {
	if s.codec.OneWriter() {
		wait := sqltx.NewWait(ctx, s.maxWait)
		defer wait.End()
		leave, err := s.gate.Enter(wait.Context())
		if err != nil {
			return false, s.wrap("begin", "transaction", wait.Explain(err))
		}
		defer leave()
		return false, s.hold(ctx, wait, fn)
	}
	begun, err := s.begin(ctx)
	if err != nil {
		return false, s.wrap("begin", "transaction", err)
	}
	err = s.run(ctx, "transaction", &tx{conn: begun, fresh: s.begins}, begun, fn)
	return s.begins && s.codec.Lost(err), err
}

// hold runs fn in a transaction whose lock is waited for no longer than wait lasts.
func (s *store) hold(ctx context.Context, wait *sqltx.Wait, fn func(ctx context.Context) error) error {
	begun, err := s.begin(wait.Context())
	if err != nil {
		return s.wrap("begin", "transaction", wait.Explain(err))
	}
	if err := wait.Got(); err != nil {
		_ = begun.Rollback()
		return s.wrap("begin", "transaction", err)
	}
	return s.run(ctx, "transaction", &tx{conn: begun, fresh: s.begins}, begun, fn)
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

func (s *store) begin(ctx context.Context) (dialect.Tx, error) {
	begun, err := s.beginTx(ctx)
	if err != nil || s.codec != sqlcodec.SQLite || s.first == nil {
		return begun, err
	}
	// A transaction that reads first and writes later fails when another process wrote
	// in between. A write of no row takes the lock now, unless the pool's DSN did so
	// already.
	text, _ := s.build().Delete(s.first.Quoted).Where(entsql.P(never)).Query()
	if err := begun.Exec(ctx, text, []any{}, nil); err != nil {
		return nil, errors.Join(err, begun.Rollback())
	}
	return begun, nil
}

// beginner is implemented by drivers whose transactions take options.
type beginner interface {
	BeginTx(ctx context.Context, opts *entsql.TxOptions) (dialect.Tx, error)
}

// begins reports whether a driver's transactions are its own. A driver without the
// method, such as that of an ent.Tx, joins a running transaction, and so does ent's own
// over anything but a pool.
func begins(drv dialect.Driver) bool {
	if d, ok := drv.(*entsql.Driver); ok {
		_, pool := d.ExecQuerier.(*sql.DB)
		return pool
	}
	_, ok := drv.(beginner)
	return ok
}

func (s *store) beginTx(ctx context.Context) (dialect.Tx, error) {
	opts := s.codec.TxOptions()
	if opts == nil || !s.begins {
		return s.driver.Tx(ctx)
	}
	return s.driver.(beginner).BeginTx(ctx, opts)
}

func (s *store) savepoint(ctx context.Context, t *tx, fn func(ctx context.Context) error) error {
	point, err := t.points.Mark(ctx, func(ctx context.Context, text string) error {
		return t.life.Run(s.codec.Ends, func() error { return t.conn.Exec(ctx, text, []any{}, nil) })
	})
	if err != nil {
		return s.wrap("begin", "savepoint", err)
	}
	return s.run(ctx, "savepoint", t, point, fn)
}
