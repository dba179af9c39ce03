package entadapter

import (
	"context"
	"errors"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// Delete removes one matching row; no match is not an error.
func (s *store) Delete(ctx context.Context, model string, w adapter.Where) error {
	t, err := s.Target(model, w)
	if err != nil {
		return err
	}
	if !s.codec.Returns() && !t.One(w) {
		if _, err := s.consumeLocked(ctx, t, w); !errors.Is(err, adapter.ErrNotFound) {
			return s.fail("delete", t, err)
		}
		return nil
	}
	del, err := s.deleteOne(t, w)
	if err != nil {
		return err
	}
	_, err = s.affect(ctx, del)
	return s.fail("delete", t, err)
}

func (s *store) deleteOne(t *table, w adapter.Where) (*entsql.DeleteBuilder, error) {
	where, err := s.whereOne(t, w)
	if err != nil {
		return nil, err
	}
	return s.build().Delete(t.Quoted).Where(where), nil
}

// DeleteMany removes all matching rows and returns how many there were.
func (s *store) DeleteMany(ctx context.Context, model string, w adapter.Where) (int64, error) {
	t, err := s.Target(model, w)
	if err != nil {
		return 0, err
	}
	tx, err := s.current(ctx)
	if err != nil {
		return 0, err
	}
	// The application's own transaction may see rows as they were when it began;
	// outside of a transaction nothing else is locked.
	var n int64
	if s.codec == sqlcodec.MySQL && tx != nil && tx.fresh && !t.One(w) {
		n, err = s.deleteByID(ctx, t, w)
	} else {
		n, err = s.deleteAll(ctx, t, w)
	}
	return n, s.fail("delete", t, err)
}

func (s *store) deleteAll(ctx context.Context, t *table, w adapter.Where) (int64, error) {
	where, err := s.where(t, w)
	if err != nil {
		return 0, err
	}
	return s.affect(ctx, s.build().Delete(t.Quoted).Where(where))
}

// ConsumeOne removes one matching row and returns it.
func (s *store) ConsumeOne(ctx context.Context, model string, w adapter.Where) (adapter.Record, error) {
	t, err := s.Target(model, w)
	if err != nil {
		return nil, err
	}
	if !s.returns(ctx) {
		out, err := s.consumeLocked(ctx, t, w)
		return out, s.fail("consume", t, err)
	}
	del, limit, err := s.consumeReturning(t, w)
	if err != nil {
		return nil, err
	}
	s.lockedBy(ctx)
	out, err := s.write(ctx, t, returning{del, s.reads[t], limit})
	return out, s.fail("consume", t, err)
}

// consumeReturning deletes one row. limit is MariaDB's, which locks what it picks.
func (s *store) consumeReturning(t *table, w adapter.Where) (del *entsql.DeleteBuilder, limit string, err error) {
	if s.codec.Returns() {
		del, err = s.deleteOne(t, w)
		return del, "", err
	}
	where, err := s.where(t, w)
	return s.build().Delete(t.Quoted).Where(where), " LIMIT 1", err
}
