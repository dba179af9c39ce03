package gormadapter

import (
	"context"

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
	return s.change(ctx, "update", t, w, func(b *builder) { b.set(t, set, nil, 0) }, set["id"])
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
	return s.change(ctx, "increment", t, w, func(b *builder) { b.set(t, set, c, by) }, set["id"])
}

// set writes " SET …".
func (b *builder) set(t *table, set adapter.Record, count *column, by int64) {
	if err := t.Check(set); err != nil {
		b.fail(err)
		return
	}
	n := 0
	for _, c := range t.Columns {
		if c == count {
			b.WriteString(sep(n, " SET ", ", "))
			n++
			b.WriteString(c.Quoted)
			b.WriteString(" = coalesce(")
			b.WriteString(c.Full)
			b.WriteString(", 0) + ")
			b.bind(b.store.dialect.Number(by))
			continue
		}
		v, ok := set[c.Name]
		if !ok {
			continue
		}
		b.WriteString(sep(n, " SET ", ", "))
		n++
		b.WriteString(c.Quoted)
		b.WriteString(" = ")
		b.value(t, c, v)
	}
}

// change updates one row. newID is the id that set gives the row, or nil.
func (s *store) change(ctx context.Context, op string, t *table, w adapter.Where, set func(*builder), newID any) (adapter.Record, error) {
	if !s.dialect.Returns() {
		out, err := s.changeLocked(ctx, t, w, set, newID)
		return out, s.fail(op, t, err)
	}
	b := s.build()
	b.WriteString("UPDATE ")
	b.WriteString(t.Quoted)
	set(b)
	b.whereOne(t, w)
	b.returning(t)
	out, err := s.write(ctx, t, b)
	return out, s.fail(op, t, err)
}

// whereOne writes a predicate that holds for one row. A row that has to be picked is
// locked at the same time, so that the predicate is checked again after waiting for
// another writer.
func (b *builder) whereOne(t *table, w adapter.Where) {
	b.WriteString(" WHERE ")
	if t.One(w) {
		b.predicate(t, w)
		return
	}
	b.WriteString(t.ID.Full)
	b.WriteString(" = (SELECT ")
	b.WriteString(t.ID.Full)
	b.WriteString(" FROM ")
	b.WriteString(t.Quoted)
	b.where(t, w)
	b.WriteString(" LIMIT 1")
	b.WriteString(b.store.dialect.forUpdate)
	b.WriteByte(')')
}

// changeLocked serves databases whose UPDATE has no RETURNING: the row is locked, changed
// by its id and read again, in one transaction.
func (s *store) changeLocked(ctx context.Context, t *table, w adapter.Where, set func(*builder), newID any) (adapter.Record, error) {
	var out adapter.Record
	err := s.Tx(ctx, func(ctx context.Context) error {
		row, err := s.lockOne(ctx, t, w)
		if err != nil {
			return err
		}
		b := s.build()
		b.WriteString("UPDATE ")
		b.WriteString(t.Quoted)
		set(b)
		b.where(t, adapter.By("id", row["id"]))
		if _, err := s.exec(ctx, b); err != nil {
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

// lockOne reads one matching row and keeps it locked.
func (s *store) lockOne(ctx context.Context, t *table, w adapter.Where) (adapter.Record, error) {
	b := s.build()
	b.WriteString("SELECT ")
	b.read(t.Quoted, t.Columns)
	b.WriteString(" FROM ")
	b.WriteString(t.Quoted)
	b.where(t, w)
	b.WriteString(" LIMIT 1")
	b.lock(s.dialect.forUpdate)
	return s.one(ctx, t, b)
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
	b := s.build()
	b.WriteString("UPDATE ")
	b.WriteString(t.Quoted)
	b.set(t, set, nil, 0)
	b.where(t, w)
	if !s.dialect.Returns() {
		n, err := s.countAndUpdate(ctx, t, w, b)
		return n, s.fail("update", t, err)
	}
	n, err := s.affect(ctx, b)
	return n, s.fail("update", t, err)
}

// countAndUpdate serves MySQL, which counts the rows that an UPDATE changed and
// leaves out those that had the values already. One row that was changed needs no other
// count.
func (s *store) countAndUpdate(ctx context.Context, t *table, w adapter.Where, update *builder) (int64, error) {
	if t.One(w) {
		if n, err := s.affect(ctx, update); err != nil || n > 0 {
			return n, err
		}
	}
	var n int64
	err := s.Tx(ctx, func(ctx context.Context) error {
		b := s.build()
		b.WriteString("SELECT count(*) FROM ")
		b.WriteString(t.Quoted)
		b.where(t, w)
		b.lock(s.dialect.forUpdate)
		var err error
		if n, err = s.count(ctx, b); err != nil {
			return err
		}
		_, err = s.exec(ctx, update)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// affect runs a statement that writes and returns how many rows it touched.
func (s *store) affect(ctx context.Context, b *builder) (int64, error) {
	if b.err != nil {
		return 0, b.err
	}
	var n int64
	err := s.alone(ctx, func(ctx context.Context) error {
		res, err := s.exec(ctx, b)
		if err != nil {
			return err
		}
		n, err = res.RowsAffected()
		return err
	})
	return n, err
}
