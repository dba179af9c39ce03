package sqltx

import (
	"context"
	"errors"
	"slices"
	"testing"
)

var errBroken = errors.New("broken")

type ender struct {
	calls  []string
	commit error
}

func (e *ender) Commit() error { e.calls = append(e.calls, "commit"); return e.commit }

func (e *ender) Rollback() error { e.calls = append(e.calls, "rollback"); return errBroken }

func TestRun(t *testing.T) {
	t.Parallel()
	errFn, errCommit := errors.New("fn"), errors.New("commit")
	for name, c := range map[string]struct {
		fn     func(cancel func()) error
		commit error
		want   error
		call   string
	}{
		"success": {func(func()) error { return nil }, nil, nil, "commit"},
		"failure": {func(func()) error { return errFn }, nil, errFn, "rollback"},
		"commit":  {func(func()) error { return nil }, errCommit, errCommit, "commit"},
		"cancel":  {func(cancel func()) error { cancel(); return nil }, nil, context.Canceled, "rollback"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		e := &ender{commit: c.commit}
		err := Run(ctx, e, func() error { return c.fn(cancel) }, func(err error) error { return err })
		if !errors.Is(err, c.want) || !slices.Equal(e.calls, []string{c.call}) {
			t.Errorf("%s: %v, %v", name, err, e.calls)
		}
		cancel()
	}
}

func TestRunPanics(t *testing.T) {
	t.Parallel()
	e := &ender{}
	defer func() {
		if recover() != "x" || !slices.Equal(e.calls, []string{"rollback"}) {
			t.Error(e.calls)
		}
	}()
	Run(t.Context(), e, func() error { panic("x") }, func(err error) error { return err })
}

func TestLife(t *testing.T) {
	t.Parallel()
	var life Life
	errEnd := errors.New("deadlock")
	ends := func(err error) bool { return errors.Is(err, errEnd) }
	sent := 0
	for i, c := range []struct{ fails, want error }{{nil, nil}, {errBroken, errBroken}, {nil, nil}, {errEnd, errEnd}, {nil, errEnd}, {errBroken, errEnd}} {
		err := life.Run(ends, func() error { sent++; return c.fails })
		if !errors.Is(err, c.want) {
			t.Errorf("statement %d: %v", i, err)
		}
	}
	if sent != 4 || !errors.Is(life.Ended(), errEnd) {
		t.Errorf("%d statements were sent, %v", sent, life.Ended())
	}
}

func TestPoints(t *testing.T) {
	t.Parallel()
	var texts []string
	exec := func(ctx context.Context, text string) error { texts = append(texts, text); return ctx.Err() }
	var points Points
	ctx, cancel := context.WithCancel(t.Context())
	one, err := points.Mark(ctx, exec)
	if err != nil {
		t.Fatal(err)
	}
	two, err := points.Mark(ctx, exec)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := errors.Join(two.Rollback(), one.Commit()); err != nil {
		t.Error("after the context has ended:", err)
	}
	if _, err := points.Mark(ctx, exec); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	want := []string{"SAVEPOINT kernia_1", "SAVEPOINT kernia_2", "ROLLBACK TO SAVEPOINT kernia_2", "RELEASE SAVEPOINT kernia_1", "SAVEPOINT kernia_3"}
	if !slices.Equal(texts, want) {
		t.Error(texts)
	}
}

func TestGate(t *testing.T) {
	t.Parallel()
	g := NewGate()
	leave, err := g.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.Enter(gone); !errors.Is(err, context.Canceled) {
		t.Error("a second writer:", err)
	}
	leave()
	if leave, err = g.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	leave()
	if _, err := Gate(nil).Enter(gone); err != nil {
		t.Error(err)
	}
}
