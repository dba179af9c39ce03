package emailpassword_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/storage"
)

func quietly(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
	mailing(e, o, p)
	p.RequireEmailVerification = true
}

func inSecondary(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
}

// register signs up with an address and a password.
func register(t *testing.T, e *authtest.Env, password string) {
	t.Helper()
	e.Client().Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
}

// ask has a new verification mail sent and returns it.
func ask(t *testing.T, e *authtest.Env) authtest.Sent {
	t.Helper()
	e.Client().Post("/send-verification-email", body{"email": email}).Want(t, 200, "")
	return e.LastMail()
}

// A stranger who signs up first with somebody else's address cannot sign in after the
// owner has verified it.
func TestPreRegistration(t *testing.T) {
	t.Parallel()
	const attackers, owners = "password of Mallory", "password of Ada"
	for place, kept := range map[string]settings{"database": func(*authtest.Env, *core.Options, *emailpassword.Options) {}, "secondary storage": inSecondary} {
		for name, mode := range map[string]core.Compat{"kernia": core.CompatKernia, "better-auth": core.CompatBetterAuth} {
			set := both(quietly, kept, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) { o.Compat = mode })
			t.Run("LNK-02 no password survives a contested sign-up/"+place+"/"+name, func(t *testing.T) {
				t.Parallel()
				e := open(t, set)
				register(t, e, attackers)
				first := e.LastMail()
				register(t, e, owners)
				register(t, e, owners) // once more changes nothing
				mail := ask(t, e)
				if first.SetPassword || !mail.SetPassword {
					t.Errorf("the mails say %v and %v", first.SetPassword, mail.SetPassword)
				}
				a := e.Client().Get("/verify-email?token="+mail.Token).Want(t, 200, "")
				if told := a.JSON("setPassword") == "true"; told != (mode == core.CompatKernia) {
					t.Errorf("answered %s", a.Body)
				}
				for _, password := range []string{attackers, owners} {
					if a := signIn(e, email, password); a.Status != 401 {
						t.Errorf("%s: %d %s", password, a.Status, a.Body)
					}
				}
				e.Client().Post("/reset-password", body{"token": resetToken(t, e, email), "newPassword": owners}).Want(t, 200, "")
				signIn(e, email, owners).Want(t, 200, "")
				if a := signIn(e, email, attackers); a.Status != 401 {
					t.Errorf("%d %s", a.Status, a.Body)
				}
			})
			t.Run("LNK-02 the page behind the link is told/"+place+"/"+name, func(t *testing.T) {
				t.Parallel()
				e := open(t, set)
				register(t, e, attackers)
				register(t, e, owners)
				a := e.Client().Get("/verify-email?callbackURL=%2Fwelcome%3Fa%3Db&token=" + ask(t, e).Token)
				if got := a.Header.Get("Location"); a.Status != 302 || !strings.HasSuffix(got, "/welcome?a=b&setPassword=true") {
					t.Errorf("%d %s", a.Status, got)
				}
			})
			t.Run("one sign-up goes on, wherever its link is opened/"+place+"/"+name, func(t *testing.T) {
				t.Parallel()
				e := open(t, set)
				register(t, e, owners)
				mail := e.LastMail()
				a := e.Client().Get("/verify-email?token="+mail.Token).Want(t, 200, "")
				if mail.SetPassword || strings.Contains(a.Body, "setPassword") {
					t.Errorf("%s", a.Body)
				}
				signIn(e, email, owners).Want(t, 200, "")
				// A sign-up for a verified address does not affect its owner.
				register(t, e, attackers)
				signIn(e, email, owners).Want(t, 200, "")
				if _, err := e.Auth.Store().UpdateUserByEmail(t.Context(), email, adapter.Record{"emailVerified": true}); err != nil {
					t.Fatal(err)
				}
				signIn(e, email, owners).Want(t, 200, "")
			})
			t.Run("a reset before the verification settles it/"+place+"/"+name, func(t *testing.T) {
				t.Parallel()
				e := open(t, set)
				register(t, e, attackers)
				register(t, e, owners)
				e.Client().Post("/reset-password", body{"token": resetToken(t, e, email), "newPassword": owners}).Want(t, 200, "")
				mail := ask(t, e)
				a := e.Client().Get("/verify-email?token="+mail.Token).Want(t, 200, "")
				if mail.SetPassword || strings.Contains(a.Body, "setPassword") {
					t.Errorf("%s", a.Body)
				}
				signIn(e, email, owners).Want(t, 200, "")
			})
			t.Run("LNK-02 every proof of the address counts/"+place+"/"+name, func(t *testing.T) {
				t.Parallel()
				e := open(t, set)
				register(t, e, attackers)
				register(t, e, owners)
				if _, err := e.Auth.Store().UpdateUserByEmail(t.Context(), email, adapter.Record{"emailVerified": true}); err != nil {
					t.Fatal(err)
				}
				if a := signIn(e, email, attackers); a.Status != 401 {
					t.Errorf("%d %s", a.Status, a.Body)
				}
			})
		}
		t.Run("LNK-02 no session survives, and its holder cannot take the mark away/"+place, func(t *testing.T) {
			t.Parallel()
			e := open(t, both(quietly, kept, func(_ *authtest.Env, o *core.Options, p *emailpassword.Options) {
				p.RequireEmailVerification, p.DisableAutoSignIn = false, true
				o.EmailVerification.AutoSignIn = true
			}))
			register(t, e, attackers)
			thief, twin := e.Client(), e.Client()
			for _, c := range []*authtest.Client{thief, twin} {
				c.Post("/sign-in/email", body{"email": email, "password": attackers}).Want(t, 200, "")
			}
			register(t, e, owners)
			thief.Post("/change-password", body{"currentPassword": attackers, "newPassword": another}).Want(t, 200, "")
			thief.Post("/revoke-other-sessions", body{}).Want(t, 200, "")
			// The owner may even open the link in a browser that has a session of the thief.
			mail, owner := ask(t, e), thief.Copy()
			owner.Get("/verify-email?token="+mail.Token).Want(t, 200, "")
			if a := thief.Get("/get-session"); a.Body != "null" {
				t.Errorf("the thief has %s", a.Body)
			}
			if a := owner.Get("/get-session"); a.JSON("user", "email") != email {
				t.Errorf("the owner has %s", a.Body)
			}
			for _, password := range []string{attackers, another, owners} {
				if a := signIn(e, email, password); a.Status != 401 {
					t.Errorf("%s: %d", password, a.Status)
				}
			}
		})
		t.Run("of parallel sign-ups none keeps its password/"+place, func(t *testing.T) {
			t.Parallel()
			e := open(t, both(quietly, kept))
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() { register(t, e, attackers) })
			}
			wg.Wait()
			e.Client().Get("/verify-email?token="+ask(t, e).Token).Want(t, 200, "")
			if a := signIn(e, email, attackers); a.Status != 401 {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
		t.Run("a new account of the address is not contested/"+place, func(t *testing.T) {
			t.Parallel()
			e := open(t, both(quietly, kept))
			register(t, e, attackers)
			register(t, e, owners)
			u, err := e.Auth.Store().FindUserByEmail(t.Context(), email)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Auth.Store().DeleteUser(t.Context(), u.ID); err != nil {
				t.Fatal(err)
			}
			register(t, e, owners)
			e.Client().Get("/verify-email?token="+e.LastMail().Token).Want(t, 200, "")
			signIn(e, email, owners).Want(t, 200, "")
		})
	}
}
