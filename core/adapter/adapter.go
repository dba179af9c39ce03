// Package adapter is the interface to a database. An adapter maps logical names
// to tables and columns by the schema, runs one statement and returns rows as
// records. Package core does everything else: defaults, ids and hooks.
package adapter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

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
	// ErrBadValue is returned (wrapped) when a field of that type cannot hold the
	// value.
	ErrBadValue = errors.New("adapter: value does not fit the field")
	// ErrBusy is returned (wrapped) when the database did not grant a lock in time.
	// The same call may succeed a moment later. The core answers 503.
	ErrBusy = errors.New("adapter: the database is locked by somebody else")
)

// Record is one row by logical field names. Values have the Go types listed at
// schema.Type; ids and references to ids are strings; nil is null. A record
// that an adapter returns belongs to the caller.
//
// A Record prints and logs the names of its fields and its id: rows hold tokens and
// hashes. Convert it to map[string]any to print the values.
type Record map[string]any

// Format prints the id and the names of the other fields.
func (r Record) Format(f fmt.State, _ rune) {
	if r == nil {
		fmt.Fprint(f, "adapter.Record(nil)")
		return
	}
	fmt.Fprint(f, "adapter.Record{")
	if id, ok := r["id"].(string); ok {
		fmt.Fprintf(f, "id: %q, ", id)
	}
	fmt.Fprintf(f, "[redacted]: %q}", slices.Sorted(maps.Keys(r)))
}

// LogValue logs what Format prints.
func (r Record) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Op is a comparison.
type Op string

// The comparisons. Contains, StartsWith and EndsWith take their value
// literally: % and _ are not wildcards. In and NotIn take a []any, []string,
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

// Format prints the condition without its value, which may be a token.
func (c Cond) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "adapter.Cond{%q %s [redacted]}", c.Field, cmp.Or(c.Op, Eq))
}

// LogValue logs what Format prints.
func (c Cond) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// List returns the elements of the value of In or NotIn. It reports false for a type
// that they do not accept.
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

// Where is a list of conditions. A row matches when it meets all conditions
// without Or and, if there are conditions with Or, at least one of them.
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

// Capabilities say what a database cannot do. The zero value means that it can
// do everything.
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
	// Delete removes one matching row. It is not an error when none matches.
	Delete(ctx context.Context, model string, w Where) error
	DeleteMany(ctx context.Context, model string, w Where) (int64, error)
	// ConsumeOne removes one matching row and returns it. Exactly one of many
	// concurrent callers gets the row; the others get ErrNotFound.
	ConsumeOne(ctx context.Context, model string, w Where) (Record, error)
	// Increment adds by to a Number field of one matching row, applies set in the
	// same statement, and returns the row as stored. The predicate is checked
	// atomically with the write, so a guard such as count < max holds.
	Increment(ctx context.Context, model string, w Where, field string, by int64, set Record) (Record, error)
	// Tx runs fn in a transaction, which the context given to fn carries. An error
	// or panic rolls back. A nested Tx joins the outer one; where savepoints exist,
	// its failure undoes only its own writes. When the database ends a transaction
	// in favour of another one, for example as the victim of a deadlock, the
	// outermost Tx runs fn again. So effects of fn outside the database must wait
	// for the commit.
	Tx(ctx context.Context, fn func(ctx context.Context) error) error
}

// Scanner is implemented by adapters that can read a row without making a Record of it.
// The session of a request is read this way.
type Scanner interface {
	// Scan is FindOne for a query whose joins are all One. It passes every field of the
	// row to set, and then those of the joined rows under the As of their joins; as is ""
	// for the row's own. A join without a row passes nothing. Nothing is passed when Scan
	// fails.
	Scan(ctx context.Context, q Find, set func(as, field string, value any)) error
}

// Scan uses the adapter's Scanner, if it is one, and FindOne otherwise.
func Scan(ctx context.Context, a Adapter, q Find, set func(as, field string, value any)) error {
	if s, ok := a.(Scanner); ok {
		return s.Scan(ctx, q, set)
	}
	rec, err := a.FindOne(ctx, q)
	if err == nil {
		q.Pass(rec, set)
	}
	return err
}

// Pass passes the fields of a record that answers the query to set, as Scan does.
func (q *Find) Pass(rec Record, set func(as, field string, value any)) {
	for field, value := range rec {
		if !slices.ContainsFunc(q.Joins, func(j Join) bool { return j.WithDefaults().As == field }) {
			set("", field, value)
			continue
		}
		joined, _ := value.(Record)
		for f, v := range joined {
			set(field, f, v)
		}
	}
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
	// Plan returns what Migrate would do; it is empty when the database is up
	// to date.
	Plan(ctx context.Context) ([]Change, error)
	// Migrate applies the plan. It never drops or rewrites a column.
	Migrate(ctx context.Context) error
}

// Advisor is implemented by adapters that can tell what would make tables quicker which
// others have made.
type Advisor interface {
	// Advice lists indexes that would speed up tables which Migrate did not make. Nothing
	// depends on them; the owner of the database decides. Each SQL can be run as it is.
	Advice(ctx context.Context) ([]Change, error)
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
