// Package admintest has the flows of the plugin for flowtest.Run.
package admintest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/admin"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{
			{Name: "ADM-11 a ban and its end", Run: ban},
			{Name: "impersonation and the way back", Run: impersonation},
			{Name: "ADM-12 users by page, order, search and filter", Run: pages},
			{Name: "the life of a user, by an administrator", Run: life},
		},
		Races: []flowtest.Flow{
			{Name: "RACE-11 administrators demote each other", Run: raceDemote},
			{Name: "RACE-11 administrators demote themselves", Run: raceAbdicate},
			{Name: "RACE-07 a ban against sign-ins", Run: raceBan},
		},
		Faults: []flowtest.Request{
			{Name: "an administrator bans", Change: with, Prepare: prepared("/admin/ban-user", nil)},
			{Name: "an administrator removes a user", Change: with, Prepare: prepared("/admin/remove-user", nil)},
			{Name: "an administrator sets a role", Change: with, Prepare: prepared("/admin/set-role", flowtest.Body{"role": "admin"})},
			{Name: "an administrator impersonates", Change: with, Prepare: prepared("/admin/impersonate-user", nil)},
			{Name: "an administrator makes a user", Change: with, Prepare: prepared("/admin/create-user", flowtest.Body{"email": "new@example.com", "name": "New", "password": flowtest.Password})},
			{Name: "an administrator sets a password", Change: with, Prepare: prepared("/admin/set-user-password", flowtest.Body{"newPassword": "another horse battery"})},
		},
	}
}

func with(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.Plugins = append(o.Plugins, admin.New(admin.Options{}))
}

// person is somebody in a browser.
type person struct {
	*authtest.Client
	id, email string
}

func join(t testing.TB, e *authtest.Env, name string, roles ...string) *person {
	t.Helper()
	e.Clock.Add(time.Second) // users have an order
	p := &person{email: name + "@example.com"}
	p.Client = flowtest.SignUp(t, e, p.email)
	p.id = p.Get("/get-session").JSON("user", "id")
	if len(roles) > 0 {
		plugin, _ := admin.From(e.Auth)
		if _, err := plugin.SetRole.Call(context.Background(), &admin.SetRoleInput{UserID: p.id, Role: roles}); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func prepared(path string, more flowtest.Body) func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		root, bob := join(s, e, "root", "admin"), join(s, e, "bob")
		b := flowtest.Body{"userId": bob.id}
		for name, value := range more {
			b[name] = value
		}
		return root.Client, flowtest.Send("POST", path, b)
	}
}

func ban(s *flowtest.T) {
	e := s.Start(with)
	root, bob := join(s, e, "root", "admin"), join(s, e, "bob")
	root.Post("/admin/ban-user", flowtest.Body{"userId": bob.id, "banReason": "spam", "banExpiresIn": 60}).Want(s, 200, "")
	flowtest.WantAlive(s, bob.Client, false)
	flowtest.SignIn(e.Client(), bob.email, flowtest.Password).Want(s, 403, "BANNED_USER")
	e.Clock.Add(time.Minute + time.Second)
	flowtest.SignIn(e.Client(), bob.email, flowtest.Password).Want(s, 200, "")
	rows := flowtest.Rows(s, e, core.ModelUser, adapter.Cond{Field: "id", Value: bob.id})
	if banned, _ := rows[0]["banned"].(bool); banned || rows[0]["banReason"] != nil || rows[0]["banExpires"] != nil {
		s.Errorf("%v", rows[0])
	}
}

func impersonation(s *flowtest.T) {
	e := s.Start(with)
	root, bob := join(s, e, "root", "admin"), join(s, e, "bob")
	root.Post("/admin/impersonate-user", flowtest.Body{"userId": bob.id}).Want(s, 200, "")
	if a := root.Get("/get-session"); a.JSON("user", "id") != bob.id || a.JSON("session", "impersonatedBy") != root.id {
		s.Errorf("%s", a.Body)
	}
	flowtest.WantRows(s, e, core.ModelSession, 3)
	root.Post("/admin/stop-impersonating", flowtest.Body{}).Want(s, 200, "")
	if got := root.Get("/get-session").JSON("user", "id"); got != root.id {
		s.Errorf("she is %q", got)
	}
	flowtest.WantRows(s, e, core.ModelSession, 2)
}

func pages(s *flowtest.T) {
	e := s.Start(with)
	root := join(s, e, "root", "admin")
	for i := range 5 {
		join(s, e, fmt.Sprintf("user%d", i))
	}
	for query, want := range map[string]string{
		"": "6 root", "?limit=2&offset=3": "6 user2", "?sortBy=email&sortDirection=desc&limit=1": "6 user4", "?searchValue=USER": "5 user0", "?searchValue=%25": "0 ",
		"?searchValue=3@example.com&searchOperator=ends_with": "1 user3", "?filterField=role&filterValue=admin": "1 root", "?filterField=banned&filterValue=false": "6 root",
		"?filterField=createdAt&filterOperator=gt&filterValue=2100-01-01T00:00:00.000Z": "0 ",
	} {
		a := root.Get("/admin/list-users"+query).Want(s, 200, "")
		email := ""
		if a.JSON("total") != "0" {
			email = first(a)
		}
		if got := a.JSON("total") + " " + email; got != want {
			s.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	root.Get("/admin/list-users?filterField=password&filterValue=x").Want(s, 400, "VALIDATION_ERROR")
}

func life(s *flowtest.T) {
	e := s.Start(with)
	root := join(s, e, "root", "admin")
	id := root.Post("/admin/create-user", flowtest.Body{"email": "NEW@example.com", "name": "New", "password": flowtest.Password, "role": []string{"user", "admin"}}).Want(s, 200, "").JSON("user", "id")
	root.Post("/admin/create-user", flowtest.Body{"email": "new@example.com", "name": "New"}).Want(s, 400, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")
	flowtest.SignIn(e.Client(), "new@example.com", flowtest.Password).Want(s, 200, "")
	root.Post("/admin/update-user", flowtest.Body{"userId": id, "data": flowtest.Body{"email": "root@example.com"}}).Want(s, 400, "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL")
	root.Post("/admin/update-user", flowtest.Body{"userId": id, "data": flowtest.Body{"email": "newer@example.com"}}).Want(s, 200, "")
	root.Post("/admin/set-user-password", flowtest.Body{"userId": id, "newPassword": "another horse battery"}).Want(s, 200, "")
	c := e.Client()
	flowtest.SignIn(c, "newer@example.com", "another horse battery").Want(s, 200, "")
	c.Get("/admin/list-users").Want(s, 200, "")
	root.Post("/admin/remove-user", flowtest.Body{"userId": id}).Want(s, 200, "")
	flowtest.WantAlive(s, c, false)
	flowtest.WantRows(s, e, core.ModelUser, 1)
	flowtest.WantRows(s, e, core.ModelSession, 1)
	root.Post("/admin/set-role", flowtest.Body{"userId": root.id, "role": "user"}).Want(s, 400, "LAST_ADMIN")
}

// staff are ten administrators.
func staff(s *flowtest.T, e *authtest.Env) []*person {
	out := make([]*person, 10)
	for i := range out {
		out[i] = join(s, e, fmt.Sprintf("root%d", i), "admin")
	}
	return out
}

// wantAdmin fails unless an administrator is left, and no call has failed in the server.
func wantAdmin(s *flowtest.T, e *authtest.Env, answers []*authtest.Answer) {
	s.Helper()
	for _, a := range answers {
		if a.Status >= 500 {
			s.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if n := len(flowtest.Rows(s, e, core.ModelUser, adapter.Cond{Field: "role", Value: "admin"})); n != 1 {
		s.Errorf("%d administrators are left, want 1: %v", n, flowtest.Tally(answers))
	}
}

func raceDemote(s *flowtest.T) {
	e := s.Start(with)
	all := staff(s, e)
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) {
		by, target := all[i%10], all[(i/10+i+1)%10]
		answers[i] = by.Client.Copy().Post("/admin/set-role", flowtest.Body{"userId": target.id, "role": "user"})
	})
	wantAdmin(s, e, answers)
}

func raceAbdicate(s *flowtest.T) {
	e := s.Start(with)
	all := staff(s, e)
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) {
		by := all[i%10]
		answers[i] = by.Client.Copy().Post("/admin/set-role", flowtest.Body{"userId": by.id, "role": "user"})
	})
	wantAdmin(s, e, answers)
}

func raceBan(s *flowtest.T) {
	e := s.Start(with)
	root, bob := join(s, e, "root", "admin"), join(s, e, "bob")
	s.Meet(func(i int) {
		if i == flowtest.Crowd/2 {
			root.Post("/admin/ban-user", flowtest.Body{"userId": bob.id}).Want(s, 200, "")
			return
		}
		flowtest.SignIn(e.Client(), bob.email, flowtest.Password)
	})
	if n := len(flowtest.Rows(s, e, core.ModelSession, adapter.Cond{Field: "userId", Value: bob.id})); n > 0 {
		s.Errorf("%d sessions of a banned user", n)
	}
}

// first is the name of the first user of a list.
func first(a *authtest.Answer) string {
	var reply struct{ Users []struct{ Email string } }
	if json.Unmarshal([]byte(a.Body), &reply) != nil || len(reply.Users) == 0 {
		return ""
	}
	name, _, _ := strings.Cut(reply.Users[0].Email, "@")
	return name
}
