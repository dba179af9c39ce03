package oauthprovider

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/jwt"
)

func TestOP01RedirectURIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.client = w.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback, "https://rp.example/q?a=1", "http://127.0.0.1/cb", "http://localhost:8085/cb", "com.example.app:/cb", "cursor://x/cb"}}})
	for _, bad := range []string{
		"", "https://rp.example/callback/", "https://rp.example/callback/../evil", "https://rp.example/callback2", "https://RP.example/callback", "https://rp.example/Callback",
		"https://rp.example:8443/callback", "https://rp.example/callback?x=1", "https://rp.example/callback#x", "https://a@rp.example/callback", "http://rp.example/callback",
		"https://rp.example/q", "https://rp.example/q?a=1&b=2", "https://evil.example/", "http://127.0.0.1:99/other", "http://127.0.0.2:99/cb", "http://127.0.0.1.evil.example/cb",
		"http://127.0.0.1@evil.example/cb", "com.example.app:/other", "http://localhost.evil.example/cb", "//rp.example/callback", "https://rp.example\\callback", "javascript:alert(1)",
	} {
		a := w.ask(w.browser, w.query("redirect_uri", bad))
		if at, q := place(a); at != issuer+"/error" || q.Get("error") != "invalid_redirect" {
			t.Errorf("%q is redirected to %s", bad, a.Header.Get("Location"))
		}
	}
	for _, good := range []string{callback, "https://rp.example/q?a=1", "http://127.0.0.1:50123/cb", "http://localhost:1/cb", "com.example.app:/cb", "cursor://x/cb"} {
		if at, _ := place(w.ask(w.browser, w.query("redirect_uri", good))); !strings.HasSuffix(at, consentPath) {
			t.Errorf("%q is refused: %s", good, at)
		}
	}
}

func TestOP02UnknownAndDisabledClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	for _, id := range []string{"", "unknown", strings.ToUpper(w.client.ID()), strings.Repeat("x", 5000)} {
		if at, _ := place(w.ask(w.browser, w.query("client_id", id))); at != issuer+"/error" {
			t.Errorf("%.20q is redirected to %s", id, at)
		}
	}
	code := w.code()
	tokens := w.form("/oauth2/token", redemption(code)).Want(t, 200, "")
	if _, err := w.plugin.AdminUpdateClient.Call(t.Context(), &AdminUpdateInput{ClientID: w.client.ID(), Update: AdminUpdate{Disabled: new(true)}}); err != nil {
		t.Fatal(err)
	}
	if at, q := place(w.ask(w.browser, w.query("prompt", "none"))); at != issuer+"/error" || q.Get("error") != "client_disabled" {
		t.Errorf("%s %v", at, q)
	}
	want(t, w.form("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.JSON("refresh_token")}}), 401, "invalid_client")
	w.Client().Get("/oauth2/userinfo", bearer(tokens.JSON("access_token"))).Want(t, 401, "")
}

func TestOP03CodeTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	code := w.code()
	tokens := w.form("/oauth2/token", redemption(code)).Want(t, 200, "")
	want(t, w.form("/oauth2/token", redemption(code)), 400, "invalid_grant")
	w.Client().Get("/oauth2/userinfo", bearer(tokens.JSON("access_token"))).Want(t, 401, "")
	want(t, w.form("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.JSON("refresh_token")}}), 400, "invalid_grant")
}

// at runs the same request fifty times at once, and counts the successes.
func at50(f func() *authtest.Answer) (n int) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for range 50 {
		wg.Go(func() {
			if f().Status == 200 {
				mu.Lock()
				n++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return n
}

func TestOP04OP07Parallel(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	code := w.code()
	if n := at50(func() *authtest.Answer { return w.form("/oauth2/token", redemption(code)) }); n != 1 {
		t.Errorf("%d redemptions of one code", n)
	}
	tokens := w.form("/oauth2/token", redemption(w.code())).Want(t, 200, "")
	f := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.JSON("refresh_token")}}
	if n := at50(func() *authtest.Answer { return w.form("/oauth2/token", f) }); n != 1 {
		t.Errorf("%d refreshes of one token", n)
	}
	page := rawQuery(w.ask(w.browser, w.query("prompt", "consent")))
	if n := at50(func() *authtest.Answer {
		return w.browser.Copy().Post("/oauth2/consent", map[string]any{"accept": true, "oauth_query": page})
	}); n != 1 {
		t.Errorf("%d answers to one page of consent", n)
	}
}

func TestOP05OP06Codes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	other := w.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}}})
	code := w.code()
	want(t, w.form("/oauth2/token", redemption(code), basic(other.ID(), other.Secret)), 400, "invalid_grant")
	for name, change := range map[string][]string{
		"another redirect URI": {"redirect_uri", "https://rp.example/other"}, "no redirect URI": {"redirect_uri", ""}, "no verifier": {"code_verifier", ""},
		"another verifier": {"code_verifier", strings.Repeat("x", 43)}, "a short verifier": {"code_verifier", verifier[:42]}, "a long verifier": {"code_verifier", strings.Repeat("x", 129)},
		"a space": {"code_verifier", verifier + " "}, "the challenge": {"code_verifier", challenge(verifier)},
	} {
		a := w.form("/oauth2/token", redemption(w.code(), change...))
		if a.Status != 400 || a.JSON("error") != "invalid_grant" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	expired := w.code()
	w.Clock.Add(10*time.Minute + time.Second)
	want(t, w.form("/oauth2/token", redemption(expired)), 400, "invalid_grant")

	for name, change := range map[string][]string{
		"no challenge": {"code_challenge", "", "code_challenge_method", ""}, "no method": {"code_challenge_method", ""}, "no challenge but a method": {"code_challenge", ""},
		"plain": {"code_challenge_method", "plain"}, "no hash": {"code_challenge", "abc"},
	} {
		if at, q := place(w.ask(w.browser, w.query(change...))); at != callback || q.Get("error") != "invalid_request" {
			t.Errorf("%s: %s %v", name, at, q)
		}
	}
	// A confidential client that is exempt: a verifier without a challenge is a downgrade.
	w.client = w.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}}, RequirePKCE: new(false)})
	plain := w.code("code_challenge", "", "code_challenge_method", "", "scope", "openid")
	want(t, w.form("/oauth2/token", redemption(plain)), 400, "invalid_grant")
}

func TestOP07RefreshTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	other := w.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}}})
	tokens := w.form("/oauth2/token", redemption(w.code())).Want(t, 200, "")
	f := func(change ...string) url.Values {
		out := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.JSON("refresh_token")}}
		for i := 0; i < len(change); i += 2 {
			out.Set(change[i], change[i+1])
		}
		return out
	}
	want(t, w.form("/oauth2/token", f(), basic(other.ID(), other.Secret)), 400, "invalid_grant")
	want(t, w.form("/oauth2/token", f("client_id", w.client.ID())), 401, "invalid_client")
	want(t, w.form("/oauth2/token", f("scope", "openid admin")), 400, "invalid_scope")
	want(t, w.form("/oauth2/token", f("resource", "https://evil.example")), 400, "invalid_target")
	w.form("/oauth2/token", f()).Want(t, 200, "") // and none of these has cost it
}

func TestOP08ClientAuthentication(t *testing.T) {
	t.Parallel()
	secret := "a:b+c%20 d/ü"
	w := newWorld(t, Options{GenerateClientSecret: nil})
	post := w.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}, AuthMethod: new("client_secret_post")}})
	public := w.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}, AuthMethod: new("none")}})
	code := w.code()
	for _, c := range []struct {
		name   string
		form   url.Values
		header core.HeaderField
		status int
		error  string
	}{
		{"a wrong secret", redemption(code), basic(w.client.ID(), "wrong"), 401, "invalid_client"},
		{"an empty secret", redemption(code), basic(w.client.ID(), ""), 401, "invalid_client"},
		{"no secret", redemption(code, "client_id", w.client.ID()), core.HeaderField{}, 401, "invalid_client"},
		{"both ways", redemption(code, "client_id", w.client.ID(), "client_secret", w.client.Secret), basic(w.client.ID(), w.client.Secret), 400, "invalid_request"},
		{"two ids", redemption(code, "client_id", post.ID()), basic(w.client.ID(), w.client.Secret), 401, "invalid_client"},
		{"basic, registered for post", redemption(code), basic(post.ID(), post.Secret), 401, "invalid_client"},
		{"a wrong secret by post", redemption(code, "client_id", w.client.ID(), "client_secret", "wrong"), core.HeaderField{}, 401, "invalid_client"},
		{"a public client with a secret", redemption(code, "client_id", public.ID(), "client_secret", "x"), core.HeaderField{}, 401, "invalid_client"},
		{"no base64", redemption(code), core.HeaderField{Name: "Authorization", Value: "Basic %%%"}, 401, "invalid_client"},
		{"no client", redemption(code), core.HeaderField{Name: "X-None", Value: "1"}, 400, "invalid_request"},
		{"an unknown client", redemption(code), basic("unknown", "x"), 401, "invalid_client"},
	} {
		var header []core.HeaderField
		if c.header.Name != "" {
			header = append(header, c.header)
		}
		a := w.form("/oauth2/token", c.form, header...)
		if a.Status != c.status || a.JSON("error") != c.error {
			t.Errorf("%s: %d %s", c.name, a.Status, a.Body)
		}
		if strings.HasPrefix(c.header.Value, "Basic") && c.status == 401 && a.Header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: no challenge", c.name)
		}
	}
	// None of these has burnt the code, and the scheme has no case.
	ok := basic(w.client.ID(), w.client.Secret)
	ok.Value = "bAsIc" + strings.TrimPrefix(ok.Value, "Basic")
	w.form("/oauth2/token", redemption(code), ok).Want(t, 200, "")

	// A secret with every special character, form-encoded and as it is.
	v := worldWith(t, Options{GenerateClientSecret: func(context.Context) (string, error) { return secret, nil }}, jwt.Options{}, AdminClientInput{})
	v.form("/oauth2/introspect", url.Values{"token": {"x"}}, basic(v.client.ID(), secret)).Want(t, 200, "")
	raw := core.HeaderField{Name: "Authorization", Value: "Basic " + base64.StdEncoding.EncodeToString([]byte(v.client.ID()+":"+secret))}
	v.form("/oauth2/introspect", url.Values{"token": {"x"}}, raw).Want(t, 200, "")
}

func TestOP10UnregisteredGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	want(t, w.form("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}), 400, "unauthorized_client")
	w.client = w.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}, GrantTypes: []string{"client_credentials"}}})
	if at, q := place(w.ask(w.browser, w.query())); at != callback || q.Get("error") != "unauthorized_client" {
		t.Errorf("%s %v", at, q)
	}
	for _, grant := range []string{"password", "implicit", "urn:ietf:params:oauth:grant-type:token-exchange", "x\"y"} {
		want(t, w.form("/oauth2/token", url.Values{"grant_type": {grant}}), 400, "unsupported_grant_type")
	}
	want(t, w.form("/oauth2/token", url.Values{"code": {"x"}}), 400, "invalid_request")
}

func TestOP11Registration(t *testing.T) {
	t.Parallel()
	closed := newWorld(t, Options{})
	want(t, closed.browser.Post("/oauth2/register", map[string]any{"redirect_uris": []string{callback}}), 403, "access_denied")
	signed := newWorld(t, Options{AllowDynamicClientRegistration: true})
	want(t, signed.Client().Post("/oauth2/register", map[string]any{"redirect_uris": []string{callback}}), 401, "invalid_token")
	refused := newWorld(t, Options{AllowDynamicClientRegistration: true, ClientPrivileges: func(context.Context, string, *core.SessionData) (bool, error) { return false, nil }})
	refused.browser.Post("/oauth2/register", map[string]any{"redirect_uris": []string{callback}}).Want(t, 401, "UNAUTHORIZED")

	w := newWorld(t, Options{AllowDynamicClientRegistration: true, AllowUnauthenticatedClientRegistration: true, Scopes: []string{"openid", "read", "admin"}, RegistrationAllowedScopes: []string{"openid", "read"}, RegistrationDefaultScopes: []string{"openid"}})
	many := make([]string, 1000)
	for i := range many {
		many[i] = fmt.Sprintf("https://rp.example/%d", i)
	}
	for name, body := range map[string]map[string]any{
		"javascript":         {"redirect_uris": []string{"javascript:alert(1)"}},
		"data":               {"redirect_uris": []string{"data:text/html,x"}},
		"http":               {"redirect_uris": []string{"http://rp.example/cb"}},
		"a fragment":         {"redirect_uris": []string{callback + "#x"}},
		"a wildcard":         {"redirect_uris": []string{"https://*.example/cb"}},
		"many":               {"redirect_uris": many},
		"client_credentials": {"redirect_uris": []string{callback}, "grant_types": []string{"client_credentials"}},
		"skip_consent":       {"redirect_uris": []string{callback}, "skip_consent": true},
		"no PKCE":            {"redirect_uris": []string{callback}, "require_pkce": false},
		"another scope":      {"redirect_uris": []string{callback}, "scope": "openid admin"},
		"a logo":             {"redirect_uris": []string{callback}, "logo_uri": "javascript:alert(1)"},
		"pairwise":           {"redirect_uris": []string{callback}, "subject_type": "pairwise"},
		"none":               {"redirect_uris": []string{callback}, "id_token_signed_response_alg": "none"},
	} {
		if a := w.Client().Post("/oauth2/register", body); a.Status != 400 || !strings.HasPrefix(a.JSON("error"), "invalid_") {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	a := w.Client().Post("/oauth2/register", map[string]any{
		"redirect_uris": []string{"cursor://anysphere.cursor-mcp/oauth/callback", "http://localhost/callback"}, "client_name": "<b>x</b>", "enable_end_session": true,
		"client_id": "mine", "user_id": "someone", "disabled": true, "application_type": "native", "unknown": 1, "token_endpoint_auth_method": "client_secret_basic",
	}).Want(t, 201, "")
	if a.JSON("client_secret") != "" || a.JSON("token_endpoint_auth_method") != "none" || a.JSON("scope") != "openid" || a.JSON("enable_end_session") != "" ||
		a.JSON("client_id") == "mine" || a.JSON("user_id") != "" || a.JSON("public") != "true" || strings.Contains(a.Body, "null") || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%s", a.Body)
	}
}

func TestOP12SignedQueries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	page := rawQuery(w.ask(w.browser, w.query()))
	consent := func(c *authtest.Client, q string) *authtest.Answer {
		return c.Post("/oauth2/consent", map[string]any{"accept": true, "oauth_query": q})
	}
	for name, q := range map[string]string{
		"another scope": strings.Replace(page, "scope=openid", "scope=openid+admin", 1), "no signature": strings.Split(page, "&sig=")[0], "another state": strings.Replace(page, "state-1", "state-2", 1),
		"later": strings.Replace(page, "exp=17", "exp=27", 1), "nothing": "x=1", "appended": page + "&scope=admin",
	} {
		if a := consent(w.browser, q); a.Status != 400 || a.JSON("error") != "invalid_signature" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	other := w.Client()
	other.Post("/sign-up/email", map[string]any{"name": "Eve", "email": "eve@example.com", "password": "correct horse"}).Want(t, 200, "")
	want(t, consent(other, page), 400, "invalid_request") // it is the page of another session
	if a := consent(w.browser, page).Want(t, 200, ""); !strings.Contains(a.JSON("url"), "code=") {
		t.Errorf("%s", a.Body)
	}
	want(t, consent(w.browser, page), 400, "invalid_request") // it has been answered
	// The query of the page of sign-in is none of consent.
	login := rawQuery(w.ask(w.Client(), w.query("prompt", "login")))
	if a := consent(other, login).Want(t, 200, ""); strings.Contains(a.JSON("url"), "code=") {
		t.Errorf("consent without its page: %s", a.Body)
	}
	w.Clock.Add(11 * time.Minute)
	want(t, consent(w.browser, rawQuery(w.ask(w.browser, w.query("prompt", "consent")))+"x"), 400, "invalid_signature")
	late := rawQuery(w.ask(w.browser, w.query("prompt", "consent")))
	w.Clock.Add(11 * time.Minute)
	want(t, consent(w.browser, late), 400, "invalid_signature")
	// A client cannot bring parameters of the server.
	at, q := place(w.ask(w.Client(), w.query("exp", "1", "ba_ct", "x", "ba_pl", "y", "sig", "z", "login_hint", "ada")))
	if !strings.HasSuffix(at, loginPath) || q.Get("ba_ct") != "" || q.Get("ba_pl") != "" || len(q["exp"]) != 1 || q.Get("exp") == "1" || q.Get("login_hint") != "ada" {
		t.Errorf("%s %v", at, q)
	}
}

func TestOP13Consent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	if _, q := place(w.ask(w.browser, w.query("prompt", "none"))); q.Get("error") != "consent_required" {
		t.Errorf("%v", q)
	}
	w.code("scope", "openid")
	if _, q := place(w.ask(w.browser, w.query("prompt", "none", "scope", "openid email"))); q.Get("error") != "consent_required" {
		t.Errorf("more scopes without being asked: %v", q)
	}
	eve := w.Client()
	eve.Post("/sign-up/email", map[string]any{"name": "Eve", "email": "eve@example.com", "password": "correct horse"}).Want(t, 200, "")
	if _, q := place(w.ask(eve, w.query("prompt", "none", "scope", "openid"))); q.Get("error") != "consent_required" {
		t.Errorf("the consent of another user: %v", q)
	}
	// Denied, and some of the scopes.
	if q := w.consent(eve, w.ask(eve, w.query()), false); q.Get("error") != "access_denied" || q.Get("state") != "state-1" || q.Get("iss") != issuer {
		t.Errorf("denied: %v", q)
	}
	page := rawQuery(w.ask(eve, w.query()))
	want(t, eve.Post("/oauth2/consent", map[string]any{"accept": true, "scope": "openid admin", "oauth_query": page}), 400, "invalid_request")
	a := eve.Post("/oauth2/consent", map[string]any{"accept": true, "scope": "openid", "oauth_query": page}).Want(t, 200, "")
	u, _ := url.Parse(a.JSON("url"))
	if got := w.form("/oauth2/token", redemption(u.Query().Get("code"))).Want(t, 200, "").JSON("scope"); got != "openid" {
		t.Errorf("scope %q", got)
	}
}

func TestOP14ConsentFromAnotherSite(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	a := w.ask(w.browser, w.query())
	evil := w.browser.Copy()
	evil.Origin = "https://evil.example"
	if got := evil.Post("/oauth2/consent", map[string]any{"accept": true, "oauth_query": rawQuery(a)}); got.Status != 403 {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	page := w.browser.Get(consentPath+"?"+rawQuery(a), navigate()).Want(t, 200, "")
	if !strings.Contains(page.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || page.Header.Get("X-Frame-Options") != "DENY" || !strings.Contains(page.Body, "rp.example") {
		t.Errorf("%v", page.Header)
	}
	if got := w.browser.Get(consentPath+"?client_id="+w.client.ID(), navigate()); got.Status != 400 {
		t.Errorf("a page without a signature: %d", got.Status)
	}
}

func TestOP15Requests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	for name, c := range map[string]struct {
		change []string
		error  string
	}{
		"token": {[]string{"response_type", "token"}, "unsupported_response_type"}, "hybrid": {[]string{"response_type", "code id_token"}, "unsupported_response_type"},
		"none": {[]string{"response_type", ""}, "invalid_request"}, "a fragment": {[]string{"response_mode", "fragment"}, "invalid_request"},
		"a request object": {[]string{"request", "e30."}, "request_not_supported"}, "request_uri": {[]string{"request_uri", "urn:x"}, "request_uri_not_supported"},
		"claims": {[]string{"claims", "{"}, "invalid_request"}, "scope": {[]string{"scope", "openid other"}, "invalid_scope"}, "resource": {[]string{"resource", "x#y"}, "invalid_target"},
	} {
		at, q := place(w.ask(w.browser, w.query(c.change...)))
		if at != callback || q.Get("error") != c.error || q.Get("state") != "state-1" || q.Get("iss") != issuer || q.Get("code") != "" {
			t.Errorf("%s: %s %v", name, at, q)
		}
	}
	a := w.browser.Get("/oauth2/authorize?"+w.query().Encode()+"&state=other", navigate())
	if at, q := place(a); at != callback || q.Get("error") != "invalid_request" {
		t.Errorf("state twice: %s %v", at, q)
	}
	a = w.browser.Get("/oauth2/authorize?"+w.query().Encode()+"&redirect_uri=https://evil.example", navigate())
	if at, _ := place(a); at != issuer+"/error" {
		t.Errorf("redirect_uri twice: %s", at)
	}
	twice := w.Client().Do("POST", "/oauth2/token", redemption("x").Encode()+"&code=y", basic(w.client.ID(), w.client.Secret), core.HeaderField{Name: "Content-Type", Value: form})
	want(t, twice, 400, "invalid_request")
	// By POST the answer is 303, and unknown parameters are no error.
	post := w.browser.Do("POST", "/oauth2/authorize", w.query("extra", "foobar").Encode(), navigate(), core.HeaderField{Name: "Content-Type", Value: form})
	if at, _ := place(post); post.Status != 303 || !strings.HasSuffix(at, consentPath) {
		t.Errorf("POST: %d %s", post.Status, at)
	}
}

func TestOP16OP17Introspection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{ValidAudiences: []string{"https://api.example.com"}})
	other := w.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}}})
	tokens := w.form("/oauth2/token", redemption(w.code())).Want(t, 200, "")
	signed := w.form("/oauth2/token", redemption(w.code(), "resource", "https://api.example.com")).Want(t, 200, "")
	session := w.browser.Get("/token").JSON("token")
	introspect := func(token string, header ...core.HeaderField) *authtest.Answer {
		return w.form("/oauth2/introspect", url.Values{"token": {token}}, header...)
	}
	for name, token := range map[string]string{"the token of a session": session, "an id_token": tokens.JSON("id_token"), "nothing": "x", "three parts": "a.b.c"} {
		if a := introspect(token).Want(t, 200, ""); a.Body != `{"active":false}` {
			t.Errorf("%s: %s", name, a.Body)
		}
		if strings.Contains(token, ".") {
			w.Client().Get("/oauth2/userinfo", bearer(token)).Want(t, 401, "")
		}
	}
	for _, token := range []string{tokens.JSON("access_token"), tokens.JSON("refresh_token"), signed.JSON("access_token")} {
		if a := introspect(token); a.JSON("active") != "true" || a.JSON("sub") == "" {
			t.Errorf("%s", a.Body)
		}
		if a := introspect(token, basic(other.ID(), other.Secret)); a.Body != `{"active":false}` {
			t.Errorf("another client sees %s", a.Body)
		}
	}
	want(t, introspect(tokens.JSON("access_token"), core.HeaderField{Name: "X-None", Value: "1"}), 401, "invalid_client")
	want(t, w.form("/oauth2/introspect", url.Values{}), 400, "invalid_request")
	// OP-17: another client's revocation has no effect, and its own has.
	revoke := func(token string, header ...core.HeaderField) {
		w.form("/oauth2/revoke", url.Values{"token": {token}}, header...).Want(t, 200, "")
	}
	revoke(tokens.JSON("access_token"), basic(other.ID(), other.Secret))
	revoke(tokens.JSON("refresh_token"), basic(other.ID(), other.Secret))
	revoke("unknown")
	if introspect(tokens.JSON("access_token")).JSON("active") != "true" || introspect(tokens.JSON("refresh_token")).JSON("active") != "true" {
		t.Error("another client has revoked a token")
	}
	revoke(tokens.JSON("refresh_token"))
	if introspect(tokens.JSON("access_token")).JSON("active") != "false" || introspect(tokens.JSON("refresh_token")).JSON("active") != "false" {
		t.Error("a revoked grant is active")
	}
}

func TestOP18UserInfo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	tokens := w.form("/oauth2/token", redemption(w.code())).Want(t, 200, "")
	access := tokens.JSON("access_token")
	if a := w.Client().Get("/oauth2/userinfo"); a.Status != 401 || a.Header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("%d %v", a.Status, a.Header)
	}
	if a := want(t, w.Client().Get("/oauth2/userinfo", bearer("x")), 401, "invalid_token"); !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("%v", a.Header)
	}
	w.Client().Get("/oauth2/userinfo?access_token="+access).Want(t, 401, "")
	w.form("/oauth2/userinfo", url.Values{"access_token": {access}}, core.HeaderField{Name: "X-None", Value: "1"}).Want(t, 200, "")
	want(t, w.form("/oauth2/userinfo", url.Values{"access_token": {access}}, bearer(access)), 400, "invalid_request")
	lower := bearer(access)
	lower.Value = "bearer " + access
	w.Client().Get("/oauth2/userinfo", lower).Want(t, 200, "")
	profile := w.form("/oauth2/token", redemption(w.code("scope", "profile"))).Want(t, 200, "")
	want(t, w.Client().Get("/oauth2/userinfo", bearer(profile.JSON("access_token"))), 403, "insufficient_scope")
	w.Clock.Add(time.Hour + time.Second)
	want(t, w.Client().Get("/oauth2/userinfo", bearer(access)), 401, "invalid_token")
}

func TestOP19Echoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.code()
	state, nonce := `<script>"'&+% `+strings.Repeat("s", 384), `n"+&<`+strings.Repeat("n", 384)
	_, q := place(w.ask(w.browser, w.query("state", state, "nonce", nonce)))
	if q.Get("state") != state || q.Get("iss") != issuer {
		t.Errorf("%v", q)
	}
	tokens := w.form("/oauth2/token", redemption(q.Get("code"))).Want(t, 200, "")
	if !strings.Contains(claimsOf(t, tokens.JSON("id_token")), strings.Repeat("n", 384)) {
		t.Error("the nonce was cut")
	}
	if _, q := place(w.ask(w.browser, w.query("state", "", "nonce", ""))); q.Has("state") || q.Get("code") == "" {
		t.Errorf("without state: %v", q)
	}
}

func TestOP21Logout(t *testing.T) {
	t.Parallel()
	in := AdminClientInput{EnableEndSession: new(true), Fields: Fields{RedirectURIs: []string{callback}, PostLogoutURIs: []string{"https://rp.example/bye"}}}
	w := worldWith(t, Options{}, jwt.Options{}, in)
	tokens := w.form("/oauth2/token", redemption(w.code())).Want(t, 200, "")
	id := tokens.JSON("id_token")
	parts := strings.Split(id, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	end := func(hint string, more ...string) *authtest.Answer {
		q := url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://rp.example/bye"}}
		for i := 0; i < len(more); i += 2 {
			q.Set(more[i], more[i+1])
		}
		return w.browser.Get(endSessionPath+"?"+q.Encode(), navigate())
	}
	for name, a := range map[string]*authtest.Answer{
		"forged": end(parts[0] + "." + parts[1] + "." + strings.Repeat("A", 86)), "none": end(none), "an access token": end(tokens.JSON("access_token")),
		"the token of a session": end(w.browser.Get("/token").JSON("token")), "another client": end(id, "client_id", w.register(in).ID()),
	} {
		if a.Status < 400 || a.Header.Get("Location") != "" || w.browser.Get("/get-session").Body == "null" {
			t.Errorf("%s: %d %s", name, a.Status, a.Header.Get("Location"))
		}
	}
	// Without a token a person is asked, and a script refused.
	if a := end(""); a.Status != 200 || a.Header.Get("Location") != "" || !strings.Contains(a.Body, "Sign out?") || w.browser.Get("/get-session").Body == "null" {
		t.Errorf("no token: %d %s", a.Status, a.Body)
	}
	want(t, w.browser.Get(endSessionPath), 400, "invalid_request")
	if a := end(id, "post_logout_redirect_uri", "https://rp.example/bye?x=1"); a.Header.Get("Location") != "" {
		t.Errorf("redirected to %s", a.Header.Get("Location"))
	}
	// The session of the token has ended, and the browser has another: that one is not ended
	// without asking, and not left behind without a word.
	w.browser.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")
	if a := end(id); a.Status != 200 || a.Header.Get("Location") != "" || !strings.Contains(a.Body, "Sign out?") || w.browser.Get("/get-session").Body == "null" {
		t.Errorf("another session: %d %s", a.Status, a.Body)
	}
	w.browser.Post("/sign-out", map[string]any{}).Want(t, 200, "")
	w.Clock.Add(11 * time.Hour)
	if a := end(id); a.Status != 401 || a.Header.Get("Location") != "" {
		t.Errorf("an expired token without its session: %d", a.Status)
	}
}

// A page of another site that sends a browser to the end of sessions ends none.
func TestEndSessionWithACookieAlone(t *testing.T) {
	t.Parallel()
	w := worldWith(t, Options{}, jwt.Options{}, AdminClientInput{EnableEndSession: new(true), Fields: Fields{RedirectURIs: []string{callback}, PostLogoutURIs: []string{"https://rp.example/bye"}}})
	for what, query := range map[string]string{"nothing": "", "a client": "?client_id=" + w.client.ID(), "a client and an address": "?client_id=" + w.client.ID() + "&post_logout_redirect_uri=" + url.QueryEscape("https://rp.example/bye")} {
		t.Run("CSRF-15 with "+what, func(t *testing.T) {
			a := w.browser.Get(endSessionPath+query, navigate())
			if a.Header.Get("Location") != "" || w.browser.Get("/get-session").Body == "null" {
				t.Errorf("%d %s", a.Status, a.Header.Get("Location"))
			}
		})
	}
}

func TestOP22Metadata(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	doc := w.Client().Get(oauthServer).Want(t, 200, "")
	for _, part := range []string{"plain", "implicit", "registration_endpoint", "token id_token", "fragment", "[]"} {
		if strings.Contains(doc.Body, part) {
			t.Errorf("the document has %s: %s", part, doc.Body)
		}
	}
	for _, part := range []string{`"code_challenge_methods_supported":["S256"]`, `"authorization_response_iss_parameter_supported":true`, `"issuer":"` + issuer + `"`, `"jwks_uri":"` + issuer + `/jwks"`} {
		if !strings.Contains(doc.Body, part) {
			t.Errorf("the document lacks %s: %s", part, doc.Body)
		}
	}
	pure := newWorld(t, Options{Scopes: []string{"read"}})
	if pure.Client().Get(oauthServer).Want(t, 200, ""); pure.Client().Get(openIDConfig).Status != 404 {
		t.Error("a server without openid is no OpenID provider")
	}
}

// rows are the rows of a table as text, for people who read databases.
func rows(w *world, model string) (out []map[string]any) {
	found, err := w.Auth.DB().FindMany(w.t.Context(), adapter.Find{Model: model})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range found {
		out = append(out, r)
	}
	return out
}

func TestOP24AtRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	code := w.code()
	dump := fmt.Sprint(rows(w, core.ModelVerification))
	tokens := w.form("/oauth2/token", redemption(code)).Want(t, 200, "")
	dump += fmt.Sprint(rows(w, ModelClient), rows(w, ModelRefresh), rows(w, ModelAccess))
	for name, text := range map[string]string{"code": code, "secret": w.client.Secret, "access token": tokens.JSON("access_token"), "refresh token": tokens.JSON("refresh_token")} {
		if text == "" || strings.Contains(dump, text) {
			t.Errorf("the %s is stored in clear", name)
		}
	}
}

func TestOP25Headers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.code()
	a := w.ask(w.browser, w.query())
	if a.Status != 302 || a.Header.Get("Referrer-Policy") != "no-referrer" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", a.Status, a.Header)
	}
}
