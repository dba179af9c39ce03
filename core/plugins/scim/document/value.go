package document

import (
	"strconv"
	"strings"

	"github.com/advantch/kernia-go/core/wire"
)

// The limits of a resource.
const (
	MaxValues = 100 // of a multi-valued attribute other than the members of a group
	// MaxMembers bounds the members that one request names.
	MaxMembers = 1000
)

// Read makes a resource of what a client has sent. Names are found in any letter case.
// Attributes that nobody knows, that clients may not write, and null are left out: null and an
// empty list mean the absence of a value (RFC 7643 §2.5).
func Read(k *Kind, in *wire.Object) (Object, error) {
	out := Object{}
	for _, m := range in.Members() {
		if err := assign(k, out, m.Name, m.Value, nil); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// assign sets the member of a resource that a name stands for. change is how a value replaces
// the one that is there; nil sets it. It tells nothing about names that it does not know.
func assign(k *Kind, into Object, name string, v wire.Value, change func(*Path, wire.Value) error) error {
	p, ok := k.named(name)
	if !ok {
		return nil
	}
	if p.attr == nil { // the URN of a schema
		o, ok := v.Obj()
		if !ok {
			return nil // Entra ID names the extension without its object
		}
		for _, m := range o.Members() {
			if err := assign(k, into, p.urn(k)+":"+m.Name, m.Value, change); err != nil {
				return err
			}
		}
		return nil
	}
	if p.attr.Mutability == ReadOnly || p.sub != nil && p.sub.Mutability == ReadOnly {
		return nil
	}
	if change != nil {
		return change(p, v)
	}
	return p.set(into, v)
}

func (p *Path) urn(k *Kind) string {
	if p.schema == nil {
		return k.Core.URN
	}
	return p.schema.URN
}

// home is the object that holds the attribute of the path: the resource, or the extension in it.
func (p *Path) home(resource Object, create bool) Object {
	if p.schema == nil {
		return resource
	}
	o, ok := resource[p.schema.URN].(Object)
	if !ok && create {
		o = Object{}
		resource[p.schema.URN] = o
	}
	return o
}

// tidy removes the object of an extension that has nothing in it.
func (p *Path) tidy(resource Object) {
	if p.schema != nil && len(p.home(resource, false)) == 0 {
		delete(resource, p.schema.URN)
	}
}

// set puts a value in the place of the whole attribute, or of its part.
func (p *Path) set(resource Object, v wire.Value) error {
	a := p.attr
	if p.sub != nil {
		a = p.sub
	}
	value, err := a.read(v)
	if err != nil {
		return err
	}
	home := p.home(resource, true)
	defer p.tidy(resource)
	if p.sub == nil {
		put(home, a.Name, value)
		return nil
	}
	if p.attr.Multi {
		return fail(InvalidPath, quote(p.attr.Name)+" has several values")
	}
	o, ok := home[p.attr.Name].(Object)
	if !ok {
		o = Object{}
	}
	put(o, a.Name, value)
	put(home, p.attr.Name, o)
	return nil
}

// put sets a member, and removes it when the value is absent.
func put(o Object, name string, v any) {
	if present(v) {
		o[name] = v
	} else {
		delete(o, name)
	}
}

// read makes a value of what a client has sent for the attribute; nil is no value.
func (a *Attribute) read(v wire.Value) (any, error) {
	if v.IsNull() || v.IsUndefined() {
		return nil, nil
	}
	if !a.Multi {
		if items, ok := v.Items(); ok && len(items) == 1 && a.Type != Complex {
			v = items[0] // some clients send a list of one
		} else if ok && len(items) == 1 && a.Type == Complex {
			v = items[0] // Entra ID sends the manager so
		}
		return a.one(v)
	}
	items, ok := v.Items()
	if !ok {
		items = []wire.Value{v} // OneLogin's templates have one object in the place of a list
	}
	most := MaxValues
	if a.Name == "members" {
		most = MaxMembers
	}
	if len(items) > most {
		return nil, fail(InvalidValue, quote(a.Name)+" has too many values")
	}
	var out []any
	seen := make(map[string]bool, len(items))
	primary := -1
	for _, item := range items {
		one, err := a.one(item)
		if err != nil {
			return nil, err
		}
		o, isObject := one.(Object)
		if !present(one) || a.Type == Complex && !isObject {
			continue
		}
		if is, _ := o["primary"].(bool); is {
			if primary >= 0 {
				return nil, fail(InvalidValue, quote(a.Name)+" has more than one primary value")
			}
			primary = len(out)
		}
		if key := a.key(one); !seen[key] {
			seen[key] = true
			out = append(out, one)
		}
	}
	if out == nil {
		return nil, nil
	}
	return out, nil
}

// one reads a single value.
func (a *Attribute) one(v wire.Value) (any, error) {
	if v.IsNull() || v.IsUndefined() {
		return nil, nil
	}
	wrong := fail(InvalidValue, "The value of "+quote(a.Name)+" is not of the type "+string(a.Type))
	switch a.Type {
	case Complex:
		o, ok := v.Obj()
		if !ok {
			value := a.sub("value")
			if _, isText := v.Str(); value == nil || !isText {
				return nil, wrong
			}
			if inner, err := value.one(v); err != nil || !present(inner) {
				return nil, err
			} else {
				return Object{value.Name: inner}, nil // a value alone, such as a manager's id
			}
		}
		out := Object{}
		for _, m := range o.Members() {
			part := a.sub(m.Name)
			if part == nil || part.readOnly() {
				continue
			}
			inner, err := part.one(m.Value)
			if err != nil {
				return nil, err
			}
			put(out, part.Name, inner)
		}
		return out, nil
	case Boolean:
		if b, ok := v.Bool(); ok {
			return b, nil
		}
		if s, ok := v.Str(); ok { // Entra ID sends "True"
			if b, ok := truth(s); ok {
				return b, nil
			}
			if s == "" {
				return nil, nil
			}
		}
		return nil, wrong
	}
	s, ok := v.Str()
	if n, isNumber := v.Num(); !ok && isNumber { // employee numbers come as numbers too
		s, ok = string(wire.Number(n).AppendJSON(nil)), true
	}
	if !ok {
		return nil, wrong
	}
	most := a.MaxLength
	if most == 0 {
		most = maxText
	}
	if len(s) > most {
		return nil, fail(InvalidValue, "The value of "+quote(a.Name)+" is too long")
	}
	if strings.ContainsRune(s, 0) {
		return nil, fail(InvalidValue, "The value of "+quote(a.Name)+" has a character that is not allowed")
	}
	return s, nil
}

// key is the same for two values of the attribute that are the same one, and differs for others.
func (a *Attribute) key(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case string:
		if a.CaseExact {
			return v
		}
		return Fold(v)
	case Object:
		if a.Name == "members" {
			id, _ := v["value"].(string)
			return id
		}
		var out strings.Builder
		for i, part := range a.Sub {
			if inner, ok := v[part.Name]; ok {
				key := part.key(inner)
				out.WriteString(strconv.Itoa(i) + ":" + strconv.Itoa(len(key)) + ":" + key)
			}
		}
		return out.String()
	}
	return ""
}

// equal reports whether two values of the attribute are the same one.
func (a *Attribute) equal(x, y any) bool {
	_, isText := x.(string)
	_, alsoText := y.(string)
	return isText == alsoText && present(x) == present(y) && a.key(x) == a.key(y)
}

// Clone copies a resource.
func Clone(o Object) Object {
	out, _ := clone(o).(Object)
	return out
}

func clone(v any) any {
	switch v := v.(type) {
	case Object:
		out := make(Object, len(v))
		for name, inner := range v {
			out[name] = clone(inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = clone(inner)
		}
		return out
	}
	return v
}
