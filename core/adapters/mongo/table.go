package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// store is the adapter of one schema.
type store struct {
	db     *driver.Database
	schema *schema.Schema
	tables map[string]*table // by model
	order  []*table          // as in the schema
	tx     bool              // whether the deployment has transactions
}

// table is a model with its collection.
type table struct {
	model   string
	def     *schema.Table
	coll    *driver.Collection
	columns []*column // the id first
	byName  map[string]*column
	byKey   map[string]*column
	out     []*reference // foreign keys of this table
	in      []*reference // foreign keys to this table
	unique  [][]*column  // without the id
}

type column struct {
	name     string // logical
	key      string // in the document
	typ      schema.Type
	optional bool
	whole    bool // a number without fractions
	ids      idKind
}

type reference struct {
	from, to         *table
	fromCol, toCol   *column
	cascade, setNull bool // neither: restrict
}

// collectionOptions have a registry of their own: codecs that the application
// gave its client must not change what Kernia stores.
func collectionOptions() *options.CollectionOptionsBuilder {
	return options.Collection().SetReadPreference(primary).SetRegistry(bson.NewRegistry())
}

func runOnPrimary() *options.RunCmdOptionsBuilder {
	return options.RunCmd().SetReadPreference(primary)
}

func (s *store) compile(stringIDs bool) error {
	s.tables = make(map[string]*table, len(s.schema.Tables()))
	kind := idKindOf(s.schema.IDs, stringIDs)
	for _, def := range s.schema.Tables() {
		t := &table{
			model: def.Model, def: def, coll: s.db.Collection(def.Name, collectionOptions()),
			byName: map[string]*column{}, byKey: map[string]*column{},
		}
		t.add(&column{name: "id", key: "_id", typ: schema.String, ids: kind})
		for i := range def.Fields {
			f := &def.Fields[i]
			if f.Column == "_id" {
				return fmt.Errorf("mongo: field %s.%s has the column _id, which is the id's", def.Model, f.Name)
			}
			c := &column{name: f.Name, key: f.Column, typ: f.Type, optional: f.Optional, whole: f.BigInt}
			if f.References != nil && f.References.Field == "id" {
				c.ids = kind
			}
			t.add(c)
			if f.Unique {
				t.unique = append(t.unique, []*column{c})
			}
		}
		for _, names := range def.Unique {
			key := make([]*column, len(names))
			for i, name := range names {
				key[i] = t.byName[name]
			}
			t.unique = append(t.unique, key)
		}
		s.tables[def.Model] = t
		s.order = append(s.order, t)
	}
	for _, t := range s.order {
		for i := range t.def.Fields {
			s.link(t, &t.def.Fields[i])
		}
	}
	return nil
}

func (t *table) add(c *column) {
	t.columns = append(t.columns, c)
	t.byName[c.name], t.byKey[c.key] = c, c
}

func (s *store) link(t *table, f *schema.Field) {
	if f.References == nil {
		return
	}
	to := s.tables[f.References.Model]
	if to == nil {
		return // a subset of the schema lives here; the rest is in another database
	}
	r := &reference{from: t, to: to, fromCol: t.byName[f.Name], toCol: to.byName[f.References.Field]}
	switch f.References.OnDelete {
	case "cascade":
		r.cascade = true
	case "set null", "set default": // a document has no default
		r.setNull = true
	}
	t.out = append(t.out, r)
	to.in = append(to.in, r)
}

func (s *store) Name() string { return "mongodb" }

func (s *store) Capabilities() adapter.Capabilities {
	if !s.tx {
		return adapter.Capabilities{NoTx: true, NoNested: true, Note: "a standalone MongoDB server has no transactions"}
	}
	return adapter.Capabilities{NoNested: true, Note: "MongoDB has no savepoints"}
}

func (s *store) table(model string) (*table, error) {
	t, ok := s.tables[model]
	if !ok {
		return nil, fmt.Errorf("%w: %q", adapter.ErrUnknownModel, model)
	}
	return t, nil
}

func (t *table) column(name string) (*column, error) {
	c, ok := t.byName[name]
	if !ok {
		return nil, fmt.Errorf("%w: %s.%q", adapter.ErrUnknownField, t.model, name)
	}
	return c, nil
}

// target does the checks that all writes with a predicate share. A cancelled context is
// reported first, even when the call is wrong as well.
func (s *store) target(ctx context.Context, model string, w adapter.Where) (*table, bson.D, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	t, err := s.table(model)
	if err != nil {
		return nil, nil, err
	}
	if len(w) == 0 {
		return nil, nil, adapter.ErrNoPredicate
	}
	filter, err := t.filter(w)
	return t, filter, err
}
