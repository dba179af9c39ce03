package mongo

import (
	"context"
	"slices"
	"strconv"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// query is a checked adapter.Find.
type query struct {
	table  *table
	filter bson.D
	fields []*column
	sort   bson.D
	skip   int64
	limit  int64
	joins  []join
}

type join struct {
	table    *table
	as       string // key in the record
	key      string // key in the document; the caller's own is never sent
	from, to *column
	one      bool
	limit    int
}

func (s *store) query(q *adapter.Find) (*query, error) {
	t, err := s.table(q.Model)
	if err != nil {
		return nil, err
	}
	out := &query{table: t, skip: int64(max(q.Offset, 0)), limit: int64(max(q.Limit, 0))}
	if out.filter, err = t.filter(q.Where); err != nil {
		return nil, err
	}
	for _, name := range q.Select {
		c, err := t.column(name)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(out.fields, c) {
			out.fields = append(out.fields, c)
		}
	}
	for _, key := range q.Sort {
		c, err := t.column(key.Field)
		if err != nil {
			return nil, err
		}
		switch c.typ {
		case schema.JSON, schema.StringArray, schema.NumberArray:
			return nil, t.bad(c, "has no order")
		}
		direction := 1
		if key.Desc {
			direction = -1
		}
		if !slices.ContainsFunc(out.sort, func(e bson.E) bool { return e.Key == c.key }) {
			out.sort = append(out.sort, bson.E{Key: c.key, Value: direction})
		}
	}
	for i := range q.Joins {
		j, err := s.join(t, &q.Joins[i], i)
		if err != nil {
			return nil, err
		}
		out.joins = append(out.joins, j)
	}
	return out, nil
}

func (s *store) join(base *table, in *adapter.Join, i int) (join, error) {
	other, err := s.table(in.Model)
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
	// No column has this name: columns are identifiers.
	filled := in.WithDefaults()
	return join{table: other, as: filled.As, key: "@" + strconv.Itoa(i), from: from, to: to, one: in.One, limit: filled.Limit}, nil
}

// FindOne returns the first row that matches.
func (s *store) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	q.Limit = 1
	rows, err := s.FindMany(ctx, q)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, adapter.ErrNotFound
	}
	return rows[0], nil
}

// FindMany returns all rows that match, with their joins, in one command; long
// results take one more for each further batch.
func (s *store) FindMany(ctx context.Context, q adapter.Find) ([]adapter.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	plan, err := s.query(&q)
	if err != nil {
		return nil, err
	}
	out := []adapter.Record{}
	err = s.do(ctx, "find", plan.table.model, func(ctx context.Context) error {
		cursor, err := plan.send(ctx)
		if err != nil {
			return err
		}
		defer cursor.Close(ctx)
		for cursor.Next(ctx) {
			rec, err := plan.record(cursor.Current)
			if err != nil {
				return err
			}
			out = append(out, rec)
		}
		return cursor.Err()
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (q *query) send(ctx context.Context) (*driver.Cursor, error) {
	if len(q.joins) > 0 {
		return q.table.coll.Aggregate(ctx, q.pipeline())
	}
	o := options.Find().SetSkip(q.skip).SetLimit(q.limit)
	if q.sort != nil {
		o.SetSort(q.sort)
	}
	if len(q.fields) > 0 {
		o.SetProjection(projection(q.fields))
	}
	return q.table.coll.Find(ctx, q.filter, o)
}

// pipeline joins after the base rows have been sorted and counted out.
func (q *query) pipeline() bson.A {
	out := bson.A{bson.D{{Key: "$match", Value: q.filter}}}
	add := func(stage string, v any) { out = append(out, bson.D{{Key: stage, Value: v}}) }
	if q.sort != nil {
		add("$sort", q.sort)
	}
	if q.skip > 0 {
		add("$skip", q.skip)
	}
	if q.limit > 0 {
		add("$limit", q.limit)
	}
	for _, j := range q.joins {
		var inner bson.A
		if j.from.key != "_id" && j.to.key != "_id" {
			// $lookup takes null for equal to null and to an absent field.
			inner = append(inner, bson.D{{Key: "$match", Value: is(j.to, "$ne", nil)}})
		}
		add("$lookup", bson.D{
			{Key: "from", Value: j.table.coll.Name()},
			{Key: "localField", Value: j.from.key},
			{Key: "foreignField", Value: j.to.key},
			{Key: "pipeline", Value: append(inner, bson.D{{Key: "$limit", Value: j.limit}})},
			{Key: "as", Value: j.key},
		})
	}
	if len(q.fields) > 0 {
		fields := projection(q.fields)
		for _, j := range q.joins {
			fields = append(fields, bson.E{Key: j.key, Value: 1})
		}
		add("$project", fields)
	}
	return out
}

// projection names the columns. The id comes along unless it is left out by name.
func projection(columns []*column) bson.D {
	id := 0
	out := make(bson.D, 0, len(columns)+1)
	for _, c := range columns {
		if c.key == "_id" {
			id = 1
			continue
		}
		out = append(out, bson.E{Key: c.key, Value: 1})
	}
	return append(out, bson.E{Key: "_id", Value: id})
}

func (q *query) record(doc bson.Raw) (adapter.Record, error) {
	rec, err := q.table.record(doc, q.fields, len(q.joins))
	if err != nil {
		return nil, err
	}
	for i := range q.joins {
		j := &q.joins[i]
		rows, err := j.rows(doc)
		if err != nil {
			return nil, err
		}
		switch {
		case !j.one:
			rec[j.as] = rows
		case len(rows) > 0:
			rec[j.as] = rows[0]
		default:
			rec[j.as] = nil
		}
	}
	return rec, nil
}

func (j *join) rows(doc bson.Raw) ([]adapter.Record, error) {
	array, _ := doc.Lookup(j.key).ArrayOK()
	values, err := array.Values()
	if err != nil {
		return nil, err
	}
	out := make([]adapter.Record, len(values))
	for i, v := range values {
		joined, _ := v.DocumentOK()
		if out[i], err = j.table.record(joined, nil, 0); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Count counts the rows that match.
func (s *store) Count(ctx context.Context, model string, w adapter.Where) (int64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	t, err := s.table(model)
	if err != nil {
		return 0, err
	}
	filter, err := t.filter(w)
	if err != nil {
		return 0, err
	}
	return s.count(ctx, t, filter, 0)
}

// count stops at limit unless that is 0.
func (s *store) count(ctx context.Context, t *table, filter bson.D, limit int64) (int64, error) {
	pipeline := bson.A{bson.D{{Key: "$match", Value: filter}}}
	if limit > 0 {
		pipeline = append(pipeline, bson.D{{Key: "$limit", Value: limit}})
	}
	pipeline = append(pipeline, bson.D{{Key: "$count", Value: "n"}})
	var n int64
	err := s.do(ctx, "count", t.model, func(ctx context.Context) error {
		cursor, err := t.coll.Aggregate(ctx, pipeline)
		if err != nil {
			return err
		}
		defer cursor.Close(ctx)
		if cursor.Next(ctx) { // no row, no document
			n, _ = cursor.Current.Lookup("n").AsInt64OK()
		}
		return cursor.Err()
	})
	return n, err
}
