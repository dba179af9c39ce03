package validate

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/advantch/kernia-go/core/wire"
)

// Fields, embedded in a struct, receives members that are known only when the
// program starts, such as the fields that an application adds to a table. Its tag
// fields:"name" names them for the function that CompileWith calls. With
// fields:"name,partial" all of them are optional. A field of the struct with the
// same name takes precedence. Issues come in the order of the struct's fields.
type Fields struct {
	Values *wire.Object // those that are present, in order; nil when there are none
}

// Member is a member that a Fields receives.
type Member struct {
	Name string
	// Type is "string", "number", "boolean", "date", "json", "string[]" or "number[]".
	// A date is an ISO 8601 text.
	Type     string
	Optional bool
}

func (c *compiler) addMembers(s *collected, sf reflect.StructField, index []int) error {
	name, option, _ := strings.Cut(sf.Tag.Get("fields"), ",")
	if name == "" || option != "" && option != "partial" {
		return fmt.Errorf(`validate: the field needs a tag such as fields:"user" or fields:"user,partial"`)
	}
	if c.members == nil {
		return fmt.Errorf("validate: the fields of %q are not known here", name)
	}
	members, err := c.members(name)
	if err != nil {
		return err
	}
	for _, m := range members {
		n, err := memberNode(m)
		if err != nil {
			return err
		}
		n.shape.Optional = n.shape.Optional || m.Optional || option == "partial"
		s.body = append(s.body, field{name: m.Name, index: index, node: wrap(n, settings{optional: n.shape.Optional}), dynamic: true})
	}
	return nil
}

func memberNode(m Member) (*node, error) {
	item, isList := strings.CutSuffix(m.Type, "[]")
	kinds := map[string]wire.Kind{"string": wire.KindString, "number": wire.KindNumber, "boolean": wire.KindBool}
	kind, simple := kinds[item]
	shape := &Shape{Type: m.Type}
	var check func(v wire.Value, issues *Issues) bool
	switch {
	case m.Type == "json":
		shape = &Shape{Type: "any", Optional: true}
		check = func(wire.Value, *Issues) bool { return true }
	case m.Type == "date":
		check = func(v wire.Value, issues *Issues) bool {
			if text, ok := v.Str(); ok {
				if _, ok := wire.ParseTime(text); ok {
					return true
				}
			}
			issues.Type("date", v)
			return false
		}
	case simple && isList:
		shape = &Shape{Type: "array", Items: &Shape{Type: item}}
		check = func(v wire.Value, issues *Issues) bool {
			items, ok := v.Items()
			if !ok {
				issues.Type("array", v)
				return false
			}
			for i := range items {
				if items[i].Kind() != kind {
					issues.Enter(itemName(i))
					issues.Type(item, items[i])
					issues.Leave()
					ok = false
				}
			}
			return ok
		}
	case simple:
		check = func(v wire.Value, issues *Issues) bool {
			if v.Kind() != kind {
				issues.Type(item, v)
			}
			return v.Kind() == kind
		}
	default:
		return nil, fmt.Errorf("validate: the member %q has the unknown type %q", m.Name, m.Type)
	}
	return &node{shape, func(dst reflect.Value, v wire.Value, issues *Issues) {
		if check(v, issues) && !v.IsUndefined() {
			to := dst.Addr().Interface().(*Fields)
			if to.Values == nil {
				to.Values = &wire.Object{}
			}
			to.Values.Set(m.Name, v)
		}
	}}, nil
}

// withoutHidden drops members that a field of the struct names itself.
func withoutHidden(fields []field) []field {
	own := map[string]bool{}
	for _, f := range fields {
		if !f.dynamic {
			own[f.name] = true
		}
	}
	kept := fields[:0]
	for _, f := range fields {
		if !f.dynamic || !own[f.name] {
			kept = append(kept, f)
		}
	}
	return kept
}

// Nullable is z.string().nullable().optional(): a string, null, or absent, when
// the three mean different things.
type Nullable struct {
	Text  string
	Given bool // a text or null was sent
	Null  bool
}

// DecodeWire implements Schemer.
func (n *Nullable) DecodeWire(v wire.Value, issues *Issues) {
	if v.IsUndefined() {
		return
	}
	s, ok := v.Str()
	if !ok && !v.IsNull() {
		issues.Type("string", v)
		return
	}
	*n = Nullable{Text: s, Given: true, Null: v.IsNull()}
}

// Shape implements Schemer.
func (*Nullable) Shape() *Shape { return &Shape{Type: "string", Optional: true, Nullable: true} }

// AppendJSON appends the text or null.
func (n *Nullable) AppendJSON(dst []byte) []byte {
	if n.Null || !n.Given {
		return append(dst, "null"...)
	}
	return wire.AppendString(dst, n.Text)
}

// IsZero reports whether nothing was sent, so that the json option omitzero leaves it
// out.
func (n Nullable) IsZero() bool { return !n.Given }

// Text makes a Nullable of a text.
func Text(s string) Nullable { return Nullable{Text: s, Given: true} }

// Null makes a Nullable of null.
func Null() Nullable { return Nullable{Given: true, Null: true} }
