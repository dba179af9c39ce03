package oauth

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

// CodeAuthorizationURL is the code of an answer to a browser that asks for a flow that is
// not pending, or for an address that is not its provider's.
var CodeAuthorizationURL = core.ErrorCode{Code: "INVALID_AUTHORIZATION_URL", Message: "Invalid authorizationURL"}

// Bind lets the caller's browser complete a flow that an application on the same device
// has begun: it sets the state cookie. target is the URL that Begin returned to the
// application; its state must be pending, and its address the authorization endpoint of
// a provider. stored is the value of the oauth_state cookie that the application has
// (AccountOptions.StateInCookie), else "".
//
// With Bind a flow need not end in the browser in which it began, so a person who begins
// a flow can make somebody else complete it. A flow that links an account is therefore
// refused unless links is set: the second person's account would be linked to the first
// person's user. The error is CodeAuthorizationURL.
func (e *Engine) Bind(c *core.Ctx, target, stored string, links bool) error {
	refusal := core.Fail(http.StatusBadRequest, CodeAuthorizationURL)
	u, err := url.Parse(target)
	if err != nil || len(target) > maxURL || u.Fragment != "" || u.User != nil {
		return refusal
	}
	name, _ := wire.ParseQuery(u.RawQuery).Get("state")
	if len(name) != stateSize {
		return refusal
	}
	s, err := e.peek(c, name, stored)
	if err != nil {
		return err
	}
	if s == nil || s.Link != nil && !links || e.expired(s) != nil || s.name != "" && subtle.ConstantTimeCompare([]byte(s.name), []byte(name)) != 1 {
		return refusal
	}
	known, err := e.leadsTo(c, s, u)
	if err != nil {
		return err
	}
	if !known {
		return refusal
	}
	switch {
	case stored != "":
		c.SetChunkedCookie(c.NewCookie(storedCookie, stateLife), stored)
	case e.compat():
		c.SetSignedCookie(c.NewCookie(stateCookie, compatCookieLife), name)
	default:
		c.SetSignedCookie(c.NewCookie(stateCookie, stateLife), strings.Join(append(e.pending(c), name), "."))
	}
	return nil
}

// peek reads a pending state without ending it, and returns nil when there is none.
func (e *Engine) peek(c *core.Ctx, name, stored string) (*state, error) {
	raw := ""
	if e.auth.Account().StateInCookie {
		opened, err := e.auth.Keys().Decrypt(stored)
		sealed, ok := strings.CutPrefix(opened, e.purpose())
		if len(stored) > 2*maxState || err != nil || !ok {
			return nil, nil
		}
		raw = sealed
	} else {
		if stored != "" {
			return nil, nil
		}
		v, err := e.auth.Store().FindVerification(c, e.identifier(name))
		if core.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		raw = v.Value
	}
	s, err := e.decode(raw)
	if err != nil {
		return nil, nil
	}
	return s, nil
}

// leadsTo reports whether a URL has the address of a provider's authorization endpoint:
// of the one of the state, or of any where a state of Better Auth names none.
func (e *Engine) leadsTo(c *core.Ctx, s *state, u *url.URL) (bool, error) {
	for _, p := range e.Providers() {
		if s.provider != "" && p.ID() != s.provider {
			continue
		}
		at, err := p.resolve(c)
		if err != nil {
			e.log(c, "its endpoints cannot be discovered", p, reason(err))
			continue
		}
		own, err := at.AuthorizationURL(oauth2.AuthorizationRequest{State: "x", Verifier: s.verifier, RedirectURI: c.BaseURL()})
		if err != nil {
			continue
		}
		endpoint, err := url.Parse(own)
		if err == nil && endpoint.Scheme == u.Scheme && endpoint.Host == u.Host && endpoint.EscapedPath() == u.EscapedPath() {
			return true, nil
		}
	}
	return false, nil
}
