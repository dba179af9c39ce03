package organization_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/organization"
)

// outsider changes rows of everybody from another goroutine, as a remote call does that
// ends in a webhook. Where a function of the application runs in a lock, it waits for
// ever.
type outsider struct {
	w      *world
	mu     sync.Mutex
	told   []string
	refuse string // the name that is refused
}

// everybody matches all rows.
var everybody = adapter.Where{{Field: "id", Op: adapter.Ne, Value: ""}}

var errPayFirst = core.Fail(http.StatusPaymentRequired, core.ErrorCode{Code: "PAY_FIRST", Message: "Pay first"})

func (x *outsider) call(name string) error {
	x.mu.Lock()
	x.told = append(x.told, name)
	refused := x.refuse == name
	x.mu.Unlock()
	done := make(chan error)
	go func() {
		// The transaction changes rows of both kinds that the plugin locks.
		done <- x.w.Auth.Store().Tx(context.Background(), func(ctx context.Context) error {
			for _, model := range []string{"user", "organization"} {
				if _, err := x.w.Auth.DB().UpdateMany(ctx, model, everybody, adapter.Record{"name": "changed by " + name}); err != nil {
					return err
				}
			}
			return nil
		})
	}()
	if err := <-done; err != nil {
		return err
	}
	if refused {
		return errPayFirst
	}
	return nil
}

func hook[E any](x *outsider, name string) func(context.Context, *E) error {
	return func(context.Context, *E) error { return x.call(name) }
}

func TestFunctionsOfTheApplicationLockNothing(t *testing.T) {
	t.Parallel()
	x := &outsider{}
	limit := func(name string) (int, error) { return 50, x.call(name) }
	w := open(t, func(o *organization.Options) {
		everything(o)
		o.AllowUserToCreateOrganization = func(context.Context, *core.User) (bool, error) { return true, x.call("allow") }
		o.OrganizationLimitReached = func(context.Context, *core.User) (bool, error) { return false, x.call("organizations") }
		o.MembershipLimitFunc = func(context.Context, *core.User, *organization.Organization) (int, error) { return limit("members") }
		o.InvitationLimitFunc = func(context.Context, organization.InvitationLimitRequest) (int, error) { return limit("invitations") }
		o.Teams.MaximumTeamsFunc = func(context.Context, string, *core.SessionData) (int, error) { return limit("teams") }
		o.Teams.MaximumMembersPerTeamFunc = func(context.Context, organization.TeamLimitRequest) (int, error) { return limit("team") }
		o.DynamicAccessControl.MaximumRolesPerOrganizationFunc = func(context.Context, string) (int, error) { return limit("roles") }
		o.Hooks = organization.Hooks{
			CheckCreateOrganization: hook[organization.OrganizationEvent](x, "create?"),
			CheckUpdateOrganization: hook[organization.OrganizationUpdate](x, "update?"),
			CheckDeleteOrganization: hook[organization.OrganizationEvent](x, "delete?"),
			CheckAddMember:          hook[organization.MemberEvent](x, "add?"),
			CheckRemoveMember:       hook[organization.MemberEvent](x, "remove?"),
			CheckUpdateMemberRole:   hook[organization.MemberRoleEvent](x, "role?"),
			CheckLeave:              hook[organization.MemberEvent](x, "leave?"),
			CheckCreateInvitation:   hook[organization.InvitationEvent](x, "invite?"),
			CheckAcceptInvitation:   hook[organization.InvitationEvent](x, "accept?"),
			CheckRejectInvitation:   hook[organization.InvitationEvent](x, "reject?"),
			CheckCancelInvitation:   hook[organization.InvitationEvent](x, "cancel?"),
			CheckCreateTeam:         hook[organization.TeamEvent](x, "new team?"),
			CheckUpdateTeam:         hook[organization.TeamUpdate](x, "rename team?"),
			CheckDeleteTeam:         hook[organization.TeamEvent](x, "delete team?"),
			CheckAddTeamMember:      hook[organization.TeamMemberEvent](x, "into team?"),
			CheckRemoveTeamMember:   hook[organization.TeamMemberEvent](x, "out of team?"),
		}
	})
	x.w = w
	ada, eve, bob := w.join("Ada"), w.join("Eve"), w.join("Bob")
	// step sends a request that each named function is asked about, refuses it in the name
	// of each, and lets it pass at last.
	step := func(who *person, path string, b body, names ...string) string {
		t.Helper()
		for _, name := range names {
			x.refuse = name
			who.Post("/organization/"+path, b).Want(t, 402, "PAY_FIRST")
		}
		x.refuse, x.told = "", nil
		a := who.Post("/organization/"+path, b).Want(t, 200, "")
		if !slices.Equal(x.told, names) {
			t.Errorf("%s asked %q, want %q", path, x.told, names)
		}
		return a.JSON("id")
	}
	org := step(ada, "create", body{"name": "acme", "slug": "acme"}, "allow", "organizations", "create?")
	step(ada, "update", body{"data": body{"name": "b"}}, "update?")
	team := step(ada, "create-team", body{"name": "T"}, "teams", "new team?")
	step(ada, "update-team", body{"teamId": team, "data": body{"name": "U"}}, "rename team?")
	step(ada, "create-role", body{"role": "x", "permission": body{}}, "roles")
	step(ada, "cancel-invitation", body{"invitationId": step(ada, "invite-member", body{"email": eve.email, "role": "member"}, "invitations", "invite?")}, "cancel?")
	step(eve, "reject-invitation", body{"invitationId": step(ada, "invite-member", body{"email": eve.email, "role": "member"}, "invitations", "invite?")}, "reject?")
	step(eve, "accept-invitation", body{"invitationId": step(ada, "invite-member", body{"email": eve.email, "role": "member", "teamId": team}, "invitations", "team", "invite?")}, "members", "team", "accept?")
	step(ada, "update-member-role", body{"memberId": w.member(org, eve), "role": "admin"}, "role?")
	step(ada, "remove-team-member", body{"teamId": team, "userId": eve.id}, "out of team?")
	step(ada, "add-team-member", body{"teamId": team, "userId": eve.id}, "team", "into team?")
	x.told = nil
	if _, err := w.org.Add(t.Context(), organization.NewMember{OrganizationID: org, UserID: bob.id, Roles: []string{"member"}, TeamID: team}); err != nil || strings.Join(x.told, " ") != "members team add?" {
		t.Errorf("add: %v, asked %q", err, x.told)
	}
	step(bob, "leave", body{"organizationId": org}, "leave?")
	step(ada, "remove-member", body{"memberIdOrEmail": eve.email}, "remove?")
	step(ada, "remove-team", body{"teamId": team}, "delete team?")
	step(ada, "delete", body{"organizationId": org}, "delete?")
	// Nobody whom the plugin refuses gets a function of the application asked.
	org = ada.found("beta")
	ada.enrol(org, eve, "member")
	x.told = nil
	eve.Post("/organization/update", body{"organizationId": org, "data": body{"name": "b"}}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION")
	eve.Post("/organization/create-team", body{"organizationId": org, "name": "T"}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_CREATE_TEAMS_IN_THIS_ORGANIZATION")
	eve.Post("/organization/create-role", body{"organizationId": org, "role": "y", "permission": body{}}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_ROLE")
	eve.Post("/organization/update-member-role", body{"organizationId": org, "memberId": w.member(org, ada), "role": "member"}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER")
	if len(x.told) > 0 {
		t.Errorf("asked %q", x.told)
	}
}

func TestLeaveHooks(t *testing.T) {
	t.Parallel()
	var ran []string
	say := func(what string, err error) func(context.Context, *organization.MemberEvent) error {
		return func(_ context.Context, e *organization.MemberEvent) error {
			ran = append(ran, what+" "+e.User.Name+" "+e.Member.Role+" "+e.Organization.Slug)
			if e.Organization.Slug == "kept" {
				return err
			}
			return nil
		}
	}
	w := open(t, func(o *organization.Options) {
		o.Hooks.BeforeLeave, o.Hooks.AfterLeave = say("before", errPayFirst), say("after", nil)
	})
	ada, eve := w.join("Ada"), w.join("Eve")
	kept, acme := ada.found("kept"), ada.found("acme")
	ada.enrol(kept, eve, "member")
	ada.enrol(acme, eve, "member")
	eve.Post("/organization/leave", body{"organizationId": kept}).Want(t, 402, "PAY_FIRST")
	eve.Post("/organization/leave", body{"organizationId": acme}).Want(t, 200, "")
	ada.Post("/organization/leave", body{"organizationId": acme}).Want(t, 400, onlyOwner)
	if got := strings.Join(ran, ", "); got != "before Eve member kept, before Eve member acme, after Eve member acme" {
		t.Errorf("ran %q", got)
	}
	if n := w.count("member"); n != 3 {
		t.Errorf("%d members", n)
	}
}
