package entadapter

import (
	"context"
	"errors"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
)

// The functions of this file serve MySQL, which returns no rows from UPDATE and, but for
// MariaDB, from DELETE: a row is locked, changed by its id and read again in one transaction.

// lockOne reads one matching row and keeps it locked.
func (s *store) lockOne(ctx context.Context, t *table, w adapter.Where) (adapter.Record, error) {
	sel, err := s.query(t, w)
	if err != nil {
		return nil, err
	}
	s.lockedBy(ctx)
	return s.one(ctx, t, s.locked(sel.Limit(1)))
}

func (s *store) changeLocked(ctx context.Context, t *table, w adapter.Where, u *entsql.UpdateBuilder, newID any) (adapter.Record, error) {
	var out adapter.Record
	err := s.Tx(ctx, func(ctx context.Context) error {
		row, err := s.lockOne(ctx, t, w)
		if err != nil {
			return err
		}
		where, err := s.where(t, adapter.By("id", row["id"]))
		if err != nil {
			return err
		}
		one := *u // the next attempt may find another row
		if _, err := s.exec(ctx, one.Where(where)); err != nil {
			return err
		}
		id := row["id"]
		if newID != nil {
			id = newID
		}
		out, err = s.byID(ctx, t, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *store) consumeLocked(ctx context.Context, t *table, w adapter.Where) (adapter.Record, error) {
	var out adapter.Record
	err := s.Tx(ctx, func(ctx context.Context) error {
		row, err := s.lockOne(ctx, t, w)
		if err != nil {
			return err
		}
		del, err := s.deleteOne(t, adapter.By("id", row["id"]))
		if err != nil {
			return err
		}
		res, err := s.exec(ctx, del)
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

// deleteByID finds the rows before it locks them; see sqlcodec.DeleteByID.
func (s *store) deleteByID(ctx context.Context, t *table, w adapter.Where) (int64, error) {
	rows, err := s.FindMany(ctx, adapter.Find{Model: t.Model, Where: w, Select: []string{"id"}})
	if err != nil {
		return 0, err
	}
	return sqlcodec.DeleteByID(w, rows, func(w adapter.Where) (int64, error) { return s.deleteAll(ctx, t, w) })
}

// countAndUpdate counts the matching rows itself: the server counts those that
// an UPDATE changed and leaves out those that had the values already. One row that was
// changed needs no other count.
func (s *store) countAndUpdate(ctx context.Context, t *table, w adapter.Where, u *entsql.UpdateBuilder) (int64, error) {
	if t.One(w) {
		if n, err := s.affect(ctx, u); err != nil || n > 0 {
			return n, err
		}
	}
	var n int64
	err := s.Tx(ctx, func(ctx context.Context) error {
		sel, err := s.query(t, w)
		if err != nil {
			return err
		}
		s.lockedBy(ctx)
		if n, err = s.count(ctx, s.locked(sel)); err != nil {
			return err
		}
		_, err = s.exec(ctx, u)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}
