// Package magiclinktest has the flows of the plugin for flowtest.Run.
package magiclinktest

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/magiclink"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{
			{Name: "sign up and in by links", Run: life},
			{Name: "LNK-02 a link proves an address", Run: proof},
			{Name: "a recovery of the account ends links", Run: recovery},
		},
		Races: []flowtest.Flow{
			{Name: "RACE-04 one link", Run: raceLink},
			{Name: "fifty links of one new address", Run: raceLinks},
		},
		Faults: []flowtest.Request{
			{Name: "a magic link is sent", Change: withLinks, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return e.Client(), flowtest.Send("POST", "/sign-in/magic-link", flowtest.Body{"email": flowtest.Email})
			}},
			{Name: "sign up by a magic link", Change: withLinks, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return e.Client(), opens(ask(s, e))
			}},
			{Name: "prove an address by a magic link", Change: withLinks, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				flowtest.SignUp(s, e, flowtest.Email)
				return e.Client(), opens(ask(s, e))
			}},
			{Name: "sessions are revoked, and with them links", Change: withLinks, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				c := flowtest.SignUp(s, e, flowtest.Email)
				ask(s, e)
				return c, flowtest.Send("POST", "/revoke-other-sessions", flowtest.Body{})
			}},
		},
	}
}

func withLinks(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.Plugins = append(o.Plugins, magiclink.New(magiclink.Options{Send: func(ctx context.Context, m magiclink.Message) error {
		return e.Mail("magic-link")(ctx, core.Mail{User: &core.User{Email: m.Email}, URL: m.URL, Token: m.Token})
	}}))
}

// ask asks for a link for Ada and returns its path below the base path.
func ask(s *flowtest.T, e *authtest.Env) string {
	s.Helper()
	e.Client().Post("/sign-in/magic-link", flowtest.Body{
		"email": flowtest.Email, "name": "Ada", "callbackURL": "/home", "newUserCallbackURL": "/welcome", "errorCallbackURL": "/sorry",
	}).Want(s, 200, "")
	m := e.LastMail()
	if m.Kind != "magic-link" || m.To != flowtest.Email {
		s.Fatalf("the last mail is %+v", m)
	}
	return strings.TrimPrefix(m.URL, authtest.BaseURL+"/api/auth")
}

func opens(link string) func(*authtest.Client) *authtest.Answer {
	return flowtest.Send("GET", link, nil)
}

func wantTarget(s *flowtest.T, a *authtest.Answer, want string) {
	s.Helper()
	if target, _ := a.Want(s, 302, "").Location(); target != authtest.BaseURL+want {
		s.Fatalf("it leads to %s, want %s", target, want)
	}
}

func life(s *flowtest.T) {
	e := s.Start(withLinks)
	link := ask(s, e)
	c := e.Client()
	wantTarget(s, c.Get(link), "/welcome")
	flowtest.WantAlive(s, c, true)
	wantTarget(s, e.Client().Get(link), "/sorry?error=INVALID_TOKEN")
	wantTarget(s, e.Client().Get(ask(s, e)), "/home")
	flowtest.WantRows(s, e, core.ModelVerification, 0)
	flowtest.WantRows(s, e, core.ModelUser, 1)
	flowtest.WantRows(s, e, core.ModelSession, 2)
}

func proof(s *flowtest.T) {
	e := s.Start(withLinks)
	before := flowtest.SignUp(s, e, flowtest.Email)
	c := e.Client()
	wantTarget(s, c.Get(ask(s, e)), "/home")
	flowtest.WantAlive(s, c, true)
	flowtest.WantAlive(s, before, false)
	flowtest.WantRows(s, e, core.ModelAccount, 0)
	flowtest.SignIn(e.Client(), flowtest.Email, flowtest.Password).Want(s, 401, "INVALID_CREDENTIALS")
}

// recovery has the owner end the sessions, and delete the account and make it anew, while
// a link is in a mailbox that somebody else could read.
func recovery(s *flowtest.T) {
	e := s.Start(func(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
		withLinks(e, o, p)
		o.User.DeleteUser.Enabled = true
	})
	wantTarget(s, e.Client().Get(ask(s, e)), "/welcome")
	for range 2 { // the second time the note of the first is replaced
		link := ask(s, e)
		e.Clock.Add(time.Second)
		c := e.Client()
		wantTarget(s, c.Get(ask(s, e)), "/home")
		e.Clock.Add(time.Second)
		c.Post("/revoke-sessions", flowtest.Body{}).Want(s, 200, "")
		thief := e.Client()
		wantTarget(s, thief.Get(link), "/sorry?error=INVALID_TOKEN")
		flowtest.WantAlive(s, thief, false)
		e.Clock.Add(time.Second)
	}
	link := ask(s, e)
	e.Clock.Add(time.Second)
	u, err := e.Auth.Store().FindUserByEmail(s.Context(), flowtest.Email)
	if err == nil {
		err = e.Auth.Store().DeleteUser(s.Context(), u.ID)
	}
	if err != nil {
		s.Fatal(err)
	}
	e.Clock.Add(time.Second)
	flowtest.SignUp(s, e, flowtest.Email)
	thief := e.Client()
	wantTarget(s, thief.Get(link), "/sorry?error=INVALID_TOKEN")
	flowtest.WantAlive(s, thief, false)
	wantTarget(s, e.Client().Get(ask(s, e)), "/home")
}

// targets counts where the links of a race lead.
func targets(s *flowtest.T, e *authtest.Env, link func(i int) string) map[string]int {
	s.Helper()
	var mu sync.Mutex
	got := map[string]int{}
	s.Meet(func(i int) {
		target, _ := e.Client().Get(link(i)).Location()
		mu.Lock()
		defer mu.Unlock()
		got[strings.TrimPrefix(target, authtest.BaseURL)]++
	})
	return got
}

func raceLink(s *flowtest.T) {
	e := s.Start(withLinks)
	link := ask(s, e)
	got := targets(s, e, func(int) string { return link })
	if got["/welcome"] != 1 || got["/sorry?error=INVALID_TOKEN"] != flowtest.Crowd-1 {
		s.Errorf("%v", got)
	}
	flowtest.WantRows(s, e, core.ModelSession, 1)
}

func raceLinks(s *flowtest.T) {
	e := s.Start(withLinks)
	links := make([]string, flowtest.Crowd)
	for i := range links {
		links[i] = ask(s, e)
	}
	got := targets(s, e, func(i int) string { return links[i] })
	if got["/welcome"] != 1 || got["/home"] != flowtest.Crowd-1 {
		s.Errorf("%v", got)
	}
	flowtest.WantRows(s, e, core.ModelUser, 1)
}
