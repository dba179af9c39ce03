// Package organization adds organizations with members, invitations, roles and
// teams: the tables and routes of Better Auth's organization plugin; see
// https://better-auth.com/docs/plugins/organization. Plugin id: "organization".
//
// Every check reads the membership from the database: the session only remembers
// which organization was chosen last. Limits, the last owner and single use of
// invitations hold under parallel requests, because whatever changes an organization
// locks its row first.
package organization

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
)

// ID is the plugin's id.
const ID = "organization"

// Options configures the plugin. The zero value is Better Auth's default.
type Options struct {
	// AllowUserToCreateOrganization decides who may create organizations. Default:
	// everyone. Nobody refuses all; the server itself always may.
	AllowUserToCreateOrganization func(ctx context.Context, u *core.User) (bool, error)
	// OrganizationLimit is how many organizations a user may be a member of when
	// creating another one. Default 0: no limit. OrganizationLimitReached decides
	// instead: true refuses.
	OrganizationLimit        int
	OrganizationLimitReached func(ctx context.Context, u *core.User) (bool, error)
	// CreatorRole is what the creator of an organization becomes: the owner's role,
	// of which an organization always keeps one member. Default "owner".
	CreatorRole string
	// MembershipLimit is how many members an organization may have. Default 100.
	// MembershipLimitFunc decides for each organization; u is who would join.
	MembershipLimit     int
	MembershipLimitFunc func(ctx context.Context, u *core.User, o *Organization) (int, error)

	// Access lists the resources and actions that dynamic roles may be made of. It
	// is needed for DynamicAccessControl. Default: none.
	Access *access.Control
	// Roles are the roles that members may have. Default: DefaultRoles. Roles that are
	// given replace all of them, so list owner, admin and member again if they are
	// to do anything.
	Roles map[string]*access.Role
	// DynamicAccessControl lets organizations make roles of their own.
	DynamicAccessControl DynamicAccessControl

	Teams Teams

	// InvitationExpiresIn is the life of an invitation. Default 48 hours.
	InvitationExpiresIn time.Duration
	// InvitationLimit is how many pending invitations an organization may have.
	// Default 100. InvitationLimitFunc decides instead.
	InvitationLimit     int
	InvitationLimitFunc func(ctx context.Context, r InvitationLimitRequest) (int, error)
	// CancelPendingInvitationsOnReInvite cancels an address's pending invitation when
	// it is invited again. Default: the second invitation is refused.
	CancelPendingInvitationsOnReInvite bool
	// RequireEmailVerificationOnInvitation wants a verified address of whoever accepts,
	// rejects or reads an invitation. Default true; use core.Bool. False lets anybody
	// who signed up with an invited address take the invitation, so it holds only
	// where ids cannot be guessed: with serial ids, and for listing a user's
	// invitations, the address must be verified in any case.
	RequireEmailVerificationOnInvitation *bool
	// SendInvitation sends an invitation, in the background. Without it the
	// application has to tell people in its own way.
	SendInvitation func(ctx context.Context, inv InvitationMail) error

	// DisableOrganizationDeletion makes the delete route answer 404.
	DisableOrganizationDeletion bool

	Hooks  Hooks
	Schema Schema
}

// Nobody is for AllowUserToCreateOrganization.
func Nobody(context.Context, *core.User) (bool, error) { return false, nil }

// DynamicAccessControl configures roles that organizations make for themselves, with
// permissions that their maker has.
type DynamicAccessControl struct {
	Enabled bool
	// MaximumRolesPerOrganization bounds them. Default 0: no limit.
	// MaximumRolesPerOrganizationFunc decides instead.
	MaximumRolesPerOrganization     int
	MaximumRolesPerOrganizationFunc func(ctx context.Context, organizationID string) (int, error)
}

// Teams configures teams: groups of members within an organization.
type Teams struct {
	Enabled     bool
	DefaultTeam DefaultTeam
	// MaximumTeams bounds the teams of an organization. Default 0: no limit.
	// MaximumTeamsFunc decides instead; the session is nil when the server acts.
	MaximumTeams     int
	MaximumTeamsFunc func(ctx context.Context, organizationID string, s *core.SessionData) (int, error)
	// MaximumMembersPerTeam bounds the members of a team. Default 0: no limit.
	// MaximumMembersPerTeamFunc decides instead.
	MaximumMembersPerTeam     int
	MaximumMembersPerTeamFunc func(ctx context.Context, r TeamLimitRequest) (int, error)
	// AllowRemovingAllTeams lets the last team of an organization be removed.
	AllowRemovingAllTeams bool
}

// DefaultTeam configures the team that a new organization begins with.
type DefaultTeam struct {
	Disabled bool
	// Create makes that team itself, in the transaction of the organization; nil
	// leaves it to the plugin.
	Create func(ctx context.Context, o *Organization) (*Team, error)
}

// InvitationLimitRequest is what InvitationLimitFunc decides on.
type InvitationLimitRequest struct {
	User         *core.User // who invites
	Organization *Organization
	Member       *MemberUser // of that user
}

// TeamLimitRequest is what MaximumMembersPerTeamFunc decides on.
type TeamLimitRequest struct {
	TeamID         string
	OrganizationID string
	Session        *core.SessionData // of whoever acts; nil when the server acts
}

// Plugin is the installed plugin; get it with From. Its operations can be called
// from Go.
type Plugin struct {
	Create           *core.Op[CreateInput, CreateReply]
	CheckSlug        *core.Op[CheckSlugInput, core.StatusReply]
	Update           *core.Op[UpdateInput, UpdateReply]
	Delete           *core.Op[OrganizationInput, *Organization]
	SetActive        *core.Op[SetActiveInput, *Organization]
	GetFull          *core.Op[GetFullInput, *FullOrganization]
	List             *core.Op[core.NoInput, []*Organization]
	HasPermission    *core.Op[HasPermissionInput, HasPermissionReply]
	Invite           *core.Op[InviteInput, *Invitation]
	CancelInvitation *core.Op[InvitationInput, *Invitation]
	AcceptInvitation *core.Op[InvitationInput, InvitationReply]
	RejectInvitation *core.Op[InvitationInput, InvitationReply]
	GetInvitation    *core.Op[GetInvitationInput, *InvitationDetails]
	ListInvitations  *core.Op[OrganizationQuery, []*Invitation]
	// ListUserInvitations lists the invitations of the caller, or of any address when
	// the server asks.
	ListUserInvitations *core.Op[UserInvitationsInput, []*UserInvitation]
	// AddMember makes a user a member at once. It is never routed over HTTP.
	AddMember           *core.Op[AddMemberInput, *Member]
	RemoveMember        *core.Op[RemoveMemberInput, RemoveMemberReply]
	UpdateMemberRole    *core.Op[UpdateMemberRoleInput, *Member]
	Leave               *core.Op[OrganizationInput, *MemberUser]
	ListMembers         *core.Op[ListMembersInput, ListMembersReply]
	GetActiveMember     *core.Op[core.NoInput, *MemberUser]
	GetActiveMemberRole *core.Op[ActiveMemberRoleInput, RoleReply]

	// With Options.Teams only; nil otherwise.
	CreateTeam       *core.Op[CreateTeamInput, *Team]
	ListTeams        *core.Op[OrganizationQuery, []*Team]
	RemoveTeam       *core.Op[TeamInput, MessageReply]
	UpdateTeam       *core.Op[UpdateTeamInput, *Team]
	SetActiveTeam    *core.Op[SetActiveTeamInput, *Team]
	ListUserTeams    *core.Op[core.NoInput, []*Team]
	ListTeamMembers  *core.Op[ListTeamMembersInput, []*TeamMember]
	AddTeamMember    *core.Op[TeamMemberInput, *TeamMember]
	RemoveTeamMember *core.Op[TeamMemberInput, MessageReply]

	// With Options.DynamicAccessControl only; nil otherwise.
	CreateRole *core.Op[CreateRoleInput, CreateRoleReply]
	DeleteRole *core.Op[DeleteRoleInput, core.SuccessReply]
	ListRoles  *core.Op[OrganizationQuery, []*OrganizationRole]
	GetRole    *core.Op[GetRoleInput, *OrganizationRole]
	UpdateRole *core.Op[UpdateRoleInput, UpdateRoleReply]

	operations []core.Operation

	opts      Options
	roles     map[string]*access.Role
	schemaErr error

	auth          *core.Auth
	organizations *core.Table[Organization]
	members       *core.Table[Member]
	invitations   *core.Table[Invitation]
	teams         *core.Table[Team]
	teamMembers   *core.Table[TeamMember]
	dynamicRoles  *core.Table[OrganizationRole]
}

// New makes the plugin.
func New(o Options) *Plugin {
	if o.CreatorRole == "" {
		o.CreatorRole = "owner"
	}
	if o.MembershipLimit == 0 {
		o.MembershipLimit = 100
	}
	if o.InvitationLimit == 0 {
		o.InvitationLimit = 100
	}
	if o.InvitationExpiresIn == 0 {
		o.InvitationExpiresIn = 48 * time.Hour
	}
	p := &Plugin{opts: o, roles: o.Roles}
	if p.roles == nil {
		p.roles = DefaultRoles()
	}
	p.declare()
	return p
}

// declare makes the operations. What changes something asks the store for the
// session; what only reads takes the cookie cache's word, and reads the membership.
func (p *Plugin) declare() {
	read, write := core.Use(core.RequireSession), core.Use(core.RequireStoredSession)
	p.Create = core.Post("createOrganization", "/organization/create", p.create, core.Doc("Create an organization"))
	p.Update = core.Post("updateOrganization", "/organization/update", p.update, core.Doc("Update an organization"))
	p.Delete = core.Post("deleteOrganization", "/organization/delete", p.delete, core.Doc("Delete an organization"))
	p.SetActive = core.Post("setActiveOrganization", "/organization/set-active", p.setActive, write, core.Doc("Set the active organization"))
	p.GetFull = core.Get("getFullOrganization", "/organization/get-full-organization", p.getFull, read,
		core.Doc("Get an organization with members, invitations and teams"))
	p.List = core.Get("listOrganizations", "/organization/list", p.list, read, core.Doc("List the organizations of the current user"))
	p.Invite = core.Post("createInvitation", "/organization/invite-member", p.invite, write, core.Doc("Invite somebody to an organization"))
	p.CancelInvitation = core.Post("cancelInvitation", "/organization/cancel-invitation", p.cancel, write, core.Doc("Cancel an invitation"))
	p.AcceptInvitation = core.Post("acceptInvitation", "/organization/accept-invitation", p.accept, write, core.Doc("Accept an invitation"))
	p.GetInvitation = core.Get("getInvitation", "/organization/get-invitation", p.getInvitation, core.Doc("Get an invitation as its recipient"))
	p.RejectInvitation = core.Post("rejectInvitation", "/organization/reject-invitation", p.reject, write, core.Doc("Reject an invitation"))
	p.ListInvitations = core.Get("listInvitations", "/organization/list-invitations", p.listInvitations, read,
		core.Doc("List the invitations of an organization"))
	p.GetActiveMember = core.Get("getActiveMember", "/organization/get-active-member", p.getActiveMember, read,
		core.Doc("Get the current user's membership of the active organization"))
	p.CheckSlug = core.Post("checkOrganizationSlug", "/organization/check-slug", p.checkSlug, core.Doc("Check that a slug is free"))
	p.AddMember = core.Server("addMember", p.addMember)
	p.RemoveMember = core.Post("removeMember", "/organization/remove-member", p.removeMember, write, core.Doc("Remove a member"))
	p.UpdateMemberRole = core.Post("updateMemberRole", "/organization/update-member-role", p.updateMemberRole, write,
		core.Doc("Change the role of a member"))
	p.Leave = core.Post("leaveOrganization", "/organization/leave", p.leave, write, core.Doc("Leave an organization"))
	p.ListUserInvitations = core.Get("listUserInvitations", "/organization/list-user-invitations", p.listUserInvitations,
		core.Doc("List the invitations of the current user"))
	p.ListMembers = core.Get("listMembers", "/organization/list-members", p.listMembers, read, core.Doc("List the members of an organization"))
	p.GetActiveMemberRole = core.Get("getActiveMemberRole", "/organization/get-active-member-role", p.getActiveMemberRole, read,
		core.Doc("Get the role of a member"))
	p.HasPermission = core.Post("hasPermission", "/organization/has-permission", p.hasPermission, read,
		core.Doc("Check what the current user may do in an organization"))
	p.operations = []core.Operation{
		p.Create, p.Update, p.Delete, p.SetActive, p.GetFull, p.List, p.Invite, p.CancelInvitation, p.AcceptInvitation, p.GetInvitation,
		p.RejectInvitation, p.ListInvitations, p.GetActiveMember, p.CheckSlug, p.AddMember, p.RemoveMember, p.UpdateMemberRole, p.Leave,
		p.ListUserInvitations, p.ListMembers, p.GetActiveMemberRole,
	}
	if p.opts.Teams.Enabled {
		p.CreateTeam = core.Post("createTeam", "/organization/create-team", p.createTeam, core.Doc("Create a team"))
		p.ListTeams = core.Get("listOrganizationTeams", "/organization/list-teams", p.listTeams, read, core.Doc("List the teams of an organization"))
		p.RemoveTeam = core.Post("removeTeam", "/organization/remove-team", p.removeTeam, core.Doc("Remove a team"))
		p.UpdateTeam = core.Post("updateTeam", "/organization/update-team", p.updateTeam, write, core.Doc("Update a team"))
		p.SetActiveTeam = core.Post("setActiveTeam", "/organization/set-active-team", p.setActiveTeam, write, core.Doc("Set the active team"))
		p.ListUserTeams = core.Get("listUserTeams", "/organization/list-user-teams", p.listUserTeams, read,
			core.Doc("List the teams of the current user"))
		p.ListTeamMembers = core.Get("listTeamMembers", "/organization/list-team-members", p.listTeamMembers, read,
			core.Doc("List the members of a team"))
		p.AddTeamMember = core.Post("addTeamMember", "/organization/add-team-member", p.addTeamMember, write, core.Doc("Add a member to a team"))
		p.RemoveTeamMember = core.Post("removeTeamMember", "/organization/remove-team-member", p.removeTeamMember, write,
			core.Doc("Remove a member from a team"))
		p.operations = append(p.operations, p.CreateTeam, p.ListTeams, p.RemoveTeam, p.UpdateTeam, p.SetActiveTeam, p.ListUserTeams,
			p.ListTeamMembers, p.AddTeamMember, p.RemoveTeamMember)
	}
	if p.opts.DynamicAccessControl.Enabled {
		p.CreateRole = core.Post("createOrgRole", "/organization/create-role", p.createRole, write, core.Doc("Create a role"))
		p.DeleteRole = core.Post("deleteOrgRole", "/organization/delete-role", p.deleteRole, write, core.Doc("Delete a role"))
		p.ListRoles = core.Get("listOrgRoles", "/organization/list-roles", p.listRoles, read, core.Doc("List the roles of an organization"))
		p.GetRole = core.Get("getOrgRole", "/organization/get-role", p.getRole, read, core.Doc("Get a role"))
		p.UpdateRole = core.Post("updateOrgRole", "/organization/update-role", p.updateRole, write, core.Doc("Update a role"))
		p.operations = append(p.operations, p.CreateRole, p.DeleteRole, p.ListRoles, p.GetRole, p.UpdateRole)
	}
	p.operations = append(p.operations, p.HasPermission)
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "organization".
func (p *Plugin) ID() string { return ID }

// Manifest lists what the plugin adds.
func (p *Plugin) Manifest() core.Manifest {
	tables, extend, err := p.opts.tables()
	p.schemaErr = err
	return core.Manifest{
		Operations: p.operations,
		Tables:     tables, Extend: extend,
		Errors: errorCodes(),
		Init:   p.init,
	}
}

func (p *Plugin) init(_ context.Context, a *core.Auth) error {
	p.auth = a
	err := p.schemaErr
	bind(a, ModelOrganization, &p.organizations, &err)
	bind(a, ModelMember, &p.members, &err)
	bind(a, ModelInvitation, &p.invitations, &err)
	if p.opts.Teams.Enabled {
		bind(a, ModelTeam, &p.teams, &err)
		bind(a, ModelTeamMember, &p.teamMembers, &err)
	}
	if p.opts.DynamicAccessControl.Enabled {
		bind(a, ModelOrganizationRole, &p.dynamicRoles, &err)
	}
	if err != nil {
		return err
	}
	return p.opts.check()
}

func bind[T any](a *core.Auth, model string, to **core.Table[T], err *error) {
	t, bindErr := core.TableOf[T](a, model)
	if *err == nil {
		*err = bindErr
	}
	*to = t
}

func (o *Options) check() error {
	for name, n := range map[string]int{
		"OrganizationLimit": o.OrganizationLimit, "MembershipLimit": o.MembershipLimit, "InvitationLimit": o.InvitationLimit,
		"Teams.MaximumTeams": o.Teams.MaximumTeams, "Teams.MaximumMembersPerTeam": o.Teams.MaximumMembersPerTeam,
		"DynamicAccessControl.MaximumRolesPerOrganization": o.DynamicAccessControl.MaximumRolesPerOrganization,
	} {
		if n < 0 {
			return fmt.Errorf("organization: Options.%s is negative: give a number, or 0 for the default", name)
		}
	}
	if o.InvitationExpiresIn < 0 {
		return errors.New("organization: Options.InvitationExpiresIn is negative: give a duration, or 0 for 48 hours")
	}
	return nil
}
