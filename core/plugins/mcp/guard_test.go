package mcp

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/nethttp"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider"
)

// call sends a request to a guarded route of the application.
func call(a *core.Auth, path, authorization string, scopes ...string) *httptest.ResponseRecorder {
	return callGuard(a, path, authorization, Require(scopes...))
}

func callGuard(a *core.Auth, path, authorization string, guard core.Guard) *httptest.ResponseRecorder {
	handler := nethttp.Require(guard)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t, ok := TokenFrom(r.Context())
		if !ok || t.User == nil {
			http.Error(w, "no token", http.StatusTeapot)
			return
		}
		_, _ = w.Write([]byte(t.User.Email + " " + t.ClientID))
	}))
	r := httptest.NewRequest("POST", authtest.BaseURL+path, strings.NewReader("{}"))
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	w := httptest.NewRecorder()
	nethttp.Middleware(a)(handler).ServeHTTP(w, r)
	return w
}

func TestOP26Guard(t *testing.T) {
	t.Parallel()
	const document = `resource_metadata="` + authtest.BaseURL + `/.well-known/oauth-protected-resource"`
	w := newWorld(t, Options{Scopes: []string{"files:read", "files:write"}})
	tokens := w.form(tokenPath, redemption(w.code("scope", "openid files:read"))).Want(t, 200, "")
	access := "Bearer " + tokens.JSON("access_token")
	for _, c := range []struct {
		name, authorization string
		scopes              []string
		status              int
		challenge           string
	}{
		{"none", "", nil, 401, "Bearer " + document},
		{"none, with scopes", "", []string{"files:read"}, 401, "Bearer " + document},
		{"unknown", "Bearer nonsense", nil, 401, `Bearer error="invalid_token", error_description="The access token is not valid", ` + document},
		{"another scheme", "Basic " + tokens.JSON("access_token"), nil, 401, "Bearer " + document},
		{"an id_token", "Bearer " + tokens.JSON("id_token"), nil, 401, `Bearer error="invalid_token", error_description="The access token is not valid", ` + document},
		{"good", access, nil, 200, ""},
		{"good, with another case", "bearer " + tokens.JSON("access_token"), []string{"files:read"}, 200, ""},
		{"a scope", access, []string{"openid", "files:read"}, 200, ""},
		{"a scope too few", access, []string{"files:read", "files:write"}, 403, `Bearer error="insufficient_scope", error_description="The access token lacks a scope", scope="files:read files:write", ` + document},
	} {
		a := call(w.Auth, "/mcp", c.authorization, c.scopes...)
		if a.Code != c.status || a.Header().Get("WWW-Authenticate") != c.challenge {
			t.Errorf("%s: %d %s %q", c.name, a.Code, a.Body, a.Header().Get("WWW-Authenticate"))
		}
		if c.status == 200 && a.Body.String() != "ada@example.com "+w.id {
			t.Errorf("%s: %s", c.name, a.Body)
		}
		if c.status != 200 && !strings.Contains(a.Body.String(), `{"jsonrpc":"2.0","error":{"code":-32000,"message":`) {
			t.Errorf("%s: %s", c.name, a.Body)
		}
	}
	// A cookie of a session is no token.
	r := httptest.NewRequest("POST", authtest.BaseURL+"/mcp", nil)
	r.Header.Set("Cookie", w.browser.CookieHeader())
	rec := httptest.NewRecorder()
	nethttp.Middleware(w.Auth)(nethttp.Require(Require())(http.NotFoundHandler())).ServeHTTP(rec, r)
	if rec.Code != 401 {
		t.Errorf("a cookie lets in: %d", rec.Code)
	}
	w.Clock.Add(2 * time.Hour)
	if a := call(w.Auth, "/mcp", access); a.Code != 401 {
		t.Errorf("an expired token: %d", a.Code)
	}
}

func TestOP26GuardOfResources(t *testing.T) {
	t.Parallel()
	one, two := authtest.BaseURL+"/mcp", authtest.BaseURL+"/mcp/inner"
	w := newWorld(t, Options{Resources: []string{one, two}})
	token := func(resource string) string {
		return "Bearer " + w.form(tokenPath, redemption(w.code("resource", resource))).Want(t, 200, "").JSON("access_token")
	}
	unnamed, first, second := token(""), token(one), token(two)
	for _, c := range []struct {
		path, token, where string
		status             int
	}{
		{"/mcp", unnamed, "", 200}, {"/mcp", first, "", 200}, {"/mcp/", first, "", 200}, {"/mcp", second, "/mcp", 401},
		{"/mcp/inner/x", second, "", 200}, {"/mcp/inner", first, "/mcp/inner", 401}, {"/mcp/inner", unnamed, "/mcp/inner", 401}, {"/mcpx", second, "", 401},
		{"/mcpx", first, "", 401}, {"/", first, "", 401}, {"/mcp/%69nner", first, "", 401}, {"/mcp/INNER", first, "", 401}, {"/mcp//inner", first, "", 401},
		{"/mcp/x/../inner", first, "", 401}, {"/mcp/%2569nner", first, "", 401}, {"/mcp/INNER", second, "", 401}, {"/mcp/100%25", first, "", 200},
	} {
		a := call(w.Auth, c.path, c.token)
		if a.Code != c.status || c.where != "" && !strings.Contains(a.Header().Get("WWW-Authenticate"), "/.well-known/oauth-protected-resource"+c.where+`"`) {
			t.Errorf("%s: %d %s %s", c.path, a.Code, a.Body, a.Header().Get("WWW-Authenticate"))
		}
	}
}

// A route that names its resource needs no path of its own, and takes tokens that name it alone.
func TestOP26GuardThatNamesItsResource(t *testing.T) {
	t.Parallel()
	one, two := authtest.BaseURL+"/mcp", authtest.BaseURL+"/admin"
	w := newWorld(t, Options{Resources: []string{one, two}})
	token := func(resource string) string {
		return "Bearer " + w.form(tokenPath, redemption(w.code("resource", resource))).Want(t, 200, "").JSON("access_token")
	}
	unnamed, first, second := token(""), token(one), token(two)
	for _, c := range []struct {
		resource, token string
		status          int
	}{
		{two, first, 401}, {two, unnamed, 401}, {two, second, 200}, {one, unnamed, 401}, {one, first, 200}, {one + "/", first, 200},
		{"https://other.example/mcp", first, 500},
	} {
		if a := callGuard(w.Auth, "/elsewhere", c.token, Route{Resource: c.resource}.Require()); a.Code != c.status {
			t.Errorf("%s: %d %s", c.resource, a.Code, a.Body)
		}
	}
}

func TestGuardWithOAuthProvider(t *testing.T) {
	t.Parallel()
	for _, noJWT := range []bool{false, true} {
		resource, other := authtest.BaseURL+"/mcp", "https://other.example/mcp"
		provider := oauthprovider.New(oauthprovider.Options{ValidAudiences: []string{resource, other}, DisableJWTPlugin: noJWT})
		plugins := []core.Plugin{emailpassword.New(emailpassword.Options{}), provider, Protect(ResourceOptions{Resources: []string{resource}})}
		if !noJWT {
			plugins = append(plugins, jwt.New(jwt.Options{}))
		}
		e := authtest.New(t, nil, plugins...)
		w := &world{Env: e, t: t, browser: e.Client()}
		w.browser.Post("/sign-up/email", map[string]any{"name": "Ada Lovelace", "email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
		client, err := provider.AdminCreateClient.Call(t.Context(), &oauthprovider.AdminClientInput{Fields: oauthprovider.Fields{RedirectURIs: []string{callback}}})
		if err != nil {
			t.Fatal(err)
		}
		w.id, w.secret = client.ID(), client.Secret
		token := func(resource string) string {
			a := w.browser.Get("/oauth2/authorize?"+w.query("resource", resource).Encode(), navigate())
			at, q := place(a)
			if strings.HasSuffix(at, "consent-page") {
				_, raw, _ := strings.Cut(a.Header.Get("Location"), "?")
				b := w.browser.Post("/oauth2/consent", map[string]any{"accept": true, "oauth_query": raw}).Want(t, 200, "")
				u, _ := url.Parse(b.JSON("url"))
				q = u.Query()
			}
			return "Bearer " + w.form("/oauth2/token", redemption(q.Get("code"))).Want(t, 200, "").JSON("access_token")
		}
		good := token(resource)
		if a := call(e.Auth, "/mcp", good, "openid"); a.Code != 200 || a.Body.String() != "ada@example.com "+w.id {
			t.Errorf("%d %s", a.Code, a.Body)
		}
		for _, bad := range []string{token(other), token("")} {
			if a := call(e.Auth, "/mcp", bad); a.Code != 401 {
				t.Errorf("a token for another resource: %d", a.Code)
			}
		}
		res := &core.Response{}
		e.Auth.Serve(t.Context(), &core.Request{Method: "GET", Path: "/.well-known/oauth-protected-resource/mcp", Scheme: "http", Host: "localhost:3000"}, res)
		if !strings.Contains(string(res.Body), `"resource":"`+resource+`","authorization_servers":["`+authtest.BaseURL+`/api/auth"]`) {
			t.Errorf("%d %s", res.Status, res.Body)
		}
	}
}

func TestGuardWithoutPlugin(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, nil, emailpassword.New(emailpassword.Options{}))
	if a := call(e.Auth, "/mcp", "Bearer x"); a.Code != 500 {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if err := core.Check(t.Context(), Require()); err == nil || err.Status != 500 {
		t.Errorf("%v", err)
	}
}
