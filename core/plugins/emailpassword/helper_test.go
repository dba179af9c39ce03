package emailpassword_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

const (
	nobody  = "nobody@example.com"
	another = "another horse"
	cookie  = "better-auth.session_token"
)

type body = map[string]any

// settings changes the options of one Auth.
type settings = func(e *authtest.Env, o *core.Options, p *emailpassword.Options)

func betterAuth(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.Compat = core.CompatBetterAuth
}

func both(all ...settings) settings {
	return func(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
		for _, f := range all {
			f(e, o, p)
		}
	}
}

func signIn(e *authtest.Env, email, password string) *authtest.Answer {
	return e.Client().Post("/sign-in/email", body{"email": email, "password": password})
}

// resetToken asks for a mail that resets the password and returns its token.
func resetToken(t testing.TB, e *authtest.Env, email string) string {
	t.Helper()
	e.Client().Post("/request-password-reset", body{"email": email, "redirectTo": "/reset"}).Want(t, 200, "")
	m := e.LastMail()
	if m.Kind != "reset-password" || m.To != email {
		t.Fatalf("the last mail is %+v", m)
	}
	return m.Token
}

func reset(e *authtest.Env, token, password string) *authtest.Answer {
	return e.Client().Post("/reset-password", body{"token": token, "newPassword": password})
}

func alive(t testing.TB, c *authtest.Client) bool {
	t.Helper()
	return c.Get("/get-session?disableCookieCache=true").Want(t, 200, "").Body != "null"
}

func rows(t testing.TB, e *authtest.Env, model string) []adapter.Record {
	t.Helper()
	out, err := e.Auth.DB().FindMany(context.Background(), adapter.Find{Model: model})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantRows(t testing.TB, e *authtest.Env, model string, n int) []adapter.Record {
	t.Helper()
	all := rows(t, e, model)
	if len(all) != n {
		t.Fatalf("%d rows of %s, want %d", len(all), model, n)
	}
	return all
}

// social makes a user who has no password.
func social(t testing.TB, e *authtest.Env, email string) *core.User {
	t.Helper()
	store, ctx := e.Auth.Store(), context.Background()
	u, err := store.CreateUser(ctx, core.User{Name: "Grace", Email: email, EmailVerified: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.CreateAccount(ctx, core.Account{UserID: u.ID, ProviderID: "github", AccountID: "42"}); err != nil {
		t.Fatal(err)
	}
	return u
}

// session signs a user in by a session of the store.
func session(t testing.TB, e *authtest.Env, u *core.User) *authtest.Client {
	t.Helper()
	s, err := e.Auth.Store().CreateSession(context.Background(), core.NewSession{UserID: u.ID})
	if err != nil {
		t.Fatal(err)
	}
	c := e.Client()
	c.SetCookie(cookie, s.Token+"."+e.Auth.Keys().Sign(s.Token))
	return c
}

// work counts the hashing that a server does: every call of either function is one
// unit, however it ends.
type work struct {
	hashes, verifies atomic.Int64
	hold             func(password string) // called in the middle of a verification
}

func (w *work) total() int64 { return w.hashes.Load() + w.verifies.Load() }

func (w *work) counted(_ *authtest.Env, _ *core.Options, p *emailpassword.Options) {
	p.Hash = func(_ context.Context, password string) (string, error) {
		w.hashes.Add(1)
		return "plain:" + password, nil
	}
	p.Verify = func(_ context.Context, hash, password string) (bool, error) {
		w.verifies.Add(1)
		ok := hash == "plain:"+password
		if w.hold != nil {
			w.hold(password)
		}
		return ok, nil
	}
}

// cost runs f and returns how much hashing it took.
func (w *work) cost(f func()) int64 {
	before := w.total()
	f()
	return w.total() - before
}
