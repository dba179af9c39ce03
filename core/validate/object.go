package validate

import (
	"reflect"
	"strings"

	"github.com/advantch/kernia-go/core/wire"
)

// object is a struct to be decoded from an object.
type object struct {
	fields []field
	rest   []int // index of the embedded Rest
	strict bool
	refine bool
	shape  *Shape
}

type field struct {
	name    string
	index   []int
	node    *node
	dynamic bool // a member of a Fields
}

func (o *object) node() *node {
	known := make(map[string]bool, len(o.fields))
	for _, f := range o.fields {
		known[f.name] = true
		o.shape.Properties = append(o.shape.Properties, Property{f.name, f.node.shape})
	}
	isKnown := func(name string) bool { return known[name] }
	return &node{o.shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
		source, ok := v.Obj()
		if !ok {
			issues.Type("object", v)
			if o.rest != nil {
				issues.Type("record", v) // the other side of zod's intersection
			}
			return
		}
		start := issues.Len()
		for i := range o.fields {
			f := &o.fields[i]
			m, _ := source.Get(f.name)
			issues.Enter(f.name)
			f.node.decode(dst.FieldByIndex(f.index), m, issues)
			issues.Leave()
		}
		if o.strict {
			refuseUnknown(source, isKnown, issues)
		}
		if o.rest != nil {
			dst.FieldByIndex(o.rest).Addr().Interface().(*Rest).Unknown = copyRecord(v, isKnown)
		}
		if o.refine && !issues.fatal(start) {
			dst.Addr().Interface().(Refiner).Refine(issues)
		}
	}}
}

func refuseUnknown(o *wire.Object, known func(string) bool, issues *Issues) {
	var names []string
	for _, m := range o.Members() {
		if !known(m.Name) && m.Name != protoName {
			names = append(names, `"`+m.Name+`"`)
		}
	}
	switch len(names) {
	case 0:
	case 1:
		issues.Fatal("Unrecognized key: " + names[0])
	default:
		issues.Fatal("Unrecognized keys: " + strings.Join(names, ", "))
	}
}
