package flowtest

import (
	"net/http"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// flows are what one person does.
var flows = []test{
	{"sign up, sign in, get session, sign out", signUpInOut},
	{"reset the password", resetPassword},
	{"change the password", changePassword},
	{"verify the address", verifyEmail},
	{"change the address after asking the old one", changeEmailConfirmed},
	{"change the address by a mail to the new one", changeEmailVerified},
	{"change the address at once", changeEmailAtOnce},
	{"update the user", updateUser},
	{"delete the user by password", deleteByPassword},
	{"delete the user with a fresh session", deleteFresh},
	{"delete the user by mail", deleteByMail},
	{"list and revoke sessions", revokeSessions},
	{"upgrade old hashes", rehash},
	{"ENUM-03 serial ids of a quiet sign-up", quietSerialIDs},
	{"ENUM-03 a taken value at a quiet sign-up", quietConflicts},
}

func signUpInOut(s *suite) {
	e := s.start(nil)
	c := e.Client()
	a := c.Post("/sign-up/email", body{"name": "Ada", "email": "Ada@Example.com", "password": oldPass, "image": "https://example.com/a.png"}).Want(s, 200, "")
	if a.JSON("user", "email") != adaEmail || a.JSON("user", "emailVerified") != "false" || a.JSON("token") != a.JSON("session", "token") {
		s.Fatalf("sign-up answered %s", a.Body)
	}
	got := c.Get("/get-session").Want(s, 200, "")
	for _, field := range []string{"id", "name", "email", "emailVerified", "image", "createdAt", "updatedAt"} {
		if got.JSON("user", field) != a.JSON("user", field) {
			s.Errorf("user.%s is %q after it was %q", field, got.JSON("user", field), a.JSON("user", field))
		}
	}
	if got.JSON("session", "expiresAt") != "2026-01-08T00:00:00.000Z" || got.JSON("session", "token") != a.JSON("token") {
		s.Errorf("get-session answered %s", got.Body)
	}
	e.Client().Post("/sign-up/email", body{"name": "Eve", "email": "ADA@example.com", "password": oldPass}).Want(s, 409, "EMAIL_ALREADY_IN_USE")
	other := signedIn(s, e, "ADA@EXAMPLE.COM", oldPass)
	c.Post("/sign-out", body{}).Want(s, 200, "")
	wantAlive(s, c, false)
	wantAlive(s, other, true)
	signIn(e.Client(), adaEmail, newPass).Want(s, 401, "INVALID_CREDENTIALS")
	signIn(e.Client(), newEmail, oldPass).Want(s, 401, "INVALID_CREDENTIALS")
	wantRows(s, e, core.ModelUser, 1)
	wantRows(s, e, core.ModelSession, 1)
	acc := wantRows(s, e, core.ModelAccount, 1)[0]
	if acc["providerId"] != "credential" || acc["accountId"] != a.JSON("user", "id") || !strings.HasPrefix(acc["password"].(string), "$argon2id$") {
		s.Errorf("account %v", acc)
	}
	e.Clock.Add(2 * 24 * time.Hour)
	if got := other.Get("/get-session").JSON("session", "expiresAt"); got != "2026-01-10T00:00:00.000Z" {
		s.Errorf("after two days the session expires at %s", got)
	}
	e.Clock.Add(7 * 24 * time.Hour)
	wantAlive(s, other, false)
	wantRows(s, e, core.ModelSession, 0)
}

func resetPassword(s *suite) {
	e := s.start(func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.RevokeSessionsOnReset = true })
	c := signUp(s, e, adaEmail)
	first := resetLink(s, e, adaEmail)
	token := resetLink(s, e, adaEmail)
	link := strings.TrimPrefix(e.LastMail().URL, authtest.BaseURL+"/api/auth")
	if target, q := e.Client().Get(link).Want(s, 302, "").Location(); !strings.HasPrefix(target, authtest.BaseURL+"/reset?") || q.Get("token") != token {
		s.Fatalf("the link leads to %s", target)
	}
	e.Client().Post("/reset-password", body{"newPassword": newPass, "token": token}).Want(s, 200, "")
	for _, used := range []string{token, first} {
		e.Client().Post("/reset-password", body{"newPassword": oldPass, "token": used}).Want(s, 400, "INVALID_TOKEN")
	}
	wantAlive(s, c, false)
	signIn(e.Client(), adaEmail, oldPass).Want(s, 401, "INVALID_CREDENTIALS")
	signedIn(s, e, adaEmail, newPass)
	wantRows(s, e, core.ModelVerification, 0)
	wantRows(s, e, core.ModelAccount, 1)
}

func changePassword(s *suite) {
	e := s.start(nil)
	c := signUp(s, e, adaEmail)
	other := signedIn(s, e, adaEmail, oldPass)
	c.Post("/change-password", body{"currentPassword": newPass, "newPassword": newPass}).Want(s, 400, "INVALID_PASSWORD")
	old := c.Copy()
	a := c.Post("/change-password", body{"currentPassword": oldPass, "newPassword": newPass, "revokeOtherSessions": true}).Want(s, 200, "")
	if c.Cookie(tokenCookie) == old.Cookie(tokenCookie) || a.JSON("token") == "null" {
		s.Fatalf("the session was not replaced: %s", a.Body)
	}
	wantAlive(s, c, true)
	wantAlive(s, old, false)
	wantAlive(s, other, false)
	wantRows(s, e, core.ModelSession, 1)
	signIn(e.Client(), adaEmail, oldPass).Want(s, 401, "INVALID_CREDENTIALS")
	other = signedIn(s, e, adaEmail, newPass)
	if a = c.Post("/change-password", body{"currentPassword": newPass, "newPassword": oldPass}).Want(s, 200, ""); a.JSON("token") != "null" {
		s.Fatalf("answered %s", a.Body)
	}
	wantAlive(s, other, true)
}

func verifyEmail(s *suite) {
	e := s.start(func(_ *authtest.Env, o *core.Options, p *emailpassword.Options) {
		p.RequireEmailVerification, o.EmailVerification.AutoSignIn = true, true
	})
	c := e.Client()
	a := c.Post("/sign-up/email", body{"name": "Ada", "email": adaEmail, "password": oldPass, "callbackURL": "/welcome"}).Want(s, 200, "")
	if a.JSON("token") != "null" || c.Cookie(tokenCookie) != "" {
		s.Fatalf("sign-up answered %s", a.Body)
	}
	signIn(c, adaEmail, oldPass).Want(s, 403, "EMAIL_NOT_VERIFIED")
	m := e.LastMail()
	link := strings.TrimPrefix(m.URL, authtest.BaseURL+"/api/auth")
	if target, _ := c.Get(link).Want(s, 302, "").Location(); m.Kind != "verify-email" || target != "/welcome" {
		s.Fatalf("the link leads to %s", target)
	}
	if got := c.Get("/get-session"); got.JSON("user", "emailVerified") != "true" {
		s.Fatalf("get-session answered %s", got.Body)
	}
	again := e.Client()
	again.Get("/verify-email?token="+m.Token).Want(s, 200, "")
	wantAlive(s, again, false)
	signedIn(s, e, adaEmail, oldPass)
}

// verified marks every user as verified.
func verified(s *suite, e *authtest.Env) {
	s.Helper()
	_, err := e.Auth.DB().UpdateMany(s.Context(), core.ModelUser, adapter.By("emailVerified", false), adapter.Record{"emailVerified": true})
	if err != nil {
		s.Fatal(err)
	}
}

func changeEmailConfirmed(s *suite) {
	e := s.start(func(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		o.User.ChangeEmail = core.ChangeEmailOptions{Enabled: true, SendConfirmation: e.ChangeMail("confirm")}
	})
	c := signUp(s, e, adaEmail)
	verified(s, e)
	c.Post("/change-email", body{"newEmail": "Countess@Example.com"}).Want(s, 200, "")
	m := e.LastMail()
	if m.Kind != "confirm" || m.To != adaEmail || m.NewEmail != newEmail {
		s.Fatalf("the first mail is %+v", m)
	}
	c.Get("/verify-email?token="+m.Token).Want(s, 200, "")
	if got := c.Get("/get-session").JSON("user", "email"); got != adaEmail {
		s.Fatalf("the address was changed to %s before the new one was verified", got)
	}
	m = e.LastMail()
	if m.Kind != "verify-email" || m.To != newEmail {
		s.Fatalf("the second mail is %+v", m)
	}
	c.Get("/verify-email?token="+m.Token).Want(s, 200, "")
	wantAddress(s, e, c, newEmail, "true")
	e.Client().Get("/verify-email?token="+m.Token).Want(s, 401, "USER_NOT_FOUND")
}

func changeEmailVerified(s *suite) {
	e := s.start(func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) { o.User.ChangeEmail.Enabled = true })
	c := signUp(s, e, adaEmail)
	c.Post("/change-email", body{"newEmail": newEmail, "callbackURL": "/done"}).Want(s, 200, "")
	m := e.LastMail()
	if m.Kind != "verify-email" || m.To != newEmail {
		s.Fatalf("the mail is %+v", m)
	}
	wantAddress(s, e, c, adaEmail, "false")
	link := strings.TrimPrefix(m.URL, authtest.BaseURL+"/api/auth")
	if target, _ := c.Get(link).Want(s, 302, "").Location(); target != "/done" {
		s.Fatalf("the link leads to %s", target)
	}
	wantAddress(s, e, c, newEmail, "true")
}

func changeEmailAtOnce(s *suite) {
	e := s.start(func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		o.User.ChangeEmail = core.ChangeEmailOptions{Enabled: true, UpdateWithoutVerification: true}
	})
	c := signUp(s, e, adaEmail)
	c.Post("/change-email", body{"newEmail": newEmail}).Want(s, 200, "")
	wantAddress(s, e, c, newEmail, "false")
	if m := e.LastMail(); m.Kind != "verify-email" || m.To != newEmail {
		s.Fatalf("the mail is %+v", m)
	}
	e.Client().Get("/verify-email?token="+e.LastMail().Token).Want(s, 200, "")
	wantAddress(s, e, c, newEmail, "true")
}

func wantAddress(s *suite, e *authtest.Env, c *authtest.Client, email, isVerified string) {
	s.Helper()
	a := c.Get("/get-session?disableCookieCache=true").Want(s, 200, "")
	if a.JSON("user", "email") != email || a.JSON("user", "emailVerified") != isVerified {
		s.Fatalf("get-session answered %s, want %s, verified %s", a.Body, email, isVerified)
	}
	signedIn(s, e, email, oldPass)
	other := newEmail
	if email == newEmail {
		other = adaEmail
	}
	signIn(e.Client(), other, oldPass).Want(s, 401, "INVALID_CREDENTIALS")
	wantRows(s, e, core.ModelUser, 1)
}

func updateUser(s *suite) {
	e := s.start(nil)
	c := signUp(s, e, adaEmail)
	stranger := signUp(s, e, newEmail)
	c.Post("/update-user", body{"name": "Ada Lovelace 🜁", "image": "https://example.com/b.png"}).Want(s, 200, "")
	a := c.Get("/get-session")
	if a.JSON("user", "name") != "Ada Lovelace 🜁" || a.JSON("user", "image") != "https://example.com/b.png" {
		s.Fatalf("get-session answered %s", a.Body)
	}
	c.Post("/update-user", body{"image": nil}).Want(s, 200, "")
	if got := c.Get("/get-session").JSON("user", "image"); got != "null" {
		s.Fatalf("the image is %s", got)
	}
	c.Post("/update-user", body{"email": "x@example.com"}).Want(s, 400, "EMAIL_CAN_NOT_BE_UPDATED")
	if got := stranger.Get("/get-session").JSON("user", "name"); got != "Ada" {
		s.Fatalf("another user was renamed to %s", got)
	}
}

// gone expects that Ada and all that was hers is deleted, and the other user is not.
func gone(s *suite, e *authtest.Env, c, stranger *authtest.Client) {
	s.Helper()
	wantAlive(s, c, false)
	wantAlive(s, stranger, true)
	signIn(e.Client(), adaEmail, oldPass).Want(s, 401, "INVALID_CREDENTIALS")
	for _, model := range []string{core.ModelUser, core.ModelAccount, core.ModelSession} {
		wantRows(s, e, model, 1)
	}
	wantRows(s, e, core.ModelVerification, 0)
}

func deletable(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.User.DeleteUser.Enabled = true
}

func deleteByPassword(s *suite) {
	e := s.start(deletable)
	c, stranger := signUp(s, e, adaEmail), signUp(s, e, newEmail)
	resetLink(s, e, adaEmail)
	e.Clock.Add(25 * time.Hour)
	c.Post("/delete-user", body{"password": newPass}).Want(s, 400, "INVALID_PASSWORD")
	c.Post("/delete-user", body{}).Want(s, 400, "SESSION_EXPIRED")
	c.Post("/delete-user", body{"password": oldPass}).Want(s, 200, "")
	gone(s, e, c, stranger)
}

func deleteFresh(s *suite) {
	e := s.start(deletable)
	c, stranger := signUp(s, e, adaEmail), signUp(s, e, newEmail)
	c.Post("/delete-user", body{}).Want(s, 200, "")
	gone(s, e, c, stranger)
}

func deleteByMail(s *suite) {
	e := s.start(func(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		o.User.DeleteUser = core.DeleteUserOptions{Enabled: true, SendVerification: e.Mail("delete-user")}
	})
	c, stranger := signUp(s, e, adaEmail), signUp(s, e, newEmail)
	c.Post("/delete-user", body{"callbackURL": "/bye"}).Want(s, 200, "")
	m := e.LastMail()
	if m.Kind != "delete-user" || m.To != adaEmail {
		s.Fatalf("the mail is %+v", m)
	}
	link := strings.TrimPrefix(m.URL, authtest.BaseURL+"/api/auth")
	stranger.Get(link).Want(s, 404, "INVALID_TOKEN")
	e.Client().Get(link).Want(s, 404, "FAILED_TO_GET_USER_INFO")
	if target, _ := c.Get(link).Want(s, 302, "").Location(); target != "/bye" {
		s.Fatalf("the link leads to %s", target)
	}
	gone(s, e, c, stranger)
}

func revokeSessions(s *suite) {
	e := s.start(nil)
	a, stranger := signUp(s, e, adaEmail), signUp(s, e, newEmail)
	b, c, d := signedIn(s, e, adaEmail, oldPass), signedIn(s, e, adaEmail, oldPass), signedIn(s, e, adaEmail, oldPass)
	list := a.Get("/list-sessions").Want(s, 200, "").Body
	if n := strings.Count(list, `"token"`); n != 4 {
		s.Fatalf("%d sessions are listed: %s", n, list)
	}
	token := b.Get("/get-session").JSON("session", "token")
	stranger.Post("/revoke-session", body{"token": token}).Want(s, 200, "")
	wantAlive(s, b, true)
	a.Post("/revoke-session", body{"token": token}).Want(s, 200, "")
	wantAlive(s, b, false)
	wantAlive(s, c, true)
	a.Post("/revoke-other-sessions", body{}).Want(s, 200, "")
	wantAlive(s, a, true)
	wantAlive(s, c, false)
	wantAlive(s, d, false)
	d = signedIn(s, e, adaEmail, oldPass)
	a.Post("/revoke-sessions", body{}).Want(s, 200, "")
	wantAlive(s, a, false)
	wantAlive(s, d, false)
	wantAlive(s, stranger, true)
	if got := a.Get("/list-sessions"); got.Status != http.StatusUnauthorized {
		s.Fatalf("list-sessions answered %d %s", got.Status, got.Body)
	}
}
