package phonenumber_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/schema"
)

func TestSignUpAndIn(t *testing.T) {
	t.Parallel()
	var told []phonenumber.Verified
	w := open(t, func(_ *world, o *core.Options, f *phonenumber.Options, _ *emailpassword.Options) {
		f.SignUp.TempName = func(n string) string { return "Guest " + n }
		f.OnVerification = func(_ context.Context, v phonenumber.Verified) error { told = append(told, v); return nil }
		o.User.Fields = []schema.Field{{Name: "nickname", Type: schema.String, Optional: true}}
	})
	if a := w.Client().Post("/phone-number/send-otp", body{"phoneNumber": number}).Want(t, 200, ""); a.Body != `{"message":"code sent"}` {
		t.Error(a.Body)
	}
	c := w.Client()
	a := c.Post("/phone-number/verify", body{"phoneNumber": number, "code": w.sent[0].Code, "nickname": "Countess", "email": "eve@example.com", "name": "Eve"}).Want(t, 200, "")
	if a.JSON("status") != "true" || a.JSON("token") == "null" || a.JSON("user", "phoneNumberVerified") != "true" || a.JSON("user", "name") != "Guest "+number ||
		a.JSON("user", "nickname") != "Countess" || a.JSON("user", "emailVerified") != "false" {
		t.Errorf("answered %s", a.Body)
	}
	email := a.JSON("user", "email")
	if !core.IsPlaceholderEmail(email) || strings.Contains(email, number[1:]) {
		t.Errorf("address %s", email)
	}
	w.Client().Post("/sign-up/email", body{"name": "Eve", "email": email, "password": password}).Want(t, 400, "INVALID_EMAIL")
	if !alive(t, c) {
		t.Error("not signed in")
	}
	c = w.arrive(t, number)
	if !alive(t, c) {
		t.Error("not signed in again")
	}
	w.wantRows(t, core.ModelUser, 1)
	w.wantRows(t, core.ModelSession, 2)
	if len(told) != 2 || told[0].PhoneNumber != number || told[1].User.Email != email {
		t.Errorf("told %v", told)
	}
	var types []string
	for _, e := range w.Events() {
		types = append(types, string(e.Type))
	}
	if got := strings.Join(types, " "); got != "phone-number.verified sign-up sign-in phone-number.verified sign-in" {
		t.Error(got)
	}
}

func TestVerifyWithoutSession(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	for range 2 {
		c := w.Client()
		a := c.Post("/phone-number/verify", body{"phoneNumber": number, "code": w.code(t, number), "disableSession": true}).Want(t, 200, "")
		if a.JSON("token") != "null" || a.JSON("user", "phoneNumber") != number || c.Cookie(cookie) != "" {
			t.Errorf("answered %s", a.Body)
		}
	}
	w.wantRows(t, core.ModelUser, 1)
	w.wantRows(t, core.ModelSession, 0)
}

func TestVerifyKnownNumber(t *testing.T) {
	t.Parallel()
	w := open(t, func(_ *world, _ *core.Options, f *phonenumber.Options, _ *emailpassword.Options) { f.SignUp = nil })
	u := w.addUser(t, ada, number, false)
	a := w.Client().Post("/phone-number/verify", body{"phoneNumber": number, "code": w.code(t, number)}).Want(t, 200, "")
	if a.JSON("user", "id") != u.ID || a.JSON("user", "phoneNumberVerified") != "true" {
		t.Error(a.Body)
	}
	// Nobody has this number. The code stays valid until it has been used.
	code := w.code(t, other)
	w.Client().Post("/phone-number/verify", body{"phoneNumber": other, "code": code}).Want(t, 400, "PHONE_NUMBER_NOT_EXIST")
	w.signUp(t, "grace@example.com").Post("/phone-number/verify", body{"phoneNumber": other, "code": code, "updatePhoneNumber": true}).Want(t, 200, "")
}

func TestUpdatePhoneNumber(t *testing.T) {
	t.Parallel()
	w := open(t, func(_ *world, o *core.Options, _ *phonenumber.Options, _ *emailpassword.Options) {
		o.Session.CookieCache.Enabled = true
	})
	c := w.signUp(t, ada)
	update := func(c *authtest.Client, number, code string) *authtest.Answer {
		return c.Post("/phone-number/verify", body{"phoneNumber": number, "code": code, "updatePhoneNumber": true})
	}
	token := c.Cookie(cookie)
	a := update(c, number, w.code(t, number)).Want(t, 200, "")
	if a.JSON("user", "phoneNumber") != number || a.JSON("user", "email") != ada || !strings.HasPrefix(token, a.JSON("token")) {
		t.Error(a.Body)
	}
	if got := c.Get("/get-session").JSON("user", "phoneNumber"); got != number {
		t.Errorf("the cookie cache says %s", got)
	}
	update(w.Client(), other, w.code(t, other)).Want(t, 401, "USER_NOT_FOUND")
	update(c, number, w.code(t, number)).Want(t, 400, "PHONE_NUMBER_EXIST")
	grace := w.signUp(t, "grace@example.com")
	update(grace, number, w.code(t, number)).Want(t, 400, "PHONE_NUMBER_EXIST")
	update(c, other, w.code(t, other)).Want(t, 200, "")

	t.Run("a reset code of the number's former owner ends", func(t *testing.T) {
		code := w.resetCode(t, other)
		c.Post("/update-user", body{"phoneNumber": nil}).Want(t, 200, "")
		update(grace, other, w.code(t, other)).Want(t, 200, "")
		grace.Post("/phone-number/reset-password", body{"phoneNumber": other, "otp": code, "newPassword": newPassword}).Want(t, 400, "OTP_NOT_FOUND")
	})
	t.Run("PWR-05 a reset code of a former owner ends when the number signs up, or is given by the application", func(t *testing.T) {
		n := "+15550100500"
		give := func(t *testing.T) {
			if _, err := w.Auth.Store().UpdateUserByEmail(t.Context(), "grace@example.com", adapter.Record{"phoneNumber": n, "phoneNumberVerified": true}); err != nil {
				t.Fatal(err)
			}
		}
		for _, next := range []func(t *testing.T){func(t *testing.T) { w.arrive(t, n).Post("/update-user", body{"phoneNumber": nil}) }, give} {
			former := w.arrive(t, n)
			code := w.resetCode(t, n)
			former.Post("/update-user", body{"phoneNumber": nil}).Want(t, 200, "")
			next(t)
			former.Post("/phone-number/reset-password", body{"phoneNumber": n, "otp": code, "newPassword": newPassword}).Want(t, 400, "OTP_NOT_FOUND")
		}
	})
	t.Run("a session that was revoked is none", func(t *testing.T) {
		stale := c.Copy()
		c.Post("/sign-out", body{}).Want(t, 200, "")
		update(stale, "+15550100300", w.code(t, "+15550100300")).Want(t, 401, "USER_NOT_FOUND")
	})
	t.Run("the own unverified number is verified", func(t *testing.T) {
		u := w.addUser(t, "lin@example.com", "+15550100400", false)
		s, err := w.Auth.Store().CreateSession(t.Context(), core.NewSession{UserID: u.ID})
		if err != nil {
			t.Fatal(err)
		}
		lin := w.Client()
		lin.SetCookie(cookie, s.Token+"."+w.Auth.Keys().Sign(s.Token))
		if a := update(lin, "+15550100400", w.code(t, "+15550100400")).Want(t, 200, ""); a.JSON("user", "phoneNumberVerified") != "true" {
			t.Error(a.Body)
		}
	})
}

func TestOTP16(t *testing.T) {
	t.Parallel()
	for _, compat := range []core.Compat{core.CompatKernia, core.CompatBetterAuth} {
		w := open(t, func(_ *world, o *core.Options, _ *phonenumber.Options, _ *emailpassword.Options) { o.Compat = compat })
		t.Run("OTP-16 no number without a code", func(t *testing.T) {
			t.Parallel()
			c := w.arrive(t, number)
			for _, v := range []any{other, "", 5, false, []string{other}} {
				c.Post("/update-user", body{"phoneNumber": v}).Want(t, 400, "PHONE_NUMBER_CANNOT_BE_UPDATED")
				w.Client().Post("/sign-up/email", body{"name": "Eve", "email": "eve@example.com", "password": password, "phoneNumber": v}).Want(t, 400, "PHONE_NUMBER_CANNOT_BE_SET")
			}
			c.Post("/update-user", body{"phoneNumberVerified": true}).Want(t, 400, "FIELD_NOT_ALLOWED")
			w.Client().Post("/sign-up/email", body{"name": "Eve", "email": "eve@example.com", "password": password, "phoneNumberVerified": true}).Want(t, 400, "FIELD_NOT_ALLOWED")
			w.Client().Post("/phone-number/verify", body{"phoneNumber": other, "code": w.code(t, other), "phoneNumberVerified": true}).Want(t, 400, "FIELD_NOT_ALLOWED")
			w.Client().Post("/sign-up/email", body{"name": "Eve", "email": "eve@example.com", "password": password, "phoneNumber": nil}).Want(t, 200, "")
			c.Post("/update-user", body{"phoneNumber": nil}).Want(t, 200, "")
			if a := c.Get("/get-session"); a.JSON("user", "phoneNumber") != "null" || a.JSON("user", "phoneNumberVerified") != "false" {
				t.Errorf("after removal: %s", a.Body)
			}
		})
	}
	t.Run("OTP-16 a number from elsewhere in a request is dropped", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(_ *world, o *core.Options, _ *phonenumber.Options, _ *emailpassword.Options) {
			o.Store.User.BeforeCreate = nil
			o.Plugins = append(o.Plugins, profile{})
		})
		c := w.signUp(t, ada)
		if u := w.wantRows(t, core.ModelUser, 1)[0]; u["phoneNumber"] != nil {
			t.Errorf("%v", u)
		}
		c.Post("/update-user", body{"name": "A"}).Want(t, 200, "")
		if u := w.wantRows(t, core.ModelUser, 1)[0]; u["phoneNumber"] != nil || u["name"] != "A" {
			t.Errorf("%v", u)
		}
	})
}

// profile is a plugin that gives users a number that a provider knows.
type profile struct{}

func (profile) ID() string { return "profile" }

func (profile) Manifest(core.Env) (core.Manifest, error) {
	var m core.Manifest
	m.Store.User.BeforeCreate = func(_ context.Context, u *core.User) error {
		phonenumber.PhoneNumber.Set(&u.Extra, other)
		return nil
	}
	m.Store.User.BeforeUpdate = func(_ context.Context, set adapter.Record) error {
		set["phoneNumber"] = other
		return nil
	}
	return m, nil
}

func TestTempEmail(t *testing.T) {
	t.Parallel()
	own := func(email string) settings {
		return func(_ *world, _ *core.Options, f *phonenumber.Options, _ *emailpassword.Options) {
			f.SignUp.TempEmail = func(n string) string { return strings.ReplaceAll(email, "N", n[1:]) }
		}
	}
	t.Run("an own address stays unverified", func(t *testing.T) {
		t.Parallel()
		w := open(t, own("N@phone.example.com"))
		w.arrive(t, number)
		if u := w.wantRows(t, core.ModelUser, 1)[0]; u["email"] != number[1:]+"@phone.example.com" || u["emailVerified"] != false {
			t.Error(u)
		}
	})
	t.Run("LNK-01 an address that somebody has signs nobody in", func(t *testing.T) {
		t.Parallel()
		w := open(t, own(ada))
		w.signUp(t, ada)
		c, code := w.Client(), w.code(t, number)
		for range 2 { // the code is not lost
			c.Post("/phone-number/verify", body{"phoneNumber": number, "code": code}).Want(t, 422, "FAILED_TO_CREATE_USER")
		}
		if c.Cookie(cookie) != "" {
			t.Error("signed in")
		}
		if u := w.wantRows(t, core.ModelUser, 1)[0]; u["phoneNumber"] != nil {
			t.Error(u)
		}
	})
	t.Run("a number that belongs to another person now", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		c := w.arrive(t, number)
		c.Post("/phone-number/verify", body{"phoneNumber": other, "code": w.code(t, other), "updatePhoneNumber": true}).Want(t, 200, "")
		w.arrive(t, number)
		w.wantRows(t, core.ModelUser, 2)
	})
	t.Run("what is no address", func(t *testing.T) {
		t.Parallel()
		w := open(t, own("N"))
		w.Client().Post("/phone-number/verify", body{"phoneNumber": number, "code": w.code(t, number)}).Want(t, 500, "INTERNAL_SERVER_ERROR")
		if !strings.Contains(w.Log.String(), "SignUp.TempEmail") {
			t.Error("nobody is told")
		}
	})
}

// TestHooksThatGiveUp: a store hook of the application may end each write.
func TestHooksThatGiveUp(t *testing.T) {
	t.Parallel()
	for want, hook := range map[string]func(h *core.StoreHooks){
		"FAILED_TO_CREATE_USER": func(h *core.StoreHooks) {
			h.User.BeforeCreate = func(context.Context, *core.User) error { return core.ErrAbort }
		},
		"FAILED_TO_CREATE_SESSION": func(h *core.StoreHooks) {
			h.Session.BeforeCreate = func(context.Context, *core.Session) error { return core.ErrAbort }
		},
	} {
		w := open(t, func(_ *world, o *core.Options, _ *phonenumber.Options, _ *emailpassword.Options) { hook(&o.Store) })
		w.Client().Post("/phone-number/verify", body{"phoneNumber": number, "code": w.code(t, number)}).Want(t, 500, want)
		w.wantRows(t, core.ModelUser, 0)
	}
	w := open(t, func(_ *world, o *core.Options, _ *phonenumber.Options, _ *emailpassword.Options) {
		o.Store.User.BeforeUpdate = func(context.Context, adapter.Record) error { return core.ErrAbort }
	})
	w.addUser(t, ada, number, false)
	for _, content := range []body{{}, {"disableSession": true}} {
		content["phoneNumber"], content["code"] = number, w.code(t, number)
		w.Client().Post("/phone-number/verify", content).Want(t, 500, "FAILED_TO_UPDATE_USER")
	}
	c := w.signUp(t, "grace@example.com")
	c.Post("/phone-number/verify", body{"phoneNumber": other, "code": w.code(t, other), "updatePhoneNumber": true}).Want(t, 500, "FAILED_TO_UPDATE_USER")
}

// TestOnVerificationFails: the number is verified, so the failure is the server's to
// notice and not the user's.
func TestOnVerificationFails(t *testing.T) {
	t.Parallel()
	w := open(t, func(_ *world, _ *core.Options, f *phonenumber.Options, _ *emailpassword.Options) {
		f.OnVerification = func(context.Context, phonenumber.Verified) error { return errors.New("the CRM is down") }
	})
	w.arrive(t, number)
	if !strings.Contains(w.Log.String(), "the CRM is down") {
		t.Error("not logged")
	}
}

// provider makes and checks codes itself.
type provider struct {
	code string
	err  error
	mu   sync.Mutex
	n    int
}

func (p *provider) settings(_ *world, _ *core.Options, f *phonenumber.Options, _ *emailpassword.Options) {
	f.VerifyOTP = func(_ context.Context, m phonenumber.Message) (bool, error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.n++
		return m.PhoneNumber == number && m.Code == p.code, p.err
	}
}

func TestVerifyOTP(t *testing.T) {
	t.Parallel()
	p := &provider{code: "provider's"}
	w := open(t, p.settings)
	own := w.code(t, number)
	verify := func(code string) *authtest.Answer {
		return w.Client().Post("/phone-number/verify", body{"phoneNumber": "+1 555 0100100", "code": code})
	}
	verify(own).Want(t, 400, "INVALID_OTP")
	verify("provider's").Want(t, 200, "")
	w.wantRows(t, core.ModelVerification, 0)
	p.err = errors.New("the provider is down")
	verify("provider's").Want(t, 500, "INTERNAL_SERVER_ERROR")
	p.err = nil

	t.Run("OTP-06 its codes reset no password", func(t *testing.T) {
		code := w.resetCode(t, number)
		for otp, want := range map[string]int{"provider's": 400, code: 200} {
			if want == 200 {
				code = w.resetCode(t, number)
				otp = code
			}
			if a := w.Client().Post("/phone-number/reset-password", body{"phoneNumber": number, "otp": otp, "newPassword": newPassword}); a.Status != want {
				t.Errorf("%q: %d %s", otp, a.Status, a.Body)
			}
		}
	})
}

func TestConsumeOTP(t *testing.T) {
	t.Parallel()
	w := open(t, nil)
	consume := func(code string) error {
		reply, err := w.plugin.ConsumeOTP.Call(t.Context(), &phonenumber.ConsumeInput{PhoneNumber: number, Code: code})
		if err == nil && !reply.Status {
			t.Error("no status")
		}
		return err
	}
	code := w.code(t, number)
	if err := consume(wrong(code)); !core.HasCode(err, phonenumber.CodeInvalidOTP) {
		t.Error(err)
	}
	if err := consume(code); err != nil {
		t.Error(err)
	}
	if err := consume(code); !core.HasCode(err, phonenumber.CodeOTPNotFound) {
		t.Error(err)
	}
	w.wantRows(t, core.ModelUser, 0)
	w.wantRows(t, core.ModelSession, 0)
	w.Client().Post("/phone-number/consume-otp", body{"phoneNumber": number, "code": code}).Want(t, 404, "NOT_FOUND")
}

func TestCodesOfLaterVersions(t *testing.T) {
	t.Parallel()
	w := open(t, func(_ *world, o *core.Options, _ *phonenumber.Options, _ *emailpassword.Options) {
		o.Compat = core.CompatBetterAuth
	})
	put := func(identifier, value string) {
		if _, err := w.Auth.Store().CreateVerification(t.Context(), identifier, value, w.Clock.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	for _, identifier := range []string{number, "phone-number-otp-" + number} {
		for _, value := range []string{"123456", "123456:0", "123456:2"} {
			put(identifier, value)
			w.Client().Post("/phone-number/verify", body{"phoneNumber": number, "code": "123456"}).Want(t, 200, "")
			w.Client().Post("/phone-number/verify", body{"phoneNumber": number, "code": "123456"}).Want(t, 400, "OTP_NOT_FOUND")
		}
	}
	for _, identifier := range []string{number + "-request-password-reset", "phone-number-reset-" + number} {
		put(identifier, "123456:0")
		w.Client().Post("/phone-number/reset-password", body{"phoneNumber": number, "otp": "123456", "newPassword": newPassword}).Want(t, 200, "")
	}
}
