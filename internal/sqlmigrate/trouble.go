package sqlmigrate

import (
	"context"
	"fmt"
	"strings"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// duplicates reports the first unique key of the steps that rows break, before
// anything is changed.
func (m *Migration) duplicates(ctx context.Context, conn Conn, steps []step) error {
	for _, s := range steps {
		if s.unique == nil {
			continue
		}
		if err := m.duplicate(ctx, conn, *s.unique); err != nil {
			return err
		}
	}
	return nil
}

func (m *Migration) duplicate(ctx context.Context, conn Conn, x index) error {
	list := m.repeated(x)
	var values, rows string
	err := texts(ctx, conn, "select count(*), coalesce(sum(n), 0) from ("+list+") as d", 2, func(row []string) { values, rows = row[0], row[1] })
	if err != nil || values == "0" {
		return err
	}
	var providers []string
	if provider, ok := x.table.Field("providerId"); ok && x.table.Model == "account" {
		name := m.dialect.ident(provider.Column)
		query := "select " + name + ", count(*) as k from (" + list + ") as d group by " + name + " order by k desc, " + name + " limit 5"
		if err := texts(ctx, conn, query, 2, func(row []string) { providers = append(providers, row[0]+" "+row[1]) }); err != nil {
			return err
		}
	}
	of := ""
	if len(providers) > 0 {
		of = " (of the providers " + strings.Join(providers, ", ") + ")"
	}
	word := "values"
	if values == "1" {
		word = "value"
	}
	return &Error{fmt.Sprintf("the table %q needs a unique key on (%s), but %s rows share %s %s%s: "+
		"remove the rows that are wrong and migrate again; this query lists the values: %s",
		x.table.Name, strings.Join(x.columns(), ", "), rows, values, word, of, list), adapter.ErrUnique}
}

// repeated is the query for the values that break a unique index.
func (m *Migration) repeated(x index) string {
	var names, present []string
	for _, f := range x.fields {
		name := m.dialect.ident(f.Column)
		names = append(names, name)
		present = append(present, name+" is not null")
	}
	columns := strings.Join(names, ", ")
	return "select " + columns + ", count(*) as n from " + m.dialect.ident(x.table.Name) +
		" where " + strings.Join(present, " and ") + " group by " + columns + " having count(*) > 1"
}

// hidden reports tables of the schema that statements find outside the current
// schema, when it has none: new ones would hide them, and with them all users. This
// happens when a new schema comes earlier on PostgreSQL's search_path. A table of the
// same name that another application has made lacks columns of ours.
func (m *Migration) hidden(ctx context.Context, conn Conn, have *found) error {
	var names []string
	for _, t := range m.schema.Tables() {
		if have.hasTable(t.Name) {
			return nil
		}
		names = append(names, t.Name)
	}
	query := m.dialect.elsewhereSQL(names)
	if query == "" || len(names) == 0 {
		return nil
	}
	type place struct{ schema, table, column string }
	there := map[place]bool{}
	var schemas []string
	err := texts(ctx, conn, query, 3, func(row []string) {
		if len(schemas) == 0 || schemas[len(schemas)-1] != row[0] {
			schemas = append(schemas, row[0])
		}
		there[place{row[0], row[1], row[2]}] = true
	})
	if err != nil {
		return err
	}
	for _, s := range schemas {
		if !m.complete(func(table, column string) bool { return there[place{s, table, column}] }) {
			continue
		}
		current := ""
		if err := texts(ctx, conn, "SELECT current_schema()::text", 1, func(row []string) { current = row[0] }); err != nil {
			return err
		}
		return &Error{text: fmt.Sprintf("the tables are in the schema %q, and new ones in %q, which comes before it on the search_path, would hide them: "+
			"set the search_path to the schema that is meant", s, current)}
	}
	return nil
}

// complete reports whether the user and the session, or the first tables of another
// schema, have all their own columns.
func (m *Migration) complete(has func(table, column string) bool) bool {
	whole := func(t *schema.Table) bool {
		if !has(t.Name, "id") {
			return false
		}
		for _, f := range t.Fields[:len(t.Fields)-len(t.Added())] {
			if !has(t.Name, f.Column) {
				return false
			}
		}
		return true
	}
	for i, t := range m.schema.Tables() {
		if i < 2 && !whole(t) {
			return false
		}
	}
	return true
}
