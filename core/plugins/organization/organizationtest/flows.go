// Package organizationtest has the flows of the plugin for flowtest.Run.
package organizationtest

import (
	"context"
	"fmt"
	"github.com/advantch/kernia-go/core/suites/flowtest"
	"slices"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/schema"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{Flows: organizationFlows, Races: organizationRaces, Faults: organizationFaults}
}

// organizationFlows are the plugin's flows.
var organizationFlows = []flowtest.Flow{
	{Name: "found an organization, invite, promote, leave, delete it", Run: organizationLife},
	{Name: "teams", Run: teamLife},
	{Name: "roles of an organization's own", Run: roleLife},
	{Name: "added fields of organizations, serial ids", Run: organizationFields},
	{Name: "an organization's members by page, order and filter", Run: memberPages},
	{Name: "functions of the application are called while nothing is locked", Run: functionsLockNothing},
}

// organizationRaces are the same done by many at once.
var organizationRaces = []flowtest.Flow{
	{Name: "RACE-03 one invitation accepted fifty times", Run: raceAccept},
	{Name: "RACE-03 accept against cancel and reject", Run: raceCancel},
	{Name: "RACE-11 owners leave, demote and remove each other", Run: raceOwners},
	{Name: "RACE-12 members of an organization", Run: raceMembers},
	{Name: "RACE-12 organizations of a user", Run: raceOrganizations},
	{Name: "RACE-12 teams and their members", Run: raceTeams},
	{Name: "RACE-12 invitations", Run: raceInvitations},
	{Name: "RACE-12 roles of an organization", Run: raceRoles},
	{Name: "ORG-16 fifty invitations of one address", Run: raceOneAddress},
	{Name: "one slug for fifty organizations", Run: raceSlug},
	{Name: "deletion of an organization against joining it", Run: raceDeleteOrganization},
	{Name: "deletion of a role against giving it", Run: raceDeleteRole},
}

// withOrganizations installs the plugin.
func withOrganizations(change func(o *organization.Options)) flowtest.Options {
	return func(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		org := organization.Options{
			Teams: organization.Teams{Enabled: true}, DynamicAccessControl: organization.DynamicAccessControl{Enabled: true},
			Access: access.NewControl(organization.DefaultStatements()), MembershipLimit: 1000, InvitationLimit: 1000,
			SendInvitation: func(ctx context.Context, inv organization.InvitationMail) error {
				return e.Mail("invitation")(ctx, core.Mail{User: &core.User{Email: inv.Email}, Token: inv.ID})
			},
		}
		if change != nil {
			change(&org)
		}
		o.Plugins = append(o.Plugins, organization.New(org))
	}
}

// person is a client with a verified address.
type person struct {
	*authtest.Client
	id, email string
}

func meet(t testing.TB, e *authtest.Env, name string) *person {
	t.Helper()
	email := name + "@example.com"
	c := flowtest.SignUp(t, e, email)
	id := c.Get("/get-session").JSON("user", "id")
	if _, err := e.Auth.Store().UpdateUser(context.Background(), id, adapter.Record{"emailVerified": true}); err != nil {
		t.Fatal(err)
	}
	return &person{c, id, email}
}

func people(t testing.TB, e *authtest.Env, n int) []*person {
	t.Helper()
	out := make([]*person, n)
	for i := range out {
		out[i] = meet(t, e, fmt.Sprintf("person-%d", i))
	}
	return out
}

// found creates an organization and returns its id.
func (p *person) found(t testing.TB, slug string) string {
	t.Helper()
	return p.Post("/organization/create", flowtest.Body{"name": "Acme", "slug": slug}).Want(t, 200, "").JSON("id")
}

func (p *person) invite(t testing.TB, org string, who *person, role string) string {
	t.Helper()
	return p.Post("/organization/invite-member", flowtest.Body{"organizationId": org, "email": who.email, "role": role}).Want(t, 200, "").JSON("id")
}

func (p *person) accept(id string) *authtest.Answer {
	return p.Copy().Post("/organization/accept-invitation", flowtest.Body{"invitationId": id})
}

// plugin finds the installed plugin.
func plugin(e *authtest.Env) *organization.Plugin {
	p, _ := organization.From(e.Auth)
	return p
}

// add makes people members at once and returns their memberships' ids.
func add(t testing.TB, e *authtest.Env, org, role string, who ...*person) []string {
	t.Helper()
	ids := make([]string, len(who))
	for i, p := range who {
		m, err := plugin(e).Add(context.Background(), organization.NewMember{OrganizationID: org, UserID: p.id, Roles: []string{role}})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = m.ID
	}
	return ids
}

func owners(t testing.TB, e *authtest.Env, org string) int {
	t.Helper()
	n := 0
	for _, rec := range flowtest.Rows(t, e, organization.ModelMember, adapter.Cond{Field: "organizationId", Value: org}) {
		if slices.Contains(access.Split(rec["role"].(string)), "owner") {
			n++
		}
	}
	return n
}

// wantTally compares answers by code.
func wantTally(t testing.TB, answers []*authtest.Answer, ok int, loser string) {
	t.Helper()
	got := flowtest.Tally(answers)
	if got["ok"] != ok || got[loser] != len(answers)-ok {
		t.Fatalf("answers %v, want %d successes and else only %s", got, ok, loser)
	}
}

func organizationLife(s *flowtest.T) {
	e := s.Start(withOrganizations(nil))
	ada, eve, bob := meet(s, e, "ada"), meet(s, e, "eve"), meet(s, e, "bob")
	made := ada.Post("/organization/create", flowtest.Body{"name": "Acme", "slug": "acme", "logo": "https://example.com/a.png", "metadata": flowtest.Body{"ü": []int{1}}}).Want(s, 200, "")
	org := made.JSON("id")
	if made.JSON("metadata") != `{"ü":[1]}` || made.JSON("createdAt") != "2026-01-01T00:00:00.000Z" {
		s.Errorf("created %s", made.Body)
	}
	eve.Post("/organization/create", flowtest.Body{"name": "Evil", "slug": "acme"}).Want(s, 400, "ORGANIZATION_ALREADY_EXISTS")
	eve.Post("/organization/check-slug", flowtest.Body{"slug": "acme"}).Want(s, 400, "ORGANIZATION_SLUG_ALREADY_TAKEN")
	theirs := eve.found(s, "evil")
	eve.Post("/organization/update", flowtest.Body{"organizationId": theirs, "data": flowtest.Body{"slug": "acme"}}).Want(s, 400, "ORGANIZATION_SLUG_ALREADY_TAKEN")
	eve.Post("/organization/delete", flowtest.Body{"organizationId": theirs}).Want(s, 200, "")

	first := ada.invite(s, org, eve, "member")
	if m := e.LastMail(); m.Kind != "invitation" || m.To != eve.email || m.Token != first {
		s.Errorf("mail %+v", m)
	}
	ada.Post("/organization/invite-member", flowtest.Body{"email": "EVE@example.com", "role": "member"}).Want(s, 400, "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION")
	e.Clock.Add(24 * 3600 * 1e9)
	again := ada.Post("/organization/invite-member", flowtest.Body{"email": eve.email, "role": "member", "resend": true}).Want(s, 200, "")
	if again.JSON("id") != first || again.JSON("expiresAt") != "2026-01-04T00:00:00.000Z" {
		s.Errorf("sent again %s", again.Body)
	}
	eve.accept(first).Want(s, 200, "")
	ada.Post("/organization/cancel-invitation", flowtest.Body{"invitationId": ada.invite(s, org, bob, "admin")}).Want(s, 200, "")
	bob.Post("/organization/reject-invitation", flowtest.Body{"invitationId": ada.invite(s, org, bob, "admin")}).Want(s, 200, "")
	bob.accept(ada.invite(s, org, bob, "admin")).Want(s, 200, "")

	full := ada.Get("/organization/get-full-organization").Want(s, 200, "")
	if strings.Count(full.Body, `"user":{`) != 3 || strings.Count(full.Body, `"inviterId"`) != 4 || !strings.Contains(full.Body, `"metadata":"{\"ü\":[1]}"`) {
		s.Errorf("full organization %s", full.Body)
	}
	members := flowtest.Rows(s, e, organization.ModelMember, adapter.Cond{Field: "userId", Value: eve.id})
	bob.Post("/organization/update-member-role", flowtest.Body{"organizationId": org, "memberId": members[0]["id"], "role": []string{"admin", "member"}}).Want(s, 200, "")
	bob.Post("/organization/remove-member", flowtest.Body{"organizationId": org, "memberIdOrEmail": eve.email}).Want(s, 200, "")
	bob.Post("/organization/leave", flowtest.Body{"organizationId": org}).Want(s, 200, "")
	ada.Post("/organization/leave", flowtest.Body{"organizationId": org}).Want(s, 400, "YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER")
	flowtest.WantRows(s, e, organization.ModelMember, 1)
	up := ada.Post("/organization/update", flowtest.Body{"data": flowtest.Body{"name": "Acme Ltd", "metadata": flowtest.Body{}}}).Want(s, 200, "")
	if up.JSON("name") != "Acme Ltd" || up.JSON("metadata") != "{}" || up.JSON("slug") != "acme" {
		s.Errorf("updated %s", up.Body)
	}
	ada.Post("/organization/delete", flowtest.Body{"organizationId": org}).Want(s, 200, "")
	for _, model := range []string{organization.ModelOrganization, organization.ModelMember, organization.ModelInvitation, organization.ModelTeam, organization.ModelTeamMember} {
		flowtest.WantRows(s, e, model, 0)
	}
	if got := ada.Get("/get-session").JSON("session", "activeOrganizationId"); got != "null" {
		s.Errorf("active organization %q", got)
	}
}

// functionsLockNothing has limits that are decided by another system, which changes the
// rows in question while it is asked.
func functionsLockNothing(s *flowtest.T) {
	var e *authtest.Env
	var asked []string
	ask := func(name string) (int, error) {
		asked = append(asked, name)
		done := make(chan error)
		go func() {
			done <- e.Auth.Store().Tx(context.Background(), func(ctx context.Context) error {
				everybody := adapter.Where{{Field: "id", Op: adapter.Ne, Value: "0"}}
				for _, model := range []string{"user", "organization"} {
					if _, err := e.Auth.DB().UpdateMany(ctx, model, everybody, adapter.Record{"name": name}); err != nil {
						return err
					}
				}
				return nil
			})
		}()
		return 3, <-done
	}
	e = s.Start(withOrganizations(func(o *organization.Options) {
		o.OrganizationLimitReached = func(context.Context, *core.User) (bool, error) {
			_, err := ask("organizations")
			return false, err
		}
		o.MembershipLimitFunc = func(context.Context, *core.User, *organization.Organization) (int, error) { return ask("members") }
		o.InvitationLimitFunc = func(context.Context, organization.InvitationLimitRequest) (int, error) { return ask("invitations") }
		o.Teams.MaximumTeamsFunc = func(context.Context, string, *core.SessionData) (int, error) { return ask("teams") }
		o.Teams.MaximumMembersPerTeamFunc = func(context.Context, organization.TeamLimitRequest) (int, error) { return ask("team") }
		o.DynamicAccessControl.MaximumRolesPerOrganizationFunc = func(context.Context, string) (int, error) { return ask("roles") }
	}))
	ada, eve := meet(s, e, "ada"), meet(s, e, "eve")
	org := ada.found(s, "acme")
	team := ada.Post("/organization/create-team", flowtest.Body{"name": "Crew"}).Want(s, 200, "").JSON("id")
	ada.Post("/organization/create-role", flowtest.Body{"role": "x", "permission": flowtest.Body{}}).Want(s, 200, "")
	eve.accept(ada.invite(s, org, eve, "member")).Want(s, 200, "")
	ada.Post("/organization/add-team-member", flowtest.Body{"teamId": team, "userId": eve.id}).Want(s, 200, "")
	if got := strings.Join(asked, " "); got != "organizations teams roles invitations members team" {
		s.Errorf("asked for %s", got)
	}
}

func teamLife(s *flowtest.T) {
	e := s.Start(withOrganizations(nil))
	ada, eve := meet(s, e, "ada"), meet(s, e, "eve")
	org := ada.found(s, "acme")
	add(s, e, org, "member", eve)
	first := ada.Get("/get-session").JSON("session", "activeTeamId")
	made := ada.Post("/organization/create-team", flowtest.Body{"name": "Crew"}).Want(s, 200, "")
	team := made.JSON("id")
	if made.JSON("updatedAt") != "2026-01-01T00:00:00.000Z" {
		s.Errorf("created %s", made.Body)
	}
	for range 2 {
		ada.Post("/organization/add-team-member", flowtest.Body{"teamId": team, "userId": eve.id}).Want(s, 200, "")
	}
	flowtest.WantRows(s, e, organization.ModelTeamMember, 2)
	eve.Post("/organization/set-active", flowtest.Body{"organizationId": org}).Want(s, 200, "")
	eve.Post("/organization/set-active-team", flowtest.Body{"teamId": team}).Want(s, 200, "")
	if got := eve.Get("/organization/list-team-members").Want(s, 200, ""); strings.Count(got.Body, `"userId"`) != 1 {
		s.Errorf("members %s", got.Body)
	}
	if got := ada.Get("/organization/list-teams").Want(s, 200, ""); strings.Count(got.Body, `"name"`) != 2 {
		s.Errorf("teams %s", got.Body)
	}
	ada.Post("/organization/update-team", flowtest.Body{"teamId": team, "data": flowtest.Body{"name": "Staff"}}).Want(s, 200, "")
	if got := eve.Get("/organization/list-user-teams").Want(s, 200, ""); !strings.Contains(got.Body, `"name":"Staff"`) {
		s.Errorf("teams %s", got.Body)
	}
	eve.Post("/organization/leave", flowtest.Body{"organizationId": org}).Want(s, 200, "")
	flowtest.WantRows(s, e, organization.ModelTeamMember, 1)
	ada.Post("/organization/remove-team", flowtest.Body{"teamId": team}).Want(s, 200, "")
	ada.Post("/organization/set-active-team", flowtest.Body{"teamId": nil}).Want(s, 200, "")
	ada.Post("/organization/remove-team", flowtest.Body{"teamId": first}).Want(s, 400, "UNABLE_TO_REMOVE_LAST_TEAM")
}

func roleLife(s *flowtest.T) {
	e := s.Start(withOrganizations(nil))
	ada, eve := meet(s, e, "ada"), meet(s, e, "eve")
	org := ada.found(s, "acme")
	id := add(s, e, org, "member", eve)[0]
	may := func() string {
		return eve.Post("/organization/has-permission", flowtest.Body{"organizationId": org, "permissions": flowtest.Body{"invitation": []string{"create"}}}).Want(s, 200, "").JSON("success")
	}
	made := ada.Post("/organization/create-role", `{"role":"Inviter","permission":{"invitation":["create"],"ac":["read"]}}`).Want(s, 200, "")
	if made.JSON("roleData", "permission") != `{"invitation":["create"],"ac":["read"]}` || may() != "false" {
		s.Errorf("created %s", made.Body)
	}
	ada.Post("/organization/update-member-role", flowtest.Body{"memberId": id, "role": []string{"member", "inviter"}}).Want(s, 200, "")
	if may() != "true" {
		s.Error("the role grants nothing")
	}
	ada.Post("/organization/delete-role", flowtest.Body{"roleName": "inviter"}).Want(s, 400, "ROLE_IS_ASSIGNED_TO_MEMBERS")
	ada.Post("/organization/update-role", flowtest.Body{"roleName": "inviter", "data": flowtest.Body{"roleName": "host"}}).Want(s, 200, "")
	if may() != "true" {
		s.Error("the role was lost with its name")
	}
	ada.Post("/organization/update-role", flowtest.Body{"roleName": "host", "data": flowtest.Body{"permission": flowtest.Body{"ac": []string{"read"}}}}).Want(s, 200, "")
	if may() != "false" {
		s.Error("the role still grants what was taken")
	}
	if got := eve.Get("/organization/list-roles?organizationId="+org).Want(s, 200, ""); strings.Count(got.Body, `"role":"host"`) != 1 {
		s.Errorf("roles %s", got.Body)
	}
	ada.Post("/organization/update-member-role", flowtest.Body{"memberId": id, "role": "member"}).Want(s, 200, "")
	ada.Post("/organization/delete-role", flowtest.Body{"roleId": made.JSON("roleData", "id")}).Want(s, 200, "")
	flowtest.WantRows(s, e, organization.ModelOrganizationRole, 0)
}

func organizationFields(s *flowtest.T) {
	fields := withOrganizations(func(o *organization.Options) {
		o.Schema.Organization = core.TableOptions{Table: "companies", Columns: map[string]string{"slug": "short_name"}, Fields: []schema.Field{
			{Name: "seats", Type: schema.Number, Optional: true}, {Name: "open", Type: schema.Boolean, Default: schema.Value(true)},
			{Name: "tags", Type: schema.StringArray, Optional: true}, {Name: "founded", Type: schema.Date, Optional: true},
			{Name: "settings", Type: schema.JSON, Optional: true}, {Name: "secret", Type: schema.String, Optional: true, Hidden: true, NoInput: true, Default: schema.Value("s")},
		}}
		o.Schema.Member.Columns = map[string]string{"userId": "person"}
		o.Schema.SessionColumns = map[string]string{"activeOrganizationId": "company"}
	})
	e := s.Start(func(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
		o.IDs.Kind = schema.IDSerial
		fields(e, o, p)
	})
	ada, eve := meet(s, e, "ada"), meet(s, e, "eve")
	made := ada.Post("/organization/create", flowtest.Body{"name": "Acme", "slug": "acme", "seats": 5, "tags": []string{"a", "b"}, "founded": "2020-02-03T00:00:00.000Z",
		"settings": []int{1}, "secret": "mine"}).Want(s, 200, "")
	org := made.JSON("id")
	want := `"seats":5,"open":true,"tags":["a","b"],"founded":"2020-02-03T00:00:00.000Z","settings":[1],"id":"` + org + `"`
	if !strings.Contains(made.Body, want) || strings.Contains(made.Body, "secret") {
		s.Errorf("created %s, want %s", made.Body, want)
	}
	ada.Post("/organization/update", flowtest.Body{"data": flowtest.Body{"seats": 6.5, "open": false}}).Want(s, 200, "")
	full := ada.Get("/organization/get-full-organization?organizationSlug=acme").Want(s, 200, "")
	if full.JSON("seats") != "6.5" || full.JSON("open") != "false" || strings.Contains(full.Body, "secret") {
		s.Errorf("full organization %s", full.Body)
	}
	ada.Post("/organization/create", flowtest.Body{"name": "B", "slug": "b", "seats": "many"}).Want(s, 400, "VALIDATION_ERROR")
	eve.accept(ada.invite(s, org, eve, "member")).Want(s, 200, "")
	if rec := flowtest.Rows(s, e, organization.ModelOrganization)[0]; rec["secret"] != "s" {
		s.Errorf("row %v", rec)
	}
}

func memberPages(s *flowtest.T) {
	e := s.Start(withOrganizations(nil))
	ada := meet(s, e, "ada")
	org := ada.found(s, "acme")
	for i, p := range people(s, e, 6) {
		e.Clock.Add(1e9)
		role := "member"
		if i%2 == 1 {
			role = "admin"
		}
		add(s, e, org, role, p)
	}
	for query, want := range map[string]string{
		"": "ada 0 1 2 3 4 5 of 7", "limit=2&offset=1": "0 1 of 7", "sortBy=createdAt&sortDirection=desc&limit=3": "5 4 3 of 7",
		"filterField=role&filterValue=admin": "1 3 5 of 3", "filterField=role&filterValue=adm&filterOperator=starts_with&limit=1": "1 of 3",
		"filterField=role&filterValue=owner&filterValue=admin&filterOperator=in":                         "ada 1 3 5 of 4",
		"filterField=role&filterValue=member&filterOperator=ne":                                          "ada 1 3 5 of 4",
		"filterField=createdAt&filterValue=2026-01-01T00:00:05.000Z&filterOperator=gte&sortBy=createdAt": "4 5 of 2",
	} {
		a := ada.Get("/organization/list-members?"+query).Want(s, 200, "")
		var got []string
		for rest := a.Body; ; {
			_, after, ok := strings.Cut(rest, `"email":"`)
			if !ok {
				break
			}
			name, tail, _ := strings.Cut(after, "@")
			got, rest = append(got, strings.TrimPrefix(name, "person-")), tail
		}
		if text := strings.Join(got, " ") + " of " + a.JSON("total"); text != want {
			s.Errorf("%s: %s, want %s", query, text, want)
		}
	}
	for _, query := range []string{"sortBy=nope", "filterField=nope&filterValue=1", "limit=1.5",
		"filterField=createdAt&filterOperator=contains&filterValue=1", "filterField=createdAt&filterOperator=gt&filterValue=soon"} {
		ada.Get("/organization/list-members?"+query).Want(s, 400, "VALIDATION_ERROR")
	}
}

func raceAccept(s *flowtest.T) {
	e := s.Start(withOrganizations(nil))
	ada, eve := meet(s, e, "ada"), meet(s, e, "eve")
	org := ada.found(s, "acme")
	id := ada.invite(s, org, eve, "member")
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) { answers[i] = eve.accept(id) })
	flowtest.WantOneWinner(s, answers, "INVITATION_NOT_FOUND")
	flowtest.WantRows(s, e, organization.ModelMember, 2)
	if rec := flowtest.WantRows(s, e, organization.ModelInvitation, 1)[0]; rec["status"] != "accepted" {
		s.Errorf("the invitation is %v", rec["status"])
	}
}

func raceCancel(s *flowtest.T) {
	e := s.Start(withOrganizations(nil))
	ada, eve := meet(s, e, "ada"), meet(s, e, "eve")
	org := ada.found(s, "acme")
	id := ada.invite(s, org, eve, "member")
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) {
		switch i % 3 {
		case 0:
			answers[i] = eve.accept(id)
		case 1:
			answers[i] = eve.Copy().Post("/organization/reject-invitation", flowtest.Body{"invitationId": id})
		case 2:
			answers[i] = ada.Copy().Post("/organization/cancel-invitation", flowtest.Body{"invitationId": id})
		}
	})
	accepted, rejected := 0, 0
	for i, a := range answers {
		switch {
		case a.Status >= 500:
			s.Errorf("answered %d %s", a.Status, a.Body)
		case a.Status == 200 && i%3 == 0:
			accepted++
		case a.Status == 200 && i%3 == 1:
			rejected++
		}
	}
	if accepted+rejected > 1 {
		s.Errorf("accepted %d times and rejected %d times", accepted, rejected)
	}
	flowtest.WantRows(s, e, organization.ModelMember, 1+accepted)
}

// raceOwners: of owners who remove each other at once, one is left.
func raceOwners(s *flowtest.T) {
	e := s.Start(withOrganizations(nil))
	all := people(s, e, 10)
	org := all[0].found(s, "acme")
	ids := append([]string{flowtest.Rows(s, e, organization.ModelMember)[0]["id"].(string)}, add(s, e, org, "owner", all[1:]...)...)
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) {
		me, next := i%len(all), (i+1)%len(all)
		c := all[me].Copy()
		switch i / len(all) {
		case 0:
			answers[i] = c.Post("/organization/leave", flowtest.Body{"organizationId": org})
		case 1:
			answers[i] = c.Post("/organization/update-member-role", flowtest.Body{"organizationId": org, "memberId": ids[me], "role": "member"})
		case 2:
			answers[i] = c.Post("/organization/update-member-role", flowtest.Body{"organizationId": org, "memberId": ids[next], "role": "admin"})
		case 3:
			answers[i] = c.Post("/organization/remove-member", flowtest.Body{"organizationId": org, "memberIdOrEmail": ids[next]})
		case 4:
			answers[i] = c.Post("/organization/remove-member", flowtest.Body{"organizationId": org, "memberIdOrEmail": all[me].email})
		}
		if answers[i].Status >= 500 {
			s.Errorf("answered %d %s", answers[i].Status, answers[i].Body)
		}
	})
	if n := owners(s, e, org); n < 1 {
		s.Fatalf("%d owners are left: %v", n, flowtest.Tally(answers))
	}
}

func raceMembers(s *flowtest.T) {
	const limit = 8
	e := s.Start(withOrganizations(func(o *organization.Options) { o.MembershipLimit = limit }))
	ada := meet(s, e, "ada")
	org := ada.found(s, "acme")
	all := people(s, e, flowtest.Crowd)
	ids := make([]string, flowtest.Crowd)
	for i := 0; i < flowtest.Crowd; i += 2 {
		ids[i] = ada.invite(s, org, all[i], "member")
	}
	joined := make([]bool, flowtest.Crowd)
	s.Meet(func(i int) {
		if ids[i] != "" {
			a := all[i].accept(ids[i])
			joined[i] = a.Status == 200
			if !joined[i] && a.Code() != "ORGANIZATION_MEMBERSHIP_LIMIT_REACHED" {
				s.Errorf("answered %d %s", a.Status, a.Body)
			}
			return
		}
		_, err := plugin(e).Add(s.Context(), organization.NewMember{OrganizationID: org, UserID: all[i].id, Roles: []string{"member"}})
		joined[i] = err == nil
		if err != nil && !core.HasCode(err, organization.CodeOrganizationMembershipLimitReached) {
			s.Error(err)
		}
	})
	n := 0
	for _, ok := range joined {
		if ok {
			n++
		}
	}
	if n != limit-1 {
		s.Errorf("%d have joined, want %d", n, limit-1)
	}
	flowtest.WantRows(s, e, organization.ModelMember, limit)
}

func raceOrganizations(s *flowtest.T) {
	const limit = 3
	e := s.Start(withOrganizations(func(o *organization.Options) { o.OrganizationLimit = limit }))
	ada := meet(s, e, "ada")
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) {
		answers[i] = ada.Copy().Post("/organization/create", flowtest.Body{"name": "Acme", "slug": fmt.Sprintf("acme-%d", i)})
	})
	wantTally(s, answers, limit, "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_ORGANIZATIONS")
	flowtest.WantRows(s, e, organization.ModelOrganization, limit)
	flowtest.WantRows(s, e, organization.ModelMember, limit)
}

func raceTeams(s *flowtest.T) {
	const teams, members = 3, 4
	e := s.Start(withOrganizations(func(o *organization.Options) {
		o.Teams.MaximumTeams, o.Teams.MaximumMembersPerTeam = teams, members
	}))
	ada := meet(s, e, "ada")
	org := ada.found(s, "acme")
	team := ada.Get("/get-session").JSON("session", "activeTeamId")
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) { answers[i] = ada.Copy().Post("/organization/create-team", flowtest.Body{"name": "T"}) })
	wantTally(s, answers, teams-1, "YOU_HAVE_REACHED_THE_MAXIMUM_NUMBER_OF_TEAMS")
	flowtest.WantRows(s, e, organization.ModelTeam, teams)

	all := people(s, e, 10)
	add(s, e, org, "member", all...)
	s.Meet(func(i int) {
		answers[i] = ada.Copy().Post("/organization/add-team-member", flowtest.Body{"teamId": team, "userId": all[i%len(all)].id})
	})
	// Callers that are members already get that answer.
	got := flowtest.Tally(answers)
	if got["ok"] < members-1 || got["ok"]+got["TEAM_MEMBER_LIMIT_REACHED"] != flowtest.Crowd {
		s.Errorf("answers %v", got)
	}
	flowtest.WantRows(s, e, organization.ModelTeamMember, members)
	// One team stays.
	made := flowtest.WantRows(s, e, organization.ModelTeam, teams)
	ada.Post("/organization/set-active-team", flowtest.Body{"teamId": nil}).Want(s, 200, "")
	s.Meet(func(i int) {
		if a := ada.Copy().Post("/organization/remove-team", flowtest.Body{"teamId": made[i%teams]["id"]}); a.Status >= 500 {
			s.Errorf("answered %d %s", a.Status, a.Body)
		}
	})
	flowtest.WantRows(s, e, organization.ModelTeam, 1)
}

func raceInvitations(s *flowtest.T) {
	const limit = 5
	e := s.Start(withOrganizations(func(o *organization.Options) { o.InvitationLimit = limit }))
	ada := meet(s, e, "ada")
	org := ada.found(s, "acme")
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) {
		answers[i] = ada.Copy().Post("/organization/invite-member", flowtest.Body{"organizationId": org, "email": fmt.Sprintf("new-%d@example.com", i), "role": "member"})
	})
	wantTally(s, answers, limit, "INVITATION_LIMIT_REACHED")
	flowtest.WantRows(s, e, organization.ModelInvitation, limit)
	if n := len(e.Mails()); n != limit+mailsOf(e, "verify-email") {
		s.Errorf("%d mails", n)
	}
}

func mailsOf(e *authtest.Env, kind string) int {
	n := 0
	for _, m := range e.Mails() {
		if m.Kind == kind {
			n++
		}
	}
	return n
}

func raceOneAddress(s *flowtest.T) {
	e := s.Start(withOrganizations(nil))
	ada := meet(s, e, "ada")
	org := ada.found(s, "acme")
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) {
		email := []string{"new@example.com", "New@example.com", "NEW@EXAMPLE.COM"}[i%3]
		answers[i] = ada.Copy().Post("/organization/invite-member", flowtest.Body{"organizationId": org, "email": email, "role": "member"})
	})
	wantTally(s, answers, 1, "USER_IS_ALREADY_INVITED_TO_THIS_ORGANIZATION")
	flowtest.WantRows(s, e, organization.ModelInvitation, 1)
}

func raceRoles(s *flowtest.T) {
	const limit = 3
	e := s.Start(withOrganizations(func(o *organization.Options) { o.DynamicAccessControl.MaximumRolesPerOrganization = limit }))
	ada := meet(s, e, "ada")
	ada.found(s, "acme")
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) {
		answers[i] = ada.Copy().Post("/organization/create-role", flowtest.Body{"role": fmt.Sprintf("role-%d", i%10), "permission": flowtest.Body{"ac": []string{"read"}}})
	})
	got := flowtest.Tally(answers)
	if got["ok"] != limit || got["ok"]+got["TOO_MANY_ROLES"]+got["ROLE_NAME_IS_ALREADY_TAKEN"] != flowtest.Crowd {
		s.Errorf("answers %v", got)
	}
	names := map[any]bool{}
	for _, rec := range flowtest.WantRows(s, e, organization.ModelOrganizationRole, limit) {
		names[rec["role"]] = true
	}
	if len(names) != limit {
		s.Errorf("roles %v", names)
	}
}

func raceSlug(s *flowtest.T) {
	e := s.Start(withOrganizations(nil))
	all := people(s, e, 10)
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) {
		answers[i] = all[i%len(all)].Copy().Post("/organization/create", flowtest.Body{"name": "Acme", "slug": "acme"})
	})
	flowtest.WantOneWinner(s, answers, "ORGANIZATION_ALREADY_EXISTS")
	for _, model := range []string{organization.ModelOrganization, organization.ModelMember, organization.ModelTeam, organization.ModelTeamMember} {
		flowtest.WantRows(s, e, model, 1)
	}
}

func raceDeleteOrganization(s *flowtest.T) {
	e := s.Start(withOrganizations(nil))
	ada := meet(s, e, "ada")
	org := ada.found(s, "acme")
	all := people(s, e, 10)
	ids := make([]string, len(all))
	for i, p := range all {
		ids[i] = ada.invite(s, org, p, "member")
	}
	s.Meet(func(i int) {
		var a *authtest.Answer
		switch {
		case i == flowtest.Crowd/2:
			a = ada.Copy().Post("/organization/delete", flowtest.Body{"organizationId": org}).Want(s, 200, "")
		case i%2 == 0:
			a = all[i%len(all)].accept(ids[i%len(all)])
		default:
			a = ada.Copy().Post("/organization/invite-member", flowtest.Body{"organizationId": org, "email": fmt.Sprintf("new-%d@example.com", i), "role": "member"})
		}
		if a.Status >= 500 {
			s.Errorf("answered %d %s", a.Status, a.Body)
		}
	})
	for _, model := range []string{organization.ModelOrganization, organization.ModelMember, organization.ModelInvitation, organization.ModelTeam, organization.ModelTeamMember} {
		flowtest.WantRows(s, e, model, 0)
	}
}

func raceDeleteRole(s *flowtest.T) {
	e := s.Start(withOrganizations(nil))
	ada := meet(s, e, "ada")
	org := ada.found(s, "acme")
	ids := add(s, e, org, "member", people(s, e, 10)...)
	ada.Post("/organization/create-role", flowtest.Body{"role": "editor", "permission": flowtest.Body{"ac": []string{"read"}}}).Want(s, 200, "")
	s.Meet(func(i int) {
		a := ada.Copy().Post("/organization/update-member-role", flowtest.Body{"memberId": ids[i%len(ids)], "role": "editor"})
		if i%10 == 0 {
			a = ada.Copy().Post("/organization/delete-role", flowtest.Body{"roleName": "editor"})
		}
		if a.Status >= 500 {
			s.Errorf("answered %d %s", a.Status, a.Body)
		}
	})
	given := flowtest.Rows(s, e, organization.ModelMember, adapter.Cond{Field: "role", Value: "editor"})
	if roles := flowtest.Rows(s, e, organization.ModelOrganizationRole); len(roles) == 0 && len(given) > 0 {
		s.Errorf("%d members have a role that is gone", len(given))
	}
}

// organizationFaults are requests with a database that fails.
var organizationFaults = []flowtest.Request{
	{Name: "create an organization", Change: withOrganizations(nil), Prepare: organizationRequest(func(s *flowtest.T, e *authtest.Env, w *company) (*person, string, flowtest.Body) {
		return w.eve, "/organization/create", flowtest.Body{"name": "Evil", "slug": "evil"}
	})},
	{Name: "update an organization", Change: withOrganizations(nil), Prepare: organizationRequest(func(s *flowtest.T, e *authtest.Env, w *company) (*person, string, flowtest.Body) {
		return w.ada, "/organization/update", flowtest.Body{"data": flowtest.Body{"name": "Acme Ltd"}}
	})},
	{Name: "invite", Change: withOrganizations(nil), Optional: []string{"1 mail"}, Prepare: organizationRequest(func(s *flowtest.T, e *authtest.Env, w *company) (*person, string, flowtest.Body) {
		return w.ada, "/organization/invite-member", flowtest.Body{"email": "new@example.com", "role": "member", "teamId": w.team}
	})},
	{Name: "accept an invitation", Change: withOrganizations(nil), Prepare: organizationRequest(func(s *flowtest.T, e *authtest.Env, w *company) (*person, string, flowtest.Body) {
		return w.eve, "/organization/accept-invitation", flowtest.Body{"invitationId": w.invitation}
	})},
	{Name: "reject an invitation", Change: withOrganizations(nil), Prepare: organizationRequest(func(s *flowtest.T, e *authtest.Env, w *company) (*person, string, flowtest.Body) {
		return w.eve, "/organization/reject-invitation", flowtest.Body{"invitationId": w.invitation}
	})},
	{Name: "remove a member", Change: withOrganizations(nil), Prepare: organizationRequest(func(s *flowtest.T, e *authtest.Env, w *company) (*person, string, flowtest.Body) {
		w.eve.accept(w.invitation).Want(s, 200, "")
		return w.ada, "/organization/remove-member", flowtest.Body{"memberIdOrEmail": w.eve.email}
	})},
	{Name: "leave an organization", Change: withOrganizations(nil), Prepare: organizationRequest(func(s *flowtest.T, e *authtest.Env, w *company) (*person, string, flowtest.Body) {
		w.eve.accept(w.invitation).Want(s, 200, "")
		return w.eve, "/organization/leave", flowtest.Body{"organizationId": w.id}
	})},
	{Name: "rename a role", Change: withOrganizations(nil), Prepare: organizationRequest(func(s *flowtest.T, e *authtest.Env, w *company) (*person, string, flowtest.Body) {
		w.ada.Post("/organization/create-role", flowtest.Body{"role": "editor", "permission": flowtest.Body{}}).Want(s, 200, "")
		add(s, e, w.id, "editor", w.eve)
		return w.ada, "/organization/update-role", flowtest.Body{"roleName": "editor", "data": flowtest.Body{"roleName": "writer"}}
	})},
	{Name: "remove a team", Change: withOrganizations(nil), Prepare: organizationRequest(func(s *flowtest.T, e *authtest.Env, w *company) (*person, string, flowtest.Body) {
		w.eve.accept(w.invitation).Want(s, 200, "")
		return w.ada, "/organization/remove-team", flowtest.Body{"teamId": w.team}
	})},
	{Name: "ORG-15 delete an organization", Change: withOrganizations(nil), Prepare: organizationRequest(func(s *flowtest.T, e *authtest.Env, w *company) (*person, string, flowtest.Body) {
		w.ada.Post("/organization/create-role", flowtest.Body{"role": "editor", "permission": flowtest.Body{}}).Want(s, 200, "")
		w.eve.accept(w.invitation).Want(s, 200, "")
		return w.ada, "/organization/delete", flowtest.Body{"organizationId": w.id}
	})},
}

// company is an organization with a second team, and an invitation to it.
type company struct {
	ada, eve             *person
	id, team, invitation string
}

func organizationRequest(prepare func(s *flowtest.T, e *authtest.Env, w *company) (*person, string, flowtest.Body)) func(*flowtest.T, *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		w := &company{ada: meet(s, e, "ada"), eve: meet(s, e, "eve")}
		w.id = w.ada.found(s, "acme")
		w.team = w.ada.Post("/organization/create-team", flowtest.Body{"name": "Crew"}).Want(s, 200, "").JSON("id")
		w.invitation = w.ada.Post("/organization/invite-member", flowtest.Body{"email": w.eve.email, "role": "member", "teamId": w.team}).Want(s, 200, "").JSON("id")
		who, path, content := prepare(s, e, w)
		return who.Client, flowtest.Send("POST", path, content)
	}
}
