package validate

import (
	"fmt"
	"reflect"

	"github.com/advantch/kernia-go/core/wire"
)

func recordNode(rules []rule) (*node, error) {
	if len(rules) > 0 {
		return nil, rules[0].notFor("record")
	}
	shape := &Shape{Type: "object", Additional: &Shape{Type: "any", Optional: true}}
	return &node{shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
		if _, ok := v.Obj(); !ok {
			issues.Type("record", v)
			return
		}
		dst.Addr().Interface().(*Record).Members = copyRecord(v, nil)
	}}, nil
}

func (c *compiler) mapping(t reflect.Type, rules, each []rule) (*node, error) {
	if t.Key().Kind() != reflect.String {
		return nil, fmt.Errorf("validate: the type %s is not supported: the keys must be strings", t)
	}
	if len(rules) > 0 {
		return nil, rules[0].notFor("record")
	}
	item, err := c.value(t.Elem(), each, settings{})
	if err != nil {
		return nil, err
	}
	return &node{&Shape{Type: "object", Additional: item.shape}, func(dst reflect.Value, v wire.Value, issues *Issues) {
		o, ok := v.Obj()
		if !ok {
			issues.Type("record", v)
			return
		}
		out := reflect.MakeMapWithSize(t, o.Len())
		for _, m := range o.Members() {
			if m.Name == protoName {
				continue
			}
			value := reflect.New(t.Elem()).Elem()
			issues.Enter(m.Name)
			item.decode(value, m.Value, issues)
			issues.Leave()
			out.SetMapIndex(reflect.ValueOf(m.Name).Convert(t.Key()), value)
		}
		dst.Set(out)
	}}, nil
}
