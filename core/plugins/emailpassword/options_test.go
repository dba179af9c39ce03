package emailpassword_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
)

func TestDisableSignUp(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.DisableSignUp = true })
	e.Client().Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 400, "EMAIL_PASSWORD_SIGN_UP_DISABLED")
	wantRows(t, e, core.ModelUser, 0)
	// Existing users can still sign in.
	social(t, e, email)
	reset(e, resetToken(t, e, email), password).Want(t, 200, "")
	signIn(e, email, password).Want(t, 200, "")
}

func TestDisableAutoSignIn(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.DisableAutoSignIn = true })
	c := e.Client()
	a := c.Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
	if len(a.Header.Values("Set-Cookie")) != 0 || alive(t, c) {
		t.Errorf("sign-up has set %v", a.Header.Values("Set-Cookie"))
	}
	wantRows(t, e, core.ModelSession, 0)
	c.Post("/sign-in/email", body{"email": email, "password": password}).Want(t, 200, "")
	if !alive(t, c) {
		t.Error("sign-in has not signed in")
	}
}

func TestRequireEmailVerification(t *testing.T) {
	t.Parallel()
	for name, onSignIn := range map[string]bool{"mail at sign-up": false, "mail at sign-in too": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t, func(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
				p.RequireEmailVerification = true
				o.EmailVerification.Send, o.EmailVerification.SendOnSignIn = e.Mail("verify-email"), onSignIn
			})
			signUp(t, e)
			wantRows(t, e, core.ModelSession, 0)
			e.Client().Post("/sign-in/email", body{"email": email, "password": password, "callbackURL": "/welcome"}).Want(t, 403, "EMAIL_NOT_VERIFIED")
			mails := e.Mails()
			if want := 1 + map[bool]int{true: 1}[onSignIn]; len(mails) != want || mails[0].Kind != "verify-email" || mails[0].To != email {
				t.Fatalf("the mails are %+v, want %d", mails, want)
			}
			if onSignIn && !strings.HasSuffix(mails[1].URL, "&callbackURL=%2Fwelcome") {
				t.Errorf("the mail leads to %s", mails[1].URL)
			}
			wantRows(t, e, core.ModelSession, 0)
			e.Client().Get("/verify-email?token="+mails[0].Token).Want(t, 200, "")
			signIn(e, email, password).Want(t, 200, "")
		})
	}
	for name, c := range map[string]struct {
		send *bool
		want int
	}{"not set": {nil, 0}, "true": {new(true), 1}, "false": {new(false), 0}} {
		t.Run("SendOnSignUp without the requirement, "+name, func(t *testing.T) {
			t.Parallel()
			e := open(t, func(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
				o.EmailVerification.Send, o.EmailVerification.SendOnSignUp = e.Mail("verify-email"), c.send
			})
			signUp(t, e)
			if n := len(e.Mails()); n != c.want {
				t.Errorf("%d mails, want %d", n, c.want)
			}
		})
	}
}

func TestRememberMe(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	for path, in := range map[string]body{
		"/sign-up/email": {"name": "Ada", "email": "new@example.com", "password": password, "rememberMe": false},
		"/sign-in/email": {"email": email, "password": password, "rememberMe": false},
	} {
		if path == "/sign-in/email" {
			signUp(t, e)
		}
		c := e.Client()
		a := c.Post(path, in).Want(t, 200, "")
		if got := a.JSON("session", "expiresAt"); got != "2026-01-02T00:00:00.000Z" {
			t.Errorf("%s: the session expires at %s", path, got)
		}
		for _, line := range a.Header.Values("Set-Cookie") {
			if strings.Contains(line, "Max-Age") {
				t.Errorf("%s: the cookie outlives the browser: %s", path, line)
			}
		}
		if c.Cookie("better-auth.dont_remember") == "" {
			t.Errorf("%s: no dont_remember cookie", path)
		}
	}
}

func TestExistingUser(t *testing.T) {
	t.Parallel()
	var told []string
	fail := errors.New("smtp: down")
	e := open(t, func(_ *authtest.Env, o *core.Options, p *emailpassword.Options) {
		o.User.Fields = []schema.Field{{Name: "plan", Type: schema.String, Default: schema.Value("free")}, {Name: "role", Type: schema.String, Optional: true, NoInput: true}}
		p.DisableAutoSignIn = true
		p.OnExistingUserSignUp = func(_ context.Context, u *core.User) error {
			told = append(told, u.Email+" "+u.Name)
			return fail
		}
		p.SyntheticUser = func(u *core.User) {
			core.Field[string]{Name: "role"}.Set(&u.Extra, "user")
		}
		o.Store.User.BeforeCreate = func(_ context.Context, u *core.User) error {
			core.Field[string]{Name: "role"}.Set(&u.Extra, "user") // as another plugin would
			return nil
		}
	})
	free := e.Client().Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
	if len(told) != 0 {
		t.Errorf("told of %v", told)
	}
	used := e.Client().Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
	if got, want := random.ReplaceAllString(used.Body, ""), random.ReplaceAllString(free.Body, ""); got != want || !strings.Contains(got, `"plan":"free","role":"user"`) {
		t.Errorf("a used address is answered\n%s\na free one\n%s", got, want)
	}
	if !slices.Equal(told, []string{email + " Ada"}) {
		t.Errorf("told of %v", told)
	}
	if log := e.Log.String(); !strings.Contains(log, "smtp: down") {
		t.Error("the operator was not told of the failure")
	}
	// Where sign-up signs in, a used address is refused openly and nobody is told.
	told = nil
	plain := open(t, func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) {
		p.OnExistingUserSignUp = func(context.Context, *core.User) error { told = append(told, "x"); return nil }
	})
	signUp(t, plain)
	plain.Client().Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 409, "EMAIL_ALREADY_IN_USE")
	if len(told) != 0 {
		t.Error("the owner was told")
	}
}

func TestHashAndVerify(t *testing.T) {
	t.Parallel()
	var w work
	e := open(t, w.counted)
	c := signUp(t, e)
	if got := wantRows(t, e, core.ModelAccount, 1)[0]["password"]; got != "plain:"+password {
		t.Errorf("stored %v", got)
	}
	signIn(e, email, password).Want(t, 200, "")
	signIn(e, email, another).Want(t, 401, "INVALID_CREDENTIALS")
	c.Post("/change-password", body{"currentPassword": password, "newPassword": another}).Want(t, 200, "")
	reset(e, resetToken(t, e, email), password).Want(t, 200, "")
	if got := wantRows(t, e, core.ModelAccount, 1)[0]["password"]; got != "plain:"+password {
		t.Errorf("stored %v", got)
	}
	if h, v := w.hashes.Load(), w.verifies.Load(); h != 3 || v != 3 {
		t.Errorf("%d hashes and %d verifications, want 3 and 3", h, v)
	}
	for name, p := range map[string]emailpassword.Options{
		"only Hash":   {Hash: func(context.Context, string) (string, error) { return "", nil }},
		"only Verify": {Verify: func(context.Context, string, string) (bool, error) { return true, nil }},
	} {
		if _, err := core.New(authtest.NewEnv(t).Options(emailpassword.New(p))); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	t.Run("that fail", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) {
			p.Hash = func(context.Context, string) (string, error) { return "", errors.New("hsm: hunter2") }
			p.Verify = func(context.Context, string, string) (bool, error) { return true, errors.New("hsm: hunter2") }
		})
		for path, in := range map[string]body{
			"/sign-up/email": {"name": "Ada", "email": email, "password": password}, "/sign-in/email": {"email": nobody, "password": password},
		} {
			c := e.Client()
			if a := c.Post(path, in).Want(t, 500, "INTERNAL_SERVER_ERROR"); strings.Contains(a.Body, "hunter2") || alive(t, c) {
				t.Errorf("%s answered %s", path, a.Body)
			}
		}
		wantRows(t, e, core.ModelUser, 0)
	})
}

func TestSignInHeaders(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	signUp(t, e)
	a := e.Client().Post("/sign-in/email", body{"email": email, "password": password, "callbackURL": "/x"}).Want(t, 200, "")
	if a.Header.Get("Location") != "/x" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", a.Header)
	}
	e.Client().Post("/sign-in/email", body{"email": email, "password": password, "callbackURL": "https://evil.example"}).Want(t, 403, "INVALID_CALLBACK_URL")
	form := e.Client().Do("POST", "/sign-in/email", "email=ada%40example.com&password=correct+horse", core.HeaderField{Name: "Content-Type", Value: "application/x-www-form-urlencoded"})
	form.Want(t, 200, "")
}

func TestEvents(t *testing.T) {
	t.Parallel()
	e := open(t, nil)
	c := signUp(t, e)
	signIn(e, email, "wrong password")
	signIn(e, nobody, "wrong password")
	c.Post("/change-password", body{"currentPassword": password, "newPassword": another}).Want(t, 200, "")
	tok := resetToken(t, e, email)
	e.Clock.Add(time.Minute)
	reset(e, tok, password).Want(t, 200, "")
	userID := wantRows(t, e, core.ModelUser, 1)[0]["id"].(string)
	type short struct {
		kind core.EventType
		user string
	}
	var got []short
	for _, ev := range e.Events() {
		got = append(got, short{ev.Type, ev.UserID})
		if ev.IP != "203.0.113.7" || ev.UserAgent != "authtest" || ev.Time.IsZero() {
			t.Errorf("event %+v", ev)
		}
	}
	want := []short{
		{core.EventSignUp, userID}, {core.EventSignIn, userID}, {core.EventSignInFailed, userID}, {core.EventSignInFailed, ""},
		{core.EventPasswordChanged, userID}, {core.EventPasswordResetAsked, userID}, {core.EventPasswordReset, userID},
	}
	if !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
}
