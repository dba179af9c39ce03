package main

import (
	"context"
	"errors"
	"log"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/gormadapter"
)

// Project is a row of the application.
type Project struct {
	gorm.Model
	OwnerID string
}

func main() {
	ctx := context.Background()
	db, err := gormadapter.SQLite(":memory:")
	if err != nil {
		log.Fatal(err)
	}
	auth, err := core.New(core.Options{
		BaseURL:  "http://localhost:3000",
		Secret:   "replace-me-with-32-random-characters-0123456789",
		Database: gormadapter.New(db),
		Plugins:  []core.Plugin{emailpassword.New(emailpassword.Options{})},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := errors.Join(auth.Migrate(ctx), db.AutoMigrate(&Project{})); err != nil {
		log.Fatal(err)
	}
	plugin, _ := emailpassword.From(auth)

	// A user with a first project, or neither.
	err = db.Transaction(func(tx *gorm.DB) error {
		ctx := gormadapter.WithTx(ctx, tx)
		reply, err := plugin.SignUp.Call(ctx, &emailpassword.SignUpInput{
			Name: "Ada", Email: "ada@example.com", Password: "correct horse",
		})
		if err != nil {
			return err
		}
		return tx.Create(&Project{OwnerID: reply.User.ID}).Error
	})
	if err != nil {
		log.Fatal(err)
	}
}
