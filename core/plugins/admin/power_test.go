package admin_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// A ban of more than 292 years, which no time.Duration holds, is a ban.
func TestLongBans(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{}, nil)
	for _, seconds := range []float64{0.5, 1e9, 9223372037, 1e10, 31536000000} {
		a := w.ada.Post("/admin/ban-user", body{"userId": w.bob.id, "banExpiresIn": seconds}).Want(t, 200, "")
		until, ends := core.BanExpires.Of(w.user(t, w.bob).Extra)
		if want := w.Clock.Now().UnixMilli() + int64(seconds*1000); !ends || until.UnixMilli() != want {
			t.Errorf("ADM-11 %g seconds: until %s", seconds, a.JSON("user", "banExpires"))
		}
		w.Client().Post("/sign-in/email", body{"email": w.bob.email, "password": password}).Want(t, 403, "BANNED_USER")
	}
	for _, seconds := range []float64{-1, 0.0001, 31536000001, 1e300} {
		w.ada.Post("/admin/ban-user", body{"userId": w.eve.id, "banExpiresIn": seconds}).Want(t, 400, "VALIDATION_ERROR")
	}
}

// A ban that is over comes back with another end: update-user asks the same of it as of a ban.
func TestABanThatIsMadeLonger(t *testing.T) {
	t.Parallel()
	for _, data := range []body{{"banExpires": nil}, {"banExpires": "2099-01-01T00:00:00.000Z"}} {
		w := open(t, admin.Options{}, nil)
		over := adapter.Record{"banned": true, "banExpires": w.Clock.Now().Add(-time.Hour)}
		w.set(t, w.ada, over)
		w.role(t, w.eve, "admin")
		w.ada.Post("/admin/update-user", body{"userId": w.ada.id, "data": data}).Want(t, 400, "YOU_CANNOT_BAN_YOURSELF")
		w.role(t, w.eve, "user")
		if _, err := w.p.UpdateUser.Call(t.Context(), &admin.UpdateUserInput{UserID: w.ada.id, Data: record(t, data)}); !core.HasCode(err, admin.CodeLastAdmin) {
			t.Errorf("ADM-06 %v: %v", data, err)
		}
		w.set(t, w.bob, over)
		w.ada.Post("/admin/update-user", body{"userId": w.bob.id, "data": data}).Want(t, 200, "")
		if w.bob.alive() || len(w.events(admin.EventUserBanned)) != 1 {
			t.Errorf("ADM-16 %v: %v", data, w.events(admin.EventUserBanned))
		}
	}
}

// Who stays must be able to make an administrator again.
func TestWhoCountsAsTheLast(t *testing.T) {
	t.Parallel()
	roles := admin.DefaultRoles()
	roles["hr"] = access.NewRole(access.Permissions{"user": {"set-role", "update"}})
	w := open(t, admin.Options{Roles: roles}, func(_ *authtest.Env, o *core.Options) { o.User.DeleteUser.Enabled = true })
	w.role(t, w.bob, "hr")
	w.ada.Post("/admin/set-role", body{"userId": w.ada.id, "role": "hr"}).Want(t, 200, "")
	w.role(t, w.ada, "admin")
	for _, role := range []string{"user", ""} {
		w.ada.Post("/admin/set-role", body{"userId": w.ada.id, "role": []string{role}}).Want(t, 400, map[string]string{"user": "LAST_ADMIN", "": "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE"}[role])
	}
	w.ada.Post("/delete-user", body{"password": password}).Want(t, 400, "LAST_ADMIN")
	w.role(t, w.eve, "user", "admin")
	w.ada.Post("/delete-user", body{"password": password}).Want(t, 200, "")
}

// No role means the default one, which may be above the caller's.
func TestTheDefaultRoleIsGiven(t *testing.T) {
	t.Parallel()
	roles := admin.DefaultRoles()
	roles["member"] = access.NewRole(access.Permissions{"report": {"read"}})
	roles["hr"] = access.NewRole(access.Permissions{"user": {"set-role"}})
	w := open(t, admin.Options{Roles: roles, DefaultRole: "member"}, nil)
	w.role(t, w.bob, "hr")
	w.role(t, w.eve, "user")
	w.bob.Post("/admin/set-role", body{"userId": w.eve.id, "role": []string{}}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE")
	w.ada.Post("/admin/set-role", body{"userId": w.eve.id, "role": []string{}}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE")
}

// The token of a session is a key of the secondary storage, and no other key is a token.
func TestRevokingWhatIsNoSession(t *testing.T) {
	t.Parallel()
	var kv *storage.Memory
	w := open(t, admin.Options{}, func(e *authtest.Env, o *core.Options) {
		kv = storage.NewMemory(e.Clock.Now)
		o.SecondaryStorage = kv
	})
	key := "active-sessions-" + w.bob.id
	w.ada.Post("/admin/revoke-user-session", body{"sessionToken": key}).Want(t, 200, "")
	if _, err := kv.Get(t.Context(), key); err != nil {
		t.Errorf("INJ-09 %v", err)
	}
}

func record(t testing.TB, data body) (out validate.Record) {
	t.Helper()
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	v, err := wire.Parse(text, wire.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	out.Members, _ = v.Obj()
	return out
}
