package emailpassword_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/ratelimit"
)

var random = regexp.MustCompile(`"[A-Za-z0-9]{32}"`)

const (
	userJSON    = `{"name":"Ada","email":"ada@example.com","emailVerified":false,"image":null,"createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z","id":"…"}`
	sessionJSON = `{"expiresAt":"2026-01-08T00:00:00.000Z","token":"…","createdAt":"2026-01-01T00:00:00.000Z","updatedAt":"2026-01-01T00:00:00.000Z",` +
		`"ipAddress":"203.0.113.7","userAgent":"authtest","userId":"…","id":"…"}`
)

// exchange is a request and its answer, with random values blotted out. The bodies
// of CompatBetterAuth were read from better-auth 1.6.11 on SQLite.
type exchange struct {
	method, path string
	body         any
	status       int
	betterAuth   string
	kernia       string // "" when it is the same
	kerniaStatus int    // 0 when it is the same
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	credentials := body{"email": "ada@example.com", "password": password}
	signUpBody := body{"name": "Ada", "email": "Ada@Example.com", "password": password}
	member := []exchange{
		{"POST", "/sign-up/email", signUpBody, 200, `{"token":"…","user":` + userJSON + `}`, `{"token":"…","user":` + userJSON + `,"session":` + sessionJSON + `}`, 0},
		{"POST", "/sign-up/email", signUpBody, 422, `{"message":"User already exists. Use another email.","code":"USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"}`,
			`{"message":"User already exists. Use another email.","code":"EMAIL_ALREADY_IN_USE"}`, 409},
		{"POST", "/sign-up/email", body{"name": "Ada", "email": "x@example.com", "password": "short"}, 400, `{"message":"Password too short","code":"PASSWORD_TOO_SHORT"}`, "", 0},
		{"POST", "/sign-in/email", body{"email": email, "password": "wrong horse"}, 401, `{"message":"Invalid email or password","code":"INVALID_EMAIL_OR_PASSWORD"}`,
			`{"message":"Invalid email or password","code":"INVALID_CREDENTIALS"}`, 0},
		{"POST", "/sign-in/email", body{"email": email, "password": password, "callbackURL": "/x"}, 200, `{"redirect":true,"token":"…","url":"/x","user":` + userJSON + `}`,
			`{"redirect":true,"token":"…","url":"/x","user":` + userJSON + `,"session":` + sessionJSON + `}`, 0},
		{"POST", "/sign-in/email", credentials, 200, `{"redirect":false,"token":"…","user":` + userJSON + `}`,
			`{"redirect":false,"token":"…","user":` + userJSON + `,"session":` + sessionJSON + `}`, 0},
		{"GET", "/get-session", nil, 200, `{"session":` + sessionJSON + `,"user":` + userJSON + `}`, "", 0},
		{"POST", "/change-password", body{"currentPassword": password, "newPassword": password, "revokeOtherSessions": true}, 200, `{"token":"…","user":` + userJSON + `}`, "", 0},
		{"POST", "/change-password", body{"currentPassword": password, "newPassword": password}, 200, `{"token":null,"user":` + userJSON + `}`, "", 0},
		{"POST", "/verify-password", body{"password": password}, 200, `{"status":true}`, "", 0},
		{"POST", "/request-password-reset", body{"email": email}, 200,
			`{"status":true,"message":"If this email exists in our system, check your email for the reset link"}`, "", 0},
		{"POST", "/reset-password", body{"newPassword": password, "token": "x"}, 400, `{"message":"Invalid token","code":"INVALID_TOKEN"}`, "", 0},
		{"POST", "/reset-password", body{"token": "x"}, 400,
			`{"message":"[body.newPassword] Invalid input: expected string, received undefined","code":"VALIDATION_ERROR"}`, "", 0},
		// The two aliases of CompatKernia.
		{"POST", "/reset-password", body{"password": password, "token": "x"}, 400,
			`{"message":"[body.newPassword] Invalid input: expected string, received undefined","code":"VALIDATION_ERROR"}`,
			`{"message":"Invalid token","code":"INVALID_TOKEN"}`, 0},
		{"POST", "/forget-password", body{"email": email}, 404, "",
			`{"status":true,"message":"If this email exists in our system, check your email for the reset link"}`, 200},
	}
	quiet := []exchange{
		{"POST", "/sign-up/email", signUpBody, 200, `{"token":null,"user":` + userJSON + `}`, "", 0},
		{"POST", "/sign-up/email", signUpBody, 200, `{"token":null,"user":` + userJSON + `}`, "", 0},
	}
	sets := map[string]struct {
		change    settings
		exchanges []exchange
	}{
		"defaults":          {nil, member},
		"DisableAutoSignIn": {func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.DisableAutoSignIn = true }, quiet},
		"RequireEmailVerification": {func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.RequireEmailVerification = true },
			append(quiet[:2:2], exchange{"POST", "/sign-in/email", credentials, 403, `{"message":"Email not verified","code":"EMAIL_NOT_VERIFIED"}`, "", 0})},
		"DisableSignUp": {func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.DisableSignUp = true },
			[]exchange{{"POST", "/sign-up/email", signUpBody, 400, `{"message":"Email and password sign up is not enabled","code":"EMAIL_PASSWORD_SIGN_UP_DISABLED"}`, "", 0}}},
		"DisableSignIn": {func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.DisableSignIn = true },
			[]exchange{{"POST", "/sign-in/email", credentials, 400, `{"message":"Email and password is not enabled","code":"EMAIL_PASSWORD_DISABLED"}`, "", 0}}},
	}
	for name, set := range sets {
		for _, compat := range []core.Compat{core.CompatKernia, core.CompatBetterAuth} {
			mode := map[core.Compat]string{core.CompatKernia: "kernia", core.CompatBetterAuth: "better-auth"}[compat]
			t.Run(name+", "+mode, func(t *testing.T) {
				t.Parallel()
				change := set.change
				if change == nil {
					change = func(*authtest.Env, *core.Options, *emailpassword.Options) {}
				}
				e := open(t, both(change, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) { o.Compat = compat }))
				c := e.Client()
				for _, x := range set.exchanges {
					status, want := x.status, x.betterAuth
					if compat == core.CompatKernia && x.kernia != "" {
						want = x.kernia
					}
					if compat == core.CompatKernia && x.kerniaStatus != 0 {
						status = x.kerniaStatus
					}
					var a *authtest.Answer
					if x.method == "GET" {
						a = c.Get(x.path)
					} else {
						a = c.Post(x.path, x.body)
					}
					if got := random.ReplaceAllString(a.Body, `"…"`); a.Status != status || got != want {
						t.Errorf("%s %s %v answered\n%d %s, want\n%d %s", x.method, x.path, x.body, a.Status, got, status, want)
					}
				}
			})
		}
	}
}

func TestForgetPassword(t *testing.T) {
	t.Parallel()
	t.Run("is no route under CompatBetterAuth", func(t *testing.T) {
		t.Parallel()
		e := open(t, betterAuth)
		signUp(t, e)
		for _, method := range []string{"POST", "GET", "OPTIONS", "HEAD", "PUT"} {
			for _, path := range []string{"/forget-password", "/forget-password/", "/forget-password?x=1"} {
				for _, content := range []string{`{"email":"ada@example.com"}`, `{bad`, ""} {
					unknown := e.Client().Do(method, strings.Replace(path, "forget-password", "no-such-route", 1), content)
					alike(t, method+" "+path, unknown, e.Client().Do(method, path, content))
				}
			}
		}
		if len(e.Mails()) != 0 {
			t.Error("a mail was sent")
		}
		for _, op := range e.Auth.Operations() {
			if op.Path == "/forget-password" {
				t.Errorf("the operation %s is installed", op.ID)
			}
		}
	})
	t.Run("is counted as an unknown route under CompatBetterAuth", func(t *testing.T) {
		t.Parallel()
		limited := func() *authtest.Env {
			return open(t, both(betterAuth, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
				o.RateLimit = core.RateLimitOptions{Default: ratelimit.Rule{Window: time.Minute, Max: 5}}
			}))
		}
		a, b := limited(), limited()
		for i := range 7 {
			known := a.Client().Post("/no-such-route", body{})
			alias := b.Client().Post("/forget-password", body{})
			alike(t, "the answer", known, alias)
			if want := map[bool]int{true: 429, false: 404}[i >= 5]; alias.Status != want {
				t.Errorf("request %d is answered %d, want %d", i+1, alias.Status, want)
			}
		}
	})
	t.Run("is the same route under CompatKernia", func(t *testing.T) {
		t.Parallel()
		var seen []string
		e := open(t, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
			o.RateLimit = core.RateLimitOptions{}
			o.Before = func(c *core.Ctx) error {
				seen = append(seen, c.Path())
				return nil
			}
		})
		// One counter for both paths: the alias allows no further mails.
		for i, path := range []string{"/forget-password", "/request-password-reset", "/forget-password", "/request-password-reset", "/forget-password"} {
			a := e.Client().Post(path, body{"email": email})
			if want := map[bool]int{true: 429, false: 200}[i >= 3]; a.Status != want {
				t.Errorf("request %d is answered %d, want %d", i+1, a.Status, want)
			}
		}
		for _, path := range seen {
			if path != "/request-password-reset" {
				t.Errorf("hooks see the path %s", path)
			}
		}
		e.Client().Get("/forget-password").Want(t, 404, "NOT_FOUND")
	})
	t.Run("checks its redirect", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		e.Client().Post("/forget-password", body{"email": email, "redirectTo": "https://evil.example"}).Want(t, 403, "INVALID_REDIRECT_URL")
	})
	t.Run("is disabled with its route, or alone", func(t *testing.T) {
		t.Parallel()
		for disabled, left := range map[string]string{"/request-password-reset": "", "/forget-password": "/request-password-reset"} {
			e := open(t, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) { o.DisabledPaths = []string{disabled} })
			e.Client().Post("/forget-password", body{"email": email}).Want(t, 404, "NOT_FOUND")
			a := e.Client().Post("/request-password-reset", body{"email": email})
			if want := map[bool]int{true: 200, false: 404}[left != ""]; a.Status != want {
				t.Errorf("%s disabled: answered %d, want %d", disabled, a.Status, want)
			}
		}
	})
}

func TestPasswordForNewPassword(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	signUp(t, e)
	c := e.Client()
	c.Post("/reset-password", body{"token": resetToken(t, e, email), "password": another}).Want(t, 200, "")
	signIn(e, email, another).Want(t, 200, "")
	// The name of Better Auth 1.6 wins with any value.
	c.Post("/reset-password", body{"token": resetToken(t, e, email), "password": "the wrong one", "newPassword": password}).Want(t, 200, "")
	signIn(e, email, password).Want(t, 200, "")
	tok := resetToken(t, e, email)
	c.Post("/reset-password", body{"token": tok, "password": another, "newPassword": nil}).Want(t, 400, "VALIDATION_ERROR")
	c.Post("/reset-password", body{"token": tok, "password": another, "newPassword": ""}).Want(t, 400, "PASSWORD_TOO_SHORT")
	c.Post("/reset-password", body{"token": tok, "password": 5}).Want(t, 400, "VALIDATION_ERROR")
	c.Post("/reset-password", `[{"password":"another horse"}]`).Want(t, 400, "VALIDATION_ERROR")
	c.Post("/reset-password", body{"token": tok, "password": "short"}).Want(t, 400, "PASSWORD_TOO_SHORT")
	// No other route has it.
	in := e.Client()
	in.Post("/sign-in/email", body{"email": email, "password": password}).Want(t, 200, "")
	in.Post("/change-password", body{"currentPassword": password, "password": another}).Want(t, 400, "VALIDATION_ERROR")
	p, _ := emailpassword.From(e.Auth)
	if _, err := p.ResetPassword.Call(context.Background(), &emailpassword.ResetPasswordInput{NewPassword: another, Token: &tok}); err != nil {
		t.Error(err)
	}
	signIn(e, email, another).Want(t, 200, "")
}
