// Package a is what the analyzer is tested on.
package a

import "context"

type store struct{}

func (store) Tx(ctx context.Context, fn func(ctx context.Context) error) error { return fn(ctx) }
func (store) Update(ctx context.Context, id string) error                      { return nil }
func (store) Gate(ctx context.Context, c *call) error                          { return nil }

type call struct{ context.Context }

func (*call) Go(what string, task func(ctx context.Context) error) {}

func AfterCommit(ctx context.Context, fn func(ctx context.Context) error) error { return nil }

func use(c *call, outer context.Context, s store) error {
	if err := s.Update(c, "before"); err != nil {
		return err
	}
	return s.Tx(c, func(ctx context.Context) error {
		_ = s.Update(ctx, "right")
		_ = s.Update(c, "wrong")     // want `c is from around the transaction`
		_ = s.Update(outer, "wrong") // want `outer is from around the transaction`
		_ = s.Gate(ctx, c)           // the call itself, not as a context
		derived := context.WithoutCancel(ctx)
		_ = s.Update(derived, "right")
		if err := s.Tx(c, func(inner context.Context) error { // want `c is from around the transaction`
			_ = s.Update(inner, "right")
			return s.Update(ctx, "wrong") // want `ctx is from around the transaction`
		}); err != nil {
			return err
		}
		c.Go("later", func(context.Context) error { return s.Update(c, "later") })
		go func() { _ = s.Update(c, "elsewhere") }()
		return AfterCommit(ctx, func(context.Context) error { return s.Update(c, "after the commit") })
	})
}

// begin is a transaction too.
func begin(ctx context.Context, s store, name string, fn func(ctx context.Context) error) error {
	return s.Tx(ctx, fn)
}

func useBegin(c *call, s store) error {
	return begin(c, s, "x", func(ctx context.Context) error {
		return s.Update(c, "wrong") // want `c is from around the transaction`
	})
}
