package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/wire"
)

// Row is what every row of a plugin's table has. A plugin embeds it in a struct
// whose fields name those of the table with a row tag:
//
//	type Note struct {
//		core.Row
//		UserID    string    `row:"userId"`
//		Title     *string   `row:"title"` // nil is null
//		CreatedAt time.Time `row:"createdAt"`
//	}
//
//	func (n *Note) AppendJSON(dst []byte) []byte { return core.AppendRow(dst, n) }
//	func (n Note) MarshalJSON() ([]byte, error)  { return n.AppendJSON(nil), nil }
//
// The types of fields are those of schema.Type, pointers to them for fields that may
// be null, and json.RawMessage for a String field that holds JSON. A tag
// row:"name,optional" is for a field that the table has in some configurations only.
// Everything else of the table is in Extra. Table reads and writes such structs.
type Row struct {
	ID    string // set it before Create to choose the id
	Extra Extra  // fields that the struct does not name

	shape *shape
}

func (r *Row) base() *Row { return r }

// Rowed is a pointer to a struct that embeds Row.
type Rowed interface{ base() *Row }

// RowMember is a member of a row's JSON form.
type RowMember struct {
	Name  string
	Value []byte // JSON; nil leaves the member out
}

// AppendRow appends a row as clients see it: the fields in the order of the schema,
// the id last, Hidden fields left out. members replace those of the same name in
// their place; others follow in order. A row that no Table has made is written as its
// struct lists it.
func AppendRow(dst []byte, row Rowed, members ...RowMember) []byte {
	v := reflect.ValueOf(row)
	if v.IsNil() {
		return append(dst, "null"...)
	}
	v = v.Elem()
	r := row.base()
	plan := planOf(v.Type())
	used := 0
	dst = append(dst, '{')
	start := len(dst)
	member := func(key, name string, typ schema.Type, hidden bool) {
		for i := range members {
			if members[i].Name == name {
				used |= 1 << i
				if members[i].Value != nil {
					dst = append(append(comma(dst, start), key...), members[i].Value...)
				}
				return
			}
		}
		if hidden {
			return
		}
		dst = append(comma(dst, start), key...)
		if name == "id" {
			dst = wire.AppendString(dst, r.ID)
		} else if f := plan.field(name); f != nil {
			value := f.get(v)
			if text, ok := value.(string); ok && f.raw && typ == schema.JSON {
				value = json.RawMessage(text)
			}
			dst = appendAny(dst, value)
		} else {
			dst = appendAny(dst, r.Extra[name])
		}
	}
	if r.shape != nil {
		for i := range r.shape.fields {
			f := &r.shape.fields[i]
			member(f.key, f.name, f.typ, false)
		}
	} else {
		for i := range plan.fields {
			f := &plan.fields[i]
			member(f.key, f.name, schema.String, f.optional)
		}
		for _, name := range sortedKeys(r.Extra) {
			member(jsonKey(name), name, schema.String, false)
		}
		member(jsonKey("id"), "id", schema.String, r.ID == "")
	}
	for i := range members {
		if used&(1<<i) == 0 && members[i].Value != nil {
			dst = append(append(comma(dst, start), jsonKey(members[i].Name)...), members[i].Value...)
		}
	}
	return append(dst, '}')
}

func comma(dst []byte, start int) []byte {
	if len(dst) > start {
		return append(dst, ',')
	}
	return dst
}

func jsonKey(name string) string { return string(wire.AppendString(nil, name)) + ":" }

func sortedKeys(e Extra) []string {
	names := make([]string, 0, len(e))
	for name := range e {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// rowPlan is a compiled struct type.
type rowPlan struct {
	fields []rowField
	err    error
}

type rowField struct {
	name     string
	key      string
	index    []int
	pointer  bool
	optional bool // the table may lack it
	raw      bool // json.RawMessage
	typ      reflect.Type
}

func (p *rowPlan) field(name string) *rowField {
	for i := range p.fields {
		if p.fields[i].name == name {
			return &p.fields[i]
		}
	}
	return nil
}

var rowPlans sync.Map // reflect.Type → *rowPlan

// planOf compiles a type once for the whole program. A plan depends on the type alone.
func planOf(t reflect.Type) *rowPlan {
	if p, ok := rowPlans.Load(t); ok {
		return p.(*rowPlan)
	}
	p := &rowPlan{}
	for _, sf := range reflect.VisibleFields(t) {
		tag, ok := sf.Tag.Lookup("row")
		if !ok {
			continue
		}
		name, option, _ := strings.Cut(tag, ",")
		f := rowField{name: name, key: jsonKey(name), index: sf.Index, typ: sf.Type, optional: option == "optional"}
		if f.typ.Kind() == reflect.Pointer {
			f.pointer, f.typ = true, f.typ.Elem()
		}
		f.raw = f.typ == reflect.TypeFor[json.RawMessage]()
		if !f.raw && !slices.Contains(rowTypes, f.typ) && f.typ.Kind() != reflect.String {
			p.err = fmt.Errorf("core: the field %s of %s has the type %s, which no row holds", sf.Name, t, sf.Type)
		}
		p.fields = append(p.fields, f)
	}
	got, _ := rowPlans.LoadOrStore(t, p)
	return got.(*rowPlan)
}

var rowTypes = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[int64](), reflect.TypeFor[float64](), reflect.TypeFor[time.Time](),
	reflect.TypeFor[[]string](), reflect.TypeFor[[]float64](),
}

// get returns the record value of a field.
func (f *rowField) get(row reflect.Value) any {
	v := row.FieldByIndex(f.index)
	if f.pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	switch {
	case f.raw:
		if v.Len() == 0 {
			return nil
		}
		return string(v.Bytes()) // the text of a String field; Table turns it around for JSON ones
	case f.typ.Kind() == reflect.String:
		return v.String()
	case f.typ.Kind() == reflect.Slice && v.IsNil():
		return nil
	}
	return v.Interface()
}

// set takes a record value; false is a misfit.
func (f *rowField) set(row reflect.Value, value any) bool {
	v := row.FieldByIndex(f.index)
	if value == nil {
		v.SetZero()
		return true
	}
	if f.pointer {
		p := reflect.New(f.typ)
		v.Set(p)
		v = p.Elem()
	}
	switch x := value.(type) {
	case string:
		if f.raw {
			v.SetBytes([]byte(x))
			return true
		}
		if f.typ.Kind() == reflect.String {
			v.SetString(x)
			return true
		}
	case json.RawMessage:
		if f.raw {
			v.SetBytes(x)
			return true
		}
	case int64:
		if f.typ.Kind() == reflect.Float64 {
			v.SetFloat(float64(x))
			return true
		}
	}
	if reflect.TypeOf(value) == f.typ {
		v.Set(reflect.ValueOf(value))
		return true
	}
	return false
}

// Table reads and writes one table of a plugin as structs that embed Row. Make it in
// Manifest.Init with TableOf. Its methods run in the transaction of their context and
// run no store hooks; "not found" is adapter.ErrNotFound.
type Table[T any] struct {
	a     *Auth
	model string
	plan  *rowPlan
	shape *shape
	// named are the plan's fields that the table has.
	named []*rowField
	extra []string
}

// TableOf binds a row type to a table of a. The error is a mistake of the plugin: a
// field that the table does not have, a type that does not fit.
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
	out := &Table[T]{a: a, model: model, plan: plan, shape: newShape(t)}
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
		if name := t.Fields[i].Name; plan.field(name) == nil {
			out.extra = append(out.extra, name)
		}
	}
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

// Of makes a row of a record, for example one that a join has attached.
func (t *Table[T]) Of(rec adapter.Record) (*T, error) {
	out := new(T)
	v := reflect.ValueOf(out).Elem()
	r := any(out).(Rowed).base()
	r.shape = t.shape
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

// Find returns one matching row.
func (t *Table[T]) Find(ctx context.Context, w adapter.Where) (*T, error) {
	return t.one(t.a.db.FindOne(ctx, adapter.Find{Model: t.model, Where: w}))
}

// FindID returns a row by its id.
func (t *Table[T]) FindID(ctx context.Context, id string) (*T, error) {
	if id == "" {
		return nil, adapter.ErrNotFound
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
// with the write: of two updates guarded by the same old value one finds the row.
func (t *Table[T]) Update(ctx context.Context, w adapter.Where, set adapter.Record) (*T, error) {
	return t.one(t.a.db.Update(ctx, t.model, w, set))
}

// Delete removes all matching rows and returns how many there were.
func (t *Table[T]) Delete(ctx context.Context, w adapter.Where) (int64, error) {
	return t.a.db.DeleteMany(ctx, t.model, w)
}

// Consume removes one matching row and returns it: of many callers one gets it.
func (t *Table[T]) Consume(ctx context.Context, w adapter.Where) (*T, error) {
	return t.one(t.a.db.ConsumeOne(ctx, t.model, w))
}

// Lock makes concurrent transactions that change what hangs on a row take turns, and
// returns the row as it is now. See Auth.Lock.
func (t *Table[T]) Lock(ctx context.Context, id string) (*T, error) {
	return t.one(t.a.Lock(ctx, t.model, id))
}

// Lock makes concurrent transactions that change what hangs on a row take turns: it
// writes the row without changing it, so that the database holds others up until the
// transaction of ctx ends. It returns the row as of then. Count and check after it,
// never before. A row that does not exist is adapter.ErrNotFound. A transaction that
// locks a user as well locks the user first, as everything here does.
func (a *Auth) Lock(ctx context.Context, model, id string) (adapter.Record, error) {
	t, ok := a.schema.Table(model)
	if !ok {
		return nil, fmt.Errorf("%w: %s", adapter.ErrUnknownModel, model)
	}
	if id == "" {
		return nil, adapter.ErrNotFound
	}
	rec, err := a.db.Adapter.FindOne(ctx, adapter.Find{Model: model, Where: adapter.By("id", id)})
	if err != nil {
		return nil, err
	}
	field := lockField(t)
	if field == "" {
		return nil, errors.New("core: a table without fields cannot be locked")
	}
	return a.db.Adapter.Update(ctx, model, adapter.By("id", id), adapter.Record{field: rec[field]})
}

// lockField is the field that Lock writes back: a time stamp where there is one, for
// no index or foreign key hangs on it and clients do not change it.
func lockField(t *schema.Table) string {
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
