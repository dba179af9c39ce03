package auditlog

import (
	"context"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
)

// portion is how many records one statement removes, so that none holds locks for long.
const portion = 500

// deleteOld removes the records that have been kept long enough.
func (p *Plugin) deleteOld(ctx context.Context, now time.Time) error {
	old := adapter.Where{{Field: "createdAt", Op: adapter.Lt, Value: now.Add(-p.opts.Retention)}}
	for {
		recs, err := p.auth.DB().FindMany(ctx, adapter.Find{
			Model: Model, Where: old, Select: []string{"id"}, Sort: []adapter.Sort{{Field: "createdAt"}}, Limit: portion,
		})
		if err != nil || len(recs) == 0 {
			return err
		}
		ids := make([]any, len(recs))
		for i, rec := range recs {
			ids[i] = rec["id"]
		}
		// The age is a condition too: a database that numbers its rows may use an id again.
		if _, err := p.auth.DB().DeleteMany(ctx, Model, append(adapter.Where{{Field: "id", Op: adapter.In, Value: ids}}, old...)); err != nil {
			return err
		}
		if len(recs) < portion {
			return nil
		}
	}
}

// forget removes where a user has come from, when the user is deleted, in the transaction
// of that. Where others have done something to the user, the addresses are theirs.
func (p *Plugin) forget(ctx context.Context, u *core.User) error {
	for _, w := range []adapter.Where{
		{{Field: "userId", Value: u.ID}, {Field: "actorId", Value: nil}},
		{{Field: "actorId", Value: u.ID}},
	} {
		if _, err := p.auth.DB().UpdateMany(ctx, Model, w, adapter.Record{"ipAddress": nil, "userAgent": nil}); err != nil {
			return err
		}
	}
	return nil
}
