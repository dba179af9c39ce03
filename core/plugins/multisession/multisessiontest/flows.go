// Package multisessiontest has the flows of the plugin for flowtest.Run.
package multisessiontest

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/multisession"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{{Name: "accounts of one browser", Run: accounts}},
		Races: []flowtest.Flow{{Name: "one account of a browser is ended by fifty callers", Run: raceRevoke}},
		Faults: []flowtest.Request{
			{Name: "a second account signs in", Change: withPlugin, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return flowtest.SignUp(s, e, flowtest.Email), flowtest.Send("POST", "/sign-up/email", flowtest.Body{"name": "Bob", "email": "bob@example.com", "password": flowtest.Password})
			}},
			{Name: "an account of a browser is chosen", Change: withPlugin, Prepare: chosen("/multi-session/set-active")},
			{Name: "an account of a browser is ended", Change: withPlugin, Prepare: chosen("/multi-session/revoke")},
			{Name: "the accounts of a browser sign out", Change: withPlugin, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				c, _ := two(s, e)
				return c, flowtest.Send("POST", "/sign-out", flowtest.Body{})
			}},
		},
	}
}

func withPlugin(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.Plugins = append(o.Plugins, multisession.New(multisession.Options{}))
}

// two signs two users in and returns the token of the first.
func two(s *flowtest.T, e *authtest.Env) (*authtest.Client, string) {
	s.Helper()
	c := flowtest.SignUp(s, e, flowtest.Email)
	token := c.Get("/get-session").JSON("session", "token")
	c.Post("/sign-up/email", flowtest.Body{"name": "Bob", "email": "bob@example.com", "password": flowtest.Password}).Want(s, 200, "")
	return c, token
}

func chosen(path string) func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		c, token := two(s, e)
		return c, flowtest.Send("POST", path, flowtest.Body{"sessionToken": token})
	}
}

func accounts(s *flowtest.T) {
	e := s.Start(withPlugin)
	c, token := two(s, e)
	c.Post("/multi-session/set-active", flowtest.Body{"sessionToken": token}).Want(s, 200, "")
	if got := c.Get("/get-session").JSON("user", "email"); got != flowtest.Email {
		s.Errorf("active is %q", got)
	}
	c.Post("/multi-session/revoke", flowtest.Body{"sessionToken": token}).Want(s, 200, "")
	flowtest.WantRows(s, e, core.ModelSession, 1)
	c.Post("/sign-out", flowtest.Body{}).Want(s, 200, "")
	flowtest.WantRows(s, e, core.ModelSession, 0)
}

func raceRevoke(s *flowtest.T) {
	e := s.Start(withPlugin)
	c, token := two(s, e)
	answers := make([]*authtest.Answer, flowtest.Crowd)
	browsers := make([]*authtest.Client, flowtest.Crowd)
	for i := range browsers {
		browsers[i] = c.Copy()
	}
	s.Meet(func(i int) {
		answers[i] = browsers[i].Post("/multi-session/revoke", flowtest.Body{"sessionToken": token})
	})
	for _, a := range answers {
		a.Want(s, 200, "")
	}
	flowtest.WantRows(s, e, core.ModelSession, 1)
}
