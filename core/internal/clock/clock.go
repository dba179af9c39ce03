// Package clock carries the clock of a server in the context of its calls, to packages
// that know no server.
package clock

import (
	"context"
	"time"
)

// Key is the key of a func() time.Time in a context.
type Key struct{}

// Now is the time by own; with nil by the clock of ctx, or else by time.Now.
func Now(ctx context.Context, own func() time.Time) time.Time {
	if own == nil {
		own, _ = ctx.Value(Key{}).(func() time.Time)
	}
	if own == nil {
		own = time.Now
	}
	return own()
}
