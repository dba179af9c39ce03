package adaptertest

import (
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// Schema returns the tables that most cases use, with string ids: user, session,
// account and verification as Better Auth 1.6 declares them, and "thing", which has a
// field of every type.
func Schema() *schema.Schema { return withIDs(schema.IDString) }

func withIDs(kind schema.IDKind) *schema.Schema {
	s, err := schema.New(kind, tables(), nil)
	if err != nil {
		panic(err) // the tables below are constant
	}
	return s
}

func tables() []schema.Table {
	owner := func(onDelete string) *schema.Reference {
		return &schema.Reference{Model: "user", OnDelete: onDelete}
	}
	return []schema.Table{
		{Model: "user", Order: 1, Fields: []schema.Field{
			{Name: "name", Type: schema.String, Sortable: true},
			{Name: "email", Type: schema.String, Unique: true, Sortable: true},
			{Name: "emailVerified", Type: schema.Boolean, NoInput: true, Default: schema.Value(false)},
			{Name: "image", Type: schema.String, Optional: true},
			{Name: "createdAt", Type: schema.Date, Default: schema.Now},
			{Name: "updatedAt", Type: schema.Date, Default: schema.Now, OnUpdate: schema.Now},
		}},
		{Model: "session", Order: 2, Fields: []schema.Field{
			{Name: "expiresAt", Type: schema.Date},
			{Name: "token", Type: schema.String, Unique: true},
			{Name: "createdAt", Type: schema.Date, Default: schema.Now},
			{Name: "updatedAt", Type: schema.Date, OnUpdate: schema.Now},
			{Name: "ipAddress", Type: schema.String, Optional: true},
			{Name: "userAgent", Type: schema.String, Optional: true},
			{Name: "userId", Type: schema.String, Index: true, References: owner("cascade")},
		}},
		{Model: "account", Order: 3, Fields: []schema.Field{
			{Name: "accountId", Type: schema.String},
			{Name: "providerId", Type: schema.String},
			{Name: "userId", Type: schema.String, Index: true, References: owner("cascade")},
			{Name: "accessToken", Type: schema.String, Optional: true, Hidden: true},
			{Name: "refreshToken", Type: schema.String, Optional: true, Hidden: true},
			{Name: "idToken", Type: schema.String, Optional: true, Hidden: true},
			{Name: "accessTokenExpiresAt", Type: schema.Date, Optional: true, Hidden: true},
			{Name: "refreshTokenExpiresAt", Type: schema.Date, Optional: true, Hidden: true},
			{Name: "scope", Type: schema.String, Optional: true},
			{Name: "password", Type: schema.String, Optional: true, Hidden: true},
			{Name: "createdAt", Type: schema.Date, Default: schema.Now},
			{Name: "updatedAt", Type: schema.Date, OnUpdate: schema.Now},
		}},
		{Model: "verification", Order: 4, Fields: []schema.Field{
			{Name: "identifier", Type: schema.String, Index: true},
			{Name: "value", Type: schema.String},
			{Name: "expiresAt", Type: schema.Date},
			{Name: "createdAt", Type: schema.Date, Default: schema.Now},
			{Name: "updatedAt", Type: schema.Date, Default: schema.Now, OnUpdate: schema.Now},
		}},
		{Model: "thing", Order: 5, Fields: []schema.Field{
			{Name: "title", Type: schema.String, Sortable: true, Index: true},
			{Name: "code", Type: schema.String, Optional: true, Unique: true},
			{Name: "note", Type: schema.String, Optional: true},
			{Name: "rank", Type: schema.Number, Optional: true}, // a reserved word of MySQL
			{Name: "ratio", Type: schema.Number, Optional: true},
			{Name: "big", Type: schema.Number, BigInt: true, Optional: true},
			{Name: "done", Type: schema.Boolean, Optional: true},
			{Name: "at", Type: schema.Date, Optional: true},
			{Name: "meta", Type: schema.JSON, Optional: true},
			{Name: "tags", Type: schema.StringArray, Optional: true},
			{Name: "scores", Type: schema.NumberArray, Optional: true},
			{Name: "ownerId", Type: schema.String, Optional: true, Index: true, References: owner("set null")},
		}},
	}
}

// build returns a maker of a schema with string ids.
func build(tables ...schema.Table) func(t *testing.T) *schema.Schema {
	return func(t *testing.T) *schema.Schema {
		t.Helper()
		s, err := schema.New(schema.IDString, tables, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func ofKind(kind schema.IDKind) func(t *testing.T) *schema.Schema {
	return func(*testing.T) *schema.Schema { return withIDs(kind) }
}

// epoch is the time that the cases count from.
var epoch = time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)

// newUser is a valid user; its email follows its id.
func newUser(id string) adapter.Record {
	return adapter.Record{
		"id": id, "name": "User " + id, "email": id + "@example.com", "emailVerified": false,
		"createdAt": epoch, "updatedAt": epoch,
	}
}

// newSession is a valid session; its token follows its id.
func newSession(id, userID string) adapter.Record {
	return adapter.Record{
		"id": id, "token": "token-" + id, "userId": userID,
		"expiresAt": epoch.Add(time.Hour), "createdAt": epoch, "updatedAt": epoch,
	}
}

func newAccount(id, userID string) adapter.Record {
	return adapter.Record{
		"id": id, "accountId": "acc-" + id, "providerId": "credential", "userId": userID,
		"createdAt": epoch, "updatedAt": epoch,
	}
}

func newVerification(id, identifier string) adapter.Record {
	return adapter.Record{
		"id": id, "identifier": identifier, "value": "v-" + id,
		"expiresAt": epoch.Add(time.Hour), "createdAt": epoch, "updatedAt": epoch,
	}
}

// newThing is a thing with only a title, plus given fields.
func newThing(id string, fields adapter.Record) adapter.Record {
	rec := adapter.Record{"id": id, "title": "Thing " + id}
	for name, value := range fields {
		rec[name] = value
	}
	return rec
}
