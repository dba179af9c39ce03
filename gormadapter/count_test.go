package gormadapter

import (
	"context"
	"database/sql"
	"testing"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/sqltest"
)

// recorder is a pool that keeps the texts of the statements it passes on.
type recorder struct {
	*sql.DB
	log sqltest.Log
}

func (r *recorder) PrepareContext(ctx context.Context, text string) (*sql.Stmt, error) {
	panic("the recorder does not see prepared statements")
}

func (r *recorder) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	r.log.Add(text)
	return r.DB.QueryContext(ctx, text, args...)
}

func (r *recorder) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	r.log.Add(text)
	return r.DB.ExecContext(ctx, text, args...)
}

func (r *recorder) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	r.log.Add(text)
	return r.DB.QueryRowContext(ctx, text, args...)
}

func recorded(t testing.TB, db *gorm.DB) (*gorm.DB, *recorder) {
	t.Helper()
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{DB: pool}
	out := db.Session(&gorm.Session{NewDB: true, Context: t.Context()})
	out.Statement.ConnPool = r
	return out, r
}

func TestSQL(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, open func(t testing.TB) *gorm.DB) {
		sqltest.Run(t, func(t testing.TB) sqltest.Database {
			db := open(t)
			watched, r := recorded(t, db)
			inTx := func(ctx context.Context, fn func(context.Context) error) error {
				return db.WithContext(ctx).Transaction(func(tx *gorm.DB) error { return fn(WithTx(ctx, tx)) })
			}
			return sqltest.Database{Dialect: db.Name(), Pool: r.DB, Adapter: New(db), Watched: New(watched), Log: &r.log, InTx: inTx}
		})
	}
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		run(t, file)
	})
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			dsn := s.dsn(t)
			run(t, func(t testing.TB) *gorm.DB { return s.open(t, dsn) })
		})
	}
}
