// Package deviceauthorizationtest has the flows of the plugin for flowtest.Run.
package deviceauthorizationtest

import (
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/deviceauthorization"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{
			{Name: "sign a device in", Run: signIn},
			{Name: "a device that is denied, expires or loses its user", Run: endings},
		},
		Races: []flowtest.Flow{
			{Name: "DEV-01 claims by two users", Run: raceClaims},
			{Name: "DEV-03 polls at once", Run: racePolls},
			{Name: "DEV-04 RACE-04 redemptions of one code", Run: raceRedemptions},
			{Name: "DEV-04 approvals against denials", Run: raceDecisions},
		},
		Faults: []flowtest.Request{
			{Name: "codes for a device", Change: install, Prepare: func(_ *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return e.Client(), flowtest.Send("POST", "/device/code", flowtest.Body{"client_id": client})
			}},
			{Name: "claim a device", Change: install, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				d := start(s, e)
				return flowtest.SignUp(s, e, flowtest.Email), flowtest.Send("GET", "/device?user_code="+d.userCode, nil)
			}},
			{Name: "approve a device", Change: install, Prepare: decision("/device/approve")},
			{Name: "deny a device", Change: install, Prepare: decision("/device/deny")},
			{Name: "redeem a device's code", Change: install, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				d := start(s, e)
				d.approve(s, flowtest.SignUp(s, e, flowtest.Email))
				return e.Client(), flowtest.Send("POST", "/device/token", d.body())
			}},
			{Name: "delete a user with a device", Change: install, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				c := flowtest.SignUp(s, e, flowtest.Email)
				start(s, e).approve(s, c)
				return c, flowtest.Send("POST", "/delete-user", flowtest.Body{"password": flowtest.Password})
			}},
		},
	}
}

// decision is a Prepare of a request about a claimed code.
func decision(path string) func(*flowtest.T, *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		c, d := flowtest.SignUp(s, e, flowtest.Email), start(s, e)
		d.claim(c).Want(s, 200, "")
		return c, flowtest.Send("POST", path, flowtest.Body{"userCode": d.userCode})
	}
}

const client = "cli"

func install(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.User.DeleteUser.Enabled = true
	o.Plugins = append(o.Plugins, deviceauthorization.New(deviceauthorization.Options{}))
}

// device is a device and the codes that it got.
type device struct {
	*authtest.Client
	code, userCode string
}

func start(s *flowtest.T, e *authtest.Env) *device {
	s.Helper()
	c := e.Client()
	a := c.Post("/device/code", flowtest.Body{"client_id": client, "scope": "read"}).Want(s, 200, "")
	return &device{c, a.JSON("device_code"), a.JSON("user_code")}
}

func (d *device) body() flowtest.Body {
	return flowtest.Body{"grant_type": deviceauthorization.GrantType, "device_code": d.code, "client_id": client}
}

func (d *device) poll() *authtest.Answer { return d.Copy().Post("/device/token", d.body()) }

func (d *device) claim(c *authtest.Client) *authtest.Answer {
	return c.Get("/device?user_code=" + d.userCode)
}

func (d *device) approve(s *flowtest.T, c *authtest.Client) {
	s.Helper()
	d.claim(c).Want(s, 200, "")
	c.Post("/device/approve", flowtest.Body{"userCode": d.userCode}).Want(s, 200, "")
}

// want checks an answer in the form of OAuth.
func want(s *flowtest.T, a *authtest.Answer, code string) {
	s.Helper()
	if a.Status != 400 || a.JSON("error") != code {
		s.Fatalf("answered %d %s, want %s", a.Status, a.Body, code)
	}
}

// tally counts answers by their OAuth error.
func tally(answers []*authtest.Answer) map[string]int {
	out := map[string]int{}
	for _, a := range answers {
		key := a.JSON("error")
		if a.Status == 200 {
			key = "ok"
		}
		out[key]++
	}
	return out
}

func wantOneWinner(s *flowtest.T, answers []*authtest.Answer, winner, loser string) {
	s.Helper()
	if got := tally(answers); got[winner] != 1 || got[loser] != len(answers)-1 {
		s.Errorf("answers %v, want one %s and else %s", got, winner, loser)
	}
}

func signIn(s *flowtest.T) {
	e := s.Start(install)
	c, d := flowtest.SignUp(s, e, flowtest.Email), start(s, e)
	want(s, d.poll(), "authorization_pending")
	want(s, d.poll(), "slow_down")
	d.approve(s, c)
	e.Clock.Add(10 * time.Second)
	a := d.poll().Want(s, 200, "")
	if a.JSON("scope") != "read" || a.JSON("expires_in") != "604800" {
		s.Errorf("%s", a.Body)
	}
	data, err := e.Auth.Store().FindSession(s.Context(), a.JSON("access_token"))
	if err != nil || data.User.Email != flowtest.Email {
		s.Fatalf("the device's session: %v", err)
	}
	want(s, d.poll(), "invalid_grant")
	flowtest.WantAlive(s, c, true)
	flowtest.WantRows(s, e, core.ModelSession, 2)
	flowtest.WantRows(s, e, deviceauthorization.ModelDeviceCode, 0)
}

func endings(s *flowtest.T) {
	e := s.Start(install)
	c := flowtest.SignUp(s, e, flowtest.Email)
	d := start(s, e)
	d.claim(c).Want(s, 200, "")
	c.Post("/device/deny", flowtest.Body{"userCode": d.userCode}).Want(s, 200, "")
	want(s, d.poll(), "access_denied")

	d = start(s, e)
	d.approve(s, c)
	e.Clock.Add(time.Second)
	c.Post("/revoke-other-sessions", flowtest.Body{}).Want(s, 200, "")
	want(s, d.poll(), "access_denied")

	d = start(s, e)
	d.approve(s, c)
	e.Clock.Add(31 * time.Minute)
	want(s, d.poll(), "expired_token")

	d = start(s, e)
	d.approve(s, c)
	c.Post("/delete-user", flowtest.Body{"password": flowtest.Password}).Want(s, 200, "")
	want(s, d.poll(), "invalid_grant")
	flowtest.WantRows(s, e, deviceauthorization.ModelDeviceCode, 0)
	flowtest.WantRows(s, e, core.ModelSession, 0)
}

func raceClaims(s *flowtest.T) {
	e := s.Start(install)
	users := []*authtest.Client{flowtest.SignUp(s, e, flowtest.Email), flowtest.SignUp(s, e, "grace@example.com")}
	d := start(s, e)
	owners := make([]string, flowtest.Crowd)
	s.Meet(func(i int) {
		if a := d.claim(users[i%2].Copy()); a.JSON("client_id") == client {
			owners[i] = flowtest.Email
			if i%2 == 1 {
				owners[i] = "grace@example.com"
			}
		} else if a.Status != 200 {
			s.Errorf("answered %d %s", a.Status, a.Body)
		}
	})
	seen := map[string]int{}
	for _, owner := range owners {
		seen[owner]++
	}
	if len(seen) != 2 || seen[""] != flowtest.Crowd/2 {
		s.Errorf("told the client: %v", seen)
	}
}

func racePolls(s *flowtest.T) {
	e := s.Start(install)
	d := start(s, e)
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) { answers[i] = d.poll() })
	wantOneWinner(s, answers, "authorization_pending", "slow_down")
}

func raceRedemptions(s *flowtest.T) {
	e := s.Start(install)
	d := start(s, e)
	d.approve(s, flowtest.SignUp(s, e, flowtest.Email))
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) { answers[i] = d.poll() })
	wantOneWinner(s, answers, "ok", "invalid_grant")
	flowtest.WantRows(s, e, core.ModelSession, 2)
}

func raceDecisions(s *flowtest.T) {
	e := s.Start(install)
	c, d := flowtest.SignUp(s, e, flowtest.Email), start(s, e)
	d.claim(c).Want(s, 200, "")
	answers := make([]*authtest.Answer, flowtest.Crowd)
	paths := []string{"/device/approve", "/device/deny"}
	s.Meet(func(i int) { answers[i] = c.Copy().Post(paths[i%2], flowtest.Body{"userCode": d.userCode}) })
	wantOneWinner(s, answers, "ok", "invalid_request")
}
