package scim_test

import (
	"context"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/scim"
)

func TestGroupsAreTeams(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{Groups: &scim.Groups{Teams: true}})
	owner := w.signUp(t, "owner@example.com")
	d, orgID := w.found(t, owner, "acme")
	ada, bob := d.create(t, "ada@acme.example"), d.create(t, "bob@acme.example")
	g := status(t, d.do("POST", groups, body{"displayName": "Eng", "members": []body{{"value": ada}}}), 201).JSON("id")
	isTeam := func(name string) bool {
		a := owner.Get("/organization/list-teams?organizationId="+orgID).Want(t, 200, "")
		return strings.Contains(string(a.Body), `"name":"`+name+`"`)
	}
	count := func(want int64) {
		t.Helper()
		if n, err := w.Auth.DB().Count(t.Context(), organization.ModelTeamMember, nil); err != nil || n != want {
			t.Errorf("%d members of teams, want %d, %v", n, want, err)
		}
	}
	before, err := w.Auth.DB().Count(t.Context(), organization.ModelTeamMember, nil)
	if err != nil || !isTeam("Eng") {
		t.Fatal("no team", err)
	}
	status(t, d.do("PATCH", groups+"/"+g, patch(body{"op": "add", "path": "members", "value": []body{{"value": bob}}})), 204)
	count(before + 1)
	status(t, d.do("PATCH", users+"/"+bob, patch(body{"op": "replace", "path": "active", "value": false})), 204)
	status(t, d.do("PATCH", groups+"/"+g, patch(body{"op": "replace", "path": "displayName", "value": "Engineering"})), 204)
	if !isTeam("Engineering") {
		t.Error("teams")
	}
	status(t, d.do("PATCH", groups+"/"+g, patch(body{"op": "remove", "path": "members"})), 204)
	count(before - 1)
	status(t, d.do("DELETE", groups+"/"+g, nil), 204)
	if isTeam("Engineering") {
		t.Error("teams")
	}
}

func TestGroupsGiveRoles(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{Groups: &scim.Groups{Roles: func(_ context.Context, _ *scim.Connection, g *scim.Group) ([]string, error) {
		return map[string][]string{"Admins": {"admin"}, "Owners": {"owner"}}[g.DisplayName], nil
	}}})
	owner := w.signUp(t, "owner@example.com")
	d, orgID := w.found(t, owner, "acme")
	ada := d.create(t, "ada@acme.example")
	role := func(want string) {
		t.Helper()
		if m, err := w.org.Membership(t.Context(), ada, orgID); err != nil || m.Role != want {
			t.Errorf("role %v, want %s, %v", m, want, err)
		}
	}
	g := status(t, d.do("POST", groups, body{"displayName": "Admins", "members": []body{{"value": ada}}}), 201).JSON("id")
	role("admin,member")
	status(t, d.do("PATCH", groups+"/"+g, patch(body{"op": "replace", "path": "displayName", "value": "Others"})), 204)
	role("member")
	status(t, d.do("PATCH", groups+"/"+g, patch(body{"op": "replace", "path": "displayName", "value": "Admins"})), 204)
	role("admin,member")
	status(t, d.do("DELETE", groups+"/"+g, nil), 204)
	role("member")
	// A member whom the organization removes leaves the directory, which may bring the user back.
	owner.Post("/organization/remove-member", body{"memberIdOrEmail": "ada@acme.example", "organizationId": orgID}).Want(t, 200, "")
	status(t, d.do("GET", users+"/"+ada, nil), 404)
	if again := d.create(t, "ada@acme.example"); again != ada {
		t.Error(again)
	}
	role("member")
	owner.Post("/organization/delete", body{"organizationId": orgID}).Want(t, 200, "")
	status(t, d.do("GET", users, nil), 401)
}

func TestOptionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]scim.Options{
		"a short token": {Connections: []scim.StaticConnection{{ProviderID: "a", Token: "short"}}},
		"no id":         {Connections: []scim.StaticConnection{{Token: static.Token}}},
		"twice":         {Connections: []scim.StaticConnection{static, static}},
		"equal ids": {Connections: []scim.StaticConnection{{ProviderID: "a", Token: static.Token, OrganizationID: "o"},
			{ProviderID: "A", Token: static.Token, OrganizationID: "p"}}},
		"two storages":    {Tokens: scim.TokenStorage{Plain: true, Encrypted: true}},
		"half a storage":  {Tokens: scim.TokenStorage{Encrypt: func(context.Context, string) (string, error) { return "", nil }}},
		"negative":        {MaxScan: -1},
		"teams without":   {Groups: &scim.Groups{Teams: true}},
		"unknown column":  {Columns: map[string]string{"x": "y"}},
		"an organization": {Connections: []scim.StaticConnection{{ProviderID: "a", Token: static.Token, OrganizationID: "o"}}},
	} {
		_, err := scim.New(o).Manifest(core.Env{})
		if err == nil || name == "equal ids" {
			e := authtest.NewEnv(t)
			_, err = core.New(e.Options(organization.New(organization.Options{}), scim.New(o)))
		}
		if err == nil || name == "equal ids" && !strings.Contains(err.Error(), "twice") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
