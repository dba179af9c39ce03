// Package sqlslots hands the databases of a server on, from one test or instance to
// the next with the same tables: making and dropping tables is most of what a short
// test costs a server.
package sqlslots

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqlmigrate"
)

// Slots are the databases of one server.
type Slots struct {
	Dialect sqlcodec.Dialect
	Make    func() (*Slot, error) // a database without tables
	// Free bounds the databases that wait for their next user; 0 is no bound.
	Free int
	// Idle bounds the connections that are kept open to a database in use, and
	// FreeIdle those to one that waits: a server counts them.
	Idle, FreeIdle int

	mu   sync.Mutex
	free []*Slot // the longest unused first
}

// Slot is a database that one user has for itself.
type Slot struct {
	Pool    *sql.DB
	Adapter adapter.Database                // over Pool
	Remove  func(ctx context.Context) error // closes Pool and drops the database; nil leaves that to its maker

	tables string // the statements that made them
	names  []string
}

func (s *Slot) remove(ctx context.Context) error {
	if s.Remove == nil {
		return nil
	}
	return s.Remove(ctx)
}

// Lease returns a database that is chosen when it is opened, by its schema.
func (s *Slots) Lease() *Lease { return &Lease{slots: s} }

// Close removes what is free. All leases have ended by then.
func (s *Slots) Close(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, f := range s.free {
		errs = append(errs, f.remove(ctx))
	}
	s.free = nil
	return errors.Join(errs...)
}

// take returns a free slot with these tables, or a new one.
func (s *Slots) take(tables string) (*Slot, error) {
	if found := s.find(tables); found != nil {
		return found, nil
	}
	fresh, err := s.Make()
	if err == nil {
		fresh.tables = tables
	}
	return fresh, err
}

func (s *Slots) find(tables string) *Slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.free) - 1; i >= 0; i-- {
		if found := s.free[i]; found.tables == tables {
			s.free = append(s.free[:i], s.free[i+1:]...)
			found.Pool.SetMaxIdleConns(s.Idle)
			return found
		}
	}
	return nil
}

// give keeps an empty slot, and returns the one that there is no place for.
func (s *Slots) give(used *Slot) (surplus *Slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	used.Pool.SetMaxIdleConns(s.FreeIdle)
	s.free = append(s.free, used)
	if s.Free > 0 && len(s.free) > s.Free {
		surplus, s.free = s.free[0], s.free[1:]
	}
	return surplus
}

// empty deletes all rows, those that refer to others first.
func (s *Slots) empty(ctx context.Context, one *Slot) error {
	for i := len(one.names) - 1; i >= 0; i-- {
		if _, err := one.Pool.ExecContext(ctx, "DELETE FROM "+s.quoted(one.names[i])); err != nil {
			return err
		}
	}
	return nil
}

func (s *Slots) quoted(name string) string {
	quote := `"`
	if s.Dialect == sqlcodec.MySQL {
		quote = "`"
	}
	return quote + strings.ReplaceAll(name, quote, quote+quote) + quote
}

// Lease is a database until End.
type Lease struct {
	slots *Slots
	slot  *Slot
	again bool // whether another user may have it
}

// Open implements adapter.Database. The database has the tables of s already, all
// of them or none. Opened a second time it is the same one.
func (l *Lease) Open(s *schema.Schema) (adapter.Adapter, error) {
	var text strings.Builder
	for _, change := range sqlmigrate.New(l.slots.Dialect, s).Create("") {
		text.WriteString(change.SQL)
	}
	tables := text.String()
	switch {
	case l.slot == nil:
		taken, err := l.slots.take(tables)
		if err != nil {
			return nil, err
		}
		l.slot, l.again = taken, s.IDs != schema.IDSerial // numbers go on where they were
		taken.names = nil
		for _, t := range s.Tables() {
			taken.names = append(taken.names, t.Name)
		}
	case l.slot.tables != tables:
		l.again = false // it gets other tables than it is known for
	}
	return l.slot.Adapter.Open(s)
}

// Spoil keeps the database from the next user.
func (l *Lease) Spoil() { l.again = false }

// End empties the database and leaves it to the next user.
func (l *Lease) End(ctx context.Context) error {
	if l.slot == nil {
		return nil
	}
	leftOver := l.slot
	if l.again {
		if err := l.slots.empty(ctx, l.slot); err != nil {
			return errors.Join(err, l.slot.remove(ctx))
		}
		leftOver = l.slots.give(l.slot)
	}
	if leftOver == nil {
		return nil
	}
	return leftOver.remove(ctx)
}
