package memory

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// cond is a checked condition.
type cond struct {
	slot   int
	op     adapter.Op
	val    any
	set    map[string]struct{} // encoded values of In and NotIn
	or     bool
	fold   bool
	serial bool
}

func (v *view) where(w adapter.Where) ([]cond, error) {
	if err := adapter.CheckWhere(v.def, w); err != nil {
		return nil, err
	}
	conds := make([]cond, len(w))
	for i := range w {
		c, err := v.cond(&w[i])
		if err != nil {
			return nil, err
		}
		conds[i] = c
	}
	return conds, nil
}

func (v *view) cond(c *adapter.Cond) (cond, error) {
	col := v.byName[c.Field]
	out := cond{slot: col.slot, op: c.Op, or: c.Or, fold: c.Fold, serial: col.serial}
	if out.op == "" {
		out.op = adapter.Eq
	}
	if c.Fold && col.field.Type != schema.String {
		return out, fmt.Errorf("%w: %s has no letter case", adapter.ErrBadValue, c.Field)
	}
	if c.Value == nil && (out.op == adapter.Eq || out.op == adapter.Ne) {
		return out, nil
	}
	switch col.field.Type {
	case schema.JSON, schema.StringArray, schema.NumberArray:
		return out, fmt.Errorf("%w: %s can only be compared with null", adapter.ErrBadValue, c.Field)
	}
	if out.serial && (out.op == adapter.Contains || out.op == adapter.StartsWith || out.op == adapter.EndsWith) {
		return out, fmt.Errorf("%w: %s is an id without a text to search", adapter.ErrBadValue, c.Field)
	}
	if out.op == adapter.In || out.op == adapter.NotIn {
		var err error
		out.set, err = valueSet(col.field, c)
		return out, err
	}
	val, err := fit(col.field, c.Value)
	if s, ok := val.(string); ok && c.Fold {
		val = lower(s)
	}
	out.val = val
	return out, err
}

func valueSet(f *schema.Field, c *adapter.Cond) (map[string]struct{}, error) {
	list, ok := c.List()
	if !ok {
		return nil, fmt.Errorf("%w: %s of %s needs a list", adapter.ErrBadValue, c.Op, c.Field)
	}
	set := make(map[string]struct{}, len(list))
	for _, v := range list {
		val, err := fit(f, v)
		if err != nil {
			return nil, err
		}
		key := encode(val)
		if c.Fold {
			key = lower(key)
		}
		set[key] = struct{}{}
	}
	return set, nil
}

// matches reports whether a row meets all conditions of the AND group and, if there is
// an OR group, one of its conditions.
func matches(conds []cond, r *row) bool {
	or, hit := false, false
	for i := range conds {
		c := &conds[i]
		if c.or {
			or = true
			hit = hit || c.holds(at(r.vals, c.slot))
		} else if !c.holds(at(r.vals, c.slot)) {
			return false
		}
	}
	return hit || !or
}

// holds follows SQL for null: no comparison with it is true, also not Ne and NotIn,
// except an empty NotIn.
func (c *cond) holds(v any) bool {
	if c.set != nil {
		if v == nil {
			return c.op == adapter.NotIn && len(c.set) == 0
		}
		key := encode(v)
		if c.fold {
			key = lower(key)
		}
		_, found := c.set[key]
		return found == (c.op == adapter.In)
	}
	if c.val == nil {
		return (v == nil) == (c.op == adapter.Eq)
	}
	if v == nil {
		return false
	}
	if s, ok := v.(string); ok {
		return c.holdsText(s)
	}
	return c.ordered(compare(v, c.val))
}

func (c *cond) holdsText(s string) bool {
	val, _ := c.val.(string)
	if c.fold {
		s = lower(s)
	}
	switch c.op {
	case adapter.Eq:
		return s == val
	case adapter.Contains:
		return strings.Contains(s, val)
	case adapter.StartsWith:
		return strings.HasPrefix(s, val)
	case adapter.EndsWith:
		return strings.HasSuffix(s, val)
	}
	if c.serial {
		return c.ordered(compareSerial(s, val))
	}
	return c.ordered(strings.Compare(s, val))
}

func (c *cond) ordered(n int) bool {
	switch c.op {
	case adapter.Eq:
		return n == 0
	case adapter.Ne:
		return n != 0
	case adapter.Lt:
		return n < 0
	case adapter.Lte:
		return n <= 0
	case adapter.Gt:
		return n > 0
	case adapter.Gte:
		return n >= 0
	}
	return false
}

// compare orders two values of one field; nulls come first.
func compare(a, b any) int {
	if a == nil || b == nil {
		return cmp.Compare(rank(a), rank(b))
	}
	switch a := a.(type) {
	case string:
		b, _ := b.(string)
		return strings.Compare(a, b)
	case time.Time:
		b, _ := b.(time.Time)
		return a.Compare(b)
	case bool:
		return cmp.Compare(rank(a), rank(b))
	case int64:
		if b, ok := b.(int64); ok {
			return cmp.Compare(a, b)
		}
	}
	return cmp.Compare(float(a), float(b))
}

func rank(v any) int {
	switch v {
	case nil:
		return 0
	case false:
		return 1
	}
	return 2
}

func float(v any) float64 {
	if n, ok := v.(int64); ok {
		return float64(n)
	}
	f, _ := v.(float64)
	return f
}

// compareSerial orders decimal ids, which have no sign and no leading zeros.
func compareSerial(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// lower changes ASCII letters only: Unicode folding would make two different addresses
// equal, for example one with a K and one with the Kelvin sign.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}

// find lists the rows that match, by order of insertion, at most limit of them
// unless that is 0.
func (t *table) find(conds []cond, limit int) []*row {
	var out []*row
	for _, r := range t.candidates(conds) {
		if matches(conds, r) {
			out = append(out, r)
			if len(out) == limit {
				break
			}
		}
	}
	return out
}

// candidates narrows the search by the best index that the AND group allows. The
// result belongs to the table.
func (t *table) candidates(conds []cond) []*row {
	best, found := t.rows, false
	for _, x := range t.indexes {
		key, ok := x.lookup(conds)
		if !ok {
			continue
		}
		rows := x.rows[key]
		if len(rows) <= 1 {
			return rows
		}
		if !found || len(rows) < len(best) {
			best, found = rows, true
		}
	}
	if found {
		return best
	}
	for i := range conds {
		c := &conds[i]
		if c.op == adapter.In && !c.or && !c.fold && t.single[c.slot] != nil {
			return t.single[c.slot].union(c.set)
		}
	}
	return best
}

// lookup makes the key that the conditions select, if they fix every slot.
func (x *index) lookup(conds []cond) (string, bool) {
	if len(x.slots) == 1 {
		return fixed(conds, x.slots[0])
	}
	parts := make([]string, len(x.slots))
	for i, slot := range x.slots {
		part, ok := fixed(conds, slot)
		if !ok {
			return "", false
		}
		parts[i] = part
	}
	return joinKey(parts), true
}

func fixed(conds []cond, slot int) (string, bool) {
	for i := range conds {
		c := &conds[i]
		if c.slot == slot && c.op == adapter.Eq && !c.or && !c.fold && c.val != nil {
			return encode(c.val), true
		}
	}
	return "", false
}

func (x *index) union(keys map[string]struct{}) []*row {
	var out []*row
	for key := range keys {
		out = append(out, x.rows[key]...)
	}
	slices.SortFunc(out, func(a, b *row) int { return cmp.Compare(a.seq, b.seq) })
	return out
}
