package sso_test

import (
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/sso"
)

func (w *world) events(kind core.EventType) (n int) {
	for _, e := range w.Events() {
		if e.Type == kind {
			n++
		}
	}
	return n
}

// The provider of an organization outlives whoever has registered it.
func TestOwnerIsDeleted(t *testing.T) {
	t.Parallel()
	deletable := func(o *core.Options) { o.User.DeleteUser.Enabled = true }
	for _, test := range []struct {
		name  string
		roles []string // of the others
		heir  int      // which of them; -1 for nobody
	}{
		{"an owner, not an admin or a member", []string{"member", "admin", "owner"}, 2},
		{"an admin", []string{"member", "admin"}, 1},
		{"one of several roles", []string{"member", "member,admin"}, 1},
		{"nobody", []string{"member", "administrator-of-nothing"}, -1},
	} {
		t.Run("the provider goes to "+test.name, func(t *testing.T) {
			t.Parallel()
			w := open(t, settings{proven: true, core: deletable})
			c := w.signUp(t, "first@acme.test")
			orgID := c.Post("/organization/create", body{"name": "Acme", "slug": "acme"}).Want(t, 200, "").JSON("id")
			var others []string
			for i, role := range test.roles {
				email := string(rune('a'+i)) + "@acme.test"
				w.signUp(t, email)
				join(t, w, orgID, email, role)
				others = append(others, w.userID(t, email))
			}
			w.register(t, c, w.newOIDC("acme", body{"organizationId": orgID}))
			w.prove(t, c, "acme", "acme.test")
			w.register(t, c, w.newOIDC("own"))
			c.Post("/delete-user", body{"password": password}).Want(t, 200, "")
			rec, err := w.Auth.DB().FindOne(t.Context(), adapter.Find{Model: sso.ModelProvider, Where: adapter.By("providerId", "acme")})
			if test.heir < 0 {
				if !core.IsNotFound(err) || w.events(sso.EventProviderDeleted) != 2 {
					t.Fatalf("the provider is %v, %v, and %d events", rec, err, w.events(sso.EventProviderDeleted))
				}
				return
			}
			if err != nil || rec["userId"] != others[test.heir] || rec["domainVerified"] != true {
				t.Fatalf("the provider is %v, %v", rec, err)
			}
			if n := w.events(sso.EventProviderDeleted); n != 1 {
				t.Fatalf("%d events, want that of the user's own provider", n)
			}
			d := w.Client()
			wantRedirect(t, d.Get(w.arrive(t, d, "acme", ada)), "/welcome", "")
		})
	}
	t.Run("the organization is deleted", func(t *testing.T) {
		t.Parallel()
		w := open(t, settings{})
		c := w.signUp(t, "first@acme.test")
		orgID := c.Post("/organization/create", body{"name": "Acme", "slug": "acme"}).Want(t, 200, "").JSON("id")
		w.register(t, c, w.newOIDC("acme", body{"organizationId": orgID}))
		c.Post("/organization/delete", body{"organizationId": orgID}).Want(t, 200, "")
		if n := w.count(t, sso.ModelProvider); n != 0 || w.events(sso.EventProviderDeleted) != 1 {
			t.Fatalf("%d providers and %d events", n, w.events(sso.EventProviderDeleted))
		}
	})
}
