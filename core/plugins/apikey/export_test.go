package apikey

import (
	"context"
	"errors"

	"github.com/advantch/kernia-go/core"
)

// Beside verifies keys as another process would: with lines of its own.
func Beside(p *Plugin) func(ctx context.Context, key string) string {
	var own lines
	cf := p.configs[0]
	return func(ctx context.Context, key string) string {
		u := &use{}
		hash := cf.hash(key)
		err := own.join(ctx, hash, u, func(ctx context.Context, uses []*use) { p.count(ctx, cf, hash, uses) })
		var refused *core.Error
		if errors.As(err, &refused) {
			return refused.Code
		}
		if err != nil {
			return err.Error()
		}
		return ""
	}
}
