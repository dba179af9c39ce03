// Package adapter is the seam to a database. An adapter is dumb: it maps
// logical names to tables and columns by the schema, runs one statement and
// returns rows as records. Defaults, ids and hooks are made above it, once, in
// package core.
package adapter

import (
	"context"
	"errors"
	"fmt"

	"github.com/advantch/kernia-go/core/schema"
)

var (
	// ErrNotFound is returned by FindOne, Update, ConsumeOne and Increment when no row matches.
	ErrNotFound = errors.New("adapter: not found")
	// ErrUnique is returned (wrapped) when a write would break a unique key.
	ErrUnique = errors.New("adapter: unique key violated")
	// ErrNoPredicate is returned by writes without a condition.
	ErrNoPredicate = errors.New("adapter: an update or delete needs at least one condition")
	// ErrUnknownField is returned (wrapped) before any statement is sent.
	ErrUnknownField = errors.New("adapter: unknown field")
	// ErrUnknownModel is returned (wrapped) before any statement is sent.
	ErrUnknownModel = errors.New("adapter: unknown model")
	// ErrBadValue is returned (wrapped) when a value has no place in a field of that type.
	ErrBadValue = errors.New("adapter: value does not fit the field")
)

// Record is one row by logical field names. Values have the Go types listed at
// schema.Type; ids and references to ids are strings; nil is null. A record
// that an adapter returns belongs to the caller.
type Record map[string]any

// Op is a comparison.
type Op string

// The comparisons. Contains, StartsWith and EndsWith take their value
// literally: % and _ are no wildcards. In and NotIn take a []any, []string,
// []int64 or []float64; an empty In matches nothing, an empty NotIn everything.
// Eq and Ne with nil mean IS NULL and IS NOT NULL.
const (
	Eq         Op = "eq" // the zero Op means Eq as well
	Ne         Op = "ne"
	Lt         Op = "lt"
	Lte        Op = "lte"
	Gt         Op = "gt"
	Gte        Op = "gte"
	In         Op = "in"
	NotIn      Op = "not_in"
	Contains   Op = "contains"
	StartsWith Op = "starts_with"
	EndsWith   Op = "ends_with"
)

// Cond is one condition.
type Cond struct {
	Field string
	Op    Op
	Value any
	Or    bool // belongs to the OR group instead of the AND group
	Fold  bool // ignore letter case (ASCII at least); strings only
}

// List returns the elements of the value of In and NotIn. It reports false for types
// that are no list of theirs.
func (c Cond) List() ([]any, bool) {
	switch list := c.Value.(type) {
	case []any:
		return list, true
	case []string:
		return anys(list), true
	case []int64:
		return anys(list), true
	case []float64:
		return anys(list), true
	}
	return nil, false
}

func anys[T any](in []T) []any {
	out := make([]any, len(in))
	for i, v := range in {
		out[i] = v
	}
	return out
}

// Where is a list of conditions: all of those without Or, and at least one of
// those with Or when there are any.
type Where []Cond

// By is the most common predicate: field equals value.
func By(field string, value any) Where { return Where{{Field: field, Value: value}} }

// And returns w with one more equality.
func (w Where) And(field string, value any) Where {
	return append(w[:len(w):len(w)], Cond{Field: field, Value: value})
}

// Sort is one sort key.
type Sort struct {
	Field string
	Desc  bool
}

// Join attaches rows of another model under the key As: a Record (or nil) when
// One, else a []Record of at most Limit rows (default 100).
type Join struct {
	Model string // joined model
	As    string // key in the returned record; default Model
	From  string // field of the base model
	To    string // field of the joined model
	One   bool
	Limit int
}

// WithDefaults returns the join with its As and Limit filled in; the Limit of One is 1.
func (j Join) WithDefaults() Join {
	if j.As == "" {
		j.As = j.Model
	}
	switch {
	case j.One:
		j.Limit = 1
	case j.Limit <= 0:
		j.Limit = 100
	}
	return j
}

// Find is a query.
type Find struct {
	Model  string
	Where  Where
	Select []string // logical fields; empty is all
	Sort   []Sort
	Limit  int // 0: no limit for FindMany
	Offset int
	Joins  []Join
}

// Capabilities say what a database cannot do. The zero value can do everything.
type Capabilities struct {
	NoTx        bool // Tx runs fn without isolation or rollback
	NoFold      bool // Cond.Fold is not supported
	NoReference bool // foreign keys do not cascade
	NoNested    bool // a Tx inside a Tx does not roll back on its own
	Note        string
}

// Adapter reads and writes rows of one schema. All methods are safe for
// concurrent use. When ctx carries a transaction begun by Tx, methods run in it.
type Adapter interface {
	Name() string
	Capabilities() Capabilities

	// Create inserts a row and returns it as stored. The record has an id unless
	// the schema's ids are made by the database.
	Create(ctx context.Context, model string, rec Record) (Record, error)
	FindOne(ctx context.Context, q Find) (Record, error)
	FindMany(ctx context.Context, q Find) ([]Record, error)
	Count(ctx context.Context, model string, w Where) (int64, error)
	// Update changes one matching row and returns it as stored.
	Update(ctx context.Context, model string, w Where, set Record) (Record, error)
	// UpdateMany changes all matching rows and returns how many matched.
	UpdateMany(ctx context.Context, model string, w Where, set Record) (int64, error)
	// Delete removes one matching row; no match is no error.
	Delete(ctx context.Context, model string, w Where) error
	DeleteMany(ctx context.Context, model string, w Where) (int64, error)
	// ConsumeOne removes one matching row and returns it. Of many concurrent
	// callers exactly one gets the row; the others get ErrNotFound.
	ConsumeOne(ctx context.Context, model string, w Where) (Record, error)
	// Increment adds by to a Number field of one matching row, applies set in the
	// same statement, and returns the row as stored. The predicate is checked
	// atomically with the write, so a guard such as count < max holds.
	Increment(ctx context.Context, model string, w Where, field string, by int64, set Record) (Record, error)
	// Tx runs fn in a transaction carried by the context it is given. An error or
	// panic rolls back. A nested Tx joins the outer one; where savepoints exist its
	// own failure undoes only its own writes. When the database ends a transaction
	// because it lost to another one, such as the victim of a deadlock, an outermost
	// Tx runs fn again: what fn does besides the database waits for the commit.
	Tx(ctx context.Context, fn func(ctx context.Context) error) error
}

// Database opens adapters. It is what an application passes as Options.Database.
type Database interface {
	Open(s *schema.Schema) (Adapter, error)
}

// Change is one step of a migration.
type Change struct {
	Table string // database name
	Kind  string // "create table", "add column", "create index"
	SQL   string // statement, or a description where the database has no SQL
}

// Migrator is implemented by adapters that can create and change their tables.
type Migrator interface {
	// Plan returns what Migrate would do; an up-to-date database gives none.
	Plan(ctx context.Context) ([]Change, error)
	// Migrate applies the plan. It never drops or rewrites a column.
	Migrate(ctx context.Context) error
}

// CheckWhere refuses unknown fields, unknown operators and operators that do
// not fit, before any statement is built. Every adapter calls it.
func CheckWhere(t *schema.Table, w Where) error {
	for _, c := range w {
		f, ok := t.Field(c.Field)
		if !ok {
			return fmt.Errorf("%w: %s.%s", ErrUnknownField, t.Model, c.Field)
		}
		switch c.Op {
		case "", Eq, Ne, Lt, Lte, Gt, Gte, In, NotIn:
		case Contains, StartsWith, EndsWith:
			if _, ok := c.Value.(string); !ok || f.Type != schema.String {
				return fmt.Errorf("%w: %s of %s.%s needs a string", ErrBadValue, c.Op, t.Model, c.Field)
			}
		default:
			return fmt.Errorf("%w: operator %q", ErrBadValue, c.Op)
		}
	}
	return nil
}
