package adminconfig

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
)

// cache is what this process has read. Nobody waits for another's read: in a transaction
// that would be a deadlock.
type cache struct {
	current atomic.Pointer[state]
	reading atomic.Bool

	mu      sync.Mutex // of those that replace current
	changes int        // made by this process
}

// state is the table at a moment. It is not changed.
type state struct {
	at   time.Time // before it was read
	rows map[string]*config
	off  map[string]bool // methods that nobody can sign in by
}

// state returns the table, at most Options.MaxAge old. From half of that age on one caller
// reads it anew while the others go on with what there is, so that a busy server sends one
// statement in that time, and nobody waits.
//
// When the database does not answer, a state that is too old does not do: methods that were
// switched off since would be on. The sign-in would fail by the same database anyway.
func (p *Plugin) state(ctx context.Context) (*state, error) {
	now := p.auth.Now()
	if known := p.cached.current.Load(); known != nil {
		switch age := now.Sub(known.at); {
		case age < 0 || age >= p.opts.MaxAge: // too old, or the clock was set back
		case age < p.opts.MaxAge/2, core.InTx(ctx), !p.cached.reading.CompareAndSwap(false, true):
			return known, nil
		default:
			defer p.cached.reading.Store(false)
		}
	}
	p.cached.mu.Lock()
	changes := p.cached.changes
	p.cached.mu.Unlock()
	rows, err := p.rows.List(ctx, adapter.Find{Where: adapter.Where{{Field: "key", Op: adapter.In, Value: []string{keyMethods, keyEmail, keyStripe}}}})
	if err != nil {
		return nil, err
	}
	read := &state{at: now, rows: map[string]*config{}}
	for _, row := range rows {
		read.rows[row.Key] = row
	}
	if read.off, err = p.off(read.rows[keyMethods]); err != nil {
		return nil, err
	}
	if core.InTx(ctx) {
		return read, nil // what the transaction sees need not be what the others will see
	}
	p.cached.mu.Lock()
	defer p.cached.mu.Unlock()
	if p.cached.changes == changes {
		p.cached.current.Store(read)
	}
	return read, nil
}

// changed replaces a row that this process has written.
func (p *Plugin) changed(row *config) error {
	off := map[string]bool(nil)
	if row.Key == keyMethods {
		var err error
		if off, err = p.off(row); err != nil {
			return err
		}
	}
	p.cached.mu.Lock()
	defer p.cached.mu.Unlock()
	p.cached.changes++
	known := p.cached.current.Load()
	if known == nil {
		return nil
	}
	if old := known.rows[row.Key]; old != nil && old.UpdatedAt.After(row.UpdatedAt) {
		return nil // a later change was reported before this one
	}
	next := &state{at: known.at, rows: map[string]*config{row.Key: row}, off: known.off}
	for key, other := range known.rows {
		if key != row.Key {
			next.rows[key] = other
		}
	}
	if row.Key == keyMethods {
		next.off = off
	}
	p.cached.current.Store(next)
	return nil
}
