package entadapter

import (
	"context"
	"database/sql"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

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
	plan, _, err := s.plan(ctx)
	return plan, err
}

// Advice implements Advisor.
func (s *store) Advice(ctx context.Context) ([]adapter.Change, error) {
	_, advice, err := s.plan(ctx)
	return advice, err
}

func (s *store) plan(ctx context.Context) (plan, advice []adapter.Change, err error) {
	err = s.on(ctx, func(conn dialect.ExecQuerier) (err error) {
		plan, advice, err = s.migration.Plan(ctx, migrationConn{conn})
		return err
	})
	return plan, advice, s.wrap("plan", "migration", err)
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
	begun, err := s.driver.Tx(ctx)
	if err != nil {
		return err
	}
	return s.run(ctx, "transaction", &tx{conn: begun}, begun, s.apply)
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
