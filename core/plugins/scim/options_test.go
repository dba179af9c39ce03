package scim_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/scim"
)

// MaxScan bounds what a filter without an index reads, and nothing else.
func TestMaxScan(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{MaxScan: 400, Groups: &scim.Groups{}})
	d := w.app()
	var ids []string
	for i := range 499 {
		ids = append(ids, d.create(t, fmt.Sprintf("user%d@example.com", i)))
	}
	for i := range 3 {
		status(t, d.do("POST", groups, body{"displayName": fmt.Sprint("g", i), "members": []body{{"value": ids[i]}}}), 201)
	}
	list := func(path, filter string, want int) string {
		t.Helper()
		a := status(t, d.do("GET", path+"?filter="+url.QueryEscape(filter), nil), want)
		if want == 400 && a.JSON("scimType") != "tooMany" {
			t.Errorf("%s", a.Body)
		}
		return a.JSON("totalResults")
	}
	if n := list(users, `title pr or userName sw "user49"`, 200); n != "10" { // one page of rows
		t.Errorf("%s users", n)
	}
	d.create(t, "last@example.com") // a second page has to be looked for
	list(users, `userName sw "user49"`, 400)
	list(users, `not (active eq false)`, 400)
	for filter, want := range map[string]string{`userName eq "user7@example.com"`: "1", `externalId eq "user7@example.com"`: "1", `id eq "` + ids[3] + `" and title pr`: "0",
		`emails eq "user9@example.com"`: "1", `emails[type eq "work"].value eq "user9@example.com"`: "1"} {
		if n := list(users, filter, 200); n != want {
			t.Errorf("%s: %s", filter, n)
		}
	}
	if n := list(groups, `displayName co "g"`, 200); n != "3" {
		t.Errorf("%s groups", n)
	}
	if n := status(t, d.do("GET", users+"?count=1", nil), 200).JSON("totalResults"); n != "500" {
		t.Errorf("%s", n)
	}
}

func TestRequiredRoles(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		roles []string
		may   map[string]bool
	}{
		"default":  {nil, map[string]bool{"owner": true, "admin": true, "member": false}},
		"members":  {[]string{"member"}, map[string]bool{"owner": false, "admin": false, "member": true}},
		"everyone": {[]string{}, map[string]bool{"owner": true, "admin": true, "member": true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, scim.Options{RequiredRoles: c.roles})
			owner := w.signUp(t, "owner@example.com")
			orgID := owner.Post("/organization/create", body{"name": "Acme", "slug": "acme"}).Want(t, 200, "").JSON("id")
			for role, may := range c.may {
				who := owner
				if role != "owner" {
					who = w.signUp(t, role+"@example.com")
					w.join(t, orgID, role+"@example.com", role)
				}
				content := body{"providerId": role, "organizationId": orgID}
				if !may {
					who.Post("/scim/generate-token", content).Want(t, 403, "INSUFFICIENT_ROLE")
					continue
				}
				d := w.directory(who.Post("/scim/generate-token", content).Want(t, 201, "").JSON("scimToken"))
				status(t, d.do("GET", users, nil), 200)
				who.Get("/scim/get-provider-connection?providerId="+role).Want(t, 200, "")
				who.Post("/scim/delete-provider-connection", body{"providerId": role}).Want(t, 200, "")
			}
		})
	}
}

// Controls adds control, takes none away, and never gives owners to a connection of an
// administrator.
func TestControls(t *testing.T) {
	t.Parallel()
	var fails atomic.Bool
	w := open(t, scim.Options{LinkExistingUsers: true, Controls: func(_ context.Context, conn *scim.Connection, u *core.User) (bool, error) {
		if fails.Load() {
			return false, errors.New("the registry of domains is down")
		}
		return conn.OrganizationID != nil && strings.HasSuffix(u.Email, "@acme.example"), nil
	}})
	owner := w.signUp(t, "owner@acme.example")
	w.signUp(t, "ada@acme.example")
	w.signUp(t, "eve@other.example")
	d, orgID := w.found(t, owner, "acme")
	ada, eve := w.link(t, d, "ada@acme.example"), w.link(t, d, "eve@other.example")
	rename := patch(body{"op": "replace", "path": "name.formatted", "value": "By Directory"})
	name := func(id, want string) {
		t.Helper()
		if u, err := w.Auth.Store().FindUser(t.Context(), id); err != nil || u.Name != want {
			t.Errorf("%v, want %s, %v", u, want, err)
		}
	}
	for _, id := range []string{ada, eve} {
		status(t, d.do("PATCH", users+"/"+id, rename), 204)
		status(t, d.do("PATCH", users+"/"+id, off()), 204)
	}
	name(ada, "By Directory")
	name(eve, "Ada")
	if !w.banned(t, ada) || w.banned(t, eve) {
		t.Error("banned", w.banned(t, ada), w.banned(t, eve))
	}
	w.set(t, ada, adapter.Record{"emailVerified": true}) // the proof changes nothing of that
	if !w.banned(t, ada) {
		t.Error("the proof of the address has lifted the ban")
	}
	status(t, d.do("PATCH", users+"/"+ada, on()), 204)
	own := d.create(t, "own@other.example") // made by the directory: controlled without the function
	status(t, d.do("PATCH", users+"/"+own, rename), 204)
	name(own, "By Directory")

	c := w.signUp(t, "admin@example.com")
	w.join(t, orgID, "admin@example.com", "admin")
	byAdmin := w.connect(t, c, "acme-directory", orgID)
	if _, err := w.org.SetRoles(t.Context(), orgID, ada, []string{"owner"}); err != nil {
		t.Fatal(err)
	}
	status(t, byAdmin.do("PATCH", users+"/"+ada, patch(body{"op": "replace", "path": "userName", "value": "evil@acme.example"})), 204)
	if u, err := w.Auth.Store().FindUser(t.Context(), ada); err != nil || u.Email != "ada@acme.example" {
		t.Error(u, err)
	}
	fails.Store(true)
	if a := byAdmin.do("PATCH", users+"/"+own, off()); a.Status != 500 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	fails.Store(false)
	if a := status(t, byAdmin.do("GET", users+"/"+own, nil), 200); a.JSON("active") != "true" {
		t.Errorf("%s", a.Body)
	}
}
