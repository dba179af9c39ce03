package gormadapter

import (
	"fmt"
	"strconv"
	"strings"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// dialect holds a database's ways to write statements.
type dialect struct {
	sqlcodec.Dialect
	// prepares says whether this package prepares statements. pgx prepares and caches
	// statements by itself, and has a setting against it for proxies that forbid it.
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

// read writes a column that is read by its place in the row.
func (d dialect) read(b *strings.Builder, prefix string, c *column) {
	before, after := d.Around(c)
	b.WriteString(before)
	b.WriteString(prefix)
	b.WriteByte('.')
	b.WriteString(c.Quoted)
	b.WriteString(after)
}

// sort writes one sort key; nulls come before all other values. Where there are none,
// PostgreSQL is not told, because it would then use no index.
func (d dialect) sort(b *strings.Builder, key string, nulls, desc bool) {
	b.WriteString(key)
	if desc {
		b.WriteString(" DESC")
	}
	if d.Dialect == sqlcodec.Postgres && nulls {
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

// lock ends a SELECT with a clause that locks its rows, or with nothing.
func (b *builder) lock(clause string) {
	b.WriteString(clause)
	b.locks = clause != ""
}
