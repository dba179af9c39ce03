package emailotp_test

import (
	"sync/atomic"
	"testing"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
)

const newEmail = "countess@example.com"

var changing = options(func(p *emailotp.Options) { p.ChangeEmail.Enabled, p.AllowedAttempts = true, 3 })

func requestChange(c *authtest.Client, to string, more body) *authtest.Answer {
	b := body{"newEmail": to}
	for k, v := range more {
		b[k] = v
	}
	return c.Post("/email-otp/request-email-change", b)
}

func change(c *authtest.Client, to, code string) *authtest.Answer {
	return c.Post("/email-otp/change-email", body{"newEmail": to, "otp": code})
}

func TestChangeEmail(t *testing.T) {
	t.Parallel()
	t.Run("changes the address, and renews the session", func(t *testing.T) {
		t.Parallel()
		e := start(t, changing)
		ada := signUp(t, e, email)
		requestChange(ada, "COUNTESS@example.com", nil).Want(t, 200, "")
		c := code(t, e, changeType, newEmail)
		change(ada, newEmail, wrong(c)).Want(t, 400, "INVALID_OTP")
		change(ada, newEmail, c).Want(t, 200, "")
		if a := ada.Get("/get-session"); a.JSON("user", "email") != newEmail || a.JSON("user", "emailVerified") != "true" {
			t.Errorf("session %s", a.Body)
		}
		byPassword(e, newEmail, password).Want(t, 200, "")
		byPassword(e, email, password).Want(t, 401, "INVALID_CREDENTIALS")
		change(ada, newEmail, c).Want(t, 400, "EMAIL_IS_THE_SAME")
	})
	t.Run("OTP-07 a code belongs to one user and one new address", func(t *testing.T) {
		t.Parallel()
		e := start(t, changing)
		// "a@b.co" + "-" + "c.d-e@f.org" is also "a@b.co-c.d" + "-" + "e@f.org".
		first, second := signUp(t, e, "a@b.co"), signUp(t, e, "a@b.co-c.dd")
		requestChange(first, "c.dd-e@f.org", nil).Want(t, 200, "")
		c := code(t, e, changeType, "c.dd-e@f.org")
		change(second, "e@f.org", c).Want(t, 400, "INVALID_OTP")
		change(second, "c.dd-e@f.org", c).Want(t, 400, "INVALID_OTP")
		change(first, "e@f.org", c).Want(t, 400, "INVALID_OTP")
		change(first, "c.dd-e@f.org", c).Want(t, 200, "")
	})
	t.Run("ENUM a used address is answered as a free one", func(t *testing.T) {
		t.Parallel()
		e := start(t, changing)
		ada := signUp(t, e, email)
		signUp(t, e, other)
		requestChange(ada, newEmail, nil).Want(t, 200, "")
		mails := len(e.Mails())
		requestChange(ada, other, nil).Want(t, 200, "")
		if len(e.Mails()) != mails {
			t.Errorf("sent %+v", e.LastMail())
		}
		for range 5 {
			if a, b := change(ada, newEmail, "none"), change(ada, other, "none"); a.Status != b.Status || a.Body != b.Body {
				t.Errorf("free: %s, used: %s", a.Body, b.Body)
			}
		}
	})
	t.Run("an address that was taken meanwhile", func(t *testing.T) {
		t.Parallel()
		e := start(t, changing)
		ada := signUp(t, e, email)
		requestChange(ada, newEmail, nil).Want(t, 200, "")
		c := code(t, e, changeType, newEmail)
		signUp(t, e, newEmail)
		change(ada, newEmail, c).Want(t, 400, "EMAIL_ALREADY_IN_USE")
	})
	t.Run("RACE-04 a code changes the address once", func(t *testing.T) {
		t.Parallel()
		e := start(t, changing, options(func(p *emailotp.Options) { p.AllowedAttempts = 100 }))
		ada := signUp(t, e, email)
		requestChange(ada, newEmail, nil).Want(t, 200, "")
		c := code(t, e, changeType, newEmail)
		var won atomic.Int64
		together(func(int) {
			switch a := change(ada.Copy(), newEmail, c); {
			case a.Status == 200:
				won.Add(1)
			case a.Code() != "INVALID_OTP" && a.Code() != "EMAIL_IS_THE_SAME":
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
		if won.Load() != 1 {
			t.Errorf("%d changes", won.Load())
		}
	})
	t.Run("asks for the current address too", func(t *testing.T) {
		t.Parallel()
		e := start(t, changing, options(func(p *emailotp.Options) { p.ChangeEmail.VerifyCurrent = true }))
		ada := signUp(t, e, email)
		requestChange(ada, newEmail, nil).Want(t, 400, "OTP_IS_REQUIRED_TO_VERIFY_CURRENT_EMAIL")
		current := ask(t, e, verifyType, email)
		requestChange(ada, newEmail, body{"otp": wrong(current)}).Want(t, 400, "INVALID_OTP")
		requestChange(ada, newEmail, body{"otp": current}).Want(t, 200, "")
		c := code(t, e, changeType, newEmail)
		requestChange(ada, newEmail, body{"otp": current}).Want(t, 400, "INVALID_OTP")
		change(ada, newEmail, c).Want(t, 200, "")
	})
	t.Run("LNK-02 a contested sign-up ends, with the session of the change", func(t *testing.T) {
		t.Parallel()
		e := start(t, changing)
		ada := signUp(t, e, email)
		u, err := e.Auth.Store().FindUserByEmail(t.Context(), email)
		if err != nil || e.Auth.Store().ContestSignUp(t.Context(), u.ID) != nil {
			t.Fatal(err)
		}
		requestChange(ada, newEmail, nil).Want(t, 200, "")
		change(ada, newEmail, code(t, e, changeType, newEmail)).Want(t, 200, "")
		if cookies := ada.CookieHeader(); cookies != "" {
			t.Errorf("the cookies are %s", cookies)
		}
		if a := ada.Get("/get-session"); a.Body != "null" {
			t.Errorf("session %s", a.Body)
		}
	})
	t.Run("refusals", func(t *testing.T) {
		t.Parallel()
		e := start(t, changing)
		ada := signUp(t, e, email)
		for to, want := range map[string]string{"nonsense": "INVALID_EMAIL", email: "EMAIL_IS_THE_SAME", "x@y.placeholder.invalid": "INVALID_EMAIL"} {
			requestChange(ada, to, nil).Want(t, 400, want)
			change(ada, to, "1").Want(t, 400, want)
		}
		requestChange(e.Client(), newEmail, nil).Want(t, 401, "UNAUTHORIZED")
		change(e.Client(), newEmail, "1").Want(t, 401, "UNAUTHORIZED")
		// A session that has been revoked changes nothing.
		if _, err := e.Auth.DB().DeleteMany(t.Context(), "session", adapter.Where{{Field: "id", Op: adapter.Ne, Value: nil}}); err != nil {
			t.Fatal(err)
		}
		requestChange(ada, newEmail, nil).Want(t, 401, "UNAUTHORIZED")

		e = start(t)
		ada = signUp(t, e, email)
		requestChange(ada, newEmail, nil).Want(t, 400, "CHANGE_EMAIL_WITH_OTP_IS_DISABLED")
		change(ada, newEmail, "1").Want(t, 400, "CHANGE_EMAIL_WITH_OTP_IS_DISABLED")
	})
}
