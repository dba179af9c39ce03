// Package onetimetokentest has the flows of the plugin for flowtest.Run.
package onetimetokentest

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/onetimetoken"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{{Name: "hand a session over", Run: handOver}},
		Races: []flowtest.Flow{{Name: "RACE-04 one token for fifty callers", Run: raceToken}},
		Faults: []flowtest.Request{
			{Name: "a one-time token is made", Change: withTokens, Prepare: flowtest.Member("GET", "/one-time-token/generate", nil)},
			{Name: "a one-time token is used", Change: withTokens, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return e.Client(), flowtest.Send("POST", "/one-time-token/verify", flowtest.Body{"token": generate(s, flowtest.SignUp(s, e, flowtest.Email))})
			}},
		},
	}
}

func withTokens(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.Plugins = append(o.Plugins, onetimetoken.New(onetimetoken.Options{}))
}

func generate(s *flowtest.T, c *authtest.Client) string {
	s.Helper()
	return c.Get("/one-time-token/generate").Want(s, 200, "").JSON("token")
}

func verify(c *authtest.Client, token string) *authtest.Answer {
	return c.Post("/one-time-token/verify", flowtest.Body{"token": token})
}

func handOver(s *flowtest.T) {
	e := s.Start(withTokens)
	c := flowtest.SignUp(s, e, flowtest.Email)
	first, second := generate(s, c), generate(s, c)
	other := e.Client()
	verify(other, first).Want(s, 200, "")
	flowtest.WantAlive(s, other, true)
	verify(e.Client(), first).Want(s, 400, "INVALID_TOKEN")
	flowtest.WantRows(s, e, core.ModelSession, 1)
	c.Post("/sign-out", flowtest.Body{}).Want(s, 200, "")
	flowtest.WantAlive(s, other, false)
	verify(e.Client(), second).Want(s, 400, "SESSION_NOT_FOUND")
	flowtest.WantRows(s, e, core.ModelVerification, 0)
}

func raceToken(s *flowtest.T) {
	e := s.Start(withTokens)
	token := generate(s, flowtest.SignUp(s, e, flowtest.Email))
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) { answers[i] = verify(e.Client(), token) })
	flowtest.WantOneWinner(s, answers, "INVALID_TOKEN")
}
