package adaptertest

import (
	"fmt"

	"github.com/advantch/kernia-go/core/adapter"
)

func queryCases() []testCase {
	asc, desc := []adapter.Sort{{Field: "rank"}}, []adapter.Sort{{Field: "rank", Desc: true}}
	thing := func(q adapter.Find, want ...string) func(e *env) {
		return func(e *env) {
			seedThings(e)
			q.Model = "thing"
			e.ids(q, want...)
		}
	}
	return []testCase{
		{name: "FindOne without a match is ErrNotFound", run: func(e *env) {
			seedThings(e)
			rec, err := e.a.FindOne(e.ctx, adapter.Find{Model: "thing", Where: adapter.By("id", "zz")})
			e.refused(err, adapter.ErrNotFound)
			if rec != nil {
				e.Fatalf("a record came with the error: %v", rec)
			}
		}},
		{name: "FindMany without a match is empty and no error", run: func(e *env) {
			if rows := e.many(adapter.Find{Model: "thing"}); len(rows) != 0 {
				e.Fatalf("rows in an empty table: %v", rows)
			}
		}},
		{name: "sort ascending, nulls first", run: thing(adapter.Find{Sort: asc}, "d", "a", "b", "c")},
		{name: "sort descending, nulls last", run: thing(adapter.Find{Sort: desc}, "c", "b", "a", "d")},
		{name: "sort text", run: thing(adapter.Find{Sort: []adapter.Sort{{Field: "code", Desc: true}}, Limit: 3}, "c", "b", "a")},
		{name: "sort dates", run: thing(adapter.Find{Sort: []adapter.Sort{{Field: "at", Desc: true}}}, "c", "b", "a", "d")},
		{name: "sort by the id", run: thing(adapter.Find{Sort: []adapter.Sort{{Field: "id", Desc: true}}}, "d", "c", "b", "a")},
		{name: "sort by several keys", run: thing(adapter.Find{Sort: []adapter.Sort{{Field: "done", Desc: true}, {Field: "rank", Desc: true}}}, "c", "a", "b", "d")},
		{name: "sort by several keys, other directions", run: thing(adapter.Find{Sort: []adapter.Sort{{Field: "done"}, {Field: "rank"}}}, "d", "b", "a", "c")},
		{name: "limit", run: thing(adapter.Find{Sort: asc, Limit: 2}, "d", "a")},
		{name: "limit beyond the rows", run: thing(adapter.Find{Sort: asc, Limit: 100}, "d", "a", "b", "c")},
		{name: "limit without sort", run: func(e *env) {
			seedThings(e)
			if rows := e.many(adapter.Find{Model: "thing", Limit: 3}); len(rows) != 3 {
				e.Fatalf("%d rows for a limit of 3", len(rows))
			}
		}},
		{name: "offset and limit", run: thing(adapter.Find{Sort: asc, Offset: 1, Limit: 2}, "a", "b")},
		{name: "offset and limit without sort", run: func(e *env) {
			seedThings(e)
			for offset, want := range []int{3, 3, 2, 1, 0} {
				if rows := e.many(adapter.Find{Model: "thing", Offset: offset, Limit: 3}); len(rows) != want {
					e.Fatalf("%d rows from %d on, want %d", len(rows), offset, want)
				}
			}
		}},
		{name: "offset without limit", run: thing(adapter.Find{Sort: asc, Offset: 3}, "c")},
		{name: "offset beyond the rows", run: thing(adapter.Find{Sort: asc, Offset: 9, Limit: 2})},
		{name: "sort, limit and offset apply to the rows that match", run: thing(adapter.Find{
			Where: adapter.Where{{Field: "rank", Op: adapter.Ne}}, Sort: desc, Offset: 1, Limit: 1,
		}, "b")},
		{name: "no limit gives all of many rows", run: func(e *env) {
			for i := range 150 {
				e.create("thing", newThing(fmt.Sprint(i), nil))
			}
			if rows := e.many(adapter.Find{Model: "thing"}); len(rows) != 150 {
				e.Fatalf("%d rows of 150", len(rows))
			}
			e.count("thing", nil, 150)
		}},
		{name: "pages do not overlap", run: func(e *env) {
			seedThings(e)
			for i, want := range []string{"a", "b", "c", "d"} {
				e.ids(adapter.Find{Model: "thing", Sort: []adapter.Sort{{Field: "id"}}, Limit: 1, Offset: i}, want)
			}
		}},
		{name: "FindOne heeds sort and offset", run: func(e *env) {
			seedThings(e)
			rec, err := e.a.FindOne(e.ctx, adapter.Find{Model: "thing", Sort: desc, Offset: 1})
			e.ok(err)
			e.has(rec, adapter.Record{"id": "b"})
		}},
		{name: "select gives the named fields only", run: func(e *env) {
			seedThings(e)
			rec, err := e.a.FindOne(e.ctx, adapter.Find{Model: "thing", Where: adapter.By("id", "a"), Select: []string{"title", "done", "note"}})
			e.ok(err)
			e.keys(rec, "title", "done", "note")
			e.has(rec, adapter.Record{"title": "Alpha", "done": true, "note": "One note"})
		}},
		{name: "select in FindMany, with the id and nulls", run: func(e *env) {
			seedThings(e)
			rows := e.many(adapter.Find{Model: "thing", Select: []string{"id", "rank"}, Sort: []adapter.Sort{{Field: "title"}}, Where: adapter.By("id", "d")})
			if len(rows) != 1 {
				e.Fatalf("%d rows, want 1", len(rows))
			}
			e.keys(rows[0], "id", "rank")
			e.has(rows[0], adapter.Record{"id": "d", "rank": nil})
		}},
	}
}
