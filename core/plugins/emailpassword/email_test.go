package emailpassword_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/storage"
)

const moved = "countess@example.com"

func mailing(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.EmailVerification.Send = e.Mail("verify-email")
}

func changeable(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
	mailing(e, o, p)
	o.User.ChangeEmail.Enabled = true
}

// confirmed asks the current address before the new one.
func confirmed(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
	changeable(e, o, p)
	o.User.ChangeEmail.SendConfirmation = e.ChangeMail("confirm")
}

func atOnce(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
	changeable(e, o, p)
	o.User.ChangeEmail.UpdateWithoutVerification = true
}

// verify marks the user as verified, by the route.
func verify(t *testing.T, e *authtest.Env) {
	t.Helper()
	e.Client().Post("/send-verification-email", body{"email": email}).Want(t, 200, "")
	e.Client().Get("/verify-email?token="+e.LastMail().Token).Want(t, 200, "")
}

func jwt(t *testing.T, e *authtest.Env, claims string) string {
	t.Helper()
	tok, err := e.Auth.Keys().SignJWT([]byte(claims), e.Auth.Now(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestForgedVerification(t *testing.T) {
	t.Parallel()
	e := open(t, both(changeable, func(_ *authtest.Env, o *core.Options, p *emailpassword.Options) {
		o.User.DeleteUser.Enabled = true
		o.EmailVerification.AutoSignIn = true
		o.Session.CookieCache = core.CookieCacheOptions{Enabled: true, Strategy: core.CacheJWT}
	}))
	c := signUp(t, e)
	e.Client().Post("/send-verification-email", body{"email": email}).Want(t, 200, "")
	tok := e.LastMail().Token
	parts := strings.Split(tok, ".")
	raw := base64.RawURLEncoding.EncodeToString
	stranger := open(t, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		o.Secret = "another-secret-0123456789-ABCDEFGHIJKLMNOPQRST"
	})
	claims := fmt.Sprintf(`{"email":%q}`, email)
	for name, forged := range map[string]string{
		"alg none":                   raw([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
		"alg none with a signature":  raw([]byte(`{"alg":"none"}`)) + "." + parts[1] + "." + parts[2],
		"alg None":                   raw([]byte(`{"alg":"None","typ":"JWT"}`)) + "." + parts[1] + ".",
		"alg HS512":                  raw([]byte(`{"alg":"HS512"}`)) + "." + parts[1] + "." + parts[2],
		"another key":                jwt(t, stranger, claims),
		"no signature":               parts[0] + "." + parts[1] + ".",
		"two parts":                  parts[0] + "." + parts[1],
		"another payload":            parts[0] + "." + raw([]byte(`{"email":"eve@example.com","exp":9999999999}`)) + "." + parts[2],
		"a cookie cache":             c.Cookie("better-auth.session_data"),
		"a session cookie":           c.Cookie(cookie),
		"no address":                 jwt(t, e, `{"sub":"x"}`),
		"an address that is none":    jwt(t, e, `{"email":"x"}`),
		"an address that is a list":  jwt(t, e, `{"email":["`+email+`"]}`),
		"a change without target":    jwt(t, e, `{"email":"`+email+`","requestType":"change-email-verification"}`),
		"another purpose":            jwt(t, e, `{"email":"`+email+`","requestType":"reset-password"}`),
		"another purpose, a change":  jwt(t, e, `{"email":"`+email+`","updateTo":"eve@example.com","requestType":"invite"}`),
		"a purpose of another type":  jwt(t, e, `{"email":"`+email+`","requestType":1}`),
		"a session beside":           jwt(t, e, `{"email":"`+email+`","session":{}}`),
		"claims that are no object":  parts[0] + "." + raw([]byte(`[]`)) + "." + parts[2],
		"nothing":                    "",
		"text":                       "x",
		"a reset token":              resetToken(t, e, email),
		"an identifier of the table": "reset-password:x",
	} {
		t.Run("EML-01 "+name, func(t *testing.T) {
			for _, client := range []*authtest.Client{e.Client(), c.Copy()} {
				a := client.Get("/verify-email?token=" + forged)
				if a.Status != 401 || a.Code() != "INVALID_TOKEN" {
					t.Errorf("answered %d %s", a.Status, a.Body)
				}
				if to, _ := client.Get("/verify-email?token="+forged+"&callbackURL=%2Fdone").Want(t, 302, "").Location(); to != "/done?error=INVALID_TOKEN" {
					t.Errorf("leads to %s", to)
				}
			}
		})
	}
	t.Run("EML-01 a verification token elsewhere", func(t *testing.T) {
		reset(e, tok, another).Want(t, 400, "INVALID_TOKEN")
		c.Get("/delete-user/callback?token="+tok).Want(t, 404, "INVALID_TOKEN")
		thief := e.Client()
		thief.SetCookie("better-auth.session_data", tok)
		if alive(t, thief) || thief.Get("/get-session").Body != "null" {
			t.Error("it is a session")
		}
	})
	t.Run("EML-01 expiry", func(t *testing.T) {
		if wantRows(t, e, core.ModelUser, 1)[0]["emailVerified"] != false {
			t.Fatal("a forged token has verified the address")
		}
		e.Clock.Add(time.Hour + time.Second)
		e.Client().Get("/verify-email?token="+tok).Want(t, 401, "TOKEN_EXPIRED")
		e.Clock.Add(-2 * time.Second)
		e.Client().Get("/verify-email?token="+tok).Want(t, 200, "")
	})
}

func TestVerificationReplay(t *testing.T) {
	t.Parallel()
	t.Run("EML-02 a link that has been used signs nobody in", func(t *testing.T) {
		t.Parallel()
		e := open(t, both(mailing, func(_ *authtest.Env, o *core.Options, p *emailpassword.Options) {
			o.EmailVerification.AutoSignIn, p.RequireEmailVerification = true, true
		}))
		signUp(t, e)
		first, second := e.Client(), e.Client()
		link := "/verify-email?token=" + e.LastMail().Token
		if first.Get(link).Want(t, 200, ""); !alive(t, first) {
			t.Error("the first use has not signed in")
		}
		a := second.Get(link).Want(t, 200, "")
		if len(a.Header.Values("Set-Cookie")) != 0 || alive(t, second) {
			t.Errorf("the second use has set %v", a.Header.Values("Set-Cookie"))
		}
		wantRows(t, e, core.ModelSession, 1)
	})
	t.Run("a session is kept, not replaced", func(t *testing.T) {
		t.Parallel()
		e := open(t, both(mailing, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
			o.EmailVerification.AutoSignIn = true
		}))
		c := signUp(t, e)
		c.Post("/send-verification-email", body{"email": email}).Want(t, 200, "")
		c.Get("/verify-email?token="+e.LastMail().Token).Want(t, 200, "")
		wantRows(t, e, core.ModelSession, 1)
		c.Post("/send-verification-email", body{"email": email}).Want(t, 400, "EMAIL_ALREADY_VERIFIED")
		c.Post("/send-verification-email", body{"email": nobody}).Want(t, 400, "EMAIL_MISMATCH")
	})
}

func TestChangeEmail(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]settings{"verified by the new address": changeable, "asking the old one": confirmed, "at once": atOnce} {
		t.Run("EML-03 a used address, "+name, func(t *testing.T) {
			t.Parallel()
			e := open(t, mode)
			social(t, e, moved)
			c := signUp(t, e)
			if name == "asking the old one" {
				verify(t, e)
			}
			mails := len(e.Mails())
			used := c.Post("/change-email", body{"newEmail": strings.ToUpper(moved)}).Want(t, 200, "")
			if n := len(e.Mails()); n != mails {
				t.Errorf("%d mails were sent", n-mails)
			}
			free := c.Post("/change-email", body{"newEmail": nobody}).Want(t, 200, "")
			if used.Body != free.Body {
				t.Errorf("a used address is answered %s, a free one %s", used.Body, free.Body)
			}
			wantRows(t, e, core.ModelUser, 2)
		})
	}
	t.Run("EML-03 an address that is taken before the link is opened", func(t *testing.T) {
		t.Parallel()
		e := open(t, changeable)
		c := signUp(t, e)
		c.Post("/change-email", body{"newEmail": moved}).Want(t, 200, "")
		link := "/verify-email?token=" + e.LastMail().Token
		social(t, e, moved)
		c.Get(link).Want(t, 401, "INVALID_TOKEN")
		e.Client().Get(link).Want(t, 401, "INVALID_TOKEN")
		signIn(e, email, password).Want(t, 200, "")
	})
	t.Run("EML-04 links of other requests, once one is used", func(t *testing.T) {
		t.Parallel()
		e := open(t, changeable)
		c := signUp(t, e)
		link := func(to string) string {
			c.Post("/change-email", body{"newEmail": to}).Want(t, 200, "")
			return "/verify-email?token=" + e.LastMail().Token
		}
		first, second := link("first@example.com"), link("second@example.com")
		c.Get(second).Want(t, 200, "")
		for _, stale := range []string{first, second} {
			e.Client().Get(stale).Want(t, 401, "USER_NOT_FOUND")
			c.Get(stale).Want(t, 401, "USER_NOT_FOUND")
		}
		if got := wantRows(t, e, core.ModelUser, 1)[0]["email"]; got != "second@example.com" {
			t.Errorf("the address is %v", got)
		}
		// In another user's browser a valid link is refused.
		stranger := e.Client()
		stranger.Post("/sign-up/email", body{"name": "Eve", "email": "eve@example.com", "password": password}).Want(t, 200, "")
		stranger.Get(link("third@example.com")).Want(t, 401, "INVALID_USER")
	})
	t.Run("EML-05 a stolen session cannot take the account along", func(t *testing.T) {
		t.Parallel()
		e := open(t, confirmed)
		c := signUp(t, e)
		verify(t, e)
		mails := len(e.Mails())
		thief := c.Copy()
		thief.Post("/change-email", body{"newEmail": "thief@example.com"}).Want(t, 200, "")
		sent := e.Mails()[mails:]
		if len(sent) != 1 || sent[0].Kind != "confirm" || sent[0].To != email || sent[0].NewEmail != "thief@example.com" {
			t.Fatalf("the mails are %+v", sent)
		}
		if got := wantRows(t, e, core.ModelUser, 1)[0]["email"]; got != email {
			t.Errorf("the address is %v", got)
		}
		// The confirmation does not verify: it only sends the mail to the new address.
		thief.Get("/verify-email?token="+sent[0].Token).Want(t, 200, "")
		if got := wantRows(t, e, core.ModelUser, 1)[0]["email"]; got != email {
			t.Errorf("the address is %v", got)
		}
		if last := e.LastMail(); last.To != "thief@example.com" || last.Kind != "verify-email" {
			t.Errorf("the last mail is %+v", last)
		}
	})
	for name, mode := range map[string]settings{"verified by the new address": changeable, "at once": atOnce} {
		for where, stored := range map[string]settings{
			"database": nil,
			"secondary storage": func(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
				o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
			},
			"both": func(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
				o.SecondaryStorage, o.Verification.StoreInDatabase = storage.NewMemory(e.Clock.Now), true
			},
		} {
			t.Run("PWR-07 a reset link that went to the former address, "+name+", "+where, func(t *testing.T) {
				t.Parallel()
				change := mode
				if stored != nil {
					change = both(mode, stored)
				}
				e := open(t, change)
				c := signUp(t, e)
				grace := social(t, e, "grace@example.com") // has no password that could be newer
				tok, hers := resetToken(t, e, email), resetToken(t, e, grace.Email)
				e.Clock.Add(time.Minute)
				c.Post("/change-email", body{"newEmail": moved}).Want(t, 200, "")
				if name != "at once" {
					c.Get("/verify-email?token="+e.LastMail().Token).Want(t, 200, "")
				}
				if _, err := e.Auth.Store().ChangeEmail(t.Context(), grace.Email, "hopper@example.com", true); err != nil {
					t.Fatal(err)
				}
				for _, late := range []string{tok, hers} {
					if _, q := e.Client().Get("/reset-password/"+late+"?callbackURL=/reset").Want(t, 302, "").Location(); q.Get("error") != "INVALID_TOKEN" {
						t.Errorf("the link leads on with %v", q)
					}
					reset(e, late, another).Want(t, 400, "INVALID_TOKEN")
				}
				signIn(e, moved, password).Want(t, 200, "")
				reset(e, resetToken(t, e, moved), another).Want(t, 200, "")
			})
		}
	}
	t.Run("refusals", func(t *testing.T) {
		t.Parallel()
		off := open(t, mailing)
		signUp(t, off).Post("/change-email", body{"newEmail": moved}).Want(t, 400, "CHANGE_EMAIL_DISABLED")
		e := open(t, changeable)
		c := signUp(t, e)
		e.Client().Post("/change-email", body{"newEmail": moved}).Want(t, 401, "UNAUTHORIZED")
		if a := c.Post("/change-email", body{"newEmail": "ADA@example.com"}); a.Status != 400 || a.JSON("message") != "Email is the same" {
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
		c.Post("/change-email", body{"newEmail": moved, "callbackURL": "https://evil.example"}).Want(t, 403, "INVALID_CALLBACK_URL")
		if len(e.Mails()) != 0 {
			t.Errorf("mails %+v", e.Mails())
		}
	})
}

func TestVerifiedIsNotInput(t *testing.T) {
	t.Parallel()
	// As measured on Better Auth 1.6: sign-up ignores the member, update-user finds
	// nothing to update. Neither sets it.
	t.Run("EML-06 emailVerified in the body", func(t *testing.T) {
		t.Parallel()
		e := open(t, changeable)
		c := e.Client()
		c.Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password, "emailVerified": true, "id": "x", "createdAt": "2001-01-01T00:00:00.000Z"}).Want(t, 200, "")
		if a := c.Post("/update-user", body{"emailVerified": true}); a.Status != 400 {
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
		c.Post("/update-user", body{"emailVerified": true, "name": "Ada", "id": "x"}).Want(t, 200, "")
		u := wantRows(t, e, core.ModelUser, 1)[0]
		if u["emailVerified"] != false || u["id"] == "x" || !u["createdAt"].(time.Time).Equal(authtest.Start) {
			t.Errorf("the user is %v", u)
		}
	})
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	bad := map[string]string{
		"trailing dot": "a@example.com.", "full-width @": "a\uff20example.com", "small @": "a\ufe6bexample.com", "two @": "a@evil.com@example.com",
		"quoted local part": `"a b"@example.com`, "quoted @": `"a@evil.com"@example.com`, "comment": "a(x)@example.com", "NUL": "a\x00@example.com",
		"CR LF": "a@example.com\r\nBcc: eve@example.com", "LF in front": "\na@example.com", "blank": " a@example.com", "blank behind": "a@example.com ",
		"10 kB": strings.Repeat("a", 10<<10) + "@example.com", "255 characters": strings.Repeat("a", 243) + "@example.com", "IDN homograph": "a@ex\u0430mple.com",
		"list": "a@example.com,eve@example.com", "angle brackets": "<a@example.com>", "name": "Ada <a@example.com>", "no domain": "a@", "no dot": "a@localhost",
		"address literal": "a@[127.0.0.1]", "percent": "a%evil.com@example.com", "bang": "evil!a@example.com", "empty": "", "tab": "a\t@example.com",
	}
	e := open(t, changeable)
	c := signUp(t, e)
	for name, address := range bad {
		t.Run("EML-07 "+name, func(t *testing.T) {
			for path, in := range map[string]body{
				"/sign-up/email": {"name": "X", "email": address, "password": password}, "/change-email": {"newEmail": address},
			} {
				a := c.Copy().Post(path, in)
				if a.Status != 400 || a.Code() != "VALIDATION_ERROR" && a.Code() != "INVALID_EMAIL" && a.Code() != "INVALID_CHARACTERS" {
					t.Errorf("%s answered %d %s", path, a.Status, a.Body)
				}
			}
			for path, in := range map[string]body{
				"/sign-in/email": {"email": address, "password": password}, "/request-password-reset": {"email": address}, "/send-verification-email": {"email": address},
			} {
				if a := e.Client().Post(path, in); a.Status >= 500 || a.Status == 200 && len(address) < 255 {
					t.Errorf("%s answered %d %s", path, a.Status, a.Body)
				}
			}
		})
	}
	t.Run("EML-07 nothing came of them", func(t *testing.T) {
		wantRows(t, e, core.ModelUser, 1)
		if len(e.Mails()) != 0 {
			t.Errorf("mails %+v", e.Mails())
		}
	})
	t.Run("EML-07 letter case", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		e.Client().Post("/sign-up/email", body{"name": "A", "email": "A@EX.com", "password": password}).Want(t, 200, "")
		e.Client().Post("/sign-up/email", body{"name": "A", "email": "a@ex.COM", "password": password}).Want(t, 409, "EMAIL_ALREADY_IN_USE")
		signIn(e, "a@ex.com", password).Want(t, 200, "")
		signIn(e, "A@eX.cOm", password).Want(t, 200, "")
		if got := wantRows(t, e, core.ModelUser, 1)[0]["email"]; got != "a@ex.com" {
			t.Errorf("stored as %v", got)
		}
		longest := strings.Repeat("a", 242) + "@example.com"
		e.Client().Post("/sign-up/email", body{"name": "A", "email": longest, "password": password}).Want(t, 200, "")
	})
	t.Run("EML-08 letters that fold to ASCII", func(t *testing.T) {
		t.Parallel()
		e := open(t, mailing)
		e.Client().Post("/sign-up/email", body{"name": "K", "email": "kiss@fisk.example.com", "password": password}).Want(t, 200, "")
		for _, lookalike := range []string{
			"\u212aiss@fisk.example.com", "k\u0131ss@fisk.example.com", "K\u0130SS@fisk.example.com", "ki\u00df@fisk.example.com", "kiss@\ufb01sk.example.com",
			"kiss@fis\u212a.example.com", "ki\u017fs@fisk.example.com",
		} {
			for _, path := range []string{"/request-password-reset", "/send-verification-email"} {
				if a := e.Client().Post(path, body{"email": lookalike}); a.Status >= 500 {
					t.Errorf("%s answered %d", path, a.Status)
				}
			}
			signIn(e, lookalike, password).Want(t, 400, "INVALID_EMAIL")
			if _, err := e.Auth.Store().FindUserByEmail(t.Context(), lookalike); err == nil {
				t.Errorf("%q finds the user", lookalike)
			}
		}
		if len(e.Mails()) != 0 {
			t.Errorf("mails %+v", e.Mails())
		}
		for _, path := range []string{"/request-password-reset", "/send-verification-email"} {
			e.Client().Post(path, body{"email": "KISS@FISK.example.COM"}).Want(t, 200, "")
			if m := e.LastMail(); m.To != "kiss@fisk.example.com" {
				t.Errorf("%s sends to the address that was submitted: %s", path, m.To)
			}
		}
	})
	// Kernia has no templates: the application's template gets the name as typed, and
	// escapes it.
	t.Run("EML-10 markup in a name", func(t *testing.T) {
		t.Parallel()
		const hostile = `<a href="https://evil.example">Ada</a> & 'co'`
		var names []string
		keep := func(_ context.Context, m core.Mail) error {
			names = append(names, m.User.Name)
			if strings.ContainsAny(m.URL+m.User.Email, "<>\"' ") {
				t.Errorf("the link %q or the address %q needs escaping", m.URL, m.User.Email)
			}
			return nil
		}
		e := open(t, func(_ *authtest.Env, o *core.Options, p *emailpassword.Options) {
			o.EmailVerification.Send, p.SendResetPassword, p.RequireEmailVerification = keep, keep, true
		})
		e.Client().Post("/sign-up/email", body{"name": hostile, "email": email, "password": password, "callbackURL": "/x?<b>"}).Want(t, 403, "INVALID_CALLBACK_URL")
		e.Client().Post("/sign-up/email", body{"name": hostile, "email": email, "password": password, "callbackURL": "/x"}).Want(t, 200, "")
		e.Client().Post("/request-password-reset", body{"email": email, "redirectTo": "/x"}).Want(t, 200, "")
		e.Client().Post("/send-verification-email", body{"email": email}).Want(t, 200, "")
		if !slices.Equal(names, []string{hostile, hostile, hostile}) {
			t.Errorf("the names are %q", names)
		}
	})
	t.Run("EML-09 line breaks", func(t *testing.T) {
		t.Parallel()
		e := open(t, both(confirmed, func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.RequireEmailVerification = true }))
		c := e.Client()
		hostile := "Ada\r\nBcc: eve@example.com"
		c.Post("/sign-up/email", body{"name": hostile, "email": email, "password": password}).Want(t, 400, "VALIDATION_ERROR")
		c.Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
		for _, target := range []string{"/x\r\nBcc: eve@example.com", "/x%0d%0aBcc", "/x\nY"} {
			e.Client().Post("/request-password-reset", body{"email": email, "redirectTo": target})
			e.Client().Post("/send-verification-email", body{"email": email, "callbackURL": target})
		}
		if len(e.Mails()) == 0 {
			t.Fatal("no mail")
		}
		for _, m := range e.Mails() {
			if strings.ContainsAny(m.To+m.URL+m.Token+m.NewEmail, "\r\n") {
				t.Errorf("mail %+v", m)
			}
		}
	})
}
