package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// Table reads and writes one table of a plugin as structs that embed Row. Make it in
// Manifest.Init with TableOf. Its methods run in the transaction of their context and
// run no store hooks; "not found" is ErrNotFound.
type Table[T any] struct {
	a     *Auth
	model string
	plan  *rowPlan
	shape *rowShape
	// named are the plan's fields that the table has.
	named []*rowField
	extra []string
}

// TableOf binds a row type to a table of a. It fails for a mistake of the plugin: a
// field that the table does not have, or a type that does not fit.
func TableOf[T any](a *Auth, model string) (*Table[T], error) {
	t, ok := a.schema.Table(model)
	if !ok {
		return nil, fmt.Errorf("core: there is no table %q", model)
	}
	typ := reflect.TypeFor[T]()
	if _, ok := any(new(T)).(Rowed); !ok || typ.Kind() != reflect.Struct {
		return nil, fmt.Errorf("core: %s does not embed core.Row", typ)
	}
	plan := planOf(typ)
	if plan.err != nil {
		return nil, plan.err
	}
	out := &Table[T]{a: a, model: model, plan: plan, shape: newRowShape(t, plan)}
	for i := range plan.fields {
		f := &plan.fields[i]
		column, ok := t.Field(f.name)
		if !ok && f.optional {
			continue
		}
		if !ok {
			return nil, fmt.Errorf("core: %s names the field %q, which the table %q does not have", typ, f.name, model)
		}
		if !f.fits(column) {
			return nil, fmt.Errorf("core: the field %q of %s does not fit a %s", f.name, typ, column.Type)
		}
		out.named = append(out.named, f)
	}
	for i := range t.Fields {
		f := &t.Fields[i]
		if plan.field(f.Name) == nil {
			out.extra = append(out.extra, f.Name)
		}
		if f.Hidden {
			plan.hidden.Store(f.Name, true)
		}
	}
	a.rowModels.Store(typ, model)
	return out, nil
}

func (f *rowField) fits(column *schema.Field) bool {
	if f.raw {
		return column.Type == schema.String || column.Type == schema.JSON
	}
	want, ok := map[schema.Type]reflect.Type{
		schema.Boolean: reflect.TypeFor[bool](), schema.Date: reflect.TypeFor[time.Time](),
		schema.StringArray: reflect.TypeFor[[]string](), schema.NumberArray: reflect.TypeFor[[]float64](),
	}[column.Type]
	switch {
	case ok:
		return f.typ == want
	case column.Type == schema.String:
		return f.typ.Kind() == reflect.String
	case column.Type == schema.Number:
		return f.typ.Kind() == reflect.Int64 || f.typ.Kind() == reflect.Float64
	}
	return false
}

// Model is the logical name of the table.
func (t *Table[T]) Model() string { return t.model }

// Of converts a record to a row, for example a record that a join has attached.
func (t *Table[T]) Of(rec adapter.Record) (*T, error) {
	out := new(T)
	v := reflect.ValueOf(out).Elem()
	t.Bind(out)
	r := any(out).(Rowed).base()
	r.ID, _ = rec["id"].(string)
	for _, f := range t.named {
		if !f.set(v, rec[f.name]) {
			return nil, fmt.Errorf("core: the field %q of %q has a value of type %T", f.name, t.model, rec[f.name])
		}
	}
	if len(t.extra) > 0 {
		r.Extra = make(Extra, len(t.extra))
		for _, name := range t.extra {
			if value, ok := rec[name]; ok {
				r.Extra[name] = value
			}
		}
	}
	return out, nil
}

// Bind lets a row that the program has made or copied be written as JSON like a
// row of this table. It returns the row.
func (t *Table[T]) Bind(row *T) *T {
	outer := any(row).(Rowed)
	r := outer.base()
	r.shape, r.outer = t.shape, outer
	return row
}

// record is the reverse of Of. Zero times are left out, so that defaults apply, and
// so is an empty id.
func (t *Table[T]) record(row *T) adapter.Record {
	v := reflect.ValueOf(row).Elem()
	r := any(row).(Rowed).base()
	rec := make(adapter.Record, len(t.named)+len(r.Extra)+1)
	if r.ID != "" {
		rec["id"] = r.ID
	}
	for _, f := range t.named {
		value := f.get(v)
		if at, ok := value.(time.Time); ok && at.IsZero() {
			continue
		}
		if column, _ := t.shape.table.Field(f.name); f.raw && column.Type == schema.JSON && value != nil {
			value = json.RawMessage(value.(string))
		}
		rec[f.name] = value
	}
	return withExtra(rec, r.Extra)
}

func (t *Table[T]) one(rec adapter.Record, err error) (*T, error) {
	if err != nil {
		return nil, err
	}
	return t.Of(rec)
}

// Create inserts a row and returns it as stored. Ids and defaults are filled in.
func (t *Table[T]) Create(ctx context.Context, row *T) (*T, error) {
	return t.one(t.a.db.Create(ctx, t.model, t.record(row)))
}

// Check reports whether the table could hold a row, for rows that are kept in another
// place. The error is the *Error that Create has: text that is too long, say.
func (t *Table[T]) Check(row *T) error {
	return checkRecord(t.shape.table, t.record(row))
}

// Find returns one matching row.
func (t *Table[T]) Find(ctx context.Context, w adapter.Where) (*T, error) {
	return t.one(t.a.db.FindOne(ctx, adapter.Find{Model: t.model, Where: w}))
}

// FindID returns a row by its id.
func (t *Table[T]) FindID(ctx context.Context, id string) (*T, error) {
	if id == "" {
		return nil, ErrNotFound
	}
	return t.Find(ctx, adapter.By("id", id))
}

// List returns the rows of a query; its Model is that of the table.
func (t *Table[T]) List(ctx context.Context, q adapter.Find) ([]*T, error) {
	q.Model = t.model
	recs, err := t.a.db.FindMany(ctx, q)
	if err != nil {
		return nil, err
	}
	out := make([]*T, len(recs))
	for i, rec := range recs {
		if out[i], err = t.Of(rec); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Count returns how many rows match.
func (t *Table[T]) Count(ctx context.Context, w adapter.Where) (int64, error) {
	return t.a.db.Count(ctx, t.model, w)
}

// Update changes one matching row and returns it as stored. The predicate is checked
// together with the write: only one of two updates that require the same old value
// finds the row.
func (t *Table[T]) Update(ctx context.Context, w adapter.Where, set adapter.Record) (*T, error) {
	return t.one(t.a.db.Update(ctx, t.model, w, set))
}

// Increment adds delta to a number of one matching row, in one statement, and returns
// the row as stored. set holds other fields to write in the same statement, or is
// nil.
func (t *Table[T]) Increment(ctx context.Context, w adapter.Where, field string, delta int64, set adapter.Record) (*T, error) {
	return t.one(t.a.db.Increment(ctx, t.model, w, field, delta, set))
}

// Delete removes all matching rows and returns how many there were.
func (t *Table[T]) Delete(ctx context.Context, w adapter.Where) (int64, error) {
	return t.a.db.DeleteMany(ctx, t.model, w)
}

// Consume removes one matching row and returns it. Only one of many concurrent
// callers gets the row.
func (t *Table[T]) Consume(ctx context.Context, w adapter.Where) (*T, error) {
	return t.one(t.a.db.ConsumeOne(ctx, t.model, w))
}

// Lock makes concurrent transactions that change what depends on a row take turns,
// and returns the row as it is now. See Auth.Lock.
func (t *Table[T]) Lock(ctx context.Context, id string) (*T, error) {
	return t.one(t.a.Lock(ctx, t.model, id))
}

// Lock makes concurrent transactions that change what depends on a row take turns.
// It writes the row without changing it, so that the database makes the others wait
// until the transaction of ctx ends. It returns the row as it is under the lock.
// Count and check after it, never before. It fails with ErrNotFound when the row
// does not exist. A transaction that also locks a user must lock the user first, as
// all of Kernia does; otherwise two transactions can deadlock.
func (a *Auth) Lock(ctx context.Context, model, id string) (adapter.Record, error) {
	t, ok := a.schema.Table(model)
	if !ok {
		return nil, fmt.Errorf("%w: %s", adapter.ErrUnknownModel, model)
	}
	if id == "" {
		return nil, ErrNotFound
	}
	rec, err := a.db.FindOne(ctx, adapter.Find{Model: model, Where: adapter.By("id", id)})
	if err != nil {
		return nil, err
	}
	field := lockField(t)
	if field == "" {
		return nil, errors.New("core: a table without fields cannot be locked")
	}
	return a.db.Adapter.Update(ctx, model, adapter.By("id", id), adapter.Record{field: rec[field]})
}

// lockField is the field that Lock writes back: a time stamp where there is one,
// because it has no index or foreign key and clients do not change it.
func lockField(t *schema.Table) string {
	// A field that changes could be written back as it was before somebody else's write.
	if _, ok := t.Field("createdAt"); ok {
		return "createdAt"
	}
	first := ""
	for i := range t.Fields {
		f := &t.Fields[i]
		if f.Type == schema.Date {
			return f.Name
		}
		if first == "" && f.References == nil && !f.Unique {
			first = f.Name
		}
	}
	return first
}
