// Package validate decodes request bodies and queries into structs and validates
// them. Its messages are those of zod 4.3.6, which Better Auth's clients see.
//
// A struct type is compiled once. The tags of its fields say where a value
// comes from and which rules it must meet:
//
//	type SignUp struct {
//		Name     string  `json:"name" doc:"The name of the user"`
//		Email    string  `json:"email" zod:"email"`
//		Password string  `json:"password" zod:"nonempty"`
//		Image    *string `json:"image"`
//		validate.Rest
//	}
//
// See Compile for all tags.
package validate

import (
	"fmt"
	"reflect"

	"github.com/advantch/kernia-go/core/wire"
)

// Input is a compiled struct type. It is immutable and may be shared.
type Input struct {
	typ   reflect.Type
	body  *node // decodes from the body into the struct; nil if nothing does
	query *node
	path  []pathField

	refine  bool
	and     bool
	noQuery bool // an empty query is right and leaves everything zero
}

type pathField struct {
	name  string
	index []int
	shape *Shape
}

// Error is a client's invalid input, to be answered with 400 VALIDATION_ERROR.
type Error struct {
	// Message lists every issue in zod's words:
	// "[body.email] Invalid email address; [body.name] Invalid input: …".
	Message string
	Issues  []Issue // the same, one by one
}

func (e *Error) Error() string { return e.Message }

// Schemer is a type that decodes itself, for unions and other shapes that tags
// cannot express. It is implemented by the pointer.
type Schemer interface {
	// DecodeWire fills the receiver from v and reports mistakes to issues. v is
	// undefined when a required field is absent. Messages are zod's, for
	// example "Invalid input" when no member of a union fits.
	DecodeWire(v wire.Value, issues *Issues)
	// Shape describes the accepted values. It is called once, on a zero value.
	Shape() *Shape
}

// Refiner is a struct with a rule across its fields (zod's refine). It is
// implemented by the pointer.
type Refiner interface {
	// Refine is called when all fields have the right types. As in zod, rules of
	// single fields, such as min, may have failed already. On an Input's own
	// struct it is called after the body is read and before the query is.
	Refine(issues *Issues)
}

// Intersection is a struct that must also match a second schema (zod's and). It is
// implemented by the pointer of an Input's own struct. It decodes the fields tagged
// validate:"and" itself.
type Intersection interface {
	// DecodeAnd checks the whole value: the body, or the query of an input without
	// body. It is called after the fields were decoded, even if that has failed.
	DecodeAnd(v wire.Value, issues *Issues)
}

func empty(v wire.Value) bool {
	o, ok := v.Obj()
	return ok && o.Len() == 0
}

// Decode reads a request into dst, a pointer to the compiled type, which should
// be zero. The body is checked first and the query only if the body is right, as
// better-call does. param returns path parameters as they stand in the URL; it
// may be nil if there are none. Strings with NUL or invalid UTF-8 are refused
// everywhere, because databases refuse them.
//
// The error is an *Error when the input is invalid; dst is then partly filled.
func (in *Input) Decode(dst any, body, query wire.Value, param func(name string) string) error {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Type().Elem() != in.typ {
		return fmt.Errorf("validate: Decode needs a *%s, not a %T", in.typ, dst)
	}
	v = v.Elem()
	if in.body != nil {
		issues := Issues{section: "body"}
		if issues.text(body) {
			in.body.decode(v, body, &issues)
		}
		if in.refine && !body.IsUndefined() && !issues.fatal(0) {
			v.Addr().Interface().(Refiner).Refine(&issues)
		}
		if in.and {
			v.Addr().Interface().(Intersection).DecodeAnd(body, &issues)
		}
		if err := issues.err(); err != nil {
			return err
		}
	}
	if in.query != nil && !(in.noQuery && empty(query)) {
		issues := Issues{section: "query"}
		if issues.text(query) {
			in.query.decode(v, query, &issues)
		}
		if in.refine && in.body == nil && !query.IsUndefined() && !issues.fatal(0) {
			v.Addr().Interface().(Refiner).Refine(&issues)
		}
		if in.and && in.body == nil {
			v.Addr().Interface().(Intersection).DecodeAnd(query, &issues)
		}
		if err := issues.err(); err != nil {
			return err
		}
	}
	for _, p := range in.path {
		if param == nil {
			return fmt.Errorf("validate: %s needs path parameters", in.typ)
		}
		s := param(p.name)
		if !wire.ValidText(s) {
			issues := Issues{section: "params", path: []string{p.name}}
			issues.Fatal(badText)
			return issues.err()
		}
		v.FieldByIndex(p.index).SetString(s)
	}
	return nil
}

// Into decodes v into dst, a pointer to the compiled type, as if v were its body,
// and adds to issues. It is for a Schemer that chooses between struct types.
func (in *Input) Into(dst any, v wire.Value, issues *Issues) error {
	to := reflect.ValueOf(dst)
	if to.Kind() != reflect.Pointer || to.IsNil() || to.Type().Elem() != in.typ || in.body == nil {
		return fmt.Errorf("validate: Into needs a *%s with a body, not a %T", in.typ, dst)
	}
	start := len(issues.list)
	in.body.decode(to.Elem(), v, issues)
	if in.refine && !v.IsUndefined() && !issues.fatal(start) {
		dst.(Refiner).Refine(issues)
	}
	return nil
}

// Type returns the compiled struct type.
func (in *Input) Type() reflect.Type { return in.typ }

// HasBody reports whether anything is read from the body.
func (in *Input) HasBody() bool { return in.body != nil }

// HasQuery reports whether anything is read from the query.
func (in *Input) HasQuery() bool { return in.query != nil }

// Body describes the body, nil if there is none. Do not change it.
func (in *Input) Body() *Shape {
	if in.body == nil {
		return nil
	}
	return in.body.shape
}

// Query describes the query as an object, nil if there is none. Do not change it.
func (in *Input) Query() *Shape {
	if in.query == nil {
		return nil
	}
	return in.query.shape
}

// Path describes the path parameters.
func (in *Input) Path() []Property {
	var out []Property
	for _, p := range in.path {
		out = append(out, Property{p.name, p.shape})
	}
	return out
}
