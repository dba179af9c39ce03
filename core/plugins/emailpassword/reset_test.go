package emailpassword_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/storage"
)

func TestResetToken(t *testing.T) {
	t.Parallel()
	t.Run("PWR-01 a used token", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		signUp(t, e)
		tok := resetToken(t, e, email)
		reset(e, tok, another).Want(t, 200, "")
		reset(e, tok, password).Want(t, 400, "INVALID_TOKEN")
		signIn(e, email, another).Want(t, 200, "")
		a := e.Client().Get("/reset-password/"+tok+"?callbackURL=%2Freset").Want(t, 302, "")
		if _, q := a.Location(); q.Get("error") != "INVALID_TOKEN" || q.Has("token") {
			t.Errorf("the link of a used token leads to %v", q)
		}
	})
	t.Run("PWR-02 fifty resets with one token", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		signUp(t, e)
		tok := resetToken(t, e, email)
		answers := make([]*authtest.Answer, 50)
		var wg sync.WaitGroup
		for i := range answers {
			wg.Go(func() { answers[i] = reset(e, tok, another) })
		}
		wg.Wait()
		won := 0
		for _, a := range answers {
			if a.Status == 200 {
				won++
			} else {
				a.Want(t, 400, "INVALID_TOKEN")
			}
		}
		if won != 1 {
			t.Errorf("%d resets have succeeded", won)
		}
	})
	for name, c := range map[string]struct {
		ttl, wait time.Duration
		status    int
		code      string
	}{
		"PWR-03 one millisecond before the expiry": {0, time.Hour - time.Millisecond, 200, ""},
		"PWR-03 at the expiry":                     {0, time.Hour, 400, "INVALID_TOKEN"},
		"PWR-03 a day after the expiry":            {0, 25 * time.Hour, 400, "INVALID_TOKEN"},
		"PWR-03 ResetTokenTTL, before":             {5 * time.Minute, 5*time.Minute - time.Second, 200, ""},
		"PWR-03 ResetTokenTTL, after":              {5 * time.Minute, 5 * time.Minute, 400, "INVALID_TOKEN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := open(t, func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.ResetTokenTTL = c.ttl })
			signUp(t, e)
			tok := resetToken(t, e, email)
			e.Clock.Add(c.wait)
			a := e.Client().Get("/reset-password/"+tok+"?callbackURL=%2Freset").Want(t, 302, "")
			if _, q := a.Location(); q.Has("token") != (c.status == 200) || q.Has("error") == (c.status == 200) {
				t.Errorf("the link leads to %v", q)
			}
			reset(e, tok, another).Want(t, c.status, c.code)
		})
	}
	t.Run("PWR-04 a token from a dump of the database", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		signUp(t, e)
		tok := resetToken(t, e, email)
		v := wantRows(t, e, core.ModelVerification, 1)[0]
		for field, value := range v {
			if text, ok := value.(string); ok && strings.Contains(text, tok) {
				t.Errorf("%s holds the token: %s", field, text)
			}
		}
		for _, leaked := range []string{v["identifier"].(string), v["id"].(string), v["value"].(string)} {
			reset(e, leaked, another).Want(t, 400, "INVALID_TOKEN")
			reset(e, strings.TrimPrefix(leaked, "reset-password:"), another).Want(t, 400, "INVALID_TOKEN")
		}
		// Plain values of Better Auth are still accepted, so that links survive a move.
		store := e.Auth.Store()
		if _, err := e.Auth.DB().Create(t.Context(), core.ModelVerification, map[string]any{
			"identifier": "reset-password:plaintoken", "value": v["value"], "expiresAt": e.Auth.Now().Add(time.Hour),
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := store.FindVerification(t.Context(), "reset-password:plaintoken"); err != nil {
			t.Fatal(err)
		}
		reset(e, "plaintoken", another).Want(t, 200, "")
	})
	t.Run("PWR-05 a token belongs to one user", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		signUp(t, e)
		e.Client().Post("/sign-up/email", body{"name": "Bob", "email": "bob@example.com", "password": password}).Want(t, 200, "")
		bob := resetToken(t, e, "bob@example.com")
		tok := resetToken(t, e, email)
		// The token decides, whatever else is in the body or query.
		e.Client().Post("/reset-password?email=bob@example.com&userId=x&token="+bob, body{
			"token": tok, "newPassword": another, "email": "bob@example.com", "userId": wantRows(t, e, core.ModelUser, 2)[1]["id"], "user": body{"email": "bob@example.com"},
		}).Want(t, 200, "")
		signIn(e, email, another).Want(t, 200, "")
		signIn(e, "bob@example.com", password).Want(t, 200, "")
		reset(e, bob, another).Want(t, 200, "")
		// The last of two equal names in JSON counts, as in JavaScript.
		first, second := resetToken(t, e, email), resetToken(t, e, "bob@example.com")
		e.Client().Post("/reset-password", `{"token":"`+first+`","token":"`+second+`","newPassword":"yet another horse"}`).Want(t, 200, "")
		signIn(e, email, another).Want(t, 200, "")
		signIn(e, "bob@example.com", "yet another horse").Want(t, 200, "")
		for _, bad := range []string{`["a"]`, `{"$ne":""}`, `1`, `true`} {
			e.Client().Post("/reset-password", `{"token":`+bad+`,"newPassword":"yet another horse"}`).Want(t, 400, "VALIDATION_ERROR")
		}
		e.Client().Post("/request-password-reset", `{"email":["`+email+`","eve@example.com"]}`).Want(t, 400, "VALIDATION_ERROR")
	})
	t.Run("PWR-07 older tokens after a reset", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		signUp(t, e)
		older, newer := resetToken(t, e, email), resetToken(t, e, email)
		reset(e, older, another).Want(t, 200, "")
		reset(e, newer, password).Want(t, 400, "INVALID_TOKEN")
		wantRows(t, e, core.ModelVerification, 0)
	})
	for name, change := range map[string]settings{
		"database": nil,
		"secondary storage": func(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
			o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
		},
	} {
		t.Run("PWR-07 tokens older than the password, "+name, func(t *testing.T) {
			t.Parallel()
			e := open(t, change)
			c := signUp(t, e)
			later := func() { e.Clock.Add(time.Minute) }
			later()
			older, newer := resetToken(t, e, email), resetToken(t, e, email)
			later()
			reset(e, newer, another).Want(t, 200, "")
			later()
			reset(e, older, "yet another horse").Want(t, 400, "INVALID_TOKEN")
			older = resetToken(t, e, email)
			later()
			c.Post("/change-password", body{"currentPassword": another, "newPassword": password}).Want(t, 200, "")
			reset(e, older, "yet another horse").Want(t, 400, "INVALID_TOKEN")
			later()
			signIn(e, email, password).Want(t, 200, "")
			reset(e, resetToken(t, e, email), another).Want(t, 200, "")
			grace := social(t, e, "grace@example.com")
			older, newer = resetToken(t, e, grace.Email), resetToken(t, e, grace.Email)
			later()
			reset(e, newer, another).Want(t, 200, "")
			reset(e, older, password).Want(t, 400, "INVALID_TOKEN")
		})
	}
	t.Run("a token in the query", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		signUp(t, e)
		tok := resetToken(t, e, email)
		e.Client().Post("/reset-password?token="+tok, body{"newPassword": another}).Want(t, 200, "")
		for _, missing := range []body{{"newPassword": another}, {"newPassword": another, "token": ""}} {
			e.Client().Post("/reset-password", missing).Want(t, 400, "INVALID_TOKEN")
		}
	})
	t.Run("a refused password leaves the token", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		signUp(t, e)
		tok := resetToken(t, e, email)
		reset(e, tok, "short").Want(t, 400, "PASSWORD_TOO_SHORT")
		reset(e, tok, another).Want(t, 200, "")
	})
	t.Run("a guess costs no hash", func(t *testing.T) {
		t.Parallel()
		var w work
		e := open(t, w.counted)
		if n := w.cost(func() { reset(e, "0123456789abcdefABCDEFGH", another).Want(t, 400, "INVALID_TOKEN") }); n != 0 {
			t.Errorf("a guess costs %d units", n)
		}
	})
	t.Run("a token of a user who is gone", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		signUp(t, e)
		tok := resetToken(t, e, email)
		if err := e.Auth.Store().DeleteUser(t.Context(), wantRows(t, e, core.ModelUser, 1)[0]["id"].(string)); err != nil {
			t.Fatal(err)
		}
		reset(e, tok, another).Want(t, 400, "INVALID_TOKEN")
		wantRows(t, e, core.ModelAccount, 0)
	})
	t.Run("a user without password gets one", func(t *testing.T) {
		t.Parallel()
		e := open(t, nil)
		social(t, e, email)
		reset(e, resetToken(t, e, email), another).Want(t, 200, "")
		signIn(e, email, another).Want(t, 200, "")
		wantRows(t, e, core.ModelAccount, 2)
	})
}

func TestResetLink(t *testing.T) {
	t.Parallel()
	e := open(t, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		o.TrustedOrigins = []string{"https://app.example.com", "myapp://"}
	})
	signUp(t, e)
	tok := resetToken(t, e, email)
	link := func(target string) *authtest.Answer {
		return e.Client().Get("/reset-password/" + tok + "?callbackURL=" + url.QueryEscape(target))
	}
	t.Run("PWR-15 the token does not travel on in the Referer", func(t *testing.T) {
		for _, target := range []string{"/reset", "https://app.example.com/reset?x=1#top"} {
			a := link(target).Want(t, 302, "")
			if a.Header.Get("Referrer-Policy") != "no-referrer" || a.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", a.Header)
			}
			if _, q := a.Location(); q.Get("token") != tok {
				t.Errorf("leads to %v", q)
			}
		}
	})
	t.Run("PWR-16 untrusted targets", func(t *testing.T) {
		for _, target := range []string{
			"https://evil.example", "http://app.example.com/reset", "//evil.example", `/\evil.example`, "https://app.example.com.evil.example",
			"https://app.example.com@evil.example", "javascript:alert(1)", "data:text/html,x", "myapp.evil.example", "https:evil.example", "\thttps://evil.example",
			"/\t/evil.example", "https://app.example.com\\.evil.example", "/reset\r\nX: y",
		} {
			a := link(target).Want(t, 403, "INVALID_CALLBACK_URL")
			if a.Header.Get("Location") != "" || strings.Contains(a.Body, tok) {
				t.Errorf("%q: %v %s", target, a.Header, a.Body)
			}
			e.Client().Post("/request-password-reset", body{"email": email, "redirectTo": target}).Want(t, 403, "INVALID_REDIRECT_URL")
		}
		if n := len(e.Mails()); n != 1 {
			t.Errorf("%d mails, want 1", n)
		}
		a := link("").Want(t, 302, "")
		if target, q := a.Location(); !strings.HasPrefix(target, authtest.BaseURL+"/api/auth/error?") || q.Has("token") {
			t.Errorf("without a target it leads to %s", target)
		}
	})
	t.Run("the link in the mail is the server's own", func(t *testing.T) {
		a := e.Client().Post("/request-password-reset", body{"email": email, "redirectTo": "/reset"},
			core.HeaderField{Name: "Host", Value: "evil.example"}, core.HeaderField{Name: "X-Forwarded-Host", Value: "evil.example"})
		a.Want(t, 200, "")
		if m := e.LastMail(); m.URL != authtest.BaseURL+"/api/auth/reset-password/"+m.Token+"?callbackURL=%2Freset" {
			t.Errorf("the mail leads to %s", m.URL)
		}
	})
}

func TestResetOptions(t *testing.T) {
	t.Parallel()
	t.Run("without SendResetPassword", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.SendResetPassword = nil })
		signUp(t, e)
		for _, address := range []string{email, nobody} {
			e.Client().Post("/request-password-reset", body{"email": address}).Want(t, 400, "RESET_PASSWORD_DISABLED")
		}
	})
	for _, revoke := range []bool{false, true} {
		e := open(t, func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.RevokeSessionsOnReset = revoke })
		c := signUp(t, e)
		reset(e, resetToken(t, e, email), another).Want(t, 200, "")
		if alive(t, c) == revoke {
			t.Errorf("RevokeSessionsOnReset %v: the session is alive: %v", revoke, !revoke)
		}
	}
	t.Run("OnPasswordReset", func(t *testing.T) {
		t.Parallel()
		var seen []string
		var fail error
		e := open(t, func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) {
			p.OnPasswordReset = func(_ context.Context, u *core.User) error {
				seen = append(seen, u.Email)
				return fail
			}
		})
		signUp(t, e)
		reset(e, "wrong", another).Want(t, 400, "INVALID_TOKEN")
		reset(e, resetToken(t, e, email), another).Want(t, 200, "")
		if len(seen) != 1 || seen[0] != email {
			t.Errorf("it ran for %v", seen)
		}
		fail = errors.New("smtp: hunter2")
		a := reset(e, resetToken(t, e, email), password).Want(t, 500, "INTERNAL_SERVER_ERROR")
		if strings.Contains(a.Body, "hunter2") {
			t.Errorf("answered %s", a.Body)
		}
		signIn(e, email, password).Want(t, 200, "")
	})
	t.Run("a mail that fails is not the visitor's concern", func(t *testing.T) {
		t.Parallel()
		e := open(t, func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) {
			p.SendResetPassword = func(context.Context, core.Mail) error { return errors.New("smtp: down") }
		})
		signUp(t, e)
		e.Client().Post("/request-password-reset", body{"email": email}).Want(t, 200, "")
		if log := e.Log.String(); !strings.Contains(log, "smtp: down") {
			t.Errorf("the operator was not told: %s", log)
		}
	})
}
