package organization_test

import (
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/schema"
)

// TestFlow is what a company does with its first organization, byte for byte where
// order matters.
func TestFlow(t *testing.T) {
	t.Parallel()
	w := open(t, everything)
	ada, eve := w.join("Ada"), w.join("Eve")

	made := ada.Post("/organization/create", body{"name": "Acme", "slug": "acme", "metadata": body{"plan": "pro"}, "unknown": 1}).Want(t, 200, "")
	org := made.JSON("id")
	want := `{"name":"Acme","slug":"acme","logo":null,"createdAt":"2026-01-01T00:00:00.000Z","metadata":{"plan":"pro"},"id":"` + org +
		`","members":[{"organizationId":"` + org + `","userId":"` + ada.id + `","role":"owner","createdAt":"2026-01-01T00:00:00.000Z","id":"` +
		w.member(org, ada) + `"}]}`
	if made.Body != want {
		t.Errorf("created\n%s, want\n%s", made.Body, want)
	}
	if got := ada.session("activeOrganizationId"); got != org {
		t.Errorf("active organization %q", got)
	}
	list := ada.Get("/organization/list").Want(t, 200, "").Body
	if list != `[{"name":"Acme","slug":"acme","logo":null,"createdAt":"2026-01-01T00:00:00.000Z","metadata":"{\"plan\":\"pro\"}","id":"`+org+`"}]` {
		t.Errorf("list %s", list)
	}
	up := ada.Post("/organization/update", body{"data": body{"name": "Acme Ltd"}}).Want(t, 200, "")
	if up.JSON("metadata") != `{"plan":"pro"}` || up.JSON("name") != "Acme Ltd" {
		t.Errorf("update %s", up.Body)
	}

	inv := ada.Post("/organization/invite-member", body{"email": "EVE@example.com", "role": "member"}).Want(t, 200, "")
	if len(w.sent) != 1 || w.sent[0].ID != inv.JSON("id") || w.sent[0].Email != eve.email || w.sent[0].Organization.Name != "Acme Ltd" ||
		w.sent[0].Inviter.User.Name != "Ada" || w.sent[0].Invitation.Status != organization.StatusPending {
		t.Errorf("sent %+v", w.sent)
	}
	if got := inv.JSON("expiresAt"); got != "2026-01-03T00:00:00.000Z" {
		t.Errorf("expires %s", got)
	}
	mine := eve.Get("/organization/list-user-invitations").Want(t, 200, "").Body
	if !strings.HasSuffix(mine, `"organizationName":"Acme Ltd"}]`) {
		t.Errorf("invitations %s", mine)
	}
	got := eve.Get("/organization/get-invitation?id="+inv.JSON("id")).Want(t, 200, "")
	if !strings.HasSuffix(got.Body, `"organizationName":"Acme Ltd","organizationSlug":"acme","inviterEmail":"ada@example.com"}`) {
		t.Errorf("invitation %s", got.Body)
	}
	accepted := eve.Post("/organization/accept-invitation", body{"invitationId": inv.JSON("id")}).Want(t, 200, "")
	if accepted.JSON("invitation", "status") != "accepted" || accepted.JSON("member", "role") != "member" {
		t.Errorf("accepted %s", accepted.Body)
	}
	if got := eve.session("activeOrganizationId"); got != org {
		t.Errorf("active organization %q", got)
	}

	full := ada.Get("/organization/get-full-organization?organizationSlug=acme").Want(t, 200, "")
	for _, part := range []string{`"invitations":[{`, `"members":[{`, `"user":{"id":"` + eve.id + `","name":"Eve","email":"eve@example.com","image":null}}`, `"teams":[{`} {
		if !strings.Contains(full.Body, part) {
			t.Errorf("full organization without %s: %s", part, full.Body)
		}
	}
	for permission, want := range map[string]string{
		`{"permissions":{"organization":["delete"]}}`: "false", `{"permissions":{"ac":["read"]}}`: "true",
		`{"permission":{"ac":["read"]}}`: "false",
	} {
		if got := eve.Post("/organization/has-permission", permission).Want(t, 200, ""); got.Body != `{"error":null,"success":`+want+`}` {
			t.Errorf("%s: %s", permission, got.Body)
		}
	}
	eve.Post("/organization/invite-member", body{"email": "mallory@example.com", "role": "member"}).
		Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_INVITE_USERS_TO_THIS_ORGANIZATION")
	ada.Post("/organization/update-member-role", body{"memberId": w.member(org, eve), "role": []string{"admin", "member"}}).Want(t, 200, "")
	if got := eve.Get("/organization/get-active-member-role"); got.Body != `{"role":"admin,member"}` {
		t.Errorf("role %s", got.Body)
	}
	eve.Post("/organization/leave", body{"organizationId": org}).Want(t, 200, "")
	if got := eve.session("activeOrganizationId"); got != "null" {
		t.Errorf("active organization %q", got)
	}
	ada.Post("/organization/leave", body{"organizationId": org}).Want(t, 400, "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER")
	ada.Post("/organization/delete", body{"organizationId": org}).Want(t, 200, "")
	for _, model := range []string{"organization", "member", "invitation", "team", "teamMember", "organizationRole"} {
		w.want(model, 0)
	}
}

func TestTeams(t *testing.T) {
	t.Parallel()
	w := open(t, everything)
	ada, eve := w.join("Ada"), w.join("Eve")
	org := ada.found("acme")
	first := ada.session("activeTeamId")
	team := ada.Post("/organization/create-team", body{"name": "Crew"}).Want(t, 200, "").JSON("id")
	eve.Post("/organization/accept-invitation", body{"invitationId": ada.invite(org, eve, "member", team)}).Want(t, 200, "")
	if got := eve.session("activeTeamId"); got != team {
		t.Errorf("active team %q", got)
	}
	if got := eve.Get("/organization/list-user-teams"); strings.Count(got.Body, `"id"`) != 1 || !strings.Contains(got.Body, team) {
		t.Errorf("teams %s", got.Body)
	}
	ada.Post("/organization/set-active-team", body{"teamId": team}).Want(t, 403, "USER_IS_NOT_A_MEMBER_OF_THE_TEAM")
	for range 2 {
		ada.Post("/organization/add-team-member", body{"teamId": team, "userId": ada.id}).Want(t, 200, "")
	}
	if got := ada.Get("/organization/list-team-members?teamId=" + team); strings.Count(got.Body, `"teamId"`) != 2 {
		t.Errorf("members %s", got.Body)
	}
	ada.Post("/organization/set-active-team", body{"teamId": team}).Want(t, 200, "")
	ada.Post("/organization/remove-team", body{"teamId": team}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_DELETE_THIS_TEAM")
	ada.Post("/organization/set-active-team", body{"teamId": nil}).Want(t, 200, "")
	ada.Post("/organization/update-team", body{"teamId": team, "data": body{"name": "Staff", "id": "x"}}).Want(t, 200, "")
	eve.Post("/organization/update-team", body{"teamId": team, "data": body{"name": "Mine"}}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_UPDATE_THIS_TEAM")
	ada.Post("/organization/remove-team-member", body{"teamId": team, "userId": eve.id}).Want(t, 200, "")
	ada.Post("/organization/remove-team-member", body{"teamId": team, "userId": eve.id}).Want(t, 400, "USER_IS_NOT_A_MEMBER_OF_THE_TEAM")
	ada.Post("/organization/remove-team", body{"teamId": team}).Want(t, 200, "")
	ada.Post("/organization/remove-team", body{"teamId": team}).Want(t, 400, "TEAM_NOT_FOUND")
	ada.Post("/organization/remove-team", body{"teamId": first}).Want(t, 400, "UNABLE_TO_REMOVE_LAST_TEAM")
}

func TestDynamicRoles(t *testing.T) {
	t.Parallel()
	w := open(t, everything)
	ada, eve := w.join("Ada"), w.join("Eve")
	org := ada.found("acme")
	ada.enrol(org, eve, "member")
	made := ada.Post("/organization/create-role", `{"role":"Editor","permission":{"project":["share","create"],"member":["update"]}}`).Want(t, 200, "")
	if !strings.HasSuffix(made.Body, `"statements":{"project":["share","create"],"member":["update"]}}`) || made.JSON("roleData", "role") != "editor" {
		t.Errorf("%s", made.Body)
	}
	eve.Post("/organization/has-permission", body{"permissions": body{"project": []string{"share"}}}).Want(t, 200, "")
	ada.Post("/organization/update-member-role", body{"memberId": w.member(org, eve), "role": "member,editor"}).Want(t, 200, "")
	may := func() string {
		return eve.Post("/organization/has-permission", body{"permissions": body{"project": []string{"share"}}}).JSON("success")
	}
	if may() != "true" {
		t.Error("the role grants nothing")
	}
	ada.Post("/organization/delete-role", body{"roleName": "editor"}).Want(t, 400, "ROLE_IS_ASSIGNED_TO_MEMBERS")
	ada.Post("/organization/update-role", body{"roleName": "editor", "data": body{"roleName": "Writer"}}).Want(t, 200, "")
	if may() != "true" || eve.Get("/organization/get-active-member-role").JSON("role") != "member,writer" {
		t.Error("the role was lost with its name")
	}
	ada.Post("/organization/update-role", body{"roleName": "writer", "data": body{"permission": body{"project": []string{"create"}}}}).Want(t, 200, "")
	if may() != "false" {
		t.Error("the role still grants what was taken")
	}
	if got := eve.Get("/organization/get-role?roleName=writer").Want(t, 200, ""); got.JSON("permission") != `{"project":["create"]}` {
		t.Errorf("%s", got.Body)
	}
	eve.Get("/organization/list-roles").Want(t, 200, "")
	eve.Post("/organization/create-role", body{"role": "x", "permission": body{"ac": []string{"read"}}}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_CREATE_A_ROLE")
	ada.Post("/organization/update-member-role", body{"memberId": w.member(org, eve), "role": "member"}).Want(t, 200, "")
	ada.Post("/organization/delete-role", body{"roleName": "writer"}).Want(t, 200, "")
	w.want("organizationRole", 0)
}

// TestValidation holds the messages of Better Auth 1.6's schemas.
func TestValidation(t *testing.T) {
	t.Parallel()
	w := open(t, everything)
	ada := w.join("Ada")
	ada.found("acme")
	const object, one = "Invalid input: expected object, received undefined", "Invalid input"
	for _, tc := range []struct{ method, path, body, want string }{
		{"POST", "/organization/create", `{}`, "[body.name] Invalid input: expected string, received undefined; [body.slug] Invalid input: expected string, received undefined"},
		{"POST", "/organization/create", `{"name":"","slug":"","metadata":5}`, "[body.name] Too small: expected string to have >=1 characters; [body.slug] Too small: expected string to have >=1 characters; [body.metadata] Invalid input: expected record, received number"},
		{"POST", "/organization/update", `{}`, "[body.data] " + object},
		{"POST", "/organization/update", `{"data":{"name":""},"organizationId":5}`, "[body.data.name] Too small: expected string to have >=1 characters; [body.organizationId] Invalid input: expected string, received number"},
		{"POST", "/organization/set-active", `{"organizationId":5}`, "[body.organizationId] Invalid input: expected string, received number"},
		{"POST", "/organization/set-active", ``, "[body] " + object},
		{"POST", "/organization/has-permission", `{}`, "[body] " + one},
		{"POST", "/organization/has-permission", ``, "[body] " + object + "; [body] " + one},
		{"POST", "/organization/has-permission", `{"permissions":{"a":["b"]},"permission":{"a":["b"]}}`, "[body] " + one},
		{"POST", "/organization/has-permission", `{"permissions":{"a":"b"},"organizationId":5}`, "[body.organizationId] Invalid input: expected string, received number; [body] " + one},
		{"POST", "/organization/delete-role", `{}`, "[body] " + one},
		{"POST", "/organization/delete-role", ``, "[body] " + object + "; [body] " + one},
		{"POST", "/organization/delete-role", `{"roleName":""}`, "[body.roleName] Too small: expected string to have >=1 characters"},
		{"POST", "/organization/delete-role", `{"roleName":5,"roleId":5}`, "[body] " + one},
		{"POST", "/organization/update-role", `{}`, "[body.data] " + object + "; [body] " + one},
		{"GET", "/organization/get-role", ``, "[query] " + one},
		{"GET", "/organization/get-role?roleName=", ``, "[query.roleName] Too small: expected string to have >=1 characters"},
		{"POST", "/organization/invite-member", `{"email":"x@yy.zz","role":5}`, "[body.role] " + one},
		{"POST", "/organization/invite-member", `{"email":"x@yy.zz","role":"member","teamId":5}`, "[body.teamId] " + one},
		{"POST", "/organization/invite-member", `{"email":"x@yy.zz","role":"member","teamId":null}`, "[body.teamId] " + one},
		{"POST", "/organization/update-team", `{"teamId":"x","data":{"createdAt":"2020","updatedAt":5}}`, "[body.data.createdAt] Invalid input: expected date, received string; [body.data.updatedAt] Invalid input: expected date, received number"},
		{"GET", "/organization/list-members?filterOperator=zz", ``, `[query.filterOperator] Invalid option: expected one of "eq"|"ne"|"lt"|"lte"|"gt"|"gte"|"in"|"not_in"|"contains"|"starts_with"|"ends_with"`},
		{"GET", "/organization/list-members?limit=1&limit=2", ``, "[query.limit] Invalid input"},
	} {
		a := ada.Do(tc.method, tc.path, tc.body)
		if a.Status != 400 || a.Code() != "VALIDATION_ERROR" || a.JSON("message") != tc.want {
			t.Errorf("%s %s %s\n got %d %s\nwant %s", tc.method, tc.path, tc.body, a.Status, a.Body, tc.want)
		}
	}
}

// TestFilterThatNoFieldTakes finds out what only the database knows.
func TestFilterThatNoFieldTakes(t *testing.T) {
	t.Parallel()
	w := open(t, nil, func(o *core.Options) { o.IDs.Kind = schema.IDSerial })
	ada := w.join("Ada")
	ada.found("acme")
	ada.Get("/organization/list-members?filterField=userId&filterValue=1").Want(t, 200, "")
	ada.Get("/organization/list-members?filterField=userId&filterValue=1&filterOperator=contains").Want(t, 400, "VALIDATION_ERROR")
}

// TestSignedOut calls every route without a session.
func TestSignedOut(t *testing.T) {
	t.Parallel()
	w := open(t, everything)
	c := w.Client()
	for _, tc := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"POST", "create", `{"name":"A","slug":"a","userId":"x"}`, 401, "UNAUTHORIZED"},
		{"POST", "update", `{"data":{}}`, 401, "USER_NOT_FOUND"},
		{"POST", "delete", `{"organizationId":"x"}`, 401, "UNAUTHORIZED"},
		{"POST", "set-active", `{}`, 401, "UNAUTHORIZED"},
		{"GET", "get-full-organization", ``, 401, "UNAUTHORIZED"},
		{"GET", "list", ``, 401, "UNAUTHORIZED"},
		{"POST", "check-slug", `{"slug":"x"}`, 401, "UNAUTHORIZED"},
		{"POST", "has-permission", `{"permissions":{"a":["b"]}}`, 401, "UNAUTHORIZED"},
		{"POST", "invite-member", `{"email":"a@bb.cc","role":"member"}`, 401, "UNAUTHORIZED"},
		{"POST", "cancel-invitation", `{"invitationId":"x"}`, 401, "UNAUTHORIZED"},
		{"POST", "accept-invitation", `{"invitationId":"x"}`, 401, "UNAUTHORIZED"},
		{"POST", "reject-invitation", `{"invitationId":"x"}`, 401, "UNAUTHORIZED"},
		{"GET", "get-invitation?id=x", ``, 401, "NOT_AUTHENTICATED"},
		{"GET", "list-invitations", ``, 401, "UNAUTHORIZED"},
		{"GET", "list-user-invitations", ``, 400, "MISSING_SESSION_HEADERS_OR_EMAIL_QUERY_PARAMETER"},
		{"GET", "list-user-invitations?email=a@bb.cc", ``, 400, "USER_EMAIL_CANNOT_BE_PASSED_FOR_CLIENT_SIDE_API_CALLS"},
		{"GET", "get-active-member", ``, 401, "UNAUTHORIZED"},
		{"GET", "get-active-member-role", ``, 401, "UNAUTHORIZED"},
		{"POST", "remove-member", `{"memberIdOrEmail":"x"}`, 401, "UNAUTHORIZED"},
		{"POST", "update-member-role", `{"memberId":"x","role":"member"}`, 401, "UNAUTHORIZED"},
		{"POST", "leave", `{"organizationId":"x"}`, 401, "UNAUTHORIZED"},
		{"GET", "list-members", ``, 401, "UNAUTHORIZED"},
		{"POST", "create-team", `{"name":"x","organizationId":"x"}`, 401, "UNAUTHORIZED"},
		{"POST", "remove-team", `{"teamId":"x"}`, 400, "NO_ACTIVE_ORGANIZATION"},
		{"POST", "remove-team", `{"teamId":"x","organizationId":"y"}`, 401, "UNAUTHORIZED"},
		{"POST", "update-team", `{"teamId":"x","data":{}}`, 401, "UNAUTHORIZED"},
		{"GET", "list-teams", ``, 401, "UNAUTHORIZED"},
		{"POST", "set-active-team", `{}`, 401, "UNAUTHORIZED"},
		{"GET", "list-user-teams", ``, 401, "UNAUTHORIZED"},
		{"GET", "list-team-members", ``, 401, "UNAUTHORIZED"},
		{"POST", "add-team-member", `{"teamId":"x","userId":"x"}`, 401, "UNAUTHORIZED"},
		{"POST", "remove-team-member", `{"teamId":"x","userId":"x"}`, 401, "UNAUTHORIZED"},
		{"POST", "create-role", `{"role":"x","permission":{}}`, 401, "UNAUTHORIZED"},
		{"POST", "delete-role", `{"roleName":"x"}`, 401, "UNAUTHORIZED"},
		{"POST", "update-role", `{"roleName":"x","data":{}}`, 401, "UNAUTHORIZED"},
		{"GET", "list-roles", ``, 401, "UNAUTHORIZED"},
		{"GET", "get-role?roleName=x", ``, 401, "UNAUTHORIZED"},
		{"POST", "add-member", `{"userId":"x","role":"owner"}`, 404, "NOT_FOUND"},
	} {
		a := c.Do(tc.method, "/organization/"+tc.path, tc.body)
		if a.Status != tc.status || a.Code() != tc.code {
			t.Errorf("%s %s: %d %s, want %d %s", tc.method, tc.path, a.Status, a.Body, tc.status, tc.code)
		}
	}
}

// TestRoutesByOption: what an option enables does not exist without it.
func TestRoutesByOption(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	ada := w.join("Ada")
	ada.Post("/organization/create-team", body{"name": "x"}).Want(t, 404, "NOT_FOUND")
	ada.Post("/organization/create-role", body{"role": "x", "permission": body{}}).Want(t, 404, "NOT_FOUND")
	if _, ok := w.Auth.Schema().Table("team"); ok {
		t.Error("there is a table of teams")
	}
	if a := ada.Get("/get-session"); strings.Contains(a.Body, "activeTeamId") {
		t.Errorf("%s", a.Body)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(o *organization.Options){
		"MembershipLimit is negative":        func(o *organization.Options) { o.MembershipLimit = -1 },
		"InvitationExpiresIn is negative":    func(o *organization.Options) { o.InvitationExpiresIn = -1 },
		`renames "nope"`:                     func(o *organization.Options) { o.Schema.Member.Columns = map[string]string{"nope": "x"} },
		"Teams.MaximumTeams is negative":     func(o *organization.Options) { o.Teams.MaximumTeams = -1 },
		"maximumRolesPerOrganization is neg": func(o *organization.Options) { o.DynamicAccessControl.MaximumRolesPerOrganization = -1 },
	} {
		var o organization.Options
		change(&o)
		w := &world{t: t}
		_ = w
		_, err := newAuth(t, organization.New(o))
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(name)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func newAuth(t *testing.T, p core.Plugin) (*core.Auth, error) {
	t.Helper()
	e := envOf(t)
	return core.New(e.Options(p))
}
