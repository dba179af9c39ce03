package emailpassword_test

import (
	"context"
	"net/http"
	"testing"
	"time"

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

func (g *guard) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{SignInGate: func(ctx context.Context, s *core.SignIn) error {
		g.asked = append(g.asked, s.Method)
		switch s.Method {
		case g.refuse:
			return core.Fail(http.StatusForbidden, core.ErrorCode{Code: "REFUSED", Message: "Refused"})
		case g.hold:
			return s.Hold(ctx, core.StatusReply{Status: false})
		}
		return nil
	}}, nil
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

// linker is a plugin that signs in by a link, unless its gate leads elsewhere.
type linker struct {
	follow *core.Op[core.NoInput, core.StatusReply]
	fail   bool
}

func (*linker) ID() string { return "linker" }

func (l *linker) Manifest(core.Env) (core.Manifest, error) {
	l.follow = core.Get("follow", "/follow", func(c *core.Ctx, _ *core.NoInput) (core.StatusReply, error) {
		u, err := c.Auth().Store().FindUserByEmail(c, email)
		if err != nil {
			return core.StatusReply{}, err
		}
		strong := c.Req.RawQuery == "strong"
		_, err = c.SignIn(c, u, core.SignIn{Method: "link", Redirect: "/home", Forget: !strong, MultiFactor: strong, Confirm: func(context.Context) error {
			if l.fail {
				return core.Fail(http.StatusForbidden, core.ErrorCode{Code: "OUTDATED", Message: "Outdated"})
			}
			return nil
		}})
		if err != nil {
			return core.StatusReply{}, err
		}
		return core.StatusReply{}, c.Redirect("/home")
	})
	return core.Manifest{
		Operations: []core.Operation{l.follow},
		SignInGate: func(ctx context.Context, s *core.SignIn) error {
			c := s.Call()
			if s.Method != "link" {
				return nil
			}
			if s.MultiFactor {
				s.Then(func(context.Context) error {
					c.SetCookie(c.NewCookie("guest", 0), "1")
					return nil
				})
				return nil
			}
			if _, err := c.Auth().Store().CreateVerification(ctx, "held", s.User.ID, c.Now().Add(time.Minute)); err != nil {
				return err
			}
			return s.Hold(ctx, s.Call().Redirect("/more?from="+s.Redirect))
		},
	}, nil
}

func TestHeldSignIn(t *testing.T) {
	t.Parallel()
	l := &linker{}
	e := open(t, func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) { o.Plugins = []core.Plugin{l} })
	c := e.Client()
	c.Post("/sign-up/email", map[string]any{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
	old := c.Copy()

	l.fail = true
	c.Get("/follow").Want(t, 403, "OUTDATED")
	if !alive(t, old) || c.Cookie(cookie) == "" {
		t.Error("a refused sign-in has ended the session")
	}
	wantRows(t, e, core.ModelVerification, 0) // the gate's write is undone
	l.fail = false

	if target, _ := c.Get("/follow").Want(t, 302, "").Location(); target != "/more?from=/home" {
		t.Errorf("it leads to %s", target)
	}
	if alive(t, old) || c.Cookie(cookie) != "" {
		t.Error("a held sign-in leaves the former session")
	}
	if c.Cookie("better-auth.dont_remember") == "" {
		t.Error("it is forgotten that the session is to be forgotten")
	}
	wantRows(t, e, core.ModelVerification, 2) // the gate's, and the note that the former session was replaced
	wantRows(t, e, core.ModelSession, 0)

	a := c.Get("/follow?strong").Want(t, 302, "")
	lines := a.Header.Values("Set-Cookie")
	if target, _ := a.Location(); target != "/home" || len(lines) == 0 || lines[len(lines)-1][:len("better-auth.guest=")] != "better-auth.guest=" || !alive(t, c) {
		t.Errorf("it leads to %s with the cookies %q", target, lines)
	}
}
