package entadapter

import (
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/internal/entschema"
)

// Schema writes the ent schema of the tables of s, usually Auth.DatabaseSchema(), into a
// directory, usually ent/schema. The directory is made if it is missing, and its name is
// the name of the package. It gets a file for each table, with fields, edges and indexes,
// and one file that these share. `ent generate` takes them, alone or beside the
// application's own.
//
// The tables that ent's migration makes of them are complete on SQLite,
// PostgreSQL and MySQL: Plan finds nothing to do. Columns have the types that
// Migrate gives them, except that SQLite's booleans are declared as such. A foreign
// key to another field than the id is left out, since ent has none.
//
// Schema overwrites only files that it has made itself. If another file is in
// the way, the error is fs.ErrExist (wrapped) and nothing is written.
func Schema(dir string, s *schema.Schema) error { return entschema.Write(dir, s) }
