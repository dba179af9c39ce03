// Package wire reads and writes the data of JavaScript clients: JSON with the
// member order, numbers, dates and escapes of JSON.parse and JSON.stringify, and
// query strings as URLSearchParams handles them.
package wire

import (
	"math"
	"strconv"
	"time"
)

// Kind is the type of a Value.
type Kind uint8

// The kinds. KindUndefined is JavaScript's undefined: a member that is absent.
const (
	KindUndefined Kind = iota
	KindNull
	KindBool
	KindNumber
	KindString
	KindArray
	KindObject
)

// String returns the name zod gives the kind in its messages, for example "object".
func (k Kind) String() string {
	switch k {
	case KindNull:
		return "null"
	case KindBool:
		return "boolean"
	case KindNumber:
		return "number"
	case KindString:
		return "string"
	case KindArray:
		return "array"
	case KindObject:
		return "object"
	default:
		return "undefined"
	}
}

// Value is a JSON value that keeps member order. The zero Value is undefined.
// Copies share their object or array, so a change to one is seen by all.
type Value struct {
	kind  Kind
	num   float64 // number; 1 for true
	str   string  // string; the literal of an integer
	items *[]Value
	obj   *Object
}

// Null returns JSON null.
func Null() Value { return Value{kind: KindNull} }

// Bool returns true or false.
func Bool(b bool) Value {
	if b {
		return Value{kind: KindBool, num: 1}
	}
	return Value{kind: KindBool}
}

// Number returns a number. A number that is not finite is written as null.
func Number(f float64) Value { return Value{kind: KindNumber, num: f} }

// Int returns an integer, which is written with all its digits.
func Int(n int64) Value {
	return Value{kind: KindNumber, num: float64(n), str: strconv.FormatInt(n, 10)}
}

// String returns a string.
func String(s string) Value { return Value{kind: KindString, str: s} }

// Array returns an array of the items, which it keeps.
func Array(items ...Value) Value { return Value{kind: KindArray, items: &items} }

// ObjectOf returns the object o, not a copy. A nil o gives null.
func ObjectOf(o *Object) Value {
	if o == nil {
		return Null()
	}
	return Value{kind: KindObject, obj: o}
}

// Time returns the string JavaScript writes for a date, see AppendTime; null for
// a time JavaScript cannot hold.
func Time(t time.Time) Value {
	b := AppendTime(nil, t)
	if b[0] != '"' {
		return Null()
	}
	return String(string(b[1 : len(b)-1]))
}

// Kind returns the type of v.
func (v Value) Kind() Kind { return v.kind }

// IsUndefined reports whether v is absent.
func (v Value) IsUndefined() bool { return v.kind == KindUndefined }

// IsNull reports whether v is null. Undefined is not null.
func (v Value) IsNull() bool { return v.kind == KindNull }

// Bool returns the value of a boolean. It reports false if v is not a boolean.
func (v Value) Bool() (b, ok bool) { return v.num != 0 && v.kind == KindBool, v.kind == KindBool }

// Str returns the value of a string. It reports false if v is not a string.
func (v Value) Str() (string, bool) {
	if v.kind != KindString {
		return "", false
	}
	return v.str, true
}

// Num returns the value of a number. It reports false if v is not a number.
func (v Value) Num() (float64, bool) {
	if v.kind != KindNumber {
		return 0, false
	}
	return v.num, true
}

// Int64 returns the exact value of an integer. It reports false if v is not a
// number, has a fraction or does not fit. Integers beyond 2^53, which Num
// rounds, are exact here.
func (v Value) Int64() (int64, bool) {
	if v.kind != KindNumber {
		return 0, false
	}
	if v.str != "" {
		if n, err := strconv.ParseInt(v.str, 10, 64); err == nil {
			return n, true
		}
	}
	if v.num != math.Trunc(v.num) || v.num < -1<<63 || v.num >= 1<<63 {
		return 0, false
	}
	return int64(v.num), true
}

// Items returns the items of an array, which may be replaced in place. It
// reports false if v is not an array.
func (v Value) Items() ([]Value, bool) {
	if v.kind != KindArray {
		return nil, false
	}
	return *v.items, true
}

// Obj returns an object. It reports false if v is not an object.
func (v Value) Obj() (*Object, bool) { return v.obj, v.kind == KindObject }

// Get returns a member of an object. It returns undefined if there is none or if v
// is not an object.
func (v Value) Get(name string) Value {
	if v.kind != KindObject {
		return Value{}
	}
	m, _ := v.obj.Get(name)
	return m
}

// Clone returns a deep copy of v.
func (v Value) Clone() Value {
	switch v.kind {
	case KindArray:
		items := make([]Value, len(*v.items))
		for i, item := range *v.items {
			items[i] = item.Clone()
		}
		v.items = &items
	case KindObject:
		o := &Object{members: make([]Member, len(v.obj.members)), indices: v.obj.indices}
		for i, m := range v.obj.members {
			o.members[i] = Member{m.Name, m.Value.Clone()}
		}
		o.reindex()
		v.obj = o
	}
	return v
}

// Truthy reports whether JavaScript treats v as true in a condition: everything
// except undefined, null, false, 0, NaN and the empty string.
func (v Value) Truthy() bool {
	switch v.kind {
	case KindBool, KindNumber:
		return v.num != 0 && !math.IsNaN(v.num)
	case KindString:
		return v.str != ""
	default:
		return v.kind >= KindArray
	}
}

// AppendJSON appends v as JSON.stringify writes it: members that are undefined
// are left out, undefined items and numbers that are not finite are null.
// Unlike JavaScript it keeps all digits of a 64-bit integer. An undefined v,
// for which JSON.stringify returns nothing, is null.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.kind {
	case KindBool:
		return strconv.AppendBool(dst, v.num != 0)
	case KindNumber:
		if v.str != "" {
			return append(dst, v.str...)
		}
		return AppendNumber(dst, v.num)
	case KindString:
		return AppendString(dst, v.str)
	case KindArray:
		dst = append(dst, '[')
		for i, item := range *v.items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = item.AppendJSON(dst)
		}
		return append(dst, ']')
	case KindObject:
		return v.obj.AppendJSON(dst)
	default:
		return append(dst, "null"...)
	}
}
