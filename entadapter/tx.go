package entadapter

import (
	"context"
	"database/sql"
	"errors"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/sqlcodec"
	"github.com/advantch/kernia-go/core/sqltx"
)

// ErrNoTransaction is returned by every operation whose context was made by
// WithTx from no transaction.
var ErrNoTransaction = errors.New("entadapter: the dialect.Tx given to WithTx is nil")

// tx is a transaction that a context carries.
type tx struct {
	life   sqltx.Life
	conn   dialect.ExecQuerier
	points sqltx.Points
	fresh  bool // begun here: it sees what others commit while it runs (sqlcodec.Dialect.TxOptions)
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
// application's own transaction, which drv.Tx(ctx) of the client's driver began:
//
//	tx, err := drv.Tx(ctx)
//	ctx = entadapter.WithTx(ctx, tx)
//	bound, _ := entadapter.FromContext(ctx, drv)
//	client := ent.NewClient(ent.Driver(bound)) // writes in the same transaction
//
// Commit and rollback stay the application's. The transaction must be one of the
// database that the adapter was made of. On SQLite it should have been begun with
// the write lock (a pool opened by SQLite does so).
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
// drv and false. Commit and rollback are not the client's: its transactions join
// this one, and an error that the hook returns undoes everything.
func FromContext(ctx context.Context, drv dialect.Driver) (dialect.Driver, bool) {
	t, ok := ctx.Value(boundKey{}).(*tx)
	if !ok {
		return drv, false
	}
	return &bound{tx: t, name: drv.Dialect()}, true
}

// bound is a driver of one transaction, whose end belongs to somebody else.
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
// what it read has changed, is run again, so fn may run several times, and what it
// does besides the database has to wait for the commit. An application's own
// transaction, and one of a driver that has no BeginTx, is not run again: its
// operations all fail from there on.
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

// attempt runs fn once and says whether it lost to another transaction.
func (s *store) attempt(ctx context.Context, fn func(ctx context.Context) error) (lost bool, err error) {
	leave, err := s.turn(ctx)
	if err != nil {
		return false, s.wrap("begin", "transaction", err)
	}
	defer leave()
	begun, err := s.begin(ctx)
	if err != nil {
		return false, s.wrap("begin", "transaction", err)
	}
	err = s.run(ctx, "transaction", &tx{conn: begun, fresh: s.begins}, begun, fn)
	return s.begins && s.codec.Lost(err), err
}

func (s *store) run(ctx context.Context, what string, t *tx, end sqltx.Ender, fn func(ctx context.Context) error) error {
	run := func() error {
		err := fn(s.carry(ctx, t))
		// Whatever fn has made of the error that ended the transaction.
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
	// A transaction that reads first and writes later fails when another process
	// wrote in between. A write of no row takes the lock now, unless the pool's
	// DSN has done so already.
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

// begins says whether a driver's transactions are its own. One without the method,
// such as that of an ent.Tx, joins what runs already, and so does ent's own over
// anything but a pool.
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
