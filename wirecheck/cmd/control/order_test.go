package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// TestRowsComeInTheOrderOfTheirIds has rows that lie in another order, as PostgreSQL
// leaves them where it has cleaned up.
func TestRowsComeInTheOrderOfTheirIds(t *testing.T) {
	t.Parallel()
	db, drop, err := sqliteFile(":memory:", gormSQLite)(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { drop(t.Context()) })
	tables := []schema.Table{
		{Model: "user", Fields: []schema.Field{{Name: "age", Type: schema.Number}}},
		{Model: "pet", Fields: []schema.Field{{Name: "userId", Type: schema.String, References: &schema.Reference{Model: "user"}}}},
	}
	s, err := schema.New(schema.IDString, tables, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := byID{db}.Open(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.(adapter.Migrator).Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"3", "1", "2"} {
		for model, rec := range map[string]adapter.Record{"user": {"id": id, "age": int64(7)}} {
			if _, err := a.Create(t.Context(), model, rec); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, id := range []string{"b", "c", "a"} {
		if _, err := a.Create(t.Context(), "pet", adapter.Record{"id": id, "userId": "1"}); err != nil {
			t.Fatal(err)
		}
	}
	pets := []adapter.Join{{Model: "pet", From: "id", To: "userId"}}
	for _, c := range []struct {
		name string
		q    adapter.Find
		want string
	}{
		{"no order", adapter.Find{Model: "user"}, "1 2 3"},
		{"all equal in the order", adapter.Find{Model: "user", Sort: []adapter.Sort{{Field: "age", Desc: true}}}, "1 2 3"},
		{"an order of its own", adapter.Find{Model: "user", Sort: []adapter.Sort{{Field: "id", Desc: true}}}, "3 2 1"},
		{"rows of a row", adapter.Find{Model: "user", Where: adapter.By("id", "1"), Joins: pets}, "1abc"},
	} {
		rows, err := a.FindMany(t.Context(), c.q)
		if err != nil {
			t.Fatal(err)
		}
		first, err := a.FindOne(t.Context(), c.q)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, rec := range rows {
			got = append(got, shown(rec))
		}
		if text := strings.Join(got, " "); text != c.want || shown(first) != got[0] {
			t.Errorf("%s: %s, and %s is the first; want %s", c.name, text, shown(first), c.want)
		}
	}
}

func shown(rec adapter.Record) string {
	text := fmt.Sprint(rec["id"])
	inner, _ := rec["pet"].([]adapter.Record)
	for _, row := range inner {
		text += fmt.Sprint(row["id"])
	}
	return text
}

func TestIdsThatDoNotGrowLeaveTheOrderToTheServer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		ids         core.IDOptions
		sorts, made bool
	}{
		{"usual", core.IDOptions{}, true, true},
		{"serial", core.IDOptions{Kind: schema.IDSerial}, true, false},
		{"uuid", core.IDOptions{Kind: schema.IDUUID}, false, false},
		{"own", core.IDOptions{New: func(string) (string, error) { return "x", nil }}, false, false},
	} {
		o := &core.Options{IDs: c.ids}
		db := byID{}
		o.Database = db
		db.inOrder(o)
		if _, sorts := o.Database.(byID); sorts != c.sorts {
			t.Errorf("%s: sorts %v", c.name, sorts)
		}
		if made := o.IDs.New != nil && c.ids.New == nil; made != c.made {
			t.Errorf("%s: ids are made %v", c.name, made)
		}
	}
}
