package flowtest

import (
	"context"
	"errors"
	"sync"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// ErrFault is the error of a Faulty database. Its text looks like a driver's, so
// that a test detects a leak.
var ErrFault = errors.New("dial tcp 10.0.0.5:5432: connection refused (user=kernia password=hunter2)")

// Faulty is a database that fails at chosen calls. A transaction counts as two
// calls, its beginning and its commit; a failed commit rolls back. Migrations
// never fail.
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

// faultTx is one attempt of a transaction.
type faultTx struct {
	calls int
	at    int // the call at which it loses; 0: never
	lost  bool
}

type faultTxKey struct{}

// NewFaulty wraps a database; it works until FailAt or FailFrom.
func NewFaulty(inner adapter.Database) *Faulty { return &Faulty{inner: inner} }

// FailAt makes the n-th call from now fail, counted from 1, and all others work.
func (f *Faulty) FailAt(n int) { f.arm(n, true) }

// FailFrom makes the n-th call from now fail, and all after it.
func (f *Faulty) FailFrom(n int) { f.arm(n, false) }

// Lose makes every transaction lose to another one: at its first call, then in the
// repeated run at its second, and so on until it has no more calls.
func (f *Faulty) Lose() {
	f.arm(0, true)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lose = true
}

// Heal makes all calls work and reports how many have failed.
func (f *Faulty) Heal() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at, f.lose = 0, false
	return f.fired
}

func (f *Faulty) arm(n int, only bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.fired, f.at, f.only, f.lose = 0, 0, n, only, false
}

func (f *Faulty) fail(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if t, inTx := ctx.Value(faultTxKey{}).(*faultTx); inTx && t.at > 0 {
		t.calls++
		if t.calls < t.at {
			return nil
		}
		if !t.lost {
			t.lost = true
			f.fired++
		}
		return errLost
	}
	f.calls++
	if f.at == 0 || f.calls < f.at || f.only && f.calls > f.at {
		return nil
	}
	f.fired++
	return ErrFault
}

func (f *Faulty) loses() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lose
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
	if _, nested := ctx.Value(faultTxKey{}).(*faultTx); nested || !a.faults.loses() {
		return a.Adapter.Tx(ctx, run)
	}
	for at := 1; ; at++ {
		t := &faultTx{at: at}
		err := a.Adapter.Tx(context.WithValue(ctx, faultTxKey{}, t), func(ctx context.Context) error {
			err := run(ctx)
			if t.lost {
				return errLost // even if it succeeded
			}
			return err
		})
		if !t.lost {
			return err
		}
	}
}
