package sqlcodec

import (
	"database/sql"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// Dialect is a schema.Dialect with methods for the differences between databases.
type Dialect schema.Dialect

// The dialects.
const (
	SQLite   = Dialect(schema.SQLite)
	Postgres = Dialect(schema.Postgres)
	MySQL    = Dialect(schema.MySQL)
)

// Returns reports whether INSERT, UPDATE and DELETE take RETURNING. Where they do not,
// rows are locked, changed and read in a transaction; but see Server.Returns.
func (d Dialect) Returns() bool { return d != MySQL }

// OneWriter reports whether the database has one writer at a time. Writers of a process
// then queue instead of polling the database's lock.
func (d Dialect) OneWriter() bool { return d == SQLite }

// TxOptions are the options of every transaction; nil means the database's own. MySQL's
// own isolation locks the gaps between rows, so that transactions which insert side by
// side deadlock; with READ COMMITTED, which is PostgreSQL's own, they lock rows only.
func (d Dialect) TxOptions() *sql.TxOptions {
	if d != MySQL {
		return nil
	}
	return &sql.TxOptions{Isolation: sql.LevelReadCommitted}
}

// Note is the text of adapter.Capabilities.
func (d Dialect) Note() string {
	if d == MySQL {
		return "UPDATE, and on MySQL itself INSERT and consuming DELETE too, are two or three statements in a transaction"
	}
	return ""
}

// maxSerial is the greatest id that an integer primary key may have.
func (d Dialect) maxSerial() int64 {
	if d == Postgres {
		return math.MaxInt32
	}
	return math.MaxInt64
}

// boolean is 0 or 1 in SQLite, as Better Auth writes them there.
func (d Dialect) boolean(v bool) any {
	if d != SQLite {
		return v
	}
	if v {
		return int64(1)
	}
	return int64(0)
}

// Number returns the argument for an int64 or a float64. PostgreSQL gets
// numbers as text: for a Go number that does not fit the column, its driver's error
// looks like that of a broken connection, while the server's is clear.
func (d Dialect) Number(v any) any {
	if d != Postgres {
		return v
	}
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return v
}

// Around returns the SQL before and after a column that is read by its place in a row,
// so that it arrives as it is stored, without the driver's own conversion.
//
// SQLite's drivers convert columns that are declared DATE or BOOLEAN by guesses of
// their own, for instance integers as seconds. An expression has no declared type. The
// short name and the missing type also save a third of the driver's work.
//
// A date without a zone is UTC. The drivers of the servers would read it in the zone
// of their DSN, where some clock readings do not even exist. So the drivers get no
// dates: MySQL sends text, and PostgreSQL milliseconds, which mean the same for columns
// with and without a zone.
func (d Dialect) Around(c *Column) (before, after string) {
	switch {
	case d == SQLite:
		return "+", " AS c"
	case c.Type != schema.Date || c.ID != NotID:
		return "", ""
	case d == MySQL:
		return "CAST(", " AS CHAR)"
	}
	return "floor(extract(epoch from ", ")::numeric * 1000)::bigint"
}

// date is ISO text in SQLite, as Better Auth writes it with better-sqlite3. In
// MySQL it is text in UTC: the driver would convert a time.Time to the zone of
// its DSN. Where an adopted column is a TIMESTAMP, the server converts as well,
// so the session's time zone has to be UTC. PostgreSQL's drivers send a time in UTC,
// whose clock reading a column without a zone keeps.
func (d Dialect) date(at time.Time) any {
	switch d {
	case SQLite:
		return at.Format(isoMillis)
	case MySQL:
		return at.Format("2006-01-02 15:04:05.000")
	}
	return at
}

// Lower changes ASCII letters only, as SQLite's lower does. The other databases
// fold more, on the column's side as well; a value with other letters is then
// compared by its own case.
func Lower(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// EscapeChar escapes the wildcards of a LIKE pattern. It replaces the backslash, whose
// meaning inside a literal depends on MySQL's mode.
const EscapeChar = "!"

var (
	likeEscapes = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")
	globEscapes = strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]")
)

// pattern makes the pattern of a literal text. SQLite's LIKE ignores case, so a
// case-sensitive comparison is a GLOB there.
func (d Dialect) pattern(op adapter.Op, text string, fold bool) string {
	wild := "%"
	if fold {
		text = Lower(text)
	}
	if d == SQLite && !fold {
		text, wild = globEscapes.Replace(text), "*"
	} else {
		text = likeEscapes.Replace(text)
	}
	switch op {
	case adapter.StartsWith:
		return text + wild
	case adapter.EndsWith:
		return wild + text
	}
	return wild + text + wild
}
