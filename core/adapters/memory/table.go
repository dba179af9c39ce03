package memory

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// row is one row. Its values are replaced as a whole and never changed in place.
type row struct {
	seq  uint64 // order of insertion
	vals []any  // by slot; shorter than the table when columns came later
}

func at(vals []any, slot int) any {
	if slot < len(vals) {
		return vals[slot]
	}
	return nil
}

// table holds the rows of one database table. The slot of "id" is 0.
type table struct {
	name    string
	slots   map[string]int // by column name
	columns []string       // by slot
	types   []schema.Type  // by slot
	rows    []*row         // by seq
	indexes []*index
	single  []*index // the index of one slot, or nil
	out     []*reference
	in      []*reference
	seq     uint64
	serial  int64
}

// reference is a foreign key.
type reference struct {
	from, to         *table
	fromSlot, toSlot int
	onDelete         string
	nullable         bool
}

func newTable(name string) *table {
	t := &table{name: name, slots: map[string]int{}}
	id := newIndex(true, t.slot("id", schema.String))
	t.indexes = []*index{id}
	t.single[0] = id
	return t
}

func (t *table) slot(column string, typ schema.Type) int {
	if i, ok := t.slots[column]; ok {
		return i
	}
	i := len(t.types)
	t.slots[column] = i
	t.columns = append(t.columns, column)
	t.types = append(t.types, typ)
	t.single = append(t.single, nil)
	return i
}

// addIndex adds an index, or makes one that exists unique.
func (t *table) addIndex(unique bool, slots ...int) error {
	for _, x := range t.indexes {
		if !slices.Equal(x.slots, slots) {
			continue
		}
		if unique && !x.unique && x.repeats() {
			return t.violates(x)
		}
		x.unique = x.unique || unique
		return nil
	}
	x := newIndex(unique, slots...)
	for _, r := range t.rows {
		x.add(r)
	}
	if unique && x.repeats() {
		return t.violates(x)
	}
	t.indexes = append(t.indexes, x)
	if len(slots) == 1 {
		t.single[slots[0]] = x
	}
	return nil
}

func addReference(r *reference) {
	for _, known := range r.from.out {
		if known.fromSlot == r.fromSlot && known.to == r.to && known.toSlot == r.toSlot {
			return
		}
	}
	r.from.out = append(r.from.out, r)
	r.to.in = append(r.to.in, r)
}

func (t *table) violates(x *index) error {
	names := make([]string, len(x.slots))
	for i, slot := range x.slots {
		names[i] = t.columns[slot]
	}
	return fmt.Errorf("%w: %s %v", adapter.ErrUnique, t.name, names)
}

// unique refuses values that a row other than self has in a unique key.
func (t *table) unique(vals []any, self *row) error {
	for _, x := range t.indexes {
		if !x.unique {
			continue
		}
		key, ok := x.key(vals)
		if !ok {
			continue
		}
		if found := x.rows[key]; len(found) > 0 && found[0] != self {
			return t.violates(x)
		}
	}
	return nil
}

// references refuses foreign keys in vals that point to no row. Keys that did not
// change from old are not checked.
func (t *table) references(vals, old []any) error {
	for _, ref := range t.out {
		v := at(vals, ref.fromSlot)
		if v == nil || (old != nil && same(v, at(old, ref.fromSlot))) {
			continue
		}
		if len(ref.to.single[ref.toSlot].rows[encode(v)]) > 0 {
			continue
		}
		if ref.to == t && same(v, at(vals, ref.toSlot)) {
			continue // the row points to itself
		}
		return fmt.Errorf("%w: %s.%s", ErrReference, t.name, t.columns[ref.fromSlot])
	}
	return nil
}

// referrers lists the rows that point to r by ref.
func (ref *reference) referrers(r *row) []*row {
	v := at(r.vals, ref.toSlot)
	if v == nil {
		return nil
	}
	return ref.from.single[ref.fromSlot].rows[encode(v)]
}

func bySeq(r *row, seq uint64) int { return cmp.Compare(r.seq, seq) }

// put, drop and swap change rows and indexes together; they neither check nor log.
func (t *table) put(r *row) {
	t.rows = insertRow(t.rows, r)
	for _, x := range t.indexes {
		x.add(r)
	}
}

func (t *table) drop(r *row) {
	t.rows = removeRow(t.rows, r)
	for _, x := range t.indexes {
		x.remove(r)
	}
}

func (t *table) swap(r *row, vals []any) {
	old := r.vals
	for _, x := range t.indexes {
		if !x.moves(old, vals) {
			continue
		}
		r.vals = old
		x.remove(r)
		r.vals = vals
		x.add(r)
	}
	r.vals = vals
}

func insertRow(rows []*row, r *row) []*row {
	if n := len(rows); n == 0 || rows[n-1].seq < r.seq {
		return append(rows, r)
	}
	i, _ := slices.BinarySearchFunc(rows, r.seq, bySeq)
	return slices.Insert(rows, i, r)
}

func removeRow(rows []*row, r *row) []*row {
	i, ok := slices.BinarySearchFunc(rows, r.seq, bySeq)
	if !ok {
		return rows
	}
	return slices.Delete(rows, i, i+1)
}
