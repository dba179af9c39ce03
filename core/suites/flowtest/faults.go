package flowtest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// Request is a request that is sent while the database fails.
type Request struct {
	Name   string
	Change Options
	// Prepare brings the database into the state before the request, and returns the
	// client and the request.
	Prepare func(s *T, e *authtest.Env) (*authtest.Client, func(c *authtest.Client) *authtest.Answer)
	// Steps are the complete intermediate states of a request that does two things
	// one after the other. Each is a state as fingerprint writes it.
	Steps []string
	// Refused are the complete states that a failure of another host may leave besides
	// the one before: what the request has used up by then.
	Refused []string
	// Optional are changes that may be missing although the request has
	// succeeded.
	Optional []string
}

// runFaults makes every request with a failure at its first call of the database,
// at its second, and so on, until it needs no more calls. Each time, a failure must be
// a generic 5xx that signs nobody in and leaves the rows as before or as after the
// request. A success must have done everything.
func runFaults(t *testing.T, open func(t *testing.T) adapter.Database, all Suite) {
	modes := []struct {
		name string
		arm  func(*Faulty, int)
	}{
		{"one call fails", (*Faulty).FailAt},
		{"the database is gone", (*Faulty).FailFrom},
	}
	if all.OneFailure {
		modes = modes[:1]
	}
	for _, sc := range all.Faults {
		for _, mode := range modes {
			t.Run(sc.Name+", "+mode.name, func(t *testing.T) {
				t.Parallel()
				s := &T{T: t, database: open}
				after := s.attempt(sc, nil).state
				for n := 1; ; n++ {
					if n > 200 {
						t.Fatal("the request does not end")
					}
					got := s.attempt(sc, func(f *Faulty) { mode.arm(f, n) })
					if got.failures == 0 {
						if n == 1 {
							t.Fatal("the request made no call")
						}
						return
					}
					s.judge(sc, n, got, after)
				}
			})
		}
	}
}

// outcome is the answer of a request and the state that it left.
type outcome struct {
	answer   *authtest.Answer
	state    []string
	failures int
	newToken bool // the answer has set a session cookie…
	opened   bool // …and its session is valid
	log      string
}

func (s *T) attempt(sc Request, arm func(*Faulty)) outcome {
	s.Helper()
	open := (*authtest.Env).Reopen
	if s.kept == nil {
		s.kept, open = s.database(s.T), (*authtest.Env).Open
	}
	db := NewFaulty(s.kept)
	e := restartOn(s.T, db, sc.Change, open)
	empty(s, e)
	c, request := sc.Prepare(s, e)
	old := newFingerprint(s, e)
	held := c.Cookie(TokenCookie)
	var out outcome
	if arm != nil {
		arm(db)
	}
	out.answer = request(c)
	out.failures = db.Heal()
	out.state = old.state(s, e)
	out.newToken = c.Cookie(TokenCookie) != "" && c.Cookie(TokenCookie) != held
	out.opened = out.newToken && Alive(s, c)
	out.log = e.Log.String()
	if arm == nil && out.answer.Status >= 400 {
		s.Fatalf("without a failure the request answered %d %s", out.answer.Status, out.answer.Body)
	}
	return out
}

// empty deletes all rows, those that refer to others first. A new database would take a
// server longer than the rest of an attempt.
func empty(t testing.TB, e *authtest.Env) {
	t.Helper()
	for _, table := range slices.Backward(e.Auth.DatabaseSchema().Tables()) {
		if _, err := e.Auth.DB().DeleteMany(context.Background(), table.Model, adapter.Where{{Field: "id", Op: adapter.Ne, Value: "0"}}); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *T) judge(sc Request, n int, got outcome, after []string) {
	s.Helper()
	a := got.answer
	failed := func(format string, args ...any) {
		s.Helper()
		s.Errorf("call %d: %s\nanswer: %d %s\nrows:   %v\nafter:  %v", n, fmt.Sprintf(format, args...), a.Status, a.Body, got.state, after)
	}
	if strings.Contains(a.Body+fmt.Sprint(a.Header), "hunter2") || strings.Contains(a.Body, "10.0.0.5") {
		failed("the error has leaked")
	}
	if a.Status < 400 {
		missing, more := difference(after, got.state)
		for _, change := range append(missing, more...) {
			if !slices.Contains(sc.Optional, change) {
				failed("a success without all of its effects: %q", change)
				return
			}
		}
		return
	}
	if a.Status < 500 || a.Status > 599 {
		failed("a failure of the database is answered with a status of the client's")
	}
	if want := []string{`{"message":"Internal Server Error","code":"INTERNAL_SERVER_ERROR"}`, `{"message":"Failed to get session","code":"FAILED_TO_GET_SESSION"}`,
		`{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"500","detail":"Internal Server Error"}`}; !slices.Contains(want, a.Body) {
		failed("the answer is not generic")
	}
	if !strings.Contains(got.log, "connection refused") {
		failed("the operator was not told")
	}
	if got.opened {
		failed("a failure has signed someone in")
	}
	// Nothing has changed, or everything.
	if text := fmt.Sprint(got.state); len(got.state) > 0 && text != fmt.Sprint(after) && !slices.Contains(sc.Steps, text) {
		failed("the rows are half written")
	}
}

// difference returns the entries that only a and only b have.
func difference(a, b []string) (onlyA, onlyB []string) {
	for _, x := range a {
		if !slices.Contains(b, x) {
			onlyA = append(onlyA, x)
		}
	}
	for _, x := range b {
		if !slices.Contains(a, x) {
			onlyB = append(onlyB, x)
		}
	}
	return onlyA, onlyB
}

// fingerprint describes the changes of the database since it was taken, in words that
// are the same for two databases with different ids.
type fingerprint struct {
	rows  map[string][]adapter.Record
	mails int
}

// models lists the tables that the database has.
func models(e *authtest.Env) []string {
	var out []string
	for _, t := range e.Auth.Schema().Tables() {
		if t.Model != core.ModelRateLimit {
			out = append(out, t.Model)
		}
	}
	return out
}

func newFingerprint(t testing.TB, e *authtest.Env) *fingerprint {
	t.Helper()
	f := &fingerprint{rows: map[string][]adapter.Record{}, mails: len(e.Mails())}
	for _, model := range models(e) {
		f.rows[model] = Rows(t, e, model)
	}
	return f
}

func (f *fingerprint) state(t testing.TB, e *authtest.Env) []string {
	t.Helper()
	var out []string
	for _, model := range models(e) {
		now := map[any]adapter.Record{}
		for _, r := range Rows(t, e, model) {
			now[r["id"]] = r
		}
		removed := 0
		for _, old := range f.rows[model] {
			r, kept := now[old["id"]]
			if !kept {
				removed++
				continue
			}
			delete(now, old["id"])
			for field, was := range old {
				if is := r[field]; field != "updatedAt" && !same(is, was) {
					out = append(out, model+"."+field+" changed")
				}
			}
		}
		if removed > 0 {
			out = append(out, fmt.Sprintf("%d %s removed", removed, model))
		}
		if len(now) > 0 {
			out = append(out, fmt.Sprintf("%d %s added", len(now), model))
		}
	}
	if n := len(e.Mails()) - f.mails; n > 0 {
		out = append(out, fmt.Sprintf("%d mail", n))
	}
	slices.Sort(out)
	return out
}

func same(a, b any) bool {
	if x, ok := a.(time.Time); ok {
		y, ok := b.(time.Time)
		return ok && x.Equal(y)
	}
	return fmt.Sprint(a) == fmt.Sprint(b)
}

// Member is the Prepare of a request by a client that is signed in.
func Member(method, path string, content Body) func(*T, *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		return SignUp(s, e, Email), Send(method, path, content)
	}
}

// Send is a request as Prepare returns it; a GET has no content.
func Send(method, path string, content Body) func(*authtest.Client) *authtest.Answer {
	return func(c *authtest.Client) *authtest.Answer {
		if method == "GET" {
			return c.Get(path)
		}
		return c.Post(path, content)
	}
}

// visitor is the Prepare of a request by a client that is not signed in, to a server
// with one user.
func visitor(path string, content Body) func(*T, *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		SignUp(s, e, Email)
		return e.Client(), Send("POST", path, content)
	}
}

var scenarios = []Request{
	{Name: "sign-up", Prepare: visitor("/sign-up/email", Body{"name": "Eve", "email": newEmail, "password": Password})},
	{Name: "quiet sign-up", Change: requireVerification,
		Prepare: visitor("/sign-up/email", Body{"name": "Eve", "email": newEmail, "password": Password})},
	{Name: "quiet sign-up with a used address", Change: requireVerification,
		Prepare: visitor("/sign-up/email", Body{"name": "Eve", "email": Email, "password": Password})},
	{Name: "sign-in", Prepare: visitor("/sign-in/email", Body{"email": Email, "password": Password})},
	{Name: "sign-in anew", Prepare: Member("POST", "/sign-in/email", Body{"email": Email, "password": Password})},
	{Name: "sign-in with an old hash", Optional: []string{"account.password changed"},
		Steps: []string{"[account.password changed]"}, // upgraded, and not signed in
		Prepare: func(s *T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			SignUp(s, e, Email)
			store(s, e, oldHashes["bcrypt 2b"])
			return e.Client(), Send("POST", "/sign-in/email", Body{"email": Email, "password": Password})
		}},
	{Name: "get-session", Prepare: Member("GET", "/get-session", nil)},
	{Name: "get-session with a refresh",
		Prepare: func(s *T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			c := SignUp(s, e, Email)
			e.Clock.Add(2 * 24 * time.Hour)
			return c, Send("GET", "/get-session", nil)
		}},
	{Name: "get-session with an expired session", Optional: []string{"1 session removed"},
		Prepare: func(s *T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			c := SignUp(s, e, Email)
			e.Clock.Add(8 * 24 * time.Hour)
			return c, Send("GET", "/get-session", nil)
		}},
	{Name: "sign-out", Prepare: Member("POST", "/sign-out", Body{})},
	{Name: "request-password-reset", Prepare: visitor("/request-password-reset", Body{"email": Email})},
	{Name: "request-password-reset of an unknown address", Prepare: visitor("/request-password-reset", Body{"email": newEmail})},
	{Name: "reset-password",
		Change: func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) {
			p.RevokeSessionsOnReset = true
			p.OnPasswordReset = func(context.Context, *core.User) error { return nil }
		},
		Prepare: func(s *T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			SignUp(s, e, Email)
			resetLink(s, e, Email)
			return e.Client(), Send("POST", "/reset-password", Body{"newPassword": newPass, "token": resetLink(s, e, Email)})
		}},
	{Name: "reset link",
		Prepare: func(s *T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			SignUp(s, e, Email)
			return e.Client(), Send("GET", "/reset-password/"+resetLink(s, e, Email)+"?callbackURL=%2Freset", nil)
		}},
	{Name: "change-password", Prepare: Member("POST", "/change-password", Body{"currentPassword": Password, "newPassword": newPass})},
	{Name: "change-password with revocation",
		Prepare: func(s *T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			SignUp(s, e, Email)
			return SignedIn(s, e, Email, Password),
				Send("POST", "/change-password", Body{"currentPassword": Password, "newPassword": newPass, "revokeOtherSessions": true})
		}},
	{Name: "verify-password", Prepare: Member("POST", "/verify-password", Body{"password": Password})},
	{Name: "send-verification-email", Prepare: visitor("/send-verification-email", Body{"email": Email})},
	{Name: "verify-email", Change: requireVerification, Prepare: verificationLink},
	{Name: "verify-email with sign-in", Prepare: verificationLink,
		Steps: []string{"[1 verification removed user.emailVerified changed]"}, // verified, and not signed in
		Change: func(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
			requireVerification(e, o, p)
			o.EmailVerification.AutoSignIn = true
		}},
	{Name: "change-email", Change: changeable, Prepare: Member("POST", "/change-email", Body{"newEmail": newEmail})},
	{Name: "change-email to a used address", Change: changeable,
		Prepare: func(s *T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			SignUp(s, e, newEmail)
			return SignUp(s, e, Email), Send("POST", "/change-email", Body{"newEmail": newEmail})
		}},
	{Name: "change-email at once",
		Change: func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
			o.User.ChangeEmail = core.ChangeEmailOptions{Enabled: true, UpdateWithoutVerification: true}
		},
		Prepare: Member("POST", "/change-email", Body{"newEmail": newEmail})},
	{Name: "link that changes the address", Change: changeable, Prepare: changeLink(true)},
	{Name: "link that changes the address, signed out", Change: changeable, Prepare: changeLink(false),
		Steps: []string{"[user.email changed user.emailVerified changed]"}}, // changed, and not signed in
	{Name: "update-user", Prepare: Member("POST", "/update-user", Body{"name": "Eve", "image": "https://example.com/a.png"})},
	{Name: "delete-user", Change: deletable, Prepare: Member("POST", "/delete-user", Body{"password": Password})},
	{Name: "delete-user by mail", Change: deletableByMail, Prepare: Member("POST", "/delete-user", Body{})},
	{Name: "delete-user callback", Change: deletableByMail,
		Prepare: func(s *T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			c := SignUp(s, e, Email)
			c.Post("/delete-user", Body{}).Want(s, 200, "")
			return c, Send("GET", "/delete-user/callback?token="+e.LastMail().Token, nil)
		}},
	{Name: "list-sessions", Prepare: Member("GET", "/list-sessions", nil)},
	{Name: "list-accounts", Prepare: Member("GET", "/list-accounts", nil)},
	{Name: "revoke-session",
		Prepare: func(s *T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			c := SignUp(s, e, Email)
			token := SignedIn(s, e, Email, Password).Get("/get-session").JSON("session", "token")
			return c, Send("POST", "/revoke-session", Body{"token": token})
		}},
	{Name: "revoke-sessions", Prepare: crowded("/revoke-sessions")},
	{Name: "revoke-other-sessions", Prepare: crowded("/revoke-other-sessions")},
	{Name: "unlink-account",
		Prepare: func(s *T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			c := SignUp(s, e, Email)
			userID := c.Get("/get-session").JSON("user", "id")
			if _, err := e.Auth.Store().CreateAccount(s.Context(), core.Account{UserID: userID, ProviderID: "github", AccountID: "42"}); err != nil {
				s.Fatal(err)
			}
			return c, Send("POST", "/unlink-account", Body{"providerId": "github"})
		}},
}

func requireVerification(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) {
	p.RequireEmailVerification = true
}

func changeable(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.User.ChangeEmail.Enabled = true
}

func deletableByMail(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.User.DeleteUser = core.DeleteUserOptions{Enabled: true, SendVerification: e.Mail("delete-user")}
}

func verificationLink(s *T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	SignUp(s, e, Email)
	return e.Client(), Send("GET", "/verify-email?token="+e.LastMail().Token, nil)
}

func changeLink(inside bool) func(*T, *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		c := SignUp(s, e, Email)
		c.Post("/change-email", Body{"newEmail": newEmail}).Want(s, 200, "")
		if !inside {
			c = e.Client()
		}
		return c, Send("GET", "/verify-email?token="+e.LastMail().Token, nil)
	}
}

// crowded is a request by a user with four sessions.
func crowded(path string) func(*T, *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		c := SignUp(s, e, Email)
		for range 3 {
			SignedIn(s, e, Email, Password)
		}
		return c, Send("POST", path, Body{})
	}
}
