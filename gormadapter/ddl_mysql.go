package gormadapter

import (
	"strings"

	"github.com/advantch/kernia-go/core/schema"
)

func (mysql) ident(name string) string { return "`" + name + "`" }

func (d mysql) idType() string { return d.refType() }

func (d mysql) idSuffix() string {
	if d.ids == schema.IDSerial {
		return " auto_increment"
	}
	return ""
}

func (d mysql) refType() string {
	if d.ids == schema.IDSerial {
		return "integer"
	}
	return "varchar(36)"
}

func (mysql) columnType(f *schema.Field) string {
	switch f.Type {
	case schema.Boolean:
		return "boolean"
	case schema.Number:
		if f.BigInt {
			return "bigint"
		}
		return "integer"
	case schema.Date:
		return "timestamp(3)"
	case schema.JSON, schema.StringArray, schema.NumberArray:
		return "json"
	}
	switch {
	case f.Unique:
		return "varchar(255)"
	case f.References != nil:
		return "varchar(36)"
	case f.Sortable, f.Index:
		return "varchar(255)"
	}
	return "text"
}

func (mysql) nowDefault() string { return "CURRENT_TIMESTAMP(3)" }

// nullable spells out what other types have by themselves: without it, older
// servers make a TIMESTAMP not null and keep it current.
func (mysql) nullable(f *schema.Field) string {
	if f.Type == schema.Date {
		return " null"
	}
	return ""
}

// inlineReferences is false: MySQL reads REFERENCES after a column and ignores it.
func (mysql) inlineReferences() bool { return false }
func (mysql) plainAdd() bool         { return false }

func (d mysql) literal(v any) string { return literal(v) }

// indexColumn bounds text columns, which MySQL indexes only by a prefix.
func (d mysql) indexColumn(f *schema.Field, composite bool) string {
	name := d.ident(f.Column)
	switch typ := d.columnType(f); {
	case typ == "text":
		return name + "(191)"
	case composite && strings.HasPrefix(typ, "varchar(255)"):
		return name + "(191)"
	}
	return name
}

func (mysql) columnsSQL() string {
	return "SELECT c.table_name, c.column_name FROM information_schema.columns AS c WHERE c.table_schema = database()"
}

func (mysql) indexesSQL() string {
	return "SELECT s.table_name, s.index_name, s.column_name FROM information_schema.statistics AS s " +
		"WHERE s.table_schema = database() AND s.column_name IS NOT NULL ORDER BY s.table_name, s.index_name, s.seq_in_index"
}

func (mysql) lockSQL() []string     { return []string{"DO GET_LOCK('kernia_migration', 60)"} }
func (mysql) unlockSQL(bool) string { return "DO RELEASE_LOCK('kernia_migration')" }
