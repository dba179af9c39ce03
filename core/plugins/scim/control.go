package scim

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/organization"
)

// atOnce is how long after its user an account of Better Auth's can be that was made together
// with it. Its tables do not say who has made a user.
const atOnce = 5 * time.Second

// made reports whether a connection has made one of its users.
func made(e *entry) bool {
	if e.row != nil {
		return e.row.Made
	}
	return e.account.CreatedAt.Sub(e.user.CreatedAt) <= atOnce
}

// controls reports whether a connection may change the profile of one of its users, block the
// user's sign-ins and delete the user. Anybody who may found an organization may connect a
// directory, and a directory names any address. So a connection controls a user
//
//   - of the application itself, if it is one of Options.Connections without an organization,
//   - whose address is in a domain that the organization has verified for single sign-on,
//   - whom it has made, as long as the user has nothing that it has not given: the address was
//     never proven, there is no other account and no other organization,
//   - if Options.Controls says so.
//
// Of other users it controls the membership in its organization, and what it says of them is
// kept apart from their profile.
func (p *Plugin) controls(ctx context.Context, conn *Connection, e *entry) (bool, error) {
	if conn.static && conn.organization() == "" {
		return true, nil
	}
	if f := p.opts.Controls; f != nil {
		if ok, err := f(ctx, conn, e.user); ok || err != nil {
			return ok, err
		}
	}
	if !made(e) {
		return false, nil
	}
	if ok, err := p.verifiedDomain(ctx, conn, e.user.Email); ok || err != nil {
		return ok, err
	}
	if e.user.EmailVerified {
		return false, nil
	}
	accounts, err := p.auth.Store().FindAccounts(ctx, e.user.ID)
	if err != nil {
		return false, err
	}
	for _, acc := range accounts {
		if acc.ProviderID != conn.ProviderID {
			return false, nil
		}
	}
	if p.org == nil {
		return true, nil
	}
	members, err := p.org.Memberships(ctx, e.user.ID)
	if err != nil {
		return false, err
	}
	for _, m := range members {
		if m.OrganizationID != conn.organization() {
			return false, nil
		}
	}
	return true, nil
}

// verifiedDomain reports whether the organization of a connection has proven that the domain
// of an address, or one above it, is its own (the plugin sso).
func (p *Plugin) verifiedDomain(ctx context.Context, conn *Connection, email string) (bool, error) {
	t, ok := p.auth.Schema().Table(modelSSO)
	if !ok || conn.organization() == "" {
		return false, nil
	}
	if _, ok := t.Field("domainVerified"); !ok {
		return false, nil
	}
	recs, err := p.auth.DB().FindMany(ctx, adapter.Find{Model: modelSSO, Where: adapter.By("organizationId", conn.organization()).And("domainVerified", true)})
	if err != nil {
		return false, err
	}
	_, domain, _ := strings.Cut(core.NormalizeEmail(email), "@")
	for _, rec := range recs {
		list, _ := rec["domain"].(string)
		for own := range strings.SplitSeq(core.NormalizeEmail(list), ",") {
			if own = strings.TrimSpace(own); own != "" && (domain == own || strings.HasSuffix(domain, "."+own)) {
				return true, nil
			}
		}
	}
	return false, nil
}

// reason is that of the ban of a user whom a connection has deactivated.
func reason(conn *Connection) string { return reasonPrefix + conn.ProviderID }

const reasonPrefix = "Deactivated by the directory "

// deactivate takes a user's access away. The user is locked.
func (p *Plugin) deactivate(ctx context.Context, conn *Connection, e *entry) error {
	controlled, err := p.controls(ctx, conn, e)
	if err != nil {
		return err
	}
	if controlled {
		if err := p.ban(ctx, conn, e); err != nil {
			return err
		}
	} else if conn.organization() != "" {
		m, err := p.org.Membership(ctx, e.user.ID, conn.organization())
		if err != nil && !missing(err) {
			return err
		}
		if err == nil {
			e.row.Role = &m.Role
			if err := p.leave(ctx, conn, e.user.ID); err != nil {
				return err
			}
		}
	}
	if !controlled && conn.organization() == "" {
		return nil // whoever connects a directory of their own ends nobody else's sessions
	}
	return p.auth.Store().DeleteSessions(ctx, e.user.ID)
}

// ban blocks all sign-ins and keys of a user.
func (p *Plugin) ban(ctx context.Context, conn *Connection, e *entry) error {
	if p.admin != nil {
		if err := p.admin.KeepAdmin(ctx, e.user.ID); err != nil {
			return err
		}
	}
	set := adapter.Record{core.Banned.Name: true}
	if p.admin != nil {
		set[core.BanExpires.Name] = nil
	}
	if already := e.user.BannedAt(p.auth.Now()); p.reasons && !already {
		set[admin.BanReason.Name] = reason(conn)
	}
	u, err := p.auth.Store().UpdateUser(ctx, e.user.ID, set)
	if err == nil {
		e.user = u
	}
	return err
}

// ours reports whether a user is banned because a connection has deactivated the user.
func (p *Plugin) ours(conn *Connection, u *core.User) bool {
	if banned, _ := core.Banned.Of(u.Extra); !banned {
		return false
	}
	if p.admin == nil {
		return true
	}
	why, _ := admin.BanReason.Of(u.Extra)
	return why == reason(conn)
}

// unban lifts the ban of a deactivation.
func (p *Plugin) unban(ctx context.Context, u *core.User) (*core.User, error) {
	set := adapter.Record{core.Banned.Name: false}
	if p.reasons {
		set[admin.BanReason.Name] = nil
	}
	return p.auth.Store().UpdateUser(ctx, u.ID, set)
}

// reactivate gives a user's access back. The ban of an administrator stays.
func (p *Plugin) reactivate(ctx context.Context, conn *Connection, e *entry) (err error) {
	if p.ours(conn, e.user) {
		controlled, err := p.controls(ctx, conn, e)
		if err != nil {
			return err
		}
		if controlled {
			if e.user, err = p.unban(ctx, e.user); err != nil {
				return err
			}
		}
	}
	return p.join(ctx, conn, e)
}

// join makes a user a member of the connection's organization.
func (p *Plugin) join(ctx context.Context, conn *Connection, e *entry) error {
	orgID := conn.organization()
	if orgID == "" {
		return nil
	}
	if p.org == nil {
		return refuse(http.StatusForbidden, "", CodeOrganizationsMissing.Message)
	}
	_, err := p.org.Membership(ctx, e.user.ID, orgID)
	if err == nil || !missing(err) {
		return err
	}
	roles := []string{p.opts.MemberRole}
	if e.row != nil && e.row.Role != nil {
		roles = strings.Split(*e.row.Role, ",")
	}
	_, err = p.org.Add(ctx, organization.NewMember{OrganizationID: orgID, UserID: e.user.ID, Roles: roles})
	if core.HasCode(err, organization.CodeRoleNotFound) {
		// A role that the organization has made for itself may be gone.
		_, err = p.org.Add(ctx, organization.NewMember{OrganizationID: orgID, UserID: e.user.ID, Roles: []string{p.opts.MemberRole}})
	}
	if err != nil {
		return err
	}
	if e.row != nil {
		e.row.Role = nil
	}
	return p.regrant(ctx, conn, e.user.ID)
}

type ownKey struct{}

// leave takes a user out of the connection's organization.
func (p *Plugin) leave(ctx context.Context, conn *Connection, userID string) error {
	return p.org.Remove(context.WithValue(ctx, ownKey{}, true), conn.organization(), userID)
}

// memberLeft takes a user whom somebody else has removed from an organization out of its
// directories too: they may provision the user again.
func (p *Plugin) memberLeft(ctx context.Context, e *organization.MemberEvent) error {
	if own, _ := ctx.Value(ownKey{}).(bool); own {
		return nil
	}
	rows, err := p.providers.List(ctx, adapter.Find{Where: adapter.By("organizationId", e.Organization.ID)})
	if err != nil {
		return err
	}
	for _, row := range rows {
		acc, err := p.account(ctx, row.ProviderID, e.User.ID)
		if core.IsNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		if known, err := p.provisioned.Count(ctx, adapter.By("providerId", row.ProviderID).And("userId", e.User.ID)); err != nil || known == 0 {
			return err // an account that the directory has not made is a way to sign in
		}
		if err := p.auth.Store().DeleteAccount(ctx, acc.ID); err != nil {
			return err
		}
		if err := p.forgetGroups(ctx, row.ProviderID, e.User.ID); err != nil {
			return err
		}
	}
	return nil
}

// userChanged lifts the ban of a user who has proven the address, if the connection that has
// deactivated the user controls it no more: a directory locks nobody out of an address that is
// not its own.
func (p *Plugin) userChanged(ctx context.Context, u *core.User) error {
	if banned, _ := core.Banned.Of(u.Extra); !banned || !u.EmailVerified {
		return nil
	}
	rows, err := p.provisioned.List(ctx, adapter.Find{Where: adapter.By("userId", u.ID)})
	if err != nil {
		return err
	}
	lift := false
	for _, row := range rows {
		conn, err := p.connectionBy(ctx, row.ProviderID)
		if err != nil {
			return err
		}
		if row.Active || !p.ours(conn, u) {
			continue
		}
		controlled, err := p.controls(ctx, conn, &entry{user: u, row: row})
		if err != nil || controlled {
			return err
		}
		lift = true
	}
	if lift {
		_, err = p.unban(ctx, u)
	}
	return err
}

// connectionBy returns a connection by its id. One that is gone controls nobody.
func (p *Plugin) connectionBy(ctx context.Context, providerID string) (*Connection, error) {
	for _, s := range p.opts.Connections {
		if s.ProviderID == providerID {
			conn := &Connection{ProviderID: providerID, static: true}
			if s.OrganizationID != "" {
				conn.OrganizationID = &s.OrganizationID
			}
			return conn, nil
		}
	}
	row, err := p.providers.Find(ctx, adapter.By("providerId", providerID))
	if core.IsNotFound(err) {
		return &Connection{ProviderID: providerID}, nil
	}
	if err != nil {
		return nil, err
	}
	return p.connectionOf(row), nil
}

// The gates below are those of the plugin admin, for servers without it.

func (p *Plugin) watch(ctx context.Context, s *core.SignIn) error {
	u := s.User
	if _, known := u.Extra[core.Banned.Name]; !known {
		row, err := p.auth.Store().FindUser(ctx, u.ID)
		if err != nil {
			return err
		}
		u = row
	}
	if u.BannedAt(p.auth.Now()) {
		return p.refuseSignIn(ctx, u)
	}
	return nil
}

func (p *Plugin) sessionMade(ctx context.Context, s *core.Session) error {
	rec, err := p.auth.Lock(ctx, core.ModelUser, s.UserID)
	if core.IsNotFound(err) {
		return nil // the session's own write fails
	}
	if err != nil {
		return err
	}
	u, err := p.auth.UserOf(rec)
	if err == nil && u.BannedAt(p.auth.Now()) {
		err = p.refuseSignIn(ctx, u)
	}
	return err
}

func (p *Plugin) sessionGate(_ context.Context, d *core.SessionData) (bool, error) {
	return !d.User.BannedAt(p.auth.Now()), nil
}

func (p *Plugin) refuseSignIn(ctx context.Context, u *core.User) error {
	refused := core.Fail(http.StatusForbidden, CodeDeactivated)
	c, ok := core.CtxFrom(ctx)
	if !ok {
		return refused
	}
	c.EmitRefusal(ctx, core.Event{Type: EventSignInRefused, UserID: u.ID, Code: CodeDeactivated.Code})
	if path := c.Path(); strings.HasPrefix(path, "/callback") || strings.HasPrefix(path, "/oauth2/callback") {
		to, separator := c.ErrorURL(), "?"
		if strings.Contains(to, "?") {
			separator = "&"
		}
		return c.Redirect(to + separator + "error=user_deactivated")
	}
	return refused
}
