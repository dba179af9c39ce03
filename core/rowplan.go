package core

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/wire"
)

// rowPlan is a compiled struct type.
type rowPlan struct {
	fields []rowField
	row    []int  // where the struct embeds Row
	lost   string // an exported field that is no part of the row
	err    error

	// hidden has the fields that are Hidden in any table that any Auth has bound the
	// type to: a row that no table has made does not know its table.
	hidden sync.Map
}

func (p *rowPlan) hides(name string) bool {
	_, hidden := p.hidden.Load(name)
	return hidden
}

type rowField struct {
	name     string
	key      string
	index    []int
	pointer  bool
	optional bool // the table may lack it
	raw      bool // json.RawMessage
	json     bool // a text that clients see as JSON
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
		if sf.Type == rowType {
			p.row = sf.Index
			continue
		}
		tag, ok := sf.Tag.Lookup("row")
		if !ok {
			inRow := p.row != nil && len(sf.Index) == len(p.row)+1 && slices.Equal(sf.Index[:len(p.row)], p.row)
			if !inRow && !sf.Anonymous && sf.IsExported() && sf.Tag.Get("json") != "-" && p.lost == "" {
				p.lost = sf.Name
			}
			continue
		}
		if tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		f := rowField{name: name, key: jsonKey(name), index: sf.Index, typ: sf.Type}
		for option := range strings.SplitSeq(options, ",") {
			switch option {
			case "":
			case "optional":
				f.optional = true
			case "json":
				f.json = true
			default:
				p.err = fmt.Errorf("core: the field %s of %s has the row option %q, which is not known", sf.Name, t, option)
			}
		}
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

var rowType = reflect.TypeFor[Row]()

// append appends a field as JSON; typ is its type in the table. v is addressable.
func (f *rowField) append(dst []byte, row reflect.Value, typ schema.Type) []byte {
	v := row.FieldByIndex(f.index)
	if f.pointer {
		if v.IsNil() {
			return append(dst, "null"...)
		}
		v = v.Elem()
	}
	switch f.typ.Kind() {
	case reflect.String:
		if f.json {
			return appendJSONText(dst, []byte(v.String()))
		}
		return wire.AppendString(dst, v.String())
	case reflect.Bool:
		return appendBool(dst, v.Bool())
	case reflect.Int64:
		return wire.AppendNumber(dst, float64(v.Int()))
	case reflect.Float64:
		return wire.AppendNumber(dst, v.Float())
	}
	switch at := v.Addr().Interface().(type) {
	case *time.Time:
		return wire.AppendTime(dst, *at)
	case *json.RawMessage:
		switch {
		case f.json:
			return appendJSONText(dst, *at)
		case len(*at) == 0:
			return append(dst, "null"...)
		case typ == schema.JSON:
			return appendStored(dst, *at)
		}
		return wire.AppendString(dst, string(*at))
	case *[]string:
		if *at != nil {
			return appendAny(dst, *at)
		}
	case *[]float64:
		if *at != nil {
			return appendAny(dst, *at)
		}
	}
	return append(dst, "null"...)
}

func appendJSONText(dst, text []byte) []byte {
	if !json.Valid(text) {
		return append(dst, "null"...)
	}
	return append(dst, text...)
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
		return string(v.Bytes()) // the text of a String field; Table converts it for JSON fields
	case f.typ.Kind() == reflect.String:
		return v.String()
	case f.typ.Kind() == reflect.Slice && v.IsNil():
		return nil
	}
	return v.Interface()
}

// set stores a record value and reports false when the type does not fit.
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
