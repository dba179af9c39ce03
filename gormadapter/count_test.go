package gormadapter

import (
	"context"
	"database/sql"
	"testing"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqltest"
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

// BeginTx records what is sent in a transaction too.
func (r *recorder) BeginTx(ctx context.Context, o *sql.TxOptions) (gorm.ConnPool, error) {
	tx, err := r.DB.BeginTx(ctx, o)
	if err != nil {
		return nil, err
	}
	return &recordedTx{tx, &r.log}, nil
}

type recordedTx struct {
	*sql.Tx
	log *sqltest.Log
}

func (r *recordedTx) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	r.log.Add(text)
	return r.Tx.QueryContext(ctx, text, args...)
}

func (r *recordedTx) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	r.log.Add(text)
	return r.Tx.ExecContext(ctx, text, args...)
}

func (r *recordedTx) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	r.log.Add(text)
	return r.Tx.QueryRowContext(ctx, text, args...)
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
			inTx := func(ctx context.Context, level sql.IsolationLevel, fn func(context.Context) error) error {
				return db.WithContext(ctx).Transaction(func(tx *gorm.DB) error { return fn(WithTx(ctx, tx)) }, &sql.TxOptions{Isolation: level})
			}
			d := sqltest.Database{Dialect: db.Name(), Pool: r.DB, Adapter: New(db), Watched: New(watched), Log: &r.log, InTx: inTx,
				Zones: func(t testing.TB) map[string]adapter.Database { return inZones(t, db) }}
			if d.Dialect != "sqlite" {
				d.Proxied = func(t testing.TB) (adapter.Database, *sqltest.Proxy) { return proxied(t, db) }
			}
			return d
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
