package core

import (
	"context"

	"github.com/advantch/kernia-go/core/adapter"
)

// statements is an adapter whose calls an observer is told of. It has the optional
// interfaces of the adapter inside: Scan and Plan do without where that one has none.
type statements struct {
	adapter.Adapter
	name  string
	begin func(context.Context, ObservedStatement) (context.Context, func(error))
}

// observeStatements wraps the adapter if somebody wants to know.
func (a *Auth) observeStatements(inner adapter.Adapter) adapter.Adapter {
	if a.observer.Statement == nil {
		return inner
	}
	return &statements{inner, inner.Name(), a.observer.Statement}
}

// observe runs a call of the adapter.
func observe[T any](ctx context.Context, s *statements, operation, model string, run func(context.Context) (T, error)) (out T, err error) {
	err = observed(ctx, func(ctx context.Context) (context.Context, func(error)) {
		return s.begin(ctx, ObservedStatement{Adapter: s.name, Operation: operation, Model: model})
	}, func(ctx context.Context) (err error) {
		out, err = run(ctx)
		return err
	})
	return out, err
}

// none is the result of calls that have none.
type none = struct{}

func (s *statements) Create(ctx context.Context, model string, rec adapter.Record) (adapter.Record, error) {
	return observe(ctx, s, "create", model, func(ctx context.Context) (adapter.Record, error) {
		return s.Adapter.Create(ctx, model, rec)
	})
}

func (s *statements) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	return observe(ctx, s, "findOne", q.Model, func(ctx context.Context) (adapter.Record, error) { return s.Adapter.FindOne(ctx, q) })
}

// Scan implements adapter.Scanner.
func (s *statements) Scan(ctx context.Context, q adapter.Find, set func(as, field string, value any)) error {
	_, err := observe(ctx, s, "findOne", q.Model, func(ctx context.Context) (none, error) {
		return none{}, adapter.Scan(ctx, s.Adapter, q, set)
	})
	return err
}

func (s *statements) FindMany(ctx context.Context, q adapter.Find) ([]adapter.Record, error) {
	return observe(ctx, s, "findMany", q.Model, func(ctx context.Context) ([]adapter.Record, error) { return s.Adapter.FindMany(ctx, q) })
}

func (s *statements) Count(ctx context.Context, model string, w adapter.Where) (int64, error) {
	return observe(ctx, s, "count", model, func(ctx context.Context) (int64, error) { return s.Adapter.Count(ctx, model, w) })
}

func (s *statements) Update(ctx context.Context, model string, w adapter.Where, set adapter.Record) (adapter.Record, error) {
	return observe(ctx, s, "update", model, func(ctx context.Context) (adapter.Record, error) {
		return s.Adapter.Update(ctx, model, w, set)
	})
}

func (s *statements) UpdateMany(ctx context.Context, model string, w adapter.Where, set adapter.Record) (int64, error) {
	return observe(ctx, s, "updateMany", model, func(ctx context.Context) (int64, error) {
		return s.Adapter.UpdateMany(ctx, model, w, set)
	})
}

func (s *statements) Delete(ctx context.Context, model string, w adapter.Where) error {
	_, err := observe(ctx, s, "delete", model, func(ctx context.Context) (none, error) {
		return none{}, s.Adapter.Delete(ctx, model, w)
	})
	return err
}

func (s *statements) DeleteMany(ctx context.Context, model string, w adapter.Where) (int64, error) {
	return observe(ctx, s, "deleteMany", model, func(ctx context.Context) (int64, error) { return s.Adapter.DeleteMany(ctx, model, w) })
}

func (s *statements) ConsumeOne(ctx context.Context, model string, w adapter.Where) (adapter.Record, error) {
	return observe(ctx, s, "consumeOne", model, func(ctx context.Context) (adapter.Record, error) {
		return s.Adapter.ConsumeOne(ctx, model, w)
	})
}

func (s *statements) Increment(ctx context.Context, model string, w adapter.Where, field string, by int64, set adapter.Record) (adapter.Record, error) {
	return observe(ctx, s, "increment", model, func(ctx context.Context) (adapter.Record, error) {
		return s.Adapter.Increment(ctx, model, w, field, by, set)
	})
}

func (s *statements) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	_, err := observe(ctx, s, "transaction", "", func(ctx context.Context) (none, error) { return none{}, s.Adapter.Tx(ctx, fn) })
	return err
}

// Plan implements adapter.Migrator.
func (s *statements) Plan(ctx context.Context) ([]adapter.Change, error) {
	if m, ok := s.Adapter.(adapter.Migrator); ok {
		return m.Plan(ctx)
	}
	return nil, nil
}

// Advice implements adapter.Advisor.
func (s *statements) Advice(ctx context.Context) ([]adapter.Change, error) {
	if m, ok := s.Adapter.(adapter.Advisor); ok {
		return m.Advice(ctx)
	}
	return nil, nil
}

// Migrate implements adapter.Migrator.
func (s *statements) Migrate(ctx context.Context) error {
	if m, ok := s.Adapter.(adapter.Migrator); ok {
		return m.Migrate(ctx)
	}
	return nil
}
