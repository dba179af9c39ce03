// Package jwttest has the flows of the plugin for flowtest.Run.
package jwttest

import (
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{{Name: "tokens and their keys", Run: tokens}, {Name: "IDT-11 rotation of keys", Run: rotation}},
		Races: []flowtest.Flow{{Name: "RACE-13 the first key for fifty callers of five processes", Run: raceKey}},
		Faults: []flowtest.Request{
			{Name: "a JSON Web Token is made", Change: withKeys, Prepare: flowtest.Member("GET", "/token", nil)},
			{Name: "the key set is read", Change: withKeys, Prepare: func(_ *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return e.Client(), func(c *authtest.Client) *authtest.Answer { return c.Get("/jwks") }
			}},
		},
	}
}

func withKeys(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.Plugins = append(o.Plugins, jwt.New(jwt.Options{RotationInterval: time.Hour, GracePeriod: time.Hour}))
}

func plugin(s *flowtest.T, e *authtest.Env) *jwt.Plugin {
	s.Helper()
	p, ok := jwt.From(e.Auth)
	if !ok {
		s.Fatal("the plugin is not installed")
	}
	return p
}

func token(s *flowtest.T, c *authtest.Client) string {
	s.Helper()
	return c.Get("/token").Want(s, 200, "").JSON("token")
}

func tokens(s *flowtest.T) {
	e := s.Start(withKeys)
	c := flowtest.SignUp(s, e, flowtest.Email)
	got, err := plugin(s, e).Verify(s.Context(), token(s, c), jwt.VerifyOptions{})
	if err != nil || got.Subject == "" {
		s.Fatalf("%v, %v", got, err)
	}
	c.Get("/jwks").Want(s, 200, "")
	if c.Get("/get-session").Want(s, 200, "").Header.Get("set-auth-jwt") == "" {
		s.Error("no header")
	}
	flowtest.WantRows(s, e, jwt.ModelJWKS, 1)
	c.Post("/sign-out", flowtest.Body{}).Want(s, 200, "")
	c.Get("/token").Want(s, 401, "UNAUTHORIZED")
}

func rotation(s *flowtest.T) {
	e := s.Start(withKeys)
	p := plugin(s, e)
	c := flowtest.SignUp(s, e, flowtest.Email)
	e.Clock.Add(time.Millisecond)
	token(s, c)
	e.Clock.Add(time.Hour)
	old := token(s, c)
	e.Clock.Add(time.Millisecond)
	fresh := token(s, c)
	for _, one := range []string{old, fresh} {
		if _, err := p.Verify(s.Context(), one, jwt.VerifyOptions{}); err != nil {
			s.Error(err)
		}
	}
	flowtest.WantRows(s, e, jwt.ModelJWKS, 2)
	rows, err := e.Auth.DB().FindMany(s.Context(), adapter.Find{Model: jwt.ModelJWKS, Sort: []adapter.Sort{{Field: "createdAt"}}})
	if err != nil || len(rows) != 2 || rows[0]["expiresAt"] == nil {
		s.Errorf("%d rows, %v", len(rows), err)
	}
}

// raceKey is of five processes on one database, with ten callers each.
func raceKey(s *flowtest.T) {
	var options core.Options
	e := s.Start(func(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
		withKeys(e, o, p)
		options = *o
	})
	plugins := []*jwt.Plugin{plugin(s, e)}
	for range 4 {
		p := jwt.New(jwt.Options{RotationInterval: time.Hour, GracePeriod: time.Hour})
		options.Plugins = []core.Plugin{p}
		if _, err := core.New(options); err != nil {
			s.Fatal(err)
		}
		plugins = append(plugins, p)
	}
	made := make([]string, flowtest.Crowd)
	s.Together(func(i int) {
		t, err := plugins[i%len(plugins)].Sign(s.Context(), map[string]any{"sub": "service"}, jwt.SignOptions{})
		if err != nil {
			s.Error(err)
		}
		made[i] = t
	})
	flowtest.WantRows(s, e, jwt.ModelJWKS, 1)
	e.Clock.Add(time.Minute)
	for i, one := range made {
		if _, err := plugins[(i+1)%len(plugins)].Verify(s.Context(), one, jwt.VerifyOptions{}); err != nil {
			s.Error(err)
		}
	}
}
