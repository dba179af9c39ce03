package main

import (
	"context"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/wire"
)

func init() { factories["organization"] = organizationPlugin }

func organizationPlugin(i *instance, s *section) core.Plugin {
	o := organization.Options{
		CreatorRole:                        s.text("creatorRole"),
		CancelPendingInvitationsOnReInvite: s.flag("cancelPendingInvitationsOnReInvite"),
		DisableOrganizationDeletion:        s.flag("disableOrganizationDeletion"),
		AllowRolesAboveOwn:                 true, // as there
		Schema:                             i.organizationSchema(s.sub("schema")),
	}
	o.InvitationExpiresIn, _ = s.seconds("invitationExpiresIn")
	if s.has("requireEmailVerificationOnInvitation") {
		o.RequireEmailVerificationOnInvitation = new(s.flag("requireEmailVerificationOnInvitation"))
	}
	if statements := s.get("ac"); !statements.IsUndefined() {
		o.Access = access.NewControl(s.permissions("ac", "$ac", statements))
	}
	if roles, ok := s.get("roles").Obj(); ok {
		o.Roles = map[string]*access.Role{}
		for _, m := range roles.Members() {
			o.Roles[m.Name] = access.NewRole(s.permissions("roles."+m.Name, "$role", m.Value))
		}
	}
	organizationLimits(&o, s)
	organizationTeams(&o, s.sub("teams"))
	if f := s.function("sendInvitationEmail"); f != nil {
		o.SendInvitation = func(ctx context.Context, m organization.InvitationMail) error {
			inviter := rowRecord(m.Inviter)
			inviter["user"] = userRecord(m.Inviter.User)
			_, err := f.call(ctx, object(
				"id", m.ID, "role", m.Role, "email", m.Email, "organization", encodeRow(m.Organization),
				"inviter", encodeRecord(inviter), "invitation", encodeRow(m.Invitation),
			), requestOf(ctx))
			return err
		}
	}
	o.Hooks = i.organizationHooks(s.sub("organizationHooks"))
	return organization.New(o)
}

// permissions reads the statements of access control: {"$ac": …} or {"$role": …}.
func (s *section) permissions(name, wanted string, v wire.Value) access.Permissions {
	out := access.Permissions{}
	tag, inner, _ := tagOf(v)
	statements, ok := inner.Obj()
	if !ok || tag != wanted {
		s.all.problem(s.name(name))
		return out
	}
	actions := s.all.section(s.name(name), inner)
	for _, m := range statements.Members() {
		out[m.Name] = actions.texts(m.Name)
	}
	return out
}

// limit reads a number or a function. Where a given 0 means none at all, and not the
// default, it becomes a function too: options in Go have no 0 that differs from absent.
func (s *section) limit(name string, zero bool) (n int, f func(ctx context.Context, args ...wire.Value) (int, error)) {
	if call := s.all.function(s.get(name)); call != nil {
		return 0, func(ctx context.Context, args ...wire.Value) (int, error) {
			v, err := call.call(ctx, args...)
			limit, _ := number(v)
			return int(limit), err
		}
	}
	limit, given := s.number(name)
	if given && zero && limit == 0 {
		return 0, func(context.Context, ...wire.Value) (int, error) { return 0, nil }
	}
	return int(limit), nil
}

func organizationLimits(o *organization.Options, s *section) {
	if f := s.all.function(s.get("allowUserToCreateOrganization")); f != nil {
		o.AllowUserToCreateOrganization = func(ctx context.Context, u *core.User) (bool, error) {
			v, err := f.call(ctx, encodeUser(u))
			return v.Truthy(), err
		}
	} else if !s.flagOr("allowUserToCreateOrganization", true) {
		o.AllowUserToCreateOrganization = organization.Nobody
	}
	if f := s.all.function(s.get("organizationLimit")); f != nil {
		o.OrganizationLimitReached = func(ctx context.Context, u *core.User) (bool, error) {
			v, err := f.call(ctx, encodeUser(u))
			return v.Truthy(), err
		}
	} else if limit, given := s.number("organizationLimit"); given && limit == 0 {
		o.OrganizationLimitReached = func(context.Context, *core.User) (bool, error) { return true, nil }
	} else if o.OrganizationLimit = int(limit); !given {
		o.OrganizationLimit = -1
	}
	members, membersFunc := s.limit("membershipLimit", false)
	if o.MembershipLimit = members; membersFunc != nil {
		o.MembershipLimitFunc = func(ctx context.Context, u *core.User, org *organization.Organization) (int, error) {
			return membersFunc(ctx, encodeUser(u), encodeRow(org))
		}
	}
	invitations, invitationsFunc := s.limit("invitationLimit", true)
	if o.InvitationLimit = invitations; invitationsFunc != nil {
		o.InvitationLimitFunc = func(ctx context.Context, r organization.InvitationLimitRequest) (int, error) {
			return invitationsFunc(ctx, object("user", encodeUser(r.User), "organization", encodeRow(r.Organization), "member", encodeMember(r.Member)))
		}
	}
	d := s.sub("dynamicAccessControl")
	o.DynamicAccessControl.Enabled = d.flag("enabled")
	roles, rolesFunc := d.limit("maximumRolesPerOrganization", true)
	if o.DynamicAccessControl.MaximumRolesPerOrganization = roles; rolesFunc != nil {
		o.DynamicAccessControl.MaximumRolesPerOrganizationFunc = func(ctx context.Context, id string) (int, error) {
			return rolesFunc(ctx, wire.String(id))
		}
	}
}

func organizationTeams(o *organization.Options, s *section) {
	t := &o.Teams
	t.Enabled = s.flag("enabled")
	t.AllowRemovingAllTeams = s.flag("allowRemovingAllTeams")
	first := s.sub("defaultTeam")
	t.DefaultTeam.Disabled = !first.flagOr("enabled", true)
	if f := first.function("customCreateDefaultTeam"); f != nil {
		t.DefaultTeam.Create = func(ctx context.Context, org *organization.Organization) (*organization.Team, error) {
			v, err := f.call(ctx, encodeOrganization(ctx, org), contextOf(ctx, false))
			if _, ok := v.Obj(); !ok || err != nil {
				return nil, err
			}
			team := &organization.Team{}
			return team, setRow(team, nil, v)
		}
	}
	teams, teamsFunc := s.limit("maximumTeams", false)
	if t.MaximumTeams = teams; teamsFunc != nil {
		t.MaximumTeamsFunc = func(ctx context.Context, id string, session *core.SessionData) (int, error) {
			return teamsFunc(ctx, object("organizationId", id, "session", encodeSessionData(session)), contextOf(ctx, false))
		}
	}
	members, membersFunc := s.limit("maximumMembersPerTeam", true)
	if t.MaximumMembersPerTeam = members; membersFunc != nil {
		t.MaximumMembersPerTeamFunc = func(ctx context.Context, r organization.TeamLimitRequest) (int, error) {
			return membersFunc(ctx, object("teamId", r.TeamID, "session", encodeSessionData(r.Session), "organizationId", r.OrganizationID))
		}
	}
}

func (i *instance) organizationSchema(s *section) organization.Schema {
	return organization.Schema{
		Organization:     i.table1(s.sub("organization")),
		Member:           i.table1(s.sub("member")),
		Invitation:       i.table1(s.sub("invitation")),
		Team:             i.table1(s.sub("team")),
		TeamMember:       i.table1(s.sub("teamMember")),
		OrganizationRole: i.table1(s.sub("organizationRole")),
		SessionColumns:   columns(s.sub("session")),
	}
}

// parsed are the routes whose hooks see the metadata of organizations as an object;
// elsewhere it is the text that is stored.
var parsed = []string{"/organization/create", "/organization/update"}

func encodeOrganization(ctx context.Context, o *organization.Organization) wire.Value {
	rec := rowRecord(o)
	if c, ok := core.CtxFrom(ctx); ok && slices.Contains(parsed, c.Path()) && len(o.Metadata) > 0 {
		rec["metadata"] = o.Metadata
	}
	return encodeRecord(rec)
}

// encodeMember makes a member with what members see of each other.
func encodeMember(m *organization.MemberUser) wire.Value {
	return withUser(&m.Member, m.User)
}

func withUser(m *organization.Member, u *core.User) wire.Value {
	rec := rowRecord(m)
	rec["user"] = adapter.Record{"id": u.ID, "name": u.Name, "email": u.Email, "image": u.Image}
	return encodeRecord(rec)
}

// hook makes a hook of a function of the options: argument is what it is given, change
// takes the data that it answers with.
func hook[E any](f *callback, argument func(context.Context, *E) wire.Value, change func(*E, wire.Value) error) func(context.Context, *E) error {
	if f == nil {
		return nil
	}
	return func(ctx context.Context, e *E) error {
		v, err := f.call(ctx, argument(ctx, e))
		if err != nil || change == nil {
			return err
		}
		if data := v.Get("data"); !absent(data) {
			return change(e, data)
		}
		return nil
	}
}

func (i *instance) organizationHooks(s *section) (h organization.Hooks) {
	i.hooksOfOrganizations(&h, s)
	i.hooksOfMembers(&h, s)
	i.hooksOfInvitations(&h, s)
	i.hooksOfTeams(&h, s)
	return h
}

func (i *instance) hooksOfOrganizations(h *organization.Hooks, s *section) {
	h.BeforeCreateOrganization = hook(s.function("beforeCreateOrganization"), func(_ context.Context, e *organization.OrganizationEvent) wire.Value {
		rec := rowRecord(e.Organization, "id", "createdAt")
		if len(e.Organization.Metadata) > 0 {
			rec["metadata"] = e.Organization.Metadata
		}
		return object("organization", encodeRecord(rec), "user", encodeUser(e.User))
	}, func(e *organization.OrganizationEvent, data wire.Value) error {
		return setRow(e.Organization, i.tableOf(organization.ModelOrganization), data)
	})
	h.AfterCreateOrganization = hook(s.function("afterCreateOrganization"), func(ctx context.Context, e *organization.OrganizationEvent) wire.Value {
		return object("organization", encodeOrganization(ctx, e.Organization), "user", encodeUser(e.User), "member", encodeRow(e.Member))
	}, nil)
	h.BeforeUpdateOrganization = hook(s.function("beforeUpdateOrganization"), func(_ context.Context, e *organization.OrganizationUpdate) wire.Value {
		set := encodeRecord(e.Set)
		if text, ok := set.Get("metadata").Str(); ok {
			if metadata, err := wire.Parse([]byte(text), limits); err == nil {
				o, _ := set.Obj()
				o.Set("metadata", metadata)
			}
		}
		return object("organization", set, "user", encodeUser(e.User), "member", encodeMember(e.Member))
	}, func(e *organization.OrganizationUpdate, data wire.Value) error {
		return setRecord(e.Set, i.tableOf(organization.ModelOrganization), data)
	})
	h.AfterUpdateOrganization = hook(s.function("afterUpdateOrganization"), func(ctx context.Context, e *organization.OrganizationUpdate) wire.Value {
		return object("organization", encodeOrganization(ctx, e.Organization), "user", encodeUser(e.User), "member", encodeMember(e.Member))
	}, nil)
	deletion := func(_ context.Context, e *organization.OrganizationEvent) wire.Value {
		return object("organization", encodeRow(e.Organization), "user", encodeUser(e.User))
	}
	h.BeforeDeleteOrganization = hook(s.function("beforeDeleteOrganization"), deletion, nil)
	h.AfterDeleteOrganization = hook(s.function("afterDeleteOrganization"), deletion, nil)
}

func (i *instance) hooksOfMembers(h *organization.Hooks, s *section) {
	h.BeforeAddMember = hook(s.function("beforeAddMember"), func(ctx context.Context, e *organization.MemberEvent) wire.Value {
		return object("member", encodeRecord(rowRecord(e.Member, "id", "createdAt")), "user", encodeUser(e.User), "organization", encodeOrganization(ctx, e.Organization))
	}, func(e *organization.MemberEvent, data wire.Value) error {
		return setRow(e.Member, i.tableOf(organization.ModelMember), data)
	})
	h.AfterAddMember = hook(s.function("afterAddMember"), func(ctx context.Context, e *organization.MemberEvent) wire.Value {
		return object("member", encodeRow(e.Member), "user", encodeUser(e.User), "organization", encodeOrganization(ctx, e.Organization))
	}, nil)
	removal := func(ctx context.Context, e *organization.MemberEvent) wire.Value {
		member := encodeRow(e.Member)
		// A member that was named by its address comes with its user.
		if c, ok := core.CtxFrom(ctx); ok {
			if named, _ := c.Body().Get("memberIdOrEmail").Str(); strings.Contains(named, "@") {
				member = withUser(e.Member, e.User)
			}
		}
		return object("member", member, "user", encodeUser(e.User), "organization", encodeRow(e.Organization))
	}
	h.BeforeRemoveMember = hook(s.function("beforeRemoveMember"), removal, nil)
	h.AfterRemoveMember = hook(s.function("afterRemoveMember"), removal, nil)
	h.BeforeUpdateMemberRole = hook(s.function("beforeUpdateMemberRole"), func(_ context.Context, e *organization.MemberRoleEvent) wire.Value {
		return object("member", withUser(e.Member, e.User), "newRole", e.NewRole, "user", encodeUser(e.User), "organization", encodeRow(e.Organization))
	}, func(e *organization.MemberRoleEvent, data wire.Value) error {
		if role, _ := data.Get("role").Str(); role != "" {
			e.NewRole = role
		}
		return nil
	})
	h.AfterUpdateMemberRole = hook(s.function("afterUpdateMemberRole"), func(_ context.Context, e *organization.MemberRoleEvent) wire.Value {
		return object("member", encodeRow(e.Member), "previousRole", e.PreviousRole, "user", encodeUser(e.User), "organization", encodeRow(e.Organization))
	}, nil)
}

func (i *instance) hooksOfInvitations(h *organization.Hooks, s *section) {
	h.BeforeCreateInvitation = hook(s.function("beforeCreateInvitation"), func(_ context.Context, e *organization.InvitationEvent) wire.Value {
		rec := rowRecord(e.Invitation, "id", "status", "expiresAt", "createdAt")
		rec["teamIds"] = append([]string{}, e.Invitation.TeamIDs()...)
		rec["teamId"] = nil
		if ids := e.Invitation.TeamIDs(); len(ids) > 0 {
			rec["teamId"] = ids[0]
		}
		return object("invitation", encodeRecord(rec), "inviter", encodeUser(e.User), "organization", encodeRow(e.Organization))
	}, func(e *organization.InvitationEvent, data wire.Value) error {
		return setRow(e.Invitation, i.tableOf(organization.ModelInvitation), data)
	})
	// told makes the hooks of one deed; the user has another name in each.
	told := func(deed, user string) (before, after func(context.Context, *organization.InvitationEvent) error) {
		argument := func(_ context.Context, e *organization.InvitationEvent) wire.Value {
			v := object("invitation", encodeRow(e.Invitation), user, encodeUser(e.User), "organization", encodeRow(e.Organization))
			if e.Member != nil {
				o, _ := v.Obj()
				o.Set("member", encodeRow(e.Member))
			}
			return v
		}
		return hook(s.function("before"+deed), argument, nil), hook(s.function("after"+deed), argument, nil)
	}
	_, h.AfterCreateInvitation = told("CreateInvitation", "inviter")
	h.BeforeAcceptInvitation, h.AfterAcceptInvitation = told("AcceptInvitation", "user")
	h.BeforeRejectInvitation, h.AfterRejectInvitation = told("RejectInvitation", "user")
	h.BeforeCancelInvitation, h.AfterCancelInvitation = told("CancelInvitation", "cancelledBy")
}

func (i *instance) hooksOfTeams(h *organization.Hooks, s *section) {
	user := func(u *core.User) wire.Value {
		if u == nil {
			return undefined
		}
		return encodeUser(u)
	}
	about := func(ctx context.Context, e *organization.TeamEvent) wire.Value {
		return object("team", encodeRow(e.Team), "user", user(e.User), "organization", encodeOrganization(ctx, e.Organization))
	}
	h.BeforeCreateTeam = hook(s.function("beforeCreateTeam"), func(ctx context.Context, e *organization.TeamEvent) wire.Value {
		return object("team", encodeRecord(rowRecord(e.Team, "id", "createdAt", "updatedAt")), "user", user(e.User), "organization", encodeOrganization(ctx, e.Organization))
	}, func(e *organization.TeamEvent, data wire.Value) error {
		return setRow(e.Team, i.tableOf(organization.ModelTeam), data)
	})
	h.AfterCreateTeam = hook(s.function("afterCreateTeam"), about, nil)
	h.BeforeDeleteTeam = hook(s.function("beforeDeleteTeam"), about, nil)
	h.AfterDeleteTeam = hook(s.function("afterDeleteTeam"), about, nil)
	h.BeforeUpdateTeam = hook(s.function("beforeUpdateTeam"), func(_ context.Context, e *organization.TeamUpdate) wire.Value {
		return object("team", encodeRow(e.Team), "updates", encodeRecord(e.Set), "user", encodeUser(e.User), "organization", encodeRow(e.Organization))
	}, func(e *organization.TeamUpdate, data wire.Value) error {
		clear(e.Set) // the data takes the place of the updates
		return setRecord(e.Set, i.tableOf(organization.ModelTeam), data)
	})
	h.AfterUpdateTeam = hook(s.function("afterUpdateTeam"), func(_ context.Context, e *organization.TeamUpdate) wire.Value {
		return object("team", encodeRow(e.Team), "user", encodeUser(e.User), "organization", encodeRow(e.Organization))
	}, nil)
	h.BeforeAddTeamMember = hook(s.function("beforeAddTeamMember"), func(_ context.Context, e *organization.TeamMemberEvent) wire.Value {
		return object("teamMember", object("teamId", e.TeamMember.TeamID, "userId", e.TeamMember.UserID), "team", encodeRow(e.Team), "user", encodeUser(e.User), "organization", encodeRow(e.Organization))
	}, nil)
	full := func(_ context.Context, e *organization.TeamMemberEvent) wire.Value {
		return object("teamMember", encodeRow(e.TeamMember), "team", encodeRow(e.Team), "user", encodeUser(e.User), "organization", encodeRow(e.Organization))
	}
	h.AfterAddTeamMember = hook(s.function("afterAddTeamMember"), full, nil)
	h.BeforeRemoveTeamMember = hook(s.function("beforeRemoveTeamMember"), full, nil)
	h.AfterRemoveTeamMember = hook(s.function("afterRemoveTeamMember"), full, nil)
}
