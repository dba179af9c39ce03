package memory

import (
	"context"
	"fmt"
	"slices"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// query is a checked adapter.Find.
type query struct {
	view   *view
	conds  []cond
	fields []*column
	sort   []sortKey
	joins  []join
}

type sortKey struct {
	*column
	desc bool
}

type join struct {
	view     *view
	as       string
	from, to int
	one      bool
	limit    int
}

func (a *store) query(q *adapter.Find) (*query, error) {
	v, err := a.view(q.Model)
	if err != nil {
		return nil, err
	}
	out := &query{view: v}
	if out.conds, err = v.where(q.Where); err != nil {
		return nil, err
	}
	for _, name := range q.Select {
		c, err := v.column(name)
		if err != nil {
			return nil, err
		}
		out.fields = append(out.fields, c)
	}
	for _, s := range q.Sort {
		c, err := v.column(s.Field)
		if err != nil {
			return nil, err
		}
		switch c.field.Type {
		case schema.JSON, schema.StringArray, schema.NumberArray:
			return nil, fmt.Errorf("%w: %s has no order", adapter.ErrBadValue, s.Field)
		}
		out.sort = append(out.sort, sortKey{c, s.Desc})
	}
	for i := range q.Joins {
		j, err := a.join(v, &q.Joins[i])
		if err != nil {
			return nil, err
		}
		out.joins = append(out.joins, j)
	}
	return out, nil
}

func (a *store) join(base *view, in *adapter.Join) (join, error) {
	other, err := a.view(in.Model)
	if err != nil {
		return join{}, err
	}
	from, err := base.column(in.From)
	if err != nil {
		return join{}, err
	}
	to, err := other.column(in.To)
	if err != nil {
		return join{}, err
	}
	filled := in.WithDefaults()
	return join{view: other, as: filled.As, from: from.slot, to: to.slot, one: in.One, limit: filled.Limit}, nil
}

func (a *store) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	q.Limit = 1
	rows, err := a.FindMany(ctx, q)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, adapter.ErrNotFound
	}
	return rows[0], nil
}

func (a *store) FindMany(ctx context.Context, q adapter.Find) ([]adapter.Record, error) {
	// A cancelled context is reported first, even when the query is wrong as well.
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	plan, err := a.query(&q)
	if err != nil {
		return nil, err
	}
	if err := a.db.rlock(ctx); err != nil {
		return nil, err
	}
	defer a.db.mu.RUnlock()
	rows := plan.rows(max(q.Offset, 0), max(q.Limit, 0))
	out := make([]adapter.Record, len(rows))
	for i, r := range rows {
		out[i] = plan.record(r)
	}
	return out, nil
}

func (q *query) rows(offset, limit int) []*row {
	enough := 0
	if limit > 0 && len(q.sort) == 0 {
		enough = offset + limit
	}
	rows := q.view.table.find(q.conds, max(enough, 0))
	if len(q.sort) > 0 {
		slices.SortStableFunc(rows, q.less)
	}
	rows = rows[min(offset, len(rows)):]
	if limit > 0 {
		rows = rows[:min(limit, len(rows))]
	}
	return rows
}

func (q *query) less(a, b *row) int {
	for _, key := range q.sort {
		x, y := at(a.vals, key.slot), at(b.vals, key.slot)
		n := 0
		if s, ok := x.(string); ok && key.serial && y != nil {
			t, _ := y.(string)
			n = compareSerial(s, t)
		} else {
			n = compare(x, y)
		}
		if key.desc {
			n = -n
		}
		if n != 0 {
			return n
		}
	}
	return 0
}

func (q *query) record(r *row) adapter.Record {
	rec := q.view.record(r, q.fields, len(q.joins))
	for i := range q.joins {
		j := &q.joins[i]
		var rows []*row
		if v := at(r.vals, j.from); v != nil {
			rows = j.view.table.find([]cond{{slot: j.to, op: adapter.Eq, val: v}}, j.limit)
		}
		if j.one {
			if len(rows) > 0 {
				rec[j.as] = j.view.record(rows[0], nil, 0)
			} else {
				rec[j.as] = nil
			}
			continue
		}
		list := make([]adapter.Record, len(rows))
		for i, joined := range rows {
			list[i] = j.view.record(joined, nil, 0)
		}
		rec[j.as] = list
	}
	return rec
}

func (a *store) Count(ctx context.Context, model string, w adapter.Where) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	v, err := a.view(model)
	if err != nil {
		return 0, err
	}
	conds, err := v.where(w)
	if err != nil {
		return 0, err
	}
	if err := a.db.rlock(ctx); err != nil {
		return 0, err
	}
	defer a.db.mu.RUnlock()
	var n int64
	for _, r := range v.table.candidates(conds) {
		if matches(conds, r) {
			n++
		}
	}
	return n, nil
}
