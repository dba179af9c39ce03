package sqlmigrate

import (
	"strconv"
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

// columnType differs from Better Auth's in three places, where its types lose values
// that the other databases keep: fractions (integer), dates after 2038 (timestamp) and
// texts over 64 kB (text). Better Auth accepts these types as its own.
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

// indexPrefix bounds texts that are too long for a key of 3072 bytes: three columns of
// 255 characters fit. Most of Better Auth's text columns have no bound.
func (d mysql) indexPrefix(f *schema.Field, columns, length int) int {
	typ := d.columnType(f)
	switch {
	case f.References != nil && f.References.Field == "id", !strings.HasPrefix(typ, "varchar") && typ != "mediumtext":
		return 0
	case length == 0 && typ == "mediumtext", length > 255:
		return min(255, 768/columns)
	case columns > 3 && length == 0, columns > 3 && length > 768/columns:
		return 768 / columns
	}
	return 0
}

func (mysql) columnsSQL() string {
	return "SELECT c.table_name, c.column_name, coalesce(t.table_collation, ''), coalesce(c.character_maximum_length, 0) " +
		"FROM information_schema.columns AS c " +
		"JOIN information_schema.tables AS t ON t.table_schema = c.table_schema AND t.table_name = c.table_name " +
		"WHERE c.table_schema = database()"
}

func (mysql) indexesSQL() string {
	return "SELECT s.table_name, s.index_name, coalesce(s.column_name, ''), CASE s.non_unique WHEN 0 THEN 'unique' ELSE '' END " +
		"FROM information_schema.statistics AS s WHERE s.table_schema = database() ORDER BY s.table_name, s.index_name, s.seq_in_index"
}

func (mysql) elsewhereSQL([]string) string { return "" }

// tableSuffix sets the collation. The server's usual ones take "a", "A" and "a " for
// one id, so new databases get a binary one. A table beside existing ones gets theirs,
// or its foreign keys would be refused.
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
func (mysql) whole() bool   { return false }

// A named lock is the whole server's, so its name includes the database's.
const mysqlLock = "concat('kernia_migration_', md5(database()))"

func (mysql) lock(seconds int) string {
	return "SELECT coalesce(GET_LOCK(" + mysqlLock + ", " + strconv.Itoa(seconds) + "), 0)"
}
func (mysql) unlock() string { return "DO RELEASE_LOCK(" + mysqlLock + ")" }
func (mysql) lockHolder() string {
	return "SELECT coalesce(IS_USED_LOCK(" + mysqlLock + "), '')"
}

// tableHolder is "": only administrators see which connection holds a lock on a table.
func (mysql) tableHolder() string { return "" }

// The shortest wait of a statement that changes a table is a second.
func (mysql) patience() string            { return "SELECT @@lock_wait_timeout" }
func (mysql) lockPatience() string        { return "" }
func (mysql) tablePatience() string       { return "1" }
func (mysql) waitFor(value string) string { return "SET SESSION lock_wait_timeout = " + value }
