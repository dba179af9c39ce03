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
	conn, leave, err := s.conn(ctx)
	if err != nil {
		return err
	}
	defer leave()
	rows, err := query(ctx, conn, q)
	if err != nil {
		return err
	}
	return sqlcodec.Read(rows, cells, each)
}

// exec runs a statement that gives no rows.
func (s *store) exec(ctx context.Context, q entsql.Querier) (sql.Result, error) {
	conn, leave, err := s.conn(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	text, args, err := statement(q)
	if err != nil {
		return nil, err
	}
	var res sql.Result
	err = conn.Exec(ctx, text, args, &res)
	return res, err
}

func query(ctx context.Context, conn dialect.ExecQuerier, q entsql.Querier) (sqlcodec.Rows, error) {
	text, args, err := statement(q)
	if err != nil {
		return nil, err
	}
	var rows entsql.Rows
	if err := conn.Query(ctx, text, args, &rows); err != nil {
		return nil, err
	}
	return rows, nil
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

// conn is where a statement goes: the transaction of the context, or the pool.
// A transaction is kept for this statement until leave.
func (s *store) conn(ctx context.Context) (conn dialect.ExecQuerier, leave func(), err error) {
	t, err := s.current(ctx)
	if err != nil {
		return nil, nil, err
	}
	if t == nil {
		return s.driver, func() {}, nil
	}
	t.mu.Lock()
	return t.conn, t.mu.Unlock, nil
}

// enter waits for this process's turn to write where the database has one
// writer. Inside a transaction the turn has been taken already, or is the
// application's own business.
func (s *store) enter(ctx context.Context) (leave func(), err error) {
	if t, err := s.current(ctx); err != nil || t != nil {
		return func() {}, err
	}
	return s.turn(ctx)
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
	leave, err := s.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return s.one(ctx, t, q)
}

// affect runs a statement that writes and returns how many rows it touched.
func (s *store) affect(ctx context.Context, q entsql.Querier) (int64, error) {
	leave, err := s.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	res, err := s.exec(ctx, q)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}
