package oauthprovider

import (
	"context"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
)

// counted are the keys of the plugin jwt, counting what is asked of them.
type counted struct {
	*jwt.Plugin
	signed, described atomic.Int64
}

func (c *counted) SignToken(ctx context.Context, claims []byte, typ, alg string) (string, error) {
	c.signed.Add(1)
	return c.Plugin.SignToken(ctx, claims, typ, alg)
}

func (c *counted) KeySetURL(base string) string {
	c.described.Add(1)
	return c.Plugin.KeySetURL(base)
}

// A token costs its signature and no other, and a document of discovery is made once.
func TestCosts(t *testing.T) {
	t.Parallel()
	keys, p := &counted{Plugin: jwt.New(jwt.Options{})}, New(Options{Scopes: []string{"openid", "read", "offline_access"}})
	e := authtest.New(t, nil, emailpassword.New(emailpassword.Options{}), p, keys)
	w := &world{Env: e, t: t, plugin: p, browser: e.Client()}
	w.browser.Post("/sign-up/email", map[string]any{"name": "Ada Lovelace", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
	w.client = w.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}, GrantTypes: []string{"authorization_code", "refresh_token", "client_credentials"}}})
	signatures := func(f url.Values) (int64, *authtest.Answer) {
		before := keys.signed.Load()
		a := w.form("/oauth2/token", f).Want(t, 200, "")
		return keys.signed.Load() - before, a
	}
	for name, c := range map[string]struct {
		scope, resource string
		want            int64
	}{
		"an opaque token":                 {"read offline_access", "", 0},
		"an access token":                 {"read offline_access", issuer, 1},
		"an id_token":                     {"openid offline_access", "", 1},
		"an access token and an id_token": {"openid offline_access", issuer, 2},
	} {
		n, tokens := signatures(redemption(w.code("scope", c.scope, "resource", c.resource)))
		if n != c.want {
			t.Errorf("%s costs %d signatures", name, n)
		}
		if n, _ := signatures(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.JSON("refresh_token")}}); n != c.want {
			t.Errorf("%s, refreshed, costs %d signatures", name, n)
		}
	}
	if n, _ := signatures(url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}, "resource": {issuer}}); n != 1 {
		t.Errorf("a client's own token costs %d signatures", n)
	}
	for range 5 {
		first := w.Client().Get(oauthServer).Want(t, 200, "").Body
		if second := w.Client().Get(openIDConfig).Want(t, 200, "").Body; first == "" || first != second {
			t.Error("the documents differ")
		}
	}
	if n := keys.described.Load(); n != 1 {
		t.Errorf("the document was made %d times", n)
	}
}

// A document belongs to a base URL: a server with several has several.
func TestDocumentsOfBaseURLs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{}, func(_ *authtest.Env, o *core.Options) {
		o.BaseURL = ""
		o.DynamicBaseURL = &core.DynamicBaseURL{AllowedHosts: []string{"localhost:3000", "a.example", "b.example"}, Fallback: authtest.BaseURL}
	})
	for range 2 {
		for _, host := range []string{"a.example", "b.example"} {
			res := &core.Response{}
			w.Auth.Serve(t.Context(), &core.Request{Method: "GET", Path: "/api/auth" + openIDConfig, Scheme: "https", Host: host}, res)
			if got := string(res.Body); res.Status != 200 || member(got, "issuer") != `"issuer":"https://`+host+`/api/auth"` {
				t.Errorf("%s: %d %s", host, res.Status, got)
			}
		}
	}
}
