package entadapter

import (
	"context"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// FindOne returns the first row that matches, with its joins. A join of one row
// is part of the same statement; each join of many rows is one more.
func (s *store) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	q.Limit = 1
	rows, err := s.FindMany(ctx, q)
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
	t, err := s.Table(q.Model)
	if err != nil {
		return nil, err
	}
	selected, err := t.Pick(q.Select)
	if err != nil {
		return nil, err
	}
	joins, err := s.codec.Joins(s.Tables, t, q.Joins)
	if err != nil {
		return nil, err
	}
	row := joins.Row(selected)
	sel, err := s.query(t, q.Where)
	if err != nil {
		return nil, err
	}
	if len(row.Base) != len(t.Columns) || len(q.Select) > 0 {
		sel.Select(s.columns(t.Quoted, row.Base)...)
	}
	for i := range joins {
		if j := &joins[i]; j.Inline {
			sel.AppendSelect(s.columns(s.quote(j.Alias), j.To.Columns)...)
			sel.LeftJoin(entsql.Table(j.To.Quoted).As(j.Alias)).On(s.quote(j.Alias)+"."+j.Key.Quoted, j.From.Full)
		}
	}
	if err := s.sort(sel, t, q.Sort); err != nil {
		return nil, err
	}
	s.page(sel, q.Limit, q.Offset)
	s.reading(ctx, sel)

	out := []adapter.Record{}
	err = s.rows(ctx, sel, row.Cells, func() error {
		out = append(out, row.Record())
		return nil
	})
	if err == nil {
		err = row.Finish(out, func(j *sqlcodec.Join, keys []any, each func(adapter.Record)) error {
			return s.fetch(ctx, j, keys, each)
		})
	}
	if err != nil {
		return nil, s.fail("find", t, err)
	}
	return out, nil
}

// fetch reads the joined rows of some keys, at most the join's limit for each.
func (s *store) fetch(ctx context.Context, j *sqlcodec.Join, keys []any, each func(adapter.Record)) error {
	t := j.To
	if len(keys) > 1 && s.rereads(ctx) {
		// Rows numbered by a window function cannot be locked.
		for i := range keys {
			if err := s.fetch(ctx, j, keys[i:i+1], each); err != nil {
				return err
			}
		}
		return nil
	}
	sel, err := s.query(t, adapter.Where{{Field: j.Key.Name, Op: adapter.In, Value: keys}})
	if err != nil {
		return err
	}
	if len(keys) == 1 {
		s.reading(ctx, sel)
		s.page(sel, j.Limit, 0)
	} else {
		// The window counts the rows of each key, so that the limit is applied by
		// the database and not after reading everything.
		number := entsql.RowNumber().PartitionBy(j.Key.Full)
		counted := sel.Select(t.Quoted+".*").AppendSelectExprAs(number, "kernia_row").As("r")
		r := s.quote("r")
		sel = s.build().Select(s.columns(r, t.Columns)...).From(counted).
			Where(entsql.LTE(r+"."+s.quote("kernia_row"), j.Limit))
	}
	cells := sqlcodec.Cells(t.Columns)
	return s.rows(ctx, sel, cells, func() error {
		rec := make(adapter.Record, len(cells))
		sqlcodec.Fill(rec, cells)
		each(rec)
		return nil
	})
}

// Count returns how many rows match.
func (s *store) Count(ctx context.Context, model string, w adapter.Where) (int64, error) {
	t, err := s.Table(model)
	if err != nil {
		return 0, err
	}
	sel, err := s.query(t, w)
	if err != nil {
		return 0, err
	}
	n, err := s.count(ctx, s.reading(ctx, sel))
	return n, s.fail("count", t, err)
}

func (s *store) count(ctx context.Context, sel *entsql.Selector) (int64, error) {
	cells := sqlcodec.CountCells()
	var n int64
	err := s.rows(ctx, sel.Count(), cells, func() error {
		n, _ = cells[0].Value.(int64)
		return nil
	})
	return n, err
}
