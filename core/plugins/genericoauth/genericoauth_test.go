package genericoauth_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapters/memory"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/plugins/emailpassword"
	"github.com/advantch/kernia-go/core/plugins/genericoauth"
	"github.com/advantch/kernia-go/core/schema"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/suites/idptest"
	"github.com/advantch/kernia-go/core/wire"
)

var ada = idptest.User{ID: "1001", Name: "Ada Lovelace", Email: "Ada@example.com", EmailVerified: true, Image: "https://acme.example/ada.png"}

// site is a server with one provider, "acme".
type site struct {
	*authtest.Env
	acme *idptest.Provider
	oidc *idptest.OpenID // with discovery
}

// open makes a site whose provider is described by its endpoints.
func open(t testing.TB, change func(*genericoauth.Config), options ...func(*core.Options)) *site {
	t.Helper()
	acme := idptest.New(t, "acme")
	return start(t, &site{acme: acme}, genericoauth.Config{
		ProviderID: "acme", ClientID: "client", ClientSecret: "secret-of-the-client", Scopes: []string{"email"},
		AuthorizationURL: acme.URL + "/authorize", TokenURL: acme.URL + "/token", UserInfoURL: acme.URL + "/userinfo",
	}, change, options)
}

// discovered makes one whose endpoints are in a discovery document.
func discovered(t testing.TB, change func(*genericoauth.Config), options ...func(*core.Options)) *site {
	t.Helper()
	acme := idptest.New(t, "acme")
	s := &site{acme: acme, oidc: acme.OpenID()}
	start(t, s, genericoauth.Config{
		ProviderID: "acme", ClientID: "client", ClientSecret: "secret-of-the-client", Scopes: []string{"openid", "email"},
		DiscoveryURL: acme.URL + idptest.DiscoveryPath,
	}, change, options)
	s.oidc.Now = s.Clock.Now
	return s
}

func start(t testing.TB, s *site, c genericoauth.Config, change func(*genericoauth.Config), options []func(*core.Options)) *site {
	t.Helper()
	if change != nil {
		change(&c)
	}
	s.Env = authtest.New(t, func(_ *authtest.Env, o *core.Options) {
		for _, f := range options {
			f(o)
		}
	}, emailpassword.New(emailpassword.Options{}), social.New(), genericoauth.New(genericoauth.Options{Config: []genericoauth.Config{c}}))
	return s
}

// begin starts a flow and returns the parameters of the authorization URL.
func begin(t testing.TB, c *authtest.Client, path string, more map[string]any) url.Values {
	t.Helper()
	body := map[string]any{"providerId": "acme", "provider": "acme", "callbackURL": "/dashboard", "errorCallbackURL": "/sorry", "newUserCallbackURL": "/welcome"}
	for name, v := range more {
		body[name] = v
	}
	a := c.Post(path, body).Want(t, 200, "")
	u, err := url.Parse(a.JSON("url"))
	if err != nil || u.Host == "" {
		t.Fatalf("%s answered %s", path, a.Body)
	}
	return u.Query()
}

// back comes back from the provider with a code of a user.
func (s *site) back(c *authtest.Client, q url.Values, u idptest.User, more ...string) (string, url.Values) {
	u.Nonce = q.Get("nonce")
	return c.Get("/oauth2/callback/acme?code=" + s.acme.Code(u) + "&state=" + q.Get("state") + strings.Join(more, "")).Location()
}

func (s *site) signIn(t testing.TB, c *authtest.Client, u idptest.User) (string, url.Values) {
	t.Helper()
	return s.back(c, begin(t, c, "/sign-in/oauth2", nil), u)
}

func signedIn(c *authtest.Client) string { return c.Get("/get-session").JSON("user", "email") }

func TestSignIn(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB, func(*genericoauth.Config), ...func(*core.Options)) *site{"endpoints": open, "discovery": discovered} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, nil)
			c := s.Client()
			q := begin(t, c, "/sign-in/oauth2", map[string]any{"scopes": []string{"calendar"}})
			if q.Get("redirect_uri") != authtest.BaseURL+"/api/auth/oauth2/callback/acme" || q.Get("code_challenge_method") != "S256" || !strings.HasPrefix(q.Get("scope"), "calendar ") {
				t.Fatalf("%v", q)
			}
			if to, _ := s.back(c, q, ada); to != "/welcome" {
				t.Fatalf("a new user is sent to %s", to)
			}
			a := c.Get("/get-session")
			if a.JSON("user", "email") != "ada@example.com" || a.JSON("user", "emailVerified") != "true" || a.JSON("user", "image") != ada.Image || a.JSON("user", "name") != ada.Name {
				t.Fatalf("%s", a.Body)
			}
			if to, _ := s.signIn(t, s.Client(), ada); to != "/dashboard" {
				t.Fatalf("a known user is sent to %s", to)
			}
			// The routes of the plugin social serve the provider too.
			if a := c.Post("/refresh-token", map[string]any{"providerId": "acme"}).Want(t, 200, ""); !strings.HasPrefix(a.JSON("accessToken"), "acme-access-") {
				t.Error(a.Body)
			}
			if a := c.Get("/account-info?accountId=1001").Want(t, 200, ""); a.JSON("user", "id") != "1001" {
				t.Error(a.Body)
			}
		})
	}
}

// What clients of Better Auth 1.7 call.
func TestSocialRoutes(t *testing.T) {
	t.Parallel()
	s := discovered(t, nil)
	c := s.Client()
	q := begin(t, c, "/sign-in/social", nil)
	if q.Get("redirect_uri") != authtest.BaseURL+"/api/auth/oauth2/callback/acme" {
		t.Errorf("redirect_uri %s", q.Get("redirect_uri"))
	}
	if to, _ := s.back(c, q, ada); to != "/welcome" || signedIn(c) != "ada@example.com" {
		t.Errorf("sent to %s", to)
	}
	c.Post("/sign-in/social", map[string]any{"provider": "acme", "idToken": map[string]any{"token": "x.y.z"}}).Want(t, 404, "ID_TOKEN_NOT_SUPPORTED")

	// A client that is registered with the callback of 1.7.
	s = open(t, func(o *genericoauth.Config) { o.RedirectURI = authtest.BaseURL + "/api/auth/callback/acme" })
	c = s.Client()
	q = begin(t, c, "/sign-in/social", nil)
	if to, _ := c.Get("/callback/acme?code=" + s.acme.Code(ada) + "&state=" + q.Get("state")).Location(); to != "/welcome" {
		t.Errorf("sent to %s", to)
	}
	if uri := s.acme.Asked()[0].Get("redirect_uri"); uri != q.Get("redirect_uri") || !strings.HasSuffix(uri, "/callback/acme") {
		t.Errorf("redirect_uri %s", uri)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	none := func(*genericoauth.Config) {}
	fails := func(w http.ResponseWriter, _ *http.Request) {
		idptest.Write(w, 500, map[string]any{"error": "server_error"})
	}
	for name, test := range map[string]struct {
		change func(*genericoauth.Config)
		rig    func(*idptest.Provider)
		user   func(*idptest.User)
		want   string
	}{
		"no address":            {none, nil, func(u *idptest.User) { u.Email = "" }, "email_is_missing"},
		"no name":               {none, nil, func(u *idptest.User) { u.Name = "" }, "name_is_missing"},
		"OAU-08 no id":          {none, nil, func(u *idptest.User) { u.ID = "undefined" }, "user_info_is_missing"},
		"the token endpoint":    {none, func(p *idptest.Provider) { p.Token(fails) }, nil, "oauth_code_verification_failed"},
		"the userinfo endpoint": {none, func(p *idptest.Provider) { p.Info(fails) }, nil, "user_info_is_missing"},
		"no sign-up":            {func(o *genericoauth.Config) { o.DisableSignUp = true }, nil, nil, "signup_disabled"},
		"no implicit sign-up":   {func(o *genericoauth.Config) { o.DisableImplicitSignUp = true }, nil, nil, "signup_disabled"},
		"GetUserInfo has none": {func(o *genericoauth.Config) {
			o.GetUserInfo = func(context.Context, *oauth2.Tokens) (*oauth2.Profile, error) { return nil, nil }
		}, nil, nil, "user_info_is_missing"},
		"GetUserInfo fails": {func(o *genericoauth.Config) {
			o.GetUserInfo = func(context.Context, *oauth2.Tokens) (*oauth2.Profile, error) { return nil, errors.New("x") }
		}, nil, nil, "user_info_is_missing"},
		"GetToken fails": {func(o *genericoauth.Config) {
			o.GetToken = func(context.Context, oauth2.Exchange) (*oauth2.Tokens, error) { return nil, errors.New("x") }
		}, nil, nil, "oauth_code_verification_failed"},
		"GetToken has none": {func(o *genericoauth.Config) {
			o.GetToken = func(context.Context, oauth2.Exchange) (*oauth2.Tokens, error) { return nil, nil }
		}, nil, nil, "oauth_code_verification_failed"},
		"MapProfileToUser fails": {func(o *genericoauth.Config) {
			o.MapProfileToUser = func(context.Context, *oauth2.Profile) (map[string]any, error) { return nil, errors.New("x") }
		}, nil, nil, "user_info_is_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, test.change)
			if test.rig != nil {
				test.rig(s.acme)
			}
			u := ada
			if test.user != nil {
				test.user(&u)
			}
			c := s.Client()
			if to, q := s.signIn(t, c, u); !strings.HasPrefix(to, "/sorry?") || q.Get("error") != test.want {
				t.Errorf("sent to %s", to)
			}
			if who := signedIn(c); who != "" {
				t.Errorf("%s is signed in", who)
			}
		})
	}
	t.Run("an unknown provider", func(t *testing.T) {
		t.Parallel()
		c := open(t, nil).Client()
		a := c.Post("/sign-in/oauth2", map[string]any{"providerId": "x"}).Want(t, 400, "PROVIDER_CONFIG_NOT_FOUND")
		if a.JSON("message") != "PROVIDER_CONFIG_NOT_FOUND x" {
			t.Error(a.Body)
		}
		c.Get("/oauth2/callback/x?code=1&state=2").Want(t, 400, "PROVIDER_CONFIG_NOT_FOUND")
		c.Post("/oauth2/link", map[string]any{"providerId": "x", "callbackURL": "/"}).Want(t, 401, "UNAUTHORIZED")
	})
	t.Run("requestSignUp", func(t *testing.T) {
		t.Parallel()
		s := open(t, func(o *genericoauth.Config) { o.DisableImplicitSignUp = true })
		c := s.Client()
		if to, _ := s.back(c, begin(t, c, "/sign-in/oauth2", map[string]any{"requestSignUp": true}), ada); to != "/welcome" {
			t.Errorf("sent to %s", to)
		}
	})
	t.Run("OAU-07 an error of the provider", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil)
		to, q := s.Client().Get("/oauth2/callback/acme?error=access_denied&error_description=" + url.QueryEscape("<script>é\r\n&x=1")).Location()
		if !strings.HasPrefix(to, authtest.BaseURL+"/api/auth/error?") || q.Get("error") != "access_denied" || q.Get("error_description") != "<script>é\r\n&x=1" || q.Has("x") {
			t.Errorf("sent to %s", to)
		}
	})
	t.Run("OAU-01 a state that is missing, unknown or used", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil)
		c := s.Client()
		for _, state := range []string{"", "&state=x", "&state=" + strings.Repeat("x", 32)} {
			if _, q := c.Get("/oauth2/callback/acme?code=1" + state).Location(); q.Get("error") != "please_restart_the_process" {
				t.Errorf("%q: %v", state, q)
			}
		}
		q := begin(t, c, "/sign-in/oauth2", nil)
		s.back(c, q, ada)
		if _, got := s.back(c, q, ada); got.Get("error") != "please_restart_the_process" {
			t.Error(got)
		}
	})
}

func TestIssuers(t *testing.T) {
	t.Parallel()
	const other = "https://idp.example.com"
	for name, test := range map[string]struct {
		open   func(testing.TB, func(*genericoauth.Config), ...func(*core.Options)) *site
		change func(*genericoauth.Config)
		doc    func(map[string]any)
		iss    string // "self" is the provider's
		want   string
	}{
		"OAU-04 another issuer":                   {open: open, change: func(o *genericoauth.Config) { o.Issuer = other }, iss: "https://evil.example.com", want: "issuer_mismatch"},
		"OAU-04 another issuer, discovered":       {open: discovered, iss: other, want: "issuer_mismatch"},
		"OAU-04 none, and required":               {open: open, change: func(o *genericoauth.Config) { o.Issuer, o.RequireIssuerValidation = other, true }, want: "issuer_missing"},
		"OAU-04 none, and required, discovered":   {open: discovered, change: func(o *genericoauth.Config) { o.RequireIssuerValidation = true }, want: "issuer_missing"},
		"OAU-04 none, although announced":         {open: discovered, doc: func(d map[string]any) { d["authorization_response_iss_parameter_supported"] = true }, want: "issuer_missing"},
		"the issuer, announced":                   {open: discovered, doc: func(d map[string]any) { d["authorization_response_iss_parameter_supported"] = true }, iss: "self"},
		"the issuer, required":                    {open: open, change: func(o *genericoauth.Config) { o.Issuer, o.RequireIssuerValidation = other, true }, iss: other},
		"none":                                    {open: discovered},
		"the issuer without a word about issuers": {open: open, iss: other},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := test.open(t, test.change)
			if test.doc != nil {
				test.doc(s.oidc.Document)
			}
			iss := strings.Replace(test.iss, "self", s.acme.URL, 1)
			if iss != "" {
				iss = "&iss=" + url.QueryEscape(iss)
			}
			c := s.Client()
			to, q := s.back(c, begin(t, c, "/sign-in/oauth2", nil), ada, iss)
			if q.Get("error") != test.want || test.want == "" && to != "/welcome" {
				t.Errorf("sent to %s", to)
			}
			if who := signedIn(c); (who == "") != (test.want != "") {
				t.Errorf("%q is signed in", who)
			}
		})
	}
}

func TestTwoProviders(t *testing.T) {
	t.Parallel()
	a, b := idptest.New(t, "a"), idptest.New(t, "b")
	config := func(p *idptest.Provider) genericoauth.Config {
		return genericoauth.Config{
			ProviderID: p.ID, ClientID: "client", ClientSecret: "secret-of-the-client",
			AuthorizationURL: p.URL + "/authorize", TokenURL: p.URL + "/token", UserInfoURL: p.URL + "/userinfo",
		}
	}
	e := authtest.New(t, nil, social.New(), genericoauth.New(genericoauth.Options{Config: []genericoauth.Config{config(a), config(b)}}))
	state := func(c *authtest.Client, provider string) string {
		return begin(t, c, "/sign-in/oauth2", map[string]any{"providerId": provider}).Get("state")
	}
	t.Run("OAU-03 the state of another provider", func(t *testing.T) {
		c := e.Client()
		for _, path := range []string{"/oauth2/callback/b", "/callback/b"} {
			_, q := c.Get(path + "?code=" + b.Code(ada) + "&state=" + state(c, "a")).Location()
			if q.Get("error") != "state_mismatch" || len(b.Asked()) != 0 || signedIn(c) != "" {
				t.Errorf("%s: %v", path, q)
			}
		}
	})
	t.Run("LNK-12 one subject of two issuers", func(t *testing.T) {
		one, two := e.Client(), e.Client()
		bob := ada
		bob.Email, bob.Name = "bob@example.com", "Bob"
		one.Get("/oauth2/callback/a?code=" + a.Code(ada) + "&state=" + state(one, "a"))
		two.Get("/oauth2/callback/b?code=" + b.Code(bob) + "&state=" + state(two, "b"))
		if signedIn(one) != "ada@example.com" || signedIn(two) != "bob@example.com" {
			t.Errorf("%q and %q", signedIn(one), signedIn(two))
		}
	})
}

func TestLink(t *testing.T) {
	t.Parallel()
	with := func(allow bool) func(*core.Options) {
		return func(o *core.Options) { o.Account.Linking.AllowDifferentEmails = allow }
	}
	link := func(t *testing.T, s *site, email string, u idptest.User) (*authtest.Client, string, url.Values) {
		c := s.Client()
		c.Post("/sign-up/email", map[string]any{"name": "A", "email": email, "password": "correct horse"}).Want(t, 200, "")
		q := begin(t, c, "/oauth2/link", map[string]any{"scopes": []string{"calendar"}})
		if q.Get("scope") != "calendar" {
			t.Errorf("scope %q", q.Get("scope"))
		}
		to, got := s.back(c, q, u)
		return c, to, got
	}
	s := open(t, nil, with(false))
	c, to, _ := link(t, s, "ada@example.com", ada)
	if to != "/dashboard" || !strings.Contains(c.Get("/list-accounts").Body, `"providerId":"acme"`) {
		t.Errorf("sent to %s", to)
	}
	s = open(t, nil, with(false))
	if _, to, q := link(t, s, "bob@example.com", ada); !strings.HasPrefix(to, "/sorry") || q.Get("error") != "email_doesn't_match" {
		t.Errorf("LNK-06: sent to %s", to)
	}
	s = open(t, nil, with(true))
	s.signIn(t, s.Client(), ada)
	if c, to, q := link(t, s, "bob@example.com", ada); q.Get("error") != "account_already_linked_to_different_user" || strings.Contains(c.Get("/list-accounts").Body, "acme") {
		t.Errorf("LNK-05: sent to %s", to)
	}
	open(t, nil).Client().Post("/oauth2/link", map[string]any{"providerId": "acme", "callbackURL": "/"}).Want(t, 401, "UNAUTHORIZED")
}

// The authorization URL and the requests to the token endpoint have what is configured.
func TestRequests(t *testing.T) {
	t.Parallel()
	var header http.Header
	s := open(t, func(o *genericoauth.Config) {
		o.Authentication, o.RawBasic = oauth2.AuthBasic, true
		o.Prompt, o.AccessType, o.NoPKCE, o.RedirectURI = "consent", "offline", true, "https://app.example.com/back"
		o.AuthorizationURLParams = wire.Query{{Name: "audience", Value: "https://api.example.com"}}
		o.AuthorizationURLParamsFunc = func(c *core.Ctx) wire.Query { return wire.Query{{Name: "from", Value: c.Path()}} }
		o.TokenURLParams = wire.Query{{Name: "resource", Value: "r1"}, {Name: "code", Value: "another"}}
		o.AuthorizationHeaders = http.Header{"X-Staging-Token": {"s1"}}
	})
	s.acme.Token(func(w http.ResponseWriter, r *http.Request) {
		header = r.Header.Clone()
		idptest.Write(w, 200, map[string]any{"access_token": "a"})
	})
	c := s.Client()
	a := c.Post("/sign-in/oauth2", map[string]any{"providerId": "acme", "disableRedirect": true}).Want(t, 200, "")
	u, err := url.Parse(a.JSON("url"))
	if err != nil || a.JSON("redirect") != "false" {
		t.Fatal(a.Body)
	}
	q := u.Query()
	state := q.Get("state")
	want := "audience=https%3A%2F%2Fapi.example.com&response_type=code&client_id=client&state=" + state +
		"&scope=email&redirect_uri=https%3A%2F%2Fapp.example.com%2Fback&prompt=consent&access_type=offline&from=%2Fsign-in%2Foauth2"
	if u.RawQuery != want {
		t.Errorf("%s\nwant %s", u.RawQuery, want)
	}
	c.Get("/oauth2/callback/acme?code=c1&state=" + state)
	form := s.acme.Asked()[0]
	if form.Get("resource") != "r1" || len(form["code"]) != 1 || form.Get("code") != "c1" || form.Has("code_verifier") || form.Get("redirect_uri") != "https://app.example.com/back" {
		t.Errorf("%v", form)
	}
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("client:secret-of-the-client"))
	if header.Get("X-Staging-Token") != "s1" || header.Get("Authorization") != basic {
		t.Errorf("%v", header)
	}
	t.Run("OAU-10 parameters that are the server's", func(t *testing.T) {
		t.Parallel()
		s := open(t, nil)
		for _, name := range []string{"redirect_uri", "state", "scope", "nonce", "client_id", "code_challenge"} {
			s.Client().Post("/sign-in/social", map[string]any{"provider": "acme", "additionalParams": map[string]string{name: "x"}}).Want(t, 400, s.Client().Post("/sign-in/social", map[string]any{"provider": "acme", "additionalParams": map[string]string{name: "x"}}).Code())
			config := genericoauth.Config{ProviderID: "a", ClientID: "c", DiscoveryURL: "https://a.example/d", AuthorizationURLParams: wire.Query{{Name: name, Value: "x"}}}
			if err := made(config); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("%s: %v", name, err)
			}
		}
		q := begin(t, s.Client(), "/sign-in/oauth2", map[string]any{"additionalData": map[string]any{"state": "x", "redirect_uri": "https://evil.example"}})
		if len(q["state"]) != 1 || q.Get("state") == "x" || strings.Contains(q.Get("redirect_uri"), "evil") {
			t.Error(q)
		}
	})
}

func made(c ...genericoauth.Config) error {
	_, err := core.New(core.Options{
		BaseURL: authtest.BaseURL, Secret: authtest.Secret, Database: memory.New(),
		Plugins: []core.Plugin{social.New(), genericoauth.New(genericoauth.Options{Config: c})},
	})
	return err
}

func TestFunctions(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *genericoauth.Config) {
		o.GetToken = func(_ context.Context, x oauth2.Exchange) (*oauth2.Tokens, error) {
			if x.Code != "c1" || x.Verifier == "" || !strings.HasSuffix(x.RedirectURI, "/oauth2/callback/acme") {
				return nil, errors.New("another exchange")
			}
			return &oauth2.Tokens{AccessToken: "a1"}, nil
		}
		o.GetUserInfo = func(_ context.Context, x *oauth2.Tokens) (*oauth2.Profile, error) {
			return &oauth2.Profile{ID: x.AccessToken, Name: "Ada", Email: "ada@example.com", EmailVerified: true}, nil
		}
		o.MapProfileToUser = func(_ context.Context, p *oauth2.Profile) (map[string]any, error) {
			return map[string]any{"id": "id-" + p.ID, "name": "Mapped", "city": "London", "role": "admin", "emailVerified": true, "email": "Other@example.com"}, nil
		}
	}, func(o *core.Options) {
		o.User.Fields = []schema.Field{{Name: "city", Type: schema.String, Optional: true}, {Name: "role", Type: schema.String, Optional: true, NoInput: true}}
	})
	c := s.Client()
	c.Get("/oauth2/callback/acme?code=c1&state=" + begin(t, c, "/sign-in/oauth2", nil).Get("state"))
	a := c.Get("/get-session").Want(t, 200, "")
	if a.JSON("user", "name") != "Mapped" || a.JSON("user", "city") != "London" || a.JSON("user", "email") != "other@example.com" {
		t.Error(a.Body)
	}
	if a.JSON("user", "role") != "null" || a.JSON("user", "emailVerified") != "false" {
		t.Errorf("OAU-17: %s", a.Body)
	}
	if a := c.Get("/list-accounts"); !strings.Contains(a.Body, `"accountId":"id-a1"`) {
		t.Error(a.Body)
	}
}

func TestFormPost(t *testing.T) {
	t.Parallel()
	s := open(t, func(o *genericoauth.Config) { o.ResponseMode = "form_post" })
	c := s.Client()
	q := begin(t, c, "/sign-in/oauth2", nil)
	form := "code=" + s.acme.Code(ada) + "&state=" + q.Get("state")
	stranger := s.Client() // a cross-site form comes without Lax cookies
	a := stranger.Do("POST", "/oauth2/callback/acme", form, core.HeaderField{Name: "Content-Type", Value: "application/x-www-form-urlencoded"}, core.HeaderField{Name: "Origin", Value: s.acme.URL})
	to, _ := a.Location()
	if a.Status != 302 || a.Header.Get("Referrer-Policy") != "no-referrer" || q.Get("response_mode") != "form_post" {
		t.Fatalf("%d %s", a.Status, a.Body)
	}
	if to, _ := c.Get(strings.TrimPrefix(to, authtest.BaseURL+"/api/auth")).Location(); to != "/welcome" {
		t.Errorf("sent to %s", to)
	}
}

// A refusal at this callback is reported and bounded as at /callback/:id.
func TestRefusalsAreReported(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	c := s.Client()
	c.Get("/oauth2/callback/acme?error=access_denied")
	c.Get("/oauth2/callback/acme?code=x&state=" + strings.Repeat("x", 32))
	form := "code=x&state=" + strings.Repeat("x", 17<<10)
	a := c.Do("POST", "/oauth2/callback/acme", form, core.HeaderField{Name: "Content-Type", Value: "application/x-www-form-urlencoded"})
	if to := a.Header.Get("Location"); a.Status != 302 || len(to) > 1<<10 || !strings.Contains(to, "error=") {
		t.Errorf("a form of 17 KiB is answered with %d and a Location of %d bytes", a.Status, len(to))
	}
	var codes []string
	for _, e := range s.Events() {
		if e.Type == core.EventSignInFailed {
			codes = append(codes, e.Code)
		}
	}
	if got := strings.Join(codes, " "); got != "provider_error please_restart_the_process please_restart_the_process" {
		t.Errorf("events: %s", got)
	}
}

func TestRedirectTargets(t *testing.T) {
	t.Parallel()
	s := open(t, nil)
	c := s.Client()
	c.Post("/sign-up/email", map[string]any{"name": "A", "email": "a@example.com", "password": "correct horse"}).Want(t, 200, "")
	for field, code := range map[string]string{"callbackURL": "INVALID_CALLBACK_URL", "errorCallbackURL": "INVALID_ERROR_CALLBACK_URL", "newUserCallbackURL": "INVALID_NEW_USER_CALLBACK_URL"} {
		for _, target := range []string{"https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "https://localhost:3000@evil.example"} {
			for _, path := range []string{"/sign-in/oauth2", "/oauth2/link"} {
				body := map[string]any{"providerId": "acme", "callbackURL": "/", field: target}
				if a := c.Post(path, body); a.Status != 403 || a.Code() != code {
					t.Errorf("RED-01 %s %s %q: %d %s", path, field, target, a.Status, a.Code())
				}
			}
		}
	}
	t.Run("RED-07 targets within the additional data", func(t *testing.T) {
		q := begin(t, c, "/sign-in/oauth2", map[string]any{"additionalData": map[string]any{"callbackURL": "https://evil.example", "errorURL": "https://evil.example", "newUserURL": "https://evil.example", "link": map[string]any{"userId": "x"}}})
		if to, _ := s.back(c, q, ada); to != "/welcome" {
			t.Errorf("sent to %s", to)
		}
	})
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	t.Run("it is fetched once", func(t *testing.T) {
		t.Parallel()
		s := discovered(t, nil)
		if s.oidc.Asked() != 0 {
			t.Error("it was fetched before it was needed")
		}
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { begin(t, s.Client(), "/sign-in/oauth2", nil) })
		}
		all.Wait()
		if n := s.oidc.Asked(); n != 1 {
			t.Errorf("fetched %d times", n)
		}
		s.Clock.Add(2 * time.Hour)
		begin(t, s.Client(), "/sign-in/oauth2", nil)
		begin(t, s.Client(), "/sign-in/oauth2", nil)
		if n := s.oidc.Asked(); n > 2 {
			t.Errorf("fetched %d times", n)
		}
	})
	t.Run("its words", func(t *testing.T) {
		t.Parallel()
		for name, test := range map[string]struct {
			doc    map[string]any
			change func(*genericoauth.Config)
			ok     bool
		}{
			"another issuer":                      {doc: map[string]any{"issuer": "https://evil.example.com"}},
			"another issuer of this machine":      {doc: map[string]any{"issuer": "http://localhost:1"}},
			"no authorization endpoint":           {doc: map[string]any{"authorization_endpoint": ""}},
			"no token endpoint":                   {doc: map[string]any{"token_endpoint": nil}},
			"OID-01 plain HTTP":                   {doc: map[string]any{"token_endpoint": "http://idp.example.com/token"}},
			"OID-01 cloud metadata":               {doc: map[string]any{"userinfo_endpoint": "http://169.254.169.254/latest"}},
			"OID-01 a file":                       {doc: map[string]any{"jwks_uri": "file:///etc/passwd"}},
			"OID-01 a user within the URL":        {doc: map[string]any{"token_endpoint": "https://a:b@idp.example.com/token"}},
			"a script for the browser":            {doc: map[string]any{"authorization_endpoint": "javascript:alert(1)"}},
			"OAU-10 a parameter of the server's":  {doc: map[string]any{"authorization_endpoint": "https://idp.example.com/?redirect_uri=https://evil.example"}},
			"the issuer that is configured":       {doc: map[string]any{"issuer": "https://evil.example.com"}, change: func(o *genericoauth.Config) { o.Issuer = "https://idp.example.com" }, ok: true},
			"no issuer":                           {doc: map[string]any{"issuer": ""}, ok: true},
			"no issuer, although it is required":  {doc: map[string]any{"issuer": ""}, change: func(o *genericoauth.Config) { o.RequireIssuerValidation = true }},
			"endpoints of another host with TLS":  {doc: map[string]any{"authorization_endpoint": "https://login.example.com/authorize"}, ok: true},
			"an endpoint that is also configured": {doc: map[string]any{"token_endpoint": ""}, change: func(o *genericoauth.Config) { o.TokenURL = "https://idp.example.com/token" }, ok: true},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				s := discovered(t, test.change)
				for n, v := range test.doc {
					s.oidc.Document[n] = v
				}
				a := s.Client().Post("/sign-in/oauth2", map[string]any{"providerId": "acme"})
				if test.ok && a.Status != 200 || !test.ok && (a.Status != 400 || a.Code() != "INVALID_OAUTH_CONFIGURATION") {
					t.Errorf("%d %s", a.Status, a.Body)
				}
			})
		}
	})
	t.Run("a provider on the network is not sent to this machine", func(t *testing.T) {
		t.Parallel()
		doc := map[string]any{"issuer": "https://idp.example.com", "authorization_endpoint": "https://idp.example.com/a", "token_endpoint": "https://idp.example.com/t"}
		var mu sync.Mutex
		client := &http.Client{Transport: answers(func() map[string]any { mu.Lock(); defer mu.Unlock(); return doc })}
		for _, evil := range []string{"http://localhost:6379/", "https://127.0.0.1/", "https://localhost/", "https://10.0.0.1/keys", "https://169.254.169.254/", "https://metadata.google.internal/"} {
			s := discovered(t, func(o *genericoauth.Config) { o.DiscoveryURL = "https://idp.example.com" + idptest.DiscoveryPath }, func(o *core.Options) { o.HTTPClient = client })
			for _, name := range []string{"token_endpoint", "userinfo_endpoint", "jwks_uri"} {
				mu.Lock()
				before := doc[name]
				doc[name] = evil
				mu.Unlock()
				s.Clock.Add(time.Minute)
				s.Client().Post("/sign-in/oauth2", map[string]any{"providerId": "acme"}).Want(t, 400, "INVALID_OAUTH_CONFIGURATION")
				mu.Lock()
				doc[name] = before
				mu.Unlock()
			}
			s.Clock.Add(time.Minute)
			s.Client().Post("/sign-in/oauth2", map[string]any{"providerId": "acme"}).Want(t, 200, "")
		}
	})
	t.Run("after a failure", func(t *testing.T) {
		t.Parallel()
		s := discovered(t, nil)
		issuer := s.oidc.Document["issuer"]
		s.oidc.Document["issuer"] = "https://evil.example.com"
		for range 5 {
			s.Client().Post("/sign-in/oauth2", map[string]any{"providerId": "acme"}).Want(t, 400, "INVALID_OAUTH_CONFIGURATION")
		}
		if n := s.oidc.Asked(); n != 1 {
			t.Errorf("fetched %d times", n)
		}
		s.oidc.Document["issuer"] = issuer
		s.Clock.Add(6 * time.Second)
		begin(t, s.Client(), "/sign-in/oauth2", nil)
	})
}

type answers func() map[string]any

func (f answers) RoundTrip(r *http.Request) (*http.Response, error) {
	w := &recorder{header: http.Header{}}
	idptest.Write(w, 200, f())
	return w.response(r), nil
}

func TestIDTokens(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		claims map[string]any
		nonce  string
		doc    map[string]any
		change func(*genericoauth.Config)
		info   bool // the userinfo endpoint works
		want   string
	}{
		"it is enough":                               {},
		"IDT-05 another client":                      {claims: map[string]any{"aud": "their-client"}, info: true, want: "user_info_is_missing"},
		"IDT-04 another issuer":                      {claims: map[string]any{"iss": "https://evil.example.com"}, info: true, want: "user_info_is_missing"},
		"IDT-04 another nonce":                       {nonce: "x", info: true, want: "user_info_is_missing"},
		"IDT-04 expired":                             {claims: map[string]any{"exp": 1}, info: true, want: "user_info_is_missing"},
		"without an address the endpoint is asked":   {claims: map[string]any{"email": nil}, info: true},
		"the endpoint has another subject":           {claims: map[string]any{"email": nil, "sub": "1002"}, info: true, want: "user_info_is_missing"},
		"IDT-02 a document with HS256 alone":         {doc: map[string]any{"id_token_signing_alg_values_supported": []string{"HS256"}}, info: true},
		"no keys":                                    {doc: map[string]any{"jwks_uri": ""}, info: true},
		"IDT-01 no keys, and no endpoint that works": {doc: map[string]any{"jwks_uri": ""}, want: "user_info_is_missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := discovered(t, test.change)
			s.oidc.Claims = test.claims
			for n, v := range test.doc {
				s.oidc.Document[n] = v
			}
			if !test.info {
				s.acme.Info(func(w http.ResponseWriter, _ *http.Request) { idptest.Write(w, 500, map[string]any{}) })
			}
			c := s.Client()
			q := begin(t, c, "/sign-in/oauth2", nil)
			if test.nonce != "" {
				q.Set("nonce", test.nonce)
			}
			if _, got := s.back(c, q, ada); got.Get("error") != test.want {
				t.Error(got)
			}
			if who := signedIn(c); (who == "ada@example.com") != (test.want == "") {
				t.Errorf("%q is signed in", who)
			}
		})
	}
	t.Run("from the token endpoint, without keys", func(t *testing.T) {
		t.Parallel()
		acme := idptest.New(t, "acme")
		s := &site{acme: acme, oidc: acme.OpenID()}
		start(t, s, genericoauth.Config{ProviderID: "acme", ClientID: "client", ClientSecret: "s", AuthorizationURL: acme.URL + "/authorize", TokenURL: acme.URL + "/token", Issuer: acme.URL}, nil, nil)
		s.oidc.Now = s.Clock.Now
		c := s.Client()
		if to, _ := s.signIn(t, c, ada); to != "/welcome" || signedIn(c) != "ada@example.com" {
			t.Errorf("sent to %s", to)
		}
		s.oidc.Claims = map[string]any{"aud": "their-client"}
		if to, q := s.signIn(t, s.Client(), ada); q.Get("error") != "user_info_is_missing" {
			t.Errorf("sent to %s", to)
		}
	})
}

func TestOptions(t *testing.T) {
	t.Parallel()
	good := func(change func(*genericoauth.Config)) genericoauth.Config {
		c := genericoauth.Config{ProviderID: "acme", ClientID: "c", AuthorizationURL: "https://a.example/a", TokenURL: "https://a.example/t", UserInfoURL: "https://a.example/u"}
		change(&c)
		return c
	}
	if err := made(good(func(*genericoauth.Config) {})); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string][]genericoauth.Config{
		"Options.Config is empty":   nil,
		"provider id":               {good(func(c *genericoauth.Config) { c.ProviderID = "a/b" })},
		"ClientID is missing":       {good(func(c *genericoauth.Config) { c.ClientID = "" })},
		"set DiscoveryURL, or both": {good(func(c *genericoauth.Config) { c.TokenURL = "" })},
		"nothing says who":          {good(func(c *genericoauth.Config) { c.UserInfoURL = "" })},
		"UserInfoURL":               {good(func(c *genericoauth.Config) { c.UserInfoURL = "http://a.example/u" })},
		"DiscoveryURL":              {good(func(c *genericoauth.Config) { c.DiscoveryURL = "a.example" })},
		"JWKSURL":                   {good(func(c *genericoauth.Config) { c.JWKSURL, c.Issuer = "ftp://a.example", "https://a.example" })},
		"RequireIssuer needs":       {good(func(c *genericoauth.Config) { c.RequireIssuerValidation = true })},
		"ResponseMode":              {good(func(c *genericoauth.Config) { c.ResponseMode = "fragment" })},
		"is taken by":               {good(func(*genericoauth.Config) {}), good(func(*genericoauth.Config) {})},
		"Domain is missing":         {genericoauth.Auth0(genericoauth.Auth0Options{Preset: genericoauth.Preset{ClientID: "c", ClientSecret: "s"}})},
		"ClientSecret is missing":   {genericoauth.Slack(genericoauth.Preset{ClientID: "c"})},
	} {
		if err := made(c...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	t.Run("LNK-11 the id of another plugin's provider", func(t *testing.T) {
		t.Parallel()
		acme := idptest.New(t, "acme")
		_, err := core.New(core.Options{
			BaseURL: authtest.BaseURL, Secret: authtest.Secret, Database: memory.New(), Plugins: []core.Plugin{
				social.New(acme.Config()),
				genericoauth.New(genericoauth.Options{Config: []genericoauth.Config{good(func(*genericoauth.Config) {})}}),
			},
		})
		if err == nil || !strings.Contains(err.Error(), `"acme"`) {
			t.Error(err)
		}
	})
	t.Run("without the plugin social", func(t *testing.T) {
		t.Parallel()
		_, err := core.New(core.Options{BaseURL: authtest.BaseURL, Secret: authtest.Secret, Database: memory.New(), Plugins: []core.Plugin{
			genericoauth.New(genericoauth.Options{Config: []genericoauth.Config{good(func(*genericoauth.Config) {})}}),
		}})
		if err == nil || !strings.Contains(err.Error(), `needs the plugin "social"`) {
			t.Error(err)
		}
	})
}
