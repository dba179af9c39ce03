// Package kernia serves Kernia through Fiber, directly on fasthttp and without
// net/http.
//
//	app := fiber.New()
//	app.Use(kernia.Fiber(auth))
//	app.Get("/me", kernia.RequireSession(), func(c *fiber.Ctx) error {
//		s, _ := kernia.Session(c)
//		return c.JSON(s.User)
//	})
package kernia

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"github.com/advantch/kernia-go/core"
)

// Fiber serves the auth routes below the base path and attaches a lazy session to
// every other request. Use it on the app itself. A *core.Error that a handler returns has
// its status in Fiber's ErrorHandler too; see ErrorHandler for its body.
func Fiber(a *core.Auth) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if ambiguous(&c.Request().Header) {
			c.Response().SetConnectionClose()
			return c.SendStatus(http.StatusBadRequest)
		}
		req := request(c)
		if a.Handles(req.Path) {
			return serve(a, c, req)
		}
		head := &header{in: &c.Request().Header, out: &c.Response().Header}
		req.Header = head
		c.SetUserContext(a.Attach(c.UserContext(), req, head.send))
		failed := true // until Next returns without an error
		defer func() { head.end(failed) }()
		err := c.Next()
		failed = err != nil
		return fiberError(c, err)
	}
}

// App returns a sub-app with only the auth routes. Mount it at the base path:
// app.Mount("/api/auth", kernia.App(auth)). It attaches no sessions.
func App(a *core.Auth) *fiber.App {
	app := fiber.New()
	app.Use(func(c *fiber.Ctx) error {
		if ambiguous(&c.Request().Header) {
			c.Response().SetConnectionClose()
			return c.SendStatus(http.StatusBadRequest)
		}
		if req := request(c); a.Handles(req.Path) {
			return serve(a, c, req)
		}
		return c.Next()
	})
	return app
}

// Session returns the session of a request that went through Fiber. The first
// call reads the cookie cache or the store. A refreshed cookie is added to the
// answer, unless the first call comes from the application's ErrorHandler. In
// services, core.SessionFrom(c.UserContext()) does the same. A first call after the
// handlers have returned finds no session.
func Session(c *fiber.Ctx) (*core.SessionData, bool) { return core.SessionFrom(c.UserContext()) }

// RequireSession answers 401 {"message":"Unauthorized","code":"UNAUTHORIZED"} to
// requests without a session and stops the chain.
func RequireSession() fiber.Handler { return Require(core.SessionGuard) }

// Require lets a request through if all guards do, asked in order. Otherwise it
// sends the answer of the guard that refused and stops the chain.
func Require(guards ...core.Guard) fiber.Handler {
	return func(c *fiber.Ctx) error {
		if refusal := core.Check(c.UserContext(), guards...); refusal != nil {
			return fail(c, refusal)
		}
		return c.Next()
	}
}

// ErrorHandler answers a *core.Error that a handler returns, such as that of core.Check,
// with its status, code and message, as the auth routes do. It answers every other error
// as Fiber does:
//
//	app := fiber.New(fiber.Config{ErrorHandler: kernia.ErrorHandler})
func ErrorHandler(c *fiber.Ctx, err error) error {
	var e *core.Error
	if errors.As(err, &e) {
		return fail(c, e)
	}
	return fiber.DefaultErrorHandler(c, err)
}

// fiberError gives an error handler that does not know a *core.Error its status. The text
// stays, and errors.As finds both.
func fiberError(c *fiber.Ctx, err error) error {
	var e *core.Error
	if !errors.As(err, &e) || e.Status < http.StatusBadRequest {
		return err
	}
	var known *fiber.Error
	if errors.As(err, &known) {
		return err // the application has made its own of it
	}
	for _, h := range e.Header {
		c.Response().Header.Add(h.Name, h.Value)
	}
	return &answer{err, fiber.NewError(e.Status, e.Message)}
}

type answer struct {
	error
	status *fiber.Error
}

func (a *answer) Unwrap() []error { return []error{a.error, a.status} }

func fail(c *fiber.Ctx, e *core.Error) error { return write(c, e.Response()) }

// request translates all but headers and body. Strings are copies: fasthttp reuses its
// buffers, and what core stores (agents, addresses) must not change under it.
func request(c *fiber.Ctx) core.Request {
	h := &c.Request().Header
	host, path, query := target(string(h.RequestURI()))
	if host == "" {
		host = string(h.Host())
	}
	req := core.Request{
		Method: method(h.Method()), Path: path, RawQuery: query, Scheme: "http", Host: host,
	}
	if c.Context().IsTLS() {
		req.Scheme = "https"
	}
	if a, ok := c.Context().RemoteAddr().(*net.TCPAddr); ok {
		remote := a.AddrPort()
		req.Remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	}
	return req
}

// method returns the usual methods without a copy.
func method(b []byte) string {
	switch string(b) {
	case http.MethodGet:
		return http.MethodGet
	case http.MethodPost:
		return http.MethodPost
	}
	return string(b)
}

// target splits a request target (RFC 9112 §3.2) without decoding or cleaning: the
// URI that fasthttp parses has done both. Of the absolute form, its authority
// counts and not the Host header.
func target(uri string) (host, path, query string) {
	path, query, _ = strings.Cut(uri, "?")
	if _, rest, absolute := strings.Cut(path, "://"); absolute && !strings.HasPrefix(path, "/") {
		slash := strings.IndexByte(rest, '/')
		if slash < 0 {
			return rest, "/", query
		}
		return rest[:slash], rest[slash:], query
	}
	return "", path, query
}

// exchange holds the values of one call of serve in one allocation.
type exchange struct {
	head   header
	req    core.Request
	res    core.Response
	fields [6]core.HeaderField // as many as a sign-in sets; more move elsewhere
}

func serve(a *core.Auth, c *fiber.Ctx, r core.Request) error {
	x := exchange{req: r}
	x.head.in = &c.Request().Header
	x.req.Header, x.res.Header = &x.head, x.fields[:0]
	req, res := &x.req, &x.res
	defer x.head.end(false) // background work may hold the request
	var err error
	if req.Body, req.TooLarge, err = body(c, a.MaxBody()); err != nil {
		// The start of the next request is unknown.
		c.Response().SetConnectionClose()
		return fail(c, core.FailText(http.StatusBadRequest, "Request body could not be read"))
	}
	a.Serve(c.UserContext(), req, res)
	return write(c, res)
}

// write adds or replaces each line as core.Response.Adds says.
func write(c *fiber.Ctx, res *core.Response) error {
	h := &c.Response().Header
	h.SetNoDefaultContentType(true)
	for i, f := range res.Header {
		if res.Adds(i) {
			h.Add(f.Name, f.Value)
		} else {
			h.Set(f.Name, f.Value)
		}
	}
	c.Response().SetStatusCode(res.Status)
	c.Response().SetBodyRaw(res.Body)
	return nil
}

// body returns a copy of the body as it was sent: Ctx.Body would unpack
// Content-Encoding without a bound. With StreamRequestBody, Fiber's own BodyLimit does
// not apply and nothing skips the unread rest.
func body(c *fiber.Ctx, limit int64) (data []byte, tooLarge bool, err error) {
	r := c.Request()
	stream := r.IsBodyStream()
	switch {
	case int64(r.Header.ContentLength()) > limit:
		tooLarge = true
	case stream:
		data, err = io.ReadAll(io.LimitReader(r.BodyStream(), limit+1))
	default:
		data = r.Body()
	}
	if tooLarge = tooLarge || int64(len(data)) > limit; tooLarge {
		if stream {
			c.Response().SetConnectionClose()
		}
		return nil, true, nil
	}
	if !stream {
		data = bytes.Clone(data)
	}
	return data, false, err
}

// header reads request headers and adds cookies to the answer while the request
// lives. fasthttp reuses both: a context that outlives them must not touch them.
type header struct {
	mu  sync.Mutex
	in  *fasthttp.RequestHeader  // nil when the request is over
	out *fasthttp.ResponseHeader // likewise
}

// Get implements core.Header.
func (h *header) Get(name string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.in == nil {
		return ""
	}
	if trailer(h.in, name) {
		for value := range lines(h.in, name) {
			return string(value)
		}
		return ""
	}
	return string(h.in.Peek(name))
}

// Values implements core.Header.
func (h *header) Values(name string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.in == nil {
		return nil
	}
	if trailer(h.in, name) {
		var out []string
		for value := range lines(h.in, name) {
			out = append(out, string(value))
		}
		return out
	}
	values := h.in.PeekAll(name)
	if len(values) == 0 {
		return nil
	}
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = string(value)
	}
	return out
}

func (h *header) send(line string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.out != nil {
		h.out.Add(fiber.HeaderSetCookie, line)
	}
}

// end releases the request. After a failure Fiber calls the application's ErrorHandler,
// which may ask for the session, so the headers are copied for it.
func (h *header) end(failed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var kept *fasthttp.RequestHeader
	if failed {
		kept = &fasthttp.RequestHeader{}
		h.in.CopyTo(kept)
	}
	h.in, h.out = kept, nil
}
