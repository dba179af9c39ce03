package scim

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/organization"
)

// reason is that of the ban of a user whom a connection has deactivated.
func reason(providerID string) string { return reasonPrefix + providerID }

const reasonPrefix = "Deactivated by the directory "

// deactivate takes a user's access away: everything from a user whom the connection controls,
// and the membership from another one. The user is locked.
func (p *Plugin) deactivate(ctx context.Context, conn *Connection, e *entry) error {
	if err := p.stillThere(ctx, conn); err != nil {
		return err
	}
	if err := p.spareOwner(ctx, conn, e); err != nil {
		return err
	}
	controlled, err := p.controls(ctx, conn, e)
	if err != nil {
		return err
	}
	if controlled {
		if err := p.ban(ctx, conn, e); err != nil {
			return err
		}
		return p.auth.Store().DeleteSessions(ctx, e.user.ID)
	}
	if conn.organization() == "" {
		return nil
	}
	m, err := p.org.Membership(ctx, e.user.ID, conn.organization())
	if missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	e.row.Role = &m.Role
	return p.leave(ctx, conn, e.user.ID)
}

// stillThere refuses what a connection does while it is being deleted. Its row stays locked
// until the end of the transaction, so that no deactivation outlives it.
func (p *Plugin) stillThere(ctx context.Context, conn *Connection) error {
	if conn.static {
		return nil
	}
	_, err := p.providers.Lock(ctx, conn.ID)
	if missing(err) {
		return unauthorized("Invalid SCIM token")
	}
	return err
}

// covered is the ban of an administrator that a deactivation covers: it comes back at the end.
type covered struct {
	Banned  bool       `json:"banned,omitempty"`
	Reason  *string    `json:"reason,omitempty"`
	Expires *time.Time `json:"expires,omitempty"`
}

func (c covered) text() (*string, error) {
	raw, err := json.Marshal(c)
	text := string(raw)
	return &text, err
}

// bans lists the rows of a user whose deactivation bans the user, without one of them.
func (p *Plugin) bans(ctx context.Context, userID, except string) ([]*Provisioned, error) {
	rows, err := p.provisioned.List(ctx, adapter.Find{Where: adapter.By("userId", userID)})
	return slices.DeleteFunc(rows, func(r *Provisioned) bool { return r.Ban == nil || r.ID == except }), err
}

// ban blocks all sign-ins and keys of a user, and notes in the row what it covers.
func (p *Plugin) ban(ctx context.Context, conn *Connection, e *entry) error {
	if p.admin != nil {
		if err := p.admin.KeepAdmin(ctx, e.user.ID); err != nil {
			return err
		}
	}
	if e.row.Ban != nil && p.bannedBy(e.row.ProviderID, e.user) {
		return nil // as of a user who was removed while deactivated
	}
	before := covered{}
	others, err := p.bans(ctx, e.user.ID, e.row.ID)
	if err != nil {
		return err
	}
	// The ban of another directory is enough, while it is there.
	if !slices.ContainsFunc(others, func(r *Provisioned) bool { return p.bannedBy(r.ProviderID, e.user) }) {
		if e.user.BannedAt(p.auth.Now()) && !p.bannedBy(conn.ProviderID, e.user) {
			before.Banned = true
			if why, ok := admin.BanReason.Of(e.user.Extra); ok {
				before.Reason = &why
			}
			if until, ends := core.BanExpires.Of(e.user.Extra); ends {
				before.Expires = &until
			}
		}
		set := adapter.Record{core.Banned.Name: true}
		if p.admin != nil {
			set[core.BanExpires.Name] = nil
		}
		if p.reasons {
			set[admin.BanReason.Name] = reason(conn.ProviderID)
		}
		if e.user, err = p.auth.Store().UpdateUser(ctx, e.user.ID, set); err != nil {
			return err
		}
	}
	e.row.Ban, err = before.text()
	return err
}

// bannedBy reports whether the ban that a user has is that of a deactivation by a directory.
// Without the plugin admin all bans are.
func (p *Plugin) bannedBy(providerID string, u *core.User) bool {
	if banned, _ := core.Banned.Of(u.Extra); !banned {
		return false
	}
	if !p.reasons {
		return true
	}
	why, _ := admin.BanReason.Of(u.Extra)
	return why == reason(providerID)
}

// lift ends the ban of a deactivation. The ban of another directory stays, and that of an
// administrator, whether it came before or after. The user is locked.
func (p *Plugin) lift(ctx context.Context, row *Provisioned, u *core.User) (*core.User, error) {
	if row.Ban == nil {
		return u, nil
	}
	var before covered
	if err := json.Unmarshal([]byte(*row.Ban), &before); err != nil {
		before = covered{Banned: true} // nobody knows: stay on the safe side
	}
	row.Ban = nil
	// Written before the user is: whoever follows changes of users finds it done.
	if _, err := p.provisioned.Update(ctx, adapter.By("id", row.ID), adapter.Record{"ban": nil}); err != nil && !missing(err) {
		return nil, err
	}
	others, err := p.bans(ctx, u.ID, row.ID)
	if err != nil {
		return nil, err
	}
	if !p.bannedBy(row.ProviderID, u) {
		return u, nil // an administrator has decided otherwise meanwhile
	}
	set := adapter.Record{core.Banned.Name: false}
	if p.reasons {
		set[admin.BanReason.Name] = nil
	}
	switch {
	case len(others) > 0:
		next := others[0]
		next.Ban, err = before.text()
		if err != nil {
			return nil, err
		}
		if _, err := p.provisioned.Update(ctx, adapter.By("id", next.ID), adapter.Record{"ban": *next.Ban}); err != nil {
			return nil, err
		}
		if !p.reasons {
			return u, nil
		}
		set = adapter.Record{admin.BanReason.Name: reason(next.ProviderID)}
	case before.Banned && (before.Expires == nil || before.Expires.After(p.auth.Now())):
		set[core.Banned.Name] = true
		if p.reasons && before.Reason != nil {
			set[admin.BanReason.Name] = *before.Reason
		}
		if p.admin != nil && before.Expires != nil {
			set[core.BanExpires.Name] = *before.Expires
		}
	}
	return p.auth.Store().UpdateUser(ctx, u.ID, set)
}

// reactivate gives a user's access back. The ban of an administrator stays.
func (p *Plugin) reactivate(ctx context.Context, conn *Connection, e *entry) (err error) {
	if e.user, err = p.lift(ctx, e.row, e.user); err != nil {
		return err
	}
	return p.join(ctx, conn, e)
}

// userChanged lifts the ban of a user who has proven the address, if the connection that has
// deactivated the user controls it no more: a directory locks nobody out of an address that is
// not its own.
func (p *Plugin) userChanged(ctx context.Context, u *core.User) error {
	if banned, _ := core.Banned.Of(u.Extra); !banned || !u.EmailVerified {
		return nil
	}
	rows, err := p.bans(ctx, u.ID, "")
	if err != nil {
		return err
	}
	for _, row := range rows {
		conn, err := p.connectionBy(ctx, row)
		if err != nil {
			return err
		}
		if conn != nil {
			controlled, err := p.controls(ctx, conn, &entry{user: u, row: row})
			if err != nil {
				return err
			}
			if controlled {
				continue
			}
		}
		if u, err = p.lift(ctx, row, u); err != nil {
			return err
		}
	}
	return nil
}

// releasePage is how many deactivated users one transaction releases.
const releasePage = 100

// end removes a connection with its deactivations: bans end with what they hang on. So that
// nobody who was deactivated gets back into the organization by it, they leave it.
func (p *Plugin) end(ctx context.Context, conn *Connection) error {
	for more := true; more; {
		err := again(func() error {
			return p.auth.Store().Tx(ctx, func(ctx context.Context) (err error) {
				if more, err = p.release(ctx, conn); err != nil || more {
					return err
				}
				return p.remove(ctx, conn)
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// release ends a page of the deactivations of a connection and reports whether there are more.
func (p *Plugin) release(ctx context.Context, conn *Connection) (more bool, err error) {
	inactive := func() ([]*Provisioned, error) {
		return p.provisioned.List(ctx, adapter.Find{Where: conn.rows().And("active", false),
			Sort: []adapter.Sort{{Field: "userId"}}, Limit: releasePage})
	}
	rows, err := inactive()
	if err != nil {
		return false, err
	}
	locked := map[string]bool{}
	for _, row := range rows { // users are locked before connections, as everywhere
		if err := p.auth.Store().LockUser(ctx, row.UserID); err != nil && !missing(err) {
			return false, err
		}
		locked[row.UserID] = true
	}
	if _, err := p.providers.Lock(ctx, conn.ID); err != nil {
		return false, err
	}
	if rows, err = inactive(); err != nil {
		return false, err
	}
	for _, row := range rows {
		if !locked[row.UserID] {
			return false, errMoved
		}
		if err := p.releaseUser(ctx, conn, row); err != nil {
			return false, err
		}
	}
	return len(rows) == releasePage, nil
}

// releaseUser ends a deactivation for good. The row stays as that of a user who has left.
func (p *Plugin) releaseUser(ctx context.Context, conn *Connection, row *Provisioned) error {
	u, err := p.auth.Store().FindUser(ctx, row.UserID)
	if missing(err) { // a database without foreign keys
		_, err = p.provisioned.Delete(ctx, adapter.By("id", row.ID))
		return err
	}
	if err != nil {
		return err
	}
	was := row.Ban != nil
	if _, err := p.lift(ctx, row, u); err != nil {
		return err
	}
	if conn.organization() != "" {
		acc, err := p.account(ctx, conn.ProviderID, u.ID)
		if err == nil {
			err = p.auth.Store().DeleteAccount(ctx, acc.ID)
		}
		if err != nil && !core.IsNotFound(err) {
			return err
		}
		if err := p.forgetGroups(ctx, conn, u.ID); err != nil {
			return err
		}
		if p.org != nil {
			err := p.leave(ctx, conn, u.ID)
			if err != nil && !core.HasCode(err, organization.CodeYouCannotLeaveTheOrganizationAsTheOnlyOwner) && ignoreGone(err) != nil {
				return err
			}
		}
	}
	if _, err := p.provisioned.Update(ctx, adapter.By("id", row.ID), adapter.Record{"active": true, "role": nil}); err != nil || !was {
		return err
	}
	return p.emit(ctx, conn, EventUserReactivated, u.ID)
}

// organizationDeleted removes the connections of an organization with what they keep. Bans of
// theirs end.
func (p *Plugin) organizationDeleted(ctx context.Context, organizationID string) error {
	owner := (&Connection{OrganizationID: &organizationID}).owner()
	of := adapter.By("owner", owner)
	if err := p.liftAll(ctx, of, ""); err != nil {
		return err
	}
	if p.groupRows != nil {
		if _, err := p.groupRows.Delete(ctx, of); err != nil {
			return err
		}
	}
	if _, err := p.provisioned.Delete(ctx, of); err != nil {
		return err
	}
	conns, err := p.connectionsOf(ctx, organizationID)
	if err != nil {
		return err
	}
	for _, conn := range conns {
		if conn.static {
			continue
		}
		if err := p.remove(ctx, conn); err != nil && !missing(err) {
			return err
		}
	}
	return nil
}

// remove removes the row of a connection.
func (p *Plugin) remove(ctx context.Context, conn *Connection) error {
	n, err := p.providers.Delete(ctx, adapter.By("id", conn.ID))
	if err == nil && n == 0 {
		err = core.ErrNotFound
	}
	if err != nil {
		return err
	}
	return p.emit(ctx, conn, EventConnectionDeleted, "")
}

// liftAll lifts the bans of the deactivations in rows, except that of one user.
func (p *Plugin) liftAll(ctx context.Context, rows adapter.Where, except string) error {
	list, err := p.provisioned.List(ctx, adapter.Find{Where: rows.And("active", false), Sort: []adapter.Sort{{Field: "userId"}}})
	if err != nil {
		return err
	}
	for _, row := range list {
		if row.Ban == nil || row.UserID == except {
			continue
		}
		rec, err := p.auth.Lock(ctx, core.ModelUser, row.UserID)
		if missing(err) {
			continue
		}
		if err != nil {
			return err
		}
		u, err := p.auth.UserOf(rec)
		if err != nil {
			return err
		}
		if _, err := p.lift(ctx, row, u); err != nil {
			return err
		}
	}
	return nil
}

// makerDeleted removes the connections that a user has made for nobody but the user, with their
// deactivations.
func (p *Plugin) makerDeleted(ctx context.Context, u *core.User) error {
	if p.opts.SharePersonalConnections {
		return nil
	}
	conns, err := p.providers.List(ctx, adapter.Find{Where: adapter.By("userId", u.ID)})
	if err != nil {
		return err
	}
	for _, found := range conns {
		conn := p.connectionOf(found)
		if conn.organization() != "" {
			continue // the organization's: somebody else may make its next token
		}
		if err := p.liftAll(ctx, conn.rows(), u.ID); err != nil {
			return err
		}
		if err := p.remove(ctx, conn); err != nil && !missing(err) {
			return err
		}
	}
	return nil
}
