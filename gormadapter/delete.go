package gormadapter

import (
	"context"
	"errors"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// Delete removes one matching row; no match is not an error.
func (s *store) Delete(ctx context.Context, model string, w adapter.Where) error {
	t, err := s.Target(model, w)
	if err != nil {
		return err
	}
	if !s.dialect.Returns() && !t.One(w) {
		if _, err := s.consumeLocked(ctx, t, w); err != nil && !errors.Is(err, adapter.ErrNotFound) {
			return s.fail("delete", t, err)
		}
		return nil
	}
	b := s.build()
	b.WriteString("DELETE FROM ")
	b.WriteString(t.Quoted)
	b.whereOne(t, w)
	_, err = s.affect(ctx, b)
	return s.fail("delete", t, err)
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
	if s.dialect.Dialect == sqlcodec.MySQL && tx != nil && tx.fresh && !t.One(w) {
		n, err = s.deleteByID(ctx, t, w)
	} else {
		n, err = s.deleteAll(ctx, t, w)
	}
	return n, s.fail("delete", t, err)
}

func (s *store) deleteAll(ctx context.Context, t *table, w adapter.Where) (int64, error) {
	b := s.build()
	b.WriteString("DELETE FROM ")
	b.WriteString(t.Quoted)
	b.where(t, w)
	return s.affect(ctx, b)
}

// deleteByID finds the rows before it locks them; see sqlcodec.DeleteByID.
func (s *store) deleteByID(ctx context.Context, t *table, w adapter.Where) (int64, error) {
	rows, err := s.find(ctx, adapter.Find{Model: t.Model, Where: w, Select: []string{"id"}})
	if err != nil {
		return 0, err
	}
	return sqlcodec.DeleteByID(w, rows, func(w adapter.Where) (int64, error) { return s.deleteAll(ctx, t, w) })
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
	b := s.build()
	b.WriteString("DELETE FROM ")
	b.WriteString(t.Quoted)
	if s.dialect.Returns() {
		b.whereOne(t, w)
	} else {
		b.where(t, w)
		b.WriteString(" LIMIT 1") // MariaDB's, which locks what it picks
	}
	b.returning(t)
	out, err := s.write(ctx, t, b)
	return out, s.fail("consume", t, err)
}

// consumeLocked serves MySQL itself, whose DELETE returns nothing.
func (s *store) consumeLocked(ctx context.Context, t *table, w adapter.Where) (adapter.Record, error) {
	var out adapter.Record
	err := s.Tx(ctx, func(ctx context.Context) error {
		row, err := s.lockOne(ctx, t, w)
		if err != nil {
			return err
		}
		b := s.build()
		b.WriteString("DELETE FROM ")
		b.WriteString(t.Quoted)
		b.where(t, adapter.By("id", row["id"]))
		res, err := s.exec(ctx, b)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, adapter.ErrNotFound)
		}
		out = row
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
