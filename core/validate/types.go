package validate

import (
	"strconv"

	"github.com/advantch/kernia-go/core/wire"
)

// Rest, embedded in a struct, receives the members that no field names, as zod's
// .and(z.record(z.string(), z.any())) does. Unknown is not nil after decoding.
type Rest struct {
	Unknown *wire.Object
}

// Record is z.record(z.string(), z.any()): any object. As a field it is that
// member; embedded in an input it is the whole body. Members is not nil after
// decoding.
type Record struct {
	Members *wire.Object
}

// AppendJSON appends the object.
func (r Record) AppendJSON(dst []byte) []byte {
	if r.Members == nil {
		return append(dst, "null"...)
	}
	return r.Members.AppendJSON(dst)
}

// OneOrMany is z.string().or(z.array(z.string())): a string or a list of strings.
type OneOrMany []string

// DecodeWire implements Schemer.
func (o *OneOrMany) DecodeWire(v wire.Value, issues *Issues) {
	if s, ok := v.Str(); ok {
		*o = OneOrMany{s}
		return
	}
	items, ok := v.Items()
	if !ok {
		issues.Fatal("Invalid input")
		return
	}
	out := make(OneOrMany, len(items))
	for i, item := range items {
		if out[i], ok = item.Str(); !ok {
			issues.Fatal("Invalid input")
			return
		}
	}
	*o = out
}

// Shape implements Schemer.
func (*OneOrMany) Shape() *Shape {
	return &Shape{Type: "union", AnyOf: []*Shape{
		{Type: "string"}, {Type: "array", Items: &Shape{Type: "string"}},
	}}
}

// JavaScript keeps this name for an object's prototype, and zod leaves it out.
const protoName = "__proto__"

func copyRecord(v wire.Value, skip func(name string) bool) *wire.Object {
	out := wire.NewObject()
	o, _ := v.Obj()
	for _, m := range o.Members() {
		if m.Name != protoName && (skip == nil || !skip(m.Name)) {
			out.Set(m.Name, m.Value)
		}
	}
	return out
}

func itemName(i int) string { return strconv.Itoa(i) }
