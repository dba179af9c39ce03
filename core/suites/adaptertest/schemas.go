package adaptertest

import (
	"context"
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// extended is Schema with fields that a plugin and an application add.
func extended(t *testing.T) *schema.Schema {
	t.Helper()
	s, err := schema.New(schema.IDString, tables(), []schema.Table{
		{Model: "user", Fields: []schema.Field{
			{Name: "username", Column: "user_name", Type: schema.String, Optional: true, Unique: true},
			{Name: "twoFactorEnabled", Type: schema.Boolean, Optional: true},
		}},
		{Model: "session", Fields: []schema.Field{
			{Name: "activeOrganizationId", Type: schema.String, Optional: true},
		}, Unique: [][]string{{"userId", "activeOrganizationId"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func schemaCases() []testCase {
	return []testCase{
		{name: "fields that others add to a table", schema: extended, run: func(e *env) {
			rec := newUser("u1")
			rec["username"] = "ada"
			e.has(e.create("user", rec), adapter.Record{"username": "ada", "twoFactorEnabled": nil})
			e.has(e.one("user", adapter.By("username", "ada")), adapter.Record{"id": "u1", "email": "u1@example.com"})
			rec = newUser("u2")
			rec["username"] = "ada"
			_, err := e.a.Create(e.ctx, "user", rec)
			e.refused(err, adapter.ErrUnique)
			got, err := e.a.Update(e.ctx, "user", adapter.By("id", "u1"), adapter.Record{"twoFactorEnabled": true})
			e.ok(err)
			e.has(got, adapter.Record{"twoFactorEnabled": true})
		}},
		{name: "unique keys that others add to a table", schema: extended, run: func(e *env) {
			e.create("user", newUser("u1"))
			rec := newSession("s1", "u1")
			rec["activeOrganizationId"] = "o1"
			e.create("session", rec)
			rec = newSession("s2", "u1")
			rec["activeOrganizationId"] = "o1"
			_, err := e.a.Create(e.ctx, "session", rec)
			e.refused(err, adapter.ErrUnique)
		}},
		{name: "a schema knows its own fields only", run: func(e *env) {
			_, err := e.a.FindMany(e.ctx, adapter.Find{Model: "user", Where: adapter.By("username", "ada")})
			e.refused(err, adapter.ErrUnknownField)
		}},
		{name: "an empty database is empty", run: func(e *env) {
			for _, model := range []string{"user", "session", "account", "verification", "thing"} {
				e.count(model, nil, 0)
			}
		}},
		{name: "a migrated database needs no migration", run: func(e *env) {
			m, ok := e.a.(adapter.Migrator)
			if !ok {
				return // a Migrator is optional
			}
			for range 2 {
				plan, err := m.Plan(context.WithoutCancel(e.ctx))
				e.ok(err)
				if len(plan) != 0 {
					e.Fatalf("the plan has %d changes, the first is %+v", len(plan), plan[0])
				}
				e.ok(m.Migrate(e.ctx))
			}
		}},
		{name: "the adapter has a name", run: func(e *env) {
			if e.a.Name() == "" {
				e.Fatal("Name is empty")
			}
		}},
	}
}
