package main

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/sqlcodec"
	"github.com/advantch/kernia-go/core/sqlmigrate"
)

// maxFree bounds the databases that wait for the next instance with their tables.
const maxFree = 12

// slots are the databases of one server. An instance that ends leaves its own,
// emptied, to the next one with the same tables: making and dropping tables is most
// of what an instance costs a server.
type slots struct {
	dialect sqlcodec.Dialect
	make    func() (*slot, error) // a database without tables
	ident   func(name string) string

	mu   sync.Mutex
	free []*slot // the longest unused first
}

// slot is a database that one instance has for itself.
type slot struct {
	pool   *sql.DB
	db     adapter.Database
	remove func(ctx context.Context) error
	tables string // the statements that made them
	names  []string
}

// newSlot puts an adapter over a pool. unmake is the statement that removes all.
func newSlot(pool *sql.DB, adapt over, admin *sql.DB, unmake string) (*slot, error) {
	remove := func(ctx context.Context) error {
		closed := pool.Close()
		_, err := admin.ExecContext(ctx, unmake)
		return errors.Join(closed, err)
	}
	db, err := adapt(pool)
	if err != nil {
		return nil, errors.Join(err, remove(context.Background()))
	}
	return &slot{pool: pool, db: db, remove: remove}, nil
}

func (s *slots) open(context.Context) (adapter.Database, func(context.Context) error, error) {
	l := &lease{slots: s}
	return l, l.end, nil
}

// take returns a free slot with these tables, or a new one.
func (s *slots) take(tables string) (*slot, error) {
	if found := s.find(tables); found != nil {
		return found, nil
	}
	fresh, err := s.make()
	if err == nil {
		fresh.tables = tables
	}
	return fresh, err
}

func (s *slots) find(tables string) *slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.free) - 1; i >= 0; i-- {
		if found := s.free[i]; found.tables == tables {
			s.free = append(s.free[:i], s.free[i+1:]...)
			found.pool.SetMaxIdleConns(connections)
			return found
		}
	}
	return nil
}

// give keeps an empty slot, and returns the one that there is no place for.
func (s *slots) give(used *slot) (surplus *slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	used.pool.SetMaxIdleConns(1) // the server counts them
	s.free = append(s.free, used)
	if len(s.free) > maxFree {
		surplus, s.free = s.free[0], s.free[1:]
	}
	return surplus
}

// close removes what is free. Instances have ended by then.
func (s *slots) close(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, f := range s.free {
		errs = append(errs, f.remove(ctx))
	}
	s.free = nil
	return errors.Join(errs...)
}

// lease is the database of one instance, which is chosen by its schema.
type lease struct {
	slots *slots
	slot  *slot
	again bool // whether another instance may have it
}

func (l *lease) Open(s *schema.Schema) (adapter.Adapter, error) {
	var tables strings.Builder
	for _, change := range sqlmigrate.New(l.slots.dialect, s).Create("") {
		tables.WriteString(change.SQL)
	}
	var err error
	if l.slot, err = l.slots.take(tables.String()); err != nil {
		return nil, err
	}
	l.slot.names = nil
	for _, t := range s.Tables() {
		l.slot.names = append(l.slot.names, t.Name)
	}
	l.again = s.IDs != schema.IDSerial // numbers go on where they were
	return l.slot.db.Open(s)
}

func (l *lease) end(ctx context.Context) error {
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

// empty deletes all rows, those that refer to others first.
func (s *slots) empty(ctx context.Context, one *slot) error {
	for i := len(one.names) - 1; i >= 0; i-- {
		if _, err := one.pool.ExecContext(ctx, "DELETE FROM "+s.ident(one.names[i])); err != nil {
			return err
		}
	}
	return nil
}
