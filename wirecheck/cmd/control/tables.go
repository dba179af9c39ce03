package main

import (
	"context"
	"errors"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/wire"
)

// table1 reads what every core table's options have: modelName, fields and
// additionalFields.
func (i *instance) table1(s *section) core.TableOptions {
	return core.TableOptions{Table: s.text("modelName"), Columns: columns(s), Fields: i.fields(s, "additionalFields")}
}

func columns(s *section) map[string]string {
	renamed := s.sub("fields")
	out := map[string]string{}
	for _, m := range renamed.object.Members() {
		if name := renamed.text(m.Name); name != "" {
			out[m.Name] = name
		}
	}
	return out
}

// fields reads declarations of fields, in order.
func (i *instance) fields(s *section, option string) []schema.Field {
	var out []schema.Field
	all := s.sub(option)
	for _, m := range all.object.Members() {
		out = append(out, i.field(m.Name, all.sub(m.Name)))
	}
	return out
}

func (i *instance) field(name string, s *section) schema.Field {
	f := schema.Field{
		Name: name, Column: s.text("fieldName"), Optional: !s.flagOr("required", true),
		Unique: s.flag("unique"), Index: s.flag("index"), Sortable: s.flag("sortable"), BigInt: s.flag("bigint"),
		NoInput: !s.flagOr("input", true), Hidden: !s.flagOr("returned", true),
	}
	if _, choice := s.get("type").Items(); choice {
		f.Type = schema.String // a list of literals is kept as text and not enforced
	} else {
		f.Type = schema.Type(s.text("type"))
	}
	if r := s.sub("references"); r.object.Len() > 0 {
		f.References = &schema.Reference{Model: r.text("model"), Field: r.text("field"), OnDelete: r.text("onDelete")}
	}
	f.Default = i.value(s, "defaultValue", &f)
	f.OnUpdate = i.value(s, "onUpdate", &f)
	if v := s.sub("validator"); v.has("input") {
		f.Validate = i.validator(v)
	}
	return f
}

// value reads a constant, or a function that makes a value.
func (i *instance) value(s *section, name string, f *schema.Field) func(time.Time) any {
	v := s.get(name)
	if v.IsUndefined() {
		return nil
	}
	field := *f
	if call := s.all.function(v); call != nil {
		return func(time.Time) any {
			made, err := call.call(context.Background())
			if err != nil {
				return nil
			}
			value, _ := decodeField(&field, made)
			return value
		}
	}
	value, err := decodeField(&field, v)
	if err != nil {
		s.all.problem(s.name(name))
	}
	return schema.Value(value)
}

// validator asks a validator of the options: it answers {value} or {issues}.
func (i *instance) validator(s *section) func(any) (any, error) {
	check := s.function("input")
	return func(value any) (any, error) {
		v, err := check.call(context.Background(), encode(value))
		if err != nil {
			return nil, err
		}
		if issues, ok := v.Get("issues").Items(); ok && len(issues) > 0 {
			message, _ := issues[0].Get("message").Str()
			if message == "" {
				message = core.CodeValidationError.Message
			}
			return nil, errors.New(message)
		}
		changed, err := plain(v.Get("value"))
		if err != nil {
			return nil, err
		}
		return sameType(value, changed), nil
	}
}

// sameType gives a changed value the Go type of the one it replaces.
func sameType(old any, v wire.Value) any {
	switch old.(type) {
	case string:
		if text, ok := v.Str(); ok {
			return text
		}
	case bool:
		if b, ok := v.Bool(); ok {
			return b
		}
	case int64, float64:
		if n, ok := v.Int64(); ok {
			return n
		}
		if n, ok := v.Num(); ok {
			return n
		}
	}
	return old
}
