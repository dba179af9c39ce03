package oauthprovider

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/jwt"
)

// own makes a client of the signed-in user, as the client of the world.
func (w *world) own(body map[string]any) *authtest.Answer {
	w.t.Helper()
	if body["redirect_uris"] == nil {
		body["redirect_uris"] = []string{callback}
	}
	a := w.browser.Post("/oauth2/create-client", body).Want(w.t, 201, "")
	w.client = &Client{row: &clientRow{ClientID: a.JSON("client_id")}, Secret: a.JSON("client_secret")}
	return a
}

func (w *world) update(members map[string]any) *authtest.Answer {
	return w.browser.Post("/oauth2/update-client", map[string]any{"client_id": w.client.ID(), "update": members})
}

func (w *world) adminUpdate(u AdminUpdate) {
	w.t.Helper()
	if _, err := w.plugin.AdminUpdateClient.Call(w.t.Context(), &AdminUpdateInput{ClientID: w.client.ID(), Update: u}); err != nil {
		w.t.Fatal(err)
	}
}

func TestUsersDoNotGrantClientCredentials(t *testing.T) {
	t.Parallel()
	scopes := []string{"openid", "read", "admin"}
	w := newWorld(t, Options{Scopes: scopes})
	machine := func(scope string) *authtest.Answer {
		return w.form("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "scope": {scope}})
	}
	for name, grants := range map[string][]string{"an empty list": {}, "none": nil} {
		body := map[string]any{"scope": "openid read"}
		if grants != nil {
			body["grant_types"] = grants
		}
		if a := w.own(body); !strings.Contains(a.Body, `"grant_types":["authorization_code"]`) {
			t.Errorf("%s: %s", name, a.Body)
		}
		want(t, machine("read"), 400, "unauthorized_client")
	}
	both := []string{"authorization_code", "client_credentials"}
	want(t, w.browser.Post("/oauth2/create-client", map[string]any{"redirect_uris": []string{callback}, "grant_types": both}), 400, "invalid_client_metadata")
	want(t, w.update(map[string]any{"grant_types": both}), 400, "invalid_client_metadata")
	if a := w.update(map[string]any{"grant_types": []string{}}).Want(t, 200, ""); !strings.Contains(a.Body, `"grant_types":["authorization_code"]`) {
		t.Errorf("an empty list in an update: %s", a.Body)
	}
	want(t, machine("read"), 400, "unauthorized_client")
	// A row of another server that names no grants.
	if _, err := w.Auth.DB().Update(t.Context(), ModelClient, adapter.By("clientId", w.client.ID()), adapter.Record{"grantTypes": nil}); err != nil {
		t.Fatal(err)
	}
	want(t, machine("read"), 400, "unauthorized_client")
	// What an administrator grants, the owner keeps, with the same scopes.
	w.adminUpdate(AdminUpdate{UpdateFields: UpdateFields{GrantTypes: both}})
	machine("read").Want(t, 200, "")
	w.update(map[string]any{"grant_types": both, "scope": "read"}).Want(t, 200, "")
	want(t, w.update(map[string]any{"scope": "read admin"}), 400, "invalid_scope")
	want(t, machine("admin"), 400, "invalid_scope")

	v := newWorld(t, Options{Scopes: scopes, ClientPrivileges: func(context.Context, string, *core.SessionData) (bool, error) { return true, nil }})
	v.own(map[string]any{"grant_types": both, "scope": "read"})
	v.form("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}).Want(t, 200, "")
}

func TestScopesOfRegisteredClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{Scopes: []string{"openid", "read", "admin"}, AllowDynamicClientRegistration: true, RegistrationAllowedScopes: []string{"openid", "read"}})
	a := w.browser.Post("/oauth2/register", map[string]any{"redirect_uris": []string{callback}, "scope": "openid"}).Want(t, 201, "")
	w.client = &Client{row: &clientRow{ClientID: a.JSON("client_id")}}
	want(t, w.update(map[string]any{"scope": "openid admin"}), 400, "invalid_scope")
	w.update(map[string]any{"scope": "openid read"}).Want(t, 200, "")
	w.adminUpdate(AdminUpdate{UpdateFields: UpdateFields{Scope: new("openid admin")}})
	w.update(map[string]any{"scope": "admin read"}).Want(t, 200, "")
}

func TestOwnerOfTrustedClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.own(map[string]any{"scope": "openid", "post_logout_redirect_uris": []string{"https://rp.example/bye"}})
	w.adminUpdate(AdminUpdate{SkipConsent: new(true)})
	for name, members := range map[string]map[string]any{
		"redirect URIs": {"redirect_uris": []string{"https://evil.example/cb"}}, "URIs after logout": {"post_logout_redirect_uris": []string{"https://evil.example/"}}, "scopes": {"scope": "openid email"},
	} {
		if a := w.update(members); a.Status != 403 || a.JSON("error") != "access_denied" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	w.update(map[string]any{"redirect_uris": []string{callback}, "scope": "openid", "client_name": "Renamed"}).Want(t, 200, "")
	w.adminUpdate(AdminUpdate{UpdateFields: UpdateFields{RedirectURIs: []string{"https://rp.example/2"}, Scope: new("openid email")}})
}

// An administrator changes the client after the owner's update has read it.
func TestUpdateWritesNoOtherMembers(t *testing.T) {
	t.Parallel()
	var between atomic.Pointer[func()]
	w := newWorld(t, Options{ClientReference: func(context.Context, *core.SessionData) (string, error) {
		if f := between.Swap(nil); f != nil {
			(*f)()
		}
		return "organization-1", nil
	}})
	w.own(map[string]any{"scope": "openid"})
	between.Store(new(func() {
		w.adminUpdate(AdminUpdate{Disabled: new(true), EnableEndSession: new(true), RequirePKCE: new(true), SecretExpiresAt: new(float64(4e9))})
	}))
	a := w.update(map[string]any{"client_name": "Renamed"}).Want(t, 200, "")
	for _, part := range []string{`"disabled":true`, `"enable_end_session":true`, `"require_pkce":true`, `"client_secret_expires_at":4000000000`, `"client_name":"Renamed"`, `"scope":"openid"`} {
		if !strings.Contains(a.Body, part) {
			t.Errorf("%s has been written back: %s", part, a.Body)
		}
	}
	between.Store(new(func() { w.adminUpdate(AdminUpdate{SkipConsent: new(true)}) }))
	if a := w.update(map[string]any{"redirect_uris": []string{"https://evil.example/cb"}}); a.Status != 404 {
		t.Errorf("the owner has moved a trusted client: %d %s", a.Status, a.Body)
	}
}

func TestBoundsOfClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	for name, c := range map[string]struct {
		members map[string]any
		error   string
	}{
		"many contacts":      {map[string]any{"contacts": slices.Repeat([]string{"a@example.com"}, 17)}, "invalid_client_metadata"},
		"a long contact":     {map[string]any{"contacts": []string{strings.Repeat("a", 321)}}, "invalid_client_metadata"},
		"software_statement": {map[string]any{"software_statement": strings.Repeat("a", 8193)}, "invalid_client_metadata"},
	} {
		w.own(map[string]any{})
		if a := w.update(c.members); a.Status != 400 || a.JSON("error") != c.error {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	a := w.own(map[string]any{"scope": strings.Repeat("openid email ", 2000), "grant_types": slices.Repeat([]string{"authorization_code"}, 1000), "contacts": slices.Repeat([]string{"a@example.com"}, 16)})
	if a.JSON("scope") != "openid email" || !strings.Contains(a.Body, `"grant_types":["authorization_code"]`) {
		t.Errorf("%.300s", a.Body)
	}
}

func TestPairwiseSectors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{PairwiseSecret: strings.Repeat("p", 32)})
	w.own(map[string]any{"subject_type": "pairwise"})
	want(t, w.update(map[string]any{"redirect_uris": []string{"https://other.example/cb"}}), 400, "invalid_redirect_uri")
	w.update(map[string]any{"redirect_uris": []string{"https://rp.example/2"}}).Want(t, 200, "")
	var subjects []string
	for _, uri := range []string{"com.example.one:/cb", "com.example.two:/cb"} {
		w.client = w.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{uri}, SubjectType: new("pairwise")}})
		tokens := w.form("/oauth2/token", redemption(w.code("redirect_uri", uri), "redirect_uri", uri)).Want(t, 200, "")
		subjects = append(subjects, w.Client().Get("/oauth2/userinfo", bearer(tokens.JSON("access_token"))).Want(t, 200, "").JSON("sub"))
	}
	if subjects[0] == subjects[1] {
		t.Errorf("two applications know the user by %s", subjects[0])
	}
	if _, err := w.plugin.AdminCreateClient.Call(t.Context(), &AdminClientInput{Fields: Fields{RedirectURIs: []string{"com.example.one:/cb", "com.example.two:/cb"}, SubjectType: new("pairwise")}}); err == nil {
		t.Error("two schemes are one sector")
	}
}

// The access tokens of two pairwise clients have no value in common that names the user.
// The id_token of a pairwise client ends its session, although its sid is no id of a session.
func TestOP21LogoutOfPairwiseClients(t *testing.T) {
	t.Parallel()
	in := AdminClientInput{EnableEndSession: new(true), Fields: Fields{RedirectURIs: []string{callback}, SubjectType: new("pairwise")}}
	w := worldWith(t, Options{PairwiseSecret: strings.Repeat("p", 32)}, jwt.Options{}, in)
	id := w.form("/oauth2/token", redemption(w.code())).Want(t, 200, "").JSON("id_token")
	sessions, err := w.Auth.DB().FindMany(t.Context(), allOf(core.ModelSession))
	if err != nil || len(sessions) != 1 {
		t.Fatal(len(sessions), err)
	}
	if claims := claimsOf(t, id); !strings.Contains(claims, `"sid":"`) || strings.Contains(claims, sessions[0]["id"].(string)) {
		t.Errorf("%s", claims)
	}
	w.browser.Get(endSessionPath+"?"+url.Values{"id_token_hint": {id}}.Encode(), navigate()).Want(t, 200, "")
	if sessions, err = w.Auth.DB().FindMany(t.Context(), allOf(core.ModelSession)); err != nil || len(sessions) != 0 {
		t.Errorf("%d sessions, %v", len(sessions), err)
	}
}

func TestPairwiseAccessTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{PairwiseSecret: strings.Repeat("p", 32), ValidAudiences: []string{"https://api.example.com"}})
	session := w.browser.Get("/get-session")
	w.client = w.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}, SubjectType: new("pairwise")}})
	tokens := w.form("/oauth2/token", redemption(w.code("resource", "https://api.example.com"))).Want(t, 200, "")
	access := tokens.JSON("access_token")
	claims := claimsOf(t, access)
	for _, id := range []string{session.JSON("user", "id"), session.JSON("session", "id"), `"sid"`} {
		if id == "" || strings.Contains(claims, id) {
			t.Errorf("the access token has %q: %s", id, claims)
		}
	}
	info := w.Client().Get("/oauth2/userinfo", bearer(access)).Want(t, 200, "")
	seen := w.form("/oauth2/introspect", url.Values{"token": {access}})
	sub := info.JSON("sub")
	if sub == "" || !strings.Contains(claims, `"sub":"`+sub+`"`) || info.JSON("email") != "ada@example.com" || seen.JSON("active") != "true" || seen.JSON("sub") != sub || strings.Contains(seen.Body, "handle") {
		t.Errorf("%s %s %s", claims, info.Body, seen.Body)
	}
	// It still ends with its session.
	short := w.form("/oauth2/token", redemption(w.code("resource", "https://api.example.com", "scope", "openid"))).Want(t, 200, "").JSON("access_token")
	w.browser.Post("/sign-out", map[string]any{}).Want(t, 200, "")
	w.Client().Get("/oauth2/userinfo", bearer(short)).Want(t, 401, "")
}

func TestLongScopesAndPrompts(t *testing.T) {
	t.Parallel()
	w := worldWith(t, Options{Scopes: []string{"openid", "offline_access", "read"}}, jwt.Options{},
		AdminClientInput{Fields: Fields{GrantTypes: []string{"authorization_code", "client_credentials"}}})
	tokens := w.form("/oauth2/token", redemption(w.code("scope", "openid offline_access"))).Want(t, 200, "")
	long := func(one string, n int) string { return strings.Repeat(one+" ", n/(len(one)+1)+1) }
	for _, c := range []struct{ name, value, error string }{{"scope", long("openid", 4096), "invalid_scope"}, {"prompt", long("consent", 256), "invalid_request"}} {
		if at, q := place(w.ask(w.browser, w.query("scope", "openid", c.name, c.value))); at != callback || q.Get("error") != c.error {
			t.Errorf("a long %s: %s %v", c.name, at, q)
		}
	}
	want(t, w.form("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {tokens.JSON("refresh_token")}, "scope": {long("openid", 4096)}}), 400, "invalid_scope")
	want(t, w.form("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "scope": {long("read", 4096)}}), 400, "invalid_scope")
	page := rawQuery(w.ask(w.browser, w.query("scope", "openid", "prompt", "consent")))
	want(t, w.browser.Post("/oauth2/consent", map[string]any{"accept": true, "scope": long("openid", 4096), "oauth_query": page}), 400, "invalid_request")
}
