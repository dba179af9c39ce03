package gormadapter

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/suites/adopttest"
)

// adopted opens a copy of a file that Better Auth 1.6.11 made.
func adopted(t testing.TB) *gorm.DB {
	t.Helper()
	db := file(t)
	load(t, db, adopttest.Statements(t, "sqlite"))
	return db
}

// load runs statements on one connection.
func load(t testing.TB, db *gorm.DB, statements []string) {
	t.Helper()
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, text := range statements {
		if _, err := conn.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

func TestAdoptsBetterAuth(t *testing.T) {
	t.Parallel()
	take := func(t *testing.T, dialect string, empty func(t testing.TB) *gorm.DB) {
		t.Parallel()
		adopttest.Run(t, dialect, func(t testing.TB, statements []string) adapter.Database {
			db := empty(t)
			load(t, db, statements)
			return New(db)
		})
	}
	t.Run("sqlite", func(t *testing.T) { take(t, "sqlite", file) })
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			dsn := server.dsn(t)
			take(t, server.name, func(t testing.TB) *gorm.DB { return server.open(t, dsn) })
		})
	}
}

func TestComparesDatesOfBetterAuth(t *testing.T) {
	t.Parallel()
	a := open(t, adopted(t), authSchema(t, ""))
	at := time.Date(2026, 11, 30, 21, 2, 2, 59e6, time.UTC) // the first session's expiresAt
	for _, c := range []struct {
		op   adapter.Op
		at   time.Time
		want int64
	}{
		{adapter.Lt, at, 0}, {adapter.Lte, at, 1}, {adapter.Gt, at, 1}, {adapter.Gte, at, 2},
		{adapter.Lt, at.Add(time.Millisecond), 1}, {adapter.Eq, at, 1}, {adapter.Gt, at.In(time.FixedZone("", 3600)), 1},
	} {
		n, err := a.Count(t.Context(), "session", adapter.Where{{Field: "expiresAt", Op: c.op, Value: c.at}})
		if err != nil || n != c.want {
			t.Errorf("%s %s: %d, %v; want %d", c.op, c.at, n, err, c.want)
		}
	}
}

// TestWritesAsBetterAuth compares what lies in the file, type by type, with the
// row that the reference wrote.
func TestWritesAsBetterAuth(t *testing.T) {
	t.Parallel()
	db := adopted(t)
	a := open(t, db, authSchema(t, ""))
	ours, err := a.FindOne(t.Context(), adapter.Find{Model: "user"})
	if err != nil {
		t.Fatal(err)
	}
	ours["id"], ours["email"], ours["serial"] = "ours", "ours@example.com", int64(1)
	if _, err := a.Create(t.Context(), "user", ours); err != nil {
		t.Fatal(err)
	}
	cols := []string{"emailVerified", "createdAt", "updatedAt", "banned", "banExpires", "tags", "scores", "prefs", "height"}
	var list []string
	for _, c := range cols {
		list = append(list, fmt.Sprintf(`typeof("%s") || '=' || coalesce("%s", '')`, c, c))
	}
	var rows []string
	query := "SELECT " + strings.Join(list, " || ' ' || ") + ` FROM "user" ORDER BY "id" = 'ours'`
	if err := db.Raw(query).Scan(&rows).Error; err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 || rows[0] != rows[1] {
		t.Errorf("stored:\n%s", strings.Join(rows, "\n"))
	}
}

// TestReadsOtherFormats covers what other tools leave in such files.
func TestReadsOtherFormats(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, stored := range []string{
		"'2026-01-01T12:00:00.000Z'", "'2026-01-01 12:00:00'", "1767268800000", "1767268800000.0", "'1767268800000'",
		"'2026-01-01T13:00:00+01:00'", "'2026-01-01 12:00:00.000'", "'2026-01-01 12:00:00+00:00'",
	} {
		t.Run(stored, func(t *testing.T) {
			t.Parallel()
			db := adopted(t)
			run(t, db, `UPDATE "session" SET "expiresAt" = `+stored)
			run(t, db, `UPDATE "user" SET "emailVerified" = 'true', "prefs" = 'not json', "tags" = 'null'`)
			rec, err := open(t, db, authSchema(t, "")).FindOne(t.Context(), adopttest.Session("sqlite"))
			if err != nil {
				t.Fatal(err)
			}
			user := rec["user"].(adapter.Record)
			if rec["expiresAt"] != want || user["emailVerified"] != true || user["prefs"] != nil || user["tags"] != nil {
				t.Errorf("%v %v %v %v", rec["expiresAt"], user["emailVerified"], user["prefs"], user["tags"])
			}
		})
	}
}

func TestUnreadableDateIsAnErrorWithoutTheValue(t *testing.T) {
	t.Parallel()
	db := adopted(t)
	run(t, db, `UPDATE "session" SET "expiresAt" = 'canary'`)
	_, err := open(t, db, authSchema(t, "")).FindOne(t.Context(), adopttest.Session("sqlite"))
	if err == nil || strings.Contains(err.Error(), "canary") {
		t.Fatal(err)
	}
}

// TestMakesTheSameTables compares sqlite_master of a database made here with
// that of the reference.
func TestMakesTheSameTables(t *testing.T) {
	t.Parallel()
	made, theirs := file(t), adopted(t)
	migrated(t, made, authSchema(t, ""))
	sql := func(db *gorm.DB) map[string]string {
		var rows []struct{ Name, SQL string }
		if err := db.Raw("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").Scan(&rows).Error; err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		for _, r := range rows {
			out[r.Name] = strings.ToLower(r.SQL)
		}
		return out
	}
	got, want := sql(made), sql(theirs)
	for name, text := range want {
		if got[name] != text {
			t.Errorf("%s:\n%s\nwant\n%s", name, got[name], text)
		}
		delete(got, name)
	}
	if len(got) != 2 || got["account_providerId_accountId_uidx"] == "" || got["verification_expiresAt_idx"] == "" {
		t.Errorf("besides: %v", got)
	}
}

func TestAdvice(t *testing.T) {
	t.Parallel()
	db := adopted(t)
	a := open(t, db, authSchema(t, ""))
	advice, err := a.(adapter.Advisor).Advice(t.Context())
	if err != nil || len(advice) != 1 {
		t.Fatalf("%v, %v", advice, err)
	}
	for _, c := range advice {
		run(t, db, c.SQL)
	}
	if advice, err = a.(adapter.Advisor).Advice(t.Context()); err != nil || len(advice) != 0 {
		t.Fatalf("after it was followed: %v, %v", advice, err)
	}
}

func TestSQLiteFile(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "100%.db", "what?.db", "x#y.db", "ä&b=c.db"} {
		path := filepath.Join(t.TempDir(), name)
		migrated(t, sqliteAt(t, path), authSchema(t, ""))
		if info, err := os.Stat(path); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, path := range []string{"", "a\x00b", filepath.Join(t.TempDir(), "no", "such", "folder.db")} {
		if _, err := SQLite(path); err == nil {
			t.Errorf("%q was opened", path)
		}
	}
	db := file(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "10000", "synchronous": "1"} {
		var got string
		if err := db.Raw("PRAGMA " + pragma).Scan(&got).Error; err != nil || got != want {
			t.Errorf("%s = %q, %v", pragma, got, err)
		}
	}
}
