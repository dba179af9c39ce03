package entadapter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
)

var noon = time.Date(2026, 1, 1, 12, 0, 0, 123e6, time.UTC)

// authSchema has what the tests of this package need: a user, its sessions, and
// a counter.
func authSchema(t testing.TB) *schema.Schema {
	t.Helper()
	s, err := schema.New(schema.IDString, []schema.Table{
		{Model: "user", Fields: []schema.Field{
			{Name: "email", Type: schema.String, Unique: true},
			{Name: "emailVerified", Type: schema.Boolean, Default: schema.Value(false)},
			{Name: "createdAt", Type: schema.Date, Default: schema.Now},
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

func newUser(id string) adapter.Record {
	return adapter.Record{"id": id, "email": id + "@example.com", "emailVerified": true, "createdAt": noon}
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
	mu    sync.Mutex
	texts []string
}

func (r *recorder) note(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.texts = append(r.texts, text)
}

func (r *recorder) Exec(ctx context.Context, query string, args, v any) error {
	r.note(query)
	return r.Driver.Exec(ctx, query, args, v)
}

func (r *recorder) Query(ctx context.Context, query string, args, v any) error {
	r.note(query)
	return r.Driver.Query(ctx, query, args, v)
}

func TestOneStatementEach(t *testing.T) {
	t.Parallel()
	r := &recorder{Driver: file(t)}
	a := migrated(t, r, authSchema(t))
	add(t, a, "user", newUser("u1"))
	add(t, a, "session", newSession("s1", "t1", "u1"))
	add(t, a, "session", newSession("s2", "t2", "u1"))
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
	count("get-session", 1, func() error {
		rec, err := a.FindOne(ctx, bySession("t1"))
		if err == nil && rec["user"].(adapter.Record)["emailVerified"] != true {
			t.Error(rec)
		}
		return err
	})
	count("user with sessions", 2, func() error {
		_, err := a.FindMany(ctx, adapter.Find{Model: "user", Joins: []adapter.Join{{Model: "session", From: "id", To: "userId"}}})
		return err
	})
	count("create", 1, func() error {
		_, err := a.Create(ctx, "rateLimit", adapter.Record{"id": "r", "key": "k", "count": int64(1)})
		return err
	})
	count("increment", 1, func() error {
		_, err := a.Increment(ctx, "rateLimit", adapter.By("key", "k"), "count", 1, adapter.Record{"lastRequest": int64(2)})
		return err
	})
	count("update", 1, func() error {
		_, err := a.Update(ctx, "session", adapter.By("userId", "u1"), adapter.Record{"expiresAt": noon.Add(time.Hour)})
		return err
	})
	count("updateMany", 1, func() error {
		_, err := a.UpdateMany(ctx, "session", adapter.By("userId", "u1"), adapter.Record{"expiresAt": noon})
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
	each(t, func(t *testing.T, open func(t testing.TB) *entsql.Driver) {
		r := &recorder{Driver: open(t)}
		e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.Database = New(r) }, emailpassword.New(emailpassword.Options{}))
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

// TestLookupsUseIndexes asks SQLite how it would run the lookup that every
// request makes.
func TestLookupsUseIndexes(t *testing.T) {
	t.Parallel()
	drv := file(t)
	r := &recorder{Driver: drv}
	a := migrated(t, r, authSchema(t))
	for _, q := range []adapter.Find{bySession("x"), {Model: "session", Where: adapter.By("userId", "x")}} {
		r.texts = nil
		if _, err := a.FindMany(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		rows, err := drv.DB().Query("EXPLAIN QUERY PLAN "+r.texts[0], "x")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(detail, "SEARCH") {
				t.Errorf("%v: %s", q.Where, detail)
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

func BenchmarkSession(b *testing.B) {
	a := migrated(b, file(b), authSchema(b))
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
	a := migrated(b, file(b), authSchema(b))
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
