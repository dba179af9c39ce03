// Package schema describes the tables of Kernia: the core tables, the tables of
// plugins and the fields that an application adds. Names are Better Auth's
// logical names. Table.Name and Field.Column are the names in the database.
package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Type is the logical type of a field, by Better Auth's name for it.
type Type string

// The field types. The comment of each is its Go type in an adapter.Record.
const (
	String      Type = "string"   // string
	Number      Type = "number"   // int64 when integral, else float64
	Boolean     Type = "boolean"  // bool
	Date        Type = "date"     // time.Time, UTC, whole milliseconds
	JSON        Type = "json"     // json.RawMessage
	StringArray Type = "string[]" // []string
	NumberArray Type = "number[]" // []float64
)

// IDKind says how primary keys are made.
type IDKind string

// The kinds of primary key. In records and on the wire an id is always a string.
const (
	IDString IDKind = ""       // text, made by the application
	IDSerial IDKind = "serial" // integer, made by the database
	IDUUID   IDKind = "uuid"   // UUID version 4, made by the application
)

// Reference is a foreign key.
type Reference struct {
	Model    string // logical model, for example "user"
	Field    string // logical field; default "id"
	OnDelete string // "cascade" (default), "restrict", "set null", "set default" or "no action", in any case
}

// Field is one column of a table.
type Field struct {
	Name       string // logical name, as on the wire
	Column     string // name in the database; default Name
	Type       Type
	Optional   bool // null is allowed (Better Auth: required false)
	Unique     bool
	Index      bool
	Sortable   bool // MySQL: a length-bounded column, so that it can be sorted and indexed
	BigInt     bool // a Number that needs 64 bits
	MaxLength  int  // a String has at most so many characters (code points); 0: see Table.MaxLength
	Line       bool // a String is one line: no control characters, no marks that change the direction of other text
	References *Reference
	Default    func(now time.Time) any // value on create when none is given, made in the transaction; see Value and Now
	OnUpdate   func(now time.Time) any // value on every update that does not set the field
	NoInput    bool                    // clients may not set it (input: false)
	Hidden     bool                    // never sent to clients (returned: false)
	Secret     bool                    // a credential that the API sends, and that generated models hide as they hide Hidden ones
	// Validate refuses a value that a client sent; its error text is the message
	// of the 400 answer. It may return a changed value.
	Validate func(value any) (any, error)
}

// Value is a constant default.
//
//go:noinline
func Value(v any) func(time.Time) any { return func(time.Time) any { return v } }

// Now is the default and on-update function of time stamps.
func Now(now time.Time) any { return now }

// Table is one table. Every table also has the field "id", which is not listed.
type Table struct {
	Model  string // logical name, for example "user"
	Name   string // name in the database; default Model
	Fields []Field
	Unique [][]string // composite unique keys, by logical field name
	// Indexed names fields of others that an extension of the table searches or sorts by: they
	// get an index.
	Indexed []string
	Order   int    // creation order; 0 is last
	Owner   string // who declares it, for the errors of New: "the core", `the plugin "x"`

	own   int // fields of the declaration; those after them were added
	index map[string]int
}

// Added returns the fields that other plugins and the application added to the
// table's own, in order.
func (t *Table) Added() []Field { return t.Fields[t.own:] }

// Field returns the field with a logical name; "id" is known to every table.
func (t *Table) Field(name string) (*Field, bool) {
	if name == "id" {
		return &idField, true
	}
	i, ok := t.index[name]
	if !ok {
		return nil, false
	}
	return &t.Fields[i], true
}

// Column returns the database name of a logical field.
func (t *Table) Column(name string) (string, bool) {
	f, ok := t.Field(name)
	if !ok {
		return "", false
	}
	return f.Column, true
}

// maxKey is the greatest length, in characters, of a text that is a key, is indexed or
// can be sorted by. It is the length of MySQL's bounded columns, and well below
// PostgreSQL's limit for an index.
const maxKey = 255

// MaxLength returns the maximum length of a String field in characters (code points).
// It is the same on every database, so that a value that fits one fits all others: 255
// when the field is unique, indexed, Sortable or part of a unique key, else 0, which
// means no limit. Field.MaxLength lowers it, or limits a field that has no limit. Ids and
// references to ids have no limit.
func (t *Table) MaxLength(f *Field) int {
	most := t.columnLength(f)
	if f.Type == String && f.MaxLength > 0 && (most == 0 || f.MaxLength < most) {
		return f.MaxLength
	}
	return most
}

func (t *Table) columnLength(f *Field) int {
	switch {
	case f.Type != String || f.Name == "id" || f.References != nil && f.References.Field == "id":
		return 0
	case f.Unique, f.Index, f.Sortable, f.References != nil:
		return maxKey
	}
	for _, key := range t.Unique {
		if slices.Contains(key, f.Name) {
			return maxKey
		}
	}
	return 0
}

var idField = Field{Name: "id", Column: "id", Type: String, Unique: true}

// Schema is the merged, checked and immutable set of tables.
type Schema struct {
	IDs    IDKind
	tables []*Table
	byName map[string]*Table
}

// Tables lists the tables in creation order: a table comes after those it references.
func (s *Schema) Tables() []*Table { return s.tables }

// Table returns the table of a logical model.
func (s *Schema) Table(model string) (*Table, bool) {
	t, ok := s.byName[model]
	return t, ok
}

// Subset returns the schema of the tables that keep accepts, for a database that
// holds only those.
func (s *Schema) Subset(keep func(model string) bool) *Schema {
	out := &Schema{IDs: s.IDs, byName: map[string]*Table{}}
	for _, t := range s.tables {
		if keep(t.Model) {
			out.tables = append(out.tables, t)
			out.byName[t.Model] = t
		}
	}
	return out
}

var identifier = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// New merges tables into a schema. Each entry of extend adds its fields to the
// table of the same Model. It reports duplicate models, duplicate fields and
// columns, references to unknown tables, and names that are not identifiers.
func New(ids IDKind, tables []Table, extend []Table) (*Schema, error) {
	switch ids {
	case IDString, IDSerial, IDUUID:
	default:
		return nil, fmt.Errorf("schema: the kind of ids %q is unknown: use schema.IDString, schema.IDSerial or schema.IDUUID", ids)
	}
	s := &Schema{IDs: ids, byName: map[string]*Table{}}
	owners := map[string][]string{} // of the fields, by model
	for _, in := range tables {
		if _, dup := s.byName[in.Model]; dup {
			return nil, fmt.Errorf("schema: table %q is declared twice%s", in.Model, strings.TrimSuffix(by(s.byName[in.Model].Owner, in.Owner), ","))
		}
		t := &Table{Model: in.Model, Name: in.Name, Unique: in.Unique, Indexed: in.Indexed, Order: in.Order, Owner: in.Owner, own: len(in.Fields)}
		owners[t.Model] = slices.Repeat([]string{in.Owner}, len(in.Fields))
		t.Fields = append(t.Fields, in.Fields...)
		s.byName[t.Model] = t
		s.tables = append(s.tables, t)
	}
	for _, e := range extend {
		t, ok := s.byName[e.Model]
		if !ok {
			return nil, fmt.Errorf("schema: fields are added%s to the table %q, which nothing declares", by(e.Owner), e.Model)
		}
		owners[e.Model] = append(owners[e.Model], slices.Repeat([]string{e.Owner}, len(e.Fields))...)
		t.Fields = append(t.Fields, e.Fields...)
		t.Unique = append(t.Unique, e.Unique...)
		t.Indexed = append(t.Indexed, e.Indexed...)
	}
	names := map[string]string{}
	for _, t := range s.tables {
		if t.Name == "" {
			t.Name = t.Model
		}
		if !identifier.MatchString(t.Name) || !identifier.MatchString(t.Model) {
			return nil, fmt.Errorf("schema: table name %q is not an identifier (letters, digits and _)", t.Name)
		}
		if other, dup := names[strings.ToLower(t.Name)]; dup {
			return nil, fmt.Errorf("schema: tables %q and %q share the name %q", other, t.Model, t.Name)
		}
		names[strings.ToLower(t.Name)] = t.Model
		if err := s.index(t, owners[t.Model]); err != nil {
			return nil, err
		}
	}
	return s, s.order()
}

// by names those who declare something, "" when they are not known.
func by(owners ...string) string {
	owners = slices.DeleteFunc(owners, func(o string) bool { return o == "" })
	if len(owners) == 0 {
		return ""
	}
	return ", by " + strings.Join(owners, " and by ") + ","
}

// goTypes name the Go values that a field of each type takes.
var goTypes = map[Type]string{
	String: "string", Number: "int64 or float64", Boolean: "bool", Date: "time.Time", JSON: "json.RawMessage",
	StringArray: "[]string", NumberArray: "[]float64",
}

// ours has the addresses of the functions that Value makes, and of Now: New may call these
// two, and no function of an application. Value is not inlined, so that its function is one.
var ours = map[uintptr]bool{reflect.ValueOf(Value(nil)).Pointer(): true, reflect.ValueOf(Now).Pointer(): true}

// fits refuses functions of the field whose values its type does not take. A row without a
// value of the caller's could otherwise never be written.
func (f *Field) fits() error {
	for name, give := range map[string]func(time.Time) any{"Default": f.Default, "OnUpdate": f.OnUpdate} {
		if give == nil || !ours[reflect.ValueOf(give).Pointer()] {
			continue
		}
		if v := give(time.Unix(0, 0).UTC()); v != nil && !f.Type.takes(v) {
			return fmt.Errorf("its %s gives a %T, and its type %s takes %s", name, v, f.Type, goTypes[f.Type])
		}
	}
	return nil
}

// takes reports whether every adapter takes a Go value for a field of the type.
func (t Type) takes(v any) (ok bool) {
	switch t {
	case String:
		_, ok = v.(string)
	case Number:
		switch v.(type) {
		case int64, int, int32, uint32, float64:
			ok = true
		}
	case Boolean:
		_, ok = v.(bool)
	case Date:
		_, ok = v.(time.Time)
	case JSON:
		_, ok = v.(json.RawMessage)
	case StringArray:
		_, ok = v.([]string)
	case NumberArray:
		_, ok = v.([]float64)
	}
	return ok
}

func (s *Schema) index(t *Table, owners []string) error {
	t.index = make(map[string]int, len(t.Fields))
	columns := map[string]bool{"id": true}
	for i := range t.Fields {
		f := &t.Fields[i]
		if f.Column == "" {
			f.Column = f.Name
		}
		if f.Name == "id" {
			return fmt.Errorf("schema: table %q lists the field id, which every table has by itself", t.Model)
		}
		if !identifier.MatchString(f.Name) || !identifier.MatchString(f.Column) {
			return fmt.Errorf("schema: field %s.%s is not an identifier (letters, digits and _)", t.Model, f.Name)
		}
		if other, dup := t.index[f.Name]; dup {
			return fmt.Errorf("schema: field %s.%s is declared twice%s", t.Model, f.Name, strings.TrimSuffix(by(owners[other], owners[i]), ","))
		}
		if columns[strings.ToLower(f.Column)] { // MySQL and SQLite tell no letter case
			return fmt.Errorf("schema: table %q uses the column %q twice", t.Model, f.Column)
		}
		columns[strings.ToLower(f.Column)] = true
		switch f.Type {
		case String, Number, Boolean, Date, JSON, StringArray, NumberArray:
		default:
			return fmt.Errorf("schema: field %s.%s%s has the unknown type %q: use string, number, boolean, date, json, string[] or number[]",
				t.Model, f.Name, strings.Replace(by(owners[i]), ", by ", ", of ", 1), f.Type)
		}
		if err := f.fits(); err != nil {
			return fmt.Errorf("schema: field %s.%s%s: %w", t.Model, f.Name, strings.Replace(by(owners[i]), ", by ", ", of ", 1), err)
		}
		if f.References != nil {
			r := *f.References
			if r.Field == "" {
				r.Field = "id"
			}
			action, ok := onDelete(r.OnDelete)
			if !ok {
				return fmt.Errorf("schema: field %s.%s has the OnDelete %q: use cascade, restrict, set null, set default or no action",
					t.Model, f.Name, r.OnDelete)
			}
			r.OnDelete = action
			f.References = &r
		}
		t.index[f.Name] = i
	}
	for _, name := range t.Indexed {
		i, ok := t.index[name]
		if !ok {
			return fmt.Errorf("schema: an index of %q names the unknown field %q", t.Model, name)
		}
		t.Fields[i].Index = true
	}
	return nil
}

// onDelete returns the lower-case form of a foreign key's delete action. It becomes
// part of SQL, so only these words pass.
func onDelete(action string) (string, bool) {
	switch action = strings.ToLower(action); action {
	case "":
		return "cascade", true
	case "cascade", "restrict", "set null", "set default", "no action":
		return action, true
	}
	return "", false
}

// order sorts tables so that a referenced table comes first, keeping Order and
// the declared order otherwise.
func (s *Schema) order() error {
	var out []*Table
	state := map[*Table]int{}
	var visit func(t *Table) error
	visit = func(t *Table) error {
		if state[t] != 0 {
			return nil
		}
		state[t] = 1
		for i := range t.Fields {
			r := t.Fields[i].References
			if r == nil {
				continue
			}
			to, ok := s.byName[r.Model]
			if !ok {
				return fmt.Errorf("schema: field %s.%s references the table %q, which nothing declares", t.Model, t.Fields[i].Name, r.Model)
			}
			if _, ok := to.Field(r.Field); !ok {
				return fmt.Errorf("schema: field %s.%s references %s.%s, which does not exist", t.Model, t.Fields[i].Name, r.Model, r.Field)
			}
			if err := visit(to); err != nil {
				return err
			}
		}
		for _, u := range t.Unique {
			for _, name := range u {
				if _, ok := t.Field(name); !ok {
					return fmt.Errorf("schema: a unique key of %q names the unknown field %q", t.Model, name)
				}
			}
		}
		out = append(out, t)
		return nil
	}
	for _, t := range s.tables {
		if err := visit(t); err != nil {
			return err
		}
	}
	s.tables = out
	return nil
}
