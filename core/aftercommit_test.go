package core_test

import (
	"context"
	"errors"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/schema"
)

// repeating is a database whose transactions lose once and are run again.
type repeating struct{ adapter.Database }

func (r repeating) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := r.Database.Open(s)
	return repeatingAdapter{a}, err
}

type repeatingAdapter struct{ adapter.Adapter }

func (a repeatingAdapter) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	lost := errors.New("lost to another transaction")
	err := a.Adapter.Tx(ctx, func(ctx context.Context) error { return errors.Join(fn(ctx), lost) })
	if !errors.Is(err, lost) {
		return err
	}
	return a.Adapter.Tx(ctx, fn)
}

func TestAfterCommitOfARepeatedTransactionRunsOnce(t *testing.T) {
	t.Parallel()
	e := authtest.NewEnv(t)
	o := e.Options()
	o.Database = repeating{memory.New()}
	e.Open(o)
	runs, ran := 0, 0
	err := e.Auth.DB().Tx(t.Context(), func(ctx context.Context) error {
		runs++
		return core.AfterCommit(ctx, func(context.Context) error { ran++; return nil })
	})
	if err != nil || runs != 2 || ran != 1 {
		t.Errorf("%d runs, %d tasks, %v; want 2, 1 and no error", runs, ran, err)
	}
}
