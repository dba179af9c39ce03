package admin

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/access"
)

// caller lets the application itself and users with a session through.
func (p *Plugin) caller(c *core.Ctx) error {
	if c.FromServer() {
		return nil
	}
	return core.RequireStoredSession(c)
}

// permission is what a route asks for, and its answer to those who lack it.
type permission struct {
	asked   access.Permissions
	refused core.ErrorCode
}

func needs(resource, action string, refused core.ErrorCode) permission {
	return permission{access.Permissions{resource: {action}}, refused}
}

func (n permission) refuse() error { return core.Fail(http.StatusForbidden, n.refused) }

// allow returns the caller, nil for the application itself, or the answer to one who lacks a
// permission.
func (p *Plugin) allow(c *core.Ctx, n permission) (*core.User, error) {
	if c.FromServer() {
		return nil, nil
	}
	u := &c.Session().User
	if !p.HasPermission(u, n.asked) {
		return nil, n.refuse()
	}
	return u, nil
}

// change is a change of one user.
type change struct {
	permission
	// demotes reports whether the user can no longer make administrators afterwards. Nil: the
	// user still can.
	demotes func(target *core.User) bool
	// run makes the change. Caller and target are locked and as they are now; caller is nil for
	// the application itself. A database may call it again.
	run func(ctx context.Context, caller, target *core.User) error
	// events are what to report of a change that was made, about the user.
	events func() []core.EventType
}

// one is the report of a change.
func one(e core.EventType) func() []core.EventType {
	return func() []core.EventType { return []core.EventType{e} }
}

// errAgain means that what was read before the locks is not so any more.
var errAgain = errors.New("admin: another change came first")

// maxAttempts bounds how often a change that others precede is tried.
const maxAttempts = 100

// apply makes a change in one transaction, with the rows of the caller, the user and, if the
// change needs one, of another administrator locked, in the order of their ids.
func (p *Plugin) apply(c *core.Ctx, userID string, ch change) error {
	caller, err := p.allow(c, ch.permission)
	if err != nil {
		return err
	}
	p.own.Set(c, true)
	defer p.own.Set(c, false)
	for range maxAttempts {
		if err = p.attempt(c, caller, userID, ch); !errors.Is(err, errAgain) {
			return err
		}
	}
	return err
}

func (p *Plugin) attempt(c *core.Ctx, caller *core.User, userID string, ch change) error {
	store := p.auth.Store()
	witness, err := p.witness(c, caller, userID, ch)
	if err != nil {
		return err
	}
	return store.Tx(c, func(ctx context.Context) error {
		ids := []string{userID}
		if caller != nil {
			ids = append(ids, caller.ID)
		}
		if witness != "" {
			ids = append(ids, witness)
		}
		locked, err := p.lock(ctx, ids)
		if err != nil {
			return err
		}
		var now *core.User // the caller
		if caller != nil {
			if now = locked[caller.ID]; now == nil || now.BannedAt(p.auth.Now()) {
				return core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
			}
			if !p.HasPermission(now, ch.asked) {
				return ch.refuse()
			}
		}
		target := locked[userID]
		if target == nil {
			return core.Fail(http.StatusNotFound, core.CodeUserNotFound)
		}
		if p.above(now, target) {
			return ch.refuse()
		}
		if ch.demotes != nil && p.steward(target) && ch.demotes(target) {
			if other := locked[witness]; other == nil || other.ID == target.ID || !p.succeeds(other, target) {
				return errAgain
			}
		}
		if err := ch.run(ctx, now, target); err != nil {
			return err
		}
		for _, e := range ch.events() {
			if err := c.EmitIn(ctx, core.Event{Type: e, UserID: target.ID}); err != nil {
				return err
			}
		}
		return nil
	})
}

// lock locks users in the order of their ids and returns them as they are now. Those who do
// not exist are left out.
func (p *Plugin) lock(ctx context.Context, ids []string) (map[string]*core.User, error) {
	slices.Sort(ids)
	out := map[string]*core.User{}
	for _, id := range slices.Compact(ids) {
		rec, err := p.auth.Lock(ctx, core.ModelUser, id)
		if core.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if out[id], err = p.auth.UserOf(rec); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// witness is the id of another administrator who stays when a change takes one away. It is ""
// when the change takes none away, and LAST_ADMIN when there is no other.
func (p *Plugin) witness(ctx context.Context, caller *core.User, userID string, ch change) (string, error) {
	if ch.demotes == nil {
		return "", nil
	}
	target, err := p.auth.Store().FindUser(ctx, userID)
	if core.IsNotFound(err) {
		return "", nil
	}
	if err == nil && p.above(caller, target) {
		err = ch.refuse()
	}
	if err != nil || !p.steward(target) || !ch.demotes(target) {
		return "", err
	}
	if caller != nil && caller.ID != userID {
		now, err := p.auth.Store().FindUser(ctx, caller.ID)
		if err == nil && p.succeeds(now, target) {
			return caller.ID, nil
		}
		if err != nil && !core.IsNotFound(err) {
			return "", err
		}
	}
	others, err := p.others(ctx, target)
	if err != nil {
		return "", err
	}
	if len(others) == 0 {
		return "", core.Fail(http.StatusBadRequest, CodeLastAdmin)
	}
	return others[0], nil
}

// pageOfStewards is how many users are read at once to find another administrator.
const pageOfStewards = 20

// others lists some users who may make administrators like one who leaves, by their ids. Users with
// several roles are looked for only when nobody has one of the roles alone, because no index
// finds them.
func (p *Plugin) others(ctx context.Context, leaving *core.User) ([]string, error) {
	alone := adapter.Where{{Field: Role.Name, Op: adapter.In, Value: p.stewardRoles, Or: true}}
	var within adapter.Where
	for _, name := range p.stewardRoles {
		within = append(within, adapter.Cond{Field: Role.Name, Op: adapter.Contains, Value: name, Or: true})
	}
	if len(p.opts.AdminUserIDs) > 0 {
		alone = append(alone, adapter.Cond{Field: "id", Op: adapter.In, Value: p.opts.AdminUserIDs, Or: true})
	}
	if slices.Contains(p.stewardRoles, p.opts.DefaultRole) {
		within = append(within, adapter.Cond{Field: Role.Name, Value: nil, Or: true}, adapter.Cond{Field: Role.Name, Value: "", Or: true})
	}
	for _, where := range []adapter.Where{alone, within} {
		for last := ""; len(where) > 0; {
			w := append(adapter.Where{{Field: "id", Op: adapter.Ne, Value: leaving.ID}}, where...)
			if last != "" {
				w = append(w, adapter.Cond{Field: "id", Op: adapter.Gt, Value: last})
			}
			recs, err := p.auth.DB().FindMany(ctx, adapter.Find{Model: core.ModelUser, Where: w, Sort: []adapter.Sort{{Field: "id"}}, Limit: pageOfStewards})
			if err != nil {
				return nil, err
			}
			var out []string
			for _, rec := range recs {
				u, err := p.auth.UserOf(rec)
				if err != nil {
					return nil, err
				}
				if last = u.ID; p.succeeds(u, leaving) {
					out = append(out, u.ID)
				}
			}
			if len(out) > 0 {
				return out, nil
			}
			if len(recs) < pageOfStewards {
				break
			}
		}
	}
	return nil, nil
}
