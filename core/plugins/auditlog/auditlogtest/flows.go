// Package auditlogtest has the flows of the plugin for flowtest.Run.
package auditlogtest

import (
	"strings"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/auditlog"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{
			{Name: "records are listed, outlive their user and end", Run: life},
		},
		Races: []flowtest.Flow{
			{Name: "fifty sign-ins have fifty records", Run: race},
		},
		Faults: []flowtest.Request{
			{Name: "a sign-in with a required record", Change: with(auditlog.Options{Required: true}), Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				flowtest.SignUp(s, e, flowtest.Email)
				return e.Client(), func(c *authtest.Client) *authtest.Answer {
					return flowtest.SignIn(c, flowtest.Email, flowtest.Password)
				}
			}},
			{Name: "records are listed", Change: with(auditlog.Options{}), Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return flowtest.SignUp(s, e, flowtest.Email), flowtest.Send("GET", "/audit-log/list", nil)
			}},
		},
	}
}

func with(p auditlog.Options) func(*authtest.Env, *core.Options, *emailpassword.Options) {
	return func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		o.User.DeleteUser.Enabled = true
		o.Plugins = append(o.Plugins, auditlog.New(p))
	}
}

func life(s *flowtest.T) {
	for _, required := range []bool{false, true} {
		e := s.Start(with(auditlog.Options{Required: required, Retention: 48 * time.Hour}))
		c := flowtest.SignUp(s, e, flowtest.Email)
		flowtest.SignIn(e.Client(), flowtest.Email, "wrong horse").Want(s, 401, "INVALID_CREDENTIALS")
		e.Clock.Add(time.Minute)
		c.Post("/revoke-other-sessions", flowtest.Body{}).Want(s, 200, "")
		a := c.Get("/audit-log/list?from=2026-01-01T00:00:30.000Z&event=sessions.revoked&event=sign-in").Want(s, 200, "")
		if a.JSON("total") != "1" || !strings.Contains(a.Body, `"detail":"others"`) {
			s.Errorf("%s", a.Body)
		}
		if a := c.Get("/audit-log/list?limit=1&offset=1&sortDirection=asc").Want(s, 200, ""); a.JSON("total") != "4" || strings.Count(a.Body, `"event"`) != 1 {
			s.Errorf("%s", a.Body)
		}
		c.Post("/delete-user", flowtest.Body{"password": flowtest.Password}).Want(s, 200, "")
		flowtest.WantRows(s, e, core.ModelUser, 0)
		flowtest.WantRows(s, e, auditlog.Model, 5)
		p, _ := auditlog.From(e.Auth)
		records, err := p.Find(s.Context(), auditlog.Query{Limit: 10})
		if err != nil {
			s.Fatal(err)
		}
		for _, r := range records {
			if r.IPAddress != nil || r.UserAgent != nil || len(r.Data) == 0 {
				s.Errorf("%s: %s", r.Event, r.Data)
			}
		}
		e.Clock.Add(47 * time.Hour)
		expire(s, e)
		flowtest.WantRows(s, e, auditlog.Model, 5)
		e.Clock.Add(2 * time.Hour)
		expire(s, e)
		flowtest.WantRows(s, e, auditlog.Model, 0)
	}
}

func expire(s *flowtest.T, e *authtest.Env) {
	s.Helper()
	if err := e.Auth.DeleteExpired(s.Context()); err != nil {
		s.Fatal(err)
	}
}

func race(s *flowtest.T) {
	e := s.Start(with(auditlog.Options{Required: true}))
	flowtest.SignUp(s, e, flowtest.Email)
	before, err := e.Auth.DB().Count(s.Context(), auditlog.Model, nil)
	if err != nil {
		s.Fatal(err)
	}
	s.Together(func(int) {
		flowtest.SignIn(e.Client(), flowtest.Email, flowtest.Password).Want(s, 200, "")
	})
	flowtest.WantRows(s, e, auditlog.Model, int(before)+flowtest.Crowd)
}
