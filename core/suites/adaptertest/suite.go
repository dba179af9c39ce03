// Package adaptertest is the conformance suite for database adapters. It checks
// the contract of package adapter.
package adaptertest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
)

// patience bounds a case, so that a deadlock is a failure.
const patience = 30 * time.Second

// Run checks an adapter. Each case is a parallel subtest and calls open once, for
// an empty, migrated database of its own with the tables of s; open registers
// its clean-up with the t it gets. A case is skipped only because of a flag in
// the adapter's Capabilities, which the skip message names.
//
// Cases whose names begin with an id such as RACE-15 or INJ-05 are abuse cases:
// RACE for concurrency, INJ for injection and parsing.
func Run(t *testing.T, open func(t *testing.T, s *schema.Schema) adapter.Adapter) {
	t.Helper()
	for _, theme := range themes {
		t.Run(theme.name, func(t *testing.T) {
			for _, c := range theme.cases() {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.start(t, open)
				})
			}
		})
	}
}

var themes = []struct {
	name  string
	cases func() []testCase
}{
	{"create", createCases},
	{"types", typeCases},
	{"where", whereCases},
	{"query", queryCases},
	{"join", joinCases},
	{"write", writeCases},
	{"unique", uniqueCases},
	{"ids", idCases},
	{"names", nameCases},
	{"references", referenceCases},
	{"transaction", txCases},
	{"race", raceCases},
	{"hostile", hostileCases},
	{"context", contextCases},
	{"schemas", schemaCases},
}

// testCase is one case. A nil schema means Schema.
type testCase struct {
	name   string
	needs  need
	schema func(t *testing.T) *schema.Schema
	run    func(e *env)
}

// need is the capability without which a case is skipped.
type need int

const (
	nothing need = iota
	folding
	references
	transactions
	savepoints
)

func (n need) missing(c adapter.Capabilities) string {
	switch {
	case n == folding && c.NoFold:
		return "NoFold"
	case n == references && c.NoReference:
		return "NoReference"
	case (n == transactions || n == savepoints) && c.NoTx:
		return "NoTx"
	case n == savepoints && c.NoNested:
		return "NoNested"
	}
	return ""
}

func (c *testCase) start(t *testing.T, open func(t *testing.T, s *schema.Schema) adapter.Adapter) {
	s := Schema()
	if c.schema != nil {
		s = c.schema(t)
	}
	a := open(t, s)
	if flag := c.needs.missing(a.Capabilities()); flag != "" {
		t.Skipf("%s lacks it: %s %s", a.Name(), flag, a.Capabilities().Note)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c.run(&env{T: t, ctx: ctx, a: a})
}

// env is the environment of a case. Its methods end the case on an unexpected error.
type env struct {
	*testing.T
	ctx context.Context
	a   adapter.Adapter
}

func (e *env) ok(err error) {
	e.Helper()
	if err != nil {
		e.Fatalf("unexpected error: %v", err)
	}
}

// refused expects the error want.
func (e *env) refused(err, want error) {
	e.Helper()
	if !errors.Is(err, want) {
		e.Fatalf("got the error %v, want %v", err, want)
	}
}

func (e *env) create(model string, rec adapter.Record) adapter.Record {
	e.Helper()
	got, err := e.a.Create(e.ctx, model, rec)
	e.ok(err)
	return got
}

func (e *env) one(model string, w adapter.Where) adapter.Record {
	e.Helper()
	got, err := e.a.FindOne(e.ctx, adapter.Find{Model: model, Where: w})
	e.ok(err)
	return got
}

func (e *env) many(q adapter.Find) []adapter.Record {
	e.Helper()
	got, err := e.a.FindMany(e.ctx, q)
	e.ok(err)
	return got
}

func (e *env) absent(model, id string) {
	e.Helper()
	_, err := e.a.FindOne(e.ctx, adapter.Find{Model: model, Where: adapter.By("id", id)})
	e.refused(err, adapter.ErrNotFound)
}

func (e *env) present(model, id string) {
	e.Helper()
	e.one(model, adapter.By("id", id))
}

func (e *env) count(model string, w adapter.Where, want int64) {
	e.Helper()
	got, err := e.a.Count(e.ctx, model, w)
	e.ok(err)
	if got != want {
		e.Fatalf("count of %s is %d, want %d", model, got, want)
	}
}

// ids expects the ids that a query gives; in any order unless it sorts.
func (e *env) ids(q adapter.Find, want ...string) {
	e.Helper()
	got := idsOf(e.many(q))
	if len(q.Sort) == 0 {
		slices.Sort(got)
		want = slices.Sorted(slices.Values(want))
	}
	if !slices.Equal(got, want) {
		e.Fatalf("got the rows %q, want %q", got, want)
	}
}

// has expects fields of a record.
func (e *env) has(rec, want adapter.Record) {
	e.Helper()
	for name, value := range want {
		got, ok := rec[name]
		if !ok {
			e.Errorf("the record lacks %q", name)
		} else if !same(got, value) {
			e.Errorf("%s is %s, want %s", name, show(got), show(value))
		}
	}
	if e.Failed() {
		e.FailNow()
	}
}

// keys expects exactly these fields in a record.
func (e *env) keys(rec adapter.Record, want ...string) {
	e.Helper()
	got := make([]string, 0, len(rec))
	for name := range rec {
		got = append(got, name)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		e.Fatalf("the record has the fields %q, want %q", got, want)
	}
}

// returns runs fn, which must come back even when the adapter ignores its context.
func (e *env) returns(fn func() error) error {
	e.Helper()
	done := make(chan error, 1)
	go func() { done <- fn() }()
	timer := time.NewTimer(patience + 5*time.Second)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		e.Fatal("deadlock: the operation never came back")
		return nil
	}
}

func idsOf(rows []adapter.Record) []string {
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i], _ = r["id"].(string)
	}
	return ids
}
