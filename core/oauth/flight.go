package oauth

import (
	"context"
	"fmt"
	"sync"

	"github.com/advantch/kernia-go/core"
)

// flights let many callers of one key share one call. The zero value is ready.
type flights struct {
	mu      sync.Mutex
	running map[string]*flight
}

type flight struct {
	done chan struct{} // closed when acc and err are set
	acc  *core.Account
	err  error
}

// do calls fn, or waits for the call that is running for the key, and returns its result.
// A caller whose context ends stops waiting; the call goes on.
func (f *flights) do(ctx context.Context, key string, fn func() (*core.Account, error)) (*core.Account, error) {
	f.mu.Lock()
	one := f.running[key]
	if one == nil {
		one = &flight{done: make(chan struct{})}
		if f.running == nil {
			f.running = map[string]*flight{}
		}
		f.running[key] = one
		go func() {
			defer func() {
				if r := recover(); r != nil {
					one.acc, one.err = nil, fmt.Errorf("oauth: refreshing panicked: %v", r)
				}
				f.mu.Lock()
				delete(f.running, key)
				f.mu.Unlock()
				close(one.done)
			}()
			one.acc, one.err = fn()
		}()
	}
	f.mu.Unlock()
	select {
	case <-one.done:
		return one.acc, one.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
