package paritytest

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/genericoauth"
	"github.com/advantch/kernia-go/core/plugins/oauthpopup"
	"github.com/advantch/kernia-go/core/plugins/oauthproxy"
	"github.com/advantch/kernia-go/core/plugins/onetap"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

const (
	extended = "plugins of providers"
	preview  = "https://pr-7.preview.example.com"
)

// world is every host that the plugins ask: one provider, which also has Google's keys.
type world struct{ acme *idptest.Provider }

func (w world) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "www.googleapis.com" {
		return w.acme.RoundTrip(r)
	}
	rec := httptest.NewRecorder()
	idptest.Write(rec, http.StatusOK, idptest.Keys())
	res := rec.Result()
	res.Request = r
	return res, nil
}

// withPlugins adds the plugins that sign users in with providers.
func withPlugins(o *core.Options) {
	acme := idptest.Local("acme")
	o.HTTPClient = &http.Client{Transport: world{acme}}
	o.TrustedOrigins = []string{preview}
	o.Plugins = append(o.Plugins,
		social.New(acme.Config()), onetap.New(onetap.Options{ClientID: "client"}), oauthpopup.New(oauthpopup.Options{}),
		oauthproxy.New(oauthproxy.Options{ProductionURL: authtest.BaseURL}),
		genericoauth.New(genericoauth.Options{Config: []genericoauth.Config{{
			ProviderID: "corp", ClientID: "client", ClientSecret: "secret-of-the-client", Scopes: []string{"email"},
			AuthorizationURL: acme.URL + "/authorize", TokenURL: acme.URL + "/token", UserInfoURL: acme.URL + "/userinfo", ResponseMode: "form_post",
		}}}))
}

var providerScenarios = []scenario{
	{"generic OAuth: a callback signs in, and its form is sent on", func(t *testing.T, p *parity) {
		begun := p.mustSend(t, post(p.auth.BasePath()+"/sign-in/oauth2", `{"providerId":"corp","callbackURL":"/dashboard","newUserCallbackURL":"/welcome"}`, jsonType, site))
		cookie, _, _ := strings.Cut(begun.header.Get("Set-Cookie"), ";")
		path, query, _ := strings.Cut(p.visit(t, addressIn(begun)), "?")
		form := post(path, query, line("Content-Type", "application/x-www-form-urlencoded"), line("Origin", "https://acme.example"), line("Sec-Fetch-Site", "cross-site"))
		sent := p.mustSend(t, form)
		if d := differ(sent, p.reference(t, form)); d != "" {
			t.Error(d)
		}
		got := p.mustSend(t, get(target(t, sent), line("Cookie", cookie)))
		if got.status != http.StatusFound || got.header.Get("Location") != "/welcome" || len(got.header.Values("Set-Cookie")) != 3 {
			t.Errorf("got %d %v %s", got.status, got.header, got.body)
		}
	}},
	{"one tap: a token signs in, another one does not", func(t *testing.T, p *parity) {
		now := authtest.Start.Unix()
		token := idptest.Sign(map[string]any{
			"iss": "https://accounts.google.com", "aud": "client", "sub": "7", "name": "Linus", "email": "linus@example.com", "email_verified": true, "iat": now, "exp": now + 3600,
		})
		in := p.mustSend(t, post(p.auth.BasePath()+"/one-tap/callback", `{"idToken":"`+token+`"}`, jsonType, site))
		if in.status != http.StatusOK || !strings.Contains(in.body, `"email":"linus@example.com"`) || len(in.header.Values("Set-Cookie")) != 2 {
			t.Errorf("got %d %v %s", in.status, in.header, in.body)
		}
		for _, body := range []string{`{"idToken":"` + token[:len(token)-4] + `AAAA"}`, `{}`, `{"idToken":7}`} {
			x := post(p.auth.BasePath()+"/one-tap/callback", body, jsonType, site)
			if d := differ(p.mustSend(t, x), p.reference(t, x)); d != "" {
				t.Errorf("%s: %s", body, d)
			}
		}
	}},
	{"proxy: production hands the profile to a preview, in a URL that every server takes", func(t *testing.T, p *parity) {
		o := core.Options{
			BaseURL: preview, Secret: authtest.Secret, Database: memory.New(), Clock: p.clock.Now, HTTPClient: p.auth.HTTP(),
			Plugins: []core.Plugin{oauthproxy.New(oauthproxy.Options{ProductionURL: authtest.BaseURL}), social.New(idptest.Local("acme").Config())},
		}
		other, err := core.New(o)
		if err != nil {
			t.Fatal(err)
		}
		c := &authtest.Client{Auth: other, Origin: preview}
		address, _ := c.Post("/sign-in/social", map[string]any{"provider": "acme", "callbackURL": "/dashboard"}).Want(t, 200, "").Location()
		got := p.mustSend(t, get(p.visit(t, address)))
		back, ok := strings.CutPrefix(got.header.Get("Location"), preview+"/api/auth")
		if got.status != http.StatusFound || !ok || got.header.Get("Referrer-Policy") != "no-referrer" || len(got.header.Values("Set-Cookie")) > 0 {
			t.Fatalf("got %d %v %s", got.status, got.header, got.body)
		}
		if to, _ := c.Get(back).Location(); to != "/dashboard" {
			t.Errorf("the preview sends the browser to %s", to)
		}
		// A preview's callback on this server: the profile is not for it.
		x := get(p.auth.BasePath() + back)
		if d := differ(p.mustSend(t, x), p.reference(t, x)); d != "" {
			t.Error(d)
		}
	}},
	{"popup: a page, its policy and its cookies", func(t *testing.T, p *parity) {
		begun := p.mustSend(t, get(p.auth.BasePath()+"/oauth-popup/start?provider=acme&popupNonce=n1&callbackURL=%2Fdashboard&popupOrigin="+url.QueryEscape(preview)))
		var cookies []string
		for _, l := range begun.header.Values("Set-Cookie") {
			pair, _, _ := strings.Cut(l, ";")
			cookies = append(cookies, pair)
		}
		if begun.status != http.StatusFound || len(cookies) != 2 {
			t.Fatalf("got %d %v %s", begun.status, begun.header, begun.body)
		}
		got := p.mustSend(t, get(p.visit(t, begun.header.Get("Location")), line("Cookie", strings.Join(cookies, "; "))))
		if got.status != http.StatusOK || !strings.Contains(got.body, `"redirectTo":"/dashboard"`) || len(got.header.Values("Location")) > 0 || len(got.header.Values("Set-Cookie")) != 4 {
			t.Errorf("got %d %v %s", got.status, got.header, got.body)
		}
		if !strings.Contains(got.header.Get("Content-Security-Policy"), "script-src 'sha256-") || got.header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("the page has %v", got.header)
		}
		for _, query := range []string{"", "?provider=acme&popupOrigin=https%3A%2F%2Fevil.example", "?provider=nobody&popupOrigin=" + url.QueryEscape(preview)} {
			x := get(p.auth.BasePath() + "/oauth-popup/start" + query)
			if d := differ(p.mustSend(t, x), p.reference(t, x)); d != "" {
				t.Errorf("%s: %s", query, d)
			}
		}
	}},
}

// addressIn is the provider's address in an answer of JSON.
func addressIn(a answer) string {
	_, rest, _ := strings.Cut(a.body, `"url":"`)
	address, _, _ := strings.Cut(rest, `"`)
	return address
}

// visit goes to the provider's page, and returns the target of the callback.
func (p *parity) visit(t *testing.T, address string) string {
	t.Helper()
	grace := idptest.User{ID: "7", Name: "Grace", Email: "grace@example.com", EmailVerified: true}
	return path(t, idptest.Visit(t, p.auth.HTTP(), idptest.As(address, grace)))
}

// target is where a redirect leads on the same server.
func target(t *testing.T, a answer) string {
	t.Helper()
	return path(t, a.header.Get("Location"))
}

func path(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.RequestURI()
}
