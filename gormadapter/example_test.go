package gormadapter_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/gormadapter"
)

// invoice is a model of the application.
type invoice struct {
	ID     uint
	UserID string
}

func Example() {
	db, err := gormadapter.SQLite(":memory:") // or a file: "auth.db"
	if err != nil {
		log.Fatal(err)
	}
	if err := db.AutoMigrate(&invoice{}); err != nil {
		log.Fatal(err)
	}

	// Kernia does this with the Database and the schema of its options.
	tables, err := schema.New(schema.IDString, []schema.Table{{Model: "user", Fields: []schema.Field{
		{Name: "email", Type: schema.String, Unique: true},
		{Name: "createdAt", Type: schema.Date},
	}}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	auth, err := gormadapter.New(db).Open(tables)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
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

	// A user and the application's own row, or neither.
	err = db.Transaction(func(tx *gorm.DB) error {
		user, err := auth.Create(gormadapter.WithTx(ctx, tx), "user", adapter.Record{
			"id": "u1", "email": "ada@example.com", "createdAt": time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		})
		if err != nil {
			return err
		}
		fmt.Println(user["email"], user["createdAt"])
		return tx.Create(&invoice{UserID: user["id"].(string)}).Error
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// create table "user" ("id" text not null primary key, "email" text not null unique, "createdAt" date not null)
	// ada@example.com 2026-01-01 00:00:00 +0000 UTC
}

// A hook that runs inside one of Kernia's transactions writes the application's
// rows with it.
func ExampleFromContext() {
	afterSignUp := func(ctx context.Context, userID string) error {
		tx, ok := gormadapter.FromContext(ctx)
		if !ok {
			return fmt.Errorf("no transaction")
		}
		return tx.Create(&invoice{UserID: userID}).Error
	}
	fmt.Println(afterSignUp(context.Background(), "u1"))
	// Output: no transaction
}
