package mongo

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// index is one index that the schema asks for.
type index struct {
	table   *table
	columns []*column
	unique  bool
}

// indexes lists those of a table: unique keys, fields that the schema marks, foreign
// keys, and the fields that sign-ins and the removal of old rows look up.
func (t *table) indexes() []index {
	var out []index
	add := func(unique bool, columns ...*column) {
		for _, x := range out {
			if slices.Equal(x.columns, columns) {
				return // a unique one of the same columns comes first
			}
		}
		out = append(out, index{t, columns, unique})
	}
	for _, key := range t.unique {
		add(true, key...)
	}
	for i := range t.def.Fields {
		if f := &t.def.Fields[i]; f.Index || f.References != nil {
			add(false, t.byName[f.Name])
		}
	}
	for _, names := range lookups[t.model] {
		var columns []*column
		for _, name := range names {
			if c, ok := t.byName[name]; ok {
				columns = append(columns, c)
			}
		}
		if len(columns) == len(names) {
			add(false, columns...)
		}
	}
	return out
}

var lookups = map[string][][]string{
	"verification": {{"expiresAt"}},
}

func (x *index) keys() bson.D {
	out := make(bson.D, len(x.columns))
	for i, c := range x.columns {
		out[i] = bson.E{Key: c.key, Value: int32(1)}
	}
	return out
}

// name is the one that MongoDB's shell would choose.
func (x *index) name() string {
	parts := make([]string, len(x.columns))
	for i, c := range x.columns {
		parts[i] = c.key + "_1"
	}
	return strings.Join(parts, "_")
}

// partial leaves rows with a null out of a unique index: nulls do not collide. Where
// the column has one type it is a lower bound, because MongoDB does not use an index
// with $type to look up a value.
func (x *index) partial() bson.D {
	var out bson.D
	for _, c := range x.columns {
		if !c.optional || !x.unique {
			continue
		}
		out = append(out, bson.E{Key: c.key, Value: present(c)})
	}
	return out
}

func present(c *column) bson.D {
	from := func(lowest any) bson.D { return bson.D{{Key: "$gte", Value: lowest}} }
	switch {
	case c.ids == byValue, c.ids == uuidID:
		return bson.D{{Key: "$type", Value: bson.A{"string", "objectId", "binData"}}}
	case c.ids == serialID, c.typ == schema.Number:
		return from(math.Inf(-1))
	case c.typ == schema.Date:
		return from(bson.DateTime(math.MinInt64))
	case c.typ == schema.Boolean:
		return from(false)
	case c.typ == schema.StringArray, c.typ == schema.NumberArray:
		return bson.D{{Key: "$type", Value: "array"}}
	}
	return from("")
}

func (x *index) model() driver.IndexModel {
	o := options.Index().SetName(x.name())
	if x.unique {
		o.SetUnique(true)
	}
	if p := x.partial(); len(p) > 0 {
		o.SetPartialFilterExpression(p)
	}
	return driver.IndexModel{Keys: x.keys(), Options: o}
}

// String is the command of MongoDB's shell.
func (x *index) String() string {
	o := bson.D{{Key: "name", Value: x.name()}}
	if x.unique {
		o = append(o, bson.E{Key: "unique", Value: true})
	}
	if p := x.partial(); len(p) > 0 {
		o = append(o, bson.E{Key: "partialFilterExpression", Value: p})
	}
	return fmt.Sprintf("db.getCollection(%q).createIndex(%s, %s)", x.table.coll.Name(), shell(x.keys()), shell(o))
}

func shell(d bson.D) string {
	out, err := bson.MarshalExtJSON(d, false, false)
	if err != nil {
		return "{}"
	}
	return string(out)
}

// step is one change and how it is made.
type step struct {
	change adapter.Change
	run    func(ctx context.Context) error
}

// Plan lists the collections and indexes that are missing; SQL is the command of
// MongoDB's shell. An index exists when one has the same keys and, if it must be
// unique, is unique for all rows without nulls.
func (s *store) Plan(ctx context.Context) ([]adapter.Change, error) {
	steps, err := s.plan(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]adapter.Change, len(steps))
	for i, step := range steps {
		out[i] = step.change
	}
	return out, nil
}

// Migrate makes what Plan lists. It drops and rewrites nothing. Rows that break a
// unique key are adapter.ErrUnique, with a text that counts them; the rows stay, and so
// do the indexes made before. An index of the application that is in the way, because
// it has the same keys and is not unique, is an error that names them. Several
// processes may migrate at once.
func (s *store) Migrate(ctx context.Context) error {
	steps, err := s.plan(ctx)
	if err != nil {
		return err
	}
	tell := adapter.MigrationOf(ctx).Progress
	for i, step := range steps {
		tell(adapter.MigrationProgress{Change: step.change, Done: i, Total: len(steps)})
		if err := step.run(ctx); err != nil {
			return wrap(step.change.Kind, step.change.Table, err)
		}
	}
	return nil
}

func (s *store) plan(ctx context.Context) ([]step, error) {
	// Not in a transaction: it could not make indexes for collections with rows.
	ctx = driver.NewSessionContext(ctx, nil)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	names, err := s.db.ListCollectionNames(ctx, bson.D{})
	if err != nil {
		return nil, wrap("plan", "migration", err)
	}
	var out []step
	for _, t := range s.order {
		var have []existing
		if slices.Contains(names, t.coll.Name()) {
			if have, err = t.existing(ctx); err != nil {
				return nil, wrap("plan", t.model, err)
			}
		} else {
			out = append(out, s.createCollection(t))
		}
		for _, x := range t.indexes() {
			if !slices.ContainsFunc(have, x.serves) {
				out = append(out, x.create())
			}
		}
	}
	return out, nil
}

// existing is an index that is there.
type existing struct {
	Keys    bson.Raw `bson:"key"`
	Unique  bool     `bson:"unique"`
	Sparse  bool     `bson:"sparse"`
	Partial bson.Raw `bson:"partialFilterExpression"`
}

func (t *table) existing(ctx context.Context) (out []existing, err error) {
	cursor, err := t.coll.Indexes().List(ctx)
	if err != nil {
		return nil, err
	}
	return out, cursor.All(ctx, &out)
}

// serves reports whether an existing index can stand for x.
func (x *index) serves(spec existing) bool {
	if x.unique && !spec.Unique {
		return false
	}
	if x.unique && (spec.Partial != nil && !x.sees(spec.Partial) || len(x.partial()) == 0 && spec.Sparse) {
		return false // some rows are not checked
	}
	elements, err := spec.Keys.Elements()
	if err != nil || len(elements) != len(x.columns) {
		return false
	}
	for i, e := range elements {
		if n, ok := e.Value().AsInt64OK(); !ok || n != 1 || e.Key() != x.columns[i].key {
			return false
		}
	}
	return true
}

// sees reports whether a partial index leaves out no more rows than x does.
func (x *index) sees(partial bson.Raw) bool {
	own := x.partial()
	if len(own) == 0 {
		return false
	}
	raw, err := bson.Marshal(own)
	return err == nil && bytes.Equal(raw, partial)
}

func (s *store) createCollection(t *table) step {
	name := t.coll.Name()
	return step{
		change: adapter.Change{Table: name, Kind: "create table", SQL: fmt.Sprintf("db.createCollection(%q)", name)},
		run: func(ctx context.Context) error {
			err := s.db.CreateCollection(driver.NewSessionContext(ctx, nil), name)
			if isCode(err, codeNamespaceExists) {
				return nil
			}
			return err
		},
	}
}

func (x *index) create() step {
	return step{
		change: adapter.Change{Table: x.table.coll.Name(), Kind: "create index", SQL: x.String()},
		run: func(ctx context.Context) error {
			ctx = driver.NewSessionContext(ctx, nil)
			_, err := x.table.coll.Indexes().CreateOne(ctx, x.model())
			switch {
			case driver.IsDuplicateKeyError(err):
				return x.duplicates(ctx, err)
			case isCode(err, codeOptionsConflict), isCode(err, codeKeySpecsConflict):
				return &opError{op: "create index", model: x.table.model, cause: err,
					text: fmt.Sprintf("another index on (%s) is in the way: drop it and migrate again", x.list())}
			}
			return err
		},
	}
}

func (x *index) list() string {
	names := make([]string, len(x.columns))
	for i, c := range x.columns {
		names[i] = c.key
	}
	return strings.Join(names, ", ")
}

// duplicates counts the rows that break a unique index. The text shows no value of
// theirs besides the providers of accounts.
func (x *index) duplicates(ctx context.Context, cause error) error {
	var present, key bson.D
	for i, c := range x.columns {
		present = append(present, bson.E{Key: c.key, Value: bson.D{{Key: "$ne", Value: nil}}})
		key = append(key, bson.E{Key: fmt.Sprint("k", i), Value: "$" + c.key})
	}
	cursor, err := x.table.coll.Aggregate(ctx, bson.A{
		bson.D{{Key: "$match", Value: present}},
		bson.D{{Key: "$group", Value: bson.D{{Key: "_id", Value: key}, {Key: "n", Value: bson.D{{Key: "$sum", Value: 1}}}}}},
		bson.D{{Key: "$match", Value: bson.D{{Key: "n", Value: bson.D{{Key: "$gt", Value: 1}}}}}},
	}, options.Aggregate().SetAllowDiskUse(true))
	if err != nil {
		return cause
	}
	defer cursor.Close(ctx)
	var values, rows int64
	providers := map[string]int{}
	for cursor.Next(ctx) {
		n, _ := cursor.Current.Lookup("n").AsInt64OK()
		values, rows = values+1, rows+n
		if x.table.model == "account" && x.columns[0].name == "providerId" {
			name, _ := cursor.Current.Lookup("_id", "k0").StringValueOK()
			providers[name]++
		}
	}
	if cursor.Err() != nil || values == 0 {
		return cause
	}
	of := ""
	for i, name := range slices.Sorted(maps.Keys(providers)) {
		of += map[bool]string{true: " (of the providers ", false: ", "}[i == 0] + fmt.Sprint(name, " ", providers[name])
	}
	if of != "" {
		of += ")"
	}
	return &opError{op: "create index", model: x.table.model, kind: adapter.ErrUnique, text: fmt.Sprintf(
		"the collection %q needs a unique key on (%s), but %d rows share values that are there more than once, %d in all%s: "+
			"remove the rows that are wrong and migrate again", x.table.coll.Name(), x.list(), rows, values, of)}
}

var _ adapter.Migrator = (*store)(nil)
