package apikey

import (
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/wire"
)

// change says what uses of a key have changed of its row.
type change struct {
	counted  bool // requestCount, and lastRequest with it
	touched  bool // lastRequest
	spent    bool // remaining
	refilled bool // lastRefillAt

	asked bool // the permissions were asked for; it changes nothing
}

func (c change) any() bool { return c.counted || c.touched || c.spent || c.refilled }

// use counts one use of a key at a time and changes k to what it is afterwards. A refusal
// changes nothing. over says that the key will never be good again and can be removed.
func (cf *config) use(k *Key, now time.Time, asked access.Permissions, ch *change) (refused *core.Error, over bool) {
	switch {
	case k.config() != cf.ID:
		return errInvalidKey, false
	case !k.enabled():
		return core.Fail(http.StatusUnauthorized, CodeKeyDisabled), false
	case k.ExpiresAt != nil && !k.ExpiresAt.After(now):
		return core.Fail(http.StatusUnauthorized, CodeKeyExpired), true
	case asked != nil && !access.NewRole(k.Permissions()).Authorize(asked):
		return errPermissions, false
	}
	remaining, refilled := k.Remaining, false
	if remaining != nil {
		if *remaining <= 0 && k.RefillAmount == nil {
			return core.Fail(http.StatusTooManyRequests, CodeUsageExceeded), true
		}
		since := k.CreatedAt
		if k.LastRefillAt != nil {
			since = *k.LastRefillAt
		}
		if or(k.RefillInterval) > 0 && or(k.RefillAmount) > 0 && now.Sub(since) > milliseconds(*k.RefillInterval) {
			remaining, refilled = k.RefillAmount, true
		}
		if *remaining <= 0 {
			return core.Fail(http.StatusTooManyRequests, CodeUsageExceeded), false
		}
		left := *remaining - 1
		remaining = &left
	}
	count, touch, wait := cf.count(k, now)
	if wait >= 0 {
		return limited(wait), false
	}
	if remaining != nil {
		k.Remaining, ch.spent = remaining, true
	}
	if refilled {
		k.LastRefillAt, ch.refilled = &now, true
	}
	if count > 0 {
		k.RequestCount, ch.counted = &count, true
	}
	if touch {
		k.LastRequest, ch.touched = &now, true
	}
	ch.asked = ch.asked || asked != nil
	k.UpdatedAt = now
	return nil, false
}

// count is the limit of a key: the count after a use, 0 when nothing is counted. touch
// says that the time of the use is kept. wait is how long the key must rest, and below 0
// when it need not.
func (cf *config) count(k *Key, now time.Time) (count int64, touch bool, wait time.Duration) {
	const free = time.Duration(-1)
	if cf.RateLimit.Disabled || k.RateLimitEnabled != nil && !*k.RateLimitEnabled {
		return 0, true, free
	}
	if k.RateLimitTimeWindow == nil || k.RateLimitMax == nil {
		return 0, false, free
	}
	if k.LastRequest == nil {
		return 1, true, free
	}
	window, since := milliseconds(*k.RateLimitTimeWindow), now.Sub(*k.LastRequest)
	switch {
	case since > window:
		return 1, true, free
	case or(k.RequestCount) >= *k.RateLimitMax:
		return 0, false, window - since
	}
	return or(k.RequestCount) + 1, true, free
}

// milliseconds is a duration that a row holds, without overflow.
func milliseconds(n int64) time.Duration {
	const most = int64(1<<63-1) / int64(time.Millisecond)
	return time.Duration(min(n, most)) * time.Millisecond
}

// limited is the answer to a key that is used too often.
func limited(wait time.Duration) *core.Error {
	e := core.Fail(http.StatusTooManyRequests, CodeRateLimited)
	e.Details = []core.Detail{{Name: "details", Value: wire.ObjectOf(wire.NewObject(wire.Member{Name: "tryAgainIn", Value: wire.Int(wait.Milliseconds())}))}}
	return e
}

// guard is the condition under which a row may be changed from before to what a use has
// made of it: everything that the use depended on is as it was read. Times are compared
// with room for what a database keeps beyond milliseconds.
func (ch change) guard(before *Key, now time.Time) adapter.Where {
	w := adapter.By("id", before.ID).And("enabled", plain(before.Enabled)).And("rateLimitEnabled", plain(before.RateLimitEnabled))
	if before.ExpiresAt == nil {
		w = w.And("expiresAt", nil)
	} else {
		w = append(w, adapter.Cond{Field: "expiresAt", Op: adapter.Gt, Value: now})
	}
	if ch.counted {
		w = same(w.And("requestCount", plain(before.RequestCount)), "lastRequest", before.LastRequest).
			And("rateLimitMax", plain(before.RateLimitMax)).And("rateLimitTimeWindow", plain(before.RateLimitTimeWindow))
	}
	w = w.And("remaining", plain(before.Remaining))
	if ch.refilled {
		w = same(w, "lastRefillAt", before.LastRefillAt).
			And("refillAmount", plain(before.RefillAmount)).And("refillInterval", plain(before.RefillInterval))
	}
	if ch.asked {
		w = w.And("permissions", plain(before.PermissionsText))
	}
	return w
}

func same(w adapter.Where, field string, at *time.Time) adapter.Where {
	if at == nil {
		return w.And(field, nil)
	}
	return append(w, adapter.Cond{Field: field, Op: adapter.Lt, Value: at.Add(time.Millisecond)})
}

// set is what a row gets.
func (ch change) set(after *Key) adapter.Record {
	set := adapter.Record{"updatedAt": after.UpdatedAt}
	if ch.counted {
		set["requestCount"] = plain(after.RequestCount)
	}
	if ch.touched {
		set["lastRequest"] = stamp(after.LastRequest)
	}
	if ch.spent {
		set["remaining"] = plain(after.Remaining)
	}
	if ch.refilled {
		set["lastRefillAt"] = stamp(after.LastRefillAt)
	}
	return set
}

// plain is what a pointer points at, nil for nil.
func plain[T any](v *T) any {
	if v == nil {
		return nil
	}
	return *v
}
