// Package genericoauthtest has the flows of the plugin for flowtest.Run.
package genericoauthtest

import (
	"net/url"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/genericoauth"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/flowtest"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

// Suite is for flowtest.Run. What a callback stores is the flows' of package socialtest:
// this suite has the plugin's own routes and a provider that is discovered.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows:   []flowtest.Flow{{Name: "generic OAuth: sign in, link and unlink", Run: life}},
		Races:   []flowtest.Flow{{Name: "OAU-11 fifty callbacks of one flow of generic OAuth", Run: raceCallback}},
		Faults:  []flowtest.Request{begin, newUser, link},
		Outside: []flowtest.Request{begin, newUser, link},
	}
}

type (
	client = *authtest.Client
	send   = func(client) *authtest.Answer
)

// used is the state after a flow that has begun and failed: it cannot be tried again.
const used = "[1 verification removed]"

var (
	ada = idptest.User{ID: "1001", Name: "Ada Lovelace", Email: flowtest.Email, EmailVerified: true}
	bob = idptest.User{ID: "2002", Name: "Bob", Email: "bob@example.com", EmailVerified: true}

	begin = flowtest.Request{Name: "generic OAuth: begin", Change: with, Prepare: func(_ *flowtest.T, e *authtest.Env) (client, send) {
		return e.Client(), flowtest.Send("POST", "/sign-in/oauth2", beginning())
	}}
	newUser = flowtest.Request{Name: "generic OAuth: callback of a new user", Change: with, Steps: []string{used}, Refused: []string{used},
		Prepare: func(s *flowtest.T, e *authtest.Env) (client, send) {
			c := e.Client()
			return c, flowtest.Send("GET", arrived(s, e, c, "/sign-in/oauth2", ada), nil)
		}}
	link = flowtest.Request{Name: "generic OAuth: callback that links", Change: with, Steps: []string{used}, Refused: []string{used},
		Prepare: func(s *flowtest.T, e *authtest.Env) (client, send) {
			c := flowtest.SignUp(s, e, bob.Email)
			return c, flowtest.Send("GET", arrived(s, e, c, "/oauth2/link", bob), nil)
		}}
)

// with installs the plugin with a provider of its own.
func with(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	acme := idptest.Local("acme")
	acme.OpenID().Now = e.Clock.Now
	o.HTTPClient = acme.Client()
	o.Plugins = append(o.Plugins, social.New(), genericoauth.New(genericoauth.Options{Config: []genericoauth.Config{{
		ProviderID: "acme", ClientID: "client", ClientSecret: "secret-of-the-client", Scopes: []string{"openid", "email"},
		DiscoveryURL: acme.URL + idptest.DiscoveryPath,
	}}}))
}

func beginning() flowtest.Body {
	return flowtest.Body{"providerId": "acme", "callbackURL": "/dashboard", "errorCallbackURL": "/sorry", "newUserCallbackURL": "/welcome"}
}

// arrived begins at a path and comes back from the provider. It returns the callback, which
// is not called yet.
func arrived(s *flowtest.T, e *authtest.Env, c client, path string, u idptest.User) string {
	s.Helper()
	address := c.Post(path, beginning()).Want(s, 200, "").JSON("url")
	if to, err := url.Parse(address); err == nil {
		u.Nonce = to.Query().Get("nonce")
	}
	back, ok := strings.CutPrefix(idptest.Visit(s, e.Auth.HTTP(), idptest.As(address, u)), authtest.BaseURL+"/api/auth")
	if !ok {
		s.Fatalf("the provider sends the browser to %q", back)
	}
	return back
}

// want fails the test unless an answer is a redirect to a target, with an error or none.
func want(s *flowtest.T, a *authtest.Answer, target, code string) {
	s.Helper()
	to, q := a.Location()
	if path, _, _ := strings.Cut(to, "?"); a.Status != 302 || path != target || q.Get("error") != code {
		s.Errorf("answered %d %s, sent to %s, want %s with the error %q", a.Status, a.Body, to, target, code)
	}
}

func life(s *flowtest.T) {
	e := s.Start(with)
	c := e.Client()
	want(s, c.Get(arrived(s, e, c, "/sign-in/oauth2", ada)), "/welcome", "")
	flowtest.WantAlive(s, c, true)
	c = e.Client()
	want(s, c.Get(arrived(s, e, c, "/sign-in/oauth2", ada)), "/dashboard", "")
	flowtest.WantRows(s, e, core.ModelUser, 1)
	flowtest.WantRows(s, e, core.ModelSession, 2)

	member := flowtest.SignUp(s, e, bob.Email)
	want(s, member.Get(arrived(s, e, member, "/oauth2/link", bob)), "/dashboard", "")
	flowtest.WantRows(s, e, core.ModelAccount, 3)
	want(s, member.Get(arrived(s, e, member, "/oauth2/link", ada)), "/sorry", oauth.RefusedLinkTaken)
	member.Post("/unlink-account", flowtest.Body{"providerId": "acme"}).Want(s, 200, "")
	flowtest.WantRows(s, e, core.ModelAccount, 2)
	flowtest.WantRows(s, e, core.ModelVerification, 0)
}

func raceCallback(s *flowtest.T) {
	e := s.Start(with)
	c := e.Client()
	back := arrived(s, e, c, "/sign-in/oauth2", ada)
	flowtest.WantOneArrival(s, e, c, back, "/welcome", oauth.RefusedState)
}
