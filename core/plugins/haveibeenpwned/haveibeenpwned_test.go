package haveibeenpwned_test

import (
	"context"
	"crypto/sha1"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/haveibeenpwned"
)

type body = map[string]any

const (
	bad  = "password123"
	fine = "a passphrase nobody uses"
)

// service is a double of the range API.
type service struct {
	answer func(prefix string) (status int, list string)
	asked  atomic.Int64
	header http.Header
}

func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked.Add(1)
	s.header = r.Header
	prefix, ok := strings.CutPrefix(r.URL.String(), "https://api.pwnedpasswords.com/range/")
	if !ok || len(prefix) != 5 {
		return nil, fmt.Errorf("unexpected request to %s", r.URL)
	}
	status, list := s.answer(prefix)
	if status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(list)), Request: r}, nil
}

// breached lists a password among others, with padding.
func breached(password string) func(string) (int, string) {
	digest := fmt.Sprintf("%X", sha1.Sum([]byte(password)))
	return func(prefix string) (int, string) {
		list := "0018A45C4D1DEF81644B54AB7F969B88D65:3\r\n" + strings.Repeat("F", 35) + ":0\r\n"
		if prefix == digest[:5] {
			list += digest[5:] + ":251682\r\n"
		}
		return 200, list
	}
}

func open(t testing.TB, s *service, o haveibeenpwned.Options) *authtest.Env {
	t.Helper()
	return authtest.New(t, func(_ *authtest.Env, all *core.Options) { all.HTTPClient = &http.Client{Transport: s} },
		emailpassword.New(emailpassword.Options{SendResetPassword: func(context.Context, core.Mail) error { return nil }}), haveibeenpwned.New(o))
}

func signUp(e *authtest.Env, password string) (*authtest.Client, *authtest.Answer) {
	c := e.Client()
	return c, c.Post("/sign-up/email", body{"name": "Ada", "email": "ada@example.com", "password": password})
}

// Every way to set a password asks.
func TestEverySetter(t *testing.T) {
	t.Parallel()
	s := &service{answer: breached(bad)}
	e := open(t, s, haveibeenpwned.Options{})
	_, a := signUp(e, bad)
	a.Want(t, 400, "PASSWORD_COMPROMISED")
	c, a := signUp(e, fine)
	a.Want(t, 200, "")
	c.Post("/change-password", body{"currentPassword": fine, "newPassword": bad}).Want(t, 400, "PASSWORD_COMPROMISED")
	store := e.Auth.Store()
	u, err := store.FindUserByEmail(t.Context(), "ada@example.com")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.CreateVerification(t.Context(), "reset-password:tok", u.ID, e.Clock.Now().Add(1e12)); err != nil {
		t.Fatal(err)
	}
	c.Post("/reset-password", body{"token": "tok", "newPassword": bad}).Want(t, 400, "PASSWORD_COMPROMISED")
	// The link is good for another password.
	c.Post("/reset-password", body{"token": "tok", "newPassword": fine + "!"}).Want(t, 200, "")
	if s.header.Get("Add-Padding") != "true" || s.header.Get("User-Agent") == "" {
		t.Errorf("%v", s.header)
	}
	p, _ := haveibeenpwned.From(e.Auth)
	for password, want := range map[string]bool{bad: true, fine: false} {
		if got, err := p.Compromised(t.Context(), password); err != nil || got != want {
			t.Errorf("%s: %v, %v", password, got, err)
		}
	}
}

func TestOnlyThoseWhoMayAreAskedFor(t *testing.T) {
	t.Parallel()
	s := &service{answer: breached(bad)}
	e := open(t, s, haveibeenpwned.Options{})
	c, _ := signUp(e, fine)
	before := s.asked.Load()
	c.Post("/change-password", body{"currentPassword": "wrong horse", "newPassword": bad}).Want(t, 400, "INVALID_PASSWORD")
	e.Client().Post("/reset-password", body{"token": "none", "newPassword": bad}).Want(t, 400, "INVALID_TOKEN")
	e.Client().Post("/change-password", body{"currentPassword": fine, "newPassword": bad}).Want(t, 401, "UNAUTHORIZED")
	if n := s.asked.Load() - before; n != 0 {
		t.Errorf("the service was asked %d times", n)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	digest := fmt.Sprintf("%X", sha1.Sum([]byte(fine)))
	always := func(status int, list string) func(string) (int, string) {
		return func(string) (int, string) { return status, list }
	}
	for name, row := range map[string]struct {
		answer  func(string) (int, string)
		options haveibeenpwned.Options
		status  int
		code    string
	}{
		"padding is no breach":                {answer: always(200, digest[5:]+":0"), status: 200},
		"in small letters":                    {answer: always(200, strings.ToLower(digest[5:])+":1"), status: 400, code: "PASSWORD_COMPROMISED"},
		"PWR-14 the service is down":          {answer: always(503, ""), status: 500, code: "FAILED_TO_CHECK_PASSWORD_STATUS_503"},
		"PWR-14 nobody answers":               {answer: always(0, ""), status: 500, code: "FAILED_TO_CHECK_PASSWORD_PLEASE_TRY_AGAIN_LATER"},
		"PWR-14 a page of a proxy":            {answer: always(200, "<html>hello</html>"), status: 500, code: "FAILED_TO_CHECK_PASSWORD_PLEASE_TRY_AGAIN_LATER"},
		"nothing":                             {answer: always(200, ""), status: 500, code: "FAILED_TO_CHECK_PASSWORD_PLEASE_TRY_AGAIN_LATER"},
		"PWR-14 down, and accepted unchecked": {answer: always(503, ""), options: haveibeenpwned.Options{AllowUnchecked: true}, status: 200},
		"switched off":                        {answer: always(200, digest[5:]+":1"), options: haveibeenpwned.Options{Disabled: true}, status: 200},
		"another route":                       {answer: always(200, digest[5:]+":1"), options: haveibeenpwned.Options{Paths: []string{"/change-password"}}, status: 200},
		"this route":                          {answer: always(200, digest[5:]+":1"), options: haveibeenpwned.Options{Paths: []string{"/sign-up/email"}}, status: 400, code: "PASSWORD_COMPROMISED"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, a := signUp(open(t, &service{answer: row.answer}, row.options), fine)
			a.Want(t, row.status, row.code)
		})
	}
	t.Run("own message", func(t *testing.T) {
		t.Parallel()
		_, a := signUp(open(t, &service{answer: breached(bad)}, haveibeenpwned.Options{Message: "Choose another"}), bad)
		if a.Want(t, 400, "PASSWORD_COMPROMISED").JSON("message") != "Choose another" {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("a path that is no route", func(t *testing.T) {
		t.Parallel()
		_, err := core.New(authtest.NewEnv(t).Options(emailpassword.New(emailpassword.Options{}), haveibeenpwned.New(haveibeenpwned.Options{Paths: []string{"/x"}})))
		if err == nil || !strings.Contains(err.Error(), `"/x" is the path of no route`) {
			t.Error(err)
		}
	})
}

// slow is a service that answers when its caller has given up.
type slow struct{ waits, path string }

func (s *slow) RoundTrip(r *http.Request) (*http.Response, error) {
	deadline, ok := r.Context().Deadline()
	if !ok {
		return nil, fmt.Errorf("the question has no deadline")
	}
	s.waits, s.path = time.Until(deadline).Round(time.Second).String(), r.URL.String()
	return nil, context.DeadlineExceeded
}

func TestSlowService(t *testing.T) {
	t.Parallel()
	t.Run("PWR-14 a service that does not answer is waited for five seconds, and learns five digits", func(t *testing.T) {
		t.Parallel()
		s := &slow{}
		e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.HTTPClient = &http.Client{Transport: s} },
			emailpassword.New(emailpassword.Options{}), haveibeenpwned.New(haveibeenpwned.Options{}))
		_, a := signUp(e, fine)
		a.Want(t, 500, "FAILED_TO_CHECK_PASSWORD_PLEASE_TRY_AGAIN_LATER")
		if digest := fmt.Sprintf("%X", sha1.Sum([]byte(fine))); s.waits != "5s" || s.path != "https://api.pwnedpasswords.com/range/"+digest[:5] {
			t.Errorf("%+v", s)
		}
	})
}

// Where no plugin sets passwords, none is checked. New tells of it.
func TestWithoutPasswords(t *testing.T) {
	t.Parallel()
	const told = "add emailpassword.New to Options.Plugins"
	if e := authtest.New(t, nil, haveibeenpwned.New(haveibeenpwned.Options{})); !strings.Contains(e.Log.String(), told) {
		t.Errorf("%s", e.Log)
	}
	if e := open(t, &service{}, haveibeenpwned.Options{}); strings.Contains(e.Log.String(), told) {
		t.Errorf("%s", e.Log)
	}
}
