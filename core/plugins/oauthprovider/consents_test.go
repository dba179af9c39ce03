package oauthprovider

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/jwt"
)

func TestConsentOfAnotherReference(t *testing.T) {
	t.Parallel()
	var organization atomic.Value
	organization.Store("organization-1")
	w := newWorld(t, Options{ConsentReference: func(context.Context, Asked) (string, error) { return organization.Load().(string), nil }})
	w.code()
	for _, other := range []string{"", "organization-2"} {
		organization.Store(other)
		if _, q := place(w.ask(w.browser, w.query("prompt", "none"))); q.Get("error") != "consent_required" {
			t.Errorf("the consent for organization-1 counts for %q: %v", other, q)
		}
	}
	organization.Store("")
	w.code() // a second row, which does not replace the first
	organization.Store("organization-1")
	if _, q := place(w.ask(w.browser, w.query("prompt", "none"))); q.Get("code") == "" {
		t.Errorf("%v", q)
	}
}

func TestConsentTakenBackEndsCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	id := func() any { return rows(w, ModelConsent)[0]["id"] }
	code := w.code()
	w.browser.Post("/oauth2/update-consent", map[string]any{"id": id(), "update": map[string]any{"scopes": []string{"openid", "openid"}}}).Want(t, 200, "")
	if got := rows(w, ModelConsent)[0]["scopes"]; fmt.Sprint(got) != "[openid]" {
		t.Errorf("scopes of the consent: %v", got)
	}
	want(t, w.form("/oauth2/token", redemption(code)), 400, "invalid_grant")
	code = w.code()
	w.browser.Post("/oauth2/delete-consent", map[string]any{"id": id()}).Want(t, 200, "")
	want(t, w.form("/oauth2/token", redemption(code)), 400, "invalid_grant")
	if found := rows(w, ModelAccess); len(found) != 0 {
		t.Errorf("%d tokens without consent", len(found))
	}
	trusted := worldWith(t, Options{}, jwt.Options{}, AdminClientInput{SkipConsent: new(true)})
	trusted.form("/oauth2/token", redemption(trusted.code())).Want(t, 200, "")
}

func TestConsentToNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	for _, scope := range []string{"", "  "} {
		page := rawQuery(w.ask(w.browser, w.query("scope", "openid")))
		want(t, w.browser.Post("/oauth2/consent", map[string]any{"accept": true, "scope": scope, "oauth_query": page}), 400, "invalid_request")
	}
	page := rawQuery(w.ask(w.browser, w.query("scope", "openid")))
	a := w.browser.Post("/oauth2/consent", map[string]any{"accept": false, "scope": "", "oauth_query": page}).Want(t, 200, "")
	if !strings.Contains(a.JSON("url"), "error=access_denied") {
		t.Errorf("denied: %s", a.Body)
	}
}

// A call that sets the cookie of the session again is no sign-in.
func TestPromptLoginNeedsSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.code()
	w.Clock.Add(time.Minute)
	for _, c := range [][]string{{"prompt", "login"}, {"max_age", "0"}} {
		page := rawQuery(w.ask(w.browser, w.query(c...)))
		a := w.browser.Post("/update-user", map[string]any{"name": "Ada", "oauth_query": page})
		if strings.Contains(a.Body, "code=") {
			t.Errorf("%v: a change of the name counts as a sign-in: %s", c, a.Body)
		}
		a = w.browser.Post("/sign-in/email", map[string]any{"email": "ada@example.com", "password": "correct horse", "oauth_query": page}).Want(t, 200, "")
		if !strings.Contains(a.JSON("url"), "code=") {
			t.Errorf("%v: after the sign-in: %s", c, a.Body)
		}
		w.Clock.Add(time.Minute)
	}
}

func TestRevocationEndsEarlierAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	first := w.form("/oauth2/token", redemption(w.code())).Want(t, 200, "")
	second := w.form("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.JSON("refresh_token")}}).Want(t, 200, "")
	other := w.form("/oauth2/token", redemption(w.code())).Want(t, 200, "")
	w.form("/oauth2/revoke", url.Values{"token": {second.JSON("refresh_token")}}).Want(t, 200, "")
	for _, a := range []*authtest.Answer{first, second} {
		w.Client().Get("/oauth2/userinfo", bearer(a.JSON("access_token"))).Want(t, 401, "")
	}
	w.Client().Get("/oauth2/userinfo", bearer(other.JSON("access_token"))).Want(t, 200, "")
}

func TestRepeatedParametersOfPostedRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{})
	w.code()
	post := func(body string) *authtest.Answer {
		return w.browser.Do("POST", "/oauth2/authorize", body, navigate(), core.HeaderField{Name: "Content-Type", Value: form})
	}
	if at, q := place(post(w.query().Encode())); at != callback || q.Get("code") == "" {
		t.Errorf("%s %v", at, q)
	}
	if at, q := place(post(w.query().Encode() + "&state=other")); at != callback || q.Get("error") != "invalid_request" {
		t.Errorf("state twice: %s %v", at, q)
	}
	if at, _ := place(post("redirect_uri=https%3A%2F%2Fevil.example&" + w.query().Encode())); at != issuer+"/error" {
		t.Errorf("redirect_uri twice: %s", at)
	}
}

func TestAskNativeClients(t *testing.T) {
	t.Parallel()
	for _, ask := range []bool{false, true} {
		w := newWorld(t, Options{AskNativeClients: ask})
		uris := []string{callback, "http://127.0.0.1/cb", "com.example.app:/cb"}
		w.client = w.register(AdminClientInput{Fields: Fields{RedirectURIs: uris, AuthMethod: new("none")}})
		for _, uri := range uris {
			w.code("redirect_uri", uri, "prompt", "consent") // the answer to the page counts
			at, _ := place(w.ask(w.browser, w.query("redirect_uri", uri)))
			if asked := strings.HasSuffix(at, consentPath); asked != (ask && uri != callback) {
				t.Errorf("%v: %s is asked: %v", ask, uri, asked)
			}
		}
		w.client = w.register(AdminClientInput{Fields: Fields{RedirectURIs: uris}})
		w.code()
		if at, _ := place(w.ask(w.browser, w.query("redirect_uri", uris[1]))); at != uris[1] {
			t.Errorf("%v: a client with a secret is asked again: %s", ask, at)
		}
	}
}
