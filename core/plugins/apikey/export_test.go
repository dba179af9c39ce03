package apikey

import (
	"context"
	"errors"

	"github.com/advantch/kernia-go/core"
)

// Beside verifies keys as another process would: with lines and a memory of its own.
func Beside(p *Plugin) func(ctx context.Context, key string) string {
	var own lines
	copied := *p.configs[0]
	cf := &copied
	if s, ok := cf.store.(*secondary); ok {
		cf.store = &secondary{p: p, Storage: s.Storage}
	}
	return func(ctx context.Context, key string) string {
		u := &use{}
		hash := cf.hash(key)
		err := own.join(ctx, line{cf.ID, hash}, u, func(ctx context.Context, uses []*use) { p.count(ctx, cf, hash, uses) })
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
