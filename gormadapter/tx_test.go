package gormadapter

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/internal/sqltest"
)

// note is a model of the application's, with the conventions that GORM applies.
type note struct {
	gorm.Model
	Text string
}

func withNotes(t testing.TB, db *gorm.DB) {
	t.Helper()
	for range 2 { // the second time finds everything there
		if err := db.AutoMigrate(&note{}); err != nil {
			t.Fatal(err)
		}
	}
}

func notes(t testing.TB, db *gorm.DB) (n int64) {
	t.Helper()
	if err := db.Model(&note{}).Count(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

func users(t testing.TB, a adapter.Adapter) int64 {
	t.Helper()
	n, err := a.Count(t.Context(), "user", nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var errUndo = errors.New("undo")

// everyDatabase runs a test on SQLite and on the servers there are.
func everyDatabase(t *testing.T, f func(t *testing.T, db *gorm.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, file(t))
	})
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		f(t, sqliteAt(t, ":memory:"))
	})
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			f(t, s.open(t, s.dsn(t)))
		})
	}
}

func newUser(id string) adapter.Record {
	return adapter.Record{"id": id, "name": "A", "email": id, "emailVerified": false, "createdAt": noon, "updatedAt": noon}
}

func TestRunsInTheApplicationsTransaction(t *testing.T) {
	t.Parallel()
	everyDatabase(t, func(t *testing.T, db *gorm.DB) {
		a := migrated(t, db, authSchema(t, ""))
		withNotes(t, db)
		for i, fail := range []error{errUndo, nil} {
			err := db.Transaction(func(tx *gorm.DB) error {
				ctx := WithTx(t.Context(), tx)
				if err := tx.Create(&note{Text: "x"}).Error; err != nil {
					return err
				}
				if _, err := a.Create(ctx, "user", newUser("u1")); err != nil {
					return err
				}
				// A nested one that fails leaves the rest alone.
				nested := a.Tx(ctx, func(ctx context.Context) error {
					if _, err := a.Create(ctx, "user", newUser("u2")); err != nil {
						return err
					}
					return errUndo
				})
				if !errors.Is(nested, errUndo) {
					return nested
				}
				return fail
			})
			if !errors.Is(err, fail) {
				t.Fatal(err)
			}
			if n, m := users(t, a), notes(t, db); n != int64(i) || m != int64(i) {
				t.Fatalf("%d users and %d notes, want %d of each", n, m, i)
			}
		}
	})
}

func TestHooksWriteInTheAdaptersTransaction(t *testing.T) {
	t.Parallel()
	everyDatabase(t, func(t *testing.T, db *gorm.DB) {
		a := migrated(t, db, authSchema(t, ""))
		withNotes(t, db)
		if _, ok := FromContext(t.Context()); ok {
			t.Error("there is a transaction where none was begun")
		}
		for i, fail := range []error{errUndo, nil} {
			err := a.Tx(t.Context(), func(ctx context.Context) error {
				tx, ok := FromContext(ctx)
				if !ok {
					return errors.New("there is no transaction")
				}
				if err := tx.Create(&note{Text: "x"}).Error; err != nil {
					return err
				}
				if _, err := a.Create(ctx, "user", newUser("u1")); err != nil {
					return err
				}
				return fail
			})
			if !errors.Is(err, fail) {
				t.Fatal(err)
			}
			if n, m := users(t, a), notes(t, db); n != int64(i) || m != int64(i) {
				t.Fatalf("%d users and %d notes, want %d of each", n, m, i)
			}
		}
	})
}

func TestWithTxNeedsATransaction(t *testing.T) {
	t.Parallel()
	db := file(t)
	a := migrated(t, db, authSchema(t, ""))
	for name, given := range map[string]*gorm.DB{"a plain handle": db, "nothing": nil} {
		ctx := WithTx(t.Context(), given)
		if _, err := a.Create(ctx, "user", newUser("u1")); !errors.Is(err, ErrNoTransaction) {
			t.Errorf("%s: create: %v", name, err)
		}
		if _, err := a.Count(ctx, "user", nil); !errors.Is(err, ErrNoTransaction) {
			t.Errorf("%s: count: %v", name, err)
		}
		if err := a.Tx(ctx, func(context.Context) error { return nil }); !errors.Is(err, ErrNoTransaction) {
			t.Errorf("%s: tx: %v", name, err)
		}
	}
	if users(t, a) != 0 {
		t.Error("a user was written")
	}
}

func TestAdapterOfATransaction(t *testing.T) {
	t.Parallel()
	db := file(t)
	all := migrated(t, db, authSchema(t, ""))
	err := db.Transaction(func(tx *gorm.DB) error {
		a := open(t, tx, authSchema(t, ""))
		err := a.Tx(t.Context(), func(ctx context.Context) error {
			_, err := a.Create(ctx, "user", newUser("u1"))
			return err
		})
		if err != nil {
			return err
		}
		return errUndo
	})
	if !errors.Is(err, errUndo) || users(t, all) != 0 {
		t.Fatal(err, users(t, all))
	}
}

func TestPreparedStatementHandle(t *testing.T) {
	t.Parallel()
	everyDatabase(t, func(t *testing.T, db *gorm.DB) {
		migrated(t, db, authSchema(t, ""))
		a := open(t, db.Session(&gorm.Session{PrepareStmt: true}), authSchema(t, ""))
		err := a.Tx(t.Context(), func(ctx context.Context) error {
			_, err := a.Create(ctx, "user", newUser("u1"))
			return err
		})
		if err != nil || users(t, a) != 1 {
			t.Fatal(err)
		}
		if plan, err := a.(adapter.Migrator).Plan(t.Context()); err != nil || len(plan) != 0 {
			t.Fatal(plan, err)
		}
	})
}

func TestRACE16SingleConnection(t *testing.T) {
	t.Parallel()
	sqltest.SingleConnection(t, migrated(t, sqliteAt(t, ":memory:"), sqltest.Schema(t)))
}

// TestRACEFileWriters has two handles to one file, and one that the application
// opened without an immediate lock.
func TestRACEFileWriters(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	s := sqltest.Schema(t)
	first := migrated(t, sqliteAt(t, path), s)
	pool, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pool.Close() })
	own, err := FromSQLite(pool)
	if err != nil {
		t.Fatal(err)
	}
	sqltest.FileWriters(t, first, open(t, sqliteAt(t, path), s), open(t, own, s))
}

func TestFoldAcrossDatabases(t *testing.T) {
	t.Parallel()
	everyDatabase(t, func(t *testing.T, db *gorm.DB) {
		a := migrated(t, db, authSchema(t, schema.IDString))
		if _, err := a.Create(t.Context(), "user", newUser("Ada@Example.COM")); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			cond adapter.Cond
			want int64
		}{
			{adapter.Cond{Field: "email", Value: "ada@example.com"}, 0},
			{adapter.Cond{Field: "email", Value: "ADA@example.com", Fold: true}, 1},
			{adapter.Cond{Field: "email", Op: adapter.Contains, Value: "example"}, 0},
			{adapter.Cond{Field: "email", Op: adapter.Contains, Value: "example", Fold: true}, 1},
			{adapter.Cond{Field: "email", Op: adapter.Contains, Value: "a_a"}, 0},
			{adapter.Cond{Field: "email", Op: adapter.StartsWith, Value: "Ad?"}, 0},
			{adapter.Cond{Field: "email", Op: adapter.EndsWith, Value: "[M]"}, 0},
			{adapter.Cond{Field: "email", Op: adapter.EndsWith, Value: ".COM"}, 1},
		} {
			if n, err := a.Count(t.Context(), "user", adapter.Where{c.cond}); err != nil || n != c.want {
				t.Errorf("%+v: %d, %v", c.cond, n, err)
			}
		}
	})
}

// TestTheApplicationsTransactionIsNotRunAgain makes it the victim of a deadlock: the
// application must begin it again, and until then nothing is written, not even by code
// that continues after the error.
func TestTheApplicationsTransactionIsNotRunAgain(t *testing.T) {
	t.Parallel()
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			db := s.open(t, s.dsn(t))
			a := migrated(t, db, authSchema(t, ""))
			pool, err := db.DB()
			if err != nil {
				t.Fatal(err)
			}
			create := func(ctx context.Context, id string) error { _, err := a.Create(ctx, "user", newUser(id)); return err }
			for _, id := range []string{"u1", "u2", "u3", "u4"} {
				if err := create(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
			rename := func(ctx context.Context, ids ...string) error {
				for _, id := range ids {
					if _, err := a.Update(ctx, "user", adapter.By("id", id), adapter.Record{"name": "B"}); err != nil {
						return err
					}
				}
				return nil
			}
			tx := db.Begin()
			ctx := WithTx(t.Context(), tx)
			if err := rename(ctx, "u1"); err != nil {
				t.Fatal(err)
			}
			// The other one has written more, which decides on MySQL, and waits last,
			// which decides on PostgreSQL.
			begun, other := make(chan struct{}), make(chan error, 1)
			go func() {
				other <- a.Tx(t.Context(), func(ctx context.Context) error {
					if err := rename(ctx, "u2", "u3", "u4"); err != nil {
						return err
					}
					close(begun)
					sqltest.AwaitLockWait(t, pool, s.name) // the application's, for u2
					<-time.After(200 * time.Millisecond)   // PostgreSQL lets the one lose that finds the deadlock, after a time of waiting
					return rename(ctx, "u1")
				})
			}()
			<-begun
			lost := rename(ctx, "u2")
			then := create(ctx, "u5")
			inner := a.Tx(ctx, func(ctx context.Context) error { return create(ctx, "u6") })
			for _, err := range []error{lost, then, inner} {
				if err == nil || !a.(*store).dialect.Lost(err) {
					t.Error("at the deadlock and after it:", err)
				}
			}
			tx.Rollback()
			if err := <-other; err != nil {
				t.Fatal("the other one:", err)
			}
			if n := users(t, a); n != 4 {
				t.Errorf("%d users", n)
			}
		})
	}
}

// TestLostConnection ends the server's side of a connection in the middle of a
// transaction: that fails with an error which is not the client's fault, nothing of
// it is left, and the next one works.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			db := s.open(t, s.dsn(t))
			a := migrated(t, db, authSchema(t, ""))
			which, end := "SELECT connection_id()", "KILL %d"
			if s.name == "postgres" {
				which, end = "SELECT pg_backend_pid()", "SELECT pg_terminate_backend(%d)"
			}
			after := false
			err := a.Tx(t.Context(), func(ctx context.Context) error {
				if _, err := a.Create(ctx, "user", newUser("u1")); err != nil {
					return err
				}
				tx, _ := FromContext(ctx)
				var id int64
				if err := tx.Raw(which).Scan(&id).Error; err != nil {
					return err
				}
				run(t, db, fmt.Sprintf(end, id))
				_, err := a.Create(ctx, "user", newUser("u2"))
				after = err != nil
				return err
			})
			for _, known := range []error{adapter.ErrNotFound, adapter.ErrUnique, adapter.ErrBadValue} {
				if err == nil || !after || errors.Is(err, known) {
					t.Fatal(err)
				}
			}
			if n := users(t, a); n != 0 {
				t.Errorf("%d users", n)
			}
			if _, err := a.Create(t.Context(), "user", newUser("u1")); err != nil {
				t.Error(err)
			}
		})
	}
}
