// Package oauthprovidertest has the flows of the plugin for flowtest.Run.
package oauthprovidertest

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Suite is for flowtest.Run.
func Suite() flowtest.Suite {
	return flowtest.Suite{
		Flows: []flowtest.Flow{
			{Name: "sign in to a client", Run: signIn},
			{Name: "what a client has ends with its user", Run: endings},
			{Name: "a client with a key, whose tokens are bound to one", Run: keys},
		},
		Races: []flowtest.Flow{
			{Name: "OP-04 RACE-09 redemptions of one code", Run: raceCodes},
			{Name: "OP-07 RACE-09 refreshes with one token", Run: raceRefreshes},
			{Name: "OP-12 RACE answers to one page of consent", Run: raceConsents},
			{Name: "OP-09 OP-27 RACE uses of one assertion and of one proof", Run: raceKeys},
		},
		Faults: []flowtest.Request{
			{Name: "create a client", Change: install, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return flowtest.SignUp(s, e, flowtest.Email), flowtest.Send("POST", "/oauth2/create-client", flowtest.Body{"redirect_uris": []string{callback}})
			}},
			{Name: "redeem an authorization code", Change: install, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				w := start(s, e)
				code := w.code(s)
				return e.Client(), func(c *authtest.Client) *authtest.Answer { return w.form(c, "/oauth2/token", redemption(code)) }
			}},
			{Name: "refresh a token", Change: install, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				w := start(s, e)
				tokens := w.redeem(s)
				return e.Client(), func(c *authtest.Client) *authtest.Answer {
					return w.form(c, "/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.JSON("refresh_token")}})
				}
			}},
			{Name: "redeem an authorization code for a resource", Change: install, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				w := start(s, e)
				f := redemption(w.code(s))
				f.Set("resource", authtest.BaseURL+"/api/auth")
				return e.Client(), func(c *authtest.Client) *authtest.Answer { return w.form(c, "/oauth2/token", f) }
			}},
			{Name: "a token of a client itself", Change: install, Prepare: machine("")},
			{Name: "a token of a client itself for a resource", Change: install, Prepare: machine(authtest.BaseURL + "/api/auth")},
		},
	}
}

const (
	callback = "https://rp.example/callback"
	verifier = "verifier-0123456789-0123456789-0123456789-abc"
)

func install(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.User.DeleteUser.Enabled = true
	o.Plugins = append(o.Plugins, jwt.New(jwt.Options{}), oauthprovider.New(oauthprovider.Options{}))
}

// machine prepares client_credentials.
func machine(resource string) func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
	return func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
		w := start(s, e)
		p, _ := oauthprovider.From(e.Auth)
		client, err := p.AdminCreateClient.Call(s.Context(), &oauthprovider.AdminClientInput{Fields: oauthprovider.Fields{
			RedirectURIs: []string{callback}, GrantTypes: []string{"client_credentials"},
		}})
		if err != nil {
			s.Fatal(err)
		}
		w.id, w.secret = client.ID(), client.Secret
		f := url.Values{"grant_type": {"client_credentials"}}
		if resource != "" {
			f.Set("resource", resource)
		}
		return e.Client(), func(c *authtest.Client) *authtest.Answer { return w.form(c, "/oauth2/token", f) }
	}
}

// world is a user, and a client of theirs.
type world struct {
	e          *authtest.Env
	browser    *authtest.Client
	id, secret string
}

func start(s *flowtest.T, e *authtest.Env) *world {
	s.Helper()
	w := &world{e: e, browser: flowtest.SignUp(s, e, flowtest.Email)}
	w.browser.Get("/jwks").Want(s, 200, "") // a key is made once, and does not belong to a request
	a := w.browser.Post("/oauth2/create-client", flowtest.Body{"redirect_uris": []string{callback}}).Want(s, 201, "")
	w.id, w.secret = a.JSON("client_id"), a.JSON("client_secret")
	return w
}

func (w *world) ask(c *authtest.Client, prompt string) string {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {w.id}, "redirect_uri": {callback}, "scope": {"openid email offline_access"}, "state": {"s"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	if prompt != "" {
		q.Set("prompt", prompt)
	}
	return c.Get("/oauth2/authorize?" + q.Encode()).Header.Get("Location")
}

// page is the query of the page of consent.
func (w *world) page(s *flowtest.T) string {
	s.Helper()
	at, query, _ := strings.Cut(w.ask(w.browser, "consent"), "?")
	if !strings.HasSuffix(at, "/consent-page") {
		s.Fatalf("no consent: %s", at)
	}
	return query
}

func (w *world) code(s *flowtest.T) string {
	s.Helper()
	a := w.browser.Post("/oauth2/consent", flowtest.Body{"accept": true, "oauth_query": w.page(s)}).Want(s, 200, "")
	u, err := url.Parse(a.JSON("url"))
	if err != nil || u.Query().Get("code") == "" {
		s.Fatalf("no code: %s", a.Body)
	}
	return u.Query().Get("code")
}

func (w *world) form(c *authtest.Client, path string, f url.Values) *authtest.Answer {
	return c.Do("POST", path, f.Encode(), core.HeaderField{Name: "Content-Type", Value: "application/x-www-form-urlencoded"},
		core.HeaderField{Name: "Authorization", Value: "Basic " + base64.StdEncoding.EncodeToString([]byte(w.id+":"+w.secret))})
}

func redemption(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
}

func (w *world) redeem(s *flowtest.T) *authtest.Answer {
	s.Helper()
	return w.form(w.e.Client(), "/oauth2/token", redemption(w.code(s))).Want(s, 200, "")
}

func (w *world) userInfo(token string) *authtest.Answer {
	return w.e.Client().Get("/oauth2/userinfo", core.HeaderField{Name: "Authorization", Value: "Bearer " + token})
}

func signIn(s *flowtest.T) {
	e := s.Start(install)
	w := start(s, e)
	tokens := w.redeem(s)
	if a := w.userInfo(tokens.JSON("access_token")).Want(s, 200, ""); a.JSON("email") != flowtest.Email {
		s.Errorf("userinfo: %s", a.Body)
	}
	next := w.form(e.Client(), "/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.JSON("refresh_token")}}).Want(s, 200, "")
	// The first token again: all end.
	if a := w.form(e.Client(), "/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.JSON("refresh_token")}}); a.Status != 400 {
		s.Errorf("a token twice: %d", a.Status)
	}
	w.userInfo(next.JSON("access_token")).Want(s, 401, "")
}

func endings(s *flowtest.T) {
	e := s.Start(install)
	w := start(s, e)
	tokens := w.redeem(s)
	consent := flowtest.WantRows(s, e, oauthprovider.ModelConsent, 1)[0]
	w.browser.Post("/oauth2/delete-consent", flowtest.Body{"id": consent["id"]}).Want(s, 200, "")
	w.userInfo(tokens.JSON("access_token")).Want(s, 401, "")
	tokens = w.redeem(s)
	w.browser.Post("/delete-user", flowtest.Body{"password": flowtest.Password}).Want(s, 200, "")
	w.userInfo(tokens.JSON("access_token")).Want(s, 401, "")
}

// once counts the successes of fifty requests at once.
func once(s *flowtest.T, request func() *authtest.Answer) {
	s.Helper()
	won := 0
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) { answers[i] = request() })
	for _, a := range answers {
		switch {
		case a.Status == 200:
			won++
		case a.Status != 400 && a.Status != 401:
			s.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if won != 1 {
		s.Errorf("%d of 50 were answered", won)
	}
}

func raceCodes(s *flowtest.T) {
	e := s.Start(install)
	w := start(s, e)
	code := w.code(s)
	once(s, func() *authtest.Answer { return w.form(e.Client(), "/oauth2/token", redemption(code)) })
}

func raceRefreshes(s *flowtest.T) {
	e := s.Start(install)
	w := start(s, e)
	f := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {w.redeem(s).JSON("refresh_token")}}
	once(s, func() *authtest.Answer { return w.form(e.Client(), "/oauth2/token", f) })
	// Of a family there is one token that counts, or none when a used one came again.
	live := 0
	for _, row := range flowtest.Rows(s, e, oauthprovider.ModelRefresh) {
		if row["revoked"] == nil {
			live++
		}
	}
	if live > 1 {
		s.Errorf("%d refresh tokens of one family count", live)
	}
}

func raceConsents(s *flowtest.T) {
	w := start(s, s.Start(install))
	page := w.page(s)
	once(s, func() *authtest.Answer {
		return w.browser.Copy().Post("/oauth2/consent", flowtest.Body{"accept": true, "oauth_query": page})
	})
}
