package sqlcodec

import (
	"fmt"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// IDClass is how a column that holds an id is stored.
type IDClass uint8

// The classes of columns: no id, and ids as text, integers and UUIDs.
const (
	NotID IDClass = iota
	TextID
	SerialID
	UUIDID
)

// Column is a field with the properties that statements need, determined once.
type Column struct {
	Name   string // logical
	Column string // in the database
	Quoted string // "expiresAt"
	Full   string // "session"."expiresAt"
	Type   schema.Type
	ID     IDClass
	Unique bool
	BigInt bool // an integer of 64 bits
}

// Nullable reports whether a column can be null.
func (t *Table) Nullable(c *Column) bool {
	f, ok := t.Schema.Field(c.Name)
	return !ok || f.Optional
}

// Numbered reports whether the column holds ids that are not plain text.
func (c *Column) Numbered() bool { return c.ID == SerialID || c.ID == UUIDID }

// Table is a schema.Table made ready for statements.
type Table struct {
	Model   string
	Name    string // in the database
	Quoted  string
	ID      *Column
	Columns []*Column // the id first, then in the schema's order
	Schema  *schema.Table

	byName map[string]*Column
}

// Compile makes the Table of a schema's table. quote quotes a name, which holds no
// quotes or dots: package schema admits only identifiers.
func Compile(s *schema.Schema, in *schema.Table, quote func(name string) string) *Table {
	t := &Table{Model: in.Model, Name: in.Name, Quoted: quote(in.Name), Schema: in, byName: map[string]*Column{}}
	ids := TextID
	switch s.IDs {
	case schema.IDSerial:
		ids = SerialID
	case schema.IDUUID:
		ids = UUIDID
	}
	add := func(f *schema.Field) {
		c := &Column{Name: f.Name, Column: f.Column, Type: f.Type, Unique: f.Unique, BigInt: f.BigInt, Quoted: quote(f.Column)}
		c.Full = t.Quoted + "." + c.Quoted
		if f.Name == "id" || f.References != nil && f.References.Field == "id" {
			c.ID = ids
		}
		t.Columns = append(t.Columns, c)
		t.byName[c.Name] = c
	}
	id, _ := in.Field("id")
	add(id)
	for i := range in.Fields {
		add(&in.Fields[i])
	}
	t.ID = t.Columns[0]
	return t
}

// Column finds a column by its logical name or fails with adapter.ErrUnknownField.
func (t *Table) Column(name string) (*Column, error) {
	c, ok := t.byName[name]
	if !ok {
		return nil, fmt.Errorf("%w: %s.%s", adapter.ErrUnknownField, t.Model, name)
	}
	return c, nil
}

// Pick returns the columns of a Select; no names mean all.
func (t *Table) Pick(names []string) ([]*Column, error) {
	if len(names) == 0 {
		return t.Columns, nil
	}
	out := make([]*Column, 0, len(names))
	for _, n := range names {
		c, err := t.Column(n)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// Check refuses a record with a field that the table lacks.
func (t *Table) Check(rec adapter.Record) error {
	for name := range rec {
		if _, err := t.Column(name); err != nil {
			return err
		}
	}
	return nil
}

// Inserted lists the columns that a new row sets, in the schema's order and not
// the map's: one text for each set of fields. A nil id is left to the database.
func (t *Table) Inserted(rec adapter.Record) ([]*Column, error) {
	if err := t.Check(rec); err != nil {
		return nil, err
	}
	cols := make([]*Column, 0, len(rec))
	for _, c := range t.Columns {
		if v, ok := rec[c.Name]; ok && (c != t.ID || v != nil) {
			cols = append(cols, c)
		}
	}
	return cols, nil
}

// Counter finds the column that an Increment adds to and checks that nothing
// else sets it.
func (t *Table) Counter(field string, set adapter.Record) (*Column, error) {
	c, err := t.Column(field)
	if err != nil {
		return nil, err
	}
	if c.Type != schema.Number || c.ID != NotID {
		return nil, fmt.Errorf("%w: %s.%s is no number", adapter.ErrBadValue, t.Model, c.Name)
	}
	if _, twice := set[field]; twice {
		return nil, fmt.Errorf("%w: %s.%s is set and incremented", adapter.ErrBadValue, t.Model, c.Name)
	}
	return c, nil
}

// One reports whether a predicate can match at most one row, because it
// demands a value of a unique column.
func (t *Table) One(w adapter.Where) bool {
	for _, c := range w {
		if c.Or || c.Fold || c.Value == nil || c.Op != "" && c.Op != adapter.Eq {
			continue
		}
		if col, ok := t.byName[c.Field]; ok && (col == t.ID || col.Unique) {
			return true
		}
	}
	return false
}

// DeleteByID calls del for the id of each row that matched w when it was read
// without a lock, in a transaction that sees what others commit. It is for MySQL, where
// a DELETE waits for every row that it reads, also for those that others are inserting.
// If these wait for a row that the DELETE's transaction has locked, such as the user
// that all of them refer to, that is a deadlock. PostgreSQL skips rows that are not
// committed, and so does this. With several ids in one statement the server might
// search by w after all.
func DeleteByID(w adapter.Where, rows []adapter.Record, del func(adapter.Where) (int64, error)) (int64, error) {
	var total int64
	for _, rec := range rows {
		n, err := del(w.And("id", rec["id"]))
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// Tables are the tables of a schema by model.
type Tables map[string]*Table

// CompileAll makes the Tables of a schema.
func CompileAll(s *schema.Schema, quote func(name string) string) Tables {
	out := make(Tables, len(s.Tables()))
	for _, t := range s.Tables() {
		out[t.Model] = Compile(s, t, quote)
	}
	return out
}

// Table finds a table by its model or fails with adapter.ErrUnknownModel.
func (ts Tables) Table(model string) (*Table, error) {
	t, ok := ts[model]
	if !ok {
		return nil, fmt.Errorf("%w: %s", adapter.ErrUnknownModel, model)
	}
	return t, nil
}

// Target finds the table of a write. Without a predicate it fails with
// adapter.ErrNoPredicate.
func (ts Tables) Target(model string, w adapter.Where) (*Table, error) {
	t, err := ts.Table(model)
	if err == nil && len(w) == 0 {
		err = fmt.Errorf("%w: %s", adapter.ErrNoPredicate, model)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}
