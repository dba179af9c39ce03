package mcp

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider"
	"github.com/advantch/kernia-go/core/plugins/oidcprovider"
)

func TestFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	// Anybody registers, and a public client has no secret.
	a := w.Client().Post(registerPath, map[string]any{
		"redirect_uris": []string{"http://127.0.0.1:5000/cb"}, "client_name": "Assistant", "token_endpoint_auth_method": "none", "grant_types": []string{"authorization_code", "refresh_token"},
		"response_types": []string{"code"},
	}).Want(t, 201, "")
	if a.JSON("client_secret") != "" || a.JSON("client_id") == "" || strings.Contains(a.Body, "client_secret_expires_at") {
		t.Fatalf("%s", a.Body)
	}
	w.id, w.secret = a.JSON("client_id"), ""
	// Without a session the login page gets the request, and the sign-in continues it, to the
	// page of consent: an application that has just registered is asked for.
	back := "http://127.0.0.1:61234/cb"
	other := w.Client()
	page := w.ask(other, w.query("redirect_uri", back, "resource", authtest.BaseURL))
	if at, q := place(page); page.Status != 302 || at != "/login" || q.Get("client_id") != w.id {
		t.Fatalf("%d %s %v", page.Status, at, q)
	}
	a = other.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": "correct horse"})
	at, q := place(a)
	if !strings.HasSuffix(at, "/oauth2/consent-page") {
		t.Fatalf("%d %s %v", a.Status, at, q)
	}
	a = other.Post("/oauth2/consent", map[string]any{"accept": true, "consent_code": q.Get("consent_code")}).Want(t, 200, "")
	u, _ := url.Parse(a.JSON("redirectURI"))
	tokens := w.form(tokenPath, redemption(u.Query().Get("code"), "client_id", w.id, "redirect_uri", back, "resource", authtest.BaseURL)).Want(t, 200, "")
	if tokens.JSON("refresh_token") == "" || tokens.JSON("token_type") != "Bearer" {
		t.Errorf("%s", tokens.Body)
	}
	access := tokens.JSON("access_token")
	session := w.Client().Get(sessionPath, bearer(access)).Want(t, 200, "")
	if session.JSON("accessToken") != access || session.JSON("clientId") != w.id || session.JSON("scopes") != "openid profile email offline_access" || session.JSON("userId") == "" {
		t.Errorf("%s", session.Body)
	}
	// Whoever has the access token does not get the refresh token from it.
	if strings.Contains(session.Body, "refreshToken\"") {
		t.Errorf("%s", session.Body)
	}
	w.Client().Get(userInfoPath, bearer(access)).Want(t, 200, "")
	next := w.form(tokenPath, refreshment(tokens.JSON("refresh_token"), "client_id", w.id)).Want(t, 200, "")
	if body := w.Client().Get(sessionPath, bearer(next.JSON("access_token"))).Body; body == "null" {
		t.Error("the refreshed token has no session")
	}
	for _, header := range [][]core.HeaderField{nil, {bearer("")}, {bearer("nonsense")}, {bearer(tokens.JSON("refresh_token"))}} {
		if body := w.Client().Get(sessionPath, header...).Want(t, 200, "").Body; body != "null" {
			t.Errorf("%v: %s", header, body)
		}
	}
	w.Clock.Add(2 * time.Hour)
	if body := w.Client().Get(sessionPath, bearer(next.JSON("access_token"))).Body; body != "null" {
		t.Errorf("OP-26 an expired token has a session: %s", body)
	}
}

func TestOP06AlwaysPKCE(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	for _, change := range [][]string{{"code_challenge", "", "code_challenge_method", ""}, {"code_challenge_method", "plain"}, {"code_challenge_method", ""}} {
		if at, q := place(w.ask(w.browser, w.query(append(change, "scope", "openid")...))); at != callback || q.Get("error") != "invalid_request" {
			t.Errorf("%v: %s %v", change, at, q)
		}
	}
}

func TestOP07RefreshNeedsTheClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	tokens := w.form(tokenPath, redemption(w.code())).Want(t, 200, "")
	want(t, w.form(tokenPath, refreshment(tokens.JSON("refresh_token"), "client_id", w.id)), 401, "invalid_client")
	want(t, w.form(tokenPath, refreshment(tokens.JSON("refresh_token"), "client_id", w.id, "client_secret", "wrong")), 401, "invalid_client")
	a := w.form(tokenPath, refreshment(tokens.JSON("refresh_token")), basic(w.id, w.secret), core.HeaderField{Name: "Origin", Value: "https://evil.example"}).Want(t, 200, "")
	if a.Header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("any page may read tokens: %v", a.Header)
	}
}

func TestOP13ConsentIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	if at, _ := place(w.ask(w.browser, w.query())); !strings.HasSuffix(at, "/oauth2/consent-page") {
		t.Errorf("a new client gets a code without a question: %s", at)
	}
}

func TestOP23Resources(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{Resources: []string{"https://app.example.com/mcp", "https://app.example.com/other"}})
	for _, bad := range []string{"https://evil.example/", "https://app.example.com/mcp#x", "mcp", "https://app.example.com/mcp/x"} {
		if at, q := place(w.ask(w.browser, w.query("resource", bad))); at != callback || q.Get("error") != "invalid_target" {
			t.Errorf("%q: %s %v", bad, at, q)
		}
	}
	code := w.code("resource", "https://app.example.com/mcp")
	want(t, w.form(tokenPath, redemption(code, "resource", "https://app.example.com/other")), 400, "invalid_target")
	tokens := w.form(tokenPath, redemption(w.code("resource", "https://app.example.com/mcp"))).Want(t, 200, "")
	want(t, w.form(tokenPath, refreshment(tokens.JSON("refresh_token"), "resource", "https://app.example.com/other")), 400, "invalid_target")
	w.form(tokenPath, refreshment(tokens.JSON("refresh_token"), "resource", "https://app.example.com/mcp")).Want(t, 200, "")
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	get := func(a *core.Auth, path string) string {
		res := &core.Response{}
		a.Serve(t.Context(), &core.Request{Method: "GET", Path: path, Scheme: "http", Host: "localhost:3000"}, res)
		return string(res.Body)
	}
	plain := newWorld(t, Options{Scopes: []string{"files:read"}}).Auth
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/api/auth/.well-known/oauth-authorization-server"} {
		body := get(plain, path)
		for _, part := range []string{`"issuer":"` + authtest.BaseURL + `"`, `/api/auth/mcp/register"`, `/api/auth/mcp/token"`, `"none"`, `"code_challenge_methods_supported":["S256"]`, `files:read`, `/api/auth/mcp/userinfo"`} {
			if !strings.Contains(body, part) {
				t.Errorf("%s lacks %s: %s", path, part, body)
			}
		}
		if strings.Contains(body, "jwks_uri") || strings.Contains(body, "end_session") { // OP-22
			t.Errorf("%s", body)
		}
	}
	for _, path := range []string{"/.well-known/oauth-protected-resource", "/api/auth/.well-known/oauth-protected-resource"} {
		if body := get(plain, path); !strings.Contains(body, `"resource":"`+authtest.BaseURL+`","authorization_servers":["`+authtest.BaseURL+`"]`) {
			t.Errorf("%s: %s", path, body)
		}
	}
	several := newWorld(t, Options{Resources: []string{"https://app.example.com/mcp", "https://app.example.com/other/"}}).Auth
	for path, resource := range map[string]string{
		"/.well-known/oauth-protected-resource/mcp": "https://app.example.com/mcp", "/.well-known/oauth-protected-resource/other": "https://app.example.com/other/",
		"/.well-known/oauth-protected-resource": "https://app.example.com/mcp", "/api/auth/.well-known/oauth-protected-resource": "https://app.example.com/mcp",
	} {
		if body := get(several, path); !strings.Contains(body, `"resource":"`+resource+`"`) {
			t.Errorf("%s: %s", path, body)
		}
	}
	keys := newWorld(t, Options{UseJWTPlugin: true}).Auth
	if body := get(keys, "/.well-known/oauth-authorization-server"); !strings.Contains(body, `"jwks_uri":"`+authtest.BaseURL+`/api/auth/jwks"`) {
		t.Errorf("%s", body)
	}
}

// Clients ask for what the document of the resource lists, and not for all of the server.
func TestScopesOfAResource(t *testing.T) {
	t.Parallel()
	resource := authtest.BaseURL + "/mcp"
	for want, scopes := range map[string][]string{
		`"scopes_supported":["openid","offline_access","notes:read"]`: nil, `"scopes_supported":["notes:read","offline_access"]`: {"notes:read", "offline_access"},
	} {
		provider := oauthprovider.New(oauthprovider.Options{ValidAudiences: []string{resource}, Scopes: []string{"openid", "offline_access", "notes:read"}})
		e := authtest.New(t, nil, emailpassword.New(emailpassword.Options{}), provider, jwt.New(jwt.Options{}), Protect(ResourceOptions{Resources: []string{resource}, Scopes: scopes}))
		res := &core.Response{}
		e.Auth.Serve(t.Context(), &core.Request{Method: "GET", Path: "/.well-known/oauth-protected-resource/mcp", Scheme: "http", Host: "localhost:3000"}, res)
		if !strings.Contains(string(res.Body), want) {
			t.Errorf("%d %s, want %s", res.Status, res.Body, want)
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	provider := func(audiences ...string) []core.Plugin {
		return []core.Plugin{jwt.New(jwt.Options{}), oauthprovider.New(oauthprovider.Options{ValidAudiences: audiences})}
	}
	good := Options{LoginPage: "/login"}
	for name, c := range map[string]struct {
		plugins []core.Plugin
		part    string
	}{
		"no login page":               {[]core.Plugin{New(Options{})}, "LoginPage"},
		"no URL":                      {[]core.Plugin{New(Options{LoginPage: "/login", Resources: []string{"/mcp"}})}, "Resources"},
		"one path twice":              {[]core.Plugin{New(Options{LoginPage: "/login", Resources: []string{"https://a.example/mcp", "https://b.example/mcp/"}})}, "two URLs"},
		"beside oauth-provider":       {append(provider(), New(good)), "mcp.Protect"},
		"beside oidc-provider":        {[]core.Plugin{oidcprovider.New(oidcprovider.Options{LoginPage: "/login"}), New(good)}, "oidc-provider"},
		"without the plugin jwt":      {[]core.Plugin{New(Options{LoginPage: "/login", UseJWTPlugin: true})}, "jwt"},
		"nothing to protect":          {append(provider(), Protect(ResourceOptions{})), "Resources"},
		"protect without a server":    {[]core.Plugin{Protect(ResourceOptions{Resources: []string{"https://a.example/mcp"}})}, "oauth-provider"},
		"a scope of nobody":           {append(provider("https://a.example/mcp"), Protect(ResourceOptions{Resources: []string{"https://a.example/mcp"}, Scopes: []string{"notes:all"}})), "ResourceOptions.Scopes"},
		"a resource without audience": {append(provider(), Protect(ResourceOptions{Resources: []string{"https://a.example/mcp"}})), "ValidAudiences"},
	} {
		_, err := core.New(core.Options{BaseURL: authtest.BaseURL, Secret: authtest.Secret, Database: memory.New(), Plugins: append([]core.Plugin{emailpassword.New(emailpassword.Options{})}, c.plugins...)})
		if err == nil || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, ok := TokenFrom(context.Background()); ok {
		t.Error("a token from nowhere")
	}
}
