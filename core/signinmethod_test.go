package core_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// refuser is a plugin that has methods, and refuses some.
type refuser struct {
	id      string
	methods []core.SignInMethod
	refuses map[string]error
}

func (p refuser) ID() string { return p.id }

func (p refuser) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{SignInMethods: p.methods, SignInMethodGate: func(_ context.Context, method string) error { return p.refuses[method] }}, nil
}

func TestSignInMethods(t *testing.T) {
	t.Parallel()
	usable := func(ok bool) func(context.Context, *core.User, []*core.Account) (bool, error) {
		return func(context.Context, *core.User, []*core.Account) (bool, error) { return ok, nil }
	}
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.EmailVerification.AutoSignIn, o.User.ChangeEmail.Enabled = true, true
	}, refuser{id: "a", methods: []core.SignInMethod{{Name: "x", Usable: usable(false)}, {Name: "y"}}},
		refuser{id: "b", methods: []core.SignInMethod{{Name: "x", Label: "X", Password: true, Usable: usable(true)}}})
	var names []string
	for _, m := range e.Auth.SignInMethods() {
		names = append(names, m.Name+"="+m.Label)
		if m.Name == "x" {
			if ok, err := m.Usable(t.Context(), nil, nil); !ok || err != nil || !m.Password {
				t.Errorf("the ways of one name are not one: %v, %v", ok, err)
			}
		}
	}
	if got := strings.Join(names, " "); got != "email-verification=Verified e-mail address email-change=Changed e-mail address x=x y=y" {
		t.Error(got)
	}
	for _, name := range []string{"", strings.Repeat("x", 129)} {
		_, err := core.New(authtest.NewEnv(t).Options(refuser{id: "a", methods: []core.SignInMethod{{Name: name}}}))
		if err == nil || !strings.Contains(err.Error(), "needs a name of 1 to 128 bytes") {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestRefusedMethods(t *testing.T) {
	t.Parallel()
	off := map[string]error{}
	paused := core.Fail(http.StatusForbidden, core.ErrorCode{Code: "PAUSED", Message: "Paused"})
	mail := func(context.Context, core.Mail) error { return nil }
	e := authtest.New(t, nil, emailpassword.New(emailpassword.Options{SendResetPassword: mail}),
		refuser{id: "a", refuses: off, methods: []core.SignInMethod{{Name: "pin", Password: true}}})
	c := e.Client()
	in := map[string]any{"name": "Ada", "email": "ada@example.com", "password": "correct horse"}
	reset := map[string]any{"email": "ada@example.com"}
	c.Post("/sign-up/email", in).Want(t, 200, "")
	off["email"] = paused
	for _, email := range []string{"ada@example.com", "nobody@example.com"} {
		e.Client().Post("/sign-in/email", map[string]any{"email": email, "password": "wrong horse"}).Want(t, 403, "PAUSED")
	}
	c.Post("/request-password-reset", reset).Want(t, 200, "") // another method takes it
	off["pin"] = paused
	c.Post("/request-password-reset", reset).Want(t, 403, "PAUSED")
	off["email"] = errors.New("the database is down")
	e.Client().Post("/sign-in/email", in).Want(t, 500, "INTERNAL_SERVER_ERROR")
	delete(off, "email")
	e.Client().Post("/sign-in/email", in).Want(t, 200, "")
}
