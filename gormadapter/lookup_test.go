package gormadapter

import (
	"errors"
	"maps"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

var at = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// A cached statement must answer like a new one: for values that no row has, that the
// column cannot hold, and with a join or without.
func TestLookupAnswersAsTheGeneralWay(t *testing.T) {
	t.Parallel()
	for _, ids := range []schema.IDKind{schema.IDString, schema.IDSerial, schema.IDUUID} {
		s := authSchema(t, ids)
		a := migrated(t, file(t), s)
		user := adapter.Record{"name": "Ada", "email": "ada@example.com", "emailVerified": true, "createdAt": at, "updatedAt": at}
		if ids != schema.IDSerial {
			user["id"] = "0195c3c4-7c1f-7000-8000-000000000001"
		}
		u, err := a.Create(t.Context(), "user", user)
		if err != nil {
			t.Fatal(err)
		}
		join := []adapter.Join{{Model: "user", From: "userId", To: "id", One: true}}
		session := adapter.Record{"token": "tok", "userId": u["id"], "expiresAt": at, "createdAt": at, "updatedAt": at}
		if ids != schema.IDSerial {
			session["id"] = "0195c3c4-7c1f-7000-8000-000000000002"
		}
		if _, err := a.Create(t.Context(), "session", session); err != nil {
			t.Fatal(err)
		}
		for _, q := range []adapter.Find{
			{Model: "session", Where: adapter.By("token", "tok"), Joins: join},
			{Model: "session", Where: adapter.By("token", "tok")},
			{Model: "session", Where: adapter.By("token", "none"), Joins: join},
			{Model: "session", Where: adapter.By("token", "a\x00b")},
			{Model: "session", Where: adapter.By("token", 7)},
			{Model: "session", Where: adapter.By("userId", u["id"])}, // not unique
			{Model: "user", Where: adapter.By("id", u["id"])},
			{Model: "user", Where: adapter.By("id", "no id of any kind")},
			{Model: "user", Where: adapter.By("email", "ADA@example.com")},
			{Model: "user", Where: adapter.By("nothing", "x")},
			{Model: "nothing", Where: adapter.By("id", "x")},
		} {
			for range 2 { // made, then kept
				got, err := a.FindOne(t.Context(), q)
				many, manyErr := a.FindMany(t.Context(), q)
				var want adapter.Record
				if manyErr == nil && len(many) == 0 {
					manyErr = adapter.ErrNotFound
				} else if len(many) > 0 {
					want = many[0]
				}
				for _, known := range []error{adapter.ErrNotFound, adapter.ErrBadValue, adapter.ErrUnknownField, adapter.ErrUnknownModel} {
					if errors.Is(err, known) != errors.Is(manyErr, known) {
						t.Errorf("%v %+v: %v, in the general way %v", ids, q, err, manyErr)
					}
				}
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%v %+v: %v, in the general way %v", ids, q, got, want)
				}
			}
		}
	}
}

// SQLite keeps any value in any column. A packed row must answer like one that is read by
// its columns.
func TestPackedRowsAnswerAsTheGeneralWay(t *testing.T) {
	t.Parallel()
	db := file(t)
	a := migrated(t, db, authSchema(t, schema.IDString))
	addUser(t, a, "u1")
	addSession(t, a, "s1", "u1")
	q := bySession("token-s1")
	if l := a.(*store).lookup(&q); l == nil || l.packed == "" {
		t.Fatal("the lookup of a session is not packed")
	}
	for _, set := range []string{
		`"userAgent" = 'quotes " and '' and \ and / and é and 𝒳'`, `"userAgent" = char(1, 8, 9, 10, 12, 13, 31, 127, 8232)`, `"userAgent" = ''`,
		`"userAgent" = '","'`, `"userAgent" = '[null]'`, `"userAgent" = '{"a":1}'`, `"userAgent" = json('{"a":1}')`, `"userAgent" = CAST(x'ff41' AS TEXT)`,
		`"userAgent" = x'0041ff'`, `"userAgent" = 17`, `"userAgent" = 1.5`, `"userAgent" = 9223372036854775807`,
		`"expiresAt" = 1767268800123`, `"expiresAt" = 1767268800123.5`, `"expiresAt" = '2026-01-01 12:00:00'`, `"expiresAt" = 'soon'`, `"expiresAt" = 9e999`,
	} {
		if err := db.Exec("UPDATE session SET " + set).Error; err != nil {
			t.Fatal(set, err)
		}
		got, err := a.FindOne(t.Context(), q)
		many, manyErr := a.FindMany(t.Context(), q)
		if (err == nil) != (manyErr == nil) || err != nil && err.Error() != manyErr.Error() {
			t.Errorf("%s: %v, in the general way %v", set, err, manyErr)
		}
		if manyErr == nil && !reflect.DeepEqual(got, many[0]) {
			t.Errorf("%s: %v, in the general way %v", set, got, many[0])
		}
		if err := db.Exec(`UPDATE session SET "userAgent" = NULL, "expiresAt" = '2026-01-01T12:00:00.000Z'`).Error; err != nil {
			t.Fatal(err)
		}
	}
	for _, set := range []string{"height = 1.1234567890123456", "height = 0.1", "height = 3", "serial = 9007199254740993"} {
		if err := db.Exec(`UPDATE "user" SET ` + set).Error; err != nil {
			t.Fatal(set, err)
		}
		got, err := a.FindOne(t.Context(), q)
		many, manyErr := a.FindMany(t.Context(), q)
		if err != nil || manyErr != nil || !reflect.DeepEqual(got, many[0]) {
			t.Errorf("%s: %v %v, in the general way %v %v", set, got, err, many, manyErr)
		}
	}
}

// Rows of concurrent callers must not mix.
func TestLookupsShareNoRow(t *testing.T) {
	t.Parallel()
	a := migrated(t, file(t), authSchema(t, schema.IDString))
	names := []string{"a", "b", "c", "d"}
	for _, n := range names {
		if _, err := a.Create(t.Context(), "user", adapter.Record{"id": n, "name": n, "email": n + "@example.com", "emailVerified": false, "createdAt": at, "updatedAt": at}); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for _, n := range names {
		wg.Go(func() {
			var first adapter.Record
			for range 100 {
				rec, err := a.FindOne(t.Context(), adapter.Find{Model: "user", Where: adapter.By("id", n)})
				if err != nil || rec["name"] != n || first != nil && !maps.Equal(first, rec) {
					t.Errorf("%s: %v, %v", n, rec, err)
					return
				}
				first = rec
			}
		})
	}
	wg.Wait()
}
