package scim_test

import (
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/scim"
)

// both are the plugins beside: without admin the plugin has gates of its own.
var both = map[string]func() []core.Plugin{
	"alone":      func() []core.Plugin { return nil },
	"with admin": func() []core.Plugin { return []core.Plugin{admin.New(admin.Options{})} },
}

// Each attack by the id of its row.
func TestAttacksOnDeactivation(t *testing.T) {
	t.Parallel()
	t.Run("SCM-06 deactivation ends", scm06DeactivationEnds)
	t.Run("SCM-06 many deactivations end", scm06ManyDeactivationsEnd)
	t.Run("SCM-06 ban of an administrator", scm06BanOfAnAdministrator)
	t.Run("SCM-06 two directories", scm06TwoDirectories)
	t.Run("SCM-06 removed while deactivated", scm06RemovedWhileDeactivated)
}

// A deactivation ends with what it hangs on: its connection, its organization, and the maker of
// a connection of one person. Nobody gets back into the organization by it.
func scm06DeactivationEnds(t *testing.T) {
	t.Parallel()
	for name, more := range both {
		for end, of := range map[string]func(w *world, orgID string) (path string, content body){
			"connection": func(*world, string) (string, body) {
				return "/scim/delete-provider-connection", body{"providerId": "acme-directory"}
			},
			"organization": func(_ *world, orgID string) (string, body) {
				return "/organization/delete", body{"organizationId": orgID}
			},
			"personal connection": nil, "maker": nil,
		} {
			t.Run(name+"/"+end, func(t *testing.T) {
				t.Parallel()
				w := open(t, scim.Options{}, more()...)
				owner := w.signUp(t, "owner@example.com")
				var d *directory
				orgID := ""
				if of != nil {
					d, orgID = w.found(t, owner, "acme")
				} else {
					d = w.connect(t, owner, "mine", "")
				}
				var ids []string
				for _, address := range []string{"ada@example.com", "bob@example.com", "carl@example.com"} {
					ids = append(ids, d.create(t, address))
				}
				for _, id := range ids[:2] {
					status(t, d.do("PATCH", users+"/"+id, off()), 204)
					if !w.banned(t, id) {
						t.Fatal("not banned")
					}
				}
				switch {
				case of != nil:
					path, content := of(w, orgID)
					owner.Post(path, content).Want(t, 200, "")
				case end == "maker":
					if err := w.Auth.Store().DeleteUser(t.Context(), w.userID(t, "owner@example.com")); err != nil {
						t.Fatal(err)
					}
				default:
					owner.Post("/scim/delete-provider-connection", body{"providerId": "mine"}).Want(t, 200, "")
				}
				status(t, d.do("GET", users, nil), 401)
				for i, id := range ids {
					if w.banned(t, id) {
						t.Errorf("user %d is still banned", i)
					}
					if end != "connection" {
						continue
					}
					if _, err := w.org.Membership(t.Context(), id, orgID); core.IsNotFound(err) != (i < 2) {
						t.Errorf("user %d: membership %v", i, err)
					}
				}
				if end != "connection" {
					return
				}
				// The same owner gets the users back, and the directory may bring the others again.
				d = w.connect(t, owner, "acme-directory", orgID)
				status(t, d.do("GET", users+"/"+ids[2], nil), 200)
				status(t, d.do("GET", users+"/"+ids[0], nil), 404)
				if again := d.create(t, "ada@example.com"); again != ids[0] {
					t.Errorf("another user %s", again)
				}
			})
		}
	}
}

// More users than one transaction releases.
func scm06ManyDeactivationsEnd(t *testing.T) {
	t.Parallel()
	w := open(t, scim.Options{})
	owner := w.signUp(t, "owner@example.com")
	d, _ := w.found(t, owner, "acme")
	var ids []string
	for i := range 230 {
		content := user("u" + string(rune('a'+i%26)) + string(rune('a'+i/26)) + "@example.com")
		content["active"] = false
		ids = append(ids, status(t, d.do("POST", users, content), 201).JSON("id"))
	}
	owner.Post("/scim/delete-provider-connection", body{"providerId": "acme-directory"}).Want(t, 200, "")
	for _, id := range ids {
		if w.banned(t, id) {
			t.Fatal("still banned")
		}
	}
}

// A ban of an administrator is covered by a deactivation, and comes back as it was.
func scm06BanOfAnAdministrator(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		life  float64 // seconds of the ban; 0 has no end
		pass  time.Duration
		until bool // whether the user is banned at the end
	}{
		"still running": {3600, time.Minute, true},
		"ended":         {3600, 2 * time.Hour, false},
		"for ever":      {0, 2 * time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, scim.Options{}, admin.New(admin.Options{}))
			d := w.app()
			id := d.create(t, "ada@example.com")
			admins, _ := admin.From(w.Auth)
			why := "rules"
			if _, err := admins.BanUser.Call(t.Context(), &admin.BanUserInput{UserID: id, BanReason: &why, BanExpiresIn: &c.life}); err != nil {
				t.Fatal(err)
			}
			before, err := w.Auth.Store().FindUser(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			status(t, d.do("PATCH", users+"/"+id, off()), 204)
			w.Clock.Add(c.pass)
			if !w.banned(t, id) {
				t.Error("a deactivated user is not banned")
			}
			status(t, d.do("PATCH", users+"/"+id, on()), 204)
			if got := w.banned(t, id); got != c.until {
				t.Errorf("banned: %v", got)
			}
			after, err := w.Auth.Store().FindUser(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			was, ends := core.BanExpires.Of(before.Extra)
			is, still := core.BanExpires.Of(after.Extra)
			reason, _ := admin.BanReason.Of(after.Extra)
			if c.until && (ends != still || !was.Equal(is) || reason != why) {
				t.Errorf("the ban was changed: %v %v %q", was, is, reason)
			}
			if c.life > 0 && c.until {
				if w.Clock.Add(2 * time.Hour); w.banned(t, id) {
					t.Error("a ban with an end is now for ever")
				}
			}
		})
	}
}

// Two directories have deactivated a user: the user is back when both say so.
func scm06TwoDirectories(t *testing.T) {
	t.Parallel()
	for name, more := range both {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			two := scim.StaticConnection{ProviderID: "two", Token: "zyxwvutsrqponmlkjihgfedc"}
			w := open(t, scim.Options{Connections: []scim.StaticConnection{static, two}, LinkExistingUsers: true}, more()...)
			first, second := w.app(), w.directory(two.BearerToken())
			for _, order := range [][2]*directory{{first, second}, {second, first}} {
				address := "ada" + order[0].token[:4] + "@example.com"
				id := first.create(t, address)
				w.set(t, id, adapter.Record{"emailVerified": true})
				if got := second.create(t, address); got != id {
					t.Fatal("not linked")
				}
				status(t, first.do("PATCH", users+"/"+id, off()), 204)
				status(t, second.do("PATCH", users+"/"+id, off()), 204)
				status(t, order[0].do("PATCH", users+"/"+id, on()), 204)
				if !w.banned(t, id) {
					t.Error("the other directory's deactivation is gone")
				}
				status(t, order[1].do("PATCH", users+"/"+id, on()), 204)
				if w.banned(t, id) {
					t.Error("still banned")
				}
			}
			// Where an administrator has lifted the ban of the first, the second bans.
			id := first.create(t, "eve@example.com")
			w.set(t, id, adapter.Record{"emailVerified": true})
			second.create(t, "eve@example.com")
			status(t, first.do("PATCH", users+"/"+id, off()), 204)
			lifted := adapter.Record{"banned": false}
			if len(more()) > 0 {
				lifted["banReason"] = nil
			}
			w.set(t, id, lifted)
			status(t, second.do("PATCH", users+"/"+id, off()), 204)
			if !w.banned(t, id) {
				t.Error("not banned")
			}
		})
	}
}

// A user who is removed while deactivated, and brought again, is deactivated once.
func scm06RemovedWhileDeactivated(t *testing.T) {
	t.Parallel()
	for name, more := range both {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, scim.Options{}, more()...)
			d, _ := w.found(t, w.signUp(t, "owner@example.com"), "acme")
			id := d.create(t, "ada@example.com")
			for _, active := range []bool{false, true, false} {
				status(t, d.do("PATCH", users+"/"+id, off()), 204)
				status(t, d.do("DELETE", users+"/"+id, nil), 204)
				if !w.banned(t, id) {
					t.Error("the removal has ended the deactivation")
				}
				content := user("ada@example.com")
				content["active"] = active
				if got := status(t, d.do("POST", users, content), 201).JSON("id"); got != id {
					t.Fatal("another user", got)
				}
				if w.banned(t, id) == active {
					t.Errorf("active %v: banned %v", active, !active)
				}
				status(t, d.do("PATCH", users+"/"+id, on()), 204)
				if w.banned(t, id) {
					t.Errorf("active %v: a ban is left", active)
				}
			}
		})
	}
}
