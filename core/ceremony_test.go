package core_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/storage"
)

// A link that changes the address, asked for by a thief, ends with the recovery of the
// account: by a new password, by a reset, by ending the sessions, by deletion.
func TestRecoveryEndsLinks(t *testing.T) {
	t.Parallel()
	const mallory, fresh = "mallory@example.com", "another horse battery"
	for storageName, secondary := range map[string]bool{"database": false, "secondary storage": true} {
		for name, recover := range map[string]func(t *testing.T, e *authtest.Env, victim *authtest.Client){
			"change password": func(t *testing.T, _ *authtest.Env, victim *authtest.Client) {
				victim.Post("/change-password", object{"currentPassword": passphrase, "newPassword": fresh}).Want(t, 200, "")
			},
			"reset": func(t *testing.T, e *authtest.Env, _ *authtest.Client) {
				e.Client().Post("/request-password-reset", object{"email": ada}).Want(t, 200, "")
				e.Client().Post("/reset-password", object{"token": e.LastMail().Token, "newPassword": fresh}).Want(t, 200, "")
			},
			"revoke all sessions": func(t *testing.T, _ *authtest.Env, victim *authtest.Client) {
				victim.Post("/revoke-sessions", object{}).Want(t, 200, "")
			},
			"revoke other sessions": func(t *testing.T, _ *authtest.Env, victim *authtest.Client) {
				victim.Post("/revoke-other-sessions", object{}).Want(t, 200, "")
			},
			"sessions ended by the server": func(t *testing.T, e *authtest.Env, _ *authtest.Client) {
				u, err := e.Auth.Store().FindUserByEmail(t.Context(), ada)
				if err != nil {
					t.Fatal(err)
				}
				if err := e.Auth.Store().DeleteSessions(t.Context(), u.ID); err != nil {
					t.Fatal(err)
				}
			},
			"deletion, and a new account of the address": func(t *testing.T, e *authtest.Env, victim *authtest.Client) {
				victim.Post("/delete-user", object{"password": passphrase}).Want(t, 200, "")
				e.Clock.Add(time.Second)
				join(t, e, ada)
			},
		} {
			t.Run(storageName+"/"+name, func(t *testing.T) {
				t.Parallel()
				e := open(t, func(e *authtest.Env, o *core.Options) {
					o.User.ChangeEmail.Enabled, o.User.DeleteUser.Enabled = true, true
					o.EmailVerification.AutoSignIn = true
					if secondary {
						o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
					}
				})
				victim := join(t, e, ada)
				thief := login(t, e, ada)
				thief.Post("/change-email", object{"newEmail": mallory}).Want(t, 200, "")
				link := e.LastMail().Token
				e.Clock.Add(time.Second)
				recover(t, e, victim)
				c := e.Client()
				c.Get("/verify-email?token="+link).Want(t, 401, "INVALID_TOKEN")
				if strings.Contains(c.CookieHeader(), "session_token") {
					t.Error("the thief is signed in")
				}
				if _, err := e.Auth.Store().FindUserByEmail(t.Context(), mallory); err == nil {
					t.Error("the thief has the account")
				}
			})
		}
	}
}

// A link signs in only where links do so at all, works once, and only for its user.
func TestChangeLink(t *testing.T) {
	t.Parallel()
	const next = "next@example.com"
	for name, auto := range map[string]bool{"without automatic sign-in": false, "with automatic sign-in": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t, func(_ *authtest.Env, o *core.Options) {
				o.User.ChangeEmail.Enabled, o.EmailVerification.AutoSignIn = true, auto
			})
			join(t, e, ada).Post("/change-email", object{"newEmail": next}).Want(t, 200, "")
			link := e.LastMail().Token
			c := e.Client()
			c.Get("/verify-email?token="+link).Want(t, 200, "")
			wantSignedIn(t, c, auto)
			e.Client().Get("/verify-email?token="+link).Want(t, 401, "USER_NOT_FOUND")
		})
	}
	t.Run("a token that nothing stands behind", func(t *testing.T) {
		t.Parallel()
		for mode, want := range map[core.Compat]int{core.CompatKernia: 401, core.CompatBetterAuth: 200} {
			e := open(t, func(_ *authtest.Env, o *core.Options) { o.Compat = mode })
			join(t, e, ada)
			token, err := e.Auth.Keys().SignJWT([]byte(`{"email":"`+ada+`"}`), e.Clock.Now(), time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			if a := e.Client().Get("/verify-email?token=" + token); a.Status != want {
				t.Errorf("mode %d: %d %s", mode, a.Status, a.Body)
			}
		}
	})
	t.Run("of fifty at once one verifies", func(t *testing.T) {
		t.Parallel()
		verified := make(chan string, 50)
		e := open(t, func(_ *authtest.Env, o *core.Options) {
			o.EmailVerification.SendOnSignUp = new(true)
			o.EmailVerification.After = func(_ context.Context, u *core.User) error { verified <- u.ID; return nil }
		})
		join(t, e, ada)
		link := e.LastMail().Token
		done := make(chan int)
		for range 50 {
			go func() { done <- e.Client().Get("/verify-email?token=" + link).Status }()
		}
		for range 50 {
			if status := <-done; status != 200 {
				t.Errorf("%d", status)
			}
		}
		if len(verified) != 1 {
			t.Errorf("%d verified", len(verified))
		}
	})
}

// A mailed link that deletes the account ends with the recovery of the account as well.
func TestRecoveryEndsDeletion(t *testing.T) {
	t.Parallel()
	const fresh = "another horse battery"
	for storageName, secondary := range map[string]bool{"database": false, "secondary storage": true} {
		for name, recover := range map[string]func(t *testing.T, e *authtest.Env, victim *authtest.Client){
			"change password": func(t *testing.T, _ *authtest.Env, victim *authtest.Client) {
				victim.Post("/change-password", object{"currentPassword": passphrase, "newPassword": fresh}).Want(t, 200, "")
			},
			"reset": func(t *testing.T, e *authtest.Env, _ *authtest.Client) {
				e.Client().Post("/request-password-reset", object{"email": ada}).Want(t, 200, "")
				e.Client().Post("/reset-password", object{"token": e.LastMail().Token, "newPassword": fresh}).Want(t, 200, "")
			},
			"revoke all sessions": func(t *testing.T, e *authtest.Env, victim *authtest.Client) {
				victim.Post("/revoke-sessions", object{}).Want(t, 200, "")
				victim.Post("/sign-in/email", object{"email": ada, "password": passphrase}).Want(t, 200, "")
			},
			"revoke other sessions": func(t *testing.T, _ *authtest.Env, victim *authtest.Client) {
				victim.Post("/revoke-other-sessions", object{}).Want(t, 200, "")
			},
		} {
			t.Run(storageName+"/"+name, func(t *testing.T) {
				t.Parallel()
				e := open(t, func(e *authtest.Env, o *core.Options) {
					o.User.DeleteUser.Enabled, o.User.DeleteUser.SendVerification = true, e.Mail("delete-user")
					if secondary {
						o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
					}
				})
				victim := join(t, e, ada)
				login(t, e, ada).Post("/delete-user", object{}).Want(t, 200, "")
				link := e.LastMail().Token
				e.Clock.Add(time.Second)
				recover(t, e, victim)
				// The owner's own browser follows it, as a mail scanner with cookies would.
				victim.Get("/delete-user/callback?token="+link).Want(t, 404, "INVALID_TOKEN")
				if _, err := e.Auth.Store().FindUserByEmail(t.Context(), ada); err != nil {
					t.Errorf("the account is gone: %v", err)
				}
			})
		}
	}
}
