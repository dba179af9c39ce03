package phonenumber_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
)

func (w *world) resetPassword(number, otp, password string) *authtest.Answer {
	return w.Client().Post("/phone-number/reset-password", body{"phoneNumber": number, "otp": otp, "newPassword": password})
}

func TestReset(t *testing.T) {
	t.Parallel()
	var told []string
	w := open(t, func(_ *world, _ *core.Options, _ *phonenumber.Options, p *emailpassword.Options) {
		p.RevokeSessionsOnReset = true
		p.OnPasswordReset = func(_ context.Context, u *core.User) error { told = append(told, u.Email); return nil }
	})
	w.addUser(t, ada, number, true)
	c := w.Client()
	c.Post("/sign-in/phone-number", body{"phoneNumber": number, "password": password}).Want(t, 200, "")
	w.resetPassword(number, w.resetCode(t, "+1 555 010 0100"), newPassword).Want(t, 200, "")
	w.signIn(number, password).Want(t, 401, "INVALID_PHONE_NUMBER_OR_PASSWORD")
	w.signIn(number, newPassword).Want(t, 200, "")
	if alive(t, c) {
		t.Error("the former session lives")
	}
	if len(told) != 1 || told[0] != ada {
		t.Errorf("OnPasswordReset: %q", told)
	}
	t.Run("a first password", func(t *testing.T) {
		w.arrive(t, other)
		w.resetPassword(other, w.resetCode(t, other), password).Want(t, 200, "")
		w.signIn(other, password).Want(t, 200, "")
	})
	t.Run("does not verify the e-mail address, nor settle a contested one", func(t *testing.T) {
		for _, u := range w.rows(t, core.ModelUser) {
			if u["emailVerified"] != false || u["phoneNumber"] == nil {
				t.Error(u)
			}
		}
	})
}

func TestENUM04(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	w.addUser(t, ada, number, true)
	t.Run("ENUM-04 a reset answers alike for every number", func(t *testing.T) {
		t.Parallel()
		var seen [2][]string
		for i, n := range []string{number, other} {
			note := func(a *authtest.Answer) { seen[i] = append(seen[i], a.Body) }
			note(w.Client().Post("/phone-number/request-password-reset", body{"phoneNumber": n}))
			for range 5 {
				note(w.resetPassword(n, "nonsense", newPassword))
			}
			note(w.Client().Post("/phone-number/send-otp", body{"phoneNumber": n}))
			for range 5 {
				note(w.Client().Post("/phone-number/verify", body{"phoneNumber": n, "code": "nonsense"}))
			}
		}
		if a, b := strings.Join(seen[0], "\n"), strings.Join(seen[1], "\n"); a != b || !strings.Contains(a, `{"status":true}`) {
			t.Errorf("known:\n%s\nunknown:\n%s", a, b)
		}
		if len(w.reset) != 1 {
			t.Errorf("%d messages", len(w.reset))
		}
	})
}

func TestPWR(t *testing.T) {
	t.Parallel()
	w := open(t, func(_ *world, _ *core.Options, _ *phonenumber.Options, p *emailpassword.Options) {
		p.CheckPassword = func(_ context.Context, pw string) error {
			if pw == "breached horse" {
				return core.Fail(400, core.ErrorCode{Code: "PASSWORD_COMPROMISED", Message: "no"})
			}
			return nil
		}
	})
	user := func(t *testing.T, n string) { t.Helper(); w.addUser(t, n[1:]+"@example.com", n, true) }
	t.Run("OTP-12 PWR-10 PWR-13 a refused password costs no attempt", func(t *testing.T) {
		const n = "+15550100501"
		user(t, n)
		code := w.resetCode(t, n)
		for range 4 {
			w.resetPassword(n, code, "short").Want(t, 400, "PASSWORD_TOO_SHORT")
			w.resetPassword(n, code, strings.Repeat("x", 129)).Want(t, 400, "PASSWORD_TOO_LONG")
			w.resetPassword(n, code, "breached horse").Want(t, 400, "PASSWORD_COMPROMISED")
		}
		w.resetPassword(n, code, newPassword).Want(t, 200, "")
		w.resetPassword(n, code, password).Want(t, 400, "OTP_NOT_FOUND") // PWR-01
	})
	t.Run("PWR-05 OTP-07 a code is for its number", func(t *testing.T) {
		const a, b = "+15550100502", "+15550100503"
		user(t, a)
		user(t, b)
		code := w.resetCode(t, a)
		w.resetPassword(b, code, newPassword).Want(t, 400, "OTP_NOT_FOUND")
		w.resetCode(t, b)
		w.resetPassword(b, code, newPassword).Want(t, 400, "INVALID_OTP")
		w.resetPassword(a, code, newPassword).Want(t, 200, "")
	})
	t.Run("OTP-06 a code is for its purpose", func(t *testing.T) {
		const n = "+15550100504"
		user(t, n)
		signIn := w.code(t, n)
		w.resetPassword(n, signIn, newPassword).Want(t, 400, "OTP_NOT_FOUND")
		reset := w.resetCode(t, n)
		w.Client().Post("/phone-number/verify", body{"phoneNumber": n + "-request-password-reset", "code": reset}).Want(t, 400, "INVALID_PHONE_NUMBER")
		w.Client().Post("/phone-number/verify", body{"phoneNumber": n, "code": reset}).Want(t, 400, "INVALID_OTP")
		w.resetPassword(n, signIn, newPassword).Want(t, 400, "INVALID_OTP")
	})
	t.Run("PWR-03 PWR-07 an older code", func(t *testing.T) {
		const n = "+15550100505"
		user(t, n)
		older := w.resetCode(t, n)
		code := w.resetCode(t, n)
		if older != code {
			w.resetPassword(n, older, newPassword).Want(t, 400, "INVALID_OTP")
		}
		w.Clock.Add(5 * time.Minute)
		w.resetPassword(n, code, newPassword).Want(t, 400, "OTP_EXPIRED")
	})
	t.Run("a number that was removed after the code was sent", func(t *testing.T) {
		const n = "+15550100506"
		user(t, n)
		code := w.resetCode(t, n)
		u, err := w.Auth.Store().FindUserByEmail(t.Context(), n[1:]+"@example.com")
		if err == nil {
			_, err = w.Auth.Store().UpdateUser(t.Context(), u.ID, map[string]any{"phoneNumber": nil})
		}
		if err != nil {
			t.Fatal(err)
		}
		w.resetPassword(n, code, newPassword).Want(t, 400, "UNEXPECTED_ERROR")
	})
	t.Run("a password that was set after the code was sent", func(t *testing.T) {
		const n = "+15550100507"
		user(t, n)
		code := w.resetCode(t, n)
		w.Clock.Add(time.Second)
		c := w.Client()
		c.Post("/sign-in/phone-number", body{"phoneNumber": n, "password": password}).Want(t, 200, "")
		c.Post("/change-password", body{"currentPassword": password, "newPassword": "a third horse"}).Want(t, 200, "")
		w.resetPassword(n, code, newPassword).Want(t, 400, "OTP_NOT_FOUND")
		w.signIn(n, "a third horse").Want(t, 200, "")
	})
}
