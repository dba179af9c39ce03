package sqlmigrate

import (
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// dialect holds the differences between databases.
type dialect interface {
	// ident quotes a name.
	ident(name string) string
	// idType is the type of a primary key, up to and without "not null".
	idType() string
	// idSuffix comes after "primary key".
	idSuffix() string
	// refType is the type of a column that refers to an id.
	refType() string
	columnType(f *schema.Field) string
	// nowDefault is the default of a date that is set on create, or "".
	nowDefault() string
	// inlineReferences reports whether REFERENCES after a column is obeyed.
	inlineReferences() bool
	// plainAdd reports whether ADD COLUMN refuses a reference with a default.
	plainAdd() bool
	// literal writes a constant default, or "" where it cannot.
	literal(v any) string
	// indexPrefix is how many characters of a column an index of several columns
	// holds, 0 for all. length is that of the column of an existing table.
	indexPrefix(f *schema.Field, columns, length int) int

	// tableSuffix ends CREATE TABLE, given the collation of the tables that the
	// schema has already, or "".
	tableSuffix(collation string) string
	// collationSQL lists the collations for a new database, best first, or is "".
	collationSQL() string

	// columnsSQL lists (table, column, collation of the table, length of a text
	// column) and indexesSQL (table, index, column in order, "unique" or "") of the
	// current schema. Indexes of some rows are left out; an expression has the
	// column "".
	columnsSQL() string
	indexesSQL() string
	// elsewhereSQL lists (schema, table, column) of tables that statements would
	// find outside the current schema, or is "" where there are none.
	elsewhereSQL(tables []string) string
	// begin starts a transaction, or is "" where one would not help.
	begin() string
	// whole reports whether all of a migration is one transaction.
	whole() bool
	locks
}

// The texts below are those of Better Auth's migrations, so that a schema dump
// of either server's database reads the same.

func (m *Migration) createTable(t *schema.Table, collation string) string {
	d := m.dialect
	var b strings.Builder
	b.WriteString("create table " + d.ident(t.Name) + " (")
	b.WriteString(d.ident("id") + " " + d.idType() + " not null primary key" + d.idSuffix())
	var tail []string
	for i := range t.Fields {
		f := &t.Fields[i]
		b.WriteString(", " + m.define(f, definition{
			now: m.nowDefault(f), required: !f.Optional, unique: f.Unique, references: d.inlineReferences(),
		}))
		if f.References != nil && !d.inlineReferences() {
			tail = append(tail, ", foreign key ("+d.ident(f.Column)+")"+m.references(f))
		}
	}
	b.WriteString(strings.Join(tail, ""))
	b.WriteString(")" + d.tableSuffix(collation))
	return b.String()
}

// definition holds the optional parts of a column definition.
type definition struct {
	now                          string
	required, unique, references bool
}

func (m *Migration) define(f *schema.Field, def definition) string {
	d := m.dialect
	var b strings.Builder
	b.WriteString(d.ident(f.Column) + " " + m.typeOf(f))
	if def.now != "" {
		b.WriteString(" default " + def.now)
	}
	if def.required {
		b.WriteString(" not null")
	}
	if def.unique {
		b.WriteString(" unique")
	}
	if f.References != nil && def.references {
		b.WriteString(m.references(f))
	}
	return b.String()
}

func (m *Migration) typeOf(f *schema.Field) string {
	if f.References != nil && f.References.Field == "id" {
		return m.dialect.refType()
	}
	return m.dialect.columnType(f)
}

func (m *Migration) nowDefault(f *schema.Field) string {
	if f.Type == schema.Date && f.Default != nil {
		return m.dialect.nowDefault()
	}
	return ""
}

func (m *Migration) references(f *schema.Field) string {
	to, _ := m.schema.Table(f.References.Model)
	column, _ := to.Column(f.References.Field)
	return " references " + m.dialect.ident(to.Name) + " (" + m.dialect.ident(column) + ") on delete " + f.References.OnDelete
}

// addColumn returns the statement for a column that a table lacks. A required column is
// added as NOT NULL only if old rows get a value: its constant default. A unique one
// gets its index in a separate statement, which does not block readers.
func (m *Migration) addColumn(t *schema.Table, f *schema.Field) string {
	d := m.dialect
	def := definition{references: d.inlineReferences()}
	if !f.Optional && !f.Unique && !(d.plainAdd() && f.References != nil) {
		if def.now = m.nowDefault(f); def.now == "" {
			def.now = m.constant(f)
		}
		def.required = def.now != ""
	}
	sql := "alter table " + d.ident(t.Name) + " add column " + m.define(f, def)
	if f.References != nil && !d.inlineReferences() {
		sql += ", add foreign key (" + d.ident(f.Column) + ")" + m.references(f)
	}
	return sql
}

// constant returns the literal of a default that does not depend on the time
// or on chance.
func (m *Migration) constant(f *schema.Field) string {
	if f.Default == nil {
		return ""
	}
	a, b := f.Default(time.Unix(0, 0).UTC()), f.Default(time.Unix(86400, 0).UTC())
	switch a.(type) {
	case bool, string, int, int64, float64:
		if a == b {
			return m.dialect.literal(a)
		}
	}
	return ""
}

// index is one index that the schema asks for.
type index struct {
	table  *schema.Table
	fields []*schema.Field
	unique bool
}

// indexes lists the indexes of a table besides those that its UNIQUE columns bring.
func indexes(t *schema.Table) []index {
	var out []index
	for i := range t.Fields {
		if f := &t.Fields[i]; f.Index {
			out = append(out, index{table: t, fields: []*schema.Field{f}, unique: f.Unique})
		}
	}
	add := func(unique bool, names ...string) {
		x := index{table: t, unique: unique}
		for _, name := range names {
			f, ok := t.Field(name)
			if !ok || name == "id" {
				return
			}
			x.fields = append(x.fields, f)
		}
		out = append(out, x)
	}
	for _, names := range t.Unique {
		add(true, names...)
	}
	if t.Model == "verification" {
		// The removal of old rows looks them up by expiresAt. Better Auth's own tables
		// have no such index.
		add(false, "expiresAt")
	}
	return out
}

// required lists the indexes of an existing table: those of indexes, and those of its
// UNIQUE columns.
func required(t *schema.Table) []index {
	var out []index
	for i := range t.Fields {
		if f := &t.Fields[i]; f.Unique && !f.Index {
			out = append(out, index{table: t, fields: []*schema.Field{f}, unique: true})
		}
	}
	return append(out, indexes(t)...)
}

func (x *index) columns() []string {
	out := make([]string, len(x.fields))
	for i, f := range x.fields {
		out[i] = f.Column
	}
	return out
}

func (x *index) name() string {
	suffix := "_idx"
	if x.unique {
		suffix = "_uidx"
	}
	return x.table.Name + "_" + strings.Join(x.columns(), "_") + suffix
}

// createIndex writes the statement for an index, given the lengths of the existing text
// columns.
func (m *Migration) createIndex(x index, lengths map[string]int) adapter.Change {
	d := m.dialect
	kind := "index "
	if x.unique {
		kind = "unique index "
	}
	cols := make([]string, len(x.fields))
	for i, f := range x.fields {
		cols[i] = d.ident(f.Column)
		if n := d.indexPrefix(f, len(x.fields), lengths[strings.ToLower(f.Column)]); n > 0 {
			cols[i] += "(" + strconv.Itoa(n) + ")"
		}
	}
	text := "create " + kind + d.ident(x.name()) + " on " + d.ident(x.table.Name) + " (" + strings.Join(cols, ", ") + ")"
	return adapter.Change{Table: x.table.Name, Kind: "create index", SQL: text}
}
