package flowtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// recorder is a plugin that records events in their transactions, and cannot record one.
type recorder struct {
	mu     sync.Mutex
	failAt int // which event, from 1; 0: none fails
	heard  []core.EventType
}

func (r *recorder) ID() string { return "test-recorder" }

func (r *recorder) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{RecordEvent: func(_ context.Context, e core.Event) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.failAt == 0 {
			return nil
		}
		r.heard = append(r.heard, e.Type)
		if len(r.heard) >= r.failAt {
			return errors.New("dial tcp 10.0.0.5:5432: connection refused")
		}
		return nil
	}}, nil
}

// runRecords makes every request with a plugin that cannot record its first event, its
// second, and so on. Each time the answer must be a generic 5xx, or a redirect with an
// error, that signs nobody in and leaves the rows as before or as after the request: what has
// happened without its record is undone.
func runRecords(t *testing.T, open func(t *testing.T) adapter.Database, scenarios []Request) {
	for _, sc := range scenarios {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			s := &T{T: t, database: open}
			r := &recorder{}
			change := sc.Change
			sc.Change = func(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
				if change != nil {
					change(e, o, p)
				}
				o.Plugins = append(o.Plugins, r)
			}
			after := s.attempt(sc, nil).state
			for n := 1; ; n++ {
				got := s.attempt(sc, func(*Faulty) {
					r.mu.Lock()
					defer r.mu.Unlock()
					r.failAt, r.heard = n, nil
				})
				r.mu.Lock()
				heard := slices.Clone(r.heard)
				r.failAt = 0
				r.mu.Unlock()
				if len(heard) < n {
					return
				}
				s.judgeUnrecorded(sc, heard[n-1], got, after)
			}
		})
	}
}

func (s *T) judgeUnrecorded(sc Request, kind core.EventType, got outcome, after []string) {
	s.Helper()
	a := got.answer
	failed := func(text string) {
		s.Helper()
		s.Errorf("%s was not recorded: %s\nanswer: %d %s %s\nrows:   %v\nafter:  %v", kind, text, a.Status, a.Body, a.Header.Get("Location"), got.state, after)
	}
	if strings.Contains(a.Body+fmt.Sprint(a.Header), "10.0.0.5") {
		failed("the error has leaked")
	}
	if a.Status < 500 && (a.Status < 300 || a.Status > 399 || !strings.Contains(a.Header.Get("Location"), "error=")) {
		failed("it has succeeded")
	}
	if got.opened {
		failed("it has signed someone in")
	}
	if !strings.Contains(got.log, "connection refused") {
		failed("the operator was not told")
	}
	if text := fmt.Sprint(got.state); len(got.state) > 0 && !slices.Contains(sc.Steps, text) {
		failed("it has happened")
	}
}
