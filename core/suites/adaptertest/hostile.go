package adaptertest

import (
	"encoding/json"
	"errors"

	"github.com/advantch/kernia-go/core/adapter"
)

// metacharacters are texts with a meaning in a database, in quoting rules or in a
// template.
var metacharacters = []string{
	`'; DROP TABLE "user"; --`, `" OR "1"="1`, `' OR 1=1 --`, `\'; --`, "`user`", `x') UNION SELECT * FROM "user" --`,
	`?`, `$1`, `:name`, `@p1`, `%s`, `%`, `_`, `\`, `\\`, `/* */`, `{{.}}`, `${x}`, `{"$ne":null}`, "a\nb", "a\tb", "\x1a", "\x7f", "NULL", "null", "true", "0",
	"\u2028", "\ufeff", "\u202e",
}

// hostileNames are names of no field and no model.
var hostileNames = []string{
	"", "id; DROP TABLE thing", `id"`, "id`", "id'", "id]", "id--", "id ", " id", "ID", "Title", "title,id", "thing.title", "user.email",
	"title = title OR 1", "__proto__", "constructor", "prototype", "meta->a", "meta.a", "$where", "*", "1", "rowid", "oid", "ctid", "?", "title\x00", "title; --",
	"(SELECT 1)", "count(*)", "tïtle",
}

func hostileCases() []testCase {
	return []testCase{
		{name: "INJ-01 metacharacters are kept in every text field", run: func(e *env) {
			for _, s := range metacharacters {
				rec := adapter.Record{"id": s, "title": s, "code": s, "note": s, "tags": []string{s}, "meta": quoted(s)}
				e.has(e.create("thing", rec), rec)
				e.has(e.one("thing", adapter.By("id", s)), rec)
			}
			e.count("thing", nil, int64(len(metacharacters)))
			e.count("user", nil, 0)
		}},
		{name: "INJ-01 metacharacters in a predicate match themselves only", run: func(e *env) {
			seedThings(e)
			for _, s := range metacharacters {
				for _, field := range []string{"id", "title", "code", "note"} {
					e.ids(adapter.Find{Model: "thing", Where: adapter.By(field, s)})
					e.ids(adapter.Find{Model: "thing", Where: adapter.Where{{Field: field, Op: adapter.In, Value: []string{s, s}}}})
				}
				n, err := e.a.DeleteMany(e.ctx, "thing", adapter.By("note", s))
				e.ok(err)
				if n != 0 {
					e.Fatalf("%q removed %d rows", s, n)
				}
			}
			e.create("thing", newThing("x", adapter.Record{"note": metacharacters[0]}))
			e.ids(adapter.Find{Model: "thing", Where: adapter.By("note", metacharacters[0])}, "x")
		}},
		{name: "INJ-01 metacharacters in a set", run: func(e *env) {
			seedThings(e)
			for _, s := range metacharacters {
				got, err := e.a.Update(e.ctx, "thing", adapter.By("id", "a"), adapter.Record{"note": s, "code": s})
				e.ok(err)
				e.has(got, adapter.Record{"note": s, "code": s})
				got, err = e.a.Increment(e.ctx, "thing", adapter.By("code", s), "rank", 1, adapter.Record{"note": s + s})
				e.ok(err)
				e.has(got, adapter.Record{"id": "a", "note": s + s})
			}
			e.count("thing", adapter.By("title", "beta"), 1)
		}},
		{name: "INJ-02 unknown fields are refused in a predicate", run: func(e *env) {
			seedThings(e)
			for _, name := range hostileNames {
				w := adapter.By("id", "a").And(name, "x")
				_, err := e.a.FindOne(e.ctx, adapter.Find{Model: "thing", Where: w})
				e.refused(err, adapter.ErrUnknownField)
				_, err = e.a.FindMany(e.ctx, adapter.Find{Model: "thing", Where: adapter.By(name, nil)})
				e.refused(err, adapter.ErrUnknownField)
				_, err = e.a.Count(e.ctx, "thing", w)
				e.refused(err, adapter.ErrUnknownField)
				_, err = e.a.Update(e.ctx, "thing", w, adapter.Record{"title": "x"})
				e.refused(err, adapter.ErrUnknownField)
				_, err = e.a.UpdateMany(e.ctx, "thing", w, adapter.Record{"title": "x"})
				e.refused(err, adapter.ErrUnknownField)
				e.refused(e.a.Delete(e.ctx, "thing", w), adapter.ErrUnknownField)
				_, err = e.a.DeleteMany(e.ctx, "thing", w)
				e.refused(err, adapter.ErrUnknownField)
				_, err = e.a.ConsumeOne(e.ctx, "thing", w)
				e.refused(err, adapter.ErrUnknownField)
				_, err = e.a.Increment(e.ctx, "thing", w, "rank", 1, nil)
				e.refused(err, adapter.ErrUnknownField)
			}
			e.count("thing", nil, 4)
		}},
		{name: "INJ-02 unknown fields are refused in sort and select", run: func(e *env) {
			seedThings(e)
			for _, name := range hostileNames {
				_, err := e.a.FindMany(e.ctx, adapter.Find{Model: "thing", Sort: []adapter.Sort{{Field: "id"}, {Field: name}}})
				e.refused(err, adapter.ErrUnknownField)
				_, err = e.a.FindMany(e.ctx, adapter.Find{Model: "thing", Select: []string{"id", name}})
				e.refused(err, adapter.ErrUnknownField)
				_, err = e.a.FindOne(e.ctx, adapter.Find{Model: "thing", Sort: []adapter.Sort{{Field: name, Desc: true}}})
				e.refused(err, adapter.ErrUnknownField)
				_, err = e.a.FindOne(e.ctx, adapter.Find{Model: "thing", Select: []string{name}})
				e.refused(err, adapter.ErrUnknownField)
			}
		}},
		{name: "INJ-02 unknown fields are refused in writes", run: func(e *env) {
			seedThings(e)
			for _, name := range hostileNames {
				_, err := e.a.Create(e.ctx, "thing", newThing("x", adapter.Record{name: "v"}))
				e.refused(err, adapter.ErrUnknownField)
				_, err = e.a.Update(e.ctx, "thing", adapter.By("id", "a"), adapter.Record{"title": "x", name: "v"})
				e.refused(err, adapter.ErrUnknownField)
				_, err = e.a.UpdateMany(e.ctx, "thing", adapter.By("id", "a"), adapter.Record{name: nil})
				e.refused(err, adapter.ErrUnknownField)
				_, err = e.a.Increment(e.ctx, "thing", adapter.By("id", "a"), name, 1, nil)
				e.refused(err, adapter.ErrUnknownField)
				_, err = e.a.Increment(e.ctx, "thing", adapter.By("id", "a"), "rank", 1, adapter.Record{name: "v"})
				e.refused(err, adapter.ErrUnknownField)
			}
			e.count("thing", nil, 4)
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"title": "Alpha", "rank": int64(1)})
		}},
		{name: "INJ-02 unknown fields are refused in joins", run: func(e *env) {
			seedJoins(e)
			for _, name := range hostileNames {
				_, err := e.a.FindMany(e.ctx, adapter.Find{Model: "session", Joins: []adapter.Join{{Model: "user", From: name, To: "id", One: true}}})
				e.refused(err, adapter.ErrUnknownField)
				_, err = e.a.FindOne(e.ctx, adapter.Find{Model: "user", Joins: []adapter.Join{{Model: "session", From: "id", To: name}}})
				e.refused(err, adapter.ErrUnknownField)
			}
		}},
		{name: "INJ-02 the key of a join never reaches a statement", run: func(e *env) {
			seedJoins(e)
			for _, as := range []string{`x"; DROP TABLE "session"; --`, "a b", "user`", "Ünïcode", "s'"} {
				for _, one := range []bool{true, false} {
					rec, err := e.a.FindOne(e.ctx, adapter.Find{Model: "session", Where: adapter.By("id", "s1"), Joins: []adapter.Join{{Model: "user", As: as, From: "userId", To: "id", One: one}}})
					e.ok(err)
					if rec[as] == nil {
						e.Fatalf("nothing under the key %q", as)
					}
				}
			}
			e.count("session", nil, 3)
		}},
		{name: "INJ-02 unknown models are refused everywhere", run: func(e *env) {
			for _, model := range append([]string{"Thing", "sqlite_master", "pg_catalog.pg_user", `thing" --`}, hostileNames...) {
				w := adapter.By("id", "a")
				_, err := e.a.Create(e.ctx, model, adapter.Record{"id": "a"})
				e.refused(err, adapter.ErrUnknownModel)
				_, err = e.a.FindOne(e.ctx, adapter.Find{Model: model, Where: w})
				e.refused(err, adapter.ErrUnknownModel)
				_, err = e.a.FindMany(e.ctx, adapter.Find{Model: model})
				e.refused(err, adapter.ErrUnknownModel)
				_, err = e.a.Count(e.ctx, model, nil)
				e.refused(err, adapter.ErrUnknownModel)
				_, err = e.a.Update(e.ctx, model, w, adapter.Record{"title": "x"})
				e.refused(err, adapter.ErrUnknownModel)
				_, err = e.a.UpdateMany(e.ctx, model, w, adapter.Record{"title": "x"})
				e.refused(err, adapter.ErrUnknownModel)
				e.refused(e.a.Delete(e.ctx, model, w), adapter.ErrUnknownModel)
				_, err = e.a.DeleteMany(e.ctx, model, w)
				e.refused(err, adapter.ErrUnknownModel)
				_, err = e.a.ConsumeOne(e.ctx, model, w)
				e.refused(err, adapter.ErrUnknownModel)
				_, err = e.a.Increment(e.ctx, model, w, "rank", 1, nil)
				e.refused(err, adapter.ErrUnknownModel)
			}
		}},
		{name: "INJ-02 unknown operators are refused", run: func(e *env) {
			seedThings(e)
			for _, op := range []adapter.Op{"=", "like", "EQ", "eq OR 1=1", "$ne", "is", "~", "regexp"} {
				_, err := e.a.FindMany(e.ctx, adapter.Find{Model: "thing", Where: adapter.Where{{Field: "title", Op: op, Value: "x"}}})
				e.refused(err, adapter.ErrBadValue)
				_, err = e.a.DeleteMany(e.ctx, "thing", adapter.Where{{Field: "title", Op: op, Value: "x"}})
				e.refused(err, adapter.ErrBadValue)
			}
			e.count("thing", nil, 4)
		}},
		{name: "INJ-03 an operator object is no value", run: func(e *env) {
			seedThings(e)
			for _, v := range []any{map[string]any{"$ne": nil}, map[string]string{"$gt": ""}, []any{"a"}, []string{"a"}, struct{}{}} {
				_, err := e.a.FindMany(e.ctx, adapter.Find{Model: "thing", Where: adapter.By("title", v)})
				e.refused(err, adapter.ErrBadValue)
				_, err = e.a.DeleteMany(e.ctx, "thing", adapter.Where{{Field: "id", Op: adapter.Ne, Value: v}})
				e.refused(err, adapter.ErrBadValue)
			}
			for _, op := range []adapter.Op{adapter.Contains, adapter.StartsWith, adapter.EndsWith} {
				_, err := e.a.FindMany(e.ctx, adapter.Find{Model: "thing", Where: adapter.Where{{Field: "title", Op: op, Value: map[string]any{"$regex": "."}}}})
				e.refused(err, adapter.ErrBadValue)
			}
			for _, v := range []any{"a", int64(1), nil, map[string]any{}} {
				_, err := e.a.FindMany(e.ctx, adapter.Find{Model: "thing", Where: adapter.Where{{Field: "title", Op: adapter.In, Value: v}}})
				e.refused(err, adapter.ErrBadValue)
			}
			e.count("thing", nil, 4)
		}},
		{name: "INJ-04 a value of another type is refused in a predicate", run: func(e *env) {
			seedThings(e)
			for field, values := range map[string][]any{
				"title": {int64(0), false, epoch}, "rank": {"1", true, "1 OR 1=1"}, "done": {"true", int64(1)}, "at": {"2026-01-01", int64(0)},
			} {
				for _, v := range values {
					for _, op := range []adapter.Op{adapter.Eq, adapter.Ne, adapter.Gt} {
						_, err := e.a.FindMany(e.ctx, adapter.Find{Model: "thing", Where: adapter.Where{{Field: field, Op: op, Value: v}}})
						e.refused(err, adapter.ErrBadValue)
					}
					_, err := e.a.FindMany(e.ctx, adapter.Find{Model: "thing", Where: adapter.Where{{Field: field, Op: adapter.In, Value: []any{v}}}})
					e.refused(err, adapter.ErrBadValue)
				}
			}
		}},
		{name: "INJ-05 wildcards are literal", run: func(e *env) {
			notes := map[string]string{"percent": "100% sure", "under": "snake_case", "back": `C:\dir`, "plain": "100 sure snakeXcase C:dir", "set": "[a-z]*?"}
			for id, note := range notes {
				e.create("thing", newThing(id, adapter.Record{"note": note}))
			}
			for _, c := range []struct {
				op   adapter.Op
				text string
				want []string
			}{
				{adapter.Contains, "%", []string{"percent"}},
				{adapter.Contains, "_", []string{"under"}},
				{adapter.Contains, `\`, []string{"back"}},
				{adapter.Contains, "snake_case", []string{"under"}},
				{adapter.Contains, "1%e", nil},
				{adapter.Contains, `\%`, nil},
				{adapter.Contains, `\d`, []string{"back"}},
				{adapter.Contains, "[a-z]", []string{"set"}},
				{adapter.Contains, "*?", []string{"set"}},
				{adapter.Contains, "*", []string{"set"}},
				{adapter.StartsWith, "100%", []string{"percent"}},
				{adapter.StartsWith, "%", nil},
				{adapter.StartsWith, "_nake", nil},
				{adapter.StartsWith, `C:\`, []string{"back"}},
				{adapter.EndsWith, "% sure", []string{"percent"}},
				{adapter.EndsWith, "%", nil},
				{adapter.EndsWith, `\dir`, []string{"back"}},
				{adapter.EndsWith, "_", nil},
			} {
				e.ids(adapter.Find{Model: "thing", Where: adapter.Where{{Field: "note", Op: c.op, Value: c.text}}}, c.want...)
			}
		}},
		{name: "INJ-05 wildcards are literal without letter case", needs: folding, run: func(e *env) {
			e.create("thing", newThing("a", adapter.Record{"note": `A%_\Z`}))
			e.create("thing", newThing("b", adapter.Record{"note": "abcdz"}))
			for _, op := range []adapter.Op{adapter.Eq, adapter.Contains, adapter.StartsWith, adapter.EndsWith} {
				e.ids(adapter.Find{Model: "thing", Where: adapter.Where{{Field: "note", Op: op, Value: `a%_\z`, Fold: true}}}, "a")
			}
			e.ids(adapter.Find{Model: "thing", Where: adapter.Where{{Field: "note", Op: adapter.Contains, Value: "a%z", Fold: true}}})
		}},
		{name: "INJ-06 keys of objects are inert", run: func(e *env) {
			meta := json.RawMessage(`{"__proto__":{"done":true},"constructor":"x","id":"other","title":"other"}`)
			e.create("thing", newThing("a", adapter.Record{"meta": meta}))
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"meta": meta, "title": "Thing a", "done": nil})
			e.absent("thing", "other")
		}},
		{name: "INJ-08 NUL and invalid UTF-8 are refused", run: func(e *env) {
			seedThings(e)
			for _, s := range []string{"\x00", "a\x00b", "a\x00", "\xff", "a\xc3", "\xed\xa0\x80"} {
				for _, field := range []string{"note", "title", "code"} {
					_, err := e.a.Create(e.ctx, "thing", newThing("x", adapter.Record{field: s}))
					e.refused(err, adapter.ErrBadValue)
					_, err = e.a.Update(e.ctx, "thing", adapter.By("id", "a"), adapter.Record{field: s})
					e.refused(err, adapter.ErrBadValue)
					_, err = e.a.FindOne(e.ctx, adapter.Find{Model: "thing", Where: adapter.By(field, s)})
					e.refused(err, adapter.ErrBadValue)
					_, err = e.a.FindOne(e.ctx, adapter.Find{Model: "thing", Where: adapter.Where{{Field: field, Op: adapter.Contains, Value: s}}})
					e.refused(err, adapter.ErrBadValue)
					_, err = e.a.FindOne(e.ctx, adapter.Find{Model: "thing", Where: adapter.Where{{Field: field, Op: adapter.In, Value: []string{"x", s}}}})
					e.refused(err, adapter.ErrBadValue)
				}
				_, err := e.a.Create(e.ctx, "thing", newThing(s, nil))
				e.refused(err, adapter.ErrBadValue)
				_, err = e.a.Create(e.ctx, "thing", newThing("x", adapter.Record{"tags": []string{"a", s}}))
				e.refused(err, adapter.ErrBadValue)
				_, err = e.a.FindOne(e.ctx, adapter.Find{Model: "thing", Where: adapter.By("id", s)})
				e.refused(err, adapter.ErrBadValue)
			}
			e.count("thing", nil, 4)
		}},
		{name: "INJ-08 an escaped NUL in JSON is kept or refused", run: func(e *env) {
			meta := json.RawMessage(`{"a":"x\u0000y"}`)
			_, err := e.a.Create(e.ctx, "thing", newThing("a", adapter.Record{"meta": meta}))
			if errors.Is(err, adapter.ErrBadValue) {
				return
			}
			e.ok(err)
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"meta": meta})
		}},
	}
}

// quoted is a text as a JSON string.
func quoted(s string) json.RawMessage {
	raw, err := json.Marshal(s)
	if err != nil {
		return json.RawMessage(`""`)
	}
	return raw
}
