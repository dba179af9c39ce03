package core

import (
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core/wire"
)

// checkOrigin protects requests that can change state: one with cookies must name a
// trusted origin, and redirect parameters must be trusted.
func (c *Ctx) checkOrigin() error {
	switch c.Req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return nil
	}
	if c.route.Foreign {
		return nil
	}
	if err := c.requireOrigin(false); err != nil {
		return err
	}
	if c.skipsOriginCheck() {
		return nil
	}
	callback := c.body.Get("callbackURL")
	if !callback.Truthy() {
		callback = c.query.Get("callbackURL")
	}
	for _, p := range []struct {
		value wire.Value
		code  ErrorCode
	}{
		{callback, CodeInvalidCallbackURL},
		{c.body.Get("redirectTo"), CodeInvalidRedirectURL},
		{c.body.Get("errorCallbackURL"), CodeInvalidErrorCallbackURL},
		{c.body.Get("newUserCallbackURL"), CodeInvalidNewUserCallbackURL},
	} {
		if err := c.checkTarget(p.value, p.code); err != nil {
			return err
		}
	}
	return nil
}

func (c *Ctx) checkTarget(v wire.Value, code ErrorCode) error {
	if !v.Truthy() {
		return nil
	}
	s, ok := v.Str()
	if ok && c.TrustedURL(s) {
		return nil
	}
	return c.refuseOrigin(code, s)
}

// refuseOrigin is the answer to an untrusted origin or redirect URL. The log says once
// which setting to add.
func (c *Ctx) refuseOrigin(code ErrorCode, value string) error {
	o := shownOrigin(value)
	c.auth.refused.note(c, code, o)
	c.Emit(Event{Type: EventOriginRefused, Code: code.Code, Origin: o})
	return Fail(http.StatusForbidden, code)
}

func (c *Ctx) skipsOriginCheck() bool {
	return c.auth.skipOrigin["*"] || c.skips()
}

// skips reports whether the application has listed the route, by its path as declared
// or by an alias.
func (c *Ctx) skips() bool {
	return c.auth.skipOrigin[c.route.path] || c.auth.skipOrigin[c.path] && c.route.answers(c.path)
}

// requireOrigin checks Origin, or Referer in its place. Without force it does so
// only when the request carries cookies.
func (c *Ctx) requireOrigin(force bool) error {
	h := c.Req.Header
	if h == nil || c.auth.opts.DisableCSRFCheck || c.skips() {
		return nil
	}
	if !force && len(h.Values("Cookie")) == 0 {
		return nil
	}
	value := c.origin()
	if value == "" {
		value = h.Get("Referer")
	}
	if value == "" || value == "null" {
		return c.refuseOrigin(CodeMissingOrNullOrigin, value)
	}
	if !c.TrustedOrigin(value) {
		return c.refuseOrigin(CodeInvalidOrigin, value)
	}
	return nil
}

// origin is the origin that the request names: Origin, or a header that a plugin reads in
// its place (Manifest.OriginHeaders).
func (c *Ctx) origin() string {
	value := c.Req.Header.Get("Origin")
	for i := 0; value == "" && i < len(c.auth.originHeaders); i++ {
		value = c.Req.Header.Get(c.auth.originHeaders[i])
	}
	return value
}

// SameSiteForm is middleware against login CSRF: without it another site could
// sign a visitor in to the attacker's account, for which no cookie is needed.
// Sign-in and sign-up use it, and so must every route that sets or removes session
// cookies and takes a form or no body. It refuses cross-site navigations by Fetch
// Metadata, and any Origin that is not trusted. A request with neither header, such as
// one from another server, passes.
func SameSiteForm(c *Ctx) error {
	h := c.Req.Header
	if c.trusted || h == nil || c.auth.opts.DisableCSRFCheck {
		return nil
	}
	if len(h.Values("Cookie")) > 0 {
		return c.requireOrigin(false)
	}
	site, mode, dest := strings.TrimSpace(h.Get("Sec-Fetch-Site")), strings.TrimSpace(h.Get("Sec-Fetch-Mode")), strings.TrimSpace(h.Get("Sec-Fetch-Dest"))
	if site == "cross-site" && mode == "navigate" {
		return c.refuseOrigin(CodeCrossSiteLoginBlocked, h.Get("Origin"))
	}
	if site != "" || mode != "" || dest != "" || c.origin() != "" {
		return c.requireOrigin(true)
	}
	return nil
}

// foreignForm is SameSiteForm for requests without cookies, for sign-out: what has cookies
// has been checked, or is a call from Go on behalf of its caller.
func foreignForm(c *Ctx) error {
	if c.Req.Header == nil || len(c.Req.Header.Values("Cookie")) > 0 {
		return nil
	}
	return SameSiteForm(c)
}

// TrustedTarget is middleware that checks a redirect parameter of the query
// ("query", "callbackURL") or body. checkOrigin does so for the usual names of
// POST requests; GET routes that redirect need this one.
func TrustedTarget(source, name string) Middleware {
	return func(c *Ctx) error {
		if c.trusted || c.skipsOriginCheck() {
			return nil
		}
		v := c.query.Get(name)
		if source == "body" {
			v = c.body.Get(name)
		}
		return c.checkTarget(v, CodeInvalidCallbackURL)
	}
}
