package mongotest

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// command is one request: a document, and lists that came beside it.
type command struct {
	doc   bson.Raw
	lists map[string][]bson.Raw
}

func (c *command) name() string { return c.doc.Index(0).Key() }

func (c *command) text(key string) string {
	s, _ := c.doc.Lookup(key).StringValueOK()
	return s
}

func (c *command) number(key string) int64 {
	n, _ := c.doc.Lookup(key).AsInt64OK()
	return n
}

func (c *command) flag(key string) bool {
	b, _ := c.doc.Lookup(key).BooleanOK()
	return b
}

var empty = bson.Raw{5, 0, 0, 0, 0}

func (c *command) document(key string) bson.Raw {
	if d, ok := c.doc.Lookup(key).DocumentOK(); ok {
		return d
	}
	return empty
}

// list is an argument that may be in the document or beside it.
func (c *command) list(key string) []bson.Raw {
	if list, ok := c.lists[key]; ok {
		return list
	}
	array, _ := c.doc.Lookup(key).ArrayOK()
	values, _ := array.Values()
	out := make([]bson.Raw, len(values))
	for i, v := range values {
		out[i], _ = v.DocumentOK()
	}
	return out
}

func (c *command) namespace() string { return c.text("$db") + "." + c.text(c.name()) }

var errGone = errors.New("the client has gone")

// reply runs a command and encodes its answer.
func (s *Server) reply(c command, gone <-chan struct{}) (bson.Raw, error) {
	out, err := s.run(&c, gone)
	var f *failure
	switch {
	case errors.As(err, &f):
		d := bson.D{{Key: "ok", Value: 0.0}, {Key: "errmsg", Value: f.text}, {Key: "code", Value: f.code}, {Key: "codeName", Value: fmt.Sprint("Code", f.code)}}
		if len(f.labels) > 0 {
			d = append(d, bson.E{Key: "errorLabels", Value: f.labels})
		}
		return bson.Marshal(d)
	case err != nil:
		return nil, err
	}
	return bson.Marshal(append(out, bson.E{Key: "ok", Value: 1.0}))
}

func (s *Server) run(c *command, gone <-chan struct{}) (bson.D, error) {
	switch strings.ToLower(c.name()) {
	case "hello", "ismaster":
		return s.hello(), nil
	case "ping", "endsessions":
		return nil, nil
	case "getmore":
		return s.cursors.more(c)
	case "killcursors":
		return bson.D{{Key: "cursorsKilled", Value: bson.A{}}}, nil
	case "committransaction":
		return nil, s.end(c, true)
	case "aborttransaction":
		return nil, s.end(c, false)
	}
	for {
		out, err := s.try(c)
		var wait *busy
		if !errors.As(err, &wait) {
			return out, err
		}
		select {
		case <-wait.holder.done:
		case <-gone:
			return nil, errGone
		}
	}
}

func (s *Server) hello() bson.D {
	out := bson.D{
		{Key: "helloOk", Value: true}, {Key: "ismaster", Value: true}, {Key: "isWritablePrimary", Value: true},
		{Key: "maxBsonObjectSize", Value: int32(16 << 20)}, {Key: "maxMessageSizeBytes", Value: int32(48_000_000)}, {Key: "maxWriteBatchSize", Value: int32(100_000)},
		{Key: "logicalSessionTimeoutMinutes", Value: int32(30)}, {Key: "minWireVersion", Value: int32(0)}, {Key: "maxWireVersion", Value: int32(21)},
		{Key: "readOnly", Value: false},
	}
	if s.replicaSet {
		addr := s.listener.Addr().String()
		out = append(out, bson.E{Key: "setName", Value: "double"}, bson.E{Key: "setVersion", Value: int32(1)}, bson.E{Key: "secondary", Value: false},
			bson.E{Key: "hosts", Value: bson.A{addr}}, bson.E{Key: "me", Value: addr}, bson.E{Key: "primary", Value: addr})
	}
	return out
}

// sessionOf names the session of a command that belongs to a transaction.
func sessionOf(c *command) (string, bool) {
	if auto, ok := c.doc.Lookup("autocommit").BooleanOK(); !ok || auto {
		return "", false
	}
	return c.doc.Lookup("lsid").String(), true
}

// try runs a command once: in its transaction, or in one of its own.
func (s *Server) try(c *command) (out bson.D, err error) {
	e := s.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	session, inside := sessionOf(c)
	if !inside {
		t := e.begin(0, true)
		out, err := s.execute(t, c)
		var wait *busy
		// Without a transaction, the writes before an error stay.
		e.finish(t, !errors.As(err, &wait))
		return out, err
	}
	if !s.replicaSet {
		return nil, fail(20, "Transaction numbers are only allowed on a replica set member or mongos")
	}
	number := c.number("txnNumber")
	t := e.active[session]
	if c.flag("startTransaction") {
		if t != nil {
			e.finish(t, false)
		}
		t = e.begin(number, false)
		e.active[session] = t
	}
	if t == nil || t.number != number {
		return nil, transient(codeNoTransaction, "NoSuchTransaction")
	}
	out, err = s.execute(t, c)
	if err != nil || writeFailed(out) {
		e.finish(t, false)
		delete(e.active, session)
	}
	return out, err
}

func writeFailed(out bson.D) bool {
	return slices.ContainsFunc(out, func(e bson.E) bool { return e.Key == "writeErrors" })
}

func (s *Server) end(c *command, commit bool) error {
	e := s.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	session, _ := sessionOf(c)
	t := e.active[session]
	if t == nil || t.number != c.number("txnNumber") {
		return transient(codeNoTransaction, "NoSuchTransaction")
	}
	e.finish(t, commit)
	delete(e.active, session)
	return nil
}

func (s *Server) execute(t *transaction, c *command) (bson.D, error) {
	ns := c.namespace()
	switch c.name() {
	case "find":
		docs, err := scan(t.own[ns], c.document("filter"))
		if err == nil {
			docs, err = sorted(docs, c.document("sort"))
		}
		if err == nil {
			docs, err = project(window(docs, c.number("skip"), c.number("limit")), c.document("projection"))
		}
		return s.cursors.first(ns, docs, c.number("batchSize")), err
	case "aggregate":
		docs, err := scan(t.own[ns], empty)
		if err == nil {
			stages, _ := c.doc.Lookup("pipeline").ArrayOK()
			docs, err = t.run(c.text("$db"), docs, stages)
		}
		size, _ := c.document("cursor").Lookup("batchSize").AsInt64OK()
		return s.cursors.first(ns, docs, size), err
	case "insert":
		return s.insert(t, c, ns)
	case "update":
		return s.update(t, c, ns)
	case "delete":
		return s.remove(t, c, ns)
	case "findAndModify":
		return s.findAndModify(t, c, ns)
	}
	if !t.direct {
		return nil, fail(263, c.name()+" in a transaction is not supported")
	}
	return s.administer(c, ns)
}

// administer runs commands on collections, which take no part in transactions.
func (s *Server) administer(c *command, ns string) (bson.D, error) {
	e := s.engine
	switch c.name() {
	case "create":
		if e.main[ns] != nil {
			return nil, fail(codeExists, "NamespaceExists")
		}
		e.main[ns] = &collection{}
		return nil, nil
	case "dropDatabase":
		maps.DeleteFunc(e.main, func(ns string, _ *collection) bool { return strings.HasPrefix(ns, c.text("$db")+".") })
		return nil, nil
	case "listCollections":
		var docs []bson.Raw
		for _, other := range slices.Sorted(maps.Keys(e.main)) {
			if !strings.HasPrefix(other, c.text("$db")+".") {
				continue
			}
			doc, err := bson.Marshal(bson.D{{Key: "name", Value: collectionName(other)}, {Key: "type", Value: "collection"}})
			if err != nil {
				return nil, err
			}
			if ok, err := matches(c.document("filter"), doc); err != nil {
				return nil, err
			} else if ok {
				docs = append(docs, doc)
			}
		}
		return s.cursors.first(c.text("$db")+".$cmd.listCollections", docs, 0), nil
	case "listIndexes":
		if e.main[ns] == nil {
			return nil, fail(codeNamespace, "NamespaceNotFound")
		}
		id, err := bson.Marshal(bson.D{{Key: "v", Value: int32(2)}, {Key: "key", Value: bson.D{{Key: "_id", Value: int32(1)}}}, {Key: "name", Value: "_id_"}})
		docs := []bson.Raw{id}
		for _, x := range e.main[ns].indexes {
			docs = append(docs, x.spec)
		}
		return s.cursors.first(ns, docs, 0), err
	case "createIndexes":
		return nil, s.createIndexes(c, ns)
	}
	return nil, fail(codeUnknown, "no such command: "+c.name())
}

func (s *Server) createIndexes(c *command, ns string) error {
	e := s.engine
	for _, spec := range c.list("indexes") {
		x := &index{spec: slices.Clone(spec)}
		x.name, _ = spec.Lookup("name").StringValueOK()
		x.keys, _ = spec.Lookup("key").DocumentOK()
		x.unique, _ = spec.Lookup("unique").BooleanOK()
		x.partial, _ = spec.Lookup("partialFilterExpression").DocumentOK()
		x.keys, x.partial = slices.Clone(x.keys), slices.Clone(x.partial)
		c := e.main[ns]
		if c == nil {
			c = &collection{}
		}
		if have := slices.IndexFunc(c.indexes, func(o *index) bool { return o.name == x.name || slices.Equal(o.keys, x.keys) }); have >= 0 {
			if slices.Equal(c.indexes[have].spec, x.spec) {
				continue
			}
			return fail(86, "IndexKeySpecsConflict")
		}
		if x.unique {
			seen := map[string]bool{}
			for _, d := range c.docs {
				key, ok, err := x.key(d)
				if err != nil {
					return err
				}
				if ok && seen[key] {
					return duplicate(ns, x.name, d.raw)
				}
				seen[key] = ok
			}
		}
		e.main[ns] = &collection{docs: c.docs, indexes: append(slices.Clone(c.indexes), x)}
	}
	return nil
}

// cursors keep what is left of long results.
type cursors struct {
	mu   sync.Mutex
	last int64
	left map[int64][]bson.Raw
}

// firstBatch is how many documents a server sends at first by itself.
const firstBatch = 101

func (s *cursors) first(ns string, docs []bson.Raw, size int64) bson.D {
	if size <= 0 {
		size = firstBatch
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := int64(0)
	if int64(len(docs)) > size {
		s.last++
		id = s.last
		if s.left == nil {
			s.left = map[int64][]bson.Raw{}
		}
		s.left[id] = docs[size:]
		docs = docs[:size]
	}
	if docs == nil {
		docs = []bson.Raw{}
	}
	return bson.D{{Key: "cursor", Value: bson.D{{Key: "id", Value: id}, {Key: "ns", Value: ns}, {Key: "firstBatch", Value: docs}}}}
}

func (s *cursors) more(c *command) (bson.D, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := c.number("getMore")
	docs, ok := s.left[id]
	if !ok {
		return nil, fail(43, "CursorNotFound")
	}
	delete(s.left, id)
	return bson.D{{Key: "cursor", Value: bson.D{
		{Key: "id", Value: int64(0)}, {Key: "ns", Value: c.text("$db") + "." + c.text("collection")}, {Key: "nextBatch", Value: docs},
	}}}, nil
}
