package sqltest

import (
	"context"
	"database/sql"
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/internal/sqlcodec"
	"github.com/advantch/kernia-go/internal/sqlslots"
)

// Shared opens databases for tests that all run below t. A test that ends well leaves
// its database, emptied, to the next one with the same tables. fresh makes an empty
// database that lasts as long as t, with the pool of its adapter.
func Shared(t *testing.T, dialect sqlcodec.Dialect, fresh func(t testing.TB) (*sql.DB, adapter.Database)) func(t *testing.T) adapter.Database {
	t.Helper()
	slots := &sqlslots.Slots{Dialect: dialect, Idle: 4}
	slots.Make = func() (*sqlslots.Slot, error) {
		pool, db := fresh(t)
		return &sqlslots.Slot{Pool: pool, Adapter: db}, nil
	}
	return func(t *testing.T) adapter.Database {
		t.Helper()
		lease := slots.Lease()
		t.Cleanup(func() {
			if t.Failed() {
				lease.Spoil()
			}
			if err := lease.End(context.Background()); err != nil {
				t.Error(err)
			}
		})
		return lease
	}
}
