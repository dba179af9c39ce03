package core

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/cookie"
	"github.com/advantch/kernia-go/core/origin"
	"github.com/advantch/kernia-go/core/wire"
)

// Ctx is one call of a route: the request, its answer so far, and what the
// kernel knows of it. It is a context.Context and is valid during the call only;
// work that outlives the call goes through Go.
type Ctx struct {
	context.Context
	Auth *Auth
	Req  *Request
	Res  *Response // header lines for the answer; the status and body are the handler's result

	route   *route
	path    string // below the base path
	params  []param
	body    wire.Value
	query   wire.Value
	noQuery wire.Object // what query is without one; hooks may fill it

	answer

	base      *baseURL
	origins   *origin.Set // with those of TrustedOriginsFunc; nil until asked for
	ip        string
	cookies   string // the Cookie header, lines joined
	ipKnown   bool
	ipLoaded  bool
	cookiesIn bool // cookies has been read
	trusted   bool // called from Go without request headers
}

// answer is what a call has come to so far, besides the header lines in Res.
type answer struct {
	session       *SessionData
	newSession    *SessionData
	sessionLoaded bool
	sessionGiven  bool // by a plugin, not from the cookie

	replied  bool
	reply    any
	returned any
	failed   error
	status   int // of an error that an after-hook put a result in the place of

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

// restoreAnswer makes the answer what it was when it was kept.
func (c *Ctx) restoreAnswer(kept answer) {
	if c.Res != nil {
		c.Res.Header = slices.Clone(kept.header)
	}
	kept.header = nil
	c.answer = kept
}

type param struct{ name, value string }

type ctxKey struct{}

// Value returns the Ctx itself for CtxFrom, and the values of the inner context.
func (c *Ctx) Value(key any) any {
	if _, ok := key.(ctxKey); ok {
		return c
	}
	return c.Context.Value(key)
}

// CtxFrom returns the call that a context belongs to, for example in store hooks.
func CtxFrom(ctx context.Context) (*Ctx, bool) {
	c, ok := ctx.Value(ctxKey{}).(*Ctx)
	return c, ok
}

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

// Method is the request's method; the operation's first one when it was called from Go.
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

// Trusted reports a call from Go that carries no request headers: it is the
// application itself, not a client.
func (c *Ctx) Trusted() bool { return c.trusted }

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

// SetReturned replaces the result from an after-hook; an error value becomes the answer.
func (c *Ctx) SetReturned(v any) {
	if err, ok := v.(error); ok {
		c.returned, c.failed = nil, err
		return
	}
	c.returned, c.failed = v, nil
}

// NewSession is the session that this call has made or refreshed, if any.
func (c *Ctx) NewSession() *SessionData { return c.newSession }

// SetNewSession tells after-hooks of a session, and ends one when nil.
func (c *Ctx) SetNewSession(s *SessionData) { c.newSession = s }

// Now is the time by Options.Clock, in UTC and whole milliseconds.
func (c *Ctx) Now() time.Time { return c.Auth.Now() }

// SetHeader sets a header of the answer.
func (c *Ctx) SetHeader(name, value string) { c.Res.Set(name, value) }

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
// the end. In links to the server itself it is the only source; headers of the
// request never are, unless DynamicBaseURL says so.
func (c *Ctx) BaseURL() string { return c.base.url }

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

// trustedOrigins is the static set, with this request's own origins added. It
// belongs to the call: nothing of one request is seen by another.
func (c *Ctx) trustedOrigins() (*origin.Set, error) {
	if c.origins != nil {
		return c.origins, nil
	}
	set := c.base.origins
	if f := c.Auth.opts.TrustedOriginsFunc; f != nil {
		more, err := f(c, c.Req)
		if err != nil {
			c.Auth.logError(c, "TrustedOriginsFunc failed, nothing is trusted", err)
			return nil, err
		}
		kept := make([]string, 0, len(more))
		for _, o := range more {
			if o != "" {
				kept = append(kept, o)
			}
		}
		if set, err = set.With(kept); err != nil {
			c.Auth.logError(c, "TrustedOriginsFunc gave a bad origin, nothing is trusted", err)
			return nil, err
		}
	}
	c.origins = set
	return set, nil
}

// IP is the client's address as text, normalised: IPv6 is masked to its network.
// It reports false when there is none.
func (c *Ctx) IP() (string, bool) {
	if !c.ipLoaded {
		c.ipLoaded = true
		values := func(name string) []string {
			if c.Req.Header == nil {
				return nil
			}
			return c.Req.Header.Values(name)
		}
		c.ip, c.ipKnown = c.Auth.ips.Resolve(c.Req.Remote, values)
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

// SignedCookie returns the value of a signed cookie. Of several cookies of the
// same name, as a sibling domain may plant them, the first with a valid signature
// counts. It reports false when there is none.
func (c *Ctx) SignedCookie(name string) (string, bool) {
	found, ok := "", false
	cookie.All(c.cookieHeader(), name, func(raw string) bool {
		value, signature, split := cookie.SplitSigned(raw)
		if split && c.Auth.keys.Verify(value, signature[:]) {
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
	c.SetCookie(spec, value+"."+c.Auth.keys.Sign(value))
}

// ExpireCookie removes a cookie from the browser, with the attributes it was set with.
func (c *Ctx) ExpireCookie(spec Cookie) {
	spec.Attributes.MaxAge = 0
	c.SetCookie(spec, "")
}
