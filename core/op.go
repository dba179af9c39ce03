package core

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"

	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// Op is one operation: route, input schema, OpenAPI entry and typed Go call in
// one value. Make it with Get, Post or Server; a plugin keeps it in an exported
// field and lists it in its Manifest. An Op belongs to one Auth.
type Op[I, O any] struct {
	spec OpSpec
	fn   func(*Ctx, *I) (O, error)
	auth *Auth
	rt   *route
}

// OpSpec is what is known of an operation besides its types. New fills it in.
type OpSpec struct {
	ID      string // Better Auth's name, for example "signInEmail"
	Methods []string
	Path    string // "" for an operation that is never routed
	Doc     string
	Use     []Middleware
	Form    bool // application/x-www-form-urlencoded bodies are accepted too
	Hidden  bool // left out of OpenAPI and of the client's types
	Aliases []Alias
}

// Alias is a further path of a route that exists in one mode only.
type Alias struct {
	Path string
	Mode Compat
}

// Option changes an OpSpec.
type Option func(*OpSpec)

// Use adds middleware that runs after validation, in order.
func Use(m ...Middleware) Option { return func(s *OpSpec) { s.Use = append(s.Use, m...) } }

// Doc describes the operation in OpenAPI.
func Doc(text string) Option { return func(s *OpSpec) { s.Doc = text } }

// AcceptForm accepts form-encoded bodies beside JSON.
func AcceptForm() Option { return func(s *OpSpec) { s.Form = true } }

// HideFromClient leaves the operation out of OpenAPI.
func HideFromClient() Option { return func(s *OpSpec) { s.Hidden = true } }

// AliasIn routes a further path to the operation in one mode; in the other the path
// does not exist. Whatever names the route by its own path covers the alias too:
// hooks, path middleware, rate limits (with one counter for both) and
// Options.DisabledPaths.
func AliasIn(mode Compat, path string) Option {
	return func(s *OpSpec) { s.Aliases = append(s.Aliases, Alias{path, mode}) }
}

// WithMethods sets the methods of a route that has several.
func WithMethods(m ...string) Option { return func(s *OpSpec) { s.Methods = m } }

// Get declares a route for GET.
func Get[I, O any](id, path string, fn func(*Ctx, *I) (O, error), opts ...Option) *Op[I, O] {
	return newOp(OpSpec{ID: id, Methods: []string{http.MethodGet}, Path: path}, fn, opts)
}

// Post declares a route for POST.
func Post[I, O any](id, path string, fn func(*Ctx, *I) (O, error), opts ...Option) *Op[I, O] {
	return newOp(OpSpec{ID: id, Methods: []string{http.MethodPost}, Path: path}, fn, opts)
}

// Server declares an operation that Go code can call and HTTP cannot.
func Server[I, O any](id string, fn func(*Ctx, *I) (O, error), opts ...Option) *Op[I, O] {
	return newOp(OpSpec{ID: id, Methods: []string{http.MethodPost}}, fn, opts)
}

func newOp[I, O any](s OpSpec, fn func(*Ctx, *I) (O, error), opts []Option) *Op[I, O] {
	for _, o := range opts {
		o(&s)
	}
	return &Op[I, O]{spec: s, fn: fn}
}

// Operation is an *Op of any types.
type Operation interface {
	bind(*Auth) (*route, error)
	// Spec describes the operation.
	Spec() OpSpec
}

// Spec describes the operation.
func (o *Op[I, O]) Spec() OpSpec { return o.spec }

// NoInput is the input of an operation that takes nothing.
type NoInput struct{}

// route is a compiled operation.
type route struct {
	OpSpec
	id, path string
	input    *validate.Input
	inverse  *inputEncoder
	output   reflect.Type
	encode   *wire.Encoder
	run      func(*Ctx) (any, error)
	before   []Hook
	after    []Hook
	middle   []Middleware
	plugin   string
}

func (o *Op[I, O]) bind(a *Auth) (*route, error) {
	if o.auth != nil {
		return nil, fmt.Errorf("core: operation %q already belongs to another Auth; make a new plugin value for each", o.spec.ID)
	}
	in, err := validate.CompileWith(reflect.TypeFor[I](), a.inputMembers)
	if err != nil {
		return nil, fmt.Errorf("core: operation %q: %w", o.spec.ID, err)
	}
	inverse, err := compileInputEncoder(reflect.TypeFor[I](), in.HasBody())
	if err != nil {
		return nil, fmt.Errorf("core: operation %q: %w", o.spec.ID, err)
	}
	out := reflect.TypeFor[O]()
	var enc *wire.Encoder
	if out != reflect.TypeFor[*Raw]() {
		if enc, err = wire.EncoderFor(out); err != nil {
			return nil, fmt.Errorf("core: operation %q: %w", o.spec.ID, err)
		}
	}
	o.auth = a
	o.rt = &route{OpSpec: o.spec, id: o.spec.ID, path: o.spec.Path, input: in, inverse: inverse, output: out, encode: enc}
	o.rt.run = func(c *Ctx) (any, error) {
		input := new(I)
		if err := in.Decode(input, c.body, c.query, c.Param); err != nil {
			return nil, asValidation(err)
		}
		for _, m := range o.rt.Use {
			if err := m(c); err != nil {
				return nil, err
			}
		}
		return o.fn(c, input)
	}
	return o.rt, nil
}

func asValidation(err error) error {
	var v *validate.Error
	if errors.As(err, &v) {
		return &Error{Status: http.StatusBadRequest, Code: CodeValidationError.Code, Message: v.Message}
	}
	return err
}

// CallOption adds to a call from Go.
type CallOption func(*call)

type call struct {
	header Header
	out    *Response
	params []param
	method string
	host   string
}

// WithHost says for which host a call is made, where DynamicBaseURL has to choose:
// "app.example.com". Without it the header's Host counts, then the fallback.
func WithHost(host string) CallOption { return func(k *call) { k.host = host } }

// WithHeader makes the call on behalf of a client: its cookies, and so its
// session, count. Without it the caller is trusted.
func WithHeader(h Header) CallOption { return func(k *call) { k.header = h } }

// Capture stores the header lines that the operation would answer with, for
// example Set-Cookie.
func Capture(res *Response) CallOption { return func(k *call) { k.out = res } }

// WithParam sets a path parameter.
func WithParam(name, value string) CallOption {
	return func(k *call) { k.params = append(k.params, param{name, value}) }
}

// Call runs the operation with its hooks, validation and middleware, without
// routing, rate limit and origin check. Errors are *Error.
func (o *Op[I, O]) Call(ctx context.Context, in *I, opts ...CallOption) (O, error) {
	var zero O
	if o.auth == nil {
		return zero, fmt.Errorf("core: operation %q is not installed: list its plugin in Options.Plugins", o.spec.ID)
	}
	if in == nil {
		in = new(I)
	}
	body, query, params, err := o.rt.inverse.encode(reflect.ValueOf(in).Elem())
	if err != nil {
		return zero, err
	}
	opts = append(opts[:len(opts):len(opts)], func(k *call) { k.params = append(k.params, params...) })
	got, err := o.auth.call(ctx, o.rt, body, query, opts)
	if err != nil {
		return zero, err
	}
	out, ok := got.(O)
	if !ok && got != nil {
		return zero, fmt.Errorf("core: a hook replaced the result of %q by a %T", o.spec.ID, got)
	}
	return out, nil
}

// call runs a route from Go.
func (a *Auth) call(ctx context.Context, rt *route, body, query wire.Value, opts []CallOption) (any, error) {
	var k call
	for _, o := range opts {
		o(&k)
	}
	method := rt.Methods[0]
	if k.method != "" {
		method = k.method
	}
	c := &Ctx{
		Context: ctx, Auth: a, Res: &Response{}, route: rt, body: body, query: query, params: k.params,
		Req:     &Request{Method: method, Path: rt.path, Header: k.header},
		trusted: k.header == nil, base: a.base,
	}
	if a.base == nil {
		if c.Req.Host = k.host; k.host == "" && k.header != nil {
			c.Req.Host = k.header.Get("Host")
		}
		b, err := a.dynamicBase(c.Req)
		if err != nil {
			return nil, err
		}
		c.base = b
	}
	if k.header == nil {
		c.Req.Header = Fields(nil)
	}
	err := c.execute()
	if k.out != nil {
		k.out.Header = append(k.out.Header, c.Res.Header...)
		if k.out.Status = c.status; k.out.Status == 0 {
			k.out.Status = http.StatusOK
		}
		var e *Error
		if errors.As(err, &e) {
			k.out.Status = e.Status
		}
	}
	return c.returned, err
}

// Invocation is the input of Invoke.
type Invocation struct {
	Body, Query wire.Value
	Params      map[string]string
	Header      Header // nil: the caller is trusted
	Method      string // for operations with several; default: the first
}

// Invoke runs an operation by its id and returns what it would answer, as Op.Call
// does. Errors of the operation are answers; the error reports an unknown id.
func (a *Auth) Invoke(ctx context.Context, id string, in Invocation) (*Response, error) {
	rt, ok := a.operations[id]
	if !ok {
		return nil, fmt.Errorf("core: there is no operation %q", id)
	}
	opts := []CallOption{WithHeader(in.Header), func(k *call) { k.method = in.Method }}
	for name, value := range in.Params {
		opts = append(opts, WithParam(name, value))
	}
	res := &Response{}
	opts = append(opts, Capture(res))
	got, err := a.call(ctx, rt, in.Body, in.Query, opts)
	status := res.Status
	a.render(ctx, rt, res, got, err)
	if err == nil && status != http.StatusOK {
		res.Status = status
	}
	return res, nil
}

// Operations describes every installed operation.
func (a *Auth) Operations() []OpSpec {
	out := make([]OpSpec, len(a.order))
	for i, rt := range a.order {
		out[i] = rt.OpSpec
		out[i].Methods, out[i].Use = slices.Clone(rt.Methods), slices.Clone(rt.Use)
	}
	return out
}
