package sqlmigrate

import (
	"context"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// step is a unit of the plan: a table with its indexes, a column, or an index.
type step struct {
	changes []adapter.Change
	unique  *index // a unique index over rows that may break it
}

func changes(steps []step) []adapter.Change {
	var out []adapter.Change
	for _, s := range steps {
		out = append(out, s.changes...)
	}
	return out
}

// Plan compares the schema with the database. plan holds missing tables and columns
// with their indexes, and unique keys that a table lacks: in a database of Better
// Auth's the key of its accounts. advice lists other indexes that existing tables lack;
// nothing depends on them.
func (m *Migration) Plan(ctx context.Context, conn Conn) (plan, advice []adapter.Change, err error) {
	steps, advice, err := m.look(ctx, conn)
	return changes(steps), advice, err
}

func (m *Migration) pending(ctx context.Context, conn Conn) ([]step, error) {
	steps, _, err := m.look(ctx, conn)
	return steps, err
}

func (m *Migration) look(ctx context.Context, conn Conn) ([]step, []adapter.Change, error) {
	have, err := inspect(ctx, conn, m.dialect)
	if err != nil {
		return nil, nil, err
	}
	if err := m.hidden(ctx, conn, have); err != nil {
		return nil, nil, err
	}
	steps, advice := m.compare(have)
	return steps, advice, nil
}

// compare lists the steps from a database to the schema.
//
// A statement that changes a table locks everybody else out. Columns come first, those
// of the last tables before those of the first: a query locks the session before its
// user, and a migration in one transaction has to do the same, or the two wait for each
// other. New tables and their references follow.
func (m *Migration) compare(have *found) (steps []step, advice []adapter.Change) {
	collation := have.binary
	for _, t := range m.schema.Tables() {
		if c := have.collation[strings.ToLower(t.Name)]; c != "" {
			collation = c
			break
		}
	}
	add := func(t *schema.Table, f *schema.Field) {
		change := adapter.Change{Table: t.Name, Kind: "add column", SQL: m.addColumn(t, f)}
		steps = append(steps, step{changes: []adapter.Change{change}})
	}
	for _, t := range slices.Backward(m.schema.Tables()) {
		for _, f := range m.missing(have, t) {
			if f.References == nil {
				add(t, f)
			}
		}
	}
	var last []step
	for _, t := range m.schema.Tables() {
		if !have.hasTable(t.Name) {
			steps = append(steps, m.newTable(t, collation))
			continue
		}
		fields := m.missing(have, t)
		for _, f := range fields {
			if f.References != nil {
				add(t, f)
			}
		}
		for _, x := range required(t) {
			change := m.createIndex(x, have.columns[strings.ToLower(t.Name)])
			isNew := slices.ContainsFunc(x.fields, func(f *schema.Field) bool { return slices.Contains(fields, f) })
			switch {
			case isNew:
				last = append(last, step{changes: []adapter.Change{change}})
			case have.covers(x):
			case x.unique:
				last = append(last, step{changes: []adapter.Change{change}, unique: &x})
			default:
				advice = append(advice, change)
			}
		}
	}
	return append(steps, last...), advice
}

// missing lists the columns that an existing table lacks.
func (m *Migration) missing(have *found, t *schema.Table) (out []*schema.Field) {
	if !have.hasTable(t.Name) {
		return nil
	}
	for i := range t.Fields {
		if f := &t.Fields[i]; !have.hasColumn(t.Name, f.Column) {
			out = append(out, f)
		}
	}
	return out
}

func (m *Migration) newTable(t *schema.Table, collation string) step {
	s := step{changes: []adapter.Change{{Table: t.Name, Kind: "create table", SQL: m.createTable(t, collation)}}}
	for _, x := range indexes(t) {
		s.changes = append(s.changes, m.createIndex(x, nil))
	}
	return s
}
