package demoidp

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/social"
)

const redirectURI = authtest.BaseURL + "/api/auth/callback/demo"

func start(t *testing.T) *Provider {
	t.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	p := New(server.URL, redirectURI)
	mux.Handle("/", p)
	return p
}

// post answers the page of an authorization URL, without following the redirect.
func post(t *testing.T, authorize string, fields url.Values) *http.Response {
	t.Helper()
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.PostForm(authorize, fields)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return res
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	p := start(t)
	e := authtest.New(t, nil, social.New(p.Config()))
	signIn := func(fields url.Values) (*authtest.Client, string) {
		t.Helper()
		c := e.Client()
		authorize := c.Post("/sign-in/social", map[string]any{"provider": ID, "callbackURL": "/in", "errorCallbackURL": "/out"}).Want(t, http.StatusOK, "").JSON("url")
		to, err := post(t, authorize, fields).Location()
		if err != nil {
			t.Fatal(err)
		}
		where, _ := c.Get(strings.TrimPrefix(to.String(), authtest.BaseURL+"/api/auth")).Location()
		return c, where
	}
	ada := url.Values{"name": {"Ada"}, "email": {"Ada@example.com"}, "answer": {"yes"}}
	c, to := signIn(ada)
	if to != "/in" {
		t.Fatalf("sent to %s: %s", to, e.Log)
	}
	user := c.Get("/get-session").Want(t, http.StatusOK, "")
	if user.JSON("user", "email") != "ada@example.com" || user.JSON("user", "emailVerified") != "true" {
		t.Fatalf("%s", user.Body)
	}
	ada.Set("email", "ADA@example.com")
	again, _ := signIn(ada)
	if got, want := again.Get("/get-session").JSON("user", "id"), user.JSON("user", "id"); got != want {
		t.Errorf("the same address is user %q and user %q", want, got)
	}
	first := c.Post("/refresh-token", map[string]any{"providerId": ID}).Want(t, http.StatusOK, "").JSON("refreshToken")
	second := c.Post("/refresh-token", map[string]any{"providerId": ID}).Want(t, http.StatusOK, "").JSON("refreshToken")
	if first == second {
		t.Error("a refresh token can be used twice")
	}
	if _, to := signIn(url.Values{"answer": {"no"}}); !strings.HasPrefix(to, "/out?error=access_denied") {
		t.Errorf("a cancelled sign-in ends at %s", to)
	}
	bob, _ := signIn(url.Values{"name": {"Bob"}, "email": {"bob@example.com"}, "unverified": {"yes"}, "answer": {"yes"}})
	if a := bob.Get("/get-session"); a.JSON("user", "emailVerified") != "false" {
		t.Errorf("%s", a.Body)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	p := start(t)
	good := func() url.Values {
		return url.Values{
			"client_id": {clientID}, "redirect_uri": {redirectURI}, "response_type": {"code"}, "state": {"s"}, "code_challenge_method": {"S256"},
			"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},
		}
	}
	ada := url.Values{"name": {"Ada"}, "email": {"ada@example.com"}, "answer": {"yes"}}
	for name, value := range map[string]string{
		"client_id": "another", "redirect_uri": "https://evil.example/", "response_type": "token", "state": "", "code_challenge_method": "plain", "code_challenge": "short",
	} {
		q := good()
		q.Set(name, value)
		if res := post(t, p.issuer+"/authorize?"+q.Encode(), ada); res.StatusCode != http.StatusBadRequest || res.Header.Get("Location") != "" {
			t.Errorf("%s=%s is answered with %d", name, value, res.StatusCode)
		}
	}
	for _, email := range []string{"", "ada", "Ada <ada@example.com>"} {
		if res := post(t, p.issuer+"/authorize?"+good().Encode(), url.Values{"name": {"Ada"}, "email": {email}}); res.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("the address %q is answered with %d", email, res.StatusCode)
		}
	}
	code := func() string {
		to, err := post(t, p.issuer+"/authorize?"+good().Encode(), ada).Location()
		if err != nil {
			t.Fatal(err)
		}
		return to.Query().Get("code")
	}
	exchange := func(code, verifier, secret string) int {
		return post(t, p.issuer+"/token", url.Values{
			"grant_type": {"authorization_code"}, "code": {code}, "code_verifier": {verifier}, "redirect_uri": {redirectURI}, "client_id": {clientID}, "client_secret": {secret},
		}).StatusCode
	}
	const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" // RFC 7636, appendix B
	used := code()
	if got := exchange(used, verifier, p.secret); got != http.StatusOK {
		t.Errorf("a code is answered with %d", got)
	}
	old := code()
	p.now = func() time.Time { return time.Now().Add(codeLife) }
	for name, got := range map[string]int{
		"a used code": exchange(used, verifier, p.secret), "an old code": exchange(old, verifier, p.secret), "another verifier": exchange(code(), "another", p.secret),
	} {
		if got != http.StatusBadRequest {
			t.Errorf("%s is answered with %d", name, got)
		}
	}
	if got := exchange(code(), verifier, "wrong"); got != http.StatusUnauthorized {
		t.Errorf("a wrong secret is answered with %d", got)
	}
}
