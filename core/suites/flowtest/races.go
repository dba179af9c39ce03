package flowtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/ratelimit"
)

// races are the same flows by many users at once. Their names begin with the ids of the
// abuse cases.
var races = []Flow{
	{"RACE-01 fifty sign-ups with one address", raceSignUp},
	{"RACE-01 fifty quiet sign-ups with one address", raceQuietSignUp},
	{"RACE-04 one reset token", raceReset},
	{"RACE-04 one verification link", raceVerification},
	{"RACE-04 one link that changes the address", raceChangeEmail},
	{"RACE-04 one deletion link", raceDeletion},
	{"RACE-04 deletions by password", raceDeletionByPassword},
	{"RACE-05 consume against expiry and sweep", raceExpiry},
	{"RACE-06 session refresh", raceRefresh},
	{"RACE-06 refresh against sign-out", raceRefreshAndSignOut},
	{"RACE-06 sign-outs of one session", raceSignOut},
	{"RACE-07 revoke all against sign-in", raceRevokeAll},
	{"RACE-07 reset against sign-in with the old password", raceResetAndSignIn},
	{"RACE-07 change of password against itself", raceChangePassword},
	{"RACE-07 revoke all against sign-in, sessions in a secondary storage", raceRevokeAllInSecondary},
	{"RACE-06 change of the user against writes of a session in a secondary storage", raceUserChange},
	{"RACE-10 requests against a limit in the database", raceLimit},
	{"RACE-11 unlink the last account", raceUnlink},
	{"RACE-16 everything at once", raceMixed},
	{"upgrade of an old hash", raceRehash},
}

func raceSignUp(s *T) {
	e := s.Start(nil)
	answers := make([]*authtest.Answer, Crowd)
	s.Meet(func(i int) {
		email := Email
		if i%2 == 1 {
			email = strings.ToUpper(email[:1+i%6]) + email[1+i%6:]
		}
		answers[i] = e.Client().Post("/sign-up/email", Body{"name": "Ada", "email": email, "password": Password})
	})
	WantOneWinner(s, answers, "EMAIL_ALREADY_IN_USE")
	for _, model := range []string{core.ModelUser, core.ModelAccount, core.ModelSession} {
		WantRows(s, e, model, 1)
	}
	SignedIn(s, e, Email, Password)
}

func raceQuietSignUp(s *T) {
	var told atomic.Int32
	e := s.Start(func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) {
		p.DisableAutoSignIn = true
		p.OnExistingUserSignUp = func(context.Context, *core.User) error { told.Add(1); return nil }
	})
	answers := make([]*authtest.Answer, Crowd)
	s.Meet(func(i int) {
		answers[i] = e.Client().Post("/sign-up/email", Body{"name": "Ada", "email": Email, "password": fmt.Sprintf("password %d", i)})
	})
	if got := Tally(answers); got["ok"] != Crowd {
		s.Fatalf("answers %v, want all alike", got)
	}
	WantRows(s, e, core.ModelUser, 1)
	WantRows(s, e, core.ModelAccount, 1)
	WantRows(s, e, core.ModelSession, 0)
	if told.Load() != Crowd-1 {
		s.Errorf("the owner was told %d times, want %d", told.Load(), Crowd-1)
	}
}

func raceReset(s *T) {
	e := s.Start(func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.RevokeSessionsOnReset = true })
	c := SignUp(s, e, Email)
	token := resetLink(s, e, Email)
	answers := make([]*authtest.Answer, Crowd)
	// They take turns by the token in one process, so they cannot wait for each other.
	s.Together(func(i int) {
		answers[i] = e.Client().Post("/reset-password", Body{"newPassword": fmt.Sprintf("password %d", i), "token": token})
	})
	WantOneWinner(s, answers, "INVALID_TOKEN")
	for i, a := range answers {
		want := 401
		if a.Status == 200 {
			want = 200
		}
		if got := SignIn(e.Client(), Email, fmt.Sprintf("password %d", i)); got.Status != want {
			s.Errorf("sign-in with password %d answered %d, want %d", i, got.Status, want)
		}
	}
	WantAlive(s, c, false)
	WantRows(s, e, core.ModelAccount, 1)
	WantRows(s, e, core.ModelVerification, 0)
}

func raceVerification(s *T) {
	var after atomic.Int32
	e := s.Start(func(_ *authtest.Env, o *core.Options, p *emailpassword.Options) {
		p.RequireEmailVerification, o.EmailVerification.AutoSignIn = true, true
		o.EmailVerification.After = func(context.Context, *core.User) error { after.Add(1); return nil }
	})
	SignUp(s, e, Email)
	link := "/verify-email?token=" + e.LastMail().Token
	clients := make([]*authtest.Client, Crowd)
	s.Meet(func(i int) {
		clients[i] = e.Client()
		if a := clients[i].Get(link); a.Status != 200 {
			s.Errorf("answered %d %s", a.Status, a.Body)
		}
	})
	WantRows(s, e, core.ModelSession, 1)
	in := 0
	for _, c := range clients {
		if Alive(s, c) {
			in++
		}
	}
	if in != 1 || after.Load() != 1 {
		s.Errorf("%d were signed in and After ran %d times, want one each", in, after.Load())
	}
}

func raceChangeEmail(s *T) {
	e := s.Start(func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) { o.User.ChangeEmail.Enabled = true })
	c := SignUp(s, e, Email)
	c.Post("/change-email", Body{"newEmail": newEmail}).Want(s, 200, "")
	link := "/verify-email?token=" + e.LastMail().Token
	answers := make([]*authtest.Answer, Crowd)
	s.Meet(func(i int) { answers[i] = e.Client().Get(link) })
	WantOneWinner(s, answers, "USER_NOT_FOUND", "INVALID_TOKEN")
	WantRows(s, e, core.ModelUser, 1)
	WantRows(s, e, core.ModelSession, 1) // a link signs in only when links do
	wantAddress(s, e, c, newEmail, "true")
}

func raceDeletion(s *T) {
	var after atomic.Int32
	e := s.Start(func(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		o.User.DeleteUser = core.DeleteUserOptions{Enabled: true, SendVerification: e.Mail("delete-user"),
			AfterDelete: func(context.Context, *core.User) error { after.Add(1); return nil }}
	})
	c, stranger := SignUp(s, e, Email), SignUp(s, e, newEmail)
	c.Post("/delete-user", Body{}).Want(s, 200, "")
	link := "/delete-user/callback?token=" + e.LastMail().Token
	answers := make([]*authtest.Answer, Crowd)
	s.Meet(func(i int) { answers[i] = c.Copy().Get(link) })
	WantOneWinner(s, answers, "INVALID_TOKEN", "FAILED_TO_GET_USER_INFO")
	if after.Load() != 1 {
		s.Errorf("AfterDelete ran %d times", after.Load())
	}
	gone(s, e, c, stranger)
}

func raceDeletionByPassword(s *T) {
	var after atomic.Int32
	e := s.Start(func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		o.User.DeleteUser = core.DeleteUserOptions{Enabled: true, AfterDelete: func(context.Context, *core.User) error { after.Add(1); return nil }}
	})
	c, stranger := SignUp(s, e, Email), SignUp(s, e, newEmail)
	answers := make([]*authtest.Answer, Crowd)
	s.Meet(func(i int) { answers[i] = c.Copy().Post("/delete-user", Body{"password": Password}) })
	WantOneWinner(s, answers, "UNAUTHORIZED", "CREDENTIAL_ACCOUNT_NOT_FOUND")
	if after.Load() != 1 {
		s.Errorf("AfterDelete ran %d times", after.Load())
	}
	gone(s, e, c, stranger)
}

// raceExpiry lets the clock pass the expiry while values are being consumed and swept:
// a call that begins after the expiry never gets one.
func raceExpiry(s *T) {
	e := s.Start(nil)
	store, ctx := e.Auth.Store(), s.Context()
	const values = 20
	expiry := authtest.Start.Add(time.Minute)
	for v := range values {
		if _, err := store.CreateVerification(ctx, fmt.Sprintf("value-%d", v), "x", expiry); err != nil {
			s.Fatal(err)
		}
	}
	e.Clock.Add(time.Minute - time.Millisecond)
	var won [values]atomic.Int32
	s.Together(func(i int) {
		for v := range values {
			switch {
			case i == 0 && v == values/2:
				e.Clock.Add(time.Millisecond)
			case i == 1:
				if err := e.Auth.DeleteExpired(ctx); err != nil {
					s.Error(err)
				}
			}
			late := !e.Auth.Now().Before(expiry)
			got, err := store.ConsumeVerification(ctx, fmt.Sprintf("value-%d", v))
			switch {
			case err == nil && late:
				s.Errorf("value %d was consumed after its expiry", v)
			case err == nil:
				won[v].Add(1)
				if !got.ExpiresAt.Equal(expiry) || got.Value != "x" {
					s.Errorf("consumed %+v", got)
				}
			case !errors.Is(err, adapter.ErrNotFound):
				s.Error(err)
			}
		}
	})
	for v := range won {
		if n := won[v].Load(); n > 1 {
			s.Errorf("value %d was consumed %d times", v, n)
		}
	}
}

func raceRefresh(s *T) {
	e := s.Start(nil)
	c := SignUp(s, e, Email)
	e.Clock.Add(2 * 24 * time.Hour)
	s.Meet(func(int) {
		a := c.Copy().Get("/get-session")
		if a.Status != 200 || a.JSON("session", "expiresAt") != "2026-01-10T00:00:00.000Z" {
			s.Errorf("answered %d %s", a.Status, a.Body)
		}
		n := 0
		for _, line := range a.Header.Values("Set-Cookie") {
			if strings.HasPrefix(line, TokenCookie+"=") {
				n++
			}
		}
		if n > 1 {
			s.Errorf("%d session cookies in one answer", n)
		}
	})
	row := WantRows(s, e, core.ModelSession, 1)[0]
	if want := authtest.Start.Add(9 * 24 * time.Hour); !row["expiresAt"].(time.Time).Equal(want) {
		s.Errorf("the session expires at %v, want %v", row["expiresAt"], want)
	}
	WantAlive(s, c, true)
}

func raceRefreshAndSignOut(s *T) {
	e := s.Start(nil)
	c := SignUp(s, e, Email)
	e.Clock.Add(2 * 24 * time.Hour)
	s.Meet(func(i int) {
		if i == Crowd/2 {
			if a := c.Copy().Post("/sign-out", Body{}); a.Status != 200 {
				s.Errorf("sign-out answered %d %s", a.Status, a.Body)
			}
			return
		}
		if a := c.Copy().Get("/get-session"); a.Status >= 500 {
			s.Errorf("answered %d %s", a.Status, a.Body)
		}
	})
	WantRows(s, e, core.ModelSession, 0)
	WantAlive(s, c, false)
}

// raceSignOut: of many calls that end one session, one runs the application's hook.
func raceSignOut(s *T) {
	var told atomic.Int32
	e := s.Start(func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		o.Store.Session.AfterDelete = func(context.Context, *core.Session) error { told.Add(1); return nil }
	})
	c := SignUp(s, e, Email)
	s.Together(func(int) {
		if a := c.Copy().Post("/sign-out", Body{}); a.Status != 200 {
			s.Errorf("answered %d %s", a.Status, a.Body)
		}
	})
	WantRows(s, e, core.ModelSession, 0)
	if told.Load() != 1 {
		s.Errorf("the application was told %d times", told.Load())
	}
}

// raceRevokeAll: a session that was there when the revocation began is gone when
// it has been answered.
func raceRevokeAll(s *T) {
	e := s.Start(nil)
	revoker := SignUp(s, e, Email)
	clients := make([]*authtest.Client, Crowd)
	var before [Crowd]atomic.Bool
	s.Together(func(i int) {
		if i == 0 {
			seen := make([]int, 0, Crowd)
			for j := range before {
				if before[j].Load() {
					seen = append(seen, j)
				}
			}
			if a := revoker.Post("/revoke-sessions", Body{}); a.Status != 200 {
				s.Errorf("answered %d %s", a.Status, a.Body)
			}
			for _, j := range seen {
				if a := clients[j].Get("/get-session"); a.Body != "null" {
					s.Errorf("session %d survived: %s", j, a.Body)
				}
			}
			return
		}
		clients[i] = e.Client()
		if a := SignIn(clients[i], Email, Password); a.Status != 200 {
			s.Errorf("sign-in answered %d %s", a.Status, a.Body)
		}
		before[i].Store(true)
	})
	WantAlive(s, revoker, false)
}

// raceResetAndSignIn: after the answer of a reset that revokes sessions, nobody is
// signed in by the old password, also not by a sign-in that was under way.
func raceResetAndSignIn(s *T) {
	e := s.Start(func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) { p.RevokeSessionsOnReset = true })
	SignUp(s, e, Email)
	token := resetLink(s, e, Email)
	clients := make([]*authtest.Client, Crowd)
	s.Meet(func(i int) {
		if i == Crowd/2 {
			if a := e.Client().Post("/reset-password", Body{"newPassword": newPass, "token": token}); a.Status != 200 {
				s.Errorf("answered %d %s", a.Status, a.Body)
			}
			return
		}
		clients[i] = e.Client()
		if a := SignIn(clients[i], Email, Password); a.Status != 200 && a.Code() != "INVALID_CREDENTIALS" {
			s.Errorf("sign-in answered %d %s", a.Status, a.Body)
		}
	})
	for i, c := range clients {
		if c != nil && Alive(s, c) {
			s.Errorf("client %d is signed in by the old password", i)
		}
	}
	WantRows(s, e, core.ModelSession, 0)
	SignedIn(s, e, Email, newPass)
}

func raceChangePassword(s *T) {
	e := s.Start(nil)
	SignUp(s, e, Email)
	clients := make([]*authtest.Client, Crowd)
	for i := range clients {
		clients[i] = SignedIn(s, e, Email, Password)
	}
	answers := make([]*authtest.Answer, Crowd)
	s.Meet(func(i int) {
		answers[i] = clients[i].Post("/change-password",
			Body{"currentPassword": Password, "newPassword": fmt.Sprintf("password %d", i), "revokeOtherSessions": true})
	})
	WantOneWinner(s, answers, "INVALID_PASSWORD", "UNAUTHORIZED")
	for i, a := range answers {
		if a.Status == 200 {
			WantAlive(s, clients[i], true)
			SignedIn(s, e, Email, fmt.Sprintf("password %d", i))
		} else {
			WantAlive(s, clients[i], false)
		}
	}
}

// raceLimit: as many requests of one address pass in each window as the rule allows.
func raceLimit(s *T) {
	const allowed = 20
	e := s.Start(func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		o.RateLimit = core.RateLimitOptions{Storage: "database", Default: ratelimit.Rule{Window: time.Minute, Max: allowed}}
	})
	for window := range 2 {
		answers := make([]*authtest.Answer, Crowd)
		s.Together(func(i int) { answers[i] = e.Client().Get("/get-session") })
		if got := Tally(answers); got["ok"] != allowed || got["TOO_MANY_REQUESTS"] != Crowd-allowed {
			s.Fatalf("window %d: answers %v, want %d successes and else only TOO_MANY_REQUESTS", window, got, allowed)
		}
		e.Clock.Add(time.Minute)
	}
	WantRows(s, e, core.ModelRateLimit, 1)
}

func raceUnlink(s *T) {
	e := s.Start(nil)
	c := SignUp(s, e, Email)
	userID := c.Get("/get-session").JSON("user", "id")
	if _, err := e.Auth.Store().CreateAccount(s.Context(), core.Account{UserID: userID, ProviderID: "github", AccountID: "42"}); err != nil {
		s.Fatal(err)
	}
	answers := make([]*authtest.Answer, Crowd)
	s.Meet(func(i int) {
		provider := "github"
		if i%2 == 1 {
			provider = core.ProviderCredential
		}
		answers[i] = c.Copy().Post("/unlink-account", Body{"providerId": provider})
	})
	WantOneWinner(s, answers, "FAILED_TO_UNLINK_LAST_ACCOUNT")
	WantRows(s, e, core.ModelAccount, 1)
}

// raceMixed runs whole lives of users concurrently, with hooks that use the database
// inside of transactions. On one connection a hook that asked for a second one would
// wait for ever.
func raceMixed(s *T) {
	e := s.Start(func(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
		p.RevokeSessionsOnReset = true
		p.OnPasswordReset = func(ctx context.Context, u *core.User) error {
			_, err := e.Auth.Store().FindUser(ctx, u.ID)
			return err
		}
		o.User.DeleteUser.Enabled = true
		o.Store.Session.BeforeCreate = func(ctx context.Context, row *core.Session) error {
			return e.Auth.Store().Tx(ctx, func(ctx context.Context) error {
				_, err := e.Auth.Store().FindUser(ctx, row.UserID)
				return err
			})
		}
		o.Store.User.AfterCreate = func(ctx context.Context, u *core.User) error {
			_, err := e.Auth.Store().FindAccounts(ctx, u.ID)
			return err
		}
	})
	s.Together(func(i int) {
		email := fmt.Sprintf("user%d@example.com", i)
		c := e.Client()
		want := func(step string, a *authtest.Answer) {
			if a.Status != 200 {
				s.Errorf("user %d: %s answered %d %s", i, step, a.Status, a.Body)
			}
		}
		want("sign-up", c.Post("/sign-up/email", Body{"name": "Ada", "email": email, "password": Password}))
		want("update-user", c.Post("/update-user", Body{"name": email}))
		if a := c.Get("/get-session"); a.JSON("user", "name") != email {
			s.Errorf("user %d has the session %s", i, a.Body)
		}
		want("request-password-reset", c.Post("/request-password-reset", Body{"email": email}))
		token := ""
		for _, m := range e.Mails() {
			if m.To == email {
				token = m.Token
			}
		}
		want("reset-password", c.Post("/reset-password", Body{"newPassword": newPass, "token": token}))
		want("sign-in", SignIn(c, email, newPass))
		want("change-password", c.Post("/change-password", Body{"currentPassword": newPass, "newPassword": Password, "revokeOtherSessions": true}))
		want("list-sessions", c.Get("/list-sessions"))
		if i%2 == 0 {
			want("delete-user", c.Post("/delete-user", Body{"password": Password}))
		} else {
			want("sign-out", c.Post("/sign-out", Body{}))
		}
	})
	WantRows(s, e, core.ModelUser, Crowd/2)
	WantRows(s, e, core.ModelAccount, Crowd/2)
	WantRows(s, e, core.ModelSession, 0)
	// The notes of replaced sessions expire after a minute.
	e.Clock.Add(time.Minute + time.Second)
	if err := e.Auth.DeleteExpired(context.Background()); err != nil {
		s.Error(err)
	}
	WantRows(s, e, core.ModelVerification, 0)
}

// raceRehash: of many first sign-ins one upgrades the hash, and all succeed.
func raceRehash(s *T) {
	e := s.Start(nil)
	SignUp(s, e, Email)
	store(s, e, oldHashes["bcrypt 2b"])
	s.Meet(func(int) {
		if a := SignIn(e.Client(), Email, Password); a.Status != 200 {
			s.Errorf("sign-in answered %d %s", a.Status, a.Body)
		}
	})
	if got := stored(s, e); !strings.HasPrefix(got, "$argon2id$") {
		s.Errorf("the hash is %s", got)
	}
	WantRows(s, e, core.ModelAccount, 1)
}
