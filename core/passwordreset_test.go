package core_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// resetter resets a password by the id of a stored value.
type resetter struct {
	Reset  *core.Op[resetInput, core.StatusReply]
	policy *core.PasswordPolicy
}

type resetInput struct {
	Proof    string `json:"proof"`
	Password string `json:"password"`
}

func newResetter(p *core.PasswordPolicy) *resetter {
	r := &resetter{policy: p}
	r.Reset = core.Post("reset", "/reset", r.reset, core.Hashes(func(c *core.Ctx) string { return "reset" }))
	return r
}

func (*resetter) ID() string { return "resetter" }

func (r *resetter) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{Password: r.policy}, nil
}

func (r *resetter) reset(c *core.Ctx, in *resetInput) (core.StatusReply, error) {
	err := c.ResetPassword(in.Password, func(ctx context.Context) (string, error) {
		v, err := c.Auth().Store().ConsumeVerification(ctx, in.Proof)
		if core.IsNotFound(err) {
			return "", core.FailText(http.StatusBadRequest, "No proof")
		}
		if err != nil {
			return "", err
		}
		return v.Value, c.Auth().Store().LockUser(ctx, v.Value)
	})
	return core.StatusReply{Status: true}, err
}

// TestResetPassword: the options of the plugin that owns passwords hold for the reset of
// another one.
func TestResetPassword(t *testing.T) {
	t.Parallel()
	const email, former, next = "ada@example.com", "correct horse", "battery staple"
	var told []string
	r := newResetter(nil)
	e := authtest.New(t, nil, r, emailpassword.New(emailpassword.Options{
		RevokeSessionsOnReset: true,
		OnPasswordReset: func(_ context.Context, u *core.User) error {
			told = append(told, u.Email)
			return nil
		},
	}))
	ada := e.Client()
	id := ada.Post("/sign-up/email", map[string]any{"name": "Ada", "email": email, "password": former}).Want(t, 200, "").JSON("user", "id")
	for _, identifier := range []string{"proof", "other"} {
		if _, err := e.Auth.Store().CreateVerification(t.Context(), identifier, id, e.Clock.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	e.Client().Post("/reset", map[string]any{"proof": "none", "password": next}).Want(t, 400, "NO_PROOF")
	if a := ada.Get("/get-session"); a.Body == "null" || len(told) > 0 {
		t.Errorf("a refused reset has ended the session: %s, %v", a.Body, told)
	}
	e.Client().Post("/reset", map[string]any{"proof": "proof", "password": next}).Want(t, 200, "")
	if len(told) != 1 || told[0] != email {
		t.Errorf("told %v", told)
	}
	if a := ada.Get("/get-session"); a.Body != "null" {
		t.Errorf("the session lives: %s", a.Body)
	}
	if _, err := e.Auth.Store().FindVerification(t.Context(), "other"); !core.IsNotFound(err) {
		t.Errorf("a pending value is left: %v", err)
	}
	if events := e.Events(); events[len(events)-1].Type != core.EventPasswordReset || events[len(events)-1].UserID != id {
		t.Errorf("events %v", events)
	}
	signIn := func(password string) *authtest.Answer {
		return e.Client().Post("/sign-in/email", map[string]any{"email": email, "password": password})
	}
	signIn(former).Want(t, 401, "INVALID_CREDENTIALS")
	signIn(next).Want(t, 200, "")
}

func TestResetPasswordOnce(t *testing.T) {
	t.Parallel()
	then := func(context.Context, *core.User) error { return errors.New("unused") }
	e := authtest.NewEnv(t)
	o := e.Options()
	o.Plugins = []core.Plugin{
		newResetter(&core.PasswordPolicy{OnReset: then}), emailpassword.New(emailpassword.Options{OnPasswordReset: then}),
	}
	if _, err := core.New(o); err == nil {
		t.Error("two plugins that both act on resets were accepted")
	}
}
