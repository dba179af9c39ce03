package document

import (
	"github.com/advantch/kernia-go/core/wire"
)

// Append appends a resource as JSON. Its members come in the order of Better Auth 1.6 and then
// of the schema, those of extensions after them.
func Append(dst []byte, k *Kind, o Object) []byte {
	return Value(k, o).AppendJSON(dst)
}

// first are the members of a resource before all others, last the one after them.
var (
	first = []string{"id", "externalId", "meta", "userName", "name", "displayName", "active", "emails"}
	last  = "schemas"
)

// Value is the JSON of a resource.
func Value(k *Kind, o Object) wire.Value {
	out := wire.NewObject()
	done := map[string]bool{last: true}
	set := func(a *Attribute) {
		if v, ok := o[a.Name]; ok && !done[a.Name] {
			out.Set(a.Name, a.value(v))
		}
		done[a.Name] = true
	}
	for _, name := range first {
		if a := k.attribute(name); a != nil {
			set(a)
		}
	}
	for _, a := range k.Core.Attributes {
		set(a)
	}
	for _, s := range k.Extensions {
		inner, ok := o[s.URN].(Object)
		if !ok {
			continue
		}
		members := wire.NewObject()
		for _, a := range s.Attributes {
			if v, ok := inner[a.Name]; ok {
				members.Set(a.Name, a.value(v))
			}
		}
		out.Set(s.URN, wire.ObjectOf(members))
	}
	if v, ok := o[last]; ok {
		out.Set(last, k.attribute(last).value(v))
	}
	return wire.ObjectOf(out)
}

func (a *Attribute) value(v any) wire.Value {
	switch v := v.(type) {
	case string:
		return wire.String(v)
	case bool:
		return wire.Bool(v)
	case []any:
		items := make([]wire.Value, len(v))
		for i, item := range v {
			items[i] = a.value(item)
		}
		return wire.Array(items...)
	case Object:
		out := wire.NewObject()
		order := a.Sub
		if a.Name == "emails" { // primary first, as in Better Auth 1.6
			order = append([]*Attribute{a.sub("primary")}, order...)
		}
		for _, part := range order {
			if inner, ok := v[part.Name]; ok {
				out.Set(part.Name, part.value(inner))
			}
		}
		return wire.ObjectOf(out)
	}
	return wire.Null()
}

// Describe is the description of a schema for /Schemas, without its location.
func Describe(s *Schema) *wire.Object {
	out := wire.NewObject(
		wire.Member{Name: "id", Value: wire.String(s.URN)},
		wire.Member{Name: "schemas", Value: wire.Array(wire.String("urn:ietf:params:scim:schemas:core:2.0:Schema"))},
		wire.Member{Name: "name", Value: wire.String(s.Name)},
		wire.Member{Name: "description", Value: wire.String(s.Doc)},
	)
	var list []wire.Value
	for _, a := range s.Attributes {
		if !a.Quiet {
			list = append(list, a.describe())
		}
	}
	out.Set("attributes", wire.Array(list...))
	return out
}

func (a *Attribute) describe() wire.Value {
	out := wire.NewObject(
		wire.Member{Name: "name", Value: wire.String(a.Name)},
		wire.Member{Name: "type", Value: wire.String(string(a.Type))},
		wire.Member{Name: "multiValued", Value: wire.Bool(a.Multi)},
		wire.Member{Name: "description", Value: wire.String(a.Doc)},
		wire.Member{Name: "required", Value: wire.Bool(a.Required)},
	)
	if len(a.Sub) > 0 {
		items := make([]wire.Value, len(a.Sub))
		for i, part := range a.Sub {
			items[i] = part.describe()
		}
		out.Set("subAttributes", wire.Array(items...))
	} else if a.Type != Boolean {
		out.Set("caseExact", wire.Bool(a.CaseExact))
	}
	if a.Type == Reference {
		kind := "external"
		if a.Name == "$ref" {
			kind = "uri"
		}
		out.Set("referenceTypes", wire.Array(wire.String(kind)))
	}
	or := func(s, fallback string) wire.Value {
		if s == "" {
			s = fallback
		}
		return wire.String(s)
	}
	out.Set("mutability", or(a.Mutability, ReadWrite))
	out.Set("returned", wire.String("default"))
	if a.Type != Boolean {
		out.Set("uniqueness", or(a.Uniqueness, "none"))
	}
	return wire.ObjectOf(out)
}
