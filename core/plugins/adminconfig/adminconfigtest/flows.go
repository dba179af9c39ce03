// Package adminconfigtest has the flows of the plugin for flowtest.Run.
package adminconfigtest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/adminconfig"
	"github.com/advantch/kernia-go/core/plugins/anonymous"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/plugins/username"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

const (
	methods = "/admin/config/auth-methods"
	emails  = "/admin/config/email-clients"
	stripe  = "/admin/config/stripe"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{
			{Name: "sign-in methods are switched in two processes", Run: switches},
			{Name: "settings with secrets", Run: settings},
		},
		Races: []flowtest.Flow{
			{Name: "fifty administrators switch one method each", Run: raceMerge},
			{Name: "fifty administrators replace what they have read", Run: raceReplace},
			{Name: "two administrators switch off the other's method", Run: raceLast},
		},
		Faults: []flowtest.Request{
			{Name: "the first switch", Change: with, Prepare: request("POST", methods, turn(false, "anonymous"))},
			{Name: "another switch", Change: with, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				c := flowtest.SignUp(s, e, flowtest.Email)
				c.Post(methods, turn(false, "anonymous")).Want(s, 200, "")
				return c, flowtest.Send("POST", methods, turn(false, "magic-link"))
			}},
			{Name: "settings are stored", Change: with, Prepare: request("POST", stripe, flowtest.Body{"value": flowtest.Body{"apiKey": "sk"}})},
			{Name: "a sign-in asks for the switches", Change: with, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				flowtest.SignUp(s, e, flowtest.Email)
				e.Clock.Add(time.Minute)
				return e.Client(), func(c *authtest.Client) *authtest.Answer {
					return flowtest.SignIn(c, flowtest.Email, flowtest.Password)
				}
			}},
		},
	}
}

func request(method, path string, body flowtest.Body) func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		return flowtest.SignUp(s, e, flowtest.Email), flowtest.Send(method, path, body)
	}
}

func with(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.Plugins = append(o.Plugins,
		username.New(username.Options{}), anonymous.New(anonymous.Options{}),
		magiclink.New(magiclink.Options{Send: func(context.Context, magiclink.Message) error { return nil }}),
		adminconfig.New(adminconfig.Options{AllowAnyAuthenticated: true}))
}

func turn(on bool, names ...string) flowtest.Body {
	value := flowtest.Body{}
	for _, name := range names {
		value[name] = flowtest.Body{"enabled": on}
	}
	return flowtest.Body{"value": value}
}

// two starts a server, and a second one on the same rows.
func two(s *flowtest.T) (first, second *authtest.Env) {
	s.Helper()
	var db adapter.Database
	first = s.Start(func(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
		with(e, o, p)
		db = o.Database
	})
	second = authtest.NewEnv(s.T)
	o := second.Options(emailpassword.New(emailpassword.Options{}))
	with(second, &o, nil)
	o.Database, o.Clock = db, first.Clock.Now
	second.Reopen(o)
	return first, second
}

func switches(s *flowtest.T) {
	one, other := two(s)
	c := flowtest.SignUp(s, one, flowtest.Email)
	other.Client().Get("/admin/config/public-auth").Want(s, 200, "")
	c.Post(methods, turn(false, "email")).Want(s, 400, "ADMIN_CONFIG_LAST_METHOD")
	if _, err := one.Auth.Store().UpdateUserByEmail(s.Context(), flowtest.Email, adapter.Record{"emailVerified": true}); err != nil {
		s.Fatal(err)
	}
	a := c.Post(methods, turn(false, "email", "anonymous")).Want(s, 200, "")
	one.Client().Post("/sign-in/anonymous", flowtest.Body{}).Want(s, 403, "AUTH_METHOD_DISABLED")
	flowtest.SignIn(one.Client(), flowtest.Email, flowtest.Password).Want(s, 403, "AUTH_METHOD_DISABLED")
	flowtest.WantAlive(s, c, true)
	one.Clock.Add(10 * time.Second)
	flowtest.SignIn(other.Client(), flowtest.Email, flowtest.Password).Want(s, 403, "AUTH_METHOD_DISABLED")
	if b := c.Get(methods).Want(s, 200, ""); b.Body != a.Body {
		s.Errorf("%s\n%s", a.Body, b.Body)
	}
	c.Post(methods, turn(true, "email")).Want(s, 200, "")
	flowtest.SignIn(one.Client(), flowtest.Email, flowtest.Password).Want(s, 200, "")
	flowtest.WantRows(s, one, adminconfig.Model, 1)
	flowtest.WantRows(s, one, core.ModelUser, 1)
}

func settings(s *flowtest.T) {
	e := s.Start(with)
	c := flowtest.SignUp(s, e, flowtest.Email)
	client := flowtest.Body{"id": "main", "kind": "smtp", "fromEmail": "auth@example.com", "config": flowtest.Body{"host": "mail.example.com", "port": 587, "password": "s\u00e9cret"}}
	body := flowtest.Body{"value": flowtest.Body{"clients": []any{client}}}
	at := c.Post(emails, body).Want(s, 200, "").JSON("updatedAt")
	client["config"] = flowtest.Body{"host": "mail.example.com", "port": 587, "password": "********"}
	body["updatedAt"] = at
	if a := c.Post(emails, body).Want(s, 200, ""); a.JSON("updatedAt") == at {
		s.Errorf("%s", a.Body)
	}
	c.Post(emails, body).Want(s, 409, "ADMIN_CONFIG_CONFLICT")
	c.Post(stripe, flowtest.Body{"value": flowtest.Body{"mode": "test", "apiKey": "sk"}}).Want(s, 200, "")
	p, _ := adminconfig.From(e.Auth)
	list, err := p.EmailClients(s.Context())
	if err != nil || len(list) != 1 || list[0].Secrets["password"].Reveal() != "s\u00e9cret" || list[0].Config["port"] != 587.0 {
		s.Errorf("%d clients, %v", len(list), err)
	}
	if got, err := p.Stripe(s.Context()); err != nil || got.APIKey.Reveal() != "sk" || got.Mode != "test" {
		s.Errorf("%v", err)
	}
	flowtest.WantRows(s, e, adminconfig.Model, 2)
}

// raceMerge has many change the labels of methods, half of them on another server: no
// change is lost.
func raceMerge(s *flowtest.T) {
	one, other := two(s)
	c := flowtest.SignUp(s, one, flowtest.Email)
	names := []string{"email", "sign-up", "username", "anonymous", "magic-link"}
	clients := make([]*authtest.Client, flowtest.Crowd)
	for i := range clients {
		if clients[i] = c.Copy(); i%2 == 1 {
			clients[i].Auth = other.Auth
		}
	}
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Together(func(i int) {
		answers[i] = clients[i].Post(methods, flowtest.Body{"value": flowtest.Body{names[i%len(names)]: flowtest.Body{"label": fmt.Sprint("label ", i%len(names))}}})
	})
	for _, a := range answers {
		if a.Status != 200 && a.Code() != "ADMIN_CONFIG_CONFLICT" {
			s.Errorf("%d %s", a.Status, a.Body)
		}
	}
	a := c.Get(methods).Want(s, 200, "")
	for i, name := range names {
		done := false
		for j, b := range answers {
			done = done || j%len(names) == i && b.Status == 200
		}
		if got := a.JSON("methods", name, "label"); done && got != fmt.Sprint("label ", i) {
			s.Errorf("the label of %s is %q", name, got)
		}
	}
	flowtest.WantRows(s, one, adminconfig.Model, 1)
}

// raceReplace has many replace the settings that all have read: one does.
func raceReplace(s *flowtest.T) {
	one, other := two(s)
	c := flowtest.SignUp(s, one, flowtest.Email)
	clients := make([]*authtest.Client, flowtest.Crowd)
	for i := range clients {
		if clients[i] = c.Copy(); i%2 == 1 {
			clients[i].Auth = other.Auth
		}
	}
	for _, sent := range []string{"", "updatedAt"} {
		body := flowtest.Body{"value": flowtest.Body{"mode": "test"}}
		if sent != "" {
			body[sent] = c.Get(stripe).JSON("updatedAt")
		}
		var mu sync.Mutex
		won := 0
		s.Together(func(i int) {
			a := clients[i].Post(stripe, body)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case a.Status == 200:
				won++
			case a.Code() != "ADMIN_CONFIG_CONFLICT":
				s.Errorf("%d %s", a.Status, a.Body)
			}
		})
		if won != 1 {
			s.Errorf("%d of them have replaced the settings", won)
		}
	}
}

// raceLast has two administrators leave a method to themselves, each the one that the other
// switches off: the second finds that hers is off, and is refused.
func raceLast(s *flowtest.T) {
	one, other := two(s)
	ada := flowtest.SignUp(s, one, flowtest.Email)
	bob := one.Client()
	bob.Post("/sign-up/email", flowtest.Body{"name": "Bob", "email": "bob@example.com", "password": flowtest.Password}).Want(s, 200, "")
	store := one.Auth.Store()
	if _, err := store.UpdateUserByEmail(s.Context(), "bob@example.com", adapter.Record{"emailVerified": true}); err != nil {
		s.Fatal(err)
	}
	bob.Auth = other.Auth
	// Bob keeps magic links, Ada her password, which both could use before.
	clients, bodies := []*authtest.Client{ada, bob}, []flowtest.Body{turn(false, "magic-link"), turn(false, "email", "username")}
	answers := make([]*authtest.Answer, 2)
	s.Together(func(i int) {
		if i < 2 {
			answers[i] = clients[i].Post(methods, bodies[i])
		}
	})
	refused := 0
	for _, a := range answers {
		switch {
		case a.Code() == "ADMIN_CONFIG_LAST_METHOD":
			refused++
		case a.Status != 200:
			s.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if refused != 1 {
		s.Errorf("%d were refused: %s, %s", refused, answers[0].Body, answers[1].Body)
	}
}
