package gormadapter

import (
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// mysql speaks to MySQL 8 and MariaDB 10.5 or later. Neither returns rows from
// UPDATE, so rows are locked, changed and read in a transaction.
type mysql struct{ standard }

func (mysql) name() string { return "mysql" }

func (mysql) note() string {
	return "INSERT, UPDATE and consuming DELETE are two or three statements in a transaction"
}

func (mysql) returns() bool       { return false }
func (mysql) emptyInsert() string { return " () VALUES ()" }

// equal compares exactly. The usual collations take "a" for "A" and for "á",
// which is no way to look up a token; the plain comparison is there for the index.
func (d mysql) equal(b *builder, c *column, not bool, arg any, fold bool) {
	if c.typ != schema.String || c.id == serialID {
		d.standard.equal(b, c, not, arg, false)
		return
	}
	if fold {
		arg = lower(arg)
		op := " = "
		if not {
			op = " <> "
		}
		b.WriteString("CAST(lower(" + c.full + ") AS BINARY)" + op)
		b.binary(arg)
		return
	}
	if not {
		b.WriteString("CAST(" + c.full + " AS BINARY) <> ")
		b.binary(arg)
		return
	}
	b.WriteByte('(')
	d.standard.equal(b, c, false, arg, false)
	b.WriteString(" AND CAST(" + c.full + " AS BINARY) = ")
	b.binary(arg)
	b.WriteByte(')')
}

func (b *builder) binary(arg any) {
	b.WriteString("CAST(")
	b.bind(arg)
	b.WriteString(" AS BINARY)")
}

func (d mysql) in(b *builder, c *column, not bool, args []any, fold bool) {
	if c.typ != schema.String || c.id == serialID {
		d.standard.in(b, c, not, args, false)
		return
	}
	if !not && !fold {
		b.WriteByte('(')
		d.standard.in(b, c, false, args, false)
		b.WriteString(" AND ")
	}
	if fold {
		b.WriteString("CAST(lower(" + c.full + ") AS BINARY)")
	} else {
		b.WriteString("CAST(" + c.full + " AS BINARY)")
	}
	b.WriteString(map[bool]string{false: " IN (", true: " NOT IN ("}[not])
	for i, arg := range args {
		b.WriteString(sep(i, "", ", "))
		if fold {
			arg = lower(arg)
		}
		b.binary(arg)
	}
	b.WriteByte(')')
	if !not && !fold {
		b.WriteByte(')')
	}
}

func (mysql) match(b *builder, c *column, op adapter.Op, text string, fold bool) {
	if fold {
		b.WriteString("CAST(lower(" + c.full + ") AS BINARY)")
		text = lower(text).(string)
	} else {
		b.WriteString("CAST(" + c.full + " AS BINARY)")
	}
	b.WriteString(" LIKE ")
	b.binary(like(op, text))
	b.WriteString(" ESCAPE '" + escapeChar + "'")
}

func (mysql) limit(b *builder, limit, offset int) {
	if limit <= 0 && offset <= 0 {
		return
	}
	if limit <= 0 {
		b.WriteString(" LIMIT 9223372036854775807") // OFFSET needs a LIMIT
	} else {
		b.WriteString(" LIMIT ")
		b.bind(int64(limit))
	}
	if offset > 0 {
		b.WriteString(" OFFSET ")
		b.bind(int64(offset))
	}
}

// date is text in UTC: the driver would convert a time.Time to the zone of its
// DSN. Where an adopted column is a TIMESTAMP, the server converts as well, so
// the session's time zone has to be UTC.
func (mysql) date(at time.Time) any { return at.Format("2006-01-02 15:04:05.000") }

// The numbers of https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
// that GORM does not translate, as the driver's text begins with them.
var mysqlBadValues = []string{
	"Error 1048 ", "Error 1264 ", "Error 1292 ", "Error 1364 ", "Error 1366 ", "Error 1406 ", "Error 3140 ", "Error 3819 ", "Error 4025 ",
}

func (mysql) classify(err error) error {
	text := err.Error()
	switch {
	case strings.HasPrefix(text, "Error 1062 "):
		return adapter.ErrUnique
	case strings.HasPrefix(text, "Error 1451 "), strings.HasPrefix(text, "Error 1452 "):
		return ErrForeignKey
	}
	for _, prefix := range mysqlBadValues {
		if strings.HasPrefix(text, prefix) {
			return adapter.ErrBadValue
		}
	}
	return nil
}

func (mysql) safeText(err error) string {
	text := err.Error()
	for _, prefix := range []string{"Error 1146 ", "Error 1054 ", "Error 1045 ", "Error 1064 "} {
		if strings.HasPrefix(text, prefix) && prefix != "Error 1064 " {
			return text // names of tables, columns and accounts
		}
	}
	return codeOnly(text)
}
