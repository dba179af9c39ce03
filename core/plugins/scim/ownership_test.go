package scim_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/scim"
)

func off() body { return patch(body{"op": "replace", "path": "active", "value": false}) }
func on() body  { return patch(body{"op": "replace", "path": "active", "value": true}) }

// connect makes a connection, of an organization if it is named.
func (w *world) connect(t testing.TB, c *authtest.Client, providerID, orgID string) *directory {
	t.Helper()
	content := body{"providerId": providerID}
	if orgID != "" {
		content["organizationId"] = orgID
	}
	return w.directory(c.Post("/scim/generate-token", content).Want(t, 201, "").JSON("scimToken"))
}

func (w *world) set(t testing.TB, userID string, set adapter.Record) {
	t.Helper()
	if _, err := w.Auth.Store().UpdateUser(t.Context(), userID, set); err != nil {
		t.Fatal(err)
	}
}

func (w *world) banned(t testing.TB, userID string) bool {
	t.Helper()
	u, err := w.Auth.Store().FindUser(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	return u.BannedAt(w.Auth.Now())
}

// join makes a user a member with a role.
func (w *world) join(t testing.TB, orgID, email, role string) string {
	t.Helper()
	id := w.userID(t, email)
	if _, err := w.org.Add(t.Context(), organization.NewMember{OrganizationID: orgID, UserID: id, Roles: []string{role}}); err != nil {
		t.Fatal(err)
	}
	return id
}

// link makes a user who exists already, with a verified address, one of a connection.
func (w *world) link(t testing.TB, d *directory, email string) string {
	t.Helper()
	id := w.userID(t, email)
	w.set(t, id, adapter.Record{"emailVerified": true})
	if got := d.create(t, email); got != id {
		t.Fatalf("%s is not linked", email)
	}
	return id
}

// Each attack by the id of its row.
func TestAttacksOnOwnership(t *testing.T) {
	t.Parallel()
	t.Run("SCM-07 left overs of another", scm07LeftOversOfAnother)
	t.Run("SCM-07 unknown accounts", scm07UnknownAccounts)
	t.Run("SCM-07 reserved in any case", scm07ReservedInAnyCase)
	t.Run("SCM-01 token ends with its maker", scm01TokenEndsWithItsMaker)
	t.Run("SCM-02 profiles of strangers", scm02ProfilesOfStrangers)
	t.Run("SCM-06 sessions of strangers", scm06SessionsOfStrangers)
	t.Run("SCM-07 owners are spared", scm07OwnersAreSpared)
}

// The id of a connection that is gone: what is left of the users of one owner gives nobody else
// the users of the next.
func scm07LeftOversOfAnother(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{Groups: &scim.Groups{}})
	mallory, owner := w.signUp(t, "mallory@example.com"), w.signUp(t, "owner@example.com")
	personal := w.connect(t, mallory, "okta", "")
	id := personal.create(t, "eve@example.com")
	w.set(t, id, adapter.Record{"emailVerified": true})
	status(t, personal.do("DELETE", users+"/"+id, nil), 204) // the user stays, and the row
	mallory.Post("/scim/delete-provider-connection", body{"providerId": "okta"}).Want(t, 200, "")
	orgID := owner.Post("/organization/create", body{"name": "Acme", "slug": "acme"}).Want(t, 200, "").JSON("id")
	owner.Post("/scim/generate-token", body{"providerId": "okta", "organizationId": orgID}).Want(t, 409, "PROVIDER_ID_IN_USE")
	w.connect(t, mallory, "okta", "")

	// The same for an owner whose row is there by other means.
	acme := w.connect(t, owner, "acme-directory", orgID)
	ada := acme.create(t, "ada@acme.example")
	row, err := w.Auth.DB().FindOne(t.Context(), adapter.Find{Model: scim.ModelUser, Where: adapter.By("userId", id)})
	if err != nil {
		t.Fatal(err)
	}
	delete(row, "id")
	row["providerId"] = "acme-directory"
	if _, err := w.Auth.DB().Create(t.Context(), scim.ModelUser, row); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Auth.Store().CreateAccount(t.Context(), core.Account{UserID: id, ProviderID: "acme-directory", AccountID: "eve"}); err != nil {
		t.Fatal(err)
	}
	w.join(t, orgID, "eve@example.com", "member")
	status(t, acme.do("GET", users+"/"+id, nil), 404) // a row of another owner is none of acme's
	if n := status(t, acme.do("GET", users+"?filter=id+pr", nil), 200).JSON("totalResults"); n != "1" {
		t.Errorf("%s users", n)
	}
	if _, err := w.Auth.DB().Create(t.Context(), scim.ModelGroup, adapter.Record{"providerId": "acme-directory", "owner": "user:somebody", "displayName": "Spies", "displayNameKey": "spies"}); err != nil {
		t.Fatal(err)
	}
	if n := status(t, acme.do("GET", groups, nil), 200).JSON("totalResults"); n != "0" {
		t.Errorf("%s groups", n)
	}
	owner.Post("/scim/delete-provider-connection", body{"providerId": "acme-directory"}).Want(t, 200, "")
	mallory.Post("/scim/generate-token", body{"providerId": "acme-directory"}).Want(t, 409, "PROVIDER_ID_IN_USE")
	if _, err := w.Auth.Store().FindUser(t.Context(), ada); err != nil {
		t.Error(err)
	}
}

// Accounts that no row explains, such as those of single sign-on, belong to nobody who is known.
func scm07UnknownAccounts(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{})
	mallory := w.signUp(t, "mallory@example.com")
	w.connect(t, mallory, "okta", "").create(t, "eve@example.com")
	mallory.Post("/scim/delete-provider-connection", body{"providerId": "okta"}).Want(t, 200, "")
	w.signUp(t, "victim@example.com")
	if _, err := w.Auth.Store().CreateAccount(t.Context(), core.Account{UserID: w.userID(t, "victim@example.com"), ProviderID: "okta", AccountID: "victim"}); err != nil {
		t.Fatal(err)
	}
	mallory.Post("/scim/generate-token", body{"providerId": "okta"}).Want(t, 409, "PROVIDER_ID_IN_USE")
}

func scm07ReservedInAnyCase(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{})
	c := w.signUp(t, "ada@example.com")
	for _, id := range []string{"GitHub", "CREDENTIAL", "Corp", "Magic-Link", "Email"} {
		c.Post("/scim/generate-token", body{"providerId": id}).Want(t, 400, "PROVIDER_ID_RESERVED")
	}
}

// A shared connection has no owner of its own: whoever makes its next token has its users.
func TestSharedConnection(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{SharePersonalConnections: true})
	a, b := w.signUp(t, "a@example.com"), w.signUp(t, "b@example.com")
	id := w.connect(t, a, "shared", "").create(t, "ada@example.com")
	status(t, w.connect(t, b, "shared", "").do("GET", users+"/"+id, nil), 200)
	a.Post("/scim/delete-provider-connection", body{"providerId": "shared"}).Want(t, 200, "")
	status(t, w.connect(t, b, "shared", "").do("GET", users+"/"+id, nil), 200)
}

// A token ends with its maker, and with the maker's rights in the organization.
func scm01TokenEndsWithItsMaker(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{}, admin.New(admin.Options{}))
	admins, _ := admin.From(w.Auth)
	maker := w.signUp(t, "maker@example.com")
	id := w.userID(t, "maker@example.com")
	d := w.connect(t, maker, "mine", "")
	status(t, d.do("GET", users, nil), 200)
	if _, err := admins.BanUser.Call(t.Context(), &admin.BanUserInput{UserID: id}); err != nil {
		t.Fatal(err)
	}
	status(t, d.do("GET", users, nil), 401)
	if _, err := admins.UnbanUser.Call(t.Context(), &admin.UserInput{UserID: id}); err != nil {
		t.Fatal(err)
	}
	status(t, d.do("GET", users, nil), 200)
	if err := w.Auth.Store().DeleteUser(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	status(t, d.do("GET", users, nil), 401)

	owner := w.signUp(t, "owner@example.com")
	_, orgID := w.found(t, owner, "acme")
	for name, end := range map[string]func(id string) error{
		"removed": func(id string) error { return w.org.Remove(t.Context(), orgID, id) },
		"demoted": func(id string) error {
			_, err := w.org.SetRoles(t.Context(), orgID, id, []string{"member"})
			return err
		},
		"deleted": func(id string) error { return w.Auth.Store().DeleteUser(t.Context(), id) },
	} {
		c := w.signUp(t, name+"@example.com")
		id := w.join(t, orgID, name+"@example.com", "admin")
		d := w.connect(t, c, name, orgID)
		status(t, d.do("GET", users, nil), 200)
		if err := end(id); err != nil {
			t.Fatal(err)
		}
		if a := d.do("POST", users, user("late@example.com")); a.Status != 401 {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
		// The connection is the organization's: its next token has the same users.
		w.connect(t, owner, name, orgID)
	}
}

// What a connection did not control was not the directory's to say, and is not its to see.
func scm02ProfilesOfStrangers(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{LinkExistingUsers: true, Groups: &scim.Groups{}})
	victim := w.signUp(t, "victim@example.com")
	d, _ := w.found(t, w.signUp(t, "mallory@example.com"), "acme")
	id := w.link(t, d, "victim@example.com")
	status(t, d.do("POST", groups, body{"displayName": "G", "members": []body{{"value": id}}}), 201)
	before := status(t, d.do("GET", users+"/"+id, nil), 200)
	victim.Post("/update-user", body{"name": "Secret Name"}).Want(t, 200, "")
	w.set(t, id, adapter.Record{"email": "secret@example.com"})
	after := status(t, d.do("GET", users+"/"+id, nil), 200)
	if string(before.Body) != string(after.Body) || !strings.Contains(string(after.Body), "Lovelace") {
		t.Errorf("%s\n%s", before.Body, after.Body)
	}
	for _, path := range []string{users, groups, users + "?filter=displayName+co+%22e%22"} {
		if a := status(t, d.do("GET", path, nil), 200); strings.Contains(strings.ToLower(string(a.Body)), "secret") {
			t.Errorf("%s: %s", path, a.Body)
		}
	}
	if n := status(t, d.do("GET", users+"?filter=emails+eq+%22secret@example.com%22", nil), 200).JSON("totalResults"); n != "0" {
		t.Errorf("found by the address: %s", n)
	}
	status(t, d.do("PATCH", users+"/"+id, patch(body{"op": "replace", "path": "title", "value": "x"})), 204)
	if a := status(t, d.do("GET", users+"/"+id, nil), 200); strings.Contains(strings.ToLower(string(a.Body)), "secret") {
		t.Errorf("%s", a.Body)
	}

	// A user whom it controls is shown as the user is.
	own := d.create(t, "own@acme.example")
	w.set(t, own, adapter.Record{"name": "Changed Since"})
	if a := status(t, d.do("GET", users+"/"+own, nil), 200); a.JSON("displayName") != "Changed Since" {
		t.Errorf("%s", a.Body)
	}
}

// The sessions of a stranger are none of a directory's business.
func scm06SessionsOfStrangers(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{LinkExistingUsers: true})
	victim := w.signUp(t, "victim@example.com")
	d, orgID := w.found(t, w.signUp(t, "mallory@example.com"), "acme")
	id := w.link(t, d, "victim@example.com")
	in := func(what string) {
		t.Helper()
		if a := victim.Get("/get-session"); a.JSON("user", "id") != id {
			t.Errorf("%s ended the session: %s", what, a.Body)
		}
		if _, err := w.org.Membership(t.Context(), id, orgID); !core.IsNotFound(err) {
			t.Errorf("%s left the membership: %v", what, err)
		}
	}
	status(t, d.do("PATCH", users+"/"+id, off()), 204)
	in("deactivation")
	status(t, d.do("PATCH", users+"/"+id, on()), 204)
	status(t, d.do("DELETE", users+"/"+id, nil), 204)
	in("removal")
}

// An administrator of an organization does to owners by a directory no more than without it.
func scm07OwnersAreSpared(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{Groups: &scim.Groups{Roles: func(_ context.Context, _ *scim.Connection, g *scim.Group) ([]string, error) {
		return map[string][]string{"Owners": {"owner"}, "Admins": {"admin"}}[g.DisplayName], nil
	}}})
	owner, adminClient := w.signUp(t, "owner@example.com"), w.signUp(t, "admin@example.com")
	byOwner, orgID := w.found(t, owner, "acme")
	second, ada := byOwner.create(t, "second@acme.example"), byOwner.create(t, "ada@acme.example")
	w.join(t, orgID, "admin@example.com", "admin")
	role := func(id, want string) {
		t.Helper()
		if m, err := w.org.Membership(t.Context(), id, orgID); err != nil || m.Role != want {
			t.Errorf("role %v, want %s, %v", m, want, err)
		}
	}
	group := func(d *directory, name string, ids ...string) string {
		t.Helper()
		var members []body
		for _, id := range ids {
			members = append(members, body{"value": id})
		}
		return status(t, d.do("POST", groups, body{"displayName": name, "members": members}), 201).JSON("id")
	}
	owners := group(byOwner, "Owners", second) // an owner may make owners, by a directory too
	role(second, "member,owner")

	byAdmin := w.connect(t, adminClient, "acme-directory", orgID)
	status(t, byOwner.do("GET", users, nil), 401)
	status(t, byAdmin.do("PATCH", groups+"/"+owners, patch(body{"op": "add", "path": "members", "value": []body{{"value": ada}}})), 204)
	role(ada, "member")
	admins := group(byAdmin, "Admins", ada, second)
	role(ada, "admin,member")
	role(second, "member,owner")
	status(t, byAdmin.do("PATCH", groups+"/"+owners, patch(body{"op": "remove", "path": "members"})), 204)
	status(t, byAdmin.do("DELETE", groups+"/"+admins, nil), 204)
	role(second, "member,owner")
	status(t, byAdmin.do("PATCH", users+"/"+second, off()), 403)
	status(t, byAdmin.do("DELETE", users+"/"+second, nil), 403)
	status(t, byAdmin.do("PUT", users+"/"+second, user("evil@acme.example")), 200) // is kept apart from the profile
	if u, err := w.Auth.Store().FindUser(t.Context(), second); err != nil || u.Email != "second@acme.example" || w.banned(t, second) {
		t.Error(u, err)
	}
	role(second, "member,owner")

	byOwner = w.connect(t, owner, "acme-directory", orgID)
	status(t, byOwner.do("PATCH", users+"/"+second, off()), 204)
	status(t, byOwner.do("DELETE", users+"/"+second, nil), 204)
}

func TestOwnersAreNoMemberRole(t *testing.T) {
	t.Parallel()
	e := authtest.NewEnv(t)
	_, err := core.New(e.Options(organization.New(organization.Options{}), scim.New(scim.Options{MemberRole: "owner"})))
	if err == nil || !strings.Contains(err.Error(), "MemberRole") {
		t.Error(err)
	}
}

// A directory that is removed together with a member takes no other one with it.
func TestMemberLeavesEachDirectory(t *testing.T) {
	t.Parallel()
	for _, way := range [][2]string{{"first", "second"}, {"second", "first"}} {
		w := open(t, scim.Options{})
		owner := w.signUp(t, "owner@example.com")
		orgID := owner.Post("/organization/create", body{"name": "Acme", "slug": "acme"}).Want(t, 200, "").JSON("id")
		ds := map[string]*directory{"first": w.connect(t, owner, "first", orgID), "second": w.connect(t, owner, "second", orgID)}
		id := ds[way[1]].create(t, "ada@acme.example")
		// A way to sign in, which the other directory has not made.
		if _, err := w.Auth.Store().CreateAccount(t.Context(), core.Account{UserID: id, ProviderID: way[0], AccountID: "ada"}); err != nil {
			t.Fatal(err)
		}
		owner.Post("/organization/remove-member", body{"memberIdOrEmail": "ada@acme.example", "organizationId": orgID}).Want(t, 200, "")
		accounts, err := w.Auth.Store().FindAccounts(t.Context(), id)
		if err != nil || len(accounts) != 1 || accounts[0].ProviderID != way[0] {
			t.Errorf("%v: %d accounts, %v", way, len(accounts), err)
		}
		if again := ds[way[1]].create(t, "ada@acme.example"); again != id {
			t.Errorf("%v: %s", way, again)
		}
	}
}

// Events say whose connection it was, and nothing of what is undone.
func TestEvents(t *testing.T) {
	t.Parallel()
	var refuse bool
	w := open(t, scim.Options{Groups: &scim.Groups{}})
	owner := w.signUp(t, "owner@example.com")
	d, orgID := w.found(t, owner, "acme")
	id := d.create(t, "ada@acme.example")
	status(t, d.do("PATCH", users+"/"+id, off()), 204)
	status(t, d.do("PATCH", users+"/"+id, on()), 204)
	g := status(t, d.do("POST", groups, body{"displayName": "G"}), 201).JSON("id")
	status(t, d.do("PATCH", groups+"/"+g, patch(body{"op": "replace", "path": "displayName", "value": "H"})), 204)
	status(t, d.do("DELETE", groups+"/"+g, nil), 204)
	status(t, d.do("DELETE", users+"/"+id, nil), 204)
	owner.Post("/scim/delete-provider-connection", body{"providerId": "acme-directory"}).Want(t, 200, "")
	got := map[core.EventType]int{}
	for _, e := range w.Events() {
		if strings.HasPrefix(string(e.Type), "scim.") {
			got[e.Type]++
			if e.OrganizationID != orgID || e.Detail != "connection acme-directory" {
				t.Errorf("%s: %q %q", e.Type, e.OrganizationID, e.Detail)
			}
			if strings.HasPrefix(string(e.Type), "scim.group") && e.SubjectID != g || strings.HasPrefix(string(e.Type), "scim.user") && e.UserID != id {
				t.Errorf("%s: %q %q", e.Type, e.UserID, e.SubjectID)
			}
		}
	}
	for _, want := range []core.EventType{scim.EventTokenGenerated, scim.EventUserCreated, scim.EventUserDeactivated, scim.EventUserReactivated, scim.EventGroupCreated,
		scim.EventGroupUpdated, scim.EventGroupDeleted, scim.EventUserUnlinked, scim.EventConnectionDeleted} {
		if got[want] != 1 {
			t.Errorf("%s: %d", want, got[want])
		}
	}

	// A recorder that fails undoes the change.
	w = open(t, scim.Options{}, &recorder{func(e core.Event) error {
		if refuse && strings.HasPrefix(string(e.Type), "scim.") {
			return errors.New("the recorder is down")
		}
		return nil
	}})
	id = w.app().create(t, "bob@example.com")
	refuse = true
	for _, send := range []func() *authtest.Answer{
		func() *authtest.Answer { return w.app().do("POST", users, user("eve@example.com")) },
		func() *authtest.Answer { return w.app().do("PATCH", users+"/"+id, off()) },
		func() *authtest.Answer { return w.app().do("DELETE", users+"/"+id, nil) },
	} {
		if a := send(); a.Status != 500 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if a := status(t, w.app().do("GET", users, nil), 200); a.JSON("totalResults") != "1" || !strings.Contains(string(a.Body), `"active":true`) {
		t.Errorf("%s", a.Body)
	}
}

// recorder is a plugin that records events.
type recorder struct{ record func(core.Event) error }

func (*recorder) ID() string { return "recorder" }

func (r *recorder) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{RecordEvent: func(_ context.Context, e core.Event) error { return r.record(e) }}, nil
}
