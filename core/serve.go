package core

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/password"
	"github.com/advantch/kernia-go/core/wire"
)

// Handles reports whether a path belongs to this server. It is cheap: call it
// before reading a body.
func (a *Auth) Handles(path string) bool {
	if a.basePath == "" {
		return a.router.knows(path) // the rest of the site belongs to the application
	}
	return strings.HasPrefix(path, a.basePath) && (len(path) == len(a.basePath) || path[len(a.basePath)] == '/')
}

// MaxBody is the largest body, in bytes, that Serve accepts. A translator reads no
// more than that and leaves the refusal to Serve, by Request.TooLarge.
func (a *Auth) MaxBody() int64 { return a.opts.MaxBody }

// Raw is a result that is not JSON.
type Raw struct {
	Status      int // default 200
	ContentType string
	Body        []byte
}

// Serve answers a request. It never panics.
func (a *Auth) Serve(ctx context.Context, req *Request, res *Response) {
	c := &Ctx{Context: ctx, Auth: a, Req: req, Res: res, base: a.base}
	if res.Header == nil {
		res.Header = make([]HeaderField, 0, 6)
	}
	defer func() {
		if r := recover(); r != nil {
			where := "a request before its route"
			if c.route != nil {
				where = req.Method + " " + c.route.path // never the path itself: it may hold a token
			}
			a.logPanic(ctx, where, r)
			res.Header = res.Header[:0]
			a.render(ctx, c.route, res, nil, internalError(errPanicked))
		}
	}()
	err := c.serve()
	a.render(ctx, c.route, res, c.returned, err)
	if c.status != 0 {
		res.Status = c.status
	}
	for _, f := range a.onResponse {
		f(c, res)
	}
}

func (a *Auth) logPanic(ctx context.Context, where string, r any) {
	a.log.LogAttrs(ctx, slog.LevelError, "panic", slog.String("where", where), slog.String("type", fmt.Sprintf("%T", r)),
		slog.String("stack", string(debug.Stack())))
	a.report(ctx, fmt.Errorf("core: panic in %s: %T", where, r))
}

// errPanicked is the cause of the answer to a panic, which has been logged.
var errPanicked = errors.New("core: a panic was recovered")

// report tells Options.OnError. It runs while something else has failed already,
// so a panic of the observer ends here.
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
	a := c.Auth
	if !a.Handles(c.Req.Path) {
		return a.missing()
	}
	c.path = c.Req.Path[len(a.basePath):]
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
	rt, params := a.router.find(c.Req.Method, c.path)
	if rt != nil && a.disabled[rt.path] {
		return a.missing() // named as declared, with its parameters
	}
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
		return a.missing()
	}
	c.route, c.params = rt, params
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
		c.query = wire.ObjectOf(&c.noQuery) // a URL has a query, be it empty
	}
	if err := c.checkOrigin(); err != nil {
		return err
	}
	for _, m := range c.route.middle {
		if err := m(c); err != nil {
			return err
		}
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

// execute runs hooks and handler. The result is left in c.returned.
func (c *Ctx) execute() error {
	rt := c.route
	for i := range rt.before {
		h := &rt.before[i]
		if h.Match.dynamic != nil && !h.Match.dynamic(c) {
			continue
		}
		if err := h.Run(c); err != nil {
			return err
		}
		if c.replied {
			return c.failed
		}
	}
	c.returned, c.failed = rt.run(c)
	switch {
	case errors.Is(c.failed, errReplied):
		c.SetReturned(c.reply)
	case c.failed != nil:
		c.returned = nil
		c.failed = c.refine(c.failed)
	}
	first := c.failed
	for i := range rt.after {
		h := &rt.after[i]
		if h.Match.dynamic != nil && !h.Match.dynamic(c) {
			continue
		}
		// An error of an after-hook replaces the result; later hooks see it.
		if err := h.Run(c); err != nil {
			c.SetReturned(err)
		}
	}
	if first != nil && c.failed == nil {
		// A hook has put a result in the place of an error: status and headers stay,
		// as in 1.6.11.
		e := asError(first)
		c.status = e.Status
		c.Res.merge(e.Header)
	}
	return c.failed
}

// refine turns an error of the lower layers into the answer it deserves.
func (c *Ctx) refine(err error) error {
	var e *Error
	switch {
	case errors.As(err, &e):
		return err
	case errors.Is(err, password.ErrBusy):
		busy := Fail(http.StatusServiceUnavailable, CodeServerBusy)
		busy.Header = []HeaderField{{"Retry-After", "1"}}
		return busy
	}
	return internalError(err)
}

func (c *Ctx) readBody() error {
	if len(c.Req.Body) == 0 || c.Req.Method == http.MethodGet || c.Req.Method == http.MethodHead {
		return nil
	}
	contentType := ""
	if c.Req.Header != nil {
		contentType = c.Req.Header.Get("Content-Type")
	}
	if contentType == "" {
		return nil // a body that does not say what it is is not read, as in 1.6.11 on Node
	}
	base, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	base = strings.TrimSpace(base)
	switch {
	case base == "application/json":
		v, err := wire.Parse(c.Req.Body, wire.Limits{})
		if errors.Is(err, wire.ErrText) {
			return errBadText
		}
		if err != nil {
			return errInvalidJSON
		}
		c.body = v
	case base == "application/x-www-form-urlencoded" && c.route.Form:
		o, err := formBody(c.Req.Body)
		if err != nil {
			return err
		}
		c.body = o
	default:
		allowed := "application/json"
		if c.route.Form {
			allowed = "application/x-www-form-urlencoded, application/json"
		}
		return &Error{Status: http.StatusUnsupportedMediaType, Code: "UNSUPPORTED_MEDIA_TYPE",
			Message: `Content-Type "` + contentType + `" is not allowed. Allowed types: ` + allowed}
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
	secure(res)
	if err != nil {
		a.renderError(ctx, res, err)
		return
	}
	res.Status = http.StatusOK
	contentType := "application/json"
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
			a.renderError(ctx, res, internalError(encErr))
			return
		}
		res.Body = body
	}
	if contentType != "" {
		res.Set("Content-Type", contentType)
	}
}

// encodeResult uses the encoder that was compiled for the operation's own result
// type; a hook may have put a value of another type in its place.
func (rt *route) encodeResult(dst []byte, v any) ([]byte, error) {
	t := reflect.TypeOf(v)
	if rt != nil && t == rt.output {
		return rt.encode.Append(dst, v), nil
	}
	enc, err := wire.EncoderFor(t)
	if err != nil {
		return nil, err
	}
	return enc.Append(dst, v), nil
}

func (a *Auth) renderError(ctx context.Context, res *Response, err error) {
	e := asError(err)
	if e.Status >= 500 {
		cause := e.Cause
		if cause == nil {
			cause = e
		}
		if !errors.Is(cause, errPanicked) {
			a.logError(ctx, "a request failed", cause)
		}
	}
	e.write(res)
}

// secure sets the headers that every answer has: they hold sessions and personal
// data, so no cache may keep them (RFC 9111 §5.2.2.5) and no browser guess their type.
func secure(res *Response) {
	res.drop("Cache-Control")
	res.drop("X-Content-Type-Options")
	res.Header = append(res.Header, HeaderField{"Cache-Control", "no-store"}, HeaderField{"X-Content-Type-Options", "nosniff"})
}

// Response is the error as a whole answer, for translators that refuse a request
// by themselves.
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
			res.Set("Content-Type", "application/json") // as 1.6.11 labels its redirects
		}
		return
	}
	res.Set("Content-Type", "application/json")
	res.Body = e.AppendJSON(res.Body[:0])
}

func retryAfter(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}
