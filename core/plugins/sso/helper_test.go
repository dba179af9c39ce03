package sso_test

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/organization"
	"github.com/advantch/kernia-go/core/plugins/sso"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

type body = map[string]any

const (
	password = "correct horse"
	base     = authtest.BaseURL + "/api/auth"
)

// world is an Auth with the plugin, organizations, and a provider that answers in the process.
type world struct {
	*authtest.Env
	p    *sso.Plugin
	org  *organization.Plugin
	idp  *idptest.Provider
	oidc *idptest.OpenID
	dns  *records
}

// records is a DNS of TXT records.
type records struct {
	mu     sync.Mutex
	txt    map[string][]string
	during func(name string)
}

func (r *records) LookupTXT(_ context.Context, name string) ([]string, error) {
	if r.during != nil {
		r.during(name)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.txt[name], nil
}

func (r *records) set(name string, values ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.txt[name] = values
}

type settings struct {
	sso    sso.Options
	core   func(*core.Options)
	more   []core.Plugin
	proven bool // domains must be proven
	social bool // the provider is a social one too, "acme"
}

func open(t testing.TB, s settings) *world {
	t.Helper()
	w := &world{org: organization.New(organization.Options{MembershipLimit: 100}), idp: idptest.Local("acme"), dns: &records{txt: map[string][]string{}}}
	w.oidc = w.idp.OpenID()
	if s.sso.HTTPClient == nil {
		s.sso.HTTPClient = w.idp.Client()
	}
	if s.proven {
		s.sso.Domains.Enabled, s.sso.Domains.Resolver = true, w.dns
	}
	w.p = sso.New(s.sso)
	providers := social.New()
	if s.social {
		providers = social.New(w.idp.Config())
	}
	plugins := append([]core.Plugin{emailpassword.New(emailpassword.Options{}), providers, w.org, w.p}, s.more...)
	w.Env = authtest.New(t, func(e *authtest.Env, o *core.Options) {
		w.oidc.Now = e.Clock.Now
		o.TrustedOrigins = append(o.TrustedOrigins, w.idp.URL)
		o.HTTPClient = w.idp.Client()
		if s.core != nil {
			s.core(o)
		}
	}, plugins...)
	return w
}

func (w *world) signUp(t testing.TB, email string) *authtest.Client {
	t.Helper()
	c := w.Client()
	c.Post("/sign-up/email", body{"name": "Ada", "email": email, "password": password}).Want(t, 200, "")
	return c
}

func (w *world) user(t testing.TB, email string) *core.User {
	t.Helper()
	u, err := w.Auth.Store().FindUserByEmail(t.Context(), email)
	if err != nil {
		t.Fatalf("the user %s: %v", email, err)
	}
	return u
}

func (w *world) userID(t testing.TB, email string) string { return w.user(t, email).ID }

// verify proves the address of a user.
func (w *world) verify(t testing.TB, email string) {
	t.Helper()
	if _, err := w.Auth.Store().UpdateUserByEmail(t.Context(), email, map[string]any{"emailVerified": true}); err != nil {
		t.Fatal(err)
	}
}

func (w *world) count(t testing.TB, model string) int64 {
	t.Helper()
	n, err := w.Auth.DB().Count(t.Context(), model, nil)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// newOIDC is the body of register.
func (w *world) newOIDC(id string, more ...body) body {
	out := body{"providerId": id, "issuer": w.idp.URL, "domain": id + ".test", "oidcConfig": body{"clientId": "client", "clientSecret": "secret-of-the-client"}}
	for _, m := range more {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

func (w *world) register(t testing.TB, c *authtest.Client, b body) *authtest.Answer {
	t.Helper()
	return c.Post("/sso/register", b).Want(t, 200, "")
}

// prove publishes the records of a provider and has them looked up.
func (w *world) prove(t testing.TB, c *authtest.Client, id string, domains ...string) {
	t.Helper()
	token := c.Post("/sso/request-domain-verification", body{"providerId": id}).Want(t, 201, "").JSON("domainVerificationToken")
	for _, d := range domains {
		w.dns.set("_better-auth-token-"+id+"."+d+".", "_better-auth-token-"+id+"="+token)
	}
	c.Post("/sso/verify-domain", body{"providerId": id}).Want(t, 204, "")
}

var targets = body{"callbackURL": "/dashboard", "errorCallbackURL": "/sorry", "newUserCallbackURL": "/welcome"}

func with(more body) body {
	out := body{}
	for _, m := range []body{targets, more} {
		for k, v := range m {
			out[k] = v
		}
	}
	return out
}

// arrive begins a sign-in and visits the provider as a user. It returns the path of the callback.
func (w *world) arrive(t testing.TB, c *authtest.Client, id string, u idptest.User, more ...body) string {
	t.Helper()
	in := with(body{"providerId": id})
	for _, m := range more {
		for k, v := range m {
			in[k] = v
		}
	}
	address := c.Post("/sign-in/sso", in).Want(t, 200, "").JSON("url")
	if to, err := url.Parse(address); err == nil {
		u.Nonce = to.Query().Get("nonce")
	}
	back := idptest.Visit(t, w.idp.Client(), idptest.As(address, u))
	path, ok := strings.CutPrefix(back, base)
	if !ok {
		t.Fatalf("the provider sends the browser to %q", back)
	}
	return path
}

// wantRedirect fails the test unless an answer redirects to a place with an error or none.
func wantRedirect(t testing.TB, a *authtest.Answer, to, code string) url.Values {
	t.Helper()
	at, q := a.Location()
	if path, _, _ := strings.Cut(at, "?"); a.Status != 302 || path != to || q.Get("error") != code {
		t.Fatalf("answered %d %s, sent to %q, want %q with the error %q", a.Status, a.Body, at, to, code)
	}
	return q
}

func alive(t testing.TB, c *authtest.Client, want bool) {
	t.Helper()
	if got := c.Get("/get-session").Body != "null"; got != want {
		t.Fatalf("signed in: %v, want %v", got, want)
	}
}

func decode(t testing.TB, text string) (v map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err, text)
	}
	return v
}

var (
	ada = idptest.User{ID: "1001", Name: "Ada Lovelace", Email: "ada@acme.test", EmailVerified: true}
	bob = idptest.User{ID: "2002", Name: "Bob", Email: "bob@elsewhere.test", EmailVerified: true}
)

// insert stores a provider as an older version or another server may have: with an id that cannot be
// registered here any more.
func (w *world) insert(t testing.TB, id, userID string) {
	t.Helper()
	config, err := json.Marshal(body{"issuer": w.idp.URL, "clientId": "client", "clientSecret": "secret-of-the-client", "pkce": true, "authorizationEndpoint": w.idp.URL + "/authorize",
		"tokenEndpoint": w.idp.URL + "/token", "jwksEndpoint": w.idp.URL + "/keys", "userInfoEndpoint": w.idp.URL + "/userinfo"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Auth.DB().Create(t.Context(), sso.ModelProvider, adapter.Record{"issuer": w.idp.URL, "providerId": id, "userId": userID, "domain": id + ".test",
		"oidcConfig": string(config)}); err != nil {
		t.Fatal(err)
	}
}
