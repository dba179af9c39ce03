package sqlmigrate

import (
	"strings"

	"github.com/advantch/kernia-go/core/schema"
)

// mysql writes for MySQL 8 and MariaDB 10.5 or later.
type mysql struct{ ids schema.IDKind }

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

// columnType differs from Better Auth's in three places, where its types lose
// what the other databases keep: fractions (integer), dates after 2038
// (timestamp) and texts over 64 kB (text). It takes these for its own.
func (mysql) columnType(f *schema.Field) string {
	switch f.Type {
	case schema.Boolean:
		return "boolean"
	case schema.Number:
		if f.BigInt {
			return "bigint"
		}
		return "double"
	case schema.Date:
		return "datetime(3)"
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
	return "mediumtext"
}

func (mysql) nowDefault() string { return "CURRENT_TIMESTAMP(3)" }

// inlineReferences is false: MySQL reads REFERENCES after a column and ignores it.
func (mysql) inlineReferences() bool { return false }
func (mysql) plainAdd() bool         { return false }

// literal puts texts in brackets: MySQL gives a TEXT column no other default.
func (mysql) literal(v any) string {
	text := literal(v)
	if strings.HasPrefix(text, "'") {
		return "(" + text + ")"
	}
	return text
}

// indexPrefix bounds text columns, which MySQL indexes only by a prefix.
func (d mysql) indexPrefix(f *schema.Field, composite bool) int {
	const most = 191
	if f.References != nil && f.References.Field == "id" {
		return 0
	}
	switch typ := d.columnType(f); {
	case typ == "mediumtext":
		return most
	case composite && strings.HasPrefix(typ, "varchar(255)"):
		return most
	}
	return 0
}

func (mysql) columnsSQL() string {
	return "SELECT c.table_name, c.column_name, coalesce(t.table_collation, '') FROM information_schema.columns AS c " +
		"JOIN information_schema.tables AS t ON t.table_schema = c.table_schema AND t.table_name = c.table_name " +
		"WHERE c.table_schema = database()"
}

func (mysql) indexesSQL() string {
	return "SELECT s.table_name, s.index_name, s.column_name FROM information_schema.statistics AS s " +
		"WHERE s.table_schema = database() AND s.column_name IS NOT NULL ORDER BY s.table_name, s.index_name, s.seq_in_index"
}

// tableSuffix sets the collation. The server's usual ones hold "a", "A" and "a "
// for one id, so new databases get a binary one; a table that joins others gets
// theirs, or its foreign keys would be refused.
func (mysql) tableSuffix(collation string) string { return " collate " + collation }

// collationSQL lists the binary collations of the server, best first: MariaDB's,
// MySQL 8's, and one that still ignores spaces at the end.
func (mysql) collationSQL() string {
	return "SELECT collation_name FROM information_schema.collations " +
		"WHERE collation_name IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin', 'utf8mb4_bin') " +
		"ORDER BY field(collation_name, 'utf8mb4_nopad_bin', 'utf8mb4_0900_bin', 'utf8mb4_bin')"
}

// begin is "": MySQL commits every statement that changes a table.
func (mysql) begin() string { return "" }

// A named lock is the whole server's, so its name tells the database.
func (mysql) lock() string   { return "DO GET_LOCK(concat('kernia_migration_', md5(database())), 60)" }
func (mysql) unlock() string { return "DO RELEASE_LOCK(concat('kernia_migration_', md5(database())))" }
