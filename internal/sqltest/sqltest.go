// Package sqltest is the exported suite for SQL adapters beyond adaptertest: how many
// statements a call sends, that lookups have an index, and that concurrent callers of
// one table or file succeed.
package sqltest

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/suites/adopttest"
)

// Database is an empty database of a test's own.
type Database struct {
	Dialect string // "sqlite", "postgres" or "mysql"
	Pool    *sql.DB
	Adapter adapter.Database // over a handle of the ORM for the same database
	Watched adapter.Database // over one that writes down in Log what it sends
	Log     *Log
	// InTx runs fn in a transaction that the application began through its ORM with
	// this isolation, and commits it when fn succeeds.
	InTx func(ctx context.Context, level sql.IsolationLevel, fn func(ctx context.Context) error) error
	// Zones makes adapters for the same database whose drivers were told each of Zones,
	// by the name of the setting. SQLite, which has no zones, gives none.
	Zones func(t testing.TB) map[string]adapter.Database
	// Proxied makes an adapter for the same database behind a proxy; nil for SQLite.
	Proxied func(t testing.TB) (adapter.Database, *Proxy)
}

// Log keeps the texts of statements.
type Log struct {
	mu    sync.Mutex
	texts []string
}

// Add writes a statement down.
func (l *Log) Add(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.texts = append(l.texts, text)
}

// Take returns what has been added since the last call.
func (l *Log) Take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	texts := l.texts
	l.texts = nil
	return texts
}

// Run tests an adapter on one kind of database. open makes an empty one.
func Run(t *testing.T, open func(t testing.TB) Database) {
	for name, test := range map[string]func(t *testing.T, d Database){
		"one statement for each call":                     oneStatement,
		"get-session is one statement":                    getSession,
		"a callback is at most five statements":           callback,
		"lookups have an index":                           indexes,
		"lookups use it":                                  plans,
		"RACE deletes without an index":                   deletesWithoutIndex,
		"a delete sees what was added just now":           deletesWhatIsNew,
		"RACE-12 limits in the application's transaction": limitsInTheApplicationsTransaction,
		"dates in every zone":                             zones,
		"a migration lets an old version serve":           func(t *testing.T, d Database) { migrateUnderLoad(t, d, open(t)) },
		"nobody queues behind a migration":                func(t *testing.T, d Database) { migrateBehindATransaction(t, d, open(t)) },
		"no migration without its lock":                   migrateWithoutTheLock,
		"tables get the unique keys they lack":            migrateLooseTables,
		"new tables do not hide others":                   migrateBesideTables,
		"a read that lost runs again":                     readThatLost,
		"an outage is answered in time and no sign-out":   outages,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

var noon = time.Date(2026, 1, 1, 12, 0, 0, 123e6, time.UTC)

// Schema returns the tables of this suite: a user, its sessions, and a counter.
func Schema(t testing.TB) *schema.Schema {
	t.Helper()
	s, err := schema.New(schema.IDString, []schema.Table{
		{Model: "user", Fields: []schema.Field{
			{Name: "email", Type: schema.String, Unique: true},
			{Name: "createdAt", Type: schema.Date},
		}},
		{Model: "session", Fields: []schema.Field{
			{Name: "token", Type: schema.String, Unique: true},
			{Name: "userId", Type: schema.String, Index: true, References: &schema.Reference{Model: "user"}},
			{Name: "expiresAt", Type: schema.Date},
		}},
		{Model: "rateLimit", Fields: []schema.Field{
			{Name: "key", Type: schema.String, Unique: true},
			{Name: "count", Type: schema.Number},
			{Name: "lastRequest", Type: schema.Number, BigInt: true, Optional: true},
		}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func user(id string, created time.Time) adapter.Record {
	return adapter.Record{"id": id, "email": id + "@example.com", "createdAt": created}
}

func session(id, token, userID string) adapter.Record {
	return adapter.Record{"id": id, "token": token, "userId": userID, "expiresAt": noon}
}

func add(t testing.TB, a adapter.Adapter, model string, rec adapter.Record) {
	t.Helper()
	if _, err := a.Create(t.Context(), model, rec); err != nil {
		t.Fatal(err)
	}
}

func users(t testing.TB, a adapter.Adapter) int64 {
	t.Helper()
	n, err := a.Count(t.Context(), "user", nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// bySession is the lookup of every request.
func bySession(token string) adapter.Find {
	return adapter.Find{
		Model: "session", Where: adapter.By("token", token),
		Joins: []adapter.Join{{Model: "user", From: "userId", To: "id", One: true}},
	}
}

// migrated opens tables and makes them.
func migrated(t testing.TB, d adapter.Database, s *schema.Schema) adapter.Adapter {
	t.Helper()
	a, err := d.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.(adapter.Migrator).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return a
}

func oneStatement(t *testing.T, d Database) {
	a := migrated(t, d.Watched, Schema(t))
	add(t, a, "user", user("u1", noon))
	add(t, a, "session", session("s1", "t1", "u1"))
	add(t, a, "session", session("s2", "t2", "u1"))
	ctx := t.Context()
	for _, c := range []struct {
		name string
		want int
		call func() error
	}{
		{"find with the row it belongs to", 1, func() error { _, err := a.FindOne(ctx, bySession("t1")); return err }},
		{"find with the rows that belong to it", 2, func() error {
			_, err := a.FindMany(ctx, adapter.Find{Model: "user", Joins: []adapter.Join{{Model: "session", From: "id", To: "userId"}}})
			return err
		}},
		{"count", 1, func() error { _, err := a.Count(ctx, "session", nil); return err }},
		{"delete", 1, func() error { return a.Delete(ctx, "session", adapter.By("id", "s2")) }},
		{"unknown field", 0, func() error {
			if _, err := a.Count(ctx, "user", adapter.By("nope", "x")); err == nil {
				t.Error("an unknown field was taken")
			}
			return nil
		}},
	} {
		d.Log.Take()
		err := c.call()
		if texts := d.Log.Take(); err != nil || len(texts) != c.want {
			t.Errorf("%s: %v, %d statements, want %d: %q", c.name, err, len(texts), c.want, texts)
		}
	}
	if d.Dialect == "mysql" {
		return // it has no RETURNING: what follows is a transaction there
	}
	for _, c := range []struct {
		name string
		call func() error
	}{
		{"create", func() error {
			_, err := a.Create(ctx, "rateLimit", adapter.Record{"id": "r", "key": "k", "count": int64(1)})
			return err
		}},
		{"increment", func() error {
			_, err := a.Increment(ctx, "rateLimit", adapter.By("key", "k"), "count", 1, adapter.Record{"lastRequest": int64(2)})
			return err
		}},
		{"update", func() error {
			_, err := a.Update(ctx, "session", adapter.By("userId", "u1"), adapter.Record{"expiresAt": noon.Add(time.Hour)})
			return err
		}},
		{"updateMany", func() error {
			_, err := a.UpdateMany(ctx, "session", adapter.By("userId", "u1"), adapter.Record{"expiresAt": noon})
			return err
		}},
		{"consume", func() error { _, err := a.ConsumeOne(ctx, "session", adapter.By("userId", "u1")); return err }},
		{"deleteMany", func() error { _, err := a.DeleteMany(ctx, "session", adapter.By("userId", "u1")); return err }},
	} {
		d.Log.Take()
		err := c.call()
		if texts := d.Log.Take(); err != nil || len(texts) != 1 {
			t.Errorf("%s: %v, %d statements, want 1: %q", c.name, err, len(texts), texts)
		}
	}
}

// signedUp is a client who has signed up at a server over the watched handle.
func (d Database) signedUp(t testing.TB) *authtest.Client {
	t.Helper()
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Database = d.Watched }, emailpassword.New(emailpassword.Options{}))
	c := e.Client()
	c.Post("/sign-up/email", map[string]string{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
	return c
}

// getSession asks over HTTP, without a cookie cache.
func getSession(t *testing.T, d Database) {
	c := d.signedUp(t)
	d.Log.Take()
	if a := c.Get("/get-session").Want(t, 200, ""); a.JSON("user", "email") != "ada@example.com" {
		t.Error(a.Body)
	}
	if texts := d.Log.Take(); len(texts) != 1 {
		t.Errorf("%d statements: %q", len(texts), texts)
	}
}

// firstColumns asks a dialect which columns begin an index.
var firstColumns = map[string]string{
	"sqlite": `SELECT t.name || '.' || c.name FROM sqlite_master t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
		WHERE t.type = 'table' AND c.seqno = 0`,
	"postgres": `SELECT t.relname || '.' || a.attname FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
		JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = i.indkey[0] WHERE t.relnamespace = current_schema()::regnamespace`,
	"mysql": "SELECT concat(table_name, '.', column_name) FROM information_schema.statistics WHERE table_schema = database() AND seq_in_index = 1",
}

func indexes(t *testing.T, d Database) {
	authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Database = d.Adapter
		o.RateLimit.Storage = "database" // for its table
	}, emailpassword.New(emailpassword.Options{}))
	indexed := column(t, d.Pool, firstColumns[d.Dialect])
	for _, name := range []string{
		"user.id", "user.email", "session.token", "session.userId", "account.userId", "account.providerId",
		"verification.identifier", "verification.expiresAt", "rateLimit.key",
	} {
		if !slices.Contains(indexed, name) {
			t.Errorf("%s begins no index: %q", name, indexed)
		}
	}
}

// plans asks SQLite how it runs the lookups. The plan of a server depends on how many
// rows there are.
func plans(t *testing.T, d Database) {
	if d.Dialect != "sqlite" {
		return
	}
	tables, err := schema.New(schema.IDString, adopttest.Tables(), nil)
	if err != nil {
		t.Fatal(err)
	}
	a := migrated(t, d.Watched, tables)
	for _, q := range []adapter.Find{
		bySession("x"),
		{Model: "user", Where: adapter.By("email", "x")},
		{Model: "session", Where: adapter.By("userId", "x")},
		{Model: "account", Where: adapter.By("userId", "x")},
		{Model: "account", Where: adapter.By("accountId", "x").And("providerId", "y")},
		{Model: "verification", Where: adapter.By("identifier", "x")},
		{Model: "verification", Where: adapter.Where{{Field: "expiresAt", Op: adapter.Lt, Value: noon}}},
	} {
		d.Log.Take()
		if _, err := a.FindMany(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		texts := d.Log.Take()
		if len(texts) != 1 {
			t.Fatalf("%s %v: %q", q.Model, q.Where, texts)
		}
		args := make([]any, strings.Count(texts[0], "?"))
		for i := range args {
			args[i] = "x"
		}
		for _, step := range column(t, d.Pool, "EXPLAIN QUERY PLAN "+texts[0], args...) {
			if !strings.HasPrefix(step, "SEARCH") {
				t.Errorf("%s %v: %s", q.Model, q.Where, step)
			}
		}
	}
}

// column returns the last column of a query.
func column(t testing.TB, pool *sql.DB, query string, args ...any) (texts []string) {
	t.Helper()
	rows, err := pool.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var last string
	into := make([]any, len(names))
	for i := range into {
		into[i] = new(any)
	}
	into[len(into)-1] = &last
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		texts = append(texts, last)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return texts
}
