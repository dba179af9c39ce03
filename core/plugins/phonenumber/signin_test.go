package phonenumber_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	for compat, session := range map[core.Compat]bool{core.CompatKernia: true, core.CompatBetterAuth: false} {
		w := open(t, func(_ *world, o *core.Options, _ *phonenumber.Options, _ *emailpassword.Options) { o.Compat = compat })
		w.addUser(t, ada, number, true)
		c := w.Client()
		a := c.Post("/sign-in/phone-number", body{"phoneNumber": "+1 555 010 0100", "password": password}).Want(t, 200, "")
		if a.JSON("user", "email") != ada || a.JSON("token") == "" || (a.JSON("session", "id") != "") != session {
			t.Errorf("%d: %s", compat, a.Body)
		}
		if !alive(t, c) {
			t.Error("not signed in")
		}
		a = w.Client().Post("/sign-in/phone-number", body{"phoneNumber": number, "password": password, "rememberMe": false}).Want(t, 200, "")
		if cookies := a.Header.Values("Set-Cookie"); len(cookies) != 2 {
			t.Errorf("rememberMe false: %q", cookies)
		}
	}
}

func TestValidator(t *testing.T) {
	t.Parallel()
	var asked []string
	w := open(t, func(_ *world, _ *core.Options, f *phonenumber.Options, _ *emailpassword.Options) {
		f.ValidatePhoneNumber = func(_ context.Context, n string) (bool, error) {
			asked = append(asked, n)
			return n == number, nil
		}
	})
	w.Client().Post("/phone-number/send-otp", body{"phoneNumber": other}).Want(t, 400, "INVALID_PHONE_NUMBER")
	w.signIn("+1 555 010 0200", password).Want(t, 400, "INVALID_PHONE_NUMBER")
	w.code(t, number)
	if len(asked) != 3 || asked[1] != other {
		t.Errorf("asked %q", asked)
	}
}

func TestRequireVerification(t *testing.T) {
	t.Parallel()
	w := open(t, func(_ *world, _ *core.Options, f *phonenumber.Options, _ *emailpassword.Options) {
		f.RequireVerification = true
	})
	w.addUser(t, ada, number, false)
	w.signIn(number, newPassword).Want(t, 401, "INVALID_PHONE_NUMBER_OR_PASSWORD")
	if len(w.sent) != 0 {
		t.Error("OTP-15 a wrong password sends a message")
	}
	w.signIn(number, password).Want(t, 401, "PHONE_NUMBER_NOT_VERIFIED")
	w.Client().Post("/phone-number/request-password-reset", body{"phoneNumber": number}).Want(t, 200, "")
	if len(w.reset) != 0 {
		t.Error("an unverified number got a code that resets the password")
	}
	w.Client().Post("/phone-number/verify", body{"phoneNumber": number, "code": last(t, w, &w.sent)}).Want(t, 200, "")
	w.signIn(number, password).Want(t, 200, "")
	// Verified when the code was sent, and not any more.
	code := w.resetCode(t, number)
	u := w.wantRows(t, core.ModelUser, 1)[0]
	if _, err := w.Auth.Store().UpdateUser(t.Context(), u["id"].(string), map[string]any{"phoneNumberVerified": false}); err != nil {
		t.Fatal(err)
	}
	w.Client().Post("/phone-number/reset-password", body{"phoneNumber": number, "otp": code, "newPassword": newPassword}).Want(t, 400, "PHONE_NUMBER_PENDING_VERIFICATION")
}

func TestENUM08(t *testing.T) {
	t.Parallel()
	for _, require := range []bool{false, true} {
		var hashed atomic.Int64
		w := open(t, func(_ *world, _ *core.Options, f *phonenumber.Options, p *emailpassword.Options) {
			f.RequireVerification = require
			p.Hash = func(_ context.Context, password string) (string, error) {
				hashed.Add(1)
				return "plain:" + password, nil
			}
			p.Verify = func(_ context.Context, hash, password string) (bool, error) {
				hashed.Add(1)
				return hash == "plain:"+password, nil
			}
		})
		w.addUser(t, ada, number, true)
		w.addUser(t, "lin@example.com", "+15550100400", false)
		w.arrive(t, other) // has no password
		want := ""
		for name, n := range map[string]string{"wrong password": number, "unverified": "+15550100400", "no password": other, "unknown": "+15550100300"} {
			t.Run("ENUM-08 "+name, func(t *testing.T) {
				before := hashed.Load()
				a := w.signIn(n, "nonsense1").Want(t, 401, "INVALID_PHONE_NUMBER_OR_PASSWORD")
				if want == "" {
					want = a.Body
				}
				if a.Body != want || hashed.Load()-before != 1 || len(a.Header.Values("Set-Cookie")) != 0 {
					t.Errorf("%s, %d hashes", a.Body, hashed.Load()-before)
				}
			})
		}
	}
}

// TestChangedWhileSigningIn: what was checked is checked again where the session is
// made.
func TestChangedWhileSigningIn(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world, u *core.User) error{
		"the password": func(w *world, u *core.User) error {
			return w.Auth.Store().SetPassword(t.Context(), u.ID, "plain:"+newPassword)
		},
		"the number": func(w *world, u *core.User) error {
			_, err := w.Auth.Store().UpdateUser(t.Context(), u.ID, map[string]any{"phoneNumber": other})
			return err
		},
		"the number, which somebody else has now": func(w *world, u *core.User) error {
			_, err := w.Auth.Store().UpdateUser(t.Context(), u.ID, map[string]any{"phoneNumber": other})
			w.addUser(t, "grace@example.com", number, true)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var then func()
			w := open(t, func(_ *world, _ *core.Options, _ *phonenumber.Options, p *emailpassword.Options) {
				p.Hash = func(_ context.Context, password string) (string, error) { return "plain:" + password, nil }
				p.Verify = func(_ context.Context, hash, password string) (bool, error) {
					ok := hash == "plain:"+password
					if then != nil {
						then()
					}
					return ok, nil
				}
			})
			u := w.addUser(t, ada, number, true)
			then = func() {
				if err := change(w, u); err != nil {
					t.Error(err)
				}
			}
			w.signIn(number, password).Want(t, 401, "INVALID_PHONE_NUMBER_OR_PASSWORD")
			w.wantRows(t, core.ModelSession, 0)
		})
	}
}

func TestTFA02(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T) (*world, *core.User) {
		w := open(t, func(w *world, o *core.Options, _ *phonenumber.Options, _ *emailpassword.Options) {
			o.Plugins = append(o.Plugins, twofactor.New(twofactor.Options{}))
		})
		u := w.addUser(t, ada, number, true)
		if _, err := w.Auth.Store().UpdateUser(t.Context(), u.ID, map[string]any{"twoFactorEnabled": true}); err != nil {
			t.Fatal(err)
		}
		return w, u
	}
	for name, send := range map[string]func(w *world) (path string, content body){
		"password": func(*world) (string, body) {
			return "/sign-in/phone-number", body{"phoneNumber": number, "password": password}
		},
		"code": func(w *world) (string, body) {
			return "/phone-number/verify", body{"phoneNumber": number, "code": w.code(t, number)}
		},
	} {
		t.Run("TFA-02 "+name, func(t *testing.T) {
			t.Parallel()
			w, _ := start(t)
			c := w.Client()
			path, content := send(w)
			if a := c.Post(path, content).Want(t, 200, ""); a.JSON("twoFactorRedirect") != "true" || c.Cookie(cookie) != "" {
				t.Error(a.Body)
			}
			w.wantRows(t, core.ModelSession, 0)
			if name == "code" {
				c.Post(path, content).Want(t, 400, "OTP_NOT_FOUND")
			}
		})
	}
	t.Run("PWR-06 a reset signs nobody in", func(t *testing.T) {
		t.Parallel()
		w, _ := start(t)
		c := w.Client()
		c.Post("/phone-number/reset-password", body{"phoneNumber": number, "otp": w.resetCode(t, number), "newPassword": newPassword}).Want(t, 200, "")
		if a := c.Post("/sign-in/phone-number", body{"phoneNumber": number, "password": newPassword}).Want(t, 200, ""); a.JSON("twoFactorRedirect") != "true" {
			t.Error(a.Body)
		}
	})
}

// TestDisowned: whoever signs up with another person's address cannot keep a way in by
// their phone.
func TestDisowned(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	eve := w.signUp(t, ada)
	eve.Post("/phone-number/verify", body{"phoneNumber": number, "code": w.code(t, number), "updatePhoneNumber": true}).Want(t, 200, "")
	u := w.wantRows(t, core.ModelUser, 1)[0]
	if _, err := w.Auth.Store().ProveEmail(t.Context(), u["id"].(string)); err != nil {
		t.Fatal(err)
	}
	if u := w.wantRows(t, core.ModelUser, 1)[0]; u["phoneNumber"] != nil || u["phoneNumberVerified"] != false {
		t.Error(u)
	}
	w.arrive(t, number)
	w.wantRows(t, core.ModelUser, 2)
}

func TestOTP08(t *testing.T) {
	t.Parallel()
	for ttl, set := range map[time.Duration]time.Duration{5 * time.Minute: 0, 30 * time.Second: 30 * time.Second} {
		w := open(t, func(_ *world, _ *core.Options, f *phonenumber.Options, _ *emailpassword.Options) { f.TTL = set })
		t.Run("OTP-08 "+ttl.String(), func(t *testing.T) {
			t.Parallel()
			w.code(t, number)
			w.Clock.Add(ttl - time.Second)
			w.Client().Post("/phone-number/verify", body{"phoneNumber": number, "code": last(t, w, &w.sent)}).Want(t, 200, "")
			code := w.code(t, number)
			w.Clock.Add(ttl)
			w.Client().Post("/phone-number/verify", body{"phoneNumber": number, "code": code}).Want(t, 400, "OTP_EXPIRED")
			w.Client().Post("/phone-number/verify", body{"phoneNumber": other, "code": code}).Want(t, 400, "OTP_NOT_FOUND")
		})
	}
}
