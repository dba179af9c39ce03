package core

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

// cleanup removes expired verification rows now and then, in the background, so
// that they do not pile up. 1.6.11 does it on every read.
type cleanup struct {
	a    *Auth
	last atomic.Int64 // milliseconds since the epoch
}

const cleanupEvery = time.Minute

func (k *cleanup) verifications(ctx context.Context) {
	if k.a.opts.Verification.DisableCleanup {
		return
	}
	now := k.a.Now()
	last := k.last.Load()
	if now.UnixMilli()-last < cleanupEvery.Milliseconds() || !k.last.CompareAndSwap(last, now.UnixMilli()) {
		return
	}
	ctx = context.WithoutCancel(ctx)
	if _, inTx := ctx.Value(commitKey{}).(*commitQueue); inTx {
		return
	}
	k.a.background(func() {
		w := adapter.Where{{Field: "expiresAt", Op: adapter.Lt, Value: now}}
		if _, err := k.a.db.DeleteMany(ctx, ModelVerification, w); err != nil {
			k.a.logError(ctx, "removing expired verification values failed", err)
		}
	})
}
