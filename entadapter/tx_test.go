package entadapter

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqltest"
)

var errUndo = errors.New("undo")

func withNotes(t testing.TB, drv *entsql.Driver) {
	t.Helper()
	run(t, drv.DB(), "CREATE TABLE notes (id integer PRIMARY KEY, body varchar(9))")
}

// addNote writes a row of the application's, the way generated code does.
func addNote(ctx context.Context, conn dialect.ExecQuerier, name string) error {
	query, args := entsql.Dialect(name).Insert("notes").Columns("id", "body").Values(1, "x").Query()
	return conn.Exec(ctx, query, args, nil)
}

func notes(t testing.TB, drv *entsql.Driver) (n int64) {
	t.Helper()
	if err := drv.DB().QueryRow("SELECT count(*) FROM notes").Scan(&n); err != nil {
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

// nested writes a user and, in a nested transaction that fails, another one.
func nested(ctx context.Context, a adapter.Adapter) error {
	if _, err := a.Create(ctx, "user", newUser("u1")); err != nil {
		return err
	}
	err := a.Tx(ctx, func(ctx context.Context) error {
		if _, err := a.Create(ctx, "user", newUser("u2")); err != nil {
			return err
		}
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		return errors.New("the nested transaction did not fail")
	}
	return nil
}

func TestRunsInTheApplicationsTransaction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(t testing.TB) *entsql.Driver) {
		drv := open(t)
		a := migrated(t, drv, sqltest.Schema(t))
		withNotes(t, drv)
		for i, end := range []func(dialect.Tx) error{dialect.Tx.Rollback, dialect.Tx.Commit} {
			tx, err := drv.Tx(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			ctx := WithTx(t.Context(), tx)
			client, ok := FromContext(ctx, drv)
			if !ok {
				t.Fatal("there is no transaction")
			}
			if err := errors.Join(addNote(ctx, client, client.Dialect()), nested(ctx, a), end(tx)); err != nil {
				t.Fatal(err)
			}
			if n, m := users(t, a), notes(t, drv); n != int64(i) || m != int64(i) {
				t.Fatalf("%d users and %d notes, want %d of each", n, m, i)
			}
		}
	})
}

func TestHooksWriteInTheAdaptersTransaction(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(t testing.TB) *entsql.Driver) {
		drv := open(t)
		a := migrated(t, drv, sqltest.Schema(t))
		withNotes(t, drv)
		if same, ok := FromContext(t.Context(), drv); ok || same != drv {
			t.Error("there is a transaction where none was begun")
		}
		for i, fail := range []error{errUndo, nil} {
			err := a.Tx(t.Context(), func(ctx context.Context) error {
				client, _ := FromContext(ctx, drv)
				// Generated code begins and commits a transaction for some mutations.
				tx, err := client.Tx(ctx)
				if err != nil {
					return err
				}
				if err := errors.Join(addNote(ctx, tx, client.Dialect()), tx.Commit(), client.Close(), nested(ctx, a)); err != nil {
					return err
				}
				return fail
			})
			if !errors.Is(err, fail) {
				t.Fatal(err)
			}
			if n, m := users(t, a), notes(t, drv); n != int64(i) || m != int64(i) {
				t.Fatalf("%d users and %d notes, want %d of each", n, m, i)
			}
		}
	})
}

// TestTransactionOfGeneratedCode has what a generated ent.Tx offers with the
// feature sql/execquery: ExecContext and QueryContext.
func TestTransactionOfGeneratedCode(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, open func(t testing.TB) *entsql.Driver) {
		drv := open(t)
		a := migrated(t, drv, sqltest.Schema(t))
		begun, err := drv.DB().BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		tx := dialect.NopTx(entsql.NewDriver(drv.Dialect(), entsql.Conn{ExecQuerier: begun}))
		if err := errors.Join(nested(WithTx(t.Context(), tx), a), begun.Rollback()); err != nil {
			t.Fatal(err)
		}
		if n := users(t, a); n != 0 {
			t.Errorf("%d users", n)
		}
	})
}

func TestWithTxNeedsATransaction(t *testing.T) {
	t.Parallel()
	drv := file(t)
	a := migrated(t, drv, sqltest.Schema(t))
	ctx := WithTx(t.Context(), nil)
	_, create := a.Create(ctx, "user", newUser("u1"))
	_, count := a.Count(ctx, "user", nil)
	tx := a.Tx(ctx, func(context.Context) error { return nil })
	migrate := a.(adapter.Migrator).Migrate(ctx)
	for _, err := range []error{create, count, tx, migrate} {
		if !errors.Is(err, ErrNoTransaction) {
			t.Error(err)
		}
	}
	if _, ok := FromContext(ctx, drv); ok || users(t, a) != 0 {
		t.Error("there is a transaction, or a user")
	}
}

func TestRACE16SingleConnection(t *testing.T) {
	t.Parallel()
	sqltest.SingleConnection(t, migrated(t, sqliteAt(t, ":memory:"), sqltest.Schema(t)))
}

// TestRACEFileWriters has two drivers of one file, and one that the application
// opened without an immediate lock.
func TestRACEFileWriters(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "auth.db")
	s := sqltest.Schema(t)
	first := migrated(t, sqliteAt(t, path), s)
	own := connect(t, "sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)")
	sqltest.FileWriters(t, first, open(t, sqliteAt(t, path), s), open(t, entsql.OpenDB(dialect.SQLite, own), s))
}

// TestLOG01 has ent's own debug drivers print everything, and makes every kind
// of failure with a canary in each value.
func TestLOG01NoValueInErrorsOrLogs(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, openDriver func(t testing.TB) *entsql.Driver) {
		var mu sync.Mutex
		var logged []any
		drv := dialect.Debug(dialect.Debug(openDriver(t)), func(v ...any) {
			mu.Lock()
			defer mu.Unlock()
			logged = append(logged, v...)
		})
		a := migrated(t, drv, sqltest.Schema(t))
		add(t, a, "user", newUser("u1"))
		add(t, a, "session", newSession("s1", "canary", "u1"))
		ctx := t.Context()
		gone, cancel := context.WithCancel(ctx)
		cancel()
		create := func(rec adapter.Record) func(context.Context) error {
			return func(ctx context.Context) error { _, err := a.Create(ctx, "session", rec); return err }
		}
		find := func(w adapter.Where) func(context.Context) error {
			return func(ctx context.Context) error {
				_, err := a.FindOne(ctx, adapter.Find{Model: "session", Where: w})
				return err
			}
		}
		long := strings.Repeat("canary", 20000)
		for name, c := range map[string]struct {
			run  func(context.Context) error
			want error
		}{
			"unique":      {create(newSession("s2", "canary", "u1")), adapter.ErrUnique},
			"primary key": {create(newSession("s1", "canary2", "u1")), adapter.ErrUnique},
			"foreign key": {create(newSession("s2", "canary2", "canary")), ErrForeignKey},
			"null":        {create(adapter.Record{"id": "s2", "token": "canary2"}), adapter.ErrBadValue},
			"type":        {create(adapter.Record{"id": []string{"canary"}}), adapter.ErrBadValue},
			"NUL":         {find(adapter.By("token", "canary\x00")), adapter.ErrBadValue},
			"pattern":     {find(adapter.Where{{Field: "token", Op: adapter.Contains, Value: long}}), adapter.ErrBadValue},
			"field":       {find(adapter.By("nope", "canary")), adapter.ErrUnknownField},
		} {
			if err := c.run(ctx); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			} else if strings.Contains(err.Error(), "canary") {
				t.Errorf("%s: the error says %s", name, err)
			}
		}
		if err := find(adapter.By("token", "canary"))(gone); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		// The application's transaction is a logging one, too.
		tx, err := drv.Tx(ctx)
		if err != nil {
			t.Fatal(err)
		}
		logged = nil // the begin is the application's
		if err := errors.Join(find(adapter.By("token", "canary"))(WithTx(ctx, tx))); err != nil {
			t.Error(err)
		}
		if len(logged) != 0 {
			t.Errorf("the debug driver was called: %v", logged)
		}
		if err := tx.Rollback(); err != nil {
			t.Error(err)
		}
	})
}

func TestMissingTableIsNamed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, openDriver func(t testing.TB) *entsql.Driver) {
		_, err := open(t, openDriver(t), sqltest.Schema(t)).FindOne(t.Context(), bySession("x"))
		if err == nil || !strings.Contains(err.Error(), "session") {
			t.Fatal(err)
		}
	})
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	if _, err := New(nil).Open(sqltest.Schema(t)); err == nil {
		t.Error("no driver")
	}
	if _, err := New(entsql.OpenDB(dialect.Gremlin, new(sql.DB))).Open(sqltest.Schema(t)); !errors.Is(err, ErrDialect) {
		t.Error(err)
	}
	for _, path := range []string{"", "a\x00b", filepath.Join(t.TempDir(), "no", "such", "folder.db")} {
		if _, err := SQLite(path); err == nil {
			t.Errorf("%q was opened", path)
		}
	}
}

// TestTheApplicationsTransactionIsNotRunAgain makes it the victim of a deadlock: the
// application must begin it again, and until then nothing is written, not even by code
// that continues after the error.
func TestTheApplicationsTransactionIsNotRunAgain(t *testing.T) {
	t.Parallel()
	for _, s := range databases {
		if s.env == "" {
			continue // its writers queue
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			drv := s.open(t, s.dsn(t))
			a := migrated(t, drv, sqltest.Schema(t))
			create := func(ctx context.Context, id string) error { _, err := a.Create(ctx, "user", newUser(id)); return err }
			for _, id := range []string{"u1", "u2", "u3", "u4"} {
				if err := create(t.Context(), id); err != nil {
					t.Fatal(err)
				}
			}
			rename := func(ctx context.Context, ids ...string) error {
				for _, id := range ids {
					if _, err := a.Update(ctx, "user", adapter.By("id", id), adapter.Record{"createdAt": noon.Add(time.Hour)}); err != nil {
						return err
					}
				}
				return nil
			}
			tx, err := drv.Tx(t.Context())
			if err != nil {
				t.Fatal(err)
			}
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
					sqltest.AwaitLockWait(t, drv.DB(), s.name) // the application's, for u2
					<-time.After(200 * time.Millisecond)       // PostgreSQL lets the one lose that finds the deadlock, after a time of waiting
					return rename(ctx, "u1")
				})
			}()
			<-begun
			lost := rename(ctx, "u2")
			then := create(ctx, "u5")
			inner := a.Tx(ctx, func(ctx context.Context) error { return create(ctx, "u6") })
			for _, err := range []error{lost, then, inner} {
				if err == nil || !a.(*store).codec.Lost(err) {
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
	for _, s := range databases {
		if s.env == "" {
			continue // there is no connection to lose
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			drv := s.open(t, s.dsn(t))
			a := migrated(t, drv, sqltest.Schema(t))
			which, end := "SELECT connection_id()", "KILL %d"
			if s.name == "postgres" {
				which, end = "SELECT pg_backend_pid()", "SELECT pg_terminate_backend(%d)"
			}
			after := false
			err := a.Tx(t.Context(), func(ctx context.Context) error {
				if _, err := a.Create(ctx, "user", newUser("u1")); err != nil {
					return err
				}
				client, _ := FromContext(ctx, drv)
				var rows entsql.Rows
				if err := client.Query(ctx, which, []any{}, &rows); err != nil {
					return err
				}
				id, err := entsql.ScanInt64(rows)
				if err := errors.Join(err, rows.Close()); err != nil {
					return err
				}
				run(t, drv.DB(), fmt.Sprintf(end, id))
				_, err = a.Create(ctx, "user", newUser("u2"))
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
