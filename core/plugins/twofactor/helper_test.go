package twofactor_test

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
)

const (
	ada         = "ada@example.com"
	password    = "correct horse"
	newPassword = "another horse"

	sessionCookie   = "better-auth.session_token"
	challengeCookie = "better-auth.two_factor"
	deviceCookie    = "better-auth.trust_device"
)

type body = map[string]any

// world is a server with the plugin, e-mail and password, and telegraph.
type world struct {
	*authtest.Env
	plugin *twofactor.Plugin

	mu   sync.Mutex
	sent []twofactor.Message
}

// settings changes the options of one Auth.
type settings = func(w *world, o *core.Options, f *twofactor.Options)

func open(t *testing.T, change settings) *world {
	t.Helper()
	w := &world{Env: authtest.NewEnv(t)}
	o := w.Options()
	o.EmailVerification.Send = w.Mail("verify-email")
	f := twofactor.Options{OTP: twofactor.OTPOptions{Send: func(_ context.Context, m twofactor.Message) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.sent = append(w.sent, m)
		return nil
	}}}
	if change != nil {
		change(w, &o, &f)
	}
	w.plugin = twofactor.New(f)
	o.Plugins = append(o.Plugins, emailpassword.New(emailpassword.Options{SendResetPassword: w.Mail("reset-password")}), w.plugin, newTelegraph())
	w.Open(o)
	return w
}

func (w *world) code(t testing.TB) string {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.sent) == 0 {
		t.Fatal("no code was sent")
	}
	return w.sent[len(w.sent)-1].Code
}

// member is a user with an authenticator app.
type member struct {
	*authtest.Client // the browser in which the app was set up
	w                *world
	id, secret       string
	codes            []string
}

func (w *world) signUp(t testing.TB, email string) *authtest.Client {
	t.Helper()
	c := w.Client()
	c.Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
	return c
}

// enroll signs a user up and switches the second factor on; a minute passes.
func (w *world) enroll(t testing.TB, email string) *member {
	t.Helper()
	m := &member{Client: w.signUp(t, email), w: w}
	m.setUp(t)
	return m
}

func (m *member) setUp(t testing.TB) {
	t.Helper()
	a := m.Post("/two-factor/enable", body{"password": password}).Want(t, 200, "")
	m.read(t, a)
	m.Post("/two-factor/verify-totp", body{"code": m.totp(t)}).Want(t, 200, "")
	m.id = m.Get("/get-session").JSON("user", "id")
	m.w.Clock.Add(time.Minute)
}

func (m *member) read(t testing.TB, a *authtest.Answer) {
	t.Helper()
	u, err := url.Parse(a.JSON("totpURI"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(u.Query().Get("secret"))
	if err != nil {
		t.Fatal(err)
	}
	m.secret = string(key)
	m.codes = strings.Split(strings.Trim(strings.ReplaceAll(a.JSON("backupCodes"), `"`, ""), "[]"), ",")
}

// totp is the code that the app shows now.
func (m *member) totp(t testing.TB) string {
	t.Helper()
	reply, err := m.w.plugin.GenerateTOTP.Call(context.Background(), &twofactor.GenerateTOTPInput{Secret: m.secret})
	if err != nil {
		t.Fatal(err)
	}
	return reply.Code
}

// wrong is a code that the app does not show now, nor a step earlier or later.
func (m *member) wrong(t testing.TB) string {
	t.Helper()
	for n := 0; ; n++ {
		code, near := fmt.Sprintf("%06d", n), false
		for _, d := range []time.Duration{-30 * time.Second, 0, 30 * time.Second} {
			m.w.Clock.Add(d)
			near = near || m.totp(t) == code
			m.w.Clock.Add(-d)
		}
		if !near {
			return code
		}
	}
}

func (w *world) signIn(email string) (*authtest.Client, *authtest.Answer) {
	c := w.Client()
	return c, c.Post("/sign-in/email", body{"email": email, "password": password})
}

// challenged is a client that has done the first step.
func (w *world) challenged(t testing.TB, email string) *authtest.Client {
	t.Helper()
	c, a := w.signIn(email)
	wantChallenge(t, a.Want(t, 200, ""))
	return c
}

func wantChallenge(t testing.TB, a *authtest.Answer) {
	t.Helper()
	if a.Status != 200 || a.JSON("twoFactorRedirect") != "true" {
		t.Fatalf("no challenge: %d %s", a.Status, a.Body)
	}
	wantNoSessionCookie(t, a)
}

// wantNoSessionCookie checks that no line of an answer is a live session.
func wantNoSessionCookie(t testing.TB, a *authtest.Answer) {
	t.Helper()
	for _, line := range a.Header.Values("Set-Cookie") {
		name, rest, _ := strings.Cut(line, "=")
		value, attributes, _ := strings.Cut(rest, ";")
		if strings.Contains(name, "session_") && (value != "" || !strings.Contains(attributes+";", "Max-Age=0;")) {
			t.Fatalf("a session cookie: %s", line)
		}
	}
}

func alive(t testing.TB, c *authtest.Client) bool {
	t.Helper()
	return c.Get("/get-session?disableCookieCache=true").Want(t, 200, "").Body != "null"
}

func wantAlive(t testing.TB, c *authtest.Client, want bool) {
	t.Helper()
	if got := alive(t, c); got != want {
		t.Fatalf("signed in: %v, want %v", got, want)
	}
}

func (w *world) rows(t testing.TB, model string, where ...adapter.Cond) []adapter.Record {
	t.Helper()
	rows, err := w.Auth.DB().FindMany(context.Background(), adapter.Find{Model: model, Where: where})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// together calls fn from n goroutines that start at once.
func together(n int, fn func(i int)) {
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			fn(i)
		})
	}
	close(start)
	wg.Wait()
}

// telegraph signs users in by their address alone, in every way that a method can end.
type telegraph struct {
	sign *core.Op[wireInput, core.StatusReply]
	link *core.Op[linkInput, core.StatusReply]
}

type wireInput struct {
	Email    string `json:"email"`
	Method   string `json:"method"`
	Strong   *bool  `json:"strong"`
	Tx       *bool  `json:"tx"`   // sign in inside a transaction
	Bare     *bool  `json:"bare"` // hand over a user without added fields
	Remember *bool  `json:"rememberMe"`
}

type linkInput struct {
	Email string `query:"email"`
	To    string `query:"to"`
}

func newTelegraph() *telegraph {
	t := &telegraph{}
	t.sign = core.Post("signInTelegraph", "/sign-in/telegraph", t.signIn)
	t.link = core.Get("telegraphLink", "/telegraph/link", t.follow)
	return t
}

func (*telegraph) ID() string { return "telegraph" }

func (t *telegraph) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{Operations: []core.Operation{t.sign, t.link}}, nil
}

func yes(b *bool) bool { return b != nil && *b }

func (*telegraph) signIn(c *core.Ctx, in *wireInput) (core.StatusReply, error) {
	u, err := c.Auth().Store().FindUserByEmail(c, in.Email)
	if err != nil {
		return core.StatusReply{}, core.Fail(http.StatusNotFound, core.CodeUserNotFound)
	}
	if yes(in.Bare) {
		u = &core.User{ID: u.ID, Email: u.Email}
	}
	s := core.SignIn{Method: in.Method, MultiFactor: yes(in.Strong), Forget: in.Remember != nil && !*in.Remember}
	var data *core.SessionData
	if yes(in.Tx) {
		var held error
		err = c.Auth().Store().Tx(c, func(ctx context.Context) error {
			var err error
			if data, err = c.SignIn(ctx, u, s); errors.Is(err, core.ErrHeld) {
				held, err = err, nil // what else the transaction wrote stays
			}
			return err
		})
		if held != nil {
			return core.StatusReply{}, held
		}
	} else {
		data, err = c.SignIn(c, u, s)
	}
	if err != nil {
		return core.StatusReply{}, err
	}
	return core.StatusReply{Status: data != nil}, nil
}

func (*telegraph) follow(c *core.Ctx, in *linkInput) (core.StatusReply, error) {
	u, err := c.Auth().Store().FindUserByEmail(c, in.Email)
	if err != nil {
		return core.StatusReply{}, core.Fail(http.StatusNotFound, core.CodeUserNotFound)
	}
	if _, err := c.SignIn(c, u, core.SignIn{Method: "link", KeepForget: true, Redirect: in.To}); err != nil {
		return core.StatusReply{}, err
	}
	return core.StatusReply{}, c.Redirect(in.To)
}
