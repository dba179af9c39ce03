package gormadapter

import (
	"errors"
	"fmt"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// maxList bounds an In: SQLite takes 32,766 arguments to a statement.
const maxList = 30000

// maxPattern bounds the text of Contains, StartsWith and EndsWith, in bytes:
// SQLite refuses patterns over 50,000, and escaping can triple one.
const maxPattern = 16000

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
	if err := adapter.CheckWhere(t.schema, w); err != nil {
		b.fail(err)
		return
	}
	first, or := true, 0
	for _, c := range w {
		if c.Or {
			or++
			continue
		}
		if !first {
			b.WriteString(" AND ")
		}
		first = false
		b.condition(t, c)
	}
	if or == 0 {
		return
	}
	if !first {
		b.WriteString(" AND ")
	}
	b.WriteByte('(')
	first = true
	for _, c := range w {
		if !c.Or {
			continue
		}
		if !first {
			b.WriteString(" OR ")
		}
		first = false
		b.condition(t, c)
	}
	b.WriteByte(')')
}

func (b *builder) condition(t *table, c adapter.Cond) {
	col, err := t.column(c.Field)
	if err != nil {
		b.fail(err)
		return
	}
	numbered := col.id == serialID || col.id == uuidID
	if c.Fold && col.typ != schema.String {
		b.fail(fmt.Errorf("%w: %s.%s has no letter case", adapter.ErrBadValue, t.model, col.name))
		return
	}
	switch col.typ {
	case schema.JSON, schema.StringArray, schema.NumberArray:
		// Databases compare JSON as text, as documents or not at all.
		if c.Value != nil || c.Op != "" && c.Op != adapter.Eq && c.Op != adapter.Ne {
			b.fail(fmt.Errorf("%w: %s.%s can only be compared with null", adapter.ErrBadValue, t.model, col.name))
			return
		}
	}
	fold := c.Fold && !numbered // such ids are stored in one case
	switch c.Op {
	case "", adapter.Eq, adapter.Ne:
		b.equal(t, col, c.Op == adapter.Ne, c.Value, fold)
	case adapter.Lt:
		b.order(t, col, " < ", c.Value)
	case adapter.Lte:
		b.order(t, col, " <= ", c.Value)
	case adapter.Gt:
		b.order(t, col, " > ", c.Value)
	case adapter.Gte:
		b.order(t, col, " >= ", c.Value)
	case adapter.In, adapter.NotIn:
		b.list(t, col, c.Op == adapter.NotIn, c.Value, fold)
	default:
		text, _ := c.Value.(string) // CheckWhere has seen that it is one
		if err := checkText(text); err != nil {
			b.fail(fmt.Errorf("%w: %s.%s: %s", adapter.ErrBadValue, t.model, col.name, err))
			return
		}
		if len(text) > maxPattern {
			b.fail(fmt.Errorf("%w: %s.%s: the pattern is too long", adapter.ErrBadValue, t.model, col.name))
			return
		}
		if numbered {
			b.fail(fmt.Errorf("%w: %s of the id %s.%s", adapter.ErrBadValue, c.Op, t.model, col.name))
			return
		}
		b.store.dialect.match(b, col, c.Op, text, fold)
	}
}

// never and always are conditions every dialect takes.
const never, always = "1 = 0", "1 = 1"

func (b *builder) equal(t *table, col *column, not bool, v any, fold bool) {
	if v == nil {
		b.WriteString(col.full)
		if not {
			b.WriteString(" IS NOT NULL")
		} else {
			b.WriteString(" IS NULL")
		}
		return
	}
	arg, err := b.store.encode(t, col, v)
	if errors.Is(err, errNoSuchID) {
		if not {
			b.WriteString(always)
		} else {
			b.WriteString(never)
		}
		return
	}
	if err != nil {
		b.fail(err)
		return
	}
	b.store.dialect.equal(b, col, not, arg, fold)
}

func (b *builder) order(t *table, col *column, op string, v any) {
	if v == nil {
		b.WriteString(never) // nothing is less or greater than null
		return
	}
	arg, err := b.store.encode(t, col, v)
	if err != nil {
		b.fail(err)
		return
	}
	b.WriteString(col.full)
	b.WriteString(op)
	b.bind(arg)
}

func (b *builder) list(t *table, col *column, not bool, v any, fold bool) {
	values, ok := listOf(v)
	if !ok {
		b.fail(fmt.Errorf("%w: %s.%s: %T is no list", adapter.ErrBadValue, t.model, col.name, v))
		return
	}
	if len(values) > maxList {
		b.fail(fmt.Errorf("%w: %s.%s: the list is too long", adapter.ErrBadValue, t.model, col.name))
		return
	}
	args := make([]any, 0, len(values))
	for _, v := range values {
		if v == nil {
			b.fail(fmt.Errorf("%w: %s.%s: a list with a null", adapter.ErrBadValue, t.model, col.name))
			return
		}
		arg, err := b.store.encode(t, col, v)
		if errors.Is(err, errNoSuchID) {
			continue
		}
		if err != nil {
			b.fail(err)
			return
		}
		args = append(args, arg)
	}
	switch {
	case len(args) > 0:
		b.store.dialect.in(b, col, not, args, fold)
	case not:
		b.WriteString(always)
	default:
		b.WriteString(never)
	}
}

func listOf(v any) ([]any, bool) {
	switch list := v.(type) {
	case []any:
		return list, true
	case []string:
		return anys(list), true
	case []int64:
		return anys(list), true
	case []float64:
		return anys(list), true
	}
	return nil, false
}

func anys[T any](in []T) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = v
	}
	return out
}

// one reports whether a predicate can match at most one row, because it
// demands a value of a unique column.
func (t *table) one(w adapter.Where) bool {
	for _, c := range w {
		if c.Or || c.Fold || c.Value == nil || c.Op != "" && c.Op != adapter.Eq {
			continue
		}
		if col, ok := t.byName[c.Field]; ok && (col == t.id || col.unique) {
			return true
		}
	}
	return false
}
