package sqlmigrate

import (
	"context"
	"strings"
)

// found is what a database holds. Names are compared in lower case: SQLite and
// some MySQL servers ignore it, and two names that differ only by case are not
// worth telling apart.
type found struct {
	columns   map[string]map[string]bool     // table -> columns
	collation map[string]string              // table -> collation, where tables have one
	binary    string                         // collation for a new database
	indexes   map[string]map[string][]string // table -> index -> its columns in order
}

func (f *found) hasTable(name string) bool { return f.columns[strings.ToLower(name)] != nil }

func (f *found) hasColumn(table, column string) bool {
	return f.columns[strings.ToLower(table)][strings.ToLower(column)]
}

// covers says whether an index of the table begins with these columns.
func (f *found) covers(table string, columns []string) bool {
	for _, have := range f.indexes[strings.ToLower(table)] {
		if len(have) < len(columns) {
			continue
		}
		same := true
		for i, c := range columns {
			same = same && strings.EqualFold(c, have[i])
		}
		if same {
			return true
		}
	}
	return false
}

func inspect(ctx context.Context, conn Conn, d dialect) (*found, error) {
	f := &found{columns: map[string]map[string]bool{}, collation: map[string]string{}, indexes: map[string]map[string][]string{}}
	err := texts(ctx, conn, d.columnsSQL(), 3, func(v []string) {
		t := v[0]
		if f.columns[t] == nil {
			f.columns[t] = map[string]bool{}
		}
		f.columns[t][v[1]] = true
		f.collation[t] = v[2]
	})
	if err != nil {
		return nil, err
	}
	err = texts(ctx, conn, d.indexesSQL(), 3, func(v []string) {
		t := v[0]
		if f.indexes[t] == nil {
			f.indexes[t] = map[string][]string{}
		}
		f.indexes[t][v[1]] = append(f.indexes[t][v[1]], v[2])
	})
	if err != nil {
		return nil, err
	}
	if query := d.collationSQL(); query != "" {
		err = texts(ctx, conn, query, 1, func(v []string) {
			if f.binary == "" {
				f.binary = v[0]
			}
		})
	}
	return f, err
}

// texts runs a query of n text columns and gives each row in lower case.
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
		row := make([]string, n)
		for i, v := range values {
			row[i] = strings.ToLower(v)
		}
		each(row)
	}
	return rows.Err()
}
