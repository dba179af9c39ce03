package emailotp_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/ratelimit"
	"github.com/advantch/kernia-go/core/schema"
)

const signInType, verifyType, resetType, changeType = emailotp.TypeSignIn, emailotp.TypeEmailVerification, emailotp.TypeForgetPassword, emailotp.TypeChangeEmail

func TestSignIn(t *testing.T) {
	t.Parallel()
	for place, set := range map[string]settings{"database": options(func(*emailotp.Options) {}), "secondary storage": inSecondary} {
		t.Run("makes the user, then finds it/"+place, func(t *testing.T) {
			t.Parallel()
			e := start(t, set)
			c := ask(t, e, signInType, email)
			client := e.Client()
			a := client.Post("/sign-in/email-otp", body{"email": "ADA@example.com", "otp": c, "name": "Ada", "image": "https://example.com/a.png"}).Want(t, 200, "")
			if a.JSON("token") == "" || a.JSON("user", "name") != "Ada" || a.JSON("user", "emailVerified") != "true" {
				t.Errorf("answered %s", a.Body)
			}
			if a := client.Get("/get-session"); a.JSON("user", "email") != email {
				t.Errorf("session %s", a.Body)
			}
			a = signIn(e, email, ask(t, e, signInType, email)).Want(t, 200, "")
			if a.JSON("user", "name") != "Ada" || users(t, e) != 1 {
				t.Errorf("answered %s", a.Body)
			}
		})
		t.Run("OTP-01 RACE-04 a code works once/"+place, func(t *testing.T) {
			t.Parallel()
			e := start(t, set, options(func(p *emailotp.Options) { p.AllowedAttempts = 100 }))
			c := ask(t, e, signInType, email)
			var won atomic.Int64
			together(func(int) {
				switch a := signIn(e, email, c); {
				case a.Status == 200:
					won.Add(1)
				case a.Code() != "INVALID_OTP":
					t.Errorf("%d %s", a.Status, a.Body)
				}
			})
			if won.Load() != 1 || users(t, e) != 1 {
				t.Errorf("%d sessions, %d users", won.Load(), users(t, e))
			}
			signIn(e, email, c).Want(t, 400, "INVALID_OTP")
		})
		t.Run("OTP-02 the attempts of a code are spent/"+place, func(t *testing.T) {
			t.Parallel()
			e := start(t, set)
			c := ask(t, e, signInType, email)
			for range 3 {
				signIn(e, email, wrong(c)).Want(t, 400, "INVALID_OTP")
			}
			signIn(e, email, c).Want(t, 403, "TOO_MANY_ATTEMPTS")
			signIn(e, email, c).Want(t, 400, "INVALID_OTP")
		})
		t.Run("OTP-05 only the latest code works/"+place, func(t *testing.T) {
			t.Parallel()
			e := start(t, set)
			first, second := ask(t, e, signInType, email), ask(t, e, signInType, email)
			if first != second {
				signIn(e, email, first).Want(t, 400, "INVALID_OTP")
			}
			signIn(e, email, second).Want(t, 200, "")
		})
		t.Run("LNK-02 the first proof ends what was there/"+place, func(t *testing.T) {
			t.Parallel()
			e := start(t, set)
			mallory := signUp(t, e, email)
			a := signIn(e, email, ask(t, e, signInType, email)).Want(t, 200, "")
			if a.JSON("user", "emailVerified") != "true" {
				t.Errorf("answered %s", a.Body)
			}
			if a := mallory.Get("/get-session"); a.Body != "null" {
				t.Errorf("the earlier session lives: %s", a.Body)
			}
			byPassword(e, email, password).Want(t, 401, "INVALID_CREDENTIALS")
		})
	}
	t.Run("OTP-03 parallel guesses share the attempts", func(t *testing.T) {
		t.Parallel()
		var compared atomic.Int64
		e := start(t, options(func(p *emailotp.Options) {
			p.Hash = func(_ context.Context, code string) (string, error) { compared.Add(1); return code, nil }
		}))
		c := ask(t, e, signInType, email)
		compared.Store(0)
		together(func(int) {
			if a := signIn(e, email, wrong(c)); a.Status != 400 && a.Status != 403 {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
		if n := compared.Load(); n > 3 {
			t.Errorf("%d guesses were compared", n)
		}
	})
	t.Run("OTP-06 a code is of one type", func(t *testing.T) {
		t.Parallel()
		e := start(t)
		verified(t, e, email)
		c := ask(t, e, signInType, email)
		e.Client().Post("/email-otp/verify-email", body{"email": email, "otp": c}).Want(t, 400, "INVALID_OTP")
		e.Client().Post("/email-otp/reset-password", body{"email": email, "otp": c, "password": "another password"}).Want(t, 400, "INVALID_OTP")
		e.Client().Post("/email-otp/check-verification-otp", body{"email": email, "otp": c, "type": resetType}).Want(t, 400, "INVALID_OTP")
		signIn(e, email, c).Want(t, 200, "")
	})
	t.Run("OTP-07 a code is of one address, in any case of letters", func(t *testing.T) {
		t.Parallel()
		e := start(t)
		c := ask(t, e, signInType, email)
		signIn(e, other, c).Want(t, 400, "INVALID_OTP")
		for _, odd := range []string{" " + email, email + " ", "not an address", ""} {
			signIn(e, odd, c).Want(t, 400, "INVALID_OTP")
		}
		signIn(e, strings.ToUpper(email), c).Want(t, 200, "")
	})
	t.Run("OTP-08 a code expires at its instant, and is removed", func(t *testing.T) {
		t.Parallel()
		e := start(t)
		c := ask(t, e, signInType, email)
		e.Clock.Add(5*time.Minute - time.Millisecond)
		e.Client().Post("/email-otp/check-verification-otp", body{"email": email, "otp": c, "type": signInType}).Want(t, 400, "USER_NOT_FOUND")
		e.Clock.Add(time.Millisecond)
		signIn(e, email, c).Want(t, 400, "OTP_EXPIRED")
		signIn(e, email, c).Want(t, 400, "INVALID_OTP")
	})
	t.Run("OTP-13 without sign-up no user is made, and nothing is told", func(t *testing.T) {
		t.Parallel()
		e := start(t, options(func(p *emailotp.Options) { p.DisableSignUp = true }))
		verified(t, e, other)
		known := ask(t, e, signInType, other)
		mails := len(e.Mails())
		unknown := e.Client().Post("/email-otp/send-verification-otp", body{"email": email, "type": signInType}).Want(t, 200, "")
		if unknown.Body != `{"success":true}` || len(e.Mails()) != mails {
			t.Errorf("answered %s, %d mails", unknown.Body, len(e.Mails())-mails)
		}
		for range 5 {
			a, b := signIn(e, other, wrong(known)), signIn(e, email, wrong(known))
			if a.Status != b.Status || a.Body != b.Body {
				t.Errorf("known: %d %s, unknown: %d %s", a.Status, a.Body, b.Status, b.Body)
			}
		}
		p, _ := emailotp.From(e.Auth)
		made, err := p.CreateVerificationOTP.Call(t.Context(), &emailotp.CreateInput{Email: email, Type: signInType})
		if err != nil {
			t.Fatal(err)
		}
		signIn(e, email, string(made)).Want(t, 400, "INVALID_OTP")
		if users(t, e) != 1 {
			t.Errorf("%d users", users(t, e))
		}
	})
	t.Run("a sign-in that fails leaves the code with its attempts", func(t *testing.T) {
		t.Parallel()
		e := start(t, func(_ *authtest.Env, o *core.Options, _ *emailotp.Options, _ *emailpassword.Options) {
			o.User.Fields = []schema.Field{{Name: "team", Type: schema.String}}
		})
		c := ask(t, e, signInType, email)
		for range 5 {
			signIn(e, email, c).Want(t, 400, "MISSING_FIELD")
		}
		a := e.Client().Post("/sign-in/email-otp", body{"email": email, "otp": c, "team": "red"}).Want(t, 200, "")
		if a.JSON("user", "team") != "red" {
			t.Errorf("answered %s", a.Body)
		}
	})
	t.Run("store hooks that give up", func(t *testing.T) {
		t.Parallel()
		refused := ""
		e := start(t, func(_ *authtest.Env, o *core.Options, _ *emailotp.Options, _ *emailpassword.Options) {
			o.Store.User.BeforeCreate = func(context.Context, *core.User) error {
				if refused == core.ModelUser {
					return core.ErrAbort
				}
				return nil
			}
			o.Store.Session.BeforeCreate = func(context.Context, *core.Session) error {
				if refused == core.ModelSession {
					return core.ErrAbort
				}
				return nil
			}
		})
		c := ask(t, e, signInType, email)
		refused = core.ModelUser
		signIn(e, email, c).Want(t, 422, "FAILED_TO_CREATE_USER")
		refused = core.ModelSession
		signIn(e, email, c).Want(t, 401, "FAILED_TO_CREATE_SESSION")
		if users(t, e) != 0 {
			t.Error("a user is left")
		}
		refused = ""
		signIn(e, email, c).Want(t, 200, "")
	})
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	e := start(t, func(_ *authtest.Env, o *core.Options, _ *emailotp.Options, _ *emailpassword.Options) {
		o.Plugins = append(o.Plugins, twofactor.New(twofactor.Options{SkipVerificationOnEnable: true}))
	})
	c := verified(t, e, email)
	c.Post("/two-factor/enable", body{"password": password}).Want(t, 200, "")
	otp := ask(t, e, signInType, email)
	if a := signIn(e, email, otp).Want(t, 200, ""); a.JSON("twoFactorRedirect") != "true" || a.JSON("token") != "" {
		t.Errorf("answered %s", a.Body)
	}
	signIn(e, email, otp).Want(t, 400, "INVALID_OTP")
}

func TestCheck(t *testing.T) {
	t.Parallel()
	t.Run("leaves a right code", func(t *testing.T) {
		t.Parallel()
		e := start(t)
		signUp(t, e, email)
		c := ask(t, e, signInType, email)
		check := func(otp string) *authtest.Answer {
			return e.Client().Post("/email-otp/check-verification-otp", body{"email": email, "type": signInType, "otp": otp})
		}
		for range 5 {
			check(c).Want(t, 200, "")
		}
		for range 3 {
			check(wrong(c)).Want(t, 400, "INVALID_OTP")
		}
		check(c).Want(t, 403, "TOO_MANY_ATTEMPTS")
		check(c).Want(t, 400, "INVALID_OTP")
	})
	t.Run("ENUM-06 nothing tells a registered address from another one", func(t *testing.T) {
		t.Parallel()
		e := start(t)
		signUp(t, e, email)
		for _, kind := range []emailotp.Type{signInType, verifyType, resetType, changeType} {
			send := func(to string) *authtest.Answer {
				return e.Client().Post("/email-otp/send-verification-otp", body{"email": to, "type": kind})
			}
			if a, b := send(email), send(other); a.Status != b.Status || a.Body != b.Body {
				t.Errorf("%s: sent %s and %s", kind, a.Body, b.Body)
			}
			for range 6 {
				check := func(to string) *authtest.Answer {
					return e.Client().Post("/email-otp/check-verification-otp", body{"email": to, "type": kind, "otp": "none"})
				}
				if a, b := check(email), check(other); a.Status != b.Status || a.Body != b.Body {
					t.Errorf("%s: checked %s and %s", kind, a.Body, b.Body)
				}
			}
		}
		for _, path := range []string{"/email-otp/request-password-reset", "/forget-password/email-otp"} {
			a, b := e.Client().Post(path, body{"email": email}), e.Client().Post(path, body{"email": other})
			if a.Status != 200 || b.Status != 200 || a.Body != b.Body {
				t.Errorf("%s: %s and %s", path, a.Body, b.Body)
			}
		}
		for _, m := range e.Mails() {
			if m.To == other && m.Kind != string(signInType) {
				t.Errorf("a stranger was sent %+v", m)
			}
		}
	})
}

func TestLimits(t *testing.T) {
	t.Parallel()
	limited := func(_ *authtest.Env, o *core.Options, _ *emailotp.Options, _ *emailpassword.Options) {
		o.RateLimit = core.RateLimitOptions{}
	}
	t.Run("RL every route has its own rule", func(t *testing.T) {
		t.Parallel()
		e := start(t, limited, options(func(p *emailotp.Options) { p.SendLimit.Max = -1 }))
		for _, path := range []string{
			"/email-otp/send-verification-otp", "/email-otp/check-verification-otp", "/email-otp/verify-email", "/sign-in/email-otp",
			"/email-otp/request-password-reset", "/email-otp/reset-password", "/forget-password/email-otp",
			"/email-otp/request-email-change", "/email-otp/change-email",
		} {
			for range 3 {
				if a := e.Client().Post(path, body{"email": email, "otp": "1", "type": "sign-in", "password": password, "newEmail": other}); a.Status == 429 {
					t.Fatalf("%s is refused too early", path)
				}
			}
			e.Client().Post(path, body{}).Want(t, 429, "TOO_MANY_REQUESTS")
		}
	})
	t.Run("OTP-04 new codes are bounded for an address, from everywhere", func(t *testing.T) {
		t.Parallel()
		e := start(t, limited)
		send := func(n int) *authtest.Answer {
			c := e.Client()
			c.IP = fmt.Sprintf("203.0.113.%d", n)
			return c.Post("/email-otp/send-verification-otp", body{"email": email, "type": signInType})
		}
		for n := range 3 {
			send(n).Want(t, 200, "")
		}
		a := send(4).Want(t, 429, "TOO_MANY_REQUESTS")
		if a.Header.Get("Retry-After") == "" || len(e.Mails()) != 3 {
			t.Errorf("%v, %d mails", a.Header, len(e.Mails()))
		}
		e.Client().Post("/email-otp/send-verification-otp", body{"email": other, "type": signInType}).Want(t, 200, "")
		e.Clock.Add(time.Minute)
		send(6).Want(t, 200, "")
	})
	t.Run("OTP-04 codes of changes are bounded for their recipient, whoever asks for them", func(t *testing.T) {
		t.Parallel()
		const stranger = "stranger@example.com"
		e := start(t, limited, options(func(p *emailotp.Options) { p.ChangeEmail.Enabled = true }))
		ask := func(n int, to string) *authtest.Answer {
			c := e.Client()
			c.IP = fmt.Sprintf("203.0.113.%d", n)
			address := fmt.Sprintf("user%d@example.com", n)
			c.Post("/sign-up/email", body{"name": "Ada", "email": address, "password": password}).Want(t, 200, "")
			return c.Post("/email-otp/request-email-change", body{"newEmail": to})
		}
		for n := range 3 {
			ask(n, stranger).Want(t, 200, "")
		}
		ask(4, stranger).Want(t, 429, "TOO_MANY_REQUESTS")
		if n := len(e.Mails()); n != 3 {
			t.Errorf("%d mails", n)
		}
		ask(5, other).Want(t, 200, "")
	})
}

// Attempts belong to a code, so it is the number of codes that bounds guesses.
// manyRequests takes the core's own limit of mails away, which would come first.
func manyRequests(_ *authtest.Env, o *core.Options, _ *emailotp.Options, _ *emailpassword.Options) {
	o.RateLimit.Mails.Max = -1
}

func TestOTP04Together(t *testing.T) {
	t.Parallel()
	limited := func(_ *authtest.Env, o *core.Options, _ *emailotp.Options, _ *emailpassword.Options) {
		// Room for everything but what the plugin counts.
		o.RateLimit = core.RateLimitOptions{Rules: []ratelimit.Custom{{Pattern: "/**", Rule: ratelimit.Rule{Window: time.Second, Max: 1000}}}}
	}
	t.Run("OTP-04 all routes share the codes of an address", func(t *testing.T) {
		t.Parallel()
		e := start(t, limited, changing)
		ada := signUp(t, e, email)
		for i, ask := range []func() *authtest.Answer{
			func() *authtest.Answer {
				return e.Client().Post("/email-otp/send-verification-otp", body{"email": other, "type": resetType})
			},
			func() *authtest.Answer {
				return e.Client().Post("/email-otp/request-password-reset", body{"email": other})
			},
			func() *authtest.Answer { return e.Client().Post("/forget-password/email-otp", body{"email": other}) },
			func() *authtest.Answer {
				return e.Client().Post("/email-otp/send-verification-otp", body{"email": other, "type": signInType})
			},
			func() *authtest.Answer { return ada.Post("/email-otp/request-email-change", body{"newEmail": other}) },
		} {
			if a := ask(); (a.Status == 200) != (i < 3) {
				t.Errorf("code %d: %d %s", i+1, a.Status, a.Body)
			}
		}
		// The attempts are the code's, whatever route they come by.
		e.Clock.Add(time.Minute)
		e.Client().Post("/email-otp/request-password-reset", body{"email": email}).Want(t, 200, "")
		c := e.LastMail().Token
		try := func(path, code string) *authtest.Answer {
			return e.Client().Post(path, body{"email": email, "otp": code, "type": resetType, "password": password})
		}
		try("/email-otp/reset-password", wrong(c)).Want(t, 400, "INVALID_OTP")
		try("/email-otp/check-verification-otp", wrong(c)).Want(t, 400, "INVALID_OTP")
		try("/email-otp/reset-password", wrong(c)).Want(t, 400, "INVALID_OTP")
		try("/email-otp/check-verification-otp", c).Want(t, 403, "TOO_MANY_ATTEMPTS")
		try("/email-otp/reset-password", c).Want(t, 400, "INVALID_OTP")
	})
	t.Run("OTP-04 changes of address count for the user too", func(t *testing.T) {
		t.Parallel()
		e := start(t, limited, changing)
		ada := signUp(t, e, email)
		for n := range 4 {
			if a := ada.Post("/email-otp/request-email-change", body{"newEmail": fmt.Sprintf("eve%d@example.com", n)}); (a.Status == 200) != (n < 3) {
				t.Errorf("change %d: %d %s", n+1, a.Status, a.Body)
			}
		}
	})
	t.Run("OTP-04 mails of the core count, and one too many is not sent", func(t *testing.T) {
		t.Parallel()
		e := start(t, limited, options(func(p *emailotp.Options) { p.ReplaceVerificationMail = true }), manyRequests)
		signUp(t, e, email)
		before := len(e.Mails())
		for range 9 {
			e.Client().Post("/send-verification-email", body{"email": email}).Want(t, 200, "")
		}
		if n := len(e.Mails()) - before; n != 3 {
			t.Errorf("%d mails", n)
		}
		e.Client().Post("/email-otp/send-verification-otp", body{"email": email, "type": verifyType}).Want(t, 429, "TOO_MANY_REQUESTS")
		if !strings.Contains(e.Log.String(), "Options.SendLimit") {
			t.Error("the log does not say why")
		}
		// The code before it stays.
		e.Client().Post("/email-otp/verify-email", body{"email": email, "otp": e.LastMail().Token}).Want(t, 200, "")
	})
	t.Run("OTP-04 sign-ups with a used address", func(t *testing.T) {
		t.Parallel()
		e := start(t, limited, func(_ *authtest.Env, _ *core.Options, p *emailotp.Options, q *emailpassword.Options) {
			p.SendOnSignUp, q.DisableAutoSignIn = true, true
		})
		for range 9 {
			e.Client().Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
		}
		if n := len(e.Mails()); n != 3 {
			t.Errorf("%d mails", n)
		}
	})
	t.Run("OTP-04 every route that sends codes of a type counts", func(t *testing.T) {
		t.Parallel()
		e := start(t, limited)
		signUp(t, e, email)
		sent := 0
		for n := range 12 {
			c := e.Client()
			c.IP = fmt.Sprintf("203.0.113.%d", n)
			path, in := "/email-otp/request-password-reset", body{"email": email}
			switch n % 3 {
			case 1:
				path = "/forget-password/email-otp"
			case 2:
				path, in = "/email-otp/send-verification-otp", body{"email": email, "type": resetType}
			}
			if c.Post(path, in).Status == 200 {
				sent++
			}
		}
		if sent != 3 || len(e.Mails()) != 3 {
			t.Errorf("%d codes, %d mails in a minute", sent, len(e.Mails()))
		}
	})
	for name, set := range map[string]func(p *emailotp.Options){
		"in place of links": func(p *emailotp.Options) { p.ReplaceVerificationMail = true },
		"at sign-up":        func(p *emailotp.Options) { p.SendOnSignUp = true },
	} {
		t.Run("OTP-04 codes of verification mails count too, "+name, func(t *testing.T) {
			t.Parallel()
			e := start(t, limited, options(set), manyRequests, func(_ *authtest.Env, o *core.Options, _ *emailotp.Options, ep *emailpassword.Options) {
				ep.RequireEmailVerification, o.EmailVerification.SendOnSignIn = true, true
			})
			for n := range 12 {
				c := e.Client()
				c.IP = fmt.Sprintf("203.0.113.%d", n)
				c.Post("/sign-up/email", body{"name": "A", "email": email, "password": password}).Want(t, 200, "")
				c.Post("/sign-in/email", body{"email": email, "password": password}).Want(t, 403, "EMAIL_NOT_VERIFIED")
				if set := name == "in place of links"; set {
					c.Post("/send-verification-email", body{"email": email}).Want(t, 200, "")
				}
			}
			if n := len(e.Mails()); n != 3 {
				t.Errorf("%d codes in a minute", n)
			}
			e.Clock.Add(time.Minute)
			e.Client().Post("/email-otp/send-verification-otp", body{"email": email, "type": verifyType}).Want(t, 200, "")
		})
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	e := start(t)
	cross := []core.HeaderField{{Name: "Sec-Fetch-Site", Value: "cross-site"}, {Name: "Sec-Fetch-Mode", Value: "navigate"}, {Name: "Sec-Fetch-Dest", Value: "document"}}
	e.Client().Post("/email-otp/send-verification-otp", body{"email": email, "type": signInType}, cross...).Want(t, http.StatusForbidden, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED")
	if len(e.Mails()) > 0 {
		t.Error("a mail was sent")
	}
}

func TestTextsAreBounded(t *testing.T) {
	t.Parallel()
	e := start(t)
	otp := ask(t, e, signInType, email)
	for field, text := range map[string]string{"name": strings.Repeat("a", 100_000), "image": strings.Repeat("a", 500_000)} {
		e.Client().Post("/sign-in/email-otp", body{"email": email, "otp": otp, field: text}).Want(t, http.StatusBadRequest, "VALIDATION_ERROR")
	}
	if n := users(t, e); n != 0 {
		t.Errorf("%d users", n)
	}
	e.Client().Post("/sign-in/email-otp", body{"email": email, "otp": otp, "name": "Ada"}).Want(t, http.StatusOK, "")
}

func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	t.Run("OTP-19 no code in the log, in events and in printed values", func(t *testing.T) {
		t.Parallel()
		const secret = "736251"
		failing := func(context.Context, emailotp.Message) error {
			return fmt.Errorf("smtp: refused: your code is %s", secret)
		}
		e := start(t, options(func(p *emailotp.Options) {
			p.Send, p.ReplaceVerificationMail = failing, true
			p.Generate = func(context.Context, string, emailotp.Type) (string, error) { return secret, nil }
		}))
		signUp(t, e, email)
		for _, kind := range []emailotp.Type{signInType, verifyType, resetType} {
			e.Client().Post("/email-otp/send-verification-otp", body{"email": email, "type": kind}).Want(t, 200, "")
		}
		e.Client().Post("/send-verification-email", body{"email": email}).Want(t, 200, "")
		signIn(e, email, wrong(secret))
		if log := e.Log.String(); strings.Contains(log, secret) || !strings.Contains(log, "smtp: refused") {
			t.Errorf("the log is %s", log)
		}
		if text := fmt.Sprintf("%+v", e.Events()); strings.Contains(text, secret) {
			t.Errorf("events %s", text)
		}
		otp := secret
		for _, v := range []any{
			emailotp.Message{Code: secret}, emailotp.Code(secret), emailotp.GetReply{OTP: &otp}, emailotp.CheckInput{OTP: secret},
			emailotp.VerifyEmailInput{OTP: secret}, emailotp.SignInInput{OTP: secret}, emailotp.ResetPasswordInput{OTP: secret, Password: secret},
			emailotp.RequestEmailChangeInput{OTP: &otp}, emailotp.ChangeEmailInput{OTP: secret}, emailotp.SignInReply{Token: secret}, emailotp.VerifyEmailReply{Token: &otp},
		} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
				if text := fmt.Sprintf(verb, v); strings.Contains(text, secret) {
					t.Errorf("%s prints %s", verb, text)
				}
			}
		}
	})
}
