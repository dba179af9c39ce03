// Package signintest has every way to sign in, and says what each plugin that concerns
// all ways must do with it: the second factor, the last login method, and a method that
// is switched off. Run also reads the source, and fails when a function that signs
// somebody in is part of no way.
package signintest

import (
	"cmp"
	"context"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/lastloginmethod"
	"github.com/advantch/kernia-go/core/plugins/twofactor"
)

// Way is one way to sign in.
type Way struct {
	Name string
	// Method is the core.SignIn.Method, "" when the way is no sign-in of its own.
	Method string
	// LastMethod is the name in the cookie of the last login method, "" where there is none:
	// then the name that was there stays.
	LastMethod string
	// Exempt says why no second factor is asked for. Empty: it is.
	Exempt string
	// Detached ways are for another device than the browser: the answer has a token.
	Detached bool
	// Plugins are those that the way needs beside the common ones (World.common).
	Plugins func(w *World) []core.Plugin
	// Enter signs in with the browser c, and returns the answer of the last request.
	Enter func(w *World, c *authtest.Client) *authtest.Answer
}

// Scope is the source whose sign-ins must be parts of ways.
type Scope struct {
	Dir  string // of a module, from the test
	Path string // of the module
	// Elsewhere are functions that make sessions or set their cookies and are no sign-in,
	// with the reason.
	Elsewhere map[string]string
}

// Run plays every way with and without a second factor, and with its method switched off,
// and reads the source.
func Run(t *testing.T, s Scope, ways []Way) {
	t.Helper()
	var seen calls
	t.Run("ways", func(t *testing.T) {
		for _, way := range ways {
			t.Run("TFA-02 "+way.Name, func(t *testing.T) {
				t.Parallel()
				guarded(t, &seen, way)
			})
			t.Run("ADM-11 banned: "+way.Name, func(t *testing.T) {
				t.Parallel()
				banned(t, &seen, way)
			})
			t.Run("last login method: "+way.Name, func(t *testing.T) {
				t.Parallel()
				remembered(t, &seen, way)
			})
			if way.Method == "" {
				continue
			}
			t.Run("switched off: "+way.Name, func(t *testing.T) {
				t.Parallel()
				switchedOff(t, &seen, way)
			})
		}
	})
	t.Run("every function that signs in is part of a way", func(t *testing.T) {
		s.covered(t, &seen)
	})
}

// guarded plays a way for a user with a second factor.
func guarded(t *testing.T, seen *calls, way Way) {
	w := open(t, seen, way, true)
	c := w.Client()
	a := way.Enter(w, c)
	if way.Exempt != "" {
		w.wantIn(c, a, way)
		return
	}
	if a.Status >= 400 || c.Cookie(session) != "" || c.Get("/get-session").Body != "null" || strings.Contains(a.Body, `"token":"`) {
		t.Fatalf("signed in without a second factor: %d %s", a.Status, a.Body)
	}
	if c.Cookie("better-auth.two_factor") == "" {
		t.Fatalf("no second step: %d %s", a.Status, a.Body)
	}
	if got := w.lastMethod(); got != way.Method {
		t.Errorf("the kernel knows it as %q, want %q", got, way.Method)
	}
	w.SecondStep(c)
	w.wantIn(c, a, way)
	w.wantRemembered(c, a, way)
}

// banned plays a way for a user who is banned while it is under way.
func banned(t *testing.T, seen *calls, way Way) {
	if way.Method == "" || way.Method == "sign-up" {
		t.Skip("there is no sign-in of a user who can be banned")
	}
	var ban *banner
	w := openWith(t, seen, way, false, func(o *core.Options) {
		ban = &banner{}
		o.Plugins = append([]core.Plugin{ban}, append(o.Plugins, admin.New(admin.Options{}))...)
	})
	ban.auth = w.Auth
	c := w.Client()
	a := way.Enter(w, c)
	to, _ := a.Location()
	said := strings.ToLower(strings.ReplaceAll(a.Body+to, "_", " "))
	if !strings.Contains(said, "banned") && !strings.Contains(said, "access denied") && !strings.Contains(to, "error=") {
		t.Errorf("answered %d %s, %s", a.Status, a.Body, to)
	}
	if c.Cookie(session) != "" || c.Get("/get-session").Body != "null" || a.JSON("access_token") != "" {
		t.Errorf("a banned user is signed in: %d %s", a.Status, a.Body)
	}
}

// banner bans everybody who signs in, but for those who sign up, before the plugin admin sees
// them.
type banner struct{ auth *core.Auth }

func (*banner) ID() string { return "banner" }

func (p *banner) Manifest(core.Env) (core.Manifest, error) {
	return core.Manifest{SignInWatch: func(ctx context.Context, s *core.SignIn) error {
		if s.Method == "sign-up" {
			return nil
		}
		_, err := p.auth.Store().UpdateUser(ctx, s.User.ID, adapter.Record{core.Banned.Name: true})
		return err
	}}, nil
}

// remembered plays a way for a user without a second factor.
func remembered(t *testing.T, seen *calls, way Way) {
	w := open(t, seen, way, false)
	c := w.Client()
	a := way.Enter(w, c)
	w.wantIn(c, a, way)
	w.wantRemembered(c, a, way)
	if got := w.lastMethod(); way.Method != "" && got != way.Method {
		t.Errorf("the kernel knows it as %q, want %q", got, way.Method)
	}
}

const (
	session = "better-auth.session_token"
	last    = "better-auth.last_used_login_method"
)

// wantIn fails unless the way has led to a session.
func (w *World) wantIn(c *authtest.Client, a *authtest.Answer, way Way) {
	w.T.Helper()
	if way.Detached {
		if a.JSON("access_token") == "" {
			w.T.Fatalf("no session: %d %s", a.Status, a.Body)
		}
		return
	}
	if c.Get("/get-session").Body == "null" {
		w.T.Fatalf("no session: %d %s\n%s", a.Status, a.Body, w.Log)
	}
}

// wantRemembered compares the cookie of the last login method, and the user's row. A user
// whom the way has not made has signed up by e-mail.
func (w *World) wantRemembered(c *authtest.Client, a *authtest.Answer, way Way) {
	w.T.Helper()
	inCookie := way.LastMethod
	if way.Detached {
		inCookie = ""
	}
	if got := c.Cookie(last); got != inCookie {
		w.T.Errorf("the cookie says %q, want %q", got, inCookie)
	}
	token, _, _ := strings.Cut(c.Cookie(session), ".")
	if way.Detached {
		token = a.JSON("access_token")
	}
	data, err := w.Auth.Store().FindSession(w.T.Context(), token)
	if err != nil {
		w.T.Fatal(err)
	}
	if got, _ := lastloginmethod.LastLoginMethod.Of(data.User.Extra); got != cmp.Or(way.LastMethod, "email") {
		w.T.Errorf("the row says %q, want %q", got, cmp.Or(way.LastMethod, "email"))
	}
}

// SecondStep completes a held sign-in.
func (w *World) SecondStep(c *authtest.Client) {
	w.T.Helper()
	c.Post("/two-factor/send-otp", body{}).Want(w.T, 200, "")
	c.Post("/two-factor/verify-otp", body{"code": w.Sent("second step")}).Want(w.T, 200, "")
}

// calls are the functions that were running when somebody signed in.
type calls struct {
	mu    sync.Mutex
	names map[string]bool
}

func (c *calls) note() {
	pcs := make([]uintptr, 128)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.names == nil {
		c.names = map[string]bool{}
	}
	for {
		f, more := frames.Next()
		c.names[f.Function] = true
		if !more {
			return
		}
	}
}

// has reports whether a function, or a literal in it, was running.
func (c *calls) has(function string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range c.names {
		if rest, ok := strings.CutPrefix(name, function); ok && (rest == "" || rest[0] == '.' || rest[0] == '-') {
			return true
		}
	}
	return false
}

// watcher is a plugin that sees every sign-in, and gives each new user a second factor.
type watcher struct {
	w      *World
	seen   *calls
	factor bool
}

func (*watcher) ID() string { return "signintest" }

func (p *watcher) Manifest(core.Env) (core.Manifest, error) {
	m := core.Manifest{OnRequest: p.w.count, SignInMethodGate: p.w.refuse, SignInWatch: func(_ context.Context, s *core.SignIn) error {
		p.seen.note()
		p.w.mu.Lock()
		defer p.w.mu.Unlock()
		p.w.methods = append(p.w.methods, s.Method)
		return nil
	}}
	m.Store.User.BeforeCreate = func(ctx context.Context, u *core.User) error {
		if p.factor {
			twofactor.Enabled.Set(&u.Extra, true)
		}
		return p.w.userMade(ctx, u)
	}
	return m, nil
}

// lastMethod is the method of the newest sign-in that is no second step.
func (w *World) lastMethod() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range slices.Backward(w.methods) {
		if m != twofactor.ID {
			return m
		}
	}
	return ""
}
