package wire

import (
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Appender is a type that writes itself as JSON.
type Appender interface{ AppendJSON(dst []byte) []byte }

// StructEncoder appends a struct, which is addressable.
type StructEncoder = func(dst []byte, v reflect.Value) []byte

// Base is a type that writes the structs which embed it, such as a row of a table.
// EncodeStruct is called once for each of them, on a zero value.
type Base interface {
	EncodeStruct(outer reflect.Type) (StructEncoder, error)
}

// Encoder writes values of one Go type as JSON. It is immutable and may be shared.
type Encoder struct {
	typ    reflect.Type
	encode encodeFunc
}

// An encodeFunc appends v, which is addressable.
type encodeFunc func(dst []byte, v reflect.Value) []byte

var (
	appenderType = reflect.TypeFor[Appender]()
	timeType     = reflect.TypeFor[time.Time]()
	rawType      = reflect.TypeFor[json.RawMessage]()
	valueType    = reflect.TypeFor[Value]()
	baseType     = reflect.TypeFor[Base]()
)

// EncoderFor compiles an encoder for a type. The rules:
//
//   - A struct is an object of its fields in order, named by their json tags;
//     json:"-" and unexported fields are left out, a field without a tag has its
//     Go name. With omitempty or omitzero a member is left out when it is Go's
//     zero value, which is how JavaScript's undefined is written. Fields of an
//     embedded struct without a name belong to the outer struct, at that place.
//   - A nil pointer or interface is null, a nil slice [], a nil map {}.
//   - time.Time is written by AppendTime, numbers by AppendNumber or with all
//     digits, strings by AppendString, json.RawMessage as it is.
//   - A Value that is undefined is left out of its struct or map.
//   - A type with a method AppendJSON, on the value or the pointer, writes itself.
//     A struct that has the method only because it embeds such a type is refused:
//     it would be written without its other fields.
//   - A struct that embeds a Base is written by it, unless it has AppendJSON itself.
//   - A map with string keys has its names sorted, because Go keeps no order.
//
// The error names the type that has no JSON form.
func EncoderFor(t reflect.Type) (*Encoder, error) {
	if t == nil {
		return nil, fmt.Errorf("wire: nil has no type to encode")
	}
	encode, err := (&encoderCompiler{active: map[reflect.Type]*encodeFunc{}}).compile(t)
	if err != nil {
		return nil, err
	}
	return &Encoder{t, encode}, nil
}

// Type returns the type the encoder is for.
func (e *Encoder) Type() reflect.Type { return e.typ }

// Append appends v, which must be of the encoder's type or a pointer to it; a
// pointer saves a copy. A nil pointer is null. Append panics on another type,
// which is a mistake of the program.
func (e *Encoder) Append(dst []byte, v any) []byte {
	rv := reflect.ValueOf(v)
	if rv.IsValid() && rv.Type() != e.typ && rv.Kind() == reflect.Pointer && rv.Type().Elem() == e.typ {
		if rv.IsNil() {
			return append(dst, "null"...)
		}
		rv = rv.Elem()
	}
	return e.AppendValue(dst, rv)
}

// AppendValue is Append for a reflect.Value of the encoder's type.
func (e *Encoder) AppendValue(dst []byte, v reflect.Value) []byte {
	if !v.IsValid() {
		if e.typ.Kind() == reflect.Pointer || e.typ.Kind() == reflect.Interface {
			return append(dst, "null"...)
		}
		panic("wire: encoder of " + e.typ.String() + " was given nil")
	}
	if v.Type() != e.typ && !(e.typ.Kind() == reflect.Interface && v.Type().Implements(e.typ)) {
		panic("wire: encoder of " + e.typ.String() + " was given " + v.Type().String())
	}
	return e.encode(dst, addressable(v, e.typ))
}

func addressable(v reflect.Value, t reflect.Type) reflect.Value {
	if v.CanAddr() && v.Type() == t {
		return v
	}
	p := reflect.New(t).Elem()
	p.Set(v)
	return p
}

type encoderCompiler struct {
	active map[reflect.Type]*encodeFunc // types being compiled, for types that contain themselves
}

func (c *encoderCompiler) compile(t reflect.Type) (encodeFunc, error) {
	switch {
	case t == timeType:
		return func(dst []byte, v reflect.Value) []byte {
			return AppendTime(dst, *v.Addr().Interface().(*time.Time))
		}, nil
	case t == rawType:
		return encodeRaw, nil
	case t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer:
		// A nil one has no method to call.
	case t.Implements(appenderType) || reflect.PointerTo(t).Implements(appenderType):
		if embedded, ok := promoted(t); ok {
			return nil, fmt.Errorf("wire: type %s would be written as its embedded %s alone: name that field or give the type AppendJSON", t, embedded)
		}
		return func(dst []byte, v reflect.Value) []byte {
			return v.Addr().Interface().(Appender).AppendJSON(dst)
		}, nil
	case t.Kind() == reflect.Struct && reflect.PointerTo(t).Implements(baseType):
		return compileBase(t)
	}
	switch t.Kind() {
	case reflect.String:
		return func(dst []byte, v reflect.Value) []byte { return AppendString(dst, v.String()) }, nil
	case reflect.Bool:
		return func(dst []byte, v reflect.Value) []byte { return strconv.AppendBool(dst, v.Bool()) }, nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return func(dst []byte, v reflect.Value) []byte { return strconv.AppendInt(dst, v.Int(), 10) }, nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return func(dst []byte, v reflect.Value) []byte { return strconv.AppendUint(dst, v.Uint(), 10) }, nil
	case reflect.Float64:
		return func(dst []byte, v reflect.Value) []byte { return AppendNumber(dst, v.Float()) }, nil
	case reflect.Interface:
		return compileInterface(t)
	}
	if at := c.active[t]; at != nil {
		return func(dst []byte, v reflect.Value) []byte { return (*at)(dst, v) }, nil
	}
	var done encodeFunc
	c.active[t] = &done
	defer delete(c.active, t)
	var err error
	switch t.Kind() {
	case reflect.Pointer:
		done, err = c.compilePointer(t)
	case reflect.Slice, reflect.Array:
		done, err = c.compileList(t)
	case reflect.Map:
		done, err = c.compileMap(t)
	case reflect.Struct:
		done, err = c.compileStruct(t)
	default:
		err = fmt.Errorf("wire: type %s has no JSON form", t)
	}
	return done, err
}

// promoted reports whether a struct has AppendJSON only from an embedded field.
// The compiler makes such methods, and they have no source file.
func promoted(t reflect.Type) (embedded reflect.Type, ok bool) {
	if t.Kind() != reflect.Struct || t.NumField() == 1 {
		return nil, false
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous && (f.Type.Implements(appenderType) || reflect.PointerTo(f.Type).Implements(appenderType)) {
			embedded = f.Type
		}
	}
	if embedded == nil {
		return nil, false
	}
	for _, owner := range []reflect.Type{t, reflect.PointerTo(t)} {
		if m, has := owner.MethodByName("AppendJSON"); has {
			f := runtime.FuncForPC(m.Func.Pointer())
			if f == nil {
				return nil, false
			}
			if file, _ := f.FileLine(f.Entry()); file != "<autogenerated>" {
				return nil, false
			}
		}
	}
	return embedded, true
}

// compileBase lets an embedded Base write a struct.
func compileBase(t reflect.Type) (encodeFunc, error) {
	base := t
	for {
		inner := embeddedBase(base)
		if inner == nil {
			return reflect.New(base).Interface().(Base).EncodeStruct(t)
		}
		if inner.Kind() == reflect.Pointer {
			return nil, fmt.Errorf("wire: type %s would be written as its embedded %s alone: name that field or give the type AppendJSON", t, inner)
		}
		base = inner
	}
}

func embeddedBase(t reflect.Type) reflect.Type {
	for i := range t.NumField() {
		f := t.Field(i)
		inner := f.Type
		if inner.Kind() != reflect.Pointer {
			inner = reflect.PointerTo(inner)
		}
		if f.Anonymous && inner.Implements(baseType) {
			return f.Type
		}
	}
	return nil
}

func encodeRaw(dst []byte, v reflect.Value) []byte {
	if v.Len() == 0 {
		return append(dst, "null"...)
	}
	return append(dst, v.Bytes()...)
}

func compileInterface(t reflect.Type) (encodeFunc, error) {
	if !t.Implements(appenderType) {
		return nil, fmt.Errorf("wire: interface %s has no JSON form: it needs the method AppendJSON", t)
	}
	return func(dst []byte, v reflect.Value) []byte {
		if v.IsNil() || v.Elem().Kind() == reflect.Pointer && v.Elem().IsNil() {
			return append(dst, "null"...)
		}
		return v.Interface().(Appender).AppendJSON(dst)
	}, nil
}

func (c *encoderCompiler) compilePointer(t reflect.Type) (encodeFunc, error) {
	elem, err := c.compile(t.Elem())
	if err != nil {
		return nil, err
	}
	return func(dst []byte, v reflect.Value) []byte {
		if v.IsNil() {
			return append(dst, "null"...)
		}
		return elem(dst, v.Elem())
	}, nil
}

func (c *encoderCompiler) compileList(t reflect.Type) (encodeFunc, error) {
	if t.Elem().Kind() == reflect.Uint8 {
		return nil, fmt.Errorf("wire: type %s has no JSON form: encode the bytes as a string first", t)
	}
	elem, err := c.compile(t.Elem())
	if err != nil {
		return nil, err
	}
	return func(dst []byte, v reflect.Value) []byte {
		dst = append(dst, '[')
		for i := range v.Len() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = elem(dst, v.Index(i))
		}
		return append(dst, ']')
	}, nil
}

func (c *encoderCompiler) compileMap(t reflect.Type) (encodeFunc, error) {
	if t.Key().Kind() != reflect.String {
		return nil, fmt.Errorf("wire: type %s has no JSON form: the keys must be strings", t)
	}
	elem, err := c.compile(t.Elem())
	if err != nil {
		return nil, err
	}
	undefined := undefinedTest(t.Elem())
	return func(dst []byte, v reflect.Value) []byte {
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		dst = append(dst, '{')
		first := true
		for _, k := range keys {
			item := addressable(v.MapIndex(k), t.Elem())
			if undefined != nil && undefined(item) {
				continue
			}
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = AppendString(dst, k.String())
			dst = append(dst, ':')
			dst = elem(dst, item)
		}
		return append(dst, '}')
	}, nil
}

// undefinedTest returns a test for undefined values of type t, nil if there are none.
func undefinedTest(t reflect.Type) func(reflect.Value) bool {
	if t != valueType {
		return nil
	}
	return func(v reflect.Value) bool { return v.Addr().Interface().(*Value).kind == KindUndefined }
}

// encodedField is a member of the object a struct becomes.
type encodedField struct {
	name  string
	path  []int  // field indices from the outer struct
	key   string // ,"name": with a leading comma
	skip  func(reflect.Value) bool
	value encodeFunc
}

func (c *encoderCompiler) compileStruct(t reflect.Type) (encodeFunc, error) {
	fields, err := c.fields(t, nil)
	if err != nil {
		return nil, err
	}
	if fields, err = visible(t, fields); err != nil {
		return nil, err
	}
	return func(dst []byte, v reflect.Value) []byte {
		start := len(dst)
		dst = append(dst, '{')
		for i := range fields {
			f := &fields[i]
			fv, ok := fieldAt(v, f.path)
			if !ok || f.skip != nil && f.skip(fv) {
				continue
			}
			key := f.key
			if len(dst) == start+1 {
				key = key[1:]
			}
			dst = append(dst, key...)
			dst = f.value(dst, fv)
		}
		return append(dst, '}')
	}, nil
}

// fieldAt returns a field and false if an embedded pointer on the way is nil.
func fieldAt(v reflect.Value, path []int) (reflect.Value, bool) {
	for i, n := range path {
		if i > 0 && v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		v = v.Field(n)
	}
	return v, true
}

func (c *encoderCompiler) fields(t reflect.Type, path []int) ([]encodedField, error) {
	var out []encodedField
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := sf.Tag.Get("json")
		if tag == "-" || !sf.IsExported() && !sf.Anonymous {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		at := append(slices.Clone(path), i)
		if inner := sf.Type; sf.Anonymous && name == "" {
			if inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct && inner != timeType && !reflect.PointerTo(inner).Implements(appenderType) && !reflect.PointerTo(inner).Implements(baseType) {
				if len(at) > 16 {
					return nil, fmt.Errorf("wire: type %s embeds itself", t)
				}
				flat, err := c.fields(inner, at)
				if err != nil {
					return nil, err
				}
				out = append(out, flat...)
				continue
			}
		}
		if !sf.IsExported() {
			continue
		}
		if name == "" {
			name = sf.Name
		}
		f := encodedField{name: name, path: at, skip: undefinedTest(sf.Type)}
		f.key = string(append(AppendString([]byte{','}, name), ':'))
		for option := range strings.SplitSeq(options, ",") {
			switch option {
			case "omitempty", "omitzero":
				f.skip = reflect.Value.IsZero
			case "":
			default:
				return nil, fmt.Errorf("wire: field %s of %s has the json option %q, which is not supported", sf.Name, t, option)
			}
		}
		var err error
		if f.value, err = c.compile(sf.Type); err != nil {
			return nil, fmt.Errorf("%w (field %s of %s)", err, sf.Name, t)
		}
		out = append(out, f)
	}
	return out, nil
}

// visible drops fields of embedded structs that an outer field hides.
func visible(t reflect.Type, fields []encodedField) ([]encodedField, error) {
	depth := make(map[string]int, len(fields))
	for _, f := range fields {
		if d, ok := depth[f.name]; ok && d == len(f.path) {
			return nil, fmt.Errorf("wire: type %s has two fields named %q", t, f.name)
		} else if !ok || len(f.path) < d {
			depth[f.name] = len(f.path)
		}
	}
	return slices.DeleteFunc(fields, func(f encodedField) bool { return len(f.path) > depth[f.name] }), nil
}
