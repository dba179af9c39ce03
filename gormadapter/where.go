package gormadapter

import (
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// where writes " WHERE …", or nothing for an empty predicate.
func (b *builder) where(t *table, w adapter.Where) {
	if len(w) == 0 {
		return
	}
	b.WriteString(" WHERE ")
	b.predicate(t, w)
}

// predicate writes a predicate: the AND group, and the OR group in brackets.
func (b *builder) predicate(t *table, w adapter.Where) {
	all, some := false, false
	err := b.store.dialect.Where(t, w, func(term sqlcodec.Term, or bool) {
		switch {
		case or && some:
			b.WriteString(" OR ")
		case or && all:
			b.WriteString(" AND (")
		case or:
			b.WriteByte('(')
		case all:
			b.WriteString(" AND ")
		}
		all, some = all || !or, some || or
		b.term(&term)
	})
	if some {
		b.WriteByte(')')
	}
	if err != nil {
		b.fail(err)
	}
}

var operators = map[adapter.Op]string{
	adapter.Eq: " = ", adapter.Ne: " <> ", adapter.Lt: " < ", adapter.Lte: " <= ", adapter.Gt: " > ", adapter.Gte: " >= ",
	adapter.In: " IN (", adapter.NotIn: " NOT IN (",
}

// never is a condition that every dialect takes.
const never = "1 = 0"

func (b *builder) term(term *sqlcodec.Term) {
	switch term.Shape {
	case sqlcodec.Never:
		b.WriteString(never)
	case sqlcodec.Always:
		b.WriteString("1 = 1")
	case sqlcodec.Null:
		b.WriteString(term.Column.Full)
		b.WriteString(" IS NULL")
	case sqlcodec.NotNull:
		b.WriteString(term.Column.Full)
		b.WriteString(" IS NOT NULL")
	case sqlcodec.Match:
		b.compare(term, term.Exact)
	default:
		// The plain comparison can use the index.
		if term.Exact && !term.Fold && (term.Op == adapter.Eq || term.Op == adapter.In) {
			b.WriteByte('(')
			b.compare(term, false)
			b.WriteString(" AND ")
			b.compare(term, true)
			b.WriteByte(')')
			return
		}
		b.compare(term, term.Exact)
	}
}

// compare writes one comparison; exact makes binary strings of both sides.
func (b *builder) compare(term *sqlcodec.Term, exact bool) {
	if exact {
		b.WriteString("CAST(")
	}
	if term.Fold {
		b.WriteString("lower(")
	}
	b.WriteString(term.Column.Full)
	if term.Fold {
		b.WriteByte(')')
	}
	if exact {
		b.WriteString(" AS BINARY)")
	}
	switch term.Shape {
	case sqlcodec.Match:
		if b.store.dialect.Dialect == sqlcodec.SQLite && !term.Fold {
			b.WriteString(" GLOB ")
			b.operand(term.Arg, exact)
			return
		}
		b.WriteString(" LIKE ")
		b.operand(term.Arg, exact)
		b.WriteString(" ESCAPE '" + sqlcodec.EscapeChar + "'")
	case sqlcodec.List:
		b.WriteString(operators[term.Op])
		for i, arg := range term.Args {
			b.WriteString(sep(i, "", ", "))
			b.operand(arg, exact)
		}
		b.WriteByte(')')
	default:
		b.WriteString(operators[term.Op])
		b.operand(term.Arg, exact)
	}
}

func (b *builder) operand(arg any, exact bool) {
	if !exact {
		b.bind(arg)
		return
	}
	b.WriteString("CAST(")
	b.bind(arg)
	b.WriteString(" AS BINARY)")
}
