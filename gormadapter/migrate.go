package gormadapter

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqlmigrate"
)

// Plan returns what Migrate would do now: tables and columns that are missing, the
// indexes that belong to them, and unique keys that a table lacks. For the core
// tables of a database of Better Auth's that is the unique key of the accounts.
func (s *store) Plan(ctx context.Context) ([]adapter.Change, error) {
	pool, err := s.here(ctx)
	if err != nil {
		return nil, err
	}
	plan, _, err := s.migration.Plan(ctx, migrationConn{pool})
	return plan, s.migrationError("plan", err)
}

// Advice implements adapter.Advisor.
func (s *store) Advice(ctx context.Context) ([]adapter.Change, error) {
	pool, err := s.here(ctx)
	if err != nil {
		return nil, err
	}
	_, advice, err := s.migration.Plan(ctx, migrationConn{pool})
	return advice, s.migrationError("plan", err)
}

func (s *store) here(ctx context.Context) (gorm.ConnPool, error) {
	t, err := s.current(ctx)
	if t == nil || err != nil {
		return s.pool, err
	}
	return t.conn, nil
}

// migrationConn runs a migration's statements, which have no arguments.
type migrationConn struct{ pool gorm.ConnPool }

// Exec implements sqlmigrate.Conn.
func (c migrationConn) Exec(ctx context.Context, text string) error {
	_, err := c.pool.ExecContext(ctx, text)
	return err
}

// Query implements sqlmigrate.Conn.
func (c migrationConn) Query(ctx context.Context, text string) (sqlcodec.Rows, error) {
	return c.pool.QueryContext(ctx, text)
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
		return fmt.Errorf("gormadapter: %s migration: %w", op, told)
	}
	return s.wrap(op, "migration", err)
}

func (s *store) migrate(ctx context.Context) error {
	t, err := s.current(ctx)
	if err != nil {
		return err
	}
	db, ok := s.sqlDB()
	if t == nil && !ok && !s.dialect.OneWriter() {
		// The lock needs a connection of its own.
		return s.migration.Patiently(ctx, migrationConn{s.pool}, func() error { return s.Tx(ctx, s.migrate) })
	}
	if t != nil || !ok {
		pool, err := s.here(ctx)
		if err != nil {
			return err
		}
		return s.migration.Apply(ctx, migrationConn{pool})
	}
	leave, err := s.turn(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return s.migration.Migrate(ctx, db)
}

// sqlDB is the pool itself, where the handle has one.
func (s *store) sqlDB() (*sql.DB, bool) {
	switch pool := s.pool.(type) {
	case *sql.DB:
		return pool, true
	case gorm.GetDBConnector:
		if db, err := pool.GetDBConn(); err == nil {
			return db, true
		}
	}
	return nil, false
}
