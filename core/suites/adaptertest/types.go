package adaptertest

import (
	"encoding/json"
	"math"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

// wrongValues are values that do not fit a field of "thing".
var wrongValues = map[string][]any{
	"note":   {int64(1), true, []string{"a"}, json.RawMessage(`"a"`), map[string]any{"$ne": nil}},
	"big":    {1.5, float64(1 << 63), -float64(1<<63) * 2, math.Inf(-1)},
	"rank":   {"1", true, epoch, math.NaN(), math.Inf(1)},
	"done":   {"true", int64(1), float64(0)},
	"at":     {"2026-01-01T00:00:00.000Z", int64(0), true, time.Date(0, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
	"meta":   {json.RawMessage(`{"a":`), json.RawMessage(``), int64(1)},
	"tags":   {"a", []float64{1}, []any{int64(1)}},
	"scores": {int64(1), []string{"1"}, []float64{math.NaN()}},
}

// roundTrip stores values in one field and expects them back from Create, FindOne
// and Update.
func roundTrip(name, field string, values ...any) testCase {
	return testCase{name: name, run: func(e *env) {
		e.create("thing", newThing("other", nil))
		for _, v := range values {
			want := adapter.Record{field: v}
			e.has(e.create("thing", newThing("a", want)), want)
			e.has(e.one("thing", adapter.By("id", "a")), want)
			got, err := e.a.Update(e.ctx, "thing", adapter.By("id", "other"), want)
			e.ok(err)
			e.has(got, want)
			e.has(e.one("thing", adapter.By("id", "other")), want)
			e.ok(e.a.Delete(e.ctx, "thing", adapter.By("id", "a")))
		}
	}}
}

func typeCases() []testCase {
	return []testCase{
		roundTrip("boolean", "done", true, false, nil),
		roundTrip("number", "rank", int64(0), int64(1), int64(-1), int64(2147483647), int64(-2147483648), nil),
		roundTrip("number beyond 2^53", "big", int64(1)<<53+1, -(int64(1)<<53 + 1), int64(1767323045006), int64(math.MaxInt64), int64(math.MinInt64), nil),
		roundTrip("number with a fraction", "ratio", 0.5, -2.25, 0.1, 1e-9, 123456.789, nil),
		roundTrip("text", "note", "plain", "line\nbreak\r\ntab\t", `quotes ' " and \ backslash`, "  spaces  ", "%_", nil),
		roundTrip("emoji and other scripts", "note", "👩‍👩‍👧‍👦 🇩🇪", "Ελληνικά", "日本語", "مرحبا", "e\u0301 is not \u00e9"),
		roundTrip("text of 100 kB", "note", strings.Repeat("0123456789", 10_240), strings.Repeat("é🙂", 17_000)),
		roundTrip("date", "at", epoch, epoch.Add(time.Millisecond), time.Date(2026, 6, 1, 0, 0, 0, 999_000_000, time.UTC), nil),
		roundTrip("date before 1970 and after 2038", "at", time.Date(1965, 3, 4, 5, 6, 7, 8_000_000, time.UTC), time.Date(2222, 2, 2, 2, 2, 2, 222_000_000, time.UTC)),
		roundTrip("JSON", "meta",
			json.RawMessage(`{"a":[1,2.5,true,null,{"b":"ü🙂\"\\"}],"empty":{}}`), json.RawMessage(`[]`), json.RawMessage(`"text"`),
			json.RawMessage(`12`), json.RawMessage(`{"__proto__":{"admin":true},"constructor":1}`), nil),
		roundTrip("string array", "tags", []string{"a", "b,c", `"d"`, "", "🙂", "[]", "{x}", `\`}, []string{"one"}, nil),
		roundTrip("number array", "scores", []float64{0, 1, -1.5, 1e21}, nil),

		{name: "an empty array is not null", run: func(e *env) {
			e.create("thing", newThing("a", adapter.Record{"tags": []string{}, "scores": []float64{}}))
			e.create("thing", newThing("b", nil))
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"tags": []string{}, "scores": []float64{}})
			e.ids(adapter.Find{Model: "thing", Where: adapter.By("tags", nil)}, "b")
		}},
		{name: "an empty string is not null", run: func(e *env) {
			e.create("thing", newThing("a", adapter.Record{"note": ""}))
			e.create("thing", newThing("b", nil))
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"note": ""})
			e.ids(adapter.Find{Model: "thing", Where: adapter.By("note", "")}, "a")
			e.ids(adapter.Find{Model: "thing", Where: adapter.By("note", nil)}, "b")
		}},
		{name: "an integral float is an int64", run: func(e *env) {
			e.has(e.create("thing", newThing("a", adapter.Record{"ratio": 3.0})), adapter.Record{"ratio": int64(3)})
			e.has(e.one("thing", adapter.By("ratio", 3.0)), adapter.Record{"ratio": int64(3)})
			e.has(e.one("thing", adapter.By("ratio", int64(3))), adapter.Record{"id": "a"})
		}},
		{name: "large numbers next to each other differ", run: func(e *env) {
			e.create("thing", newThing("a", adapter.Record{"big": int64(math.MaxInt64)}))
			e.create("thing", newThing("b", adapter.Record{"big": int64(math.MaxInt64 - 1)}))
			e.ids(adapter.Find{Model: "thing", Where: adapter.By("big", int64(math.MaxInt64))}, "a")
			e.ids(adapter.Find{Model: "thing", Where: adapter.Where{{Field: "big", Op: adapter.Lt, Value: int64(math.MaxInt64)}}}, "b")
		}},
		{name: "dates are kept in UTC to the millisecond", run: func(e *env) {
			zone := time.FixedZone("IST", 5*3600+1800)
			given := time.Date(2026, 1, 1, 1, 2, 3, 123_456_789, zone)
			want := adapter.Record{"at": time.Date(2025, 12, 31, 19, 32, 3, 123_000_000, time.UTC)}
			e.has(e.create("thing", newThing("a", adapter.Record{"at": given})), want)
			e.has(e.one("thing", adapter.By("id", "a")), want)
			got, err := e.a.Update(e.ctx, "thing", adapter.By("id", "a"), adapter.Record{"at": given})
			e.ok(err)
			e.has(got, want)
		}},
		{name: "a date in a predicate is cut to the millisecond as well", run: func(e *env) {
			given := time.Date(2026, 1, 1, 1, 2, 3, 123_456_789, time.FixedZone("", -7*3600))
			e.create("thing", newThing("a", adapter.Record{"at": given}))
			e.ids(adapter.Find{Model: "thing", Where: adapter.By("at", given)}, "a")
			e.ids(adapter.Find{Model: "thing", Where: adapter.Where{{Field: "at", Op: adapter.Lt, Value: given}}})
			e.ids(adapter.Find{Model: "thing", Where: adapter.Where{{Field: "at", Op: adapter.Lt, Value: given.Add(time.Millisecond)}}}, "a")
		}},
		{name: "dates compare by instant, not by text", run: func(e *env) {
			e.create("thing", newThing("a", adapter.Record{"at": epoch.Truncate(time.Second)}))
			e.create("thing", newThing("b", adapter.Record{"at": epoch.Truncate(time.Second).Add(500 * time.Millisecond)}))
			e.create("thing", newThing("c", adapter.Record{"at": epoch.Truncate(time.Second).Add(time.Second)}))
			e.ids(adapter.Find{Model: "thing", Sort: []adapter.Sort{{Field: "at"}}}, "a", "b", "c")
			e.ids(adapter.Find{Model: "thing", Where: adapter.Where{{Field: "at", Op: adapter.Gt, Value: epoch.Truncate(time.Second).In(time.FixedZone("", 9*3600))}}}, "b", "c")
		}},
		{name: "text compares exactly", run: func(e *env) {
			texts := map[string]string{"a": "word", "b": "word ", "c": "Word", "d": "wörd", "e": "wo\u0308rd"}
			for id, text := range texts {
				e.create("thing", newThing(id, adapter.Record{"note": text, "code": text}))
			}
			for id, text := range texts {
				e.ids(adapter.Find{Model: "thing", Where: adapter.By("note", text)}, id)
				e.ids(adapter.Find{Model: "thing", Where: adapter.By("code", text)}, id)
			}
		}},
	}
}
