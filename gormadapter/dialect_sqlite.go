package gormadapter

import (
	"errors"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

// sqlite speaks to SQLite 3.35 or later. Stored formats are those of Better
// Auth with better-sqlite3: dates are ISO text, booleans 0 and 1, JSON text.
type sqlite struct{ standard }

func (sqlite) name() string      { return "sqlite" }
func (sqlite) oneWriter() bool   { return true }
func (sqlite) forUpdate() string { return "" }

// read makes an expression of the column. Drivers convert columns that are
// declared DATE or BOOLEAN by guesses of their own, for instance integers as
// seconds; an expression has no declared type and arrives as it is stored. The
// short name and the missing type also spare the driver a third of its work.
func (sqlite) read(b *strings.Builder, prefix string, c *column) {
	b.WriteByte('+')
	b.WriteString(prefix)
	b.WriteByte('.')
	b.WriteString(c.quoted)
	b.WriteString(" AS c")
}

func (sqlite) match(b *builder, c *column, op adapter.Op, text string, fold bool) {
	if fold {
		b.WriteString("lower(")
		b.WriteString(c.full)
		b.WriteString(") LIKE ")
		b.bind(like(op, lower(text).(string)))
		b.WriteString(" ESCAPE '" + escapeChar + "'")
		return
	}
	// LIKE ignores case in SQLite; GLOB does not.
	b.WriteString(c.full)
	b.WriteString(" GLOB ")
	b.bind(glob(op, text))
}

var globEscapes = strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]")

func glob(op adapter.Op, text string) string {
	text = globEscapes.Replace(text)
	switch op {
	case adapter.StartsWith:
		return text + "*"
	case adapter.EndsWith:
		return "*" + text
	}
	return "*" + text + "*"
}

func (sqlite) limit(b *builder, limit, offset int) {
	if limit <= 0 && offset <= 0 {
		return
	}
	if limit <= 0 {
		limit = -1
	}
	b.WriteString(" LIMIT ")
	b.bind(int64(limit))
	if offset > 0 {
		b.WriteString(" OFFSET ")
		b.bind(int64(offset))
	}
}

func (sqlite) boolean(v bool) any {
	if v {
		return int64(1)
	}
	return int64(0)
}

func (sqlite) date(at time.Time) any { return at.Format(isoMillis) }

// The extended result codes of https://sqlite.org/rescode.html.
const (
	sqliteForeignKey = 787
	sqliteNotNull    = 1299
	sqliteCheck      = 275
	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
	sqliteRowID      = 2579
	sqliteTooBig     = 18
)

func (sqlite) classify(err error) error {
	var e interface{ Code() int }
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Code() {
	case sqliteUnique, sqlitePrimaryKey, sqliteRowID:
		return adapter.ErrUnique
	case sqliteForeignKey:
		return ErrForeignKey
	case sqliteNotNull, sqliteCheck, sqliteTooBig:
		return adapter.ErrBadValue
	}
	return nil
}

// safeText is the whole text: SQLite names tables and columns, never values.
func (sqlite) safeText(err error) string { return err.Error() }
