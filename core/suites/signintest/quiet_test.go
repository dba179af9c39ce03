package signintest

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/password"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/plugins/phonenumber"
	"github.com/advantch/kernia-go/core/plugins/username"
	"github.com/advantch/kernia-go/core/schema"
)

var answerTimes = flag.Int("answer-times", 0, "measure this many answers of each kind in TestAnswerTimes")

// named is whom a request names: somebody, or nobody.
type named struct{ email, username, number string }

var (
	known   = named{Email, Username, Number}
	unknown = named{"nobody@example.com", "nobody", "+15555550199"}
)

// question is a request whose answer must not tell, by what it says or by its time, whether
// somebody has an address, a name or a number.
type question struct {
	name, path string
	body       func(n named) body
	// before are requests that both have sent: for a code, of which a wrong one is tried.
	before func(n named) (path string, content body)
	tells  bool // it is there to tell; the time must not tell more
	// nobody is what is done for nobody where it is something else, which
	// docs/decisions/0368 explains.
	nobody string
}

func code(kind string) func(n named) (string, body) {
	return func(n named) (string, body) {
		return "/email-otp/send-verification-otp", body{"email": n.email, "type": kind}
	}
}

var questions = []question{
	{name: "ENUM-01 sign-in", path: "/sign-in/email", body: func(n named) body { return body{"email": n.email, "password": "wrong horse"} }},
	{name: "ENUM-04 reset by a link", path: "/request-password-reset", body: func(n named) body { return body{"email": n.email} },
		nobody: "find user, find all verification, find all verification"},
	{name: "ENUM-09 user name: sign-in", path: "/sign-in/username", body: func(n named) body { return body{"username": n.username, "password": "wrong horse"} }},
	{name: "ENUM-11 user name: availability", path: "/is-username-available", tells: true, body: func(n named) body { return body{"username": n.username} }},
	{name: "ENUM-06 code: to sign in", path: "/email-otp/send-verification-otp", body: func(n named) body { return body{"email": n.email, "type": "sign-in"} }},
	{name: "ENUM-06 code: to verify", path: "/email-otp/send-verification-otp", body: func(n named) body { return body{"email": n.email, "type": "email-verification"} }},
	{name: "ENUM-06 code: to reset", path: "/email-otp/request-password-reset", body: func(n named) body { return body{"email": n.email} }},
	{name: "ENUM-06 code: to reset, former path", path: "/forget-password/email-otp", body: func(n named) body { return body{"email": n.email} }},
	{name: "ENUM-06 code: checked", path: "/email-otp/check-verification-otp", before: code("sign-in"), body: func(n named) body { return body{"email": n.email, "type": "sign-in", "otp": "wrong"} }},
	{name: "ENUM-06 code: sign-in", path: "/sign-in/email-otp", before: code("sign-in"), body: func(n named) body { return body{"email": n.email, "otp": "wrong"} }},
	{name: "ENUM-06 code: verification", path: "/email-otp/verify-email", before: code("email-verification"), body: func(n named) body { return body{"email": n.email, "otp": "wrong"} }},
	{name: "ENUM-06 code: reset", path: "/email-otp/reset-password", before: code("forget-password"), body: func(n named) body {
		return body{"email": n.email, "otp": "wrong", "password": "another horse"}
	}},
	{name: "ENUM-07 magic link", path: "/sign-in/magic-link", body: func(n named) body { return body{"email": n.email} }},
	{name: "ENUM-08 phone: sign-in", path: "/sign-in/phone-number", body: func(n named) body { return body{"phoneNumber": n.number, "password": "wrong horse"} }},
	{name: "ENUM-08 phone: code", path: "/phone-number/send-otp", body: func(n named) body { return body{"phoneNumber": n.number} }},
	{name: "ENUM-08 phone: code to reset", path: "/phone-number/request-password-reset", body: func(n named) body { return body{"phoneNumber": n.number} }},
	{name: "ENUM-08 phone: verification", path: "/phone-number/verify", body: func(n named) body { return body{"phoneNumber": n.number, "code": "wrong"} },
		before: func(n named) (string, body) { return "/phone-number/send-otp", body{"phoneNumber": n.number} }},
	{name: "ENUM-08 phone: reset", path: "/phone-number/reset-password", body: func(n named) body {
		return body{"phoneNumber": n.number, "otp": "wrong", "newPassword": "another horse"}
	}, before: func(n named) (string, body) {
		return "/phone-number/request-password-reset", body{"phoneNumber": n.number}
	}},
}

// listener is a server on which what a request does is written down: calls of the database,
// hashes, and messages, which go out after the answer.
type listener struct {
	*authtest.Env
	mu    sync.Mutex
	did   []string
	later []func()
}

func (l *listener) note(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.did = append(l.did, what)
}

// listen makes a listener with one user. Nobody signs up by a link or a code, so that the
// message depends on the user.
func listen(t testing.TB, real bool) *listener {
	l := &listener{Env: authtest.NewEnv(t)}
	passwords := emailpassword.Options{SendResetPassword: func(context.Context, core.Mail) error { l.note("message"); return nil }}
	if !real {
		passwords.Hash = func(_ context.Context, p string) (string, error) { l.note("hash"); return "plain:" + p, nil }
		passwords.Verify = func(_ context.Context, hash, p string) (bool, error) { l.note("hash"); return hash == "plain:"+p, nil }
	}
	sms := func(context.Context, phonenumber.Message) error { l.note("message"); return nil }
	o := l.Options(
		emailpassword.New(passwords), username.New(username.Options{}),
		magiclink.New(magiclink.Options{DisableSignUp: true, Send: func(context.Context, magiclink.Message) error { l.note("message"); return nil }}),
		emailotp.New(emailotp.Options{DisableSignUp: true, Send: func(context.Context, emailotp.Message) error { l.note("message"); return nil }}),
		phonenumber.New(phonenumber.Options{SendOTP: sms, SendPasswordResetOTP: sms}),
	)
	if real {
		// Cheap, and still a hundred times everything else in the call.
		o.Password = core.PasswordOptions{MaxWait: -1, Argon2: password.Argon2Params{Memory: 4096, Time: 2, Threads: 1}}
	} else {
		o.Database = &heard{o.Database, l}
	}
	o.Background = func(task func()) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.later = append(l.later, task)
	}
	l.Open(o)
	l.Client().Post("/sign-up/email", body{"name": "Ada", "email": Email, "password": Password, "username": Username}).Want(t, 200, "")
	if _, err := l.Auth.Store().UpdateUserByEmail(t.Context(), Email, adapter.Record{"phoneNumber": Number, "phoneNumberVerified": true}); err != nil {
		t.Fatal(err)
	}
	return l
}

// ask sends a question, and returns the answer and what was done before it.
func (l *listener) ask(q question, n named) (*authtest.Answer, []string) {
	l.mu.Lock()
	l.did = nil
	l.mu.Unlock()
	a := l.Client().Post(q.path, q.body(n))
	l.mu.Lock()
	defer l.mu.Unlock()
	return a, slices.Clone(l.did)
}

// prepare sends what both have sent before, so that the first question is like the others.
func (l *listener) prepare(q question, n named) {
	if q.before == nil {
		l.Client().Post(q.path, q.body(n))
		return
	}
	path, content := q.before(n)
	l.Client().Post(path, content)
}

func (l *listener) release() {
	l.mu.Lock()
	later := l.later
	l.later = nil
	l.mu.Unlock()
	for _, task := range later {
		task()
	}
}

// TestAnswersTellNothing compares answers, and all that is done before them.
func TestAnswersTellNothing(t *testing.T) {
	t.Parallel()
	for _, q := range questions {
		t.Run(q.name, func(t *testing.T) {
			t.Parallel()
			l := listen(t, false)
			l.prepare(q, known)
			l.prepare(q, unknown)
			l.release()
			a, did := l.ask(q, known)
			b, didToo := l.ask(q, unknown)
			if a.Status == 404 || len(did) == 0 {
				t.Fatalf("%d %s, done: %v", a.Status, a.Body, did)
			}
			if !q.tells && (a.Status != b.Status || a.Body != b.Body || fmt.Sprint(a.Header) != fmt.Sprint(b.Header)) {
				t.Errorf("answered\n%d %s\n%d %s", a.Status, a.Body, b.Status, b.Body)
			}
			if want := cmp.Or(q.nobody, strings.Join(did, ", ")); strings.Join(didToo, ", ") != want {
				t.Errorf("done for nobody: %s\nwant:            %s", strings.Join(didToo, ", "), want)
			}
			if slices.Contains(did, "message") {
				t.Error("a message was sent before the answer")
			}
		})
	}
}

// TestAnswerTimes measures, with hashes that take a thousandth of a second or more. It is no part of the tests, because another
// process may take the processor away at any time:
//
//	go test ./core/suites/signintest -run TestAnswerTimes -v -answer-times 301
func TestAnswerTimes(t *testing.T) {
	if *answerTimes == 0 {
		t.Skip("it measures: -answer-times says how often")
	}
	for _, q := range questions {
		l := listen(t, true)
		times := [2][]time.Duration{}
		for range *answerTimes {
			for _, i := range rand.Perm(2) {
				n := []named{known, unknown}[i]
				if q.before != nil {
					l.prepare(q, n) // a new code, with all its attempts
				}
				l.release()
				start := time.Now()
				l.ask(q, n)
				times[i] = append(times[i], time.Since(start))
			}
		}
		for _, list := range times {
			slices.Sort(list)
		}
		a, b := times[0][len(times[0])/2], times[1][len(times[1])/2]
		t.Logf("%-36s somebody %9s nobody %9s ratio %.2f", q.name, a.Round(100*time.Nanosecond), b.Round(100*time.Nanosecond), float64(a)/float64(b))
	}
}

// heard is a database that writes its calls down.
type heard struct {
	adapter.Database
	l *listener
}

func (h *heard) Open(s *schema.Schema) (adapter.Adapter, error) {
	a, err := h.Database.Open(s)
	return &heardAdapter{a, h.l}, err
}

type heardAdapter struct {
	adapter.Adapter
	l *listener
}

func (a *heardAdapter) Create(ctx context.Context, model string, rec adapter.Record) (adapter.Record, error) {
	a.l.note("create " + model)
	return a.Adapter.Create(ctx, model, rec)
}

func (a *heardAdapter) FindOne(ctx context.Context, q adapter.Find) (adapter.Record, error) {
	a.l.note("find " + q.Model)
	return a.Adapter.FindOne(ctx, q)
}

func (a *heardAdapter) FindMany(ctx context.Context, q adapter.Find) ([]adapter.Record, error) {
	a.l.note("find all " + q.Model)
	return a.Adapter.FindMany(ctx, q)
}

func (a *heardAdapter) Count(ctx context.Context, model string, w adapter.Where) (int64, error) {
	a.l.note("count " + model)
	return a.Adapter.Count(ctx, model, w)
}

func (a *heardAdapter) Update(ctx context.Context, model string, w adapter.Where, set adapter.Record) (adapter.Record, error) {
	a.l.note("update " + model)
	return a.Adapter.Update(ctx, model, w, set)
}

func (a *heardAdapter) UpdateMany(ctx context.Context, model string, w adapter.Where, set adapter.Record) (int64, error) {
	a.l.note("update all " + model)
	return a.Adapter.UpdateMany(ctx, model, w, set)
}

func (a *heardAdapter) Delete(ctx context.Context, model string, w adapter.Where) error {
	a.l.note("delete " + model)
	return a.Adapter.Delete(ctx, model, w)
}

func (a *heardAdapter) DeleteMany(ctx context.Context, model string, w adapter.Where) (int64, error) {
	a.l.note("delete all " + model)
	return a.Adapter.DeleteMany(ctx, model, w)
}

func (a *heardAdapter) ConsumeOne(ctx context.Context, model string, w adapter.Where) (adapter.Record, error) {
	a.l.note("consume " + model)
	return a.Adapter.ConsumeOne(ctx, model, w)
}

func (a *heardAdapter) Increment(ctx context.Context, model string, w adapter.Where, field string, by int64, set adapter.Record) (adapter.Record, error) {
	a.l.note("increment " + model)
	return a.Adapter.Increment(ctx, model, w, field, by, set)
}

func (a *heardAdapter) Tx(ctx context.Context, fn func(ctx context.Context) error) error {
	a.l.note("transaction")
	return a.Adapter.Tx(ctx, fn)
}

var _ adapter.Database = memory.New()
