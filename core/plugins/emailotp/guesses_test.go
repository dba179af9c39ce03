package emailotp_test

import (
	"fmt"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// docs/plugins/email-otp.md#limits names these numbers.
func TestGuessesInAMinute(t *testing.T) {
	t.Parallel()
	limited := func(_ *authtest.Env, o *core.Options, _ *emailotp.Options, _ *emailpassword.Options) {
		o.RateLimit = core.RateLimitOptions{}
	}
	send := "/email-otp/send-verification-otp"
	for kind, tt := range map[emailotp.Type]struct {
		send []string
		try  []string
		want int
	}{
		emailotp.TypeSignIn: {[]string{send}, []string{"/email-otp/check-verification-otp", "/sign-in/email-otp"}, 9},
		emailotp.TypeForgetPassword: {
			[]string{send, "/email-otp/request-password-reset", "/forget-password/email-otp"},
			[]string{"/email-otp/check-verification-otp", "/email-otp/reset-password"}, 9,
		},
	} {
		t.Run("OTP-04 "+string(kind), func(t *testing.T) {
			t.Parallel()
			e := start(t, limited)
			signUp(t, e, email)
			clients := 0
			post := func(path string, more body) *authtest.Answer {
				clients++ // each from an address of its own
				c := e.Client()
				c.IP = fmt.Sprintf("198.51.%d.%d", clients/250, 1+clients%250)
				b := body{"email": email, "type": kind, "password": "another password"}
				for k, v := range more {
					b[k] = v
				}
				return c.Post(path, b)
			}
			guesses := 0
			for _, ask := range tt.send {
				for post(ask, nil).Status == 200 {
					last := code(t, e, kind, email)
					for i := 0; ; i++ {
						a := post(tt.try[i%len(tt.try)], body{"otp": wrong(last)})
						if a.Code() != "INVALID_OTP" {
							a.Want(t, 403, "TOO_MANY_ATTEMPTS")
							break
						}
						guesses++
					}
				}
			}
			if guesses != tt.want {
				t.Errorf("%d guesses, want %d", guesses, tt.want)
			}
		})
	}
}
