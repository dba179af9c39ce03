package oauthpopup_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/bearer"
	"github.com/advantch/kernia-go/core/plugins/oauthpopup"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

const app = "https://app.example.com"

var ada = idptest.User{ID: "1001", Name: "Ada Lovelace", Email: "ada@example.com", EmailVerified: true}

func open(t testing.TB) (*authtest.Env, *idptest.Provider) {
	t.Helper()
	acme := idptest.New(t, "acme")
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.TrustedOrigins = []string{app} },
		oauthpopup.New(oauthpopup.Options{}), bearer.New(bearer.Options{}), social.New(acme.Config()))
	return e, acme
}

// start opens the popup; more replaces or adds parameters.
func start(c *authtest.Client, more map[string]string) *authtest.Answer {
	q := url.Values{"provider": {"acme"}, "popupOrigin": {app}, "popupNonce": {"n1"}, "callbackURL": {"/dashboard"}}
	for name, value := range more {
		q.Set(name, value)
	}
	return c.Get("/oauth-popup/start?" + q.Encode())
}

var block = regexp.MustCompile(`(?s)<script type="application/json" id="better-auth-oauth-popup">(.*?)</script>\n<script>(.*?)</script>`)

type message struct {
	Type, TargetOrigin, Nonce, Token, RedirectTo string
	Error                                        struct{ Code, Description string }
}

// said is what a page tells the opener.
func said(t testing.TB, a *authtest.Answer) message {
	t.Helper()
	parts := block.FindStringSubmatch(a.Body)
	if a.Status != 200 || parts == nil || a.Header.Get("Content-Type") != "text/html; charset=utf-8" || a.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v %s", a.Status, a.Header, a.Body)
	}
	if csp := a.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'; script-src 'sha256-") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	var m message
	if err := json.Unmarshal([]byte(parts[1]), &m); err != nil {
		t.Fatal(err)
	}
	if m.Type != "better-auth:oauth-popup" || m.TargetOrigin != app {
		t.Errorf("%+v", m)
	}
	return m
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	e, acme := open(t)
	c := e.Client()
	to, q := start(c, map[string]string{"scopes": "calendar,files", "additionalData": `{"plan":"pro"}`}).Location()
	if !strings.HasPrefix(to, acme.URL+"/authorize?") || q.Get("scope") != "email calendar files" {
		t.Fatalf("sent to %s", to)
	}
	a := c.Get("/callback/acme?code=" + acme.Code(ada) + "&state=" + q.Get("state"))
	m := said(t, a)
	if m.Nonce != "n1" || m.RedirectTo != "/dashboard" || m.Error.Code != "" || a.Header.Get("Location") != "" {
		t.Errorf("%+v", m)
	}
	// The opener may be embedded in another site's page, and then has no cookie.
	if s := e.Client().Get("/get-session", core.HeaderField{Name: "Authorization", Value: "Bearer " + m.Token}); s.JSON("user", "email") != "ada@example.com" {
		t.Errorf("%s", s.Body)
	}
	if c.Cookie("better-auth.oauth_popup") != "" {
		t.Error("the marker is still there")
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	e, acme := open(t)
	for _, origin := range []string{"https://evil.example", "null", "", "/", "*", app + ".evil.example", "https://evil.example#" + app} {
		if a := start(e.Client(), map[string]string{"popupOrigin": origin}); a.Status != 403 || a.Code() != "INVALID_ORIGIN" {
			t.Errorf("RED-04 %q: %d %s", origin, a.Status, a.Body)
		}
	}
	for field, code := range map[string]string{"callbackURL": "invalid_callback_url", "errorCallbackURL": "invalid_error_callback_url", "newUserCallbackURL": "invalid_new_user_callback_url"} {
		for _, target := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"} {
			if m := said(t, start(e.Client(), map[string]string{field: target})); m.Error.Code != code || m.Nonce != "n1" {
				t.Errorf("RED-01 %s %q: %+v", field, target, m)
			}
		}
	}
	if m := said(t, start(e.Client(), map[string]string{"provider": "x"})); m.Error.Code != "provider_not_found" {
		t.Errorf("%+v", m)
	}
	if m := said(t, start(e.Client(), map[string]string{"scopes": "a\"b"})); m.Error.Code != "popup_sign_in_failed" {
		t.Errorf("%+v", m)
	}
	e.Client().Get("/oauth-popup/start").Want(t, 400, "VALIDATION_ERROR")
	t.Run("the provider refuses", func(t *testing.T) {
		c := e.Client()
		_, q := start(c, nil).Location()
		m := said(t, c.Get("/callback/acme?error=access_denied&error_description="+url.QueryEscape("</script><script>alert(1)</script>")+"&state="+q.Get("state")))
		if m.Error.Code != "access_denied" || m.Error.Description != "</script><script>alert(1)</script>" || m.Token != "" {
			t.Errorf("%+v", m)
		}
	})
	t.Run("a nonce that would end the script", func(t *testing.T) {
		a := start(e.Client(), map[string]string{"provider": "x", "popupNonce": "</script><img src=x>\u2028"})
		if m := said(t, a); m.Nonce != "</script><img src=x>\u2028" || strings.Contains(a.Body, "<img") {
			t.Errorf("%s", a.Body)
		}
	})
	t.Run("another sign-in of the same browser", func(t *testing.T) {
		c := e.Client()
		start(c, nil)
		a := c.Post("/sign-in/social", map[string]any{"provider": "acme", "callbackURL": "/dashboard"}).Want(t, 200, "")
		u, err := url.Parse(a.JSON("url"))
		if err != nil {
			t.Fatal(err)
		}
		if to, _ := c.Get("/callback/acme?code=" + acme.Code(ada) + "&state=" + u.Query().Get("state")).Location(); to != "/dashboard" {
			t.Errorf("sent to %q", to)
		}
	})
	t.Run("OAU-02 another browser", func(t *testing.T) {
		c := e.Client()
		_, q := start(c, nil).Location()
		if _, got := e.Client().Get("/callback/acme?code=" + acme.Code(ada) + "&state=" + q.Get("state")).Location(); got.Get("error") != "state_mismatch" {
			t.Error(got)
		}
	})
	t.Run("a marker that was forged", func(t *testing.T) {
		c := e.Client()
		_, q := start(c, nil).Location()
		c.SetCookie("better-auth.oauth_popup", url.QueryEscape(`{"popupOrigin":"`+app+`","popupNonce":"x","state":"`+q.Get("state")+`"}.AAAA`))
		if a := c.Get("/callback/acme?code=" + acme.Code(ada) + "&state=" + q.Get("state")); a.Status != 302 {
			t.Errorf("%d %s", a.Status, a.Body)
		}
	})
}
