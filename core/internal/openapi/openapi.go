// Package openapi writes an OpenAPI 3.1.1 document from compiled operations and
// the database schema. It knows nothing of HTTP servers: package core hands it
// what it needs.
package openapi

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// Operation is one routed operation.
type Operation struct {
	ID      string
	Methods []string
	Path    string // "/reset-password/:token"
	Doc     string
	Tag     string // groups operations; default "Default"
	Form    bool   // form-encoded bodies are accepted too
	Input   *validate.Input
	Output  reflect.Type
}

// Info heads the document.
type Info struct {
	Title, Description, Version string
	Server                      string // base URL
	SessionCookie               string // name of the session cookie
}

// Rows returns the model whose rows a struct type holds.
type Rows func(t reflect.Type) (model string, ok bool)

// Document returns the document as JSON.
func Document(info Info, ops []Operation, tables *schema.Schema, rows Rows) []byte {
	root := object(
		"openapi", wire.String("3.1.1"),
		"info", wire.ObjectOf(object("title", wire.String(info.Title), "description", wire.String(info.Description), "version", wire.String(info.Version))),
		"components", wire.ObjectOf(object(
			"schemas", wire.ObjectOf(tableSchemas(tables)),
			"securitySchemes", wire.ObjectOf(object("sessionCookie", wire.ObjectOf(object(
				"type", wire.String("apiKey"), "in", wire.String("cookie"), "name", wire.String(info.SessionCookie),
				"description", wire.String("The signed session cookie, set by every sign-in"),
			)))),
		)),
		"security", wire.Array(wire.ObjectOf(object("sessionCookie", wire.Array()))),
		"servers", wire.Array(wire.ObjectOf(object("url", wire.String(info.Server)))),
		"tags", wire.Array(tags(ops)...),
		"paths", wire.ObjectOf(paths(ops, rows)),
	)
	return wire.ObjectOf(root).AppendJSON(nil)
}

// object makes an object of alternating names and values.
func object(pairs ...any) *wire.Object {
	o := wire.NewObject()
	for i := 0; i < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pairs[i+1].(wire.Value))
	}
	return o
}

func tags(ops []Operation) []wire.Value {
	var seen []string
	var out []wire.Value
	for _, op := range ops {
		if t := op.tag(); !slices.Contains(seen, t) {
			seen = append(seen, t)
			out = append(out, wire.ObjectOf(object("name", wire.String(t))))
		}
	}
	return out
}

func (op *Operation) tag() string {
	if op.Tag == "" {
		return "Default"
	}
	return op.Tag
}

func paths(ops []Operation, rows Rows) *wire.Object {
	out := wire.NewObject()
	for i := range ops {
		op := &ops[i]
		path, params := template(op.Path)
		item := wire.NewObject()
		if v, ok := out.Get(path); ok {
			item, _ = v.Obj()
		}
		for j, m := range op.Methods {
			id := op.ID
			if j > 0 {
				id += strings.ToUpper(m[:1]) + strings.ToLower(m[1:]) // operation ids are unique
			}
			item.Set(strings.ToLower(m), wire.ObjectOf(op.document(id, m, params, rows)))
		}
		out.Set(path, wire.ObjectOf(item))
	}
	return out
}

// template turns "/a/:b" into "/a/{b}".
func template(path string) (string, []string) {
	var params []string
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if name, ok := strings.CutPrefix(s, ":"); ok {
			segments[i] = "{" + name + "}"
			params = append(params, name)
		}
	}
	return strings.Join(segments, "/"), params
}

func (op *Operation) document(id, method string, params []string, rows Rows) *wire.Object {
	o := object("tags", wire.Array(wire.String(op.tag())), "operationId", wire.String(id))
	if op.Doc != "" {
		o.Set("description", wire.String(op.Doc))
	}
	var list []wire.Value
	for _, p := range params {
		list = append(list, wire.ObjectOf(object("name", wire.String(p), "in", wire.String("path"), "required", wire.Bool(true),
			"schema", wire.ObjectOf(object("type", wire.String("string"))))))
	}
	if q := op.Input.Query(); q != nil {
		for _, p := range q.Properties {
			s := object("name", wire.String(p.Name), "in", wire.String("query"), "required", wire.Bool(!p.Shape.Optional))
			if p.Shape.Description != "" {
				s.Set("description", wire.String(p.Shape.Description))
			}
			s.Set("schema", wire.ObjectOf(inputSchema(p.Shape)))
			list = append(list, wire.ObjectOf(s))
		}
	}
	if len(list) > 0 {
		o.Set("parameters", wire.Array(list...))
	}
	if body := op.Input.Body(); body != nil && method != "GET" {
		media := object("schema", wire.ObjectOf(inputSchema(body)))
		content := object("application/json", wire.ObjectOf(media))
		if op.Form {
			content.Set("application/x-www-form-urlencoded", wire.ObjectOf(media))
		}
		o.Set("requestBody", wire.ObjectOf(object("required", wire.Bool(!body.Optional), "content", wire.ObjectOf(content))))
	}
	o.Set("responses", wire.ObjectOf(op.responses(rows)))
	return o
}

func (op *Operation) responses(rows Rows) *wire.Object {
	ok := object("description", wire.String("Success"))
	if s := rows.outputSchema(op.Output, nil); s != nil {
		ok.Set("content", wire.ObjectOf(object("application/json", wire.ObjectOf(object("schema", wire.ObjectOf(s))))))
	}
	out := object("200", wire.ObjectOf(ok))
	for _, e := range []struct{ status, text string }{
		{"400", "The request does not fit: a member is missing or wrong"},
		{"401", "There is no valid session, or the credentials are wrong"},
		{"403", "The origin or the redirect target is not trusted, or the session is not allowed to do this"},
		{"404", "There is nothing here"},
		{"429", "Too many requests; X-Retry-After says how many seconds to wait"},
		{"500", "The server failed; the cause is in its log"},
	} {
		body := object("type", wire.String("object"), "properties", wire.ObjectOf(object(
			"message", wire.ObjectOf(object("type", wire.String("string"))),
			"code", wire.ObjectOf(object("type", wire.String("string"))))),
			"required", wire.Array(wire.String("message"), wire.String("code")))
		out.Set(e.status, wire.ObjectOf(object("description", wire.String(e.text), "content",
			wire.ObjectOf(object("application/json", wire.ObjectOf(object("schema", wire.ObjectOf(body))))))))
	}
	return out
}

// inputSchema is the JSON Schema of an input shape.
func inputSchema(s *validate.Shape) *wire.Object {
	o := wire.NewObject()
	if s.Description != "" {
		o.Set("description", wire.String(s.Description))
	}
	setType := func(t string) {
		if s.Nullable {
			o.Set("type", wire.Array(wire.String(t), wire.String("null")))
			return
		}
		o.Set("type", wire.String(t))
	}
	switch s.Type {
	case "any":
	case "date":
		setType("string")
		o.Set("format", wire.String("date-time"))
	case "union":
		var any []wire.Value
		for _, m := range s.AnyOf {
			any = append(any, wire.ObjectOf(inputSchema(m)))
		}
		o.Set("anyOf", wire.Array(any...))
	case "array":
		setType("array")
		if s.Items != nil {
			o.Set("items", wire.ObjectOf(inputSchema(s.Items)))
		}
		bounds(o, s, "minItems", "maxItems")
	case "string":
		setType("string")
		if s.Format != "" {
			o.Set("format", wire.String(s.Format))
		}
		if len(s.Enum) > 0 {
			var values []wire.Value
			for _, e := range s.Enum {
				values = append(values, wire.String(e))
			}
			o.Set("enum", wire.Array(values...))
		}
		bounds(o, s, "minLength", "maxLength")
	case "number", "integer":
		setType(s.Type)
		bounds(o, s, "minimum", "maximum")
	case "object":
		setType("object")
		properties(o, s)
	default:
		setType(s.Type)
	}
	if !s.Default.IsUndefined() {
		o.Set("default", s.Default)
	}
	return o
}

func properties(o *wire.Object, s *validate.Shape) {
	if len(s.Properties) > 0 {
		members, required := wire.NewObject(), []wire.Value(nil)
		for _, p := range s.Properties {
			members.Set(p.Name, wire.ObjectOf(inputSchema(p.Shape)))
			if !p.Shape.Optional {
				required = append(required, wire.String(p.Name))
			}
		}
		o.Set("properties", wire.ObjectOf(members))
		if required != nil {
			o.Set("required", wire.Array(required...))
		}
	}
	switch {
	case s.Additional != nil:
		o.Set("additionalProperties", wire.ObjectOf(inputSchema(s.Additional)))
	case s.Strict:
		o.Set("additionalProperties", wire.Bool(false))
	}
}

func bounds(o *wire.Object, s *validate.Shape, low, high string) {
	if s.Exclusive && low == "minimum" {
		low = "exclusiveMinimum"
	}
	if s.Min != nil {
		o.Set(low, wire.Number(*s.Min))
	}
	if s.Max != nil {
		o.Set(high, wire.Number(*s.Max))
	}
}

// Named is implemented by results that a component of the document describes,
// such as a user.
type Named interface{ OpenAPIName() string }

// Described is implemented by results that write their own JSON and say here what
// it looks like: a zero value of the struct that has the same members.
type Described interface{ OpenAPIForm() any }

var (
	namedType     = reflect.TypeFor[Named]()
	describedType = reflect.TypeFor[Described]()
	timeType      = reflect.TypeFor[time.Time]()
	valueType     = reflect.TypeFor[wire.Value]()
)

// outputSchema is the JSON Schema of a result type; nil when it is not JSON.
func (rows Rows) outputSchema(t reflect.Type, active []reflect.Type) *wire.Object {
	if t == nil || slices.Contains(active, t) {
		return wire.NewObject()
	}
	if t.Implements(namedType) {
		if t.Kind() == reflect.Pointer {
			return reference(reflect.New(t.Elem()).Interface().(Named).OpenAPIName())
		}
		return reference(reflect.Zero(t).Interface().(Named).OpenAPIName())
	}
	row := t
	if row.Kind() == reflect.Pointer {
		row = row.Elem()
	}
	if model, ok := rows(row); ok && !t.Implements(describedType) {
		return reference(Component(model))
	}
	if t.Implements(describedType) {
		zero := reflect.Zero(t)
		if t.Kind() == reflect.Pointer {
			zero = reflect.New(t.Elem())
		}
		form := zero.Interface().(Described).OpenAPIForm()
		if form == nil {
			return nil
		}
		return rows.outputSchema(reflect.TypeOf(form), append(active, t))
	}
	active = append(active, t)
	if t == timeType {
		return object("type", wire.String("string"), "format", wire.String("date-time"))
	}
	if t == valueType {
		return wire.NewObject()
	}
	switch t.Kind() {
	case reflect.Pointer:
		inner := rows.outputSchema(t.Elem(), active)
		return object("anyOf", wire.Array(wire.ObjectOf(inner), wire.ObjectOf(object("type", wire.String("null")))))
	case reflect.String:
		return object("type", wire.String("string"))
	case reflect.Bool:
		return object("type", wire.String("boolean"))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object("type", wire.String("integer"))
	case reflect.Float32, reflect.Float64:
		return object("type", wire.String("number"))
	case reflect.Slice, reflect.Array:
		items := rows.outputSchema(t.Elem(), active)
		return object("type", wire.String("array"), "items", wire.ObjectOf(items))
	case reflect.Struct:
		return rows.structSchema(t, active)
	}
	return wire.NewObject()
}

func reference(name string) *wire.Object {
	return object("$ref", wire.String("#/components/schemas/"+name))
}

func (rows Rows) structSchema(t reflect.Type, active []reflect.Type) *wire.Object {
	members, required := wire.NewObject(), []wire.Value(nil)
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || !f.IsExported() || name == "" || name == "-" {
			continue
		}
		members.Set(name, wire.ObjectOf(rows.outputSchema(f.Type, active)))
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
			required = append(required, wire.String(name))
		}
	}
	o := object("type", wire.String("object"), "properties", wire.ObjectOf(members))
	if required != nil {
		o.Set("required", wire.Array(required...))
	}
	return o
}

// tableSchemas describes the rows that clients see: hidden fields are left out.
func tableSchemas(tables *schema.Schema) *wire.Object {
	out := wire.NewObject()
	for _, t := range tables.Tables() {
		members := object("id", wire.ObjectOf(object("type", wire.String("string"))))
		required := []wire.Value{wire.String("id")}
		for i := range t.Fields {
			f := &t.Fields[i]
			if f.Hidden {
				continue
			}
			members.Set(f.Name, wire.ObjectOf(fieldSchema(f)))
			if !f.Optional {
				required = append(required, wire.String(f.Name))
			}
		}
		out.Set(Component(t.Model), wire.ObjectOf(object("type", wire.String("object"),
			"properties", wire.ObjectOf(members), "required", wire.Array(required...))))
	}
	return out
}

// Component is the name of a model's schema: "user" is "User".
func Component(model string) string { return strings.ToUpper(model[:1]) + model[1:] }

func fieldSchema(f *schema.Field) *wire.Object {
	o := wire.NewObject()
	setType := func(t string) {
		if f.Optional {
			o.Set("type", wire.Array(wire.String(t), wire.String("null")))
			return
		}
		o.Set("type", wire.String(t))
	}
	switch f.Type {
	case schema.String:
		setType("string")
	case schema.Number:
		setType("number")
	case schema.Boolean:
		setType("boolean")
	case schema.Date:
		setType("string")
		o.Set("format", wire.String("date-time"))
	case schema.StringArray, schema.NumberArray:
		setType("array")
		item := "string"
		if f.Type == schema.NumberArray {
			item = "number"
		}
		o.Set("items", wire.ObjectOf(object("type", wire.String(item))))
	}
	if f.NoInput {
		o.Set("readOnly", wire.Bool(true))
	}
	return o
}
