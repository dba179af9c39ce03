package oauthproxy_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/oauthproxy"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

const (
	production = "https://app.example.com"
	preview    = "https://pr-7.preview.example.com"
)

var ada = idptest.User{ID: "1001", Name: "Ada Lovelace", Email: "ada@example.com", EmailVerified: true}

// pair is a production server and a preview of it, with one provider.
type pair struct {
	acme, other         *idptest.Provider
	production, preview *authtest.Env
}

type change func(o *core.Options, p *oauthproxy.Options)

func open(t testing.TB, f change) *pair {
	t.Helper()
	p := &pair{acme: idptest.New(t, "acme"), other: idptest.New(t, "other")}
	server := func(base string) *authtest.Env {
		options := oauthproxy.Options{ProductionURL: production}
		e := authtest.NewEnv(t)
		o := e.Options()
		o.BaseURL, o.TrustedOrigins = base, []string{"https://*.preview.example.com"}
		if f != nil {
			f(&o, &options)
		}
		o.Plugins = []core.Plugin{oauthproxy.New(options), social.New(p.acme.Config(), p.other.Config())}
		return e.Open(o)
	}
	p.production, p.preview = server(production), server(preview)
	return p
}

func (p *pair) client(e *authtest.Env, origin string) *authtest.Client {
	c := e.Client()
	c.Origin = origin
	return c
}

// begin starts a sign-in on the preview and returns the parameters for the provider.
func begin(t testing.TB, c *authtest.Client, header ...core.HeaderField) url.Values {
	t.Helper()
	a := c.Post("/sign-in/social", map[string]any{"provider": "acme", "callbackURL": "/dashboard", "errorCallbackURL": "/sorry", "newUserCallbackURL": "/welcome"}, header...).Want(t, 200, "")
	u, err := url.Parse(a.JSON("url"))
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// redeem is the provider's way back to production, and returns where it sends the browser.
func (p *pair) redeem(q url.Values, path string) (string, url.Values) {
	return p.client(p.production, production).Get(path + "?code=" + p.acme.Code(ada) + "&state=" + url.QueryEscape(q.Get("state"))).Location()
}

// local is the path of a URL of the preview below its base path.
func local(to string) string { return strings.TrimPrefix(to, preview+"/api/auth") }

func TestSignIn(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	c := p.client(p.preview, preview)
	q := begin(t, c)
	if q.Get("redirect_uri") != production+"/api/auth/callback/acme" {
		t.Errorf("redirect_uri %s", q.Get("redirect_uri"))
	}
	to, got := p.redeem(q, "/callback/acme")
	if !strings.HasPrefix(to, preview+"/api/auth/oauth-proxy-callback?") || got.Get("callbackURL") != "/dashboard" || strings.Contains(to, "ada") || strings.Contains(to, "acme-access") {
		t.Fatalf("production sends the browser to %s", to)
	}
	if uri := p.acme.Asked()[0].Get("redirect_uri"); uri != q.Get("redirect_uri") {
		t.Errorf("the code is redeemed for %s", uri)
	}
	if to, _ := c.Get(local(to)).Location(); to != "/welcome" {
		t.Errorf("a new user is sent to %s", to)
	}
	if a := c.Get("/get-session"); a.JSON("user", "email") != "ada@example.com" || a.JSON("user", "emailVerified") != "true" {
		t.Error(a.Body)
	}
	if a := c.Post("/get-access-token", map[string]any{"providerId": "acme"}).Want(t, 200, ""); !strings.HasPrefix(a.JSON("accessToken"), "acme-access-") {
		t.Error(a.Body)
	}
	if _, err := p.production.Auth.Store().FindUserByEmail(t.Context(), "ada@example.com"); !core.IsNotFound(err) {
		t.Errorf("production has the user: %v", err)
	}
	to, _ = p.redeem(begin(t, c), "/callback/acme")
	if to, _ := c.Get(local(to)).Location(); to != "/dashboard" {
		t.Errorf("a known user is sent to %s", to)
	}
}

func TestWithoutProxy(t *testing.T) {
	t.Parallel()
	p := open(t, nil)
	c := p.client(p.production, production)
	q := begin(t, c)
	if to, _ := c.Get("/callback/acme?code=" + p.acme.Code(ada) + "&state=" + q.Get("state")).Location(); len(q.Get("state")) != 32 || to != "/welcome" {
		t.Errorf("production: sent to %s", to)
	}
	q = begin(t, p.client(p.preview, preview), core.HeaderField{Name: oauthproxy.SkipHeader, Value: "1"})
	if len(q.Get("state")) != 32 || q.Get("redirect_uri") != preview+"/api/auth/callback/acme" {
		t.Errorf("skipped: %v", q)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	t.Run("RED-11 production does not trust the preview", func(t *testing.T) {
		t.Parallel()
		p := open(t, func(o *core.Options, _ *oauthproxy.Options) { o.TrustedOrigins = nil })
		q := begin(t, p.client(p.preview, preview))
		a := p.client(p.production, production).Get("/callback/acme?code=" + p.acme.Code(ada) + "&state=" + url.QueryEscape(q.Get("state")))
		if a.Status != 403 || a.Code() != "INVALID_CALLBACK_URL" || len(p.acme.Asked()) != 0 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})
	t.Run("RED-11 the target of the callback", func(t *testing.T) {
		t.Parallel()
		p := open(t, nil)
		for _, target := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"} {
			p.client(p.preview, preview).Get("/oauth-proxy-callback?profile=x&callbackURL="+url.QueryEscape(target)).Want(t, 403, "INVALID_CALLBACK_URL")
		}
		c := p.client(p.preview, preview)
		to, _ := p.redeem(begin(t, c), "/callback/acme")
		to = strings.Replace(to, "callbackURL=%2Fdashboard", "callbackURL=%2Fother", 1)
		if to, _ := c.Get(local(to)).Location(); to != "/welcome" {
			t.Errorf("sent to %s", to)
		}
	})
	t.Run("OAU-03 the state of another provider", func(t *testing.T) {
		t.Parallel()
		p := open(t, nil)
		q := begin(t, p.client(p.preview, preview))
		if to, got := p.redeem(q, "/callback/other"); got.Get("error") != "state_mismatch" || !strings.HasPrefix(to, preview+"/sorry") || len(p.other.Asked()) != 0 {
			t.Errorf("sent to %s", to)
		}
	})
	t.Run("OAU-02 a profile in another browser", func(t *testing.T) {
		t.Parallel()
		p := open(t, nil)
		c := p.client(p.preview, preview)
		to, _ := p.redeem(begin(t, c), "/callback/acme")
		stranger := p.client(p.preview, preview)
		if _, q := stranger.Get(local(to)).Location(); q.Get("error") != "state_mismatch" || stranger.Get("/get-session").Body != "null" {
			t.Error(q)
		}
		if to, _ := c.Get(local(to)).Location(); to != "/welcome" {
			t.Errorf("the owner is sent to %s", to)
		}
	})
	t.Run("OAU-01 a profile that has been used", func(t *testing.T) {
		t.Parallel()
		p := open(t, nil)
		c := p.client(p.preview, preview)
		to, _ := p.redeem(begin(t, c), "/callback/acme")
		c.Get(local(to))
		if _, q := c.Get(local(to)).Location(); q.Get("error") != "please_restart_the_process" {
			t.Error(q)
		}
	})
	t.Run("time", func(t *testing.T) {
		t.Parallel()
		p := open(t, nil)
		c := p.client(p.preview, preview)
		q := begin(t, c)
		to, _ := p.redeem(q, "/callback/acme")
		p.preview.Clock.Add(61 * time.Second)
		if to, got := c.Get(local(to)).Location(); got.Get("error") != "payload_expired" || !strings.HasPrefix(to, "/sorry?") {
			t.Errorf("sent to %s", to)
		}
		p.production.Clock.Add(11 * time.Minute)
		if _, got := p.redeem(q, "/callback/acme"); got.Get("error") != "please_restart_the_process" {
			t.Error(got)
		}
	})
	t.Run("what is no profile", func(t *testing.T) {
		t.Parallel()
		p := open(t, nil)
		c := p.client(p.preview, preview)
		q := begin(t, c)
		sealed, err := p.preview.Auth.Keys().Encrypt(`{"provider":"acme","state":"x","timestamp":1767225600000,"profile":{"id":"1","email":"ada@example.com"}}`)
		if err != nil {
			t.Fatal(err)
		}
		for profile, want := range map[string]string{"": "missing_profile", "x": "invalid_profile", q.Get("state"): "invalid_profile", sealed: "invalid_profile"} {
			if _, got := c.Get("/oauth-proxy-callback?callbackURL=/&profile=" + url.QueryEscape(profile)).Location(); got.Get("error") != want {
				t.Errorf("%.20q: %v", profile, got)
			}
		}
		c.Get("/oauth-proxy-callback").Want(t, 400, "VALIDATION_ERROR")
	})
	t.Run("another secret", func(t *testing.T) {
		t.Parallel()
		n := 0
		p := open(t, func(_ *core.Options, o *oauthproxy.Options) {
			n++
			o.Secret = strings.Repeat("0123456789abcdef", 2) + "-kernia-" + string(rune('a'+n))
		})
		if _, got := p.redeem(begin(t, p.client(p.preview, preview)), "/callback/acme"); got.Get("error") == "" || len(p.acme.Asked()) != 0 {
			t.Error(got)
		}
	})
	t.Run("an error of the provider", func(t *testing.T) {
		t.Parallel()
		p := open(t, nil)
		q := begin(t, p.client(p.preview, preview))
		to, got := p.client(p.production, production).Get("/callback/acme?error=access_denied&state=" + url.QueryEscape(q.Get("state"))).Location()
		if !strings.HasPrefix(to, preview+"/sorry?") || got.Get("error") != "access_denied" {
			t.Errorf("sent to %s", to)
		}
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]oauthproxy.Options{
		"ProductionURL":  {},
		"CurrentURL":     {ProductionURL: production, CurrentURL: "pr-7"},
		"MaxAge":         {ProductionURL: production, MaxAge: time.Hour},
		"Options.Secret": {ProductionURL: production, Secret: "short"},
	} {
		_, err := core.New(core.Options{
			BaseURL: authtest.BaseURL, Secret: authtest.Secret, Database: memory.New(), Plugins: []core.Plugin{social.New(), oauthproxy.New(o)},
		})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
