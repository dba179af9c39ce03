// Package oauthproxytest has the flows of the plugin for flowtest.Run.
package oauthproxytest

import (
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/oauthproxy"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/flowtest"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

// Suite is for flowtest.Run. The database under test is the preview's, because production
// stores nothing. Production is the server that calls the provider.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows:   []flowtest.Flow{{Name: "proxy: sign in, first and again", Run: signIn}},
		Races:   []flowtest.Flow{{Name: "OAU-11 fifty deliveries of one profile", Run: raceDelivery}},
		Faults:  []flowtest.Request{deliver},
		Outside: []flowtest.Request{redeem},
	}
}

type (
	client = *authtest.Client
	send   = func(client) *authtest.Answer
)

// other is the origin of the server that is not under test.
const other = "https://app.example.com"

var (
	ada = idptest.User{ID: "1001", Name: "Ada Lovelace", Email: flowtest.Email, EmailVerified: true}

	deliver = flowtest.Request{Name: "proxy: profile of a new user", Change: with(other), Steps: []string{"[1 verification removed]"},
		Prepare: func(s *flowtest.T, e *authtest.Env) (client, send) {
			c := e.Client()
			return c, flowtest.Send("GET", delivered(s, e, c, production(s, e)), nil)
		}}
	redeem = flowtest.Request{Name: "proxy: production redeems a code", Change: with(authtest.BaseURL),
		Prepare: func(s *flowtest.T, e *authtest.Env) (client, send) {
			preview := &authtest.Client{Auth: server(s, e, other, authtest.BaseURL), Origin: other}
			return e.Client(), flowtest.Send("GET", arrived(s, e, preview, authtest.BaseURL), nil)
		}}
)

func with(production string) flowtest.Options {
	return func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		o.HTTPClient = idptest.Local("acme").Client()
		install(o, production, other)
	}
}

func install(o *core.Options, production, trusted string) {
	o.TrustedOrigins = []string{trusted}
	o.Plugins = append(o.Plugins, oauthproxy.New(oauthproxy.Options{ProductionURL: production}), social.New(idptest.Local("acme").Config()))
}

// server is a second server, on a database of its own. It shares the secret and the
// provider with the first.
func server(s *flowtest.T, e *authtest.Env, base, production string) *core.Auth {
	s.Helper()
	o := e.Options()
	o.BaseURL, o.Database, o.HTTPClient = base, memory.New(), e.Auth.HTTP()
	install(&o, production, authtest.BaseURL)
	a, err := core.New(o)
	if err != nil {
		s.Fatal(err)
	}
	return a
}

func production(s *flowtest.T, e *authtest.Env) client {
	s.Helper()
	return &authtest.Client{Auth: server(s, e, other, other), Origin: other}
}

// arrived begins a sign-in on a preview and comes back from the provider. It returns the
// callback of production.
func arrived(s *flowtest.T, e *authtest.Env, preview client, production string) string {
	s.Helper()
	address, _ := preview.Post("/sign-in/social", flowtest.Body{"provider": "acme", "callbackURL": "/dashboard", "newUserCallbackURL": "/welcome"}).Want(s, 200, "").Location()
	return below(s, production, idptest.Visit(s, e.Auth.HTTP(), idptest.As(address, ada)))
}

// delivered goes from the provider to production, and returns the callback of the preview.
func delivered(s *flowtest.T, e *authtest.Env, c, production client) string {
	s.Helper()
	to, _ := production.Get(arrived(s, e, c, other)).Location()
	return below(s, authtest.BaseURL, to)
}

// below is the path of an address below the base path of a server.
func below(s *flowtest.T, origin, address string) string {
	s.Helper()
	path, ok := strings.CutPrefix(address, origin+"/api/auth")
	if !ok {
		s.Fatalf("the browser is sent to %q, want %s", address, origin)
	}
	return path
}

func signIn(s *flowtest.T) {
	e := s.Start(with(other))
	p := production(s, e)
	for _, target := range []string{"/welcome", "/dashboard"} {
		c := e.Client()
		if to, _ := c.Get(delivered(s, e, c, p)).Location(); to != target {
			s.Errorf("sent to %s, want %s", to, target)
		}
		flowtest.WantAlive(s, c, true)
	}
	flowtest.WantRows(s, e, core.ModelUser, 1)
	flowtest.WantRows(s, e, core.ModelAccount, 1)
	flowtest.WantRows(s, e, core.ModelSession, 2)
	flowtest.WantRows(s, e, core.ModelVerification, 0)
}

func raceDelivery(s *flowtest.T) {
	e := s.Start(with(other))
	c := e.Client()
	back := delivered(s, e, c, production(s, e))
	flowtest.WantOneArrival(s, e, c, back, "/welcome", oauth.RefusedState)
}
