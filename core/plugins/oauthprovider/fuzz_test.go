package oauthprovider

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/internal/oauthserver"
)

// A registration makes a client whose addresses are safe, or is refused with 4xx.
func FuzzRegistration(f *testing.F) {
	w := newWorld(f, Options{
		AllowDynamicClientRegistration: true, AllowUnauthenticatedClientRegistration: true, PrivateKeyJWT: true, DPoP: true, BackChannelLogout: true, PairwiseSecret: strings.Repeat("p", 32),
	}, quiet)
	for _, seed := range []string{
		`{"redirect_uris":["https://rp.example/cb"]}`, `{"redirect_uris":["javascript:alert(1)"]}`, `{"redirect_uris":[]}`, `[]`, `{"redirect_uris":["com.x:/cb"],"jwks":{"keys":[{}]},"token_endpoint_auth_method":"private_key_jwt"}`,
		`{"redirect_uris":["https://a/"],"jwks_uri":"https://127.0.0.1/"}`, `{"redirect_uris":["https://a/"],"backchannel_logout_uri":"https://10.0.0.1/"}`, `{"redirect_uris":["https://a/","https://b/"],"subject_type":"pairwise"}`,
		`{"redirect_uris":["https://a/"],"scope":"openid admin","logo_uri":"data:x","contacts":[""]}`, `{"redirect_uris":null,"client_name":1}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		a := w.Client().Do("POST", registerPath, body, core.HeaderField{Name: "Content-Type", Value: "application/json"})
		if a.Status != 201 && (a.Status < 400 || a.Status > 499) {
			t.Fatalf("%q: %d %s", body, a.Status, a.Body)
		}
		if a.Status != 201 {
			return
		}
		var made struct {
			RedirectURIs []string `json:"redirect_uris"`
			Secret       string   `json:"client_secret"`
			Method       string   `json:"token_endpoint_auth_method"`
			KeySet       string   `json:"jwks_uri"`
			Logout       string   `json:"backchannel_logout_uri"`
			SkipConsent  bool     `json:"skip_consent"`
			Grants       []string `json:"grant_types"`
		}
		if err := json.Unmarshal([]byte(a.Body), &made); err != nil || len(made.RedirectURIs) == 0 || made.Secret != "" || made.SkipConsent || made.Method != "none" && made.Method != "private_key_jwt" {
			t.Errorf("%q makes %s (%v)", body, a.Body, err)
		}
		for _, uri := range made.RedirectURIs {
			if oauthserver.CheckRedirectURI(uri) != nil {
				t.Errorf("%q may be redirected to", uri)
			}
		}
		for _, uri := range []string{made.KeySet, made.Logout} {
			if uri != "" && w.plugin.server.CheckKeySetURL(uri) != nil {
				t.Errorf("%q may be asked", uri)
			}
		}
		for _, g := range made.Grants {
			if g == "client_credentials" {
				t.Errorf("%q makes a client that acts for itself", body)
			}
		}
	})
}

// Whatever an authorization request says, the browser goes to the client, to a page of the
// server, or to the page of errors.
func FuzzAuthorize(f *testing.F) {
	w := newWorld(f, Options{DPoP: true}, quiet)
	w.code()
	for _, seed := range [][2]string{{"claims", `{"id_token":{"acr":null}}`}, {"claims", "{"}, {"prompt", "none login"}, {"max_age", "-1"}, {"redirect_uri", "https://evil.example"}, {"response_mode", "form_post"}, {"dpop_jkt", "x"}, {"resource", "#"}, {"id_token_hint", "a.b.c"}, {"state", "\r\nX: y"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		q := w.query()
		q.Set(name, value)
		a := w.ask(w.browser, q)
		to, err := url.Parse(a.Header.Get("Location"))
		if a.Status != 302 || err != nil {
			t.Fatalf("%q=%q: %d to %q", name, value, a.Status, a.Header.Get("Location"))
		}
		at := to.Scheme + "://" + to.Host + to.Path
		own := to.Host == "" && strings.HasPrefix(to.Path, "/api/auth/oauth2/") || strings.HasPrefix(at, issuer+"/")
		if at != callback && !own {
			t.Errorf("%q=%q leads to %s", name, value, at)
		}
		if at == callback && to.Query().Get("code") == "" && to.Query().Get("error") == "" {
			t.Errorf("%q=%q: neither a code nor an error: %s", name, value, to)
		}
	})
}

// Nobody makes the query of a page but the server.
func FuzzPageQuery(f *testing.F) {
	w := newWorld(f, Options{}, quiet)
	good := rawQuery(w.ask(w.Client(), w.query("prompt", "login")))
	opened, ok := w.plugin.server.Open(good)
	if !ok {
		f.Fatal("the query of a page is refused")
	}
	f.Add(good)
	f.Add(good + "&scope=admin")
	f.Add("?" + good)
	f.Add("exp=99999999999&sig=x&client_id=y")
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := w.plugin.server.Open(text)
		if !ok {
			return
		}
		// The processes of a fuzz run have one secret, and clients of their own.
		for _, p := range opened.Query {
			if v, _ := got.Query.Get(p.Name); v != p.Value && p.Name != "client_id" || len(got.Query) != len(opened.Query) {
				t.Errorf("%q is the query of a page", text)
			}
		}
	})
}
