package entadapter

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/internal/sqltest"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 123e6, time.UTC)

func newUser(id string) adapter.Record {
	return adapter.Record{"id": id, "email": id + "@example.com", "createdAt": noon}
}

func newSession(id, token, userID string) adapter.Record {
	return adapter.Record{"id": id, "token": token, "userId": userID, "expiresAt": noon}
}

func add(t testing.TB, a adapter.Adapter, model string, rec adapter.Record) {
	t.Helper()
	if _, err := a.Create(t.Context(), model, rec); err != nil {
		t.Fatal(err)
	}
}

// bySession is the lookup of every request.
func bySession(token string) adapter.Find {
	return adapter.Find{
		Model: "session", Where: adapter.By("token", token),
		Joins: []adapter.Join{{Model: "user", From: "userId", To: "id", One: true}},
	}
}

// recorder is a driver that wraps another one, as an application's tracing
// does, and keeps the statements it passes on. It does not show its pool.
type recorder struct {
	dialect.Driver
	log sqltest.Log
}

func (r *recorder) Exec(ctx context.Context, query string, args, v any) error {
	r.log.Add(query)
	return r.Driver.Exec(ctx, query, args, v)
}

func (r *recorder) Query(ctx context.Context, query string, args, v any) error {
	r.log.Add(query)
	return r.Driver.Query(ctx, query, args, v)
}

// BeginTx says that its transactions are its own.
func (r *recorder) BeginTx(ctx context.Context, opts *entsql.TxOptions) (dialect.Tx, error) {
	tx, err := r.Driver.(*entsql.Driver).BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &recordedTx{tx, &r.log}, nil
}

// Tx records what is sent in a transaction too.
func (r *recorder) Tx(ctx context.Context) (dialect.Tx, error) {
	tx, err := r.Driver.Tx(ctx)
	if err != nil {
		return nil, err
	}
	return &recordedTx{tx, &r.log}, nil
}

type recordedTx struct {
	dialect.Tx
	log *sqltest.Log
}

func (r *recordedTx) Exec(ctx context.Context, query string, args, v any) error {
	r.log.Add(query)
	return r.Tx.Exec(ctx, query, args, v)
}

func (r *recordedTx) Query(ctx context.Context, query string, args, v any) error {
	r.log.Add(query)
	return r.Tx.Query(ctx, query, args, v)
}

func TestSQL(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(t testing.TB) *entsql.Driver) {
		sqltest.Run(t, func(t testing.TB) sqltest.Database {
			drv := open(t)
			name := drv.Dialect()
			if name == dialect.SQLite {
				name = "sqlite"
			}
			r := &recorder{Driver: drv}
			inTx := func(ctx context.Context, level sql.IsolationLevel, fn func(context.Context) error) error {
				tx, err := drv.BeginTx(ctx, &entsql.TxOptions{Isolation: level})
				if err != nil {
					return err
				}
				if err := fn(WithTx(ctx, tx)); err != nil {
					return errors.Join(err, tx.Rollback())
				}
				return tx.Commit()
			}
			d := sqltest.Database{Dialect: name, Pool: drv.DB(), Adapter: New(drv), Watched: New(r), Log: &r.log, InTx: inTx,
				Zones: func(t testing.TB) map[string]adapter.Database { return inZones(t, drv) }}
			if name != "sqlite" {
				d.Proxied = func(t testing.TB) (adapter.Database, *sqltest.Proxy) { return proxied(t, drv) }
			}
			return d
		})
	})
}

func BenchmarkSession(b *testing.B) {
	a := migrated(b, file(b), sqltest.Schema(b))
	for i := range 1000 {
		id := fmt.Sprintf("%032d", i)
		add(b, a, "user", newUser(id))
		add(b, a, "session", newSession(id, "t"+id, id))
	}
	ctx := b.Context()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := a.FindOne(ctx, bySession(fmt.Sprintf("t%032d", i%1000))); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCreateSession(b *testing.B) {
	a := migrated(b, file(b), sqltest.Schema(b))
	add(b, a, "user", newUser("u1"))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		id := fmt.Sprint(i)
		add(b, a, "session", newSession(id, id, "u1"))
	}
}

// TestNamesThatTheBuilderKnows has names that ent's builder leaves unquoted, or
// that databases reserve.
func TestNamesThatTheBuilderKnows(t *testing.T) {
	t.Parallel()
	s, err := schema.New(schema.IDString, []schema.Table{{Model: "m", Name: "ALLOWED", Fields: []schema.Field{
		{Name: "DISTINCTION", Type: schema.String}, {Name: "group", Type: schema.Number},
	}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, open func(t testing.TB) *entsql.Driver) {
		a := migrated(t, open(t), s)
		add(t, a, "m", adapter.Record{"id": "1", "DISTINCTION": "x", "group": int64(1)})
		rows, err := a.FindMany(t.Context(), adapter.Find{
			Model: "m", Where: adapter.By("DISTINCTION", "x").And("group", int64(1)), Sort: []adapter.Sort{{Field: "DISTINCTION", Desc: true}},
			Joins: []adapter.Join{{Model: "m", As: "same", From: "id", To: "id", One: true}, {Model: "m", As: "all", From: "group", To: "group"}},
		})
		if err != nil || len(rows) != 1 || rows[0]["same"] == nil || len(rows[0]["all"].([]adapter.Record)) != 1 {
			t.Error(rows, err)
		}
	})
}

// wrapped is a driver that an application has wrapped without BeginTx, as the old
// examples of tracing do: nobody can ask it for an isolation.
type wrapped struct{ dialect.Driver }

// RACE-12: the limits of organizations hold over a driver whose transactions have the
// server's own isolation, in the adapter's transactions and in the application's.
func TestRACE12LimitsOverAWrappedDriver(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(t testing.TB) *entsql.Driver) {
		drv := open(t)
		if drv.Dialect() == dialect.SQLite {
			return // it has one transaction at a time
		}
		db := New(wrapped{drv})
		s, err := db.Open(sqltest.Schema(t))
		if err != nil {
			t.Fatal(err)
		}
		sqltest.Limits(t, db, s.Tx)
	})
}
