package social_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/idptest"
)

var ada = idptest.User{ID: "1001", Name: "Ada Lovelace", Email: "Ada@example.com", EmailVerified: true, Image: "https://acme.example/ada.png"}

// site is a server with one provider.
type site struct {
	*authtest.Env
	acme   *idptest.Provider
	shared adapter.Database
}

func open(t testing.TB, change func(*core.Options), provider func(*oauth.Config)) *site {
	t.Helper()
	acme := idptest.New(t, "acme")
	config := acme.Config()
	if provider != nil {
		provider(&config)
	}
	shared := memory.New()
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		o.Database = shared
		if change != nil {
			change(o)
		}
	}, emailpassword.New(emailpassword.Options{}), social.New(config))
	return &site{e, acme, shared}
}

// begin starts a flow and returns its state.
func begin(t testing.TB, c *authtest.Client, path string, body map[string]any) url.Values {
	t.Helper()
	if body["provider"] == nil {
		body["provider"] = "acme"
	}
	a := c.Post(path, body).Want(t, 200, "")
	u, err := url.Parse(a.JSON("url"))
	if err != nil || u.Host == "" {
		t.Fatalf("%s answered %s", path, a.Body)
	}
	return u.Query()
}

// callback comes back from the provider with a code.
func (s *site) callback(c *authtest.Client, state string, u idptest.User) (string, url.Values) {
	a := c.Get("/callback/acme?code=" + s.acme.Code(u) + "&state=" + state)
	return where(a)
}

// where is the redirect target without its query, and the query.
func where(a *authtest.Answer) (string, url.Values) {
	to, q := a.Location()
	to, _, _ = strings.Cut(to, "?")
	return to, q
}

// signIn goes through a whole flow.
func (s *site) signIn(t testing.TB, c *authtest.Client, u idptest.User) (string, url.Values) {
	t.Helper()
	return s.callback(c, begin(t, c, "/sign-in/social", map[string]any{"callbackURL": "/dashboard", "errorCallbackURL": "/sorry", "newUserCallbackURL": "/welcome"}).Get("state"), u)
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := open(t, nil, nil)
	c := s.Client()
	if to, q := s.signIn(t, c, ada); to != "/welcome" || len(q) > 0 {
		t.Fatalf("a new user is sent to %s?%s", to, q.Encode())
	}
	a := c.Get("/get-session").Want(t, 200, "")
	if a.JSON("user", "email") != "ada@example.com" || a.JSON("user", "emailVerified") != "true" || a.JSON("user", "image") != "https://acme.example/ada.png" {
		t.Fatalf("%s", a.Body)
	}
	c = s.Client()
	if to, _ := s.signIn(t, c, ada); to != "/dashboard" {
		t.Fatalf("a known user is sent to %s", to)
	}
	if a := c.Get("/list-accounts").Want(t, 200, ""); !strings.Contains(string(a.Body), `"providerId":"acme"`) || strings.Contains(string(a.Body), "acme-access") {
		t.Fatalf("%s", a.Body)
	}
	a = c.Post("/get-access-token", map[string]any{"providerId": "acme"}).Want(t, 200, "")
	if !strings.HasPrefix(a.JSON("accessToken"), "acme-access-") {
		t.Fatalf("%s", a.Body)
	}
	if a = c.Get("/account-info?accountId=1001").Want(t, 200, ""); a.JSON("user", "id") != "1001" || a.JSON("data", "sub") != "1001" {
		t.Fatalf("%s", a.Body)
	}
	// As the client of Better Auth 1.7 names an account: by the id of its row.
	row, err := s.Auth.Store().FindAccount(t.Context(), "acme", "1001")
	if err != nil {
		t.Fatal(err)
	}
	c.Post("/get-access-token", map[string]any{"accountId": row.ID}).Want(t, 200, "")
	c.Post("/refresh-token", map[string]any{"accountId": row.ID}).Want(t, 200, "")
	c.Get("/account-info?accountId="+row.ID).Want(t, 200, "")
	a = c.Post("/refresh-token", map[string]any{"providerId": "acme"}).Want(t, 200, "")
	if !strings.HasPrefix(a.JSON("refreshToken"), "acme-refresh-") || a.JSON("scope") != "email,profile" {
		t.Fatalf("%s", a.Body)
	}
}

// TestClockOfTheServer verifies an id_token by Options.Clock of the server, which is months
// behind.
func TestClockOfTheServer(t *testing.T) {
	t.Parallel()
	e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.HTTPClient = keys(nil).client() },
		social.New(social.Google(social.GoogleOptions{Options: social.Options{ClientID: "cid", ClientSecret: "sec"}})))
	signIn := func(made time.Time) *authtest.Answer {
		token := sign(signingKey(), "k1", claimsOf("google", set("iat", made.Unix()), set("exp", made.Add(time.Hour).Unix())))
		return e.Client().Post("/sign-in/social", object{"provider": "google", "idToken": object{"token": token}})
	}
	signIn(e.Clock.Now()).Want(t, 200, "")
	signIn(e.Clock.Now().Add(-2*time.Hour)).Want(t, 401, "INVALID_TOKEN")
}
