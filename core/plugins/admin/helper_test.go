package admin_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/validate"
)

const (
	password = "correct horse"
	session  = "better-auth.session_token"
	kept     = "better-auth.admin_session"
)

type body = map[string]any

// world is a server with an administrator, Ada, and two users, Bob and Eve.
type world struct {
	*authtest.Env
	p             *admin.Plugin
	ada, bob, eve *person
}

// person is somebody in a browser.
type person struct {
	*authtest.Client
	id, email string
}

func open(t testing.TB, o admin.Options, change func(*authtest.Env, *core.Options), more ...core.Plugin) *world {
	t.Helper()
	w := &world{p: admin.New(o)}
	w.Env = authtest.New(t, change, append([]core.Plugin{emailpassword.New(emailpassword.Options{}), w.p}, more...)...)
	w.ada, w.bob, w.eve = w.join(t, "ada"), w.join(t, "bob"), w.join(t, "eve")
	w.role(t, w.ada, "admin")
	return w
}

func (w *world) join(t testing.TB, name string) *person {
	t.Helper()
	w.Clock.Add(time.Second) // users have an order
	p := &person{Client: w.Client(), email: name + "@example.com"}
	p.id = p.Post("/sign-up/email", body{"name": name, "email": p.email, "password": password}).Want(t, 200, "").JSON("user", "id")
	return p
}

// sign is another browser of somebody.
func (w *world) sign(t testing.TB, p *person) *person {
	t.Helper()
	c := w.Client()
	c.Post("/sign-in/email", body{"email": p.email, "password": password}).Want(t, 200, "")
	return &person{c, p.id, p.email}
}

// role gives somebody a role as the application itself.
func (w *world) role(t testing.TB, p *person, roles ...string) {
	t.Helper()
	if _, err := w.p.SetRole.Call(t.Context(), &admin.SetRoleInput{UserID: p.id, Role: roles}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) set(t testing.TB, p *person, set adapter.Record) {
	t.Helper()
	if _, err := w.Auth.Store().UpdateUser(context.Background(), p.id, set); err != nil {
		t.Fatal(err)
	}
}

func (w *world) user(t testing.TB, p *person) *core.User {
	t.Helper()
	u, err := w.Auth.Store().FindUser(t.Context(), p.id)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (w *world) exists(t testing.TB, id string) bool {
	t.Helper()
	_, err := w.Auth.Store().FindUser(t.Context(), id)
	if err != nil && !core.IsNotFound(err) {
		t.Fatal(err)
	}
	return err == nil
}

// alive reports whether somebody's browser is signed in, by the store.
func (p *person) alive() bool { return p.Get("/get-session?disableCookieCache=true").Body != "null" }

// token is that of the session of somebody's browser.
func (p *person) token() string {
	token, _, _ := strings.Cut(p.Cookie(session), ".")
	return token
}

func (w *world) events(kind core.EventType) (out []core.Event) {
	for _, e := range w.Events() {
		if e.Type == kind {
			out = append(out, e)
		}
	}
	return out
}

// emails are those of a list of users, without the domain.
func emails(t testing.TB, a *authtest.Answer) string {
	t.Helper()
	var reply struct{ Users []struct{ Email string } }
	if err := json.Unmarshal([]byte(a.Want(t, 200, "").Body), &reply); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, u := range reply.Users {
		name, _, _ := strings.Cut(u.Email, "@")
		out = append(out, name)
	}
	return strings.Join(out, " ")
}

// routes are all routes of the plugin with a body that is in order, for a user.
func (w *world) routes(target *person) map[string]func(c *authtest.Client) *authtest.Answer {
	post := func(path string, b body) func(c *authtest.Client) *authtest.Answer {
		return func(c *authtest.Client) *authtest.Answer { return c.Post("/admin/"+path, b) }
	}
	get := func(path string) func(c *authtest.Client) *authtest.Answer {
		return func(c *authtest.Client) *authtest.Answer { return c.Get("/admin/" + path) }
	}
	out := map[string]func(c *authtest.Client) *authtest.Answer{
		"set-role":             post("set-role", body{"userId": target.id, "role": "admin"}),
		"get-user":             get("get-user?id=" + target.id),
		"create-user":          post("create-user", body{"email": "new@example.com", "name": "New", "password": password}),
		"update-user":          post("update-user", body{"userId": target.id, "data": body{"name": "Other"}}),
		"list-users":           get("list-users"),
		"list-user-sessions":   post("list-user-sessions", body{"userId": target.id}),
		"ban-user":             post("ban-user", body{"userId": target.id}),
		"unban-user":           post("unban-user", body{"userId": target.id}),
		"impersonate-user":     post("impersonate-user", body{"userId": target.id}),
		"stop-impersonating":   post("stop-impersonating", body{}),
		"revoke-user-session":  post("revoke-user-session", body{"sessionToken": target.token()}),
		"revoke-user-sessions": post("revoke-user-sessions", body{"userId": target.id}),
		"remove-user":          post("remove-user", body{"userId": target.id}),
		"set-user-password":    post("set-user-password", body{"userId": target.id, "newPassword": "another horse"}),
		"has-permission":       post("has-permission", body{"permissions": body{"user": []string{"list"}}}),
	}
	for _, op := range w.Auth.Operations() {
		name, mine := strings.CutPrefix(op.Path, "/admin/")
		if mine && out[name] == nil {
			panic("no request for " + op.Path)
		}
	}
	return out
}

func names(m map[string]func(c *authtest.Client) *authtest.Answer) []string {
	var out []string
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

var one = validate.OneOrMany{"admin"}

func byName(_ context.Context, u *core.User) (string, error) {
	if u.Name == "bob" {
		return "bob is out", nil
	}
	return "", nil
}

type cond = adapter.Cond
