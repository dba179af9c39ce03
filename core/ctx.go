package core

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/advantch/kernia-go/core/cookie"
	"github.com/advantch/kernia-go/core/internal/clock"
	"github.com/advantch/kernia-go/core/internal/origin"
	"github.com/advantch/kernia-go/core/wire"
)

// Ctx is one call of a route: the request, the answer so far, and what the
// kernel knows about the call. It is a context.Context and is valid only during
// the call. Use Go for work that outlives the call.
type Ctx struct {
	context.Context
	auth *Auth
	Req  *Request
	Res  *Response // header lines for the answer; the status and body are the handler's result

	route   *route
	path    string // below the base path
	params  []param
	body    wire.Value
	query   wire.Value
	noQuery wire.Object // the query of a request without one; hooks may fill it

	answer

	caller    Credential // set when callerKnown
	callerErr error
	// otherTokens are those of further session cookies; loadSession tries them when
	// the caller's has no live session.
	otherTokens []string
	alsoEnded   []string // see EndAlso
	// cookieBeside: a header names the caller, and there are cookies of other sessions.
	cookieBeside bool
	locals       map[any]any
	base         *baseURL
	origins      *origin.Set // with those of TrustedOriginsFunc; nil until asked for
	ip           string
	cookies      string // the Cookie header, lines joined
	ipKnown      bool
	ipLoaded     bool
	cookiesIn    bool                  // cookies has been read
	ran          bool                  // the operation has begun
	trusted      bool                  // called from Go without request headers
	bound        atomic.Pointer[bound] // of Options.Timeout; nil until something waits
	counts       bool                  // came over HTTP while limits are on: rules for accounts hold

	callerKnown bool

	signInMethod string // see SignInMethod
	unrecorded   error  // of a plugin that could not record an event; the call answers with it
	begunMethod  string // of BeginSignIn, for the event of a failure
	mailCounted  string // the address that LimitMails has counted
}

// answer is the state of a call's answer, besides the header lines in Res.
type answer struct {
	session       *SessionData // the caller's; the new one after a sign-in
	incoming      *SessionData // the request's own, once the call has another
	issued        *SessionData
	sessionLoaded bool
	sessionStored bool // session was read from the store
	signedIn      bool // session is not the request's own

	replied  bool
	reply    any
	returned any
	typed    any // what the handler returned
	failed   error
	status   int // of a success, or of the error whose result an after-hook replaced

	header []HeaderField // of Res, in a copy that keepAnswer made
}

// keepAnswer copies the answer, for restoreAnswer.
func (c *Ctx) keepAnswer() answer {
	kept := c.answer
	if c.Res != nil {
		kept.header = slices.Clone(c.Res.Header)
	}
	return kept
}

// restoreAnswer goes back to a kept answer.
func (c *Ctx) restoreAnswer(kept answer) {
	if c.Res != nil {
		c.Res.Header = slices.Clone(kept.header)
	}
	kept.header = nil
	c.answer = kept
}

type param struct{ name, value string }

type ctxKey struct{}

// Value returns a value of the inner context. CtxFrom uses it to find the Ctx
// itself, and packages below core the server's clock.
func (c *Ctx) Value(key any) any {
	switch key.(type) {
	case ctxKey:
		return c
	case clock.Key:
		return c.auth.opts.Clock
	}
	if b := c.bound.Load(); b != nil {
		return b.ctx.Value(key) // contexts derived from c then end with it without a goroutine
	}
	return c.Context.Value(key)
}

// CtxFrom returns the call that a context belongs to, for example in store hooks.
func CtxFrom(ctx context.Context) (*Ctx, bool) {
	c, ok := ctx.Value(ctxKey{}).(*Ctx)
	return c, ok
}

// Auth is the server that the call belongs to.
func (c *Ctx) Auth() *Auth { return c.auth }

// Path is the route's path as declared, for example "/reset-password/:token".
// Before a route is found, and in OnRequest, it is the request's path below the
// base path.
func (c *Ctx) Path() string {
	if c.route != nil {
		return c.route.path
	}
	return c.path
}

// OperationID is the id of the running operation, for example "signInEmail".
func (c *Ctx) OperationID() string {
	if c.route == nil {
		return ""
	}
	return c.route.id
}

// Method is the request's method. In a call from Go it is the first method of the
// operation.
func (c *Ctx) Method() string { return c.Req.Method }

// Param returns a path parameter, still escaped as on the wire.
func (c *Ctx) Param(name string) string {
	for _, p := range c.params {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// FromServer reports whether this is a call from Go without request headers:
// the caller is the application itself, not a client.
func (c *Ctx) FromServer() bool { return c.trusted }

// Body is the body as sent, before validation. Before-hooks may change it.
func (c *Ctx) Body() wire.Value { return c.body }

// SetBody replaces the body; only before-hooks may.
func (c *Ctx) SetBody(v wire.Value) { c.body = v }

// Query is the query as an object of strings and arrays of strings, before validation.
func (c *Ctx) Query() wire.Value { return c.query }

// SetQuery replaces the query; only before-hooks may.
func (c *Ctx) SetQuery(v wire.Value) { c.query = v }

// Reply answers instead of the handler, from a before-hook or OnRequest. After-hooks
// do not run. An error value, such as that of Redirect, becomes the answer.
func (c *Ctx) Reply(v any) {
	c.replied = true
	c.reply = v
	c.SetReturned(v)
}

// Returned is the handler's result, or the error it failed with.
func (c *Ctx) Returned() (any, error) { return c.returned, c.failed }

// Result is what the handler has returned, also when an after-hook has put something else
// in its place. It is nil when the handler has failed or did not run.
func (c *Ctx) Result() any { return c.typed }

// SetReturned replaces the result from an after-hook; an error value becomes the answer.
// A result in the place of an error keeps the error's status and headers, except a *Raw
// with a Status.
func (c *Ctx) SetReturned(v any) {
	if err, ok := v.(error); ok {
		c.returned, c.failed = nil, err
		return
	}
	c.returned, c.failed = v, nil
}

// AddMember lets an after-hook add a member at the end of the JSON object that the call
// answers with, whatever its type. An error, a redirect and an answer that is no object
// stay as they are.
func (c *Ctx) AddMember(name string, v wire.Value) error {
	var text []byte
	switch result := c.returned.(type) {
	case nil, *Raw:
		return nil
	case wire.Appender:
		text = result.AppendJSON(nil)
	default:
		var err error
		if text, err = c.route.encodeResult(nil, result); err != nil {
			return err
		}
	}
	if len(text) < 2 || text[0] != '{' {
		return nil
	}
	out := text[: len(text)-1 : len(text)-1] // the text may be a buffer of the result: it is not written to
	if len(out) > 1 {
		out = append(out, ',')
	}
	out = append(wire.AppendString(out, name), ':')
	c.SetReturned(encoded(append(v.AppendJSON(out), '}')))
	return nil
}

// encoded is a result that is JSON already.
type encoded []byte

// AppendJSON appends the text.
func (e encoded) AppendJSON(dst []byte) []byte { return append(dst, e...) }

// Issued returns the session that this call has set the session cookie for, or nil: a
// new session, or the caller's own after a refresh or a change. After-hooks use it to
// learn of sign-ins by any method.
func (c *Ctx) Issued() *SessionData { return c.issued }

// Now returns the time of Options.Clock, in UTC and whole milliseconds.
func (c *Ctx) Now() time.Time { return c.auth.Now() }

// SetHeader sets a header of the answer.
func (c *Ctx) SetHeader(name, value string) { c.Res.Set(name, value) }

// ExposeHeader sets a header of the answer and lets scripts of other origins read it,
// by adding its name to Access-Control-Expose-Headers.
func (c *Ctx) ExposeHeader(name, value string) {
	const expose = "Access-Control-Expose-Headers"
	c.Res.Set(name, value)
	names := c.Res.Get(expose)
	for n := range strings.SplitSeq(names, ",") {
		if strings.EqualFold(strings.TrimSpace(n), name) {
			return
		}
	}
	if names != "" {
		names += ", "
	}
	c.Res.Set(expose, names+name)
}

// SetStatus chooses the status of a success, for example 201. An error keeps its own.
func (c *Ctx) SetStatus(code int) { c.status = code }

// Redirect returns the error that answers with 302 to a location. Check the
// location with TrustedURL first.
func (c *Ctx) Redirect(location string) error {
	return &Error{Status: http.StatusFound, NoBody: true, Header: []HeaderField{{"Location", headerURL(location)}}}
}

// headerURL makes a URL fit for a header: control characters and non-ASCII are
// percent-encoded.
func headerURL(u string) string {
	clean := true
	for i := 0; i < len(u); i++ {
		if u[i] <= ' ' || u[i] >= 0x7f {
			clean = false
			break
		}
	}
	if clean {
		return u
	}
	var b strings.Builder
	for i := 0; i < len(u); i++ {
		if u[i] <= ' ' || u[i] >= 0x7f {
			const hex = "0123456789ABCDEF"
			b.WriteByte('%')
			b.WriteByte(hex[u[i]>>4])
			b.WriteByte(hex[u[i]&15])
			continue
		}
		b.WriteByte(u[i])
	}
	return b.String()
}

// BaseURL is the address of the routes: origin and base path, without a slash at
// the end. Build links to the server from it and never from request headers,
// which the client controls. With DynamicBaseURL it depends on the request's
// host.
func (c *Ctx) BaseURL() string { return c.base.url }

// SetBaseURL gives this call another public address, for example
// "https://app.example.com", to which the base path is added. Links, cookies and
// trusted origins follow from it. Only before-hooks may call it, before anything has
// been derived from the address. The change ends with the call. The error reports an
// invalid address.
func (c *Ctx) SetBaseURL(address string) error {
	b, err := c.auth.baseFor(address)
	if err != nil {
		return err
	}
	c.base, c.origins = b, nil
	return nil
}

// ErrorURL is where a browser is sent with error and error_description in the query when
// a flow of redirects fails: Options.ErrorURL, or /error below BaseURL.
func (c *Ctx) ErrorURL() string {
	if target := c.auth.opts.ErrorURL; target != "" {
		return target
	}
	return c.base.url + "/error"
}

// Resolve makes a redirect target absolute against the base URL.
func (c *Ctx) Resolve(target string) string {
	base, err := url.Parse(c.base.url)
	if err != nil {
		return target
	}
	u, err := base.Parse(target)
	if err != nil {
		return target
	}
	if u.Path == "" && u.Host != "" {
		u.Path = "/"
	}
	return u.String()
}

// TrustedURL reports whether a redirect target may be used: a plain path of this
// site, or a URL of a trusted origin.
func (c *Ctx) TrustedURL(target string) bool {
	if origin.SafeRelative(target) {
		return true
	}
	set, err := c.trustedOrigins()
	return err == nil && set.MatchURL(target)
}

// TrustedOrigin reports whether an Origin header's value is trusted.
func (c *Ctx) TrustedOrigin(value string) bool {
	set, err := c.trustedOrigins()
	return err == nil && set.MatchOrigin(value)
}

// trustedOrigins is the static set, with this request's own origins added. It belongs
// to the call: no request sees origins of another.
func (c *Ctx) trustedOrigins() (*origin.Set, error) {
	if c.origins != nil {
		return c.origins, nil
	}
	set := c.base.origins
	if f := c.auth.opts.TrustedOriginsFunc; f != nil {
		more, err := f(c, c.Req)
		if err != nil {
			c.auth.logError(c, "TrustedOriginsFunc failed, nothing is trusted", err)
			return nil, err
		}
		kept := make([]string, 0, len(more))
		for _, o := range more {
			if o != "" {
				kept = append(kept, o)
			}
		}
		if set, err = set.With(kept); err != nil {
			c.auth.logError(c, "TrustedOriginsFunc gave a bad origin, nothing is trusted", err)
			return nil, err
		}
	}
	c.origins = set
	return set, nil
}

// IP returns the client's normalised address; an IPv6 address is masked to its
// network. It reports false when no address is known.
func (c *Ctx) IP() (string, bool) {
	if !c.ipLoaded {
		c.ipLoaded = true
		values := func(name string) []string {
			if c.Req.Header == nil {
				return nil
			}
			return c.Req.Header.Values(name)
		}
		c.ip, c.ipKnown = c.auth.ips.Resolve(c.Req.Remote, values)
		if !c.auth.warned.proxy.Load() {
			c.auth.hintProxy(c.Req.Remote, values)
		}
	}
	return c.ip, c.ipKnown
}

// cookieHeader is the Cookie header, lines joined.
func (c *Ctx) cookieHeader() string {
	if !c.cookiesIn {
		c.cookiesIn = true
		if c.Req.Header != nil {
			if lines := c.Req.Header.Values("Cookie"); len(lines) == 1 {
				c.cookies = lines[0]
			} else if len(lines) > 1 {
				c.cookies = strings.Join(lines, "; ")
			}
		}
	}
	return c.cookies
}

// Cookie returns the value of a cookie by its full name, decoded; "" when absent.
func (c *Ctx) Cookie(name string) string {
	raw, ok := cookie.Lookup(c.cookieHeader(), name)
	if !ok {
		return ""
	}
	return cookie.Value(raw)
}

// Cookies lists the cookies of the request by name and decoded value, in the order of
// the header. A name may come several times.
func (c *Ctx) Cookies() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		cookie.Each(c.cookieHeader(), func(name, raw string) bool { return yield(name, cookie.Value(raw)) })
	}
}

// SignedCookie returns the value of a signed cookie. A sibling domain may plant
// several cookies of the same name; the first with a valid signature counts. It
// reports false when there is none.
func (c *Ctx) SignedCookie(name string) (string, bool) {
	found, ok := "", false
	cookie.All(c.cookieHeader(), name, func(raw string) bool {
		value, signature, split := cookie.SplitSigned(raw)
		if split && c.auth.keys.Verify(value, signature[:]) {
			found, ok = value, true
			return false
		}
		return true
	})
	return found, ok
}

// SetCookie adds a Set-Cookie line.
func (c *Ctx) SetCookie(spec Cookie, value string) {
	if line := cookie.Serialize(spec.Name, value, spec.Attributes); line != "" {
		c.Res.Add("Set-Cookie", line)
	}
}

// SetSignedCookie adds a Set-Cookie line with a signature.
func (c *Ctx) SetSignedCookie(spec Cookie, value string) {
	c.SetCookie(spec, value+"."+c.auth.keys.Sign(value))
}

// ExpireCookie removes a cookie from the browser, with the attributes it was set with.
func (c *Ctx) ExpireCookie(spec Cookie) {
	spec.Attributes.MaxAge = 0
	c.SetCookie(spec, "")
}
