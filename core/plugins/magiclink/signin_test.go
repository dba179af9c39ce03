package magiclink_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/ratelimit"
)

func TestSend(t *testing.T) {
	t.Parallel()
	t.Run("the link and what the sender is told", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		m := w.ask(t, body{"email": "Ada@Example.com", "callbackURL": "/a?b=c&d", "metadata": body{"from": "app"}})
		want := authtest.BaseURL + "/api/auth/magic-link/verify?token=" + m.Token + "&callbackURL=%2Fa%3Fb%3Dc%26d&newUserCallbackURL=%2Fwelcome&errorCallbackURL=%2Fsorry"
		if m.URL != want || len(m.Token) != 32 || m.Email != "Ada@Example.com" || string(m.Metadata) != `{"from":"app"}` {
			t.Errorf("%s for %s with %s, want %s", m.URL, m.Email, m.Metadata, want)
		}
	})
	for name, tt := range map[string]struct {
		in     body
		status int
		code   string
	}{
		"no address":               {body{}, 400, "VALIDATION_ERROR"},
		"what is no address":       {body{"email": "ada"}, 400, "VALIDATION_ERROR"},
		"an address of a provider": {body{"email": "1@github.placeholder.invalid"}, 400, "INVALID_EMAIL"},
		"a long address":           {body{"email": "a@" + strings.Repeat(strings.Repeat("b", 50)+".", 5) + "com"}, 400, "INVALID_EMAIL"},
		"a name of two lines":      {body{"email": ada, "name": "Ada\nBcc: x"}, 400, "VALIDATION_ERROR"},
		"a list for metadata":      {body{"email": ada, "metadata": []int{1}}, 400, "VALIDATION_ERROR"},
		"OTP-18 a foreign target":  {body{"email": ada, "callbackURL": "https://evil.example"}, 403, "INVALID_CALLBACK_URL"},
		"OTP-18 a foreign target for new users": {body{"email": ada, "newUserCallbackURL": "//evil.example"}, 403,
			"INVALID_NEW_USER_CALLBACK_URL"},
		"OTP-18 a foreign target for errors": {body{"email": ada, "errorCallbackURL": `\\evil.example`}, 403, "INVALID_ERROR_CALLBACK_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, nil)
			w.Client().Post("/sign-in/magic-link", tt.in).Want(t, tt.status, tt.code)
			if w.mails() != 0 || w.count(t, core.ModelVerification) != 0 {
				t.Error("a link was made")
			}
		})
	}
	for name, header := range map[string]core.Fields{
		"foreign":      {{Name: "Origin", Value: "https://evil.example"}},
		"null":         {{Name: "Origin", Value: "null"}},
		"a navigation": {{Name: "Origin", Value: "https://evil.example"}, {Name: "Sec-Fetch-Site", Value: "cross-site"}, {Name: "Sec-Fetch-Mode", Value: "navigate"}},
	} {
		t.Run("CSRF-04 an origin that is "+name, func(t *testing.T) {
			t.Parallel()
			w := open(t, nil)
			if a := w.Client().Post("/sign-in/magic-link", body{"email": ada}, header...); a.Status != 403 || w.mails() != 0 {
				t.Errorf("%d %s, %d mails", a.Status, a.Body, w.mails())
			}
		})
	}
	t.Run("CSRF-04 a program without an origin", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		c := w.Client()
		c.Origin = ""
		c.Post("/sign-in/magic-link", body{"email": ada}).Want(t, 200, "")
	})
	t.Run("RED-08 a poisoned host", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		for _, h := range []core.HeaderField{
			{Name: "Host", Value: "evil.example"}, {Name: "X-Forwarded-Host", Value: "evil.example"}, {Name: "X-Original-Host", Value: "evil.example"},
			{Name: "Forwarded", Value: "host=evil.example;proto=https"}, {Name: "X-Forwarded-Proto", Value: "https"},
		} {
			header := core.Fields{{Name: "Content-Type", Value: "application/json"}, h}
			var res core.Response
			w.Auth.Serve(t.Context(), &core.Request{
				Method: "POST", Path: "/api/auth/sign-in/magic-link", Host: "evil.example", Header: header, Body: []byte(`{"email":"ada@example.com"}`),
			}, &res)
			if m := w.last(t); res.Status != 200 || !strings.HasPrefix(m.URL, authtest.BaseURL+"/api/auth/magic-link/verify?") {
				t.Errorf("%s: %d, the link leads to %s", h.Name, res.Status, m.URL)
			}
		}
	})
	t.Run("from Go", func(t *testing.T) {
		t.Parallel()
		w := open(t, nil)
		p, ok := magiclink.From(w.Auth)
		if !ok {
			t.Fatal("not installed")
		}
		if _, err := p.SignIn.Call(t.Context(), &magiclink.SignInInput{Email: ada}); err != nil {
			t.Fatal(err)
		}
		wantTarget(t, follow(t, w.Client(), w.last(t).URL), "/")
	})
}

func TestSignUpDisabled(t *testing.T) {
	t.Parallel()
	closed := func(_ *world, _ *core.Options, m *magiclink.Options) { m.DisableSignUp = true }
	t.Run("ENUM-07 OTP-13 nobody is mailed, and the answer is the same", func(t *testing.T) {
		t.Parallel()
		w := open(t, closed)
		w.signUp(t, ada)
		known := w.Client().Post("/sign-in/magic-link", body{"email": "Ada@example.com"}).Want(t, 200, "")
		if w.mails() != 1 {
			t.Fatalf("%d mails to a known address", w.mails())
		}
		rows := w.count(t, core.ModelVerification)
		unknown := w.Client().Post("/sign-in/magic-link", body{"email": "nobody@example.com"}).Want(t, 200, "")
		if w.mails() != 1 {
			t.Error("an unknown address was mailed")
		}
		if known.Body != unknown.Body || fmt.Sprint(known.Header) != fmt.Sprint(unknown.Header) {
			t.Errorf("%v %s\n%v %s", known.Header, known.Body, unknown.Header, unknown.Body)
		}
		if got := w.count(t, core.ModelVerification); got != rows+1 {
			t.Errorf("an unknown address writes %d rows, a known one 1", got-rows)
		}
	})
	t.Run("ENUM-07 the address is looked up after the answer", func(t *testing.T) {
		t.Parallel()
		var tasks []func()
		w := open(t, func(w *world, o *core.Options, m *magiclink.Options) {
			closed(w, o, m)
			o.Background = func(task func()) { tasks = append(tasks, task) }
		})
		for _, email := range []string{ada, "nobody@example.com"} {
			w.Client().Post("/sign-in/magic-link", body{"email": email}).Want(t, 200, "")
		}
		w.signUp(t, ada)
		for _, task := range tasks {
			task()
		}
		if len(tasks) != 2 || w.mails() != 1 || w.last(t).Email != ada {
			t.Errorf("%d tasks, %d mails", len(tasks), w.mails())
		}
	})
	t.Run("OTP-13 a link of somebody who has gone makes nobody", func(t *testing.T) {
		t.Parallel()
		w := open(t, closed)
		w.signUp(t, ada)
		m := w.ask(t, nil)
		u, err := w.Auth.Store().FindUserByEmail(t.Context(), ada)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Auth.Store().DeleteUser(t.Context(), u.ID); err != nil {
			t.Fatal(err)
		}
		wantTarget(t, follow(t, w.Client(), m.URL), "/sorry?error=new_user_signup_disabled")
		if n := w.count(t, core.ModelUser); n != 0 {
			t.Errorf("%d users", n)
		}
	})
}

func TestLimits(t *testing.T) {
	t.Parallel()
	limited := func(change func(m *magiclink.Options)) settings {
		return func(_ *world, o *core.Options, m *magiclink.Options) {
			o.RateLimit = core.RateLimitOptions{}
			if change != nil {
				change(m)
			}
		}
	}
	from := func(w *world, n int) *authtest.Client {
		c := w.Client()
		c.IP = fmt.Sprintf("198.51.100.%d", n)
		return c
	}
	ask := func(c *authtest.Client, email string) int {
		return c.Post("/sign-in/magic-link", body{"email": email}).Status
	}
	t.Run("of one client", func(t *testing.T) {
		t.Parallel()
		w := open(t, limited(nil))
		for n := range 6 {
			if got := ask(from(w, 1), fmt.Sprintf("ada%d@example.com", n)); (got == 429) != (n == 5) {
				t.Errorf("request %d: %d", n, got)
			}
		}
		for n := range 6 {
			if got := from(w, 1).Get(verifyPath("x", "")).Status; (got == 429) != (n == 5) {
				t.Errorf("link %d: %d", n, got)
			}
		}
		w.Clock.Add(time.Minute)
		if got := ask(from(w, 1), ada); got != 200 {
			t.Errorf("a minute later: %d", got)
		}
	})
	t.Run("of one mailbox, from everywhere", func(t *testing.T) {
		t.Parallel()
		w := open(t, limited(nil))
		spelling := []string{ada, "ADA@example.com", "Ada@Example.com"}
		for n := range 6 {
			if got := ask(from(w, n), spelling[n%3]); (got == 429) != (n == 5) {
				t.Errorf("request %d: %d", n, got)
			}
		}
		if got := ask(from(w, 9), "bob@example.com"); got != 200 {
			t.Errorf("somebody else's: %d", got)
		}
		if w.mails() != 6 {
			t.Errorf("%d mails", w.mails())
		}
	})
	t.Run("of one's own", func(t *testing.T) {
		t.Parallel()
		w := open(t, limited(func(m *magiclink.Options) {
			m.RateLimit = ratelimit.Rule{Window: time.Hour, Max: 7}
			m.SendLimit.Max = -1
		}))
		for n := range 8 {
			if got := ask(from(w, 1), ada); (got == 429) != (n == 7) {
				t.Errorf("request %d: %d", n, got)
			}
		}
	})
}

func TestSecretsStayOutOfLogs(t *testing.T) {
	t.Parallel()
	t.Run("OTP-19 a mailer that fails and quotes the link", func(t *testing.T) {
		t.Parallel()
		var m magiclink.Message
		w := open(t, func(_ *world, _ *core.Options, o *magiclink.Options) {
			o.Send = func(_ context.Context, sent magiclink.Message) error {
				m = sent
				return fmt.Errorf("POST %s for %s (%s): connection refused", sent.URL, sent.Email, sent.Token)
			}
		})
		a := w.Client().Post("/sign-in/magic-link", body{"email": ada, "callbackURL": "/home"}).Want(t, 200, "")
		logged := w.Log.String()
		if !strings.Contains(logged, "sending a magic link failed") {
			t.Errorf("the failure was not logged: %s", logged)
		}
		for _, secret := range []string{m.Token, m.URL, ada} {
			if strings.Contains(logged, secret) || strings.Contains(a.Body, secret) {
				t.Errorf("%s was logged or answered", secret)
			}
		}
	})
	t.Run("OTP-19 events, errors and the referrer", func(t *testing.T) {
		t.Parallel()
		w := open(t, func(_ *world, _ *core.Options, m *magiclink.Options) { m.Confirm = true })
		m := w.ask(t, nil)
		page := follow(t, w.Client(), m.URL).Want(t, 200, "")
		good := w.Client().Get(verifyPath(m.Token, "&callbackURL=/home"))
		bad := w.Client().Get(verifyPath(m.Token, "&callbackURL=/home"))
		for _, a := range []*authtest.Answer{page, good, bad} {
			if a.Header.Get("Referrer-Policy") != "no-referrer" || a.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%d: %v", a.Status, a.Header)
			}
		}
		for _, a := range []*authtest.Answer{good, bad} {
			if strings.Contains(a.Body+fmt.Sprint(a.Header), m.Token) {
				t.Errorf("the token is in the answer: %v", a.Header)
			}
		}
		if text := w.Log.String() + fmt.Sprintf("%+v", w.Events()); strings.Contains(text, m.Token) {
			t.Error("the token is in the log or in an event")
		}
	})
}

func TestGenerateToken(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		generate func(context.Context, string) (string, error)
		status   int
		code     string
	}{
		"of one's own": {func(_ context.Context, email string) (string, error) { return "token of " + email + " & more", nil }, 200, ""},
		"nothing":      {func(context.Context, string) (string, error) { return "", nil }, 500, "INTERNAL_SERVER_ERROR"},
		"a failure":    {func(context.Context, string) (string, error) { return "x", errors.New("no entropy") }, 500, "INTERNAL_SERVER_ERROR"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := open(t, func(_ *world, _ *core.Options, m *magiclink.Options) { m.GenerateToken = tt.generate })
			w.Client().Post("/sign-in/magic-link", body{"email": ada, "callbackURL": "/home"}).Want(t, tt.status, tt.code)
			if tt.status != 200 {
				return
			}
			wantTarget(t, follow(t, w.Client(), w.last(t).URL), "/home")
		})
	}
}
