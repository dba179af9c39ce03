// Package flowtest runs whole flows of the core against a database: the actions of
// one user, the same actions by fifty users at once, and each request with the
// database failing, or ending the transaction in favour of another one, at every
// single call. Package adaptertest checks the adapter alone; flowtest checks that an
// authentication server works on it. A plugin adds flows of its own as a Suite.
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
	"github.com/advantch/kernia-go/core/storage"
)

// Suite is what a plugin adds to a run.
type Suite struct {
	Flows  []Flow    // flows of one user
	Races  []Flow    // the same done by many at once
	Faults []Request // requests with a database that fails, and one that ends transactions
	// Outside are requests that call other hosts through core.Options.HTTPClient, which
	// their Change sets. Each of those calls fails.
	Outside []Request
	// OneFailure lets each call of a request fail alone, and leaves out the runs in
	// which all calls after it fail too. A database in another process takes minutes
	// for them, and sees nothing of the calls that fail: those runs are for databases
	// in the process of the test.
	OneFailure bool
}

// WithoutFaults returns the suite without its failing requests, for a database in
// another process, where they take minutes. The failures happen before the adapter,
// so their result is the same on every database that rolls back.
func (s Suite) WithoutFaults() Suite {
	s.Faults, s.Outside = nil, nil
	return s
}

// Flow is one test. Run starts from an empty database.
type Flow struct {
	Name string
	Run  func(s *T)
}

// Run runs the flows of the core and those of more suites. open returns an empty
// database of the test's own at every call; Auth.Migrate makes its tables. With -short
// the runs with a failing database are left out: they are thousands of sequential
// requests, which are useless for the race detector.
func Run(t *testing.T, open func(t *testing.T) adapter.Database, more ...Suite) {
	RunSuites(t, open, append([]Suite{{Flows: flows, Races: races, Faults: scenarios}}, more...)...)
}

// RunSuites is Run without the flows of the core, for the test of a plugin against
// adapters that are tested with those already.
func RunSuites(t *testing.T, open func(t *testing.T) adapter.Database, suites ...Suite) {
	var all Suite
	for _, s := range suites {
		all.OneFailure = all.OneFailure || s.OneFailure
		all.Flows = slices.Concat(all.Flows, s.Flows)
		all.Races = slices.Concat(all.Races, s.Races)
		all.Faults = slices.Concat(all.Faults, s.Faults)
		all.Outside = slices.Concat(all.Outside, s.Outside)
	}
	t.Run("flow", func(t *testing.T) {
		t.Parallel()
		runAll(t, open, all.Flows)
	})
	t.Run("race", func(t *testing.T) {
		t.Parallel()
		runAll(t, open, all.Races)
	})
	if len(all.Faults) == 0 {
		return
	}
	t.Run("fault", func(t *testing.T) {
		t.Parallel()
		long(t)
		runFaults(t, open, all)
	})
	t.Run("loss", func(t *testing.T) {
		t.Parallel()
		long(t)
		runLosses(t, open, all.Faults)
	})
	t.Run("record", func(t *testing.T) {
		t.Parallel()
		long(t)
		runRecords(t, open, all.Faults)
	})
	t.Run("outside", func(t *testing.T) {
		t.Parallel()
		long(t)
		runOutside(t, open, all.Outside)
	})
}

func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("no call was made to fail: left out with -short, and run without it")
	}
}

func runAll(t *testing.T, open func(t *testing.T) adapter.Database, tests []Flow) {
	for _, one := range tests {
		t.Run(one.Name, func(t *testing.T) {
			t.Parallel()
			one.Run(&T{T: t, database: open})
		})
	}
}

// T is one running test.
type T struct {
	*testing.T
	database func(t *testing.T) adapter.Database
	// secondary opens a secondary storage in place of one in memory, where it is set.
	secondary func(t *testing.T) storage.Storage
	meeting   *meeting         // of the database that start has opened
	kept      adapter.Database // for attempt to use again
}

// The user whom SignUp and Member sign up, and the name of her session cookie.
const (
	Email       = "ada@example.com"
	Password    = "correct horse"
	TokenCookie = "better-auth.session_token"

	newEmail = "countess@example.com"
	newPass  = "another horse"
)

// Body is the JSON body of a request.
type Body = map[string]any

// Options changes the options of one Auth. A suite installs its plugin here.
type Options func(e *authtest.Env, o *core.Options, p *emailpassword.Options)

// Start makes an Auth on a new database. Every mail is kept.
func (s *T) Start(change Options) *authtest.Env {
	s.Helper()
	s.meeting = &meeting{inner: s.database(s.T)}
	return startOn(s.T, s.meeting, change)
}

func startOn(t *testing.T, db adapter.Database, change Options) *authtest.Env {
	t.Helper()
	return restartOn(t, db, change, (*authtest.Env).Open)
}

func restartOn(t *testing.T, db adapter.Database, change Options, open func(*authtest.Env, core.Options) *authtest.Env) *authtest.Env {
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

// SignUp signs Ada up under an address, with Password.
func SignUp(t testing.TB, e *authtest.Env, email string) *authtest.Client {
	t.Helper()
	c := e.Client()
	c.Post("/sign-up/email", Body{"name": "Ada", "email": email, "password": Password}).Want(t, 200, "")
	return c
}

// SignIn posts a sign-in.
func SignIn(c *authtest.Client, email, password string) *authtest.Answer {
	return c.Post("/sign-in/email", Body{"email": email, "password": password})
}

// SignedIn returns a client that has signed in.
func SignedIn(t testing.TB, e *authtest.Env, email, password string) *authtest.Client {
	t.Helper()
	c := e.Client()
	SignIn(c, email, password).Want(t, 200, "")
	return c
}

// Alive reports whether a client's session is valid in the store.
func Alive(t testing.TB, c *authtest.Client) bool {
	t.Helper()
	return c.Get("/get-session?disableCookieCache=true").Want(t, 200, "").Body != "null"
}

// WantAlive fails the test unless a client's session is valid, or not, as
// wanted.
func WantAlive(t testing.TB, c *authtest.Client, want bool) {
	t.Helper()
	if got := Alive(t, c); got != want {
		t.Fatalf("session alive: %v, want %v", got, want)
	}
}

// resetLink asks for a mail that resets a password and returns its token.
func resetLink(t testing.TB, e *authtest.Env, email string) string {
	t.Helper()
	e.Client().Post("/request-password-reset", Body{"email": email, "redirectTo": "/reset"}).Want(t, 200, "")
	m := e.LastMail()
	if m.Kind != "reset-password" || m.To != email {
		t.Fatalf("the last mail is %+v", m)
	}
	return m.Token
}

// Rows lists the rows of a model that match.
func Rows(t testing.TB, e *authtest.Env, model string, w ...adapter.Cond) []adapter.Record {
	t.Helper()
	out, err := e.Auth.DB().FindMany(context.Background(), adapter.Find{Model: model, Where: w})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// WantRows returns the rows of a model and fails the test unless there are n.
func WantRows(t testing.TB, e *authtest.Env, model string, n int) []adapter.Record {
	t.Helper()
	all := Rows(t, e, model)
	if len(all) != n {
		t.Fatalf("%d rows of %s, want %d: %v", len(all), model, n, all)
	}
	return all
}

// Crowd is how many callers a race has.
const Crowd = 50

// Meet runs callers at once, which wait for each other before their first write.
func (s *T) Meet(fn func(i int)) {
	s.Helper()
	s.meeting.call(Crowd)
	s.Together(func(i int) {
		defer s.meeting.leave()
		fn(i)
	})
}

// MeetLong is Meet for requests of many statements. With -short, as under the race detector, a
// fifth of the callers meet: each of them begins anew when another one was quicker, which takes a
// request longer there than it may.
func (s *T) MeetLong(fn func(i int)) {
	s.Helper()
	n := Crowd
	if testing.Short() {
		n /= 5
	}
	s.meeting.call(n)
	s.together(n, func(i int) {
		defer s.meeting.leave()
		fn(i)
	})
}

// Together calls fn from Crowd goroutines that start at once. It fails the test
// when they have not all returned in time: that is a deadlock.
func (s *T) Together(fn func(i int)) {
	s.Helper()
	s.together(Crowd, fn)
}

func (s *T) together(n int, fn func(i int)) {
	s.Helper()
	start, done := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
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

// Tally counts answers by status and code.
func Tally(answers []*authtest.Answer) map[string]int {
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

// WantOneWinner expects one success, and one of the losers' codes from everyone else.
func WantOneWinner(t testing.TB, answers []*authtest.Answer, losers ...string) {
	t.Helper()
	got := Tally(answers)
	rest := len(answers) - got["ok"]
	for _, code := range losers {
		rest -= got[code]
	}
	if got["ok"] != 1 || rest != 0 {
		t.Fatalf("answers %v, want one success and else only %v", got, losers)
	}
}
