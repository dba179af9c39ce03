package organization

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/internal/listing"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// AddMemberInput is the input of AddMember. Fields holds added fields of the member.
type AddMemberInput struct {
	UserID          string             `json:"userId" zod:"coerce" doc:"Who becomes a member"`
	Role            validate.OneOrMany `json:"role" doc:"One role or several"`
	OrganizationID  *string            `json:"organizationId" doc:"The organization; the active one by default"`
	TeamID          *string            `json:"teamId" doc:"A team to join as well"`
	validate.Fields `fields:"member"`
}

// addMember is for the server: it asks nobody for permission. In a call with a client's
// headers that client gives the roles, and gives none above its own.
func (p *Plugin) addMember(c *core.Ctx, in *AddMemberInput) (*Member, error) {
	s, err := session(c, true)
	if err != nil {
		return nil, err
	}
	orgID := orActive(in.OrganizationID, s)
	if orgID == "" {
		return nil, errNoActive
	}
	teamID := ""
	if in.TeamID != nil {
		teamID = *in.TeamID
	}
	if teamID != "" && p.teams == nil {
		return nil, core.FailText(http.StatusBadRequest, "Teams are not enabled")
	}
	u, err := p.auth.Store().FindUser(c, in.UserID)
	if core.IsNotFound(err) {
		return nil, errUserNotFound
	}
	if err != nil {
		return nil, err
	}
	extra, err := p.auth.ParseInput(ModelMember, in.Values, false)
	if err != nil {
		return nil, err
	}
	// addable reads the roles and answers with an error when they may not be given.
	addable := func(ctx context.Context, o *Organization) ([]string, error) {
		existing, err := p.findMember(ctx, u.ID, o.ID)
		if err != nil {
			return nil, err
		}
		if existing != nil {
			return nil, core.Fail(http.StatusBadRequest, CodeUserIsAlreadyAMemberOfThisOrganization)
		}
		roles, err := p.knownRoles(ctx, o.ID, in.Role)
		if err != nil || s == nil || p.opts.AllowRolesAboveOwn {
			return roles, err
		}
		giver, err := p.findMember(ctx, s.User.ID, o.ID)
		if err != nil {
			return nil, err
		}
		if giver == nil {
			return nil, errNotMember
		}
		return roles, p.requireGive(ctx, giver, roles, core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToInviteUserWithThisRole))
	}
	draft := func(o *Organization, roles []string) *Member {
		return p.members.Bind(&Member{OrganizationID: o.ID, UserID: u.ID, Role: access.Join(roles), CreatedAt: c.Now(), Row: core.Row{Extra: extra.Clone()}})
	}
	team := TeamLimitRequest{TeamID: teamID, OrganizationID: orgID, Session: s}
	var members int
	var inTeam bound
	check := func(ctx context.Context, o *Organization, _ *MemberUser) error {
		roles, err := addable(ctx, o)
		if err != nil {
			return err
		}
		if members, err = p.membershipLimit(ctx, u, o); err != nil {
			return err
		}
		if teamID != "" {
			if inTeam, err = p.teamLimit(ctx, team); err != nil {
				return err
			}
		}
		return before(ctx, p.opts.Hooks.CheckAddMember, &MemberEvent{draft(o, roles), u, o})
	}
	var made *Member
	err = p.checkedChange(c, orgID, nil, nil, []string{u.ID}, check, func(ctx context.Context, o *Organization, _ *MemberUser) error {
		roles, err := addable(ctx, o)
		if err != nil {
			return err
		}
		if teamID != "" {
			if err := p.teamInOrganization(ctx, teamID, o.ID); err != nil {
				return err
			}
		}
		if err := p.checkMembershipLimit(ctx, o, members); err != nil {
			return err
		}
		if made, err = p.join(ctx, draft(o, roles), u, o); err != nil {
			return err
		}
		if err := c.EmitIn(ctx, core.Event{Type: EventMemberAdded, UserID: u.ID, OrganizationID: o.ID, SubjectID: made.ID}); err != nil || teamID == "" {
			return err
		}
		_, err = p.joinTeamWithin(ctx, teamID, u.ID, inTeam)
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// membershipLimit asks how many members an organization may have. It is called before
// anything is locked: the function is the application's.
func (p *Plugin) membershipLimit(ctx context.Context, u *core.User, o *Organization) (int, error) {
	if f := p.opts.MembershipLimitFunc; f != nil {
		return f(ctx, u, o)
	}
	return p.opts.MembershipLimit, nil
}

// checkMembershipLimit is called while the organization is locked.
func (p *Plugin) checkMembershipLimit(ctx context.Context, o *Organization, limit int) error {
	now := p.auth.Now()
	if p.headcount.room(o.ID, limit, now) {
		return nil
	}
	n, err := p.members.Count(ctx, adapter.By("organizationId", o.ID))
	if err != nil {
		return err
	}
	if n >= int64(limit) {
		return core.Fail(http.StatusForbidden, CodeOrganizationMembershipLimitReached)
	}
	p.headcount.remember(o.ID, n+1, now)
	return nil
}

// owners counts the members with the creator's role.
func (p *Plugin) owners(ctx context.Context, organizationID string) (int, error) {
	rows, err := p.members.List(ctx, adapter.Find{Where: adapter.Where{
		{Field: "organizationId", Value: organizationID},
		{Field: "role", Op: adapter.Contains, Value: p.opts.CreatorRole},
	}})
	if err != nil {
		return 0, err
	}
	n := 0
	for _, m := range rows {
		if p.isOwner(m) {
			n++
		}
	}
	return n, nil
}

// keepOwner answers with an error when an owner is about to go or to change and is
// the last one.
func (p *Plugin) keepOwner(ctx context.Context, organizationID string, code core.ErrorCode) error {
	n, err := p.owners(ctx, organizationID)
	if err != nil {
		return err
	}
	if n <= 1 {
		return core.Fail(http.StatusBadRequest, code)
	}
	return nil
}

// RemoveMemberInput is the body of remove-member.
type RemoveMemberInput struct {
	MemberIDOrEmail string  `json:"memberIdOrEmail" doc:"Id or e-mail address of the member"`
	OrganizationID  *string `json:"organizationId" doc:"The organization; the active one by default"`
}

// RemoveMemberReply is {"member":…}. It includes the user when the request named
// the member by e-mail address.
type RemoveMemberReply struct {
	Member *MemberUser
	named  bool
}

// AppendJSON appends the answer.
func (r RemoveMemberReply) AppendJSON(dst []byte) []byte {
	dst = append(dst, `{"member":`...)
	switch {
	case r.Member == nil:
		dst = append(dst, "null"...)
	case r.named:
		dst = r.Member.AppendJSON(dst)
	default:
		dst = core.AppendRow(dst, &r.Member.Member)
	}
	return append(dst, '}')
}

// OpenAPIForm describes the JSON form.
func (RemoveMemberReply) OpenAPIForm() any {
	type member struct {
		*Member
		User *memberUser `json:"user,omitempty"`
	}
	return struct {
		Member *member `json:"member"`
	}{}
}

func (p *Plugin) removeMember(c *core.Ctx, in *RemoveMemberInput) (RemoveMemberReply, error) {
	s := c.Session()
	orgID := orActive(in.OrganizationID, s)
	if orgID == "" {
		return RemoveMemberReply{}, errNoActive
	}
	byEmail := strings.Contains(in.MemberIDOrEmail, "@")
	var check checker
	if hook := p.opts.Hooks.CheckRemoveMember; hook != nil {
		check = func(ctx context.Context, o *Organization, m *MemberUser) error {
			target, err := p.removable(ctx, in.MemberIDOrEmail, byEmail, o, m)
			if err != nil {
				return err
			}
			return hook(ctx, &MemberEvent{&target.Member, target.User, o})
		}
	}
	var removed *MemberUser
	err := p.checkedChange(c, orgID, &s.User, errMemberNotFound, nil, check, func(ctx context.Context, o *Organization, m *MemberUser) error {
		found, err := p.removable(ctx, in.MemberIDOrEmail, byEmail, o, m)
		if err != nil {
			return err
		}
		target, u := &found.Member, found.User
		removed = found
		event := &MemberEvent{target, u, o}
		if err := before(ctx, p.opts.Hooks.BeforeRemoveMember, event); err != nil {
			return err
		}
		if err := p.leaveAll(ctx, target); err != nil {
			return err
		}
		if target.UserID == s.User.ID {
			if err := p.deactivate(ctx, c, s, o.ID); err != nil {
				return err
			}
		}
		if err := c.EmitIn(ctx, core.Event{Type: EventMemberRemoved, OrganizationID: o.ID, UserID: target.UserID, SubjectID: target.ID}); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterRemoveMember, event)
	})
	if err != nil {
		return RemoveMemberReply{}, err
	}
	return RemoveMemberReply{removed, byEmail}, nil
}

// removable finds the member that m wants to remove, and answers with an error when m
// may not.
func (p *Plugin) removable(ctx context.Context, name string, byEmail bool, o *Organization, m *MemberUser) (*MemberUser, error) {
	target, err := p.memberByName(ctx, name, byEmail, o.ID)
	if err != nil {
		return nil, err
	}
	if target == nil {
		return nil, errMemberNotFound
	}
	foreign := target.OrganizationID != o.ID
	if !foreign && p.isOwner(target) {
		if !p.isOwner(&m.Member) {
			return nil, core.Fail(http.StatusBadRequest, CodeYouCannotLeaveTheOrganizationAsTheOnlyOwner)
		}
		if err := p.keepOwner(ctx, o.ID, CodeYouCannotLeaveTheOrganizationAsTheOnlyOwner); err != nil {
			return nil, err
		}
	}
	refused := core.Fail(http.StatusUnauthorized, CodeYouAreNotAllowedToDeleteThisMember)
	if err := p.require(ctx, &m.Member, "member", "delete", refused); err != nil {
		return nil, err
	}
	if foreign {
		return nil, errMemberNotFound
	}
	u, err := p.auth.Store().FindUser(ctx, target.UserID)
	if core.IsNotFound(err) {
		return nil, errUserNotFound
	}
	if err != nil {
		return nil, err
	}
	return &MemberUser{*target, u}, nil
}

func (p *Plugin) memberByName(ctx context.Context, name string, byEmail bool, organizationID string) (*Member, error) {
	if !byEmail {
		m, err := p.members.FindID(ctx, name)
		if core.IsNotFound(err) {
			return nil, nil
		}
		return m, err
	}
	u, err := p.auth.Store().FindUserByEmail(ctx, name)
	if core.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return p.findMember(ctx, u.ID, organizationID)
}

// leaveAll removes a member from the organization and its teams.
func (p *Plugin) leaveAll(ctx context.Context, m *Member) error {
	if _, err := p.members.Delete(ctx, adapter.By("id", m.ID)); err != nil {
		return err
	}
	if p.teams == nil {
		return nil
	}
	ids, err := p.teamIDs(ctx, m.OrganizationID)
	if err != nil || len(ids) == 0 {
		return err
	}
	_, err = p.teamMembers.Delete(ctx, adapter.Where{
		{Field: "teamId", Op: adapter.In, Value: ids}, {Field: "userId", Value: m.UserID},
	})
	return err
}

// UpdateMemberRoleInput is the body of update-member-role.
type UpdateMemberRoleInput struct {
	Role           validate.OneOrMany `json:"role" doc:"The new role, or several"`
	MemberID       string             `json:"memberId" doc:"Id of the member"`
	OrganizationID *string            `json:"organizationId" doc:"The organization; the active one by default"`
}

func (p *Plugin) updateMemberRole(c *core.Ctx, in *UpdateMemberRoleInput) (*Member, error) {
	s := c.Session()
	if len(in.Role) == 1 && in.Role[0] == "" {
		return nil, core.Fail(http.StatusBadRequest, CodeRoleNotFound)
	}
	orgID := orActive(in.OrganizationID, s)
	if orgID == "" {
		return nil, errNoActive
	}
	refused := core.Fail(http.StatusForbidden, CodeYouAreNotAllowedToUpdateThisMember)
	// wanted is the change as it stands now, or the answer when the caller may not make it.
	wanted := func(ctx context.Context, o *Organization, m *MemberUser) (*MemberRoleEvent, error) {
		target, err := p.members.FindID(ctx, in.MemberID)
		if core.IsNotFound(err) {
			return nil, errMemberNotFound
		}
		if err != nil {
			return nil, err
		}
		if target.OrganizationID != o.ID {
			return nil, refused
		}
		actorOwns, targetOwns := p.isOwner(&m.Member), p.isOwner(target)
		if !actorOwns && (targetOwns || p.namesOwner(in.Role)) {
			return nil, refused
		}
		if targetOwns && !p.namesOwner(in.Role) {
			if err := p.keepOwner(ctx, o.ID, CodeYouCannotLeaveTheOrganizationWithoutAnOwner); err != nil {
				return nil, err
			}
		}
		if !actorOwns { // an owner may, whatever the role says
			if err := p.require(ctx, &m.Member, "member", "update", refused); err != nil {
				return nil, err
			}
		}
		roles, err := p.knownRoles(ctx, o.ID, in.Role)
		if err != nil {
			return nil, err
		}
		// Roles that the member has already are not given.
		given := slices.DeleteFunc(slices.Clone(roles), func(name string) bool { return slices.Contains(target.Roles(), name) })
		if err := p.requireGive(ctx, &m.Member, given, refused); err != nil {
			return nil, err
		}
		u, err := p.auth.Store().FindUser(ctx, target.UserID)
		if core.IsNotFound(err) {
			return nil, errUserNotFound
		}
		if err != nil {
			return nil, err
		}
		return &MemberRoleEvent{Member: target, NewRole: access.Join(roles), PreviousRole: target.Role, User: u, Organization: o}, nil
	}
	var check checker
	if hook := p.opts.Hooks.CheckUpdateMemberRole; hook != nil {
		check = checkOf(wanted, hook)
	}
	var updated *Member
	err := p.checkedChange(c, orgID, &s.User, errMemberNotFound, nil, check, func(ctx context.Context, o *Organization, m *MemberUser) error {
		event, err := wanted(ctx, o, m)
		if err != nil {
			return err
		}
		if err := before(ctx, p.opts.Hooks.BeforeUpdateMemberRole, event); err != nil {
			return err
		}
		target, u := event.Member, event.User
		if updated, err = p.members.Update(ctx, adapter.By("id", target.ID), adapter.Record{"role": event.NewRole}); err != nil {
			return err
		}
		if err := c.EmitIn(ctx, core.Event{Type: EventMemberRoleChanged, OrganizationID: o.ID, UserID: updated.UserID, SubjectID: updated.ID}); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterUpdateMemberRole, &MemberRoleEvent{
			Member: updated, NewRole: updated.Role, PreviousRole: event.PreviousRole, User: u, Organization: o})
	})
	if err != nil {
		return nil, err
	}
	return updated, nil
}

// namesOwner reports whether a list of roles that is asked for holds the creator's.
func (p *Plugin) namesOwner(roles []string) bool {
	return slices.Contains(access.Names(roles...), p.opts.CreatorRole)
}

func (p *Plugin) getActiveMember(c *core.Ctx, _ *core.NoInput) (*MemberUser, error) {
	s := c.Session()
	orgID := activeOrganization(s)
	if orgID == "" {
		return nil, errNoActive
	}
	m, err := p.findMemberUser(c, s.User.ID, orgID)
	if err == nil && m == nil {
		err = errMemberNotFound
	}
	return m, err
}

func (p *Plugin) leave(c *core.Ctx, in *OrganizationInput) (*MemberUser, error) {
	s := c.Session()
	wanted := func(ctx context.Context, o *Organization, m *MemberUser) (*MemberEvent, error) {
		if p.isOwner(&m.Member) {
			if err := p.keepOwner(ctx, o.ID, CodeYouCannotLeaveTheOrganizationAsTheOnlyOwner); err != nil {
				return nil, err
			}
		}
		return &MemberEvent{&m.Member, m.User, o}, nil
	}
	var check checker
	if hook := p.opts.Hooks.CheckLeave; hook != nil {
		check = checkOf(wanted, hook)
	}
	var left *MemberUser
	err := p.checkedChange(c, in.OrganizationID, &s.User, errMemberNotFound, nil, check, func(ctx context.Context, o *Organization, m *MemberUser) error {
		event, err := wanted(ctx, o, m)
		if err != nil {
			return err
		}
		if err := before(ctx, p.opts.Hooks.BeforeLeave, event); err != nil {
			return err
		}
		left = m
		if err := p.leaveAll(ctx, &m.Member); err != nil {
			return err
		}
		if err := p.deactivate(ctx, c, s, o.ID); err != nil {
			return err
		}
		if err := c.EmitIn(ctx, core.Event{Type: EventMemberRemoved, OrganizationID: o.ID, UserID: s.User.ID, Detail: "left", SubjectID: m.ID}); err != nil {
			return err
		}
		return after(ctx, p.auth, p.opts.Hooks.AfterLeave, event)
	})
	if err != nil {
		return nil, err
	}
	return left, nil
}

// ListMembersInput is the query of list-members.
type ListMembersInput struct {
	Limit            wire.Value `query:"limit" zod:"union=string|number,optional" doc:"How many members; MembershipLimit by default"`
	Offset           wire.Value `query:"offset" zod:"union=string|number,optional" doc:"How many to skip"`
	SortBy           *string    `query:"sortBy" doc:"Field to sort by; as they joined by default"`
	SortDirection    *string    `query:"sortDirection" zod:"enum=asc|desc" doc:"asc or desc"`
	FilterField      *string    `query:"filterField" doc:"Field to filter by"`
	FilterValue      wire.Value `query:"filterValue" zod:"union=string|number|boolean|string[]|number[],optional" doc:"Value to filter by"`
	FilterOperator   *string    `query:"filterOperator" zod:"enum=eq|ne|lt|lte|gt|gte|in|not_in|contains|starts_with|ends_with" doc:"Comparison; eq by default"`
	OrganizationID   *string    `query:"organizationId" doc:"The organization; the active one by default"`
	OrganizationSlug *string    `query:"organizationSlug" doc:"Slug, in place of the id"`
}

// ListMembersReply is {"members":[…],"total":…}; total counts all members that
// match the filter.
type ListMembersReply struct {
	Members []*MemberUser `json:"members"`
	Total   int64         `json:"total"`
}

func (p *Plugin) listMembers(c *core.Ctx, in *ListMembersInput) (ListMembersReply, error) {
	m, err := p.memberOf(c, in.OrganizationID, in.OrganizationSlug)
	if err != nil {
		return ListMembersReply{}, err
	}
	q := adapter.Find{Where: adapter.By("organizationId", m.OrganizationID), Sort: oldestFirst}
	fallback := listLimit
	if p.opts.MembershipLimitFunc == nil {
		fallback = p.opts.MembershipLimit
	}
	if q.Limit, err = listing.Number("limit", in.Limit, fallback); err != nil {
		return ListMembersReply{}, err
	}
	q.Limit = min(q.Limit, max(fallback, maxList))
	if q.Offset, err = listing.Number("offset", in.Offset, 0); err != nil {
		return ListMembersReply{}, err
	}
	t, _ := p.auth.Schema().Table(ModelMember)
	if in.SortBy != nil && *in.SortBy != "" {
		if _, err := listing.Field(t, "sortBy", *in.SortBy); err != nil {
			return ListMembersReply{}, err
		}
		q.Sort = []adapter.Sort{{Field: *in.SortBy, Desc: in.SortDirection != nil && *in.SortDirection == "desc"}}
	}
	if in.FilterField != nil && *in.FilterField != "" {
		cond, err := listing.Filter{Field: *in.FilterField, Operator: in.FilterOperator, Value: in.FilterValue}.Cond(t)
		if err != nil {
			return ListMembersReply{}, err
		}
		q.Where = append(q.Where, cond)
	}
	var reply ListMembersReply
	reply.Members, err = p.memberUsers(c, q)
	if errors.Is(err, adapter.ErrBadValue) && in.FilterField != nil { // such as a part of a serial id
		return reply, listing.BadQuery("filterValue", "cannot be compared with this field")
	}
	if err != nil {
		return reply, err
	}
	reply.Total, err = p.members.Count(c, q.Where)
	return reply, err
}

// memberOf returns the caller's membership of the organization that a query names.
func (p *Plugin) memberOf(c *core.Ctx, id, slug *string) (*Member, error) {
	s := c.Session()
	orgID := orActive(id, s)
	if slug != nil && *slug != "" {
		o, err := p.findSlug(c, *slug)
		if core.IsNotFound(err) {
			return nil, errOrganizationNotFound
		}
		if err != nil {
			return nil, err
		}
		orgID = o.ID
	}
	if orgID == "" {
		return nil, errNoActive
	}
	m, err := p.findMember(c, s.User.ID, orgID)
	if err == nil && m == nil {
		err = core.Fail(http.StatusForbidden, CodeYouAreNotAMemberOfThisOrganization)
	}
	return m, err
}

// ActiveMemberRoleInput is the query of get-active-member-role.
type ActiveMemberRoleInput struct {
	UserID           *string `query:"userId" doc:"Whose role; the caller's by default"`
	OrganizationID   *string `query:"organizationId" doc:"The organization; the active one by default"`
	OrganizationSlug *string `query:"organizationSlug" doc:"Slug, in place of the id"`
}

// RoleReply is {"role":…}.
type RoleReply struct {
	Role string `json:"role"`
}

func (p *Plugin) getActiveMemberRole(c *core.Ctx, in *ActiveMemberRoleInput) (RoleReply, error) {
	m, err := p.memberOf(c, in.OrganizationID, in.OrganizationSlug)
	if err != nil {
		return RoleReply{}, err
	}
	if in.UserID != nil && *in.UserID != "" {
		if m, err = p.findMember(c, *in.UserID, m.OrganizationID); err != nil {
			return RoleReply{}, err
		}
		if m == nil {
			return RoleReply{}, core.Fail(http.StatusForbidden, CodeYouAreNotAMemberOfThisOrganization)
		}
	}
	return RoleReply{m.Role}, nil
}
