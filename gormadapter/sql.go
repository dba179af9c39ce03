package gormadapter

import (
	"fmt"
	"io"

	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqlmigrate"
)

// SQL writes the statements with which Migrate makes the tables, indexes and foreign keys
// of a schema, usually Auth.DatabaseSchema(), in an empty database. Each statement ends
// in a semicolon at the end of its line. New tables of MySQL get the collation
// utf8mb4_bin, because tokens are case-sensitive. No database is opened. The error for an
// unknown dialect is ErrDialect (wrapped).
func SQL(w io.Writer, dialect schema.Dialect, s *schema.Schema) error {
	d, err := codec(dialect)
	if err != nil {
		return err
	}
	for _, change := range sqlmigrate.New(d, s).Create("") {
		if _, err := fmt.Fprintf(w, "%s;\n", change.SQL); err != nil {
			return err
		}
	}
	return nil
}

func codec(dialect schema.Dialect) (sqlcodec.Dialect, error) {
	switch dialect {
	case schema.SQLite, schema.Postgres, schema.MySQL:
		return sqlcodec.Dialect(dialect), nil
	}
	return "", fmt.Errorf("%w: %q", ErrDialect, dialect)
}
