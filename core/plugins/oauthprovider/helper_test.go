package oauthprovider

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
)

const (
	callback = "https://rp.example/callback"
	verifier = "verifier-0123456789-0123456789-0123456789-abc"
	issuer   = authtest.BaseURL + "/api/auth"
)

func challenge(v string) string {
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// world is a server with a client and a user who is signed in.
type world struct {
	*authtest.Env
	t       testing.TB
	plugin  *Plugin
	browser *authtest.Client
	next    atomic.Int64
	client  *Client
}

func newWorld(t testing.TB, o Options, change ...func(*authtest.Env, *core.Options)) *world {
	t.Helper()
	return worldWith(t, o, jwt.Options{}, AdminClientInput{}, change...)
}

func worldWith(t testing.TB, o Options, keys jwt.Options, in AdminClientInput, change ...func(*authtest.Env, *core.Options)) *world {
	t.Helper()
	p := New(o)
	plugins := []core.Plugin{emailpassword.New(emailpassword.Options{}), p}
	if !o.DisableJWTPlugin {
		plugins = append(plugins, jwt.New(keys))
	}
	e := authtest.New(t, func(e *authtest.Env, co *core.Options) {
		for _, f := range change {
			f(e, co)
		}
	}, plugins...)
	w := &world{Env: e, t: t, plugin: p, browser: e.Client()}
	w.browser.Post("/sign-up/email", map[string]any{"name": "Ada Lovelace", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
	if in.RedirectURIs == nil {
		in.RedirectURIs = []string{callback}
	}
	w.client = w.register(in)
	return w
}

func (w *world) register(in AdminClientInput) *Client {
	w.t.Helper()
	c, err := w.plugin.AdminCreateClient.Call(w.t.Context(), &in)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// query is a good request, with changes: "" removes a parameter.
func (w *world) query(change ...string) url.Values {
	q := url.Values{
		"response_type": {"code"}, "client_id": {w.client.ID()}, "redirect_uri": {callback}, "scope": {"openid profile email offline_access"}, "state": {"state-1"},
		"nonce": {"nonce-1"}, "code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"},
	}
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
	return c.Get("/oauth2/authorize?"+q.Encode(), navigate())
}

// consent answers the page of consent to which an answer leads.
func (w *world) consent(c *authtest.Client, page *authtest.Answer, accept bool) url.Values {
	w.t.Helper()
	if at, _ := place(page); !strings.HasSuffix(at, consentPath) {
		w.t.Fatalf("no consent: %d %s %s", page.Status, at, page.Body)
	}
	a := c.Post("/oauth2/consent", map[string]any{"accept": accept, "oauth_query": rawQuery(page)}).Want(w.t, 200, "")
	u, err := url.Parse(a.JSON("url"))
	if err != nil {
		w.t.Fatal(err)
	}
	return u.Query()
}

// rawQuery is the query of a redirect, as it stands.
func rawQuery(a *authtest.Answer) string {
	_, raw, _ := strings.Cut(a.Header.Get("Location"), "?")
	return raw
}

// code runs a request to its code.
func (w *world) code(change ...string) string {
	w.t.Helper()
	a := w.ask(w.browser, w.query(change...))
	at, q := place(a)
	if strings.HasSuffix(at, consentPath) {
		q = w.consent(w.browser, a, true)
	}
	if q.Get("code") == "" {
		w.t.Fatalf("no code: %d %s %v", a.Status, at, q)
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
	c := w.Client()
	if f.Get("client_id") == "" && len(header) == 0 {
		header = append(header, basic(w.client.ID(), w.client.Secret))
	}
	header = append(header, core.HeaderField{Name: "Content-Type", Value: "application/x-www-form-urlencoded"})
	return c.Do("POST", path, f.Encode(), header...)
}

func basic(id, secret string) core.HeaderField {
	return core.HeaderField{Name: "Authorization", Value: "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret)))}
}

func bearer(token string) core.HeaderField {
	return core.HeaderField{Name: "Authorization", Value: "Bearer " + token}
}

func redemption(code string, change ...string) url.Values {
	f := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}, "code_verifier": {verifier}}
	for i := 0; i < len(change); i += 2 {
		if change[i+1] == "" {
			f.Del(change[i])
		} else {
			f.Set(change[i], change[i+1])
		}
	}
	return f
}

// want checks an answer in the form of OAuth.
func want(t testing.TB, a *authtest.Answer, status int, code string) *authtest.Answer {
	t.Helper()
	if a.Status != status || a.JSON("error") != code {
		t.Errorf("answered %d %s, want %d %s", a.Status, a.Body, status, code)
	}
	return a
}

// claims of a token, not verified.
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

// allOf finds the rows of a table, and by those with a value.
func allOf(model string) adapter.Find { return adapter.Find{Model: model} }

func by(name string, v any) adapter.Where { return adapter.By(name, v) }

// unsignedPart makes a part of a token what claimsOf reads.
func unsignedPart(part string) string { return "." + part + "." }

// member is a member of a JSON text with a string, as it stands.
func member(text, name string) string {
	_, rest, _ := strings.Cut(text, `"`+name+`":"`)
	value, _, _ := strings.Cut(rest, `"`)
	return `"` + name + `":"` + value + `"`
}

// redirect is the header of an answer that leads to an address.
func redirect(to string) core.Fields { return core.Fields{{Name: "Location", Value: to}} }

// quiet leaves out the limits, which fuzzing reaches at once.
func quiet(_ *authtest.Env, o *core.Options) { o.RateLimit.Disabled = true }
