package mongo

import (
	"bytes"
	"context"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/advantch/kernia-go/core/adapter"
)

// Delete removes one matching row and the rows that belong to it.
func (s *store) Delete(ctx context.Context, model string, w adapter.Where) error {
	t, filter, err := s.target(ctx, model, w)
	if err != nil {
		return err
	}
	return s.removing(ctx, t, filter, 1, func(ctx context.Context, filter bson.D) error {
		return s.do(ctx, "delete", t.model, func(ctx context.Context) error {
			_, err := t.coll.DeleteOne(ctx, filter)
			return err
		})
	})
}

// DeleteMany removes all matching rows and those that belong to them, and counts the
// matching ones.
func (s *store) DeleteMany(ctx context.Context, model string, w adapter.Where) (n int64, err error) {
	t, filter, err := s.target(ctx, model, w)
	if err != nil {
		return 0, err
	}
	err = s.removing(ctx, t, filter, 0, func(ctx context.Context, filter bson.D) error {
		var err error
		n, err = s.deleteMany(ctx, t, filter)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

func (s *store) deleteMany(ctx context.Context, t *table, filter bson.D) (n int64, err error) {
	err = s.do(ctx, "delete", t.model, func(ctx context.Context) error {
		res, err := t.coll.DeleteMany(ctx, filter)
		if err == nil {
			n = res.DeletedCount
		}
		return err
	})
	return n, err
}

// ConsumeOne removes one matching row in one findAndModify and returns it.
func (s *store) ConsumeOne(ctx context.Context, model string, w adapter.Where) (adapter.Record, error) {
	t, filter, err := s.target(ctx, model, w)
	if err != nil {
		return nil, err
	}
	var doc bson.Raw
	err = s.removing(ctx, t, filter, 1, func(ctx context.Context, filter bson.D) error {
		return s.do(ctx, "consume", t.model, func(ctx context.Context) (err error) {
			doc, err = t.coll.FindOneAndDelete(ctx, filter).Raw()
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return t.record(doc, nil, 0)
}

// removing runs a removal of at most limit rows, or of all that match. Rows that refer
// to them are removed first, so that without transactions a removal that failed
// half-way can be repeated.
func (s *store) removing(ctx context.Context, t *table, filter bson.D, limit int64, remove func(context.Context, bson.D) error) error {
	if len(t.in) == 0 {
		return remove(ctx, filter)
	}
	return s.together(ctx, func(ctx context.Context) error {
		rows, err := s.referred(ctx, t, filter, limit)
		if err != nil || len(rows) == 0 {
			if err == nil {
				err = remove(ctx, nothing) // so that the answer is that of a removal without a match
			}
			return err
		}
		if err := s.cascade(ctx, t, rows); err != nil {
			return err
		}
		// The predicate is checked again: without a transaction the rows may have
		// changed.
		return remove(ctx, bson.D{{Key: "$and", Value: bson.A{filter, among("_id", idsOf(rows))}}})
	})
}

// nothing is a filter without a match.
var nothing = bson.D{{Key: "_id", Value: bson.D{{Key: "$in", Value: bson.A{}}}}}

func among(key string, values bson.A) bson.D {
	return bson.D{{Key: key, Value: bson.D{{Key: "$in", Value: values}}}}
}

func idsOf(rows []bson.Raw) bson.A {
	out := make(bson.A, len(rows))
	for i, row := range rows {
		out[i] = row.Lookup("_id")
	}
	return out
}

// referred reads the columns of rows to which others refer.
func (s *store) referred(ctx context.Context, t *table, filter bson.D, limit int64) (rows []bson.Raw, err error) {
	fields := bson.D{{Key: "_id", Value: 1}}
	for _, r := range t.in {
		if !slices.ContainsFunc(fields, func(e bson.E) bool { return e.Key == r.toCol.key }) {
			fields = append(fields, bson.E{Key: r.toCol.key, Value: 1})
		}
	}
	err = s.do(ctx, "find", t.model, func(ctx context.Context) error {
		cursor, err := t.coll.Find(ctx, filter, options.Find().SetProjection(fields).SetLimit(limit))
		if err != nil {
			return err
		}
		defer cursor.Close(ctx)
		for cursor.Next(ctx) {
			rows = append(rows, bytes.Clone(cursor.Current))
		}
		return cursor.Err()
	})
	return rows, err
}

// chunk bounds the values of one $in, so that a command stays far below 16 MB.
const chunk = 10_000

// some are rows of one table.
type some struct {
	table *table
	ids   bson.A
}

// plan lists the rows that are removed together with others.
type plan struct {
	gone  map[*table]map[string]bool // by stored id
	queue []some                     // to remove, rows before those that refer to them
	unset []held
	held  []held
}

// held are rows that refer to removed ones without being removed by that reference.
type held struct {
	*reference
	ids bson.A
}

// cascade follows the foreign keys to rows of t. It finds all rows to remove first, so
// that a row under "restrict" that a cascade removes too does not prevent the deletion.
func (s *store) cascade(ctx context.Context, t *table, rows []bson.Raw) error {
	p := &plan{gone: map[*table]map[string]bool{}}
	p.mark(t, rows)
	if err := s.follow(ctx, p, t, rows); err != nil {
		return err
	}
	for _, h := range p.held {
		if len(p.staying(h)) > 0 {
			return &opError{op: "delete", model: t.model, kind: ErrReference, text: "a " + h.from.model + " refers to it"}
		}
	}
	for _, h := range p.unset {
		if !h.fromCol.optional && len(p.staying(h)) > 0 {
			return &opError{op: "delete", model: t.model, kind: ErrReference, text: h.from.model + "." + h.fromCol.name + " cannot be null"}
		}
	}
	for _, h := range p.unset {
		if err := s.unset(ctx, h, p.staying(h)); err != nil {
			return err
		}
	}
	for _, rows := range slices.Backward(p.queue) {
		for ids := range slices.Chunk(rows.ids, chunk) {
			if _, err := s.deleteMany(ctx, rows.table, among("_id", ids)); err != nil {
				return err
			}
		}
	}
	return nil
}

// follow finds the rows that refer to rows of t, and those that refer to them.
func (s *store) follow(ctx context.Context, p *plan, t *table, rows []bson.Raw) error {
	for _, r := range t.in {
		for part := range slices.Chunk(rows, chunk) {
			var keys bson.A
			for _, row := range part {
				if v := row.Lookup(r.toCol.key); !v.IsZero() && v.Type != bson.TypeNull {
					keys = append(keys, v)
				}
			}
			if len(keys) == 0 {
				continue
			}
			referrers, err := s.referred(ctx, r.from, among(r.fromCol.key, keys), 0)
			if err != nil {
				return err
			}
			switch {
			case r.setNull:
				p.unset = append(p.unset, held{r, idsOf(referrers)})
			case !r.cascade:
				p.held = append(p.held, held{r, idsOf(referrers)})
			default:
				fresh := p.mark(r.from, referrers)
				if len(fresh) == 0 {
					continue
				}
				p.queue = append(p.queue, some{r.from, idsOf(fresh)})
				if err := s.follow(ctx, p, r.from, fresh); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// mark notes rows as gone and returns those that were not yet.
func (p *plan) mark(t *table, rows []bson.Raw) []bson.Raw {
	if p.gone[t] == nil {
		p.gone[t] = map[string]bool{}
	}
	var fresh []bson.Raw
	for _, row := range rows {
		key := idKey(row.Lookup("_id"))
		if !p.gone[t][key] {
			p.gone[t][key] = true
			fresh = append(fresh, row)
		}
	}
	return fresh
}

func (p *plan) staying(h held) bson.A {
	var out bson.A
	for _, id := range h.ids {
		if v, _ := id.(bson.RawValue); !p.gone[h.from][idKey(v)] {
			out = append(out, v)
		}
	}
	return out
}

func idKey(v bson.RawValue) string { return string(byte(v.Type)) + string(v.Value) }

func (s *store) unset(ctx context.Context, h held, ids bson.A) error {
	if len(ids) == 0 {
		return nil
	}
	change := bson.D{{Key: "$set", Value: bson.D{{Key: h.fromCol.key, Value: nil}}}}
	for part := range slices.Chunk(ids, chunk) {
		err := s.do(ctx, "update", h.from.model, func(ctx context.Context) error {
			_, err := h.from.coll.UpdateMany(ctx, among("_id", part), change)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// sameID compares two encoded ids.
func sameID(a, b any) bool {
	x, ok := a.(bson.Binary)
	if !ok {
		return a == b
	}
	y, ok := b.(bson.Binary)
	return ok && x.Equal(y)
}

var _ adapter.Adapter = (*store)(nil)
