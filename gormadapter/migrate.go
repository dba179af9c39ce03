package gormadapter

import (
	"context"
	"database/sql"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/sqlcodec"
)

// Advisor is implemented by the adapters of this package.
type Advisor interface {
	// Advice lists indexes that would help tables which Migrate did not make.
	// Nothing depends on them; whoever owns the database decides. Each SQL can
	// be run as it is.
	Advice(ctx context.Context) ([]adapter.Change, error)
}

// Plan returns what Migrate would do now: tables and columns that are missing,
// and the indexes that belong to them. A table that is there already is only
// given columns, so the plan for a database of Better Auth's is empty.
func (s *store) Plan(ctx context.Context) ([]adapter.Change, error) {
	pool, err := s.here(ctx)
	if err != nil {
		return nil, err
	}
	plan, _, err := s.migration.Plan(ctx, migrationConn{pool})
	return plan, s.wrap("plan", "migration", err)
}

// Advice implements Advisor.
func (s *store) Advice(ctx context.Context) ([]adapter.Change, error) {
	pool, err := s.here(ctx)
	if err != nil {
		return nil, err
	}
	_, advice, err := s.migration.Plan(ctx, migrationConn{pool})
	return advice, s.wrap("plan", "migration", err)
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
// after the other, and the second finds nothing to do. On SQLite and PostgreSQL
// it is one transaction; MySQL commits every statement on its own.
func (s *store) Migrate(ctx context.Context) error {
	return s.wrap("apply", "migration", s.migrate(ctx))
}

func (s *store) migrate(ctx context.Context) error {
	t, err := s.current(ctx)
	if err != nil {
		return err
	}
	db, ok := s.sqlDB()
	if t == nil && !ok && !s.dialect.OneWriter() {
		return s.Tx(ctx, s.migrate) // the lock needs a connection of its own
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
