package mongo_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/mongo"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/suites/adaptertest"
)

func opened(t *testing.T, db *driver.Database, s *schema.Schema) interface {
	adapter.Adapter
	adapter.Migrator
} {
	t.Helper()
	return must[adapter.Adapter](t)(mongo.New(db, mongo.Options{}).Open(s)).(interface {
		adapter.Adapter
		adapter.Migrator
	})
}

func planned(t *testing.T, m adapter.Migrator) []string {
	t.Helper()
	out := []string{}
	for _, c := range must[[]adapter.Change](t)(m.Plan(t.Context())) {
		out = append(out, c.SQL)
	}
	return out
}

func TestPlan(t *testing.T) {
	t.Parallel()
	s, err := schema.New(schema.IDString, []schema.Table{
		{Model: "user", Name: "users", Fields: []schema.Field{
			{Name: "email", Column: "mail", Type: schema.String, Unique: true},
			{Name: "username", Type: schema.String, Optional: true, Unique: true},
		}},
		{Model: "member", Fields: []schema.Field{
			{Name: "userId", Type: schema.String, Optional: true, Index: true, References: &schema.Reference{Model: "user"}},
			{Name: "team", Type: schema.String},
		}, Unique: [][]string{{"team", "userId"}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	db := double(t, true).database(t)
	a := opened(t, db, s)
	want := []string{
		`db.createCollection("users")`,
		`db.getCollection("users").createIndex({"mail":1}, {"name":"mail_1","unique":true})`,
		`db.getCollection("users").createIndex({"username":1}, {"name":"username_1","unique":true,"partialFilterExpression":{"username":{"$gte":""}}})`,
		`db.createCollection("member")`,
		`db.getCollection("member").createIndex({"team":1,"userId":1}, {"name":"team_1_userId_1","unique":true,"partialFilterExpression":{"userId":{"$type":["string","objectId","binData"]}}})`,
		`db.getCollection("member").createIndex({"userId":1}, {"name":"userId_1"})`,
	}
	if got := planned(t, a); !slices.Equal(got, want) {
		t.Fatalf("the plan is %q", got)
	}
	if err := a.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := planned(t, a); len(got) != 0 {
		t.Fatalf("the plan after it was done is %q", got)
	}
}

// TestAdopt migrates collections of Better Auth, which have no indexes, beside
// one that the application has made.
func TestAdopt(t *testing.T) {
	t.Parallel()
	db := double(t, true).database(t)
	s := adaptertest.Schema()
	for _, table := range s.Tables() {
		if err := db.CreateCollection(t.Context(), table.Name); err != nil {
			t.Fatal(err)
		}
	}
	own := driver.IndexModel{Keys: bson.D{{Key: "email", Value: 1}}, Options: options.Index().SetName("mine").SetUnique(true)}
	if _, err := db.Collection("user").Indexes().CreateOne(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	a := opened(t, db, s)
	for _, c := range must[[]adapter.Change](t)(a.Plan(t.Context())) {
		if c.Kind != "create index" || c.Table == "user" {
			t.Errorf("planned %+v", c)
		}
	}
	if err := a.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	create(t, a, "user", user("u1"))
}

func TestAnIndexOfSomeRowsDoesNotDo(t *testing.T) {
	t.Parallel()
	db := double(t, true).database(t)
	own := driver.IndexModel{Keys: bson.D{{Key: "email", Value: 1}}, Options: options.Index().SetUnique(true).SetPartialFilterExpression(bson.D{{Key: "name", Value: "Ada"}})}
	if _, err := db.Collection("user").Indexes().CreateOne(t.Context(), own); err != nil {
		t.Fatal(err)
	}
	a := opened(t, db, adaptertest.Schema())
	want := `db.getCollection("user").createIndex({"email":1}, {"name":"email_1","unique":true})`
	if got := planned(t, a); !slices.Contains(got, want) {
		t.Errorf("the plan is %q", got)
	}
	if err := a.Migrate(t.Context()); err == nil {
		t.Error("the index in the way was taken for ours")
	}
}

// TestOptionalKeys stores two rows with and two rows without each kind of value.
func TestOptionalKeys(t *testing.T) {
	t.Parallel()
	d := double(t, true)
	for typ, value := range map[schema.Type]any{
		schema.String: "", schema.Number: int64(-1 << 63), schema.Boolean: false, schema.Date: time.UnixMilli(0), schema.JSON: json.RawMessage(`null`),
	} {
		t.Run(string(typ), func(t *testing.T) {
			t.Parallel()
			s, err := schema.New(schema.IDString, []schema.Table{{Model: "row", Fields: []schema.Field{{Name: "key", Type: typ, Optional: true, Unique: true}}}}, nil)
			if err != nil {
				t.Fatal(err)
			}
			a := migrated(t, d.database(t), s, mongo.Options{})
			for i, key := range []any{nil, nil, value} {
				create(t, a, "row", adapter.Record{"id": string(rune('a' + i)), "key": key})
			}
			if _, err := a.Create(t.Context(), "row", adapter.Record{"id": "z", "key": value}); !errors.Is(err, adapter.ErrUnique) {
				t.Errorf("got the error %v, want %v", err, adapter.ErrUnique)
			}
		})
	}
}

func TestMigrateReportsDuplicates(t *testing.T) {
	t.Parallel()
	db := double(t, true).database(t)
	for _, id := range []string{"a", "b"} {
		if _, err := db.Collection("user").InsertOne(t.Context(), bson.D{{Key: "_id", Value: id}, {Key: "email", Value: "same@example.com"}}); err != nil {
			t.Fatal(err)
		}
	}
	a := opened(t, db, adaptertest.Schema())
	if err := a.Migrate(t.Context()); !errors.Is(err, adapter.ErrUnique) {
		t.Errorf("got the error %v, want %v", err, adapter.ErrUnique)
	} else if text := err.Error(); !strings.Contains(text, `"user" needs a unique key on (email), but 2 rows share values that are there more than once, 1 in all`) || strings.Contains(text, "example.com") {
		t.Error(text)
	}
	wantRows(t, a, "user", 2)
}

func TestMigrateNamesProvidersOfDoubledAccounts(t *testing.T) {
	t.Parallel()
	db := double(t, true).database(t)
	for _, id := range []string{"a", "b", "c"} {
		row := bson.D{{Key: "_id", Value: id}, {Key: "providerId", Value: "google"}, {Key: "accountId", Value: "1"}}
		if _, err := db.Collection("account").InsertOne(t.Context(), row); err != nil {
			t.Fatal(err)
		}
	}
	s, err := schema.New(schema.IDString, []schema.Table{{Model: "account", Unique: [][]string{{"providerId", "accountId"}}, Fields: []schema.Field{
		{Name: "providerId", Type: schema.String}, {Name: "accountId", Type: schema.String},
	}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = opened(t, db, s).Migrate(t.Context())
	if !errors.Is(err, adapter.ErrUnique) || !strings.Contains(err.Error(), "3 rows share values that are there more than once, 1 in all (of the providers google 1)") {
		t.Error(err)
	}
}

// TestAPartialIndexOfOthersIsNotOurs has a unique index of the rows of
// administrators, on a field that is optional.
func TestAPartialIndexOfOthersIsNotOurs(t *testing.T) {
	t.Parallel()
	s, err := schema.New(schema.IDString, []schema.Table{{Model: "user", Fields: []schema.Field{{Name: "username", Type: schema.String, Optional: true, Unique: true}}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	db := double(t, true).database(t)
	theirs := driver.IndexModel{Keys: bson.D{{Key: "username", Value: 1}}, Options: options.Index().SetName("theirs").SetUnique(true).SetPartialFilterExpression(bson.D{{Key: "admin", Value: true}})}
	if _, err := db.Collection("user").Indexes().CreateOne(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	a := opened(t, db, s)
	want := `db.getCollection("user").createIndex({"username":1}, {"name":"username_1","unique":true,"partialFilterExpression":{"username":{"$gte":""}}})`
	if got := planned(t, a); !slices.Equal(got, []string{want}) {
		t.Errorf("the plan is %q", got)
	}
	if err := a.Migrate(t.Context()); err == nil || !strings.Contains(err.Error(), "another index on (username) is in the way: drop it and migrate again") {
		t.Error(err)
	}
}

func TestMigrateFromManyProcesses(t *testing.T) {
	t.Parallel()
	db := double(t, true).database(t)
	var wg sync.WaitGroup
	for range 8 {
		a := opened(t, db, adaptertest.Schema())
		wg.Go(func() {
			if err := a.Migrate(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := planned(t, opened(t, db, adaptertest.Schema())); len(got) != 0 {
		t.Errorf("still planned: %q", got)
	}
}

func TestMigrateUnderATransactionIsNoPartOfIt(t *testing.T) {
	t.Parallel()
	db := double(t, true).database(t)
	a := opened(t, db, adaptertest.Schema())
	err := a.Tx(t.Context(), func(ctx context.Context) error { return a.Migrate(ctx) })
	if err != nil {
		t.Fatal(err)
	}
	if got := planned(t, a); len(got) != 0 {
		t.Errorf("still planned: %q", got)
	}
}
