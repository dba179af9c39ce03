package flowtest

import (
	"context"
	"sync"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// meeting is a database at which callers wait for each other before their first
// write: all have read and none has written. A check by a read before a later write
// then fails every time, and not only sometimes.
type meeting struct {
	inner adapter.Database

	mu       sync.Mutex
	expected int
	waiting  int
	gate     chan struct{} // nil: nobody waits
}

// call makes the next n callers wait for each other.
func (m *meeting) call(n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expected, m.waiting, m.gate = n, 0, make(chan struct{})
}

// leave reports that a caller has returned and need not be waited for.
func (m *meeting) leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expected--
	m.begin()
}

func (m *meeting) begin() {
	if m.gate != nil && m.waiting >= m.expected {
		close(m.gate)
		m.gate = nil
	}
}

type meetingTx struct{}

func (m *meeting) wait(ctx context.Context) {
	if ctx.Value(meetingTx{}) != nil {
		return // the others would wait for this transaction
	}
	m.mu.Lock()
	gate := m.gate
	if gate == nil {
		m.mu.Unlock()
		return
	}
	m.waiting++
	m.begin()
	m.mu.Unlock()
	<-gate
}

func (m *meeting) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := m.inner.Open(s)
	if err != nil {
		return nil, err
	}
	return &meetingAdapter{a, m}, nil
}

type meetingAdapter struct {
	adapter.Adapter
	m *meeting
}

func (a *meetingAdapter) Plan(ctx context.Context) ([]adapter.Change, error) {
	return plan(ctx, a.Adapter)
}

func (a *meetingAdapter) Migrate(ctx context.Context) error { return migrate(ctx, a.Adapter) }

func (a *meetingAdapter) Create(ctx context.Context, model string, rec adapter.Record) (adapter.Record, error) {
	a.m.wait(ctx)
	return a.Adapter.Create(ctx, model, rec)
}

func (a *meetingAdapter) Update(ctx context.Context, model string, w adapter.Where, set adapter.Record) (adapter.Record, error) {
	a.m.wait(ctx)
	return a.Adapter.Update(ctx, model, w, set)
}

func (a *meetingAdapter) DeleteMany(ctx context.Context, model string, w adapter.Where) (int64, error) {
	a.m.wait(ctx)
	return a.Adapter.DeleteMany(ctx, model, w)
}

func (a *meetingAdapter) ConsumeOne(ctx context.Context, model string, w adapter.Where) (adapter.Record, error) {
	a.m.wait(ctx)
	return a.Adapter.ConsumeOne(ctx, model, w)
}

func (a *meetingAdapter) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	a.m.wait(ctx)
	return a.Adapter.Tx(context.WithValue(ctx, meetingTx{}, true), fn)
}

func plan(ctx context.Context, a adapter.Adapter) ([]adapter.Change, error) {
	if m, ok := a.(adapter.Migrator); ok {
		return m.Plan(ctx)
	}
	return nil, nil
}

func migrate(ctx context.Context, a adapter.Adapter) error {
	if m, ok := a.(adapter.Migrator); ok {
		return m.Migrate(ctx)
	}
	return nil
}
