package core

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/wire"
)

// Row holds what every row of a plugin's table has. A plugin embeds it in a
// struct whose fields name the table's fields with a row tag:
//
//	type Note struct {
//		core.Row
//		UserID    string    `row:"userId"`
//		Title     *string   `row:"title"` // nil is null
//		CreatedAt time.Time `row:"createdAt"`
//	}
//
// Table reads and writes such structs, operations answer with them, and the OpenAPI
// document describes them. Clients see the fields in the order of the schema, with
// the id last and without Hidden fields.
//
// The types of fields are those of schema.Type, pointers to them for fields that may
// be null, and json.RawMessage for a String field that holds JSON. All other fields
// of the table are in Extra. The tag takes options after the name:
//
//   - optional: the table has the field in some configurations only;
//   - json: clients see the text of a String field as the JSON that it holds, and null
//     when it holds none.
//
// An exported field without a row tag is not part of the row. New refuses an
// operation that answers with such a struct, unless the field has the tag row:"-",
// which hides it from clients.
type Row struct {
	ID    string // set it before Create to choose the id
	Extra Extra  // fields that the struct does not name

	shape *rowShape // nil for a row that no Table has made
	outer Rowed     // the struct that Table has made, to tell it from a copy
}

func (r *Row) base() *Row { return r }

// Rowed is a pointer to a struct that embeds Row.
type Rowed interface{ base() *Row }

// RowMember is a member of a row's JSON form.
type RowMember struct {
	Name  string
	Value []byte // JSON; nil leaves the member out
}

// errUnbound is the error of encoding/json for a row whose fields it cannot reach.
var errUnbound = errors.New("core: encoding/json can write a row by its pointer, as a Table has returned it; " +
	"for a copy or a row of your own use json.RawMessage(core.AppendRow(nil, &row))")

// MarshalJSON writes a row that a Table has returned, for encoding/json, as clients
// see it. Marshal the pointer. It fails for a copy of such a row and for a row that
// the program has made: write those with AppendRow, or call Table.Bind first.
func (r *Row) MarshalJSON() ([]byte, error) {
	if r == nil {
		return []byte("null"), nil
	}
	if r.outer == nil || r.outer.base() != r {
		return nil, errUnbound
	}
	return AppendRow(nil, r.outer), nil
}

// MarshalText always fails. It prevents encoding/json and loggers that take text from
// writing the hidden fields of a row that is not a pointer.
func (r Row) MarshalText() ([]byte, error) { return nil, errUnbound }

// EncodeStruct compiles how a struct that embeds Row is written. Package wire
// calls it.
func (*Row) EncodeStruct(t reflect.Type) (wire.StructEncoder, error) {
	plan := planOf(t)
	if plan.err != nil {
		return nil, plan.err
	}
	if plan.lost != "" {
		return nil, fmt.Errorf(`core: clients would not see the field %s of %s: give it a row tag (row:"-" to leave it out) or the type a method AppendJSON`, plan.lost, t)
	}
	return func(dst []byte, v reflect.Value) []byte {
		r := v.FieldByIndex(plan.row).Addr().Interface().(*Row)
		return plan.append(dst, v, r, nil)
	}, nil
}

// AppendRow appends a row as clients see it: the fields in the order of the schema,
// the id last, without Hidden fields. A member replaces the field of the same name in
// its place; other members follow in order. A row that was not made by a Table is
// written as its struct lists it, without the fields that are Hidden in a table of
// its type.
func AppendRow(dst []byte, row Rowed, members ...RowMember) []byte {
	v := reflect.ValueOf(row)
	if v.IsNil() {
		return append(dst, "null"...)
	}
	v = v.Elem()
	return planOf(v.Type()).append(dst, v, row.base(), members)
}

// rowShape is the output form of a table for one struct type.
type rowShape struct {
	*shape
	at []*rowField // of each field of the shape; nil for the id and fields in Extra
}

func newRowShape(t *schema.Table, plan *rowPlan) *rowShape {
	s := &rowShape{shape: newShape(t)}
	s.at = make([]*rowField, len(s.fields))
	for i := range s.fields {
		s.at[i] = plan.field(s.fields[i].name)
	}
	return s
}

// append writes a row; v is the addressable struct.
func (p *rowPlan) append(dst []byte, v reflect.Value, r *Row, members []RowMember) []byte {
	w := rowWriter{dst: append(dst, '{'), members: members}
	w.start = len(w.dst)
	if s := r.shape; s != nil {
		for i := range s.fields {
			f := &s.fields[i]
			switch {
			case w.replaced(f.key, f.name):
			case s.at[i] != nil:
				w.key(f.key)
				w.dst = s.at[i].append(w.dst, v, f.typ)
			case f.name == "id":
				w.key(f.key)
				w.dst = wire.AppendString(w.dst, r.ID)
			default:
				w.key(f.key)
				w.dst = appendAny(w.dst, r.Extra[f.name])
			}
		}
	} else {
		for i := range p.fields {
			f := &p.fields[i]
			if w.replaced(f.key, f.name) || f.optional || p.hides(f.name) {
				continue
			}
			w.key(f.key)
			w.dst = f.append(w.dst, v, schema.String)
		}
		for _, name := range sortedKeys(r.Extra) {
			if key := jsonKey(name); !w.replaced(key, name) && !p.hides(name) {
				w.key(key)
				w.dst = appendAny(w.dst, r.Extra[name])
			}
		}
		if key := jsonKey("id"); !w.replaced(key, "id") && r.ID != "" {
			w.key(key)
			w.dst = wire.AppendString(w.dst, r.ID)
		}
	}
	for i := range members {
		if w.used&(1<<i) == 0 && members[i].Value != nil {
			w.key(jsonKey(members[i].Name))
			w.dst = append(w.dst, members[i].Value...)
		}
	}
	return append(w.dst, '}')
}

type rowWriter struct {
	dst     []byte
	start   int
	members []RowMember
	used    int // bits of the members that have replaced a field
}

func (w *rowWriter) key(key string) {
	if len(w.dst) > w.start {
		w.dst = append(w.dst, ',')
	}
	w.dst = append(w.dst, key...)
}

func (w *rowWriter) replaced(key, name string) bool {
	for i := range w.members {
		if w.members[i].Name == name {
			w.used |= 1 << i
			if value := w.members[i].Value; value != nil {
				w.key(key)
				w.dst = append(w.dst, value...)
			}
			return true
		}
	}
	return false
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
