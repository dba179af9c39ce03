package organization_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

const (
	noUpdate   = "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_MEMBER"
	noInvite   = "YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION"
	noOwnerInv = "YOU_ARE_NOT_ALLOWED_TO_INVITE_USER_WITH_THIS_ROLE"
	onlyOwner  = "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER"
	noOwner    = "YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER"
	notMember  = "USER_IS_NOT_A_MEMBER_OF_THE_ORGANIZATION"
)

func TestAbuseRoles(t *testing.T) {
	t.Parallel()
	t.Run("ORG-01 nobody rises above the own role", func(t *testing.T) {
		t.Parallel()
		w := open(t, everything)
		ada, adam, eve, bob := w.join("Ada"), w.join("Adam"), w.join("Eve"), w.join("Bob")
		org := ada.found("acme")
		ada.enrol(org, adam, "admin")
		ada.enrol(org, eve, "member")
		for _, role := range []any{"owner", "admin", []string{"member", "owner"}} {
			eve.Post("/organization/invite-member", body{"email": bob.email, "role": role}).Want(t, 403, noInvite)
			eve.Post("/organization/update-member-role", body{"memberId": w.member(org, eve), "role": role}).Want(t, 403, noUpdate)
		}
		for _, role := range []any{"owner", "member,owner", " owner", "member, owner", []string{"member", " owner "}} {
			adam.Post("/organization/invite-member", body{"email": bob.email, "role": role}).Want(t, 403, noOwnerInv)
			adam.Post("/organization/update-member-role", body{"memberId": w.member(org, adam), "role": role}).Want(t, 403, noUpdate)
			adam.Post("/organization/update-member-role", body{"memberId": w.member(org, eve), "role": role}).Want(t, 403, noUpdate)
		}
		adam.Post("/organization/update-member-role", body{"memberId": w.member(org, ada), "role": "member"}).Want(t, 403, noUpdate)
		adam.Post("/organization/remove-member", body{"memberIdOrEmail": ada.email}).Want(t, 400, onlyOwner)
		adam.Post("/organization/delete", body{"organizationId": org}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION")
		if n := w.count("member", adapter.Cond{Field: "role", Value: "owner"}); n != 1 {
			t.Errorf("%d owners", n)
		}
	})
	t.Run("ORG-05 an organization keeps an owner", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		ada, eve := w.join("Ada"), w.join("Eve")
		org := ada.found("acme")
		me := w.member(org, ada)
		for range 2 { // also when somebody else is there
			ada.Post("/organization/leave", body{"organizationId": org}).Want(t, 400, onlyOwner)
			ada.Post("/organization/remove-member", body{"memberIdOrEmail": me}).Want(t, 400, onlyOwner)
			ada.Post("/organization/update-member-role", body{"memberId": me, "role": []string{"admin", "member"}}).Want(t, 400, noOwner)
			if w.count("member") == 1 {
				ada.enrol(org, eve, "admin")
			}
		}
		ada.Post("/organization/update-member-role", body{"memberId": w.member(org, eve), "role": "owner"}).Want(t, 200, "")
		ada.Post("/organization/leave", body{"organizationId": org}).Want(t, 200, "")
		eve.Post("/organization/leave", body{"organizationId": org}).Want(t, 400, onlyOwner)
	})
	t.Run("ORG-09 role strings", func(t *testing.T) {
		t.Parallel()
		w := open(t, everything)
		ada, eve := w.join("Ada"), w.join("Eve")
		org := ada.found("acme")
		ada.enrol(org, eve, "member")
		id := w.member(org, eve)
		for _, role := range []any{
			"", " ", ",", "nobody", "member,nobody", []string{}, []string{""}, []string{"member", "nobody"}, "__proto__", "constructor",
			"toString", "hasOwnProperty", "Member", "member;owner", strings.Repeat("x", 1<<19), strings.Repeat("a,b,", 1<<16),
		} {
			a := ada.Post("/organization/update-member-role", body{"memberId": id, "role": role}).Want(t, 400, "ROLE_NOT_FOUND")
			if len(a.Body) > 1024 {
				t.Errorf("an answer of %d bytes", len(a.Body))
			}
			ada.Post("/organization/invite-member", body{"email": "new@example.com", "role": role}).Want(t, 400, "ROLE_NOT_FOUND")
			roles := []string{fmt.Sprint(role)}
			if list, ok := role.([]string); ok {
				roles = list
			}
			_, err := w.org.Add(t.Context(), organization.NewMember{OrganizationID: org, UserID: w.unverified(fmt.Sprintf("u%d", w.count("user"))).id, Roles: roles})
			if !errors.Is(err, core.Fail(400, organization.CodeRoleNotFound)) {
				t.Errorf("added with the role %.40v: %v", role, err)
			}
		}
		// A Better Auth server may have stored a name with space: it grants nothing there,
		// and nothing here.
		for _, stored := range []string{"member, owner", " owner", "owner ,member"} {
			if _, err := w.Auth.DB().Update(t.Context(), "member", adapter.By("id", id), adapter.Record{"role": stored}); err != nil {
				t.Fatal(err)
			}
			eve.Post("/organization/delete", body{"organizationId": org}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_ORGANIZATION")
			eve.Post("/organization/update-member-role", body{"memberId": w.member(org, ada), "role": "member"}).Want(t, 403, noUpdate)
			ada.Post("/organization/leave", body{"organizationId": org}).Want(t, 400, onlyOwner)
		}
		// The stored form has no spaces, so none hides a name.
		ada.Post("/organization/update-member-role", body{"memberId": id, "role": " admin , member,admin"}).Want(t, 200, "")
		if got := eve.Get("/organization/get-active-member-role").JSON("role"); got != "admin,member" {
			t.Errorf("stored as %q", got)
		}
	})
	t.Run("ORG-10 dynamic roles", func(t *testing.T) {
		t.Parallel()
		w := open(t, everything)
		ada, adam := w.join("Ada"), w.join("Adam")
		org := ada.found("acme")
		ada.enrol(org, adam, "admin")
		create := func(name string, permission string) int {
			return adam.Post("/organization/create-role", `{"role":"`+name+`","permission":`+permission+`}`).Status
		}
		a := adam.Post("/organization/create-role", `{"role":"x","permission":{"project":["share"],"organization":["update","delete"]}}`).
			Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_ROLE")
		if got := a.JSON("missingPermissions"); got != `["project:share","organization:delete"]` {
			t.Errorf("missing %s", got)
		}
		ada.Post("/organization/create-role", `{"role":"x","permission":{"ship":["sail"]}}`).Want(t, 400, "INVALID_RESOURCE")
		ada.Post("/organization/create-role", `{"role":"x","permission":{"constructor":["call"]}}`).Want(t, 400, "INVALID_RESOURCE")
		for _, name := range []string{"owner", "OWNER", "admin", "member"} {
			adam.Post("/organization/create-role", `{"role":"`+name+`","permission":{}}`).Want(t, 400, "ROLE_NAME_IS_ALREADY_TAKEN")
		}
		for _, name := range []string{"", "x,owner", ",", " x", "x ", strings.Repeat("x", 65)} {
			adam.Post("/organization/create-role", `{"role":"`+name+`","permission":{}}`).Want(t, 400, "INVALID_ROLE_NAME")
		}
		if got := create("__proto__", `{"ac":["read"]}`); got != 200 {
			t.Errorf("a name like any other: %d", got)
		}
		if got := create("editor", `{"member":["update"]}`); got != 200 {
			t.Fatalf("create answered %d", got)
		}
		edit := func(data string) (int, string) {
			a := adam.Post("/organization/update-role", `{"roleName":"editor","data":`+data+`}`)
			return a.Status, a.Code()
		}
		for data, want := range map[string]string{
			`{"roleName":"Owner"}`: "ROLE_NAME_IS_ALREADY_TAKEN", `{"roleName":"editor,owner"}`: "INVALID_ROLE_NAME", `{"roleName":"__proto__"}`: "ROLE_NAME_IS_ALREADY_TAKEN",
			`{"permission":{"project":["share"]}}`: "YOU_ARE_NOT_ALLOWED_TO_UPDATE_A_ROLE", `{"permission":{"ship":[]}}`: "INVALID_RESOURCE",
		} {
			if _, code := edit(data); code != want {
				t.Errorf("%s: %s", data, code)
			}
		}
		for _, name := range []string{"owner", "admin", "member"} {
			ada.Post("/organization/delete-role", body{"roleName": name}).Want(t, 400, "CANNOT_DELETE_A_PRE_DEFINED_ROLE")
		}
		ada.Post("/organization/update-member-role", body{"memberId": w.member(org, adam), "role": "admin,editor"}).Want(t, 200, "")
		ada.Post("/organization/delete-role", body{"roleName": "editor"}).Want(t, 400, "ROLE_IS_ASSIGNED_TO_MEMBERS")
	})
	t.Run("ORG-11 has-permission", func(t *testing.T) {
		t.Parallel()
		w := open(t, everything)
		ada := w.join("Ada")
		org := ada.found("acme")
		for permissions, want := range map[string]string{
			`{"organization":["delete"]}`: "true", `{}`: "false", `{"organization":[]}`: "false", `{"ship":["sail"]}`: "false", `{"ship":[]}`: "false",
			`{"organization":["delete"],"ship":["sail"]}`: "false", `{"organization":["delete"],"member":[]}`: "false",
			`{"__proto__":["x"]}`: "false", `{"constructor":["call"]}`: "false", `{"organization":["delete","sail"]}`: "false",
		} {
			a := ada.Post("/organization/has-permission", `{"permissions":`+permissions+`}`).Want(t, 200, "")
			if a.JSON("success") != want {
				t.Errorf("%s: %s", permissions, a.Body)
			}
		}
		for _, asked := range []access.Permissions{nil, {}, {"organization": nil}} {
			if ok, err := w.org.Can(t.Context(), ada.id, org, asked); ok || err != nil {
				t.Errorf("%v: %v, %v", asked, ok, err)
			}
		}
	})
}

func TestAbuseInvitations(t *testing.T) {
	t.Parallel()
	t.Run("ORG-02 an unverified address owns no invitation", func(t *testing.T) {
		t.Parallel()
		for name, tc := range map[string]struct {
			change  func(o *organization.Options)
			ids     schema.IDKind
			refused bool
		}{
			"by default":      {nil, "", true},
			"switched off":    {func(o *organization.Options) { o.RequireEmailVerificationOnInvitation = new(false) }, "", false},
			"guessable ids":   {func(o *organization.Options) { o.RequireEmailVerificationOnInvitation = new(false) }, schema.IDSerial, true},
			"unguessable ids": {func(o *organization.Options) { o.RequireEmailVerificationOnInvitation = new(false) }, schema.IDUUID, false},
		} {
			w := open(t, tc.change, func(o *core.Options) { o.IDs.Kind = tc.ids })
			ada, eve := w.join("Ada"), w.unverified("Eve")
			org := ada.found("acme")
			id := ada.invite(org, eve, "member")
			eve.Get("/organization/list-user-invitations").Want(t, 403, "EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION")
			status, get, answer := 200, "", ""
			if tc.refused {
				status, get, answer = 403, "EMAIL_VERIFICATION_REQUIRED_FOR_INVITATION", "EMAIL_VERIFICATION_REQUIRED_BEFORE_ACCEPTING_OR_REJECTING_INVITATION"
			}
			eve.Get("/organization/get-invitation?id="+id).Want(t, status, get)
			if tc.refused {
				eve.Post("/organization/reject-invitation", body{"invitationId": id}).Want(t, status, answer)
			}
			eve.Post("/organization/accept-invitation", body{"invitationId": id}).Want(t, status, answer)
			if n := w.count("member"); (n == 1) != tc.refused {
				t.Errorf("%s: %d members", name, n)
			}
		}
	})
	t.Run("ORG-03 an invitation is for its recipient", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		ada, eve, mallory := w.join("Ada"), w.join("Eve"), w.join("Mallory")
		id := ada.invite(ada.found("acme"), eve, "member")
		const code = "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION"
		for _, p := range []*person{mallory, ada} {
			p.Post("/organization/accept-invitation", body{"invitationId": id}).Want(t, 403, code)
			p.Post("/organization/reject-invitation", body{"invitationId": id}).Want(t, 403, code)
			p.Get("/organization/get-invitation?id="+id).Want(t, 403, code)
		}
		mallory.Post("/organization/cancel-invitation", body{"invitationId": id}).Want(t, 400, "MEMBER_NOT_FOUND")
		eve.Post("/organization/accept-invitation", body{"invitationId": id}).Want(t, 200, "")
		w.want("member", 2)
	})
	t.Run("ENUM-13 an invitation of others is as one that does not exist", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil, func(o *core.Options) { o.IDs.Kind = schema.IDSerial })
		ada, eve, mallory := w.join("Ada"), w.join("Eve"), w.join("Mallory")
		id := ada.invite(ada.found("acme"), eve, "member")
		for _, id := range []string{id, "4711"} {
			mallory.Post("/organization/accept-invitation", body{"invitationId": id}).Want(t, 400, "INVITATION_NOT_FOUND")
			mallory.Post("/organization/reject-invitation", body{"invitationId": id}).Want(t, 400, "INVITATION_NOT_FOUND")
			mallory.Get("/organization/get-invitation?id="+id).Want(t, 400, "INVITATION_NOT_FOUND")
		}
		eve.Post("/organization/reject-invitation", body{"invitationId": id}).Want(t, 200, "")
	})
	t.Run("ORG-04 an invitation is accepted once", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		ada, eve, bob := w.join("Ada"), w.join("Eve"), w.join("Bob")
		org := ada.found("acme")
		accept := func(p *person, id string, status int, code string) {
			t.Helper()
			p.Post("/organization/accept-invitation", body{"invitationId": id}).Want(t, status, code)
		}
		id := ada.invite(org, eve, "member")
		accept(eve, id, 200, "")
		accept(eve, id, 400, "INVITATION_NOT_FOUND")
		eve.Post("/organization/reject-invitation", body{"invitationId": id}).Want(t, 400, "INVITATION_NOT_FOUND")
		w.want("member", 2)

		canceled := ada.invite(org, bob, "member")
		ada.Post("/organization/cancel-invitation", body{"invitationId": canceled}).Want(t, 200, "")
		accept(bob, canceled, 400, "INVITATION_NOT_FOUND")
		rejected := ada.invite(org, bob, "member")
		bob.Post("/organization/reject-invitation", body{"invitationId": rejected}).Want(t, 200, "")
		accept(bob, rejected, 400, "INVITATION_NOT_FOUND")
		expired := ada.invite(org, bob, "member")
		w.Clock.Add(48*time.Hour + time.Millisecond)
		accept(bob, expired, 400, "INVITATION_NOT_FOUND")
		bob.Get("/organization/get-invitation?id="+expired).Want(t, 400, "INVITATION_NOT_FOUND")

		// The inviter has left.
		ada.Post("/organization/update-member-role", body{"memberId": w.member(org, eve), "role": "admin"}).Want(t, 200, "")
		orphan := eve.invite(org, bob, "member")
		ada.Post("/organization/remove-member", body{"memberIdOrEmail": eve.email}).Want(t, 200, "")
		bob.Get("/organization/get-invitation?id="+orphan).Want(t, 400, "INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION")
		accept(bob, orphan, 400, "INVITER_IS_NO_LONGER_A_MEMBER_OF_THE_ORGANIZATION")
		// Somebody who is a member already gets no second membership.
		ada.Post("/organization/cancel-invitation", body{"invitationId": orphan}).Want(t, 200, "")
		late := ada.invite(org, bob, "admin")
		if _, err := w.org.Add(t.Context(), organization.NewMember{OrganizationID: org, UserID: bob.id, Roles: []string{"member"}}); err != nil {
			t.Fatal(err)
		}
		accept(bob, late, 400, "USER_IS_ALREADY_A_MEMBER_OF_THIS_ORGANIZATION")
		w.want("member", 2)
	})
	t.Run("ORG-08 teams of an invitation", func(t *testing.T) {
		t.Parallel()
		w := open(t, everything)
		ada, mallory, eve := w.join("Ada"), w.join("Mallory"), w.join("Eve")
		org := ada.found("acme")
		mallory.found("evil")
		mine, theirs := ada.session("activeTeamId"), mallory.session("activeTeamId")
		for teams, code := range map[string]string{
			`"` + theirs + `"`: "TEAM_NOT_FOUND", `["` + mine + `","` + theirs + `"]`: "TEAM_NOT_FOUND", `"nope"`: "TEAM_NOT_FOUND",
			`"` + mine + "," + theirs + `"`: "INVALID_TEAM_ID", `["` + mine + `",""]`: "INVALID_TEAM_ID", `","`: "INVALID_TEAM_ID",
			`["` + strings.Repeat(mine+`","`, 101) + mine + `"]`: "INVALID_TEAM_ID",
		} {
			ada.Post("/organization/invite-member", `{"email":"`+eve.email+`","role":"member","teamId":`+teams+`}`).Want(t, 400, code)
		}
		// A row that contains it anyway, as a Better Auth server may have left it.
		id := ada.invite(org, eve, "member", mine)
		_, err := w.Auth.DB().Update(t.Context(), "invitation", adapter.By("id", id), adapter.Record{"teamId": mine + "," + theirs})
		if err != nil {
			t.Fatal(err)
		}
		eve.Post("/organization/accept-invitation", body{"invitationId": id}).Want(t, 400, "TEAM_NOT_FOUND")
		if w.count("member") != 2 || w.count("teamMember") != 2 || w.count("invitation", adapter.Cond{Field: "status", Value: "pending"}) != 1 {
			t.Error("half an acceptance was kept")
		}
	})
	t.Run("ORG-16 one pending invitation per address", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		ada, eve := w.join("Ada"), w.join("Eve")
		ada.found("acme")
		invite := func(email string) string {
			return ada.Post("/organization/invite-member", body{"email": email, "role": "member"}).Code()
		}
		if got := invite("EVE@Example.COM"); got != "" {
			t.Fatal(got)
		}
		for _, email := range []string{"eve@example.com", "Eve@example.com", "eve@EXAMPLE.com"} {
			if got := invite(email); got != "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION" {
				t.Errorf("%s: %q", email, got)
			}
		}
		// Letters that only look or fold alike make another address, or none: U+212A
		// folds to k, ſ to s.
		for _, email := range []string{"eve@example.com ", " eve@example.com", "eve@example.com\u200b", "\u212aim@example.com", "eve@example\u3002com", "eve@exampl\u0435.com", "eve@xn--e1afmkfd", ""} {
			if got := invite(email); got != "INVALID_EMAIL" && got != "VALIDATION_ERROR" {
				t.Errorf("%q: %q", email, got)
			}
		}
		if got := invite(strings.Repeat("a", 64) + "@" + strings.Repeat("b.", 120) + "com"); got != "INVALID_EMAIL" {
			t.Errorf("a long address: %q", got)
		}
		w.want("invitation", 1)
		if w.sent[0].Email != eve.email {
			t.Errorf("sent to %q", w.sent[0].Email)
		}
	})
	t.Run("ORG-17 an address alone joins nobody", func(t *testing.T) {
		t.Parallel()
		// Without an invitation, and with one before the address is verified, there is no
		// membership, whatever the domain. (Sign-in by SSO is another plugin's.)
		w := open(t, nil)
		ada := w.join("Ada")
		org := ada.found("acme")
		w.join("Eve")
		bob := w.unverified("Bob")
		ada.invite(org, bob, "member")
		bob.Get("/organization/get-full-organization?organizationId="+org).Want(t, 403, notMember)
		w.want("member", 1)
	})
}

// TestAbuseTenants calls every route that names an organization, or what belongs to
// one, for an organization of others.
func TestAbuseTenants(t *testing.T) {
	t.Parallel()
	w := open(t, everything)
	ada, eve, mallory := w.join("Ada"), w.join("Eve"), w.join("Mallory")
	org := ada.found("acme")
	ada.enrol(org, eve, "member")
	team := ada.session("activeTeamId")
	role := ada.Post("/organization/create-role", body{"role": "editor", "permission": body{"ac": []string{"read"}}}).Want(t, 200, "").JSON("roleData", "id")
	inv := ada.Post("/organization/invite-member", body{"email": "new@example.com", "role": "member"}).Want(t, 200, "").JSON("id")
	own := mallory.found("evil")
	before := w.dump()
	for _, tc := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"POST", "update", `{"organizationId":"ORG","data":{"name":"x"}}`, 400, notMember},
		{"POST", "delete", `{"organizationId":"ORG"}`, 400, notMember},
		{"POST", "has-permission", `{"organizationId":"ORG","permissions":{"ac":["read"]}}`, 401, notMember},
		{"POST", "invite-member", `{"organizationId":"ORG","email":"mallory@example.com","role":"owner"}`, 400, "MEMBER_NOT_FOUND"},
		{"POST", "cancel-invitation", `{"invitationId":"INV"}`, 400, "MEMBER_NOT_FOUND"},
		{"POST", "accept-invitation", `{"invitationId":"INV"}`, 403, "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION"},
		{"POST", "reject-invitation", `{"invitationId":"INV"}`, 403, "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION"},
		{"GET", "get-invitation?id=INV", "", 403, "YOU_ARE_NOT_THE_RECIPIENT_OF_THE_INVITATION"},
		{"GET", "list-invitations?organizationId=ORG", "", 403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"},
		{"POST", "remove-member", `{"organizationId":"ORG","memberIdOrEmail":"eve@example.com"}`, 400, "MEMBER_NOT_FOUND"},
		{"POST", "remove-member", `{"memberIdOrEmail":"EVE"}`, 400, "MEMBER_NOT_FOUND"}, // a member of another organization, by id
		{"POST", "remove-member", `{"memberIdOrEmail":"ADA"}`, 400, "MEMBER_NOT_FOUND"}, // Better Auth 1.6 says that it is an owner
		{"POST", "remove-member", `{"memberIdOrEmail":"eve@example.com"}`, 400, "MEMBER_NOT_FOUND"},
		{"POST", "update-member-role", `{"organizationId":"ORG","memberId":"EVE","role":"owner"}`, 400, "MEMBER_NOT_FOUND"},
		{"POST", "update-member-role", `{"memberId":"EVE","role":"owner"}`, 403, noUpdate},
		{"POST", "leave", `{"organizationId":"ORG"}`, 400, "MEMBER_NOT_FOUND"},
		{"GET", "list-members?organizationId=ORG", "", 403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"},
		{"GET", "list-members?organizationSlug=acme", "", 403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"},
		{"GET", "list-members?filterField=organizationId&filterValue=ORG", "", 200, ""},
		{"GET", "get-active-member-role?organizationId=ORG", "", 403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"},
		{"GET", "get-active-member-role?organizationSlug=acme&userId=USER", "", 403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"},
		{"GET", "get-active-member-role?userId=USER", "", 403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"},
		{"POST", "create-team", `{"organizationId":"ORG","name":"x"}`, 403, noInvite},
		{"POST", "remove-team", `{"organizationId":"ORG","teamId":"TEAM"}`, 403, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_TEAM"},
		{"POST", "remove-team", `{"teamId":"TEAM"}`, 400, "TEAM_NOT_FOUND"},
		{"POST", "update-team", `{"teamId":"TEAM","data":{"name":"x"}}`, 400, "TEAM_NOT_FOUND"},
		{"POST", "update-team", `{"teamId":"TEAM","data":{"name":"x","organizationId":"ORG"}}`, 403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM"},
		{"GET", "list-teams?organizationId=ORG", "", 403, "YOU_ARE_NOT_ALLOWED_TO_ACCESS_THIS_ORGANIZATION"},
		{"GET", "list-team-members?teamId=TEAM", "", 400, "USER_IS_NOT_A_MEMBER_OF_THE_TEAM"},
		{"POST", "set-active-team", `{"teamId":"TEAM"}`, 400, "TEAM_NOT_FOUND"},
		{"POST", "add-team-member", `{"organizationId":"ORG","teamId":"TEAM","userId":"ME"}`, 400, notMember},
		{"POST", "add-team-member", `{"teamId":"TEAM","userId":"ME"}`, 400, "TEAM_NOT_FOUND"},
		{"POST", "add-team-member", `{"teamId":"OWN","userId":"USER"}`, 400, notMember},
		{"POST", "remove-team-member", `{"organizationId":"ORG","teamId":"TEAM","userId":"USER"}`, 400, notMember},
		{"POST", "remove-team-member", `{"teamId":"TEAM","userId":"USER"}`, 400, notMember},
		{"POST", "create-role", `{"organizationId":"ORG","role":"x","permission":{}}`, 403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"},
		{"POST", "update-role", `{"organizationId":"ORG","roleId":"ROLE","data":{}}`, 403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"},
		{"POST", "update-role", `{"roleId":"ROLE","data":{"roleName":"x"}}`, 400, "ROLE_NOT_FOUND"},
		{"POST", "delete-role", `{"organizationId":"ORG","roleId":"ROLE"}`, 403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"},
		{"POST", "delete-role", `{"roleId":"ROLE"}`, 400, "ROLE_NOT_FOUND"},
		{"GET", "list-roles?organizationId=ORG", "", 403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"},
		{"GET", "get-role?organizationId=ORG&roleId=ROLE", "", 403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION"},
		{"GET", "get-role?roleId=ROLE", "", 400, "ROLE_NOT_FOUND"},
		// These two also clear the active organization, so they come last.
		{"POST", "set-active", `{"organizationId":"ORG"}`, 403, notMember},
		{"GET", "get-full-organization?organizationId=ORG", "", 403, notMember},
		{"GET", "get-full-organization?organizationSlug=acme", "", 403, notMember},
		{"POST", "set-active", `{"organizationSlug":"acme"}`, 403, notMember},
	} {
		t.Run("ORG-06 "+tc.method+" "+tc.path, func(t *testing.T) {
			fill := strings.NewReplacer("ORG", org, "INV", inv, "TEAM", team, "ROLE", role, "EVE", w.member(org, eve), "ADA", w.member(org, ada),
				"USER", eve.id, "ME", mallory.id, "OWN", mallory.session("activeTeamId"))
			if tc.path == "set-active" { // active again, to see it cleared
				mallory.Post("/organization/set-active", body{"organizationId": own}).Want(t, 200, "")
			}
			a := mallory.Do(tc.method, "/organization/"+fill.Replace(tc.path), fill.Replace(tc.body)).Want(t, tc.status, tc.code)
			for _, secret := range []string{"Acme", "acme", "Eve", "eve@", eve.id, "editor"} {
				if strings.Contains(a.Body, secret) {
					t.Errorf("the answer holds %q: %s", secret, a.Body)
				}
			}
			if got := w.dump(); got != before {
				t.Errorf("rows have changed:\n%s\n%s", before, got)
			}
		})
	}
	t.Run("ORG-07 a foreign organization is not made active", func(t *testing.T) {
		if got := mallory.session("activeOrganizationId"); got != "null" {
			t.Errorf("active organization %q", got)
		}
		mallory.Post("/organization/set-active-team", body{"teamId": team}).Want(t, 400, "NO_ACTIVE_ORGANIZATION")
		mallory.Post("/organization/set-active", body{"organizationId": own}).Want(t, 200, "")
		mallory.Post("/organization/set-active-team", body{"teamId": team}).Want(t, 400, "TEAM_NOT_FOUND")
		if got := mallory.session("activeOrganizationId"); got != own {
			t.Errorf("active organization %q", got)
		}
	})
}

// dump is every row of the plugin's tables, as text.
func (w *world) dump() string {
	w.t.Helper()
	var out strings.Builder
	for _, model := range []string{"organization", "member", "invitation", "team", "teamMember", "organizationRole"} {
		recs, err := w.Auth.DB().FindMany(context.Background(), adapter.Find{Model: model, Sort: []adapter.Sort{{Field: "id"}}})
		if err != nil {
			w.t.Fatal(err)
		}
		fmt.Fprintln(&out, model, recs)
	}
	return out.String()
}

func TestAbuseLimits(t *testing.T) {
	t.Parallel()
	w := open(t, func(o *organization.Options) {
		everything(o)
		o.OrganizationLimit, o.MembershipLimit, o.InvitationLimit = 2, 3, 2
		o.Teams.MaximumTeams, o.Teams.MaximumMembersPerTeam = 2, 2
		o.DynamicAccessControl.MaximumRolesPerOrganization = 1
	})
	ada, eve, bob, cy := w.join("Ada"), w.join("Eve"), w.join("Bob"), w.join("Cy")
	org := ada.found("acme")
	team := ada.session("activeTeamId")
	ctx := t.Context()
	t.Run("ORG-12 organizations", func(t *testing.T) {
		ada.found("second")
		ada.Post("/organization/create", body{"name": "x", "slug": "third"}).Want(t, 403, "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS")
		if _, err := w.org.CreateFor(ctx, organization.NewOrganization{Name: "x", Slug: "third", UserID: ada.id}); err == nil {
			t.Error("the server made a third")
		}
		ada.Post("/organization/set-active", body{"organizationId": org}).Want(t, 200, "")
	})
	t.Run("ORG-12 invitations", func(t *testing.T) {
		one, two := ada.invite(org, eve, "member"), ada.invite(org, bob, "member")
		ada.Post("/organization/invite-member", body{"email": cy.email, "role": "member"}).Want(t, 403, "INVITATION_LIMIT_REACHED")
		eve.Post("/organization/accept-invitation", body{"invitationId": one}).Want(t, 200, "")
		late := ada.invite(org, cy, "member", team)
		bob.Post("/organization/accept-invitation", body{"invitationId": two}).Want(t, 200, "")
		cy.Post("/organization/accept-invitation", body{"invitationId": late}).Want(t, 403, "ORGANIZATION_MEMBERSHIP_LIMIT_REACHED")
	})
	t.Run("ORG-12 members", func(t *testing.T) {
		_, err := w.org.Add(ctx, organization.NewMember{OrganizationID: org, UserID: cy.id, Roles: []string{"member"}})
		if !errors.Is(err, core.Fail(403, organization.CodeOrganizationMembershipLimitReached)) {
			t.Errorf("added: %v", err)
		}
	})
	t.Run("ORG-12 teams", func(t *testing.T) {
		ada.Post("/organization/create-team", body{"name": "B"}).Want(t, 200, "")
		ada.Post("/organization/create-team", body{"name": "C"}).Want(t, 400, "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_TEAMS")
		_, err := w.org.CreateTeam.Call(ctx, &organization.CreateTeamInput{Name: "C", OrganizationID: &org})
		if !errors.Is(err, core.Fail(400, organization.CodeYouHaveReachedTheMaximumNumberOfTeams)) {
			t.Errorf("made: %v", err)
		}
	})
	t.Run("ORG-12 members of a team", func(t *testing.T) {
		ada.Post("/organization/add-team-member", body{"teamId": team, "userId": eve.id}).Want(t, 200, "")
		ada.Post("/organization/add-team-member", body{"teamId": team, "userId": bob.id}).Want(t, 403, "TEAM_MEMBER_LIMIT_REACHED")
		ada.Post("/organization/remove-member", body{"memberIdOrEmail": bob.email}).Want(t, 200, "")
		_, err := w.org.Add(ctx, organization.NewMember{OrganizationID: org, UserID: bob.id, Roles: []string{"member"}, TeamID: team})
		if !errors.Is(err, core.Fail(403, organization.CodeTeamMemberLimitReached)) {
			t.Errorf("added: %v", err)
		}
		ada.Post("/organization/invite-member", body{"email": bob.email, "role": "member", "teamId": team}).Want(t, 403, "TEAM_MEMBER_LIMIT_REACHED")
		id := w.invitationOf(cy)
		cy.Post("/organization/accept-invitation", body{"invitationId": id}).Want(t, 403, "TEAM_MEMBER_LIMIT_REACHED")
		if w.count("member", adapter.Cond{Field: "organizationId", Value: org}) != 2 || w.count("teamMember", adapter.Cond{Field: "teamId", Value: team}) != 2 {
			t.Error("half a membership was kept")
		}
	})
	t.Run("ORG-12 roles", func(t *testing.T) {
		ada.Post("/organization/create-role", body{"role": "a", "permission": body{}}).Want(t, 200, "")
		ada.Post("/organization/create-role", body{"role": "b", "permission": body{}}).Want(t, 400, "TOO_MANY_ROLES")
	})
}

// invitationOf is the id of somebody's pending invitation.
func (w *world) invitationOf(p *person) string {
	w.t.Helper()
	rec, err := w.Auth.DB().FindOne(context.Background(), adapter.Find{Model: "invitation", Where: adapter.By("email", p.email).And("status", "pending")})
	if err != nil {
		w.t.Fatal(err)
	}
	return rec["id"].(string)
}

func TestAbuseSessions(t *testing.T) {
	t.Parallel()
	t.Run("ORG-13 a removed member is out, whatever the session says", func(t *testing.T) {
		t.Parallel()
		w := open(t, everything, func(o *core.Options) { o.Session.CookieCache.Enabled = true })
		ada, eve := w.join("Ada"), w.join("Eve")
		org := ada.found("acme")
		ada.enrol(org, eve, "admin")
		if got := eve.Get("/get-session").JSON("session", "activeOrganizationId"); got != org {
			t.Fatalf("the cookie cache says %q", got)
		}
		eve.Get("/organization/list-members").Want(t, 200, "")
		ada.Post("/organization/remove-member", body{"memberIdOrEmail": eve.email}).Want(t, 200, "")
		eve.Get("/organization/list-members").Want(t, 403, "YOU_ARE_NOT_A_MEMBER_OF_THIS_ORGANIZATION")
		eve.Get("/organization/get-active-member").Want(t, 400, "MEMBER_NOT_FOUND")
		eve.Get("/organization/list-teams").Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_ACCESS_THIS_ORGANIZATION")
		eve.Get("/organization/list-user-teams").Want(t, 200, "")
		eve.Post("/organization/has-permission", body{"permissions": body{"ac": []string{"read"}}}).Want(t, 401, notMember)
		eve.Post("/organization/invite-member", body{"email": "x@example.com", "role": "member"}).Want(t, 400, "MEMBER_NOT_FOUND")
		eve.Get("/organization/get-full-organization").Want(t, 403, notMember)
		if err := core.Check(eve.attached(), w.org.RequireMember()); err == nil {
			t.Error("a guard let a removed member through")
		}
	})
	t.Run("ORG-13 a revoked session changes nothing", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil, func(o *core.Options) { o.Session.CookieCache.Enabled = true })
		ada := w.join("Ada")
		org := ada.found("acme")
		ada.Get("/get-session").Want(t, 200, "")
		if err := w.Auth.Store().DeleteSessions(t.Context(), ada.id); err != nil {
			t.Fatal(err)
		}
		if got := ada.Get("/get-session").JSON("session", "activeOrganizationId"); got != org {
			t.Fatalf("the cookie cache is not what this test is about: %q", got)
		}
		ada.Post("/organization/create", body{"name": "x", "slug": "x"}).Want(t, 401, "UNAUTHORIZED")
		ada.Post("/organization/delete", body{"organizationId": org}).Want(t, 401, "UNAUTHORIZED")
		ada.Post("/organization/invite-member", body{"email": "x@example.com", "role": "owner"}).Want(t, 401, "UNAUTHORIZED")
		w.want("organization", 1)
	})
	t.Run("ORG-14 mass assignment", func(t *testing.T) {
		t.Parallel()
		w := open(t, everything)
		ada, eve := w.join("Ada"), w.join("Eve")
		org := ada.found("acme")
		team := ada.session("activeTeamId")
		a := ada.Post("/organization/create", body{"name": "B", "slug": "b", "id": "chosen", "createdAt": "2020-01-01", "members": []string{"x"}, "userId": eve.id}).Want(t, 200, "")
		if a.JSON("id") == "chosen" || !strings.HasPrefix(a.JSON("createdAt"), "2026") || w.count("member", adapter.Cond{Field: "userId", Value: eve.id}) != 0 {
			t.Errorf("%s", a.Body)
		}
		ada.Post("/organization/set-active", body{"organizationId": org}).Want(t, 200, "")
		a = ada.Post("/organization/update", body{"data": body{"name": "C", "id": "chosen", "createdAt": 5, "organizationId": "x", "__proto__": body{"slug": "x"}}}).Want(t, 200, "")
		if a.JSON("id") != org || a.JSON("slug") != "acme" || !strings.HasPrefix(a.JSON("createdAt"), "2026") {
			t.Errorf("%s", a.Body)
		}
		inv := ada.Post("/organization/invite-member", body{"email": eve.email, "role": "member", "status": "accepted", "inviterId": eve.id, "id": "x", "expiresAt": "2099-01-01"}).Want(t, 200, "")
		if inv.JSON("status") != "pending" || inv.JSON("inviterId") != ada.id || inv.JSON("id") == "x" || !strings.HasPrefix(inv.JSON("expiresAt"), "2026") {
			t.Errorf("%s", inv.Body)
		}
		a = ada.Post("/organization/update-team", body{"teamId": team, "data": body{"id": "x", "name": "T"}}).Want(t, 200, "")
		if a.JSON("id") != team {
			t.Errorf("%s", a.Body)
		}
		ada.Post("/organization/update-team", body{"teamId": team, "data": body{"createdAt": "2020-01-01T00:00:00.000Z"}}).Want(t, 400, "VALIDATION_ERROR")
		for _, field := range []string{"activeOrganizationId", "activeTeamId"} {
			ada.Post("/update-session", body{field: "x"}).Want(t, 400, "FIELD_NOT_ALLOWED")
		}
		eve.Client.Post("/update-user", body{"activeOrganizationId": org}).Want(t, 400, "NO_FIELDS_TO_UPDATE")
	})
	t.Run("ORG-14 hidden fields are neither shown nor searched", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(o *organization.Options) {
			secret := []schema.Field{{Name: "note", Type: schema.String, Optional: true, Hidden: true, NoInput: true, Default: schema.Value("secret")}}
			o.Schema.Organization.Fields, o.Schema.Member.Fields, o.Schema.Invitation.Fields = secret, secret, secret
		})
		ada, eve := w.join("Ada"), w.join("Eve")
		org := ada.found("acme")
		answers := []string{
			ada.Get("/organization/list").Body, ada.Post("/organization/update", body{"data": body{"name": "B"}}).Body,
			ada.Post("/organization/invite-member", body{"email": eve.email, "role": "member"}).Body,
			ada.Get("/organization/get-full-organization").Body, ada.Get("/organization/list-members").Body, ada.Get("/organization/list-invitations").Body,
			eve.Get("/organization/list-user-invitations").Body, eve.Post("/organization/accept-invitation", body{"invitationId": w.invitationOf(eve)}).Body,
			eve.Get("/organization/get-active-member").Body, eve.Post("/organization/leave", body{"organizationId": org}).Body,
		}
		for _, a := range answers {
			if strings.Contains(a, "secret") || strings.Contains(a, "note") || strings.Contains(a, `"code"`) {
				t.Errorf("%s", a)
			}
		}
		ada.Get("/organization/list-members?sortBy=note").Want(t, 400, "VALIDATION_ERROR")
		ada.Get("/organization/list-members?filterField=note&filterValue=s&filterOperator=starts_with").Want(t, 400, "VALIDATION_ERROR")
	})
}

// TestAbuseCascade fails every database call of a deletion in turn.
func TestAbuseCascade(t *testing.T) {
	t.Parallel()
	faulty := flowtest.NewFaulty(memory.New())
	w := open(t, everything, func(o *core.Options) { o.Database = faulty })
	ada, eve := w.join("Ada"), w.join("Eve")
	org := ada.found("acme")
	ada.enrol(org, eve, "member")
	ada.Post("/organization/create-role", body{"role": "editor", "permission": body{}}).Want(t, 200, "")
	ada.Post("/organization/invite-member", body{"email": "new@example.com", "role": "member"}).Want(t, 200, "")
	before, active := w.dump(), ada.session("activeOrganizationId")
	for n := 1; ; n++ {
		faulty.FailAt(n)
		a := ada.Post("/organization/delete", body{"organizationId": org})
		if faulty.Heal() == 0 {
			a.Want(t, 200, "")
			break
		}
		t.Run(fmt.Sprintf("ORG-15 call %d fails", n), func(t *testing.T) {
			a.Want(t, 500, "INTERNAL_SERVER_ERROR")
			if got := w.dump(); got != before {
				t.Errorf("a half deletion:\n%s\n%s", before, got)
			}
			if got := ada.session("activeOrganizationId"); got != active {
				t.Errorf("active organization %q", got)
			}
		})
		if n > 100 {
			t.Fatal("the deletion never ends")
		}
	}
	for _, model := range []string{"organization", "member", "invitation", "team", "teamMember", "organizationRole"} {
		w.want(model, 0)
	}
}
