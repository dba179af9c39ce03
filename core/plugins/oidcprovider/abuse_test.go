package oidcprovider

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
)

func TestAbuse(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(t *testing.T, w *world){
		"OP-01 redirect URIs are exact": func(t *testing.T, w *world) {
			for _, bad := range []string{
				"", callback + "/", callback + "?x=1", callback + "#x", "https://RP.example/callback", "https://rp.example:8443/callback", "https://rp.example/callback/../evil",
				"https://a@rp.example/callback", "//rp.example/callback", "https://evil.example/", "javascript:alert(1)",
			} {
				if at, q := place(w.ask(w.browser, w.query("redirect_uri", bad))); at != errorPage || q.Get("error") != "invalid_redirect" {
					t.Errorf("%q is redirected to %s", bad, at)
				}
			}
		},
		"OP-02 unknown clients": func(t *testing.T, w *world) {
			for _, id := range []string{"", "unknown", strings.Repeat("x", 5000)} {
				if at, _ := place(w.ask(w.browser, w.query("client_id", id))); at != errorPage {
					t.Errorf("%.20q is redirected to %s", id, at)
				}
				if at, _ := place(w.ask(w.Client(), w.query("client_id", id))); at != errorPage {
					t.Errorf("%.20q reaches the login page: %s", id, at)
				}
			}
		},
		"OP-03 a code that comes twice ends its tokens": func(t *testing.T, w *world) {
			code := w.code()
			tokens := w.form(tokenPath, redemption(code)).Want(t, 200, "")
			rotated := w.form(tokenPath, refreshment(tokens.JSON("refresh_token"))).Want(t, 200, "")
			want(t, w.form(tokenPath, redemption(code)), 400, "invalid_grant")
			for _, a := range []*authtest.Answer{tokens, rotated} {
				want(t, w.Client().Get(userInfoPath, bearer(a.JSON("access_token"))), 401, "invalid_token")
			}
			want(t, w.form(tokenPath, refreshment(rotated.JSON("refresh_token"))), 400, "invalid_grant")
		},
		"OP-04 redemptions at once": func(t *testing.T, w *world) {
			code := w.code()
			var mu sync.Mutex
			good := 0
			var wait sync.WaitGroup
			for range 50 {
				wait.Go(func() {
					if a := w.form(tokenPath, redemption(code)); a.Status == 200 {
						mu.Lock()
						good++
						mu.Unlock()
					}
				})
			}
			wait.Wait()
			if good != 1 {
				t.Errorf("%d redemptions", good)
			}
		},
		"OP-05 codes of others, elsewhere and late": func(t *testing.T, w *world) {
			id, secret := w.register(map[string]any{})
			want(t, w.form(tokenPath, redemption(w.code()), basic(id, secret)), 400, "invalid_grant")
			want(t, w.form(tokenPath, redemption(w.code(), "redirect_uri", "https://rp.example/other")), 400, "invalid_grant")
			code := w.code()
			w.Clock.Add(601 * time.Second)
			want(t, w.form(tokenPath, redemption(code)), 400, "invalid_grant")
			// A client that does not prove who it is costs no code.
			code = w.code()
			want(t, w.form(tokenPath, redemption(code), basic(w.id, "wrong")), 401, "invalid_client")
			w.form(tokenPath, redemption(code)).Want(t, 200, "")
		},
		"OP-06 PKCE": func(t *testing.T, w *world) {
			for _, change := range [][]string{
				{"code_challenge_method", "plain"}, {"code_challenge_method", ""}, {"code_challenge", ""}, {"code_challenge", "short"}, {"code_challenge", "", "code_challenge_method", ""},
			} {
				if at, q := place(w.ask(w.browser, w.query(change...))); at != callback || q.Get("error") != "invalid_request" {
					t.Errorf("%v: %s %v", change, at, q)
				}
			}
			code := w.code("scope", "openid", "code_challenge", "", "code_challenge_method", "")
			want(t, w.form(tokenPath, redemption(code)), 400, "invalid_grant")
			want(t, w.form(tokenPath, redemption(w.code(), "code_verifier", "")), 400, "invalid_grant")
			want(t, w.form(tokenPath, redemption(w.code(), "code_verifier", strings.Repeat("x", 43))), 400, "invalid_grant")
			id, _ := w.register(map[string]any{"token_endpoint_auth_method": "none"})
			if at, q := place(w.ask(w.browser, w.query("client_id", id, "scope", "openid", "code_challenge", "", "code_challenge_method", ""))); at != callback || q.Get("error") != "invalid_request" {
				t.Errorf("a public client without PKCE: %s %v", at, q)
			}
		},
		"OP-07 refresh tokens": func(t *testing.T, w *world) {
			tokens := w.form(tokenPath, redemption(w.code())).Want(t, 200, "")
			refresh := tokens.JSON("refresh_token")
			id, secret := w.register(map[string]any{})
			want(t, w.form(tokenPath, refreshment(refresh), basic(id, secret)), 400, "invalid_grant")
			want(t, w.form(tokenPath, refreshment(refresh, "client_id", w.id)), 401, "invalid_client")
			want(t, w.form(tokenPath, refreshment(refresh, "client_id", w.id, "client_secret", "wrong")), 401, "invalid_client")
			want(t, w.form(tokenPath, refreshment(refresh, "resource", "https://other.example")), 400, "invalid_target")
			var mu sync.Mutex
			good := 0
			var wait sync.WaitGroup
			for range 50 {
				wait.Go(func() {
					if w.form(tokenPath, refreshment(refresh)).Status == 200 {
						mu.Lock()
						good++
						mu.Unlock()
					}
				})
			}
			wait.Wait()
			if good != 1 {
				t.Errorf("%d refreshes", good)
			}
		},
		"OP-08 client authentication": func(t *testing.T, w *world) {
			for _, c := range []struct {
				f      url.Values
				header []core.HeaderField
				status int
				code   string
			}{
				{redemption("x", "client_secret", w.secret), []core.HeaderField{basic(w.id, w.secret)}, 400, "invalid_request"},
				{redemption("x"), []core.HeaderField{{Name: "Authorization", Value: "Basic nonsense"}}, 401, "invalid_client"},
				{redemption("x"), []core.HeaderField{basic(w.id, "")}, 401, "invalid_client"},
				{redemption("x", "client_id", "other"), []core.HeaderField{basic(w.id, w.secret)}, 401, "invalid_client"},
				{redemption("x", "client_id", w.id), nil, 401, "invalid_client"},
				{redemption("x"), []core.HeaderField{bearer("x")}, 400, "invalid_request"},
			} {
				a := want(t, w.form(tokenPath, c.f, c.header...), c.status, c.code)
				if c.status == 401 && c.header != nil && a.Header.Get("WWW-Authenticate") == "" {
					t.Errorf("no challenge for %v", c.header)
				}
			}
			w.form(tokenPath, redemption(w.code(), "client_id", w.id, "client_secret", w.secret)).Want(t, 200, "")
			json := map[string]any{}
			for name, v := range redemption(w.code(), "client_id", w.id, "client_secret", w.secret) {
				json[name] = v[0]
			}
			w.Client().Post(tokenPath, json).Want(t, 200, "")
		},
		"OP-10 other grants": func(t *testing.T, w *world) {
			for _, grant := range []string{"client_credentials", "password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer"} {
				want(t, w.form(tokenPath, url.Values{"grant_type": {grant}}), 400, "unsupported_grant_type")
			}
			want(t, w.form(tokenPath, url.Values{"code": {"x"}}), 400, "invalid_request")
		},
		"OP-11 registrations": func(t *testing.T, w *world) {
			for _, c := range []struct {
				body map[string]any
				code string
			}{
				{map[string]any{"redirect_uris": []string{}}, "invalid_redirect_uri"}, {map[string]any{"redirect_uris": []string{"javascript:alert(1)"}}, "invalid_redirect_uri"},
				{map[string]any{"redirect_uris": []string{"http://rp.example/cb"}}, "invalid_redirect_uri"}, {map[string]any{"redirect_uris": []string{callback + "#x"}}, "invalid_redirect_uri"},
				{map[string]any{"redirect_uris": []string{"https://rp.example/a,https://evil.example/"}}, "invalid_redirect_uri"},
				{map[string]any{"redirect_uris": strings.Split(strings.Repeat(callback+" ", 100), " ")}, "invalid_redirect_uri"},
				{map[string]any{"redirect_uris": []string{callback + "?" + strings.Repeat("x", 3000)}}, "invalid_redirect_uri"},
				{map[string]any{"redirect_uris": slices.Repeat([]string{callback + "?" + strings.Repeat("x", 1900)}, 10)}, "invalid_redirect_uri"},
				{map[string]any{"logo_uri": "javascript:alert(1)"}, "invalid_client_metadata"}, {map[string]any{"client_name": strings.Repeat("x", 5000)}, "invalid_client_metadata"},
				{map[string]any{"metadata": map[string]any{"x": strings.Repeat("x", 9000)}}, "invalid_client_metadata"},
				{map[string]any{"grant_types": []string{"client_credentials"}}, "invalid_client_metadata"}, {map[string]any{"scope": "openid admin"}, "invalid_scope"},
				{map[string]any{"grant_types": []string{"authorization_code"}, "response_types": []string{"token"}}, "invalid_client_metadata"},
				{map[string]any{"grant_types": []string{"implicit", "authorization_code"}, "response_types": []string{"code"}}, "invalid_client_metadata"},
			} {
				if c.body["redirect_uris"] == nil {
					c.body["redirect_uris"] = []string{callback}
				}
				want(t, w.browser.Post(registerPath, c.body), 400, c.code)
			}
			a := w.browser.Post(registerPath, map[string]any{"redirect_uris": []string{callback}, "skipConsent": true, "disabled": true, "type": "native", "clientId": "mine"}).Want(t, 201, "")
			row, err := w.Auth.DB().FindOne(t.Context(), adapter.Find{Model: "oauthApplication", Where: adapter.By("clientId", a.JSON("client_id"))})
			if err != nil || row["disabled"] != false || row["type"] != "web" {
				t.Errorf("%v %v", row, err)
			}
		},
		"OP-12 pages of another session, and twice": func(t *testing.T, w *world) {
			_, q := place(w.ask(w.browser, w.query()))
			other := w.Client()
			other.Post("/sign-up/email", map[string]any{"name": "Eve", "email": "eve@example.com", "password": "correct horse"}).Want(t, 200, "")
			body := map[string]any{"accept": true, "consent_code": q.Get("consent_code")}
			want(t, other.Post("/oauth2/consent", body), 401, "invalid_request")
			if a := other.Get("/oauth2/consent-page?consent_code="+q.Get("consent_code"), navigate()); a.Status != 400 || strings.Contains(a.Body, "Ada") {
				t.Errorf("the page is shown: %d", a.Status)
			}
			var mu sync.Mutex
			good := 0
			var wait sync.WaitGroup
			for range 20 {
				wait.Go(func() {
					if a := w.browser.Copy().Post("/oauth2/consent", body); a.Status == 200 {
						mu.Lock()
						good++
						mu.Unlock()
					}
				})
			}
			wait.Wait()
			if good != 1 {
				t.Errorf("%d answers", good)
			}
			// A cookie of the login page that is not signed is none.
			third := w.Client()
			a := third.Do("POST", "/sign-in/email", `{"email":"ada@example.com","password":"correct horse"}`, core.HeaderField{Name: "Content-Type", Value: "application/json"},
				core.HeaderField{Name: "Cookie", Value: "oidc_login_prompt=" + url.QueryEscape(w.query().Encode()+".c2lnbmF0dXJl")})
			if a.Status != 200 || a.JSON("redirect") == "true" {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		},
		"OP-13 consent": func(t *testing.T, w *world) {
			if _, q := place(w.ask(w.browser, w.query("prompt", "none"))); q.Get("error") != "consent_required" {
				t.Errorf("%v", q)
			}
			if _, q := place(w.ask(w.Client(), w.query("prompt", "none"))); q.Get("error") != "login_required" || q.Get("state") != "state-1" {
				t.Errorf("%v", q)
			}
			w.code("scope", "openid")
			if _, q := place(w.ask(w.browser, w.query("prompt", "none"))); q.Get("error") != "consent_required" {
				t.Errorf("escalated: %v", q)
			}
			code := w.code()
			if _, err := w.Auth.DB().DeleteMany(t.Context(), "oauthConsent", adapter.By("clientId", w.id)); err != nil {
				t.Fatal(err)
			}
			want(t, w.form(tokenPath, redemption(code)), 400, "invalid_grant")
		},
		"OP-14 the page of consent in a frame, and its answer from another site": func(t *testing.T, w *world) {
			_, q := place(w.ask(w.browser, w.query()))
			a := w.browser.Get("/oauth2/consent-page?consent_code="+q.Get("consent_code"), navigate()).Want(t, 200, "")
			if !strings.Contains(a.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || a.Header.Get("X-Frame-Options") != "DENY" {
				t.Errorf("%v", a.Header)
			}
			b := w.browser.Post("/oauth2/consent", map[string]any{"accept": true}, core.HeaderField{Name: "Origin", Value: "https://evil.example"})
			if b.Status != 403 {
				t.Errorf("%d %s", b.Status, b.Body)
			}
		},
		"OP-15 response types, modes and repeated parameters": func(t *testing.T, w *world) {
			for _, c := range [][2]string{{"response_type=token", "unsupported_response_type"}, {"response_mode=form_post", "invalid_request"}, {"response_mode=fragment", "invalid_request"}} {
				name, value, _ := strings.Cut(c[0], "=")
				if at, q := place(w.ask(w.browser, w.query(name, value))); at != callback || q.Get("error") != c[1] {
					t.Errorf("%s: %s %v", c[0], at, q)
				}
			}
			a := w.browser.Get(authorizePath+"?"+w.query().Encode()+"&state=two", navigate())
			if _, q := place(a); q.Get("error") != "invalid_request" {
				t.Errorf("%v", q)
			}
			f := redemption(w.code())
			f.Add("code", "two")
			want(t, w.form(tokenPath, f), 400, "invalid_request")
		},
		"OP-18 UserInfo": func(t *testing.T, w *world) {
			tokens := w.form(tokenPath, redemption(w.code())).Want(t, 200, "")
			access := tokens.JSON("access_token")
			for _, header := range [][]core.HeaderField{nil, {bearer("nonsense")}, {bearer(tokens.JSON("refresh_token"))}, {bearer(tokens.JSON("id_token"))}, {basic(w.id, w.secret)}} {
				a := w.Client().Get(userInfoPath+"?access_token="+access, header...)
				if a.Status != 401 || a.Header.Get("WWW-Authenticate") == "" {
					t.Errorf("%v answers %d %s", header, a.Status, a.Body)
				}
			}
			w.Client().Get(userInfoPath, bearer(access)).Want(t, 200, "")
			w.browser.Post("/sign-out", nil).Want(t, 200, "")
			w.Client().Get(userInfoPath, bearer(access)).Want(t, 200, "") // offline_access
		},
		"OP-19 state and iss": func(t *testing.T, w *world) {
			state := `<script>"&'`
			if _, q := place(w.ask(w.browser, w.query("state", state, "scope", "nothing"))); q.Get("state") != state || q.Get("iss") != issuer || q.Get("error") != "invalid_scope" {
				t.Errorf("%v", q)
			}
		},
		"OP-24 tokens and codes at rest": func(t *testing.T, w *world) {
			code := w.code()
			tokens := w.form(tokenPath, redemption(code)).Want(t, 200, "")
			for _, model := range []string{"oauthAccessToken", "oauthApplication", "verification"} {
				rows, err := w.Auth.DB().FindMany(t.Context(), adapter.Find{Model: model})
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range rows {
					for name, v := range row {
						if text, ok := v.(string); ok && (text == code || text == tokens.JSON("access_token") || text == tokens.JSON("refresh_token") || text == w.secret) {
							t.Errorf("%s.%s is readable", model, name)
						}
					}
				}
			}
		},
		"OP-25 answers are not cached, and say no referrer": func(t *testing.T, w *world) {
			a := w.ask(w.browser, w.query())
			if a.Status != 302 || a.Header.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("%d %v", a.Status, a.Header)
			}
		},
		"IDT-06 an access token is no id_token": func(t *testing.T, w *world) {
			tokens := w.form(tokenPath, redemption(w.code())).Want(t, 200, "")
			q := url.Values{"id_token_hint": {tokens.JSON("access_token")}, "client_id": {w.id}}
			if a := w.browser.Get(endSessionPath+"?"+q.Encode(), navigate()); a.Status != 401 {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		},
		"the user, the session and a ban end tokens": func(t *testing.T, w *world) {
			online := w.form(tokenPath, redemption(w.code("scope", "openid"))).Want(t, 200, "")
			w.browser.Post("/sign-out", nil).Want(t, 200, "")
			w.Client().Get(userInfoPath, bearer(online.JSON("access_token"))).Want(t, 401, "")
		},
		"expired rows go": func(t *testing.T, w *world) {
			w.form(tokenPath, redemption(w.code())).Want(t, 200, "")
			count := func() int {
				rows, err := w.Auth.DB().FindMany(t.Context(), adapter.Find{Model: "oauthAccessToken"})
				if err != nil {
					t.Fatal(err)
				}
				return len(rows)
			}
			w.Clock.Add(2 * time.Hour)
			if err := w.Auth.DeleteExpired(t.Context()); err != nil || count() != 1 {
				t.Errorf("a live refresh token is gone: %v", err)
			}
			w.Clock.Add(8 * 24 * time.Hour)
			if err := w.Auth.DeleteExpired(t.Context()); err != nil || count() != 0 {
				t.Errorf("%d rows: %v", count(), err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			run(t, newWorld(t, Options{}))
		})
	}
}
