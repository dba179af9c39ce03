package gormadapter

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
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
	plan, _, err := s.plan(ctx, pool)
	return plan, s.wrap("plan", "migration", err)
}

// Advice implements Advisor.
func (s *store) Advice(ctx context.Context) ([]adapter.Change, error) {
	pool, err := s.here(ctx)
	if err != nil {
		return nil, err
	}
	_, advice, err := s.plan(ctx, pool)
	return advice, s.wrap("plan", "migration", err)
}

func (s *store) here(ctx context.Context) (gorm.ConnPool, error) {
	t, err := s.current(ctx)
	if t == nil || err != nil {
		return s.pool, err
	}
	return t.conn, nil
}

func (s *store) plan(ctx context.Context, pool gorm.ConnPool) (plan, advice []adapter.Change, err error) {
	have, err := inspect(ctx, pool, s.dialect)
	if err != nil {
		return nil, nil, err
	}
	collation := have.binary
	for _, t := range s.schema.Tables() {
		if c := have.collation[strings.ToLower(t.Name)]; c != "" {
			collation = c
			break
		}
	}
	var last []adapter.Change // indexes, after all tables and columns
	for _, t := range s.schema.Tables() {
		if !have.hasTable(t.Name) {
			plan = append(plan, adapter.Change{Table: t.Name, Kind: "create table", SQL: s.createTable(t, collation)})
			for _, x := range indexes(t) {
				last = append(last, adapter.Change{Table: t.Name, Kind: "create index", SQL: s.createIndex(x)})
			}
			continue
		}
		added := map[string]bool{}
		for i := range t.Fields {
			f := &t.Fields[i]
			if have.hasColumn(t.Name, f.Column) {
				continue
			}
			added[f.Name] = true
			text, unique := s.addColumn(t, f)
			plan = append(plan, adapter.Change{Table: t.Name, Kind: "add column", SQL: text})
			if unique && !f.Index { // an indexed one gets the same index below
				x := index{table: t, fields: []*schema.Field{f}, unique: true}
				last = append(last, adapter.Change{Table: t.Name, Kind: "create index", SQL: s.createIndex(x)})
			}
		}
		for _, x := range indexes(t) {
			change := adapter.Change{Table: t.Name, Kind: "create index", SQL: s.createIndex(x)}
			switch {
			case len(x.fields) == 1 && added[x.fields[0].Name]:
				last = append(last, change)
			case hasAny(added, x.fields):
				last = append(last, change)
			case !have.covers(t.Name, x.columns()):
				advice = append(advice, change)
			}
		}
	}
	return append(plan, last...), advice, nil
}

func hasAny(added map[string]bool, fields []*schema.Field) bool {
	for _, f := range fields {
		if added[f.Name] {
			return true
		}
	}
	return false
}

// Migrate applies the plan. Two processes that start at the same time do it one
// after the other, and the second finds nothing to do. On SQLite and PostgreSQL
// it is one transaction; MySQL commits every statement on its own.
func (s *store) Migrate(ctx context.Context) error {
	return s.wrap("apply", "migration", s.migrate(ctx))
}

func (s *store) migrate(ctx context.Context) (err error) {
	t, err := s.current(ctx)
	if err != nil {
		return err
	}
	db, ok := s.sqlDB()
	if t != nil || !ok {
		pool, err := s.here(ctx)
		if err != nil {
			return err
		}
		return s.apply(ctx, pool)
	}
	leave, err := s.turn(ctx)
	if err != nil {
		return err
	}
	defer leave()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for _, text := range s.dialect.lockSQL() {
		if _, err := conn.ExecContext(ctx, text); err != nil {
			return err
		}
	}
	ok = false
	defer func() {
		if _, end := conn.ExecContext(context.WithoutCancel(ctx), s.dialect.unlockSQL(ok)); end != nil {
			err = errors.Join(err, end)
		}
	}()
	if err := s.apply(ctx, conn); err != nil {
		return err
	}
	ok = true
	return nil
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

func (s *store) apply(ctx context.Context, pool gorm.ConnPool) error {
	plan, _, err := s.plan(ctx, pool)
	if err != nil {
		return err
	}
	for _, c := range plan {
		if _, err := pool.ExecContext(ctx, c.SQL); err != nil {
			return err
		}
	}
	return nil
}
