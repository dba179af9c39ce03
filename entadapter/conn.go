package entadapter

import (
	"context"
	"database/sql"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/sqlcodec"
)

// rows runs a statement and scans each row into cells, which are used again for
// the next row.
func (s *store) rows(ctx context.Context, q entsql.Querier, cells []sqlcodec.Cell, each func() error) error {
	return s.on(ctx, func(conn dialect.ExecQuerier) error {
		text, args, err := statement(q)
		if err != nil {
			return err
		}
		var rows entsql.Rows
		if err := conn.Query(ctx, text, args, &rows); err != nil {
			return err
		}
		return sqlcodec.Read(rows, cells, each)
	})
}

// exec runs a statement that gives no rows.
func (s *store) exec(ctx context.Context, q entsql.Querier) (sql.Result, error) {
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

// on gives fn what a statement is sent to: the transaction of the context, which is
// kept for this statement until fn returns, or the pool.
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

// written is a statement whose text is known, for ent's builder of a DELETE writes
// it a second time when it is asked a second time.
type written struct {
	text string
	args []any
}

// Query implements sql.Querier.
func (w written) Query() (string, []any) { return w.text, w.args }

// alone runs one statement that writes. Outside a transaction it waits for this
// process's turn, where the database has one writer, and runs again when it has
// lost to a transaction. Inside one both are the business of whoever began it.
func (s *store) alone(ctx context.Context, q entsql.Querier, run func(q entsql.Querier) error) error {
	t, err := s.current(ctx)
	if err != nil {
		return err
	}
	if t != nil {
		return run(q)
	}
	leave, err := s.turn(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if !s.begins {
		return run(q)
	}
	text, args, err := statement(q)
	if err != nil {
		return err
	}
	return adapter.Retry(ctx, func() (lost bool, err error) {
		err = run(written{text, args})
		return s.codec.Lost(err), err
	})
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
	err := s.alone(ctx, q, func(q entsql.Querier) (err error) {
		out, err = s.one(ctx, t, q)
		return err
	})
	return out, err
}

// affect runs a statement that writes and returns how many rows it touched.
func (s *store) affect(ctx context.Context, q entsql.Querier) (int64, error) {
	var n int64
	err := s.alone(ctx, q, func(q entsql.Querier) error {
		res, err := s.exec(ctx, q)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}
