package username_test

import (
	"context"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/username"
)

// A hook that gives the session up is a 500 here and a 401 for an address, as in Better
// Auth 1.6.
func TestHookRefusesTheSession(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Store.Session.BeforeCreate = func(context.Context, *core.Session) error { return core.ErrAbort }
	}, emailpassword.New(emailpassword.Options{DisableAutoSignIn: true}), username.New(username.Options{}))
	signUp(e, "ada@example.com", body{"username": "ada"})
	e.Client().Post("/sign-in/username", body{"username": "ada", "password": password}).Want(t, 500, "FAILED_TO_CREATE_SESSION")
	e.Client().Post("/sign-in/email", body{"email": "ada@example.com", "password": password}).Want(t, 401, "FAILED_TO_CREATE_SESSION")
}
