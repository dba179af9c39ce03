package core

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core/ratelimit"
)

// rateLimit counts the request under its route: all values of a path parameter share
// one counter, and so do all paths that are no route.
func (c *Ctx) rateLimit(path string, rt *route) error {
	a := c.auth
	if a.limiter == nil {
		return nil
	}
	c.counts = true
	counted := "unknown route"
	switch {
	case rt == nil:
		path = "/" // one counter needs one rule
	case rt.answers(path):
		path, counted = rt.path, rt.path
	default:
		counted = rt.path
	}
	rule, limited := a.limits.Resolve(c, path)
	if !limited {
		return nil
	}
	ip, _ := c.IP() // without an address everyone shares one bucket
	return c.take(ratelimit.Key(ip, counted), counted, rule)
}

// Limit counts a request under something other than its address, such as the recipient
// of a mail, and answers 429 when there were more than the rule allows, from all
// addresses together. what is the counted thing; it is stored as a hash only. All routes
// that count the same text share one allowance: begin it with the plugin's id, and add
// the route where each one is to have its own. Call
// Limit outside of transactions, and only after the caller has been authorized, so that
// nobody uses up another's allowance. Calls from Go are not counted. Nothing is counted
// when the limiter is off (RateLimit.Disabled). A rule of RateLimit.Rules that exempts the
// path does not exempt it from Limit.
func (c *Ctx) Limit(what string, rule ratelimit.Rule) error {
	if !c.counts || c.route == nil {
		return nil
	}
	return c.take(ratelimit.AccountKey(what), c.route.path, rule)
}

// LimitMails counts a request that mails a link to an address, under
// RateLimitOptions.Mails, and answers 429 when there were too many. Call it before the
// address is looked up, so that the answer says nothing about it. Mails that nobody has
// asked for are counted by MayMail.
func (c *Ctx) LimitMails(address string) error {
	address = NormalizeEmail(address)
	if rule := c.auth.perMailbox; rule.Max >= 0 {
		if err := c.Limit(mailsTo(address), rule); err != nil {
			return err
		}
	}
	c.mailCounted = address
	return nil
}

// MayMail counts a mail to an address under RateLimitOptions.Mails that another request
// causes, such as a sign-in or the opening of a link, and reports whether it may be sent.
// One that LimitMails has counted in this call is not counted again. Call it outside of
// transactions, best in the task that sends.
func (c *Ctx) MayMail(ctx context.Context, address string) (bool, error) {
	address = NormalizeEmail(address)
	rule := c.auth.perMailbox
	if rule.Max < 0 || !c.counts || c.mailCounted == address {
		return true, nil
	}
	return c.auth.Allow(ctx, mailsTo(address), rule)
}

func mailsTo(address string) string { return "mail|to|" + address }

// ruleOr is a rule of RateLimitOptions with its defaults. A negative Max is no rule.
func ruleOr(r ratelimit.Rule, option string, preset ratelimit.Rule) (ratelimit.Rule, error) {
	if r.Max < 0 {
		return ratelimit.Rule{Max: -1}, nil
	}
	if r.Max == 0 {
		r.Max = preset.Max
	}
	if r.Window == 0 {
		r.Window = preset.Window
	}
	if r.Window < time.Millisecond {
		return r, fmt.Errorf("core: RateLimit.%s: the window %v is less than a millisecond", option, r.Window)
	}
	return r, nil
}

// Allow counts under the same text as Ctx.Limit, for work that cannot be answered with
// 429 because the answer is given already. It reports whether the rule admits the work, and
// true when the limiter is off.
func (a *Auth) Allow(ctx context.Context, what string, rule ratelimit.Rule) (bool, error) {
	if a.limiter == nil {
		return true, nil
	}
	d, err := a.limiter.Take(ctx, ratelimit.AccountKey(what), rule, a.Now())
	return err == nil && d.Allowed, err
}

// take counts a request under a key and refuses it when the rule is exceeded.
func (c *Ctx) take(key, path string, rule ratelimit.Rule) error {
	a := c.auth
	d, err := a.limiter.Take(c, key, rule, a.Now())
	if err != nil {
		// A limiter that cannot count refuses: a failure must not be a way around it.
		return internalError(err)
	}
	if d.Allowed {
		a.cleanup.idleLimits(c)
		return nil
	}
	// The path itself may hold a token, for example that of a reset link.
	c.Emit(Event{Type: EventRateLimited, Path: path, Code: CodeTooManyRequests.Code})
	e := Fail(http.StatusTooManyRequests, CodeTooManyRequests)
	after := retryAfter(d.RetryAfter)
	e.Header = []HeaderField{{"X-Retry-After", after}, {"Retry-After", after}}
	return e
}
