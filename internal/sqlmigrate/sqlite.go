package sqlmigrate

import (
	"strconv"
	"strings"

	"github.com/advantch/kernia-go/core/schema"
)

// sqlite writes for SQLite 3.35 or later.
type sqlite struct{ ids schema.IDKind }

func (sqlite) ident(name string) string { return `"` + name + `"` }

func (d sqlite) idType() string { return d.refType() }

// idSuffix keeps the id of a deleted row from being used again: a cookie cache or a
// token of a deleted user must not become another's.
func (d sqlite) idSuffix() string {
	if d.ids == schema.IDSerial {
		return " autoincrement"
	}
	return ""
}

func (d sqlite) refType() string {
	if d.ids == schema.IDSerial {
		return "integer"
	}
	return "text"
}

func (sqlite) columnType(f *schema.Field) string {
	switch f.Type {
	case schema.Boolean:
		return "integer"
	case schema.Number:
		if f.BigInt {
			return "bigint"
		}
		return "integer"
	case schema.Date:
		return "date"
	}
	return "text"
}

func (sqlite) nowDefault() string     { return "" }
func (sqlite) inlineReferences() bool { return true }
func (sqlite) plainAdd() bool         { return true }

func (sqlite) literal(v any) string {
	if b, ok := v.(bool); ok {
		if b {
			return "1"
		}
		return "0"
	}
	return literal(v)
}

// literal writes numbers, and texts that need no escaping anywhere.
func literal(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case int:
		return strconv.Itoa(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case string:
		if !strings.ContainsAny(v, "'\\\x00") {
			return "'" + v + "'"
		}
	}
	return ""
}

func (sqlite) indexPrefix(*schema.Field, int, int) int { return 0 }

func (sqlite) columnsSQL() string {
	return `SELECT m.name, c.name, '', '' FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table'`
}

func (sqlite) indexesSQL() string {
	return `SELECT m.name, x.name, coalesce(c.name, ''), CASE x."unique" WHEN 1 THEN 'unique' ELSE '' END ` +
		`FROM sqlite_master AS m JOIN pragma_index_list(m.name) AS x JOIN pragma_index_info(x.name) AS c ` +
		`WHERE m.type = 'table' AND x.partial = 0 ORDER BY m.name, x.name, c.seqno`
}

func (sqlite) elsewhereSQL([]string) string { return "" }

func (sqlite) tableSuffix(string) string { return "" }
func (sqlite) collationSQL() string      { return "" }

// begin takes the lock.
func (sqlite) begin() string       { return "BEGIN IMMEDIATE" }
func (sqlite) whole() bool         { return true }
func (sqlite) lock(int) string     { return "" }
func (sqlite) unlock() string      { return "" }
func (sqlite) lockHolder() string  { return "" }
func (sqlite) tableHolder() string { return "" }

// The wait for the lock is the DSN's, by default that of the driver.
func (sqlite) patience() string      { return "" }
func (sqlite) lockPatience() string  { return "" }
func (sqlite) tablePatience() string { return "" }
func (sqlite) waitFor(string) string { return "" }
