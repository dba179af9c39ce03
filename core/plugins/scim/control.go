package scim

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
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
// It never controls an owner of its organization, unless it acts for one: see inForce. Of other
// users it controls the membership in its organization, and what it says of them is kept apart
// from their profile.
func (p *Plugin) controls(ctx context.Context, conn *Connection, e *entry) (bool, error) {
	if !e.judged {
		if err := p.judge(ctx, conn, []*entry{e}); err != nil {
			return false, err
		}
	}
	return e.controlled, nil
}

// judge finds out which of its users a connection controls, with a few statements for all.
func (p *Plugin) judge(ctx context.Context, conn *Connection, list []*entry) error {
	whole := conn.static && conn.organization() == ""
	for _, e := range list {
		e.judged, e.controlled = true, whole
	}
	if whole || len(list) == 0 {
		return nil
	}
	owners, err := p.ownersAmong(ctx, conn, list)
	if err != nil {
		return err
	}
	domains, err := p.verifiedDomains(ctx, conn)
	if err != nil {
		return err
	}
	open := map[string]*entry{} // who is controlled if the user has nothing else
	var ids []string
	for _, e := range list {
		if owners[e.user.ID] {
			continue
		}
		if f := p.opts.Controls; f != nil {
			if e.controlled, err = f(ctx, conn, e.user); err != nil {
				return err
			}
		}
		switch {
		case e.controlled || !made(e):
		case within(domains, e.user.Email):
			e.controlled = true
		case !e.user.EmailVerified:
			e.controlled, open[e.user.ID], ids = true, e, append(ids, e.user.ID)
		}
	}
	for _, m := range [...]struct{ model, field, own string }{{core.ModelAccount, "providerId", conn.ProviderID}, {organization.ModelMember, "organizationId", conn.organization()}} {
		if len(ids) == 0 || m.model == organization.ModelMember && p.org == nil {
			continue
		}
		recs, err := p.auth.DB().FindMany(ctx, adapter.Find{Model: m.model, Select: []string{"userId", m.field},
			Where: adapter.Where{{Field: "userId", Op: adapter.In, Value: ids}}})
		if err != nil {
			return err
		}
		for _, rec := range recs {
			id, _ := rec["userId"].(string)
			if e := open[id]; e != nil && rec[m.field] != m.own {
				e.controlled = false
			}
		}
	}
	return nil
}

// ownersAmong returns the users whom a connection must leave alone because they own its
// organization: none if it acts for an owner itself.
func (p *Plugin) ownersAmong(ctx context.Context, conn *Connection, list []*entry) (map[string]bool, error) {
	if conn.forOwner || conn.organization() == "" || p.org == nil {
		return nil, nil
	}
	ids := make([]string, len(list))
	for i, e := range list {
		ids[i] = e.user.ID
	}
	recs, err := p.auth.DB().FindMany(ctx, adapter.Find{Model: organization.ModelMember, Select: []string{"userId", "role"}, Where: adapter.Where{
		{Field: "userId", Op: adapter.In, Value: ids}, {Field: "organizationId", Value: conn.organization()}}})
	if err != nil {
		return nil, err
	}
	owners := map[string]bool{}
	for _, rec := range recs {
		role, _ := rec["role"].(string)
		if id, _ := rec["userId"].(string); p.isOwner(&organization.Member{Role: role}) {
			owners[id] = true
		}
	}
	return owners, nil
}

func (p *Plugin) isOwner(m *organization.Member) bool {
	return slices.Contains(m.Roles(), p.org.CreatorRole())
}

// errOwner refuses what only an owner may do to an owner.
var errOwner = refuse(http.StatusForbidden, "", "Only a connection that an owner has made may remove or deactivate an owner of the organization")

// spareOwner refuses to take an owner out of the organization of a connection that acts for none.
func (p *Plugin) spareOwner(ctx context.Context, conn *Connection, e *entry) error {
	owners, err := p.ownersAmong(ctx, conn, []*entry{e})
	if err == nil && owners[e.user.ID] {
		err = errOwner
	}
	return err
}

// verifiedDomains lists the domains that the organization of a connection has proven to be its
// own (the plugin sso).
func (p *Plugin) verifiedDomains(ctx context.Context, conn *Connection) ([]string, error) {
	t, ok := p.auth.Schema().Table(modelSSO)
	if !ok || conn.organization() == "" {
		return nil, nil
	}
	if _, ok := t.Field("domainVerified"); !ok {
		return nil, nil
	}
	recs, err := p.auth.DB().FindMany(ctx, adapter.Find{Model: modelSSO, Where: adapter.By("organizationId", conn.organization()).And("domainVerified", true)})
	if err != nil {
		return nil, err
	}
	var out []string
	for _, rec := range recs {
		list, _ := rec["domain"].(string)
		for own := range strings.SplitSeq(core.NormalizeEmail(list), ",") {
			if own = strings.TrimSpace(own); own != "" {
				out = append(out, own)
			}
		}
	}
	return out, nil
}

// within reports whether the domain of an address is one of these, or below one.
func within(domains []string, email string) bool {
	_, domain, _ := strings.Cut(core.NormalizeEmail(email), "@")
	return slices.ContainsFunc(domains, func(own string) bool { return domain == own || strings.HasSuffix(domain, "."+own) })
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
	if !e.fresh {
		_, err := p.org.Membership(ctx, e.user.ID, orgID)
		if err == nil || !missing(err) {
			return err
		}
	}
	former := []string{p.opts.MemberRole}
	roles := former
	if e.row != nil && e.row.Role != nil {
		roles = strings.Split(*e.row.Role, ",")
		if !conn.forOwner {
			roles = slices.DeleteFunc(roles, func(r string) bool { return r == p.org.CreatorRole() })
		}
		if len(roles) == 0 {
			roles = former
		}
	}
	_, err := p.org.Add(ctx, organization.NewMember{OrganizationID: orgID, UserID: e.user.ID, Roles: roles})
	if core.HasCode(err, organization.CodeRoleNotFound) {
		// A role that the organization has made for itself may be gone.
		_, err = p.org.Add(ctx, organization.NewMember{OrganizationID: orgID, UserID: e.user.ID, Roles: former})
	}
	if err != nil {
		return err
	}
	if e.row != nil {
		e.row.Role = nil
	}
	if e.fresh {
		return nil // who was made just now is in no group
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
	conns, err := p.connectionsOf(ctx, e.Organization.ID)
	if err != nil {
		return err
	}
	for _, conn := range conns {
		acc, err := p.account(ctx, conn.ProviderID, e.User.ID)
		if core.IsNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		known, err := p.rowOf(ctx, conn, e.User.ID)
		if err != nil {
			return err
		}
		if known == nil {
			continue // an account that the directory has not made is a way to sign in
		}
		if err := p.auth.Store().DeleteAccount(ctx, acc.ID); err != nil {
			return err
		}
		if err := p.forgetGroups(ctx, conn, e.User.ID); err != nil {
			return err
		}
	}
	return nil
}

// rowOf returns what a connection has said of a user, nil when there is nothing. What another
// owner of the same id has said is none of its business.
func (p *Plugin) rowOf(ctx context.Context, conn *Connection, userID string) (*Provisioned, error) {
	row, err := p.provisioned.Find(ctx, adapter.By("userId", userID).And("providerId", conn.ProviderID))
	if core.IsNotFound(err) || err == nil && row.Owner != conn.owner() {
		return nil, nil
	}
	return row, err
}

// connectionsOf lists the connections of an organization.
func (p *Plugin) connectionsOf(ctx context.Context, organizationID string) ([]*Connection, error) {
	var out []*Connection
	for i := range p.opts.Connections {
		if c := &p.opts.Connections[i]; c.OrganizationID == organizationID {
			out = append(out, c.connection())
		}
	}
	rows, err := p.providers.List(ctx, adapter.Find{Where: adapter.By("organizationId", organizationID)})
	for _, row := range rows {
		out = append(out, p.connectionOf(row))
	}
	return out, err
}

// connectionBy returns the connection that has written a row, nil when it is gone.
func (p *Plugin) connectionBy(ctx context.Context, row *Provisioned) (*Connection, error) {
	var conn *Connection
	if s := p.staticOf(row.ProviderID); s != nil {
		conn = s.connection()
	} else {
		found, err := p.providers.Find(ctx, adapter.By("providerId", row.ProviderID))
		if core.IsNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		conn = p.connectionOf(found)
	}
	if conn.owner() != row.Owner {
		return nil, nil
	}
	_, err := p.inForce(ctx, conn)
	return conn, err
}
