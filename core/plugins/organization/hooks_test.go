package organization_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/schema"
)

// diary notes the hooks that have run.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) take() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := strings.Join(d.lines, " ")
	d.lines = nil
	return out
}

func note[E any](d *diary, name string) func(context.Context, *E) error {
	return func(ctx context.Context, e *E) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		if _, ok := core.CtxFrom(ctx); !ok {
			name += "(no call)"
		}
		d.lines = append(d.lines, name)
		return nil
	}
}

func noted(d *diary) organization.Hooks {
	return organization.Hooks{
		BeforeCreateOrganization: note[organization.OrganizationEvent](d, "-create"), AfterCreateOrganization: note[organization.OrganizationEvent](d, "+create"),
		BeforeUpdateOrganization: note[organization.OrganizationUpdate](d, "-update"), AfterUpdateOrganization: note[organization.OrganizationUpdate](d, "+update"),
		BeforeDeleteOrganization: note[organization.OrganizationEvent](d, "-delete"), AfterDeleteOrganization: note[organization.OrganizationEvent](d, "+delete"),
		BeforeAddMember: note[organization.MemberEvent](d, "-member"), AfterAddMember: note[organization.MemberEvent](d, "+member"),
		BeforeRemoveMember: note[organization.MemberEvent](d, "-remove"), AfterRemoveMember: note[organization.MemberEvent](d, "+remove"),
		BeforeUpdateMemberRole: note[organization.MemberRoleEvent](d, "-role"), AfterUpdateMemberRole: note[organization.MemberRoleEvent](d, "+role"),
		BeforeCreateInvitation: note[organization.InvitationEvent](d, "-invite"), AfterCreateInvitation: note[organization.InvitationEvent](d, "+invite"),
		BeforeAcceptInvitation: note[organization.InvitationEvent](d, "-accept"), AfterAcceptInvitation: note[organization.InvitationEvent](d, "+accept"),
		BeforeRejectInvitation: note[organization.InvitationEvent](d, "-reject"), AfterRejectInvitation: note[organization.InvitationEvent](d, "+reject"),
		BeforeCancelInvitation: note[organization.InvitationEvent](d, "-cancel"), AfterCancelInvitation: note[organization.InvitationEvent](d, "+cancel"),
		BeforeCreateTeam: note[organization.TeamEvent](d, "-team"), AfterCreateTeam: note[organization.TeamEvent](d, "+team"),
		BeforeUpdateTeam: note[organization.TeamUpdate](d, "-team-update"), AfterUpdateTeam: note[organization.TeamUpdate](d, "+team-update"),
		BeforeDeleteTeam: note[organization.TeamEvent](d, "-team-delete"), AfterDeleteTeam: note[organization.TeamEvent](d, "+team-delete"),
		BeforeAddTeamMember: note[organization.TeamMemberEvent](d, "-team-member"), AfterAddTeamMember: note[organization.TeamMemberEvent](d, "+team-member"),
		BeforeRemoveTeamMember: note[organization.TeamMemberEvent](d, "-team-remove"), AfterRemoveTeamMember: note[organization.TeamMemberEvent](d, "+team-remove"),
	}
}

func TestHooks(t *testing.T) {
	t.Parallel()
	d := &diary{}
	w := open(t, func(o *organization.Options) {
		everything(o)
		o.Hooks = noted(d)
	})
	ada, eve, bob := w.join("Ada"), w.join("Eve"), w.join("Bob")
	want := func(lines string) {
		t.Helper()
		if got := d.take(); got != lines {
			t.Errorf("hooks %q, want %q", got, lines)
		}
	}
	org := ada.found("acme")
	want("-create -member -team +member +team +create")
	ada.Post("/organization/create", body{"name": "x", "slug": "acme"}).Want(t, 400, "ORGANIZATION_ALREADY_EXISTS")
	want("")
	ada.Post("/organization/update", body{"data": body{"name": "B"}}).Want(t, 200, "")
	want("-update +update")
	id := ada.invite(org, eve, "member")
	want("-invite +invite")
	eve.Post("/organization/accept-invitation", body{"invitationId": id}).Want(t, 200, "")
	want("-accept +accept")
	ada.Post("/organization/cancel-invitation", body{"invitationId": ada.invite(org, bob, "member")}).Want(t, 200, "")
	bob.Post("/organization/reject-invitation", body{"invitationId": ada.invite(org, bob, "member")}).Want(t, 200, "")
	want("-invite +invite -cancel +cancel -invite +invite -reject +reject")
	ada.Post("/organization/update-member-role", body{"memberId": w.member(org, eve), "role": "admin"}).Want(t, 200, "")
	want("-role +role")
	team := ada.Post("/organization/create-team", body{"name": "T"}).Want(t, 200, "").JSON("id")
	ada.Post("/organization/update-team", body{"teamId": team, "data": body{"name": "U"}}).Want(t, 200, "")
	ada.Post("/organization/add-team-member", body{"teamId": team, "userId": eve.id}).Want(t, 200, "")
	ada.Post("/organization/remove-team-member", body{"teamId": team, "userId": eve.id}).Want(t, 200, "")
	ada.Post("/organization/remove-team", body{"teamId": team}).Want(t, 200, "")
	want("-team +team -team-update +team-update -team-member +team-member -team-remove +team-remove -team-delete +team-delete")
	ada.Post("/organization/remove-member", body{"memberIdOrEmail": eve.email}).Want(t, 200, "")
	want("-remove +remove")
	if _, err := w.org.Add(t.Context(), organization.NewMember{OrganizationID: org, UserID: eve.id, Roles: []string{"member"}}); err != nil {
		t.Fatal(err)
	}
	want("-member +member")
	eve.Post("/organization/leave", body{"organizationId": org}).Want(t, 200, "")
	want("")
	ada.Post("/organization/delete", body{"organizationId": org}).Want(t, 200, "")
	want("-delete +delete")
}

func TestHooksChangeWhatIsWritten(t *testing.T) {
	t.Parallel()
	w := open(t, func(o *organization.Options) {
		everything(o)
		o.Schema.Member.Fields = []schema.Field{{Name: "title", Type: schema.String, Optional: true}}
		h := &o.Hooks
		h.BeforeCreateOrganization = func(_ context.Context, e *organization.OrganizationEvent) error {
			e.Organization.ID, e.Organization.Name = "org-"+e.Organization.Slug, strings.ToUpper(e.Organization.Name)
			e.Organization.Metadata = []byte(`{"by":"` + e.User.Name + `"}`)
			return nil
		}
		h.BeforeUpdateOrganization = func(_ context.Context, e *organization.OrganizationUpdate) error {
			e.Set["name"] = e.Organization.Name + "!"
			return nil
		}
		h.BeforeAddMember = func(_ context.Context, e *organization.MemberEvent) error {
			e.Member.Extra["title"] = "Dr"
			return nil
		}
		h.BeforeCreateInvitation = func(_ context.Context, e *organization.InvitationEvent) error {
			e.Invitation.ExpiresAt = e.Invitation.CreatedAt.AddDate(0, 0, 7)
			return nil
		}
		h.BeforeUpdateMemberRole = func(_ context.Context, e *organization.MemberRoleEvent) error {
			e.NewRole += ",member"
			return nil
		}
		h.BeforeCreateTeam = func(_ context.Context, e *organization.TeamEvent) error {
			e.Team.Name = "team " + e.Team.Name
			return nil
		}
		h.BeforeUpdateTeam = func(_ context.Context, e *organization.TeamUpdate) error {
			e.Set["name"] = "new " + e.Team.Name
			return nil
		}
	})
	ada, eve := w.join("Ada"), w.join("Eve")
	made := ada.Post("/organization/create", body{"name": "acme", "slug": "acme"}).Want(t, 200, "")
	if made.JSON("id") != "org-acme" || made.JSON("name") != "ACME" || made.JSON("metadata") != `{"by":"Ada"}` || !strings.Contains(made.Body, `"title":"Dr"`) {
		t.Errorf("%s", made.Body)
	}
	if got := ada.Post("/organization/update", body{"data": body{"name": "x"}}).JSON("name"); got != "ACME!" {
		t.Errorf("%q", got)
	}
	id := ada.invite("org-acme", eve, "member")
	w.Clock.Add(6 * 24 * 3600 * 1e9)
	eve.Post("/organization/accept-invitation", body{"invitationId": id}).Want(t, 200, "")
	if got := ada.Post("/organization/update-member-role", body{"memberId": w.member("org-acme", eve), "role": "admin"}).JSON("role"); got != "admin,member" {
		t.Errorf("%q", got)
	}
	teams := ada.Get("/organization/list-teams").Want(t, 200, "")
	if !strings.Contains(teams.Body, `"name":"team ACME"`) {
		t.Errorf("%s", teams.Body)
	}
	if got := ada.Post("/organization/update-team", body{"teamId": ada.session("activeTeamId"), "data": body{}}).JSON("name"); got != "new team ACME" {
		t.Errorf("%q", got)
	}
}

func TestHooksRefuse(t *testing.T) {
	t.Parallel()
	refusal := core.Fail(402, core.ErrorCode{Code: "PAY_FIRST", Message: "Pay first"})
	refuse := false
	w := open(t, func(o *organization.Options) {
		everything(o)
		o.Hooks.BeforeAddMember = func(context.Context, *organization.MemberEvent) error {
			if refuse {
				return refusal
			}
			return nil
		}
		o.Hooks.BeforeAcceptInvitation = func(context.Context, *organization.InvitationEvent) error { return refusal }
		o.Hooks.BeforeDeleteOrganization = func(context.Context, *organization.OrganizationEvent) error { return errors.New("broken") }
		o.Hooks.AfterUpdateOrganization = func(context.Context, *organization.OrganizationUpdate) error { return refusal }
	})
	ada, eve := w.join("Ada"), w.join("Eve")
	org := ada.found("acme")
	before := w.dump()
	refuse = true
	ada.Post("/organization/create", body{"name": "x", "slug": "x"}).Want(t, 402, "PAY_FIRST")
	ada.Post("/organization/delete", body{"organizationId": org}).Want(t, 500, "INTERNAL_SERVER_ERROR")
	if got := w.dump(); got != before {
		t.Errorf("rows have changed:\n%s\n%s", before, got)
	}
	id := ada.invite(org, eve, "member")
	eve.Post("/organization/accept-invitation", body{"invitationId": id}).Want(t, 402, "PAY_FIRST")
	if w.count("member") != 1 || w.count("invitation", adapter.Cond{Field: "status", Value: "pending"}) != 1 {
		t.Error("a refused acceptance was kept")
	}
	// An after-hook comes too late to undo anything.
	ada.Post("/organization/update", body{"data": body{"name": "B"}}).Want(t, 402, "PAY_FIRST")
	if !strings.Contains(ada.Get("/organization/list").Body, `"name":"B"`) {
		t.Error("the update was undone")
	}
}

func TestOptionFunctions(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	var asked []string
	ask := func(name string) { asked = append(asked, name) }
	w := open(t, func(o *organization.Options) {
		everything(o)
		o.AllowUserToCreateOrganization = func(_ context.Context, u *core.User) (bool, error) {
			ask("allow")
			return u.Name != "Mallory", nil
		}
		o.OrganizationLimitReached = func(_ context.Context, u *core.User) (bool, error) { ask("organizations"); return u.Name == "Bob", nil }
		o.MembershipLimitFunc = func(_ context.Context, u *core.User, org *organization.Organization) (int, error) {
			ask("members " + u.Name + " " + org.Slug)
			if org.Slug == "broken" {
				return 0, broken
			}
			return 2, nil
		}
		o.InvitationLimitFunc = func(_ context.Context, r organization.InvitationLimitRequest) (int, error) {
			ask("invitations " + r.User.Name + " " + r.Organization.Slug + " " + r.Member.Role)
			return 1, nil
		}
		o.Teams.MaximumTeamsFunc = func(_ context.Context, _ string, s *core.SessionData) (int, error) { ask("teams"); return 2, nil }
		o.Teams.MaximumMembersPerTeamFunc = func(_ context.Context, r organization.TeamLimitRequest) (int, error) { ask("team"); return 1, nil }
		o.DynamicAccessControl.MaximumRolesPerOrganizationFunc = func(context.Context, string) (int, error) { ask("roles"); return 0, nil }
	})
	ada, eve, bob, mallory := w.join("Ada"), w.join("Eve"), w.join("Bob"), w.join("Mallory")
	mallory.Post("/organization/create", body{"name": "x", "slug": "x"}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_ORGANIZATION")
	bob.Post("/organization/create", body{"name": "x", "slug": "x"}).Want(t, 403, "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS")
	if _, err := w.org.CreateFor(t.Context(), organization.NewOrganization{Name: "x", Slug: "theirs", UserID: mallory.id}); err != nil {
		t.Errorf("the server may: %v", err)
	}
	org := ada.found("acme")
	id := ada.invite(org, eve, "member")
	ada.Post("/organization/invite-member", body{"email": bob.email, "role": "member"}).Want(t, 403, "INVITATION_LIMIT_REACHED")
	eve.Post("/organization/accept-invitation", body{"invitationId": id}).Want(t, 200, "")
	bob.Post("/organization/accept-invitation", body{"invitationId": ada.invite(org, bob, "member")}).Want(t, 403, "ORGANIZATION_MEMBERSHIP_LIMIT_REACHED")
	ada.Post("/organization/create-team", body{"name": "T"}).Want(t, 200, "")
	ada.Post("/organization/create-team", body{"name": "T"}).Want(t, 400, "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_TEAMS")
	ada.Post("/organization/add-team-member", body{"teamId": ada.session("activeTeamId"), "userId": eve.id}).Want(t, 403, "TEAM_MEMBER_LIMIT_REACHED")
	ada.Post("/organization/create-role", body{"role": "x", "permission": body{}}).Want(t, 400, "TOO_MANY_ROLES")
	for _, want := range []string{"allow", "organizations", "members Eve acme", "invitations Ada acme owner", "teams", "team", "roles"} {
		if !slices.Contains(asked, want) {
			t.Errorf("nobody asked for %q: %q", want, asked)
		}
	}
	sick := ada.found("broken")
	_, err := w.org.Add(t.Context(), organization.NewMember{OrganizationID: sick, UserID: eve.id, Roles: []string{"member"}})
	if !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	t.Run("creator role", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(o *organization.Options) { o.CreatorRole, o.AllowRolesAboveOwn = "admin", true })
		ada, eve := w.join("Ada"), w.join("Eve")
		org := ada.found("acme")
		if got := ada.Get("/organization/get-active-member-role").JSON("role"); got != "admin" {
			t.Errorf("role %q", got)
		}
		ada.Post("/organization/leave", body{"organizationId": org}).Want(t, 400, onlyOwner)
		ada.enrol(org, eve, "owner") // a role like any other here
		eve.Post("/organization/remove-member", body{"memberIdOrEmail": ada.email}).Want(t, 400, onlyOwner)
	})
	t.Run("a creator's role that is no role", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(o *organization.Options) { o.CreatorRole, o.AllowRolesAboveOwn = "founder", true; everything(o) })
		ada, eve := w.join("Ada"), w.join("Eve")
		org := ada.found("acme")
		ada.Post("/organization/update", body{"data": body{"name": "B"}}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_ORGANIZATION")
		m, err := w.org.Add(t.Context(), organization.NewMember{OrganizationID: org, UserID: eve.id, Roles: []string{"member"}})
		if err != nil {
			t.Fatal(err)
		}
		ada.Post("/organization/update-member-role", body{"memberId": m.ID, "role": "admin"}).Want(t, 200, "") // creators always may
		ada.Post("/organization/create-role", body{"role": "founder", "permission": body{}}).Want(t, 400, "ROLE_NAME_IS_ALREADY_TAKEN")
	})
	t.Run("nobody creates organizations", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(o *organization.Options) { o.AllowUserToCreateOrganization = organization.Nobody })
		w.join("Ada").Post("/organization/create", body{"name": "x", "slug": "x"}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_NEW_ORGANIZATION")
	})
	t.Run("no deletion", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(o *organization.Options) { o.DisableOrganizationDeletion = true })
		ada := w.join("Ada")
		ada.Post("/organization/delete", body{"organizationId": ada.found("acme")}).Want(t, 404, "ORGANIZATION_DELETION_DISABLED")
	})
	t.Run("re-invitation cancels", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(o *organization.Options) {
			o.CancelPendingInvitationsOnReInvite, o.InvitationExpiresIn = true, 3600*1e9
		})
		ada, eve := w.join("Ada"), w.join("Eve")
		org := ada.found("acme")
		first := ada.invite(org, eve, "member")
		second := ada.invite(org, eve, "admin")
		eve.Post("/organization/accept-invitation", body{"invitationId": first}).Want(t, 400, "INVITATION_NOT_FOUND")
		w.Clock.Add(3600 * 1e9)
		eve.Post("/organization/accept-invitation", body{"invitationId": second}).Want(t, 200, "")
	})
	t.Run("no default team, a made one, all removed", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(o *organization.Options) { everything(o); o.Teams.DefaultTeam.Disabled = true })
		ada := w.join("Ada")
		ada.found("acme")
		w.want("team", 0)
		if got := ada.session("activeTeamId"); got != "null" {
			t.Errorf("active team %q", got)
		}
		var made *world
		made = open(t, func(o *organization.Options) {
			everything(o)
			o.Teams.AllowRemovingAllTeams = true
			o.Teams.DefaultTeam.Create = func(ctx context.Context, org *organization.Organization) (*organization.Team, error) {
				return made.org.CreateTeam.Call(ctx, &organization.CreateTeamInput{Name: "made", OrganizationID: &org.ID})
			}
		})
		bob := made.join("Bob")
		bob.found("acme")
		team := bob.session("activeTeamId")
		if got := bob.Get("/organization/list-teams").JSON("0"); !strings.Contains(bob.Get("/organization/list-teams").Body, `"name":"made"`) {
			t.Errorf("%s", got)
		}
		bob.Post("/organization/set-active-team", body{"teamId": nil}).Want(t, 200, "")
		bob.Post("/organization/remove-team", body{"teamId": team}).Want(t, 200, "")
		made.want("team", 0)
	})
	t.Run("dynamic roles without a Control", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(o *organization.Options) { o.DynamicAccessControl.Enabled = true })
		ada := w.join("Ada")
		ada.found("acme")
		ada.Post("/organization/create-role", body{"role": "x", "permission": body{}}).Want(t, 501, "MISSING_AC_INSTANCE")
		ada.Post("/organization/update-role", body{"roleName": "x", "data": body{}}).Want(t, 501, "MISSING_AC_INSTANCE")
	})
	t.Run("a dynamic role that nobody can read", func(t *testing.T) {
		t.Parallel()
		w := open(t, everything)
		ada, eve := w.join("Ada"), w.join("Eve")
		org := ada.found("acme")
		ada.enrol(org, eve, "member")
		for i, permission := range []string{"", "null", "[]", `{"ac":"read"}`, "{"} {
			name := string(rune('a' + i))
			_, err := w.Auth.DB().Create(t.Context(), "organizationRole", adapter.Record{"organizationId": org, "role": name, "permission": permission})
			if err != nil {
				t.Fatal(err)
			}
			ada.Post("/organization/update-member-role", body{"memberId": w.member(org, eve), "role": name}).Want(t, 200, "")
			a := eve.Post("/organization/has-permission", body{"organizationId": org, "permissions": body{"ac": []string{"read"}}}).Want(t, 200, "")
			if a.JSON("success") != "false" {
				t.Errorf("%q: %s", permission, a.Body)
			}
		}
		ada.Get("/organization/list-roles").Want(t, 200, "")
	})
	t.Run("a required logo", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(o *organization.Options) {
			o.Schema.Organization.Fields = []schema.Field{{Name: "logo", Type: schema.String}}
		})
		ada := w.join("Ada")
		ada.Post("/organization/create", body{"name": "x", "slug": "x"}).Want(t, 400, "VALIDATION_ERROR")
		ada.Post("/organization/create", body{"name": "x", "slug": "x", "logo": "l"}).Want(t, 200, "")
	})
	t.Run("the cookie cache follows the active organization", func(t *testing.T) {
		t.Parallel()
		w := open(t, everything, func(o *core.Options) { o.Session.CookieCache.Enabled = true })
		ada := w.join("Ada")
		org := ada.found("acme")
		cached := func() string { return ada.Get("/get-session").JSON("session", "activeOrganizationId") }
		if got := cached(); got != org {
			t.Errorf("after create: %q", got)
		}
		ada.Post("/organization/set-active", body{"organizationId": nil}).Want(t, 200, "")
		if got := cached(); got != "null" {
			t.Errorf("after set-active: %q", got)
		}
	})
}
