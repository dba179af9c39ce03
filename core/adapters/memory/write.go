package memory

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// assignment is a checked value for a slot.
type assignment struct {
	slot int
	val  any
}

func (a *store) Create(ctx context.Context, model string, rec adapter.Record) (adapter.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	v, err := a.view(model)
	if err != nil {
		return nil, err
	}
	vals, err := v.values(rec)
	if err != nil {
		return nil, err
	}
	var out adapter.Record
	err = a.db.write(ctx, func() error {
		v.table.number(v.ids, vals)
		if err := v.table.unique(vals, nil); err != nil {
			return err
		}
		if err := v.table.references(vals, nil); err != nil {
			return err
		}
		out = v.record(a.db.insert(v.table, vals), nil, 0)
		return nil
	})
	return out, err
}

// values checks a new record. The id stays nil when the database has to make it.
func (v *view) values(rec adapter.Record) ([]any, error) {
	for name := range rec {
		if _, err := v.column(name); err != nil {
			return nil, err
		}
	}
	last := 0
	for i := range v.list {
		last = max(last, v.list[i].slot)
	}
	vals := make([]any, last+1)
	for i := range v.list {
		c := &v.list[i]
		var err error
		if c.field.Name == "id" {
			vals[c.slot], err = v.id(rec["id"])
		} else {
			vals[c.slot], err = c.value(rec[c.field.Name])
		}
		if err != nil {
			return nil, err
		}
	}
	return vals, nil
}

func (v *view) id(given any) (any, error) {
	if given == nil && v.ids == schema.IDSerial {
		return nil, nil
	}
	id, _ := given.(string)
	ok := id != "" && text(id)
	switch v.ids {
	case schema.IDSerial:
		n, err := strconv.ParseInt(id, 10, 64)
		ok = err == nil && n > 0 && strconv.FormatInt(n, 10) == id
	case schema.IDUUID:
		ok = uuid(id)
	}
	if !ok {
		return nil, fmt.Errorf("%w: the id of a new %s", adapter.ErrBadValue, v.def.Model)
	}
	return strings.Clone(id), nil
}

// uuid accepts the canonical text of RFC 9562, section 4, in lower case only: a
// native column would give back nothing else.
func uuid(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		switch i {
		case 8, 13, 18, 23:
			if s[i] != '-' {
				return false
			}
		default:
			if !('0' <= s[i] && s[i] <= '9' || 'a' <= s[i] && s[i] <= 'f') {
				return false
			}
		}
	}
	return true
}

// number gives a row the next serial id, or records the one that it has.
func (t *table) number(ids schema.IDKind, vals []any) {
	if ids != schema.IDSerial {
		return
	}
	if vals[0] == nil {
		t.serial++
		vals[0] = strconv.FormatInt(t.serial, 10)
		return
	}
	id, _ := vals[0].(string)
	if n, err := strconv.ParseInt(id, 10, 64); err == nil {
		t.serial = max(t.serial, n)
	}
}

func (c *column) value(v any) (any, error) {
	if v == nil {
		if !c.field.Optional {
			return nil, fmt.Errorf("%w: %s cannot be null", adapter.ErrBadValue, c.field.Name)
		}
		return nil, nil
	}
	val, err := fit(c.field, v)
	if err != nil {
		return nil, err
	}
	return copyIn(val), nil
}

// assign checks the new values of a row. The id of a row never changes.
func (v *view) assign(set adapter.Record) ([]assignment, error) {
	for name := range set {
		if _, err := v.column(name); err != nil {
			return nil, err
		}
	}
	out := make([]assignment, 0, len(set)+1)
	for name, value := range set {
		if name == "id" {
			return nil, fmt.Errorf("%w: the id of a row is fixed", adapter.ErrBadValue)
		}
		c := v.byName[name]
		val, err := c.value(value)
		if err != nil {
			return nil, err
		}
		out = append(out, assignment{c.slot, val})
	}
	return out, nil
}

func (a *store) Update(ctx context.Context, model string, w adapter.Where, set adapter.Record) (adapter.Record, error) {
	var out adapter.Record
	n, err := a.update(ctx, model, w, set, func(v *view, r *row) { out = v.record(r, nil, 0) })
	if err == nil && n == 0 {
		err = adapter.ErrNotFound
	}
	return out, err
}

func (a *store) UpdateMany(ctx context.Context, model string, w adapter.Where, set adapter.Record) (int64, error) {
	return a.update(ctx, model, w, set, nil)
}

// update changes all matching rows. With one it changes the first and passes it to one.
func (a *store) update(ctx context.Context, model string, w adapter.Where, set adapter.Record, one func(*view, *row)) (int64, error) {
	v, conds, err := a.target(ctx, model, w)
	if err != nil {
		return 0, err
	}
	changes, err := v.assign(set)
	if err != nil {
		return 0, err
	}
	limit := 0
	if one != nil {
		limit = 1
	}
	var n int64
	err = a.db.write(ctx, func() error {
		for _, r := range v.table.find(conds, limit) {
			if err := a.db.change(v.table, r, changes); err != nil {
				return err
			}
			if one != nil {
				one(v, r)
			}
			n++
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// target does the checks that all writes with a predicate share.
func (a *store) target(ctx context.Context, model string, w adapter.Where) (*view, []cond, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	v, err := a.view(model)
	if err != nil {
		return nil, nil, err
	}
	if len(w) == 0 {
		return nil, nil, adapter.ErrNoPredicate
	}
	conds, err := v.where(w)
	return v, conds, err
}

// change applies assignments to one row under all keys of the table.
func (db *DB) change(t *table, r *row, changes []assignment) error {
	vals := append([]any(nil), r.vals...)
	for _, c := range changes {
		for c.slot >= len(vals) {
			vals = append(vals, nil)
		}
		vals[c.slot] = c.val
	}
	if err := t.unique(vals, r); err != nil {
		return err
	}
	if err := t.references(vals, r.vals); err != nil {
		return err
	}
	for _, ref := range t.in {
		if !same(at(vals, ref.toSlot), at(r.vals, ref.toSlot)) && len(ref.referrers(r)) > 0 {
			return fmt.Errorf("%w: %s.%s is referenced by %s", ErrReference, t.name, t.columns[ref.toSlot], ref.from.name)
		}
	}
	db.replace(t, r, vals)
	return nil
}

func (a *store) Increment(ctx context.Context, model string, w adapter.Where, field string, by int64, set adapter.Record) (adapter.Record, error) {
	v, conds, err := a.target(ctx, model, w)
	if err != nil {
		return nil, err
	}
	c, err := v.column(field)
	if err != nil {
		return nil, err
	}
	if c.field.Type != schema.Number {
		return nil, fmt.Errorf("%w: %s is no number", adapter.ErrBadValue, field)
	}
	if _, twice := set[field]; twice {
		return nil, fmt.Errorf("%w: %s is incremented and set", adapter.ErrBadValue, field)
	}
	changes, err := v.assign(set)
	if err != nil {
		return nil, err
	}
	var out adapter.Record
	err = a.db.write(ctx, func() error {
		rows := v.table.find(conds, 1)
		if len(rows) == 0 {
			return adapter.ErrNotFound
		}
		sum, ok := add(at(rows[0].vals, c.slot), by)
		if !ok {
			return fmt.Errorf("%w: %s is null or would leave its range", adapter.ErrBadValue, field)
		}
		if err := a.db.change(v.table, rows[0], append(changes, assignment{c.slot, sum})); err != nil {
			return err
		}
		out = v.record(rows[0], nil, 0)
		return nil
	})
	return out, err
}

func add(v any, by int64) (any, bool) {
	switch n := v.(type) {
	case int64:
		if (by > 0 && n > math.MaxInt64-by) || (by < 0 && n < math.MinInt64-by) {
			return nil, false
		}
		return n + by, true
	case float64:
		return number(n+float64(by), false)
	}
	return nil, false
}
