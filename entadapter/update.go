package entadapter

import (
	"context"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/advantch/kernia-go/core/adapter"
)

// Update changes one matching row and returns it as stored.
func (s *store) Update(ctx context.Context, model string, w adapter.Where, set adapter.Record) (adapter.Record, error) {
	t, err := s.Target(model, w)
	if err != nil {
		return nil, err
	}
	if len(set) == 0 {
		return s.FindOne(ctx, adapter.Find{Model: model, Where: w})
	}
	u := s.build().Update(t.Quoted)
	if err := s.set(u, t, set); err != nil {
		return nil, err
	}
	out, err := s.change(ctx, t, w, u, set["id"])
	return out, s.fail("update", t, err)
}

// Increment adds to a number of one matching row. A null counts as 0.
func (s *store) Increment(ctx context.Context, model string, w adapter.Where, field string, by int64, set adapter.Record) (adapter.Record, error) {
	t, err := s.Target(model, w)
	if err != nil {
		return nil, err
	}
	c, err := t.Counter(field, set)
	if err != nil {
		return nil, err
	}
	u := s.build().Update(t.Quoted)
	if err := s.set(u, t, set); err != nil {
		return nil, err
	}
	u.Add(c.Quoted, s.codec.Number(by))
	out, err := s.change(ctx, t, w, u, set["id"])
	return out, s.fail("increment", t, err)
}

// change updates one row. newID is the id that the statement gives the row, or nil.
func (s *store) change(ctx context.Context, t *table, w adapter.Where, u *entsql.UpdateBuilder, newID any) (adapter.Record, error) {
	if !s.codec.Returns() {
		return s.changeLocked(ctx, t, w, u, newID)
	}
	where, err := s.whereOne(t, w)
	if err != nil {
		return nil, err
	}
	return s.write(ctx, t, u.Where(where).Returning(s.reads[t]...))
}

// UpdateMany changes all matching rows and returns how many matched.
func (s *store) UpdateMany(ctx context.Context, model string, w adapter.Where, set adapter.Record) (int64, error) {
	t, err := s.Target(model, w)
	if err != nil {
		return 0, err
	}
	if len(set) == 0 {
		return s.Count(ctx, model, w)
	}
	u := s.build().Update(t.Quoted)
	if err := s.set(u, t, set); err != nil {
		return 0, err
	}
	where, err := s.where(t, w)
	if err != nil {
		return 0, err
	}
	u.Where(where)
	var n int64
	if s.codec.Returns() {
		n, err = s.affect(ctx, u)
	} else {
		n, err = s.countAndUpdate(ctx, t, w, u)
	}
	return n, s.fail("update", t, err)
}
