package core

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// inputEncoder turns a typed input back into the form that a client sends, so that a
// call from Go passes the same hooks and validation.
type inputEncoder struct {
	fields  []inputField
	hasBody bool
}

type inputField struct {
	index  []int
	name   string
	source string // "json", "query", "path", or "rest"
	omit   bool   // left out when zero
	encode *wire.Encoder
	inner  *inputEncoder // of a struct with members of its own, in place of encode
}

// isOpen reports whether a struct takes members that its fields do not name.
func isOpen(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous && takesMembers(f.Type) {
			return true
		}
	}
	return false
}

func takesMembers(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[validate.Rest](), reflect.TypeFor[validate.Record](), reflect.TypeFor[validate.Fields]():
		return true
	}
	return false
}

func compileInputEncoder(t reflect.Type, hasBody bool) (*inputEncoder, error) {
	e := &inputEncoder{hasBody: hasBody}
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous && takesMembers(f.Type) {
			e.fields = append(e.fields, inputField{index: f.Index, source: "rest"})
			continue
		}
		if f.Anonymous || !f.IsExported() || len(f.Index) > 1 && insideRest(t, f.Index) {
			continue
		}
		for _, source := range []string{"json", "query", "path"} {
			tag, ok := f.Tag.Lookup(source)
			name, options, _ := strings.Cut(tag, ",")
			if !ok || name == "" || name == "-" {
				continue
			}
			field := inputField{index: f.Index, name: name, source: source, omit: options == "omitempty" || options == "omitzero"}
			inner := f.Type
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			var err error
			if isOpen(inner) {
				field.inner, err = compileInputEncoder(inner, true)
			} else {
				field.encode, err = wire.EncoderFor(f.Type)
			}
			if err != nil {
				return nil, fmt.Errorf("input field %s: %w", f.Name, err)
			}
			e.fields = append(e.fields, field)
		}
	}
	return e, nil
}

// insideRest reports whether a promoted field belongs to an embedded Rest or Record.
func insideRest(t reflect.Type, index []int) bool {
	return takesMembers(t.FieldByIndex(index[:len(index)-1]).Type)
}

// isUndefined reports a value that stands for a member that was not sent.
func isUndefined(v reflect.Value) bool {
	switch x := v.Interface().(type) {
	case validate.Nullable:
		return !x.Given
	case wire.Value:
		return x.IsUndefined()
	}
	return false
}

// encode returns body, query and path parameters of an input.
func (e *inputEncoder) encode(in reflect.Value) (body, query wire.Value, params []param, err error) {
	b, q := &wire.Object{}, &wire.Object{}
	for i := range e.fields {
		f := &e.fields[i]
		v := in.FieldByIndex(f.index)
		if f.source == "rest" {
			var members *wire.Object
			switch r := v.Interface().(type) {
			case validate.Rest:
				members = r.Unknown
			case validate.Record:
				members = r.Members
			case validate.Fields:
				members = r.Values
			}
			if members != nil {
				for _, m := range members.Members() {
					b.Set(m.Name, m.Value)
				}
			}
			continue
		}
		if v.Kind() == reflect.Pointer && v.IsNil() || v.Kind() == reflect.Slice && v.IsNil() || f.omit && v.IsZero() {
			continue
		}
		if f.inner != nil {
			if v.Kind() == reflect.Pointer {
				v = v.Elem()
			}
			inner, _, _, err := f.inner.encode(v)
			if err != nil {
				return body, query, nil, err
			}
			b.Set(f.name, inner)
			continue
		}
		if isUndefined(v) {
			continue
		}
		value, err := wire.Parse(f.encode.AppendValue(nil, v), wire.Limits{})
		if err != nil {
			return body, query, nil, asValidation(&validate.Error{Message: "[body." + f.name + "] Invalid input"})
		}
		switch f.source {
		case "json":
			b.Set(f.name, value)
		case "query":
			q.Set(f.name, value)
		case "path":
			s, _ := value.Str()
			params = append(params, param{f.name, s})
		}
	}
	if e.hasBody {
		body = wire.ObjectOf(b)
	}
	if q.Len() > 0 {
		query = wire.ObjectOf(q)
	}
	return body, query, params, nil
}
