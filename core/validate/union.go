package validate

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/advantch/kernia-go/core/wire"
)

func anyNode(rules []rule) (*node, error) {
	shape := &Shape{Type: "any", Optional: true}
	var tests []func(wire.Value) bool
	for _, r := range rules {
		if r.name != "union" {
			return nil, r.notFor("wire.Value")
		}
		shape.Type, shape.Optional = "union", false
		for name := range strings.SplitSeq(r.arg, "|") {
			test, s, err := unionMember(name)
			if err != nil {
				return nil, err
			}
			tests = append(tests, test)
			if name == "null" {
				shape.Nullable = true
			}
			shape.AnyOf = append(shape.AnyOf, s)
		}
	}
	return &node{shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
		ok := len(tests) == 0
		for _, test := range tests {
			ok = ok || test(v)
		}
		if !ok {
			issues.Fatal("Invalid input")
			return
		}
		*dst.Addr().Interface().(*wire.Value) = v
	}}, nil
}

func unionMember(name string) (func(wire.Value) bool, *Shape, error) {
	kinds := map[string]wire.Kind{
		"string": wire.KindString, "number": wire.KindNumber, "boolean": wire.KindBool,
		"null": wire.KindNull, "object": wire.KindObject,
	}
	item, isList := strings.CutSuffix(name, "[]")
	kind, ok := kinds[item]
	if !ok {
		return nil, nil, fmt.Errorf("validate: there is no member %q for a union", name)
	}
	shape := &Shape{Type: item}
	if item == "object" {
		shape.Additional = &Shape{Type: "any", Optional: true}
	}
	is := func(v wire.Value) bool { return v.Kind() == kind }
	if !isList {
		return is, shape, nil
	}
	return func(v wire.Value) bool {
		items, ok := v.Items()
		for _, i := range items {
			ok = ok && is(i)
		}
		return ok
	}, &Shape{Type: "array", Items: shape}, nil
}
