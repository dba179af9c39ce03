package gormadapter

import (
	"context"
	"strconv"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// Create inserts a row and returns it as stored.
func (s *store) Create(ctx context.Context, model string, rec adapter.Record) (adapter.Record, error) {
	t, err := s.Table(model)
	if err != nil {
		return nil, err
	}
	cols, err := t.Inserted(rec)
	if err != nil {
		return nil, err
	}
	b := s.build()
	b.WriteString("INSERT INTO ")
	b.WriteString(t.Quoted)
	if len(cols) == 0 {
		b.WriteString(s.dialect.emptyInsert)
	} else {
		for i, c := range cols {
			b.WriteString(sep(i, " (", ", "))
			b.WriteString(c.Quoted)
		}
		for i, c := range cols {
			b.WriteString(sep(i, ") VALUES (", ", "))
			b.value(t, c, rec[c.Name])
		}
		b.WriteByte(')')
	}
	if !s.returns(ctx) {
		return s.createAndRead(ctx, t, b, rec)
	}
	b.returning(t)
	out, err := s.write(ctx, t, b)
	return out, s.fail("create", t, err)
}

func sep(i int, first, rest string) string {
	if i == 0 {
		return first
	}
	return rest
}

// write runs a statement that writes and returns one row.
func (s *store) write(ctx context.Context, t *table, b *builder) (adapter.Record, error) {
	if b.err != nil {
		return nil, b.err
	}
	var out adapter.Record
	err := s.alone(ctx, func(ctx context.Context) (err error) {
		out, err = s.one(ctx, t, b)
		return err
	})
	return out, err
}

// one runs a statement and returns its first row.
func (s *store) one(ctx context.Context, t *table, b *builder) (adapter.Record, error) {
	first := sqlcodec.First{Cells: sqlcodec.Cells(t.Columns)}
	if err := s.rows(ctx, b, first.Cells, first.Each); err != nil {
		return nil, err
	}
	return first.Record()
}

// createAndRead serves MySQL itself, which has no RETURNING.
func (s *store) createAndRead(ctx context.Context, t *table, insert *builder, rec adapter.Record) (adapter.Record, error) {
	var out adapter.Record
	err := s.Tx(ctx, func(ctx context.Context) error {
		res, err := s.exec(ctx, insert)
		if err != nil {
			return err
		}
		id := rec["id"]
		if id == nil {
			n, err := res.LastInsertId()
			if err != nil {
				return err
			}
			id = strconv.FormatInt(n, 10)
		}
		out, err = s.byID(ctx, t, id)
		return err
	})
	if err != nil {
		return nil, s.fail("create", t, err)
	}
	return out, nil
}

func (s *store) byID(ctx context.Context, t *table, id any) (adapter.Record, error) {
	b := s.build()
	b.WriteString("SELECT ")
	b.read(t.Quoted, t.Columns)
	b.WriteString(" FROM ")
	b.WriteString(t.Quoted)
	b.where(t, adapter.By("id", id))
	b.lock(s.reading(ctx))
	return s.one(ctx, t, b)
}
