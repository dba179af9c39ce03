package validate

import (
	"fmt"
	"reflect"

	"github.com/advantch/kernia-go/core/wire"
)

func (c *compiler) list(t reflect.Type, rules, each []rule, st settings) (*node, error) {
	shape := &Shape{Type: "array"}
	var lengths []length
	for _, r := range rules {
		switch r.name {
		case "min", "max", "length", "nonempty":
			l, err := lengthRule(r, shape, st.message)
			if err != nil {
				return nil, err
			}
			lengths = append(lengths, l)
		default:
			return nil, r.notFor("list")
		}
	}
	if t.Elem().Kind() == reflect.Uint8 {
		return nil, fmt.Errorf("validate: the type %s is not supported", t)
	}
	item, err := c.value(t.Elem(), each, settings{message: st.message, pattern: st.pattern})
	if err != nil {
		return nil, err
	}
	shape.Items = item.shape
	return &node{shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
		items, ok := v.Items()
		if !ok {
			issues.Type("array", v)
		} else {
			out := reflect.MakeSlice(t, len(items), len(items))
			for i := range items {
				issues.Enter(itemName(i))
				item.decode(out.Index(i), items[i], issues)
				issues.Leave()
			}
			dst.Set(out)
		}
		for _, l := range lengths {
			l.checkAny(v, issues)
		}
	}}, nil
}
