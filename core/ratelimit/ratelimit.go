// Package ratelimit admits a fixed number of requests per client and path. It
// decides which rule holds for a path and counts requests in memory, in a
// database or in a secondary storage.
package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrRule is wrapped by errors about rules that cannot be applied.
var ErrRule = errors.New("ratelimit: bad rule")

// ErrContended is returned by Take when a counter kept changing under it for
// too many attempts. Nothing was counted.
var ErrContended = errors.New("ratelimit: too many concurrent writes to one counter")

// Rule admits Max requests with pauses shorter than Window between them. As in
// Better Auth 1.6.11 the window runs from the last admitted request, not from
// the first.
type Rule struct {
	Window time.Duration // at least a millisecond; parts of a millisecond are dropped
	Max    int           // less than 1 refuses every request
}

func (r Rule) check() error {
	if r.Window < time.Millisecond {
		return fmt.Errorf("%w: window %s is less than a millisecond", ErrRule, r.Window)
	}
	return nil
}

// Decision is the answer of a Store.
type Decision struct {
	Allowed bool
	// RetryAfter is how long to wait: whole seconds, rounded up, more than zero
	// when the request was refused and zero when it was admitted.
	RetryAfter time.Duration
}

// Store counts requests. It is safe for concurrent use.
type Store interface {
	// Take is one atomic step: it admits a request and counts it, or refuses it
	// without counting. A refused request therefore does not prolong the window.
	// On an error nothing is known about the count; callers that protect accounts
	// refuse the request then. Errors wrap ErrRule, ErrContended or what the
	// storage behind it reports.
	Take(ctx context.Context, key string, r Rule, now time.Time) (Decision, error)
}

// entry is one counter. Names and order are those of the JSON that Better Auth
// writes to a secondary storage.
type entry struct {
	Key         string `json:"key"`
	Count       int64  `json:"count"`
	LastRequest int64  `json:"lastRequest"` // Unix milliseconds
}

// live reports whether the entry still counts. Better Auth's memory and
// secondary storage drop an entry exactly one window after its last request;
// its database storage lets that single millisecond count on, which is not
// imitated.
func (e entry) live(r Rule, nowMS int64) bool {
	return nowMS-e.LastRequest < r.Window.Milliseconds()
}

// take applies a rule to the current entry, nil when there is none. When the
// request is admitted, next is what to store.
func take(cur *entry, key string, r Rule, nowMS int64) (d Decision, next entry) {
	if r.Max < 1 {
		return refuse(r.Window.Milliseconds()), entry{}
	}
	if cur == nil || !cur.live(r, nowMS) {
		return Decision{Allowed: true}, entry{Key: key, Count: 1, LastRequest: nowMS}
	}
	if cur.Count >= int64(r.Max) {
		return refuse(cur.LastRequest + r.Window.Milliseconds() - nowMS), entry{}
	}
	return Decision{Allowed: true}, entry{Key: key, Count: cur.Count + 1, LastRequest: nowMS}
}

// refuse rounds a wait up to whole seconds.
func refuse(waitMS int64) Decision {
	return Decision{RetryAfter: time.Duration(max(1, (waitMS+999)/1000)) * time.Second}
}
