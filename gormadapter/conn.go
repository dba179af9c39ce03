package gormadapter

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/sqlcodec"
)

// maxStatements bounds the prepared statements of one database. Shapes beyond
// it, which only lists of many lengths make, are sent unprepared.
const maxStatements = 256

// stmtCache keeps prepared statements by their text.
type stmtCache struct {
	db    atomic.Pointer[sql.DB]
	m     sync.Map // string -> *sql.Stmt
	count atomic.Int64
}

func (c *stmtCache) use(db *sql.DB) { c.db.Store(db) }

// known returns a statement that is prepared already.
func (c *stmtCache) known(text string) *sql.Stmt {
	if v, ok := c.m.Load(text); ok {
		return v.(*sql.Stmt)
	}
	return nil
}

// get returns the prepared statement, or nil when the text should be sent as it is.
func (c *stmtCache) get(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt := c.known(text); stmt != nil {
		return stmt, nil
	}
	db := c.db.Load()
	if db == nil || c.count.Load() >= maxStatements {
		return nil, nil
	}
	stmt, err := db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if other, loaded := c.m.LoadOrStore(text, stmt); loaded {
		stmt.Close()
		return other.(*sql.Stmt), nil
	}
	c.count.Add(1)
	return stmt, nil
}

// query sends a statement that gives rows. The transaction, if there is one, is the
// caller's until the rows are closed.
func (s *store) query(ctx context.Context, t *tx, text string, args []any) (*sql.Rows, error) {
	if t != nil {
		if stmt := t.prepared(ctx, &s.stmts, text); stmt != nil {
			return stmt.QueryContext(ctx, args...)
		}
		return t.conn.QueryContext(ctx, text, args...)
	}
	stmt, err := s.stmts.get(ctx, text)
	if err != nil {
		return nil, err
	}
	if stmt != nil {
		return stmt.QueryContext(ctx, args...)
	}
	return s.pool.QueryContext(ctx, text, args...)
}

func (s *store) send(ctx context.Context, t *tx, text string, args []any) (sql.Result, error) {
	if t != nil {
		if stmt := t.prepared(ctx, &s.stmts, text); stmt != nil {
			return stmt.ExecContext(ctx, args...)
		}
		return t.conn.ExecContext(ctx, text, args...)
	}
	stmt, err := s.stmts.get(ctx, text)
	if err != nil {
		return nil, err
	}
	if stmt != nil {
		return stmt.ExecContext(ctx, args...)
	}
	return s.pool.ExecContext(ctx, text, args...)
}

// rows runs a statement and scans each row into cells, which are used again for
// the next row.
func (s *store) rows(ctx context.Context, b *builder, cells []sqlcodec.Cell, each func() error) error {
	if b.err != nil {
		return b.err
	}
	t, err := s.current(ctx)
	if err != nil {
		return err
	}
	if t != nil {
		return t.life.Run(s.dialect.Ends, func() error { return s.read(ctx, t, b, cells, each) })
	}
	if b.quick {
		if err := ctx.Err(); err != nil {
			return err
		}
		ctx = s.uncancelled(ctx)
	}
	return s.read(ctx, nil, b, cells, each)
}

func (s *store) read(ctx context.Context, t *tx, b *builder, cells []sqlcodec.Cell, each func() error) error {
	rows, err := s.query(ctx, t, b.String(), b.args)
	if err != nil {
		return err
	}
	return sqlcodec.Read(rows, cells, each)
}

// uncancelled spares a read of some microseconds the goroutines that would
// watch the context for it, which cost as much as the read. Only on SQLite in
// WAL mode, where a reader never waits for a lock, and only while a connection is
// free: waiting for one can be cancelled.
func (s *store) uncancelled(ctx context.Context) context.Context {
	if !s.immediate || ctx.Done() == nil {
		return ctx
	}
	if db, ok := s.pool.(*sql.DB); !ok || db.Stats().Idle == 0 {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// exec runs a statement and returns how many rows it changed.
func (s *store) exec(ctx context.Context, b *builder) (sql.Result, error) {
	if b.err != nil {
		return nil, b.err
	}
	t, err := s.current(ctx)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return s.send(ctx, nil, b.String(), b.args)
	}
	var res sql.Result
	err = t.life.Run(s.dialect.Ends, func() (err error) {
		res, err = s.send(ctx, t, b.String(), b.args)
		return err
	})
	return res, err
}

// alone runs one statement that writes. Outside a transaction it waits for this
// process's turn, where the database has one writer, and runs again when it has
// lost to a transaction. Inside one both are the business of whoever began it.
func (s *store) alone(ctx context.Context, statement func() error) error {
	t, err := s.current(ctx)
	if err != nil {
		return err
	}
	if t != nil || s.joined {
		return statement()
	}
	leave, err := s.turn(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return adapter.Retry(ctx, func() (lost bool, err error) {
		err = statement()
		return s.dialect.Lost(err), err
	})
}

func (s *store) turn(ctx context.Context) (leave func(), err error) {
	if !s.dialect.OneWriter() {
		return func() {}, nil
	}
	return s.gate.Enter(ctx)
}
