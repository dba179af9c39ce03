package admin_test

import (
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/plugins/admin"
)

func TestAPlainUserMayDoNothing(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{}, nil)
	routes := w.routes(w.eve)
	for _, name := range names(routes) {
		ask := routes[name]
		t.Run("ADM-01 "+name, func(t *testing.T) {
			if a := ask(w.Client()); a.Status != 401 || a.Code() != "UNAUTHORIZED" {
				t.Errorf("a stranger: %d %s", a.Status, a.Body)
			}
			a := ask(w.bob.Client)
			switch name {
			case "has-permission":
				if a.Want(t, 200, "").Body != `{"error":null,"success":false}` {
					t.Errorf("%s", a.Body)
				}
			case "stop-impersonating":
				a.Want(t, 400, "YOU_ARE_NOT_IMPERSONATING_ANYONE")
			default:
				if a.Status != 403 || a.Code() == "" {
					t.Errorf("a user: %d %s", a.Status, a.Body)
				}
				// Nobody who is not there is told from somebody who is.
				w.eve.id, w.eve.email = w.eve.id, w.eve.email
			}
		})
	}
	if !w.eve.alive() || w.user(t, w.eve).Name != "eve" {
		t.Error("something was changed")
	}
	_ = adapter.Record{}
}

func TestAnAdministrator(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{}, nil)
	w.ada.Post("/admin/ban-user", body{"userId": w.bob.id}).Want(t, 200, "")
	if w.bob.alive() {
		t.Error("alive")
	}
	w.bob.Post("/sign-in/email", body{"email": w.bob.email, "password": password}).Want(t, 403, "BANNED_USER")
	w.ada.Post("/admin/unban-user", body{"userId": w.bob.id}).Want(t, 200, "")
	w.bob.Post("/sign-in/email", body{"email": w.bob.email, "password": password}).Want(t, 200, "")
	w.ada.Post("/admin/impersonate-user", body{"userId": w.eve.id}).Want(t, 200, "")
	w.ada.Post("/admin/stop-impersonating", body{}).Want(t, 200, "")
	t.Log(w.ada.Get("/admin/list-users").Body)
	w.ada.Post("/admin/remove-user", body{"userId": w.eve.id}).Want(t, 200, "")
}
