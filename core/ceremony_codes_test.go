package core_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/storage"
)

const (
	mallory     = "mallory@example.com"
	freshPhrase = "another horse battery"
	adasNumber  = "+15550100100"
)

// openSending makes an Auth with every plugin that sends codes and links. last is the code
// or the token that was sent last.
func openSending(t *testing.T, secondary bool) (e *authtest.Env, last func() string) {
	t.Helper()
	e = authtest.NewEnv(t)
	sent := e.Mail("code")
	keep := func(ctx context.Context, to, code string) error {
		return sent(ctx, core.Mail{User: &core.User{Email: to}, Token: code})
	}
	sms := func(ctx context.Context, m phonenumber.Message) error { return keep(ctx, m.PhoneNumber, m.Code) }
	o := e.Options(
		emailpassword.New(emailpassword.Options{SendResetPassword: e.Mail("reset-password")}),
		magiclink.New(magiclink.Options{Send: func(ctx context.Context, m magiclink.Message) error { return keep(ctx, m.Email, m.Token) }}),
		emailotp.New(emailotp.Options{
			Send:        func(ctx context.Context, m emailotp.Message) error { return keep(ctx, m.Email, m.Code) },
			ChangeEmail: emailotp.ChangeEmailOptions{Enabled: true},
		}),
		phonenumber.New(phonenumber.Options{SendOTP: sms, SendPasswordResetOTP: sms}),
	)
	o.User.DeleteUser.Enabled = true
	o.EmailVerification.AutoSignIn = true
	if secondary {
		o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
	}
	e.Open(o)
	return e, func() string { return e.LastMail().Token }
}

// withNumber signs Ada up. A verified address is no condition of a code, but without it
// the first proof removes the password.
func withNumber(t *testing.T, e *authtest.Env, verified bool) *authtest.Client {
	t.Helper()
	c := join(t, e, ada)
	set := adapter.Record{"phoneNumber": adasNumber, "phoneNumberVerified": true, "emailVerified": verified}
	if _, err := e.Auth.Store().UpdateUserByEmail(t.Context(), ada, set); err != nil {
		t.Fatal(err)
	}
	return c
}

// What was sent to an address before a recovery of the account is of no use after it:
// somebody who could read the mailbox or the phone for a moment, or had a session, keeps
// nothing that opens the account again.
func TestRecoveryEndsCodes(t *testing.T) {
	t.Parallel()
	type step func(t *testing.T, e *authtest.Env, c *authtest.Client, code string) *authtest.Answer
	post := func(path string, body object, name string) step {
		return func(_ *testing.T, _ *authtest.Env, c *authtest.Client, code string) *authtest.Answer {
			sent := object{name: code}
			for k, v := range body {
				sent[k] = v
			}
			return c.Post(path, sent)
		}
	}
	ask := func(path string, body object) func(c *authtest.Client) *authtest.Answer {
		return func(c *authtest.Client) *authtest.Answer { return c.Post(path, body) }
	}
	otp := func(kind string) func(c *authtest.Client) *authtest.Answer {
		return ask("/email-otp/send-verification-otp", object{"email": ada, "type": kind})
	}
	for name, ceremony := range map[string]struct {
		begin      func(c *authtest.Client) *authtest.Answer
		inside     bool // both steps need a session
		unverified bool
		finish     step
	}{
		"magic link": {begin: ask("/sign-in/magic-link", object{"email": ada}),
			finish: func(_ *testing.T, _ *authtest.Env, c *authtest.Client, token string) *authtest.Answer {
				a := c.Get("/magic-link/verify?token=" + token)
				if to, _ := a.Location(); strings.Contains(to, "error=INVALID_TOKEN") {
					a.Status, a.Body = 400, `{"code":"INVALID_TOKEN"}`
				}
				return a
			}},
		"code by mail to sign in": {begin: otp("sign-in"), finish: post("/sign-in/email-otp", object{"email": ada}, "otp")},
		"code by mail to verify": {begin: otp("email-verification"), unverified: true,
			finish: post("/email-otp/verify-email", object{"email": ada}, "otp")},
		"code by mail to reset": {begin: otp("forget-password"),
			finish: post("/email-otp/reset-password", object{"email": ada, "password": "a thief's choice"}, "otp")},
		"code by mail to check": {begin: otp("forget-password"),
			finish: post("/email-otp/check-verification-otp", object{"email": ada, "type": "forget-password"}, "otp")},
		"code by mail to change the address": {begin: ask("/email-otp/request-email-change", object{"newEmail": mallory}), inside: true,
			finish: post("/email-otp/change-email", object{"newEmail": mallory}, "otp")},
		"code by SMS to sign in": {begin: ask("/phone-number/send-otp", object{"phoneNumber": adasNumber}),
			finish: post("/phone-number/verify", object{"phoneNumber": adasNumber}, "code")},
		"code by SMS to reset": {begin: ask("/phone-number/request-password-reset", object{"phoneNumber": adasNumber}),
			finish: post("/phone-number/reset-password", object{"phoneNumber": adasNumber, "newPassword": "a thief's choice"}, "otp")},
	} {
		for recovery, recover := range map[string]func(t *testing.T, e *authtest.Env, victim *authtest.Client) (password string){
			"": func(*testing.T, *authtest.Env, *authtest.Client) string { return passphrase },
			"change password": func(t *testing.T, _ *authtest.Env, victim *authtest.Client) string {
				victim.Post("/change-password", object{"currentPassword": passphrase, "newPassword": freshPhrase}).Want(t, 200, "")
				return freshPhrase
			},
			"reset": func(t *testing.T, e *authtest.Env, _ *authtest.Client) string {
				e.Client().Post("/request-password-reset", object{"email": ada}).Want(t, 200, "")
				e.Client().Post("/reset-password", object{"token": e.LastMail().Token, "newPassword": freshPhrase}).Want(t, 200, "")
				return freshPhrase
			},
			"revoke all sessions": func(t *testing.T, _ *authtest.Env, victim *authtest.Client) string {
				victim.Post("/revoke-sessions", object{}).Want(t, 200, "")
				return passphrase
			},
			"revoke other sessions": func(t *testing.T, _ *authtest.Env, victim *authtest.Client) string {
				victim.Post("/revoke-other-sessions", object{}).Want(t, 200, "")
				return passphrase
			},
			"sessions ended by the server": func(t *testing.T, e *authtest.Env, _ *authtest.Client) string {
				u, err := e.Auth.Store().FindUserByEmail(t.Context(), ada)
				if err == nil {
					err = e.Auth.Store().DeleteSessions(t.Context(), u.ID)
				}
				if err != nil {
					t.Fatal(err)
				}
				return passphrase
			},
			"deletion, and a new account": func(t *testing.T, e *authtest.Env, victim *authtest.Client) string {
				victim.Post("/delete-user", object{"password": passphrase}).Want(t, 200, "")
				e.Clock.Add(time.Second)
				withNumber(t, e, true)
				return passphrase
			},
			"deletion by the server, and a new account": func(t *testing.T, e *authtest.Env, _ *authtest.Client) string {
				u, err := e.Auth.Store().FindUserByEmail(t.Context(), ada)
				if err == nil {
					err = e.Auth.Store().DeleteUser(t.Context(), u.ID)
				}
				if err != nil {
					t.Fatal(err)
				}
				e.Clock.Add(time.Second)
				withNumber(t, e, true)
				return passphrase
			},
		} {
			// Whoever proves the number of a new account is its owner; an earlier code of the
			// number signs in, since nothing says that it was for the earlier account.
			if name == "code by SMS to sign in" && strings.HasPrefix(recovery, "deletion") {
				continue
			}
			for where, secondary := range map[string]bool{"database": false, "secondary storage": true} {
				t.Run(name+"/"+recovery+"/"+where, func(t *testing.T) {
					t.Parallel()
					e, last := openSending(t, secondary)
					victim := withNumber(t, e, !ceremony.unverified)
					thief := e.Client()
					if ceremony.inside {
						thief = login(t, e, ada)
					}
					ceremony.begin(thief).Want(t, 200, "")
					code := last()
					e.Clock.Add(time.Second)
					password := recover(t, e, victim)
					if ceremony.inside {
						thief = e.Client()
						thief.Post("/sign-in/email", object{"email": ada, "password": password}).Want(t, 200, "")
					}
					a := ceremony.finish(t, e, thief, code)
					if recovery == "" {
						if a.Status != 200 && a.Status != 302 {
							t.Fatalf("without a recovery: %d %s", a.Status, a.Body)
						}
						return
					}
					if a.Status != 400 || !strings.Contains(a.Code(), "INVALID") && a.Code() != "OTP_NOT_FOUND" {
						t.Errorf("%d %s", a.Status, a.Body)
					}
					if !ceremony.inside {
						wantSignedIn(t, thief, false)
					}
					e.Client().Post("/sign-in/email", object{"email": ada, "password": password}).Want(t, 200, "")
				})
			}
		}
	}
}

// The two links that a person without an account has asked for both sign in: making the
// user is no recovery.
func TestSecondLinkOfANewUser(t *testing.T) {
	t.Parallel()
	e, last := openSending(t, false)
	var links []string
	for range 2 {
		e.Client().Post("/sign-in/magic-link", object{"email": ada}).Want(t, 200, "")
		links = append(links, last())
		e.Clock.Add(time.Second)
	}
	for _, link := range links {
		c := e.Client()
		c.Get("/magic-link/verify?token="+link).Want(t, 200, "")
		wantSignedIn(t, c, true)
		e.Clock.Add(time.Second)
	}
}

// Without a plugin that asks for it, a recovery writes no row.
func TestRecoveryLeavesNoRow(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	join(t, e, ada).Post("/revoke-other-sessions", object{}).Want(t, 200, "")
	if left := rows(t, e, core.ModelVerification); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
