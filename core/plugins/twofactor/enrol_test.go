package twofactor_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/storage"
)

// A right code of a signed-in user without an active factor switches it on, whatever
// the row's state is.
func TestRightCodeEnrolls(t *testing.T) {
	t.Parallel()
	for name, verified := range map[string]any{"a row older than the column": nil, "a verified row": true, "a row that waits for its first code": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, nil)
			m := &member{Client: w.signUp(t, ada), w: w}
			m.read(t, m.Post("/two-factor/enable", body{"password": password}).Want(t, 200, ""))
			if _, err := w.Auth.DB().UpdateMany(t.Context(), twofactor.ModelTwoFactor, adapter.Where{{Field: "id", Op: adapter.Ne, Value: ""}}, adapter.Record{"verified": verified}); err != nil {
				t.Fatal(err)
			}
			before, old := m.Cookie(sessionCookie), m.Copy()
			m.Post("/two-factor/verify-totp", body{"code": m.wrong(t)}).Want(t, 401, "INVALID_CODE")
			if a := m.Get("/get-session"); a.JSON("user", "twoFactorEnabled") != "false" {
				t.Errorf("a wrong code: %s", a.Body)
			}
			m.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
			if a := m.Get("/get-session"); a.JSON("user", "twoFactorEnabled") != "true" {
				t.Errorf("a right code: %s", a.Body)
			}
			if m.Cookie(sessionCookie) == before {
				t.Error("the session is the same")
			}
			wantAlive(t, old, false)
			if got := w.rows(t, twofactor.ModelTwoFactor)[0]["verified"]; got != true {
				t.Errorf("verified is %v", got)
			}
			_, a := w.signIn(ada)
			wantChallenge(t, a)
			// Once on, a code proves and replaces nothing.
			w.Clock.Add(time.Minute)
			before = m.Cookie(sessionCookie)
			m.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
			if m.Cookie(sessionCookie) != before {
				t.Error("a later code replaces the session")
			}
		})
	}
}

// Recovery ends the second step of a sign-in that waits for its code.
func TestRecoveryEndsChallenges(t *testing.T) {
	t.Parallel()
	for place, secondary := range map[string]bool{"database": false, "secondary storage": true} {
		for name, recover := range map[string]func(t *testing.T, w *world, m *member){
			"change password": func(t *testing.T, _ *world, m *member) {
				m.Post("/change-password", body{"currentPassword": password, "newPassword": newPassword}).Want(t, 200, "")
			},
			"reset": func(t *testing.T, w *world, m *member) {
				m.Post("/request-password-reset", body{"email": ada}).Want(t, 200, "")
				w.Client().Post("/reset-password", body{"token": w.LastMail().Token, "newPassword": newPassword}).Want(t, 200, "")
			},
			"revoke all sessions":   func(t *testing.T, _ *world, m *member) { m.Post("/revoke-sessions", body{}).Want(t, 200, "") },
			"revoke other sessions": func(t *testing.T, _ *world, m *member) { m.Post("/revoke-other-sessions", body{}).Want(t, 200, "") },
			"deletion": func(t *testing.T, _ *world, m *member) {
				m.Post("/delete-user", body{"password": password}).Want(t, 200, "")
			},
		} {
			t.Run(place+"/"+name, func(t *testing.T) {
				t.Parallel()
				w := open(t, func(w *world, o *core.Options, _ *twofactor.Options) {
					o.User.DeleteUser.Enabled = true
					if secondary {
						o.SecondaryStorage = storage.NewMemory(w.Clock.Now)
					}
				})
				m := w.enroll(t, ada)
				thief := w.challenged(t, ada)
				w.Clock.Add(time.Second)
				recover(t, w, m)
				thief.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 401, "INVALID_TWO_FACTOR_COOKIE")
				wantAlive(t, thief, false)
			})
		}
	}
}

// The second factor of a stranger who signed up with somebody's address does not keep
// the owner out.
func TestSecondFactorOfAContestedSignUp(t *testing.T) {
	t.Parallel()
	e := authtest.NewEnv(t)
	o := e.Options()
	o.EmailVerification.Send = e.Mail("verify-email")
	plugin := twofactor.New(twofactor.Options{})
	o.Plugins = append(o.Plugins, emailpassword.New(emailpassword.Options{DisableAutoSignIn: true, SendResetPassword: e.Mail("reset")}), plugin)
	e.Open(o)
	form := body{"name": "Ada", "email": ada, "password": password}
	e.Client().Post("/sign-up/email", form).Want(t, 200, "")
	m := &member{Client: e.Client(), w: &world{Env: e, plugin: plugin}}
	m.Post("/sign-in/email", body{"email": ada, "password": password}).Want(t, 200, "")
	m.setUp(t)
	e.Client().Post("/sign-up/email", form).Want(t, 200, "")
	e.Client().Post("/send-verification-email", body{"email": ada}).Want(t, 200, "")
	e.Client().Get("/verify-email?token="+e.LastMail().Token).Want(t, 200, "")
	e.Client().Post("/request-password-reset", body{"email": ada}).Want(t, 200, "")
	e.Client().Post("/reset-password", body{"token": e.LastMail().Token, "newPassword": newPassword}).Want(t, 200, "")
	a := e.Client().Post("/sign-in/email", body{"email": ada, "password": newPassword}).Want(t, 200, "")
	if a.JSON("user", "email") != ada {
		t.Errorf("LNK-02 %s", a.Body)
	}
}

// Apps show "+" as it is, and read the text before a colon as the issuer.
func TestIssuer(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		app, option, client, want string
	}{
		"a space in the option":       {"", "Ada Cloud", "", "Ada%20Cloud"},
		"a space in the app's name":   {"Ada Cloud", "", "", "Ada%20Cloud"},
		"a space that a client names": {"", "", "Ada Cloud", "Ada%20Cloud"},
		"a colon that a client names": {"", "", "Evil: Ada", "Evil%20Ada"},
		"nothing but a colon":         {"Ada", "", " : ", "Ada"},
		"what a query would end":      {"", "A&B=C+D?#/ü", "", "A%26B%3DC%2BD%3F%23%2F%C3%BC"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, func(_ *world, o *core.Options, f *twofactor.Options) { o.AppName, f.Issuer = x.app, x.option })
			in := body{"password": password}
			if x.client != "" {
				in["issuer"] = x.client
			}
			uri := w.signUp(t, ada).Post("/two-factor/enable", in).Want(t, 200, "").JSON("totpURI")
			if !strings.HasPrefix(uri, "otpauth://totp/"+x.want+":ada%40example.com?") || !strings.Contains(uri, "&issuer="+x.want+"&") {
				t.Error(uri)
			}
			u, err := url.Parse(uri)
			if err != nil || strings.Count(u.Path, ":") != 1 {
				t.Errorf("%s %v", uri, err)
			}
		})
	}
	for name, change := range map[string]func(o *core.Options, f *twofactor.Options){
		"Issuer":      func(_ *core.Options, f *twofactor.Options) { f.Issuer = "Ada: Cloud" },
		"TOTP.Issuer": func(_ *core.Options, f *twofactor.Options) { f.TOTP.Issuer = "Ada: Cloud" },
		"AppName":     func(o *core.Options, _ *twofactor.Options) { o.AppName = "Ada: Cloud" },
	} {
		t.Run("a colon in "+name+" is refused", func(t *testing.T) {
			t.Parallel()
			e := authtest.NewEnv(t)
			o, f := e.Options(), twofactor.Options{}
			change(&o, &f)
			o.Plugins = append(o.Plugins, twofactor.New(f))
			if _, err := core.New(o); err == nil || !strings.Contains(err.Error(), "colon") || !strings.Contains(err.Error(), name) {
				t.Errorf("%v", err)
			}
		})
	}
}
