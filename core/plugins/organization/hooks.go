package organization

import (
	"context"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
)

// Hooks run before and after everything that the plugin writes. A before-hook may
// change what is written, or refuse with an error: a *core.Error is the answer,
// anything else a 500. It runs in the transaction of the write, which holds the
// organization's row: it should be quick, and may run again where a database makes a
// transaction begin anew. An after-hook runs when the transaction has
// been committed; an error of it reaches the caller, and the write stays. CtxFrom
// gives the call that a context belongs to.
type Hooks struct {
	BeforeCreateOrganization, AfterCreateOrganization func(ctx context.Context, e *OrganizationEvent) error
	BeforeUpdateOrganization, AfterUpdateOrganization func(ctx context.Context, e *OrganizationUpdate) error
	BeforeDeleteOrganization, AfterDeleteOrganization func(ctx context.Context, e *OrganizationEvent) error

	// The hooks of members run when an organization is created and when a member is
	// added by the server, not when an invitation is accepted, as in 1.6.11.
	BeforeAddMember, AfterAddMember               func(ctx context.Context, e *MemberEvent) error
	BeforeRemoveMember, AfterRemoveMember         func(ctx context.Context, e *MemberEvent) error
	BeforeUpdateMemberRole, AfterUpdateMemberRole func(ctx context.Context, e *MemberRoleEvent) error

	BeforeCreateInvitation, AfterCreateInvitation func(ctx context.Context, e *InvitationEvent) error
	BeforeAcceptInvitation, AfterAcceptInvitation func(ctx context.Context, e *InvitationEvent) error
	BeforeRejectInvitation, AfterRejectInvitation func(ctx context.Context, e *InvitationEvent) error
	BeforeCancelInvitation, AfterCancelInvitation func(ctx context.Context, e *InvitationEvent) error

	BeforeCreateTeam, AfterCreateTeam             func(ctx context.Context, e *TeamEvent) error
	BeforeUpdateTeam, AfterUpdateTeam             func(ctx context.Context, e *TeamUpdate) error
	BeforeDeleteTeam, AfterDeleteTeam             func(ctx context.Context, e *TeamEvent) error
	BeforeAddTeamMember, AfterAddTeamMember       func(ctx context.Context, e *TeamMemberEvent) error
	BeforeRemoveTeamMember, AfterRemoveTeamMember func(ctx context.Context, e *TeamMemberEvent) error
}

// OrganizationEvent is about an organization. Before it is created, Organization may
// be changed, its ID included.
type OrganizationEvent struct {
	Organization *Organization
	User         *core.User
	Member       *Member // the creator, after the creation
}

// OrganizationUpdate is about changed fields of an organization. A before-hook sees
// the organization as it was and may change Set, which has metadata as JSON text.
type OrganizationUpdate struct {
	Organization *Organization
	Set          adapter.Record
	User         *core.User
	Member       *MemberUser // who updates
}

// MemberEvent is about a member. Before it is added, Member may be changed.
type MemberEvent struct {
	Member       *Member
	User         *core.User // of the member
	Organization *Organization
}

// MemberRoleEvent is about a member's role. A before-hook may change NewRole.
type MemberRoleEvent struct {
	Member       *Member
	NewRole      string
	PreviousRole string
	User         *core.User // of the member
	Organization *Organization
}

// InvitationEvent is about an invitation. Before it is created, Invitation may be
// changed.
type InvitationEvent struct {
	Invitation   *Invitation
	User         *core.User // who invites, accepts, rejects or cancels
	Organization *Organization
	Member       *Member // the new one, after an invitation was accepted
}

// TeamEvent is about a team. Before it is created, Team may be changed.
type TeamEvent struct {
	Team         *Team
	User         *core.User // nil when the server acts
	Organization *Organization
}

// TeamUpdate is about changed fields of a team. A before-hook may change Set.
type TeamUpdate struct {
	Team         *Team
	Set          adapter.Record
	User         *core.User
	Organization *Organization
}

// TeamMemberEvent is about a member of a team.
type TeamMemberEvent struct {
	TeamMember   *TeamMember
	Team         *Team
	User         *core.User // of the member
	Organization *Organization
}

// before runs a hook, if there is one.
func before[E any](ctx context.Context, hook func(context.Context, *E) error, e *E) error {
	if hook == nil {
		return nil
	}
	return hook(ctx, e)
}

// after runs a hook when the transaction of ctx has been committed.
func after[E any](ctx context.Context, hook func(context.Context, *E) error, e *E) error {
	if hook == nil {
		return nil
	}
	return core.AfterCommit(ctx, func(ctx context.Context) error { return hook(ctx, e) })
}
