package core

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"sync"

	"github.com/advantch/kernia-go/core/internal/openapi"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// Op is one operation: its route, input schema, OpenAPI entry and typed Go call.
// Make it with Get, Post, Put, Patch, Delete, Route or Server. A plugin keeps it
// in an exported field, where New finds it. An Op belongs to one Auth.
type Op[I, O any] struct {
	spec OpSpec
	fn   func(*Ctx, *I) (O, error)
	auth *Auth
	rt   *route
}

// OpSpec describes an operation, except its types. New completes it.
type OpSpec struct {
	ID      string // Better Auth's name, for example "signInEmail"
	Methods []string
	Path    string // "" for an operation that is never routed
	Doc     string
	Use     []Middleware
	Types   []string // accepted media types of the body; nil is application/json
	Raw     bool     // the body is not parsed: see RawBody
	Status  int      // of a success; 0 is 200
	AtRoot  bool     // Path is below the site's root, not below the base path
	Foreign bool     // requests of other sites are accepted: see CrossSite
	Hidden  bool     // left out of OpenAPI
	Aliases []Alias

	// For OpenAPI alone.
	DocID    string // the operation's name there; "" is ID
	Media    string // media type of the result, when it is not application/json
	Fails    []int  // statuses of failures beside those that every operation has
	OAuth    bool   // failures may have the form of OAuth 2.0
	Null     bool   // the answer may be null
	Secured  bool   // the handler answers 401 without a session
	SignsIn  bool   // a SignInGate may hold it
	Takes    RowFields
	Redirect Redirection

	// Refusal replaces the form of every failure; see ErrorsAs.
	Refusal func(*Error) *Error
	refused openapi.Failure
	// Hashes says that the operation hashes or verifies a password, and for which
	// account; see the option Hashes.
	Hashes func(*Ctx) string
}

// The media types of bodies that the kernel parses.
const (
	mediaJSON = "application/json"
	mediaForm = "application/x-www-form-urlencoded"
)

// takesForm reports whether form-encoded bodies are accepted.
func (s *OpSpec) takesForm() bool { return slices.Contains(s.Types, mediaForm) }

// Alias is a further path of a route that exists in one mode only.
type Alias struct {
	Path string
	Mode Compat
}

// Redirection says whether an operation redirects.
type Redirection int

const (
	_ Redirection = iota
	redirectsSometimes
	redirectsAlways
)

// Option changes an OpSpec.
type Option func(*OpSpec)

// Use adds middleware that runs after validation, in order.
func Use(m ...Middleware) Option { return func(s *OpSpec) { s.Use = append(s.Use, m...) } }

// Doc describes the operation in OpenAPI.
func Doc(text string) Option { return func(s *OpSpec) { s.Doc = text } }

// Accept sets the media types that a body may have, in lower case, in place of
// application/json. application/x-www-form-urlencoded is parsed as a form; all others
// are parsed as JSON, for example application/scim+json. Other types are answered with
// 415.
func Accept(types ...string) Option { return func(s *OpSpec) { s.Types = types } }

// AcceptForm accepts form-encoded bodies beside JSON.
func AcceptForm() Option { return Accept(mediaForm, mediaJSON) }

// RawBody leaves the body as it was sent in Ctx.Req.Body, whatever its media type. It
// is for webhooks whose signature covers the bytes. Nothing is parsed before the
// handler, and hooks see no Body.
func RawBody() Option { return func(s *OpSpec) { s.Raw = true } }

// Status sets the status of a success, for example 201. Ctx.SetStatus sets it from
// the handler.
func Status(code int) Option { return func(s *OpSpec) { s.Status = code } }

// AtRoot routes the operation by its path from the root of the site, for example
// "/.well-known/openid-configuration", and not below the base path. The framework must
// let Kernia see the request: use its middleware on the router itself.
func AtRoot() Option { return func(s *OpSpec) { s.AtRoot = true } }

// CrossSite accepts requests that another site makes a browser send, cookies included,
// such as the form of a SAML response. Neither the origin nor redirect parameters are
// checked: the handler must verify by itself that the user has started this request.
func CrossSite() Option { return func(s *OpSpec) { s.Foreign = true } }

// HideFromClient leaves the operation out of OpenAPI.
func HideFromClient() Option { return func(s *OpSpec) { s.Hidden = true } }

// DocID names the operation in OpenAPI, where that is not its ID.
func DocID(id string) Option { return func(s *OpSpec) { s.DocID = id } }

// ErrorsAs puts every failure of the route into the form of a protocol: those of the handler,
// and those of the kernel before it, such as a body that is no JSON, an unknown media type or a
// rate limit. form gets an error of status 4xx or 5xx and returns one with a Body of its own.
// The media type and shape, a zero value of a struct with the same members, are for OpenAPI.
// ErrorsAs does not concern calls from Go.
func ErrorsAs(mediaType string, shape any, form func(*Error) *Error) Option {
	return func(s *OpSpec) {
		s.Refusal, s.refused = form, openapi.Failure{Media: mediaType, Shape: reflect.TypeOf(shape)}
	}
}

// Answers sets the media type of the result, in the answer and in OpenAPI, for example
// application/scim+json. A *Raw result says its own in the answer.
func Answers(mediaType string) Option { return func(s *OpSpec) { s.Media = mediaType } }

// Fails lists, for OpenAPI, statuses of failures beside those that every operation has:
// 400, 401, 403, 404, 429, 500, 503 and, with a body, 413 and 415.
func Fails(statuses ...int) Option {
	return func(s *OpSpec) { s.Fails = append(s.Fails, statuses...) }
}

// OAuthErrors tells OpenAPI that failures may have the form of OAuth 2.0: see OAuthError.
func OAuthErrors() Option { return func(s *OpSpec) { s.OAuth = true } }

// MayBeNull tells OpenAPI that the answer may be null.
func MayBeNull() Option { return func(s *OpSpec) { s.Null = true } }

// Secured tells OpenAPI that the handler answers 401 to clients without a session. The
// document knows it of RequireSession, RequireStoredSession and RequireFresh.
func Secured() Option { return func(s *OpSpec) { s.Secured = true } }

// SignsIn tells OpenAPI that a SignInGate may hold the operation: see OpenAPIPart.Held.
func SignsIn() Option { return func(s *OpSpec) { s.SignsIn = true } }

// RowFields are fields of a table that the body may have beside the members of the input.
type RowFields struct {
	Model  string   // "" for none
	Own    []string // fields that the table's owner declares; added ones always count
	Update bool     // none is required
}

// TakesFields tells OpenAPI that the body takes the fields of a table that clients may set:
// those that are added to it, and those of its owner that are named. See Auth.ParseInput.
func TakesFields(model string, update bool, own ...string) Option {
	return func(s *OpSpec) { s.Takes = RowFields{model, own, update} }
}

// Redirects tells OpenAPI that the answer is a redirect.
func Redirects() Option { return func(s *OpSpec) { s.Redirect = redirectsAlways } }

// MayRedirect tells OpenAPI that the answer may be a redirect.
func MayRedirect() Option { return func(s *OpSpec) { s.Redirect = redirectsSometimes } }

// AliasIn routes a further path to the operation in one mode; in the other the path
// does not exist. Hooks, rate limits (with one counter for both) and
// Options.DisabledPaths that name the route by its own path cover the alias too.
func AliasIn(mode Compat, path string) Option {
	return func(s *OpSpec) { s.Aliases = append(s.Aliases, Alias{path, mode}) }
}

// WithMethods sets the methods of a route that has several.
func WithMethods(m ...string) Option { return func(s *OpSpec) { s.Methods = m } }

// Route declares a route for a method. Get, Post, Put, Patch and Delete are its short forms.
func Route[I, O any](method, id, path string, fn func(*Ctx, *I) (O, error), opts ...Option) *Op[I, O] {
	return newOp(OpSpec{ID: id, Methods: []string{method}, Path: path}, fn, opts)
}

// Get declares a route for GET.
func Get[I, O any](id, path string, fn func(*Ctx, *I) (O, error), opts ...Option) *Op[I, O] {
	return Route(http.MethodGet, id, path, fn, opts...)
}

// Post declares a route for POST.
func Post[I, O any](id, path string, fn func(*Ctx, *I) (O, error), opts ...Option) *Op[I, O] {
	return Route(http.MethodPost, id, path, fn, opts...)
}

// Put declares a route for PUT.
func Put[I, O any](id, path string, fn func(*Ctx, *I) (O, error), opts ...Option) *Op[I, O] {
	return Route(http.MethodPut, id, path, fn, opts...)
}

// Patch declares a route for PATCH.
func Patch[I, O any](id, path string, fn func(*Ctx, *I) (O, error), opts ...Option) *Op[I, O] {
	return Route(http.MethodPatch, id, path, fn, opts...)
}

// Delete declares a route for DELETE.
func Delete[I, O any](id, path string, fn func(*Ctx, *I) (O, error), opts ...Option) *Op[I, O] {
	return Route(http.MethodDelete, id, path, fn, opts...)
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
	release()
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
	full     string // path from the root of the site, as declared; "" when it is not routed
	input    *validate.Input
	inverse  *inputEncoder
	output   reflect.Type
	encode   *wire.Encoder
	replaced sync.Map // reflect.Type of a result that a hook has put in its place → *wire.Encoder
	run      func(*Ctx) (any, error)
	before   []Hook
	after    []Hook
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
	if o.spec.Hashes != nil {
		o.spec.Use = append(slices.Clone(o.spec.Use), limitHashing)
	}
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

func (o *Op[I, O]) release() { o.auth, o.rt = nil, nil }

func asValidation(err error) error {
	var v *validate.Error
	if errors.As(err, &v) {
		return &Error{Status: http.StatusBadRequest, Code: CodeValidationError.Code, Message: v.Message}
	}
	return err
}

// CallOption changes a call from Go.
type CallOption func(*call)

type call struct {
	header Header
	out    *Response
	params []param
	method string
	host   string
	caller bool
}

// WithHost sets the host of a call, for example "app.example.com", when
// DynamicBaseURL is used. Without it the Host header counts, then the fallback.
func WithHost(host string) CallOption { return func(k *call) { k.host = host } }

// WithHeader makes the call on behalf of a client: its cookies, and so its
// session, count. Without it the caller is trusted.
func WithHeader(h Header) CallOption { return func(k *call) { k.header = h } }

// AsCaller makes the call on behalf of the request that ctx belongs to, with its
// cookies and other headers, its address and its host. ctx is the context to which a
// framework's module attached a session: c.UserContext() in Fiber 2, c.Context() in
// Fiber 3, the context of the *http.Request elsewhere. Set-Cookie lines of the answer are added to that request's
// answer.
func AsCaller() CallOption { return func(k *call) { k.caller = true } }

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
	if out, ok := got.wire.(O); ok || got.wire == nil {
		return out, nil
	}
	// An after-hook has replaced it by another type, for the wire.
	if out, ok := got.typed.(O); ok {
		return out, nil
	}
	return zero, fmt.Errorf("core: a hook answered %q with a %T", o.spec.ID, got.wire)
}

// outcome is the result of a call: the value for the wire, which after-hooks may have
// replaced, and the value that the handler returned.
type outcome struct{ wire, typed any }

// call runs a route from Go.
func (a *Auth) call(ctx context.Context, rt *route, body, query wire.Value, opts []CallOption) (outcome, error) {
	var k call
	for _, o := range opts {
		o(&k)
	}
	method := rt.Methods[0]
	if k.method != "" {
		method = k.method
	}
	c := &Ctx{
		Context: ctx, auth: a, Res: &Response{}, route: rt, body: body, query: query, params: k.params,
		Req:     &Request{Method: method, Path: rt.path, Header: k.header},
		trusted: k.header == nil && !k.caller, base: a.base,
	}
	if k.caller {
		at, ok := ctx.Value(attachedKey{}).(*attached)
		if !ok {
			return outcome{}, errNoCaller
		}
		own := at.req
		own.Method, own.Path, own.RawQuery, own.Body = method, rt.path, "", nil
		c.Req, k.header, k.host = &own, own.Header, cmp.Or(k.host, own.Host)
		defer func() {
			for _, line := range c.Res.Values("Set-Cookie") {
				if at.send != nil {
					at.send(line)
				}
			}
		}()
	}
	c.Req.withHeader()
	if a.base == nil {
		if c.Req.Host = k.host; k.host == "" && k.header != nil {
			c.Req.Host = k.header.Get("Host")
		}
		b, err := a.dynamicBase(c.Req)
		if err != nil {
			return outcome{}, err
		}
		c.base = b
	}
	defer c.finish()
	err := c.settle(c.execute())
	if k.out != nil {
		k.out.Header = append(k.out.Header, c.Res.Header...)
		k.out.Status = cmp.Or(c.status, rt.Status, http.StatusOK)
		var e *Error
		if errors.As(err, &e) {
			k.out.Status = e.Status
		}
	}
	return outcome{c.returned, c.typed}, err
}

var errNoCaller = errors.New("core: AsCaller needs the context of a request that went through Kernia's middleware")

// Invocation is the input of Invoke.
type Invocation struct {
	Body, Query wire.Value
	Params      map[string]string
	Header      Header // nil: the caller is trusted
	Method      string // for operations with several; default: the first
}

// Invoke runs an operation by its id, as Op.Call does, and returns the answer.
// Errors of the operation are answers too; the returned error reports an unknown
// id.
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
	a.render(ctx, rt, res, got.wire, err)
	if err == nil && status != http.StatusOK {
		res.Status = status
	}
	return res, nil
}

// RoutesLike lists the paths of installed routes that a pattern matches, as declared and in
// order: a path, or several with "*" and "**" as in RateLimit.Rules. It fails when there is
// none, because an option that names no route has no effect. Call it in Manifest.Init.
func (a *Auth) RoutesLike(pattern string) ([]string, error) {
	matches, err := ratelimit.Pattern(pattern)
	if err != nil {
		return nil, fmt.Errorf("%q is no pattern: %w", pattern, err)
	}
	var paths []string
	for _, rt := range a.order {
		if rt.Path != "" && matches(rt.Path) {
			paths = append(paths, rt.Path)
		}
	}
	if paths == nil {
		return nil, fmt.Errorf("%q matches no route: name a route as declared, or several with * or /**", pattern)
	}
	return paths, nil
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
