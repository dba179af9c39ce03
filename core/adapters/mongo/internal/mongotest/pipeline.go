package mongotest

import (
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// scan lists the documents of a collection that match.
func scan(c *collection, filter bson.Raw) ([]bson.Raw, error) {
	out := []bson.Raw{}
	if c == nil {
		_, err := matches(filter, bson.Raw{5, 0, 0, 0, 0}) // a wrong filter is refused without rows, too
		return out, err
	}
	for _, d := range c.docs {
		ok, err := matches(filter, d.raw)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, d.raw)
		}
	}
	return out, nil
}

func sorted(docs []bson.Raw, spec bson.Raw) ([]bson.Raw, error) {
	elements, err := spec.Elements()
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, e := range elements {
		n, ok := e.Value().AsInt64OK()
		if !ok || n != 1 && n != -1 || seen[e.Key()] || plain(e.Key()) != nil {
			return nil, fail(codeBadValue, "bad sort specification")
		}
		seen[e.Key()] = true
	}
	out := slices.Clone(docs)
	slices.SortStableFunc(out, func(a, b bson.Raw) int {
		for _, e := range elements {
			n := compare(a.Lookup(e.Key()), b.Lookup(e.Key()))
			if e.Value().AsInt64() < 0 {
				n = -n
			}
			if n != 0 {
				return n
			}
		}
		return 0
	})
	return out, nil
}

func window(docs []bson.Raw, skip, limit int64) []bson.Raw {
	docs = docs[min(max(skip, 0), int64(len(docs))):]
	if limit > 0 {
		docs = docs[:min(limit, int64(len(docs)))]
	}
	return docs
}

// project keeps whole fields; the _id stays unless it is set to 0.
func project(docs []bson.Raw, spec bson.Raw) ([]bson.Raw, error) {
	elements, err := spec.Elements()
	if err != nil {
		return nil, err
	}
	if len(elements) == 0 {
		return docs, nil
	}
	keep := map[string]bool{"_id": true}
	seen := map[string]bool{}
	for _, e := range elements {
		n, ok := e.Value().AsInt64OK()
		if !ok || seen[e.Key()] || plain(e.Key()) != nil || n == 0 && e.Key() != "_id" {
			return nil, fail(31249, "bad projection")
		}
		seen[e.Key()], keep[e.Key()] = true, n != 0
	}
	out := make([]bson.Raw, len(docs))
	for i, doc := range docs {
		fields, err := doc.Elements()
		if err != nil {
			return nil, err
		}
		kept := bson.D{}
		for _, f := range fields {
			if keep[f.Key()] {
				kept = append(kept, bson.E{Key: f.Key(), Value: f.Value()})
			}
		}
		if out[i], err = bson.Marshal(kept); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// run runs the stages of a pipeline over documents; db is the prefix of
// namespaces.
func (t *transaction) run(db string, docs []bson.Raw, stages bson.RawArray) ([]bson.Raw, error) {
	values, err := stages.Values()
	if err != nil {
		return nil, err
	}
	for _, v := range values {
		stage, ok := v.DocumentOK()
		elements, err := stage.Elements()
		if !ok || err != nil || len(elements) != 1 {
			return nil, fail(40323, "a stage has one field")
		}
		if docs, err = t.stage(db, docs, elements[0].Key(), elements[0].Value()); err != nil {
			return nil, err
		}
	}
	return docs, nil
}

func (t *transaction) stage(db string, docs []bson.Raw, name string, v bson.RawValue) ([]bson.Raw, error) {
	arg, _ := v.DocumentOK()
	n, isNumber := v.AsInt64OK()
	switch name {
	case "$match":
		out := []bson.Raw{}
		for _, doc := range docs {
			ok, err := matches(arg, doc)
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, doc)
			}
		}
		if len(docs) == 0 {
			return scan(nil, arg)
		}
		return out, nil
	case "$sort":
		return sorted(docs, arg)
	case "$skip", "$limit":
		if !isNumber || n < 0 || n == 0 && name == "$limit" {
			return nil, fail(15958, name+" needs a number")
		}
		if name == "$skip" {
			return window(docs, n, 0), nil
		}
		return window(docs, 0, n), nil
	case "$project":
		return project(docs, arg)
	case "$count":
		if len(docs) == 0 {
			return docs, nil
		}
		out, err := bson.Marshal(bson.D{{Key: v.StringValue(), Value: int32(len(docs))}})
		return []bson.Raw{out}, err
	case "$group":
		return grouped(docs, arg)
	case "$lookup":
		return t.lookup(db, docs, arg)
	}
	return nil, fail(40324, "unknown stage "+name)
}

// grouped counts documents: all together, as the driver does, or those with equal
// values of the fields that an _id document names.
func grouped(docs []bson.Raw, arg bson.Raw) ([]bson.Raw, error) {
	elements, err := arg.Elements()
	if err != nil || len(elements) != 2 || elements[0].Key() != "_id" || elements[0].Value().Type == bson.TypeString {
		return nil, fail(codeBadValue, "$group needs an _id of fields or a constant, and one sum")
	}
	if one, ok := elements[1].Value().Document().Lookup("$sum").AsInt64OK(); !ok || one != 1 {
		return nil, fail(codeBadValue, "$group only counts")
	}
	var order []string
	keys, counts := map[string]any{}, map[string]int32{}
	for _, doc := range docs {
		var key any = elements[0].Value()
		if fields, ok := elements[0].Value().DocumentOK(); ok {
			if key, err = valuesOf(doc, fields); err != nil {
				return nil, err
			}
		}
		raw, err := bson.Marshal(bson.D{{Key: "_id", Value: key}})
		if err != nil {
			return nil, err
		}
		if counts[string(raw)]++; counts[string(raw)] == 1 {
			order = append(order, string(raw))
			keys[string(raw)] = key
		}
	}
	out := []bson.Raw{}
	for _, raw := range order {
		doc, err := bson.Marshal(bson.D{{Key: "_id", Value: keys[raw]}, {Key: elements[1].Key(), Value: counts[raw]}})
		if err != nil {
			return nil, err
		}
		out = append(out, doc)
	}
	return out, nil
}

// valuesOf replaces paths like "$field" by a document's values.
func valuesOf(doc, fields bson.Raw) (bson.D, error) {
	elements, err := fields.Elements()
	if err != nil {
		return nil, err
	}
	out := bson.D{}
	for _, e := range elements {
		path, ok := e.Value().StringValueOK()
		name, found := strings.CutPrefix(path, "$")
		if !ok || !found || plain(name) != nil {
			return nil, fail(codeBadValue, "$group needs fields")
		}
		if v := doc.Lookup(name); v.Type != 0 {
			out = append(out, bson.E{Key: e.Key(), Value: v})
		}
	}
	return out, nil
}

func (t *transaction) lookup(db string, docs []bson.Raw, arg bson.Raw) ([]bson.Raw, error) {
	var spec struct {
		From         string        `bson:"from"`
		LocalField   string        `bson:"localField"`
		ForeignField string        `bson:"foreignField"`
		Pipeline     bson.RawValue `bson:"pipeline"`
		As           string        `bson:"as"`
	}
	if err := bson.Unmarshal(arg, &spec); err != nil {
		return nil, err
	}
	for _, path := range []string{spec.LocalField, spec.ForeignField, spec.As} {
		if err := plain(path); err != nil {
			return nil, err
		}
	}
	out := make([]bson.Raw, len(docs))
	for i, doc := range docs {
		local := doc.Lookup(spec.LocalField)
		if local.Type == 0 {
			local = bson.RawValue{Type: bson.TypeNull}
		}
		filter, err := bson.Marshal(bson.D{{Key: spec.ForeignField, Value: bson.D{{Key: "$eq", Value: local}}}})
		if err != nil {
			return nil, err
		}
		joined, err := scan(t.own[db+"."+spec.From], filter)
		if err != nil {
			return nil, err
		}
		if stages, ok := spec.Pipeline.ArrayOK(); ok {
			if joined, err = t.run(db, joined, stages); err != nil {
				return nil, err
			}
		}
		var fields bson.D
		if err := bson.Unmarshal(doc, &fields); err != nil {
			return nil, err
		}
		fields = slices.DeleteFunc(fields, func(e bson.E) bool { return e.Key == spec.As })
		if out[i], err = bson.Marshal(append(fields, bson.E{Key: spec.As, Value: joined})); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// collectionName is the part of a namespace after the database.
func collectionName(ns string) string {
	_, name, _ := strings.Cut(ns, ".")
	return name
}
