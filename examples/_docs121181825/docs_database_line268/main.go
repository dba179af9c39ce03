package main

import (
	"context"
	"fmt"
	"log"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/schema"
)

// The handles name the fields in one place.
var (
	Locale = core.Field[string]{Name: "locale"}
	Plan   = core.Field[string]{Name: "plan"}
)

func main() {
	ctx := context.Background()
	auth, err := core.New(core.Options{
		BaseURL:  "http://localhost:3000",
		Secret:   "replace-me-with-32-random-characters-0123456789",
		Database: memory.New(),
		User: core.UserOptions{TableOptions: core.TableOptions{Fields: []schema.Field{
			{Name: Locale.Name, Type: schema.String, Optional: true},
			{Name: Plan.Name, Type: schema.String, Default: schema.Value("free"), NoInput: true},
		}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	user, err := auth.Store().CreateUser(ctx, core.User{Name: "Ada", Email: "ada@example.com"})
	if err != nil {
		log.Fatal(err)
	}
	user, err = auth.Store().UpdateUser(ctx, user.ID, adapter.Record{Plan.Name: "team"})
	if err != nil {
		log.Fatal(err)
	}
	plan, _ := Plan.Of(user.Extra)
	fmt.Println(plan) // team
}
