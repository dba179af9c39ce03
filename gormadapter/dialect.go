package gormadapter

import (
	"fmt"
	"math"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// dialect holds all that differs between databases.
type dialect interface {
	name() string
	note() string
	// prepares says whether statements are worth preparing here; false where
	// the driver keeps its own prepared statements.
	prepares() bool
	// oneWriter says that the database has one writer at a time, so writers of
	// this process queue here instead of polling the database's lock.
	oneWriter() bool
	// returns says whether INSERT, UPDATE and DELETE take RETURNING.
	returns() bool
	// maxSerial is the greatest id that an integer primary key may have.
	maxSerial() int64
	// forUpdate is the clause that locks the rows of a SELECT, or "".
	forUpdate() string

	placeholder(b *strings.Builder, n int)
	// read writes a column that is read by its place in the row.
	read(b *strings.Builder, prefix string, c *column)
	// equal, in and match write a condition on text or any other column. With
	// fold, ASCII letter case is ignored; without, it counts.
	equal(b *builder, c *column, not bool, arg any, fold bool)
	in(b *builder, c *column, not bool, args []any, fold bool)
	match(b *builder, c *column, op adapter.Op, text string, fold bool)
	// sort writes one sort key; nulls are the least of all values.
	sort(b *strings.Builder, key string, desc bool)
	// limit writes LIMIT and OFFSET; 0 is none.
	limit(b *builder, limit, offset int)
	emptyInsert() string

	boolean(v bool) any
	number(v any) any // an int64 or a float64
	date(at time.Time) any

	classify(err error) error
	safeText(err error) string

	migration
}

// dialectOf picks the dialect by the name of GORM's dialector.
func dialectOf(db *gorm.DB, ids schema.IDKind) (dialect, error) {
	switch name := db.Dialector.Name(); name {
	case "sqlite", "sqlite3":
		return sqlite{standard{ids: ids}}, nil
	case "postgres":
		return postgres{standard{ids: ids}}, nil
	case "mysql":
		return mysql{standard{ids: ids}}, nil
	default:
		return nil, fmt.Errorf("%w: %q", ErrDialect, name)
	}
}

// standard is what most dialects share.
type standard struct {
	ids schema.IDKind
}

func (standard) note() string                          { return "" }
func (standard) prepares() bool                        { return true }
func (standard) oneWriter() bool                       { return false }
func (standard) returns() bool                         { return true }
func (standard) forUpdate() string                     { return " FOR UPDATE" }
func (standard) emptyInsert() string                   { return " DEFAULT VALUES" }
func (standard) boolean(v bool) any                    { return v }
func (standard) date(at time.Time) any                 { return at }
func (standard) safeText(err error) string             { return codeOnly(err.Error()) }
func (standard) classify(error) error                  { return nil }
func (standard) placeholder(b *strings.Builder, _ int) { b.WriteByte('?') }

func (standard) read(b *strings.Builder, prefix string, c *column) {
	b.WriteString(prefix)
	b.WriteByte('.')
	b.WriteString(c.quoted)
}

func (standard) maxSerial() int64 { return math.MaxInt64 }

func (standard) number(v any) any { return v }

func (standard) equal(b *builder, c *column, not bool, arg any, fold bool) {
	op := " = "
	if not {
		op = " <> "
	}
	if !fold {
		b.WriteString(c.full)
		b.WriteString(op)
		b.bind(arg)
		return
	}
	b.WriteString("lower(")
	b.WriteString(c.full)
	b.WriteByte(')')
	b.WriteString(op)
	b.bind(lower(arg))
}

func (standard) in(b *builder, c *column, not bool, args []any, fold bool) {
	if fold {
		b.WriteString("lower(")
		b.WriteString(c.full)
		b.WriteByte(')')
	} else {
		b.WriteString(c.full)
	}
	if not {
		b.WriteString(" NOT IN (")
	} else {
		b.WriteString(" IN (")
	}
	for i, arg := range args {
		if i > 0 {
			b.WriteString(", ")
		}
		if fold {
			arg = lower(arg)
		}
		b.bind(arg)
	}
	b.WriteByte(')')
}

func (standard) sort(b *strings.Builder, key string, desc bool) {
	b.WriteString(key)
	if desc {
		b.WriteString(" DESC")
	}
}

func (standard) limit(b *builder, limit, offset int) {
	if limit > 0 {
		b.WriteString(" LIMIT ")
		b.bind(int64(limit))
	}
	if offset > 0 {
		b.WriteString(" OFFSET ")
		b.bind(int64(offset))
	}
}

// lower changes ASCII letters only, as SQLite's lower does. The other databases
// fold more, on the column's side as well; a value with other letters is then
// compared by its own case.
func lower(arg any) any {
	s, ok := arg.(string)
	if !ok {
		return arg
	}
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// escapeChar takes the place of the backslash in LIKE patterns: what a
// backslash means inside a literal depends on MySQL's mode.
const escapeChar = "!"

var likeEscapes = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// like makes the pattern of a literal text.
func like(op adapter.Op, text string) string {
	text = likeEscapes.Replace(text)
	switch op {
	case adapter.StartsWith:
		return text + "%"
	case adapter.EndsWith:
		return "%" + text
	}
	return "%" + text + "%"
}
