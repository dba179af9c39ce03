package mcp

import (
	"net/url"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/internal/oauthapps"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider"
)

// A grant whose authorization request names no resource is for the first.
func TestOP23ResourcesAfterTheConsent(t *testing.T) {
	t.Parallel()
	one, two := authtest.BaseURL+"/mcp", authtest.BaseURL+"/admin"
	w := newWorld(t, Options{Resources: []string{one, two}})
	want(t, w.form(tokenPath, redemption(w.code(), "resource", two)), 400, "invalid_target")
	tokens := w.form(tokenPath, redemption(w.code(), "resource", one)).Want(t, 200, "")
	want(t, w.form(tokenPath, refreshment(tokens.JSON("refresh_token"), "resource", two)), 400, "invalid_target")
	w.form(tokenPath, refreshment(tokens.JSON("refresh_token"), "resource", one)).Want(t, 200, "")
	named := w.form(tokenPath, redemption(w.code("resource", two), "resource", two)).Want(t, 200, "")
	w.form(tokenPath, refreshment(named.JSON("refresh_token"), "resource", two)).Want(t, 200, "")
	// The page says for what a client asks.
	page := w.ask(w.browser, w.query("resource", two, "prompt", "consent"))
	_, raw, _ := strings.Cut(page.Header.Get("Location"), "?")
	if a := w.browser.Get("/oauth2/consent-page?" + raw); !strings.Contains(a.Body, "<code>"+two+"</code>") {
		t.Errorf("%d %s", a.Status, a.Body)
	}
}

// With the pages of two clients open, an answer says for which it is.
func TestOP13ConsentByCookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	page := func() url.Values { _, q := place(w.ask(w.browser, w.query("prompt", "consent"))); return q }
	page()
	page() // of the same client
	w.browser.Post("/oauth2/consent", object{"accept": true}).Want(t, 200, "")
	first := page()
	w.id, w.secret = w.register(object{"client_name": "Other"})
	second := page()
	want(t, w.browser.Post("/oauth2/consent", object{"accept": true}), 401, "invalid_request")
	page()
	want(t, w.browser.Post("/oauth2/consent", object{"accept": true}), 401, "invalid_request")
	for _, q := range []url.Values{first, second} {
		w.browser.Post("/oauth2/consent", object{"accept": true, "consent_code": q.Get("consent_code")}).Want(t, 200, "")
	}
}

type object = map[string]any

// The token of a client that acts for itself has no user.
func TestOP26MachinesAtTheGuard(t *testing.T) {
	t.Parallel()
	resource := authtest.BaseURL + "/mcp"
	provider := oauthprovider.New(oauthprovider.Options{ValidAudiences: []string{resource}, Scopes: []string{"openid", "notes:read"}})
	e := authtest.New(t, nil, emailpassword.New(emailpassword.Options{}), provider, jwt.New(jwt.Options{}), Protect(ResourceOptions{Resources: []string{resource}}))
	client, err := provider.AdminCreateClient.Call(t.Context(), &oauthprovider.AdminClientInput{Fields: oauthprovider.Fields{RedirectURIs: []string{callback}, GrantTypes: []string{"client_credentials"}}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Env: e, t: t, id: client.ID(), secret: client.Secret}
	token := "Bearer " + w.form("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "resource": {resource}, "scope": {"notes:read"}}).Want(t, 200, "").JSON("access_token")
	if a := callGuard(e.Auth, "/mcp", token, Require("notes:read")); a.Code != 401 {
		t.Errorf("a token without a user: %d", a.Code)
	}
	// The handler of the test asks for a user.
	if a := callGuard(e.Auth, "/mcp", token, Route{Machines: true}.Require("notes:read")); a.Code != 418 {
		t.Errorf("a route for machines: %d %s", a.Code, a.Body)
	}
}

// Anybody registers clients, so that a row stays small.
func TestOP11RowsOfRegistrations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{}, func(_ *authtest.Env, o *core.Options) { o.RateLimit.Disabled = true })
	uris := make([]string, 60)
	for i := range uris {
		uris[i] = callback + "/" + strings.Repeat("a", 2000)
	}
	for name, body := range map[string]object{
		"URIs":     {"redirect_uris": uris},
		"together": {"redirect_uris": uris[:4], "metadata": object{"a": strings.Repeat("a", 8000)}, "client_name": strings.Repeat("n", 1000)},
	} {
		if a := w.Client().Post(registerPath, body); a.Status != 400 || !strings.HasPrefix(a.JSON("error"), "invalid_") {
			t.Errorf("%s: %d", name, a.Status)
		}
	}
	w.Client().Post(registerPath, object{"redirect_uris": uris[:4]}).Want(t, 201, "")
}

// A secret that Better Auth has kept as it is does not stay so.
func TestOP24SecretsOfBetterAuth(t *testing.T) {
	t.Parallel()
	for _, keys := range []bool{true, false} {
		w := newWorld(t, Options{UseJWTPlugin: keys})
		secret := strings.Repeat("Ab", 16)
		if _, err := w.Auth.DB().UpdateMany(t.Context(), oauthapps.ModelClient, adapter.By("clientId", w.id), adapter.Record{"clientSecret": secret}); err != nil {
			t.Fatal(err)
		}
		kept := func() string {
			row, err := w.Auth.DB().FindOne(t.Context(), adapter.Find{Model: oauthapps.ModelClient, Where: adapter.By("clientId", w.id)})
			if err != nil {
				t.Fatal(err)
			}
			text, _ := row["clientSecret"].(string)
			return text
		}
		w.secret = "wrong"
		want(t, w.form(tokenPath, redemption(w.code())), 401, "invalid_client")
		if kept() != secret {
			t.Error("a wrong secret has changed the row")
		}
		for range 2 {
			w.secret = secret
			w.form(tokenPath, redemption(w.code())).Want(t, 200, "")
			if kept() == secret {
				t.Error("the secret is kept as it is")
			}
		}
	}
}

// A document that follows the host of the request is kept by no cache.
func TestOP22DocumentsOfSeveralHosts(t *testing.T) {
	t.Parallel()
	for _, dynamic := range []bool{false, true} {
		w := newWorld(t, Options{}, func(_ *authtest.Env, o *core.Options) {
			if dynamic {
				o.BaseURL, o.DynamicBaseURL = "", &core.DynamicBaseURL{AllowedHosts: []string{"localhost:3000"}}
			}
		})
		for _, path := range []string{oauthServer, protectedPath} {
			if a := w.Client().Get(path).Want(t, 200, ""); (a.Header.Get("Cache-Control") == "no-store") != dynamic {
				t.Errorf("dynamic %v: %s", dynamic, a.Header.Get("Cache-Control"))
			}
		}
	}
}
