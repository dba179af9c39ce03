package gormadapter

import (
	"context"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

func (b *builder) join(j *sqlcodec.Join) {
	b.WriteString(" LEFT JOIN ")
	b.WriteString(j.To.Quoted)
	b.WriteString(" AS ")
	b.WriteString(j.Alias)
	b.WriteString(" ON ")
	b.WriteString(j.Alias)
	b.WriteByte('.')
	b.WriteString(j.Key.Quoted)
	b.WriteString(" = ")
	b.WriteString(j.From.Full)
}

// fetch reads the joined rows of some keys, at most the join's limit for each.
func (s *store) fetch(ctx context.Context, j *sqlcodec.Join, keys []any, each func(adapter.Record)) error {
	t := j.To
	lock := s.reading(ctx)
	if lock != "" && len(keys) > 1 {
		// Rows numbered by a window function cannot be locked.
		for i := range keys {
			if err := s.fetch(ctx, j, keys[i:i+1], each); err != nil {
				return err
			}
		}
		return nil
	}
	b := s.build()
	if len(keys) == 1 {
		b.WriteString("SELECT ")
		b.read(t.Quoted, t.Columns)
		b.WriteString(" FROM ")
		b.WriteString(t.Quoted)
		b.where(t, adapter.By(j.Key.Name, keys[0]))
		b.limit(j.Limit, 0)
		b.lock(lock)
	} else {
		// The window counts the rows of each key, so that the limit is applied
		// by the database and not after reading everything.
		b.WriteString("SELECT ")
		b.read("r", t.Columns)
		b.WriteString(" FROM (SELECT ")
		b.WriteString(t.Quoted)
		b.WriteString(".*, row_number() OVER (PARTITION BY ")
		b.WriteString(j.Key.Full)
		b.WriteString(") AS kernia_row FROM ")
		b.WriteString(t.Quoted)
		b.where(t, adapter.Where{{Field: j.Key.Name, Op: adapter.In, Value: keys}})
		b.WriteString(") AS r WHERE kernia_row <= ")
		b.bind(int64(j.Limit))
	}
	cells := sqlcodec.Cells(t.Columns)
	err := s.rows(ctx, b, cells, func() error {
		rec := make(adapter.Record, len(cells))
		sqlcodec.Fill(rec, cells)
		each(rec)
		return nil
	})
	return s.fail("find", t, err)
}
