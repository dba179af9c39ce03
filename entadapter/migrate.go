package entadapter

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqlmigrate"
)

// Plan returns what Migrate would do now: tables and columns that are missing, the
// indexes that belong to them, and unique keys that a table lacks. For the core
// tables of a database of Better Auth's that is the unique key of the accounts.
func (s *store) Plan(ctx context.Context) ([]adapter.Change, error) {
	plan, _, err := s.plan(ctx)
	return plan, err
}

// Advice implements adapter.Advisor.
func (s *store) Advice(ctx context.Context) ([]adapter.Change, error) {
	_, advice, err := s.plan(ctx)
	return advice, err
}

func (s *store) plan(ctx context.Context) (plan, advice []adapter.Change, err error) {
	err = s.on(ctx, func(conn dialect.ExecQuerier) (err error) {
		plan, advice, err = s.migration.Plan(ctx, migrationConn{conn})
		return err
	})
	return plan, advice, s.migrationError("plan", err)
}

// Migrate applies the plan. Two processes that start at the same time do it one
// after the other, and the second finds nothing to do.
//
// Other processes may serve meanwhile. A statement that waits for a table gives way
// after less than a second on PostgreSQL and a second on MySQL, so that requests do not
// queue behind it. It runs again, for a minute at most or until shortly before the
// deadline of ctx. On SQLite all of the migration is one transaction, on PostgreSQL
// each table, column and index is one; MySQL commits every statement on its own.
//
// Rows that break a unique key are adapter.ErrUnique, and nothing is changed. The
// error's text says how many there are, and shows no value of theirs besides the
// providers of accounts. Tables that are elsewhere on PostgreSQL's search_path, and
// that new ones would hide, are an error, too.
func (s *store) Migrate(ctx context.Context) error {
	return s.migrationError("apply", s.migrate(ctx))
}

func (s *store) migrationError(op string, err error) error {
	var told *sqlmigrate.Error
	if errors.As(err, &told) {
		return fmt.Errorf("entadapter: %s migration: %w", op, told)
	}
	return s.wrap(op, "migration", err)
}

func (s *store) migrate(ctx context.Context) error {
	t, err := s.current(ctx)
	if err != nil {
		return err
	}
	if t != nil {
		return s.apply(ctx)
	}
	leave, err := s.turn(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if db, ok := pool(s.driver); ok {
		return s.migration.Migrate(ctx, db)
	}
	return s.migration.Patiently(ctx, migrationConn{s.driver}, func() error {
		begun, err := s.driver.Tx(ctx)
		if err != nil {
			return err
		}
		return s.run(ctx, "transaction", &tx{conn: begun}, begun, s.apply)
	})
}

func (s *store) apply(ctx context.Context) error {
	return s.on(ctx, func(conn dialect.ExecQuerier) error { return s.migration.Apply(ctx, migrationConn{conn}) })
}

// pool is the driver's pool, where it shows one.
func pool(drv dialect.Driver) (*sql.DB, bool) {
	switch drv := drv.(type) {
	case *entsql.Driver:
		db, ok := drv.ExecQuerier.(*sql.DB)
		return db, ok
	case interface{ DB() *sql.DB }:
		return drv.DB(), true
	}
	return nil, false
}

// migrationConn runs a migration's statements, which have no arguments.
type migrationConn struct{ conn dialect.ExecQuerier }

// Exec implements sqlmigrate.Conn.
func (c migrationConn) Exec(ctx context.Context, text string) error {
	return c.conn.Exec(ctx, text, []any{}, nil)
}

// Query implements sqlmigrate.Conn.
func (c migrationConn) Query(ctx context.Context, text string) (sqlcodec.Rows, error) {
	var rows entsql.Rows
	if err := c.conn.Query(ctx, text, []any{}, &rows); err != nil {
		return nil, err
	}
	return rows, nil
}
