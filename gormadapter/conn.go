package gormadapter

import (
	"context"
	"database/sql"
	"sync"
	"sync/atomic"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqltx"
)

// maxStatements bounds the prepared statements of one database. Further ones, which
// only lists of many lengths make, are sent unprepared.
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

// learn prepares statements that a transaction has sent unprepared, once it has ended: the
// next one finds them prepared.
func (c *stmtCache) learn(ctx context.Context, texts []string) {
	for _, text := range texts {
		if _, err := c.get(ctx, text); err != nil {
			return // the next transaction sends them unprepared too
		}
	}
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
// the next row. Outside a transaction, a statement that lost to one, such as a
// migration's, runs again if it gave no row yet.
func (s *store) rows(ctx context.Context, b *builder, cells []sqlcodec.Cell, each func() error) error {
	if b.err != nil {
		return b.err
	}
	return s.reads(ctx, b.quick, func(ctx context.Context, t *tx) error {
		if t != nil && b.locks {
			t.locked.Store(true)
		}
		rows, err := s.ask(ctx, t, b.String(), b.args)
		if err != nil {
			return err
		}
		return sqlcodec.Read(rows, cells, each)
	})
}

// ask sends a statement that reads. Outside a transaction it runs again when it has
// lost to one, such as a migration's.
func (s *store) ask(ctx context.Context, t *tx, text string, args []any) (*sql.Rows, error) {
	rows, err := s.query(ctx, t, text, args)
	if t == nil && !s.joined && s.dialect.LostRead(err) {
		err = adapter.Retry(ctx, func() (lost bool, err error) {
			rows, err = s.query(ctx, nil, text, args)
			return s.dialect.LostRead(err), err
		})
	}
	return rows, err
}

// reads runs read in the transaction of ctx, if there is one. quick says that it reads
// at most one row by a unique key.
func (s *store) reads(ctx context.Context, quick bool, read func(ctx context.Context, t *tx) error) error {
	t, err := s.current(ctx)
	if err != nil {
		return err
	}
	if t != nil {
		return t.life.Run(s.dialect.Ends, func() error { return read(ctx, t) })
	}
	if quick {
		if err := ctx.Err(); err != nil {
			return err
		}
		ctx = s.uncancelled(ctx)
	}
	return read(ctx, nil)
}

// reading returns the clause that ends a SELECT under ctx, or "". MySQL's usual
// isolation shows a transaction the rows as they were when it first read, also after
// it has waited for a lock: a decision would then rest on old rows. Transactions begun
// here have another isolation. The isolation of the application's own is unknown, so
// every read after a lock is a locking one there, which sees the rows as they are.
func (s *store) reading(ctx context.Context) string {
	if s.dialect.Dialect != sqlcodec.MySQL {
		return ""
	}
	if t := s.carried(ctx); t != nil && !t.fresh && t.locked.Load() {
		return s.dialect.forUpdate
	}
	return ""
}

// uncancelled spares a read of some microseconds the goroutines that would watch its
// context, which cost as much as the read. It does so only on SQLite in WAL mode, where
// a reader never waits for a lock, and only while a connection is free, so that waiting
// for one can be cancelled. It does not ask the context for its channel, because one
// with a deadline may have to start a timer for it.
func (s *store) uncancelled(ctx context.Context) context.Context {
	if !s.immediate {
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
	t.locked.Store(true)
	var res sql.Result
	err = t.life.Run(s.dialect.Ends, func() (err error) {
		res, err = s.send(ctx, t, b.String(), b.args)
		return err
	})
	return res, err
}

// alone runs one statement that writes. Outside a transaction it waits for this
// process's turn, where the database has one writer, and runs again when it has
// lost to a transaction. Inside a transaction, the code that began it does both.
func (s *store) alone(ctx context.Context, statement func(ctx context.Context) error) error {
	t, err := s.current(ctx)
	if err != nil {
		return err
	}
	if t != nil || s.joined {
		return statement(ctx)
	}
	if !s.dialect.OneWriter() {
		return adapter.Retry(ctx, func() (lost bool, err error) {
			err = statement(ctx)
			return s.dialect.Lost(err), err
		})
	}
	wait := sqltx.NewWait(ctx, s.maxWait)
	defer wait.End()
	leave, err := s.gate.Enter(wait.Context())
	if err != nil {
		return wait.Explain(err)
	}
	defer leave()
	if wait.Long() {
		// The statement would wait for the lock once more. A transaction gets it
		// first, in the time that is left.
		return s.hold(ctx, wait, statement)
	}
	return statement(ctx)
}

func (s *store) turn(ctx context.Context) (leave func(), err error) {
	if !s.dialect.OneWriter() {
		return func() {}, nil
	}
	return s.gate.Enter(ctx)
}
