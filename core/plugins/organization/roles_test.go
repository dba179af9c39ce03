package organization_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/plugins/organization"
)

// unequal has pairs of roles that do not contain each other.
func unequal(o *organization.Options) {
	everything(o)
	role := func(resource string, actions ...string) *access.Role {
		return access.NewRole(access.Permissions{resource: actions})
	}
	o.Roles["clerk"] = role("member", "update")
	o.Roles["greeter"] = role("invitation", "create")
	o.Roles["billing"] = role("project", "create", "delete")
	o.Roles["editor"] = role("ac", "create", "read", "update", "delete")
}

const noRole = "YOU_ARE_NOT_ALLOWED_TO_UPDATE_A_ROLE"

// put gives somebody a role without asking.
func (w *world) put(org string, who *person, role string) {
	w.t.Helper()
	if _, err := w.Auth.DB().Update(w.t.Context(), "member", adapter.By("organizationId", org).And("userId", who.id), adapter.Record{"role": role}); err != nil {
		w.t.Fatal(err)
	}
}

func TestAbuseRolesAboveOwn(t *testing.T) {
	t.Parallel()
	t.Run("ORG-01 nobody gives a role that has more than the own", func(t *testing.T) {
		t.Parallel()
		w := open(t, unequal)
		ada, eve, bob := w.join("Ada"), w.join("Eve"), w.join("Bob")
		org := ada.found("acme")
		ada.enrol(org, eve, "clerk")
		ada.enrol(org, bob, "member")
		update := func(p, target *person, role any, status int, code string) {
			t.Helper()
			p.Post("/organization/update-member-role", body{"memberId": w.member(org, target), "role": role}).Want(t, status, code)
		}
		for _, role := range []any{"admin", "billing", "admin,billing", []string{"clerk", "billing"}, "member", "owner"} {
			update(eve, eve, role, 403, noUpdate)
		}
		update(eve, bob, "member,admin", 403, noUpdate)
		update(eve, bob, "clerk", 200, "")
		// Roles that a member has already are not given: another one may be added
		// beside them.
		w.put(org, bob, "billing")
		update(eve, bob, "billing,clerk", 200, "")
		w.put(org, eve, "admin")
		update(eve, eve, "billing", 403, noUpdate)
		update(eve, bob, "admin,clerk,greeter,editor", 200, "") // an admin has all of their permissions
		w.put(org, eve, "greeter")
		for _, role := range []any{"admin", "clerk", "member", []string{"greeter", "billing"}} {
			eve.Post("/organization/invite-member", body{"email": "new@example.com", "role": role}).Want(t, 403, noOwnerInv)
		}
		eve.Post("/organization/invite-member", body{"email": "new@example.com", "role": "greeter"}).Want(t, 200, "")
		// Holders of the creator's role are no exception: they may not make a role with
		// project: delete either, which their own lacks.
		w.put(org, bob, "member")
		ada.Post("/organization/create-role", `{"role":"demolition","permission":{"project":["delete"]}}`).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_ROLE")
		update(ada, bob, "billing", 403, noUpdate)
		update(ada, ada, "owner,billing", 403, noUpdate)
		ada.Post("/organization/invite-member", body{"email": "new@example.com", "role": "billing"}).Want(t, 403, noOwnerInv)
		update(ada, bob, "owner,admin,clerk", 200, "")
	})
	t.Run("ORG-01 AddMember for a client", func(t *testing.T) {
		t.Parallel()
		w := open(t, unequal)
		ada, eve, bob := w.join("Ada"), w.join("Eve"), w.join("Bob")
		org := ada.found("acme")
		ada.enrol(org, eve, "clerk")
		add := func(p *person, role string) error {
			_, err := w.org.AddMember.Call(t.Context(), &organization.AddMemberInput{UserID: bob.id, Role: []string{role}, OrganizationID: &org},
				core.WithHeader(http.Header{"Cookie": {p.CookieHeader()}}))
			return err
		}
		for p, role := range map[*person]string{eve: "admin", bob: "member"} {
			var e *core.Error
			if err := add(p, role); !errors.As(err, &e) || e.Status != 403 {
				t.Errorf("%s added with %s: %v", p.email, role, err)
			}
		}
		if err := add(eve, "clerk"); err != nil {
			t.Error(err)
		}
	})
	t.Run("ORG-10 nobody edits a role that has more than the own", func(t *testing.T) {
		t.Parallel()
		w := open(t, unequal)
		ada, eve := w.join("Ada"), w.join("Eve")
		org := ada.found("acme")
		ada.enrol(org, eve, "editor")
		ada.Post("/organization/create-role", `{"role":"treasurer","permission":{"project":["share"]}}`).Want(t, 200, "")
		for _, data := range []string{`{"permission":{}}`, `{"roleName":"beggar"}`, `{}`} {
			eve.Post("/organization/update-role", `{"roleName":"treasurer","data":`+data+`}`).Want(t, 403, noRole)
		}
		eve.Post("/organization/delete-role", body{"roleName": "treasurer"}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_DELETE_A_ROLE")
		eve.Post("/organization/create-role", `{"role":"mine","permission":{"project":["share"]}}`).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_ROLE")
		eve.Post("/organization/create-role", `{"role":"reader","permission":{"ac":["read"]}}`).Want(t, 200, "")
		eve.Post("/organization/update-role", `{"roleName":"reader","data":{"permission":{"ac":["read","update"]}}}`).Want(t, 200, "")
		eve.Post("/organization/delete-role", body{"roleName": "reader"}).Want(t, 200, "")
		// Made by an organization or by the application, a role is above or it is not.
		w.put(org, eve, "clerk")
		eve.Post("/organization/update-member-role", body{"memberId": w.member(org, eve), "role": "treasurer"}).Want(t, 403, noUpdate)
	})
	t.Run("Better Auth's rule is an option", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(o *organization.Options) { unequal(o); o.AllowRolesAboveOwn = true })
		ada, eve, bob := w.join("Ada"), w.join("Eve"), w.join("Bob")
		org := ada.found("acme")
		ada.enrol(org, eve, "greeter,clerk,editor")
		id := eve.invite(org, bob, "admin")
		ada.Post("/organization/create-role", `{"role":"treasurer","permission":{"project":["share"]}}`).Want(t, 200, "")
		eve.Post("/organization/update-role", `{"roleName":"treasurer","data":{"permission":{}}}`).Want(t, 200, "")
		eve.Post("/organization/update-member-role", body{"memberId": w.member(org, eve), "role": "admin,billing"}).Want(t, 200, "")
		eve.Post("/organization/update-member-role", body{"memberId": w.member(org, eve), "role": "owner"}).Want(t, 403, noUpdate)
		w.put(org, eve, "member")
		bob.Post("/organization/accept-invitation", body{"invitationId": id}).Want(t, 200, "")
	})
}

func TestAbuseInvitedRoles(t *testing.T) {
	t.Parallel()
	const gone = "INVITER_MAY_NO_LONGER_GIVE_THIS_ROLE"
	t.Run("ORG-04 an invitation gives what its sender may still give", func(t *testing.T) {
		t.Parallel()
		w := open(t, unequal)
		ada, eve, bob := w.join("Ada"), w.join("Eve"), w.join("Bob")
		org := ada.found("acme")
		ada.enrol(org, eve, "admin")
		id := eve.invite(org, bob, "admin")
		for role, code := range map[string]string{"member": gone, "greeter": gone, "billing": gone} {
			w.put(org, eve, role)
			bob.Post("/organization/accept-invitation", body{"invitationId": id}).Want(t, 400, code)
		}
		w.want("member", 2)
		w.put(org, eve, "admin")
		bob.Post("/organization/accept-invitation", body{"invitationId": id}).Want(t, 200, "")
	})
	t.Run("ORG-04 a role that has grown since", func(t *testing.T) {
		t.Parallel()
		w := open(t, unequal)
		ada, eve, bob := w.join("Ada"), w.join("Eve"), w.join("Bob")
		org := ada.found("acme")
		ada.enrol(org, eve, "greeter,member")
		ada.Post("/organization/create-role", `{"role":"guest","permission":{"ac":["read"]}}`).Want(t, 200, "")
		id := eve.invite(org, bob, "guest")
		ada.Post("/organization/update-role", `{"roleName":"guest","data":{"permission":{"organization":["delete"]}}}`).Want(t, 200, "")
		bob.Post("/organization/accept-invitation", body{"invitationId": id}).Want(t, 400, gone)
	})
	t.Run("ORG-10 a deleted role leaves no invitation behind", func(t *testing.T) {
		t.Parallel()
		w := open(t, unequal)
		ada, eve, bob := w.join("Ada"), w.join("Eve"), w.join("Bob")
		org := ada.found("acme")
		create := func(permission string) {
			t.Helper()
			ada.Post("/organization/create-role", `{"role":"guest","permission":`+permission+`}`).Want(t, 200, "")
		}
		create(`{"ac":["read"]}`)
		id, other := ada.invite(org, bob, "member,guest"), ada.invite(org, eve, "member")
		ada.Post("/organization/delete-role", body{"roleName": "guest"}).Want(t, 200, "")
		create(`{"organization":["delete"]}`) // another one of that name
		bob.Post("/organization/accept-invitation", body{"invitationId": id}).Want(t, 400, "INVITATION_NOT_FOUND")
		eve.Post("/organization/accept-invitation", body{"invitationId": other}).Want(t, 200, "")
		// A server that does not cancel has left one: its role has to exist.
		late := ada.invite(org, bob, "guest")
		if err := w.Auth.DB().Delete(t.Context(), "organizationRole", adapter.By("role", "guest")); err != nil {
			t.Fatal(err)
		}
		bob.Post("/organization/accept-invitation", body{"invitationId": late}).Want(t, 400, "ROLE_NOT_FOUND")
		w.want("member", 2)
	})
	t.Run("the text of an unknown role is Better Auth's", func(t *testing.T) {
		t.Parallel()
		ada := open(t, nil).join("Ada")
		ada.found("acme")
		a := ada.Post("/organization/invite-member", body{"email": "x@example.com", "role": "nope"}).Want(t, 400, "ROLE_NOT_FOUND")
		if a.JSON("message") != "ROLE_NOT_FOUND: nope" {
			t.Error(a.Body)
		}
	})
}

func TestAbuseActive(t *testing.T) {
	t.Parallel()
	t.Run("ORG-07 reading an organization changes no session", func(t *testing.T) {
		t.Parallel()
		w := open(t, everything)
		ada, mallory := w.join("Ada"), w.join("Mallory")
		mallory.found("evil")
		org := ada.found("acme")
		team := ada.session("activeTeamId")
		for _, query := range []string{"organizationSlug=evil", "organizationSlug=none", "organizationId=none"} {
			a := ada.Get("/organization/get-full-organization?" + query)
			if a.Status < 400 || len(a.Header.Values("Set-Cookie")) > 0 {
				t.Errorf("%s answered %d with cookies %v", query, a.Status, a.Header.Values("Set-Cookie"))
			}
		}
		if ada.session("activeOrganizationId") != org || ada.session("activeTeamId") != team {
			t.Error("the session was changed")
		}
	})
	t.Run("ORG-07 a team goes with its organization", func(t *testing.T) {
		t.Parallel()
		w := open(t, everything)
		ada, eve := w.join("Ada"), w.join("Eve")
		first := ada.found("first")
		second := ada.found("second")
		team := ada.session("activeTeamId")
		empty := func(p *person, when string) {
			t.Helper()
			if got := p.session("activeTeamId"); got != "" && got != "null" {
				t.Errorf("%s: the team %q", when, got)
			}
		}
		ada.Post("/organization/set-active", body{"organizationId": second}).Want(t, 200, "")
		if ada.session("activeTeamId") != team {
			t.Error("the same organization lost its team")
		}
		ada.Post("/organization/set-active", body{"organizationId": first}).Want(t, 200, "")
		empty(ada, "set-active")
		ada.enrol(second, eve, "admin")
		eve.Post("/organization/set-active", body{"organizationId": second}).Want(t, 200, "")
		ada.Post("/organization/set-active", body{"organizationId": second}).Want(t, 200, "")
		join := func() {
			t.Helper()
			ada.Post("/organization/add-team-member", body{"teamId": team, "userId": eve.id}).Want(t, 200, "")
			eve.Post("/organization/set-active-team", body{"teamId": team}).Want(t, 200, "")
		}
		join()
		eve.Post("/organization/set-active", `{"organizationId":null}`).Want(t, 200, "")
		empty(eve, "set-active null")
		eve.Post("/organization/set-active", body{"organizationId": second}).Want(t, 200, "")
		join()
		eve.Post("/organization/leave", body{"organizationId": second}).Want(t, 200, "")
		empty(eve, "leave")
	})
}
