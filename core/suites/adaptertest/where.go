package adaptertest

import (
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

// seedThings stores four things; d has nulls.
func seedThings(e *env) {
	e.Helper()
	for _, rec := range []adapter.Record{
		{"id": "a", "title": "Alpha", "note": "One note", "code": "k1", "rank": int64(1), "ratio": 0.5, "done": true, "at": epoch},
		{"id": "b", "title": "beta", "note": "two notes", "code": "k2", "rank": int64(2), "ratio": 1.5, "done": false, "at": epoch.Add(time.Second)},
		{"id": "c", "title": "ALPHABET", "note": "no", "code": "k3", "rank": int64(3), "ratio": 2.5, "done": true, "at": epoch.Add(2 * time.Second)},
		{"id": "d", "title": "delta"},
	} {
		e.create("thing", rec)
	}
}

func whereCases() []testCase {
	all := []string{"a", "b", "c", "d"}
	cond := func(field string, op adapter.Op, value any) adapter.Where {
		return adapter.Where{{Field: field, Op: op, Value: value}}
	}
	or := func(field string, op adapter.Op, value any) adapter.Cond {
		return adapter.Cond{Field: field, Op: op, Value: value, Or: true}
	}
	fold := func(field string, op adapter.Op, value any) adapter.Where {
		return adapter.Where{{Field: field, Op: op, Value: value, Fold: true}}
	}
	list := []struct {
		name  string
		where adapter.Where
		want  []string
	}{
		{"no condition is every row", nil, all},
		{"eq text", cond("title", adapter.Eq, "beta"), []string{"b"}},
		{"eq heeds letter case", cond("title", adapter.Eq, "Beta"), nil},
		{"eq number", cond("rank", adapter.Eq, int64(2)), []string{"b"}},
		{"eq fraction", cond("ratio", adapter.Eq, 2.5), []string{"c"}},
		{"eq boolean true", cond("done", adapter.Eq, true), []string{"a", "c"}},
		{"eq boolean false leaves nulls out", cond("done", adapter.Eq, false), []string{"b"}},
		{"eq date", cond("at", adapter.Eq, epoch.Add(time.Second)), []string{"b"}},
		{"the zero operator is eq", adapter.Where{{Field: "title", Value: "delta"}}, []string{"d"}},
		{"eq nil is null", cond("rank", adapter.Eq, nil), []string{"d"}},
		{"ne nil is not null", cond("rank", adapter.Ne, nil), []string{"a", "b", "c"}},
		{"eq nil of a required field", cond("title", adapter.Eq, nil), nil},
		{"ne", cond("title", adapter.Ne, "beta"), []string{"a", "c", "d"}},
		{"ne leaves nulls out", cond("rank", adapter.Ne, int64(2)), []string{"a", "c"}},
		{"lt", cond("rank", adapter.Lt, int64(2)), []string{"a"}},
		{"lte", cond("rank", adapter.Lte, int64(2)), []string{"a", "b"}},
		{"gt", cond("rank", adapter.Gt, int64(2)), []string{"c"}},
		{"gte", cond("rank", adapter.Gte, int64(2)), []string{"b", "c"}},
		{"gt of fractions with a whole number", cond("ratio", adapter.Gt, int64(1)), []string{"b", "c"}},
		{"lt and gte date", append(cond("at", adapter.Lt, epoch.Add(2*time.Second)), cond("at", adapter.Gte, epoch.Add(time.Second))...), []string{"b"}},
		{"gt text", cond("code", adapter.Gt, "k1"), []string{"b", "c"}},
		{"in any", cond("title", adapter.In, []any{"beta", "delta", "none"}), []string{"b", "d"}},
		{"in strings", cond("id", adapter.In, []string{"a", "c", "zz"}), []string{"a", "c"}},
		{"in strings twice the same", cond("id", adapter.In, []string{"a", "a"}), []string{"a"}},
		{"in int64s", cond("rank", adapter.In, []int64{1, 3}), []string{"a", "c"}},
		{"in float64s", cond("ratio", adapter.In, []float64{0.5, 2.5}), []string{"a", "c"}},
		{"in dates", cond("at", adapter.In, []any{epoch, epoch.Add(2 * time.Second)}), []string{"a", "c"}},
		{"empty in is nothing", cond("title", adapter.In, []string{}), nil},
		{"empty in of any is nothing", cond("title", adapter.In, []any{}), nil},
		{"not_in", cond("title", adapter.NotIn, []string{"beta", "delta"}), []string{"a", "c"}},
		{"not_in leaves nulls out", cond("rank", adapter.NotIn, []int64{1}), []string{"b", "c"}},
		{"empty not_in is everything", cond("rank", adapter.NotIn, []int64{}), all},
		{"contains", cond("note", adapter.Contains, "note"), []string{"a", "b"}},
		{"contains heeds letter case", cond("title", adapter.Contains, "alpha"), nil},
		{"contains an empty text is every text", cond("note", adapter.Contains, ""), []string{"a", "b", "c"}},
		{"starts_with", cond("title", adapter.StartsWith, "Al"), []string{"a"}},
		{"starts_with heeds letter case", cond("title", adapter.StartsWith, "al"), nil},
		{"ends_with", cond("note", adapter.EndsWith, "note"), []string{"a"}},
		{"ends_with heeds letter case", cond("note", adapter.EndsWith, "NOTE"), nil},

		{"and of two fields", append(cond("done", adapter.Eq, true), cond("rank", adapter.Gt, int64(1))...), []string{"c"}},
		{"and that nothing fulfils", append(cond("done", adapter.Eq, true), cond("title", adapter.Eq, "beta")...), nil},
		{"or of two fields", adapter.Where{or("title", adapter.Eq, "beta"), or("rank", adapter.Eq, int64(3))}, []string{"b", "c"}},
		{"a single or holds like an and", adapter.Where{or("title", adapter.Eq, "beta")}, []string{"b"}},
		{"and with an or group", adapter.Where{
			{Field: "done", Value: true}, or("rank", adapter.Eq, int64(1)), or("rank", adapter.Eq, int64(2)),
		}, []string{"a"}},
		{"and with a single or needs both", adapter.Where{{Field: "done", Value: true}, or("title", adapter.Eq, "beta")}, nil},
		{"or conditions before, between and after and conditions", adapter.Where{
			or("rank", adapter.Eq, int64(1)), {Field: "rank", Op: adapter.Ne, Value: nil}, or("rank", adapter.Eq, int64(3)),
			{Field: "title", Op: adapter.Ne, Value: "Alpha"}, or("title", adapter.Eq, "delta"),
		}, []string{"c"}},
		{"or with null", adapter.Where{or("rank", adapter.Eq, nil), or("rank", adapter.Eq, int64(1))}, []string{"a", "d"}},
		{"or with an empty in", adapter.Where{or("rank", adapter.In, []int64{}), or("title", adapter.Eq, "beta")}, []string{"b"}},
	}
	folds := []struct {
		name  string
		where adapter.Where
		want  []string
	}{
		{"fold eq", fold("title", adapter.Eq, "ALPHA"), []string{"a"}},
		{"fold zero operator", fold("title", "", "BeTa"), []string{"b"}},
		{"fold ne", fold("title", adapter.Ne, "ALPHA"), []string{"b", "c", "d"}},
		{"fold in", fold("title", adapter.In, []string{"alpha", "DELTA"}), []string{"a", "d"}},
		{"fold not_in", fold("title", adapter.NotIn, []any{"alpha", "DELTA"}), []string{"b", "c"}},
		{"fold contains", fold("title", adapter.Contains, "PhA"), []string{"a", "c"}},
		{"fold starts_with", fold("title", adapter.StartsWith, "aLp"), []string{"a", "c"}},
		{"fold ends_with", fold("title", adapter.EndsWith, "TA"), []string{"b", "d"}},
		{"fold in an or group", adapter.Where{
			{Field: "title", Value: "ALPHA", Or: true, Fold: true}, {Field: "title", Value: "BETA", Or: true},
		}, []string{"a"}},
		{"fold eq nil is null", fold("note", adapter.Eq, nil), []string{"d"}},
	}
	var cases []testCase
	for _, c := range list {
		cases = append(cases, testCase{name: c.name, run: whereCase(c.where, c.want)})
	}
	for _, c := range folds {
		cases = append(cases, testCase{name: c.name, needs: folding, run: whereCase(c.where, c.want)})
	}
	return cases
}

// whereCase expects a predicate to mean the same to reads, counts and writes.
func whereCase(w adapter.Where, want []string) func(e *env) {
	return func(e *env) {
		seedThings(e)
		e.ids(adapter.Find{Model: "thing", Where: w}, want...)
		e.count("thing", w, int64(len(want)))
		_, err := e.a.FindOne(e.ctx, adapter.Find{Model: "thing", Where: w})
		if len(want) == 0 {
			e.refused(err, adapter.ErrNotFound)
		} else {
			e.ok(err)
		}
		if len(w) == 0 {
			return
		}
		n, err := e.a.UpdateMany(e.ctx, "thing", w, adapter.Record{"scores": []float64{1}})
		e.ok(err)
		if n != int64(len(want)) {
			e.Fatalf("UpdateMany changed %d rows, want %d", n, len(want))
		}
		e.ids(adapter.Find{Model: "thing", Where: adapter.Where{{Field: "scores", Op: adapter.Ne}}}, want...)
		n, err = e.a.DeleteMany(e.ctx, "thing", w)
		e.ok(err)
		if n != int64(len(want)) {
			e.Fatalf("DeleteMany removed %d rows, want %d", n, len(want))
		}
		e.count("thing", nil, int64(4-len(want)))
	}
}
