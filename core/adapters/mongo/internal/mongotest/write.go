package mongotest

import (
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// outcome makes the reply of a write. A duplicate is reported for its statement,
// everything else for the whole command.
func outcome(out bson.D, i int, err error) (bson.D, error) {
	var f *failure
	if errors.As(err, &f) && f.code == codeDuplicate {
		one := bson.D{{Key: "index", Value: int32(i)}, {Key: "code", Value: f.code}, {Key: "errmsg", Value: f.text}}
		return append(out, bson.E{Key: "writeErrors", Value: bson.A{one}}), nil
	}
	return out, err
}

func (s *Server) insert(t *transaction, c *command, ns string) (bson.D, error) {
	n := int32(0)
	for i, doc := range c.list("documents") {
		if err := s.engine.put(t, ns, nil, doc); err != nil {
			return outcome(bson.D{{Key: "n", Value: n}}, i, err)
		}
		n++
	}
	return bson.D{{Key: "n", Value: n}}, nil
}

// picked lists the documents that match, at most limit unless that is 0.
func (t *transaction) picked(ns string, filter bson.Raw, limit int) ([]*document, error) {
	var out []*document
	if _, err := scan(nil, filter); err != nil {
		return nil, err
	}
	if t.own[ns] == nil {
		return nil, nil
	}
	for _, d := range t.own[ns].docs {
		ok, err := matches(filter, d.raw)
		if err != nil {
			return nil, err
		}
		if ok {
			if out = append(out, d); len(out) == limit {
				break
			}
		}
	}
	return out, nil
}

func (s *Server) update(t *transaction, c *command, ns string) (bson.D, error) {
	matched, modified := int32(0), int32(0)
	reply := func() bson.D {
		return bson.D{{Key: "n", Value: matched}, {Key: "nModified", Value: modified}}
	}
	for i, statement := range c.list("updates") {
		filter, _ := statement.Lookup("q").DocumentOK()
		update, ok := statement.Lookup("u").DocumentOK()
		upsert, _ := statement.Lookup("upsert").BooleanOK()
		if !ok || upsert {
			return nil, fail(codeParse, "pipelines and upserts in update are not supported")
		}
		limit := 1
		if multi, _ := statement.Lookup("multi").BooleanOK(); multi {
			limit = 0
		}
		docs, err := t.picked(ns, filter, limit)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			next, err := change(d.raw, update, false)
			if err == nil {
				err = s.engine.put(t, ns, d, next)
			}
			if err != nil {
				return outcome(reply(), i, err)
			}
			matched++
			if string(next) != string(d.raw) {
				modified++
			}
		}
	}
	return reply(), nil
}

func (s *Server) remove(t *transaction, c *command, ns string) (bson.D, error) {
	n := int32(0)
	for _, statement := range c.list("deletes") {
		filter, _ := statement.Lookup("q").DocumentOK()
		limit, _ := statement.Lookup("limit").AsInt64OK()
		docs, err := t.picked(ns, filter, int(limit))
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			if err := s.engine.put(t, ns, d, nil); err != nil {
				return nil, err
			}
			n++
		}
	}
	return bson.D{{Key: "n", Value: n}}, nil
}

func (s *Server) findAndModify(t *transaction, c *command, ns string) (bson.D, error) {
	for _, key := range []string{"sort", "fields", "arrayFilters"} {
		if c.doc.Lookup(key).Type != 0 {
			return nil, fail(codeParse, key+" in findAndModify is not supported")
		}
	}
	docs, err := t.picked(ns, c.document("query"), 1)
	if err != nil {
		return nil, err
	}
	var old *document
	var before, after bson.Raw
	switch {
	case len(docs) > 0:
		old, before = docs[0], docs[0].raw
	case c.flag("upsert"):
		id, _ := c.document("query").LookupErr("_id")
		if before, err = bson.Marshal(bson.D{{Key: "_id", Value: id}}); err != nil {
			return nil, err
		}
	default:
		return bson.D{{Key: "lastErrorObject", Value: bson.D{{Key: "n", Value: int32(0)}}}, {Key: "value", Value: nil}}, nil
	}
	if !c.flag("remove") {
		if after, err = change(before, c.document("update"), old == nil); err != nil {
			return nil, err
		}
	}
	if err := s.engine.put(t, ns, old, after); err != nil {
		return nil, err
	}
	value := any(before)
	if c.flag("new") {
		value = after
	} else if old == nil {
		value = nil
	}
	return bson.D{{Key: "lastErrorObject", Value: bson.D{{Key: "n", Value: int32(1)}}}, {Key: "value", Value: value}}, nil
}
