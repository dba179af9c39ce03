// Package organization adds organizations with members, invitations, roles and
// teams: the tables and routes of Better Auth's organization plugin; see
// https://better-auth.com/docs/plugins/organization. Plugin id: "organization".
//
// Every check reads the membership from the database: the session only remembers
// which organization was chosen last. Limits, the last owner and single use of
// invitations hold under parallel requests, because every change of an organization
// first locks its row.
package organization

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/ratelimit"
)

// ID is the plugin's id.
const ID = "organization"

// Options configures the plugin. The zero value is Better Auth's default.
//
// Functions that decide about limits and permissions are called before the transaction
// of a change, while nothing is locked, so they may ask other systems. Limits hold at
// the moment of the write all the same: what a function allows is counted again there.
type Options struct {
	// AllowUserToCreateOrganization decides which users may create organizations.
	// Default: all. Nobody refuses all users. The server itself always may.
	AllowUserToCreateOrganization func(ctx context.Context, u *core.User) (bool, error)
	// OrganizationLimit is the number of memberships at which a user cannot create
	// another organization. Default 100. Negative: no limit. OrganizationLimitReached
	// replaces it; true refuses, and nothing is counted again. The list of a user's
	// organizations ends after as many entries as the limit, after 100 when the limit is
	// lower, and after 1000 when there is none.
	OrganizationLimit        int
	OrganizationLimitReached func(ctx context.Context, u *core.User) (bool, error)
	// CreatorRole is the role of an organization's creator. An organization always
	// keeps at least one member with it. Default "owner".
	CreatorRole string
	// MembershipLimit is how many members an organization may have. Default 100.
	// MembershipLimitFunc decides for each organization; u is the user who would
	// join.
	MembershipLimit     int
	MembershipLimitFunc func(ctx context.Context, u *core.User, o *Organization) (int, error)

	// Access lists the resources and actions that dynamic roles may have.
	// DynamicAccessControl requires it. Default: none.
	Access *access.Control
	// Roles are the roles that members may have. Default: DefaultRoles. Your list
	// replaces all of them, so include owner, admin and member if you need them.
	Roles map[string]*access.Role
	// AllowRolesAboveOwn restores Better Auth's rule: a member who may update members,
	// invite, or edit roles may give and edit every role except CreatorRole. By default
	// a member cannot give, invite with, edit or delete a role that grants more than the
	// member's own roles, and an invitation is accepted only while its sender may still
	// give its roles. Members with CreatorRole are bound as well: give that role everything
	// that the other roles grant.
	AllowRolesAboveOwn bool
	// DynamicAccessControl lets organizations create roles of their own.
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
	// ResendInterval is the shortest time between two mails of one invitation. An earlier
	// resend is answered with 429. Default a minute; negative: no interval. The rate
	// limiter keeps it, and also limits an address to five invitations a minute from all
	// organizations together.
	ResendInterval time.Duration
	// RequireEmailVerificationOnInvitation requires a verified address of a user who
	// accepts, rejects or reads an invitation. Default true; set it with new(false).
	// False lets anyone who signed up with an invited address use the invitation, so it
	// takes effect only when ids cannot be guessed. With serial ids, and for listing a
	// user's invitations, the address must always be verified.
	RequireEmailVerificationOnInvitation *bool
	// SendInvitation sends an invitation, in the background. Without it the
	// application must deliver invitations itself.
	SendInvitation func(ctx context.Context, inv InvitationMail) error

	// DisableOrganizationDeletion makes the delete route answer 404.
	DisableOrganizationDeletion bool

	Hooks  Hooks
	Schema Schema
}

// Nobody refuses all users. It is for AllowUserToCreateOrganization.
func Nobody(context.Context, *core.User) (bool, error) { return false, nil }

// DynamicAccessControl configures roles that organizations create for themselves. A
// role can have only permissions of the member who creates it.
type DynamicAccessControl struct {
	Enabled bool
	// MaximumRolesPerOrganization limits the number of these roles. Default 0:
	// no limit. MaximumRolesPerOrganizationFunc decides instead.
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
	// Create makes the team in place of the plugin. It runs in the transaction that
	// creates the organization, whose row nobody else can see yet, and an error undoes the
	// organization. The row of the creator is locked meanwhile: write with ctx, and ask no
	// other system. Default: the plugin makes it.
	Create func(ctx context.Context, o *Organization) (*Team, error)
}

// InvitationLimitRequest is the input of InvitationLimitFunc.
type InvitationLimitRequest struct {
	User         *core.User // the user who invites
	Organization *Organization
	Member       *MemberUser // of that user
}

// TeamLimitRequest is the input of MaximumMembersPerTeamFunc.
type TeamLimitRequest struct {
	TeamID         string
	OrganizationID string
	Session        *core.SessionData // of the user who acts; nil when the server acts
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
	// it is called from Go.
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

	opts  Options
	roles map[string]*access.Role

	auth          *core.Auth
	organizations *core.Table[Organization]
	members       *core.Table[Member]
	invitations   *core.Table[Invitation]
	teams         *core.Table[Team]
	teamMembers   *core.Table[TeamMember]
	dynamicRoles  *core.Table[OrganizationRole]
	headcount     headcount
}

// New makes the plugin.
func New(o Options) *Plugin {
	if o.CreatorRole == "" {
		o.CreatorRole = "owner"
	}
	if o.OrganizationLimit == 0 {
		o.OrganizationLimit = 100
	}
	if o.MembershipLimit == 0 {
		o.MembershipLimit = 100
	}
	if o.InvitationLimit == 0 {
		o.InvitationLimit = 100
	}
	if o.ResendInterval == 0 {
		o.ResendInterval = time.Minute
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

// declare makes the operations. Operations that change something read the session from
// the store. Those that only read accept the cookie cache, and read the membership.
func (p *Plugin) declare() {
	read, write := core.Use(core.RequireSession), core.Use(core.RequireStoredSession)
	p.Create = core.Post("createOrganization", "/organization/create", p.create, core.Secured(), core.Doc("Create an organization"))
	p.Update = core.Post("updateOrganization", "/organization/update", p.update, core.Secured(), core.Doc("Update an organization"))
	p.Delete = core.Post("deleteOrganization", "/organization/delete", p.delete, core.Secured(), core.Doc("Delete an organization"))
	p.SetActive = core.Post("setActiveOrganization", "/organization/set-active", p.setActive, write, core.MayBeNull(), core.Doc("Set the active organization"))
	p.GetFull = core.Get("getFullOrganization", "/organization/get-full-organization", p.getFull, read, core.MayBeNull(), core.DocID("getOrganization"),
		core.Doc("Get an organization with members, invitations and teams"))
	p.List = core.Get("listOrganizations", "/organization/list", p.list, read, core.Doc("List the organizations of the current user"))
	p.Invite = core.Post("createInvitation", "/organization/invite-member", p.invite, write, core.DocID("createOrganizationInvitation"), core.Doc("Invite somebody to an organization"))
	p.CancelInvitation = core.Post("cancelInvitation", "/organization/cancel-invitation", p.cancel, write, core.Doc("Cancel an invitation"))
	p.AcceptInvitation = core.Post("acceptInvitation", "/organization/accept-invitation", p.accept, write, core.Doc("Accept an invitation"))
	p.GetInvitation = core.Get("getInvitation", "/organization/get-invitation", p.getInvitation, core.Secured(), core.Doc("Get an invitation as its recipient"))
	p.RejectInvitation = core.Post("rejectInvitation", "/organization/reject-invitation", p.reject, write, core.Doc("Reject an invitation"))
	p.ListInvitations = core.Get("listInvitations", "/organization/list-invitations", p.listInvitations, read,
		core.Doc("List the invitations of an organization"))
	p.GetActiveMember = core.Get("getActiveMember", "/organization/get-active-member", p.getActiveMember, read, core.MayBeNull(),
		core.Doc("Get the current user's membership of the active organization"))
	p.CheckSlug = core.Post("checkOrganizationSlug", "/organization/check-slug", p.checkSlug, core.Secured(), core.Doc("Check that a slug is free"))
	p.AddMember = core.Server("addMember", p.addMember)
	p.RemoveMember = core.Post("removeMember", "/organization/remove-member", p.removeMember, write, core.Doc("Remove a member"))
	p.UpdateMemberRole = core.Post("updateMemberRole", "/organization/update-member-role", p.updateMemberRole, write, core.DocID("updateOrganizationMemberRole"),
		core.Doc("Change the role of a member"))
	p.Leave = core.Post("leaveOrganization", "/organization/leave", p.leave, write, core.Doc("Leave an organization"))
	p.ListUserInvitations = core.Get("listUserInvitations", "/organization/list-user-invitations", p.listUserInvitations, core.Secured(),
		core.Doc("List the invitations of the current user"))
	p.ListMembers = core.Get("listMembers", "/organization/list-members", p.listMembers, read, core.Doc("List the members of an organization"))
	p.GetActiveMemberRole = core.Get("getActiveMemberRole", "/organization/get-active-member-role", p.getActiveMemberRole, read,
		core.Doc("Get the role of a member"))
	p.HasPermission = core.Post("hasPermission", "/organization/has-permission", p.hasPermission, read,
		core.Doc("Check what the current user may do in an organization"))
	if p.opts.Teams.Enabled {
		p.CreateTeam = core.Post("createTeam", "/organization/create-team", p.createTeam, core.Secured(), core.Doc("Create a team"))
		p.ListTeams = core.Get("listOrganizationTeams", "/organization/list-teams", p.listTeams, read, core.Doc("List the teams of an organization"))
		p.RemoveTeam = core.Post("removeTeam", "/organization/remove-team", p.removeTeam, core.Secured(), core.Doc("Remove a team"))
		p.UpdateTeam = core.Post("updateTeam", "/organization/update-team", p.updateTeam, write, core.Doc("Update a team"))
		p.SetActiveTeam = core.Post("setActiveTeam", "/organization/set-active-team", p.setActiveTeam, write, core.MayBeNull(), core.Doc("Set the active team"))
		p.ListUserTeams = core.Get("listUserTeams", "/organization/list-user-teams", p.listUserTeams, read,
			core.Doc("List the teams of the current user"))
		p.ListTeamMembers = core.Get("listTeamMembers", "/organization/list-team-members", p.listTeamMembers, read,
			core.Doc("List the members of a team"))
		p.AddTeamMember = core.Post("addTeamMember", "/organization/add-team-member", p.addTeamMember, write, core.Doc("Add a member to a team"))
		p.RemoveTeamMember = core.Post("removeTeamMember", "/organization/remove-team-member", p.removeTeamMember, write,
			core.Doc("Remove a member from a team"))
	}
	if p.opts.DynamicAccessControl.Enabled {
		p.CreateRole = core.Post("createOrgRole", "/organization/create-role", p.createRole, write, core.Fails(http.StatusNotImplemented), core.Doc("Create a role"))
		p.DeleteRole = core.Post("deleteOrgRole", "/organization/delete-role", p.deleteRole, write, core.Fails(http.StatusNotImplemented), core.Doc("Delete a role"))
		p.ListRoles = core.Get("listOrgRoles", "/organization/list-roles", p.listRoles, read, core.Fails(http.StatusNotImplemented), core.Doc("List the roles of an organization"))
		p.GetRole = core.Get("getOrgRole", "/organization/get-role", p.getRole, read, core.Fails(http.StatusNotImplemented), core.Doc("Get a role"))
		p.UpdateRole = core.Post("updateOrgRole", "/organization/update-role", p.updateRole, write, core.Fails(http.StatusNotImplemented), core.Doc("Update a role"))
	}
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// Options returns the options of New, for tools that check a configuration.
func (p *Plugin) Options() Options { return p.opts }

// ID returns "organization".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	tables, extend, err := p.opts.tables()
	if err == nil {
		err = p.opts.check()
	}
	return core.Manifest{Tables: tables, Extend: extend, Errors: errorCodes(), Init: p.init, RateLimits: []ratelimit.PathRule{{
		Match: []ratelimit.Match{{Exact: "/organization/invite-member"}},
		Rule:  ratelimit.Rule{Window: time.Minute, Max: 60}, // a page that invites a whole list sends one request for each
	}}}, err
}

func (p *Plugin) init(_ context.Context, a *core.Auth) error {
	p.auth = a
	var err error
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
	return err
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
		"MembershipLimit": o.MembershipLimit, "InvitationLimit": o.InvitationLimit,
		"Teams.MaximumTeams": o.Teams.MaximumTeams, "Teams.MaximumMembersPerTeam": o.Teams.MaximumMembersPerTeam,
		"DynamicAccessControl.MaximumRolesPerOrganization": o.DynamicAccessControl.MaximumRolesPerOrganization,
	} {
		if n < 0 {
			return fmt.Errorf("Options.%s is negative: give a number, or 0 for the default", name)
		}
	}
	if o.ResendInterval > 0 && o.ResendInterval < time.Millisecond {
		return errors.New("Options.ResendInterval is less than a millisecond: give a longer one, or a negative one for none")
	}
	if o.InvitationExpiresIn < 0 {
		return errors.New("Options.InvitationExpiresIn is negative: give a duration, or 0 for 48 hours")
	}
	return nil
}
