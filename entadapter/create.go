package entadapter

import (
	"context"
	"strconv"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
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
	insert := s.build().Insert(t.Quoted)
	if len(cols) == 0 {
		insert.Default()
	} else {
		names, args := make([]string, len(cols)), make([]any, len(cols))
		for i, c := range cols {
			names[i] = c.Quoted
			if args[i], err = s.codec.Encode(t, c, rec[c.Name]); err != nil {
				return nil, err
			}
		}
		insert.Columns(names...).Values(args...)
	}
	s.lockedBy(ctx)
	var out adapter.Record
	if s.returns(ctx) {
		out, err = s.write(ctx, t, returning{insert, s.reads[t], ""})
	} else {
		out, err = s.createAndRead(ctx, t, insert, rec)
	}
	return out, s.fail("create", t, err)
}

// createAndRead serves MySQL itself, which has no RETURNING.
func (s *store) createAndRead(ctx context.Context, t *table, insert *entsql.InsertBuilder, rec adapter.Record) (adapter.Record, error) {
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
		return nil, err
	}
	return out, nil
}

func (s *store) byID(ctx context.Context, t *table, id any) (adapter.Record, error) {
	sel, err := s.query(t, adapter.By("id", id))
	if err != nil {
		return nil, err
	}
	return s.one(ctx, t, s.reading(ctx, sel))
}
