package gormadapter

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// adopted opens a copy of a file that Better Auth 1.6.11 made with
// better-sqlite3: getMigrations, one sign-up, one sign-in, one reset token.
func adopted(t testing.TB) *gorm.DB {
	t.Helper()
	dump, err := os.ReadFile("testdata/better-auth-1.6.11.sqlite.sql")
	if err != nil {
		t.Fatal(err)
	}
	db := file(t)
	run(t, db, string(dump))
	return db
}

const adoptedToken = "QVVVGj0hhNVxmTTkFyiRVJ1aAA70Iur9"

func TestAdoptsBetterAuthFile(t *testing.T) {
	t.Parallel()
	a := open(t, adopted(t), authSchema(t, ""))
	plan, err := a.(adapter.Migrator).Plan(t.Context())
	if err != nil || len(plan) != 0 {
		t.Fatalf("plan = %v, %v", plan, err)
	}
	rec, err := a.FindOne(t.Context(), bySession(adoptedToken))
	if err != nil {
		t.Fatal(err)
	}
	user := rec["user"].(adapter.Record)
	want := adapter.Record{
		"id": "qet4bQ8Yz4RTFn0IU9NnFfWFzgbQytJA", "name": "Ada", "email": "ada@example.com", "emailVerified": false, "image": nil,
		"createdAt": time.Date(2026, 11, 23, 21, 2, 2, 53e6, time.UTC), "updatedAt": time.Date(2026, 11, 23, 21, 2, 2, 53e6, time.UTC),
		"role": "user", "banned": false, "banReason": nil, "banExpires": nil, "tags": []string{"a", "b<c>"}, "scores": []float64{1, 2.5},
		"prefs": json.RawMessage(`{"theme":"dark"}`), "height": 1.75, "serial": int64(9007199254740991),
	}
	if got, want := fmt.Sprintf("%#v", user), fmt.Sprintf("%#v", want); got != want {
		t.Errorf("user = %s\nwant   %s", got, want)
	}
	if rec["expiresAt"] != time.Date(2026, 11, 30, 21, 2, 2, 59e6, time.UTC) || rec["impersonatedBy"] != nil {
		t.Errorf("session = %#v", rec)
	}
}

// adoptedOn are databases that Better Auth 1.6.11 made with pg and mysql2, in the
// way of the adopted file.
var adoptedOn = map[string]struct{ user, token, reset string }{
	"postgres": {"5CnMBKGhTaprems0vBAkkKuu4LDdlInV", "Uk6JvrVAPnvjxPWt2UoHLuPanZWBgCak", "gLk77ZOz3mJYjLBUNFPA7iOn"},
	"mysql":    {"H8FHdFLo2x8ITr8MrD31R0AjLxbL0PY3", "lJhMZYBhzVLPL2wVeBnDswaWBybcc62a", "3mY2dS2oPJ6RdWTJ1dzKZA4h"},
}

// load runs the statements of a dump on one connection.
func load(t testing.TB, db *gorm.DB, file string, first ...string) {
	t.Helper()
	dump, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pool, err := db.DB()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, text := range append(first, strings.Split(string(dump), ";\n")...) {
		if strings.TrimSpace(text) == "" {
			continue
		}
		if _, err := conn.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// TestAdoptsServersOfBetterAuth takes such a database over without a change: its
// rows are read type by type, and its password, its session and its reset link go on.
func TestAdoptsServersOfBetterAuth(t *testing.T) {
	t.Parallel()
	for _, server := range servers {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			theirs, db := adoptedOn[server.name], server.open(t, server.dsn(t))
			var first []string
			if server.name == "mysql" {
				first = []string{"SET SESSION foreign_key_checks = 0"} // the dump is in alphabetical order
			}
			load(t, db, "testdata/better-auth-1.6.11."+server.name+".sql", first...)
			a := open(t, db, authSchema(t, ""))
			if p := plan(t, a); len(p) != 0 {
				t.Fatalf("plan = %v", p)
			}
			rec, err := a.FindOne(t.Context(), bySession(theirs.token))
			if err != nil {
				t.Fatal(err)
			}
			user := rec["user"].(adapter.Record)
			created, _ := user["createdAt"].(time.Time)
			if created.Truncate(time.Minute) != time.Date(2026, 11, 26, 19, 41, 0, 0, time.UTC) || rec["expiresAt"].(time.Time).Sub(created).Round(time.Second) != 7*24*time.Hour {
				t.Errorf("created %v, expires %v", created, rec["expiresAt"])
			}
			if prefs, _ := user["prefs"].(json.RawMessage); strings.ReplaceAll(string(prefs), " ", "") != `{"theme":"dark"}` {
				t.Errorf("prefs = %s", prefs)
			}
			delete(user, "prefs")
			want := adapter.Record{
				"id": theirs.user, "name": "Ada", "email": "ada@example.com", "emailVerified": false, "image": nil,
				"createdAt": created, "updatedAt": user["updatedAt"], "role": "user", "banned": false, "banReason": nil, "banExpires": nil,
				"tags": []string{"a", "b<c>"}, "scores": []float64{1, 2.5}, "height": int64(175), "serial": int64(9007199254740991),
			}
			if got, want := fmt.Sprintf("%#v", user), fmt.Sprintf("%#v", want); got != want {
				t.Errorf("user = %s\nwant   %s", got, want)
			}

			e := authtest.NewEnv(t)
			o := e.Options(emailpassword.New(emailpassword.Options{}))
			o.Database = New(db)
			e.Open(o)
			if found, err := e.Auth.Store().FindSession(t.Context(), theirs.token); err != nil || found.User.ID != theirs.user {
				t.Errorf("session: %+v, %v", found, err)
			}
			signIn := func(password string, status int, code string) {
				t.Helper()
				e.Client().Post("/sign-in/email", map[string]any{"email": "Ada@example.com", "password": password}).Want(t, status, code)
			}
			signIn("correct horse battery", 200, "")
			signIn("correct horse battery", 200, "") // hashed anew by the first
			reset := map[string]any{"token": theirs.reset, "newPassword": "another horse battery"}
			e.Client().Post("/reset-password", reset).Want(t, 200, "")
			e.Client().Post("/reset-password", reset).Want(t, 400, "INVALID_TOKEN")
			signIn("another horse battery", 200, "")
			e.Client().Post("/sign-up/email", map[string]any{"name": "Eve", "email": "eve@example.com", "password": "correct horse battery"}).Want(t, 200, "")
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
			rec, err := open(t, db, authSchema(t, "")).FindOne(t.Context(), bySession(adoptedToken))
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
	_, err := open(t, db, authSchema(t, "")).FindOne(t.Context(), bySession(adoptedToken))
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
	if len(got) != 2 || got["account_providerId_accountId_idx"] == "" || got["verification_expiresAt_idx"] == "" {
		t.Errorf("besides: %v", got)
	}
}

func TestAdvice(t *testing.T) {
	t.Parallel()
	db := adopted(t)
	a := open(t, db, authSchema(t, ""))
	advice, err := a.(Advisor).Advice(t.Context())
	if err != nil || len(advice) != 2 {
		t.Fatalf("%v, %v", advice, err)
	}
	for _, c := range advice {
		run(t, db, c.SQL)
	}
	if advice, err = a.(Advisor).Advice(t.Context()); err != nil || len(advice) != 0 {
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
