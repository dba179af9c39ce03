package oauthprovider

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/jwt"
)

// heard is a client's endpoint for logout tokens.
func (s *site) heard(path string, status int) (address string, all func() []string) {
	var tokens []string
	address = s.on(path, func(rw http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		s.mu.Lock()
		tokens = append(tokens, r.PostForm.Get("logout_token"))
		if len(r.PostForm) != 1 || r.Method != http.MethodPost {
			tokens = append(tokens, "more than a token")
		}
		s.mu.Unlock()
		rw.WriteHeader(status)
	})
	return address, func() []string {
		s.mu.Lock()
		defer s.mu.Unlock()
		return append([]string(nil), tokens...)
	}
}

func TestBackChannelLogout(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(w *world, id string){
		"sign-out":   func(w *world, _ string) { w.browser.Post("/sign-out", object{}).Want(w.t, 200, "") },
		"revocation": func(w *world, _ string) { w.browser.Post("/revoke-sessions", object{}).Want(w.t, 200, "") },
		"RP-initiated": func(w *world, id string) {
			w.browser.Get(endSessionPath+"?"+url.Values{"id_token_hint": {id}}.Encode(), navigate()).Want(w.t, 200, "")
		},
		"from Go": func(w *world, _ string) {
			found, err := w.Auth.DB().FindMany(w.t.Context(), allOf(core.ModelSession))
			if err != nil || len(found) == 0 {
				w.t.Fatal(err)
			}
			for _, one := range found {
				if err := w.Auth.Store().DeleteSession(w.t.Context(), one["token"].(string)); err != nil {
					w.t.Fatal(err)
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			address, tokens := s.heard("/out", http.StatusOK)
			failing, refused := s.heard("/down", http.StatusInternalServerError)
			in := AdminClientInput{EnableEndSession: new(true), Fields: Fields{RedirectURIs: []string{callback}, KeyFields: KeyFields{LogoutURI: &address}}}
			w := worldWith(t, Options{BackChannelLogout: true, PairwiseSecret: strings.Repeat("p", 32)}, jwt.Options{}, in, s.reach)
			told := w.client
			id := w.form("/oauth2/token", redemption(w.code())).Want(t, 200, "").JSON("id_token")
			w.form("/oauth2/token", redemption(w.code())).Want(t, 200, "") // twice, and told once
			// A pairwise client is told its own subject, and its failure changes nothing.
			w.client = w.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}, SubjectType: new("pairwise"), KeyFields: KeyFields{LogoutURI: &failing}}})
			pairwise := w.form("/oauth2/token", redemption(w.code("scope", "openid"))).Want(t, 200, "")
			// Clients without tokens, without an address and without the session hear nothing.
			_, quiet := s.heard("/quiet", http.StatusOK)
			w.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}, KeyFields: KeyFields{LogoutURI: new(s.URL + "/quiet")}}})
			w.Client().Post("/sign-in/email", object{"email": "ada@example.com", "password": "correct horse"}).Want(t, 200, "")

			end(w, id)
			if err := w.Auth.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if len(tokens()) != 1 || len(refused()) != 1 || len(quiet()) != 0 {
				t.Fatalf("told %d, %d and %d times", len(tokens()), len(refused()), len(quiet()))
			}
			got, hint := tokens()[0], claimsOf(t, id)
			head, _, _ := strings.Cut(got, ".")
			if claims := claimsOf(t, unsignedPart(head)); !strings.Contains(claims, `"typ":"logout+jwt"`) || !strings.Contains(claims, `"alg":"EdDSA"`) {
				t.Errorf("header %s", claims)
			}
			claims := claimsOf(t, got)
			for _, part := range []string{
				`"iss":"` + issuer + `"`, `"aud":"` + told.ID() + `"`, `"events":{"http://schemas.openid.net/event/backchannel-logout":{}}`, `"jti":"`, `"iat":`, `"exp":`,
				member(hint, "sub"), member(hint, "sid"),
			} {
				if !strings.Contains(claims, part) {
					t.Errorf("the token lacks %s: %s", part, claims)
				}
			}
			if strings.Contains(claims, "nonce") {
				t.Errorf("%s", claims)
			}
			if claims := claimsOf(t, refused()[0]); !strings.Contains(claims, member(claimsOf(t, pairwise.JSON("id_token")), "sub")) {
				t.Errorf("the subject of a pairwise client: %s", claims)
			}
			if sid := member(claimsOf(t, refused()[0]), "sid"); sid == member(claims, "sid") || strings.Contains(claimsOf(t, pairwise.JSON("id_token")), member(claims, "sid")) || sid == member("", "sid") {
				t.Errorf("two clients that may not know of each other share %s", sid)
			}
			// IDT-06: a logout token is neither an id_token nor an access token.
			w.Client().Get(userInfoPath, bearer(got)).Want(t, 401, "")
			if a := w.browser.Get(endSessionPath+"?"+url.Values{"id_token_hint": {got}}.Encode(), navigate()); a.Status != 401 {
				t.Errorf("a logout token is taken for an id_token: %d", a.Status)
			}
			w.Client().Get(userInfoPath, bearer(pairwise.JSON("access_token"))).Want(t, 401, "")
		})
	}
}

// A slow client holds up neither the answer nor the others for long, and nothing private is
// asked, whatever the row says.
func TestBackChannelLogoutIsBounded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	address, tokens := s.heard("/out", http.StatusOK)
	redirect := s.on("/redirect", func(rw http.ResponseWriter, r *http.Request) {
		http.Redirect(rw, r, address, http.StatusTemporaryRedirect)
	})
	w := worldWith(t, Options{BackChannelLogout: true}, jwt.Options{}, AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}, KeyFields: KeyFields{LogoutURI: &redirect}}}, s.reach)
	w.form("/oauth2/token", redemption(w.code())).Want(t, 200, "")
	first := w.client
	w.client = w.register(AdminClientInput{Fields: Fields{RedirectURIs: []string{callback}}})
	w.form("/oauth2/token", redemption(w.code())).Want(t, 200, "")
	plain := strings.Replace(s.URL, "https:", "http:", 1) + "/out"
	if _, err := w.Auth.DB().UpdateMany(t.Context(), ModelClient, by("clientId", w.client.ID()), object{"backchannelLogoutUri": plain}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.plugin.AdminUpdateClient.Call(t.Context(), &AdminUpdateInput{ClientID: first.ID(), Update: AdminUpdate{UpdateFields: UpdateFields{KeyFields: KeyFields{LogoutSession: new(true)}}}}); err != nil {
		t.Fatal(err)
	}
	w.browser.Post("/sign-out", object{}).Want(t, 200, "")
	if err := w.Auth.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(tokens()) != 0 {
		t.Error("a redirect was followed, or a plain address asked")
	}
}

// offline_access outlives the session, and nothing else does.
func TestTokensAfterLogout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{BackChannelLogout: true})
	offline := w.form("/oauth2/token", redemption(w.code())).Want(t, 200, "")
	session := w.form("/oauth2/token", redemption(w.code("scope", "openid"))).Want(t, 200, "")
	w.browser.Post("/sign-out", object{}).Want(t, 200, "")
	w.Client().Get(userInfoPath, bearer(session.JSON("access_token"))).Want(t, 401, "")
	w.form("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {offline.JSON("refresh_token")}}).Want(t, 200, "")
}

// OP-20: how old a sign-in is, the server knows, and what a page or a client says about it
// changes nothing.
func TestOP20FreshSignIns(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.code()
	w.Clock.Add(time.Hour)
	login := func(change ...string) (*authtest.Client, string) {
		a := w.ask(w.browser, w.query(change...))
		if at, _ := place(a); !strings.HasSuffix(at, loginPath) {
			t.Fatalf("%v leads to %s", change, at)
		}
		return w.browser, rawQuery(a)
	}
	for name, change := range map[string][]string{"prompt=login": {"prompt", "login"}, "max_age": {"max_age", "60"}, "max_age=0": {"max_age", "0"}, "both": {"prompt", "login", "max_age", "60"}} {
		c, q := login(change...)
		// The page cannot be skipped by saying that it was answered.
		for _, body := range []object{{"selected": true}, {"created": true}, {"postLogin": true}} {
			body["oauth_query"] = q
			if a := c.Post("/oauth2/continue", body); strings.Contains(a.JSON("url"), "code=") {
				t.Errorf("%s: continue %v gives a code", name, body)
			}
		}
		if a := c.Post("/oauth2/consent", object{"accept": true, "oauth_query": q}); strings.Contains(a.JSON("url"), "code=") {
			t.Errorf("%s: consent gives a code", name)
		}
		// A cookie that is set again is no sign-in.
		if a := c.Post("/update-user", object{"name": "Ada", "oauth_query": q}); strings.Contains(a.JSON("url"), "code=") {
			t.Errorf("%s: a change of the name counts as a sign-in", name)
		}
		// Nor does the query without its parameters count.
		for _, edit := range []string{"prompt=login&", "max_age=60&", "max_age=0&"} {
			if cut := strings.Replace(q, edit, "", 1); cut != q {
				want(t, c.Post("/oauth2/consent", object{"accept": true, "oauth_query": cut}), 400, "invalid_signature")
			}
		}
		if at, p := place(w.ask(c, w.query(append(change, "ba_iat", "1", "auth_time", "1")...))); !strings.HasSuffix(at, loginPath) {
			t.Errorf("%s: parameters of the client skip the page: %s %v", name, at, p)
		}
	}
	// acr is what the server has, whatever is asked for.
	tokens := w.form("/oauth2/token", redemption(w.code("acr_values", "urn:mace:incommon:iap:silver", "claims", `{"id_token":{"acr":{"essential":true,"value":"gold"}}}`))).Want(t, 200, "")
	if claims := claimsOf(t, tokens.JSON("id_token")); !strings.Contains(claims, `"acr":"urn:mace:incommon:iap:bronze"`) {
		t.Errorf("%s", claims)
	}
	if !strings.Contains(claimsOf(t, tokens.JSON("id_token")), `"auth_time":`) {
		t.Error("no auth_time")
	}
}

func TestOP23Resources(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{ValidAudiences: []string{"https://a.example", "https://b.example/api"}})
	for _, bad := range []string{"a.example", "/a", "https://a.example#x", "https://a.example/#", "https://evil.example", "https://a.example/api", "https://a.example.evil.example", "https://a.example?x=1", "urn:x", strings.Repeat("https://a.example/", 500)} {
		if at, q := place(w.ask(w.browser, w.query("resource", bad))); at != callback || q.Get("error") != "invalid_target" {
			t.Errorf("authorize %.30s: %s %v", bad, at, q)
		}
		if a := w.form("/oauth2/token", redemption(w.code(), "resource", bad)); a.Status != 400 || a.JSON("error") != "invalid_target" {
			t.Errorf("token %.30s: %d %s", bad, a.Status, a.Body)
		}
	}
	// Of a grant for one resource, no token for another comes.
	want(t, w.form("/oauth2/token", redemption(w.code("resource", "https://a.example"), "resource", "https://b.example/api")), 400, "invalid_target")
	tokens := w.form("/oauth2/token", redemption(w.code("resource", "https://a.example"))).Want(t, 200, "")
	if claims := claimsOf(t, tokens.JSON("access_token")); !strings.Contains(claims, `"aud":["https://a.example"`) || strings.Contains(claims, "b.example") {
		t.Errorf("%s", claims)
	}
	// Two are a list.
	q := w.query()
	q["resource"] = []string{"https://a.example", "https://b.example/api"}
	_, back := place(w.ask(w.browser, q))
	both := w.form("/oauth2/token", redemption(back.Get("code"))).Want(t, 200, "")
	if claims := claimsOf(t, both.JSON("access_token")); !strings.Contains(claims, `"aud":["https://a.example","https://b.example/api"`) {
		t.Errorf("%s", claims)
	}
}

// OP-26: what a resource of this server answers to a token that is not for it. The plugin mcp
// has the metadata of resources.
func TestOP26AccessTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{ValidAudiences: []string{"https://api.example.com"}})
	get := func(header ...core.HeaderField) *authtest.Answer { return w.Client().Get(userInfoPath, header...) }
	if a := get(); a.Status != 401 || a.Header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("without a token: %d %v", a.Status, a.Header)
	}
	signed := w.form("/oauth2/token", redemption(w.code("scope", "profile", "resource", "https://api.example.com"))).Want(t, 200, "")
	if a := want(t, get(bearer(signed.JSON("access_token"))), 403, "insufficient_scope"); !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="insufficient_scope"`) {
		t.Errorf("%v", a.Header)
	}
	// A token of the same keys for a resource that this server does not know.
	keys, _ := core.PluginOf[*jwt.Plugin](w.Auth)
	foreign := strings.Replace(claimsOf(t, signed.JSON("access_token")), "https://api.example.com", "https://other.example", 1)
	token, err := keys.SignToken(t.Context(), []byte(foreign), "at+jwt", "")
	if err != nil {
		t.Fatal(err)
	}
	if a := w.form("/oauth2/introspect", url.Values{"token": {token}}); a.Body != `{"active":false}` {
		t.Errorf("%s", a.Body)
	}
	if a := want(t, get(bearer(token)), 401, "invalid_token"); !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("%v", a.Header)
	}
	w.Clock.Add(2 * time.Hour)
	want(t, get(bearer(signed.JSON("access_token"))), 401, "invalid_token")
}
