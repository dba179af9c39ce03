package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

const (
	model            = "rateLimit"
	fieldKey         = "key"
	fieldCount       = "count"
	fieldLastRequest = "lastRequest"

	// databaseAttempts bounds how often Take starts over because another request
	// reset or created the same row between two statements.
	databaseAttempts = 16
)

// Database is a Store in the table rateLimit, shared by all processes.
type Database struct {
	adapter adapter.Adapter
	newID   func() (string, error)
}

// NewDatabase counts in a's model "rateLimit" with the fields key, count and
// lastRequest (Unix milliseconds). newID makes the ids of new rows; nil, or an
// empty id, leaves them to the database.
func NewDatabase(a adapter.Adapter, newID func() (string, error)) *Database {
	return &Database{adapter: a, newID: newID}
}

// Take implements Store. Every write is conditional, so concurrent requests can
// never exceed what the rule admits. Call it outside a transaction.
func (d *Database) Take(ctx context.Context, key string, r Rule, now time.Time) (Decision, error) {
	if err := r.check(); err != nil {
		return Decision{}, err
	}
	nowMS := now.UnixMilli()
	if r.Max < 1 {
		return refuse(r.Window.Milliseconds()), nil
	}
	for range databaseAttempts {
		admitted, err := d.count(ctx, key, r, nowMS)
		if admitted || err != nil {
			return Decision{Allowed: admitted}, err
		}
		cur, err := d.read(ctx, key)
		if err != nil {
			return Decision{}, err
		}
		switch {
		case cur == nil:
			admitted, err = d.create(ctx, key, nowMS)
		case !cur.live(r, nowMS):
			admitted, err = d.reset(ctx, key, r, nowMS, cur.LastRequest > nowMS)
		case cur.Count >= int64(r.Max):
			return refuse(cur.LastRequest + r.Window.Milliseconds() - nowMS), nil
		}
		if admitted || err != nil {
			return Decision{Allowed: admitted}, err
		}
	}
	return Decision{}, ErrContended
}

// Cleanup removes the rows that have no admitted request since before, and
// returns how many there were. Pass the current time minus the longest window
// of any rule (see Resolver.LongestWindow). A later time would remove counters
// that are still in use.
func (d *Database) Cleanup(ctx context.Context, before time.Time) (int64, error) {
	n, err := d.adapter.DeleteMany(ctx, model, adapter.Where{
		{Field: fieldLastRequest, Op: adapter.Lt, Value: before.UnixMilli()},
	})
	if err != nil {
		return n, fmt.Errorf("ratelimit: clean up counters: %w", err)
	}
	return n, nil
}

// count adds one to a live counter that is below the limit.
func (d *Database) count(ctx context.Context, key string, r Rule, nowMS int64) (bool, error) {
	w := append(adapter.By(fieldKey, key),
		adapter.Cond{Field: fieldCount, Op: adapter.Lt, Value: int64(r.Max)},
		adapter.Cond{Field: fieldLastRequest, Op: adapter.Gt, Value: nowMS - r.Window.Milliseconds()},
		adapter.Cond{Field: fieldLastRequest, Op: adapter.Lte, Value: nowMS + r.Window.Milliseconds()})
	_, err := d.adapter.Increment(ctx, model, w, fieldCount, 1, adapter.Record{fieldLastRequest: nowMS})
	return wrote(err, adapter.ErrNotFound)
}

// reset starts a counter over whose window has passed, or that lies in the future.
func (d *Database) reset(ctx context.Context, key string, r Rule, nowMS int64, future bool) (bool, error) {
	over := adapter.Cond{Field: fieldLastRequest, Op: adapter.Lte, Value: nowMS - r.Window.Milliseconds()}
	if future {
		over = adapter.Cond{Field: fieldLastRequest, Op: adapter.Gt, Value: nowMS + r.Window.Milliseconds()}
	}
	w := append(adapter.By(fieldKey, key), over)
	_, err := d.adapter.Update(ctx, model, w, adapter.Record{fieldCount: int64(1), fieldLastRequest: nowMS})
	return wrote(err, adapter.ErrNotFound)
}

// create inserts the counter of a key that has none; the unique key decides
// between concurrent callers.
func (d *Database) create(ctx context.Context, key string, nowMS int64) (bool, error) {
	rec := adapter.Record{fieldKey: key, fieldCount: int64(1), fieldLastRequest: nowMS}
	if d.newID != nil {
		id, err := d.newID()
		if err != nil {
			return false, fmt.Errorf("ratelimit: new id: %w", err)
		}
		if id != "" {
			rec["id"] = id
		}
	}
	_, err := d.adapter.Create(ctx, model, rec)
	return wrote(err, adapter.ErrUnique)
}

// wrote turns the error that means "the condition did not hold" into false.
func wrote(err, missed error) (bool, error) {
	if errors.Is(err, missed) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ratelimit: write counter: %w", err)
	}
	return true, nil
}

// read returns the counter of a key, nil when there is none. It only chooses the next
// statement; every write checks its condition again.
func (d *Database) read(ctx context.Context, key string) (*entry, error) {
	rec, err := d.adapter.FindOne(ctx, adapter.Find{Model: model, Where: adapter.By(fieldKey, key)})
	if errors.Is(err, adapter.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ratelimit: read counter: %w", err)
	}
	count, err := integer(rec, fieldCount)
	if err != nil {
		return nil, err
	}
	last, err := integer(rec, fieldLastRequest)
	if err != nil {
		return nil, err
	}
	return &entry{Key: key, Count: count, LastRequest: last}, nil
}

func integer(rec adapter.Record, field string) (int64, error) {
	switch v := rec[field].(type) {
	case int64:
		return v, nil
	case float64:
		return int64(v), nil
	}
	return 0, fmt.Errorf("ratelimit: read counter: %w: %s is a %T", adapter.ErrBadValue, field, rec[field])
}
