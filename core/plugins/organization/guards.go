package organization

import (
	"context"
	"net/http"
	"slices"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
)

// RequireMember lets members of the session's active organization through. Like all
// guards here it answers 401 without a session, 400 NO_ACTIVE_ORGANIZATION, and 403
// YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION. The membership is read from the database
// at every request, so a removed member loses access at once.
//
//	kernia.Require(org.RequireMember())
func (p *Plugin) RequireMember() core.Guard {
	return func(ctx context.Context) error {
		_, err := p.ActiveMember(ctx)
		return err
	}
}

// RequirePermission lets members of the active organization through if one of
// their roles has all requested permissions. Others get 403 MISSING_PERMISSION. An
// empty request refuses everyone.
//
//	kernia.Require(org.RequirePermission(access.Permissions{"project": {"create"}}))
func (p *Plugin) RequirePermission(asked access.Permissions) core.Guard {
	asked = asked.Clone()
	return func(ctx context.Context) error {
		m, err := p.ActiveMember(ctx)
		if err != nil {
			return err
		}
		ok, err := p.allowed(ctx, m, asked)
		if err != nil {
			return err
		}
		if !ok {
			return core.Fail(http.StatusForbidden, CodeMissingPermission)
		}
		return nil
	}
}

// RequireRole lets members of the active organization through who have one of the
// roles. Others get 403 MISSING_PERMISSION. Prefer RequirePermission: the permissions
// of a role can change without a change of the application's code.
func (p *Plugin) RequireRole(roles ...string) core.Guard {
	roles = slices.Clone(roles)
	return func(ctx context.Context) error {
		m, err := p.ActiveMember(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(m.Roles(), func(r string) bool { return slices.Contains(roles, r) }) {
			return core.Fail(http.StatusForbidden, CodeMissingPermission)
		}
		return nil
	}
}

// sessionOf finds the session of a request to the application's own routes, or of a
// call of this server's.
func sessionOf(ctx context.Context) *core.SessionData {
	if s, ok := core.SessionFrom(ctx); ok {
		return s
	}
	if c, ok := core.CtxFrom(ctx); ok {
		return c.Session()
	}
	return nil
}

// ActiveMember returns the membership of the request's user in its active
// organization, read now. Errors are answers: see RequireMember.
func (p *Plugin) ActiveMember(ctx context.Context) (*Member, error) {
	s := sessionOf(ctx)
	if s == nil {
		return nil, errUnauthorized
	}
	id := activeOrganization(s)
	if id == "" {
		return nil, errNoActive
	}
	m, err := p.findMember(ctx, s.User.ID, id)
	if err == nil && m == nil {
		err = errNotMember
	}
	return m, err
}

// ActiveOrganization returns the active organization of the request's user, who must
// be a member of it. Errors are answers: see RequireMember.
func (p *Plugin) ActiveOrganization(ctx context.Context) (*Organization, error) {
	m, err := p.ActiveMember(ctx)
	if err != nil {
		return nil, err
	}
	return p.Organization(ctx, m.OrganizationID)
}
