package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/wire"
)

// db runs a database operation through Auth.DB, by logical names.
func (i *instance) db(ctx context.Context, message wire.Value) (wire.Value, error) {
	op, _ := message.Get("op").Str()
	if op == "replaceAll" {
		return wire.Null(), i.replaceAll(ctx, message.Get("data"))
	}
	model, _ := message.Get("model").Str()
	t, ok := i.table(model)
	if !ok {
		return wire.Value{}, fmt.Errorf("%w: %s", adapter.ErrUnknownModel, model)
	}
	where, err := decodeWhere(t, message.Get("where"))
	if err != nil {
		return wire.Value{}, err
	}
	every := where
	if len(every) == 0 {
		every = adapter.Where{{Field: "id", Op: adapter.Ne, Value: nil}}
	}
	row := func(rec adapter.Record, err error) (wire.Value, error) {
		if errors.Is(err, adapter.ErrNotFound) {
			return wire.Null(), nil
		}
		return encodeRecord(rec), err
	}
	count := func(n int64, err error) (wire.Value, error) { return wire.Int(n), err }
	db := i.auth.DB()
	switch op {
	case "create":
		rec, err := decodeRecord(t, message.Get("data"))
		if err != nil {
			return wire.Value{}, err
		}
		if !message.Get("forceAllowId").Truthy() {
			delete(rec, "id")
		}
		return row(db.Create(ctx, t.Model, rec))
	case "findOne", "findMany":
		q, err := decodeFind(t, where, message)
		if err != nil {
			return wire.Value{}, err
		}
		if op == "findOne" {
			return row(db.FindOne(ctx, q))
		}
		recs, err := db.FindMany(ctx, q)
		rows := make([]wire.Value, len(recs))
		for n, rec := range recs {
			rows[n] = encodeRecord(rec)
		}
		return wire.Array(rows...), err
	case "count":
		return count(db.Count(ctx, t.Model, where))
	case "update", "updateMany":
		set, err := decodeRecord(t, message.Get("update"))
		if err != nil {
			return wire.Value{}, err
		}
		if op == "update" {
			return row(db.Update(ctx, t.Model, every, set))
		}
		return count(db.UpdateMany(ctx, t.Model, every, set))
	case "delete":
		return wire.Null(), db.Delete(ctx, t.Model, every)
	case "deleteMany":
		return count(db.DeleteMany(ctx, t.Model, every))
	case "consumeOne":
		return row(db.ConsumeOne(ctx, t.Model, every))
	}
	return wire.Value{}, unsupported("no database operation %q", op)
}

// table finds a table by its logical name, or by its name in the database.
func (i *instance) table(model string) (*schema.Table, bool) {
	s := i.auth.Schema()
	if t, ok := s.Table(model); ok {
		return t, true
	}
	for _, t := range s.Tables() {
		if t.Name == model {
			return t, true
		}
	}
	return nil, false
}

// replaceAll empties every table and loads rows with their ids.
func (i *instance) replaceAll(ctx context.Context, data wire.Value) error {
	tables := i.auth.Schema().Tables()
	for _, t := range slices.Backward(tables) {
		_, err := i.auth.DB().DeleteMany(ctx, t.Model, adapter.Where{{Field: "id", Op: adapter.Ne, Value: nil}})
		if err != nil && !errors.Is(err, adapter.ErrUnknownModel) {
			return err
		}
	}
	return i.load(ctx, data)
}

// load inserts rows, those of referenced tables first.
func (i *instance) load(ctx context.Context, data wire.Value) error {
	o, ok := data.Obj()
	if !ok {
		return nil
	}
	rows := map[string][]wire.Value{}
	for _, m := range o.Members() {
		t, ok := i.table(m.Name)
		if !ok {
			return fmt.Errorf("%w: %s", adapter.ErrUnknownModel, m.Name)
		}
		items, _ := m.Value.Items()
		rows[t.Model] = append(rows[t.Model], items...)
	}
	for _, t := range i.auth.Schema().Tables() {
		for _, row := range rows[t.Model] {
			rec, err := decodeRecord(t, row)
			if err != nil {
				return err
			}
			if _, err := i.auth.DB().Create(ctx, t.Model, rec); err != nil {
				return err
			}
		}
	}
	return nil
}

func decodeFind(t *schema.Table, where adapter.Where, message wire.Value) (adapter.Find, error) {
	q := adapter.Find{Model: t.Model, Where: where}
	if join := message.Get("join"); !absent(join) {
		return q, unsupported("no joins in database operations")
	}
	fields, _ := message.Get("select").Items()
	for _, f := range fields {
		name, _ := f.Str()
		q.Select = append(q.Select, name)
	}
	if name, ok := message.Get("sortBy").Get("field").Str(); ok {
		direction, _ := message.Get("sortBy").Get("direction").Str()
		q.Sort = []adapter.Sort{{Field: name, Desc: direction == "desc"}}
	}
	limit, _ := message.Get("limit").Num()
	offset, _ := message.Get("offset").Num()
	q.Limit, q.Offset = int(limit), int(offset)
	return q, nil
}

func decodeWhere(t *schema.Table, v wire.Value) (adapter.Where, error) {
	var where adapter.Where
	items, _ := v.Items()
	for _, item := range items {
		name, _ := item.Get("field").Str()
		f, ok := t.Field(name)
		if !ok {
			return nil, fmt.Errorf("%w: %s.%s", adapter.ErrUnknownField, t.Model, name)
		}
		c := adapter.Cond{Field: name}
		operator, _ := item.Get("operator").Str()
		c.Op = adapter.Op(operator)
		connector, _ := item.Get("connector").Str()
		c.Or = connector == "OR"
		mode, _ := item.Get("mode").Str()
		c.Fold = mode == "insensitive"
		value := item.Get("value")
		if list, ok := value.Items(); ok && (c.Op == adapter.In || c.Op == adapter.NotIn) {
			values := make([]any, len(list))
			for n, one := range list {
				var err error
				if values[n], err = decodeField(f, one); err != nil {
					return nil, err
				}
			}
			c.Value = values
		} else {
			var err error
			if c.Value, err = decodeField(f, value); err != nil {
				return nil, err
			}
		}
		where = append(where, c)
	}
	return where, nil
}
