package gormadapter

import (
	"io"

	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/internal/gormmodels"
)

// Models writes a Go file of package name with a GORM model for every table of
// the schema, usually Auth.DatabaseSchema(). For the dialect, the models have
// the columns and types, null, unique keys, indexes and foreign keys that
// Migrate makes, with Migrate's names of indexes. The file's function Tables
// lists the models for AutoMigrate, or for a tool that makes migrations from
// GORM models. The tables that AutoMigrate makes are complete: Plan finds
// nothing to do.
//
// Use the models to read, and for relations of the application's own models.
// Write users, sessions and accounts through Auth.Store, which fills in ids and
// runs hooks. Hidden fields, such as password hashes, and secret fields, such as
// session tokens, are left out of JSON, and a row that has such fields prints and logs
// its id only.
func Models(w io.Writer, dialect schema.Dialect, s *schema.Schema, name string) error {
	d, err := codec(dialect)
	if err != nil {
		return err
	}
	return gormmodels.Write(w, d, s, name)
}
