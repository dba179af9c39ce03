package adaptertest

import (
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

func writeCases() []testCase {
	return []testCase{
		{name: "update returns the row as stored", run: func(e *env) {
			seedThings(e)
			set := adapter.Record{"title": "New", "rank": int64(9), "done": false, "at": epoch.Add(time.Minute)}
			got, err := e.a.Update(e.ctx, "thing", adapter.By("id", "a"), set)
			e.ok(err)
			for _, rec := range []adapter.Record{got, e.one("thing", adapter.By("id", "a"))} {
				e.has(rec, set)
				e.has(rec, adapter.Record{"id": "a", "note": "One note", "code": "k1", "ratio": 0.5})
			}
			e.ids(adapter.Find{Model: "thing", Where: adapter.By("title", "New")}, "a")
		}},
		{name: "update of the field that the predicate names returns the row", run: func(e *env) {
			seedThings(e)
			got, err := e.a.Update(e.ctx, "thing", adapter.By("title", "beta").And("done", false), adapter.Record{"title": "other", "done": true})
			e.ok(err)
			e.has(got, adapter.Record{"id": "b", "title": "other", "done": true})
		}},
		{name: "update without a match is ErrNotFound", run: func(e *env) {
			seedThings(e)
			rec, err := e.a.Update(e.ctx, "thing", adapter.By("id", "zz"), adapter.Record{"title": "New"})
			e.refused(err, adapter.ErrNotFound)
			if rec != nil {
				e.Fatalf("a record came with the error: %v", rec)
			}
			e.count("thing", adapter.By("title", "New"), 0)
		}},
		{name: "update that changes nothing still returns the row", run: func(e *env) {
			seedThings(e)
			got, err := e.a.Update(e.ctx, "thing", adapter.By("id", "a"), adapter.Record{"title": "Alpha"})
			e.ok(err)
			e.has(got, adapter.Record{"id": "a", "title": "Alpha"})
			got, err = e.a.Update(e.ctx, "thing", adapter.By("id", "a"), adapter.Record{})
			e.ok(err)
			e.has(got, adapter.Record{"id": "a", "title": "Alpha"})
		}},
		{name: "update changes one row of several that match", run: func(e *env) {
			seedThings(e)
			got, err := e.a.Update(e.ctx, "thing", adapter.By("done", true), adapter.Record{"title": "New"})
			e.ok(err)
			e.has(got, adapter.Record{"title": "New", "done": true})
			id, _ := got["id"].(string)
			e.ids(adapter.Find{Model: "thing", Where: adapter.By("title", "New")}, id)
		}},
		{name: "update to null and back", run: func(e *env) {
			seedThings(e)
			got, err := e.a.Update(e.ctx, "thing", adapter.By("id", "a"), adapter.Record{"note": nil, "at": nil, "rank": nil})
			e.ok(err)
			e.has(got, adapter.Record{"note": nil, "at": nil, "rank": nil})
			got, err = e.a.Update(e.ctx, "thing", adapter.By("id", "a").And("note", nil), adapter.Record{"note": "again"})
			e.ok(err)
			e.has(got, adapter.Record{"note": "again", "at": nil})
		}},
		{name: "update of a required field to null is refused", run: func(e *env) {
			seedThings(e)
			_, err := e.a.Update(e.ctx, "thing", adapter.By("id", "a"), adapter.Record{"title": nil})
			e.refused(err, adapter.ErrBadValue)
			_, err = e.a.UpdateMany(e.ctx, "thing", adapter.By("id", "a"), adapter.Record{"title": nil})
			e.refused(err, adapter.ErrBadValue)
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"title": "Alpha"})
		}},
		{name: "update to a value of the wrong type is refused", run: func(e *env) {
			seedThings(e)
			for field, values := range wrongValues {
				for _, v := range values {
					_, err := e.a.Update(e.ctx, "thing", adapter.By("id", "a"), adapter.Record{field: v})
					e.refused(err, adapter.ErrBadValue)
					_, err = e.a.UpdateMany(e.ctx, "thing", adapter.By("id", "a"), adapter.Record{field: v})
					e.refused(err, adapter.ErrBadValue)
					_, err = e.a.Increment(e.ctx, "thing", adapter.By("id", "a"), "big", 1, adapter.Record{field: v})
					e.refused(err, adapter.ErrBadValue)
				}
			}
		}},
		{name: "the set of an update stays the caller's", run: func(e *env) {
			seedThings(e)
			tags := []string{"x"}
			set := adapter.Record{"tags": tags}
			_, err := e.a.Update(e.ctx, "thing", adapter.By("id", "a"), set)
			e.ok(err)
			if len(set) != 1 {
				e.Fatalf("Update changed its argument: %v", set)
			}
			tags[0] = "changed"
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"tags": []string{"x"}})
		}},
		{name: "updateMany counts the rows that match", run: func(e *env) {
			seedThings(e)
			for range 2 { // the second time nothing changes any more
				n, err := e.a.UpdateMany(e.ctx, "thing", adapter.By("done", true), adapter.Record{"note": "same"})
				e.ok(err)
				if n != 2 {
					e.Fatalf("%d rows, want 2", n)
				}
			}
			e.ids(adapter.Find{Model: "thing", Where: adapter.By("note", "same")}, "a", "c")
			n, err := e.a.UpdateMany(e.ctx, "thing", adapter.By("id", "zz"), adapter.Record{"note": "x"})
			e.ok(err)
			if n != 0 {
				e.Fatalf("%d rows, want none", n)
			}
		}},
		{name: "delete", run: func(e *env) {
			seedThings(e)
			e.ok(e.a.Delete(e.ctx, "thing", adapter.By("id", "b")))
			e.ids(adapter.Find{Model: "thing"}, "a", "c", "d")
			e.ok(e.a.Delete(e.ctx, "thing", adapter.By("id", "b")))
		}},
		{name: "delete removes one row of several that match", run: func(e *env) {
			seedThings(e)
			e.ok(e.a.Delete(e.ctx, "thing", adapter.By("done", true)))
			e.count("thing", adapter.By("done", true), 1)
			e.count("thing", nil, 3)
		}},
		{name: "deleteMany counts", run: func(e *env) {
			seedThings(e)
			n, err := e.a.DeleteMany(e.ctx, "thing", adapter.Where{{Field: "rank", Op: adapter.Ne}})
			e.ok(err)
			if n != 3 {
				e.Fatalf("%d rows, want 3", n)
			}
			e.ids(adapter.Find{Model: "thing"}, "d")
			n, err = e.a.DeleteMany(e.ctx, "thing", adapter.By("id", "a"))
			e.ok(err)
			if n != 0 {
				e.Fatalf("%d rows, want none", n)
			}
		}},
		{name: "a deleted row can be created again", run: func(e *env) {
			e.create("user", newUser("u1"))
			e.ok(e.a.Delete(e.ctx, "user", adapter.By("id", "u1")))
			e.create("user", newUser("u1"))
			e.count("user", nil, 1)
		}},
		{name: "consumeOne returns the row and removes it", run: func(e *env) {
			e.create("verification", newVerification("v1", "reset"))
			e.create("verification", newVerification("v2", "other"))
			got, err := e.a.ConsumeOne(e.ctx, "verification", adapter.By("identifier", "reset"))
			e.ok(err)
			e.has(got, newVerification("v1", "reset"))
			e.ids(adapter.Find{Model: "verification"}, "v2")
			got, err = e.a.ConsumeOne(e.ctx, "verification", adapter.By("identifier", "reset"))
			e.refused(err, adapter.ErrNotFound)
			if got != nil {
				e.Fatalf("a record came with the error: %v", got)
			}
		}},
		{name: "consumeOne takes one row of several that match", run: func(e *env) {
			e.create("verification", newVerification("v1", "reset"))
			e.create("verification", newVerification("v2", "reset"))
			first, err := e.a.ConsumeOne(e.ctx, "verification", adapter.By("identifier", "reset"))
			e.ok(err)
			second, err := e.a.ConsumeOne(e.ctx, "verification", adapter.By("identifier", "reset"))
			e.ok(err)
			if first["id"] == second["id"] {
				e.Fatalf("%v came twice", first["id"])
			}
			e.count("verification", nil, 0)
		}},
		{name: "consumeOne with a guard", run: func(e *env) {
			e.create("verification", newVerification("v1", "reset"))
			late := adapter.Where{{Field: "identifier", Value: "reset"}, {Field: "expiresAt", Op: adapter.Gt, Value: epoch.Add(2 * time.Hour)}}
			_, err := e.a.ConsumeOne(e.ctx, "verification", late)
			e.refused(err, adapter.ErrNotFound)
			e.present("verification", "v1")
		}},
		{name: "increment", run: func(e *env) {
			seedThings(e)
			got, err := e.a.Increment(e.ctx, "thing", adapter.By("id", "b"), "rank", 5, adapter.Record{"note": "hit", "at": epoch.Add(time.Hour)})
			e.ok(err)
			want := adapter.Record{"id": "b", "rank": int64(7), "note": "hit", "at": epoch.Add(time.Hour), "title": "beta"}
			e.has(got, want)
			e.has(e.one("thing", adapter.By("id", "b")), want)
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"rank": int64(1)})
		}},
		{name: "increment by less than nothing and by nothing", run: func(e *env) {
			seedThings(e)
			got, err := e.a.Increment(e.ctx, "thing", adapter.By("id", "c"), "rank", -4, nil)
			e.ok(err)
			e.has(got, adapter.Record{"rank": int64(-1)})
			got, err = e.a.Increment(e.ctx, "thing", adapter.By("id", "c"), "rank", 0, nil)
			e.ok(err)
			e.has(got, adapter.Record{"rank": int64(-1)})
		}},
		{name: "increment of a large number and of a fraction", run: func(e *env) {
			e.create("thing", newThing("a", adapter.Record{"big": int64(1) << 53, "ratio": 0.5}))
			got, err := e.a.Increment(e.ctx, "thing", adapter.By("id", "a"), "big", 1, nil)
			e.ok(err)
			e.has(got, adapter.Record{"big": int64(1)<<53 + 1})
			got, err = e.a.Increment(e.ctx, "thing", adapter.By("id", "a"), "ratio", 2, nil)
			e.ok(err)
			e.has(got, adapter.Record{"ratio": 2.5})
		}},
		{name: "increment whose guard fails is ErrNotFound", run: func(e *env) {
			seedThings(e)
			guard := adapter.Where{{Field: "id", Value: "c"}, {Field: "rank", Op: adapter.Lt, Value: int64(3)}}
			got, err := e.a.Increment(e.ctx, "thing", guard, "rank", 1, adapter.Record{"note": "hit"})
			e.refused(err, adapter.ErrNotFound)
			if got != nil {
				e.Fatalf("a record came with the error: %v", got)
			}
			e.has(e.one("thing", adapter.By("id", "c")), adapter.Record{"rank": int64(3), "note": "no"})
		}},
		{name: "increment changes one row of several that match", run: func(e *env) {
			seedThings(e)
			_, err := e.a.Increment(e.ctx, "thing", adapter.By("done", true), "rank", 100, nil)
			e.ok(err)
			e.count("thing", adapter.Where{{Field: "rank", Op: adapter.Gt, Value: int64(100)}}, 1)
		}},
		{name: "increment of a field that is no number is refused", run: func(e *env) {
			seedThings(e)
			for _, field := range []string{"title", "done", "at", "meta"} {
				_, err := e.a.Increment(e.ctx, "thing", adapter.By("id", "a"), field, 1, nil)
				e.refused(err, adapter.ErrBadValue)
			}
		}},
		{name: "RACE-15 writes without a condition are refused", run: func(e *env) {
			seedThings(e)
			for _, w := range []adapter.Where{nil, {}} {
				_, err := e.a.Update(e.ctx, "thing", w, adapter.Record{"title": "New"})
				e.refused(err, adapter.ErrNoPredicate)
				_, err = e.a.UpdateMany(e.ctx, "thing", w, adapter.Record{"title": "New"})
				e.refused(err, adapter.ErrNoPredicate)
				e.refused(e.a.Delete(e.ctx, "thing", w), adapter.ErrNoPredicate)
				_, err = e.a.DeleteMany(e.ctx, "thing", w)
				e.refused(err, adapter.ErrNoPredicate)
				_, err = e.a.ConsumeOne(e.ctx, "thing", w)
				e.refused(err, adapter.ErrNoPredicate)
				_, err = e.a.Increment(e.ctx, "thing", w, "rank", 1, nil)
				e.refused(err, adapter.ErrNoPredicate)
			}
			e.count("thing", nil, 4)
			e.count("thing", adapter.By("title", "New"), 0)
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"rank": int64(1)})
		}},
	}
}
