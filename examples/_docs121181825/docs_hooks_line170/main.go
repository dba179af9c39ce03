package main

import (
	"context"
	"log"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/gormadapter"
)

// Account is a row of the application.
type Account struct {
	gorm.Model
	UserID string
}

func main() {
	db, err := gormadapter.SQLite("app.db")
	if err != nil {
		log.Fatal(err)
	}
	if err := db.AutoMigrate(&Account{}); err != nil {
		log.Fatal(err)
	}
	var auth *core.Auth
	auth, err = core.New(core.Options{
		BaseURL:  "http://localhost:3000",
		Secret:   "replace-me-with-32-random-characters-0123456789",
		Database: gormadapter.New(db),
		Plugins:  []core.Plugin{emailpassword.New(emailpassword.Options{})},
		Store: core.StoreHooks{User: core.ModelHooks[core.User]{
			// The user and the application's row, or neither.
			BeforeCreate: func(ctx context.Context, u *core.User) error {
				id, err := secret.ID(auth.Rand())
				if err != nil {
					return err
				}
				u.ID = id // chosen here, so that the other row can name it
				tx, ok := gormadapter.FromContext(ctx)
				if !ok {
					tx = db.WithContext(ctx)
				}
				return tx.Create(&Account{UserID: id}).Error
			},
			AfterCreate: func(ctx context.Context, u *core.User) error {
				log.Println("welcome", u.ID)
				return nil
			},
		}},
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := auth.Migrate(context.Background()); err != nil {
		log.Fatal(err)
	}
}
