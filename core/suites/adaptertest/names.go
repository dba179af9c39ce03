package adaptertest

import (
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// renamed has other names in the database, most of them reserved words of SQL,
// and columns that look like other fields of the same table.
var renamed = build(
	schema.Table{Model: "user", Name: "order", Fields: []schema.Field{
		{Name: "name", Column: "select", Type: schema.String},
		{Name: "email", Column: "Group", Type: schema.String, Unique: true},
		{Name: "verified", Column: "where", Type: schema.Boolean},
		{Name: "createdAt", Column: "created_at", Type: schema.Date},
		{Name: "first", Column: "second", Type: schema.String, Optional: true},
		{Name: "second", Column: "first", Type: schema.String, Optional: true},
		{Name: "hits", Column: "values", Type: schema.Number, Optional: true},
	}},
	schema.Table{Model: "session", Name: "UserSessions", Fields: []schema.Field{
		{Name: "token", Column: "key", Type: schema.String, Unique: true},
		{Name: "userId", Column: "user", Type: schema.String, Index: true, References: &schema.Reference{Model: "user"}},
		{Name: "slot", Column: "index", Type: schema.String, Optional: true, Sortable: true},
	}, Unique: [][]string{{"userId", "slot"}}},
)

func seedRenamed(e *env) {
	e.Helper()
	e.create("user", adapter.Record{"id": "u1", "name": "Ada", "email": "a@example.com", "verified": true, "createdAt": epoch, "first": "1", "second": "2", "hits": int64(1)})
	e.create("user", adapter.Record{"id": "u2", "name": "Bob", "email": "b@example.com", "verified": false, "createdAt": epoch.Add(time.Second)})
	e.create("session", adapter.Record{"id": "s1", "token": "t1", "userId": "u1", "slot": "x"})
	e.create("session", adapter.Record{"id": "s2", "token": "t2", "userId": "u1", "slot": "y"})
}

func nameCases() []testCase {
	return []testCase{
		{name: "records have logical names only", schema: renamed, run: func(e *env) {
			seedRenamed(e)
			rec := e.one("user", adapter.By("email", "a@example.com"))
			e.keys(rec, "id", "name", "email", "verified", "createdAt", "first", "second", "hits")
			e.has(rec, adapter.Record{"id": "u1", "name": "Ada", "verified": true, "createdAt": epoch, "first": "1", "second": "2", "hits": int64(1)})
		}},
		{name: "where, sort and select go by logical names", schema: renamed, run: func(e *env) {
			seedRenamed(e)
			e.ids(adapter.Find{Model: "user", Where: adapter.By("first", "1"), Sort: []adapter.Sort{{Field: "name"}}}, "u1")
			e.ids(adapter.Find{Model: "user", Where: adapter.By("first", "2")})
			e.ids(adapter.Find{Model: "user", Sort: []adapter.Sort{{Field: "createdAt", Desc: true}}}, "u2", "u1")
			rec, err := e.a.FindOne(e.ctx, adapter.Find{Model: "user", Where: adapter.By("verified", true), Select: []string{"first", "email"}})
			e.ok(err)
			e.keys(rec, "first", "email")
			e.has(rec, adapter.Record{"first": "1", "email": "a@example.com"})
		}},
		{name: "columns are no fields", schema: renamed, run: func(e *env) {
			seedRenamed(e)
			for _, column := range []string{"select", "Group", "created_at", "values"} {
				_, err := e.a.FindOne(e.ctx, adapter.Find{Model: "user", Where: adapter.By(column, "x")})
				e.refused(err, adapter.ErrUnknownField)
			}
			for _, table := range []string{"order", "UserSessions"} {
				_, err := e.a.FindMany(e.ctx, adapter.Find{Model: table})
				e.refused(err, adapter.ErrUnknownModel)
			}
		}},
		{name: "update, increment, consume and delete", schema: renamed, run: func(e *env) {
			seedRenamed(e)
			got, err := e.a.Update(e.ctx, "user", adapter.By("email", "b@example.com"), adapter.Record{"name": "Bo", "first": "f", "hits": int64(4)})
			e.ok(err)
			e.has(got, adapter.Record{"id": "u2", "name": "Bo", "first": "f", "second": nil})
			got, err = e.a.Increment(e.ctx, "user", adapter.By("id", "u2"), "hits", 2, adapter.Record{"second": "s"})
			e.ok(err)
			e.has(got, adapter.Record{"hits": int64(6), "first": "f", "second": "s"})
			got, err = e.a.ConsumeOne(e.ctx, "session", adapter.By("token", "t2"))
			e.ok(err)
			e.has(got, adapter.Record{"id": "s2", "token": "t2", "userId": "u1", "slot": "y"})
			e.ok(e.a.Delete(e.ctx, "session", adapter.By("slot", "x")))
			e.count("session", nil, 0)
		}},
		{name: "joins", schema: renamed, run: func(e *env) {
			seedRenamed(e)
			rec, err := e.a.FindOne(e.ctx, adapter.Find{Model: "session", Where: adapter.By("token", "t1"), Joins: []adapter.Join{{Model: "user", From: "userId", To: "id", One: true}}})
			e.ok(err)
			e.keys(rec, "id", "token", "userId", "slot", "user")
			u, _ := rec["user"].(adapter.Record)
			e.keys(u, "id", "name", "email", "verified", "createdAt", "first", "second", "hits")
			e.has(u, adapter.Record{"id": "u1", "first": "1", "second": "2", "createdAt": epoch})
			rec, err = e.a.FindOne(e.ctx, adapter.Find{Model: "user", Where: adapter.By("id", "u1"), Joins: []adapter.Join{{Model: "session", From: "id", To: "userId"}}})
			e.ok(err)
			joinedIDs(e, rec, "session", "s1", "s2")
			e.keys(joined(e, rec, "session")[0], "id", "token", "userId", "slot")
		}},
		{name: "unique keys", schema: renamed, run: func(e *env) {
			seedRenamed(e)
			_, err := e.a.Create(e.ctx, "session", adapter.Record{"id": "s3", "token": "t1", "userId": "u1"})
			e.refused(err, adapter.ErrUnique)
			_, err = e.a.Create(e.ctx, "session", adapter.Record{"id": "s3", "token": "t3", "userId": "u1", "slot": "x"})
			e.refused(err, adapter.ErrUnique)
		}},
		{name: "foreign keys", needs: references, schema: renamed, run: func(e *env) {
			seedRenamed(e)
			e.ok(e.a.Delete(e.ctx, "user", adapter.By("id", "u1")))
			e.count("session", nil, 0)
		}},
	}
}
