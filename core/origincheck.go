package core

import (
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core/wire"
)

// checkOrigin guards everything that can change state: a request that carries
// cookies must name a trusted origin, and redirect parameters must be trusted.
func (c *Ctx) checkOrigin() error {
	switch c.Req.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
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
	if s, ok := v.Str(); ok && c.TrustedURL(s) {
		return nil
	}
	return c.refuseOrigin(code)
}

func (c *Ctx) refuseOrigin(code ErrorCode) error {
	c.Emit(Event{Type: EventOriginRefused, Code: code.Code})
	return Fail(http.StatusForbidden, code)
}

func (c *Ctx) skipsOriginCheck() bool {
	return c.Auth.skipOrigin["*"] || c.Auth.skipOrigin[c.path]
}

// requireOrigin checks Origin, or Referer in its place. Without force it does so
// only when the request carries cookies.
func (c *Ctx) requireOrigin(force bool) error {
	h := c.Req.Header
	if h == nil || c.Auth.opts.DisableCSRFCheck || c.Auth.skipOrigin[c.path] {
		return nil
	}
	if !force && len(h.Values("Cookie")) == 0 {
		return nil
	}
	value := h.Get("Origin")
	if value == "" {
		value = h.Get("Referer")
	}
	if value == "" || value == "null" {
		return c.refuseOrigin(CodeMissingOrNullOrigin)
	}
	if !c.TrustedOrigin(value) {
		return c.refuseOrigin(CodeInvalidOrigin)
	}
	return nil
}

// SameSiteForm is middleware for sign-in and sign-up, which need no cookie to do
// harm: another site could sign a visitor in to the attacker's account. It refuses
// cross-site navigations by Fetch Metadata, and any foreign Origin. A request with
// neither, such as one from another server, passes.
func SameSiteForm(c *Ctx) error {
	h := c.Req.Header
	if c.trusted || h == nil || c.Auth.opts.DisableCSRFCheck {
		return nil
	}
	if len(h.Values("Cookie")) > 0 {
		return c.requireOrigin(false)
	}
	site, mode, dest := strings.TrimSpace(h.Get("Sec-Fetch-Site")), strings.TrimSpace(h.Get("Sec-Fetch-Mode")), strings.TrimSpace(h.Get("Sec-Fetch-Dest"))
	if site == "cross-site" && mode == "navigate" {
		return c.refuseOrigin(CodeCrossSiteLoginBlocked)
	}
	if site != "" || mode != "" || dest != "" || h.Get("Origin") != "" {
		return c.requireOrigin(true)
	}
	return nil
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
