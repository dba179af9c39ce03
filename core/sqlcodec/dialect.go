package sqlcodec

import (
	"database/sql"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

// Dialect is a kind of database.
type Dialect string

// The dialects: SQLite 3.35 or later, PostgreSQL 13 or later, and MySQL 8 or
// MariaDB 10.5 or later.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
	MySQL    Dialect = "mysql"
)

// Returns says whether INSERT, UPDATE and DELETE take RETURNING. Where they do
// not, rows are locked, changed and read in a transaction.
func (d Dialect) Returns() bool { return d != MySQL }

// OneWriter says that the database has one writer at a time, so that writers of
// a process do better to queue than to poll the database's lock.
func (d Dialect) OneWriter() bool { return d == SQLite }

// TxOptions are those of every transaction; nil for the database's own. MySQL's
// own isolation locks the gaps between rows, so that transactions which insert
// side by side deadlock; with READ COMMITTED, which is PostgreSQL's own, they
// lock rows only.
func (d Dialect) TxOptions() *sql.TxOptions {
	if d != MySQL {
		return nil
	}
	return &sql.TxOptions{Isolation: sql.LevelReadCommitted}
}

// Note is the text of adapter.Capabilities.
func (d Dialect) Note() string {
	if d == MySQL {
		return "INSERT, UPDATE and consuming DELETE are two or three statements in a transaction"
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
// numbers as text: given a Go number that does not fit the column, its driver
// fails with an error that nobody can tell from a broken connection; the server
// says what is wrong.
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

// date is ISO text in SQLite, as Better Auth writes it with better-sqlite3. In
// MySQL it is text in UTC: the driver would convert a time.Time to the zone of
// its DSN. Where an adopted column is a TIMESTAMP, the server converts as well,
// so the session's time zone has to be UTC.
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

// EscapeChar escapes the wildcards of a LIKE pattern. It takes the place of the
// backslash: what a backslash means inside a literal depends on MySQL's mode.
const EscapeChar = "!"

var (
	likeEscapes = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")
	globEscapes = strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]")
)

// pattern makes the pattern of a literal text. SQLite's LIKE ignores case, so a
// comparison that does not is a GLOB there.
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
