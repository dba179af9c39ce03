package mongo_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/mongo"
	"github.com/advantch/kernia-go/core/adapters/mongo/internal/mongotest"
	"github.com/advantch/kernia-go/core/schema"
)

func Example() {
	uri, stop := exampleServer() // yours: "mongodb://…"
	defer stop()
	client, err := driver.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	defer client.Disconnect(ctx)
	db := client.Database("auth")

	// Kernia does this with the Database and the schema of its options.
	tables, err := schema.New(schema.IDString, []schema.Table{{Model: "user", Fields: []schema.Field{
		{Name: "email", Type: schema.String, Unique: true},
		{Name: "createdAt", Type: schema.Date},
	}}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	auth, err := mongo.New(db, mongo.Options{}).Open(tables)
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := auth.(adapter.Migrator).Plan(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, change := range plan {
		fmt.Println(change.SQL)
	}
	if err := auth.(adapter.Migrator).Migrate(ctx); err != nil {
		fmt.Println(err)
		return
	}

	// A user and the application's own document, or neither.
	err = auth.Tx(ctx, func(ctx context.Context) error {
		user, err := auth.Create(ctx, "user", adapter.Record{
			"id": "6b04bb4b28186351d0fed8ad", "email": "ada@example.com", "createdAt": time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		})
		if err != nil {
			return err
		}
		_, err = db.Collection("invoice").InsertOne(ctx, bson.D{{Key: "_id", Value: 1}, {Key: "user", Value: user["id"]}})
		return err
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	stored, err := db.Collection("user").FindOne(ctx, bson.D{}).Raw()
	fmt.Println(stored, err)
	// Output:
	// db.createCollection("user")
	// db.getCollection("user").createIndex({"email":1}, {"name":"email_1","unique":true})
	// {"_id": {"$oid":"6b04bb4b28186351d0fed8ad"},"email": "ada@example.com","createdAt": {"$date":{"$numberLong":"1767225600000"}}} <nil>
}

// exampleServer runs the double; an example has no testing.T.
func exampleServer() (uri string, stop func()) {
	t := &exampleTB{}
	return mongotest.Start(t, true).URI(), t.cleanUp
}

type exampleTB struct {
	testing.TB
	cleanups []func()
}

func (t *exampleTB) Helper()           {}
func (t *exampleTB) Cleanup(fn func()) { t.cleanups = append(t.cleanups, fn) }
func (t *exampleTB) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func (t *exampleTB) cleanUp() {
	for _, fn := range t.cleanups {
		fn()
	}
}
