package gormadapter

import (
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// idClass says how a column that holds an id is stored.
type idClass uint8

const (
	notID idClass = iota
	textID
	serialID
	uuidID
)

// column is a field with what every statement needs of it worked out once.
type column struct {
	name   string // logical
	column string // in the database
	quoted string // "expiresAt"
	full   string // "session"."expiresAt"
	typ    schema.Type
	id     idClass
	unique bool
	bigint bool
	field  *schema.Field
}

// table is a schema.Table made ready for one dialect.
type table struct {
	model   string
	name    string
	quoted  string
	id      *column
	columns []*column // the id first, then in the schema's order
	byName  map[string]*column
	schema  *schema.Table
}

func compile(db *gorm.DB, s *schema.Schema, in *schema.Table) *table {
	t := &table{model: in.Model, name: in.Name, schema: in, byName: map[string]*column{}}
	t.quoted = quote(db, in.Name)
	ids := textID
	switch s.IDs {
	case schema.IDSerial:
		ids = serialID
	case schema.IDUUID:
		ids = uuidID
	}
	add := func(f *schema.Field) {
		c := &column{
			name: f.Name, column: f.Column, typ: f.Type, field: f,
			unique: f.Unique, bigint: f.BigInt, quoted: quote(db, f.Column),
		}
		c.full = t.quoted + "." + c.quoted
		if f.Name == "id" || f.References != nil && f.References.Field == "id" {
			c.id = ids
		}
		t.columns = append(t.columns, c)
		t.byName[c.name] = c
	}
	id, _ := in.Field("id")
	add(id)
	for i := range in.Fields {
		add(&in.Fields[i])
	}
	t.id = t.columns[0]
	return t
}

// quote asks GORM's dialect. Names hold no quotes or dots: package schema
// admits only identifiers.
func quote(db *gorm.DB, name string) string {
	var b strings.Builder
	db.Dialector.QuoteTo(&b, name)
	return b.String()
}

func (t *table) column(name string) (*column, error) {
	c, ok := t.byName[name]
	if !ok {
		return nil, fmt.Errorf("%w: %s.%s", adapter.ErrUnknownField, t.model, name)
	}
	return c, nil
}

// pick returns the columns of a Select; none means all.
func (t *table) pick(names []string) ([]*column, error) {
	if len(names) == 0 {
		return t.columns, nil
	}
	out := make([]*column, 0, len(names))
	for _, n := range names {
		c, err := t.column(n)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}
