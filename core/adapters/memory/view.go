package memory

import (
	"fmt"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// view is a table as one schema sees it: logical fields mapped to the slots of
// the rows.
type view struct {
	def    *schema.Table
	ids    schema.IDKind
	table  *table
	list   []column // id first, then in the order of the schema
	byName map[string]*column
}

type column struct {
	field *schema.Field
	slot  int
	// serial marks decimal ids and references to them, which are strings but
	// order as numbers.
	serial bool
}

// agrees reports whether the columns of t have the types that the stored table
// gives them.
func (db *DB) agrees(t *schema.Table) error {
	stored := db.tables[t.Name]
	if stored == nil {
		return nil
	}
	for i := range t.Fields {
		f := &t.Fields[i]
		if slot, ok := stored.slots[f.Column]; ok && stored.types[slot] != f.Type {
			return fmt.Errorf("memory: column %s.%s is a %s, the schema makes it a %s", t.Name, f.Column, stored.types[slot], f.Type)
		}
	}
	return nil
}

func (db *DB) view(ids schema.IDKind, def *schema.Table) (*view, error) {
	t := db.tables[def.Name]
	if t == nil {
		t = newTable(def.Name)
		db.tables[def.Name] = t
	}
	v := &view{def: def, ids: ids, table: t, byName: make(map[string]*column, len(def.Fields)+1)}
	id, _ := def.Field("id")
	v.list = append(v.list, column{field: id, serial: ids == schema.IDSerial})
	for i := range def.Fields {
		f := &def.Fields[i]
		c := column{field: f, slot: t.slot(f.Column, f.Type)}
		c.serial = ids == schema.IDSerial && f.References != nil && f.References.Field == "id"
		v.list = append(v.list, c)
		if !f.Unique && !f.Index && f.References == nil {
			continue
		}
		if err := t.addIndex(f.Unique, c.slot); err != nil {
			return nil, err
		}
	}
	for i := range v.list {
		v.byName[v.list[i].field.Name] = &v.list[i]
	}
	for _, key := range def.Unique {
		slots := make([]int, len(key))
		for i, name := range key {
			slots[i] = v.byName[name].slot
		}
		if err := t.addIndex(true, slots...); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// link adds the foreign keys of v once all tables of the schema exist.
func (a *store) link(v *view) error {
	for _, c := range v.list {
		r := c.field.References
		if r == nil {
			continue
		}
		to := a.views[r.Model]
		target := to.byName[r.Field]
		if err := to.table.addIndex(false, target.slot); err != nil {
			return err
		}
		addReference(&reference{
			from: v.table, fromSlot: c.slot, to: to.table, toSlot: target.slot,
			onDelete: r.OnDelete, nullable: c.field.Optional,
		})
	}
	return nil
}

func (v *view) column(name string) (*column, error) {
	c, ok := v.byName[name]
	if !ok {
		return nil, fmt.Errorf("%w: %s.%s", adapter.ErrUnknownField, v.def.Model, name)
	}
	return c, nil
}

// record copies a row out. An empty selection means all fields.
func (v *view) record(r *row, selected []*column, extra int) adapter.Record {
	if len(selected) > 0 {
		rec := make(adapter.Record, len(selected)+extra)
		for _, c := range selected {
			rec[c.field.Name] = copyOut(at(r.vals, c.slot))
		}
		return rec
	}
	rec := make(adapter.Record, len(v.list)+extra)
	for i := range v.list {
		rec[v.list[i].field.Name] = copyOut(at(r.vals, v.list[i].slot))
	}
	return rec
}
