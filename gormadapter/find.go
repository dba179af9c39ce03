package gormadapter

import (
	"context"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// FindOne returns the first row that matches, with its joins. A join of one row
// is part of the same statement; each join of many rows is one more.
func (s *store) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	// A locking read ends differently from the compiled lookup.
	if l := s.lookup(&q); l != nil && s.reading(ctx) == "" {
		var rec adapter.Record
		if ok, err := l.find(ctx, s, q.Where[0].Value, func(row *sqlcodec.Row) { rec = row.Record() }); ok {
			return rec, err
		}
	}
	return s.first(ctx, q)
}

// Scan is FindOne without the record.
func (s *store) Scan(ctx context.Context, q adapter.Find, set func(as, field string, value any)) error {
	if l := s.lookup(&q); l != nil && s.reading(ctx) == "" {
		if ok, err := l.find(ctx, s, q.Where[0].Value, func(row *sqlcodec.Row) { row.Pass(set) }); ok {
			return err
		}
	}
	rec, err := s.first(ctx, q)
	if err == nil {
		q.Pass(rec, set)
	}
	return err
}

func (s *store) first(ctx context.Context, q adapter.Find) (adapter.Record, error) {
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
	t, err := s.Table(q.Model)
	if err != nil {
		return nil, err
	}
	b, row, err := s.selects(t, q, (*builder).columns)
	if err != nil {
		return nil, err
	}
	b.lock(s.reading(ctx))
	out := []adapter.Record{}
	err = s.rows(ctx, b, row.Cells, func() error {
		out = append(out, row.Record())
		return nil
	})
	if err != nil {
		return nil, s.fail("find", t, err)
	}
	err = row.Finish(out, func(j *sqlcodec.Join, keys []any, each func(adapter.Record)) error {
		return s.fetch(ctx, j, keys, each)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// selects writes the statement of a query, and determines the row that it reads. result
// writes the columns of the row.
func (s *store) selects(t *table, q adapter.Find, result func(*builder, *table, *sqlcodec.Row)) (*builder, *sqlcodec.Row, error) {
	selected, err := t.Pick(q.Select)
	if err != nil {
		return nil, nil, err
	}
	joins, err := s.dialect.Joins(s.Tables, t, q.Joins)
	if err != nil {
		return nil, nil, err
	}
	row := joins.Row(selected)

	b := s.build()
	b.WriteString("SELECT ")
	result(b, t, row)
	b.WriteString(" FROM ")
	b.WriteString(t.Quoted)
	for i := range joins {
		if j := &joins[i]; j.Inline {
			b.join(j)
		}
	}
	b.where(t, q.Where)
	b.orderBy(t, q.Sort)
	b.limit(q.Limit, q.Offset)
	b.quick = joins.Inline() && t.One(q.Where)
	return b, row, nil
}

// columns writes the columns of a row, each to be scanned.
func (b *builder) columns(t *table, row *sqlcodec.Row) {
	b.read(t.Quoted, row.Base)
	for i := range row.Joins {
		if j := &row.Joins[i]; j.Inline {
			b.WriteString(", ")
			b.read(j.Alias, j.To.Columns)
		}
	}
}

// packed writes the columns of a row as one, for sqlcodec.Row.Unpack.
func (b *builder) packed(t *table, row *sqlcodec.Row) {
	b.WriteString("json_array(")
	b.names(t.Quoted, row.Base)
	for i := range row.Joins {
		if j := &row.Joins[i]; j.Inline {
			b.WriteString(", ")
			b.names(j.Alias, j.To.Columns)
		}
	}
	b.WriteString(") AS c") // the driver copies the name
}

func (b *builder) orderBy(t *table, keys []adapter.Sort) {
	for i, k := range keys {
		c, err := t.Column(k.Field)
		if err != nil {
			b.fail(err)
			return
		}
		if i == 0 {
			b.WriteString(" ORDER BY ")
		} else {
			b.WriteString(", ")
		}
		b.store.dialect.sort(&b.Builder, c.Full, t.Nullable(c), k.Desc)
	}
}

// Count returns how many rows match.
func (s *store) Count(ctx context.Context, model string, w adapter.Where) (int64, error) {
	t, err := s.Table(model)
	if err != nil {
		return 0, err
	}
	b := s.build()
	b.WriteString("SELECT count(*) FROM ")
	b.WriteString(t.Quoted)
	b.where(t, w)
	b.lock(s.reading(ctx))
	n, err := s.count(ctx, b)
	return n, s.fail("count", t, err)
}

func (s *store) count(ctx context.Context, b *builder) (int64, error) {
	cells := sqlcodec.CountCells()
	var n int64
	err := s.rows(ctx, b, cells, func() error {
		n, _ = cells[0].Value.(int64)
		return nil
	})
	return n, err
}
