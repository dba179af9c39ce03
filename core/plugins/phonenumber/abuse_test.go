package phonenumber_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/otp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/ratelimit"
)

func TestOTP(t *testing.T) {
	t.Parallel()
	verify := func(w *world, n, code string) *authtest.Answer {
		return w.Client().Post("/phone-number/verify", body{"phoneNumber": n, "code": code})
	}
	t.Run("OTP-01 a code works once", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		code := w.code(t, number)
		verify(w, number, code).Want(t, 200, "")
		verify(w, number, code).Want(t, 400, "OTP_NOT_FOUND")
		w.wantRows(t, core.ModelVerification, 0)
	})
	for allowed, set := range map[int]int{3: 0, 5: 5, 1: 1} {
		t.Run(fmt.Sprintf("OTP-02 %d wrong codes", allowed), func(t *testing.T) {
			t.Parallel()
			w := open(t, func(_ *world, _ *core.Options, f *phonenumber.Options, _ *emailpassword.Options) {
				f.AllowedAttempts = set
			})
			w.addUser(t, ada, number, true)
			for _, request := range []func() (string, func(code string) *authtest.Answer){
				func() (string, func(string) *authtest.Answer) {
					return w.code(t, number), func(code string) *authtest.Answer { return verify(w, number, code) }
				},
				func() (string, func(string) *authtest.Answer) {
					return w.resetCode(t, number), func(code string) *authtest.Answer { return w.resetPassword(number, code, newPassword) }
				},
			} {
				code, try := request()
				for range allowed {
					try(wrong(code)).Want(t, 400, "INVALID_OTP")
				}
				try(code).Want(t, 403, "TOO_MANY_ATTEMPTS")
				try(code).Want(t, 400, "OTP_NOT_FOUND")
			}
		})
	}
	t.Run("OTP-05 only the latest code works, with new attempts", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		older := w.code(t, number)
		code := w.code(t, number)
		if older != code {
			verify(w, number, older).Want(t, 400, "INVALID_OTP")
		}
		verify(w, number, code).Want(t, 200, "")
	})
	t.Run("OTP-07 a code is for its number", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		verify(w, other, w.code(t, number)).Want(t, 400, "OTP_NOT_FOUND")
	})
	t.Run("OTP-09 length", func(t *testing.T) {
		t.Parallel()
		for set, want := range map[int]int{0: 6, 4: 4, 12: 12} {
			w := open(t, func(_ *world, _ *core.Options, f *phonenumber.Options, _ *emailpassword.Options) { f.OTPLength = set })
			if code := w.code(t, number); len(code) != want || strings.Trim(code, "0123456789") != "" {
				t.Errorf("%q", code)
			}
		}
	})
	for name, tt := range map[string]struct {
		store  otp.Storage
		compat core.Compat
		plain  bool
	}{
		"default": {}, "Better Auth": {compat: core.CompatBetterAuth, plain: true}, "hashed": {otp.Hashed, core.CompatBetterAuth, false}, "plain": {otp.Plain, core.CompatKernia, true},
	} {
		t.Run("OTP-10 at rest, "+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, func(_ *world, o *core.Options, f *phonenumber.Options, _ *emailpassword.Options) {
				f.Store, o.Compat = tt.store, tt.compat
			})
			code := w.code(t, number)
			row := w.wantRows(t, core.ModelVerification, 1)[0]
			if got := strings.Contains(row["value"].(string), code); got != tt.plain || name == "Better Auth" && (row["value"] != code+":0" || row["identifier"] != number) {
				t.Errorf("%v", row)
			}
			verify(w, number, code).Want(t, 200, "")
		})
	}
	t.Run("OTP-19 no code and no number in the log, the events or the answers", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		c := w.withPassword(t, number)
		var said strings.Builder
		for _, m := range append(w.sent, w.reset...) {
			said.WriteString(fmt.Sprintf("%v %+v %#v", m, m, &m))
			for _, text := range []string{w.Log.String(), fmt.Sprint(w.Events()), said.String()} {
				if strings.Contains(text, m.Code) {
					t.Errorf("the code is in %s", text)
				}
			}
		}
		if strings.Contains(w.Log.String(), number) {
			t.Error("the number is in the log")
		}
		_ = c
	})
}

// limited switches the limiter on, with room for everything but what a plugin limits.
func limited(change func(f *phonenumber.Options)) settings {
	return func(_ *world, o *core.Options, f *phonenumber.Options, _ *emailpassword.Options) {
		o.RateLimit = core.RateLimitOptions{Rules: []ratelimit.Custom{{Pattern: "/**", Rule: ratelimit.Rule{Window: time.Second, Max: 1000}}}}
		if change != nil {
			change(f)
		}
	}
}

func TestOTP15(t *testing.T) {
	t.Parallel()
	send := func(w *world, path, ip, number string) *authtest.Answer {
		c := w.Client()
		c.IP = ip
		return c.Post("/phone-number/"+path, body{"phoneNumber": number})
	}
	for limit, want := range map[int]int{0: 5, 2: 2, -1: 9} {
		for _, path := range []string{"send-otp", "request-password-reset"} {
			t.Run(fmt.Sprintf("OTP-15 OTP-04 messages to one number, %s, %d", path, limit), func(t *testing.T) {
				t.Parallel()
				w := open(t, limited(func(f *phonenumber.Options) { f.NumberLimit.Max = limit }))
				for _, n := range []string{number, other} { // alike for known and unknown numbers
					if n == number {
						w.addUser(t, ada, number, true)
					}
					admitted := 0
					for i := range 9 {
						spelling := n
						if i%2 == 0 {
							spelling = n[:2] + " " + n[2:]
						}
						if a := send(w, path, fmt.Sprintf("198.51.100.%d", i), spelling); a.Status == 200 {
							admitted++
						} else if a.Want(t, 429, "TOO_MANY_REQUESTS"); a.Header.Get("Retry-After") != "900" {
							t.Errorf("Retry-After %s", a.Header.Get("Retry-After"))
						}
					}
					if admitted != want {
						t.Errorf("%d of 9 admitted", admitted)
					}
				}
				w.Clock.Add(15 * time.Minute)
				send(w, path, "198.51.100.1", number).Want(t, 200, "")
			})
		}
	}
	t.Run("OTP-15 all routes share the messages to a number", func(t *testing.T) {
		t.Parallel()
		w := open(t, limited(nil))
		w.addUser(t, ada, number, true)
		admitted := 0
		for i := range 12 {
			path := []string{"send-otp", "request-password-reset"}[i%2]
			if send(w, path, fmt.Sprintf("198.51.100.%d", i), number).Status == 200 {
				admitted++
			}
		}
		if admitted != 5 || len(w.sent)+len(w.reset) != 5 {
			t.Errorf("%d admitted, %d sent", admitted, len(w.sent)+len(w.reset))
		}
	})
	for limit, want := range map[int]int{0: 30, 3: 3, -1: 35} {
		t.Run(fmt.Sprintf("OTP-15 messages for one network, %d", limit), func(t *testing.T) {
			t.Parallel()
			w := open(t, limited(func(f *phonenumber.Options) { f.NetworkLimit.Max = limit }))
			admitted := 0
			for i := range 35 { // of one IPv6 network
				if a := send(w, "send-otp", fmt.Sprintf("2001:db8::%x", i+1), fmt.Sprintf("+155501%05d", i)); a.Status == 200 {
					admitted++
				} else {
					a.Want(t, 429, "TOO_MANY_REQUESTS")
				}
			}
			if admitted != want || len(w.sent) != want {
				t.Errorf("%d of 35 admitted, %d sent", admitted, len(w.sent))
			}
			send(w, "send-otp", "2001:db8:1::1", number).Want(t, 200, "")
		})
	}
	t.Run("OTP-15 sign-in with an unverified number counts too", func(t *testing.T) {
		t.Parallel()
		w := open(t, limited(func(f *phonenumber.Options) { f.RequireVerification = true; f.NumberLimit.Max = 1 }))
		w.addUser(t, ada, number, false)
		w.signIn(number, password).Want(t, 401, "PHONE_NUMBER_NOT_VERIFIED")
		w.signIn(number, password).Want(t, 429, "TOO_MANY_REQUESTS")
		if len(w.sent) != 1 {
			t.Errorf("%d messages", len(w.sent))
		}
	})
	t.Run("OTP-15 countries", func(t *testing.T) {
		t.Parallel()
		w := open(t, allowNorthAmerica)
		w.code(t, number)
		for _, path := range []string{"send-otp", "request-password-reset"} {
			send(w, path, "198.51.100.1", "+881612345678").Want(t, 400, "INVALID_PHONE_NUMBER")
		}
		if len(w.sent) != 1 || len(w.rows(t, core.ModelVerification)) != 1 {
			t.Errorf("%v", w.sent)
		}
	})
	t.Run("RL the routes of the plugin", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(_ *world, o *core.Options, _ *phonenumber.Options, _ *emailpassword.Options) {
			o.RateLimit = core.RateLimitOptions{}
		})
		for i := range 12 {
			want := 400
			if i >= 10 {
				want = 429
			}
			if a := w.Client().Post("/phone-number/verify", body{"phoneNumber": number, "code": "1"}); a.Status != want {
				t.Errorf("request %d: %d", i+1, a.Status)
			}
		}
	})
}
