// Package ratelimit admits a fixed number of requests per client and path. It
// chooses the rule of a path and counts requests in memory, in a database or in
// a secondary storage.
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
// Better Auth 1.6 the window starts at the last admitted request, not at the
// first.
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
	// After an error the count is unknown; callers that protect accounts should
	// then refuse the request. Errors wrap ErrRule, ErrContended or the error of
	// the storage.
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
// its database storage still counts that millisecond, which this method does not. An
// entry more than a window in the future is over: the clock was set back, and nobody
// should wait for it to catch up. An entry less far ahead was written by a process
// whose clock differs a little, and counts.
func (e entry) live(r Rule, nowMS int64) bool {
	window := r.Window.Milliseconds()
	return e.LastRequest > nowMS-window && e.LastRequest <= nowMS+window
}

// take applies a rule to the current entry, nil when there is none. When the request is
// admitted, next is the entry to store.
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
