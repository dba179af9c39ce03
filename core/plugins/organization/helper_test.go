package organization_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/access"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
)

type body = map[string]any

// world is an Auth with organizations, and the invitations it has sent.
type world struct {
	*authtest.Env
	t    testing.TB
	org  *organization.Plugin
	mu   sync.Mutex
	sent []organization.InvitationMail
}

// ac is what tests with roles of their own use.
func ac() *access.Control {
	s := organization.DefaultStatements()
	s["project"] = []string{"create", "share", "delete"}
	return access.NewControl(s)
}

func open(t testing.TB, change func(o *organization.Options), core_ ...func(o *core.Options)) *world {
	t.Helper()
	w := &world{t: t}
	o := organization.Options{SendInvitation: func(_ context.Context, inv organization.InvitationMail) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.sent = append(w.sent, inv)
		return nil
	}}
	if change != nil {
		change(&o)
	}
	w.org = organization.New(o)
	w.Env = authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		for _, f := range core_ {
			f(o)
		}
	}, emailpassword.New(emailpassword.Options{}), w.org)
	return w
}

// everything enables teams and dynamic roles.
func everything(o *organization.Options) {
	o.Teams.Enabled = true
	o.DynamicAccessControl.Enabled = true
	o.Access = ac()
	owner := organization.OwnerRole().With(access.Permissions{"project": {"create", "share"}})
	o.Roles = map[string]*access.Role{"owner": owner, "admin": organization.AdminRole(), "member": organization.MemberRole()}
}

// person is a client that is signed in.
type person struct {
	*authtest.Client
	w         *world
	id, email string
}

// join signs somebody up and verifies the address.
func (w *world) join(name string) *person {
	w.t.Helper()
	p := w.unverified(name)
	if _, err := w.Auth.Store().UpdateUser(context.Background(), p.id, adapter.Record{"emailVerified": true}); err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) unverified(name string) *person {
	w.t.Helper()
	email := strings.ToLower(name) + "@example.com"
	c := w.Client()
	a := c.Post("/sign-up/email", body{"name": name, "email": email, "password": "correct horse"}).Want(w.t, 200, "")
	return &person{c, w, a.JSON("user", "id"), email}
}

// found creates an organization and returns its id.
func (p *person) found(slug string) string {
	p.w.t.Helper()
	return p.Post("/organization/create", body{"name": slug, "slug": slug}).Want(p.w.t, 200, "").JSON("id")
}

// invite invites somebody and returns the invitation's id.
func (p *person) invite(org string, who *person, role any, more ...string) string {
	p.w.t.Helper()
	b := body{"organizationId": org, "email": who.email, "role": role}
	if len(more) > 0 {
		b["teamId"] = more
	}
	return p.Post("/organization/invite-member", b).Want(p.w.t, 200, "").JSON("id")
}

// enrol makes somebody a member by an invitation.
func (p *person) enrol(org string, who *person, role string) {
	p.w.t.Helper()
	who.Post("/organization/accept-invitation", body{"invitationId": p.invite(org, who, role)}).Want(p.w.t, 200, "")
}

// member is somebody's membership id.
func (w *world) member(org string, p *person) string {
	w.t.Helper()
	rec, err := w.Auth.DB().FindOne(context.Background(), adapter.Find{Model: "member", Where: adapter.By("organizationId", org).And("userId", p.id)})
	if err != nil {
		w.t.Fatal(err)
	}
	return rec["id"].(string)
}

func (w *world) count(model string, where ...adapter.Cond) int {
	w.t.Helper()
	n, err := w.Auth.DB().Count(context.Background(), model, where)
	if err != nil {
		w.t.Fatal(err)
	}
	return int(n)
}

func (w *world) want(model string, n int) {
	w.t.Helper()
	if got := w.count(model); got != n {
		w.t.Errorf("%d rows of %s, want %d", got, model, n)
	}
}

// session is a field of somebody's session.
func (p *person) session(field string) string {
	p.w.t.Helper()
	return p.Get("/get-session?disableCookieCache=true").JSON("session", field)
}

func envOf(t testing.TB) *authtest.Env { return authtest.NewEnv(t) }

// attached is the context of somebody's request to the application's own routes.
func (p *person) attached() context.Context {
	req := core.Request{Method: "GET", Path: "/app", Scheme: "http", Host: "localhost:3000",
		Header: core.Fields{{Name: "Cookie", Value: p.CookieHeader()}}}
	return p.w.Auth.Attach(context.Background(), req, nil)
}
