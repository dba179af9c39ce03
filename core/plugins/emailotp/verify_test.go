package emailotp_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

func verify(c *authtest.Client, address, code string) *authtest.Answer {
	return c.Post("/email-otp/verify-email", body{"email": address, "otp": code})
}

func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	t.Run("verifies, and renews the cookie cache", func(t *testing.T) {
		t.Parallel()
		var told []string
		e := start(t, func(_ *authtest.Env, o *core.Options, _ *emailotp.Options, _ *emailpassword.Options) {
			o.Session.CookieCache.Enabled = true
			o.EmailVerification.Before = func(_ context.Context, u *core.User) error { told = append(told, "before"); return nil }
			o.EmailVerification.After = func(_ context.Context, u *core.User) error { told = append(told, "after"); return nil }
		})
		ada, bob := signUp(t, e, email), signUp(t, e, other)
		c := ask(t, e, verifyType, email)
		verify(ada, email, wrong(c)).Want(t, 400, "INVALID_OTP")
		if a := verify(ada, email, c).Want(t, 200, ""); a.JSON("token") != "null" && a.JSON("token") != "" || a.JSON("user", "emailVerified") != "true" {
			t.Errorf("answered %s", a.Body)
		}
		if strings.Join(told, " ") != "before after" {
			t.Errorf("told %v", told)
		}
		if a := ada.Get("/get-session"); a.JSON("user", "emailVerified") != "true" {
			t.Errorf("session %s", a.Body)
		}
		verify(ada, email, c).Want(t, 400, "INVALID_OTP")
		// Somebody else's browser does not become verified by it.
		verify(bob, email, ask(t, e, verifyType, email)).Want(t, 200, "")
		if a := bob.Get("/get-session"); a.JSON("user", "emailVerified") != "false" || a.JSON("user", "email") != other {
			t.Errorf("session %s", a.Body)
		}
	})
	t.Run("signs in where links do", func(t *testing.T) {
		t.Parallel()
		e := start(t, func(_ *authtest.Env, o *core.Options, _ *emailotp.Options, _ *emailpassword.Options) {
			o.EmailVerification.AutoSignIn = true
		})
		signUp(t, e, email)
		c := e.Client()
		if a := verify(c, email, ask(t, e, verifyType, email)).Want(t, 200, ""); len(a.JSON("token")) < 20 {
			t.Errorf("answered %s", a.Body)
		}
		if a := c.Get("/get-session"); a.JSON("user", "email") != email {
			t.Errorf("session %s", a.Body)
		}
	})
	t.Run("LNK-02 a contested sign-up ends", func(t *testing.T) {
		t.Parallel()
		e := start(t)
		mallory := signUp(t, e, email)
		u, err := e.Auth.Store().FindUserByEmail(t.Context(), email)
		if err != nil || e.Auth.Store().ContestSignUp(t.Context(), u.ID) != nil {
			t.Fatal(err)
		}
		verify(mallory, email, ask(t, e, verifyType, email)).Want(t, 200, "")
		if cookies := mallory.CookieHeader(); cookies != "" {
			t.Errorf("the cookies are %s", cookies)
		}
		if a := mallory.Get("/get-session"); a.Body != "null" {
			t.Errorf("session %s", a.Body)
		}
		byPassword(e, email, password).Want(t, 401, "INVALID_CREDENTIALS")
	})
	t.Run("RACE-04 a code verifies once", func(t *testing.T) {
		t.Parallel()
		e := start(t, options(func(p *emailotp.Options) { p.AllowedAttempts = 100 }))
		signUp(t, e, email)
		c := ask(t, e, verifyType, email)
		var won atomic.Int64
		together(func(int) {
			switch a := verify(e.Client(), email, c); {
			case a.Status == 200:
				won.Add(1)
			case a.Code() != "INVALID_OTP":
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
		if won.Load() != 1 {
			t.Errorf("%d verifications", won.Load())
		}
	})
	t.Run("nobody has the address, or a hook refuses", func(t *testing.T) {
		t.Parallel()
		refuse := false
		e := start(t, func(_ *authtest.Env, o *core.Options, _ *emailotp.Options, _ *emailpassword.Options) {
			o.EmailVerification.Before = func(context.Context, *core.User) error {
				if refuse {
					return core.FailText(403, "Not now")
				}
				return nil
			}
		})
		p, _ := emailotp.From(e.Auth)
		made, err := p.CreateVerificationOTP.Call(t.Context(), &emailotp.CreateInput{Email: email, Type: verifyType})
		if err != nil {
			t.Fatal(err)
		}
		verify(e.Client(), email, string(made)).Want(t, 400, "USER_NOT_FOUND")
		verify(e.Client(), "nonsense", string(made)).Want(t, 400, "INVALID_EMAIL")
		signUp(t, e, email)
		refuse = true
		for range 5 {
			verify(e.Client(), email, string(made)).Want(t, 403, "NOT_NOW")
		}
		refuse = false
		verify(e.Client(), email, string(made)).Want(t, 200, "")
	})
}

func TestMailsOfTheCore(t *testing.T) {
	t.Parallel()
	t.Run("on sign-up", func(t *testing.T) {
		t.Parallel()
		e := start(t, options(func(p *emailotp.Options) { p.SendOnSignUp = true }))
		c := signUp(t, e, email)
		verify(c, email, code(t, e, verifyType, email)).Want(t, 200, "")
		e.Client().Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password})
		if len(e.Mails()) != 1 {
			t.Errorf("a refused sign-up has sent %+v", e.Mails())
		}
	})
	t.Run("on sign-up, answered alike for a used address", func(t *testing.T) {
		t.Parallel()
		e := start(t, func(_ *authtest.Env, _ *core.Options, p *emailotp.Options, ep *emailpassword.Options) {
			p.SendOnSignUp, ep.RequireEmailVerification = true, true
		})
		for n := range 2 {
			e.Client().Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
			if len(e.Mails()) != n+1 {
				t.Errorf("%d mails", len(e.Mails()))
			}
		}
	})
	t.Run("in place of the link", func(t *testing.T) {
		t.Parallel()
		e := start(t, func(_ *authtest.Env, o *core.Options, p *emailotp.Options, ep *emailpassword.Options) {
			p.ReplaceVerificationMail, ep.RequireEmailVerification = true, true
			o.User.ChangeEmail.Enabled = true
		})
		e.Client().Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
		code(t, e, verifyType, email)
		e.Client().Post("/send-verification-email", body{"email": email}).Want(t, 200, "")
		verify(e.Client(), email, code(t, e, verifyType, email)).Want(t, 200, "")
		c := e.Client()
		c.Post("/sign-in/email", body{"email": email, "password": password}).Want(t, 200, "")
		mails := len(e.Mails())
		c.Post("/change-email", body{"newEmail": other}).Want(t, 200, "") // a code cannot do what that link does
		if len(e.Mails()) != mails {
			t.Errorf("sent %+v", e.LastMail())
		}
	})
}
