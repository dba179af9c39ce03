package oauthprovider

import (
	"encoding/json"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/jwt"
)

const bye = "https://rp.example/bye"

// op is a provider as the OpenID Foundation's suite would be pointed at: the client is exempt from
// PKCE, which the suite does not send, and answers come by one response mode.
type op struct {
	*world
	mode, alg string
}

// newOP signs id_tokens as the suite wants, where alg is RS256, and as this server does by itself
// otherwise: it makes a key that costs less.
func newOP(t *testing.T, mode, alg string) *op {
	t.Helper()
	in := AdminClientInput{RequirePKCE: new(false), EnableEndSession: new(true), Fields: Fields{RedirectURIs: []string{callback}, PostLogoutURIs: []string{bye}, IDTokenAlgorithm: &alg}}
	return &op{worldWith(t, Options{DPoP: true}, jwt.Options{Further: []jwt.Algorithm{jwt.RS256}}, in), mode, alg}
}

// request is what the suite asks: no PKCE, and the mode.
func (o *op) request(change ...string) url.Values {
	mode := o.mode
	if mode == "query" {
		mode = ""
	}
	return o.query(append([]string{"scope", "openid", "code_challenge", "", "code_challenge_method", "", "response_mode", mode}, change...)...)
}

// answer is what the client gets of an answer, after a consent where one is asked for. page is
// where the browser is, when it is not sent to the client.
func (o *op) answer(c *authtest.Client, a *authtest.Answer) (q url.Values, page string) {
	o.t.Helper()
	target := a.Header.Get("Location")
	if at, _ := place(a); strings.HasSuffix(at, consentPath) {
		target = c.Post("/oauth2/consent", object{"accept": true, "oauth_query": rawQuery(a)}).Want(o.t, 200, "").JSON("url")
	}
	u, err := url.Parse(target)
	if err != nil {
		o.t.Fatal(err)
	}
	if o.mode == "form_post" && strings.HasSuffix(u.Path, formPath) {
		body := o.Client().Get(formPath+"?"+u.RawQuery, navigate()).Want(o.t, 200, "").Body
		if !strings.Contains(body, `action="`+callback+`"`) {
			o.t.Fatalf("the form goes elsewhere: %s", body)
		}
		q := url.Values{}
		for _, m := range regexp.MustCompile(`name="([^"]*)" value="([^"]*)"`).FindAllStringSubmatch(body, -1) {
			q.Add(m[1], strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&amp;", "&").Replace(m[2]))
		}
		return q, ""
	}
	if u.Scheme+"://"+u.Host+u.Path != callback {
		return nil, strings.TrimPrefix(u.Path, "/api/auth")
	}
	if o.mode == "form_post" && u.RawQuery != "" {
		o.t.Errorf("an answer in the query: %s", target)
	}
	return u.Query(), ""
}

func (o *op) send(c *authtest.Client, q url.Values) (url.Values, string) {
	o.t.Helper()
	return o.answer(c, o.ask(c, q))
}

// code asks with the checks of every module: state, iss, the code, and no more.
func (o *op) code(change ...string) string {
	o.t.Helper()
	q, page := o.send(o.browser, o.request(change...))
	sent := o.request(change...)
	if page != "" || len(q.Get("code")) < 22 || q.Get("state") != sent.Get("state") || q.Has("state") != sent.Has("state") || q.Get("iss") != issuer || len(q) > 3 {
		o.t.Fatalf("%v: %s %v", change, page, q)
	}
	return q.Get("code")
}

// redeem exchanges a code, and checks the answer and the id_token.
func (o *op) redeem(code, nonce string) (tokens *authtest.Answer, claims map[string]any) {
	o.t.Helper()
	tokens = o.form("/oauth2/token", redemption(code, "code_verifier", "")).Want(o.t, 200, "")
	if tokens.JSON("token_type") != "Bearer" || tokens.JSON("expires_in") == "" || tokens.Header.Get("Cache-Control") != "no-store" {
		o.t.Errorf("%s", tokens.Body)
	}
	return tokens, o.idToken(tokens, nonce)
}

func (o *op) idToken(tokens *authtest.Answer, nonce string) map[string]any {
	o.t.Helper()
	set := o.Client().Get("/jwks").Want(o.t, 200, "")
	var keys jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(set.Body), &keys); err != nil || len(keys.Keys) == 0 || strings.Contains(set.Body, `"d":`) || strings.Contains(set.Body, `"oct"`) {
		o.t.Fatalf("keys: %s %v", set.Body, err)
	}
	token, err := jose.ParseSigned(tokens.JSON("id_token"), []jose.SignatureAlgorithm{jose.SignatureAlgorithm(o.alg)})
	if err != nil {
		o.t.Fatal(err)
	}
	kid := token.Signatures[0].Protected.KeyID
	if found := keys.Key(kid); kid == "" || len(found) != 1 {
		o.t.Fatalf("%d keys have the kid %q", len(found), kid)
	}
	payload, err := token.Verify(keys.Key(kid)[0].Key)
	if err != nil {
		o.t.Fatal(err)
	}
	claims := map[string]any{}
	if err := json.Unmarshal(payload, &claims); err != nil {
		o.t.Fatal(err)
	}
	now := float64(o.Clock.Now().Unix())
	number := func(name string) float64 { n, _ := claims[name].(float64); return n }
	got, _ := claims["nonce"].(string)
	if claims["iss"] != issuer || claims["aud"] != o.client.ID() || claims["sub"] == "" || number("exp") <= now || number("iat") > now || got != nonce {
		o.t.Errorf("%s", payload)
	}
	return claims
}

// modules are the modules of the suite's plans for code flows, by name.
var modules = map[string]func(o *op){
	"oidcc-server":            func(o *op) { o.redeem(o.code(), "nonce-1") },
	"oidcc-idtoken-signature": func(o *op) { o.redeem(o.code(), "nonce-1") },
	"oidcc-response-type-missing": func(o *op) {
		if q, _ := o.send(o.browser, o.request("response_type", "")); q.Get("error") != "invalid_request" || q.Get("state") != "state-1" {
			o.t.Errorf("%v", q)
		}
	},
	"oidcc-idtoken-unsigned": func(o *op) { // skipped by the suite, because the document has no "none"
		if doc := o.Client().Get(openIDConfig).Body; strings.Contains(doc, `"none"]`) && !strings.Contains(doc, `"none","client_secret_basic"`) {
			o.t.Errorf("%s", doc)
		}
		_, err := o.plugin.AdminCreateClient.Call(o.t.Context(), &AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}, IDTokenAlgorithm: new("none")}})
		if err == nil {
			o.t.Error("a client registers unsigned id_tokens")
		}
	},
	"oidcc-userinfo-get": func(o *op) {
		o.info(func(t string) *authtest.Answer { return o.Client().Get(userInfoPath, bearer(t)) })
	},
	"oidcc-userinfo-post-header": func(o *op) {
		o.info(func(t string) *authtest.Answer { return o.form(userInfoPath, url.Values{}, bearer(t)) })
	},
	"oidcc-userinfo-post-body": func(o *op) {
		o.info(func(t string) *authtest.Answer {
			return o.form(userInfoPath, url.Values{"access_token": {t}}, core.HeaderField{Name: "X-None", Value: "1"})
		})
	},
	"oidcc-ensure-request-without-nonce-succeeds-for-code-flow": func(o *op) { o.redeem(o.code("nonce", ""), "") },
	"oidcc-scope-profile": func(o *op) { o.scope("openid profile", "name", "given_name", "family_name") },
	"oidcc-scope-email":   func(o *op) { o.scope("openid email", "email", "email_verified") },
	"oidcc-scope-address": func(o *op) { o.unknown("address") },
	"oidcc-scope-phone":   func(o *op) { o.unknown("phone") },
	"oidcc-scope-all":     func(o *op) { o.scope("openid profile email", "name", "email") },
	"oidcc-alternate-happy-flow": func(o *op) {
		raw := strings.Split(o.request("scope", "email openid profile").Encode(), "&")
		slices.Reverse(raw)
		q, _ := o.answer(o.browser, o.browser.Get("/oauth2/authorize?"+strings.Join(raw, "&"), navigate()))
		o.redeem(q.Get("code"), "nonce-1")
	},
	"oidcc-display-page":   func(o *op) { o.redeem(o.code("display", "page"), "nonce-1") },
	"oidcc-display-popup":  func(o *op) { o.redeem(o.code("display", "popup"), "nonce-1") },
	"oidcc-login-hint":     func(o *op) { o.redeem(o.code("login_hint", "ada@example.com"), "nonce-1") },
	"oidcc-ui-locales":     func(o *op) { o.redeem(o.code("ui_locales", "se"), "nonce-1") },
	"oidcc-claims-locales": func(o *op) { o.redeem(o.code("claims_locales", "se"), "nonce-1") },
	"oidcc-ensure-request-with-unknown-parameter-succeeds": func(o *op) { o.redeem(o.code("extra", "foobar"), "nonce-1") },
	"oidcc-ensure-request-with-acr-values-succeeds": func(o *op) {
		doc := o.Client().Get(openIDConfig).Body
		if _, claims := o.redeem(o.code("acr_values", "urn:mace:incommon:iap:bronze"), "nonce-1"); claims["acr"] != "urn:mace:incommon:iap:bronze" || !strings.Contains(doc, "urn:mace:incommon:iap:bronze") {
			o.t.Errorf("%v", claims)
		}
	},
	"oidcc-prompt-login": func(o *op) { o.again("prompt", "login") },
	"oidcc-max-age-1":    func(o *op) { o.again("max_age", "1") },
	"oidcc-max-age-10000": func(o *op) {
		_, first := o.redeem(o.code("max_age", "15000"), "nonce-1")
		o.Clock.Add(time.Second)
		if _, second := o.redeem(o.code("max_age", "10000"), "nonce-1"); first["auth_time"] == nil || first["auth_time"] != second["auth_time"] {
			o.t.Errorf("%v %v", first["auth_time"], second["auth_time"])
		}
	},
	"oidcc-prompt-none-not-logged-in": func(o *op) {
		if q, _ := o.send(o.Client(), o.request("prompt", "none")); q.Get("error") != "login_required" || q.Get("state") != "state-1" || q.Get("iss") != issuer || q.Has("code") {
			o.t.Errorf("%v", q)
		}
	},
	"oidcc-prompt-none-logged-in": func(o *op) {
		_, first := o.redeem(o.code(), "nonce-1")
		if _, second := o.redeem(o.code("prompt", "none"), "nonce-1"); first["sub"] != second["sub"] || first["auth_time"] != second["auth_time"] {
			o.t.Errorf("%v %v", first, second)
		}
	},
	"oidcc-id-token-hint": func(o *op) {
		tokens, first := o.redeem(o.code(), "nonce-1")
		o.Clock.Add(20 * time.Hour) // an expired hint is one
		if _, second := o.redeem(o.code("prompt", "none", "id_token_hint", tokens.JSON("id_token")), "nonce-1"); first["sub"] != second["sub"] || first["auth_time"] != second["auth_time"] {
			o.t.Errorf("%v %v", first, second)
		}
	},
	"oidcc-codereuse": func(o *op) {
		code := o.code()
		o.redeem(code, "nonce-1")
		want(o.t, o.form("/oauth2/token", redemption(code, "code_verifier", "")), 400, "invalid_grant")
	},
	"oidcc-codereuse-30seconds": func(o *op) {
		code := o.code()
		tokens, _ := o.redeem(code, "nonce-1")
		o.Clock.Add(30 * time.Second)
		want(o.t, o.form("/oauth2/token", redemption(code, "code_verifier", "")), 400, "invalid_grant")
		o.Client().Get(userInfoPath, bearer(tokens.JSON("access_token"))).Want(o.t, 401, "")
	},
	"oidcc-ensure-registered-redirect-uri": func(o *op) {
		if q, page := o.send(o.browser, o.request("redirect_uri", "https://rp.example/0f1e2d")); page != "/error" || q != nil {
			o.t.Errorf("%s %v", page, q)
		}
	},
	"oidcc-ensure-post-request-succeeds": func(o *op) {
		a := o.browser.Do("POST", authorizePath, o.request().Encode(), navigate(), core.HeaderField{Name: "Content-Type", Value: form})
		q, _ := o.answer(o.browser, a)
		o.redeem(q.Get("code"), "nonce-1")
	},
	"oidcc-server-client-secret-post": func(o *op) {
		f := redemption(o.code(), "code_verifier", "", "client_id", o.client.ID(), "client_secret", o.client.Secret)
		o.idToken(o.form("/oauth2/token", f).Want(o.t, 200, ""), "nonce-1")
	},
	"oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported": func(o *op) {
		if q, _ := o.send(o.browser, o.request("request_uri", "https://rp.example/request")); q.Get("error") != "request_uri_not_supported" {
			o.t.Errorf("%v", q)
		}
	},
	"oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported": func(o *op) {
		if q, _ := o.send(o.browser, o.request("request", unsigned(object{"alg": "none"}, object{"state": "other"}, ""))); q.Get("error") != "request_not_supported" || q.Get("state") != "state-1" {
			o.t.Errorf("%v", q)
		}
	},
	"oidcc-ensure-request-object-with-redirect-uri": func(o *op) {
		inside := unsigned(object{"alg": "none"}, object{"redirect_uri": "https://rp.example/other"}, "")
		if q, page := o.send(o.browser, o.request("request", inside, "redirect_uri", "https://rp.example/0f1e2d")); page != "/error" || q != nil {
			o.t.Errorf("%s %v", page, q)
		}
	},
	"oidcc-claims-essential": func(o *op) { o.redeem(o.code("claims", `{"userinfo":{"name":{"essential":true}}}`), "nonce-1") },
	"oidcc-refresh-token": func(o *op) { // with PKCE, without which there is no offline_access
		pkce := []string{"scope", "openid offline_access", "prompt", "consent", "code_challenge", challenge(verifier), "code_challenge_method", "S256"}
		tokens := o.form("/oauth2/token", redemption(o.code(pkce...))).Want(o.t, 200, "")
		first := o.idToken(tokens, "nonce-1")
		refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.JSON("refresh_token")}}
		other := o.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}}})
		want(o.t, o.form("/oauth2/token", refresh, basic(other.ID(), other.Secret)), 400, "invalid_grant")
		o.Clock.Add(time.Second)
		again := o.form("/oauth2/token", refresh).Want(o.t, 200, "")
		second := o.idToken(again, "")
		for _, name := range []string{"iss", "sub", "aud", "auth_time"} {
			if first[name] != second[name] {
				o.t.Errorf("%s was %v and is %v", name, first[name], second[name])
			}
		}
		if first["iat"] == second["iat"] || again.JSON("token_type") != "Bearer" || again.Header.Get("Cache-Control") != "no-store" {
			o.t.Errorf("%s", again.Body)
		}
		if q, _ := o.send(o.browser, o.request("scope", "openid offline_access")); q.Get("error") != "invalid_request" {
			o.t.Errorf("offline_access without PKCE: %v", q)
		}
	},
	"oidcc-ensure-request-with-valid-pkce-succeeds": func(o *op) {
		code := o.code("code_challenge", challenge(verifier), "code_challenge_method", "S256")
		o.idToken(o.form("/oauth2/token", redemption(code)).Want(o.t, 200, ""), "nonce-1")
	},
	"fapi2-security-profile-final-attempt-reuse-authorization-code-after-one-second": func(o *op) {
		code := o.code()
		o.redeem(code, "nonce-1")
		o.Clock.Add(time.Second)
		want(o.t, o.form("/oauth2/token", redemption(code, "code_verifier", "")), 400, "invalid_grant")
	},
	"fapi2-security-profile-final-ensure-authorization-code-is-bound-to-client": func(o *op) {
		other := o.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}}, RequirePKCE: new(false)})
		want(o.t, o.form("/oauth2/token", redemption(o.code(), "code_verifier", ""), basic(other.ID(), other.Secret)), 400, "invalid_grant")
	},
	"fapi2-security-profile-final-ensure-client-id-in-token-endpoint": func(o *op) {
		want(o.t, o.form("/oauth2/token", redemption(o.code(), "code_verifier", "", "client_id", "other"), basic(o.client.ID(), o.client.Secret)), 401, "invalid_client")
	},
	"fapi2-security-profile-final-ensure-pkce-code-verifier-required": func(o *op) {
		code := o.code("code_challenge", challenge(verifier), "code_challenge_method", "S256")
		want(o.t, o.form("/oauth2/token", redemption(code, "code_verifier", "")), 400, "invalid_grant")
	},
	"fapi2-security-profile-final-incorrect-pkce-code-verifier-rejected": func(o *op) {
		code := o.code("code_challenge", challenge(verifier), "code_challenge_method", "S256")
		want(o.t, o.form("/oauth2/token", redemption(code, "code_verifier", strings.Repeat("v", 50))), 400, "invalid_grant")
	},
	"fapi2-security-profile-final-ensure-token-endpoint-fails-with-expired-auth-code": func(o *op) {
		code := o.code()
		o.Clock.Add(11 * time.Minute) // FAPI wants 60 seconds: Options.CodeExpiresIn
		want(o.t, o.form("/oauth2/token", redemption(code, "code_verifier", "")), 400, "invalid_grant")
	},
	"fapi2-security-profile-final-ensure-response-type-token-fails": func(o *op) { o.refuses("unsupported_response_type", "response_type", "token") },
	"fapi2-security-profile-final-ensure-response-type-code-idtoken-fails": func(o *op) {
		o.refuses("unsupported_response_type", "response_type", "code id_token")
	},
	"fapi2-security-profile-final-ensure-authorization-request-with-long-nonce": func(o *op) {
		o.redeem(o.code("nonce", strings.Repeat("n", 384)), strings.Repeat("n", 384))
	},
	"fapi2-security-profile-final-ensure-authorization-request-with-long-state":       func(o *op) { o.code("state", strings.Repeat("s", 384)) },
	"fapi2-security-profile-final-ensure-authorization-request-without-nonce-success": func(o *op) { o.redeem(o.code("nonce", ""), "") },
	"fapi2-security-profile-final-ensure-authorization-request-without-state-success": func(o *op) { o.redeem(o.code("state", ""), "nonce-1") },
	"fapi2-security-profile-final-access-token-type-header-case-sensitivity": func(o *op) {
		for _, scheme := range []string{"bearer", "BEARER", "bEaReR"} {
			o.info(func(t string) *authtest.Answer {
				return o.Client().Get(userInfoPath, core.HeaderField{Name: "Authorization", Value: scheme + " " + t})
			})
		}
	},
	"fapi2-security-profile-final-user-rejects-authentication": func(o *op) {
		a := o.ask(o.browser, o.request())
		u, _ := url.Parse(o.browser.Post("/oauth2/consent", object{"accept": false, "oauth_query": rawQuery(a)}).Want(o.t, 200, "").JSON("url"))
		q, _ := o.answer(o.browser, &authtest.Answer{Header: redirect(u.String())})
		if q.Get("error") != "access_denied" || q.Get("state") != "state-1" || q.Get("iss") != issuer {
			o.t.Errorf("%v", q)
		}
	},
	"fapi2-security-profile-final-refresh-token": func(o *op) {
		code := o.code("scope", "openid offline_access", "code_challenge", challenge(verifier), "code_challenge_method", "S256")
		tokens := o.form("/oauth2/token", redemption(code)).Want(o.t, 200, "")
		want(o.t, o.form("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.JSON("refresh_token")}, "client_id": {o.client.ID()}}), 401, "invalid_client")
	},
}

func (o *op) refuses(code string, change ...string) {
	o.t.Helper()
	if q, _ := o.send(o.browser, o.request(change...)); q.Get("error") != code || q.Get("state") != "state-1" || q.Has("code") {
		o.t.Errorf("%v: %v", change, q)
	}
}

// info compares UserInfo with the id_token.
func (o *op) info(get func(token string) *authtest.Answer) {
	o.t.Helper()
	tokens, claims := o.redeem(o.code(), "nonce-1")
	if a := get(tokens.JSON("access_token")).Want(o.t, 200, ""); a.JSON("sub") != claims["sub"] || !strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
		o.t.Errorf("%s", a.Body)
	}
}

// scope checks the claims of a scope at UserInfo.
func (o *op) scope(scope string, claims ...string) {
	o.t.Helper()
	tokens, _ := o.redeem(o.code("scope", scope), "nonce-1")
	a := o.Client().Get(userInfoPath, bearer(tokens.JSON("access_token"))).Want(o.t, 200, "")
	for _, name := range claims {
		if a.JSON(name) == "" {
			o.t.Errorf("UserInfo lacks %s: %s", name, a.Body)
		}
	}
}

// unknown is a scope that the document does not have, so that the suite skips it.
func (o *op) unknown(scope string) {
	o.t.Helper()
	if doc := o.Client().Get(openIDConfig).Body; strings.Contains(doc, `"`+scope+`"`) {
		o.t.Errorf("%s is advertised: %s", scope, doc)
	}
	o.refuses("invalid_scope", "scope", "openid "+scope)
}

// again signs in once more, because a parameter says so.
func (o *op) again(change ...string) {
	o.t.Helper()
	_, first := o.redeem(o.code(), "nonce-1")
	o.Clock.Add(2 * time.Second)
	a := o.ask(o.browser, o.request(change...))
	if at, _ := place(a); !strings.HasSuffix(at, loginPath) {
		o.t.Fatalf("no page of sign-in: %s", at)
	}
	target := o.browser.Post("/sign-in/email", object{"email": "ada@example.com", "password": "correct horse", "oauth_query": rawQuery(a)}).Want(o.t, 200, "").JSON("url")
	q, _ := o.answer(o.browser, &authtest.Answer{Header: redirect(target)})
	_, second := o.redeem(q.Get("code"), "nonce-1")
	before, _ := first["auth_time"].(float64)
	after, _ := second["auth_time"].(float64)
	if after <= before || int64(after) > o.Clock.Now().Unix() || first["sub"] != second["sub"] {
		o.t.Errorf("auth_time was %v and is %v", before, after)
	}
}

// logouts are the modules of RP-initiated logout.
var logouts = map[string]func(o *op, hint string){
	"oidcc-rp-initiated-logout-discovery-endpoint-verification": func(o *op, _ string) {
		if doc := o.Client().Get(openIDConfig).Body; !strings.Contains(doc, `"end_session_endpoint":"`+issuer+endSessionPath+`"`) {
			o.t.Errorf("%s", doc)
		}
	},
	"oidcc-rp-initiated-logout": func(o *op, hint string) {
		o.ends(bye+"?state=s", "id_token_hint", hint, "post_logout_redirect_uri", bye, "state", "s")
	},
	"oidcc-rp-initiated-logout-no-state": func(o *op, hint string) { o.ends(bye, "id_token_hint", hint, "post_logout_redirect_uri", bye) },
	"oidcc-rp-initiated-logout-bad-post-logout-redirect-uri": func(o *op, hint string) {
		o.stays(200, "id_token_hint", hint, "post_logout_redirect_uri", "https://rp.example/0f1e")
	},
	"oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri": func(o *op, hint string) {
		o.stays(200, "id_token_hint", hint, "post_logout_redirect_uri", bye+"?foo=bar")
	},
	"oidcc-rp-initiated-logout-bad-id-token-hint": func(o *op, hint string) {
		parts := strings.Split(hint, ".")
		o.stays(401, "id_token_hint", parts[0]+"."+parts[1]+"."+strings.Repeat("A", len(parts[2])), "post_logout_redirect_uri", bye)
		o.still()
	},
	"oidcc-rp-initiated-logout-modified-id-token-hint": func(o *op, hint string) {
		parts := strings.Split(hint, ".")
		o.stays(401, "id_token_hint", unsigned(object{"alg": "none"}, object{}, "")[:len(`eyJhbGciOiJub25lIn0`)]+"."+parts[1]+".", "post_logout_redirect_uri", bye)
		o.still()
	},
	"oidcc-rp-initiated-logout-no-id-token-hint": func(o *op, _ string) {
		o.stays(200, "post_logout_redirect_uri", bye)
		o.still()
	},
	"oidcc-rp-initiated-logout-no-params":  func(o *op, _ string) { o.confirms() },
	"oidcc-rp-initiated-logout-only-state": func(o *op, _ string) { o.confirms("state", "s") },
	"oidcc-rp-initiated-logout-no-post-logout-redirect-uri": func(o *op, hint string) {
		o.stays(200, "id_token_hint", hint, "state", "s")
		o.gone()
	},
}

func (o *op) end(pairs ...string) *authtest.Answer {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return o.browser.Get(endSessionPath+"?"+q.Encode(), navigate())
}

// gone checks that the user is signed out: prompt=none fails then.
func (o *op) gone() {
	o.t.Helper()
	if q, _ := o.send(o.browser, o.request("prompt", "none")); q.Get("error") != "login_required" {
		o.t.Errorf("still signed in: %v", q)
	}
}

func (o *op) still() {
	o.t.Helper()
	if o.browser.Get("/get-session").Body == "null" {
		o.t.Error("the user is signed out")
	}
}

func (o *op) ends(at string, pairs ...string) {
	o.t.Helper()
	if a := o.end(pairs...); a.Header.Get("Location") != at {
		o.t.Errorf("%d to %q", a.Status, a.Header.Get("Location"))
	}
	o.gone()
}

// stays checks that a page is shown, and nobody redirected.
func (o *op) stays(status int, pairs ...string) *authtest.Answer {
	o.t.Helper()
	a := o.end(pairs...)
	if a.Status != status || a.Header.Get("Location") != "" || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		o.t.Errorf("%d %s %s", a.Status, a.Header.Get("Location"), a.Header.Get("Content-Type"))
	}
	return a
}

// confirms asks the user, whose answer signs them out.
func (o *op) confirms(pairs ...string) {
	o.t.Helper()
	if a := o.stays(200, pairs...); !strings.Contains(a.Body, `data-path="/sign-out"`) || !strings.Contains(a.Body, "ada@example.com") {
		o.t.Errorf("%s", a.Body)
	}
	o.still()
	o.browser.Post("/sign-out", object{}).Want(o.t, 200, "")
	o.gone()
	if a := o.stays(200, pairs...); strings.Contains(a.Body, "<form") {
		o.t.Errorf("%s", a.Body)
	}
}

// TestOpenIDConformance plays what the modules of the OpenID Foundation's suite play, as far as
// they are for a provider of this kind. docs/openid-conformance.md has each with its plan.
func TestOpenIDConformance(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"query", "form_post"} {
		for name, run := range modules {
			t.Run(mode+"/"+name, func(t *testing.T) {
				t.Parallel()
				alg := "EdDSA"
				if slices.Contains([]string{"oidcc-server", "oidcc-idtoken-signature", "oidcc-id-token-hint"}, name) {
					alg = "RS256"
				}
				run(newOP(t, mode, alg))
			})
		}
	}
	for name, run := range logouts {
		t.Run("logout/"+name, func(t *testing.T) {
			t.Parallel()
			o := newOP(t, "query", "EdDSA")
			tokens, _ := o.redeem(o.code(), "nonce-1")
			run(o, tokens.JSON("id_token"))
		})
	}
	t.Run("config/oidcc-discovery-endpoint-verification", func(t *testing.T) {
		t.Parallel()
		const origin = "https://op.example"
		e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.BaseURL = origin },
			emailpassword.New(emailpassword.Options{}), jwt.New(jwt.Options{Further: []jwt.Algorithm{jwt.RS256}}), New(Options{PrivateKeyJWT: true, DPoP: true, BackChannelLogout: true, AllowDynamicClientRegistration: true}))
		res := &core.Response{}
		e.Auth.Serve(t.Context(), &core.Request{Method: "GET", Path: "/api/auth" + openIDConfig, Scheme: "https", Host: "op.example"}, res)
		var doc map[string]any
		if err := json.Unmarshal(res.Body, &doc); err != nil || res.Status != 200 {
			t.Fatalf("%d %v", res.Status, err)
		}
		if doc["issuer"] != origin+"/api/auth" {
			t.Errorf("issuer %v", doc["issuer"])
		}
		for name, v := range doc {
			if strings.HasSuffix(name, "_endpoint") || strings.HasSuffix(name, "_uri") {
				if u, _ := v.(string); !strings.HasPrefix(u, "https://") {
					t.Errorf("%s is %v", name, v)
				}
			}
		}
		for name, one := range map[string]string{
			"id_token_signing_alg_values_supported": "RS256", "response_types_supported": "code", "subject_types_supported": "public", "grant_types_supported": "authorization_code",
			"scopes_supported": "openid", "code_challenge_methods_supported": "S256", "claims_supported": "sub", "response_modes_supported": "form_post",
			"token_endpoint_auth_methods_supported": "client_secret_basic",
		} {
			if list, _ := doc[name].([]any); !slices.Contains(list, any(one)) {
				t.Errorf("%s lacks %s: %v", name, one, doc[name])
			}
		}
		for _, name := range []string{"backchannel_logout_supported", "backchannel_logout_session_supported"} {
			if doc[name] != true {
				t.Errorf("%s is %v", name, doc[name])
			}
		}
	})
}

// The document and the tests have the same modules.
func TestConformanceDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/openid-conformance.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)` \\| `(Test\\w+)(?:/(\\w+))?` \\|").FindAllStringSubmatch(string(text), -1)
	written := map[string]bool{}
	tests := testsOf(t, ".")
	for _, row := range rows {
		name, test, group := row[1], row[2], row[3]
		written[name] = true
		if !tests[test] {
			t.Errorf("%s names %s, which does not exist", name, test)
		}
		if test != "TestOpenIDConformance" {
			continue
		}
		_, flow := modules[name]
		_, logout := logouts[name]
		if group == "code" && !flow || group == "logout" && !logout || group == "config" && !strings.HasSuffix(name, "-discovery-endpoint-verification") || group == "" {
			t.Errorf("%s is no module of %s", name, group)
		}
	}
	for name := range modules {
		if !written[name] {
			t.Errorf("the document lacks %s", name)
		}
	}
	for name := range logouts {
		if !written[name] {
			t.Errorf("the document lacks %s", name)
		}
	}
}

// Every line of the table of RFC 9700 has a test.
func TestRFC9700Document(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/rfc9700.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := testsOf(t, ".", "../../internal/oauthserver", "oauthprovidertest")
	lines := 0
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "| ") || strings.HasPrefix(line, "| section") || strings.HasPrefix(line, "| ---") {
			continue
		}
		lines++
		named := regexp.MustCompile("`((?:Test|Fuzz)\\w+)`").FindAllStringSubmatch(line, -1)
		if len(named) == 0 {
			t.Errorf("no test: %s", line)
		}
		for _, m := range named {
			if !tests[m[1]] {
				t.Errorf("%s does not exist: %s", m[1], line)
			}
		}
	}
	if lines < 20 {
		t.Errorf("%d lines", lines)
	}
}

// testsOf are the names of the tests and fuzz targets of packages.
func testsOf(t *testing.T, folders ...string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, folder := range folders {
		files, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			if !strings.HasSuffix(f.Name(), "_test.go") {
				continue
			}
			text, err := os.ReadFile(folder + "/" + f.Name())
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllStringSubmatch(string(text), -1) {
				out[m[1]] = true
			}
		}
	}
	return out
}
