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
	return p
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
		Operations: p.operations(),
		Tables:     tables, Extend: extend,
		Errors: errorCodes(),
		Init:   p.init,
	}
}

func (p *Plugin) operations() []core.Operation { return nil }

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
