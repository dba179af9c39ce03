package sso_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

// Who was asked for openid answers with an id_token, and says the same sub at the userinfo endpoint.
func TestIDTokenIsDemanded(t *testing.T) {
	t.Parallel()
	without := func(rw http.ResponseWriter, _ *http.Request) {
		idptest.Write(rw, 200, body{"access_token": "access", "token_type": "Bearer", "expires_in": 3600})
	}
	info := func(claims body) func(w *world) {
		return func(w *world) {
			w.idp.Info(func(rw http.ResponseWriter, _ *http.Request) { idptest.Write(rw, 200, claims) })
		}
	}
	whole := info(body{"sub": "1001", "email": ada.Email, "name": ada.Name})
	for _, test := range []struct {
		name   string
		compat core.Compat
		scopes []string
		token  bool
		info   func(w *world)
		code   string
		why    string
	}{
		{name: "OID-13 no id_token", info: whole, code: "invalid_provider", why: "token_not_verified"},
		{name: "OID-13 no sub at userinfo", token: true, info: info(body{"id": "1001", "email": ada.Email, "name": ada.Name}), code: "invalid_provider", why: "missing_user_info"},
		{name: "both", token: true, info: whole},
		{name: "a provider without openid", scopes: []string{"email"}, info: whole},
		{name: "beside a Better Auth server", compat: core.CompatBetterAuth, info: whole},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := open(t, settings{core: func(o *core.Options) { o.Compat = test.compat }})
			config := body{"clientId": "client", "clientSecret": "secret-of-the-client", "mapping": body{"id": "sub", "email": "email", "name": "name"}}
			if strings.Contains(test.name, "no sub") {
				config["mapping"] = body{"id": "id", "email": "email", "name": "name"}
			}
			if test.scopes != nil {
				config["scopes"] = test.scopes
			}
			w.register(t, w.signUp(t, "admin@acme.test"), w.newOIDC("acme", body{"oidcConfig": config}))
			if !test.token {
				w.idp.Token(without)
			}
			test.info(w)
			c := w.Client()
			to := "/welcome"
			if test.code != "" {
				to = "/sorry"
			}
			q := wantRedirect(t, c.Get(w.arrive(t, c, "acme", ada)), to, test.code)
			if q.Get("error_description") != test.why {
				t.Fatalf("said %q, want %q", q.Get("error_description"), test.why)
			}
			alive(t, c, test.code == "")
		})
	}
	t.Run("scopes of the request", func(t *testing.T) {
		t.Parallel()
		w := open(t, settings{})
		w.register(t, w.signUp(t, "admin@acme.test"), w.newOIDC("acme"))
		u, err := url.Parse(w.Client().Post("/sign-in/sso", with(body{"providerId": "acme", "scopes": []string{"email"}})).Want(t, 200, "").JSON("url"))
		if got := u.Query().Get("scope"); err != nil || got != "openid email" {
			t.Fatalf("asked for %q, %v", got, err)
		}
	})
}
