package adminconfig

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/wire"
)

// attempts bounds how often a write is tried that loses to others.
const attempts = 10

// errLost ends an attempt that another write has overtaken.
var errLost = errors.New("adminconfig: another write was quicker")

// change is what a write makes of a row.
type change struct{ value, secretFields json.RawMessage }

// find reads a row from the database, nil when there is none.
func (p *Plugin) find(ctx context.Context, key string) (*config, error) {
	row, err := p.rows.Find(ctx, adapter.By("key", key))
	if core.IsNotFound(err) {
		return nil, nil
	}
	return row, err
}

// write changes the row of a key, in one transaction, in which others that change it take
// turns. make gets the row as it is under the lock, nil when there is none, and may run
// again. userID, unless it is "", is a user to lock before. The event is emitted after the
// commit, when this process knows the change.
func (p *Plugin) write(c *core.Ctx, key, userID string, make func(ctx context.Context, old *config) (change, error), event func() core.Event) (*config, error) {
	for range attempts {
		row, err := p.tryWrite(c, key, userID, make, event)
		if !errors.Is(err, errLost) {
			return row, err
		}
	}
	return nil, core.Fail(http.StatusConflict, CodeConflict)
}

func (p *Plugin) tryWrite(c *core.Ctx, key, userID string, make func(ctx context.Context, old *config) (change, error), event func() core.Event) (*config, error) {
	var row *config
	store := p.auth.Store()
	err := store.Tx(c, func(ctx context.Context) error {
		if userID != "" {
			err := store.LockUser(ctx, userID)
			if core.IsNotFound(err) {
				return core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
			}
			if err != nil {
				return err
			}
		}
		old, err := p.find(ctx, key)
		if err == nil && old != nil {
			old, err = p.rows.Lock(ctx, old.ID)
		}
		if core.IsNotFound(err) {
			return errLost
		}
		if err != nil {
			return err
		}
		set, err := make(ctx, old)
		if err != nil {
			return err
		}
		if row, err = p.put(ctx, key, old, set); err != nil {
			return err
		}
		if err := core.AfterCommit(ctx, func(context.Context) error { return p.changed(row) }); err != nil {
			return err
		}
		return c.EmitIn(ctx, event())
	})
	return row, err
}

// put writes a row that is still what old is.
func (p *Plugin) put(ctx context.Context, key string, old *config, set change) (*config, error) {
	now := p.auth.Now()
	if old == nil {
		row, err := p.rows.Create(ctx, &config{Key: key, Value: set.value, SecretFields: set.secretFields, CreatedAt: now, UpdatedAt: now})
		if errors.Is(err, adapter.ErrUnique) {
			err = errLost
		}
		return row, err
	}
	if !now.After(old.UpdatedAt) {
		now = old.UpdatedAt.Add(time.Millisecond)
	}
	var secrets any
	if set.secretFields != nil {
		secrets = set.secretFields
	}
	row, err := p.rows.Update(ctx, adapter.By("id", old.ID).And("updatedAt", old.UpdatedAt),
		adapter.Record{"value": set.value, "secretFields": secrets, "updatedAt": now})
	if core.IsNotFound(err) {
		err = errLost
	}
	return row, err
}

// versionOf reads the updatedAt of a body. The zero time: nothing is stored yet.
func versionOf(sent *string) (time.Time, error) {
	if sent == nil {
		return time.Time{}, nil
	}
	at, ok := wire.ParseTime(*sent)
	if !ok {
		return time.Time{}, invalid("updatedAt", "expected a time as the answers have it")
	}
	return at, nil
}

func sameVersion(r *config, since time.Time) bool {
	if r == nil {
		return since.IsZero()
	}
	return r.UpdatedAt.Equal(since)
}
