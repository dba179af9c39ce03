// Package memory keeps rows in the memory of the process, with the semantics of
// a relational database: types, unique and foreign keys, transactions with
// savepoints. It is for tests and for trying things out: the rows are lost when
// the process ends.
package memory

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

var (
	// ErrReference is returned (wrapped) when a write would leave a foreign key
	// that points to no row.
	ErrReference = errors.New("memory: foreign key violated")
	// ErrTxDone is returned when a context is used after the transaction that it
	// carries has ended.
	ErrTxDone = errors.New("memory: the transaction of this context has ended")
)

// DB is a database in memory. The zero value is not usable; see New.
//
// One transaction runs at a time. Operations outside it wait until it has ended
// or their own context is done.
type DB struct {
	mu      sync.RWMutex
	tables  map[string]*table
	running *tx
	log     []undo // of the running transaction, or of the running statement
}

// New returns an empty database.
func New() *DB { return &DB{tables: map[string]*table{}} }

// Open returns an adapter for the tables of s, creating those that do not exist
// yet. Adapters of several schemas share rows by table and column name. A key
// that one of them declares holds for all; the first declaration of a foreign
// key wins. Open fails when a column exists with another type, or when the rows
// already stored break a unique key that s adds.
//
// The adapter is also an adapter.Migrator, which never has anything to do.
func (db *DB) Open(s *schema.Schema) (adapter.Adapter, error) {
	if s == nil {
		return nil, errors.New("memory: no schema")
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, t := range s.Tables() {
		if err := db.agrees(t); err != nil {
			return nil, err
		}
	}
	a := &store{db: db, views: make(map[string]*view, len(s.Tables()))}
	for _, t := range s.Tables() {
		v, err := db.view(s.IDs, t)
		if err != nil {
			return nil, err
		}
		a.views[t.Model] = v
	}
	for _, t := range s.Tables() {
		if err := a.link(a.views[t.Model]); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// store is the adapter of one schema.
type store struct {
	db    *DB
	views map[string]*view
}

func (a *store) Name() string { return "memory" }

func (a *store) Capabilities() adapter.Capabilities { return adapter.Capabilities{} }

// Plan is empty: Open has made the tables.
func (a *store) Plan(ctx context.Context) ([]adapter.Change, error) { return nil, ctx.Err() }

// Migrate does nothing, see Plan.
func (a *store) Migrate(ctx context.Context) error { return ctx.Err() }

func (a *store) view(model string) (*view, error) {
	v, ok := a.views[model]
	if !ok {
		return nil, fmt.Errorf("%w: %q", adapter.ErrUnknownModel, model)
	}
	return v, nil
}
