package adaptertest

import (
	"errors"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// tree has a foreign key of each kind: team to organization cascades, member to
// team cascades, invoice to organization restricts, note to team becomes null, a
// team may have a parent team, and a grant points to a field other than the id.
var tree = build(
	schema.Table{Model: "organization", Fields: []schema.Field{{Name: "slug", Type: schema.String, Unique: true}}},
	schema.Table{Model: "team", Fields: []schema.Field{
		{Name: "organizationId", Type: schema.String, Index: true, References: &schema.Reference{Model: "organization"}},
		{Name: "parentId", Type: schema.String, Optional: true, Index: true, References: &schema.Reference{Model: "team", OnDelete: "cascade"}},
	}},
	schema.Table{Model: "member", Fields: []schema.Field{
		{Name: "teamId", Type: schema.String, Index: true, References: &schema.Reference{Model: "team", Field: "id", OnDelete: "cascade"}},
	}},
	schema.Table{Model: "invoice", Fields: []schema.Field{
		{Name: "organizationId", Type: schema.String, References: &schema.Reference{Model: "organization", OnDelete: "restrict"}},
	}},
	schema.Table{Model: "note", Fields: []schema.Field{
		{Name: "text", Type: schema.String, Optional: true},
		{Name: "teamId", Type: schema.String, Optional: true, References: &schema.Reference{Model: "team", OnDelete: "set null"}},
	}},
	schema.Table{Model: "grant", Fields: []schema.Field{
		{Name: "slug", Type: schema.String, Sortable: true, References: &schema.Reference{Model: "organization", Field: "slug"}},
	}},
)

func seedTree(e *env) {
	e.Helper()
	for _, o := range []string{"o1", "o2"} {
		e.create("organization", adapter.Record{"id": o, "slug": "slug-" + o})
		e.create("team", adapter.Record{"id": "t-" + o, "organizationId": o})
		e.create("member", adapter.Record{"id": "m-" + o, "teamId": "t-" + o})
		e.create("note", adapter.Record{"id": "n-" + o, "text": "kept", "teamId": "t-" + o})
		e.create("grant", adapter.Record{"id": "g-" + o, "slug": "slug-" + o})
	}
}

// dangling expects the error of a foreign key, which has no name of its own.
func dangling(e *env, err error) {
	e.Helper()
	switch {
	case err == nil:
		e.Fatal("a foreign key that points to no row was stored")
	case errors.Is(err, adapter.ErrUnique), errors.Is(err, adapter.ErrNotFound):
		e.Fatalf("got the error %v, which says something else", err)
	}
}

func referenceCases() []testCase {
	return []testCase{
		{name: "sessions and accounts go with their user", needs: references, run: func(e *env) {
			seedJoins(e)
			e.ok(e.a.Delete(e.ctx, "user", adapter.By("id", "u1")))
			e.ids(adapter.Find{Model: "session"}, "s3")
			e.count("account", nil, 0)
			e.absent("session", "s1")
			_, err := e.a.FindOne(e.ctx, adapter.Find{Model: "session", Where: adapter.By("token", "token-s1")})
			e.refused(err, adapter.ErrNotFound)
		}},
		{name: "cascade over several tables", needs: references, schema: tree, run: func(e *env) {
			seedTree(e)
			e.ok(e.a.Delete(e.ctx, "organization", adapter.By("id", "o1")))
			e.ids(adapter.Find{Model: "team"}, "t-o2")
			e.ids(adapter.Find{Model: "member"}, "m-o2")
			e.ids(adapter.Find{Model: "grant"}, "g-o2")
		}},
		{name: "cascade by deleteMany and consumeOne", needs: references, schema: tree, run: func(e *env) {
			seedTree(e)
			n, err := e.a.DeleteMany(e.ctx, "team", adapter.By("id", "t-o1"))
			e.ok(err)
			if n != 1 {
				e.Fatalf("counted %d rows, want 1: cascades do not count", n)
			}
			e.ids(adapter.Find{Model: "member"}, "m-o2")
			_, err = e.a.ConsumeOne(e.ctx, "team", adapter.By("id", "t-o2"))
			e.ok(err)
			e.count("member", nil, 0)
		}},
		{name: "cascade within a table", needs: references, schema: tree, run: func(e *env) {
			seedTree(e)
			e.create("team", adapter.Record{"id": "child", "organizationId": "o1", "parentId": "t-o1"})
			e.create("team", adapter.Record{"id": "grandchild", "organizationId": "o1", "parentId": "child"})
			e.ok(e.a.Delete(e.ctx, "team", adapter.By("id", "t-o1")))
			e.ids(adapter.Find{Model: "team"}, "t-o2")
		}},
		{name: "set null", needs: references, schema: tree, run: func(e *env) {
			seedTree(e)
			e.ok(e.a.Delete(e.ctx, "team", adapter.By("id", "t-o1")))
			e.has(e.one("note", adapter.By("id", "n-o1")), adapter.Record{"teamId": nil, "text": "kept"})
			e.has(e.one("note", adapter.By("id", "n-o2")), adapter.Record{"teamId": "t-o2"})
			e.ids(adapter.Find{Model: "note", Where: adapter.By("teamId", nil)}, "n-o1")
		}},
		{name: "restrict", needs: references, schema: tree, run: func(e *env) {
			seedTree(e)
			e.create("invoice", adapter.Record{"id": "i1", "organizationId": "o1"})
			dangling(e, e.a.Delete(e.ctx, "organization", adapter.By("id", "o1")))
			e.present("organization", "o1")
			e.present("team", "t-o1")
			_, err := e.a.DeleteMany(e.ctx, "organization", adapter.Where{{Field: "slug", Op: adapter.StartsWith, Value: "slug"}})
			dangling(e, err)
			e.count("organization", nil, 2)
			_, err = e.a.ConsumeOne(e.ctx, "organization", adapter.By("id", "o1"))
			dangling(e, err)
			e.ok(e.a.Delete(e.ctx, "invoice", adapter.By("id", "i1")))
			e.ok(e.a.Delete(e.ctx, "organization", adapter.By("id", "o1")))
			e.absent("organization", "o1")
		}},
		{name: "create that points to no row", needs: references, run: func(e *env) {
			_, err := e.a.Create(e.ctx, "session", newSession("s1", "nobody"))
			dangling(e, err)
			e.count("session", nil, 0)
		}},
		{name: "update that points to no row", needs: references, run: func(e *env) {
			seedJoins(e)
			_, err := e.a.Update(e.ctx, "session", adapter.By("id", "s1"), adapter.Record{"userId": "nobody"})
			dangling(e, err)
			_, err = e.a.UpdateMany(e.ctx, "session", adapter.By("id", "s1"), adapter.Record{"userId": "nobody"})
			dangling(e, err)
			e.has(e.one("session", adapter.By("id", "s1")), adapter.Record{"userId": "u1"})
		}},
		{name: "a null points to nothing and is allowed", run: func(e *env) {
			e.create("user", newUser("u1"))
			e.create("thing", newThing("a", adapter.Record{"ownerId": "u1"}))
			e.create("thing", newThing("b", nil))
			_, err := e.a.Update(e.ctx, "thing", adapter.By("id", "a"), adapter.Record{"ownerId": nil})
			e.ok(err)
			e.ok(e.a.Delete(e.ctx, "user", adapter.By("id", "u1")))
			e.count("thing", nil, 2)
		}},
		{name: "a moved row follows its new reference", needs: references, run: func(e *env) {
			seedJoins(e)
			_, err := e.a.Update(e.ctx, "session", adapter.By("id", "s1"), adapter.Record{"userId": "u2"})
			e.ok(err)
			e.ok(e.a.Delete(e.ctx, "user", adapter.By("id", "u1")))
			e.ids(adapter.Find{Model: "session"}, "s1", "s3")
		}},
	}
}
