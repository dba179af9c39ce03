package organization

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/access"
)

// The methods below are for plugins that follow a directory, such as scim. Like those of api.go
// they ask nobody for permission. They keep the limits, run the hooks, and keep the last owner.
// Called in a transaction, they are part of it; lock the users before then.

// CreatorRole is the role of those who own an organization.
func (p *Plugin) CreatorRole() string { return p.opts.CreatorRole }

// HasTeams reports whether there are teams.
func (p *Plugin) HasTeams() bool { return p.teams != nil }

// Remove takes a user out of an organization and its teams. A user who is no member is no
// error. The last owner stays: YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER.
func (p *Plugin) Remove(ctx context.Context, organizationID, userID string) error {
	return p.change(ctx, organizationID, nil, nil, []string{userID}, func(ctx context.Context, o *Organization, _ *MemberUser) error {
		m, err := p.findMemberUser(ctx, userID, o.ID)
		if m == nil || err != nil {
			return err
		}
		if p.isOwner(&m.Member) {
			if err := p.keepOwner(ctx, o.ID, CodeYouCannotLeaveTheOrganizationAsTheOnlyOwner); err != nil {
				return err
			}
		}
		event := &MemberEvent{&m.Member, m.User, o}
		if err := before(ctx, p.opts.Hooks.BeforeRemoveMember, event); err != nil {
			return err
		}
		if err := p.leaveAll(ctx, &m.Member); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterRemoveMember, event)
	})
}

// SetRoles gives a member these roles in the place of all others. The last owner keeps the
// creator's role: YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER. A role must exist:
// ROLE_NOT_FOUND.
func (p *Plugin) SetRoles(ctx context.Context, organizationID, userID string, roles []string) (*Member, error) {
	var updated *Member
	err := p.change(ctx, organizationID, nil, nil, []string{userID}, func(ctx context.Context, o *Organization, _ *MemberUser) error {
		m, err := p.findMemberUser(ctx, userID, o.ID)
		if err != nil {
			return err
		}
		if m == nil {
			return errMemberNotFound
		}
		known, err := p.knownRoles(ctx, o.ID, roles)
		if err != nil {
			return err
		}
		if updated = &m.Member; access.Join(known) == m.Role {
			return nil
		}
		if p.isOwner(&m.Member) && !p.namesOwner(known) {
			if err := p.keepOwner(ctx, o.ID, CodeYouCannotLeaveTheOrganizationWithoutAnOwner); err != nil {
				return err
			}
		}
		event := &MemberRoleEvent{Member: &m.Member, NewRole: access.Join(known), PreviousRole: m.Role, User: m.User, Organization: o}
		if err := before(ctx, p.opts.Hooks.BeforeUpdateMemberRole, event); err != nil {
			return err
		}
		if updated, err = p.members.Update(ctx, adapter.By("id", m.ID), adapter.Record{"role": event.NewRole}); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterUpdateMemberRole, &MemberRoleEvent{
			Member: updated, NewRole: updated.Role, PreviousRole: m.Role, User: m.User, Organization: o})
	})
	return updated, err
}

// NewTeam makes a team. The limit and the hooks apply.
func (p *Plugin) NewTeam(ctx context.Context, organizationID, name string) (*Team, error) {
	return p.CreateTeam.Call(ctx, &CreateTeamInput{Name: name, OrganizationID: &organizationID})
}

// RenameTeam changes the name of a team.
func (p *Plugin) RenameTeam(ctx context.Context, organizationID, teamID, name string) error {
	return p.teamChange(ctx, organizationID, teamID, nil, func(ctx context.Context, o *Organization, t *Team) error {
		event := &TeamUpdate{Team: t, Set: adapter.Record{"name": name}, Organization: o}
		if err := before(ctx, p.opts.Hooks.BeforeUpdateTeam, event); err != nil {
			return err
		}
		updated, err := p.teams.Update(ctx, adapter.By("id", t.ID), event.Set)
		if err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterUpdateTeam, &TeamUpdate{Team: updated, Set: event.Set, Organization: o})
	})
}

// DropTeam removes a team, the last one too. A team that is gone is no error.
func (p *Plugin) DropTeam(ctx context.Context, organizationID, teamID string) error {
	err := p.teamChange(ctx, organizationID, teamID, nil, func(ctx context.Context, o *Organization, t *Team) error {
		event := &TeamEvent{t, nil, o}
		if err := before(ctx, p.opts.Hooks.BeforeDeleteTeam, event); err != nil {
			return err
		}
		if _, err := p.teamMembers.Delete(ctx, adapter.By("teamId", t.ID)); err != nil {
			return err
		}
		if _, err := p.teams.Delete(ctx, adapter.By("id", t.ID)); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterDeleteTeam, event)
	})
	if core.HasCode(err, CodeTeamNotFound) {
		return nil
	}
	return err
}

// JoinTeam makes a member of the organization one of a team. A user who is one already is no
// error; one who is no member of the organization is
// USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION.
func (p *Plugin) JoinTeam(ctx context.Context, organizationID, teamID, userID string) error {
	limit, err := p.teamLimit(ctx, TeamLimitRequest{TeamID: teamID, OrganizationID: organizationID})
	if err != nil {
		return err
	}
	return p.teamChange(ctx, organizationID, teamID, []string{userID}, func(ctx context.Context, o *Organization, t *Team) error {
		m, err := p.findMemberUser(ctx, userID, o.ID)
		if err != nil {
			return err
		}
		if m == nil {
			return errNotAMember
		}
		if already, err := p.findTeamMember(ctx, t.ID, userID); already != nil || err != nil {
			return err
		}
		draft := &TeamMember{TeamID: t.ID, UserID: userID}
		event := &TeamMemberEvent{TeamMember: p.teamMembers.Bind(draft), Team: t, User: m.User, Organization: o}
		if err := before(ctx, p.opts.Hooks.BeforeAddTeamMember, event); err != nil {
			return err
		}
		if event.TeamMember, err = p.joinTeamWithin(ctx, t.ID, userID, limit); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterAddTeamMember, event)
	})
}

// LeaveTeam takes a user out of a team. A user who is not in it is no error.
func (p *Plugin) LeaveTeam(ctx context.Context, organizationID, teamID, userID string) error {
	return p.teamChange(ctx, organizationID, teamID, []string{userID}, func(ctx context.Context, o *Organization, t *Team) error {
		tm, err := p.findTeamMember(ctx, t.ID, userID)
		if tm == nil || err != nil {
			return err
		}
		u, err := p.auth.Store().FindUser(ctx, userID)
		if err != nil {
			return err
		}
		event := &TeamMemberEvent{TeamMember: tm, Team: t, User: u, Organization: o}
		if err := before(ctx, p.opts.Hooks.BeforeRemoveTeamMember, event); err != nil {
			return err
		}
		if _, err := p.teamMembers.Delete(ctx, adapter.By("id", tm.ID)); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterRemoveTeamMember, event)
	})
}

// teamChange runs fn for a team while the organization is locked.
func (p *Plugin) teamChange(ctx context.Context, organizationID, teamID string, users []string, fn func(ctx context.Context, o *Organization, t *Team) error) error {
	if p.teams == nil {
		return core.FailText(http.StatusBadRequest, "Teams are not enabled")
	}
	return p.change(ctx, organizationID, nil, nil, users, func(ctx context.Context, o *Organization, _ *MemberUser) error {
		t, err := p.findTeam(ctx, teamID, o.ID)
		if err != nil {
			return err
		}
		return fn(ctx, o, t)
	})
}
