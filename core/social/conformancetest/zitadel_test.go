package conformancetest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/social"
)

type site struct {
	*authtest.Env
	*zitadel
}

func open(t testing.TB, rules func(*idtoken.Options), change func(*oauth.Config)) *site {
	t.Helper()
	z := start(t)
	config := z.description(t, rules)
	if change != nil {
		change(&config)
	}
	return &site{authtest.New(t, func(e *authtest.Env, _ *core.Options) {
		e.Clock.Add(time.Since(e.Clock.Now())) // the provider has no other clock than the machine's
	}, emailpassword.New(emailpassword.Options{}), social.New(config)), z}
}

// begin returns the authorization URL of a flow.
func begin(t testing.TB, c *authtest.Client, path string) string {
	t.Helper()
	return c.Post(path, map[string]any{"provider": "zitadel", "callbackURL": "/dashboard", "errorCallbackURL": "/sorry"}).Want(t, http.StatusOK, "").JSON("url")
}

// callback comes back and returns the path and the error of the redirect.
func callback(c *authtest.Client, q url.Values) (path, code string) {
	to, query := c.Get("/callback/zitadel?" + q.Encode()).Location()
	path, _, _ = strings.Cut(to, "?")
	return path, query.Get("error")
}

func (s *site) signIn(t testing.TB, c *authtest.Client, name string) {
	t.Helper()
	if path, code := callback(c, s.visit(t, begin(t, c, "/sign-in/social"), name)); path != "/dashboard" || code != "" {
		t.Fatalf("%s is sent to %s with %q: %s", name, path, code, s.Log)
	}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := open(t, nil, nil)
	c := s.Client()
	authorize := begin(t, c, "/sign-in/social")
	u, err := url.Parse(authorize)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"code_challenge_method": "S256", "response_type": "code", "client_id": clientID} {
		if got := u.Query().Get(name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
	if path, code := callback(c, s.visit(t, authorize, "ada")); path != "/dashboard" || code != "" {
		t.Fatalf("sent to %s with %q: %s", path, code, s.Log)
	}
	a := c.Get("/get-session").Want(t, http.StatusOK, "")
	if a.JSON("user", "email") != "ada@example.com" || a.JSON("user", "name") != "Ada Lovelace" || a.JSON("user", "emailVerified") != "true" {
		t.Fatalf("%s", a.Body)
	}
	id := a.JSON("user", "id")
	if a = c.Get("/account-info?accountId=1001").Want(t, http.StatusOK, ""); a.JSON("user", "id") != "1001" || a.JSON("data", "preferred_username") != "ada" {
		t.Fatalf("%s", a.Body)
	}

	// The end of our session is no end of the account.
	c.Post("/sign-out", map[string]any{}).Want(t, http.StatusOK, "")
	if a = c.Get("/get-session").Want(t, http.StatusOK, ""); string(a.Body) != "null" {
		t.Fatalf("%s", a.Body)
	}
	s.signIn(t, c, "ada")
	if again := c.Get("/get-session").JSON("user", "id"); again != id {
		t.Fatalf("the second sign-in is of user %q, the first of %q", again, id)
	}

	// An address that the provider has not verified is not ours either.
	c = s.Client()
	s.signIn(t, c, "grace")
	if a = c.Get("/get-session"); a.JSON("user", "emailVerified") != "false" {
		t.Fatalf("%s", a.Body)
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	ada := map[string]any{"name": "Ada", "email": "ada@example.com", "password": "correct horse 1"}
	s := open(t, nil, nil)
	s.Client().Post("/sign-up/email", ada).Want(t, http.StatusOK, "")
	other := s.Client()
	if path, code := callback(other, s.visit(t, begin(t, other, "/sign-in/social"), "ada")); path != "/sorry" || code != "account_not_linked" {
		t.Fatalf("the provider's account opens an unverified local one: %s %s", path, code)
	}

	s = open(t, nil, nil)
	c := s.Client()
	other = s.Client()
	c.Post("/sign-up/email", ada).Want(t, http.StatusOK, "")
	if path, code := callback(c, s.visit(t, begin(t, c, "/link-social"), "ada")); path != "/dashboard" || code != "" {
		t.Fatalf("link-social ends at %s with %q: %s", path, code, s.Log)
	}
	if a := c.Get("/list-accounts").Want(t, http.StatusOK, ""); !strings.Contains(string(a.Body), `"providerId":"zitadel"`) {
		t.Fatalf("%s", a.Body)
	}
	s.signIn(t, other, "ada")
	if got, want := other.Get("/get-session").JSON("user", "id"), c.Get("/get-session").JSON("user", "id"); got != want {
		t.Fatalf("the linked account opens user %q, not %q", got, want)
	}
	c.Post("/unlink-account", map[string]any{"providerId": "zitadel"}).Want(t, http.StatusOK, "")
	if path, code := callback(s.Client(), url.Values{"state": {"gone"}}); code == "" {
		t.Fatalf("a callback without a flow ends at %s", path)
	}
}

// TestRefused: what the provider or the browser does wrong ends at the error page, and
// nobody is signed in.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		rules  func(*idtoken.Options)
		config func(*oauth.Config)
		url    func(t testing.TB, authorize string) string
		query  func(q url.Values)
		want   string
	}{
		{name: "IDT-04 another issuer signs", rules: func(o *idtoken.Options) { o.Issuers = []string{"https://idp.example"} }, want: "unable_to_get_user_info"},
		{name: "another algorithm than expected", rules: func(o *idtoken.Options) { o.Algorithms = []string{"ES256"} }, want: "unable_to_get_user_info"},
		{
			name: "IDT-04 the id_token is for another nonce",
			url:  func(t testing.TB, u string) string { return with(t, u, "nonce", "of-another-flow") }, want: "unable_to_get_user_info",
		},
		{
			name: "OAU-06 the code is bound to another verifier",
			url: func(t testing.TB, u string) string {
				return with(t, u, "code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM")
			}, want: "invalid_code",
		},
		{
			name: "OAU-06 the code belongs to another application",
			url:  func(t testing.TB, u string) string { return with(t, u, "client_id", otherID) }, want: "invalid_code",
		},
		{name: "the secret is wrong", config: func(c *oauth.Config) { c.ClientSecret = "wrong" }, want: "invalid_code"},
		{name: "OAU-04 the answer names another issuer", query: func(q url.Values) { q.Set("iss", "https://idp.example") }, want: "issuer_mismatch"},
		{name: "OAU-04 the answer names no issuer where one is required", config: func(c *oauth.Config) { c.RequireIssuer = true }, want: "issuer_missing"},
		{name: "the code is made up", query: func(q url.Values) { q.Set("code", "made-up") }, want: "invalid_code"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := open(t, row.rules, row.config)
			c := s.Client()
			authorize := begin(t, c, "/sign-in/social")
			if row.url != nil {
				authorize = row.url(t, authorize)
			}
			q := s.visit(t, authorize, "ada")
			if row.query != nil {
				row.query(q)
			}
			if path, code := callback(c, q); path != "/sorry" || code != row.want {
				t.Errorf("sent to %s with %q, not %q: %s", path, code, row.want, s.Log)
			}
			if a := c.Get("/get-session"); string(a.Body) != "null" {
				t.Errorf("somebody is signed in: %s", a.Body)
			}
		})
	}
}

// TestIDTokenOfAnotherApplication: a token that the provider made for somebody else's
// application does not sign in here, when a client sends it.
func TestIDTokenOfAnotherApplication(t *testing.T) {
	t.Parallel()
	s := open(t, nil, nil)
	token := func(id, secret string) string {
		q := s.visit(t, s.url+"/authorize?"+url.Values{
			"response_type": {"code"}, "client_id": {id}, "scope": {"openid email profile"}, "state": {"x"}, "nonce": {"n"},
			"redirect_uri": {authtest.BaseURL + "/api/auth/callback/zitadel"},
		}.Encode(), "ada")
		status, body := s.exchange(t, id, secret, url.Values{
			"grant_type": {"authorization_code"}, "code": {q.Get("code")}, "redirect_uri": {authtest.BaseURL + "/api/auth/callback/zitadel"},
		})
		if status != http.StatusOK {
			t.Fatalf("the token endpoint answered %d: %s", status, body)
		}
		return body
	}
	post := func(body, nonce string) *authtest.Answer {
		var tokens struct {
			IDToken string `json:"id_token"`
			Access  string `json:"access_token"`
		}
		if err := json.Unmarshal([]byte(body), &tokens); err != nil {
			t.Fatal(err)
		}
		return s.Client().Post("/sign-in/social", map[string]any{
			"provider": "zitadel", "idToken": map[string]any{"token": tokens.IDToken, "accessToken": tokens.Access, "nonce": nonce},
		})
	}
	post(token(otherID, otherSecret), "n").Want(t, http.StatusUnauthorized, "INVALID_TOKEN")
	ours := token(clientID, clientSecret)
	post(ours, "another").Want(t, http.StatusUnauthorized, "INVALID_TOKEN")
	if a := post(ours, "n").Want(t, http.StatusOK, ""); a.JSON("user", "email") != "ada@example.com" {
		t.Fatalf("%s", a.Body)
	}
}

// TestRefresh: the provider replaces the refresh token at each use, and a used one is
// refused. Whatever calls come at once, the account keeps one that works.
func TestRefresh(t *testing.T) {
	t.Parallel()
	s := open(t, nil, nil)
	c := s.Client()
	s.signIn(t, c, "ada")
	refresh := func() (access, token string) {
		a := c.Post("/refresh-token", map[string]any{"providerId": "zitadel"}).Want(t, http.StatusOK, "")
		return a.JSON("accessToken"), a.JSON("refreshToken")
	}
	access, first := refresh()
	_, second := refresh()
	if first == "" || second == "" || first == second {
		t.Fatalf("the refresh tokens are %q and %q", first, second)
	}
	status, body := s.exchange(t, clientID, clientSecret, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first}})
	if status == http.StatusOK {
		t.Fatalf("the provider takes a used refresh token: %s", body)
	}

	s.Clock.Add(6 * time.Minute) // its access tokens live for five
	before := s.tokens.Load()
	got := make([]string, 20)
	var all sync.WaitGroup
	for i := range got {
		caller := c.Copy()
		all.Go(func() {
			got[i] = caller.Post("/get-access-token", map[string]any{"providerId": "zitadel"}).JSON("accessToken")
		})
	}
	all.Wait()
	if n := s.tokens.Load() - before; n != 1 {
		t.Errorf("%d callers refreshed %d times", len(got), n)
	}
	for _, token := range got {
		if token == "" || token == access || token != got[0] {
			t.Fatalf("the callers got %q: %s", got, s.Log)
		}
	}
	if a := c.Get("/account-info?accountId=1001").Want(t, http.StatusOK, ""); a.JSON("user", "id") != "1001" {
		t.Fatalf("the new access token reads no profile: %s", a.Body)
	}
}

// TestKeyRotation: sign-in goes on with the provider's next keys, and the keys are asked
// for at most once a minute, whatever comes.
func TestKeyRotation(t *testing.T) {
	t.Parallel()
	s := open(t, nil, nil)
	asked := func(want int32, when string) {
		t.Helper()
		if n := s.keySets.Load(); n != want {
			t.Fatalf("%s, the keys were asked for %d times, not %d", when, n, want)
		}
	}
	s.signIn(t, s.Client(), "ada")
	s.signIn(t, s.Client(), "grace")
	asked(1, "after two sign-ins")

	s.rotate()
	refused := func() {
		t.Helper()
		c := s.Client()
		if path, code := callback(c, s.visit(t, begin(t, c, "/sign-in/social"), "ada")); path != "/sorry" || code != "unable_to_get_user_info" {
			t.Fatalf("sent to %s with %q", path, code)
		}
	}
	for range 3 {
		refused() // a new key within the minute: nobody makes us ask again
	}
	asked(1, "within the minute")
	s.keyClock.Add(int64(time.Minute))
	for range 3 {
		s.signIn(t, s.Client(), "ada")
	}
	asked(2, "a minute later")

	s.rotate()
	s.rotate() // the keys that we have are gone
	s.keyClock.Add(int64(time.Minute))
	s.signIn(t, s.Client(), "ada")
	asked(3, "after two more rotations")
	s.keyClock.Add(int64(time.Minute))
	s.signIn(t, s.Client(), "ada")
	asked(3, "with a known key")
}

// TestSeen: nothing of the provider's tokens is stored or logged in clear text.
func TestSeen(t *testing.T) {
	t.Parallel()
	s := open(t, nil, nil)
	c := s.Client()
	s.signIn(t, c, "ada")
	user := c.Get("/get-session").JSON("user", "id")
	rows, err := s.Auth.Store().FindAccounts(t.Context(), user)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%v, %v", rows, err)
	}
	token := c.Post("/get-access-token", map[string]any{"providerId": "zitadel"}).Want(t, http.StatusOK, "").JSON("accessToken")
	if token == "" || strings.Contains(s.Log.String(), token) {
		t.Error("the access token is missing, or in the log")
	}
	for name, stored := range map[string]*string{"access token": rows[0].AccessToken, "refresh token": rows[0].RefreshToken, "id_token": rows[0].IDToken} {
		if stored == nil || *stored == token || strings.Count(*stored, ".") == 2 && strings.HasPrefix(*stored, "ey") {
			t.Errorf("the %s is stored in clear text, or not at all", name)
		}
	}
}
