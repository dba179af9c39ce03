package core_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/anonymous"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/deviceauthorization"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/lastloginmethod"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/plugins/onetimetoken"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/plugins/siwe"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
	"github.com/advantch/kernia-go/core/plugins/username"
	"github.com/advantch/kernia-go/core/ratelimit"
)

// ways is a server with every plugin that signs people in, and what it has sent.
type ways struct {
	*authtest.Env
	mu    sync.Mutex
	codes map[string]string // by kind and recipient
}

type waysOptions struct {
	password emailpassword.Options
	username username.Options
	otp      emailotp.Options
	phone    phonenumber.Options
	anon     anonymous.Options
	siwe     siwe.Options
	last     lastloginmethod.Options
	ott      onetimetoken.Options
	bearer   bearer.Options
}

const wallet = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"

func openWays(t testing.TB, change func(e *authtest.Env, o *core.Options, p *waysOptions)) *ways {
	t.Helper()
	w := &ways{Env: authtest.NewEnv(t), codes: map[string]string{}}
	keep := func(kind, to, code string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.codes[kind+" "+to] = code
	}
	p := waysOptions{password: emailpassword.Options{SendResetPassword: w.Mail("reset-password")}}
	p.otp.Send = func(_ context.Context, m emailotp.Message) error { keep(string(m.Type), m.Email, m.Code); return nil }
	p.otp.ChangeEmail.Enabled = true
	p.phone.SendOTP = func(_ context.Context, m phonenumber.Message) error { keep("phone", m.PhoneNumber, m.Code); return nil }
	p.phone.SendPasswordResetOTP = func(_ context.Context, m phonenumber.Message) error {
		keep("phone-reset", m.PhoneNumber, m.Code)
		return nil
	}
	p.phone.SignUp = &phonenumber.SignUp{}
	p.siwe.Domain = "localhost:3000"
	p.siwe.VerifyMessage = func(context.Context, siwe.Proof) (bool, error) { return true, nil }
	p.last.StoreInDatabase = true
	o := w.Options()
	o.EmailVerification.Send = w.Mail("verify-email")
	everything(w.Env, &o)
	if change != nil {
		change(w.Env, &o, &p)
	}
	o.Plugins = append(o.Plugins, emailpassword.New(p.password), username.New(p.username), emailotp.New(p.otp), phonenumber.New(p.phone),
		anonymous.New(p.anon), siwe.New(p.siwe), lastloginmethod.New(p.last), onetimetoken.New(p.ott), bearer.New(p.bearer),
		magiclink.New(magiclink.Options{Confirm: true, Send: func(_ context.Context, m magiclink.Message) error { keep("link", m.Email, m.Token); return nil }}),
		deviceauthorization.New(deviceauthorization.Options{}), organization.New(organization.Options{}),
		twofactor.New(twofactor.Options{SkipVerificationOnEnable: true}))
	w.Open(o)
	return w
}

// The requests that a page of another site can make without being asked for permission:
// a form, or a body without a media type.
func TestSimpleRequestsOfOtherSites(t *testing.T) {
	t.Parallel()
	w := openWays(t, nil)
	evil := []core.HeaderField{header("Origin", "https://evil.example"), header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "navigate"), header("Sec-Fetch-Dest", "document")}
	for _, r := range mutating(w.Auth) {
		for _, media := range []string{"", "application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"} {
			for _, body := range []string{"", "x=1"} {
				c := w.Client()
				a := c.Do(r[0], r[1], body, append(evil, header("Content-Type", media))...)
				if lines := a.Header.Values("Set-Cookie"); len(lines) > 0 {
					t.Errorf("CSRF-03 CSRF-04 %v with %q %q: %d, cookies %v", r, media, body, a.Status, lines)
				}
			}
		}
	}
	for _, model := range []string{core.ModelUser, core.ModelSession} {
		if n := len(rows(t, w.Env, model)); n != 0 {
			t.Errorf("CSRF-03 %d rows of %s", n, model)
		}
	}
	for _, path := range []string{"/sign-in/anonymous", "/sign-out"} {
		w.Client().Do("POST", path, "", evil...).Want(t, 403, "CROSS_SITE_NAVIGATION_LOGIN_BLOCKED")
		w.Client().Do("POST", path, "", header("Origin", "https://evil.example")).Want(t, 403, "INVALID_ORIGIN")
		w.Client().Do("POST", path, "").Want(t, 200, "")
		program := w.Client() // without cookies
		program.Origin = ""
		program.Do("POST", path, "").Want(t, 200, "")
	}
}

// A quiet sign-up shows for a used address what plugins do to the user of a free one.
func TestQuietSignUpWithPlugins(t *testing.T) {
	t.Parallel()
	up := func(w *ways, email, name string) *authtest.Answer {
		return w.Client().Post("/sign-up/email", object{"name": "A", "email": email, "password": passphrase, "username": name, "displayUsername": "Ada L"})
	}
	quiet := func(_ *authtest.Env, _ *core.Options, p *waysOptions) { p.password.RequireEmailVerification = true }
	t.Run("ENUM-03 names in normal form and the method of sign-in", func(t *testing.T) {
		t.Parallel()
		w := openWays(t, quiet)
		free, used := up(w, ada, "Mixed_1").Want(t, 200, ""), up(w, ada, "Mixed_2").Want(t, 200, "")
		same := func(a *authtest.Answer) string {
			return strings.NewReplacer(a.JSON("user", "id"), "ID", "mixed_1", "NAME", "mixed_2", "NAME").Replace(a.Body)
		}
		if same(free) != same(used) || !strings.Contains(free.Body, "mixed_1") {
			t.Errorf("\n%s\n%s", free.Body, used.Body)
		}
	})
	for name, refusal := range map[string]error{"an answer of its own": core.Fail(403, core.ErrorCode{Code: "BY_INVITATION", Message: "By invitation only"}), "ErrAbort": core.ErrAbort} {
		t.Run("ENUM-03 a hook that refuses new users, by "+name, func(t *testing.T) {
			t.Parallel()
			refuse := false
			w := openWays(t, func(e *authtest.Env, o *core.Options, p *waysOptions) {
				quiet(e, o, p)
				o.Store.User.BeforeCreate = func(ctx context.Context, u *core.User) error {
					c, _ := core.CtxFrom(ctx)
					if _, err := c.Auth().Store().CreateVerification(ctx, "seen", u.Email, c.Now().Add(time.Hour)); err != nil || !refuse {
						return err
					}
					return refusal
				}
			})
			up(w, ada, "name_1").Want(t, 200, "")
			n := len(rows(t, w.Env, core.ModelVerification, adapter.Cond{Field: "value", Value: ada}))
			up(w, ada, "name_2").Want(t, 200, "")
			if again := len(rows(t, w.Env, core.ModelVerification, adapter.Cond{Field: "value", Value: ada})); n != 1 || again != 1 {
				t.Errorf("what a hook has written for a user who is not made stays: %d, %d", n, again)
			}
			refuse = true
			used, free := up(w, ada, "name_3"), up(w, bob, "name_3")
			if used.Status == 200 || used.Status != free.Status || used.Body != free.Body {
				t.Errorf("%d %s, %d %s", used.Status, used.Body, free.Status, free.Body)
			}
		})
	}
}

func TestLimitsOfWays(t *testing.T) {
	t.Parallel()
	limited := func(_ *authtest.Env, o *core.Options, _ *waysOptions) { o.RateLimit = core.RateLimitOptions{} }
	t.Run("ENUM-11 questions for names have a rule of their own, and can be switched off", func(t *testing.T) {
		t.Parallel()
		w, n := openWays(t, limited), 0
		for range 60 {
			if w.Client().Post("/is-username-available", object{"username": "adal"}).Status == 200 {
				n++
			}
		}
		if n != 30 {
			t.Errorf("%d answers in 10 seconds", n)
		}
		off := openWays(t, func(_ *authtest.Env, o *core.Options, _ *waysOptions) {
			o.DisabledPaths = []string{"/is-username-available", "/organization/check-slug"}
		})
		for _, path := range []string{"/is-username-available", "/organization/check-slug"} {
			off.Client().Post(path, object{"username": "adal", "slug": "acme"}).Want(t, 404, "NOT_FOUND")
		}
	})
	t.Run("RL-09 guesses at one account from many addresses share a counter", func(t *testing.T) {
		t.Parallel()
		w := openWays(t, func(_ *authtest.Env, o *core.Options, _ *waysOptions) {
			o.RateLimit = core.RateLimitOptions{Account: ratelimit.Rule{Window: time.Minute, Max: 7}}
		})
		w.Client().Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase, "username": "adal"}).Want(t, 200, "")
		w.Clock.Add(time.Hour)
		for path, names := range map[string][]string{"/sign-in/email": {ada, "ADA@example.com"}, "/sign-in/username": {"adal", "ADAL"}, "/sign-in/phone-number": {"+15550100100", "+1 (555) 010-0100"}} {
			n := 0
			for i := range 40 {
				c, name := w.Client(), names[i%2]
				c.IP = fmt.Sprintf("198.51.100.%d", i)
				if a := c.Post(path, object{"email": name, "username": name, "phoneNumber": name, "password": "wrong passphrase"}); a.Status == 401 {
					n++
				} else {
					a.Want(t, 429, "TOO_MANY_REQUESTS")
				}
			}
			if n != 7 {
				t.Errorf("%s: %d guesses", path, n)
			}
		}
	})
}

// Every kind of value in every member of every route is an answer, and never a failure of
// the server.
func TestHostileInputOfPlugins(t *testing.T) {
	t.Parallel()
	fuzzRoutes(t, openWays(t, nil))
}

func TestPagesOfTheAPI(t *testing.T) {
	t.Parallel()
	t.Run("MIS-04 no route shows the description of the API", func(t *testing.T) {
		t.Parallel()
		w := openWays(t, nil)
		for _, path := range []string{"/reference", "/open-api/generate-schema", "/openapi.json", "/docs", "/"} {
			w.Client().Get(path).Want(t, 404, "NOT_FOUND")
		}
		mustNotContain(t, "the document", string(w.Auth.OpenAPI()), authtest.Secret, "viewBackupCodes", "/set-password", "createVerificationOTP", "consumePhoneNumberOTP")
	})
	t.Run("MIS-03 the cookie that scripts read has nothing but the method", func(t *testing.T) {
		t.Parallel()
		w := openWays(t, nil)
		c := join(t, w.Env, ada)
		if got := c.Cookie("better-auth.last_used_login_method"); got != "email" {
			t.Errorf("%q", got)
		}
		for _, path := range []string{"/callback/forged?code=x&state=y", "/callback/%3Cscript%3E?error=x", "/oauth2/callback/forged?code=x"} {
			c := bearing(w.Env, tokenCookie+"=x.y")
			if a := c.Get(path); strings.Contains(strings.Join(a.Header.Values("Set-Cookie"), "\n"), "last_used_login_method") {
				t.Errorf("%s: %v", path, a.Header)
			}
		}
	})
}

func fuzzRoutes(t *testing.T, w *ways) {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters  []struct{ Name, In string } `json:"parameters"`
			RequestBody struct {
				Content map[string]struct {
					Schema struct {
						Properties map[string]struct{ Type any } `json:"properties"`
					} `json:"schema"`
				} `json:"content"`
			} `json:"requestBody"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(w.Auth.OpenAPI(), &doc); err != nil {
		t.Fatal(err)
	}
	signed := w.Client()
	signed.Post("/sign-up/email", object{"name": "A", "email": ada, "password": passphrase}).Want(t, 200, "")
	full := object{"email": "n@example.com", "password": passphrase, "name": "N", "newPassword": passphrase, "currentPassword": passphrase, "newEmail": bob, "token": "x", "providerId": "x", "username": "adal", "otp": "123456", "type": "sign-in", "phoneNumber": "+15550100100", "code": "123456", "message": "x", "signature": "0x00", "walletAddress": wallet, "chainId": 1, "client_id": "x", "device_code": "x", "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "userCode": "ABCDEFGH", "slug": "s", "organizationId": "x", "role": "member", "invitationId": "x"}
	values := []any{nil, true, 0, 1.5, -1, 1e300, "", "x", []any{}, []any{"a"}, object{}, object{"$ne": nil}, object{"__proto__": object{"a": 1}}, strings.Repeat("a", 5000), strings.Repeat("é", 3000), "a\u0000b", "'; DROP TABLE user; --", "\u202e", "😀", "%00", "../../x", "\r\nSet-Cookie: a=b"}
	n := 0
	for path, methods := range doc.Paths {
		for method, op := range methods {
			var names []string
			for _, c := range op.RequestBody.Content {
				for name := range c.Schema.Properties {
					names = append(names, name)
				}
				break
			}
			p := strings.NewReplacer("{", "", "}", "").Replace(path)
			try := func(what string, a *authtest.Answer) {
				n++
				if a.Status >= 500 && a.Status != 501 {
					t.Errorf("INJ-03 INJ-04 INJ-08 %s %s %s: %d %s", method, p, what, a.Status, a.Body)
				}
			}
			if strings.EqualFold(method, "get") {
				for _, q := range op.Parameters {
					for _, v := range []string{"%00", "x", "", "%ff%fe", strings.Repeat("a", 5000), "%F0%9F%98%80", "a&" + q.Name + "=b", "%27%3B--", "%ED%A0%80"} {
						try(q.Name+"="+v[:min(len(v), 10)], signed.Copy().Get(p+"?"+q.Name+"="+v))
						try(q.Name+"="+v[:min(len(v), 10)], w.Client().Get(p+"?"+q.Name+"="+v))
					}
				}
				continue
			}
			for _, raw := range []string{`null`, `[]`, `"x"`, `1`, `{`, ``, `{"a":` + strings.Repeat("[", 300) + strings.Repeat("]", 300) + `}`, `{"__proto__":{"x":1},"constructor":1}`} {
				try("body "+raw[:min(len(raw), 20)], w.Client().Do(strings.ToUpper(method), p, raw))
			}
			if strings.Contains(p, "delete-user") || strings.Contains(p, "sign-out") || strings.Contains(p, "revoke") || strings.Contains(p, "delete-anonymous") {
				continue
			}
			for _, name := range names {
				for _, v := range values {
					body := object{}
					for k, x := range full {
						for _, known := range names {
							if k == known {
								body[k] = x
							}
						}
					}
					body[name] = v
					try(fmt.Sprintf("%s=%.30q", name, fmt.Sprint(v)), w.Client().Post(p, body))
					if !strings.Contains(p, "password") && !strings.Contains(p, "two-factor") && !strings.Contains(p, "sign-") {
						try(fmt.Sprintf("signed %s=%.30q", name, fmt.Sprint(v)), signed.Copy().Post(p, body))
					}
				}
			}
		}
	}
	if n < 5000 {
		t.Errorf("only %d calls", n)
	}
}
