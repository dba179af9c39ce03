package gormadapter

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// recorder is a pool that keeps the texts of the statements it passes on.
type recorder struct {
	*sql.DB
	mu    sync.Mutex
	texts []string
}

func (r *recorder) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts = append(r.texts, text)
}

func (r *recorder) PrepareContext(ctx context.Context, text string) (*sql.Stmt, error) {
	panic("the recorder does not see prepared statements")
}

func (r *recorder) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	r.note(text)
	return r.DB.QueryContext(ctx, text, args...)
}

func (r *recorder) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	r.note(text)
	return r.DB.ExecContext(ctx, text, args...)
}

func (r *recorder) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	r.note(text)
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

func TestOneStatementEach(t *testing.T) {
	t.Parallel()
	db := file(t)
	a := migrated(t, db, authSchema(t, ""))
	addUser(t, a, "u1")
	addSession(t, a, "s1", "u1")
	addSession(t, a, "s2", "u1")
	watched, r := recorded(t, db)
	a = open(t, watched, authSchema(t, ""))
	ctx := t.Context()
	count := func(name string, want int, f func() error) {
		t.Helper()
		r.texts = nil
		if err := f(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(r.texts) != want {
			t.Errorf("%s: %d statements, want %d: %q", name, len(r.texts), want, r.texts)
		}
	}
	count("get-session", 1, func() error { _, err := a.FindOne(ctx, bySession("token-s1")); return err })
	count("user with sessions", 2, func() error {
		_, err := a.FindMany(ctx, adapter.Find{Model: "user", Joins: []adapter.Join{{Model: "session", From: "id", To: "userId"}}})
		return err
	})
	count("create", 1, func() error {
		_, err := a.Create(ctx, "rateLimit", adapter.Record{"id": "r", "key": "k", "count": int64(1), "lastRequest": int64(1)})
		return err
	})
	count("increment", 1, func() error {
		_, err := a.Increment(ctx, "rateLimit", adapter.By("key", "k"), "count", 1, adapter.Record{"lastRequest": int64(2)})
		return err
	})
	count("update", 1, func() error {
		_, err := a.Update(ctx, "session", adapter.By("userId", "u1"), adapter.Record{"updatedAt": noon.Add(time.Hour)})
		return err
	})
	count("updateMany", 1, func() error {
		_, err := a.UpdateMany(ctx, "session", adapter.By("userId", "u1"), adapter.Record{"userAgent": "x"})
		return err
	})
	count("consume", 1, func() error { _, err := a.ConsumeOne(ctx, "session", adapter.By("userId", "u1")); return err })
	count("delete", 1, func() error { return a.Delete(ctx, "session", adapter.By("userId", "u1")) })
	count("deleteMany", 1, func() error { _, err := a.DeleteMany(ctx, "session", adapter.By("userId", "u1")); return err })
	count("unknown field", 0, func() error {
		if _, err := a.Count(ctx, "user", adapter.By("nope", "x")); err == nil {
			t.Error("an unknown field was taken")
		}
		return nil
	})
}

// TestGetSessionIsOneStatement asks over HTTP, without a cookie cache.
func TestGetSessionIsOneStatement(t *testing.T) {
	t.Parallel()
	everyDatabase(t, func(t *testing.T, db *gorm.DB) {
		watched, r := recorded(t, db)
		e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Database = New(watched) }, emailpassword.New(emailpassword.Options{}))
		c := e.Client()
		c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
		r.texts = nil
		if a := c.Get("/get-session").Want(t, 200, ""); a.JSON("user", "email") != "ada@example.com" {
			t.Error(a.Body)
		}
		if len(r.texts) != 1 {
			t.Errorf("%d statements: %q", len(r.texts), r.texts)
		}
	})
}

// TestLookedUpColumnsAreIndexed asks the servers which columns begin an index:
// what TestLookupsUseIndexes asks the planner of SQLite.
func TestLookedUpColumnsAreIndexed(t *testing.T) {
	t.Parallel()
	first := map[string]string{
		"postgres": `SELECT t.relname || '.' || a.attname FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
			JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0] WHERE t.relnamespace = current_schema()::regnamespace`,
		"mysql": "SELECT concat(table_name, '.', column_name) FROM information_schema.statistics WHERE table_schema = database() AND seq_in_index = 1",
	}
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			db := server.open(t, server.dsn(t))
			authtest.New(t, func(_ *authtest.Env, o *core.Options) {
				o.Database = New(db)
				o.RateLimit = core.RateLimitOptions{Storage: "database"}
			}, emailpassword.New(emailpassword.Options{}))
			var indexed []string
			if err := db.WithContext(t.Context()).Raw(first[server.name]).Scan(&indexed).Error; err != nil {
				t.Fatal(err)
			}
			for _, column := range []string{
				"user.id", "user.email", "session.token", "session.userId", "account.userId", "account.providerId",
				"verification.identifier", "verification.expiresAt", "rateLimit.key",
			} {
				if !slices.Contains(indexed, column) {
					t.Errorf("%s begins no index: %q", column, indexed)
				}
			}
		})
	}
}

// TestLookupsUseIndexes asks SQLite how it would run the lookups that
// every request makes.
func TestLookupsUseIndexes(t *testing.T) {
	t.Parallel()
	db := file(t)
	migrated(t, db, authSchema(t, ""))
	watched, r := recorded(t, db)
	a := open(t, watched, authSchema(t, ""))
	for _, q := range []adapter.Find{
		bySession("x"),
		{Model: "user", Where: adapter.By("email", "x")},
		{Model: "session", Where: adapter.By("userId", "x")},
		{Model: "account", Where: adapter.By("userId", "x")},
		{Model: "account", Where: adapter.By("accountId", "x").And("providerId", "y")},
		{Model: "verification", Where: adapter.By("identifier", "x")},
		{Model: "verification", Where: adapter.Where{{Field: "expiresAt", Op: adapter.Lt, Value: noon}}},
	} {
		r.texts = nil
		if _, err := a.FindMany(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		pool, _ := db.DB()
		rows, err := pool.Query("EXPLAIN QUERY PLAN "+r.texts[0], "x", "y")
		if err != nil { // one argument
			rows, err = pool.Query("EXPLAIN QUERY PLAN "+r.texts[0], "x")
		}
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			if len(detail) < 6 || detail[:6] != "SEARCH" {
				t.Errorf("%s %v: %s", q.Model, q.Where, detail)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
