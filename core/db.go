package core

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/secret"
)

// db is the adapter that plugins see: the application's, with ids, defaults and
// on-update values filled in from the schema.
type db struct {
	adapter.Adapter
	schema *schema.Schema
	newID  func(model string) (string, error)
	now    func() time.Time
}

// DB reads and writes rows of any model by logical names. Ids, defaults and
// on-update values are filled in; store hooks of the core tables are not run: use
// Store for those.
func (a *Auth) DB() adapter.Adapter { return a.db }

// Create fills in the id (unless the database makes it), defaults, and null for
// optional fields that are absent. A required field without value is an error.
func (d *db) Create(ctx context.Context, model string, rec adapter.Record) (adapter.Record, error) {
	t, ok := d.schema.Table(model)
	if !ok {
		return nil, fmt.Errorf("%w: %s", adapter.ErrUnknownModel, model)
	}
	now := d.now()
	full := make(adapter.Record, len(t.Fields)+1)
	for k, v := range rec {
		full[k] = v
	}
	if _, given := full["id"]; !given && d.schema.IDs != schema.IDSerial {
		id, err := d.newID(model)
		if err != nil {
			return nil, err
		}
		full["id"] = id
	}
	for i := range t.Fields {
		f := &t.Fields[i]
		if _, given := full[f.Name]; given {
			continue
		}
		switch {
		case f.Default != nil:
			full[f.Name] = f.Default(now)
		case f.Optional:
			full[f.Name] = nil // also with OnUpdate: a creation is no update, as in 1.6.11
		case f.OnUpdate != nil:
			full[f.Name] = f.OnUpdate(now)
		default:
			return nil, fmt.Errorf("%w: %s.%s is required", adapter.ErrBadValue, model, f.Name)
		}
	}
	return d.Adapter.Create(ctx, model, full)
}

func (d *db) updates(model string, set adapter.Record) adapter.Record {
	t, ok := d.schema.Table(model)
	if !ok {
		return set
	}
	full := make(adapter.Record, len(set)+1)
	for k, v := range set {
		full[k] = v
	}
	now := d.now()
	for i := range t.Fields {
		if f := &t.Fields[i]; f.OnUpdate != nil {
			if _, given := full[f.Name]; !given {
				full[f.Name] = f.OnUpdate(now)
			}
		}
	}
	return full
}

func (d *db) Update(ctx context.Context, model string, w adapter.Where, set adapter.Record) (adapter.Record, error) {
	return d.Adapter.Update(ctx, model, w, d.updates(model, set))
}

func (d *db) UpdateMany(ctx context.Context, model string, w adapter.Where, set adapter.Record) (int64, error) {
	return d.Adapter.UpdateMany(ctx, model, w, d.updates(model, set))
}

// Tx runs fn in a transaction. What AfterCommit was given inside runs when the
// outermost transaction has been committed, and not at all when it was rolled back.
//
// A database may run fn again when the transaction lost to another one (see
// adapter.Adapter.Tx). What fn has done besides the database is then put back as
// far as the kernel knows of it: the call's answer, and values that it has taken
// from the secondary storage.
func (d *db) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	if q, nested := ctx.Value(commitKey{}).(*commitQueue); nested {
		last, tasks := len(q.last), len(q.tasks)
		err := d.Adapter.Tx(ctx, fn)
		if err != nil {
			q.last, q.tasks = q.last[:last], q.tasks[:tasks] // its writes are undone, and with them what was to follow
		}
		return err
	}
	q := &commitQueue{}
	c, inCall := CtxFrom(ctx)
	var before answer
	if inCall {
		before = c.keepAnswer()
	}
	attempts := 0
	err := d.Adapter.Tx(context.WithValue(ctx, commitKey{}, q), func(ctx context.Context) error {
		if attempts++; attempts > 1 {
			q.again()
			if inCall {
				c.restoreAnswer(before)
			}
		}
		if err := fn(ctx); err != nil {
			return err
		}
		for _, run := range q.last {
			if err := run(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, run := range q.tasks {
		if err := run(ctx); err != nil {
			return err
		}
	}
	return nil
}

type commitKey struct{}

type commitQueue struct {
	last  []func(context.Context) error // at the end of the transaction, before its commit
	tasks []func(context.Context) error // after the commit

	// Values of the secondary storage by their keys: what this attempt has used up,
	// and what earlier ones had and left to it.
	taken, left map[string]string
}

// again makes the queue ready for another attempt.
func (q *commitQueue) again() {
	q.last, q.tasks = nil, nil
	if q.left == nil {
		q.left = q.taken
	} else {
		maps.Copy(q.left, q.taken)
	}
	q.taken = nil
}

// take is GetDel of a value that the transaction of ctx uses up. The storage knows
// no transaction and cannot put it back, so an attempt that has lost leaves it to
// the next one.
func (s *Store) take(ctx context.Context, key string) (string, error) {
	q, inTx := ctx.Value(commitKey{}).(*commitQueue)
	if !inTx {
		return s.secondary.GetDel(ctx, key)
	}
	text, left := q.left[key]
	if left {
		delete(q.left, key)
	} else {
		var err error
		if text, err = s.secondary.GetDel(ctx, key); err != nil {
			return "", err
		}
	}
	if q.taken == nil {
		q.taken = map[string]string{}
	}
	q.taken[key] = text
	return text, nil
}

// beforeCommit runs fn as the last step of the transaction of ctx, while it still
// holds its locks; without a transaction, at once. An error of fn undoes the
// transaction.
func beforeCommit(ctx context.Context, fn func(ctx context.Context) error) error {
	if q, ok := ctx.Value(commitKey{}).(*commitQueue); ok {
		q.last = append(q.last, fn)
		return nil
	}
	return fn(ctx)
}

// AfterCommit runs fn when the transaction of ctx has been committed; without a
// transaction, at once. An error of fn reaches the caller of the transaction,
// whose writes stay.
func AfterCommit(ctx context.Context, fn func(ctx context.Context) error) error {
	if q, ok := ctx.Value(commitKey{}).(*commitQueue); ok {
		q.tasks = append(q.tasks, fn)
		return nil
	}
	return fn(ctx)
}

func (a *Auth) newID(model string) (string, error) {
	if a.opts.IDs.New != nil {
		return a.opts.IDs.New(model)
	}
	if a.opts.IDs.Kind == schema.IDUUID {
		return secret.UUID(a.opts.Rand)
	}
	return secret.ID(a.opts.Rand)
}

// RandomString makes n random letters and digits from Options.Rand.
func (a *Auth) RandomString(n int) (string, error) {
	return secret.Random(a.opts.Rand, n, secret.Alphanumeric)
}
