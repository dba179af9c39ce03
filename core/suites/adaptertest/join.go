package adaptertest

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

func seedJoins(e *env) {
	e.Helper()
	for _, id := range []string{"u1", "u2", "u3"} {
		rec := newUser(id)
		rec["createdAt"] = epoch.Add(-time.Hour)
		rec["emailVerified"] = id == "u1"
		e.create("user", rec)
	}
	e.create("session", newSession("s1", "u1"))
	e.create("session", newSession("s2", "u1"))
	e.create("session", newSession("s3", "u2"))
	e.create("account", newAccount("a1", "u1"))
}

// joined returns the list under a key, which must be a []adapter.Record.
func joined(e *env, rec adapter.Record, as string) []adapter.Record {
	e.Helper()
	rows, ok := rec[as].([]adapter.Record)
	if !ok {
		e.Fatalf("%s is a %T, want a []adapter.Record", as, rec[as])
	}
	return rows
}

func joinedIDs(e *env, rec adapter.Record, as string, want ...string) {
	e.Helper()
	got := idsOf(joined(e, rec, as))
	slices.Sort(got)
	if !slices.Equal(got, want) {
		e.Fatalf("%s has the rows %q, want %q", as, got, want)
	}
}

func joinCases() []testCase {
	user := adapter.Join{Model: "user", From: "userId", To: "id", One: true}
	sessions := adapter.Join{Model: "session", As: "sessions", From: "id", To: "userId"}
	return []testCase{
		{name: "one", run: func(e *env) {
			seedJoins(e)
			rec, err := e.a.FindOne(e.ctx, adapter.Find{Model: "session", Where: adapter.By("token", "token-s1"), Joins: []adapter.Join{user}})
			e.ok(err)
			// Both tables have id and createdAt; neither may shadow the other.
			e.has(rec, adapter.Record{"id": "s1", "userId": "u1", "createdAt": epoch, "expiresAt": epoch.Add(time.Hour), "ipAddress": nil})
			u, ok := rec["user"].(adapter.Record)
			if !ok {
				e.Fatalf("user is a %T, want an adapter.Record", rec["user"])
			}
			e.has(u, adapter.Record{"id": "u1", "email": "u1@example.com", "emailVerified": true, "image": nil, "createdAt": epoch.Add(-time.Hour)})
			e.keys(u, "id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt")
			e.keys(rec, "id", "token", "userId", "expiresAt", "createdAt", "updatedAt", "ipAddress", "userAgent", "user")
		}},
		{name: "one, scanned", run: func(e *env) {
			seedJoins(e)
			e.create("thing", newThing("a", nil))
			for _, q := range []adapter.Find{
				{Model: "session", Where: adapter.By("token", "token-s1"), Joins: []adapter.Join{user}},
				{Model: "session", Where: adapter.By("userId", "u2"), Joins: []adapter.Join{{Model: "user", As: "owner", From: "userId", To: "id", One: true}}},
				{Model: "user", Where: adapter.By("id", "u1")},
				{Model: "thing", Where: adapter.By("id", "a"), Joins: []adapter.Join{{Model: "user", As: "owner", From: "ownerId", To: "id", One: true}}},
			} {
				want, err := e.a.FindOne(e.ctx, q)
				e.ok(err)
				for range 2 { // with a compiled statement as well
					got := adapter.Record{}
					e.ok(adapter.Scan(e.ctx, e.a, q, func(as, field string, v any) {
						to := got
						if as != "" {
							if got[as] == nil {
								got[as] = adapter.Record{}
							}
							to = got[as].(adapter.Record)
						}
						if _, twice := to[field]; twice {
							e.Fatalf("%s.%s was passed twice", as, field)
						}
						to[field] = v
					}))
					for _, j := range q.Joins {
						if as := j.WithDefaults().As; got[as] == nil {
							got[as] = nil // no row was joined
						}
					}
					if !reflect.DeepEqual(got, want) {
						e.Fatalf("scanned %v, found %v", got, want)
					}
				}
			}
			err := adapter.Scan(e.ctx, e.a, adapter.Find{Model: "session", Where: adapter.By("token", "none")}, func(string, string, any) {
				e.Fatal("no row was passed on")
			})
			e.refused(err, adapter.ErrNotFound)
		}},
		{name: "one under another key", run: func(e *env) {
			seedJoins(e)
			j := user
			j.As = "owner"
			rec, err := e.a.FindOne(e.ctx, adapter.Find{Model: "session", Where: adapter.By("id", "s3"), Joins: []adapter.Join{j}})
			e.ok(err)
			u, _ := rec["owner"].(adapter.Record)
			e.has(u, adapter.Record{"id": "u2"})
			if _, ok := rec["user"]; ok {
				e.Fatal("the join is also under the model's name")
			}
		}},
		{name: "one that is missing is nil", run: func(e *env) {
			e.create("thing", newThing("a", nil))
			rec, err := e.a.FindOne(e.ctx, adapter.Find{Model: "thing", Where: adapter.By("id", "a"), Joins: []adapter.Join{
				{Model: "user", As: "owner", From: "ownerId", To: "id", One: true},
				{Model: "verification", As: "proof", From: "title", To: "identifier", One: true},
			}})
			e.ok(err)
			e.has(rec, adapter.Record{"id": "a", "owner": nil, "proof": nil})
		}},
		{name: "one of several is a single record", run: func(e *env) {
			seedJoins(e)
			rows := e.many(adapter.Find{Model: "user", Where: adapter.By("id", "u1"), Joins: []adapter.Join{{Model: "session", As: "session", From: "id", To: "userId", One: true}}})
			if len(rows) != 1 {
				e.Fatalf("the base row came %d times", len(rows))
			}
			s, _ := rows[0]["session"].(adapter.Record)
			e.has(s, adapter.Record{"userId": "u1"})
		}},
		{name: "many", run: func(e *env) {
			seedJoins(e)
			rec, err := e.a.FindOne(e.ctx, adapter.Find{Model: "user", Where: adapter.By("id", "u1"), Joins: []adapter.Join{sessions}})
			e.ok(err)
			joinedIDs(e, rec, "sessions", "s1", "s2")
			for _, s := range joined(e, rec, "sessions") {
				e.has(s, adapter.Record{"userId": "u1", "createdAt": epoch, "userAgent": nil})
			}
		}},
		{name: "many without a row is an empty list", run: func(e *env) {
			seedJoins(e)
			rec, err := e.a.FindOne(e.ctx, adapter.Find{Model: "user", Where: adapter.By("id", "u3"), Joins: []adapter.Join{sessions}})
			e.ok(err)
			joinedIDs(e, rec, "sessions")
		}},
		{name: "many with the default key", run: func(e *env) {
			seedJoins(e)
			rec, err := e.a.FindOne(e.ctx, adapter.Find{Model: "user", Where: adapter.By("id", "u2"), Joins: []adapter.Join{{Model: "session", From: "id", To: "userId"}}})
			e.ok(err)
			joinedIDs(e, rec, "session", "s3")
		}},
		{name: "many with a limit for each row", run: func(e *env) {
			for _, u := range []string{"u1", "u2"} {
				e.create("user", newUser(u))
				for i := range 3 {
					e.create("session", newSession(fmt.Sprintf("%s-%d", u, i), u))
				}
			}
			j := sessions
			j.Limit = 2
			rows := e.many(adapter.Find{Model: "user", Joins: []adapter.Join{j}})
			if len(rows) != 2 {
				e.Fatalf("%d base rows, want 2", len(rows))
			}
			for _, rec := range rows {
				list := joined(e, rec, "sessions")
				if len(list) != 2 {
					e.Fatalf("%d rows for a limit of 2", len(list))
				}
				for _, s := range list {
					e.has(s, adapter.Record{"userId": rec["id"]})
				}
			}
		}},
		{name: "many stops at 100 by itself", run: func(e *env) {
			e.create("user", newUser("u1"))
			for i := range 101 {
				e.create("session", newSession(fmt.Sprint(i), "u1"))
			}
			rec, err := e.a.FindOne(e.ctx, adapter.Find{Model: "user", Where: adapter.By("id", "u1"), Joins: []adapter.Join{sessions}})
			e.ok(err)
			if n := len(joined(e, rec, "sessions")); n != 100 {
				e.Fatalf("%d rows, want 100", n)
			}
			sessions := sessions
			sessions.Limit = 200
			rec, err = e.a.FindOne(e.ctx, adapter.Find{Model: "user", Where: adapter.By("id", "u1"), Joins: []adapter.Join{sessions}})
			e.ok(err)
			if n := len(joined(e, rec, "sessions")); n != 101 {
				e.Fatalf("%d rows for a limit of 200, want 101", n)
			}
		}},
		{name: "several joins at once", run: func(e *env) {
			seedJoins(e)
			rows := e.many(adapter.Find{Model: "user", Sort: []adapter.Sort{{Field: "id"}}, Joins: []adapter.Join{
				sessions, {Model: "account", From: "id", To: "userId"}, {Model: "thing", As: "thing", From: "id", To: "ownerId", One: true},
			}})
			if got := idsOf(rows); !slices.Equal(got, []string{"u1", "u2", "u3"}) {
				e.Fatalf("base rows %q", got)
			}
			joinedIDs(e, rows[0], "sessions", "s1", "s2")
			joinedIDs(e, rows[0], "account", "a1")
			joinedIDs(e, rows[1], "sessions", "s3")
			joinedIDs(e, rows[1], "account")
			e.has(rows[0], adapter.Record{"thing": nil})
		}},
		{name: "with where, sort, limit and offset of the base rows", run: func(e *env) {
			seedJoins(e)
			rows := e.many(adapter.Find{
				Model: "session", Where: adapter.By("userId", "u1"), Sort: []adapter.Sort{{Field: "id", Desc: true}}, Limit: 1, Offset: 1, Joins: []adapter.Join{user},
			})
			if len(rows) != 1 {
				e.Fatalf("%d rows, want 1", len(rows))
			}
			e.has(rows[0], adapter.Record{"id": "s1"})
			u, _ := rows[0]["user"].(adapter.Record)
			e.has(u, adapter.Record{"id": "u1"})
		}},
		{name: "limit counts base rows, not joined ones", run: func(e *env) {
			seedJoins(e)
			rows := e.many(adapter.Find{Model: "user", Sort: []adapter.Sort{{Field: "id"}}, Limit: 2, Joins: []adapter.Join{sessions}})
			if got := idsOf(rows); !slices.Equal(got, []string{"u1", "u2"}) {
				e.Fatalf("base rows %q", got)
			}
			joinedIDs(e, rows[0], "sessions", "s1", "s2")
		}},
		{name: "with select, also when it leaves out the joining field", run: func(e *env) {
			seedJoins(e)
			rec, err := e.a.FindOne(e.ctx, adapter.Find{Model: "session", Where: adapter.By("id", "s1"), Select: []string{"token"}, Joins: []adapter.Join{user}})
			e.ok(err)
			e.keys(rec, "token", "user")
			u, _ := rec["user"].(adapter.Record)
			e.has(u, adapter.Record{"id": "u1"})
		}},
		{name: "joined records are the caller's", run: func(e *env) {
			e.create("user", newUser("u1"))
			e.create("thing", newThing("a", adapter.Record{"ownerId": "u1", "tags": []string{"x"}}))
			q := adapter.Find{Model: "user", Where: adapter.By("id", "u1"), Joins: []adapter.Join{{Model: "thing", From: "id", To: "ownerId"}}}
			rec, err := e.a.FindOne(e.ctx, q)
			e.ok(err)
			list := joined(e, rec, "thing")
			list[0]["tags"].([]string)[0] = "changed"
			list[0]["title"] = "changed"
			rec, err = e.a.FindOne(e.ctx, q)
			e.ok(err)
			e.has(joined(e, rec, "thing")[0], adapter.Record{"title": "Thing a", "tags": []string{"x"}})
		}},
		{name: "an unknown model is refused", run: func(e *env) {
			_, err := e.a.FindMany(e.ctx, adapter.Find{Model: "user", Joins: []adapter.Join{{Model: "ghost", From: "id", To: "userId"}}})
			e.refused(err, adapter.ErrUnknownModel)
		}},
	}
}
