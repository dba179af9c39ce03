// Package adopttest checks the adoption of an existing database: an adapter opens a
// database that Better Auth 1.6 made, and must work on it unchanged.
package adopttest

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
)

// Dumps of databases that Better Auth 1.6.11 made by getMigrations with
// better-sqlite3, pg and mysql2, with a user who has added fields of every type, a
// password, a session and a reset link.
//
//go:embed testdata/*.sql
var dumps embed.FS

// theirs are values in the dumps. height is what the column kept of 1.75.
type theirs struct {
	user, token, reset string
	created            time.Time // to the minute
	height             any
}

var known = map[string]theirs{
	"sqlite":   {"qet4bQ8Yz4RTFn0IU9NnFfWFzgbQytJA", "QVVVGj0hhNVxmTTkFyiRVJ1aAA70Iur9", "abc", time.Date(2026, 11, 23, 21, 2, 0, 0, time.UTC), 1.75},
	"postgres": {"5CnMBKGhTaprems0vBAkkKuu4LDdlInV", "Uk6JvrVAPnvjxPWt2UoHLuPanZWBgCak", "gLk77ZOz3mJYjLBUNFPA7iOn", time.Date(2026, 11, 26, 19, 41, 0, 0, time.UTC), int64(175)},
	"mysql":    {"H8FHdFLo2x8ITr8MrD31R0AjLxbL0PY3", "lJhMZYBhzVLPL2wVeBnDswaWBybcc62a", "3mY2dS2oPJ6RdWTJ1dzKZA4h", time.Date(2026, 11, 26, 19, 41, 0, 0, time.UTC), int64(175)},
}

const password = "correct horse battery"

// Statements returns the statements that make the database of a dialect:
// "sqlite", "postgres" or "mysql". Run them in an empty database, on one
// connection.
func Statements(t testing.TB, dialect string) []string {
	t.Helper()
	dump, err := dumps.ReadFile("testdata/" + dialect + ".sql")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	if dialect == "mysql" {
		out = append(out, "SET SESSION foreign_key_checks = 0") // the dump is in alphabetical order
	}
	for _, text := range strings.Split(string(dump), ";\n") {
		if strings.TrimSpace(text) != "" {
			out = append(out, text)
		}
	}
	return out
}

// Session describes the session in the dump of a dialect, with its user.
func Session(dialect string) adapter.Find {
	return adapter.Find{
		Model: "session", Where: adapter.By("token", known[dialect].token),
		Joins: []adapter.Join{{Model: "user", From: "userId", To: "id", One: true}},
	}
}

// Run adopts the database of a dialect. open makes an empty database, runs the
// statements on one connection and returns its adapter.
func Run(t *testing.T, dialect string, open func(t testing.TB, statements []string) adapter.Database) {
	want, ok := known[dialect]
	if !ok {
		t.Fatalf("there is no dump of %q", dialect)
	}
	db := open(t, Statements(t, dialect))
	t.Run("its accounts get a unique key", func(t *testing.T) { want.key(t, db) })
	t.Run("its rows are read type by type", func(t *testing.T) { want.rows(t, dialect, db) })
	t.Run("its session, its password and its reset link go on", func(t *testing.T) { want.flows(t, db) })
}

// key migrates, and links the account of the dump a second time.
func (want theirs) key(t *testing.T, db adapter.Database) {
	a := opened(t, db)
	m := a.(adapter.Migrator)
	plan, err := m.Plan(t.Context())
	if err != nil || len(plan) != 1 || plan[0].Table != "account" || plan[0].Kind != "create index" {
		t.Fatalf("plan = %v, %v; want the unique key of accounts and no more", plan, err)
	}
	rec, err := a.FindOne(t.Context(), adapter.Find{Model: "account", Where: adapter.By("userId", want.user)})
	if err != nil {
		t.Fatal(err)
	}
	rec["id"] = "second"
	if _, err := a.Create(t.Context(), "account", rec); err != nil {
		t.Fatal(err) // as a Better Auth server could
	}
	err = m.Migrate(t.Context())
	if !errors.Is(err, adapter.ErrUnique) || !strings.Contains(err.Error(), "2 rows share 1 value (of the providers credential 1)") {
		t.Errorf("with a doubled account: %v", err)
	}
	if err := a.Delete(t.Context(), "account", adapter.By("id", "second")); err != nil {
		t.Fatal(err)
	}
	if err := m.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Create(t.Context(), "account", rec); !errors.Is(err, adapter.ErrUnique) {
		t.Errorf("the account was doubled: %v", err)
	}
}

func opened(t *testing.T, db adapter.Database) adapter.Adapter {
	t.Helper()
	s, err := schema.New("", Tables(), nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := db.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (want theirs) rows(t *testing.T, dialect string, db adapter.Database) {
	a := opened(t, db)
	if plan, err := a.(adapter.Migrator).Plan(t.Context()); err != nil || len(plan) != 0 {
		t.Fatalf("plan = %v, %v; want none", plan, err)
	}
	rec, err := a.FindOne(t.Context(), Session(dialect))
	if err != nil {
		t.Fatal(err)
	}
	expires, _ := rec["expiresAt"].(time.Time)
	user, _ := rec["user"].(adapter.Record)
	created, _ := user["createdAt"].(time.Time)
	if created.Truncate(time.Minute) != want.created || created != user["updatedAt"] || expires.Sub(created).Round(time.Second) != 7*24*time.Hour {
		t.Errorf("created %v, updated %v, the session expires %v", created, user["updatedAt"], expires)
	}
	if prefs, _ := user["prefs"].(json.RawMessage); strings.ReplaceAll(string(prefs), " ", "") != `{"theme":"dark"}` {
		t.Errorf("prefs = %s", prefs)
	}
	for _, seen := range []string{"createdAt", "updatedAt", "prefs"} {
		delete(user, seen)
	}
	wanted := adapter.Record{
		"id": want.user, "name": "Ada", "email": "ada@example.com", "emailVerified": false, "image": nil,
		"role": "user", "banned": false, "banReason": nil, "banExpires": nil,
		"tags": []string{"a", "b<c>"}, "scores": []float64{1, 2.5}, "height": want.height, "serial": int64(9007199254740991),
	}
	if got, wanted := fmt.Sprintf("%#v", user), fmt.Sprintf("%#v", wanted); got != wanted {
		t.Errorf("user = %s\nwant   %s", got, wanted)
	}
}

func (want theirs) flows(t *testing.T, db adapter.Database) {
	e := authtest.NewEnv(t)
	o := e.Options(emailpassword.New(emailpassword.Options{}))
	o.Database = db
	e.Open(o)
	if found, err := e.Auth.Store().FindSession(t.Context(), want.token); err != nil || found.User.ID != want.user {
		t.Errorf("session: %+v, %v", found, err)
	}
	signIn := func(password string) {
		t.Helper()
		e.Client().Post("/sign-in/email", map[string]any{"email": "Ada@example.com", "password": password}).Want(t, 200, "")
	}
	signIn(password)
	signIn(password) // rehashed by the first
	reset := map[string]any{"token": want.reset, "newPassword": "another horse battery"}
	e.Client().Post("/reset-password", reset).Want(t, 200, "")
	e.Client().Post("/reset-password", reset).Want(t, 400, "INVALID_TOKEN")
	signIn("another horse battery")
	e.Client().Post("/sign-up/email", map[string]any{"name": "Eve", "email": "eve@example.com", "password": password}).Want(t, 200, "")
}
