// Package oauthpopuptest has the flows of the plugin for flowtest.Run.
package oauthpopuptest

import (
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/oauthpopup"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/flowtest"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

// Suite is for flowtest.Run. The plugin stores nothing of its own, and nobody races for
// what is not stored. A provider's failure is a page, which the plugin's own test reads.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{{Name: "popup: sign in", Run: signIn}},
		Faults: []flowtest.Request{{Name: "popup: callback of a new user", Change: with, Steps: []string{"[1 verification removed]"},
			Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				c := e.Client()
				return c, flowtest.Send("GET", arrived(s, e, c), nil)
			}}},
	}
}

var ada = idptest.User{ID: "1001", Name: "Ada Lovelace", Email: flowtest.Email, EmailVerified: true}

func with(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	acme := idptest.Local("acme")
	o.HTTPClient = acme.Client()
	o.Plugins = append(o.Plugins, social.New(acme.Config()), oauthpopup.New(oauthpopup.Options{}))
}

// arrived opens the popup and comes back from the provider. It returns the callback, which
// is not called yet.
func arrived(s *flowtest.T, e *authtest.Env, c *authtest.Client) string {
	s.Helper()
	to, _ := c.Get("/oauth-popup/start?provider=acme&popupNonce=n1&callbackURL=/dashboard&popupOrigin=" + authtest.BaseURL).Location()
	back, ok := strings.CutPrefix(idptest.Visit(s, e.Auth.HTTP(), idptest.As(to, ada)), authtest.BaseURL+"/api/auth")
	if !ok {
		s.Fatalf("the provider sends the browser to %q", back)
	}
	return back
}

func signIn(s *flowtest.T) {
	e := s.Start(with)
	c := e.Client()
	back := arrived(s, e, c)
	a := c.Copy()
	if page := a.Get(back).Want(s, 200, "").Body; !strings.Contains(page, `"redirectTo":"/dashboard"`) || !strings.Contains(page, `"token":"`) {
		s.Errorf("the popup says %s", page)
	}
	flowtest.WantAlive(s, a, true)
	// Nothing is left to use a second time.
	if page := c.Get(back).Want(s, 200, "").Body; !strings.Contains(page, `"error":{`) || strings.Contains(page, `"token":"`) {
		s.Errorf("a second time, the popup says %s", page)
	}
	flowtest.WantAlive(s, c, false)
	for _, model := range []string{core.ModelUser, core.ModelAccount, core.ModelSession} {
		flowtest.WantRows(s, e, model, 1)
	}
	flowtest.WantRows(s, e, core.ModelVerification, 0)
}
