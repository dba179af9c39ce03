package organization_test

import (
	"errors"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/wire"
)

func TestGuards(t *testing.T) {
	t.Parallel()
	w := open(t, everything)
	ada, eve, mallory := w.join("Ada"), w.join("Eve"), w.join("Mallory")
	org := ada.found("acme")
	ada.enrol(org, eve, "member")
	create := w.org.RequirePermission(access.Permissions{"project": {"create"}})
	for name, tc := range map[string]struct {
		who    *person
		guard  core.Guard
		status int
		code   string
	}{
		"nobody":                          {&person{Client: w.Client(), w: w}, w.org.RequireMember(), 401, "UNAUTHORIZED"},
		"no active organization":          {mallory, w.org.RequireMember(), 400, "NO_ACTIVE_ORGANIZATION"},
		"member":                          {eve, w.org.RequireMember(), 0, ""},
		"owner has the permission":        {ada, create, 0, ""},
		"member lacks it":                 {eve, create, 403, "MISSING_PERMISSION"},
		"stranger lacks it":               {mallory, create, 400, "NO_ACTIVE_ORGANIZATION"},
		"ORG-11 asking for nothing":       {ada, w.org.RequirePermission(nil), 403, "MISSING_PERMISSION"},
		"ORG-11 asking for an empty list": {ada, w.org.RequirePermission(access.Permissions{"project": {}}), 403, "MISSING_PERMISSION"},
		"one of two permissions":          {ada, w.org.RequirePermission(access.Permissions{"project": {"create", "delete"}}), 403, "MISSING_PERMISSION"},
		"one of two roles":                {eve, w.org.RequireRole("owner", "member"), 0, ""},
		"another role":                    {eve, w.org.RequireRole("owner", "admin"), 403, "MISSING_PERMISSION"},
		"no role at all":                  {ada, w.org.RequireRole(), 403, "MISSING_PERMISSION"},
	} {
		got := core.Check(tc.who.attached(), tc.guard)
		if got == nil && tc.status != 0 || got != nil && (got.Status != tc.status || got.Code != tc.code) {
			t.Errorf("%s: %v", name, got)
		}
	}
	// Later grants and revocations count at once.
	ada.Post("/organization/create-role", body{"role": "maker", "permission": body{"project": []string{"create"}}}).Want(t, 200, "")
	ada.Post("/organization/update-member-role", body{"memberId": w.member(org, eve), "role": "maker"}).Want(t, 200, "")
	if err := core.Check(eve.attached(), create, w.org.RequireMember()); err != nil {
		t.Errorf("with a dynamic role: %v", err)
	}
	ada.Post("/organization/update-role", body{"roleName": "maker", "data": body{"permission": body{}}}).Want(t, 200, "")
	if err := core.Check(eve.attached(), create); err == nil {
		t.Error("with a dynamic role that grants nothing any more")
	}
	ada.Post("/organization/remove-member", body{"memberIdOrEmail": eve.email}).Want(t, 200, "")
	if err := core.Check(eve.attached(), w.org.RequireMember()); err == nil || err.Code != "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION" {
		t.Errorf("removed: %v", err)
	}
}

func TestTypedAPI(t *testing.T) {
	t.Parallel()
	w := open(t, everything)
	ctx := t.Context()
	ada, eve := w.join("Ada"), w.join("Eve")
	org, ok := organization.From(w.Auth)
	if !ok || org != w.org {
		t.Fatal("From does not find the plugin")
	}
	logo, metadata := "https://example.com/a.png", wire.NewObject(wire.Member{Name: "plan", Value: wire.String("pro")})
	made, err := org.CreateFor(ctx, organization.NewOrganization{Name: "Acme", Slug: "acme", Logo: &logo, Metadata: metadata, UserID: ada.id})
	if err != nil || made.Name != "Acme" || *made.Logo != logo || string(made.Metadata) != `{"plan":"pro"}` {
		t.Fatalf("%+v, %v", made, err)
	}
	if got := ada.session("activeOrganizationId"); got != "null" {
		t.Errorf("the server has changed a session: %q", got)
	}
	_, err = org.CreateFor(ctx, organization.NewOrganization{Name: "Acme", Slug: "b", UserID: "nobody"})
	if !errors.Is(err, core.Fail(401, core.CodeUnauthorized)) {
		t.Errorf("for nobody: %v", err)
	}
	m, err := org.Add(ctx, organization.NewMember{OrganizationID: made.ID, UserID: eve.id, Roles: []string{"admin", "member"}})
	if err != nil || m.Role != "admin,member" || len(m.Roles()) != 2 {
		t.Fatalf("%+v, %v", m, err)
	}
	for want, n := range map[core.ErrorCode]organization.NewMember{
		organization.CodeUserIsAlreadyAMemberOfThisOrganization: {OrganizationID: made.ID, UserID: eve.id, Roles: []string{"member"}},
		core.CodeUserNotFound:                 {OrganizationID: made.ID, UserID: "nobody", Roles: []string{"member"}},
		organization.CodeOrganizationNotFound: {OrganizationID: "nowhere", UserID: eve.id, Roles: []string{"member"}},
		organization.CodeNoActiveOrganization: {UserID: eve.id, Roles: []string{"member"}},
		organization.CodeTeamNotFound:         {OrganizationID: made.ID, UserID: w.unverified("Bob").id, Roles: []string{"member"}, TeamID: "nowhere"},
	} {
		if _, err := org.Add(ctx, n); !errors.Is(err, core.Fail(400, want)) {
			t.Errorf("%+v: %v, want %s", n, err, want.Code)
		}
	}
	if got, err := org.Organization(ctx, made.ID); err != nil || got.Slug != "acme" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := org.OrganizationBySlug(ctx, "acme"); err != nil || got.ID != made.ID {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := org.Organizations(ctx, eve.id); err != nil || len(got) != 1 || got[0].ID != made.ID {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := org.Memberships(ctx, eve.id); err != nil || len(got) != 1 || got[0].ID != m.ID {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := org.Members(ctx, made.ID); err != nil || len(got) != 2 || got[1].User.Email != eve.email {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := org.Membership(ctx, ada.id, made.ID); err != nil || got.Role != "owner" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := org.Membership(ctx, ada.id, "nowhere"); !core.IsNotFound(err) {
		t.Errorf("%v", err)
	}
	for who, want := range map[string]bool{ada.id: true, eve.id: false, "nobody": false} {
		if got, err := org.Can(ctx, who, made.ID, access.Permissions{"project": {"share"}}); got != want || err != nil {
			t.Errorf("%s: %v, %v", who, got, err)
		}
	}
	eve.Post("/organization/set-active", body{"organizationSlug": "acme"}).Want(t, 200, "")
	if got, err := org.ActiveOrganization(eve.attached()); err != nil || got.ID != made.ID {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := org.ActiveMember(eve.attached()); err != nil || got.ID != m.ID {
		t.Errorf("%+v, %v", got, err)
	}
	s, _ := core.SessionFrom(eve.attached())
	if id, ok := organization.ActiveOrganizationID.Of(s.Session.Extra); !ok || id != made.ID {
		t.Errorf("%q", id)
	}
	team, err := org.CreateTeam.Call(ctx, &organization.CreateTeamInput{Name: "Crew", OrganizationID: &made.ID})
	if err != nil || team.Name != "Crew" {
		t.Errorf("%+v, %v", team, err)
	}
	invitations, err := org.ListUserInvitations.Call(ctx, &organization.UserInvitationsInput{Email: &eve.email})
	if err != nil || len(invitations) != 0 {
		t.Errorf("%v, %v", invitations, err)
	}
	// On behalf of somebody.
	reply, err := org.HasPermission.Call(ctx, &organization.HasPermissionInput{Permissions: access.Permissions{"member": {"create"}}},
		core.WithHeader(core.Fields{{Name: "Cookie", Value: eve.CookieHeader()}}))
	if err != nil || !reply.Success {
		t.Errorf("%+v, %v", reply, err)
	}
	if _, err := org.RemoveTeam.Call(ctx, &organization.TeamInput{TeamID: team.ID, OrganizationID: &made.ID}); err != nil {
		t.Error(err)
	}
}

// TestMayUse is what other plugins ask, and how they clean up.
func TestMayUse(t *testing.T) {
	t.Parallel()
	w := open(t, everything)
	ada, eve, mallory := w.join("Ada"), w.join("Eve"), w.join("Mallory")
	org := ada.found("acme")
	ada.enrol(org, eve, "member")
	for name, tc := range map[string]struct {
		who             *person
		asked           access.Permissions
		member, allowed bool
	}{
		"the creator has everything":    {ada, access.Permissions{"apiKey": {"create"}}, true, true},
		"a member has what roles grant": {eve, access.Permissions{"project": {"create"}}, true, false},
		"a member asks for nothing":     {eve, access.Permissions{}, true, false},
		"a stranger":                    {mallory, access.Permissions{"project": {"create"}}, false, false},
	} {
		member, allowed, err := w.org.MayUse(t.Context(), tc.who.id, org, tc.asked)
		if err != nil || member != tc.member || allowed != tc.allowed {
			t.Errorf("%s: %v, %v, %v", name, member, allowed, err)
		}
	}
}
