package apikey

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/access"
)

// mayUse refuses a user who may not do something with the keys of an organization.
func (p *Plugin) mayUse(ctx context.Context, userID, organizationID, action string) error {
	if p.org == nil {
		return core.Fail(http.StatusBadRequest, CodeOrganizationPluginNeeded)
	}
	member, allowed, err := p.org.MayUse(ctx, userID, organizationID, access.Permissions{"apiKey": {action}})
	switch {
	case err != nil:
		return err
	case !member:
		return core.Fail(http.StatusForbidden, CodeNotMember)
	case !allowed:
		return core.Fail(http.StatusForbidden, CodeInsufficientPermissions)
	}
	return nil
}

// ownerDeleted removes the keys of a user, in the transaction that removes the user.
func (p *Plugin) ownerDeleted(ctx context.Context, u *core.User) error {
	if slices.ContainsFunc(p.configs, func(cf *config) bool { return cf.Owner == Users && cf.unseen() }) {
		// A key that is being made is made before, or not at all.
		if _, err := p.auth.Lock(ctx, core.ModelUser, u.ID); err != nil && !core.IsNotFound(err) {
			return err
		}
	}
	return p.removeAll(ctx, u.ID, Users)
}

// organizationDeleted removes the keys of an organization.
func (p *Plugin) organizationDeleted(ctx context.Context, id string) error {
	return p.removeAll(ctx, id, Organizations)
}

func (p *Plugin) removeAll(ctx context.Context, owner string, kind Owner) error {
	if kind == Organizations && len(p.ofOrgs) == 0 {
		return nil
	}
	mine := func(k *Key) bool { return k.ReferenceID == owner && p.kindOf(k) == kind }
	w := p.ownedBy(owner, kind)
	var copied []*Key
	for _, cf := range p.configs {
		if _, ok := cf.store.(*cached); !ok || cf.Owner != kind {
			continue
		}
		rows, err := p.keys.List(ctx, adapter.Find{Where: w.And("configId", cf.ID)})
		if err != nil {
			return err
		}
		copied = append(copied, rows...)
	}
	if _, err := p.keys.Delete(ctx, w); err != nil {
		return err
	}
	// A storage takes no part in transactions, so it follows the commit.
	return core.AfterCommit(ctx, func(ctx context.Context) error {
		for _, cf := range p.configs {
			if s, ok := cf.store.(*secondary); ok && cf.Owner == kind {
				if err := s.removeAll(ctx, owner, mine); err != nil {
					return err
				}
			}
		}
		for _, k := range copied {
			if cf := p.exactly(k.config()); cf != nil {
				if err := cf.store.(*cached).forget(ctx, k); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// DeleteExpiredReply is {"success":…,"error":null}.
type DeleteExpiredReply struct {
	Success bool    `json:"success"`
	Error   *string `json:"error"` // always null
}

func (p *Plugin) deleteExpired(c *core.Ctx, _ *core.NoInput) (DeleteExpiredReply, error) {
	if err := p.removeExpired(c, c.Now()); err != nil {
		return DeleteExpiredReply{}, err
	}
	return DeleteExpiredReply{Success: true}, nil
}

func (p *Plugin) removeExpired(ctx context.Context, now time.Time) error {
	_, err := p.keys.Delete(ctx, adapter.Where{{Field: "expiresAt", Op: adapter.Lt, Value: now}})
	return err
}

// sweepEvery is how often requests remove expired keys.
const sweepEvery = 10 * time.Second

// sweep removes expired keys in the background, once in a while.
func (p *Plugin) sweep(c *core.Ctx) {
	now, last := c.Now(), p.swept.Load()
	if now.UnixMilli()-last < sweepEvery.Milliseconds() || !p.swept.CompareAndSwap(last, now.UnixMilli()) {
		return
	}
	c.Go("removing expired API keys", func(ctx context.Context) error { return p.removeExpired(ctx, now) })
}
