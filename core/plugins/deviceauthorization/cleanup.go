package deviceauthorization

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
)

// cleanup removes the codes of devices that have given up. Better Auth removes a code only
// when its device asks once more.
type cleanup struct{ last atomic.Int64 } // milliseconds since the epoch

const cleanupEvery = time.Minute

// run removes them in the background, once in a while. An expired code stays as long as
// it has lived, so that its device learns why it has ended.
func (k *cleanup) run(c *core.Ctx, p *Plugin) {
	now, last := c.Now(), k.last.Load()
	if now.UnixMilli()-last < cleanupEvery.Milliseconds() || !k.last.CompareAndSwap(last, now.UnixMilli()) {
		return
	}
	c.Go("removing expired device codes", func(ctx context.Context) error { return p.removeExpired(ctx, now) })
}

func (p *Plugin) removeExpired(ctx context.Context, now time.Time) error {
	_, err := p.codes.Delete(ctx, adapter.Where{{Field: fieldExpires, Op: adapter.Lt, Value: now.Add(-p.opts.ExpiresIn)}})
	return err
}
