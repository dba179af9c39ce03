// Package openapi writes an OpenAPI 3.1.1 document from compiled operations and
// the database schema. It knows nothing of HTTP servers: package core hands it
// what it needs.
package openapi

import (
	"reflect"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// Operation is one routed operation.
type Operation struct {
	ID       string
	Methods  []string
	Path     string // "/reset-password/:token"
	Server   string // base URL where it is not the document's
	Doc      string
	Tag      string // groups operations; default "Default"
	Form     bool   // form-encoded bodies are accepted too
	Raw      bool   // the body is not parsed
	Session  bool   // without credentials it answers 401
	Input    *validate.Input
	Output   reflect.Type
	Members  []validate.Property // of the body beside those of Input
	Optional []string            // members of the body that may be absent, whatever Input says
	Adds     []string            // texts that the answer may have beside the members of Output
	Others   []reflect.Type      // further answers that a success may have
	Null     bool                // the answer may be null
	Status   int                 // of a success; default 200
	Redirect bool                // the answer may be a redirect
	Media    string              // of a result that is not application/json
	Fails    []int               // statuses of failures beside those that every operation has
	OAuth    bool                // failures may have the form of OAuth 2.0
	Failure  Failure             // the form of failures, when it is not that of all others
}

// Failure is the form that failures of a protocol have.
type Failure struct {
	Media string
	Shape reflect.Type // nil for the form of all others
}

// Scheme is a way in which callers show who they are.
type Scheme struct {
	Name   string // of the component
	Type   string // "cookie", "header" or "bearer"
	Key    string // name of the cookie or header
	Detail string
}

// Info heads the document.
type Info struct {
	Title, Description, Version string
	Server                      string // base URL
	Schemes                     []Scheme
}

// Rows are the types of Go for rows of tables.
type Rows struct {
	Model  func(t reflect.Type) (model string, ok bool) // whose rows a struct type holds
	Hidden string                                       // a model that has no component
	JSON   map[string][]string                          // fields by model that are text in the table and JSON for clients
}

// writer writes one document.
type writer struct {
	rows       Rows
	components *wire.Object
	schemes    []Scheme
}

// Document returns the document as JSON.
func Document(info Info, ops []Operation, tables *schema.Schema, rows Rows) []byte {
	w := &writer{rows: rows, components: tableSchemas(tables, rows), schemes: info.Schemes}
	described := paths(ops, w)
	schemes := wire.NewObject()
	for _, s := range info.Schemes {
		schemes.Set(s.Name, wire.ObjectOf(s.document()))
	}
	root := object(
		"openapi", wire.String("3.1.1"),
		"info", wire.ObjectOf(object("title", wire.String(info.Title), "description", wire.String(info.Description), "version", wire.String(info.Version))),
		"components", wire.ObjectOf(object("schemas", wire.ObjectOf(w.components), "securitySchemes", wire.ObjectOf(schemes))),
		"security", wire.Array(w.security(false)...),
		"servers", wire.Array(wire.ObjectOf(object("url", wire.String(info.Server)))),
		"tags", wire.Array(tags(ops)...),
		"paths", wire.ObjectOf(described),
	)
	return wire.ObjectOf(root).AppendJSON(nil)
}

func (s Scheme) document() *wire.Object {
	if s.Type == "bearer" {
		return object("type", wire.String("http"), "scheme", wire.String("bearer"), "description", wire.String(s.Detail))
	}
	return object("type", wire.String("apiKey"), "in", wire.String(s.Type), "name", wire.String(s.Key), "description", wire.String(s.Detail))
}

// security lists the schemes, any one of which is enough. Where none is needed the
// operation may still look at them.
func (w *writer) security(needed bool) []wire.Value {
	var ways []wire.Value
	for _, s := range w.schemes {
		ways = append(ways, wire.ObjectOf(object(s.Name, wire.Array())))
	}
	if !needed {
		ways = append(ways, wire.ObjectOf(wire.NewObject()))
	}
	return ways
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

func paths(ops []Operation, w *writer) *wire.Object {
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
			item.Set(strings.ToLower(m), wire.ObjectOf(op.document(id, m, params, w)))
		}
		if op.Server != "" {
			item.Set("servers", wire.Array(wire.ObjectOf(object("url", wire.String(op.Server)))))
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

func (op *Operation) document(id, method string, params []string, w *writer) *wire.Object {
	o := object("tags", wire.Array(wire.String(op.tag())), "operationId", wire.String(id))
	if op.Doc != "" {
		o.Set("summary", wire.String(op.Doc))
		o.Set("description", wire.String(op.Doc))
	}
	if op.Session {
		o.Set("security", wire.Array(w.security(true)...))
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
	if body := op.body(); body != nil && method != "GET" {
		media := object("schema", wire.ObjectOf(inputSchema(body)))
		content := object("application/json", wire.ObjectOf(media))
		if op.Form {
			content.Set("application/x-www-form-urlencoded", wire.ObjectOf(media))
		}
		o.Set("requestBody", wire.ObjectOf(object("required", wire.Bool(!body.Optional), "content", wire.ObjectOf(content))))
	}
	o.Set("responses", wire.ObjectOf(op.responses(method, w)))
	return o
}

// body is the shape of the body; nil when there is none.
func (op *Operation) body() *validate.Shape {
	body := op.Input.Body()
	if body == nil || op.Optional == nil && op.Members == nil {
		return body
	}
	copied := *body
	copied.Properties = slices.Clone(body.Properties)
	for _, m := range op.Members {
		if !slices.ContainsFunc(copied.Properties, func(p validate.Property) bool { return p.Name == m.Name }) {
			copied.Properties = append(copied.Properties, m)
		}
	}
	for i, p := range copied.Properties {
		if slices.Contains(op.Optional, p.Name) {
			shape := *p.Shape
			shape.Optional = true
			copied.Properties[i].Shape = &shape
		}
	}
	return &copied
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
		switch {
		case s.Coerce && !s.Nullable: // a number or boolean is taken as its text
			o.Set("type", wire.Array(wire.String("string"), wire.String("number"), wire.String("boolean")))
		default:
			setType("string")
		}
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

// tableSchemas describes the rows that clients see: hidden fields are left out.
func tableSchemas(tables *schema.Schema, rows Rows) *wire.Object {
	out := wire.NewObject()
	for _, t := range tables.Tables() {
		if t.Model == rows.Hidden {
			continue
		}
		members := object("id", wire.ObjectOf(object("type", wire.String("string"))))
		required := []wire.Value{wire.String("id")}
		for i := range t.Fields {
			f := &t.Fields[i]
			if f.Hidden {
				continue
			}
			described := fieldSchema(f)
			if slices.Contains(rows.JSON[t.Model], f.Name) {
				described = wire.NewObject() // whatever the text holds
			}
			members.Set(f.Name, wire.ObjectOf(described))
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
	case schema.JSON: // any JSON
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
