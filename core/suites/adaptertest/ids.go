package adaptertest

import (
	"errors"
	"strconv"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

const (
	uuidA = "0b0e7f3c-58a1-4b0e-9c5e-0a4f6d1f0001"
	uuidB = "f7c1d9aa-1d9c-4f9e-8f0b-6b1c2d3e4f50"
)

// malformed are ids that no database with serial or UUID keys can hold.
var malformed = []string{"", "abc", "1 OR 1=1", "1e0", "0x1", "-1", "99999999999999999999999999", "00000000", "1;--", " 1", uuidA + "0"}

// withoutID is a record whose id the database has to make.
func withoutID(rec adapter.Record) adapter.Record {
	delete(rec, "id")
	return rec
}

// findsNone expects ErrNotFound or ErrBadValue for a malformed id, and no driver error.
func findsNone(e *env, model, field string) {
	e.Helper()
	for _, id := range malformed {
		_, err := e.a.FindOne(e.ctx, adapter.Find{Model: model, Where: adapter.By(field, id)})
		if !errors.Is(err, adapter.ErrNotFound) && !errors.Is(err, adapter.ErrBadValue) {
			e.Fatalf("%s %q: got the error %v, want ErrNotFound or ErrBadValue", field, id, err)
		}
		n, err := e.a.DeleteMany(e.ctx, model, adapter.By(field, id))
		if n != 0 || (err != nil && !errors.Is(err, adapter.ErrBadValue)) {
			e.Fatalf("%s %q: removed %d rows, error %v", field, id, n, err)
		}
	}
}

func idCases() []testCase {
	return []testCase{
		{name: "a string id is kept as it is", run: func(e *env) {
			for _, id := range []string{"aZ09aZ09aZ09aZ09aZ09aZ09aZ09aZ09", "1", "01", "ID", "id", "ü-_.:"} {
				rec := newThing(id, nil)
				e.has(e.create("thing", rec), adapter.Record{"id": id})
				e.has(e.one("thing", adapter.By("id", id)), rec)
			}
			e.count("thing", nil, 6)
		}},
		{name: "a string id must be given", run: func(e *env) {
			if _, err := e.a.Create(e.ctx, "thing", withoutID(newThing("", nil))); err == nil {
				e.Fatal("a row without an id was stored")
			}
			e.count("thing", nil, 0)
		}},
		{name: "serial ids are decimal strings made by the database", schema: ofKind(schema.IDSerial), run: func(e *env) {
			last := int64(0)
			for _, name := range []string{"a", "b", "c"} {
				rec := e.create("user", withoutID(newUser(name)))
				id, ok := rec["id"].(string)
				n, err := strconv.ParseInt(id, 10, 64)
				if !ok || err != nil || n <= last {
					e.Fatalf("the id is %s after %d", show(rec["id"]), last)
				}
				last = n
				e.has(e.one("user", adapter.By("id", id)), adapter.Record{"id": id, "email": name + "@example.com"})
			}
		}},
		{name: "serial ids in references, joins, lists and writes", schema: ofKind(schema.IDSerial), run: func(e *env) {
			u1, _ := e.create("user", withoutID(newUser("a")))["id"].(string)
			u2, _ := e.create("user", withoutID(newUser("b")))["id"].(string)
			s := e.create("session", withoutID(newSession("s1", u1)))
			e.has(s, adapter.Record{"userId": u1})
			e.create("session", withoutID(newSession("s2", u2)))
			rec, err := e.a.FindOne(e.ctx, adapter.Find{Model: "session", Where: adapter.By("userId", u2), Joins: []adapter.Join{{Model: "user", From: "userId", To: "id", One: true}}})
			e.ok(err)
			e.has(rec, adapter.Record{"token": "token-s2", "userId": u2})
			u, _ := rec["user"].(adapter.Record)
			e.has(u, adapter.Record{"id": u2})
			e.ids(adapter.Find{Model: "user", Where: adapter.Where{{Field: "id", Op: adapter.In, Value: []string{u1, u2}}}}, u1, u2)
			e.ids(adapter.Find{Model: "user", Where: adapter.Where{{Field: "id", Op: adapter.Ne, Value: u1}}}, u2)
			got, err := e.a.Update(e.ctx, "session", adapter.By("userId", u1), adapter.Record{"userId": u2})
			e.ok(err)
			e.has(got, adapter.Record{"userId": u2})
			rec, err = e.a.FindOne(e.ctx, adapter.Find{Model: "user", Where: adapter.By("id", u2), Joins: []adapter.Join{{Model: "session", From: "id", To: "userId"}}})
			e.ok(err)
			if n := len(joined(e, rec, "session")); n != 2 {
				e.Fatalf("%d joined rows, want 2", n)
			}
		}},
		{name: "serial ids sort as numbers", schema: ofKind(schema.IDSerial), run: func(e *env) {
			var want []string
			for range 11 {
				id, _ := e.create("thing", withoutID(newThing("", nil)))["id"].(string)
				want = append(want, id)
			}
			e.ids(adapter.Find{Model: "thing", Sort: []adapter.Sort{{Field: "id"}}}, want...)
		}},
		{name: "a serial id is not given again", schema: ofKind(schema.IDSerial), run: func(e *env) {
			first, _ := e.create("thing", withoutID(newThing("", nil)))["id"].(string)
			_, err := e.a.DeleteMany(e.ctx, "thing", adapter.By("id", first))
			e.ok(err)
			second, _ := e.create("thing", withoutID(newThing("", nil)))["id"].(string)
			if second == first {
				e.Fatalf("a new row has the id %s of one that was deleted", first)
			}
		}},
		{name: "INJ-01 malformed serial ids find nothing", schema: ofKind(schema.IDSerial), run: func(e *env) {
			u, _ := e.create("user", withoutID(newUser("a")))["id"].(string)
			e.create("session", withoutID(newSession("s1", u)))
			findsNone(e, "user", "id")
			findsNone(e, "session", "userId")
			e.count("user", nil, 1)
			e.count("session", nil, 1)
		}},
		{name: "a serial id has no parts", schema: ofKind(schema.IDSerial), run: func(e *env) {
			for field, model := range map[string]string{"id": "user", "userId": "session"} {
				for _, op := range []adapter.Op{adapter.Contains, adapter.StartsWith, adapter.EndsWith} {
					_, err := e.a.FindMany(e.ctx, adapter.Find{Model: model, Where: adapter.Where{{Field: field, Op: op, Value: "1"}}})
					e.refused(err, adapter.ErrBadValue)
				}
			}
		}},
		{name: "UUIDs", schema: ofKind(schema.IDUUID), run: func(e *env) {
			rec := newUser(uuidA)
			e.has(e.create("user", rec), rec)
			e.create("user", newUser(uuidB))
			e.create("session", newSession(uuidB, uuidA))
			got, err := e.a.FindOne(e.ctx, adapter.Find{Model: "session", Where: adapter.By("userId", uuidA), Joins: []adapter.Join{{Model: "user", From: "userId", To: "id", One: true}}})
			e.ok(err)
			e.has(got, adapter.Record{"id": uuidB, "userId": uuidA})
			u, _ := got["user"].(adapter.Record)
			e.has(u, adapter.Record{"id": uuidA})
			e.ids(adapter.Find{Model: "user", Where: adapter.Where{{Field: "id", Op: adapter.In, Value: []string{uuidA}}}}, uuidA)
		}},
		{name: "INJ-01 malformed UUIDs find nothing", schema: ofKind(schema.IDUUID), run: func(e *env) {
			e.create("user", newUser(uuidA))
			e.create("session", newSession(uuidB, uuidA))
			findsNone(e, "user", "id")
			findsNone(e, "session", "userId")
			e.count("session", nil, 1)
		}},
	}
}
