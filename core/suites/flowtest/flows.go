package flowtest

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// flows are those of one user.
var flows = []Flow{
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
	{"use the context around a transaction", outerContext},
	{"ENUM-03 serial ids of a quiet sign-up", quietSerialIDs},
	{"ENUM-03 a taken value at a quiet sign-up", quietConflicts},
	{"ENUM-03 values beyond a bound at a quiet sign-up", quietBounds},
	{"values beyond a bound", bounds},
	{"EML-04 recovery ends a link that changes the address", recoveryEndsLinks},
	{"LNK-02 no password survives a contested sign-up", contestedSignUp},
}

func signUpInOut(s *T) {
	e := s.Start(nil)
	c := e.Client()
	a := c.Post("/sign-up/email", Body{"name": "Ada", "email": "Ada@Example.com", "password": Password, "image": "https://example.com/a.png"}).Want(s, 200, "")
	if a.JSON("user", "email") != Email || a.JSON("user", "emailVerified") != "false" || a.JSON("token") != a.JSON("session", "token") {
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
	e.Client().Post("/sign-up/email", Body{"name": "Eve", "email": "ADA@example.com", "password": Password}).Want(s, 409, "EMAIL_ALREADY_IN_USE")
	other := SignedIn(s, e, "ADA@EXAMPLE.COM", Password)
	c.Post("/sign-out", Body{}).Want(s, 200, "")
	WantAlive(s, c, false)
	WantAlive(s, other, true)
	SignIn(e.Client(), Email, newPass).Want(s, 401, "INVALID_CREDENTIALS")
	SignIn(e.Client(), newEmail, Password).Want(s, 401, "INVALID_CREDENTIALS")
	WantRows(s, e, core.ModelUser, 1)
	WantRows(s, e, core.ModelSession, 1)
	acc := WantRows(s, e, core.ModelAccount, 1)[0]
	if acc["providerId"] != "credential" || acc["accountId"] != a.JSON("user", "id") || !strings.HasPrefix(acc["password"].(string), "$argon2id$") {
		s.Errorf("account %v", acc)
	}
	e.Clock.Add(2 * 24 * time.Hour)
	if got := other.Get("/get-session").JSON("session", "expiresAt"); got != "2026-01-10T00:00:00.000Z" {
		s.Errorf("after two days the session expires at %s", got)
	}
	e.Clock.Add(7 * 24 * time.Hour)
	WantAlive(s, other, false)
	WantRows(s, e, core.ModelSession, 0)
}

func resetPassword(s *T) {
	e := s.Start(func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.RevokeSessionsOnReset = true })
	c := SignUp(s, e, Email)
	first := resetLink(s, e, Email)
	token := resetLink(s, e, Email)
	link := strings.TrimPrefix(e.LastMail().URL, authtest.BaseURL+"/api/auth")
	if target, q := e.Client().Get(link).Want(s, 302, "").Location(); !strings.HasPrefix(target, authtest.BaseURL+"/reset?") || q.Get("token") != token {
		s.Fatalf("the link leads to %s", target)
	}
	e.Client().Post("/reset-password", Body{"newPassword": newPass, "token": token}).Want(s, 200, "")
	for _, used := range []string{token, first} {
		e.Client().Post("/reset-password", Body{"newPassword": Password, "token": used}).Want(s, 400, "INVALID_TOKEN")
	}
	WantAlive(s, c, false)
	SignIn(e.Client(), Email, Password).Want(s, 401, "INVALID_CREDENTIALS")
	SignedIn(s, e, Email, newPass)
	WantRows(s, e, core.ModelVerification, 0)
	WantRows(s, e, core.ModelAccount, 1)
}

func changePassword(s *T) {
	e := s.Start(nil)
	c := SignUp(s, e, Email)
	other := SignedIn(s, e, Email, Password)
	c.Post("/change-password", Body{"currentPassword": newPass, "newPassword": newPass}).Want(s, 400, "INVALID_PASSWORD")
	old := c.Copy()
	a := c.Post("/change-password", Body{"currentPassword": Password, "newPassword": newPass, "revokeOtherSessions": true}).Want(s, 200, "")
	if c.Cookie(TokenCookie) == old.Cookie(TokenCookie) || a.JSON("token") == "null" {
		s.Fatalf("the session was not replaced: %s", a.Body)
	}
	WantAlive(s, c, true)
	WantAlive(s, old, false)
	WantAlive(s, other, false)
	WantRows(s, e, core.ModelSession, 1)
	SignIn(e.Client(), Email, Password).Want(s, 401, "INVALID_CREDENTIALS")
	other = SignedIn(s, e, Email, newPass)
	if a = c.Post("/change-password", Body{"currentPassword": newPass, "newPassword": Password}).Want(s, 200, ""); a.JSON("token") != "null" {
		s.Fatalf("answered %s", a.Body)
	}
	WantAlive(s, other, true)
}

func verifyEmail(s *T) {
	e := s.Start(func(_ *authtest.Env, o *core.Options, p *emailpassword.Options) {
		p.RequireEmailVerification, o.EmailVerification.AutoSignIn = true, true
	})
	c := e.Client()
	a := c.Post("/sign-up/email", Body{"name": "Ada", "email": Email, "password": Password, "callbackURL": "/welcome"}).Want(s, 200, "")
	if a.JSON("token") != "null" || c.Cookie(TokenCookie) != "" {
		s.Fatalf("sign-up answered %s", a.Body)
	}
	SignIn(c, Email, Password).Want(s, 403, "EMAIL_NOT_VERIFIED")
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
	WantAlive(s, again, false)
	SignedIn(s, e, Email, Password)
}

// verified marks every user as verified.
func verified(s *T, e *authtest.Env) {
	s.Helper()
	_, err := e.Auth.DB().UpdateMany(s.Context(), core.ModelUser, adapter.By("emailVerified", false), adapter.Record{"emailVerified": true})
	if err != nil {
		s.Fatal(err)
	}
}

func changeEmailConfirmed(s *T) {
	e := s.Start(func(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		o.User.ChangeEmail = core.ChangeEmailOptions{Enabled: true, SendConfirmation: e.ChangeMail("confirm")}
	})
	c := SignUp(s, e, Email)
	verified(s, e)
	c.Post("/change-email", Body{"newEmail": "Countess@Example.com"}).Want(s, 200, "")
	m := e.LastMail()
	if m.Kind != "confirm" || m.To != Email || m.NewEmail != newEmail {
		s.Fatalf("the first mail is %+v", m)
	}
	c.Get("/verify-email?token="+m.Token).Want(s, 200, "")
	if got := c.Get("/get-session").JSON("user", "email"); got != Email {
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

func changeEmailVerified(s *T) {
	e := s.Start(func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) { o.User.ChangeEmail.Enabled = true })
	c := SignUp(s, e, Email)
	c.Post("/change-email", Body{"newEmail": newEmail, "callbackURL": "/done"}).Want(s, 200, "")
	m := e.LastMail()
	if m.Kind != "verify-email" || m.To != newEmail {
		s.Fatalf("the mail is %+v", m)
	}
	wantAddress(s, e, c, Email, "false")
	link := strings.TrimPrefix(m.URL, authtest.BaseURL+"/api/auth")
	if target, _ := c.Get(link).Want(s, 302, "").Location(); target != "/done" {
		s.Fatalf("the link leads to %s", target)
	}
	wantAddress(s, e, c, newEmail, "true")
}

func changeEmailAtOnce(s *T) {
	e := s.Start(func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		o.User.ChangeEmail = core.ChangeEmailOptions{Enabled: true, UpdateWithoutVerification: true}
	})
	c := SignUp(s, e, Email)
	c.Post("/change-email", Body{"newEmail": newEmail}).Want(s, 200, "")
	wantAddress(s, e, c, newEmail, "false")
	if m := e.LastMail(); m.Kind != "verify-email" || m.To != newEmail {
		s.Fatalf("the mail is %+v", m)
	}
	e.Client().Get("/verify-email?token="+e.LastMail().Token).Want(s, 200, "")
	wantAddress(s, e, c, newEmail, "true")
}

func wantAddress(s *T, e *authtest.Env, c *authtest.Client, email, isVerified string) {
	s.Helper()
	a := c.Get("/get-session?disableCookieCache=true").Want(s, 200, "")
	if a.JSON("user", "email") != email || a.JSON("user", "emailVerified") != isVerified {
		s.Fatalf("get-session answered %s, want %s, verified %s", a.Body, email, isVerified)
	}
	SignedIn(s, e, email, Password)
	other := newEmail
	if email == newEmail {
		other = Email
	}
	SignIn(e.Client(), other, Password).Want(s, 401, "INVALID_CREDENTIALS")
	WantRows(s, e, core.ModelUser, 1)
}

func updateUser(s *T) {
	e := s.Start(nil)
	c := SignUp(s, e, Email)
	stranger := SignUp(s, e, newEmail)
	c.Post("/update-user", Body{"name": "Ada Lovelace 🜁", "image": "https://example.com/b.png"}).Want(s, 200, "")
	a := c.Get("/get-session")
	if a.JSON("user", "name") != "Ada Lovelace 🜁" || a.JSON("user", "image") != "https://example.com/b.png" {
		s.Fatalf("get-session answered %s", a.Body)
	}
	c.Post("/update-user", Body{"image": nil}).Want(s, 200, "")
	if got := c.Get("/get-session").JSON("user", "image"); got != "null" {
		s.Fatalf("the image is %s", got)
	}
	c.Post("/update-user", Body{"email": "x@example.com"}).Want(s, 400, "EMAIL_CAN_NOT_BE_UPDATED")
	if got := stranger.Get("/get-session").JSON("user", "name"); got != "Ada" {
		s.Fatalf("another user was renamed to %s", got)
	}
}

// gone expects that Ada and all her rows are deleted, and the other user is not.
func gone(s *T, e *authtest.Env, c, stranger *authtest.Client) {
	s.Helper()
	WantAlive(s, c, false)
	WantAlive(s, stranger, true)
	SignIn(e.Client(), Email, Password).Want(s, 401, "INVALID_CREDENTIALS")
	for _, model := range []string{core.ModelUser, core.ModelAccount, core.ModelSession} {
		WantRows(s, e, model, 1)
	}
	WantRows(s, e, core.ModelVerification, 0)
}

func deletable(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.User.DeleteUser.Enabled = true
}

func deleteByPassword(s *T) {
	e := s.Start(deletable)
	c, stranger := SignUp(s, e, Email), SignUp(s, e, newEmail)
	resetLink(s, e, Email)
	e.Clock.Add(25 * time.Hour)
	c.Post("/delete-user", Body{"password": newPass}).Want(s, 400, "INVALID_PASSWORD")
	c.Post("/delete-user", Body{}).Want(s, 400, "SESSION_EXPIRED")
	c.Post("/delete-user", Body{"password": Password}).Want(s, 200, "")
	gone(s, e, c, stranger)
}

func deleteFresh(s *T) {
	e := s.Start(deletable)
	c, stranger := SignUp(s, e, Email), SignUp(s, e, newEmail)
	c.Post("/delete-user", Body{}).Want(s, 200, "")
	gone(s, e, c, stranger)
}

func deleteByMail(s *T) {
	e := s.Start(func(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		o.User.DeleteUser = core.DeleteUserOptions{Enabled: true, SendVerification: e.Mail("delete-user")}
	})
	c, stranger := SignUp(s, e, Email), SignUp(s, e, newEmail)
	c.Post("/delete-user", Body{"callbackURL": "/bye"}).Want(s, 200, "")
	m := e.LastMail()
	if m.Kind != "delete-user" || m.To != Email {
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

func revokeSessions(s *T) {
	e := s.Start(nil)
	a, stranger := SignUp(s, e, Email), SignUp(s, e, newEmail)
	b, c, d := SignedIn(s, e, Email, Password), SignedIn(s, e, Email, Password), SignedIn(s, e, Email, Password)
	list := a.Get("/list-sessions").Want(s, 200, "").Body
	if n := strings.Count(list, `"token"`); n != 4 {
		s.Fatalf("%d sessions are listed: %s", n, list)
	}
	token := b.Get("/get-session").JSON("session", "token")
	stranger.Post("/revoke-session", Body{"token": token}).Want(s, 200, "")
	WantAlive(s, b, true)
	a.Post("/revoke-session", Body{"token": token}).Want(s, 200, "")
	WantAlive(s, b, false)
	WantAlive(s, c, true)
	a.Post("/revoke-other-sessions", Body{}).Want(s, 200, "")
	WantAlive(s, a, true)
	WantAlive(s, c, false)
	WantAlive(s, d, false)
	d = SignedIn(s, e, Email, Password)
	a.Post("/revoke-sessions", Body{}).Want(s, 200, "")
	WantAlive(s, a, false)
	WantAlive(s, d, false)
	WantAlive(s, stranger, true)
	if got := a.Get("/list-sessions"); got.Status != http.StatusUnauthorized {
		s.Fatalf("list-sessions answered %d %s", got.Status, got.Body)
	}
}

// outerContext makes the mistake of passing the context from outside of a transaction
// inside of it. The call fails at once, on every database.
func outerContext(s *T) {
	e := s.Start(nil)
	SignUp(s, e, Email)
	store := e.Auth.Store()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	wrong := func() error {
		_, err := store.UpdateUserByEmail(ctx, Email, adapter.Record{"name": "wrong"})
		return err
	}
	err := store.Tx(ctx, func(tx context.Context) error {
		if _, err := store.UpdateUserByEmail(tx, Email, adapter.Record{"name": "undone"}); err != nil {
			return err
		}
		return wrong()
	})
	if err == nil || !strings.Contains(err.Error(), "pass the ctx that Tx gave") {
		s.Errorf("got %v", err)
	}
	if got := WantRows(s, e, core.ModelUser, 1)[0]["name"]; got != "Ada" {
		s.Errorf("the name is %q", got)
	}
}
