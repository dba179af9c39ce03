package main

import (
	"cmp"
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
		q, err := i.decodeFind(t, where, message)
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

func (i *instance) decodeFind(t *schema.Table, where adapter.Where, message wire.Value) (adapter.Find, error) {
	q := adapter.Find{Model: t.Model, Where: where}
	fields, _ := message.Get("select").Items()
	for _, f := range fields {
		name, _ := f.Str()
		q.Select = append(q.Select, name)
	}
	joins, _ := message.Get("join").Obj()
	for _, m := range joins.Members() {
		if !m.Value.Truthy() {
			continue
		}
		join, err := i.join(t, m)
		if err != nil {
			return q, err
		}
		q.Joins = append(q.Joins, join)
		if len(q.Select) > 0 && !slices.Contains(q.Select, join.From) {
			q.Select = append(q.Select, join.From)
		}
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

// join reads one member of a join: true, or {limit}. The reference that leads from one
// table to the other gives the fields, and whether there is one row or several.
func (i *instance) join(base *schema.Table, m wire.Member) (adapter.Join, error) {
	other, ok := i.table(m.Name)
	if !ok {
		return adapter.Join{}, fmt.Errorf("%w: %s", adapter.ErrUnknownModel, m.Name)
	}
	from, to, forward := other, base, true
	keys := references(from, to)
	if len(keys) == 0 {
		from, to, forward = base, other, false
		keys = references(from, to)
	}
	switch {
	case len(keys) == 0:
		return adapter.Join{}, fmt.Errorf("No foreign key found for model %s and base model %s while performing join operation.", m.Name, base.Model)
	case len(keys) > 1:
		return adapter.Join{}, fmt.Errorf("Multiple foreign keys found for model %s and base model %s while performing join operation. Only one foreign key is supported.", m.Name, base.Model)
	}
	key := keys[0]
	target := cmp.Or(key.References.Field, "id")
	join := adapter.Join{Model: other.Model, From: target, To: key.Name, One: key.Unique}
	if !forward {
		join.From, join.To, join.One = key.Name, target, key.Unique || target == "id"
	}
	limit, _ := m.Value.Get("limit").Num()
	join.Limit = int(limit)
	return join, nil
}

// references lists the fields of one table that refer to another.
func references(from, to *schema.Table) []*schema.Field {
	var out []*schema.Field
	for n := range from.Fields {
		f := &from.Fields[n]
		if f.References != nil && (f.References.Model == to.Model || f.References.Model == to.Name) {
			out = append(out, f)
		}
	}
	return out
}

// condition is a value of a condition as Better Auth compares it: every text but
// "true" is false.
func condition(f *schema.Field, v wire.Value) wire.Value {
	if text, ok := v.Str(); ok && f.Type == schema.Boolean {
		return wire.Bool(text == "true")
	}
	return v
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
				if values[n], err = decodeField(f, condition(f, one)); err != nil {
					return nil, err
				}
			}
			c.Value = values
		} else {
			var err error
			if c.Value, err = decodeField(f, condition(f, value)); err != nil {
				return nil, err
			}
		}
		where = append(where, c)
	}
	return where, nil
}
