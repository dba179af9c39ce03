package gormadapter

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/advantch/kernia-go/core/adapter"
)

// postgres speaks to PostgreSQL 13 or later, through pgx.
type postgres struct{ standard }

func (postgres) name() string { return "postgres" }

// prepares is false: pgx prepares and caches statements by itself, and can be
// told not to where a proxy in between forbids it.
func (postgres) prepares() bool { return false }

func (postgres) maxSerial() int64 { return math.MaxInt32 }

func (postgres) placeholder(b *strings.Builder, n int) {
	b.WriteByte('$')
	b.WriteString(strconv.Itoa(n))
}

func (postgres) match(b *builder, c *column, op adapter.Op, text string, fold bool) {
	if fold {
		b.WriteString("lower(" + c.full + ")")
		text = lower(text).(string)
	} else {
		b.WriteString(c.full)
	}
	b.WriteString(" LIKE ")
	b.bind(like(op, text))
	b.WriteString(" ESCAPE '" + escapeChar + "'")
}

func (postgres) sort(b *strings.Builder, key string, desc bool) {
	b.WriteString(key)
	if desc {
		b.WriteString(" DESC NULLS LAST")
	} else {
		b.WriteString(" NULLS FIRST")
	}
}

// number sends numbers as text. Given a Go number that does not fit the
// column, the driver fails with an error that nobody can tell from a broken
// connection; the server says what is wrong.
func (postgres) number(v any) any {
	switch v := v.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return v
}

// classify reads the codes of https://www.postgresql.org/docs/current/errcodes-appendix.html.
func (postgres) classify(err error) error {
	switch state := sqlState(err); {
	case state == "23505":
		return adapter.ErrUnique
	case state == "23503":
		return ErrForeignKey
	case state == "23502", state == "23514", strings.HasPrefix(state, "22"):
		return adapter.ErrBadValue // not null, check, data exception
	}
	return nil
}

func (postgres) safeText(err error) string {
	state := sqlState(err)
	if strings.HasPrefix(state, "42") || strings.HasPrefix(state, "3D") {
		// Unknown tables and columns: names only, and whoever runs the server needs them.
		var e interface{ SQLState() string }
		errors.As(err, &e)
		return fmt.Sprint(e)
	}
	if state != "" {
		return "SQLSTATE " + state
	}
	return "the connection or the driver failed"
}
