package entadapter_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"entgo.io/ent/dialect"
	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/entadapter"
)

// openAuth opens an adapter as Kernia does with the Database and the schema of
// its options.
func openAuth(drv dialect.Driver) adapter.Adapter {
	tables, err := schema.New(schema.IDString, []schema.Table{{Model: "user", Fields: []schema.Field{
		{Name: "email", Type: schema.String, Unique: true},
		{Name: "createdAt", Type: schema.Date},
	}}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	auth, err := entadapter.New(drv).Open(tables)
	if err != nil {
		log.Fatal(err)
	}
	return auth
}

func Example() {
	drv, err := entadapter.SQLite(":memory:") // or a file: "auth.db"
	if err != nil {
		log.Fatal(err)
	}
	defer drv.Close()
	// client := ent.NewClient(ent.Driver(drv)) is the application's own.

	ctx := context.Background()
	auth := openAuth(drv)
	plan, err := auth.(adapter.Migrator).Plan(ctx)
	if err != nil {
		log.Fatal(err)
	}
	for _, change := range plan {
		fmt.Println(change.SQL)
	}
	if err := auth.(adapter.Migrator).Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	user, err := auth.Create(ctx, "user", adapter.Record{
		"id": "u1", "email": "ada@example.com", "createdAt": time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(user["email"], user["createdAt"])
	// Output:
	// create table "user" ("id" text not null primary key, "email" text not null unique, "createdAt" date not null)
	// ada@example.com 2026-01-01 00:00:00 +0000 UTC
}

// A user and the application's own row are written together, or neither is.
func ExampleWithTx() {
	drv, err := entadapter.SQLite(":memory:")
	if err != nil {
		log.Fatal(err)
	}
	defer drv.Close()
	if _, err := drv.DB().Exec("CREATE TABLE invoices (user_id text)"); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	auth := openAuth(drv)
	if err := auth.(adapter.Migrator).Migrate(ctx); err != nil {
		log.Fatal(err)
	}

	tx, err := drv.Tx(ctx)
	if err != nil {
		log.Fatal(err)
	}
	inside := entadapter.WithTx(ctx, tx)
	_, err = auth.Create(inside, "user", adapter.Record{"id": "u1", "email": "ada@example.com", "createdAt": time.Now()})
	if err != nil {
		log.Fatal(err)
	}
	// With generated code: client := ent.NewClient(ent.Driver(bound)).
	bound, _ := entadapter.FromContext(inside, drv)
	query, args := entsql.Dialect(bound.Dialect()).Insert("invoices").Columns("user_id").Values("u1").Query()
	if err := bound.Exec(inside, query, args, nil); err != nil {
		log.Fatal(err)
	}
	if err := tx.Rollback(); err != nil {
		log.Fatal(err)
	}

	users, err := auth.Count(ctx, "user", nil)
	if err != nil {
		log.Fatal(err)
	}
	var invoices int
	if err := drv.DB().QueryRow("SELECT count(*) FROM invoices").Scan(&invoices); err != nil {
		log.Fatal(err)
	}
	fmt.Println(users, "users,", invoices, "invoices")
	// Output: 0 users, 0 invoices
}
