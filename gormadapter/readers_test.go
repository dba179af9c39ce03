package gormadapter

import (
	"context"
	"database/sql/driver"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
)

// readingFile is a file with one session whose lookup has run through a reader.
func readingFile(t *testing.T) (path string, db *gorm.DB, a *store) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "auth.db")
	db = sqliteAt(t, path)
	a = migrated(t, db, authSchema(t, "")).(*store)
	addUser(t, a, "u1")
	addSession(t, a, "s1", "u1")
	if _, err := a.FindOne(t.Context(), bySession("token-s1")); err != nil {
		t.Fatal(err)
	}
	if n := len(a.readers.idle); n != 1 || a.readers.count != 1 {
		t.Fatalf("%d idle readers of %d after a lookup", n, a.readers.count)
	}
	return path, db, a
}

// A reader keeps nothing of an earlier lookup: what anyone has committed is seen at once.
func TestReadersSeeEveryCommit(t *testing.T) {
	t.Parallel()
	path, db, a := readingFile(t)
	other := sqliteAt(t, path) // as another process
	name := func() (any, error) {
		rec, err := a.FindOne(t.Context(), bySession("token-s1"))
		user, _ := rec["user"].(adapter.Record)
		return user["name"], err
	}
	for _, c := range []struct {
		how  string
		exec func(text string) error
	}{
		{"through the same handle", func(text string) error { return db.Exec(text).Error }},
		{"through another handle", func(text string) error { return other.Exec(text).Error }},
		{"in a transaction", func(text string) error {
			return db.Transaction(func(tx *gorm.DB) error {
				if err := tx.Exec(text).Error; err != nil {
					return err
				}
				if got, err := name(); got == named(text) || err != nil {
					t.Errorf("%v, %v is seen before the commit", got, err)
				}
				rec, err := a.FindOne(WithTx(t.Context(), tx), bySession("token-s1"))
				if user, _ := rec["user"].(adapter.Record); user["name"] != named(text) || err != nil {
					t.Errorf("in its own transaction: %v, %v", user["name"], err)
				}
				return nil
			})
		}},
	} {
		text := `UPDATE "user" SET name = '` + c.how + `'`
		if err := c.exec(text); err != nil {
			t.Fatal(err)
		}
		if got, err := name(); got != c.how || err != nil {
			t.Errorf("changed %s: %v, %v", c.how, got, err)
		}
	}
	if err := other.Exec("DELETE FROM session").Error; err != nil {
		t.Fatal(err)
	}
	if _, err := name(); !errors.Is(err, adapter.ErrNotFound) {
		t.Errorf("SES-04 a session that another process has removed: %v", err)
	}
}

// named is the name that a statement of TestReadersSeeEveryCommit sets.
func named(text string) string {
	const before = `UPDATE "user" SET name = '`
	return text[len(before) : len(text)-1]
}

// Nobody waits for an idle reader: it holds no lock that a checkpoint needs.
func TestIdleReadersHoldNoLock(t *testing.T) {
	t.Parallel()
	path, _, _ := readingFile(t)
	var busy, log, done int
	row := sqliteAt(t, path).Raw("PRAGMA wal_checkpoint(TRUNCATE)").Row()
	if err := row.Scan(&busy, &log, &done); err != nil || busy != 0 || log != 0 {
		t.Errorf("busy %d, %d pages in the log, %v", busy, log, err)
	}
	if info, err := os.Stat(path + "-wal"); err != nil || info.Size() != 0 {
		t.Errorf("the log: %v, %v", info, err)
	}
}

func TestReadersCannotWrite(t *testing.T) {
	t.Parallel()
	_, _, a := readingFile(t)
	one := a.readers.take(t.Context())
	defer a.readers.give(one, false)
	if _, err := one.conn.(driver.ExecerContext).ExecContext(t.Context(), "DELETE FROM session", nil); err == nil {
		t.Error("a reader has written")
	}
}

// The application may change its schema; the lookups then answer as the general way.
func TestReadersFollowTheSchema(t *testing.T) {
	t.Parallel()
	_, db, a := readingFile(t)
	q := bySession("token-s1")
	for _, text := range []string{
		`ALTER TABLE "user" ADD COLUMN more text`, `ALTER TABLE session RENAME TO hidden`, `ALTER TABLE hidden RENAME TO session`,
		`CREATE INDEX more ON "user" (name)`, `VACUUM`, `ALTER TABLE session RENAME COLUMN "userAgent" TO "agent"`, `ALTER TABLE session RENAME COLUMN "agent" TO "userAgent"`,
	} {
		if err := db.Exec(text).Error; err != nil {
			t.Fatal(text, err)
		}
		for range 2 {
			got, err := a.FindOne(t.Context(), q)
			many, manyErr := a.FindMany(t.Context(), q)
			if (err == nil) != (manyErr == nil) || manyErr == nil && !reflect.DeepEqual(got, many[0]) {
				t.Errorf("%s: %v, %v; in the general way %v, %v", text, got, err, many, manyErr)
			}
		}
	}
	if a.readers.count != len(a.readers.idle) {
		t.Errorf("%d readers, %d of them idle", a.readers.count, len(a.readers.idle))
	}
}

func TestReadersEndWithTheirCalls(t *testing.T) {
	t.Parallel()
	_, _, a := readingFile(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.FindOne(ctx, bySession("token-s1")); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call: %v", err)
	}
}

// A closed pool has closed its readers too, also those that were in use meanwhile.
func TestReadersCloseWithTheirPool(t *testing.T) {
	t.Parallel()
	path, db, a := readingFile(t)
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	used := a.readers.take(t.Context())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for {
				if _, err := a.FindOne(t.Context(), bySession("token-s1")); err != nil {
					if errors.Is(err, adapter.ErrNotFound) {
						t.Error("a closed database has no such session")
					}
					return
				}
			}
		})
	}
	if err := pool.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	a.readers.give(used, false)
	if a.readers.count != 0 || len(a.readers.idle) != 0 || a.readers.take(t.Context()) != nil {
		t.Errorf("%d readers, %d idle", a.readers.count, len(a.readers.idle))
	}
	for _, suffix := range []string{"-wal", "-shm"} { // SQLite removes them when nobody has the file open
		if _, err := os.Stat(path + suffix); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", suffix, err)
		}
	}
}

// Where another connection would be another database, or the application watches its
// statements, lookups go through the pool.
func TestNoReadersBesideOtherPools(t *testing.T) {
	t.Parallel()
	s := authSchema(t, "")
	memory, err := SQLite(":memory:")
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, memory)
	prepared := file(t).Session(&gorm.Session{PrepareStmt: true})
	pool, err := file(t).DB()
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := FromSQLite(pool)
	if err != nil {
		t.Fatal(err)
	}
	for name, db := range map[string]*gorm.DB{"in memory": memory, "with statements that GORM prepares": prepared, "from a pool": foreign} {
		if a := open(t, db, s).(*store); a.readers != nil {
			t.Errorf("%s: lookups have readers", name)
		}
	}
}
