package adaptertest

import (
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// pairs has a composite unique key of a required and a nullable field.
var pairs = build(schema.Table{
	Model: "member",
	Fields: []schema.Field{
		{Name: "organizationId", Type: schema.String, Sortable: true},
		{Name: "userId", Type: schema.String, Sortable: true, Optional: true},
		{Name: "role", Type: schema.String, Optional: true},
	},
	Unique: [][]string{{"organizationId", "userId"}},
})

func member(id, org string, user any) adapter.Record {
	return adapter.Record{"id": id, "organizationId": org, "userId": user}
}

func uniqueCases() []testCase {
	return []testCase{
		{name: "create with a taken id", run: func(e *env) {
			e.create("user", newUser("u1"))
			rec := newUser("u1")
			rec["email"] = "other@example.com"
			_, err := e.a.Create(e.ctx, "user", rec)
			e.refused(err, adapter.ErrUnique)
			e.has(e.one("user", adapter.By("id", "u1")), adapter.Record{"email": "u1@example.com"})
		}},
		{name: "create with a taken value", run: func(e *env) {
			e.create("user", newUser("u1"))
			rec := newUser("u2")
			rec["email"] = "u1@example.com"
			got, err := e.a.Create(e.ctx, "user", rec)
			e.refused(err, adapter.ErrUnique)
			if got != nil {
				e.Fatalf("a record came with the error: %v", got)
			}
			e.ids(adapter.Find{Model: "user"}, "u1")
		}},
		{name: "update to a taken value", run: func(e *env) {
			e.create("user", newUser("u1"))
			e.create("user", newUser("u2"))
			_, err := e.a.Update(e.ctx, "user", adapter.By("id", "u2"), adapter.Record{"email": "u1@example.com", "name": "New"})
			e.refused(err, adapter.ErrUnique)
			e.has(e.one("user", adapter.By("id", "u2")), adapter.Record{"email": "u2@example.com", "name": "User u2"})
		}},
		{name: "update of a row to its own value", run: func(e *env) {
			e.create("user", newUser("u1"))
			_, err := e.a.Update(e.ctx, "user", adapter.By("id", "u1"), adapter.Record{"email": "u1@example.com"})
			e.ok(err)
		}},
		{name: "updateMany that collides changes no row", run: func(e *env) {
			seedThings(e)
			_, err := e.a.UpdateMany(e.ctx, "thing", adapter.Where{{Field: "rank", Op: adapter.Ne}}, adapter.Record{"code": "same", "note": "changed"})
			e.refused(err, adapter.ErrUnique)
			e.count("thing", adapter.By("code", "same"), 0)
			e.count("thing", adapter.By("note", "changed"), 0)
		}},
		{name: "increment that sets a taken value changes nothing", run: func(e *env) {
			seedThings(e)
			_, err := e.a.Increment(e.ctx, "thing", adapter.By("id", "a"), "rank", 1, adapter.Record{"code": "k2"})
			e.refused(err, adapter.ErrUnique)
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"rank": int64(1), "code": "k1"})
		}},
		{name: "nulls do not collide", run: func(e *env) {
			e.create("thing", newThing("a", adapter.Record{"code": nil}))
			e.create("thing", newThing("b", adapter.Record{"code": nil}))
			e.create("thing", newThing("c", adapter.Record{"code": ""}))
			_, err := e.a.Create(e.ctx, "thing", newThing("d", adapter.Record{"code": ""}))
			e.refused(err, adapter.ErrUnique)
		}},
		{name: "a value is free again after update and delete", run: func(e *env) {
			e.create("user", newUser("u1"))
			_, err := e.a.Update(e.ctx, "user", adapter.By("id", "u1"), adapter.Record{"email": "moved@example.com"})
			e.ok(err)
			rec := newUser("u2")
			rec["email"] = "u1@example.com"
			e.create("user", rec)
			e.has(e.one("user", adapter.By("email", "moved@example.com")), adapter.Record{"id": "u1"})
			e.ok(e.a.Delete(e.ctx, "user", adapter.By("email", "moved@example.com")))
			_, err = e.a.Update(e.ctx, "user", adapter.By("id", "u2"), adapter.Record{"email": "moved@example.com"})
			e.ok(err)
		}},
		{name: "composite key on create", schema: pairs, run: func(e *env) {
			e.create("member", member("m1", "o1", "u1"))
			e.create("member", member("m2", "o1", "u2"))
			e.create("member", member("m3", "o2", "u1"))
			_, err := e.a.Create(e.ctx, "member", member("m4", "o1", "u1"))
			e.refused(err, adapter.ErrUnique)
			e.count("member", nil, 3)
		}},
		{name: "composite key on update", schema: pairs, run: func(e *env) {
			e.create("member", member("m1", "o1", "u1"))
			e.create("member", member("m2", "o1", "u2"))
			_, err := e.a.Update(e.ctx, "member", adapter.By("id", "m2"), adapter.Record{"userId": "u1"})
			e.refused(err, adapter.ErrUnique)
			_, err = e.a.Update(e.ctx, "member", adapter.By("id", "m2"), adapter.Record{"userId": "u1", "organizationId": "o2"})
			e.ok(err)
			_, err = e.a.UpdateMany(e.ctx, "member", adapter.By("id", "m2"), adapter.Record{"organizationId": "o1"})
			e.refused(err, adapter.ErrUnique)
			e.has(e.one("member", adapter.By("organizationId", "o2").And("userId", "u1")), adapter.Record{"id": "m2"})
		}},
		{name: "composite key with a null", schema: pairs, run: func(e *env) {
			e.create("member", member("m1", "o1", nil))
			e.create("member", member("m2", "o1", nil))
			e.ids(adapter.Find{Model: "member", Where: adapter.By("organizationId", "o1").And("userId", nil)}, "m1", "m2")
		}},
		{name: "the parts of a composite key do not run together", schema: pairs, run: func(e *env) {
			e.create("member", member("m1", "ab", "c"))
			e.create("member", member("m2", "a", "bc"))
			e.ids(adapter.Find{Model: "member", Where: adapter.By("organizationId", "a").And("userId", "bc")}, "m2")
		}},
	}
}
