package oidcprovider

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
	"github.com/advantch/kernia-go/core/plugins/oauthprovider"
)

func TestCodeFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	// Without a session the login page gets the request, and any sign-in continues it.
	other := w.Client()
	page := w.ask(other, w.query())
	if at, q := place(page); page.Status != 302 || at != "/login" || q.Get("state") != "state-1" || q.Get("sig") != "" {
		t.Fatalf("%d %s %v", page.Status, at, q)
	}
	a := other.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": "correct horse"}, core.HeaderField{Name: "Sec-Fetch-Mode", Value: "cors"}).Want(t, 200, "")
	next, _ := url.Parse(a.JSON("url"))
	if a.JSON("redirect") != "true" || next.Path != "/api/auth/oauth2/consent-page" || next.Query().Get("client_id") != w.id || next.Query().Get("scope") != "openid profile email offline_access" {
		t.Fatalf("after the sign-in: %s", a.Body)
	}
	shown := other.Get("/oauth2/consent-page?"+next.RawQuery, navigate()).Want(t, 200, "")
	for _, part := range []string{"Relying &lt;Party&gt;", "rp.example", "Ada Lovelace", "Keep this access"} {
		if !strings.Contains(shown.Body, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	// The cookie names the request as well as the address.
	a = other.Post("/oauth2/consent", map[string]any{"accept": true}).Want(t, 200, "")
	back, _ := url.Parse(a.JSON("redirectURI"))
	if !strings.HasPrefix(a.JSON("redirectURI"), callback+"?") || back.Query().Get("state") != "state-1" || back.Query().Get("iss") != issuer {
		t.Fatalf("after the consent: %s", a.Body)
	}
	tokens := w.form(tokenPath, redemption(back.Query().Get("code"))).Want(t, 200, "")
	if tokens.JSON("token_type") != "Bearer" || tokens.JSON("expires_in") != "3600" || tokens.JSON("refresh_token") == "" || tokens.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s", tokens.Body)
	}
	head, _, _ := strings.Cut(tokens.JSON("id_token"), ".")
	claims := claimsOf(t, tokens.JSON("id_token"))
	for _, part := range []string{`"iss":"` + issuer + `"`, `"aud":"` + w.id + `"`, `"nonce":"nonce-1"`, `"auth_time":`, `"at_hash":`, `"email":"ada@example.com"`, `"given_name":"Ada"`} {
		if !strings.Contains(claims, part) || head != "eyJhbGciOiJIUzI1NiJ9" {
			t.Errorf("the id_token lacks %s: %s", part, claims)
		}
	}
	info := w.Client().Get(userInfoPath, bearer(tokens.JSON("access_token"))).Want(t, 200, "")
	if info.JSON("sub") == "" || info.JSON("email") != "ada@example.com" || info.JSON("family_name") != "Lovelace" {
		t.Errorf("userinfo: %s", info.Body)
	}
	// Once agreed, nothing is asked again.
	if at, q := place(w.ask(other, w.query("prompt", "none"))); at != callback || q.Get("code") == "" {
		t.Errorf("prompt=none: %s %v", at, q)
	}
}

func TestSignInOfAPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.code()
	other := w.Client()
	w.ask(other, w.query())
	// A form that the browser posts itself is redirected.
	a := other.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": "correct horse"})
	if at, q := place(a); a.Status != 302 || at != callback || q.Get("code") == "" {
		t.Errorf("%d %s %v", a.Status, at, q)
	}
	// The next sign-in is one.
	other.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
	// prompt=login asks again, once.
	w.Clock.Add(time.Minute)
	if at, _ := place(w.ask(other, w.query("prompt", "login"))); at != "/login" {
		t.Fatalf("prompt=login: %s", at)
	}
	w.Clock.Add(time.Minute)
	a = other.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": "correct horse"})
	if at, q := place(a); at != callback || q.Get("code") == "" {
		t.Errorf("after prompt=login: %s %v", at, q)
	}
	// A failed sign-in keeps the request.
	third := w.Client()
	w.ask(third, w.query())
	third.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": "wrong horse"}).Want(t, 401, "INVALID_CREDENTIALS")
	if at, _ := place(third.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": "correct horse"})); at != callback {
		t.Errorf("after a failed sign-in: %s", at)
	}
}

func TestConsentAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	if q := w.consent(w.browser, w.ask(w.browser, w.query()), false); q.Get("error") != "access_denied" || q.Get("state") != "state-1" {
		t.Errorf("denied: %v", q)
	}
	want(t, w.Client().Post("/oauth2/consent", map[string]any{"accept": true}), 401, "")
	fresh := w.Client()
	fresh.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
	a := want(t, fresh.Post("/oauth2/consent", map[string]any{"accept": true}), 401, "invalid_request")
	if a.JSON("error_description") != "consent_code is required (either in body or cookie)" {
		t.Errorf("%s", a.Body)
	}
	want(t, fresh.Post("/oauth2/consent", map[string]any{"accept": true, "consent_code": "nonsense"}), 401, "invalid_request")
	_, q := place(w.ask(w.browser, w.query()))
	w.Clock.Add(11 * time.Minute)
	if a := want(t, w.browser.Post("/oauth2/consent", map[string]any{"accept": true, "consent_code": q.Get("consent_code")}), 401, "invalid_request"); a.JSON("error_description") != "Code expired" {
		t.Errorf("%s", a.Body)
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	first := w.form(tokenPath, redemption(w.code())).Want(t, 200, "")
	w.Clock.Add(time.Hour)
	w.Client().Get(userInfoPath, bearer(first.JSON("access_token"))).Want(t, 401, "")
	narrow := w.form(tokenPath, refreshment(first.JSON("refresh_token"), "scope", "openid")).Want(t, 200, "")
	if narrow.JSON("scope") != "openid" {
		t.Errorf("narrowed: %s", narrow.Body)
	}
	if info := w.Client().Get(userInfoPath, bearer(narrow.JSON("access_token"))).Want(t, 200, ""); info.JSON("email") != "" {
		t.Errorf("the narrowed token tells %s", info.Body)
	}
	// A narrowed refresh does not narrow the grant (RFC 6749 6).
	full := w.form(tokenPath, refreshment(narrow.JSON("refresh_token"))).Want(t, 200, "")
	if full.JSON("scope") != "openid profile email offline_access" {
		t.Errorf("the grant was narrowed: %s", full.Body)
	}
	want(t, w.form(tokenPath, refreshment(full.JSON("refresh_token"), "scope", "openid admin")), 400, "invalid_scope")
	// OP-07: a token that comes again ends the family.
	want(t, w.form(tokenPath, refreshment(first.JSON("refresh_token"))), 400, "invalid_grant")
	want(t, w.form(tokenPath, refreshment(full.JSON("refresh_token"))), 400, "invalid_grant")
	w.Client().Get(userInfoPath, bearer(full.JSON("access_token"))).Want(t, 401, "")
	// Without offline_access there is none.
	if a := w.form(tokenPath, redemption(w.code("scope", "openid"))).Want(t, 200, ""); a.JSON("refresh_token") != "" {
		t.Errorf("%s", a.Body)
	}
	want(t, w.form(tokenPath, refreshment("unknown")), 400, "invalid_grant")
	want(t, w.form(tokenPath, refreshment("")), 400, "invalid_request")
}

// What Better Auth has stored counts: tokens as they are, secrets as they are, and clients
// without PKCE.
func TestRowsOfBetterAuth(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	ctx := t.Context()
	db := w.Auth.DB()
	user, err := db.FindOne(ctx, adapter.Find{Model: core.ModelUser})
	if err != nil {
		t.Fatal(err)
	}
	now := w.Clock.Now()
	const secret, access, refresh = "abcdefghijklmnopqrstuvwxyzABCDEF", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef", "zyxwvutsrqponmlkjihgfedcbaABCDEF"
	for _, one := range []struct {
		model string
		row   adapter.Record
	}{
		{"oauthApplication", adapter.Record{"name": "Old", "clientId": "old", "clientSecret": secret, "redirectUrls": callback + ",https://rp.example/two", "type": "web", "createdAt": now, "updatedAt": now}},
		{"oauthAccessToken", adapter.Record{
			"accessToken": access, "refreshToken": refresh, "accessTokenExpiresAt": now.Add(time.Hour), "refreshTokenExpiresAt": now.Add(24 * time.Hour), "clientId": "old",
			"userId": user["id"], "scopes": "openid email offline_access", "createdAt": now, "updatedAt": now,
		}},
	} {
		if _, err := db.Create(ctx, one.model, one.row); err != nil {
			t.Fatal(err)
		}
	}
	w.id, w.secret = "old", secret
	info := w.Client().Get(userInfoPath, bearer(access)).Want(t, 200, "")
	if info.JSON("email") != "ada@example.com" {
		t.Errorf("%s", info.Body)
	}
	row, err := db.FindOne(ctx, adapter.Find{Model: "oauthAccessToken"})
	if err != nil || row["accessToken"] == access {
		t.Errorf("the token is still there: %v", err)
	}
	// OP-24: what stands in the table is no token.
	w.Client().Get(userInfoPath, bearer(row["accessToken"].(string))).Want(t, 401, "")
	w.Client().Get(userInfoPath, bearer(access)).Want(t, 200, "")
	next := w.form(tokenPath, refreshment(refresh)).Want(t, 200, "")
	w.Client().Get(userInfoPath, bearer(next.JSON("access_token"))).Want(t, 200, "")
	want(t, w.form(tokenPath, refreshment(refresh)), 400, "invalid_grant")
	code := w.code("scope", "openid", "code_challenge", "", "code_challenge_method", "", "redirect_uri", "https://rp.example/two")
	w.form(tokenPath, redemption(code, "code_verifier", "", "redirect_uri", "https://rp.example/two")).Want(t, 200, "")
}

func TestTrustedClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{TrustedClients: []TrustedClient{
		{ClientID: "internal", ClientSecret: "a secret of the program that is long enough", Name: "Dashboard", Icon: "https://rp.example/i.png", RedirectURLs: []string{callback}, SkipConsent: true},
		{ClientID: "app", Name: "App", Type: "public", RedirectURLs: []string{callback}},
		{ClientID: "off", ClientSecret: "another secret of the program that is long", RedirectURLs: []string{callback}, Disabled: true},
	}})
	w.id, w.secret = "internal", "a secret of the program that is long enough"
	if at, q := place(w.ask(w.browser, w.query("prompt", "none"))); at != callback || q.Get("code") == "" {
		t.Errorf("a trusted client is asked: %s %v", at, q)
	}
	w.form(tokenPath, redemption(w.code())).Want(t, 200, "")
	want(t, w.form(tokenPath, redemption(w.code()), basic("internal", "program:a secret of the program that is long enough")), 401, "invalid_client")
	w.id = "app"
	w.form(tokenPath, redemption(w.code(), "client_id", "app")).Want(t, 200, "")
	w.id = "off"
	if at, q := place(w.ask(w.browser, w.query())); at != errorPage || q.Get("error") != "client_disabled" {
		t.Errorf("%s %v", at, q)
	}
	if a := w.browser.Get("/oauth2/client/internal").Want(t, 200, ""); a.Body != `{"clientId":"internal","name":"Dashboard","icon":"https://rp.example/i.png"}` {
		t.Errorf("%s", a.Body)
	}
	want(t, w.browser.Get("/oauth2/client/nobody"), 404, "not_found")
	w.Client().Get("/oauth2/client/internal").Want(t, 401, "UNAUTHORIZED")
	// A program that forgets a client leaves nothing that signs in.
	row, err := w.Auth.DB().FindOne(t.Context(), adapter.Find{Model: "oauthApplication", Where: adapter.By("clientId", "internal")})
	if err != nil || row["disabled"] != true || row["redirectUrls"] != "" || row["clientSecret"] != nil && row["clientSecret"] != "" {
		t.Errorf("the row of a trusted client: %v %v", row, err)
	}
}

func TestSecretStorage(t *testing.T) {
	t.Parallel()
	reverse := func(_ context.Context, text string) (string, error) {
		out := []byte(text)
		for i := range len(out) / 2 {
			out[i], out[len(out)-1-i] = out[len(out)-1-i], out[i]
		}
		return string(out), nil
	}
	for _, c := range []struct {
		name    string
		o       Options
		visible bool
	}{
		{"default", Options{}, false}, {"default with jwt", Options{UseJWTPlugin: true}, false}, {"plain", Options{StoreClientSecret: SecretPlain}, true},
		{"hashed", Options{StoreClientSecret: SecretHashed, UseJWTPlugin: true}, false}, {"encrypted", Options{StoreClientSecret: SecretEncrypted}, false},
		{"own hash", Options{HashClientSecret: reverse, UseJWTPlugin: true}, false}, {"own encryption", Options{EncryptClientSecret: reverse, DecryptClientSecret: reverse}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.o)
			row, err := w.Auth.DB().FindOne(t.Context(), adapter.Find{Model: "oauthApplication", Where: adapter.By("clientId", w.id)})
			if err != nil {
				t.Fatal(err)
			}
			stored, _ := row["clientSecret"].(string)
			if (stored == w.secret) != c.visible {
				t.Errorf("OP-24 stored as %q", stored)
			}
			tokens := w.form(tokenPath, redemption(w.code())).Want(t, 200, "")
			if tokens.JSON("id_token") == "" {
				t.Errorf("no id_token: %s", tokens.Body)
			}
			if !c.visible {
				want(t, w.form(tokenPath, redemption(w.code()), basic(w.id, stored)), 401, "invalid_client")
			}
			want(t, w.form(tokenPath, redemption(w.code()), basic(w.id, w.secret+"x")), 401, "invalid_client")
		})
	}
}

func TestRegister(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	a := w.browser.Post(registerPath, map[string]any{
		"redirect_uris": []string{callback, "http://127.0.0.1/cb"}, "client_name": "App", "logo_uri": "https://rp.example/i.png", "contacts": []string{"a@rp.example"},
		"grant_types": []string{"authorization_code", "refresh_token", "implicit"}, "response_types": []string{"code", "token"}, "metadata": map[string]any{"a": 1}, "scope": "openid email",
	}).Want(t, 201, "")
	for _, part := range []string{`"client_secret_expires_at":0`, `"token_endpoint_auth_method":"client_secret_basic"`, `"grant_types":["authorization_code","refresh_token"]`, `"response_types":["code"]`, `"metadata":{"a":1}`} {
		if !strings.Contains(a.Body, part) {
			t.Errorf("lacks %s: %s", part, a.Body)
		}
	}
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("cached: %v", a.Header)
	}
	public := w.browser.Post(registerPath, map[string]any{"redirect_uris": []string{callback}, "token_endpoint_auth_method": "none"}).Want(t, 201, "")
	if public.JSON("client_secret") != "" {
		t.Errorf("a public client has a secret: %s", public.Body)
	}
	want(t, w.Client().Post(registerPath, map[string]any{"redirect_uris": []string{callback}}), 401, "invalid_token")
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{UseJWTPlugin: true, Metadata: map[string]any{"service_documentation": "https://rp.example/docs", "issuer": "https://evil.example"}})
	for _, path := range []string{"/api/auth/.well-known/openid-configuration", "/.well-known/openid-configuration"} {
		res := &core.Response{}
		w.Auth.Serve(t.Context(), &core.Request{Method: "GET", Path: path, Scheme: "http", Host: "localhost:3000"}, res)
		body := string(res.Body)
		for _, part := range []string{
			`"issuer":"` + issuer + `"`, `"authorization_endpoint":"` + issuer + `/api/auth/oauth2/authorize"`, `"end_session_endpoint":"` + issuer + `/api/auth/oauth2/endsession"`,
			`"code_challenge_methods_supported":["S256"]`, `"jwks_uri":`, `"service_documentation":`, `"response_modes_supported":["query"]`,
		} {
			if res.Status != 200 || !strings.Contains(body, part) {
				t.Errorf("%s lacks %s: %d %s", path, part, res.Status, body)
			}
		}
		for _, part := range []string{"introspection", "revocation", "registration_endpoint", "evil", `"plain"`} { // OP-22
			if strings.Contains(body, part) {
				t.Errorf("%s has %s: %s", path, part, body)
			}
		}
	}
	if doc := newWorld(t, Options{AllowDynamicClientRegistration: true}).Client().Get(openIDConfig).Want(t, 200, ""); !strings.Contains(doc.Body, "/oauth2/register") || strings.Contains(doc.Body, "jwks_uri") || !strings.Contains(doc.Body, `["HS256"]`) {
		t.Errorf("%s", doc.Body)
	}
}

func TestEndSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	tokens := w.form(tokenPath, redemption(w.code("scope", "openid"))).Want(t, 200, "")
	q := url.Values{"id_token_hint": {tokens.JSON("id_token")}, "client_id": {w.id}, "post_logout_redirect_uri": {callback}, "state": {"s"}}
	// OP-21: nothing ends without a token of the server.
	for _, bad := range []url.Values{{}, {"client_id": {w.id}}, changed(url.Values{}, []string{"client_id", w.id, "id_token_hint", tokens.JSON("id_token") + "x"}), {"client_id": {"nobody"}, "id_token_hint": {tokens.JSON("id_token")}}} {
		if a := w.browser.Get(endSessionPath+"?"+bad.Encode(), navigate()); a.Status < 400 || w.browser.Get("/get-session").Body == "null" {
			t.Errorf("%v answers %d %s", bad, a.Status, a.Body)
		}
	}
	if at := w.browser.Get(endSessionPath+"?"+q.Encode(), navigate()).Header.Get("Location"); at != callback+"?state=s" {
		t.Errorf("logout to %q", at)
	}
	if body := w.browser.Get("/get-session").Body; body != "null" {
		t.Errorf("still signed in: %s", body)
	}
	w.Client().Get(userInfoPath, bearer(tokens.JSON("access_token"))).Want(t, 401, "")
	w.browser.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
	tokens = w.form(tokenPath, redemption(w.code("scope", "openid"))).Want(t, 200, "")
	q = url.Values{"id_token_hint": {tokens.JSON("id_token")}, "client_id": {w.id}, "post_logout_redirect_uri": {"https://evil.example"}}
	if a := w.browser.Do("POST", endSessionPath, q.Encode(), core.HeaderField{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}).Want(t, 200, ""); a.Body != `{"success":true,"message":"Logout successful"}` || a.Header.Get("Location") != "" {
		t.Errorf("%s", a.Body)
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{UseJWTPlugin: true, GetAdditionalUserInfoClaim: func(_ context.Context, a ClaimAsk) (map[string]any, error) {
		return map[string]any{"role": "admin", "sub": "evil", "aud": "evil"}, nil
	}})
	tokens := w.form(tokenPath, redemption(w.code())).Want(t, 200, "")
	info := w.Client().Get(userInfoPath, bearer(tokens.JSON("access_token"))).Want(t, 200, "")
	claims := claimsOf(t, tokens.JSON("id_token"))
	if info.JSON("role") != "admin" || !strings.Contains(claims, `"role":"admin"`) || strings.Contains(claims, "evil") || info.JSON("sub") == "evil" { // IDT-12
		t.Errorf("%s %s", info.Body, claims)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	base := func(o Options) Options {
		o.LoginPage = "/login"
		return o
	}
	for name, c := range map[string]struct {
		o    Options
		more []core.Plugin
		part string
	}{
		"no login page":             {Options{}, nil, "LoginPage"},
		"hashed secrets that sign":  {base(Options{StoreClientSecret: SecretHashed}), nil, "StoreClientSecret"},
		"unknown storage":           {base(Options{StoreClientSecret: "rot13"}), nil, "SecretPlain"},
		"a half of a pair":          {base(Options{EncryptClientSecret: func(context.Context, string) (string, error) { return "", nil }}), nil, "DecryptClientSecret"},
		"a default scope":           {base(Options{DefaultScope: "admin"}), nil, "DefaultScope"},
		"a scope with a space":      {base(Options{Scopes: []string{"a b"}}), nil, "Scopes"},
		"half a second":             {base(Options{AccessTokenExpiresIn: time.Second / 2}), nil, "AccessTokenExpiresIn"},
		"a trusted client twice":    {base(Options{TrustedClients: []TrustedClient{{ClientID: "a", Type: "public"}, {ClientID: "a", Type: "public"}}}), nil, "id of its own"},
		"a short secret that signs": {base(Options{TrustedClients: []TrustedClient{{ClientID: "a", ClientSecret: "x"}}}), nil, "32 bytes"},
		"no secret":                 {base(Options{TrustedClients: []TrustedClient{{ClientID: "a"}}}), nil, "no secret"},
		"a dangerous redirect":      {base(Options{TrustedClients: []TrustedClient{{ClientID: "a", Type: "public", RedirectURLs: []string{"javascript:alert(1)"}}}}), nil, "javascript"},
		"an unknown type":           {base(Options{TrustedClients: []TrustedClient{{ClientID: "a", ClientSecret: "x", Type: "robot"}}}), nil, "robot"},
		"without the plugin jwt":    {base(Options{UseJWTPlugin: true}), nil, "jwt"},
		"an unknown table":          {base(Options{Tables: map[string]string{"x": "y"}}), nil, "Options.Tables"},
		"an unknown column":         {base(Options{Columns: map[string]map[string]string{"oauthConsent": {"x": "y"}}}), nil, "Options.Columns"},
		"beside the other provider": {base(Options{}), []core.Plugin{jwt.New(jwt.Options{}), oauthprovider.New(oauthprovider.Options{})}, "oauth-provider"},
	} {
		_, err := core.New(core.Options{BaseURL: authtest.BaseURL, Secret: authtest.Secret, Database: memory.New(), Plugins: append([]core.Plugin{emailpassword.New(emailpassword.Options{}), New(c.o)}, c.more...)})
		if err == nil || !strings.Contains(err.Error(), c.part) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
