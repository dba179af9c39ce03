package sqlmigrate

import (
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// Table is a table as Migrate makes it in one kind of database, for generators of
// models and schema files.
type Table struct {
	*schema.Table
	IDType  string   // type of the primary key, for example "varchar(36)"
	Columns []Column // besides the primary key
	Indexes []Index  // besides those that unique columns bring
}

// Column is a field as the database has it.
type Column struct {
	*schema.Field
	SQLType    string // for example "varchar(255)"
	SQLDefault string // for example "CURRENT_TIMESTAMP", or ""
	// SQLConstant is the field's constant default, or "". A new table does not have it.
	// A required column that a table lacks is added with it, for the existing rows.
	SQLConstant string
}

// Index is an index with the name that Migrate gives it.
type Index struct {
	Name    string
	Unique  bool
	Columns []IndexColumn
}

// IndexColumn is a column of an index.
type IndexColumn struct {
	*schema.Field
	Prefix int // characters of it that are indexed; 0 for all
}

// Tables describes the tables of the schema, each after those it references.
func (m *Migration) Tables() []Table {
	out := make([]Table, 0, len(m.schema.Tables()))
	for _, t := range m.schema.Tables() {
		made := Table{Table: t, IDType: m.dialect.refType()}
		for i := range t.Fields {
			f := &t.Fields[i]
			made.Columns = append(made.Columns, Column{Field: f, SQLType: m.typeOf(f), SQLDefault: m.nowDefault(f), SQLConstant: m.constant(f)})
		}
		for _, x := range indexes(t) {
			index := Index{Name: x.name(), Unique: x.unique}
			for _, f := range x.fields {
				index.Columns = append(index.Columns, IndexColumn{Field: f, Prefix: m.dialect.indexPrefix(f, len(x.fields), 0)})
			}
			made.Indexes = append(made.Indexes, index)
		}
		out = append(out, made)
	}
	return out
}

// Create lists the statements that make the schema in an empty database, for
// applications that keep migrations in files. MySQL's tables get the collation, by
// default utf8mb4_bin, which MySQL and MariaDB both have; other databases ignore it.
func (m *Migration) Create(collation string) []adapter.Change {
	if collation == "" {
		collation = "utf8mb4_bin"
	}
	steps, _ := m.compare(&found{binary: collation})
	return changes(steps)
}
