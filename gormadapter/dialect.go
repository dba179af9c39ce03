package gormadapter

import (
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/sqlcodec"
)

// dialect is how statements are written for a database.
type dialect struct {
	sqlcodec.Dialect
	// prepares says whether statements are worth preparing here. pgx prepares and
	// caches statements by itself, and can be told not to where a proxy in between
	// forbids it.
	prepares bool
	// forUpdate is the clause that locks the rows of a SELECT, or "".
	forUpdate   string
	emptyInsert string
	// noLimit stands before an OFFSET that has no LIMIT.
	noLimit string
}

// dialectOf picks the dialect by the name of GORM's dialector.
func dialectOf(db *gorm.DB) (dialect, error) {
	switch name := db.Dialector.Name(); name {
	case "sqlite", "sqlite3":
		return dialect{Dialect: sqlcodec.SQLite, prepares: true, emptyInsert: " DEFAULT VALUES", noLimit: " LIMIT -1"}, nil
	case "postgres":
		return dialect{Dialect: sqlcodec.Postgres, forUpdate: " FOR UPDATE", emptyInsert: " DEFAULT VALUES"}, nil
	case "mysql":
		return dialect{Dialect: sqlcodec.MySQL, prepares: true, forUpdate: " FOR UPDATE", emptyInsert: " () VALUES ()",
			noLimit: " LIMIT 9223372036854775807"}, nil
	default:
		return dialect{}, fmt.Errorf("%w: %q", ErrDialect, name)
	}
}

func (d dialect) placeholder(b *strings.Builder, n int) {
	if d.Dialect != sqlcodec.Postgres {
		b.WriteByte('?')
		return
	}
	b.WriteByte('$')
	b.WriteString(strconv.Itoa(n))
}

// read writes a column that is read by its place in the row. On SQLite it makes
// an expression of the column. Drivers convert columns that are declared DATE or
// BOOLEAN by guesses of their own, for instance integers as seconds; an
// expression has no declared type and arrives as it is stored. The short name and
// the missing type also spare the driver a third of its work.
func (d dialect) read(b *strings.Builder, prefix string, c *column) {
	if d.Dialect == sqlcodec.SQLite {
		b.WriteByte('+')
	}
	b.WriteString(prefix)
	b.WriteByte('.')
	b.WriteString(c.Quoted)
	if d.Dialect == sqlcodec.SQLite {
		b.WriteString(" AS c")
	}
}

// sort writes one sort key; nulls are the least of all values.
func (d dialect) sort(b *strings.Builder, key string, desc bool) {
	b.WriteString(key)
	if desc {
		b.WriteString(" DESC")
	}
	if d.Dialect == sqlcodec.Postgres {
		if desc {
			b.WriteString(" NULLS LAST")
		} else {
			b.WriteString(" NULLS FIRST")
		}
	}
}

// limit writes LIMIT and OFFSET; 0 is none.
func (b *builder) limit(limit, offset int) {
	if limit > 0 {
		b.WriteString(" LIMIT ")
		b.bind(int64(limit))
	}
	if offset > 0 {
		if limit <= 0 {
			b.WriteString(b.store.dialect.noLimit)
		}
		b.WriteString(" OFFSET ")
		b.bind(int64(offset))
	}
}
