// Package electrontest has the flows of the plugin for flowtest.Run.
package electrontest

import (
	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/electron"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{{Name: "sign in to a desktop application", Run: handOver}, {Name: "codes of a desktop application end", Run: ends}},
		Races: []flowtest.Flow{{Name: "RACE-04 one code of a desktop application for fifty callers", Run: raceCode}},
		Faults: []flowtest.Request{
			{Name: "a user is handed over", Change: withPlugin, Prepare: flowtest.Member("POST", "/electron/transfer-user?"+asked, flowtest.Body{})},
			// The user is signed in whether or not there is a code: the page can ask for one.
			{Name: "a sign-in hands over", Change: withPlugin, Optional: []string{"1 verification added"}, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				flowtest.SignUp(s, e, flowtest.Email)
				return e.Client(), flowtest.Send("POST", "/sign-in/email?"+asked, flowtest.Body{"email": flowtest.Email, "password": flowtest.Password})
			}},
			{Name: "a code is exchanged", Change: withPlugin, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return e.Client(), flowtest.Send("POST", "/electron/token", exchange(transfer(s, flowtest.SignUp(s, e, flowtest.Email))))
			}},
		},
	}
}

// The verifier and its challenge are those of RFC 7636, appendix B.
const (
	verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	asked    = "client_id=electron&state=s1&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

func withPlugin(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
	o.Plugins = append(o.Plugins, electron.New(electron.Options{}))
	p.SendResetPassword = e.Mail("reset-password")
}

func transfer(s *flowtest.T, c *authtest.Client) string {
	s.Helper()
	return c.Post("/electron/transfer-user?"+asked, flowtest.Body{}).Want(s, 200, "").JSON("electron_authorization_code")
}

func exchange(code string) flowtest.Body {
	return flowtest.Body{"token": code, "state": "s1", "code_verifier": verifier}
}

func handOver(s *flowtest.T) {
	e := s.Start(withPlugin)
	flowtest.SignUp(s, e, flowtest.Email)
	a := e.Client().Post("/sign-in/email?"+asked, flowtest.Body{"email": flowtest.Email, "password": flowtest.Password}).Want(s, 200, "")
	app := e.Client()
	code := exchange(a.JSON("electron_authorization_code"))
	app.Post("/electron/token", code).Want(s, 200, "")
	flowtest.WantAlive(s, app, true)
	e.Client().Post("/electron/token", code).Want(s, 404, "INVALID_TOKEN")
	flowtest.WantRows(s, e, core.ModelSession, 3)
	flowtest.WantRows(s, e, core.ModelVerification, 0)
}

func ends(s *flowtest.T) {
	e := s.Start(withPlugin)
	browser := flowtest.SignUp(s, e, flowtest.Email)
	code := transfer(s, browser)
	browser.Post("/sign-out", flowtest.Body{}).Want(s, 200, "")
	e.Client().Post("/electron/token", exchange(code)).Want(s, 404, "INVALID_TOKEN")

	browser = flowtest.SignedIn(s, e, flowtest.Email, flowtest.Password)
	code = transfer(s, browser)
	e.Clock.Add(1e9)
	browser.Post("/revoke-other-sessions", flowtest.Body{}).Want(s, 200, "")
	e.Client().Post("/electron/token", exchange(code)).Want(s, 404, "INVALID_TOKEN")
	flowtest.WantRows(s, e, core.ModelSession, 1)
}

func raceCode(s *flowtest.T) {
	e := s.Start(withPlugin)
	code := transfer(s, flowtest.SignUp(s, e, flowtest.Email))
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) { answers[i] = e.Client().Post("/electron/token", exchange(code)) })
	flowtest.WantOneWinner(s, answers, "INVALID_TOKEN")
	flowtest.WantRows(s, e, core.ModelSession, 2)
}
