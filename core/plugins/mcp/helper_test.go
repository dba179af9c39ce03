package mcp

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
)

const (
	callback = "https://rp.example/callback"
	verifier = "verifier-0123456789-0123456789-0123456789-abc"
	issuer   = authtest.BaseURL
)

func challenge(v string) string {
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// world is a server with a client and a user who is signed in.
type world struct {
	*authtest.Env
	t          testing.TB
	plugin     *Plugin
	browser    *authtest.Client
	id, secret string
}

func newWorld(t testing.TB, o Options, change ...func(*authtest.Env, *core.Options)) *world {
	t.Helper()
	if o.LoginPage == "" {
		o.LoginPage = "/login"
	}
	p := New(o)
	plugins := []core.Plugin{emailpassword.New(emailpassword.Options{}), p}
	if o.UseJWTPlugin {
		plugins = append(plugins, jwt.New(jwt.Options{}))
	}
	var e *authtest.Env
	t.Cleanup(func() {
		if t.Failed() {
			for _, l := range strings.Split(e.Log.String(), "\n") {
				if strings.Contains(l, "ERROR") {
					t.Log(l)
				}
			}
		}
	})
	e = authtest.New(t, func(e *authtest.Env, co *core.Options) {
		for _, f := range change {
			f(e, co)
		}
	}, plugins...)
	w := &world{Env: e, t: t, plugin: p, browser: e.Client()}
	w.browser.Post("/sign-up/email", map[string]any{"name": "Ada Lovelace", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
	w.id, w.secret = w.register(map[string]any{"client_name": "Assistant"})
	return w
}

func (w *world) register(body map[string]any) (id, secret string) {
	w.t.Helper()
	if body["redirect_uris"] == nil {
		body["redirect_uris"] = []string{callback}
	}
	a := w.browser.Post(registerPath, body).Want(w.t, 201, "")
	return a.JSON("client_id"), a.JSON("client_secret")
}

// query is a good request, with changes: "" removes a parameter.
func (w *world) query(change ...string) url.Values {
	q := url.Values{
		"response_type": {"code"}, "client_id": {w.id}, "redirect_uri": {callback}, "scope": {"openid profile email offline_access"}, "state": {"state-1"},
		"nonce": {"nonce-1"}, "code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"},
	}
	return changed(q, change)
}

func changed(q url.Values, change []string) url.Values {
	for i := 0; i < len(change); i += 2 {
		if change[i+1] == "" {
			q.Del(change[i])
		} else {
			q.Set(change[i], change[i+1])
		}
	}
	return q
}

func navigate() core.HeaderField { return core.HeaderField{Name: "Sec-Fetch-Mode", Value: "navigate"} }

// ask sends an authorization request as a browser does.
func (w *world) ask(c *authtest.Client, q url.Values) *authtest.Answer {
	return c.Get(authorizePath+"?"+q.Encode(), navigate())
}

// consent answers the page of consent to which an answer leads.
func (w *world) consent(c *authtest.Client, page *authtest.Answer, accept bool) url.Values {
	w.t.Helper()
	at, q := place(page)
	if !strings.HasSuffix(at, "/oauth2/consent-page") {
		w.t.Fatalf("no consent: %d %s %s", page.Status, at, page.Body)
	}
	a := c.Post("/oauth2/consent", map[string]any{"accept": accept, "consent_code": q.Get("consent_code")}).Want(w.t, 200, "")
	u, err := url.Parse(a.JSON("redirectURI"))
	if err != nil {
		w.t.Fatal(err)
	}
	return u.Query()
}

// code runs a request to its code.
func (w *world) code(change ...string) string {
	w.t.Helper()
	a := w.ask(w.browser, w.query(change...))
	at, q := place(a)
	if strings.HasSuffix(at, "/oauth2/consent-page") {
		q = w.consent(w.browser, a, true)
	}
	if q.Get("code") == "" {
		w.t.Fatalf("no code: %d %s %v %s", a.Status, at, q, a.Body)
	}
	return q.Get("code")
}

// place is where a redirect leads, without its query.
func place(a *authtest.Answer) (string, url.Values) {
	target, q := a.Location()
	at, _, _ := strings.Cut(target, "?")
	return at, q
}

// form posts a form with Basic credentials, unless it has client_id.
func (w *world) form(path string, f url.Values, header ...core.HeaderField) *authtest.Answer {
	if f.Get("client_id") == "" && len(header) == 0 {
		header = append(header, basic(w.id, w.secret))
	}
	header = append(header, core.HeaderField{Name: "Content-Type", Value: "application/x-www-form-urlencoded"})
	return w.Client().Do("POST", path, f.Encode(), header...)
}

func basic(id, secret string) core.HeaderField {
	return core.HeaderField{Name: "Authorization", Value: "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))}
}

func bearer(token string) core.HeaderField {
	return core.HeaderField{Name: "Authorization", Value: "Bearer " + token}
}

func redemption(code string, change ...string) url.Values {
	return changed(url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}, change)
}

func refreshment(token string, change ...string) url.Values {
	return changed(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, change)
}

// want checks an answer in the form of OAuth.
func want(t testing.TB, a *authtest.Answer, status int, code string) *authtest.Answer {
	t.Helper()
	if a.Status != status || a.JSON("error") != code {
		t.Errorf("answered %d %s, want %d %s", a.Status, a.Body, status, code)
	}
	return a
}

// claimsOf a token, not verified.
func claimsOf(t testing.TB, token string) string {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("no JSON Web Token: %q", token)
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(payload)
}
