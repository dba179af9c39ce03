package flowtest

import (
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/storage"
)

// recoveryEndsLinks has a thief ask for a link that changes the address, and the owner
// recover the account in each way before it is opened.
func recoveryEndsLinks(s *T) {
	for name, recover := range map[string]func(e *authtest.Env, owner *authtest.Client){
		"change of the password": func(_ *authtest.Env, owner *authtest.Client) {
			owner.Post("/change-password", Body{"currentPassword": Password, "newPassword": newPass}).Want(s, 200, "")
		},
		"reset": func(e *authtest.Env, _ *authtest.Client) {
			e.Client().Post("/reset-password", Body{"token": resetLink(s, e, Email), "newPassword": newPass}).Want(s, 200, "")
		},
		"revocation of all sessions": func(_ *authtest.Env, owner *authtest.Client) {
			owner.Post("/revoke-sessions", Body{}).Want(s, 200, "")
		},
		"deletion, and a new account of the address": func(e *authtest.Env, owner *authtest.Client) {
			owner.Post("/delete-user", Body{"password": Password}).Want(s, 200, "")
			e.Clock.Add(time.Second)
			SignUp(s, e, Email)
		},
	} {
		// With serial ids a database may give the id of a user again.
		for _, ids := range []schema.IDKind{schema.IDString, schema.IDSerial} {
			e := s.Start(func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
				o.User.ChangeEmail.Enabled, o.User.DeleteUser.Enabled = true, true
				o.EmailVerification.AutoSignIn = true
				o.IDs.Kind = ids
			})
			owner := SignUp(s, e, Email)
			SignedIn(s, e, Email, Password).Post("/change-email", Body{"newEmail": newEmail}).Want(s, 200, "")
			link := e.LastMail().Token
			e.Clock.Add(time.Second)
			recover(e, owner)
			thief := e.Client()
			thief.Get("/verify-email?token="+link).Want(s, 401, "INVALID_TOKEN")
			if thief.Get("/get-session").Body != "null" {
				s.Errorf("%s: the thief is signed in", name)
			}
			if _, err := e.Auth.Store().FindUserByEmail(s.Context(), newEmail); !core.IsNotFound(err) {
				s.Errorf("%s: the thief has the account (%v)", name, err)
			}
		}
	}
}

// contestedSignUp has somebody sign up with the owner's address first.
func contestedSignUp(s *T) {
	e := s.Start(func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.RequireEmailVerification = true })
	e.Client().Post("/sign-up/email", Body{"name": "Mallory", "email": Email, "password": newPass}).Want(s, 200, "")
	e.Client().Post("/sign-up/email", Body{"name": "Ada", "email": Email, "password": Password}).Want(s, 200, "")
	e.Client().Post("/send-verification-email", Body{"email": Email}).Want(s, 200, "")
	e.Client().Get("/verify-email?token="+e.LastMail().Token).Want(s, 200, "")
	for _, password := range []string{newPass, Password} {
		SignIn(e.Client(), Email, password).Want(s, 401, "INVALID_CREDENTIALS")
	}
	e.Client().Post("/reset-password", Body{"token": resetLink(s, e, Email), "newPassword": Password}).Want(s, 200, "")
	SignedIn(s, e, Email, Password)
	SignIn(e.Client(), Email, newPass).Want(s, 401, "INVALID_CREDENTIALS")
}

// inSecondary keeps sessions in a key-value store, beside the rows of the database.
func (s *T) inSecondary(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
	if s.secondary != nil {
		o.SecondaryStorage = s.secondary(s.T)
	}
	o.Session.Fields = []schema.Field{{Name: "theme", Type: schema.String, Optional: true}}
}

// RunSecondary runs the races of sessions that are kept in a secondary storage. secondary
// returns an empty storage of the test's own, and open the database for the rows.
func RunSecondary(t *testing.T, open func(t *testing.T) adapter.Database, secondary func(t *testing.T) storage.Storage) {
	for _, one := range races {
		if !strings.Contains(one.Name, "secondary storage") {
			continue
		}
		t.Run(one.Name, func(t *testing.T) {
			t.Parallel()
			one.Run(&T{T: t, database: open, secondary: secondary})
		})
	}
}

// raceUserChange: a change of the user reaches a session that is written at the same time.
func raceUserChange(s *T) {
	e := s.Start(s.inSecondary)
	c := SignUp(s, e, Email)
	id := c.Get("/get-session").JSON("user", "id")
	s.Meet(func(i int) {
		if i == Crowd/2 {
			if _, err := e.Auth.Store().UpdateUser(s.Context(), id, adapter.Record{"name": "Demoted"}); err != nil {
				s.Error(err)
			}
			return
		}
		if a := c.Copy().Post("/update-session", Body{"theme": "dark"}); a.Status != 200 {
			s.Errorf("answered %d %s", a.Status, a.Body)
		}
	})
	if a := c.Get("/get-session?disableCookieCache=true"); a.JSON("user", "name") != "Demoted" || a.JSON("session", "theme") != "dark" {
		s.Errorf("the session says %s", a.Body)
	}
}

// raceRevokeAllInSecondary: of sign-ins during a revocation none makes a session that the
// next revocation does not end.
func raceRevokeAllInSecondary(s *T) {
	e := s.Start(s.inSecondary)
	owner := SignUp(s, e, Email)
	clients := make([]*authtest.Client, Crowd)
	s.Meet(func(i int) {
		if i == Crowd/2 {
			if a := owner.Post("/revoke-sessions", Body{}); a.Status != 200 {
				s.Errorf("answered %d %s", a.Status, a.Body)
			}
			return
		}
		clients[i] = e.Client()
		if a := SignIn(clients[i], Email, Password); a.Status != 200 {
			s.Errorf("sign-in answered %d %s", a.Status, a.Body)
		}
	})
	SignedIn(s, e, Email, Password).Post("/revoke-sessions", Body{}).Want(s, 200, "")
	for i, c := range clients {
		if c != nil && c.Get("/get-session?disableCookieCache=true").Body != "null" {
			s.Errorf("session %d survived", i)
		}
	}
}
