// Package oauthform has what endpoints of OAuth do with their forms before a handler sees
// them: RFC 6749 refuses a parameter that comes twice, takes one without a value for
// absent, and has its own form of errors.
package oauthform

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// Is reports whether the body of a call is a form.
func Is(c *core.Ctx) bool {
	if c.Req.Header == nil {
		return false
	}
	media, _, _ := strings.Cut(c.Req.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(media), "application/x-www-form-urlencoded")
}

// RefuseRepeated makes a before-hook that refuses a form which names a parameter twice
// (RFC 6749 3.2), and drops parameters without a value. Those of lists may come several
// times; they are lists then.
func RefuseRepeated(lists ...string) func(*core.Ctx) error {
	return func(c *core.Ctx) error {
		if !Is(c) {
			return nil
		}
		kept := &wire.Object{}
		for _, pair := range wire.ParseQuery(string(c.Req.Body)) {
			if pair.Value == "" {
				continue
			}
			v := wire.String(pair.Value)
			if before, ok := kept.Get(pair.Name); ok {
				if !slices.Contains(lists, pair.Name) {
					return core.OAuthError(http.StatusBadRequest, "invalid_request", "A parameter must not be repeated")
				}
				items, isList := before.Items()
				if !isList {
					items = []wire.Value{before}
				}
				v = wire.Array(append(slices.Clone(items), v)...)
			}
			kept.Set(pair.Name, v)
		}
		c.SetBody(wire.ObjectOf(kept))
		return nil
	}
}

// Refusal is the answer to a form that is not valid, in the form of OAuth, or nil.
func Refusal(c *core.Ctx) error {
	_, err := c.Returned()
	if !Is(c) || !core.HasCode(err, core.CodeValidationError) {
		return nil
	}
	message := ""
	if e, ok := errors.AsType[*core.Error](err); ok {
		message = e.Message
	}
	return core.OAuthError(http.StatusBadRequest, "invalid_request", message)
}
