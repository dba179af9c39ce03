// Package socialtest has the flows of the plugin for flowtest.Run.
package socialtest

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/flowtest"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{Flows: flows, Races: races, Faults: requests, Outside: outside()}
}

// ada is the user of flowtest at the provider "acme".
var ada = idptest.User{ID: "1001", Name: "Ada Lovelace", Email: flowtest.Email, EmailVerified: true}

// bob is somebody else there.
var bob = idptest.User{ID: "2002", Name: "Bob", Email: "bob@example.com", EmailVerified: true}

// with installs the plugin with a provider in the process.
func with(acme *idptest.Provider, change func(*core.Options, *oauth.Config)) flowtest.Options {
	return func(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
		config := acme.Config()
		if change != nil {
			change(o, &config)
		}
		o.HTTPClient = acme.Client()
		o.Plugins = append(o.Plugins, social.New(config))
	}
}

// anew is with, and a provider of its own for each Auth.
func anew(change func(*core.Options, *oauth.Config)) flowtest.Options {
	return func(e *authtest.Env, o *core.Options, p *emailpassword.Options) {
		acme := idptest.Local("acme")
		acme.ExpiresIn(60)
		with(acme, change)(e, o, p)
	}
}

func start(s *flowtest.T, change func(*core.Options, *oauth.Config)) (*authtest.Env, *idptest.Provider) {
	acme := idptest.Local("acme")
	return s.Start(with(acme, change)), acme
}

func beginning() flowtest.Body {
	return flowtest.Body{"provider": "acme", "callbackURL": "/dashboard", "errorCallbackURL": "/sorry", "newUserCallbackURL": "/welcome"}
}

// approve goes to the provider's page as a user, and returns the callback: a path below
// the base path.
func approve(s *flowtest.T, e *authtest.Env, begun *authtest.Answer, u idptest.User) string {
	s.Helper()
	begun.Want(s, 200, "")
	return page(s, e, idptest.As(begun.JSON("url"), u))
}

func page(s *flowtest.T, e *authtest.Env, address string) string {
	s.Helper()
	location := idptest.Visit(s, e.Auth.HTTP(), address)
	back, ok := strings.CutPrefix(location, authtest.BaseURL+"/api/auth")
	if !ok {
		s.Fatalf("the provider sends the browser to %q", location)
	}
	return back
}

// arrived begins a sign-in and comes back from the provider: the callback is not yet called.
func arrived(s *flowtest.T, e *authtest.Env, c *authtest.Client, u idptest.User) string {
	s.Helper()
	return approve(s, e, c.Post("/sign-in/social", beginning()), u)
}

// arrivedToLink is arrived for a link.
func arrivedToLink(s *flowtest.T, e *authtest.Env, c *authtest.Client, u idptest.User) string {
	s.Helper()
	return approve(s, e, c.Post("/link-social", flowtest.Body{"provider": "acme", "callbackURL": "/settings", "errorCallbackURL": "/sorry"}), u)
}

// signedIn is a client that has signed in with the provider.
func signedIn(s *flowtest.T, e *authtest.Env, u idptest.User) *authtest.Client {
	s.Helper()
	c := e.Client()
	if to, q := where(c.Get(arrived(s, e, c, u))); q.Get("error") != "" {
		s.Fatalf("sent to %s?%s", to, q.Encode())
	}
	flowtest.WantAlive(s, c, true)
	return c
}

// where is the target of a redirect without its query, and the query.
func where(a *authtest.Answer) (string, url.Values) {
	to, q := a.Location()
	to, _, _ = strings.Cut(to, "?")
	return to, q
}

// want fails the test unless the answer is a redirect to a target, with an error or none.
func want(s *flowtest.T, a *authtest.Answer, target, code string) {
	s.Helper()
	if to, q := where(a); a.Status != http.StatusFound || to != target || q.Get("error") != code {
		s.Errorf("answered %d %s, sent to %s?%s, want %s with the error %q", a.Status, a.Body, to, q.Encode(), target, code)
	}
}

// verify notes that Ada has proven her address.
func verify(s *flowtest.T, e *authtest.Env) {
	s.Helper()
	if _, err := e.Auth.Store().UpdateUserByEmail(s.Context(), flowtest.Email, adapter.Record{"emailVerified": true}); err != nil {
		s.Fatal(err)
	}
}

// member is Ada with a password and a proven address.
func member(s *flowtest.T, e *authtest.Env) *authtest.Client {
	s.Helper()
	c := flowtest.SignUp(s, e, flowtest.Email)
	verify(s, e)
	return c
}

// whole fails the test when an account or a session has no user.
func whole(s *flowtest.T, e *authtest.Env) {
	s.Helper()
	users := map[any]bool{}
	for _, u := range flowtest.Rows(s, e, core.ModelUser) {
		users[u["id"]] = true
	}
	for _, model := range []string{core.ModelAccount, core.ModelSession} {
		for _, row := range flowtest.Rows(s, e, model) {
			if !users[row["userId"]] {
				s.Errorf("a row of %s without its user", model)
			}
		}
	}
}
