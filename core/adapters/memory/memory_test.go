package memory_test

import (
	"context"
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/schema"
)

var (
	_ adapter.Database = (*memory.DB)(nil)
)

func twoTables(t testing.TB) *schema.Schema {
	t.Helper()
	s, err := schema.New(schema.IDString, []schema.Table{
		{Model: "user", Fields: []schema.Field{{Name: "email", Type: schema.String, Unique: true}}},
		{Model: "session", Fields: []schema.Field{
			{Name: "token", Type: schema.String, Unique: true},
			{Name: "userId", Type: schema.String, Index: true, References: &schema.Reference{Model: "user"}},
		}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSmoke(t *testing.T) {
	a, err := memory.New().Open(twoTables(t))
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if _, err := a.Create(ctx, "user", adapter.Record{"id": "u", "email": "a@b.c"}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Create(ctx, "session", adapter.Record{"id": "s", "token": "t", "userId": "u"}); err != nil {
		t.Fatal(err)
	}
	rec, err := a.FindOne(ctx, adapter.Find{Model: "session", Where: adapter.By("token", "t"), Joins: []adapter.Join{{Model: "user", From: "userId", To: "id", One: true}}})
	if err != nil || rec["user"].(adapter.Record)["email"] != "a@b.c" {
		t.Fatal(rec, err)
	}
	if err := a.Delete(ctx, "user", adapter.By("id", "u")); err != nil {
		t.Fatal(err)
	}
	if n, _ := a.Count(ctx, "session", nil); n != 0 {
		t.Fatal("no cascade")
	}
}
