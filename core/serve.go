package core

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/password"
	"github.com/advantch/kernia-go/core/wire"
)

// Handles reports whether a path belongs to this server. It is cheap: call it
// before reading a body.
func (a *Auth) Handles(path string) bool {
	if a.basePath == "" {
		return a.router.knows(path) || a.atRoot.knows(path) // the rest of the site belongs to the application
	}
	return a.below(path) || a.atRoot.knows(path)
}

// below reports whether a path is below the base path.
func (a *Auth) below(path string) bool {
	return strings.HasPrefix(path, a.basePath) && (len(path) == len(a.basePath) || path[len(a.basePath)] == '/')
}

// MaxBody is the largest body, in bytes, that Serve accepts. A framework module
// reads no more than that and sets Request.TooLarge, so that Serve refuses the
// request.
func (a *Auth) MaxBody() int64 { return a.opts.MaxBody }

// Raw is a result that is not JSON.
type Raw struct {
	Status      int // default 200
	ContentType string
	Body        []byte
}

// Serve answers a request. It never panics.
func (a *Auth) Serve(ctx context.Context, req *Request, res *Response) {
	if req.Header == nil {
		own := *req // the request is the caller's
		own.withHeader()
		req = &own
	}
	begin := a.observer.Request
	if begin == nil {
		a.answer(ctx, req, res)
		return
	}
	ctx, end := begin(ctx, req)
	end(a.answer(ctx, req, res))
}

// answer answers a request. What it returns is for Observer.Request.
func (a *Auth) answer(ctx context.Context, req *Request, res *Response) (how ObservedRequest) {
	c := &Ctx{Context: ctx, auth: a, Req: req, Res: res, base: a.base}
	if res.Header == nil {
		res.Header = make([]HeaderField, 0, 6)
	}
	var err error
	defer func() {
		c.finish()
		how = ObservedRequest{Ran: c.ran, Status: res.Status, Err: err}
		if c.route != nil {
			how.Route, how.Operation = c.route.full, c.route.id
		}
	}()
	defer func() {
		if r := recover(); r != nil {
			err = internalError(errPanicked)
			where := "a request before its route"
			if c.route != nil {
				where = req.Method + " " + c.route.path // never the path itself: it may hold a token
			}
			a.logPanic(ctx, where, r)
			res.Header = res.Header[:0]
			a.render(ctx, c.route, res, nil, err)
		}
	}()
	err = c.settle(c.serve())
	a.render(ctx, c.route, res, c.returned, err)
	if c.status != 0 && err == nil {
		res.Status = c.status
	}
	if res.Status == http.StatusNoContent || res.Status == http.StatusNotModified {
		res.Body = res.Body[:0] // RFC 9110 §15.3.5, §15.4.5
		res.drop("Content-Type")
	}
	return how
}

func (a *Auth) logPanic(ctx context.Context, where string, r any) {
	a.log.LogAttrs(ctx, slog.LevelError, "panic", slog.String("where", where), slog.String("type", fmt.Sprintf("%T", r)),
		slog.String("stack", string(debug.Stack())))
	a.report(ctx, fmt.Errorf("core: panic in %s: %T", where, r))
}

// errPanicked is the cause of the 500 after a panic, which has been logged.
var errPanicked = errors.New("core: a panic was recovered")

// report tells Options.OnError. Something has failed already when it runs, so it
// recovers a panic of the observer.
func (a *Auth) report(ctx context.Context, err error) {
	if a.opts.OnError == nil {
		return
	}
	defer func() {
		if r := recover(); r != nil {
			a.log.LogAttrs(ctx, slog.LevelError, "OnError panicked", slog.String("type", fmt.Sprintf("%T", r)))
		}
	}()
	a.opts.OnError(ctx, err)
}

var (
	errNotFound     = Fail(http.StatusNotFound, CodeNotFound)
	errTooLarge     = Fail(http.StatusRequestEntityTooLarge, CodePayloadTooLarge)
	errLongQuery    = Fail(http.StatusRequestURITooLong, CodeQueryTooLarge)
	errInvalidJSON  = Fail(http.StatusBadRequest, CodeInvalidJSON)
	errBadText      = Fail(http.StatusBadRequest, CodeInvalidCharacters)
	errEmptyMissing = &Error{Status: http.StatusNotFound, NoBody: true}
)

func (c *Ctx) serve() error {
	a := c.auth
	router := a.router
	switch {
	case a.atRoot.knows(c.Req.Path):
		router, c.path = a.atRoot, c.Req.Path
	case a.below(c.Req.Path):
		c.path = c.Req.Path[len(a.basePath):]
	default:
		return a.missing()
	}
	if a.opts.SkipTrailingSlashes && len(c.path) > 1 {
		c.path = strings.TrimSuffix(c.path, "/")
	}
	if c.base == nil {
		b, err := a.dynamicBase(c.Req)
		if err != nil {
			return err
		}
		c.base = b
	}
	normal := strings.TrimRight(c.path, "/")
	if a.disabled[normal] {
		if a.opts.Compat == CompatBetterAuth {
			c.returned = &Raw{Status: http.StatusNotFound, ContentType: "text/plain;charset=UTF-8", Body: []byte("Not Found")}
			return nil
		}
		return errNotFound
	}
	rt, params := router.find(c.Req.Method, c.path)
	if rt != nil && a.disabled[rt.path] {
		return a.missing() // named as declared, with its parameters
	}
	// Rules by path see the route that will run, also when an alias was requested.
	c.route, c.params = rt, params
	if err := c.rateLimit(normal, rt); err != nil {
		return err
	}
	for _, f := range a.onRequest {
		if err := f(c); err != nil {
			return err
		}
		if c.replied {
			return c.failed
		}
	}
	if rt == nil {
		c.notePreflight()
		c.noteMissing()
		return a.missing()
	}
	if c.Req.TooLarge || int64(len(c.Req.Body)) > a.opts.MaxBody {
		return errTooLarge
	}
	if err := c.readBody(); err != nil {
		return err
	}
	if c.Req.RawQuery != "" {
		if strings.Count(c.Req.RawQuery, "&") >= maxFormFields {
			return errLongQuery
		}
		c.query = wire.ParseQuery(c.Req.RawQuery).Value()
	} else if rt.input.HasQuery() {
		c.query = wire.ObjectOf(&c.noQuery) // a URL always has a query, which may be empty
	}
	if err := c.checkOrigin(); err != nil {
		return err
	}
	return c.execute()
}

// missing is the answer to a route that does not exist.
func (a *Auth) missing() error {
	if a.opts.Compat == CompatBetterAuth {
		return errEmptyMissing
	}
	return errNotFound
}

// execute runs hooks and handler. The result is left in c.returned. A call whose events
// could not be recorded has failed.
func (c *Ctx) execute() error {
	c.ran = true
	begin := c.auth.observer.Operation
	if begin == nil {
		return c.perform()
	}
	rt := c.route
	return c.within(func(ctx context.Context) (context.Context, func(error)) {
		return begin(ctx, ObservedOperation{ID: rt.id, Route: rt.full, Plugin: rt.plugin})
	}, c.perform)
}

// perform is execute without the observer.
func (c *Ctx) perform() error {
	err := c.handle()
	if c.unrecorded == nil {
		return err
	}
	c.returned, c.failed = nil, internalError(c.unrecorded)
	return c.failed
}

func (c *Ctx) handle() error {
	rt := c.route
	for i := range rt.before {
		h := &rt.before[i]
		if h.Match.dynamic != nil && !h.Match.dynamic(c) {
			continue
		}
		if err := h.run(c, "before"); err != nil {
			return err
		}
		if c.replied {
			return c.failed
		}
	}
	c.returned, c.failed = rt.run(c)
	switch {
	case errors.Is(c.failed, ErrHeld):
		c.SetReturned(c.reply)
	case c.failed != nil:
		c.returned = nil
		c.failed = c.refine(c.failed)
	}
	c.typed = c.returned
	first := c.failed
	for i := range rt.after {
		h := &rt.after[i]
		if h.Match.dynamic != nil && !h.Match.dynamic(c) {
			continue
		}
		// An error of an after-hook replaces the result; later hooks see it.
		if err := h.run(c, "after"); err != nil {
			c.SetReturned(err)
		}
	}
	if raw, whole := c.returned.(*Raw); first != nil && c.failed == nil && !(whole && raw.Status != 0) {
		// A hook has put a result in the place of an error: status and headers stay,
		// as in Better Auth 1.6. A page with a status of its own is a whole answer.
		e := asError(first)
		c.status = e.Status
		c.Res.merge(e.Header)
	}
	return c.failed
}

// refine turns an error of the lower layers into an answer.
func (c *Ctx) refine(err error) error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return err
	case errors.Is(err, password.ErrBusy), errors.Is(err, adapter.ErrBusy):
		after := time.Second
		var b *password.BusyError
		if errors.As(err, &b) {
			after = b.RetryAfter
		}
		return busy(after, err)
	case errors.Is(err, adapter.ErrBadValue) && c.hasInput():
		// The kernel has checked its own bounds; those of a database may be tighter.
		c.auth.log.LogAttrs(c, slog.LevelWarn, "the database refused a value", slog.String("error", err.Error()))
		return &Error{Status: http.StatusBadRequest, Code: CodeValidationError.Code, Message: CodeValidationError.Message, Cause: err}
	}
	return internalError(err)
}

// hasInput reports whether the caller has sent values. Without them, a value that does
// not fit is the server's own.
func (c *Ctx) hasInput() bool {
	o, ok := c.query.Obj()
	return !c.body.IsUndefined() || ok && o.Len() > 0 || len(c.params) > 0
}

// busy is the answer to a request that the server has no capacity for.
func busy(after time.Duration, cause error) *Error {
	e := Fail(http.StatusServiceUnavailable, CodeServerBusy)
	e.Cause = cause
	e.Header = []HeaderField{{"Retry-After", retryAfter(after)}}
	return e
}

func (c *Ctx) readBody() error {
	if len(c.Req.Body) == 0 || c.Req.Method == http.MethodGet || c.Req.Method == http.MethodHead || c.route.Raw {
		return nil
	}
	contentType := ""
	if c.Req.Header != nil {
		contentType = c.Req.Header.Get("Content-Type")
	}
	if contentType == "" {
		return nil // a body without a media type is not read, as in Better Auth 1.6 on Node
	}
	base, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	base = strings.TrimSpace(base)
	types := c.route.Types
	if types == nil {
		types = []string{mediaJSON}
	}
	switch {
	case !slices.Contains(types, base):
		return &Error{Status: http.StatusUnsupportedMediaType, Code: "UNSUPPORTED_MEDIA_TYPE",
			Message: `Content-Type "` + contentType + `" is not allowed. Allowed types: ` + strings.Join(types, ", ")}
	case base == mediaForm:
		o, err := formBody(c.Req.Body)
		if err != nil {
			return err
		}
		c.body = o
	default:
		v, err := wire.Parse(c.Req.Body, wire.Limits{})
		if errors.Is(err, wire.ErrText) {
			return errBadText
		}
		if err != nil {
			return errInvalidJSON
		}
		c.body = v
	}
	return nil
}

// maxFormFields bounds a form and a query; no operation takes nearly as many.
const maxFormFields = 1000

// formBody reads a form as an object in which the last value of a name counts.
func formBody(data []byte) (wire.Value, error) {
	if strings.Count(string(data), "&") >= maxFormFields {
		return wire.Value{}, errTooLarge
	}
	o := &wire.Object{}
	for _, p := range wire.ParseQuery(string(data)) {
		if strings.ContainsRune(p.Value, 0) || strings.ContainsRune(p.Name, 0) {
			return wire.Value{}, errBadText
		}
		o.Set(p.Name, wire.String(p.Value))
	}
	return wire.ObjectOf(o), nil
}

// render writes a result or an error as the answer.
func (a *Auth) render(ctx context.Context, rt *route, res *Response, result any, err error) {
	if err != nil {
		// A handler's Cache-Control is for its result, not for an error.
		res.drop("Cache-Control")
		res.drop("ETag")
		secure(res)
		a.renderError(ctx, rt, res, err)
		return
	}
	secure(res)
	res.Status = http.StatusOK
	if rt != nil && rt.Status != 0 {
		res.Status = rt.Status
	}
	contentType := mediaJSON
	if rt != nil && rt.Media != "" {
		contentType = rt.Media
	}
	switch v := result.(type) {
	case nil:
		res.Body = append(res.Body[:0], "null"...)
	case *Raw:
		contentType = v.ContentType
		if v.Status != 0 {
			res.Status = v.Status
		}
		res.Body = append(res.Body[:0], v.Body...)
	case wire.Appender:
		res.Body = v.AppendJSON(res.Body[:0])
	default:
		body, encErr := rt.encodeResult(res.Body[:0], v)
		if encErr != nil {
			a.renderError(ctx, rt, res, internalError(encErr))
			return
		}
		res.Body = body
	}
	if contentType != "" {
		res.Set("Content-Type", contentType)
	}
}

// encodeResult uses the encoder that was compiled for the operation's own result type,
// unless a hook has replaced the result by a value of another type.
func (rt *route) encodeResult(dst []byte, v any) ([]byte, error) {
	t := reflect.TypeOf(v)
	if rt != nil && t == rt.output {
		return rt.encode.Append(dst, v), nil
	}
	enc, err := rt.encoderFor(t)
	if err != nil {
		return nil, err
	}
	return enc.Append(dst, v), nil
}

// replace compiles the encoder of what a hook says that it puts in the place of the
// result: t is that type, or a pointer to it.
func (rt *route) replace(t reflect.Type) error {
	if t == nil {
		return nil
	}
	if _, err := rt.encoderFor(t); err != nil {
		return err
	}
	if t.Kind() == reflect.Pointer && t.Elem().Kind() != reflect.Interface {
		_, err := rt.encoderFor(t.Elem())
		return err
	}
	return nil
}

// encoderFor returns the encoder of a type that replaces the route's own. core.New has
// compiled those that Hook.Result names; any other one is compiled the first time.
func (rt *route) encoderFor(t reflect.Type) (*wire.Encoder, error) {
	if rt == nil {
		return wire.EncoderFor(t)
	}
	if enc, ok := rt.replaced.Load(t); ok {
		return enc.(*wire.Encoder), nil
	}
	enc, err := wire.EncoderFor(t)
	if err == nil {
		rt.replaced.Store(t, enc)
	}
	return enc, err
}

func (a *Auth) renderError(ctx context.Context, rt *route, res *Response, err error) {
	e := asError(err)
	if e.Status >= 500 {
		cause, level := e.Cause, slog.LevelError
		if cause == nil {
			if cause = e; e.Status == http.StatusServiceUnavailable {
				level = slog.LevelWarn // refused on purpose
			}
		}
		if !errors.Is(cause, errPanicked) {
			a.logAt(ctx, level, rt, "a request failed", cause)
		}
	}
	if rt != nil && rt.Refusal != nil && e.Status >= http.StatusBadRequest {
		e = rt.Refusal(e)
	}
	e.write(res)
}

// secure sets the headers that every answer has unless its handler has set them:
// answers hold sessions and personal data, so no cache may keep them (RFC 9111
// §5.2.2.5) and no browser guess their type. A handler that sets Cache-Control, for
// example of a public key set, says that its answer may be kept.
func secure(res *Response) {
	cache, sniff := true, true
	for i := range res.Header {
		switch name := res.Header[i].Name; {
		case len(name) == len("Cache-Control") && strings.EqualFold(name, "Cache-Control"):
			cache = false
		case len(name) == len("X-Content-Type-Options") && strings.EqualFold(name, "X-Content-Type-Options"):
			sniff = false
		}
	}
	if cache {
		res.Header = append(res.Header, HeaderField{"Cache-Control", "no-store"})
	}
	if sniff {
		res.Header = append(res.Header, HeaderField{"X-Content-Type-Options", "nosniff"})
	}
}

// Response returns the error as a complete answer, for framework modules that
// refuse a request by themselves.
func (e *Error) Response() *Response {
	res := &Response{}
	secure(res)
	e.write(res)
	return res
}

func (e *Error) write(res *Response) {
	res.Status = e.Status
	res.merge(e.Header)
	if e.NoBody {
		res.Body = res.Body[:0]
		if e.Status == http.StatusFound {
			res.Set("Content-Type", mediaJSON) // as Better Auth labels its redirects
		}
		return
	}
	res.Set("Content-Type", cmp.Or(e.ContentType, mediaJSON))
	if e.Body != nil {
		res.Body = e.Body.AppendJSON(res.Body[:0])
		return
	}
	res.Body = e.AppendJSON(res.Body[:0])
}

func retryAfter(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
