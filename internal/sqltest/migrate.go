package sqltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/schema"
)

// longest is how long a request may wait for the locks of a migration.
const longest = time.Second

// serving is a server of an old version, whose tables lack what the plugins of the
// new one need.
func (d Database) serving(t *testing.T) (*authtest.Env, *authtest.Client, core.Options) {
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Database = d.Adapter }, emailpassword.New(emailpassword.Options{}))
	c := e.Client()
	c.Post("/sign-up/email", map[string]string{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
	next := e.Options(emailpassword.New(emailpassword.Options{}), organization.New(organization.Options{}), twofactor.New(twofactor.Options{}))
	next.Database = d.Adapter
	return e, c, next
}

// migrateUnderLoad adds the tables and columns of two plugins twenty times, while
// others ask for their session. others is a database that nobody migrates.
func migrateUnderLoad(t *testing.T, d, others Database) {
	if d.Dialect == "sqlite" {
		return // readers do not wait for its writer
	}
	_, c, next := d.serving(t)
	auth, err := core.New(next)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := auth.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, unlocked, _ := others.serving(t)
	const (
		rounds  = 20
		clients = 8 // of each server
		pace    = 20 * time.Millisecond
	)
	var (
		between sync.RWMutex // no request runs while the tables are put back
		wg      sync.WaitGroup
		w       waits
	)
	ctx, done := context.WithCancel(t.Context())
	defer wg.Wait()
	defer done()
	for range clients {
		for c, measured := range map[*authtest.Client]bool{c: true, unlocked: false} {
			wg.Go(func() {
				turn := time.NewTicker(pace)
				defer turn.Stop()
				for ctx.Err() == nil {
					between.RLock()
					a := w.ask(measured, func() *authtest.Answer { return c.Get("/get-session") })
					between.RUnlock()
					if a.Status != 200 || a.JSON("user", "email") != "ada@example.com" {
						t.Errorf("get-session during a migration: %d %s", a.Status, a.Body)
						return
					}
					<-turn.C
				}
			})
		}
	}
	for range rounds {
		if err := auth.Migrate(t.Context()); err != nil {
			t.Errorf("Migrate: %v", err)
		}
		between.Lock()
		d.undo(t, plan)
		between.Unlock()
	}
	done()
	wg.Wait()
	if wait := w.longest(t); wait > longest {
		t.Errorf("a request waited %v for a migration", wait)
	}
}

// waits are requests of a server whose tables may be locked, and those of one whose
// tables are not, at the same time: what both wait for is the machine, and what only
// the first waits for is a lock.
type waits struct {
	mu     sync.Mutex
	locked []span
	free   []span
}

type span struct {
	began time.Time
	took  time.Duration
}

// ask measures a request; measured says that the tables may be locked.
func (w *waits) ask(measured bool, request func() *authtest.Answer) *authtest.Answer {
	began := time.Now()
	a := request()
	s := span{began, time.Since(began)}
	w.mu.Lock()
	defer w.mu.Unlock()
	if measured {
		w.locked = append(w.locked, s)
	} else {
		w.free = append(w.free, s)
	}
	return a
}

// longest is the longest wait for a lock: by how much a request took longer than the
// slowest that ran beside it and met no lock.
func (w *waits) longest(t *testing.T) time.Duration {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var wait, took, beside time.Duration
	for _, s := range w.locked {
		if s.took <= wait {
			continue
		}
		var slowest time.Duration
		for _, f := range w.free {
			if f.began.Before(s.began.Add(s.took)) && s.began.Before(f.began.Add(f.took)) {
				slowest = max(slowest, f.took)
			}
		}
		if s.took-slowest > wait {
			wait, took, beside = s.took-slowest, s.took, slowest
		}
	}
	t.Logf("%d requests, and %d that met no lock; the longest wait for a lock was %v: a request of %v, beside one of %v", len(w.locked), len(w.free), wait, took, beside)
	return wait
}

// undo takes back a plan of new tables and columns.
func (d Database) undo(t *testing.T, plan []adapter.Change) {
	t.Helper()
	for _, c := range slices.Backward(plan) {
		words := strings.Fields(c.SQL)
		text := ""
		switch c.Kind {
		case "create table":
			text = "drop table " + words[2]
		case "add column":
			text = "alter table " + words[2] + " drop column " + words[5]
		default:
			continue // goes with its table or column
		}
		if _, err := d.Pool.ExecContext(t.Context(), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}

// migrateBehindATransaction has an idle transaction that has read the users. Nobody may
// queue behind a migration that waits for it. others is a database that nobody
// migrates.
func migrateBehindATransaction(t *testing.T, d, others Database) {
	if d.Dialect == "sqlite" {
		return // readers do not keep its writer from its work
	}
	e, c, next := d.serving(t)
	auth, err := core.New(next)
	if err != nil {
		t.Fatal(err)
	}
	idle, err := d.Pool.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Rollback()
	var n int
	if err := idle.QueryRowContext(t.Context(), "SELECT count(*) FROM "+d.quoted("user")).Scan(&n); err != nil {
		t.Fatal(err)
	}
	_, unlocked, _ := others.serving(t)
	var w waits
	ctx, done := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer done()
	wg.Go(func() {
		for ctx.Err() == nil {
			w.ask(false, func() *authtest.Answer { return unlocked.Get("/get-session") })
		}
	})
	migrated := make(chan error, 1)
	go func() { migrated <- auth.Migrate(t.Context()) }()
	stop := time.AfterFunc(8*time.Second, func() { idle.Rollback() }) // those who queue go on then
	defer stop.Stop()
	for began := time.Now(); time.Since(began) < 3*time.Second; {
		w.ask(true, func() *authtest.Answer {
			c.Get("/get-session").Want(t, 200, "")
			return e.Client().Post("/sign-in/email", map[string]string{"email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
		})
	}
	done()
	wg.Wait()
	// Two requests, and each may have been queued once.
	if wait := w.longest(t); wait > 2*longest+longest/2 {
		t.Fatalf("two requests waited %v behind a migration that waited", wait)
	}
	select {
	case err := <-migrated:
		t.Fatalf("the migration did not wait for the transaction: %v", err)
	default:
	}
	if err := idle.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Error(err)
	}
}

func (d Database) quoted(name string) string {
	if d.Dialect == "mysql" {
		return "`" + name + "`"
	}
	return `"` + name + `"`
}

// migrateWithoutTheLock has another process that migrates, and does not end.
func migrateWithoutTheLock(t *testing.T, d Database) {
	lock := map[string]string{
		"postgres": "SELECT pg_advisory_xact_lock(5497002186734 + hashtext(current_schema()))",
		"mysql":    "DO GET_LOCK(concat('kernia_migration_', md5(database())), 0)",
		"sqlite":   `CREATE TABLE "other" ("id" text)`,
	}[d.Dialect]
	a, err := d.Adapter.Open(Schema(t))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := d.Pool.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Rollback()
	if _, err := conn.ExecContext(t.Context(), lock); err != nil {
		t.Fatal(err)
	}
	m := a.(adapter.Migrator)
	if d.Dialect != "sqlite" {
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
		defer cancel()
		var waiting atomic.Int64
		err = m.Migrate(adapter.WithMigration(ctx, adapter.MigrationOptions{Progress: func(p adapter.MigrationProgress) {
			if p.Waiting == "another process migrates this database" && p.Done == 0 && p.Total > 0 {
				waiting.Add(1)
			}
		}}))
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), "another process migrates this database (connection ") || !errors.Is(err, adapter.ErrBusy) {
			t.Errorf("Migrate without its lock: %v", err)
		}
		if waiting.Load() == 0 {
			t.Error("Migrate has not told that it waits")
		}
		if plan, err := m.Plan(t.Context()); err != nil || len(plan) == 0 {
			t.Errorf("it went on without the lock: %v, %v", plan, err)
		}
	}
	if d.Dialect == "mysql" {
		if _, err := conn.ExecContext(t.Context(), "DO RELEASE_LOCK(concat('kernia_migration_', md5(database())))"); err != nil {
			t.Fatal(err)
		}
	}
	if d.Dialect == "sqlite" && d.Pool.Stats().MaxOpenConnections != 1 { // with one it would wait for that, not for the file
		migrateTold(t, m, conn)
		return
	}
	if err := conn.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := m.Migrate(t.Context()); err != nil {
		t.Error(err)
	}
}

// migrateTold migrates while another transaction has the file, until it is told that the
// migration waits, and counts the steps.
func migrateTold(t *testing.T, m adapter.Migrator, other *sql.Tx) {
	plan, err := m.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	waits, migrated, steps := make(chan string, 8), make(chan error, 1), 0
	ctx := adapter.WithMigration(t.Context(), adapter.MigrationOptions{Wait: time.Minute, Progress: func(p adapter.MigrationProgress) {
		if p.Waiting != "" {
			waits <- p.Waiting
			return
		}
		if p.Done != steps || p.Total != len(plan) || p.Change.SQL == "" {
			t.Errorf("the step %d of %d was told as %d of %d", steps, len(plan), p.Done, p.Total)
		}
		steps++
	}})
	go func() { migrated <- m.Migrate(ctx) }()
	select {
	case text := <-waits:
		if text != "another process writes to the database file" {
			t.Error(text)
		}
	case err := <-migrated:
		t.Fatalf("it did not wait: %v", err)
	}
	if err := other.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil || steps != len(plan) {
		t.Errorf("%d of %d steps: %v", steps, len(plan), err)
	}
}

// loose is Schema without unique keys, as a table of other hands may be.
func loose(t testing.TB) *schema.Schema {
	t.Helper()
	var tables []schema.Table
	for _, in := range Schema(t).Tables() {
		out := schema.Table{Model: in.Model}
		for _, f := range in.Fields {
			f.Unique, f.Index = false, false
			out.Fields = append(out.Fields, f)
		}
		tables = append(tables, out)
	}
	s, err := schema.New(schema.IDString, tables, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// migrateLooseTables gives tables that are there the unique keys they lack.
func migrateLooseTables(t *testing.T, d Database) {
	old := migrated(t, d.Adapter, loose(t))
	add(t, old, "user", user("u1", noon))
	twin := user("u2", noon)
	twin["email"] = "u1@example.com"
	add(t, old, "user", twin)
	a, err := d.Adapter.Open(Schema(t))
	if err != nil {
		t.Fatal(err)
	}
	m := a.(adapter.Migrator)
	err = m.Migrate(t.Context())
	if !errors.Is(err, adapter.ErrUnique) {
		t.Fatalf("with doubled rows: %v", err)
	}
	for _, part := range []string{`"user"`, "(email)", "2 rows share 1 value"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q: %v", part, err)
		}
	}
	if strings.Contains(err.Error(), "example.com") {
		t.Errorf("the error shows a value: %v", err)
	}
	plan, err := m.Plan(t.Context())
	if err != nil || len(plan) != 3 {
		t.Fatalf("%v, %v; want three unique keys", plan, err)
	}
	if err := a.Delete(t.Context(), "user", adapter.By("id", "u2")); err != nil {
		t.Fatal(err)
	}
	if err := m.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if plan, err := m.Plan(t.Context()); err != nil || len(plan) != 0 {
		t.Fatal(plan, err)
	}
	var wg sync.WaitGroup
	var made atomic.Int64
	for i := range 20 {
		wg.Go(func() {
			rec := user(fmt.Sprint("n", i), noon)
			rec["email"] = "new@example.com"
			switch _, err := a.Create(t.Context(), "user", rec); {
			case err == nil:
				made.Add(1)
			case !errors.Is(err, adapter.ErrUnique):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := made.Load(); n != 1 {
		t.Errorf("%d users with one address", n)
	}
}

// migrateBesideTables has complete tables, and then a foreign one, in a schema that
// comes later on the search_path than the current one.
func migrateBesideTables(t *testing.T, d Database) {
	if d.Dialect != "postgres" {
		return
	}
	s := Schema(t)
	a := migrated(t, d.Adapter, s)
	add(t, a, "user", user("u1", noon))
	d.Pool.SetMaxOpenConns(1) // for its search_path
	there := one(t, d.Pool, "SELECT current_schema()::text")
	own, foreign := there+"_own", there+"_foreign"
	run := func(text string) {
		t.Helper()
		if _, err := d.Pool.ExecContext(context.WithoutCancel(t.Context()), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	for _, name := range []string{own, foreign} {
		run("CREATE SCHEMA " + name)
		t.Cleanup(func() { run("DROP SCHEMA " + name + " CASCADE") })
	}
	run("SET search_path = " + own + ", " + there)
	m := a.(adapter.Migrator)
	for name, err := range map[string]error{"Migrate": m.Migrate(t.Context()), "Plan": second(m.Plan(t.Context()))} {
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q", own)) || !strings.Contains(err.Error(), fmt.Sprintf("%q", there)) {
			t.Errorf("%s hides the tables of %s: %v", name, there, err)
		}
	}
	if n := users(t, a); n != 1 {
		t.Errorf("%d users are left", n)
	}
	run("SET search_path = " + own + ", " + foreign)
	run("CREATE TABLE " + foreign + `."user" ("id" int, "email" text)`)
	if err := m.Migrate(t.Context()); err != nil {
		t.Errorf("beside a user of another application: %v", err)
	}
	if n := one(t, d.Pool, "SELECT count(*)::text FROM information_schema.tables WHERE table_schema = '"+own+"'"); n != "3" {
		t.Errorf("%s tables were made", n)
	}
	add(t, a, "user", user("u1", noon))
}

func second(_ []adapter.Change, err error) error { return err }

func one(t testing.TB, pool *sql.DB, query string) string {
	t.Helper()
	return strings.Join(column(t, pool, query), " ")
}

// readThatLost has a read whose wait for a table the server ends.
func readThatLost(t *testing.T, d Database) {
	if d.Dialect != "postgres" {
		return
	}
	a := migrated(t, d.Watched, Schema(t))
	add(t, a, "user", user("u1", noon))
	d.Pool.SetMaxOpenConns(2)
	holder, err := d.Pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	reader, err := d.Pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for conn, texts := range map[*sql.Conn][]string{
		holder: {"BEGIN", `LOCK TABLE "user" IN ACCESS EXCLUSIVE MODE`}, reader: {"SET lock_timeout = '20ms'"},
	} {
		for _, text := range texts {
			if _, err := conn.ExecContext(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := reader.Close(); err != nil { // back to the pool
		t.Fatal(err)
	}
	d.Log.Take()
	read := make(chan error, 1)
	go func() {
		_, err := a.FindOne(t.Context(), adapter.Find{Model: "user", Where: adapter.By("id", "u1")})
		read <- err
	}()
	for sent := 0; sent < 3; sent += len(d.Log.Take()) {
		select {
		case err := <-read:
			t.Fatalf("the read was given up after %d attempts: %v", sent, err)
		case <-time.After(time.Millisecond):
		}
	}
	if _, err := holder.ExecContext(t.Context(), "COMMIT"); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil {
		t.Error(err)
	}
}
