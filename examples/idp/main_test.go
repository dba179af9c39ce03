package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	kernia "github.com/advantch/kernia-go/gin"
)

// The application signs in at the provider, and out of both.
func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	gin.SetMode(gin.TestMode)
	var provider, app http.Handler
	idp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { provider.ServeHTTP(w, r) }))
	rp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { app.ServeHTTP(w, r) }))
	t.Cleanup(idp.Close)
	t.Cleanup(rp.Close)
	auth, plugin, err := newProvider(idp.URL)
	if err != nil {
		t.Fatal(err)
	}
	if err := addUser(t.Context(), auth, "correct horse"); err != nil {
		t.Fatal(err)
	}
	client, err := register(t.Context(), plugin, rp.URL)
	if err != nil {
		t.Fatal(err)
	}
	router := gin.New()
	router.Use(kernia.Gin(auth))
	provider, app = router, newApplication(rp.URL, idp.URL+"/api/auth", client.ID(), client.Secret)

	jar, _ := cookiejar.New(nil)
	browser := &http.Client{Jar: jar}
	visit := func(method, address string) (at *url.URL, body string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", "text/html")
		answer, err := browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		text, _ := io.ReadAll(answer.Body)
		return answer.Request.URL, string(text)
	}
	// post is what the script of a page of the provider does.
	post := func(path, query, body string) string {
		t.Helper()
		text, _ := json.Marshal(query)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, idp.URL+"/api/auth"+path, strings.NewReader(`{`+body+`,"oauth_query":`+string(text)+`}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Origin", idp.URL)
		answer, err := browser.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		var next struct{ URL string }
		if err := json.NewDecoder(answer.Body).Decode(&next); err != nil || next.URL == "" {
			t.Fatalf("%s answers %d without an address (%v)", path, answer.StatusCode, err)
		}
		to, err := url.Parse(idp.URL)
		if err != nil {
			t.Fatal(err)
		}
		target, err := to.Parse(next.URL)
		if err != nil {
			t.Fatal(err)
		}
		return target.String()
	}

	if _, body := visit(http.MethodGet, rp.URL); !strings.Contains(body, "Sign in with Kernia") {
		t.Fatalf("%s", body)
	}
	login, body := visit(http.MethodPost, rp.URL+"/sign-in")
	if login.Path != "/api/auth/oauth2/login" || !strings.Contains(body, "Notes") || !strings.Contains(body, "/two-factor/verify-totp") {
		t.Fatalf("%s %s", login, body)
	}
	consent, body := visit(http.MethodGet, post("/sign-in/email", login.RawQuery, `"email":"ada@example.com","password":"correct horse"`))
	if consent.Path != "/api/auth/oauth2/consent-page" || !strings.Contains(body, "ada@example.com") {
		t.Fatalf("%s %s", consent, body)
	}
	if home, body := visit(http.MethodGet, post("/oauth2/consent", consent.RawQuery, `"accept":true`)); home.String() != rp.URL+"/" || !strings.Contains(body, "You are Ada Lovelace (ada@example.com).") {
		t.Fatalf("%s %s", home, body)
	}
	// An answer that nobody has asked for is refused.
	if _, body := visit(http.MethodGet, rp.URL+"/callback?code=x&state=y&iss="+url.QueryEscape(idp.URL+"/api/auth")); !strings.Contains(body, "no sign-in of yours") {
		t.Errorf("%s", body)
	}
	if home, body := visit(http.MethodPost, rp.URL+"/sign-out"); home.String() != rp.URL+"/" || !strings.Contains(body, "Sign in with Kernia") {
		t.Errorf("%s %s", home, body)
	}
	// The provider has forgotten the user as well.
	if at, _ := visit(http.MethodPost, rp.URL+"/sign-in"); at.Path != "/api/auth/oauth2/login" {
		t.Errorf("still signed in: %s", at)
	}
}
