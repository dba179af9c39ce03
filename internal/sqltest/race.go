package sqltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

// deletesWithoutIndex has transactions that each take a row of their own and then
// search the whole table for more, which none of the others has.
func deletesWithoutIndex(t *testing.T, d Database) {
	a := migrated(t, d.Adapter, Schema(t))
	at := func(i int) time.Time { return noon.Add(time.Duration(i) * time.Hour) }
	const callers = 20
	for i := range callers {
		add(t, a, "user", user(fmt.Sprint("a", i), at(i)))
		add(t, a, "user", user(fmt.Sprint("b", i), at(i)))
	}
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			err := a.Tx(t.Context(), func(ctx context.Context) error {
				if _, err := a.ConsumeOne(ctx, "user", adapter.By("id", fmt.Sprint("a", i))); err != nil {
					return err
				}
				n, err := a.DeleteMany(ctx, "user", adapter.By("createdAt", at(i)))
				if err == nil && n != 1 {
					t.Errorf("%d rows were deleted", n)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := users(t, a); n != 0 {
		t.Errorf("%d users are left", n)
	}
}

// deletesWhatIsNew deletes, in the application's transaction, rows that are younger
// than the transaction's view, such as the token of a reset asked for a moment ago.
func deletesWhatIsNew(t *testing.T, d Database) {
	if d.Dialect == "sqlite" {
		return // nothing is added while it has a writer
	}
	a := migrated(t, d.Adapter, Schema(t))
	err := d.InTx(t.Context(), sql.LevelDefault, func(ctx context.Context) error {
		if n, err := a.Count(ctx, "user", nil); n != 0 || err != nil { // the view is taken here
			t.Fatal(n, err)
		}
		add(t, a, "user", user("u1", noon))
		n, err := a.DeleteMany(ctx, "user", adapter.By("createdAt", noon))
		if n != 1 {
			t.Errorf("%d rows were deleted", n)
		}
		return err
	})
	if n := users(t, a); err != nil || n != 0 {
		t.Error(n, err)
	}
}

// SingleConnection is RACE-16: the adapter, with the tables of Schema, has one
// connection for everything. An operation that asked the pool for a second one
// would never return.
func SingleConnection(t *testing.T, a adapter.Adapter) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			id := fmt.Sprint("u", i)
			find := adapter.Find{Model: "user", Where: adapter.By("id", id), Joins: []adapter.Join{{Model: "session", From: "id", To: "userId"}}}
			err := a.Tx(ctx, func(ctx context.Context) error {
				return a.Tx(ctx, func(ctx context.Context) error {
					_, created := a.Create(ctx, "user", user(id, noon))
					_, found := a.FindOne(ctx, find)
					_, updated := a.UpdateMany(ctx, "user", adapter.By("id", id), adapter.Record{"createdAt": noon.Add(time.Hour)})
					return errors.Join(created, found, updated)
				})
			})
			if _, found := a.FindOne(ctx, find); err != nil || found != nil {
				t.Error(err, found)
			}
		})
	}
	wg.Wait()
	if n := users(t, a); n != 50 {
		t.Errorf("%d users", n)
	}
}

// FileWriters has several adapters, with the tables of Schema, on one empty database
// file: as two processes would, or an application that opened it in its own way.
func FileWriters(t *testing.T, adapters ...adapter.Adapter) {
	first := adapters[0]
	add(t, first, "user", user("u1", noon))
	add(t, first, "session", session("s1", "t1", "u1"))
	add(t, first, "rateLimit", adapter.Record{"id": "r", "key": "k", "count": int64(0), "lastRequest": int64(0)})
	const callers, most = 50, 45
	under := adapter.Where{{Field: "key", Value: "k"}, {Field: "count", Op: adapter.Lt, Value: int64(most)}}
	var consumed, counted atomic.Int64
	var wg sync.WaitGroup
	for i := range callers {
		a := adapters[i%len(adapters)]
		wg.Go(func() {
			ctx := t.Context()
			switch _, err := a.ConsumeOne(ctx, "session", adapter.By("token", "t1")); {
			case err == nil:
				consumed.Add(1)
			case !errors.Is(err, adapter.ErrNotFound):
				t.Error("consume:", err)
			}
			switch _, err := a.Increment(ctx, "rateLimit", under, "count", 1, nil); {
			case err == nil:
				counted.Add(1)
			case !errors.Is(err, adapter.ErrNotFound):
				t.Error("increment:", err)
			}
			// A read first and a write after it: the order that fails with
			// SQLITE_BUSY unless the lock is taken at the start.
			err := a.Tx(ctx, func(ctx context.Context) error {
				row, err := a.FindOne(ctx, adapter.Find{Model: "rateLimit", Where: adapter.By("key", "k")})
				if err != nil {
					return err
				}
				_, err = a.Update(ctx, "rateLimit", adapter.By("key", "k"), adapter.Record{"lastRequest": row["lastRequest"].(int64) + 1})
				return err
			})
			if err != nil {
				t.Error("tx:", err)
			}
		})
	}
	wg.Wait()
	row, err := first.FindOne(t.Context(), adapter.Find{Model: "rateLimit"})
	if err != nil {
		t.Fatal(err)
	}
	if consumed.Load() != 1 || counted.Load() != most || row["count"] != int64(most) || row["lastRequest"] != int64(callers) {
		t.Errorf("consumed %d, counted %d, row %v", consumed.Load(), counted.Load(), row)
	}
}
