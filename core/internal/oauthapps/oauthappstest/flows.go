// Package oauthappstest has the flows of the plugins on package oauthapps for flowtest.Run.
package oauthappstest

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/suites/flowtest"
)

// Plugin is a plugin on package oauthapps.
type Plugin struct {
	// Name tells its tests from those of another.
	Name string
	// Path begins the paths of its routes, such as "/oauth2".
	Path string
	// New makes the plugin. Its login page is at "/login".
	New func() core.Plugin
}

// Suite is for flowtest.Run.
func (p Plugin) Suite() flowtest.Suite {
	named := func(text string) string { return p.Name + ": " + text }
	return flowtest.Suite{
		Flows: []flowtest.Flow{
			{Name: named("sign in to a client"), Run: p.signIn},
			{Name: named("what a client has ends with its user"), Run: p.endings},
		},
		Races: []flowtest.Flow{
			{Name: "OP-04 RACE " + named("redemptions of one code"), Run: p.raceCodes},
			{Name: "OP-07 RACE " + named("refreshes with one token"), Run: p.raceRefreshes},
			{Name: "OP-12 RACE " + named("answers to one page of consent"), Run: p.raceConsents},
		},
		Faults: []flowtest.Request{
			{Name: named("register a client"), Change: p.install, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				return flowtest.SignUp(s, e, flowtest.Email), flowtest.Send("POST", p.Path+"/register", flowtest.Body{"redirect_uris": []string{callback}})
			}},
			{Name: named("redeem an authorization code"), Change: p.install, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				w := p.start(s, e)
				code := w.code(s)
				return e.Client(), func(c *authtest.Client) *authtest.Answer { return w.form(c, redemption(code)) }
			}},
			{Name: named("refresh a token"), Change: p.install, Prepare: func(s *flowtest.T, e *authtest.Env) (*authtest.Client, func(*authtest.Client) *authtest.Answer) {
				w := p.start(s, e)
				tokens := w.redeem(s)
				return e.Client(), func(c *authtest.Client) *authtest.Answer { return w.form(c, refreshment(tokens)) }
			}},
		},
	}
}

const (
	callback = "https://rp.example/callback"
	verifier = "verifier-0123456789-0123456789-0123456789-abc"
)

func (p Plugin) install(_ *authtest.Env, o *core.Options, _ *emailpassword.Options) {
	o.User.DeleteUser.Enabled = true
	o.Plugins = append(o.Plugins, p.New())
}

// world is a user, and a client of theirs.
type world struct {
	path       string
	e          *authtest.Env
	browser    *authtest.Client
	id, secret string
}

func (p Plugin) start(s *flowtest.T, e *authtest.Env) *world {
	s.Helper()
	w := &world{path: p.Path, e: e, browser: flowtest.SignUp(s, e, flowtest.Email)}
	a := w.browser.Post(p.Path+"/register", flowtest.Body{"redirect_uris": []string{callback}}).Want(s, 201, "")
	w.id, w.secret = a.JSON("client_id"), a.JSON("client_secret")
	return w
}

// page is the code that the page of consent has.
func (w *world) page(s *flowtest.T) string {
	s.Helper()
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{
		"response_type": {"code"}, "client_id": {w.id}, "redirect_uri": {callback}, "scope": {"openid email offline_access"}, "state": {"s"}, "prompt": {"consent"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	at, query, _ := strings.Cut(w.browser.Get(w.path+"/authorize?"+q.Encode()).Header.Get("Location"), "?")
	page, err := url.ParseQuery(query)
	if err != nil || !strings.HasSuffix(at, "/consent-page") {
		s.Fatalf("no consent: %s", at)
	}
	return page.Get("consent_code")
}

func (w *world) code(s *flowtest.T) string {
	s.Helper()
	a := w.browser.Post("/oauth2/consent", flowtest.Body{"accept": true, "consent_code": w.page(s)}).Want(s, 200, "")
	u, err := url.Parse(a.JSON("redirectURI"))
	if err != nil || u.Query().Get("code") == "" {
		s.Fatalf("no code: %s", a.Body)
	}
	return u.Query().Get("code")
}

func (w *world) form(c *authtest.Client, f url.Values) *authtest.Answer {
	return c.Do("POST", w.path+"/token", f.Encode(), core.HeaderField{Name: "Content-Type", Value: "application/x-www-form-urlencoded"},
		core.HeaderField{Name: "Authorization", Value: "Basic " + base64.StdEncoding.EncodeToString([]byte(w.id+":"+w.secret))})
}

func redemption(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
}

func refreshment(tokens *authtest.Answer) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.JSON("refresh_token")}}
}

func (w *world) redeem(s *flowtest.T) *authtest.Answer {
	s.Helper()
	return w.form(w.e.Client(), redemption(w.code(s))).Want(s, 200, "")
}

func (w *world) userInfo(tokens *authtest.Answer) *authtest.Answer {
	return w.e.Client().Get(w.path+"/userinfo", core.HeaderField{Name: "Authorization", Value: "Bearer " + tokens.JSON("access_token")})
}

func (p Plugin) signIn(s *flowtest.T) {
	e := s.Start(p.install)
	w := p.start(s, e)
	tokens := w.redeem(s)
	if a := w.userInfo(tokens).Want(s, 200, ""); a.JSON("email") != flowtest.Email {
		s.Errorf("userinfo: %s", a.Body)
	}
	next := w.form(e.Client(), refreshment(tokens)).Want(s, 200, "")
	w.userInfo(next).Want(s, 200, "")
	// The first token again: all end.
	if a := w.form(e.Client(), refreshment(tokens)); a.Status != 400 {
		s.Errorf("a token twice: %d", a.Status)
	}
	w.userInfo(next).Want(s, 401, "")
	// A second consent changes the first.
	w.redeem(s)
	flowtest.WantRows(s, e, "oauthConsent", 1)
}

func (p Plugin) endings(s *flowtest.T) {
	e := s.Start(p.install)
	w := p.start(s, e)
	tokens := w.redeem(s)
	w.browser.Post("/delete-user", flowtest.Body{"password": flowtest.Password}).Want(s, 200, "")
	w.userInfo(tokens).Want(s, 401, "")
	for _, model := range []string{"oauthApplication", "oauthAccessToken", "oauthConsent"} {
		flowtest.WantRows(s, e, model, 0)
	}
}

// once counts the successes of fifty requests at once.
func once(s *flowtest.T, refused int, request func() *authtest.Answer) {
	s.Helper()
	won := 0
	answers := make([]*authtest.Answer, flowtest.Crowd)
	s.Meet(func(i int) { answers[i] = request() })
	for _, a := range answers {
		switch a.Status {
		case 200:
			won++
		case refused:
		default:
			s.Errorf("%d %s", a.Status, a.Body)
		}
	}
	if won != 1 {
		s.Errorf("%d of %d were answered", won, flowtest.Crowd)
	}
}

func (p Plugin) raceCodes(s *flowtest.T) {
	e := s.Start(p.install)
	w := p.start(s, e)
	code := w.code(s)
	once(s, 400, func() *authtest.Answer { return w.form(e.Client(), redemption(code)) })
}

func (p Plugin) raceRefreshes(s *flowtest.T) {
	e := s.Start(p.install)
	w := p.start(s, e)
	f := refreshment(w.redeem(s))
	once(s, 400, func() *authtest.Answer { return w.form(e.Client(), f) })
}

func (p Plugin) raceConsents(s *flowtest.T) {
	w := p.start(s, s.Start(p.install))
	page := w.page(s)
	once(s, 401, func() *authtest.Answer {
		return w.browser.Copy().Post("/oauth2/consent", flowtest.Body{"accept": true, "consent_code": page})
	})
}
