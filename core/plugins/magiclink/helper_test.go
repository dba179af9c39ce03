package magiclink_test

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
)

type body = map[string]any

const (
	ada      = "ada@example.com"
	password = "correct horse"
)

// world is an Auth with the plugin, and the links that it has mailed.
type world struct {
	*authtest.Env
	mu   sync.Mutex
	sent []magiclink.Message
}

type settings func(w *world, o *core.Options, m *magiclink.Options)

func open(t testing.TB, change settings, more ...core.Plugin) *world {
	t.Helper()
	w := &world{Env: authtest.NewEnv(t)}
	m := magiclink.Options{Send: w.send}
	o := w.Options(append([]core.Plugin{emailpassword.New(emailpassword.Options{SendResetPassword: w.Mail("reset-password")})}, more...)...)
	if change != nil {
		change(w, &o, &m)
	}
	o.Plugins = append(o.Plugins, magiclink.New(m))
	w.Open(o)
	return w
}

func (w *world) send(_ context.Context, m magiclink.Message) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, m)
	return nil
}

func (w *world) mails() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.sent)
}

// last is the newest link.
func (w *world) last(t testing.TB) magiclink.Message {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.sent) == 0 {
		t.Fatal("no link was mailed")
	}
	return w.sent[len(w.sent)-1]
}

// ask asks for a link for Ada with a new client.
func (w *world) ask(t testing.TB, more body) magiclink.Message {
	t.Helper()
	in := body{"email": ada, "name": "Ada", "callbackURL": "/home", "newUserCallbackURL": "/welcome", "errorCallbackURL": "/sorry"}
	for name, v := range more {
		in[name] = v
	}
	w.Client().Post("/sign-in/magic-link", in).Want(t, 200, "")
	return w.last(t)
}

func (w *world) signUp(t testing.TB, email string) *authtest.Client {
	t.Helper()
	c := w.Client()
	c.Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
	return c
}

func (w *world) verified(t testing.TB, email string) {
	t.Helper()
	if _, err := w.Auth.Store().UpdateUserByEmail(t.Context(), email, map[string]any{"emailVerified": true}); err != nil {
		t.Fatal(err)
	}
}

// path is a link's path below the base path, with its query.
func path(t testing.TB, link string) string {
	t.Helper()
	_, rest, ok := strings.Cut(link, "/api/auth")
	if !ok {
		t.Fatalf("%s does not lead to the server", link)
	}
	return rest
}

func follow(t testing.TB, c *authtest.Client, link string) *authtest.Answer {
	t.Helper()
	return c.Get(path(t, link))
}

// wantTarget expects a redirect.
func wantTarget(t testing.TB, a *authtest.Answer, want string) {
	t.Helper()
	target, _ := a.Location()
	if a.Status != 302 || strings.TrimPrefix(target, authtest.BaseURL) != want {
		t.Fatalf("got %d to %s, want %s\n%s", a.Status, target, want, a.Body)
	}
}

func wantAlive(t testing.TB, c *authtest.Client, want bool) {
	t.Helper()
	if got := c.Get("/get-session?disableCookieCache=true").Want(t, 200, "").Body != "null"; got != want {
		t.Fatalf("session alive: %v, want %v", got, want)
	}
}

func (w *world) count(t testing.TB, model string) int {
	t.Helper()
	n, err := w.Auth.DB().Count(t.Context(), model, nil)
	if err != nil {
		t.Fatal(err)
	}
	return int(n)
}

func verifyPath(token, more string) string {
	return "/magic-link/verify?token=" + url.QueryEscape(token) + more
}
