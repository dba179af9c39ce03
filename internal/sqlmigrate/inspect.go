package sqlmigrate

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// found holds the tables and indexes of a database. Names are compared in lower case:
// SQLite and some MySQL servers ignore case, and no database needs two names that
// differ only by it.
type found struct {
	columns   map[string]map[string]int // table -> column -> length of its texts, or 0
	collation map[string]string         // table -> collation, where tables have one
	binary    string                    // collation for a new database
	indexes   map[string]map[string]*indexed
}

// indexed is an index of all rows of a table.
type indexed struct {
	columns []string // in order; "" is an expression
	unique  bool
}

func (f *found) hasTable(name string) bool { return f.columns[strings.ToLower(name)] != nil }

func (f *found) hasColumn(table, column string) bool {
	_, ok := f.columns[strings.ToLower(table)][strings.ToLower(column)]
	return ok
}

// covers reports whether an index of the table can stand for one of the schema: it
// begins with the same columns or, for a unique index, makes them unique.
func (f *found) covers(x index) bool {
	columns := x.columns()
	for _, have := range f.indexes[strings.ToLower(x.table.Name)] {
		if !x.unique && have.begins(columns) || x.unique && have.unique && have.within(columns) {
			return true
		}
	}
	return false
}

func (x *indexed) begins(columns []string) bool {
	if len(x.columns) < len(columns) {
		return false
	}
	for i, c := range columns {
		if !strings.EqualFold(c, x.columns[i]) {
			return false
		}
	}
	return true
}

// within reports whether the index has no other columns: values that are unique in some
// of the columns are unique in all.
func (x *indexed) within(columns []string) bool {
	for _, have := range x.columns {
		if !slices.ContainsFunc(columns, func(c string) bool { return strings.EqualFold(c, have) }) {
			return false
		}
	}
	return true
}

func inspect(ctx context.Context, conn Conn, d dialect) (*found, error) {
	f := &found{columns: map[string]map[string]int{}, collation: map[string]string{}, indexes: map[string]map[string]*indexed{}}
	err := lowered(ctx, conn, d.columnsSQL(), 4, func(v []string) {
		t := v[0]
		if f.columns[t] == nil {
			f.columns[t] = map[string]int{}
		}
		length, _ := strconv.Atoi(v[3])
		f.columns[t][v[1]] = length
		f.collation[t] = v[2]
	})
	if err != nil {
		return nil, err
	}
	err = lowered(ctx, conn, d.indexesSQL(), 4, func(v []string) {
		t := v[0]
		if f.indexes[t] == nil {
			f.indexes[t] = map[string]*indexed{}
		}
		x := f.indexes[t][v[1]]
		if x == nil {
			x = &indexed{unique: v[3] != ""}
			f.indexes[t][v[1]] = x
		}
		x.columns = append(x.columns, v[2])
	})
	if err != nil {
		return nil, err
	}
	if query := d.collationSQL(); query != "" {
		err = lowered(ctx, conn, query, 1, func(v []string) {
			if f.binary == "" {
				f.binary = v[0]
			}
		})
	}
	return f, err
}

// lowered is texts with lower-case results.
func lowered(ctx context.Context, conn Conn, query string, n int, each func([]string)) error {
	return texts(ctx, conn, query, n, func(row []string) {
		for i, v := range row {
			row[i] = strings.ToLower(v)
		}
		each(row)
	})
}

// texts runs a query of n columns and returns its rows.
func texts(ctx context.Context, conn Conn, query string, n int, each func([]string)) error {
	rows, err := conn.Query(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	values := make([]string, n)
	dest := make([]any, n)
	for i := range values {
		dest[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		each(slices.Clone(values))
	}
	return rows.Err()
}
