package core

import (
	"context"
	"fmt"
	"sync/atomic"
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
	// panicked logs a panic of a task that runs after a commit.
	panicked func(ctx context.Context, where string, r any)

	running atomic.Int64 // transactions that run now, outermost ones
}

// DB reads and writes rows of any model by logical names. Ids, defaults and
// on-update values are filled in. It does not run the store hooks of the core
// tables; Store does.
func (a *Auth) DB() adapter.Adapter { return a.db }

// Create fills in the id (unless the database makes it), defaults, and null for
// optional fields that are absent. A required field without a value is an error, and so
// is a value that does not fit (see Auth.CheckFields).
func (d *db) Create(ctx context.Context, model string, rec adapter.Record) (adapter.Record, error) {
	t, ok := d.schema.Table(model)
	if !ok {
		return nil, fmt.Errorf("%w: %s", adapter.ErrUnknownModel, model)
	}
	if err := d.inTurn(ctx); err != nil {
		return nil, err
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
			full[f.Name] = nil // also with OnUpdate: a creation is no update, as in Better Auth 1.6
		case f.OnUpdate != nil:
			full[f.Name] = f.OnUpdate(now)
		default:
			return nil, missingField(t, f)
		}
	}
	if err := checkRecord(t, full); err != nil {
		return nil, err
	}
	return d.Adapter.Create(ctx, model, full)
}

func (d *db) updates(model string, set adapter.Record) (adapter.Record, error) {
	t, ok := d.schema.Table(model)
	if !ok {
		return set, nil
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
	return full, checkRecord(t, full)
}

func (d *db) Update(ctx context.Context, model string, w adapter.Where, set adapter.Record) (adapter.Record, error) {
	if err := d.inTurn(ctx); err != nil {
		return nil, err
	}
	full, err := d.updates(model, set)
	if err != nil {
		return nil, err
	}
	return d.Adapter.Update(ctx, model, w, full)
}

func (d *db) UpdateMany(ctx context.Context, model string, w adapter.Where, set adapter.Record) (int64, error) {
	if err := d.inTurn(ctx); err != nil {
		return 0, err
	}
	full, err := d.updates(model, set)
	if err != nil {
		return 0, err
	}
	return d.Adapter.UpdateMany(ctx, model, w, full)
}

func (d *db) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	if err := d.inTurn(ctx); err != nil {
		return nil, err
	}
	rec, err := d.Adapter.FindOne(ctx, q)
	if err == nil && !spelled(q.Where, rec) {
		return nil, adapter.ErrNotFound
	}
	return rec, err
}

// spelled reports whether a row has the id that was asked for, character by character. Some
// databases find a UUID in upper case, "07" for 7 and "x " for "x". A handler that compares
// the text of a request with the id of the caller would take the row for another one.
func spelled(w adapter.Where, rec adapter.Record) bool {
	for i := range w {
		c := &w[i]
		if c.Or {
			return true
		}
		if c.Field != "id" || c.Op != "" && c.Op != adapter.Eq {
			continue
		}
		asked, isText := c.Value.(string)
		if has, ok := rec["id"].(string); ok && isText && has != asked {
			return false
		}
	}
	return true
}

// Scan passes on a row without making a Record of it, where the adapter can do that.
func (d *db) Scan(ctx context.Context, q adapter.Find, set func(as, field string, value any)) error {
	if err := d.inTurn(ctx); err != nil {
		return err
	}
	return adapter.Scan(ctx, d.Adapter, q, set)
}

func (d *db) FindMany(ctx context.Context, q adapter.Find) ([]adapter.Record, error) {
	if err := d.inTurn(ctx); err != nil {
		return nil, err
	}
	return d.Adapter.FindMany(ctx, q)
}

func (d *db) Count(ctx context.Context, model string, w adapter.Where) (int64, error) {
	if err := d.inTurn(ctx); err != nil {
		return 0, err
	}
	return d.Adapter.Count(ctx, model, w)
}

func (d *db) Delete(ctx context.Context, model string, w adapter.Where) error {
	if err := d.inTurn(ctx); err != nil {
		return err
	}
	return d.Adapter.Delete(ctx, model, w)
}

func (d *db) DeleteMany(ctx context.Context, model string, w adapter.Where) (int64, error) {
	if err := d.inTurn(ctx); err != nil {
		return 0, err
	}
	return d.Adapter.DeleteMany(ctx, model, w)
}

func (d *db) ConsumeOne(ctx context.Context, model string, w adapter.Where) (adapter.Record, error) {
	if err := d.inTurn(ctx); err != nil {
		return nil, err
	}
	return d.Adapter.ConsumeOne(ctx, model, w)
}

func (d *db) Increment(ctx context.Context, model string, w adapter.Where, field string, by int64, set adapter.Record) (adapter.Record, error) {
	if err := d.inTurn(ctx); err != nil {
		return nil, err
	}
	return d.Adapter.Increment(ctx, model, w, field, by, set)
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
