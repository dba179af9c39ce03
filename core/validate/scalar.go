package validate

import (
	"reflect"

	"github.com/advantch/kernia-go/core/wire"
)

func boolNode(rules []rule) (*node, error) {
	shape := &Shape{Type: "boolean"}
	for _, r := range rules {
		if r.name != "coerce" {
			return nil, r.notFor("boolean")
		}
		shape.Coerce = true
	}
	return &node{shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
		if shape.Coerce {
			dst.SetBool(v.Truthy())
			return
		}
		b, ok := v.Bool()
		if !ok {
			issues.Type("boolean", v)
			return
		}
		dst.SetBool(b)
	}}, nil
}

func dateNode(rules []rule) (*node, error) {
	shape := &Shape{Type: "date"}
	for _, r := range rules {
		if r.name != "coerce" {
			return nil, r.notFor("date")
		}
		shape.Coerce = true
	}
	return &node{shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
		if !shape.Coerce {
			issues.Type("date", v)
			return
		}
		t, ok := toDate(v)
		if !ok {
			issues.Fatal("Invalid input: expected date, received Date")
			return
		}
		dst.Set(reflect.ValueOf(t))
	}}, nil
}
