package oauthprovider

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/jwt"
)

func TestCodeFlow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	// Without a session the login page gets the request, signed, and the sign-in continues it.
	other := w.Client()
	page := w.ask(other, w.query())
	if at, q := place(page); page.Status != 302 || at != "/api/auth/oauth2/login" || q.Get("state") != "state-1" || q.Get("sig") == "" {
		t.Fatalf("%d %s %v", page.Status, at, q)
	}
	a := other.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": "correct horse", "oauth_query": rawQuery(page)}).Want(t, 200, "")
	next, _ := url.Parse(a.JSON("url"))
	if a.JSON("redirect") != "true" || next.Path != "/api/auth/oauth2/consent-page" {
		t.Fatalf("after the sign-in: %s", a.Body)
	}
	a = other.Post("/oauth2/consent", map[string]any{"accept": true, "oauth_query": next.RawQuery}).Want(t, 200, "")
	back, _ := url.Parse(a.JSON("url"))
	if !strings.HasPrefix(a.JSON("url"), callback+"?") || back.Query().Get("state") != "state-1" || back.Query().Get("iss") != issuer {
		t.Fatalf("after the consent: %s", a.Body)
	}
	tokens := w.form("/oauth2/token", redemption(back.Query().Get("code"))).Want(t, 200, "")
	if tokens.JSON("token_type") != "Bearer" || tokens.JSON("expires_in") != "3600" || tokens.JSON("refresh_token") == "" || tokens.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s", tokens.Body)
	}
	claims := claimsOf(t, tokens.JSON("id_token"))
	for _, part := range []string{`"iss":"` + issuer + `"`, `"aud":"` + w.client.ID() + `"`, `"nonce":"nonce-1"`, `"auth_time":`, `"at_hash":`, `"email":"ada@example.com"`, `"given_name":"Ada"`} {
		if !strings.Contains(claims, part) {
			t.Errorf("the id_token lacks %s: %s", part, claims)
		}
	}
	info := w.Client().Get("/oauth2/userinfo", bearer(tokens.JSON("access_token"))).Want(t, 200, "")
	if info.JSON("sub") == "" || info.JSON("email") != "ada@example.com" || info.JSON("family_name") != "Lovelace" {
		t.Errorf("userinfo: %s", info.Body)
	}
	// Once agreed, nothing is asked again.
	if at, q := place(w.ask(other, w.query("prompt", "none"))); at != callback || q.Get("code") == "" {
		t.Errorf("prompt=none: %s %v", at, q)
	}
}

func TestResourceGivesJWT(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{ValidAudiences: []string{"https://api.example.com", "https://other.example.com"}})
	tokens := w.form("/oauth2/token", redemption(w.code("resource", "https://api.example.com/"), "resource", "https://api.example.com")).Want(t, 200, "")
	access := tokens.JSON("access_token")
	claims := claimsOf(t, access)
	for _, part := range []string{`"aud":["https://api.example.com","` + issuer + `/oauth2/userinfo"]`, `"azp":`, `"client_id":`, `"jti":`, `"scope":"openid profile email offline_access"`} {
		if !strings.Contains(claims, part) {
			t.Errorf("the access token lacks %s: %s", part, claims)
		}
	}
	if a := w.form("/oauth2/introspect", url.Values{"token": {access}}).Want(t, 200, ""); a.JSON("active") != "true" || a.JSON("client_id") != w.client.ID() {
		t.Errorf("introspection: %s", a.Body)
	}
	w.Client().Get("/oauth2/userinfo", bearer(access)).Want(t, 200, "")
	refresh := func(f url.Values) *authtest.Answer {
		f.Set("grant_type", "refresh_token")
		return w.form("/oauth2/token", f)
	}
	// OP-23: a refresh chooses from the grant, and cannot leave it.
	want(t, refresh(url.Values{"refresh_token": {tokens.JSON("refresh_token")}, "resource": {"https://other.example.com"}}), 400, "invalid_target")
	again := refresh(url.Values{"refresh_token": {tokens.JSON("refresh_token")}}).Want(t, 200, "")
	if !strings.Contains(claimsOf(t, again.JSON("access_token")), "https://api.example.com") {
		t.Error("the refreshed token has lost its resource")
	}
}

func TestRefresh(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{RefreshTokenPrefix: "rt_", AccessTokenPrefix: "at_", ClientSecretPrefix: "sk_"})
	first := w.form("/oauth2/token", redemption(w.code())).Want(t, 200, "")
	if !strings.HasPrefix(first.JSON("refresh_token"), "rt_") || !strings.HasPrefix(first.JSON("access_token"), "at_") || !strings.HasPrefix(w.client.Secret, "sk_") {
		t.Errorf("%s", first.Body)
	}
	refresh := func(token, scope string) *authtest.Answer {
		return w.form("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "scope": {scope}})
	}
	w.Clock.Add(time.Hour)
	narrow := refresh(first.JSON("refresh_token"), "openid").Want(t, 200, "")
	if narrow.JSON("scope") != "openid" || strings.Contains(claimsOf(t, narrow.JSON("id_token")), "nonce") {
		t.Errorf("narrowed: %s", narrow.Body)
	}
	// A narrowed refresh does not narrow the grant (RFC 6749 6).
	full := refresh(narrow.JSON("refresh_token"), "").Want(t, 200, "")
	if full.JSON("scope") != "openid profile email offline_access" {
		t.Errorf("the grant was narrowed: %s", full.Body)
	}
	want(t, refresh(full.JSON("refresh_token"), "openid admin"), 400, "invalid_scope")
	// OP-07: a token that comes again ends the family.
	want(t, refresh(first.JSON("refresh_token"), ""), 400, "invalid_grant")
	want(t, refresh(full.JSON("refresh_token"), ""), 400, "invalid_grant")
	w.Client().Get("/oauth2/userinfo", bearer(full.JSON("access_token"))).Want(t, 401, "")
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	w := worldWith(t, Options{Scopes: []string{"openid", "profile", "read", "write"}}, jwt.Options{},
		AdminClientInput{Fields: Fields{GrantTypes: []string{"client_credentials", "authorization_code"}}})
	ask := func(scope string) *authtest.Answer {
		return w.form("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "scope": {scope}})
	}
	tokens := ask("read").Want(t, 200, "")
	if tokens.JSON("scope") != "read" || tokens.JSON("refresh_token") != "" || tokens.JSON("id_token") != "" {
		t.Errorf("%s", tokens.Body)
	}
	if a := w.form("/oauth2/introspect", url.Values{"token": {tokens.JSON("access_token")}}); a.JSON("active") != "true" || a.JSON("sub") != "" {
		t.Errorf("%s", a.Body)
	}
	if got := ask("").Want(t, 200, "").JSON("scope"); got != "read write" {
		t.Errorf("default scopes %q", got)
	}
	want(t, ask("openid"), 400, "invalid_scope")
	want(t, ask("other"), 400, "invalid_scope")
	w.Client().Get("/oauth2/userinfo", bearer(tokens.JSON("access_token"))).Want(t, 401, "")
}

func TestPrompts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.code()
	for _, c := range []struct{ name, prompt, page, error string }{
		{"login", "login", loginPath, ""}, {"consent", "consent", consentPath, ""}, {"select_account", "select_account", accountPath, ""},
		{"create", "create", loginPath, ""}, {"none", "none", "", ""}, {"none with another", "none login", "", "invalid_request"},
		{"unknown", "dance", "", "invalid_request"}, {"login and consent", "login consent", loginPath, ""},
	} {
		at, q := place(w.ask(w.browser, w.query("prompt", c.prompt)))
		switch {
		case c.page != "" && at != "/api/auth"+c.page, c.page == "" && at != callback, q.Get("error") != c.error:
			t.Errorf("%s: %s %v", c.name, at, q)
		}
	}
	if _, q := place(w.ask(w.Client(), w.query("prompt", "none"))); q.Get("error") != "login_required" || q.Get("state") != "state-1" || q.Get("iss") != issuer {
		t.Errorf("without a session: %v", q)
	}
	// A sign-in satisfies prompt=login, once.
	page := w.ask(w.browser, w.query("prompt", "login"))
	w.Clock.Add(time.Minute)
	a := w.browser.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": "correct horse", "oauth_query": rawQuery(page)}).Want(t, 200, "")
	if !strings.Contains(a.JSON("url"), "code=") {
		t.Errorf("after prompt=login: %s", a.Body)
	}
}

func TestMaxAge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.code()
	w.Clock.Add(time.Minute)
	if at, _ := place(w.ask(w.browser, w.query("max_age", "30"))); at != "/api/auth"+loginPath {
		t.Errorf("an old sign-in counts: %s", at)
	}
	if at, _ := place(w.ask(w.browser, w.query("max_age", "90"))); at != callback {
		t.Errorf("a recent sign-in does not count: %s", at)
	}
	if _, q := place(w.ask(w.browser, w.query("max_age", "30", "prompt", "none"))); q.Get("error") != "login_required" {
		t.Errorf("prompt=none: %v", q)
	}
	if _, q := place(w.ask(w.browser, w.query("max_age", "soon"))); q.Get("error") != "invalid_request" {
		t.Errorf("no number: %v", q)
	}
	// max_age=0 is prompt=login, and does not loop.
	page := w.ask(w.browser, w.query("max_age", "0"))
	if at, _ := place(page); at != "/api/auth"+loginPath {
		t.Errorf("max_age=0: %s", at)
	}
	a := w.browser.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": "correct horse", "oauth_query": rawQuery(page)}).Want(t, 200, "")
	if !strings.Contains(a.JSON("url"), "code=") {
		t.Errorf("after max_age=0: %s", a.Body)
	}
}

func TestFormPost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.code()
	a := w.ask(w.browser, w.query("response_mode", "form_post"))
	at, q := place(a)
	if at != issuer+formPath || q.Get("code") != "" {
		t.Fatalf("%s %v", at, q)
	}
	page := w.Client().Get(formPath+"?"+rawQuery(a), navigate()).Want(t, 200, "")
	for _, part := range []string{`method="post" action="` + callback + `"`, `name="code"`, `name="state" value="state-1"`, `name="iss"`} {
		if !strings.Contains(page.Body, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
	w.Clock.Add(5 * time.Minute)
	w.Client().Get(formPath+"?"+rawQuery(a), navigate()).Want(t, 400, "")
	denied := w.ask(w.browser, w.query("response_mode", "form_post", "scope", "nothing"))
	if at, q := place(denied); at != issuer+formPath || q.Get("error") != "" {
		t.Errorf("an error in the query: %s %v", at, q)
	}
}

func TestPairwiseAndRS256(t *testing.T) {
	t.Parallel()
	w := worldWith(t, Options{PairwiseSecret: strings.Repeat("p", 32)}, jwt.Options{Further: []jwt.Algorithm{jwt.RS256}}, AdminClientInput{
		Fields: Fields{SubjectType: new("pairwise"), IDTokenAlgorithm: new("RS256")}, RequirePKCE: new(false),
	})
	tokens := w.form("/oauth2/token", redemption(w.code("code_challenge", "", "code_challenge_method", "", "scope", "openid"), "code_verifier", "")).Want(t, 200, "")
	id := tokens.JSON("id_token")
	info := w.Client().Get("/oauth2/userinfo", bearer(tokens.JSON("access_token"))).Want(t, 200, "")
	seen := w.form("/oauth2/introspect", url.Values{"token": {tokens.JSON("access_token")}})
	if sub := info.JSON("sub"); len(sub) != 44 || !strings.Contains(claimsOf(t, id), `"sub":"`+sub+`"`) || seen.JSON("sub") != sub {
		t.Errorf("subjects: %s %s %s", info.Body, claimsOf(t, id), seen.Body)
	}
	if head, _, _ := strings.Cut(id, "."); !strings.HasPrefix(head, "eyJhbGciOiJSUzI1NiI") {
		t.Errorf("header %s", head)
	}
	doc := w.Client().Get(openIDConfig).Want(t, 200, "")
	if !strings.Contains(doc.Body, `"id_token_signing_alg_values_supported":["EdDSA","RS256"]`) {
		t.Errorf("%s", doc.Body)
	}
}

func TestWithoutJWT(t *testing.T) {
	t.Parallel()
	w := worldWith(t, Options{DisableJWTPlugin: true}, jwt.Options{}, AdminClientInput{EnableEndSession: new(true), Fields: Fields{PostLogoutURIs: []string{"https://rp.example/bye"}}})
	tokens := w.form("/oauth2/token", redemption(w.code())).Want(t, 200, "")
	if head, _, _ := strings.Cut(tokens.JSON("id_token"), "."); head != "eyJhbGciOiJIUzI1NiJ9" {
		t.Errorf("header %s", head)
	}
	q := url.Values{"id_token_hint": {tokens.JSON("id_token")}, "client_id": {w.client.ID()}, "post_logout_redirect_uri": {"https://rp.example/bye"}, "state": {"s"}}
	if at := w.browser.Get(endSessionPath+"?"+q.Encode(), navigate()).Header.Get("Location"); at != "https://rp.example/bye?state=s" {
		t.Errorf("logout to %q", at)
	}
	if body := w.browser.Get("/get-session").Body; body != "null" {
		t.Errorf("still signed in: %s", body)
	}
}

func TestLogout(t *testing.T) {
	t.Parallel()
	w := worldWith(t, Options{}, jwt.Options{}, AdminClientInput{EnableEndSession: new(true), Fields: Fields{PostLogoutURIs: []string{"https://rp.example/bye"}}})
	tokens := w.form("/oauth2/token", redemption(w.code("scope", "openid profile"))).Want(t, 200, "")
	access := tokens.JSON("access_token")
	w.Client().Get("/oauth2/userinfo", bearer(access)).Want(t, 200, "")
	w.Clock.Add(24 * time.Hour) // the id_token has expired, the session has not
	if at := w.browser.Get(endSessionPath+"?"+url.Values{"id_token_hint": {tokens.JSON("id_token")}, "post_logout_redirect_uri": {"https://evil.example"}}.Encode(), navigate()); at.Status != 200 || !strings.Contains(at.Body, "signed out") {
		t.Errorf("%d %s", at.Status, at.Body)
	}
	// OP-16, OP-18: what was given for the session has ended with it.
	w.Client().Get("/oauth2/userinfo", bearer(access)).Want(t, 401, "")
	if body := w.browser.Get("/get-session").Body; body != "null" {
		t.Errorf("still signed in: %s", body)
	}
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, issuer string
		paths        []string
	}{
		{"below the base path", "", []string{"/.well-known/oauth-authorization-server/api/auth", "/.well-known/openid-configuration/api/auth", "/api/auth/.well-known/openid-configuration", "/api/auth/.well-known/oauth-authorization-server"}},
		{"the origin", "http://localhost:3000", []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"}},
		{"another path", "http://localhost:3000/tenant", []string{"/.well-known/oauth-authorization-server/tenant", "/.well-known/openid-configuration/tenant", "/tenant/.well-known/openid-configuration"}},
	} {
		w := worldWith(t, Options{}, jwt.Options{Issuer: c.issuer}, AdminClientInput{})
		wanted := c.issuer
		if wanted == "" {
			wanted = issuer
		}
		for _, path := range c.paths {
			res := &core.Response{}
			w.Auth.Serve(t.Context(), &core.Request{Method: "GET", Path: path, Scheme: "http", Host: "localhost:3000"}, res)
			if res.Status != 200 || !strings.Contains(string(res.Body), `"issuer":"`+wanted+`"`) || strings.Contains(string(res.Body), "registration_endpoint") {
				t.Errorf("%s: %s answers %d %s", c.name, path, res.Status, res.Body)
			}
		}
	}
}
