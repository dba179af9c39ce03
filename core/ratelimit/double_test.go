package ratelimit_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/ratelimit"
)

// clock is a clock that tests move.
type clock struct{ ms atomic.Int64 }

func newClock(start time.Time) *clock {
	c := &clock{}
	c.ms.Store(start.UnixMilli())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMilli(c.ms.Load()) }
func (c *clock) advance(d time.Duration) { c.ms.Add(d.Milliseconds()) }

// burst sends n requests at once and returns how many were admitted.
func burst(t *testing.T, store ratelimit.Store, rule ratelimit.Rule, now time.Time, n int) int {
	t.Helper()
	start := make(chan struct{})
	var wg sync.WaitGroup
	var admitted atomic.Int64
	for range n {
		wg.Go(func() {
			<-start
			d, err := store.Take(t.Context(), "k", rule, now)
			switch {
			case err != nil:
				t.Error(err)
			case d.Allowed:
				admitted.Add(1)
			case d.RetryAfter <= 0:
				t.Error("refused without RetryAfter")
			}
		})
	}
	close(start)
	wg.Wait()
	return int(admitted.Load())
}

// table is an adapter.Adapter with the one table rateLimit. Each method is one
// atomic statement, as in a database. before, when set, runs ahead of each
// statement and can change the table or fail it.
type table struct {
	adapter.Adapter // nil: a call of any other method panics

	before func(statement string) error

	mu   sync.Mutex
	rows []adapter.Record
	log  []string
}

func (t *table) statement(name, model string) error {
	if model != "rateLimit" {
		return adapter.ErrUnknownModel
	}
	t.mu.Lock()
	t.log = append(t.log, name)
	t.mu.Unlock()
	if t.before != nil {
		return t.before(name)
	}
	return nil
}

func (t *table) Create(_ context.Context, model string, rec adapter.Record) (adapter.Record, error) {
	if err := t.statement("create", model); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, row := range t.rows {
		if row["key"] == rec["key"] {
			return nil, fmt.Errorf("%w: key", adapter.ErrUnique)
		}
	}
	t.rows = append(t.rows, clone(rec, nil))
	return rec, nil
}

func (t *table) FindOne(_ context.Context, q adapter.Find) (adapter.Record, error) {
	if err := t.statement("find", q.Model); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, row := range t.rows {
		if matches(row, q.Where) {
			return clone(row, nil), nil
		}
	}
	return nil, adapter.ErrNotFound
}

func (t *table) Update(_ context.Context, model string, w adapter.Where, set adapter.Record) (adapter.Record, error) {
	if err := t.statement("update", model); err != nil {
		return nil, err
	}
	return t.change(w, func(row adapter.Record) adapter.Record { return clone(row, set) })
}

func (t *table) Increment(_ context.Context, model string, w adapter.Where, field string, by int64, set adapter.Record) (adapter.Record, error) {
	if err := t.statement("increment", model); err != nil {
		return nil, err
	}
	return t.change(w, func(row adapter.Record) adapter.Record {
		row = clone(row, set)
		row[field] = row[field].(int64) + by
		return row
	})
}

func (t *table) DeleteMany(_ context.Context, model string, w adapter.Where) (int64, error) {
	if err := t.statement("delete", model); err != nil {
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var kept []adapter.Record
	for _, row := range t.rows {
		if !matches(row, w) {
			kept = append(kept, row)
		}
	}
	n := len(t.rows) - len(kept)
	t.rows = kept
	return int64(n), nil
}

func (t *table) change(w adapter.Where, f func(adapter.Record) adapter.Record) (adapter.Record, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, row := range t.rows {
		if matches(row, w) {
			t.rows[i] = f(row)
			return clone(t.rows[i], nil), nil
		}
	}
	return nil, adapter.ErrNotFound
}

func clone(rec, set adapter.Record) adapter.Record {
	out := adapter.Record{}
	for k, v := range rec {
		out[k] = v
	}
	for k, v := range set {
		out[k] = v
	}
	return out
}

func matches(row adapter.Record, w adapter.Where) bool {
	for _, c := range w {
		var ok bool
		switch v := c.Value.(type) {
		case string:
			ok = row[c.Field] == v && (c.Op == adapter.Eq || c.Op == "")
		case int64:
			have := row[c.Field].(int64)
			switch c.Op {
			case adapter.Lt:
				ok = have < v
			case adapter.Lte:
				ok = have <= v
			case adapter.Gt:
				ok = have > v
			}
		}
		if !ok || c.Or {
			return false
		}
	}
	return true
}
