package sqlcodec

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

func TestJoins(t *testing.T) {
	t.Parallel()
	ts := compiled(t, "")
	joins, err := SQLite.Joins(ts, ts["session"], []adapter.Join{
		{Model: "user", From: "userId", To: "id", One: true},
		{Model: "session", As: "same", From: "note", To: "note"},
		{Model: "session", As: "one", From: "note", To: "note", One: true, Limit: 9},
	})
	if err != nil {
		t.Fatal(err)
	}
	if joins.Inline() || !joins[0].Inline || joins[1].Inline || joins[2].Inline {
		t.Error("only a join on a unique key is part of the statement")
	}
	if joins[1].Limit != 100 || joins[2].Limit != 1 {
		t.Error(joins[1].Limit, joins[2].Limit)
	}
	row := joins.Row(ts["session"].Columns[:2])
	if len(row.Base) != 3 || joins[0].At != 3 || len(row.Cells) != 3+len(ts["user"].Columns) {
		t.Errorf("%d columns, the join at %d, %d cells", len(row.Base), joins[0].At, len(row.Cells))
	}

	var base []adapter.Record
	for i, note := range []any{"a", nil, "a", "b"} {
		row.Cells[0].Value, row.Cells[2].Value = fmt.Sprint(i), note
		row.Cells[3].Value = nil // no user was joined
		base = append(base, row.Record())
	}
	var asked [][]any
	err = row.Finish(base, func(j *Join, keys []any, each func(adapter.Record)) error {
		asked = append(asked, keys)
		each(adapter.Record{"id": "x", "note": "a"})
		return nil
	})
	if err != nil || !reflect.DeepEqual(asked, [][]any{{"a", "b"}, {"a", "b"}}) {
		t.Fatal(asked, err)
	}
	x := adapter.Record{"id": "x", "note": "a"}
	none := []adapter.Record{}
	want := []adapter.Record{
		{"id": "0", "userId": nil, "user": nil, "same": []adapter.Record{x}, "one": x},
		{"id": "1", "userId": nil, "user": nil, "same": none, "one": nil},
		{"id": "2", "userId": nil, "user": nil, "same": []adapter.Record{x}, "one": x},
		{"id": "3", "userId": nil, "user": nil, "same": none, "one": nil},
	}
	if !reflect.DeepEqual(base, want) {
		t.Errorf("%v\nwant %v", base, want)
	}
	base[0]["one"].(adapter.Record)["note"] = "changed"
	if base[2]["one"].(adapter.Record)["note"] != "a" {
		t.Error("two records share a joined one")
	}
}

func TestJoinsRefuse(t *testing.T) {
	t.Parallel()
	ts := compiled(t, schema.IDUUID)
	for name, c := range map[string]struct {
		join adapter.Join
		want error
	}{
		"model":       {adapter.Join{Model: "x", From: "id", To: "id"}, adapter.ErrUnknownModel},
		"from":        {adapter.Join{Model: "user", From: "x", To: "id"}, adapter.ErrUnknownField},
		"to":          {adapter.Join{Model: "user", From: "id", To: "x"}, adapter.ErrUnknownField},
		"JSON":        {adapter.Join{Model: "user", From: "note", To: "prefs"}, adapter.ErrBadValue},
		"other types": {adapter.Join{Model: "user", From: "note", To: "count"}, adapter.ErrBadValue},
		"text, UUID":  {adapter.Join{Model: "user", From: "note", To: "id"}, adapter.ErrBadValue},
	} {
		if _, err := Postgres.Joins(ts, ts["session"], []adapter.Join{c.join}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDeleteByID(t *testing.T) {
	t.Parallel()
	rows := []adapter.Record{{"id": "1"}, {"id": "2"}, {"id": "3"}}
	var got []adapter.Where
	n, err := DeleteByID(adapter.By("note", "x"), rows, func(w adapter.Where) (int64, error) {
		got = append(got, w)
		return int64(len(got) % 2), nil // the second one no longer matches
	})
	want := []adapter.Where{adapter.By("note", "x").And("id", "1"), adapter.By("note", "x").And("id", "2"), adapter.By("note", "x").And("id", "3")}
	if n != 2 || err != nil || !reflect.DeepEqual(got, want) {
		t.Error(n, err, got)
	}
}
