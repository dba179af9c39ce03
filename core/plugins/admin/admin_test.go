package admin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/plugins/additionalfields"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/schema"
)

func TestAPlainUserMayDoNothing(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{}, nil)
	routes, nobody := w.routes(w.eve), w.routes(&person{Client: w.Client(), id: "nobody"})
	for _, name := range names(routes) {
		t.Run("ADM-01 "+name, func(t *testing.T) {
			if a := routes[name](w.Client()); a.Status != 401 || a.Code() != "UNAUTHORIZED" {
				t.Errorf("a stranger: %d %s", a.Status, a.Body)
			}
			a := routes[name](w.bob.Client)
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
				if b := nobody[name](w.bob.Client); b.Status != a.Status || b.Body != a.Body {
					t.Errorf("an id of nobody is told from one of somebody: %s", b.Body)
				}
			}
		})
	}
	if !w.eve.alive() || w.user(t, w.eve).Name != "eve" {
		t.Error("something was changed")
	}
}

func TestNobodyPromotesThemselves(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{}, nil)
	for name, value := range map[string]any{"role": "admin", "banned": false, "banReason": "x", "banExpires": "2030-01-01T00:00:00.000Z"} {
		t.Run("ADM-02 MASS-01 "+name, func(t *testing.T) {
			w.bob.Post("/update-user", body{name: value, "name": "Bob B"})
			c := w.Client()
			c.Post("/sign-up/email", body{"name": "N", "email": name + "@example.com", "password": password, name: value})
			for _, email := range []string{w.bob.email, name + "@example.com"} {
				u, err := w.Auth.Store().FindUserByEmail(t.Context(), email)
				if core.IsNotFound(err) {
					continue
				}
				role, _ := admin.Role.Of(u.Extra)
				if reason, _ := admin.BanReason.Of(u.Extra); role != "user" || reason != "" || u.BannedAt(w.Clock.Now()) {
					t.Errorf("%s: %v", email, u.Extra)
				}
			}
		})
	}
	t.Run("SES-19 impersonatedBy", func(t *testing.T) {
		w.bob.Post("/update-session", body{"impersonatedBy": w.ada.id}).Want(t, 400, "FIELD_NOT_ALLOWED")
	})
}

// helper is a role of some permissions of the plugin beside those of administrators.
func helper(actions ...string) admin.Options {
	roles := admin.DefaultRoles()
	roles["helper"] = access.NewRole(access.Permissions{"user": actions})
	return admin.Options{Roles: roles}
}

func TestFieldsOfANewUser(t *testing.T) {
	t.Parallel()
	w := open(t, helper("create"), nil)
	w.role(t, w.bob, "helper")
	for name, tc := range map[string]struct {
		body   body
		status int
		code   string
	}{
		"ADM-03 plain":                       {body{}, 200, ""},
		"ADM-03 role":                        {body{"role": "admin"}, 403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE"},
		"ADM-03 the default role":            {body{"role": "user"}, 403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE"},
		"ADM-03 role among the data":         {body{"data": body{"role": "admin"}}, 403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE"},
		"ADM-03 no role, and one among them": {body{"role": "", "data": body{"role": "admin"}}, 403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE"},
		"ADM-03 banned":                      {body{"data": body{"banned": true}}, 403, "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS"},
		"ADM-03 reason":                      {body{"data": body{"banReason": "x"}}, 403, "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS"},
		"ADM-03 end of a ban":                {body{"data": body{"banExpires": nil}}, 403, "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS"},
		"ADM-03 address and name":            {body{"data": body{"email": "other@example.com", "name": "Other", "id": "1", "createdAt": "2020-01-01T00:00:00.000Z"}}, 200, ""},
		"ADM-14 a value of another type":     {body{"data": body{"emailVerified": "yes"}}, 400, "VALIDATION_ERROR"},
		"ADM-14 an address that is none":     {body{"email": "nonsense"}, 400, "INVALID_EMAIL"},
		"ADM-14 a long address":              {body{"email": strings.Repeat("a", 250) + "@example.com"}, 400, "INVALID_EMAIL"},
		"a taken address":                    {body{"email": "BOB@example.com"}, 400, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"},
		"a short password":                   {body{"password": "x"}, 400, "PASSWORD_TOO_SHORT"},
	} {
		t.Run(name, func(t *testing.T) {
			email := strings.ReplaceAll(strings.ToLower(name), " ", ".") + "@example.com"
			email = strings.ReplaceAll(email, ",", "")
			b := body{"email": email, "name": "New"}
			maps.Copy(b, tc.body)
			a := w.bob.Post("/admin/create-user", b).Want(t, tc.status, tc.code)
			if tc.status != 200 {
				return
			}
			if a.JSON("user", "email") != email || a.JSON("user", "name") != "New" || a.JSON("user", "role") != "user" || a.JSON("user", "createdAt") != "2026-01-01T00:00:00.000Z" && !strings.Contains(a.Body, w.Clock.Now().Format("2006")) {
				t.Errorf("%s", a.Body)
			}
		})
	}
}

func TestFieldsOfAChange(t *testing.T) {
	t.Parallel()
	w := open(t, helper("update"), nil)
	w.role(t, w.bob, "helper")
	for name, tc := range map[string]struct {
		data   body
		status int
		code   string
	}{
		"ADM-04 name":            {body{"name": "Eve E"}, 200, ""},
		"ADM-04 banned":          {body{"banned": true}, 403, "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS"},
		"ADM-04 not banned":      {body{"banned": false}, 403, "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS"},
		"ADM-04 reason":          {body{"banReason": "x"}, 403, "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS"},
		"ADM-04 end of a ban":    {body{"banExpires": nil}, 403, "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS"},
		"ADM-04 address":         {body{"email": "x@example.com"}, 403, "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_EMAIL"},
		"ADM-04 verified":        {body{"emailVerified": true}, 403, "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_EMAIL"},
		"ADM-04 phone":           {body{"phoneNumber": "+15555550100"}, 403, "YOU_ARE_NOT_ALLOWED_TO_SET_USERS_PHONE_NUMBER"},
		"ADM-04 password":        {body{"password": "another horse"}, 400, "PASSWORD_CANNOT_BE_UPDATED_VIA_UPDATE_USER"},
		"ADM-04 id":              {body{"id": "x"}, 400, "USER_ID_CANNOT_BE_UPDATED"},
		"ADM-04 role":            {body{"role": "user"}, 403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE"},
		"ADM-04 nothing":         {body{}, 400, "NO_DATA_TO_UPDATE"},
		"ADM-04 unknown":         {body{"nope": 1, "createdAt": "2020-01-01T00:00:00.000Z"}, 400, "NO_DATA_TO_UPDATE"},
		"ADM-14 name of a type":  {body{"name": 1}, 400, "VALIDATION_ERROR"},
		"ADM-14 name of nothing": {body{"name": nil}, 400, "VALIDATION_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			w.bob.Post("/admin/update-user", body{"userId": w.eve.id, "data": tc.data}).Want(t, tc.status, tc.code)
		})
	}
	t.Run("an administrator", func(t *testing.T) {
		a := w.ada.Post("/admin/update-user", body{"userId": w.eve.id, "data": body{"email": "EVE2@example.com", "emailVerified": true, "image": "https://example.com/e.png", "role": []string{"user", "helper"}}}).Want(t, 200, "")
		if a.JSON("email") != "eve2@example.com" || a.JSON("role") != "user,helper" {
			t.Errorf("%s", a.Body)
		}
		// A new address that nobody says is verified is not.
		a = w.ada.Post("/admin/update-user", body{"userId": w.eve.id, "data": body{"email": "eve3@example.com"}}).Want(t, 200, "")
		if w.user(t, w.eve).EmailVerified {
			t.Errorf("%s", a.Body)
		}
		w.ada.Post("/admin/update-user", body{"userId": w.eve.id, "data": body{"email": "nonsense"}}).Want(t, 400, "INVALID_EMAIL")
		w.ada.Post("/admin/update-user", body{"userId": w.eve.id, "data": body{"email": w.bob.email}}).Want(t, 400, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")
		w.ada.Post("/admin/update-user", body{"userId": w.ada.id, "data": body{"banned": true}}).Want(t, 400, "YOU_CANNOT_BAN_YOURSELF")
		w.ada.Post("/admin/update-user", body{"userId": w.eve.id, "data": body{"banned": true, "banReason": "x"}}).Want(t, 200, "")
		if w.eve.alive() {
			t.Error("a user who was banned so has a session")
		}
	})
}

func TestRolesThatDoNotExist(t *testing.T) {
	t.Parallel()
	w := open(t, helper("list"), nil)
	for name, role := range map[string]any{
		"ADM-05 unknown": "editor", "ADM-05 one of several": []string{"user", "editor"}, "ADM-05 in one text": "user,admin", "ADM-05 empty": "", "ADM-05 in capitals": "Admin",
	} {
		t.Run(name, func(t *testing.T) {
			w.ada.Post("/admin/set-role", body{"userId": w.bob.id, "role": role}).Want(t, 400, "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE")
			w.ada.Post("/admin/update-user", body{"userId": w.bob.id, "data": body{"role": role}}).Want(t, 400, "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE")
			if role != "" {
				w.ada.Post("/admin/create-user", body{"email": "x@example.com", "name": "X", "role": role}).Want(t, 400, "YOU_ARE_NOT_ALLOWED_TO_SET_NON_EXISTENT_VALUE")
			}
		})
	}
	for _, role := range []any{1, nil, []any{"user", 1}} {
		w.ada.Post("/admin/update-user", body{"userId": w.bob.id, "data": body{"role": role}}).Want(t, 400, "INVALID_ROLE_TYPE")
	}
	if role, _ := admin.Role.Of(w.user(t, w.bob).Extra); role != "user" {
		t.Errorf("role %q", role)
	}
	w.ada.Post("/admin/set-role", body{"userId": w.bob.id, "role": []string{"user", "helper"}}).Want(t, 200, "")
	w.bob.Get("/admin/list-users").Want(t, 200, "") // at once, in the session that was there
}

func TestThemselvesAndTheLast(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{}, func(_ *authtest.Env, o *core.Options) { o.User.DeleteUser.Enabled = true })
	t.Run("ADM-06 themselves", func(t *testing.T) {
		w.ada.Post("/admin/ban-user", body{"userId": w.ada.id}).Want(t, 400, "YOU_CANNOT_BAN_YOURSELF")
		w.ada.Post("/admin/remove-user", body{"userId": w.ada.id}).Want(t, 400, "YOU_CANNOT_REMOVE_YOURSELF")
	})
	t.Run("the last administrator", func(t *testing.T) {
		w.ada.Post("/admin/set-role", body{"userId": w.ada.id, "role": "user"}).Want(t, 400, "LAST_ADMIN")
		w.ada.Post("/admin/update-user", body{"userId": w.ada.id, "data": body{"role": "user"}}).Want(t, 400, "LAST_ADMIN")
		w.ada.Post("/delete-user", body{"password": password}).Want(t, 400, "LAST_ADMIN")
		if _, err := w.p.BanUser.Call(t.Context(), &admin.BanUserInput{UserID: w.ada.id}); !core.HasCode(err, admin.CodeLastAdmin) {
			t.Errorf("banned by the application: %v", err)
		}
		// A banned administrator is none.
		w.role(t, w.bob, "user", "admin")
		w.ada.Post("/admin/ban-user", body{"userId": w.bob.id}).Want(t, 200, "")
		w.ada.Post("/admin/set-role", body{"userId": w.ada.id, "role": "user"}).Want(t, 400, "LAST_ADMIN")
		w.ada.Post("/admin/unban-user", body{"userId": w.bob.id}).Want(t, 200, "")
		w.ada.Post("/delete-user", body{"password": password}).Want(t, 200, "")
		if w.exists(t, w.ada.id) {
			t.Error("she is still there")
		}
	})
}

func TestBans(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body   body
		reason string
		ends   time.Duration // 0: never
	}{
		"for ever":      {body{}, "No reason", 0},
		"with a reason": {body{"banReason": "spam"}, "spam", 0},
		"for a minute":  {body{"banExpiresIn": 60}, "No reason", time.Minute},
	} {
		t.Run("ADM-11 "+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, admin.Options{BannedUserMessage: "Out!"}, func(_ *authtest.Env, o *core.Options) { o.Session.CookieCache.Enabled = true })
			b := body{"userId": w.bob.id}
			maps.Copy(b, tc.body)
			a := w.ada.Post("/admin/ban-user", b).Want(t, 200, "")
			if a.JSON("user", "banned") != "true" || a.JSON("user", "banReason") != tc.reason {
				t.Errorf("%s", a.Body)
			}
			// The cookie cache is believed for its time, and by nothing that matters.
			if w.bob.Get("/get-session").Body == "null" || w.bob.alive() {
				t.Error("the cookie cache was not read, or the session is there")
			}
			w.bob.Post("/update-user", body{"name": "x"}).Want(t, 401, "UNAUTHORIZED")
			sign := func() *authtest.Answer {
				return w.Client().Post("/sign-in/email", body{"email": w.bob.email, "password": password})
			}
			if a := sign().Want(t, 403, "BANNED_USER"); a.JSON("message") != "Out!" {
				t.Errorf("%s", a.Body)
			}
			w.Clock.Add(time.Minute + time.Second)
			if tc.ends == 0 {
				sign().Want(t, 403, "BANNED_USER")
				w.ada.Post("/admin/unban-user", body{"userId": w.bob.id}).Want(t, 200, "")
			}
			sign().Want(t, 200, "")
			u := w.user(t, w.bob)
			if banned, _ := core.Banned.Of(u.Extra); banned || u.Extra["banReason"] != nil || u.Extra["banExpires"] != nil {
				t.Errorf("%v", u.Extra)
			}
		})
	}
	t.Run("a ban has a length", func(t *testing.T) {
		t.Parallel()
		w := open(t, admin.Options{DefaultBanReason: "rules", DefaultBanExpiresIn: time.Hour}, nil)
		for _, seconds := range []float64{-1, 1e15} {
			w.ada.Post("/admin/ban-user", body{"userId": w.bob.id, "banExpiresIn": seconds}).Want(t, 400, "VALIDATION_ERROR")
		}
		w.ada.Post("/admin/ban-user", body{"userId": w.eve.id, "banExpiresIn": 31536000000}).Want(t, 200, "")
		if until, _ := core.BanExpires.Of(w.user(t, w.eve).Extra); !until.Equal(w.Clock.Now().AddDate(0, 0, 365_000)) {
			t.Errorf("a thousand years end %v", until)
		}
		w.ada.Post("/admin/ban-user", body{"userId": w.bob.id, "banReason": strings.Repeat("x", 1001)}).Want(t, 400, "VALIDATION_ERROR")
		a := w.ada.Post("/admin/ban-user", body{"userId": w.bob.id}).Want(t, 200, "")
		if until, _ := core.BanExpires.Of(w.user(t, w.bob).Extra); !until.Equal(w.Clock.Now().Add(time.Hour)) || a.JSON("user", "banReason") != "rules" {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("ADM-11 by other means", func(t *testing.T) {
		t.Parallel()
		w := open(t, admin.Options{}, nil)
		w.set(t, w.bob, adapter.Record{"banned": true})
		if w.bob.alive() {
			t.Error("a session is found")
		}
		rows, err := w.Auth.Store().ListSessions(t.Context(), w.bob.id)
		if err != nil || len(rows) > 0 {
			t.Errorf("%d sessions, %v", len(rows), err)
		}
		// Not even a row is enough.
		if _, err := w.Auth.DB().UpdateMany(t.Context(), core.ModelUser, adapter.By("id", w.eve.id), adapter.Record{"banned": true}); err != nil {
			t.Fatal(err)
		}
		if w.eve.alive() {
			t.Error("the session of a banned user is found")
		}
	})
	t.Run("the message of a function", func(t *testing.T) {
		t.Parallel()
		w := open(t, admin.Options{BannedUserMessageFunc: byName}, nil)
		w.set(t, w.bob, adapter.Record{"banned": true})
		w.set(t, w.eve, adapter.Record{"banned": true})
		for p, want := range map[*person]string{w.bob: "bob is out", w.eve: "You have been banned from this application. Please contact support if you believe this is an error."} {
			if a := p.Post("/sign-in/email", body{"email": p.email, "password": password}).Want(t, 403, "BANNED_USER"); a.JSON("message") != want {
				t.Errorf("%s", a.Body)
			}
		}
	})
}

func TestDemotionCountsAtOnce(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{}, func(_ *authtest.Env, o *core.Options) {
		o.Session.CookieCache.Enabled, o.Session.CookieCache.MaxAge = true, time.Hour
	})
	w.role(t, w.bob, "admin")
	w.role(t, w.eve, "admin")
	w.bob.Get("/get-session?disableCookieCache=true")
	w.eve.Get("/get-session?disableCookieCache=true")
	w.bob.Get("/admin/list-users").Want(t, 200, "")
	w.ada.Post("/admin/set-role", body{"userId": w.bob.id, "role": "user"}).Want(t, 200, "")
	w.ada.Post("/admin/ban-user", body{"userId": w.eve.id}).Want(t, 200, "")
	routes := w.routes(w.ada)
	for _, name := range names(routes) {
		t.Run("ADM-10 SES-06 SES-21 "+name, func(t *testing.T) {
			if a := routes[name](w.bob.Client.Copy()); name == "has-permission" && a.Body != `{"error":null,"success":false}` || name != "has-permission" && name != "stop-impersonating" && a.Status != 403 {
				t.Errorf("demoted: %d %s", a.Status, a.Body)
			}
			routes[name](w.eve.Client.Copy()).Want(t, 401, "UNAUTHORIZED")
		})
	}
}

func TestUnknownUsers(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{}, nil)
	for _, id := range []string{"nobody", "", "x'; DROP TABLE user; --", strings.Repeat("a", 5000)} {
		routes := w.routes(&person{Client: w.Client(), id: id})
		for _, name := range []string{"set-role", "update-user", "list-user-sessions", "ban-user", "unban-user", "impersonate-user", "remove-user", "set-user-password"} {
			t.Run(fmt.Sprintf("ADM-14 %s %.10s", name, id), func(t *testing.T) {
				if id == "" && name == "set-user-password" {
					routes[name](w.ada.Client).Want(t, 400, "VALIDATION_ERROR")
					return
				}
				routes[name](w.ada.Client).Want(t, 404, "USER_NOT_FOUND")
			})
		}
		w.ada.Post("/admin/revoke-user-sessions", body{"userId": id}).Want(t, 200, "")
		w.ada.Post("/admin/revoke-user-session", body{"sessionToken": id}).Want(t, 200, "")
	}
	w.ada.Get("/admin/get-user?id=nobody").Want(t, 404, "USER_NOT_FOUND")
	w.ada.Get("/admin/get-user").Want(t, 400, "VALIDATION_ERROR")
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	for _, revoke := range []bool{false, true} {
		t.Run(fmt.Sprintf("ADM-15 revoking %v", revoke), func(t *testing.T) {
			t.Parallel()
			w := open(t, admin.Options{RevokeSessionsOnSetPassword: revoke}, func(e *authtest.Env, o *core.Options) {
				o.EmailVerification.Send = e.Mail("verification")
				o.User.ChangeEmail.Enabled = true
			})
			for given, code := range map[string]string{"x": "PASSWORD_TOO_SHORT", strings.Repeat("x", 129): "PASSWORD_TOO_LONG", "": "VALIDATION_ERROR"} {
				w.ada.Post("/admin/set-user-password", body{"userId": w.bob.id, "newPassword": given}).Want(t, 400, code)
			}
			if _, err := w.Auth.Store().CreateVerification(t.Context(), "reset-password:pending", w.bob.id, w.Clock.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			w.ada.Post("/admin/set-user-password", body{"userId": w.bob.id, "newPassword": "another horse"}).Want(t, 200, "")
			if w.bob.alive() == revoke {
				t.Errorf("his session: %v", w.bob.alive())
			}
			if _, err := w.Auth.Store().FindVerification(t.Context(), "reset-password:pending"); !core.IsNotFound(err) {
				t.Errorf("a pending link: %v", err)
			}
			w.Client().Post("/sign-in/email", body{"email": w.bob.email, "password": password}).Want(t, 401, "INVALID_CREDENTIALS")
			w.Client().Post("/sign-in/email", body{"email": w.bob.email, "password": "another horse"}).Want(t, 200, "")
			// One's own session stays.
			w.ada.Post("/admin/set-user-password", body{"userId": w.ada.id, "newPassword": "another horse"}).Want(t, 200, "")
			if !w.ada.alive() {
				t.Error("she has signed herself out")
			}
			if len(w.events(admin.EventPasswordSet)) != 2 {
				t.Error("no event")
			}
		})
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{}, nil)
	do := func(path string, b body) *authtest.Answer { return w.ada.Post("/admin/"+path, b).Want(t, 200, "") }
	made := do("create-user", body{"email": "new@example.com", "name": "New", "password": password, "role": "user"}).JSON("user", "id")
	do("set-role", body{"userId": w.bob.id, "role": "admin"})
	do("set-role", body{"userId": w.bob.id, "role": "user"})
	do("update-user", body{"userId": w.bob.id, "data": body{"name": "Bob B"}})
	do("revoke-user-session", body{"sessionToken": w.bob.token()})
	do("revoke-user-sessions", body{"userId": w.bob.id})
	do("set-user-password", body{"userId": w.bob.id, "newPassword": password})
	do("ban-user", body{"userId": w.bob.id})
	w.Client().Post("/sign-in/email", body{"email": w.bob.email, "password": password}).Want(t, 403, "BANNED_USER")
	do("unban-user", body{"userId": w.bob.id})
	do("impersonate-user", body{"userId": w.eve.id})
	w.ada.Post("/update-user", body{"name": "Eve E"}).Want(t, 200, "")
	do("stop-impersonating", body{})
	do("remove-user", body{"userId": made})
	text, err := json.Marshal(w.Events())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{password, w.ada.token(), w.eve.token()} {
		if strings.Contains(string(text), secret) {
			t.Errorf("ADM-16 an event holds a secret: %s", text)
		}
	}
	for kind, target := range map[core.EventType]string{
		admin.EventUserCreated: made, admin.EventUserUpdated: w.bob.id, admin.EventUserRemoved: made, admin.EventPasswordSet: w.bob.id, admin.EventUserBanned: w.bob.id,
		admin.EventUserUnbanned: w.bob.id, admin.EventSessionRevoked: w.bob.id, admin.EventSessionsRevoked: w.bob.id,
		admin.EventImpersonationStarted: w.eve.id, admin.EventImpersonationEnded: w.eve.id, admin.EventRoleChanged: w.bob.id,
		core.EventUserUpdated: w.eve.id, // while she was impersonated
	} {
		t.Run("ADM-16 "+string(kind), func(t *testing.T) {
			all := w.events(kind)
			if len(all) == 0 {
				t.Fatal("no event")
			}
			last := all[len(all)-1]
			if last.UserID != target || last.ActorID != w.ada.id || last.Time.IsZero() {
				t.Errorf("%+v", last)
			}
		})
	}
	if e := w.events(admin.EventBannedSignIn); len(e) != 1 || e[0].UserID != w.bob.id || e[0].Code != "BANNED_USER" {
		t.Errorf("ADM-16 %+v", e)
	}
}

func TestLists(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{}, nil, additionalfields.New(additionalfields.Options{User: []schema.Field{
		{Name: "pin", Type: schema.String, Optional: true, Hidden: true}, {Name: "tags", Type: schema.StringArray, Optional: true}, {Name: "age", Type: schema.Number, Optional: true},
	}}))
	w.set(t, w.eve, adapter.Record{"pin": "1234", "age": int64(30), "emailVerified": true})
	for query, want := range map[string]string{
		"": "ada bob eve", "?limit=2": "ada bob", "?limit=2&offset=2": "eve", "?sortBy=name&sortDirection=desc": "eve bob ada", "?searchValue=BO": "bob",
		"?searchValue=EV&searchField=name&searchOperator=starts_with": "eve", "?filterField=role&filterValue=admin": "ada", "?filterField=emailVerified&filterValue=true": "eve",
		"?filterField=age&filterValue=18&filterOperator=gt": "eve", "?filterField=name&filterValue=ada&filterValue=bob&filterOperator=in": "ada bob", "?searchValue=%25": "", "?searchValue=_": "",
	} {
		if got := emails(t, w.ada.Get("/admin/list-users"+query)); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	for _, query := range []string{
		"filterField=password&filterValue=a", "filterField=pin&filterValue=1&filterOperator=starts_with", "sortBy=pin", "filterField=twoFactorSecret&filterValue=a", "sortBy=nope",
		"sortBy=__proto__", "filterField=constructor&filterValue=1", "sortBy=name%3B%20DROP%20TABLE%20user", "sortBy=name,email", "sortBy=tags", "filterField=tags&filterValue=x",
		"searchValue=a&searchField=pin", "filterField=age&filterValue=old", "filterField=age&filterValue=1&filterOperator=contains", "filterField=name&filterValue=1&filterOperator=like",
		"sortBy=name&sortDirection=up", "filterField=createdAt&filterValue=soon",
	} {
		t.Run("ADM-12 "+query, func(t *testing.T) {
			w.ada.Get("/admin/list-users?"+query).Want(t, 400, "VALIDATION_ERROR")
		})
	}
	for query, limit := range map[string]string{
		"limit=-1": "", "limit=1e9": "1000", "limit=1000000000": "1000", "limit=NaN": "", "limit=Infinity": "1000", "limit=x": "", "limit=0": "", "offset=-5": "", "limit=2&offset=99999999999": "2",
	} {
		t.Run("ADM-13 "+query, func(t *testing.T) {
			if a := w.ada.Get("/admin/list-users?"+query).Want(t, 200, ""); a.JSON("limit") != limit || a.JSON("total") != "3" {
				t.Errorf("%s", a.Body)
			}
		})
	}
	t.Run("ADM-13 a fraction", func(t *testing.T) { w.ada.Get("/admin/list-users?limit=1.5").Want(t, 400, "VALIDATION_ERROR") })
	if a := w.ada.Get("/admin/list-users"); strings.Contains(a.Body, "1234") || strings.Contains(a.Body, "pin") {
		t.Error("a hidden field is part of the answer")
	}
}

func TestRolesAboveTheOwn(t *testing.T) {
	t.Parallel()
	every := []string{"create", "list", "set-role", "ban", "impersonate", "impersonate-admins", "delete", "set-password", "set-email", "get", "update"}
	o := helper(every...)
	o.Roles["helper"] = access.NewRole(access.Permissions{"user": every, "session": {"list", "revoke"}})
	o.Roles["admin"] = access.NewRole(admin.DefaultStatements())
	o.AdminUserIDs = []string{"root"}
	w := open(t, o, nil)
	w.role(t, w.bob, "helper")
	routes := w.routes(w.ada)
	for _, name := range []string{"set-role", "update-user", "list-user-sessions", "ban-user", "unban-user", "impersonate-user", "revoke-user-session", "revoke-user-sessions", "remove-user", "set-user-password"} {
		t.Run("ADM-08 "+name, func(t *testing.T) {
			if a := routes[name](w.bob.Client); a.Status != 403 {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
	for _, path := range []string{"set-role", "create-user", "update-user"} {
		b := map[string]body{
			"set-role": {"userId": w.eve.id, "role": "admin"}, "update-user": {"userId": w.eve.id, "data": body{"role": []string{"user", "admin"}}},
			"create-user": {"email": "x@example.com", "name": "X", "role": "admin"},
		}[path]
		w.bob.Post("/admin/"+path, b).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE")
	}
	w.bob.Post("/admin/set-role", body{"userId": w.bob.id, "role": "admin"}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_CHANGE_USERS_ROLE")
	w.bob.Post("/admin/set-role", body{"userId": w.eve.id, "role": "helper"}).Want(t, 200, "") // what he has himself
	if !w.ada.alive() {
		t.Error("her session was ended")
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	roles := admin.DefaultRoles()
	for want, o := range map[string]admin.Options{
		"AdminRoles has \"boss\"":             {AdminRoles: []string{"admin", "boss"}},
		"AdminRoles has \"admin\"":            {AdminRoles: []string{"admin"}, Roles: map[string]*access.Role{"user": admin.UserRole()}},
		"Options.Roles has the name \"a,b\"":  {Roles: map[string]*access.Role{"a,b": admin.UserRole()}},
		"Options.Roles has the name \"user\"": {Roles: map[string]*access.Role{"user": nil}},
		"has user:ban, which":                 {Roles: map[string]*access.Role{"x": access.NewRole(access.Permissions{"user": {"ban"}})}, Access: access.NewControl(access.Permissions{"user": {"list"}})},
		"DefaultRole has \"member\"":          {DefaultRole: "user,member", Roles: roles},
		"AdminUserIDs has an empty id":        {AdminUserIDs: []string{""}},
		"DefaultBanExpiresIn":                 {DefaultBanExpiresIn: -time.Second},
		"ImpersonationSessionDuration":        {ImpersonationSessionDuration: time.Millisecond},
		"Options.Columns has \"rolle\"":       {Columns: map[string]string{"rolle": "x"}},
	} {
		_, err := core.New(authtest.NewEnv(t).Options(admin.New(o)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, o := range []admin.Options{{}, {DefaultRole: "member"}, {DefaultRole: "user, admin", Roles: roles}, {Roles: roles, AdminRoles: []string{"user"}}, {Roles: map[string]*access.Role{"boss": admin.AdminRole()}}} {
		if _, err := core.New(authtest.NewEnv(t).Options(admin.New(o))); err != nil {
			t.Error(err)
		}
	}
	w := open(t, admin.Options{Columns: map[string]string{"role": "rolle", "banned": "gesperrt", "impersonatedBy": "als"}}, nil)
	table, _ := w.Auth.Schema().Table(core.ModelUser)
	if column, _ := table.Column("role"); column != "rolle" {
		t.Errorf("column %q", column)
	}
	w.ada.Get("/admin/list-users?filterField=role&filterValue=admin").Want(t, 200, "")
	if u := w.user(t, w.bob); !slices.Equal(w.p.Roles(u), []string{"user"}) || w.p.IsAdmin(u) || w.p.HasPermission(u, access.Permissions{"user": {"list"}}) {
		t.Errorf("%v", u.Extra)
	}
}

func TestUsersOfTheOptions(t *testing.T) {
	t.Parallel()
	ids := []string{"first"}
	w := open(t, admin.Options{AdminUserIDs: ids}, func(_ *authtest.Env, o *core.Options) {
		o.Store.User.BeforeCreate = func(_ context.Context, u *core.User) error {
			if u.Email == "eve@example.com" {
				u.ID = "first"
			}
			return nil
		}
	})
	w.eve.Get("/admin/list-users").Want(t, 200, "")
	if a := w.eve.Post("/admin/has-permission", body{"permissions": body{"anything": []string{"at all"}}}).Want(t, 200, ""); a.JSON("success") != "true" {
		t.Errorf("%s", a.Body)
	}
	w.ada.Post("/admin/ban-user", body{"userId": "first"}).Want(t, 403, "YOU_ARE_NOT_ALLOWED_TO_BAN_USERS")
	w.ada.Post("/admin/impersonate-user", body{"userId": "first"}).Want(t, 403, "YOU_CANNOT_IMPERSONATE_ADMINS")
	// With her the last administrator by role may go.
	w.ada.Post("/admin/set-role", body{"userId": w.ada.id, "role": "user"}).Want(t, 200, "")
}

func TestFromGo(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{}, nil)
	p, ok := admin.From(w.Auth)
	if !ok || p != w.p {
		t.Fatal("not installed")
	}
	made, err := p.CreateUser.Call(t.Context(), &admin.CreateUserInput{Email: "root@example.com", Name: "Root", Password: new("correct horse"), Role: &one})
	if err != nil || !p.IsAdmin(made.User) {
		t.Fatalf("%v, %v", made.User, err)
	}
	w.Client().Post("/sign-in/email", body{"email": "root@example.com", "password": password}).Want(t, 200, "")
	list, err := p.ListUsers.Call(t.Context(), &admin.ListUsersInput{})
	if err != nil || list.Total != 4 {
		t.Errorf("%d, %v", list.Total, err)
	}
	for _, in := range []*admin.HasPermissionInput{{Role: new("admin")}, {UserID: &made.User.ID}} {
		in.Permissions = access.Permissions{"user": {"ban"}}
		if reply, err := p.UserHasPermission.Call(t.Context(), in); err != nil || !reply.Success {
			t.Errorf("%v, %v", reply, err)
		}
	}
	if _, err := p.ImpersonateUser.Call(t.Context(), &admin.UserInput{UserID: w.bob.id}); !core.HasCode(err, core.CodeUnauthorized) {
		t.Errorf("the application impersonates: %v", err)
	}
}
