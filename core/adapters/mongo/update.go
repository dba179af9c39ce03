package mongo

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// Update changes one matching row and returns it as stored.
func (s *store) Update(ctx context.Context, model string, w adapter.Where, set adapter.Record) (adapter.Record, error) {
	t, filter, err := s.target(ctx, model, w)
	if err != nil {
		return nil, err
	}
	values, err := t.assign(set)
	if err != nil {
		return nil, err
	}
	if err := s.refer(ctx, t, values, nil); err != nil {
		return nil, err
	}
	if s.joined(ctx) {
		return s.updateLocked(ctx, t, filter, values)
	}
	if len(values) == 0 {
		return s.FindOne(ctx, adapter.Find{Model: model, Where: w})
	}
	return s.change(ctx, t, filter, bson.D{{Key: "$set", Value: values}})
}

// change is one findAndModify that returns the row after it.
func (s *store) change(ctx context.Context, t *table, filter, change bson.D) (adapter.Record, error) {
	doc, err := s.modify(ctx, t, filter, change, options.After)
	if err != nil {
		return nil, err
	}
	return t.record(doc, nil, 0)
}

func (s *store) modify(ctx context.Context, t *table, filter, change bson.D, which options.ReturnDocument) (doc bson.Raw, err error) {
	err = s.do(ctx, "update", t.model, func(ctx context.Context) (err error) {
		doc, err = t.coll.FindOneAndUpdate(ctx, filter, change, options.FindOneAndUpdate().SetReturnDocument(which)).Raw()
		return err
	})
	return doc, err
}

// touched is a key that only locked documents have, and only during touch.
const touched = "@touched"

// updateLocked updates in a transaction, where a row that was updated must stay
// as it is until the end, even when the update changed nothing: callers lock a
// row by setting what it holds already. MongoDB skips such a write and would let
// another transaction pass, so the row is written twice instead.
func (s *store) updateLocked(ctx context.Context, t *table, filter, values bson.D) (adapter.Record, error) {
	change := bson.D{{Key: "$set", Value: values}}
	if len(values) == 0 {
		change = bson.D{{Key: "$unset", Value: bson.D{{Key: touched, Value: ""}}}}
	}
	before, err := s.modify(ctx, t, filter, change, options.Before)
	if err != nil {
		return nil, err
	}
	set, err := bson.Marshal(values)
	if err != nil {
		return nil, err
	}
	rec, err := t.record(before, nil, 0)
	if err != nil {
		return nil, err
	}
	elements, err := bson.Raw(set).Elements()
	if err != nil {
		return nil, err
	}
	changed := false
	for _, e := range elements {
		changed = changed || !before.Lookup(e.Key()).Equal(e.Value())
		c := t.byKey[e.Key()]
		rec[c.name], _ = decode(c, e.Value())
	}
	if changed {
		return rec, nil
	}
	return rec, s.touch(ctx, t, before.Lookup("_id"))
}

// touch writes a row and takes the write back, in one command.
func (s *store) touch(ctx context.Context, t *table, id bson.RawValue) error {
	row := bson.D{{Key: "_id", Value: bson.D{{Key: "$eq", Value: id}}}}
	mark := bson.D{{Key: touched, Value: true}}
	return s.do(ctx, "lock", t.model, func(ctx context.Context) error {
		_, err := t.coll.BulkWrite(ctx, []driver.WriteModel{
			driver.NewUpdateOneModel().SetFilter(row).SetUpdate(bson.D{{Key: "$set", Value: mark}}),
			driver.NewUpdateOneModel().SetFilter(row).SetUpdate(bson.D{{Key: "$unset", Value: mark}}),
		})
		return err
	})
}

// UpdateMany changes all matching rows and returns how many matched. Unlike
// Update it locks no row that it leaves as it was.
func (s *store) UpdateMany(ctx context.Context, model string, w adapter.Where, set adapter.Record) (n int64, err error) {
	t, filter, err := s.target(ctx, model, w)
	if err != nil {
		return 0, err
	}
	values, err := t.assign(set)
	if err != nil {
		return 0, err
	}
	if len(values) == 0 {
		return s.count(ctx, t, filter, 0)
	}
	if err := s.refer(ctx, t, values, nil); err != nil {
		return 0, err
	}
	update := func(ctx context.Context) error {
		return s.do(ctx, "update", t.model, func(ctx context.Context) error {
			res, err := t.coll.UpdateMany(ctx, filter, bson.D{{Key: "$set", Value: values}})
			if err == nil {
				n = res.MatchedCount
			}
			return err
		})
	}
	touches, all := t.keysIn(values)
	if !touches {
		return n, update(ctx)
	}
	if all {
		// Two rows with one key always collide.
		found, err := s.count(ctx, t, filter, 2)
		if err != nil {
			return 0, err
		}
		if found > 1 {
			return 0, wrapUnique("update", t)
		}
	}
	// A collision at one of many rows has to leave the others as they were.
	if err := s.together(ctx, update); err != nil {
		return 0, err
	}
	return n, nil
}

func wrapUnique(op string, t *table) error {
	return &opError{op: op, model: t.model, kind: adapter.ErrUnique, text: adapter.ErrUnique.Error()}
}

// keysIn reports whether values change a unique key, and whether they set all fields of
// one to values that are not null.
func (t *table) keysIn(values bson.D) (touches, all bool) {
	for _, key := range t.unique {
		set := 0
		for _, c := range key {
			for _, e := range values {
				if e.Key == c.key && e.Value != nil {
					set++
				}
			}
		}
		touches = touches || set > 0
		all = all || set == len(key)
	}
	return touches, all
}

// Increment adds to a number in one findAndModify with the predicate. A null is
// adapter.ErrBadValue, and so is a sum beyond 64 bits.
func (s *store) Increment(ctx context.Context, model string, w adapter.Where, field string, by int64, set adapter.Record) (adapter.Record, error) {
	t, filter, err := s.target(ctx, model, w)
	if err != nil {
		return nil, err
	}
	c, err := t.column(field)
	if err != nil {
		return nil, err
	}
	if c.typ != schema.Number {
		return nil, t.bad(c, "is no number")
	}
	if _, twice := set[field]; twice {
		return nil, t.bad(c, "is incremented and set")
	}
	values, err := t.assign(set)
	if err != nil {
		return nil, err
	}
	if err := s.refer(ctx, t, values, nil); err != nil {
		return nil, err
	}
	change := bson.D{{Key: "$inc", Value: bson.D{{Key: c.key, Value: integer(by)}}}}
	if len(values) > 0 {
		change = append(change, bson.E{Key: "$set", Value: values})
	}
	guarded := filter
	if c.optional {
		// $inc would make an absent field 0 first.
		guarded = bson.D{{Key: "$and", Value: bson.A{filter, is(c, "$ne", nil)}}}
	}
	doc, err := s.modify(ctx, t, guarded, change, options.After)
	if errors.Is(err, adapter.ErrNotFound) && c.optional {
		n, countErr := s.count(ctx, t, filter, 1)
		if countErr != nil {
			return nil, countErr
		}
		if n > 0 {
			return nil, t.bad(c, "is null")
		}
	}
	if err != nil {
		return nil, err
	}
	if by == 0 && s.joined(ctx) {
		if err := s.touch(ctx, t, doc.Lookup("_id")); err != nil {
			return nil, err
		}
	}
	return t.record(doc, nil, 0)
}
