package gormadapter

import (
	"context"

	"github.com/advantch/kernia-go/core/adapter"
)

// FindOne returns the first row that matches, with its joins. A join of one row
// is part of the same statement; each join of many rows is one more.
func (s *store) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	q.Limit = 1
	rows, err := s.find(ctx, q)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, adapter.ErrNotFound
	}
	return rows[0], nil
}

// FindMany returns all rows that match, with their joins.
func (s *store) FindMany(ctx context.Context, q adapter.Find) ([]adapter.Record, error) {
	return s.find(ctx, q)
}

func (s *store) find(ctx context.Context, q adapter.Find) ([]adapter.Record, error) {
	t, err := s.table(q.Model)
	if err != nil {
		return nil, err
	}
	base, err := t.pick(q.Select)
	if err != nil {
		return nil, err
	}
	joins, err := s.joins(t, q)
	if err != nil {
		return nil, err
	}
	cols, hidden := withKeys(base, joins)

	b := s.build()
	b.WriteString("SELECT ")
	b.read(t.quoted, cols)
	width := len(cols)
	for i := range joins {
		if j := &joins[i]; j.inline {
			b.WriteString(", ")
			b.read(j.alias, j.to.columns)
			j.at = width
			width += len(j.to.columns)
		}
	}
	b.WriteString(" FROM ")
	b.WriteString(t.quoted)
	for i := range joins {
		if j := &joins[i]; j.inline {
			b.join(j)
		}
	}
	b.where(t, q.Where)
	b.orderBy(t, q.Sort)
	b.store.dialect.limit(b, q.Limit, q.Offset)
	b.quick = inline(joins) && t.one(q.Where)

	cells := make([]cell, 0, width)
	for _, c := range cols {
		cells = append(cells, cell{col: c})
	}
	for i := range joins {
		if j := &joins[i]; j.inline {
			for _, c := range j.to.columns {
				cells = append(cells, cell{col: c})
			}
		}
	}
	out := []adapter.Record{}
	err = s.rows(ctx, b, cells, func() error {
		rec := make(adapter.Record, len(cols)+len(joins))
		fill(rec, cells[:len(cols)])
		for i := range joins {
			if j := &joins[i]; j.inline {
				rec[j.as] = j.record(cells)
			}
		}
		out = append(out, rec)
		return nil
	})
	if err != nil {
		return nil, s.fail("find", t, err)
	}
	for i := range joins {
		if j := &joins[i]; !j.inline {
			if err := s.attach(ctx, out, j); err != nil {
				return nil, err
			}
		}
	}
	for _, rec := range out {
		for _, c := range hidden {
			delete(rec, c.name)
		}
	}
	return out, nil
}

func fill(rec adapter.Record, cells []cell) {
	for i := range cells {
		rec[cells[i].col.name] = cells[i].value
	}
}

func (b *builder) orderBy(t *table, keys []adapter.Sort) {
	for i, k := range keys {
		c, err := t.column(k.Field)
		if err != nil {
			b.fail(err)
			return
		}
		if i == 0 {
			b.WriteString(" ORDER BY ")
		} else {
			b.WriteString(", ")
		}
		b.store.dialect.sort(&b.Builder, c.full, k.Desc)
	}
}

// Count returns how many rows match.
func (s *store) Count(ctx context.Context, model string, w adapter.Where) (int64, error) {
	t, err := s.table(model)
	if err != nil {
		return 0, err
	}
	b := s.build()
	b.WriteString("SELECT count(*) FROM ")
	b.WriteString(t.quoted)
	b.where(t, w)
	n, err := s.count(ctx, b)
	return n, s.fail("count", t, err)
}

// countColumn types the one cell of a count.
var countColumn = &column{name: "count", column: "count", typ: "number"}

func (s *store) count(ctx context.Context, b *builder) (int64, error) {
	cells := []cell{{col: countColumn}}
	var n int64
	err := s.rows(ctx, b, cells, func() error {
		n, _ = cells[0].value.(int64)
		return nil
	})
	return n, err
}
