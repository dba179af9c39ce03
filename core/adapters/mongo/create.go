package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// Create inserts a row and returns it as stored.
func (s *store) Create(ctx context.Context, model string, rec adapter.Record) (adapter.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t, err := s.table(model)
	if err != nil {
		return nil, err
	}
	values, err := t.values(rec)
	if err != nil {
		return nil, err
	}
	id, err := t.newID(s.schema.IDs, rec["id"])
	if err != nil {
		return nil, err
	}
	if err := s.refer(ctx, t, values, id); err != nil {
		return nil, err
	}
	if s.schema.IDs == schema.IDSerial {
		if id, err = s.serial(ctx, t, id); err != nil {
			return nil, err
		}
	}
	doc, err := bson.Marshal(append(bson.D{{Key: "_id", Value: id}}, values...))
	if err != nil {
		return nil, err
	}
	err = s.do(ctx, "create", t.model, func(ctx context.Context) error {
		_, err := t.coll.InsertOne(ctx, bson.Raw(doc))
		return err
	})
	if err != nil {
		return nil, err
	}
	return t.record(doc, nil, 0)
}

// values encodes a new row without its id. Fields that rec does not name stay
// absent.
func (t *table) values(rec adapter.Record) (bson.D, error) {
	for name := range rec {
		if _, err := t.column(name); err != nil {
			return nil, err
		}
	}
	out := make(bson.D, 0, len(rec)+1)
	for _, c := range t.columns[1:] {
		given, ok := rec[c.name]
		v, err := t.value(c, given)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, bson.E{Key: c.key, Value: v})
		}
	}
	return out, nil
}

// newID encodes the id of a new row; for nil the database makes it.
func (t *table) newID(kind schema.IDKind, given any) (any, error) {
	if given == nil && kind == schema.IDSerial {
		return nil, nil
	}
	if given == nil || given == "" {
		return nil, t.bad(t.columns[0], "is missing")
	}
	return t.encode(t.columns[0], given)
}

// counters is the collection of the last serial id of each table.
const counters = "kernia_counters"

// serial takes the next number of a table, or records the one that a row has. It runs
// outside the transaction, as in other databases: transactions that create rows must
// not wait for each other, and gaps are harmless.
func (s *store) serial(ctx context.Context, t *table, given any) (any, error) {
	coll := s.db.Collection(counters, collectionOptions())
	row := bson.D{{Key: "_id", Value: t.coll.Name()}}
	change := bson.D{{Key: "$inc", Value: bson.D{{Key: "last", Value: int64(1)}}}}
	if given != nil {
		change = bson.D{{Key: "$max", Value: bson.D{{Key: "last", Value: given}}}}
	}
	o := options.FindOneAndUpdate().SetUpsert(true).SetReturnDocument(options.After)
	var out struct {
		Last int64 `bson:"last"`
	}
	var err error
	for range 3 { // of two calls that create the document at once, one has to try again
		err = coll.FindOneAndUpdate(driver.NewSessionContext(ctx, nil), row, change, o).Decode(&out)
		if !driver.IsDuplicateKeyError(err) {
			break
		}
	}
	if err != nil || given != nil {
		return given, wrap("number", t.model, err)
	}
	return out.Last, nil
}

// refer refuses references to rows that do not exist. id is the row's own, to
// which it may refer.
func (s *store) refer(ctx context.Context, t *table, values bson.D, id any) error {
	for _, r := range t.out {
		for _, e := range values {
			if e.Key != r.fromCol.key || e.Value == nil {
				continue
			}
			if r.to == t && r.toCol.key == "_id" && sameID(e.Value, id) {
				continue
			}
			n, err := s.count(ctx, r.to, is(r.toCol, "$eq", e.Value), 1)
			if err != nil {
				return err
			}
			if n == 0 {
				return &opError{op: "write", model: t.model, kind: ErrReference, text: r.fromCol.name + " refers to no " + r.to.model}
			}
		}
	}
	return nil
}
