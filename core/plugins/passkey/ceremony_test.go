package passkey_test

import (
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/passkey"
	"github.com/advantch/kernia-go/core/plugins/passkey/passkeytest"
	"github.com/advantch/kernia-go/core/storage"
)

const password = "correct horse"

// login is a further session of Ada.
func login(t *testing.T, e *authtest.Env) *authtest.Client {
	t.Helper()
	c := e.Client()
	c.Post("/sign-in/email", object{"email": adaEmail, "password": password}).Want(t, 200, "")
	return c
}

// A registration that was begun in a session is finished in that session, while it lives.
func TestRegistrationIsBoundToItsSession(t *testing.T) {
	t.Parallel()
	asked := false
	resolver := passkey.RegistrationOptions{WithoutSession: true, ResolveUser: func(*core.Ctx, string) (*passkey.RegistrationUser, error) {
		asked = true
		return nil, nil
	}}
	for place, secondary := range map[string]bool{"database": false, "secondary storage": true} {
		for name, o := range map[string]passkey.RegistrationOptions{"": {}, ", where visitors may": resolver} {
			open := func(t *testing.T) (*authtest.Env, *authtest.Client, *authtest.Client, object) {
				e := start(t, passkey.Options{Registration: o}, func(e *authtest.Env, o *core.Options) {
					if secondary {
						o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
					}
				})
				owner := passkeytest.SignUp(t, e, adaEmail)
				thief := login(t, e)
				response := passkeytest.New(authtest.BaseURL).Create(thief.Get("/passkey/generate-register-options").Want(t, 200, "").Body, forgery{})
				e.Clock.Add(time.Second)
				return e, owner, thief, object{"response": response}
			}
			refused := func(t *testing.T, e *authtest.Env, c *authtest.Client, response object) {
				t.Helper()
				if a := c.Post("/passkey/verify-registration", response); a.Status != 400 && a.Status != 401 {
					t.Errorf("%d %s", a.Status, a.Body)
				}
				if n := len(passkeytest.Rows(t, e)); n != 0 || asked {
					t.Errorf("%d passkeys, asked: %v", n, asked)
				}
			}
			t.Run(place+"/PKY-14 not after the end of the session"+name, func(t *testing.T) {
				t.Parallel()
				e, owner, thief, response := open(t)
				owner.Post("/revoke-other-sessions", object{}).Want(t, 200, "")
				refused(t, e, thief, response)
			})
			t.Run(place+"/PKY-14 not in another session of the user"+name, func(t *testing.T) {
				t.Parallel()
				e, _, thief, response := open(t)
				thief.Post("/sign-in/email", object{"email": adaEmail, "password": password}).Want(t, 200, "")
				refused(t, e, thief, response)
			})
			t.Run(place+"/PKY-14 not after a change of the password"+name, func(t *testing.T) {
				t.Parallel()
				e, owner, thief, response := open(t)
				owner.Post("/change-password", object{"currentPassword": password, "newPassword": "another horse"}).Want(t, 200, "")
				refused(t, e, thief, response)
			})
			t.Run(place+"/in the session itself"+name, func(t *testing.T) {
				t.Parallel()
				_, _, thief, response := open(t)
				thief.Post("/passkey/verify-registration", response).Want(t, 200, "")
			})
		}
	}
}

// A registration of Better Auth does not store its session: it is finished in a session
// of its user, and only where such a server may share the database.
func TestRegistrationBegunByBetterAuth(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		mode    core.Compat
		session bool
		status  int
	}{
		"with a session":             {core.CompatBetterAuth, true, 200},
		"PKY-14 without one":         {core.CompatBetterAuth, false, 401},
		"PKY-14 in the default mode": {core.CompatKernia, true, 401},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := start(t, passkey.Options{Registration: passkey.RegistrationOptions{WithoutSession: true}},
				func(_ *authtest.Env, o *core.Options) { o.Compat = want.mode })
			c := passkeytest.SignUp(t, e, adaEmail)
			options := c.Get("/passkey/generate-register-options").Want(t, 200, "")
			rows, err := e.Auth.DB().FindMany(t.Context(), adapter.Find{Model: core.ModelVerification, Where: adapter.Where{{Field: "value", Op: adapter.Contains, Value: "expectedChallenge"}}})
			if err != nil || len(rows) != 1 {
				t.Fatalf("%d rows, %v", len(rows), err)
			}
			theirs := `{"expectedChallenge":"` + options.JSON("challenge") + `","userData":{"id":"` + userID(c) + `","name":"` + adaEmail + `"},"context":null}`
			if _, err := e.Auth.DB().Update(t.Context(), core.ModelVerification, adapter.By("id", rows[0]["id"]), adapter.Record{"value": theirs}); err != nil {
				t.Fatal(err)
			}
			response := passkeytest.New(authtest.BaseURL).Create(options.Body, forgery{})
			if !want.session {
				anon := e.Client()
				anon.SetCookie(cookieName, c.Cookie(cookieName))
				c = anon
			}
			if a := c.Post("/passkey/verify-registration", object{"response": response}); a.Status != want.status {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
}

// The passkey of a stranger who signed up with somebody's address is removed when the
// address is proven.
func TestPasskeysOfAContestedSignUp(t *testing.T) {
	t.Parallel()
	e := authtest.NewEnv(t)
	o := e.Options()
	o.EmailVerification.Send = e.Mail("verify-email")
	o.Plugins = append(o.Plugins, emailpassword.New(emailpassword.Options{DisableAutoSignIn: true}), passkey.New(passkey.Options{}))
	e.Open(o)
	form := object{"name": "Ada", "email": adaEmail, "password": password}
	e.Client().Post("/sign-up/email", form).Want(t, 200, "")
	thief, key := login(t, e), passkeytest.New(authtest.BaseURL)
	passkeytest.Register(thief, key, forgery{}).Want(t, 200, "")
	e.Client().Post("/sign-up/email", form).Want(t, 200, "")
	e.Client().Post("/send-verification-email", object{"email": adaEmail}).Want(t, 200, "")
	e.Client().Get("/verify-email?token="+e.LastMail().Token).Want(t, 200, "")
	if a := passkeytest.SignIn(e.Client(), key, forgery{}); a.Status != 401 {
		t.Errorf("LNK-02 signed in with the passkey of before: %d %s", a.Status, a.Body)
	}
}
