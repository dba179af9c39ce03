// Package flowtest runs whole flows of the core and of plugins against a database:
// what a person does, the same done by fifty people at once, and each with the
// database failing at every single call or ending the transaction there in favour
// of another one. An adapter that
// passes adaptertest is a correct adapter; one that passes flowtest carries an
// authentication server.
package flowtest

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// Option changes a run.
type Option int

// Server is for a database that is another process, where the thousands of requests
// with a failing call take minutes: only those of the core and of e-mail and password
// are made. The failures are put before the adapter, so those of plugins end alike on
// every database that rolls back.
const Server Option = 1

// Run runs all flows. open returns an empty database of the test's own at every
// call; its tables are made by Auth.Migrate. With -short nothing fails: those are
// thousands of requests one after the other, which tell the race detector nothing.
func Run(t *testing.T, open func(t *testing.T) adapter.Database, more ...Option) {
	failing := slices.Concat(scenarios, organizationScenarios, twoFactorFaults)
	if slices.Contains(more, Server) {
		failing = scenarios
	}
	t.Run("flow", func(t *testing.T) {
		t.Parallel()
		runAll(t, open, slices.Concat(flows, organizationFlows, twoFactorFlows))
	})
	t.Run("race", func(t *testing.T) {
		t.Parallel()
		runAll(t, open, slices.Concat(races, organizationRaces, twoFactorRaces))
	})
	t.Run("fault", func(t *testing.T) {
		t.Parallel()
		long(t)
		runFaults(t, open, failing)
	})
	t.Run("loss", func(t *testing.T) {
		t.Parallel()
		long(t)
		runLosses(t, open, failing)
	})
}

func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("no call was made to fail: left out with -short, and run without it")
	}
}

type test struct {
	name string
	run  func(s *suite)
}

func runAll(t *testing.T, open func(t *testing.T) adapter.Database, tests []test) {
	for _, one := range tests {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			one.run(&suite{T: t, database: open})
		})
	}
}

// suite is one running test.
type suite struct {
	*testing.T
	database func(t *testing.T) adapter.Database
	meeting  *meeting         // of the database that start has opened
	kept     adapter.Database // that attempt uses again
}

const (
	adaEmail = "ada@example.com"
	newEmail = "countess@example.com"
	oldPass  = "correct horse"
	newPass  = "another horse"

	tokenCookie = "better-auth.session_token"
)

type body = map[string]any

// options changes the options of one Auth.
type options func(e *authtest.Env, o *core.Options, p *emailpassword.Options)

// start makes an Auth on a new database. Every mail is kept.
func (s *suite) start(change options) *authtest.Env {
	s.Helper()
	s.meeting = &meeting{inner: s.database(s.T)}
	return startOn(s.T, s.meeting, change)
}

func startOn(t *testing.T, db adapter.Database, change options) *authtest.Env {
	t.Helper()
	return restartOn(t, db, change, (*authtest.Env).Open)
}

func restartOn(t *testing.T, db adapter.Database, change options, open func(*authtest.Env, core.Options) *authtest.Env) *authtest.Env {
	t.Helper()
	e := authtest.NewEnv(t)
	o := e.Options()
	o.Database = db
	o.EmailVerification.Send = e.Mail("verify-email")
	p := emailpassword.Options{SendResetPassword: e.Mail("reset-password")}
	if change != nil {
		change(e, &o, &p)
	}
	o.Plugins = append(o.Plugins, emailpassword.New(p))
	return open(e, o)
}

func signUp(t testing.TB, e *authtest.Env, email string) *authtest.Client {
	t.Helper()
	c := e.Client()
	c.Post("/sign-up/email", body{"name": "Ada", "email": email, "password": oldPass}).Want(t, 200, "")
	return c
}

func signIn(c *authtest.Client, email, password string) *authtest.Answer {
	return c.Post("/sign-in/email", body{"email": email, "password": password})
}

func signedIn(t testing.TB, e *authtest.Env, email, password string) *authtest.Client {
	t.Helper()
	c := e.Client()
	signIn(c, email, password).Want(t, 200, "")
	return c
}

// alive reports whether a client's session is valid in the store.
func alive(t testing.TB, c *authtest.Client) bool {
	t.Helper()
	return c.Get("/get-session?disableCookieCache=true").Want(t, 200, "").Body != "null"
}

func wantAlive(t testing.TB, c *authtest.Client, want bool) {
	t.Helper()
	if got := alive(t, c); got != want {
		t.Fatalf("session alive: %v, want %v", got, want)
	}
}

// resetLink asks for a mail that resets a password and returns its token.
func resetLink(t testing.TB, e *authtest.Env, email string) string {
	t.Helper()
	e.Client().Post("/request-password-reset", body{"email": email, "redirectTo": "/reset"}).Want(t, 200, "")
	m := e.LastMail()
	if m.Kind != "reset-password" || m.To != email {
		t.Fatalf("the last mail is %+v", m)
	}
	return m.Token
}

func rows(t testing.TB, e *authtest.Env, model string, w ...adapter.Cond) []adapter.Record {
	t.Helper()
	out, err := e.Auth.DB().FindMany(context.Background(), adapter.Find{Model: model, Where: w})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantRows(t testing.TB, e *authtest.Env, model string, n int) []adapter.Record {
	t.Helper()
	all := rows(t, e, model)
	if len(all) != n {
		t.Fatalf("%d rows of %s, want %d: %v", len(all), model, n, all)
	}
	return all
}

// crowd is how many callers a race has.
const crowd = 50

// meet is together with callers that wait for each other before their first write.
func (s *suite) meet(fn func(i int)) {
	s.Helper()
	s.meeting.call(crowd)
	s.together(func(i int) {
		defer s.meeting.leave()
		fn(i)
	})
}

// together calls fn from crowd goroutines that start at once. It fails the test
// when they have not all returned in time: that is a deadlock.
func (s *suite) together(fn func(i int)) {
	s.Helper()
	start, done := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	for i := range crowd {
		wg.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	go func() { wg.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(2 * time.Minute):
		s.Fatal("deadlock: the callers have not returned after two minutes")
	}
}

// tally counts answers by status and code.
func tally(answers []*authtest.Answer) map[string]int {
	out := map[string]int{}
	for _, a := range answers {
		key := "ok"
		if a.Status != 200 && a.Status != 302 || a.Code() != "" {
			key = a.Code()
		}
		out[key]++
	}
	return out
}

// wantOneWinner expects one success and the loser's code from everyone else.
func wantOneWinner(t testing.TB, answers []*authtest.Answer, losers ...string) {
	t.Helper()
	got := tally(answers)
	rest := len(answers) - got["ok"]
	for _, code := range losers {
		rest -= got[code]
	}
	if got["ok"] != 1 || rest != 0 {
		t.Fatalf("answers %v, want one success and else only %v", got, losers)
	}
}
