package flowtest

import (
	"context"
	"errors"
	"sync"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// ErrFault is what a Faulty database fails with. Its text looks like a driver's, so
// that a test sees when it leaks.
var ErrFault = errors.New("dial tcp 10.0.0.5:5432: connection refused (user=kernia password=hunter2)")

// Faulty is a database that fails at chosen calls. A transaction counts twice: as
// it begins, and as it commits, which then rolls back. Migrations never fail.
type Faulty struct {
	inner adapter.Database

	mu    sync.Mutex
	calls int
	at    int // 0: never
	only  bool
	lose  bool
	fired int
}

// errLost ends a transaction in favour of another one.
var errLost = errors.New("deadlock found when trying to get lock; try restarting transaction (user=kernia password=hunter2)")

// faultTx finds whether the transaction of a context has lost, a *bool.
type faultTx struct{}

// NewFaulty wraps a database; it works until FailAt or FailFrom.
func NewFaulty(inner adapter.Database) *Faulty { return &Faulty{inner: inner} }

// FailAt makes the n-th call from now fail, counted from 1, and all others work.
func (f *Faulty) FailAt(n int) { f.arm(n, true) }

// FailFrom makes the n-th call from now fail, and all after it.
func (f *Faulty) FailFrom(n int) { f.arm(n, false) }

// LoseAt makes the transaction that the n-th call inside of transactions from now
// belongs to lose to another one: it is undone there, and runs again. Calls
// outside of transactions do not count.
func (f *Faulty) LoseAt(n int) {
	f.arm(n, true)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lose = true
}

// Heal makes all calls work and reports how many have failed.
func (f *Faulty) Heal() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = 0
	return f.fired
}

func (f *Faulty) arm(n int, only bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.fired, f.at, f.only, f.lose = 0, 0, n, only, false
}

func (f *Faulty) fail(ctx context.Context) error {
	lost, inTx := ctx.Value(faultTx{}).(*bool)
	f.mu.Lock()
	defer f.mu.Unlock()
	if inTx && *lost {
		return errLost
	}
	if f.lose && !inTx {
		return nil
	}
	f.calls++
	if f.at == 0 || f.calls < f.at || f.only && f.calls > f.at {
		return nil
	}
	f.fired++
	if f.lose {
		*lost = true
		return errLost
	}
	return ErrFault
}

// Open opens the inner database.
func (f *Faulty) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := f.inner.Open(s)
	if err != nil {
		return nil, err
	}
	return &faultyAdapter{a, f}, nil
}

type faultyAdapter struct {
	adapter.Adapter
	faults *Faulty
}

func (a *faultyAdapter) Plan(ctx context.Context) ([]adapter.Change, error) {
	return plan(ctx, a.Adapter)
}

func (a *faultyAdapter) Migrate(ctx context.Context) error { return migrate(ctx, a.Adapter) }

func (a *faultyAdapter) Create(ctx context.Context, model string, rec adapter.Record) (adapter.Record, error) {
	if err := a.faults.fail(ctx); err != nil {
		return nil, err
	}
	return a.Adapter.Create(ctx, model, rec)
}

func (a *faultyAdapter) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	if err := a.faults.fail(ctx); err != nil {
		return nil, err
	}
	return a.Adapter.FindOne(ctx, q)
}

func (a *faultyAdapter) FindMany(ctx context.Context, q adapter.Find) ([]adapter.Record, error) {
	if err := a.faults.fail(ctx); err != nil {
		return nil, err
	}
	return a.Adapter.FindMany(ctx, q)
}

func (a *faultyAdapter) Count(ctx context.Context, model string, w adapter.Where) (int64, error) {
	if err := a.faults.fail(ctx); err != nil {
		return 0, err
	}
	return a.Adapter.Count(ctx, model, w)
}

func (a *faultyAdapter) Update(ctx context.Context, model string, w adapter.Where, set adapter.Record) (adapter.Record, error) {
	if err := a.faults.fail(ctx); err != nil {
		return nil, err
	}
	return a.Adapter.Update(ctx, model, w, set)
}

func (a *faultyAdapter) UpdateMany(ctx context.Context, model string, w adapter.Where, set adapter.Record) (int64, error) {
	if err := a.faults.fail(ctx); err != nil {
		return 0, err
	}
	return a.Adapter.UpdateMany(ctx, model, w, set)
}

func (a *faultyAdapter) Delete(ctx context.Context, model string, w adapter.Where) error {
	if err := a.faults.fail(ctx); err != nil {
		return err
	}
	return a.Adapter.Delete(ctx, model, w)
}

func (a *faultyAdapter) DeleteMany(ctx context.Context, model string, w adapter.Where) (int64, error) {
	if err := a.faults.fail(ctx); err != nil {
		return 0, err
	}
	return a.Adapter.DeleteMany(ctx, model, w)
}

func (a *faultyAdapter) ConsumeOne(ctx context.Context, model string, w adapter.Where) (adapter.Record, error) {
	if err := a.faults.fail(ctx); err != nil {
		return nil, err
	}
	return a.Adapter.ConsumeOne(ctx, model, w)
}

func (a *faultyAdapter) Increment(ctx context.Context, model string, w adapter.Where, field string, by int64, set adapter.Record) (adapter.Record, error) {
	if err := a.faults.fail(ctx); err != nil {
		return nil, err
	}
	return a.Adapter.Increment(ctx, model, w, field, by, set)
}

func (a *faultyAdapter) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	if err := a.faults.fail(ctx); err != nil {
		return err
	}
	run := func(ctx context.Context) error {
		if err := fn(ctx); err != nil {
			return err
		}
		return a.faults.fail(ctx)
	}
	if ctx.Value(faultTx{}) != nil {
		return a.Adapter.Tx(ctx, run)
	}
	for {
		lost := new(bool)
		err := a.Adapter.Tx(context.WithValue(ctx, faultTx{}, lost), func(ctx context.Context) error {
			err := run(ctx)
			if *lost {
				return errLost // whatever became of it
			}
			return err
		})
		if !*lost {
			return err
		}
	}
}
