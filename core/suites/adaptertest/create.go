package adaptertest

import (
	"encoding/json"

	"github.com/advantch/kernia-go/core/adapter"
)

func createCases() []testCase {
	return []testCase{
		{name: "returns the row as stored", run: func(e *env) {
			rec := newUser("u1")
			rec["image"] = "https://example.com/i.png"
			got := e.create("user", rec)
			e.has(got, rec)
			e.keys(got, "id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt")
		}},
		{name: "the row can be read back by its id", run: func(e *env) {
			rec := newUser("u1")
			e.create("user", rec)
			got := e.one("user", adapter.By("id", "u1"))
			e.has(got, rec)
			e.keys(got, "id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt")
		}},
		{name: "fields that are absent are null", run: func(e *env) {
			nulls := adapter.Record{
				"code": nil, "note": nil, "rank": nil, "ratio": nil, "big": nil, "done": nil, "at": nil,
				"meta": nil, "tags": nil, "scores": nil, "ownerId": nil,
			}
			e.has(e.create("thing", newThing("a", nil)), nulls)
			e.has(e.one("thing", adapter.By("id", "a")), nulls)
		}},
		{name: "an explicit nil is null", run: func(e *env) {
			e.create("thing", newThing("a", adapter.Record{"note": nil, "tags": nil, "at": nil}))
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"note": nil, "tags": nil, "at": nil})
		}},
		{name: "nil in a required field is refused", run: func(e *env) {
			_, err := e.a.Create(e.ctx, "thing", adapter.Record{"id": "a", "title": nil})
			e.refused(err, adapter.ErrBadValue)
			e.count("thing", nil, 0)
		}},
		{name: "a required field that is absent is refused", run: func(e *env) {
			if _, err := e.a.Create(e.ctx, "thing", adapter.Record{"id": "a"}); err == nil {
				e.Fatal("a thing without its title was stored")
			}
			e.count("thing", nil, 0)
		}},
		{name: "an unknown field is refused", run: func(e *env) {
			_, err := e.a.Create(e.ctx, "thing", newThing("a", adapter.Record{"color": "red"}))
			e.refused(err, adapter.ErrUnknownField)
			e.count("thing", nil, 0)
		}},
		{name: "an unknown model is refused", run: func(e *env) {
			_, err := e.a.Create(e.ctx, "ghost", adapter.Record{"id": "a"})
			e.refused(err, adapter.ErrUnknownModel)
		}},
		{name: "a value of the wrong type is refused", run: func(e *env) {
			for field, values := range wrongValues {
				for _, v := range values {
					_, err := e.a.Create(e.ctx, "thing", newThing("a", adapter.Record{field: v}))
					if err == nil {
						e.Fatalf("%s took %s", field, show(v))
					}
					e.refused(err, adapter.ErrBadValue)
				}
			}
			e.count("thing", nil, 0)
		}},
		{name: "the record given stays the caller's", run: func(e *env) {
			tags, scores, meta := []string{"a", "b"}, []float64{1, 2}, json.RawMessage(`{"a":1}`)
			rec := newThing("a", adapter.Record{"tags": tags, "scores": scores, "meta": meta})
			e.create("thing", rec)
			if len(rec) != 5 {
				e.Fatalf("Create changed its argument: %v", rec)
			}
			tags[0], scores[0], meta[5], rec["title"] = "changed", 99, '9', "changed"
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{
				"title": "Thing a", "tags": []string{"a", "b"}, "scores": []float64{1, 2}, "meta": json.RawMessage(`{"a":1}`),
			})
		}},
		{name: "a record returned is the caller's", run: func(e *env) {
			stored := adapter.Record{"title": "Thing a", "tags": []string{"a", "b"}, "scores": []float64{1, 2}, "meta": json.RawMessage(`{"a":1}`)}
			created := e.create("thing", newThing("a", adapter.Record{
				"tags": []string{"a", "b"}, "scores": []float64{1, 2}, "meta": json.RawMessage(`{"a":1}`),
			}))
			for _, rec := range []adapter.Record{created, e.one("thing", adapter.By("id", "a"))} {
				rec["tags"].([]string)[0] = "changed"
				rec["scores"].([]float64)[0] = 99
				rec["meta"].(json.RawMessage)[1] = 'x'
				rec["title"] = "changed"
				e.has(e.one("thing", adapter.By("id", "a")), stored)
			}
		}},
	}
}
