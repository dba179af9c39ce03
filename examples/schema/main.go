// Command schema is for applications that keep their own migrations. It prints the
// SQL of Kernia's tables, or writes them as GORM models or as an ent schema: for the
// plugins and fields of the application's own configuration, here newAuth. Copy it
// beside your program, and run it again when a plugin or a field is added.
//
//	go run ./schema sql postgres > migrations/0001_auth.sql
//	go run ./schema gorm postgres > models/models.go
//	go run ./schema ent ./ent/schema
//
// The databases are sqlite, postgres and mysql. No database is opened: an adapter in
// memory is enough to know the tables.
package main

import (
	"errors"
	"io"
	"log"
	"os"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/entadapter"
	"github.com/advantch/kernia-go/gormadapter"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

// newAuth is the application's configuration.
func newAuth() (*core.Auth, error) {
	return core.New(core.Options{
		BaseURL:  "http://localhost:3000",
		Secret:   "only the tables are asked for, nothing is signed",
		Database: memory.New(),
		Plugins: []core.Plugin{
			emailpassword.New(emailpassword.Options{}),
			organization.New(organization.Options{}),
		},
		User: core.UserOptions{TableOptions: core.TableOptions{Fields: []schema.Field{
			{Name: "locale", Type: schema.String, Optional: true},
		}}},
	})
}

var errUsage = errors.New("usage: schema sql|gorm sqlite|postgres|mysql, or schema ent <directory>")

func run(out io.Writer, args []string) error {
	if len(args) != 2 {
		return errUsage
	}
	auth, err := newAuth()
	if err != nil {
		return err
	}
	what, where, tables := args[0], args[1], auth.DatabaseSchema()
	if what == "ent" {
		return entadapter.Schema(where, tables)
	}
	dialect := schema.Dialect(where)
	switch {
	case dialect != schema.SQLite && dialect != schema.Postgres && dialect != schema.MySQL:
		return errUsage
	case what == "gorm":
		return gormadapter.Models(out, dialect, tables, "models")
	case what != "sql":
		return errUsage
	}
	return gormadapter.SQL(out, dialect, tables)
}
