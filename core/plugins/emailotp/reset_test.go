package emailotp_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

const next = "battery staple"

func reset(e *authtest.Env, address, code, password string) *authtest.Answer {
	return e.Client().Post("/email-otp/reset-password", body{"email": address, "otp": code, "password": password})
}

func askReset(t *testing.T, e *authtest.Env, path string) string {
	t.Helper()
	e.Client().Post(path, body{"email": email}).Want(t, 200, "")
	return code(t, e, resetType, email)
}

const requestReset = "/email-otp/request-password-reset"

func TestReset(t *testing.T) {
	t.Parallel()
	for _, path := range []string{requestReset, "/forget-password/email-otp"} {
		t.Run("sets the password/"+path, func(t *testing.T) {
			t.Parallel()
			e := start(t)
			ada := verified(t, e, email)
			c := askReset(t, e, path)
			reset(e, email, c, next).Want(t, 200, "")
			reset(e, email, c, next).Want(t, 400, "INVALID_OTP")
			byPassword(e, email, password).Want(t, 401, "INVALID_CREDENTIALS")
			byPassword(e, email, next).Want(t, 200, "")
			if a := ada.Get("/get-session"); a.Body == "null" {
				t.Error("the session of a verified user has ended")
			}
		})
	}
	t.Run("the options of e-mail and password hold", func(t *testing.T) {
		t.Parallel()
		var told []string
		e := start(t, func(_ *authtest.Env, _ *core.Options, _ *emailotp.Options, ep *emailpassword.Options) {
			ep.RevokeSessionsOnReset = true
			ep.OnPasswordReset = func(_ context.Context, u *core.User) error { told = append(told, u.Email); return nil }
			ep.CheckPassword = func(_ context.Context, p string) error {
				if p == "known to thieves" {
					return core.FailText(400, "Breached")
				}
				return nil
			}
		})
		ada := verified(t, e, email)
		c := askReset(t, e, requestReset)
		for range 5 {
			reset(e, email, c, "known to thieves").Want(t, 400, "BREACHED")
		}
		reset(e, email, c, next).Want(t, 200, "")
		if a := ada.Get("/get-session"); a.Body != "null" || len(told) != 1 || told[0] != email {
			t.Errorf("session %s, told %v", a.Body, told)
		}
	})
	t.Run("a user without a password gets one", func(t *testing.T) {
		t.Parallel()
		e := start(t)
		signIn(e, email, ask(t, e, signInType, email)).Want(t, 200, "")
		reset(e, email, askReset(t, e, requestReset), next).Want(t, 200, "")
		byPassword(e, email, next).Want(t, 200, "")
	})
	t.Run("LNK-02 the first proof ends what was there", func(t *testing.T) {
		t.Parallel()
		e := start(t)
		mallory := signUp(t, e, email)
		reset(e, email, askReset(t, e, requestReset), next).Want(t, 200, "")
		if a := mallory.Get("/get-session"); a.Body != "null" {
			t.Errorf("the earlier session lives: %s", a.Body)
		}
		if a := byPassword(e, email, next).Want(t, 200, ""); a.JSON("user", "emailVerified") != "true" {
			t.Errorf("answered %s", a.Body)
		}
	})
	t.Run("OTP-12 a refused password leaves the code and its attempts", func(t *testing.T) {
		t.Parallel()
		e := start(t)
		verified(t, e, email)
		c := askReset(t, e, requestReset)
		for range 5 {
			reset(e, email, c, "short").Want(t, 400, "PASSWORD_TOO_SHORT")
		}
		for range 2 {
			reset(e, email, wrong(c), next).Want(t, 400, "INVALID_OTP")
		}
		reset(e, email, c, next).Want(t, 200, "")
	})
	t.Run("RACE-04 a code resets one password", func(t *testing.T) {
		t.Parallel()
		e := start(t, options(func(p *emailotp.Options) { p.AllowedAttempts = 100 }))
		verified(t, e, email)
		c := askReset(t, e, requestReset)
		var won atomic.Int64
		together(func(int) {
			switch a := reset(e, email, c, next); {
			case a.Status == 200:
				won.Add(1)
			case a.Code() != "INVALID_OTP":
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
		if won.Load() != 1 {
			t.Errorf("%d resets", won.Load())
		}
	})
	t.Run("PWR-03 a code that is sent again is as old as it was", func(t *testing.T) {
		t.Parallel()
		for _, place := range []settings{options(func(*emailotp.Options) {}), inSecondary} {
			e := start(t, place, options(func(p *emailotp.Options) { p.Resend = emailotp.Reuse }))
			c := verified(t, e, email)
			known := ask(t, e, resetType, email)
			e.Clock.Add(time.Minute)
			c.Post("/change-password", body{"currentPassword": password, "newPassword": "another horse"}).Want(t, 200, "")
			e.Clock.Add(time.Minute)
			if again := ask(t, e, resetType, email); again != known {
				t.Fatal("it is another code")
			}
			e.Client().Post("/email-otp/reset-password", body{"email": email, "otp": known, "password": "third horse!"}).Want(t, 400, "INVALID_OTP")
			byPassword(e, email, "another horse").Want(t, 200, "")
		}
	})
	t.Run("a password that was set since ends the code", func(t *testing.T) {
		t.Parallel()
		e := start(t)
		ada := verified(t, e, email)
		c := askReset(t, e, requestReset)
		e.Clock.Add(time.Second)
		ada.Post("/change-password", body{"currentPassword": password, "newPassword": "third password"}).Want(t, 200, "")
		reset(e, email, c, next).Want(t, 400, "INVALID_OTP")
		byPassword(e, email, "third password").Want(t, 200, "")
	})
	t.Run("a user who is gone", func(t *testing.T) {
		t.Parallel()
		e := start(t)
		verified(t, e, email)
		c := askReset(t, e, requestReset)
		u, err := e.Auth.Store().FindUserByEmail(t.Context(), email)
		if err != nil || e.Auth.Store().DeleteUser(t.Context(), u.ID) != nil {
			t.Fatal(err)
		}
		reset(e, email, c, next).Want(t, 400, "USER_NOT_FOUND")
	})
	t.Run("bad addresses", func(t *testing.T) {
		t.Parallel()
		e := start(t)
		e.Client().Post(requestReset, body{"email": "nonsense"}).Want(t, 400, "INVALID_EMAIL")
		reset(e, "nonsense", "123456", next).Want(t, 400, "INVALID_OTP")
	})
}
