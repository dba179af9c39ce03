package admin_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/anonymous"
	"github.com/advantch/kernia-go/core/plugins/apikey"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/deviceauthorization"
	"github.com/advantch/kernia-go/core/plugins/electron"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/multisession"
	"github.com/advantch/kernia-go/core/plugins/onetimetoken"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/storage"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

func (w *world) impersonate(t testing.TB, by, target *person) {
	t.Helper()
	by.Post("/admin/impersonate-user", body{"userId": target.id}).Want(t, 200, "")
}

func who(p *person) string { return p.Get("/get-session").JSON("user", "email") }

var stores = map[string]func(*authtest.Env, *core.Options){
	"database":          func(*authtest.Env, *core.Options) {},
	"secondary storage": func(e *authtest.Env, o *core.Options) { o.SecondaryStorage = storage.NewMemory(e.Clock.Now) },
	"cookie cache":      func(_ *authtest.Env, o *core.Options) { o.Session.CookieCache.Enabled = true },
}

func TestImpersonation(t *testing.T) {
	t.Parallel()
	for name, stored := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, admin.Options{}, stored)
			own := w.ada.token()
			w.impersonate(t, w.ada, w.bob)
			if who(w.ada) != w.bob.email || w.ada.Get("/get-session").JSON("session", "impersonatedBy") != w.ada.id {
				t.Errorf("%s", w.ada.Get("/get-session").Body)
			}
			// The user does not see it, and the session is none of the browser's for long.
			if a := w.bob.Get("/list-sessions").Want(t, 200, ""); strings.Contains(a.Body, w.ada.id) || strings.Count(a.Body, `"token"`) != 1 {
				t.Errorf("%s", a.Body)
			}
			w.ada.Post("/admin/stop-impersonating", body{}).Want(t, 200, "")
			if who(w.ada) != w.ada.email || w.ada.token() != own || w.ada.Cookie(kept) != "" || w.ada.Cookie("better-auth.dont_remember") != "" {
				t.Errorf("%s: %s", who(w.ada), w.ada.CookieHeader())
			}
			w.ada.Post("/admin/stop-impersonating", body{}).Want(t, 400, "YOU_ARE_NOT_IMPERSONATING_ANYONE")
			w.ada.Get("/admin/list-users").Want(t, 200, "")
			rows, err := w.Auth.Store().ListSessions(t.Context(), w.bob.id)
			if err != nil || len(rows) != 1 {
				t.Errorf("%d sessions, %v", len(rows), err)
			}
		})
	}
}

func TestRememberedOrNot(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{}, nil)
	w.ada.Post("/sign-in/email", body{"email": w.ada.email, "password": password, "rememberMe": false}).Want(t, 200, "")
	w.impersonate(t, w.ada, w.bob)
	w.ada.Post("/admin/stop-impersonating", body{}).Want(t, 200, "")
	if w.ada.Cookie("better-auth.dont_remember") == "" {
		t.Error("she is remembered now")
	}
}

func TestWhoIsImpersonated(t *testing.T) {
	t.Parallel()
	t.Run("ADM-07 administrators", func(t *testing.T) {
		t.Parallel()
		w := open(t, admin.Options{}, nil)
		w.role(t, w.bob, "user", "admin")
		w.ada.Post("/admin/impersonate-user", body{"userId": w.bob.id}).Want(t, 403, "YOU_CANNOT_IMPERSONATE_ADMINS")
		w.ada.Post("/admin/impersonate-user", body{"userId": w.ada.id}).Want(t, 403, "YOU_CANNOT_IMPERSONATE_ADMINS")
	})
	t.Run("ADM-07 with the option", func(t *testing.T) {
		t.Parallel()
		w := open(t, admin.Options{AllowImpersonatingAdmins: true}, nil)
		w.role(t, w.bob, "admin")
		w.impersonate(t, w.ada, w.bob)
		// A second one within the first would lead back to the wrong administrator.
		w.ada.Post("/admin/impersonate-user", body{"userId": w.eve.id}).Want(t, 400, "ALREADY_IMPERSONATING")
	})
	t.Run("ADM-07 with the permission", func(t *testing.T) {
		t.Parallel()
		roles := admin.DefaultRoles()
		roles["boss"] = access.NewRole(admin.DefaultStatements())
		w := open(t, admin.Options{Roles: roles}, nil)
		w.role(t, w.eve, "boss")
		w.role(t, w.bob, "admin")
		w.impersonate(t, w.eve, w.bob)
	})
	t.Run("ADM-11 banned users", func(t *testing.T) {
		t.Parallel()
		w := open(t, admin.Options{}, nil)
		w.ada.Post("/admin/ban-user", body{"userId": w.bob.id}).Want(t, 200, "")
		w.ada.Post("/admin/impersonate-user", body{"userId": w.bob.id}).Want(t, 403, "BANNED_USER")
		if !w.ada.alive() {
			t.Error("she has lost her session")
		}
	})
}

// every has all plugins by which users change how they sign in.
func every(t testing.TB, change func(*authtest.Env, *core.Options)) *world {
	quiet := func(context.Context, phonenumber.Message) error { return nil }
	return open(t, admin.Options{}, func(e *authtest.Env, o *core.Options) {
		o.User.DeleteUser.Enabled, o.User.ChangeEmail.Enabled = true, true
		o.EmailVerification.Send = e.Mail("verification")
		if change != nil {
			change(e, o)
		}
	}, twofactor.New(twofactor.Options{}), apikey.New(apikey.Options{Configs: []apikey.Config{{Sessions: true}}, SessionPaths: []string{"*"}}),
		deviceauthorization.New(deviceauthorization.Options{}), multisession.New(multisession.Options{}), onetimetoken.New(onetimetoken.Options{}),
		emailotp.New(emailotp.Options{Send: func(context.Context, emailotp.Message) error { return nil }, ChangeEmail: emailotp.ChangeEmailOptions{Enabled: true}}),
		phonenumber.New(phonenumber.Options{SendOTP: quiet, SendPasswordResetOTP: quiet}),
		electron.New(electron.Options{}), social.New(idptest.Local("acme").Config()), anonymous.New(anonymous.Options{}), bearer.New(bearer.Options{}))
}

func TestWhatAnImpersonatorMayDo(t *testing.T) {
	t.Parallel()
	w := every(t, nil)
	w.impersonate(t, w.ada, w.bob)
	for path, b := range map[string]body{
		"/change-password": {"currentPassword": password, "newPassword": "another horse"}, "/change-email": {"newEmail": "other@example.com"}, "/delete-user": {"password": password},
		"/unlink-account": {"providerId": "credential"}, "/link-social": {"provider": "acme"}, "/get-access-token": {"providerId": "acme"}, "/refresh-token": {"providerId": "acme"},
		"/two-factor/enable": {"password": password}, "/two-factor/disable": {"password": password}, "/two-factor/get-totp-uri": {"password": password},
		"/two-factor/generate-backup-codes": {"password": password}, "/api-key/create": {}, "/api-key/update": {"keyId": "x"}, "/api-key/delete": {"keyId": "x"},
		"/electron/transfer-user?client_id=electron&state=s&code_challenge_method=s256&code_challenge=" + strings.Repeat("a", 43): {},
		"/device/approve": {"userCode": "ABCDEFGH"}, "/delete-anonymous-user": {}, "/email-otp/request-email-change": {"newEmail": "other@example.com"},
		"/email-otp/change-email": {"newEmail": "other@example.com", "otp": "1"},
	} {
		t.Run("ADM-08 "+path, func(t *testing.T) {
			w.ada.Client.Copy().Post(path, b).Want(t, 403, "NOT_WHILE_IMPERSONATING")
		})
	}
	t.Run("ADM-08 /delete-user/callback", func(t *testing.T) {
		w.ada.Client.Copy().Get("/delete-user/callback?token=x").Want(t, 403, "NOT_WHILE_IMPERSONATING")
	})
	t.Run("ADM-08 routes of the plugin", func(t *testing.T) {
		routes := w.routes(w.eve)
		for _, name := range names(routes) {
			if name == "has-permission" || name == "stop-impersonating" {
				continue
			}
			if a := routes[name](w.ada.Client.Copy()); a.Status != 403 {
				t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
		}
	})
	w.ada.Post("/update-user", body{"name": "Bob B"}).Want(t, 200, "")
	if all := w.events(core.EventUserUpdated); len(all) != 1 || all[0].UserID != w.bob.id || all[0].ActorID != w.ada.id {
		t.Errorf("ADM-08 %+v", all)
	}
}

func TestImpersonationEnds(t *testing.T) {
	t.Parallel()
	for name, stored := range stores {
		t.Run("ADM-08 after its time, "+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, admin.Options{}, func(e *authtest.Env, o *core.Options) {
				stored(e, o)
				o.Session.UpdateAge, o.Session.CookieCache.MaxAge = time.Minute, 24*time.Hour
			}, bearer.New(bearer.Options{}))
			w.impersonate(t, w.ada, w.bob)
			token := w.ada.token()
			// Without the cookie that says that nothing is remembered, as with a bearer token.
			for range 11 {
				w.Clock.Add(5 * time.Minute)
				a := w.Client().Get("/get-session", core.HeaderField{Name: "Authorization", Value: "Bearer " + token}).Want(t, 200, "")
				if a.JSON("user", "email") != w.bob.email || a.JSON("session", "expiresAt") != w.ada.Get("/get-session").JSON("session", "expiresAt") {
					t.Fatalf("%s", a.Body)
				}
			}
			w.Clock.Add(5*time.Minute + time.Second)
			if w.ada.Get("/get-session").Body != "null" || w.Client().Get("/get-session", core.HeaderField{Name: "Authorization", Value: "Bearer " + token}).Body != "null" {
				t.Error("it lasts longer than an hour")
			}
		})
	}
	for name, end := range map[string]func(w *world){
		"is demoted":  func(w *world) { w.role(t, w.eve, "admin"); w.role(t, w.ada, "user") },
		"is banned":   func(w *world) { w.set(t, w.ada, map[string]any{"banned": true}) },
		"is removed":  func(w *world) { _ = w.Auth.Store().DeleteUser(context.Background(), w.ada.id) },
		"loses power": func(w *world) { w.role(t, w.bob, "admin") },
	} {
		t.Run("ADM-08 ADM-10 when the administrator "+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, admin.Options{}, nil)
			w.impersonate(t, w.ada, w.bob)
			end(w)
			if w.ada.alive() {
				t.Error("the impersonation goes on")
			}
			if !w.bob.alive() {
				t.Error("the user's own session has ended")
			}
		})
	}
	t.Run("ADM-08 as long as the option says", func(t *testing.T) {
		t.Parallel()
		w := open(t, admin.Options{ImpersonationSessionDuration: time.Minute}, nil)
		w.impersonate(t, w.ada, w.bob)
		w.Clock.Add(time.Minute)
		if w.ada.alive() {
			t.Error("it goes on")
		}
	})
}

func TestTheWayBack(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world){
		"no cookie":                  func(w *world) { w.ada.SetCookie(kept, "") },
		"no signature":               func(w *world) { w.ada.SetCookie(kept, w.eve.token()+":") },
		"a forged signature":         func(w *world) { w.ada.SetCookie(kept, w.eve.token()+":."+strings.Repeat("A", 43)+"%3D") },
		"a session cookie":           func(w *world) { w.ada.SetCookie(kept, w.eve.Cookie(session)) },
		"another administrator's":    func(w *world) { w.impersonate(t, w.eve, w.bob); w.ada.SetCookie(kept, w.eve.Cookie(kept)) },
		"a session that has ended":   func(w *world) { _ = w.Auth.Store().DeleteSessions(context.Background(), w.ada.id) },
		"a session that has expired": func(w *world) { w.expire(t, w.ada) },
	} {
		t.Run("ADM-09 "+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, admin.Options{}, nil)
			w.role(t, w.eve, "admin")
			w.impersonate(t, w.ada, w.bob)
			change(w)
			w.ada.Post("/admin/stop-impersonating", body{}).Want(t, 403, "FAILED_TO_FIND_ADMIN_SESSION")
			if who(w.ada) != w.bob.email {
				t.Errorf("she is %q", who(w.ada))
			}
		})
	}
	t.Run("ADM-09 the cookie is no session", func(t *testing.T) {
		t.Parallel()
		w := open(t, admin.Options{}, nil)
		w.impersonate(t, w.ada, w.bob)
		c := w.Client()
		c.SetCookie(session, w.ada.Cookie(kept))
		if c.Get("/get-session").Body != "null" {
			t.Error("it is one")
		}
	})
}

func (w *world) expire(t testing.TB, p *person) {
	t.Helper()
	set := map[string]any{"expiresAt": w.Clock.Now().Add(-time.Second)}
	if _, err := w.Auth.DB().UpdateMany(context.Background(), core.ModelSession, []cond{{Field: "userId", Value: p.id}}, set); err != nil {
		t.Fatal(err)
	}
}

func TestSignOutWhileImpersonating(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{}, nil)
	own := w.sign(t, w.ada)
	w.impersonate(t, own, w.bob)
	own.Post("/sign-out", body{}).Want(t, 200, "")
	if own.Cookie(kept) != "" || own.alive() {
		t.Error("something of the administrator is left in the browser")
	}
	rows, err := w.Auth.Store().ListSessions(t.Context(), w.ada.id)
	if err != nil || len(rows) != 1 || !w.ada.alive() {
		t.Errorf("%d sessions, %v", len(rows), err)
	}
}

func TestSeveralAccountsInTheBrowser(t *testing.T) {
	t.Parallel()
	w := every(t, nil)
	w.ada.Post("/sign-in/email", body{"email": w.bob.email, "password": password}).Want(t, 200, "") // her browser knows Bob too
	w.ada.Post("/multi-session/set-active", body{"sessionToken": token(w, w.ada.id)}).Want(t, 200, "")
	before := w.ada.Get("/multi-session/list-device-sessions").Body
	w.impersonate(t, w.ada, w.bob)
	if got := w.ada.Get("/multi-session/list-device-sessions").Body; got != before {
		t.Errorf("the accounts of the browser:\n%s\n%s", got, before)
	}
	w.ada.Post("/admin/stop-impersonating", body{}).Want(t, 200, "")
	if got := w.ada.Get("/multi-session/list-device-sessions").Body; got != before || who(w.ada) != w.ada.email {
		t.Errorf("the accounts of the browser:\n%s\n%s", got, before)
	}
}

// token is that of the oldest session of a user.
func token(w *world, userID string) string {
	rows, _ := w.Auth.Store().ListSessions(context.Background(), userID)
	return rows[0].Token
}

func TestAVisitorIsImpersonated(t *testing.T) {
	t.Parallel()
	w := every(t, nil)
	c := w.Client()
	id := c.Post("/sign-in/anonymous", body{}).Want(t, 200, "").JSON("user", "id")
	visitor := &person{Client: c, id: id}
	w.impersonate(t, w.ada, visitor)
	// She signs in as herself in that browser: the visitor is not hers to move.
	w.ada.Post("/sign-in/email", body{"email": w.ada.email, "password": password}).Want(t, 200, "")
	if !w.exists(t, id) || !visitor.alive() {
		t.Error("the visitor was moved to the administrator and deleted")
	}
}

func TestKeysAndTokensOfBannedUsers(t *testing.T) {
	t.Parallel()
	w := every(t, nil)
	key := w.bob.Post("/api-key/create", body{}).Want(t, 200, "").JSON("key")
	once := w.bob.Get("/one-time-token/generate").Want(t, 200, "").JSON("token")
	codes := w.Client().Post("/device/code", body{"client_id": "cli"}).Want(t, 200, "")
	w.bob.Get("/device?user_code="+codes.JSON("user_code")).Want(t, 200, "")
	w.bob.Post("/device/approve", body{"userCode": codes.JSON("user_code")}).Want(t, 200, "")
	by := core.HeaderField{Name: "x-api-key", Value: key}
	bearer := core.HeaderField{Name: "Authorization", Value: "Bearer " + w.bob.token()}
	for _, h := range []core.HeaderField{by, bearer} {
		if a := w.Client().Get("/get-session", h); a.JSON("user", "email") != w.bob.email {
			t.Fatalf("%s: %s", h.Name, a.Body)
		}
	}
	w.ada.Post("/admin/ban-user", body{"userId": w.bob.id}).Want(t, 200, "")
	t.Run("ADM-11 KEY-11 an API key", func(t *testing.T) {
		w.Client().Get("/get-session", by).Want(t, 401, "USER_BANNED")
	})
	t.Run("ADM-11 a bearer token", func(t *testing.T) {
		if a := w.Client().Get("/get-session", bearer); a.Body != "null" {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("ADM-11 a one-time token", func(t *testing.T) {
		if a := w.Client().Post("/one-time-token/verify", body{"token": once}); a.Status < 400 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})
	t.Run("ADM-11 a device that was approved", func(t *testing.T) {
		a := w.Client().Post("/device/token", body{"grant_type": deviceauthorization.GrantType, "device_code": codes.JSON("device_code"), "client_id": "cli"})
		if a.Status < 400 || strings.Contains(a.Body, "access_token") {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})
	t.Run("KEY-10 an administrator's key", func(t *testing.T) {
		key := w.ada.Post("/api-key/create", body{}).Want(t, 200, "").JSON("key")
		plain := open(t, admin.Options{}, nil, apikey.New(apikey.Options{Configs: []apikey.Config{{Sessions: true}}}))
		other := plain.ada.Post("/api-key/create", body{}).Want(t, 200, "").JSON("key")
		plain.Client().Get("/admin/list-users", core.HeaderField{Name: "x-api-key", Value: other}).Want(t, 403, "API_KEY_SESSION_NOT_ALLOWED")
		// Every route was opened to keys here, so this one is.
		w.Client().Get("/admin/list-users", core.HeaderField{Name: "x-api-key", Value: key}).Want(t, 200, "")
	})
}

func TestGuards(t *testing.T) {
	t.Parallel()
	w := open(t, admin.Options{}, func(_ *authtest.Env, o *core.Options) { o.Session.CookieCache.Enabled = true })
	guards := map[string]core.Guard{"admin": w.p.RequireAdmin(), "list": w.p.RequirePermission(access.Permissions{"user": {"list"}}), "nothing": w.p.RequirePermission(nil)}
	check := func(p *authtest.Client, guard string) string {
		req := core.Request{Method: "GET", Path: "/reports", Header: http.Header{"Cookie": {p.CookieHeader()}}}
		if refused := core.Check(w.Auth.Attach(context.Background(), req, nil), guards[guard]); refused != nil {
			return refused.Code
		}
		return ""
	}
	for _, tc := range []struct {
		who         *authtest.Client
		guard, code string
	}{
		{w.Client(), "admin", "UNAUTHORIZED"}, {w.bob.Client, "admin", "MISSING_PERMISSION"}, {w.bob.Client, "list", "MISSING_PERMISSION"},
		{w.ada.Client, "admin", ""}, {w.ada.Client, "list", ""}, {w.ada.Client, "nothing", "MISSING_PERMISSION"},
	} {
		if got := check(tc.who, tc.guard); got != tc.code {
			t.Errorf("%s: %q, want %q", tc.guard, got, tc.code)
		}
	}
	// Another role and a ban count at once, whatever the cookie cache says.
	w.bob.Get("/get-session?disableCookieCache=true")
	w.role(t, w.bob, "admin")
	if got := check(w.bob.Client, "admin"); got != "" {
		t.Errorf("promoted: %q", got)
	}
	w.role(t, w.bob, "user")
	if got := check(w.bob.Client, "admin"); got != "MISSING_PERMISSION" {
		t.Errorf("demoted: %q", got)
	}
	w.ada.Post("/admin/ban-user", body{"userId": w.bob.id}).Want(t, 200, "")
	if got := check(w.bob.Client, "admin"); got != "UNAUTHORIZED" {
		t.Errorf("banned: %q", got)
	}
}
