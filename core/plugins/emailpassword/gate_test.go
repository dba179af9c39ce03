package emailpassword_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
)

// guard is a plugin that holds up or refuses sign-ins by method.
type guard struct {
	hold, refuse string
	asked        []string
}

func (*guard) ID() string { return "guard" }

func (g *guard) Manifest() core.Manifest {
	return core.Manifest{SignInGate: func(ctx context.Context, c *core.Ctx, u *core.User, s *core.SignIn) error {
		g.asked = append(g.asked, s.Method)
		switch s.Method {
		case g.refuse:
			return core.Fail(http.StatusForbidden, core.ErrorCode{Code: "REFUSED", Message: "Refused"})
		case g.hold:
			return c.HoldSignIn(ctx, u, s, core.StatusReply{Status: false})
		}
		return nil
	}}
}

func TestSignInGate(t *testing.T) {
	t.Parallel()
	openWith := func(t *testing.T, g *guard) *authtest.Env {
		return open(t, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) { o.Plugins = []core.Plugin{g} })
	}
	body := map[string]any{"name": "Ada", "email": email, "password": password}
	noSession := func(t *testing.T, c *authtest.Client) {
		t.Helper()
		if a := c.Get("/get-session"); a.Body != "null" || c.CookieHeader() != "" {
			t.Errorf("there is a session: %s, cookies %q", a.Body, c.CookieHeader())
		}
	}
	t.Run("TFA-01 a held sign-in has no session", func(t *testing.T) {
		t.Parallel()
		e := openWith(t, &guard{hold: "email"})
		e.Client().Post("/sign-up/email", body).Want(t, 200, "")
		c := e.Client()
		if a := c.Post("/sign-in/email", body).Want(t, 200, ""); a.Body != `{"status":false}` {
			t.Errorf("the gate's answer is not the answer: %s", a.Body)
		}
		noSession(t, c)
	})
	t.Run("a refused sign-in has no session", func(t *testing.T) {
		t.Parallel()
		e := openWith(t, &guard{refuse: "email"})
		e.Client().Post("/sign-up/email", body).Want(t, 200, "")
		c := e.Client()
		c.Post("/sign-in/email", body).Want(t, 403, "REFUSED")
		noSession(t, c)
	})
	t.Run("a refused sign-up leaves nothing", func(t *testing.T) {
		t.Parallel()
		g := &guard{refuse: "sign-up"}
		e := openWith(t, g)
		c := e.Client()
		c.Post("/sign-up/email", body).Want(t, 403, "REFUSED")
		noSession(t, c)
		g.refuse = ""
		c.Post("/sign-up/email", body).Want(t, 200, "")
	})
	t.Run("a held sign-up keeps the user", func(t *testing.T) {
		t.Parallel()
		g := &guard{hold: "sign-up"}
		e := openWith(t, g)
		c := e.Client()
		if a := c.Post("/sign-up/email", body).Want(t, 200, ""); a.Body != `{"status":false}` {
			t.Errorf("the gate's answer is not the answer: %s", a.Body)
		}
		noSession(t, c)
		c.Post("/sign-in/email", body).Want(t, 200, "")
		if len(g.asked) != 2 || g.asked[0] != "sign-up" || g.asked[1] != "email" {
			t.Errorf("the gate was asked for %v", g.asked)
		}
	})
}
