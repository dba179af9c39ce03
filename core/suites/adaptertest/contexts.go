package adaptertest

import (
	"context"
	"errors"

	"github.com/advantch/kernia-go/core/adapter"
)

func contextCases() []testCase {
	return []testCase{
		{name: "a cancelled context stops every operation before its work", run: func(e *env) {
			e.create("user", newUser("u1"))
			e.ok(e.add(e.ctx, "a"))
			ctx, cancel := context.WithCancel(e.ctx)
			cancel()
			for _, op := range e.everyOperation("a") {
				if err := op.run(ctx); !errors.Is(err, context.Canceled) {
					e.Fatalf("%s: got the error %v, want %v", op.name, err, context.Canceled)
				}
			}
			e.ids(adapter.Find{Model: "thing"}, "a")
			e.has(e.one("thing", adapter.By("id", "a")), adapter.Record{"title": "Thing a", "note": nil, "rank": int64(0)})
		}},
		{name: "a cancelled context does not run the transaction", run: func(e *env) {
			ctx, cancel := context.WithCancel(e.ctx)
			cancel()
			err := e.a.Tx(ctx, func(context.Context) error {
				e.Error("the transaction ran")
				return nil
			})
			e.refused(err, context.Canceled)
		}},
		{name: "a value in the context survives a transaction", run: func(e *env) {
			type key struct{}
			ctx := context.WithValue(e.ctx, key{}, "kept")
			e.ok(e.a.Tx(ctx, func(ctx context.Context) error {
				if ctx.Value(key{}) != "kept" {
					return errors.New("the value is lost")
				}
				return nil
			}))
		}},
	}
}
