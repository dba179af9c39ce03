package organization

import (
	"context"
	"errors"
	"fmt"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
)

// Hooks run before and after every write of the plugin. A before-hook may change what
// is written, or refuse with an error: a *core.Error is the answer, any other error a
// 500. It runs in the transaction of the write, which locks the organization's row, so
// it should be quick and must not call other systems. It runs again when the database
// restarts the transaction. A check-hook runs before the transaction, after the caller's
// permissions were checked and while nothing is locked: it is the place for remote calls.
// It refuses in the same way and changes nothing; the state that it sees can be
// outdated when the write comes. An after-hook runs after the transaction has been
// committed. Its *core.Error is the answer, any other error is logged, and the write
// stays in both cases. CtxFrom returns the call that a context belongs to.
type Hooks struct {
	CheckCreateOrganization func(ctx context.Context, e *OrganizationEvent) error
	CheckUpdateOrganization func(ctx context.Context, e *OrganizationUpdate) error
	CheckDeleteOrganization func(ctx context.Context, e *OrganizationEvent) error
	CheckAddMember          func(ctx context.Context, e *MemberEvent) error // not for the creator
	CheckRemoveMember       func(ctx context.Context, e *MemberEvent) error
	CheckUpdateMemberRole   func(ctx context.Context, e *MemberRoleEvent) error
	CheckLeave              func(ctx context.Context, e *MemberEvent) error
	CheckCreateInvitation   func(ctx context.Context, e *InvitationEvent) error // the Invitation has no ID yet
	CheckAcceptInvitation   func(ctx context.Context, e *InvitationEvent) error
	CheckRejectInvitation   func(ctx context.Context, e *InvitationEvent) error
	CheckCancelInvitation   func(ctx context.Context, e *InvitationEvent) error
	CheckCreateTeam         func(ctx context.Context, e *TeamEvent) error // not for the team that an organization begins with
	CheckUpdateTeam         func(ctx context.Context, e *TeamUpdate) error
	CheckDeleteTeam         func(ctx context.Context, e *TeamEvent) error
	CheckAddTeamMember      func(ctx context.Context, e *TeamMemberEvent) error
	CheckRemoveTeamMember   func(ctx context.Context, e *TeamMemberEvent) error

	BeforeCreateOrganization, AfterCreateOrganization func(ctx context.Context, e *OrganizationEvent) error
	BeforeUpdateOrganization, AfterUpdateOrganization func(ctx context.Context, e *OrganizationUpdate) error
	BeforeDeleteOrganization, AfterDeleteOrganization func(ctx context.Context, e *OrganizationEvent) error

	// The hooks of members run when an organization is created and when a member is
	// added by the server, not when an invitation is accepted, as in Better Auth
	// 1.6.
	BeforeAddMember, AfterAddMember               func(ctx context.Context, e *MemberEvent) error
	BeforeRemoveMember, AfterRemoveMember         func(ctx context.Context, e *MemberEvent) error
	BeforeUpdateMemberRole, AfterUpdateMemberRole func(ctx context.Context, e *MemberRoleEvent) error
	// The hooks of members who leave by themselves. Better Auth 1.6 has none.
	BeforeLeave, AfterLeave func(ctx context.Context, e *MemberEvent) error

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
	Member       *MemberUser // the user who updates
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
	User         *core.User // the user who invites, accepts, rejects or cancels
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

// AddHooks lets another plugin take part in what happens to organizations. Call it in
// the Init function of that plugin; it panics when core.New has ended. Hooks run in the
// order in which they were added, after those of the options. The first error of a check-
// or before-hook ends the write; after-hooks all run.
func (p *Plugin) AddHooks(more Hooks) {
	if p.auth != nil && p.auth.Ready() {
		panic("organization: AddHooks was called after core.New: call it in the Init function of your plugin")
	}
	h := &p.opts.Hooks
	chain(&h.CheckCreateOrganization, more.CheckCreateOrganization)
	chain(&h.CheckUpdateOrganization, more.CheckUpdateOrganization)
	chain(&h.CheckDeleteOrganization, more.CheckDeleteOrganization)
	chain(&h.CheckAddMember, more.CheckAddMember)
	chain(&h.CheckRemoveMember, more.CheckRemoveMember)
	chain(&h.CheckUpdateMemberRole, more.CheckUpdateMemberRole)
	chain(&h.CheckLeave, more.CheckLeave)
	chain(&h.CheckCreateInvitation, more.CheckCreateInvitation)
	chain(&h.CheckAcceptInvitation, more.CheckAcceptInvitation)
	chain(&h.CheckRejectInvitation, more.CheckRejectInvitation)
	chain(&h.CheckCancelInvitation, more.CheckCancelInvitation)
	chain(&h.CheckCreateTeam, more.CheckCreateTeam)
	chain(&h.CheckUpdateTeam, more.CheckUpdateTeam)
	chain(&h.CheckDeleteTeam, more.CheckDeleteTeam)
	chain(&h.CheckAddTeamMember, more.CheckAddTeamMember)
	chain(&h.CheckRemoveTeamMember, more.CheckRemoveTeamMember)

	chain(&h.BeforeCreateOrganization, more.BeforeCreateOrganization)
	chain(&h.BeforeUpdateOrganization, more.BeforeUpdateOrganization)
	chain(&h.BeforeDeleteOrganization, more.BeforeDeleteOrganization)
	chain(&h.BeforeAddMember, more.BeforeAddMember)
	chain(&h.BeforeRemoveMember, more.BeforeRemoveMember)
	chain(&h.BeforeUpdateMemberRole, more.BeforeUpdateMemberRole)
	chain(&h.BeforeLeave, more.BeforeLeave)
	chain(&h.BeforeCreateInvitation, more.BeforeCreateInvitation)
	chain(&h.BeforeAcceptInvitation, more.BeforeAcceptInvitation)
	chain(&h.BeforeRejectInvitation, more.BeforeRejectInvitation)
	chain(&h.BeforeCancelInvitation, more.BeforeCancelInvitation)
	chain(&h.BeforeCreateTeam, more.BeforeCreateTeam)
	chain(&h.BeforeUpdateTeam, more.BeforeUpdateTeam)
	chain(&h.BeforeDeleteTeam, more.BeforeDeleteTeam)
	chain(&h.BeforeAddTeamMember, more.BeforeAddTeamMember)
	chain(&h.BeforeRemoveTeamMember, more.BeforeRemoveTeamMember)

	chainAfter(&h.AfterCreateOrganization, more.AfterCreateOrganization)
	chainAfter(&h.AfterUpdateOrganization, more.AfterUpdateOrganization)
	chainAfter(&h.AfterDeleteOrganization, more.AfterDeleteOrganization)
	chainAfter(&h.AfterAddMember, more.AfterAddMember)
	chainAfter(&h.AfterRemoveMember, more.AfterRemoveMember)
	chainAfter(&h.AfterUpdateMemberRole, more.AfterUpdateMemberRole)
	chainAfter(&h.AfterLeave, more.AfterLeave)
	chainAfter(&h.AfterCreateInvitation, more.AfterCreateInvitation)
	chainAfter(&h.AfterAcceptInvitation, more.AfterAcceptInvitation)
	chainAfter(&h.AfterRejectInvitation, more.AfterRejectInvitation)
	chainAfter(&h.AfterCancelInvitation, more.AfterCancelInvitation)
	chainAfter(&h.AfterCreateTeam, more.AfterCreateTeam)
	chainAfter(&h.AfterUpdateTeam, more.AfterUpdateTeam)
	chainAfter(&h.AfterDeleteTeam, more.AfterDeleteTeam)
	chainAfter(&h.AfterAddTeamMember, more.AfterAddTeamMember)
	chainAfter(&h.AfterRemoveTeamMember, more.AfterRemoveTeamMember)
}

// chain makes a hook run before next; the first error ends it.
func chain[E any](hook *func(context.Context, *E) error, next func(context.Context, *E) error) {
	first := *hook
	if first == nil || next == nil {
		if first == nil {
			*hook = next
		}
		return
	}
	*hook = func(ctx context.Context, e *E) error {
		if err := first(ctx, e); err != nil {
			return err
		}
		return next(ctx, e)
	}
}

// chainAfter is chain for hooks that are told of a write: each is told.
func chainAfter[E any](hook *func(context.Context, *E) error, next func(context.Context, *E) error) {
	first := *hook
	if first == nil || next == nil {
		if first == nil {
			*hook = next
		}
		return
	}
	*hook = func(ctx context.Context, e *E) (err error) {
		// Also when the first panics.
		defer func() { err = errors.Join(err, next(ctx, e)) }()
		return first(ctx, e)
	}
}

// before runs a hook, if there is one.
func before[E any](ctx context.Context, hook func(context.Context, *E) error, e *E) error {
	if hook == nil {
		return nil
	}
	return hook(ctx, e)
}

// after tells a hook when the transaction of ctx has been committed.
func after[E any](ctx context.Context, a *core.Auth, hook func(context.Context, *E) error, e *E) error {
	if hook == nil {
		return nil
	}
	return a.Tell(ctx, fmt.Sprintf("the after-hook of an organization for %T", e), func(ctx context.Context) error { return hook(ctx, e) })
}
