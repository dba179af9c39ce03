package core

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/password"
	"github.com/advantch/kernia-go/core/ratelimit"
)

// Hashes declares that an operation calls HashPassword or VerifyPassword, and for
// which account: ByUser, ByEmail, or a function of its own. Hashing is the most
// expensive work of the server, and guessing passwords costs an attacker little.
// So such a route has
//
//   - a strict rule for each address, 3 requests in 10 seconds, unless the plugin or
//     the application gives it another one,
//   - RateLimitOptions.Account for each account, over all addresses and all routes
//     that hash,
//   - a fair share of the hashing queue for each address and each account.
//
// account returns "" when the request names no account; the handler then must not
// hash. It is called after validation and the middleware of Use. Calls from Go
// are not counted. On a route without Hashes, HashPassword and VerifyPassword
// fail.
func Hashes(account func(c *Ctx) string) Option {
	return func(s *OpSpec) { s.Hashes = account }
}

// ByUser is the caller's user id, for Hashes on routes that require a session.
func ByUser(c *Ctx) string {
	if data := c.Session(); data != nil {
		return "user:" + data.User.ID
	}
	return ""
}

// ByEmail is the e-mail address in the body, for Hashes on routes without a
// session. An address without an account is counted like any other.
func ByEmail(c *Ctx) string {
	if text, ok := c.body.Get("email").Str(); ok {
		return "email:" + strings.ToLower(text)
	}
	return ""
}

// hashRule is the rule per address of routes that hash: that of sign-in in Better
// Auth 1.6.
var hashRule = ratelimit.Rule{Window: 10 * time.Second, Max: 3}

// sessionRule is the rule of get-session. A server that renders pages calls it for all
// visitors from one address, and a front end takes a refusal for a sign-out. A generous
// rule helps no guessing: tokens have 32 random characters and a signature.
var sessionRule = ratelimit.Rule{Window: 10 * time.Second, Max: 5000}

// routeRules are the rules that follow from what operations declare.
func (a *Auth) routeRules() []ratelimit.PathRule {
	var out []ratelimit.PathRule
	if a.opts.RateLimit.Default == (ratelimit.Rule{}) { // a default that the application sets holds for reads too
		out = append(out, ratelimit.PathRule{Match: []ratelimit.Match{{Exact: "/get-session"}}, Rule: sessionRule})
	}
	for _, rt := range a.order {
		if rt.Hashes != nil && rt.path != "" {
			out = append(out, ratelimit.PathRule{Match: []ratelimit.Match{{Exact: rt.path}}, Rule: hashRule})
		}
	}
	return out
}

// limitHashing is the last middleware of a route that hashes.
func limitHashing(c *Ctx) error {
	if !c.counts || c.auth.perAccount.Max < 0 {
		return nil
	}
	account := c.route.Hashes(c)
	if account == "" {
		return nil
	}
	return c.take(ratelimit.AccountKey(account), c.route.path, c.auth.perAccount)
}

// hashing prepares a context for the hashing queue.
func hashing(ctx context.Context) (context.Context, error) {
	c, ok := CtxFrom(ctx)
	if !ok || c.trusted || c.route == nil {
		return ctx, nil
	}
	if c.route.Hashes == nil {
		return nil, fmt.Errorf("core: the operation %q hashes a password: declare it with core.Hashes, so that it is limited by account", c.route.id)
	}
	address, known := c.IP()
	if known {
		address = "address:" + address
	}
	return password.WithShares(ctx, address, c.route.Hashes(c)), nil
}
