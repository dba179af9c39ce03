package entadapter

import (
	"context"
	"database/sql"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqltx"
)

// rows runs a statement and scans each row into cells, which are used again for
// the next row. Outside a transaction, a statement that lost to one, such as a
// migration's, runs again if it gave no row yet.
func (s *store) rows(ctx context.Context, q entsql.Querier, cells []sqlcodec.Cell, each func() error) error {
	return s.on(ctx, func(conn dialect.ExecQuerier) error {
		text, args, err := statement(q)
		if err != nil {
			return err
		}
		var rows entsql.Rows
		err = conn.Query(ctx, text, args, &rows)
		if t, _ := s.current(ctx); t == nil && s.begins && s.codec.LostRead(err) {
			err = adapter.Retry(ctx, func() (lost bool, err error) {
				err = conn.Query(ctx, text, args, &rows)
				return s.codec.LostRead(err), err
			})
		}
		if err != nil {
			return err
		}
		return sqlcodec.Read(rows, cells, each)
	})
}

// exec runs a statement that gives no rows.
func (s *store) exec(ctx context.Context, q entsql.Querier) (sql.Result, error) {
	s.lockedBy(ctx)
	var res sql.Result
	err := s.on(ctx, func(conn dialect.ExecQuerier) error {
		text, args, err := statement(q)
		if err != nil {
			return err
		}
		return conn.Exec(ctx, text, args, &res)
	})
	return res, err
}

// lockedBy notes that a statement under ctx locks or writes rows.
func (s *store) lockedBy(ctx context.Context) {
	if t, err := s.current(ctx); t != nil && err == nil {
		t.locked.Store(true)
	}
}

// reading makes a SELECT under ctx see the rows as they are. MySQL's usual isolation
// shows a transaction the rows as they were when it first read, also after it has
// waited for a lock: a decision would then rest on old rows. Transactions begun here
// have another isolation. The isolation of the application's own transactions, and of
// those of a driver without BeginTx, is unknown, so every read after a lock is a
// locking one there.
func (s *store) reading(ctx context.Context, sel *entsql.Selector) *entsql.Selector {
	if s.rereads(ctx) {
		sel.ForUpdate()
	}
	return sel
}

func (s *store) rereads(ctx context.Context) bool {
	t, err := s.current(ctx)
	return s.codec == sqlcodec.MySQL && err == nil && t != nil && !t.fresh && t.locked.Load()
}

// statement writes a statement. The arguments are never nil, which ent's drivers
// would refuse.
func statement(q entsql.Querier) (string, []any, error) {
	text, args := q.Query()
	if args == nil {
		args = []any{}
	}
	if q, ok := q.(interface{ Err() error }); ok {
		return text, args, q.Err()
	}
	return text, args, nil
}

// on gives fn the receiver of a statement: the pool, or the transaction of the context,
// which runs no other statement until fn returns.
func (s *store) on(ctx context.Context, fn func(conn dialect.ExecQuerier) error) error {
	t, err := s.current(ctx)
	if err != nil {
		return err
	}
	if t == nil {
		return fn(s.driver)
	}
	return t.life.Run(s.codec.Ends, func() error { return fn(t.conn) })
}

// written is a statement with its text: ent's builder of a DELETE appends the text
// again at every call.
type written struct {
	text string
	args []any
}

// Query implements sql.Querier.
func (w written) Query() (string, []any) { return w.text, w.args }

// alone runs one statement that writes. Outside a transaction it waits for this
// process's turn, where the database has one writer, and runs again when it has
// lost to a transaction. Inside a transaction, the code that began it does both.
func (s *store) alone(ctx context.Context, q entsql.Querier, run func(ctx context.Context, q entsql.Querier) error) error {
	t, err := s.current(ctx)
	if err != nil {
		return err
	}
	if t != nil {
		return run(ctx, q)
	}
	if s.codec.OneWriter() {
		return s.inTurn(ctx, func(ctx context.Context) error { return run(ctx, q) })
	}
	if !s.begins {
		return run(ctx, q)
	}
	text, args, err := statement(q)
	if err != nil {
		return err
	}
	return adapter.Retry(ctx, func() (lost bool, err error) {
		err = run(ctx, written{text, args})
		return s.codec.Lost(err), err
	})
}

func (s *store) inTurn(ctx context.Context, run func(ctx context.Context) error) error {
	wait := sqltx.NewWait(ctx, s.maxWait)
	defer wait.End()
	leave, err := s.gate.Enter(wait.Context())
	if err != nil {
		return wait.Explain(err)
	}
	defer leave()
	if wait.Long() && s.begins {
		// The statement would wait for the lock once more. A transaction gets it
		// first, in the time that is left.
		return s.hold(ctx, wait, run)
	}
	return run(ctx)
}

func (s *store) turn(ctx context.Context) (leave func(), err error) {
	if !s.codec.OneWriter() {
		return func() {}, nil
	}
	return s.gate.Enter(ctx)
}

// one runs a statement that reads and returns its first row.
func (s *store) one(ctx context.Context, t *table, q entsql.Querier) (adapter.Record, error) {
	first := sqlcodec.First{Cells: sqlcodec.Cells(t.Columns)}
	if err := s.rows(ctx, q, first.Cells, first.Each); err != nil {
		return nil, err
	}
	return first.Record()
}

// write runs a statement that writes and returns one row.
func (s *store) write(ctx context.Context, t *table, q entsql.Querier) (adapter.Record, error) {
	var out adapter.Record
	err := s.alone(ctx, q, func(ctx context.Context, q entsql.Querier) (err error) {
		out, err = s.one(ctx, t, q)
		return err
	})
	return out, err
}

// affect runs a statement that writes and returns how many rows it touched.
func (s *store) affect(ctx context.Context, q entsql.Querier) (int64, error) {
	var n int64
	err := s.alone(ctx, q, func(ctx context.Context, q entsql.Querier) error {
		res, err := s.exec(ctx, q)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}
