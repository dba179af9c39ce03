package emailotp_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailotp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/storage"
)

const (
	email    = "ada@example.com"
	other    = "bob@example.com"
	password = "correct horse"
)

type body = map[string]any

// settings change the options of a test.
type settings func(e *authtest.Env, o *core.Options, p *emailotp.Options, ep *emailpassword.Options)

// start makes an Auth whose codes are mails of the kind of their type.
func start(t *testing.T, set ...settings) *authtest.Env {
	t.Helper()
	e := authtest.NewEnv(t)
	o := e.Options()
	p := emailotp.Options{Send: func(ctx context.Context, m emailotp.Message) error {
		return e.Mail(string(m.Type))(ctx, core.Mail{User: &core.User{Email: m.Email}, Token: m.Code})
	}}
	var ep emailpassword.Options
	for _, s := range set {
		s(e, &o, &p, &ep)
	}
	o.Plugins = append(o.Plugins, emailpassword.New(ep), emailotp.New(p))
	return e.Open(o)
}

func options(f func(p *emailotp.Options)) settings {
	return func(_ *authtest.Env, _ *core.Options, p *emailotp.Options, _ *emailpassword.Options) { f(p) }
}

func inSecondary(e *authtest.Env, o *core.Options, _ *emailotp.Options, _ *emailpassword.Options) {
	o.SecondaryStorage = storage.NewMemory(e.Clock.Now)
}

// code is the code that was mailed last.
func code(t *testing.T, e *authtest.Env, kind emailotp.Type, to string) string {
	t.Helper()
	m := e.LastMail()
	if m.Kind != string(kind) || m.To != to || m.Token == "" {
		t.Fatalf("the last mail is %+v", m)
	}
	return m.Token
}

// ask has a code sent and returns it.
func ask(t *testing.T, e *authtest.Env, kind emailotp.Type, to string) string {
	t.Helper()
	e.Client().Post("/email-otp/send-verification-otp", body{"email": to, "type": kind}).Want(t, 200, "")
	return code(t, e, kind, to)
}

// wrong is a code other than c.
func wrong(c string) string {
	return strings.Map(func(r rune) rune { return '0' + (r-'0'+1)%10 }, c)
}

func signUp(t *testing.T, e *authtest.Env, address string) *authtest.Client {
	t.Helper()
	c := e.Client()
	c.Post("/sign-up/email", body{"name": "Ada", "email": address, "password": password}).Want(t, 200, "")
	return c
}

// verified is a client of a user whose address is verified.
func verified(t *testing.T, e *authtest.Env, address string) *authtest.Client {
	t.Helper()
	c := signUp(t, e, address)
	if _, err := e.Auth.Store().UpdateUserByEmail(t.Context(), address, adapter.Record{"emailVerified": true}); err != nil {
		t.Fatal(err)
	}
	return c
}

func signIn(e *authtest.Env, address, code string) *authtest.Answer {
	return e.Client().Post("/sign-in/email-otp", body{"email": address, "otp": code})
}

func byPassword(e *authtest.Env, address, password string) *authtest.Answer {
	return e.Client().Post("/sign-in/email", body{"email": address, "password": password})
}

func users(t *testing.T, e *authtest.Env) int64 {
	t.Helper()
	n, err := e.Auth.DB().Count(t.Context(), core.ModelUser, nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func together(fn func(i int)) {
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range 50 {
		wg.Go(func() { <-gate; fn(i) })
	}
	close(gate)
	wg.Wait()
}
