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

// scenario is one request that is made with a database that fails.
type scenario struct {
	name   string
	change options
	// prepare brings the database into the state before the request, and returns the
	// client and the request.
	prepare func(s *suite, e *authtest.Env) (*authtest.Client, func(c *authtest.Client) *authtest.Answer)
	// steps are the complete states between before and after, of a request that does
	// two things one after the other. Each is a state as fingerprint writes it.
	steps []string
	// optional are changes without which the request has succeeded as well.
	optional []string
}

// runFaults makes every request with a failure at its first call of the database,
// at its second, and so on, until it needs no more calls. What must hold each time:
// a failure is a generic 5xx that nobody is signed in by, and leaves the rows as
// they were before or as they are afterwards; a success has done everything.
func runFaults(t *testing.T, open func(t *testing.T) adapter.Database, scenarios []scenario) {
	modes := []struct {
		name string
		arm  func(*Faulty, int)
	}{
		{"one call fails", (*Faulty).FailAt},
		{"the database is gone", (*Faulty).FailFrom},
	}
	for _, sc := range scenarios {
		for _, mode := range modes {
			t.Run(sc.name+", "+mode.name, func(t *testing.T) {
				t.Parallel()
				s := &suite{T: t, database: open}
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

// outcome is what a request has answered and left behind.
type outcome struct {
	answer   *authtest.Answer
	before   []string
	state    []string
	failures int
	newToken bool // the answer has set a session cookie…
	opened   bool // …and its session is valid
	log      string
}

func (s *suite) attempt(sc scenario, arm func(*Faulty)) outcome {
	s.Helper()
	open := (*authtest.Env).Reopen
	if s.kept == nil {
		s.kept, open = s.database(s.T), (*authtest.Env).Open
	}
	db := NewFaulty(s.kept)
	e := restartOn(s.T, db, sc.change, open)
	empty(s, e)
	c, request := sc.prepare(s, e)
	old := newFingerprint(s, e)
	held := c.Cookie(tokenCookie)
	out := outcome{before: old.state(s, e)}
	if arm != nil {
		arm(db)
	}
	out.answer = request(c)
	out.failures = db.Heal()
	out.state = old.state(s, e)
	out.newToken = c.Cookie(tokenCookie) != "" && c.Cookie(tokenCookie) != held
	out.opened = out.newToken && alive(s, c)
	out.log = e.Log.String()
	if arm == nil && out.answer.Status >= 400 {
		s.Fatalf("without a failure the request answered %d %s", out.answer.Status, out.answer.Body)
	}
	return out
}

// empty deletes all rows, those that refer to others first: making a database anew
// takes a server longer than everything that an attempt does with it.
func empty(t testing.TB, e *authtest.Env) {
	t.Helper()
	for _, table := range slices.Backward(e.Auth.DatabaseSchema().Tables()) {
		if _, err := e.Auth.DB().DeleteMany(context.Background(), table.Model, adapter.Where{{Field: "id", Op: adapter.Ne, Value: "0"}}); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *suite) judge(sc scenario, n int, got outcome, after []string) {
	s.Helper()
	a := got.answer
	failed := func(format string, args ...any) {
		s.Helper()
		s.Errorf("call %d: %s\nanswer: %d %s\nrows:   %v\nbefore: %v\nafter:  %v", n, fmt.Sprintf(format, args...), a.Status, a.Body, got.state, got.before, after)
	}
	if strings.Contains(a.Body+fmt.Sprint(a.Header), "hunter2") || strings.Contains(a.Body, "10.0.0.5") {
		failed("the error has leaked")
	}
	if a.Status < 400 {
		missing, more := difference(after, got.state)
		for _, change := range append(missing, more...) {
			if !slices.Contains(sc.optional, change) {
				failed("a success without all of its effects: %q", change)
				return
			}
		}
		return
	}
	if a.Status < 500 || a.Status > 599 {
		failed("a failure of the database is answered with a status of the client's")
	}
	if want := []string{`{"message":"Internal Server Error","code":"INTERNAL_SERVER_ERROR"}`, `{"message":"Failed to get session","code":"FAILED_TO_GET_SESSION"}`}; !slices.Contains(want, a.Body) {
		failed("the answer is not generic")
	}
	if !strings.Contains(got.log, "connection refused") {
		failed("the operator was not told")
	}
	if got.opened {
		failed("a failure has signed someone in")
	}
	text := fmt.Sprint(got.state)
	if text != fmt.Sprint(got.before) && text != fmt.Sprint(after) && !slices.Contains(sc.steps, text) {
		failed("the rows are half written")
	}
}

// difference returns what only a and only b have.
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

// fingerprint describes what has changed in the database since it was taken, in
// words that are the same for two databases with different ids.
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
		f.rows[model] = rows(t, e, model)
	}
	return f
}

func (f *fingerprint) state(t testing.TB, e *authtest.Env) []string {
	t.Helper()
	var out []string
	for _, model := range models(e) {
		now := map[any]adapter.Record{}
		for _, r := range rows(t, e, model) {
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

// member is a scenario's request by a client that is signed in.
func member(method, path string, content body) func(*suite, *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		return signUp(s, e, adaEmail), send(method, path, content)
	}
}

func send(method, path string, content body) func(*authtest.Client) *authtest.Answer {
	return func(c *authtest.Client) *authtest.Answer {
		if method == "GET" {
			return c.Get(path)
		}
		return c.Post(path, content)
	}
}

// visitor is a scenario's request by a client that is not signed in, to a server
// with one user.
func visitor(path string, content body) func(*suite, *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		signUp(s, e, adaEmail)
		return e.Client(), send("POST", path, content)
	}
}

var scenarios = []scenario{
	{name: "sign-up", prepare: visitor("/sign-up/email", body{"name": "Eve", "email": newEmail, "password": oldPass})},
	{name: "quiet sign-up", change: requireVerification,
		prepare: visitor("/sign-up/email", body{"name": "Eve", "email": newEmail, "password": oldPass})},
	{name: "quiet sign-up with a used address", change: requireVerification,
		prepare: visitor("/sign-up/email", body{"name": "Eve", "email": adaEmail, "password": oldPass})},
	{name: "sign-in", prepare: visitor("/sign-in/email", body{"email": adaEmail, "password": oldPass})},
	{name: "sign-in anew", prepare: member("POST", "/sign-in/email", body{"email": adaEmail, "password": oldPass})},
	{name: "sign-in with an old hash", optional: []string{"account.password changed"},
		steps: []string{"[account.password changed]"}, // upgraded, and not signed in
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			signUp(s, e, adaEmail)
			store(s, e, oldHashes["bcrypt 2b"])
			return e.Client(), send("POST", "/sign-in/email", body{"email": adaEmail, "password": oldPass})
		}},
	{name: "get-session", prepare: member("GET", "/get-session", nil)},
	{name: "get-session with a refresh",
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			c := signUp(s, e, adaEmail)
			e.Clock.Add(2 * 24 * time.Hour)
			return c, send("GET", "/get-session", nil)
		}},
	{name: "get-session with an expired session", optional: []string{"1 session removed"},
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			c := signUp(s, e, adaEmail)
			e.Clock.Add(8 * 24 * time.Hour)
			return c, send("GET", "/get-session", nil)
		}},
	{name: "sign-out", prepare: member("POST", "/sign-out", body{})},
	{name: "request-password-reset", prepare: visitor("/request-password-reset", body{"email": adaEmail})},
	{name: "request-password-reset of an unknown address", prepare: visitor("/request-password-reset", body{"email": newEmail})},
	{name: "reset-password",
		change: func(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) {
			p.RevokeSessionsOnReset = true
			p.OnPasswordReset = func(context.Context, *core.User) error { return nil }
		},
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			signUp(s, e, adaEmail)
			resetLink(s, e, adaEmail)
			return e.Client(), send("POST", "/reset-password", body{"newPassword": newPass, "token": resetLink(s, e, adaEmail)})
		}},
	{name: "reset link",
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			signUp(s, e, adaEmail)
			return e.Client(), send("GET", "/reset-password/"+resetLink(s, e, adaEmail)+"?callbackURL=%2Freset", nil)
		}},
	{name: "change-password", prepare: member("POST", "/change-password", body{"currentPassword": oldPass, "newPassword": newPass})},
	{name: "change-password with revocation",
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			signUp(s, e, adaEmail)
			return signedIn(s, e, adaEmail, oldPass),
				send("POST", "/change-password", body{"currentPassword": oldPass, "newPassword": newPass, "revokeOtherSessions": true})
		}},
	{name: "verify-password", prepare: member("POST", "/verify-password", body{"password": oldPass})},
	{name: "send-verification-email", prepare: visitor("/send-verification-email", body{"email": adaEmail})},
	{name: "verify-email", change: requireVerification, prepare: verificationLink},
	{name: "verify-email with sign-in", prepare: verificationLink,
		steps: []string{"[user.emailVerified changed]"}, // verified, and not signed in
		change: func(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
			requireVerification(e, o, p)
			o.EmailVerification.AutoSignIn = true
		}},
	{name: "change-email", change: changeable, prepare: member("POST", "/change-email", body{"newEmail": newEmail})},
	{name: "change-email to a used address", change: changeable,
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			signUp(s, e, newEmail)
			return signUp(s, e, adaEmail), send("POST", "/change-email", body{"newEmail": newEmail})
		}},
	{name: "change-email at once",
		change: func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
			o.User.ChangeEmail = core.ChangeEmailOptions{Enabled: true, UpdateWithoutVerification: true}
		},
		prepare: member("POST", "/change-email", body{"newEmail": newEmail})},
	{name: "link that changes the address", change: changeable, prepare: changeLink(true)},
	{name: "link that changes the address, signed out", change: changeable, prepare: changeLink(false),
		steps: []string{"[user.email changed user.emailVerified changed]"}}, // changed, and not signed in
	{name: "update-user", prepare: member("POST", "/update-user", body{"name": "Eve", "image": "https://example.com/a.png"})},
	{name: "delete-user", change: deletable, prepare: member("POST", "/delete-user", body{"password": oldPass})},
	{name: "delete-user by mail", change: deletableByMail, prepare: member("POST", "/delete-user", body{})},
	{name: "delete-user callback", change: deletableByMail,
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			c := signUp(s, e, adaEmail)
			c.Post("/delete-user", body{}).Want(s, 200, "")
			return c, send("GET", "/delete-user/callback?token="+e.LastMail().Token, nil)
		}},
	{name: "list-sessions", prepare: member("GET", "/list-sessions", nil)},
	{name: "list-accounts", prepare: member("GET", "/list-accounts", nil)},
	{name: "revoke-session",
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			c := signUp(s, e, adaEmail)
			token := signedIn(s, e, adaEmail, oldPass).Get("/get-session").JSON("session", "token")
			return c, send("POST", "/revoke-session", body{"token": token})
		}},
	{name: "revoke-sessions", prepare: crowded("/revoke-sessions")},
	{name: "revoke-other-sessions", prepare: crowded("/revoke-other-sessions")},
	{name: "unlink-account",
		prepare: func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
			c := signUp(s, e, adaEmail)
			userID := c.Get("/get-session").JSON("user", "id")
			if _, err := e.Auth.Store().CreateAccount(s.Context(), core.Account{UserID: userID, ProviderID: "github", AccountID: "42"}); err != nil {
				s.Fatal(err)
			}
			return c, send("POST", "/unlink-account", body{"providerId": "github"})
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

func verificationLink(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	signUp(s, e, adaEmail)
	return e.Client(), send("GET", "/verify-email?token="+e.LastMail().Token, nil)
}

func changeLink(inside bool) func(*suite, *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		c := signUp(s, e, adaEmail)
		c.Post("/change-email", body{"newEmail": newEmail}).Want(s, 200, "")
		if !inside {
			c = e.Client()
		}
		return c, send("GET", "/verify-email?token="+e.LastMail().Token, nil)
	}
}

// crowded is a request by a user with four sessions.
func crowded(path string) func(*suite, *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *suite, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		c := signUp(s, e, adaEmail)
		for range 3 {
			signedIn(s, e, adaEmail, oldPass)
		}
		return c, send("POST", path, body{})
	}
}
