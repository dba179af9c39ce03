package emailpassword_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	hashing "github.com/advantch/kernia-go/core/password"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

func TestChangePassword(t *testing.T) {
	t.Parallel()
	t.Run("PWR-08 wrong, missing and no password", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		c := signUp(t, e)
		c.Post("/change-password", body{"newPassword": another, "currentPassword": "wrong password"}).Want(t, 400, "INVALID_PASSWORD")
		c.Post("/change-password", body{"newPassword": another, "currentPassword": ""}).Want(t, 400, "INVALID_PASSWORD")
		c.Post("/change-password", body{"newPassword": another}).Want(t, 400, "VALIDATION_ERROR")
		c.Post("/change-password", body{"newPassword": another, "currentPassword": nil}).Want(t, 400, "VALIDATION_ERROR")
		e.Client().Post("/change-password", body{"newPassword": another, "currentPassword": password}).Want(t, 401, "UNAUTHORIZED")
		grace := session(t, e, social(t, e, "grace@example.com"))
		grace.Post("/change-password", body{"newPassword": another, "currentPassword": password}).Want(t, 400, "CREDENTIAL_ACCOUNT_NOT_FOUND")
		c.Post("/verify-password", body{"password": "wrong password"}).Want(t, 400, "INVALID_PASSWORD")
		c.Post("/verify-password", body{"password": password}).Want(t, 200, "")
		grace.Post("/verify-password", body{"password": password}).Want(t, 400, "INVALID_PASSWORD")
		signIn(e, email, password).Want(t, 200, "")
	})
	t.Run("a password that changes while it is being verified", func(t *testing.T) {
		t.Parallel()
		var w work
		e := open(t, both(w.counted, func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.RevokeSessionsOnReset = true }))
		c := signUp(t, e)
		// The thief knows the old password and is signing in with it, or changing it,
		// while the owner resets it.
		for name, thief := range map[string]func() *authtest.Answer{
			"sign-in": func() *authtest.Answer { return signIn(e, email, password).Want(t, 401, "INVALID_CREDENTIALS") },
			"change-password": func() *authtest.Answer {
				return c.Post("/change-password", body{"newPassword": "thieves' password", "currentPassword": password, "revokeOtherSessions": true}).
					Want(t, 400, "INVALID_PASSWORD")
			},
		} {
			w.hold = func(string) {
				w.hold = nil
				reset(e, resetToken(t, e, email), another).Want(t, 200, "")
			}
			a := thief()
			if strings.Contains(fmt.Sprint(a.Header.Values("Set-Cookie")), cookie) {
				t.Errorf("%s: cookies %v", name, a.Header.Values("Set-Cookie"))
			}
			wantRows(t, e, core.ModelSession, 0)
			signIn(e, email, another).Want(t, 200, "")
			// Back to the beginning.
			reset(e, resetToken(t, e, email), password).Want(t, 200, "")
			c = e.Client()
			c.Post("/sign-in/email", body{"email": email, "password": password}).Want(t, 200, "")
		}
	})
}

func TestSetPassword(t *testing.T) {
	t.Parallel()
	t.Run("PWR-09 set-password is not routed", func(t *testing.T) {
		t.Parallel()
		for _, compat := range []core.Compat{core.CompatKernia, core.CompatBetterAuth} {
			e := open(t, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) { o.Compat = compat })
			grace := session(t, e, social(t, e, "grace@example.com"))
			for _, method := range []string{"POST", "GET", "PUT"} {
				for _, path := range []string{"/set-password", "/setPassword", "/set-password/", "//set-password", "/"} {
					unknown := grace.Do(method, "/no-such-route", `{"newPassword":"another horse"}`)
					alike(t, method+" "+path, unknown, grace.Do(method, path, `{"newPassword":"another horse"}`))
				}
			}
			if strings.Contains(string(e.Auth.OpenAPI()), `"setPassword"`) {
				t.Error("OpenAPI lists it")
			}
			wantRows(t, e, core.ModelAccount, 1)
		}
	})
	t.Run("from Go", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		p, ok := emailpassword.From(e.Auth)
		if !ok {
			t.Fatal("the plugin is not installed")
		}
		call := func(c *authtest.Client, pw string) error {
			_, err := p.SetPassword.Call(context.Background(), &emailpassword.SetPasswordInput{NewPassword: pw},
				core.WithHeader(core.Fields{{Name: "Cookie", Value: c.CookieHeader()}}))
			return err
		}
		u := social(t, e, "grace@example.com")
		grace := session(t, e, u)
		wantCode(t, call(e.Client(), another), 401, "UNAUTHORIZED")
		wantCode(t, call(grace, "short"), 400, "PASSWORD_TOO_SHORT")
		wantCode(t, call(grace, strings.Repeat("x", 129)), 400, "PASSWORD_TOO_LONG")
		errs := make([]error, 50)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { errs[i] = call(grace, another) })
		}
		wg.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				wantCode(t, err, 400, "PASSWORD_ALREADY_SET")
			}
		}
		if won != 1 {
			t.Errorf("%d of 50 calls have set the password", won)
		}
		wantRows(t, e, core.ModelAccount, 2)
		signIn(e, "grace@example.com", another).Want(t, 200, "")
	})
}

func wantCode(t *testing.T, err error, status int, code string) {
	t.Helper()
	if e, ok := err.(*core.Error); !ok || e.Status != status || e.Code != code {
		t.Errorf("got %v, want %d %s", err, status, code)
	}
}

// setters are the routes that take a new password. Each returns its answer.
func setters(t *testing.T, e *authtest.Env, current, next string) map[string]*authtest.Answer {
	t.Helper()
	c := e.Client()
	c.Post("/sign-in/email", body{"email": email, "password": current}).Want(t, 200, "")
	return map[string]*authtest.Answer{
		"sign-up":         e.Client().Post("/sign-up/email", body{"name": "X", "email": "new@example.com", "password": next}),
		"reset-password":  reset(e, resetToken(t, e, email), next),
		"change-password": c.Post("/change-password", body{"currentPassword": current, "newPassword": next}),
	}
}

func TestPasswordLength(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		password string
		code     string
	}{
		"7 characters":                   {"1234567", "PASSWORD_TOO_SHORT"},
		"8 characters":                   {"12345678", ""},
		"64 characters":                  {strings.Repeat("x", 64), ""},
		"128 characters":                 {strings.Repeat("x", 128), ""},
		"129 characters":                 {strings.Repeat("x", 129), "PASSWORD_TOO_LONG"},
		"4 emoji of two code units each": {"🐎🐎🐎🐎", ""},
		"3 emoji":                        {"🐎🐎🐎", "PASSWORD_TOO_SHORT"},
		"64 emoji":                       {strings.Repeat("🐎", 64), ""},
		"65 emoji":                       {strings.Repeat("🐎", 65), "PASSWORD_TOO_LONG"},
		"128 letters of three bytes":     {strings.Repeat("ก", 128), ""},
		"spaces":                         {"        ", ""},
		"spaces around":                  {"  correct horse  ", ""},
		"quotes and control characters":  {"a'\"\\\t\x01\x7f--;", ""},
	} {
		t.Run("PWR-10 "+name, func(t *testing.T) {
			t.Parallel()
			status := 200
			if c.code != "" {
				status = 400
			}
			for route := range map[string]bool{"sign-up": true, "reset-password": true, "change-password": true} {
				e := open(t, nil)
				signUp(t, e)
				client := e.Client()
				client.Post("/sign-in/email", body{"email": email, "password": password}).Want(t, 200, "")
				var a *authtest.Answer
				address := email
				switch route {
				case "sign-up":
					address = "new@example.com"
					a = e.Client().Post("/sign-up/email", body{"name": "X", "email": address, "password": c.password})
				case "reset-password":
					a = reset(e, resetToken(t, e, email), c.password)
				default:
					a = client.Post("/change-password", body{"currentPassword": password, "newPassword": c.password})
				}
				if a.Want(t, status, c.code); status != 200 {
					continue
				}
				signIn(e, address, c.password).Want(t, 200, "")
				// Nothing was cut off, trimmed or added.
				for _, near := range []string{c.password + "x", c.password + " ", " " + c.password, strings.TrimSpace(c.password), c.password[:len(c.password)-1]} {
					if near != c.password {
						if got := signIn(e, address, near); got.Status != 401 && got.Status != 400 {
							t.Errorf("%s: %q opens it too", route, near)
						}
					}
				}
			}
		})
	}
	t.Run("PWR-10 other limits", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) {
			p.MinPasswordLength, p.MaxPasswordLength = 12, 300
		})
		up := func(n int) *authtest.Answer {
			return e.Client().Post("/sign-up/email", body{"name": "X", "email": fmt.Sprintf("u%d@example.com", n), "password": strings.Repeat("x", n)})
		}
		up(11).Want(t, 400, "PASSWORD_TOO_SHORT")
		up(12).Want(t, 200, "")
		up(300).Want(t, 200, "")
		up(301).Want(t, 400, "PASSWORD_TOO_LONG")
		signIn(e, "u300@example.com", strings.Repeat("x", 300)).Want(t, 200, "")
		if _, err := core.New(authtest.NewEnv(t).Options(emailpassword.New(emailpassword.Options{MinPasswordLength: 200}))); err == nil {
			t.Error("a minimum above the maximum was accepted")
		}
	})
	t.Run("DOS-03 a long password takes no place in the budget", func(t *testing.T) {
		t.Parallel()
		var w work
		e := open(t, both(w.counted, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
			o.Password.Parallel, o.Password.Queue = 1, -1
		}))
		signUp(t, e)
		// One verification holds the only place: every other one is refused.
		inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
		w.hold = func(password string) {
			if password == "slow password" {
				close(inside)
				<-leave
			}
		}
		go func() {
			defer close(done)
			signIn(e, email, "slow password").Want(t, 401, "INVALID_CREDENTIALS")
		}()
		<-inside
		for _, address := range []string{email, nobody} {
			signIn(e, address, "wrong password").Want(t, 503, "SERVER_BUSY")
			for _, size := range []int{129, 512 << 10} {
				signIn(e, address, strings.Repeat("x", size)).Want(t, 401, "INVALID_CREDENTIALS")
			}
		}
		close(leave)
		<-done
	})
	t.Run("DOS-12 wrong passwords lock nobody out", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) { o.RateLimit.Disabled = false })
		owner := signUp(t, e)
		limited := 0
		for i := range 60 {
			thief := e.Client()
			thief.IP = fmt.Sprintf("198.51.100.%d", i/10)
			if a := thief.Post("/sign-in/email", body{"email": email, "password": "wrong password"}); a.Status == 429 {
				limited++
			}
		}
		if limited != 42 { // of ten from each address three are admitted
			t.Errorf("%d guesses were limited", limited)
		}
		signIn(e, email, password).Want(t, 200, "")
		if !alive(t, owner) {
			t.Error("the owner was signed out")
		}
	})
	t.Run("PWR-11 ten megabytes", func(t *testing.T) {
		t.Parallel()
		var w work
		e := open(t, both(w.counted, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) { o.User.DeleteUser.Enabled = true }))
		c := signUp(t, e)
		tok := resetToken(t, e, email)
		for _, size := range []int{10 << 20, 512 << 10, 129} { // above and below the limit of the body; just too long
			long := strings.Repeat("x", size)
			cost := w.cost(func() {
				for path, in := range map[string]body{
					"/sign-up/email":   {"name": "X", "email": "new@example.com", "password": long},
					"/sign-in/email":   {"email": email, "password": long},
					"/reset-password":  {"token": tok, "newPassword": long},
					"/change-password": {"currentPassword": long, "newPassword": another},
					"/verify-password": {"password": long},
					"/delete-user":     {"password": long},
				} {
					a := c.Post(path, in)
					want := a.Status == 413 && a.Code() == "PAYLOAD_TOO_LARGE"
					if size < 1<<20 {
						want = a.Status == 400 || a.Status == 401
					}
					if !want {
						t.Errorf("%s answered %d %s", path, a.Status, a.Body)
					}
				}
			})
			if cost != 0 {
				t.Errorf("%d bytes cost %d units of hashing", size, cost)
			}
		}
	})
	t.Run("PWR-12 forms of Unicode", func(t *testing.T) {
		t.Parallel()
		forms := []string{"caf\u00e9 \ufb01ne \u2460", "cafe\u0301 \ufb01ne \u2460", "cafe\u0301 fine 1"} // NFC, NFD and NFKC of one text
		scrypt := hashing.Scrypt
		for _, algorithm := range []*hashing.Algorithm{nil, &scrypt} {
			for i, up := range forms {
				if algorithm != nil && i > 0 {
					break // its parameters are fixed and expensive
				}
				e := open(t, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) { o.Password.Algorithm = algorithm })
				e.Client().Post("/sign-up/email", body{"name": "X", "email": email, "password": up}).Want(t, 200, "")
				for _, in := range forms {
					signIn(e, email, in).Want(t, 200, "")
				}
				signIn(e, email, "cafe fine 1").Want(t, 401, "INVALID_CREDENTIALS")
			}
		}
	})
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) {
		p.CheckPassword = func(_ context.Context, pw string) error {
			if pw == "password1234" {
				return core.Fail(400, core.CodePasswordCompromised)
			}
			return nil
		}
	})
	signUp(t, e)
	for route, a := range setters(t, e, password, "password1234") {
		if a.Status != 400 || a.Code() != "PASSWORD_COMPROMISED" {
			t.Errorf("%s answered %d %s", route, a.Status, a.Body)
		}
	}
	p, _ := emailpassword.From(e.Auth)
	grace := session(t, e, social(t, e, "grace@example.com"))
	_, err := p.SetPassword.Call(context.Background(), &emailpassword.SetPasswordInput{NewPassword: "password1234"},
		core.WithHeader(core.Fields{{Name: "Cookie", Value: grace.CookieHeader()}}))
	wantCode(t, err, 400, "PASSWORD_COMPROMISED")
	signIn(e, email, password).Want(t, 200, "")
}

func TestRehash(t *testing.T) {
	t.Parallel()
	t.Run("PWR-18 weaker parameters are upgraded", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
			o.Password.Argon2 = hashing.Argon2Params{Memory: 64, Time: 2, Threads: 1}
		})
		c := signUp(t, e)
		weak, err := hashing.New(hashing.Options{Argon2: hashing.Argon2Params{Memory: 8, Time: 1, Threads: 1}})
		if err != nil {
			t.Fatal(err)
		}
		for name, use := range map[string]func(pw string) *authtest.Answer{
			"sign-in":         func(pw string) *authtest.Answer { return signIn(e, email, pw) },
			"verify-password": func(pw string) *authtest.Answer { return c.Post("/verify-password", body{"password": pw}) },
		} {
			hash, err := weak.Hash(t.Context(), password)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := e.Auth.DB().UpdateMany(t.Context(), core.ModelAccount, adapter.By("providerId", "credential"), adapter.Record{"password": hash}); err != nil {
				t.Fatal(err)
			}
			current := func() string { return wantRows(t, e, core.ModelAccount, 1)[0]["password"].(string) }
			if a := use("wrong password"); a.Status < 400 || current() != hash {
				t.Errorf("%s: after a wrong password: %d, hash %s", name, a.Status, current())
			}
			use(password).Want(t, 200, "")
			if got := current(); !strings.HasPrefix(got, "$argon2id$v=19$m=64,t=2,p=1$") {
				t.Errorf("%s: the hash is %s", name, got)
			}
			use(password).Want(t, 200, "")
		}
		rehashed := 0
		for _, ev := range e.Events() {
			if ev.Type == core.EventPasswordRehashed {
				rehashed++
			}
		}
		if rehashed != 2 {
			t.Errorf("%d events, want 2", rehashed)
		}
	})
	t.Run("a change of password also works from an old hash", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
			o.Password.Argon2 = hashing.Argon2Params{Memory: 64, Time: 2, Threads: 1}
		})
		c := signUp(t, e)
		weak, _ := hashing.New(hashing.Options{Argon2: authtest.FastPasswords})
		hash, err := weak.Hash(t.Context(), password)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Auth.DB().UpdateMany(t.Context(), core.ModelAccount, adapter.By("providerId", "credential"), adapter.Record{"password": hash}); err != nil {
			t.Fatal(err)
		}
		c.Post("/change-password", body{"currentPassword": password, "newPassword": another}).Want(t, 200, "")
		signIn(e, email, another).Want(t, 200, "")
	})
}

func TestDeleteUser(t *testing.T) {
	t.Parallel()
	enabled := func(e *authtest.Env, o *core.Options, _ *emailpassword.Options) { o.User.DeleteUser.Enabled = true }
	t.Run("PWR-19 wrong password, old session, not enabled", func(t *testing.T) {
		t.Parallel()
		off := open(t, nil)
		signUp(t, off).Post("/delete-user", body{"password": password}).Want(t, 404, "NOT_FOUND")
		wantRows(t, off, core.ModelUser, 1)
		e := open(t, enabled)
		c := signUp(t, e)
		c.Post("/delete-user", body{"password": "wrong password"}).Want(t, 400, "INVALID_PASSWORD")
		e.Client().Post("/delete-user", body{"password": password}).Want(t, 401, "UNAUTHORIZED")
		session(t, e, social(t, e, "grace@example.com")).Post("/delete-user", body{"password": password}).Want(t, 400, "CREDENTIAL_ACCOUNT_NOT_FOUND")
		e.Clock.Add(24 * time.Hour)
		c.Post("/delete-user", body{}).Want(t, 400, "SESSION_EXPIRED")
		c.Post("/delete-user", body{"password": ""}).Want(t, 400, "SESSION_EXPIRED")
		c.Post("/delete-user", body{"token": "guess"}).Want(t, 404, "INVALID_TOKEN")
		wantRows(t, e, core.ModelUser, 2)
		c.Post("/delete-user", body{"password": password}).Want(t, 200, "")
		wantRows(t, e, core.ModelUser, 1)
	})
	t.Run("PWR-19 the callback fifty times", func(t *testing.T) {
		t.Parallel()
		var mu sync.Mutex
		deleted := 0
		e := open(t, func(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
			o.User.DeleteUser = core.DeleteUserOptions{Enabled: true, SendVerification: e.Mail("delete-user"),
				AfterDelete: func(context.Context, *core.User) error {
					mu.Lock()
					defer mu.Unlock()
					deleted++
					return nil
				}}
		})
		c := signUp(t, e)
		c.Post("/delete-user", body{}).Want(t, 200, "")
		link := "/delete-user/callback?token=" + e.LastMail().Token
		social(t, e, "grace@example.com")
		answers := make([]*authtest.Answer, 50)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = c.Copy().Get(link) })
		}
		wg.Wait()
		won := 0
		for _, a := range answers {
			switch {
			case a.Status == 200:
				won++
			case a.Status != 404:
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
		}
		if won != 1 || deleted != 1 {
			t.Errorf("%d answers of success and %d deletions, want one", won, deleted)
		}
		wantRows(t, e, core.ModelUser, 1)
		c.Get(link).Want(t, 404, "FAILED_TO_GET_USER_INFO")
	})
	t.Run("PWR-19 an expired link and an untrusted target", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
			o.User.DeleteUser = core.DeleteUserOptions{Enabled: true, SendVerification: e.Mail("delete-user"), TokenTTL: time.Hour}
		})
		c := signUp(t, e)
		c.Post("/delete-user", body{}).Want(t, 200, "")
		link := "/delete-user/callback?token=" + e.LastMail().Token
		c.Get(link+"&callbackURL=https%3A%2F%2Fevil.example").Want(t, 403, "INVALID_CALLBACK_URL")
		e.Clock.Add(time.Hour)
		c.Get(link).Want(t, 404, "INVALID_TOKEN")
		wantRows(t, e, core.ModelUser, 1)
	})
}

// TestDefaultHashes stores the format of each mode, with the costs of production.
func TestDefaultHashes(t *testing.T) {
	t.Parallel()
	for compat, form := range map[core.Compat]string{
		core.CompatKernia: `^\$argon2id\$v=19\$m=65536,t=3,p=4\$`, core.CompatBetterAuth: `^[0-9a-f]{32}:[0-9a-f]{128}$`,
	} {
		e := open(t, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
			o.Compat, o.Password = compat, core.PasswordOptions{}
		})
		signUp(t, e)
		if got, _ := wantRows(t, e, core.ModelAccount, 1)[0]["password"].(string); !regexp.MustCompile(form).MatchString(got) {
			t.Errorf("mode %v: %.40s", compat, got)
		}
	}
}
