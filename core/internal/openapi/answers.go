package openapi

import (
	"cmp"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/wire"
)

// failures are those that every operation has; bodied has those of operations with a body.
var (
	failures = []int{400, 401, 403, 404, 429, 500, 503}
	bodied   = []int{413, 415}
)

// texts describe failures.
var texts = map[int]string{
	400: "The request does not fit: a member is missing or wrong",
	401: "There is no valid session, or the credentials are wrong",
	403: "The origin or the redirect target is not trusted, or the session is not allowed to do this",
	404: "There is nothing here",
	413: "The body is too large",
	415: "The body has another media type than those of the operation",
	429: "Too many requests; X-Retry-After says how many seconds to wait",
	500: "The server failed; the cause is in its log",
	503: "The server is too busy, or cannot reach what it needs; Retry-After says how many seconds to wait",
}

// The components that describe failures.
const (
	errorName = "Error"
	oauthName = "OAuthError"
)

// failure is the schema of the body of a failure. What a plugin adds to it is not listed.
func (w *writer) failure(oauth bool) *wire.Object {
	text := wire.ObjectOf(object("type", wire.String("string")))
	if _, ok := w.components.Get(errorName); !ok {
		w.components.Set(errorName, wire.ObjectOf(object("type", wire.String("object"), "properties",
			wire.ObjectOf(object("message", text, "code", text)), "required", wire.Array(wire.String("message"), wire.String("code")),
			"additionalProperties", wire.Bool(true))))
	}
	if !oauth {
		return reference(errorName)
	}
	if _, ok := w.components.Get(oauthName); !ok {
		w.components.Set(oauthName, wire.ObjectOf(object("type", wire.String("object"), "properties",
			wire.ObjectOf(object("error", text, "error_description", text)), "required", wire.Array(wire.String("error")))))
	}
	return object("anyOf", wire.Array(wire.ObjectOf(reference(oauthName)), wire.ObjectOf(reference(errorName))))
}

// content is a body of one media type.
func content(media string, s *wire.Object) wire.Value {
	return wire.ObjectOf(object(media, wire.ObjectOf(object("schema", wire.ObjectOf(s)))))
}

const jsonType = "application/json"

func (op *Operation) responses(method string, w *writer) *wire.Object {
	out := wire.NewObject()
	if s := op.answer(w); s != nil {
		ok := object("description", wire.String("Success"))
		if op.Status != http.StatusNoContent {
			ok.Set("content", content(cmp.Or(op.Media, jsonType), s))
		}
		out.Set(strconv.Itoa(cmp.Or(op.Status, http.StatusOK)), wire.ObjectOf(ok))
	}
	if op.Status == http.StatusNoContent {
		out.Set("204", wire.ObjectOf(object("description", wire.String("Success, without a body"))))
	}
	if op.Redirect {
		location := object("Location", wire.ObjectOf(object("description", wire.String("Where to go on"), "schema", wire.ObjectOf(object("type", wire.String("string"))))))
		out.Set("302", wire.ObjectOf(object("description", wire.String("The browser is sent to another page"), "headers", wire.ObjectOf(location))))
	}
	all := slices.Concat(failures, op.Fails)
	if method != http.MethodGet && !op.Raw {
		all = append(all, bodied...)
	}
	slices.Sort(all)
	for _, status := range slices.Compact(all) {
		body := content(cmp.Or(op.Failure.Media, jsonType), op.refusal(w))
		out.Set(strconv.Itoa(status), wire.ObjectOf(object("description", wire.String(cmp.Or(texts[status], http.StatusText(status))), "content", body)))
	}
	return out
}

// refusal is the schema of the body of a failure of the operation.
func (op *Operation) refusal(w *writer) *wire.Object {
	if op.Failure.Shape != nil {
		return w.schema(op.Failure.Shape, nil)
	}
	return w.failure(op.OAuth)
}

// answer is the schema of a success; nil when there is none but a redirect.
func (op *Operation) answer(w *writer) *wire.Object {
	if op.Media != "" && !strings.HasSuffix(op.Media, "json") {
		return object("type", wire.String("string"))
	}
	s := w.schema(op.Output, nil)
	if s == nil && op.Null {
		return object("type", wire.String("null")) // beside other forms that are no JSON
	}
	if s == nil {
		return nil
	}
	if members, ok := s.Get("properties"); ok && len(op.Adds) > 0 {
		o, _ := members.Obj()
		for _, name := range op.Adds {
			o.Set(name, wire.ObjectOf(object("type", wire.String("string"))))
		}
	}
	for _, other := range op.Others {
		s = either(s, w.schema(other, nil))
	}
	if op.Null {
		s = either(s, object("type", wire.String("null")))
	}
	return s
}

// either is a schema for what fits one of two.
func either(a, b *wire.Object) *wire.Object {
	if all, ok := a.Get("anyOf"); ok && a.Len() == 1 {
		items, _ := all.Items()
		return object("anyOf", wire.Array(append(slices.Clone(items), wire.ObjectOf(b))...))
	}
	return object("anyOf", wire.Array(wire.ObjectOf(a), wire.ObjectOf(b)))
}

// Named is implemented by results that a component of the document describes,
// such as a user.
type Named interface{ OpenAPIName() string }

// Described is implemented by results that write their own JSON and say here what
// it looks like: a zero value of a struct that has the same members, or nil when the
// result is not JSON. Members of the struct are named by json tags. One that has
// openapi:"null" may be null. A struct that embeds a row or a Named has its members
// too, except those that the struct names; openapi:"-" takes one away.
type Described interface{ OpenAPIForm() any }

var (
	namedType     = reflect.TypeFor[Named]()
	describedType = reflect.TypeFor[Described]()
	timeType      = reflect.TypeFor[time.Time]()
	valueType     = reflect.TypeFor[wire.Value]()
	rawType       = reflect.TypeFor[json.RawMessage]()
)

// component is the name of the component that describes a type.
func (w *writer) component(t reflect.Type) (string, bool) {
	if t.Implements(namedType) && !t.Implements(describedType) && !embeds(t, namedType) {
		zero := reflect.Zero(t)
		if t.Kind() == reflect.Pointer {
			zero = reflect.New(t.Elem())
		}
		return zero.Interface().(Named).OpenAPIName(), true
	}
	if t.Implements(describedType) {
		return "", false
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	model, ok := w.rows.Model(t)
	if !ok {
		return "", false
	}
	return Component(model), true
}

// embeds reports whether a struct has a method of an interface from a type that it embeds.
func embeds(t, of reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return false
	}
	for i := range t.NumField() {
		if f := t.Field(i); f.Anonymous && (f.Type.Implements(of) || reflect.PointerTo(f.Type).Implements(of)) {
			return true
		}
	}
	return false
}

// form is the form that a type describes itself with.
func form(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() != reflect.Pointer && reflect.PointerTo(t).Implements(describedType) {
		t = reflect.PointerTo(t)
	}
	if !t.Implements(describedType) {
		return nil, false
	}
	zero := reflect.Zero(t)
	if t.Kind() == reflect.Pointer {
		zero = reflect.New(t.Elem())
	}
	return reflect.TypeOf(zero.Interface().(Described).OpenAPIForm()), true
}

// schema is the JSON Schema of a result type; nil when it is not JSON.
func (w *writer) schema(t reflect.Type, active []reflect.Type) *wire.Object {
	if t == nil || slices.Contains(active, t) || t == valueType || t == rawType {
		return wire.NewObject()
	}
	if name, ok := w.component(t); ok {
		return reference(name)
	}
	active = append(active, t)
	if described, ok := form(t); ok {
		if described == nil {
			return nil
		}
		return w.schema(described, active)
	}
	if t == timeType {
		return object("type", wire.String("string"), "format", wire.String("date-time"))
	}
	switch t.Kind() {
	case reflect.Pointer:
		return w.schema(t.Elem(), active)
	case reflect.String:
		return object("type", wire.String("string"))
	case reflect.Bool:
		return object("type", wire.String("boolean"))
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object("type", wire.String("integer"))
	case reflect.Float32, reflect.Float64:
		return object("type", wire.String("number"))
	case reflect.Slice, reflect.Array:
		return object("type", wire.String("array"), "items", wire.ObjectOf(w.schema(t.Elem(), active)))
	case reflect.Map:
		return object("type", wire.String("object"), "additionalProperties", wire.ObjectOf(w.schema(t.Elem(), active)))
	case reflect.Struct:
		return w.structSchema(t, active)
	}
	return wire.NewObject()
}

func reference(name string) *wire.Object {
	return object("$ref", wire.String("#/components/schemas/"+name))
}

func (w *writer) structSchema(t reflect.Type, active []reflect.Type) *wire.Object {
	members, required := wire.NewObject(), []wire.Value(nil)
	own := map[string]bool{}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			own[name] = true
		}
	}
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous && len(f.Index) == 1 {
			required = append(required, w.embed(members, f.Type, own)...)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || !f.IsExported() || name == "" || name == "-" || f.Tag.Get("openapi") == "-" {
			continue
		}
		s := w.schema(f.Type, active)
		missing := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		_, row := w.component(f.Type)
		if f.Tag.Get("openapi") == "null" || f.Type.Kind() == reflect.Pointer && !row && !missing {
			s = orNull(s)
		}
		if text := f.Tag.Get("doc"); text != "" {
			s.Set("description", wire.String(text))
		}
		members.Set(name, wire.ObjectOf(s))
		if !missing && f.Type != valueType {
			required = append(required, wire.String(name))
		}
	}
	o := object("type", wire.String("object"), "properties", wire.ObjectOf(members))
	if required != nil {
		o.Set("required", wire.Array(required...))
	}
	return o
}

// embed adds the members of a component, except those that the struct names, and
// returns those that are required.
func (w *writer) embed(members *wire.Object, t reflect.Type, own map[string]bool) (required []wire.Value) {
	name, ok := w.component(t)
	if !ok {
		return nil
	}
	component, _ := w.components.Get(name)
	properties, _ := component.Get("properties").Obj()
	for _, m := range properties.Members() {
		if !own[m.Name] {
			members.Set(m.Name, m.Value)
		}
	}
	all, _ := component.Get("required").Items()
	for _, r := range all {
		if name, _ := r.Str(); !own[name] {
			required = append(required, r)
		}
	}
	return required
}

// orNull is a schema that null fits too.
func orNull(s *wire.Object) *wire.Object {
	t, ok := s.Get("type")
	if !ok {
		if s.Len() == 0 {
			return s
		}
		return either(s, object("type", wire.String("null")))
	}
	s.Set("type", wire.Array(t, wire.String("null")))
	return s
}
