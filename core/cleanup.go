package core

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/ratelimit"
)

// cleanup removes expired rows from time to time, in the background. Better Auth 1.6
// removes verification values on every read and nothing else.
type cleanup struct {
	a             *Auth
	verifications due
	limits        due
}

// due lets one caller through every cleanupEvery.
type due struct{ last atomic.Int64 } // milliseconds since the epoch

const cleanupEvery = time.Minute

func (d *due) now(now time.Time) bool {
	last := d.last.Load()
	return now.UnixMilli()-last >= cleanupEvery.Milliseconds() && d.last.CompareAndSwap(last, now.UnixMilli())
}

// expiredVerifications is called when a value is looked up.
func (k *cleanup) expiredVerifications(ctx context.Context) {
	if _, inTx := queueOf(ctx); inTx || k.a.opts.Verification.DisableCleanup {
		return
	}
	now := k.a.Now()
	if !k.verifications.now(now) {
		return
	}
	k.a.inBackground(ctx, "removing expired verification values", func(ctx context.Context) error {
		return k.a.deleteOlder(ctx, ModelVerification, now)
	})
}

// idleLimits is called when a request was counted. Only a database needs it: other
// storages expire their entries themselves.
func (k *cleanup) idleLimits(ctx context.Context) {
	store, ok := k.a.limiter.(*ratelimit.Database)
	if !ok {
		return
	}
	now := k.a.Now()
	if !k.limits.now(now) {
		return
	}
	k.a.inBackground(ctx, "removing idle rate limits", func(ctx context.Context) error {
		_, err := store.Cleanup(ctx, now.Add(-max(k.a.limits.LongestWindow(), k.a.perAccount.Window)))
		return err
	})
}

func (a *Auth) deleteOlder(ctx context.Context, model string, now time.Time) error {
	_, err := a.db.DeleteMany(ctx, model, adapter.Where{{Field: "expiresAt", Op: adapter.Lt, Value: now}})
	return err
}

// DeleteExpired removes sessions, verification values and rows of plugins
// (Manifest.DeleteExpired) that have expired. Call it from a job, for example once a day:
// otherwise an expired session is removed only when a request comes with it. Store hooks
// are not run. The first error ends it.
func (a *Auth) DeleteExpired(ctx context.Context) error {
	now := a.Now()
	for _, model := range []string{ModelSession, ModelVerification} {
		if !a.opts.inDatabase(model) {
			continue
		}
		if err := a.deleteOlder(ctx, model, now); err != nil {
			return err
		}
	}
	for _, remove := range a.deleteExpired {
		if err := remove(ctx, now); err != nil {
			return err
		}
	}
	return nil
}
