package mongotest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Codes of errors, as the server has them.
const (
	codeBadValue      = 2
	codeParse         = 9
	codeNamespace     = 26
	codeExists        = 48
	codeUnknown       = 59
	codeConflict      = 112
	codeNoTransaction = 251
	codeDuplicate     = 11000
)

// failure is an error that the client receives.
type failure struct {
	code   int32
	text   string
	labels []string
}

func (f *failure) Error() string { return f.text }

func fail(code int32, text string) error { return &failure{code: code, text: text} }

func transient(code int32, text string) error {
	return &failure{code: code, text: text, labels: []string{"TransientTransactionError"}}
}

// busy says that a write has to wait for a transaction.
type busy struct{ holder *transaction }

func (*busy) Error() string { return "busy" }

// document is one version of a document and never changes.
type document struct {
	key string // of its _id
	raw bson.Raw
}

// collection is one version of a collection and never changes.
type collection struct {
	docs    []*document // by insertion
	indexes []*index
}

type index struct {
	spec    bson.Raw
	name    string
	keys    bson.Raw
	unique  bool
	partial bson.Raw
}

// engine holds the databases. All commands run under its lock.
type engine struct {
	mu     sync.Mutex
	main   map[string]*collection // by namespace
	locks  map[string]*transaction
	active map[string]*transaction // by session
}

func newEngine() *engine {
	return &engine{main: map[string]*collection{}, locks: map[string]*transaction{}, active: map[string]*transaction{}}
}

// transaction is one of a client's, or that of a single command outside of them.
type transaction struct {
	number int64
	direct bool
	base   map[string]*collection // the state it began with
	own    map[string]*collection // and with its writes
	writes map[string]map[string]*document
	held   []string
	done   chan struct{}
}

func (e *engine) begin(number int64, direct bool) *transaction {
	return &transaction{
		number: number, direct: direct, base: maps.Clone(e.main), own: maps.Clone(e.main),
		writes: map[string]map[string]*document{}, done: make(chan struct{}),
	}
}

// finish ends a transaction and wakes those that wait for it.
func (e *engine) finish(t *transaction, commit bool) {
	if commit {
		for ns, docs := range t.writes {
			for key, doc := range docs {
				e.main[ns] = e.main[ns].with(key, doc)
			}
			// A collection that a transaction made comes with its first document.
		}
	}
	for _, name := range t.held {
		delete(e.locks, name)
	}
	close(t.done)
}

func (c *collection) find(key string) *document {
	if c == nil {
		return nil
	}
	for _, d := range c.docs {
		if d.key == key {
			return d
		}
	}
	return nil
}

// with returns the collection with one document put, replaced or, if nil, removed.
func (c *collection) with(key string, doc *document) *collection {
	if c == nil {
		c = &collection{}
	}
	out := &collection{docs: slices.Clone(c.docs), indexes: c.indexes}
	i := slices.IndexFunc(out.docs, func(d *document) bool { return d.key == key })
	switch {
	case doc == nil && i >= 0:
		out.docs = slices.Delete(out.docs, i, i+1)
	case doc != nil && i >= 0:
		out.docs[i] = doc
	case doc != nil:
		out.docs = append(out.docs, doc)
	}
	return out
}

// put writes one document in a transaction; old and raw are nil for an insertion
// and a removal.
func (e *engine) put(t *transaction, ns string, old *document, raw bson.Raw) error {
	if old != nil && raw != nil && bytes.Equal(old.raw, raw) {
		return nil // nothing changes, nothing is written
	}
	var doc *document
	key := ""
	if raw != nil {
		id := raw.Lookup("_id")
		if id.Type == 0 || id.Type == bson.TypeArray || id.Type == bson.TypeNull {
			return fail(codeBadValue, "a document needs an _id")
		}
		doc = &document{key: keyOf(id), raw: raw}
		key = doc.key
	}
	if old != nil {
		key = old.key
	}
	names := []string{ns + " _id " + key}
	if old == nil && t.own[ns].find(key) != nil {
		return duplicate(ns, "_id_", raw)
	}
	if c := t.own[ns]; c != nil {
		for _, x := range c.indexes {
			more, err := x.claim(t, e, ns, old, doc)
			if err != nil {
				return err
			}
			names = append(names, more...)
		}
	}
	if err := e.lock(t, ns, key, names); err != nil {
		return err
	}
	t.own[ns] = t.own[ns].with(key, doc)
	if t.writes[ns] == nil {
		t.writes[ns] = map[string]*document{}
	}
	t.writes[ns][key] = doc
	return nil
}

// claim checks a unique index for a write and names the keys that it takes and
// frees.
func (x *index) claim(t *transaction, e *engine, ns string, old, doc *document) ([]string, error) {
	if !x.unique {
		return nil, nil
	}
	var names []string
	for _, d := range []*document{old, doc} {
		key, ok, err := x.key(d)
		if err != nil {
			return nil, err
		}
		if ok {
			names = append(names, ns+" "+x.name+" "+key)
		}
		if !ok || d != doc {
			continue
		}
		// It first waits for transactions that are changing the key.
		if err := e.free(t, names[len(names)-1]); err != nil {
			return nil, err
		}
		other, err := x.holder(t.own[ns], key)
		if err != nil {
			return nil, err
		}
		if other != nil && other != old {
			return nil, duplicate(ns, x.name, doc.raw)
		}
		later, err := x.holder(e.main[ns], key)
		if err != nil {
			return nil, err
		}
		if later != nil && t.base[ns].find(later.key) != later {
			return nil, transient(codeConflict, "WriteConflict")
		}
	}
	return names, nil
}

func (x *index) key(d *document) (string, bool, error) {
	if d == nil {
		return "", false, nil
	}
	if x.partial != nil {
		if ok, err := matches(x.partial, d.raw); !ok || err != nil {
			return "", false, err
		}
	}
	var b strings.Builder
	elements, err := x.keys.Elements()
	for _, e := range elements {
		v := d.raw.Lookup(e.Key())
		if v.Type == bson.TypeArray {
			return "", false, fail(codeBadValue, "unique keys of arrays are not supported")
		}
		fmt.Fprintf(&b, "%q,", keyOf(v))
	}
	return b.String(), true, err
}

func (x *index) holder(c *collection, key string) (*document, error) {
	if c == nil {
		return nil, nil
	}
	for _, d := range c.docs {
		if k, ok, err := x.key(d); err != nil {
			return nil, err
		} else if ok && k == key {
			return d, nil
		}
	}
	return nil, nil
}

func duplicate(ns, name string, raw bson.Raw) error {
	// The document is part of the real text too: adapters must not pass it on.
	return fail(codeDuplicate, "E11000 duplicate key error collection: "+ns+" index: "+name+" dup key: "+raw.String())
}

// free fails when another transaction holds a name.
func (e *engine) free(t *transaction, name string) error {
	holder := e.locks[name]
	switch {
	case holder == nil || holder == t:
		return nil
	case t.direct:
		return &busy{holder}
	}
	return transient(codeConflict, "WriteConflict")
}

// lock takes the document and its keys for a transaction, which must have seen
// its last version.
func (e *engine) lock(t *transaction, ns, key string, names []string) error {
	for _, name := range names {
		if err := e.free(t, name); err != nil {
			return err
		}
	}
	if t.direct {
		return nil
	}
	if e.main[ns].find(key) != t.base[ns].find(key) {
		return transient(codeConflict, "WriteConflict")
	}
	for _, name := range names {
		if e.locks[name] == nil {
			e.locks[name] = t
			t.held = append(t.held, name)
		}
	}
	return nil
}
