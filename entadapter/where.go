package entadapter

import (
	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// where makes the predicate of a statement; nil for an empty one.
func (s *store) where(t *table, w adapter.Where) (*entsql.Predicate, error) {
	if len(w) == 0 {
		return nil, nil
	}
	var all, some []*entsql.Predicate
	err := s.codec.Where(t, w, func(term sqlcodec.Term, or bool) {
		if p := s.term(&term); or {
			some = append(some, p)
		} else {
			all = append(all, p)
		}
	})
	if err != nil {
		return nil, err
	}
	if len(some) > 0 {
		all = append(all, entsql.Or(some...))
	}
	return entsql.And(all...), nil
}

// whereOne makes a predicate that holds for one row. A row that has to be picked is
// locked at the same time, so that the predicate is checked again after waiting for
// another writer.
func (s *store) whereOne(t *table, w adapter.Where) (*entsql.Predicate, error) {
	where, err := s.where(t, w)
	if err != nil || t.One(w) {
		return where, err
	}
	pick := s.build().Select(t.ID.Full).From(entsql.Table(t.Quoted)).Where(where).Limit(1)
	return entsql.EQ(t.ID.Full, s.locked(pick)), nil
}

// ops are ent's operators.
var ops = map[adapter.Op]entsql.Op{
	adapter.Eq: entsql.OpEQ, adapter.Ne: entsql.OpNEQ, adapter.Lt: entsql.OpLT, adapter.Lte: entsql.OpLTE,
	adapter.Gt: entsql.OpGT, adapter.Gte: entsql.OpGTE, adapter.In: entsql.OpIn, adapter.NotIn: entsql.OpNotIn,
}

func (s *store) term(term *sqlcodec.Term) *entsql.Predicate {
	switch term.Shape {
	case sqlcodec.Never:
		return entsql.P(never)
	case sqlcodec.Always:
		return entsql.P(always)
	case sqlcodec.Null:
		return entsql.IsNull(term.Column.Full)
	case sqlcodec.NotNull:
		return entsql.NotNull(term.Column.Full)
	}
	if term.Exact && !term.Fold && (term.Op == adapter.Eq || term.Op == adapter.In) {
		// The plain comparison can use the index.
		return entsql.And(s.compare(term, false), s.compare(term, true))
	}
	return s.compare(term, term.Exact)
}

// never and always are conditions that every dialect takes.
func never(b *entsql.Builder)  { b.WriteString("1 = 0") }
func always(b *entsql.Builder) { b.WriteString("1 = 1") }

// compare writes one comparison; exact makes binary strings of both sides.
// ent's own predicates for text (ContainsFold, EqualFold and the like) leave
// letter case, accents and backslashes to the collation and the mode of the
// server.
func (s *store) compare(term *sqlcodec.Term, exact bool) *entsql.Predicate {
	return entsql.P(func(b *entsql.Builder) {
		left := func(b *entsql.Builder) { b.Ident(term.Column.Full) }
		if term.Fold {
			column := left
			left = func(b *entsql.Builder) { b.WriteString("lower").Wrap(column) }
		}
		right := func(arg any) func(*entsql.Builder) {
			return func(b *entsql.Builder) { b.Arg(arg) }
		}
		operand(b, exact, left)
		switch {
		case term.Shape == sqlcodec.List:
			b.WriteOp(ops[term.Op]).Wrap(func(b *entsql.Builder) {
				for i, arg := range term.Args {
					if i > 0 {
						b.Comma()
					}
					operand(b, exact, right(arg))
				}
			})
		case term.Shape == sqlcodec.Compare:
			b.WriteOp(ops[term.Op])
			operand(b, exact, right(term.Arg))
		case s.codec == sqlcodec.SQLite && !term.Fold:
			b.WriteString(" GLOB ")
			operand(b, exact, right(term.Arg))
		default:
			b.WriteOp(entsql.OpLike)
			operand(b, exact, right(term.Arg))
			b.WriteString(" ESCAPE '" + sqlcodec.EscapeChar + "'")
		}
	})
}

func operand(b *entsql.Builder, exact bool, write func(*entsql.Builder)) {
	if !exact {
		write(b)
		return
	}
	b.WriteString("CAST").Wrap(func(b *entsql.Builder) {
		write(b)
		b.WriteString(" AS BINARY")
	})
}
