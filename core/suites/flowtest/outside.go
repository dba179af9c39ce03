package flowtest

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// outside are the application's calls to other hosts, of which one fails.
type outside struct {
	inner http.RoundTripper

	mu    sync.Mutex
	calls int
	at    int // 0: never
	how   func(*http.Request) (*http.Response, error)
	fired int
}

func (o *outside) arm(n int, how func(*http.Request) (*http.Response, error)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls, o.fired, o.at, o.how = 0, 0, n, how
}

// heal makes all calls work and reports how many have failed.
func (o *outside) heal() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.at = 0
	return o.fired
}

// RoundTrip implements http.RoundTripper.
func (o *outside) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	o.calls++
	fails, how := o.at > 0 && o.calls == o.at, o.how
	if fails {
		o.fired++
	}
	o.mu.Unlock()
	if fails {
		return how(r)
	}
	return o.inner.RoundTrip(r)
}

// slow is the error of a host that has not answered in time.
type slow struct{}

func (slow) Error() string { return "10.0.0.5: i/o timeout (user=kernia password=hunter2)" }
func (slow) Timeout() bool { return true }
func (slow) Unwrap() error { return context.DeadlineExceeded }

// troubles are what another host does in place of an honest answer.
var troubles = []struct {
	name string
	how  func(*http.Request) (*http.Response, error)
}{
	{"is down", func(*http.Request) (*http.Response, error) { return nil, ErrFault }},
	{"is slow", func(*http.Request) (*http.Response, error) { return nil, slow{} }},
	{"fails", says(500, "application/json", `{"message":"hunter2"}`)},
	{"is overloaded", says(503, "text/html", "<h1>10.0.0.5 is busy</h1>")},
	{"limits", says(429, "application/json", `{"error":"slow_down"}`)},
	{"refuses", says(400, "application/json", `{"error":"invalid_grant","error_description":"hunter2"}`)},
	{"refuses with 200", says(200, "application/json", `{"error":"bad_verification_code"}`)},
	{"says nothing", says(200, "application/json", "")},
	{"says nothing of use", says(200, "application/json", "{}")},
	{"says null", says(200, "application/json", "null")},
	{"says a list", says(200, "application/json", `[{"access_token":"x","sub":"1"}]`)},
	{"says other types", says(200, "application/json", `{"access_token":{"a":1},"refresh_token":7,"expires_in":"x","sub":[1],"email":{"a":1},"name":3}`)},
	{"says HTML", says(200, "text/html", "<html>Sign in</html>")},
	{"breaks off", func(r *http.Request) (*http.Response, error) {
		res, err := says(200, "application/json", "")(r)
		res.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"access_token":"x","sub":"1`), broken{}))
		res.ContentLength = -1
		return res, err
	}},
	{"floods", func(r *http.Request) (*http.Response, error) {
		res, err := says(200, "application/json", "")(r)
		res.Body = io.NopCloser(io.MultiReader(strings.NewReader(`{"access_token":"x","sub":"1","a":"`), io.LimitReader(endless{}, 64<<20)))
		res.ContentLength = -1
		return res, err
	}},
	{"sends elsewhere", func(r *http.Request) (*http.Response, error) {
		res, err := says(302, "text/html", "")(r)
		res.Header.Set("Location", "http://10.0.0.5/hunter2")
		return res, err
	}},
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func says(status int, kind, body string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {kind}},
			Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)), Request: r,
		}, nil
	}
}

// runOutside makes every request with trouble at its first call of another host, at its
// second, and so on. Each time the answer must be a 4xx with a code, or a redirect with an
// error, that signs nobody in and leaves the rows as before, or as Refused says.
func runOutside(t *testing.T, open func(t *testing.T) adapter.Database, requests []Request) {
	for _, sc := range requests {
		t.Run(sc.Name, func(t *testing.T) {
			t.Parallel()
			s := &T{T: t, database: open}
			for _, trouble := range troubles {
				for n := 1; ; n++ {
					out, failures := s.attemptOutside(sc, n, trouble.how)
					if failures == 0 {
						if n == 1 {
							t.Fatal("the request called no other host")
						}
						break
					}
					s.judgeOutside(sc, fmt.Sprintf("%s at call %d", trouble.name, n), out)
				}
			}
		})
	}
}

func (s *T) attemptOutside(sc Request, n int, how func(*http.Request) (*http.Response, error)) (outcome, int) {
	s.Helper()
	o := &outside{}
	inner := sc.Change
	sc.Change = func(e *authtest.Env, opts *core.Options, p *emailpassword.Options) {
		inner(e, opts, p)
		o.inner = opts.HTTPClient.Transport
		opts.HTTPClient = &http.Client{Transport: o}
	}
	failures := 0
	prepare := sc.Prepare
	sc.Prepare = func(s *T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		c, request := prepare(s, e)
		return c, func(c *authtest.Client) *authtest.Answer {
			o.arm(n, how)
			a := request(c)
			failures = o.heal()
			return a
		}
	}
	// An armed database that never fails: a refusal is an answer that attempt expects.
	return s.attempt(sc, func(f *Faulty) { f.FailAt(0) }), failures
}

func (s *T) judgeOutside(sc Request, what string, got outcome) {
	s.Helper()
	a := got.answer
	failed := func(why string) {
		s.Helper()
		s.Errorf("%s: %s\nanswer: %d %s %s\nrows: %v", what, why, a.Status, a.Header.Get("Location"), a.Body, got.state)
	}
	if text := a.Body + fmt.Sprint(a.Header); strings.Contains(text, "hunter2") || strings.Contains(text, "10.0.0.5") {
		failed("the error has leaked")
	}
	if _, q := a.Location(); a.Status == 302 && q.Get("error") == "" {
		failed("a redirect without an error")
	}
	if a.Status != 302 && (a.Status < 400 || a.Status > 499 || a.Code() == "") {
		failed("neither a redirect nor a refusal with a code")
	}
	if got.newToken || got.opened {
		failed("somebody is signed in")
	}
	if !strings.Contains(got.log, "sign-in with a provider") {
		failed("the operator was not told")
	}
	if text := fmt.Sprint(got.state); len(got.state) > 0 && !slices.Contains(sc.Refused, text) {
		failed("the rows are half written")
	}
}
