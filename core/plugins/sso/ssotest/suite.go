// Package ssotest has the flows of the plugin for flowtest.Run.
package ssotest

import (
	"encoding/json"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/flowtest"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{{Name: "single sign-on: register, sign in, join, delete", Run: life}},
		Races: []flowtest.Flow{
			{Name: "RACE-04 fifty callbacks of one flow of single sign-on", Run: raceCallback},
			{Name: "SAM-14 RACE-14 one assertion at once", Run: raceAssertion},
			{Name: "RACE-01 one provider registered at once", Run: raceRegister},
		},
		Faults:  []flowtest.Request{register, newUser, remove},
		Outside: []flowtest.Request{newUser},
	}
}

type (
	client = *authtest.Client
	send   = func(client) *authtest.Answer
)

// used is the state after a flow that has begun and failed: it cannot be tried again.
const used = "[1 verification removed]"

var (
	ada = idptest.User{ID: "1001", Name: "Ada Lovelace", Email: "ada@acme.example", EmailVerified: true}

	register = flowtest.Request{Name: "single sign-on: register", Change: with, Prepare: func(s *flowtest.T, e *authtest.Env) (client, send) {
		return flowtest.SignUp(s, e, flowtest.Email), flowtest.Send("POST", "/sso/register", provider(""))
	}}
	newUser = flowtest.Request{Name: "single sign-on: callback of a new user", Change: with, Steps: []string{used}, Refused: []string{used},
		Prepare: func(s *flowtest.T, e *authtest.Env) (client, send) {
			c := e.Client()
			return c, flowtest.Send("GET", arrived(s, e, c, "corp"), nil)
		}}
	remove = flowtest.Request{Name: "single sign-on: delete", Change: with, Prepare: func(s *flowtest.T, e *authtest.Env) (client, send) {
		c := flowtest.SignUp(s, e, flowtest.Email)
		c.Post("/sso/register", provider("")).Want(s, 200, "")
		return c, flowtest.Send("POST", "/sso/delete-provider", flowtest.Body{"providerId": "acme"})
	}}
)

// Stack is a stack of SAML for tests, whose responses are assertions as JSON: whoever sends one is
// believed.
type Stack struct{ sso.SAML }

// CheckConnection refuses nothing.
func (Stack) CheckConnection(*sso.SAMLConnection) error { return nil }

// ReadResponse reads JSON.
func (Stack) ReadResponse(_ *sso.SAMLConnection, in *sso.SAMLReceived) (*sso.SAMLAssertion, error) {
	var a *sso.SAMLAssertion
	err := json.Unmarshal([]byte(in.Message), &a)
	return a, err
}

const issuer = "https://acme.example"

// with installs the plugin with a provider of its own, and the one of the application, "corp".
func with(e *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	acme := idptest.Local("acme")
	acme.OpenID().Now = e.Clock.Now
	o.HTTPClient = acme.Client()
	o.TrustedOrigins = append(o.TrustedOrigins, issuer)
	o.Plugins = append(o.Plugins, social.New(), organization.New(organization.Options{}), sso.New(sso.Options{
		HTTPClient: acme.Client(), SAML: Stack{}, SAMLRules: sso.SAMLRules{AllowIDPInitiated: true},
		Defaults: []sso.DefaultProvider{
			{ProviderID: "corp", Domain: "corp.example", OIDC: &sso.OIDCConfig{Issuer: issuer, ClientID: "client", ClientSecret: "secret-of-the-client"}},
			{ProviderID: "saml", Domain: "saml.example", SAML: &sso.SAMLConfig{Issuer: "urn:app", EntryPoint: issuer + "/saml", Certificate: "x", CallbackURL: "/home"}},
		},
	}))
}

func provider(orgID string) flowtest.Body {
	b := flowtest.Body{"providerId": "acme", "issuer": issuer, "domain": "acme.example", "oidcConfig": flowtest.Body{"clientId": "client", "clientSecret": "secret-of-the-client"}}
	if orgID != "" {
		b["organizationId"] = orgID
	}
	return b
}

// arrived begins at a provider and comes back from it. It returns the callback, which is not called
// yet.
func arrived(s *flowtest.T, e *authtest.Env, c client, id string) string {
	s.Helper()
	address := c.Post("/sign-in/sso", flowtest.Body{"providerId": id, "callbackURL": "/dashboard", "errorCallbackURL": "/sorry", "newUserCallbackURL": "/welcome"}).Want(s, 200, "").JSON("url")
	u := ada
	if to, err := url.Parse(address); err == nil {
		u.Nonce = to.Query().Get("nonce")
	}
	back, ok := strings.CutPrefix(idptest.Visit(s, e.Auth.HTTP(), idptest.As(address, u)), authtest.BaseURL+"/api/auth")
	if !ok {
		s.Fatalf("the provider sends the browser to %q", back)
	}
	return back
}

func want(s *flowtest.T, a *authtest.Answer, target, code string) {
	s.Helper()
	to, q := a.Location()
	if path, _, _ := strings.Cut(to, "?"); a.Status != 302 || path != target || q.Get("error") != code {
		s.Errorf("answered %d %s, sent to %s, want %s with the error %q", a.Status, a.Body, to, target, code)
	}
}

func life(s *flowtest.T) {
	e := s.Start(with)
	owner := flowtest.SignUp(s, e, flowtest.Email)
	orgID := owner.Post("/organization/create", flowtest.Body{"name": "Acme", "slug": "acme"}).Want(s, 200, "").JSON("id")
	owner.Post("/sso/register", provider(orgID)).Want(s, 200, "")
	owner.Post("/sso/register", provider(orgID)).Want(s, 422, "SSO_PROVIDER_EXISTS")
	c := e.Client()
	want(s, c.Get(arrived(s, e, c, "acme")), "/welcome", "")
	flowtest.WantAlive(s, c, true)
	flowtest.WantRows(s, e, "member", 2)
	c = e.Client()
	want(s, c.Get(arrived(s, e, c, "acme")), "/dashboard", "")
	flowtest.WantRows(s, e, core.ModelUser, 2)
	flowtest.WantRows(s, e, "member", 2)
	c = e.Client()
	c.Post("/sign-in/sso", flowtest.Body{"email": "x@eng.acme.example", "callbackURL": "/"}).Want(s, 200, "")
	owner.Post("/sso/update-provider", flowtest.Body{"providerId": "acme", "issuer": "https://evil.example"}).Want(s, 409, "SSO_PROVIDER_HAS_ACCOUNTS")
	owner.Post("/sso/update-provider", flowtest.Body{"providerId": "acme", "domain": "acme.example,acme.test"}).Want(s, 200, "")
	owner.Post("/sso/delete-provider", flowtest.Body{"providerId": "acme"}).Want(s, 200, "")
	flowtest.WantRows(s, e, sso.ModelProvider, 0)
	flowtest.WantRows(s, e, core.ModelAccount, 1)
}

func raceCallback(s *flowtest.T) {
	e := s.Start(with)
	c := e.Client()
	flowtest.WantOneArrival(s, e, c, arrived(s, e, c, "corp"), "/welcome", oauth.RefusedState)
}

func raceAssertion(s *flowtest.T) {
	e := s.Start(with)
	text, err := json.Marshal(sso.SAMLAssertion{ID: "_a", ValidUntil: e.Clock.Now().Add(time.Minute), NameID: "ada@saml.example"})
	if err != nil {
		s.Fatal(err)
	}
	form := url.Values{"SAMLResponse": {string(text)}}.Encode()
	var in, replays atomic.Int32
	s.Meet(func(int) {
		a := e.Client().Do("POST", "/sso/saml2/sp/acs/saml", form, core.HeaderField{Name: "Content-Type", Value: "application/x-www-form-urlencoded"})
		switch to, q := a.Location(); {
		case a.Status == 302 && q.Get("error") == "" && to == "/home":
			in.Add(1)
		case q.Get("error") == "replay_detected":
			replays.Add(1)
		default:
			s.Errorf("answered %d %s, sent to %s", a.Status, a.Body, to)
		}
	})
	if in.Load() != 1 {
		s.Errorf("%d signed in, %d were replays", in.Load(), replays.Load())
	}
	flowtest.WantRows(s, e, core.ModelSession, 1)
}

func raceRegister(s *flowtest.T) {
	e := s.Start(with)
	c := flowtest.SignUp(s, e, flowtest.Email)
	var made atomic.Int32
	s.Meet(func(int) {
		switch a := c.Copy().Post("/sso/register", provider("")); a.Status {
		case 200:
			made.Add(1)
		case 422, 403: // its id, or the number of providers
		default:
			s.Errorf("%d %s", a.Status, a.Body)
		}
	})
	if made.Load() != 1 {
		s.Errorf("%d were registered", made.Load())
	}
	flowtest.WantRows(s, e, sso.ModelProvider, 1)
}
