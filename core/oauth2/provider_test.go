package oauth2_test

import (
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

// example is a provider that follows the standard.
func example(change func(*oauth2.Config)) oauth2.Config {
	c := oauth2.Config{
		ID: "example", ClientID: "cid", ClientSecret: "client-secret", Scopes: []string{"openid", "email"},
		AuthorizeURL: "https://idp.example.com/authorize", TokenURL: "https://idp.example.com/token",
	}
	if change != nil {
		change(&c)
	}
	return c
}

func open(t *testing.T, change func(*oauth2.Config)) *oauth2.Provider {
	t.Helper()
	p, err := oauth2.New(example(change))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*oauth2.Config)
		want   string
	}{
		"no id":                {func(c *oauth2.Config) { c.ID = "" }, "provider id"},
		"an id for a path":     {func(c *oauth2.Config) { c.ID = "a/b" }, "provider id"},
		"no client":            {func(c *oauth2.Config) { c.ClientID = "" }, "ClientID"},
		"no URL":               {func(c *oauth2.Config) { c.AuthorizeURL = "" }, "AuthorizeURL"},
		"a relative URL":       {func(c *oauth2.Config) { c.TokenURL = "/token" }, "TokenURL"},
		"a URL in clear":       {func(c *oauth2.Config) { c.TokenURL = "http://idp.example.com/token" }, "TokenURL"},
		"a URL of a script":    {func(c *oauth2.Config) { c.AuthorizeURL = "javascript:alert(1)" }, "AuthorizeURL"},
		"a URL with a user":    {func(c *oauth2.Config) { c.RefreshURL = "https://u@idp.example.com" }, "RefreshURL"},
		"a callback of script": {func(c *oauth2.Config) { c.RedirectURI = "javascript:x" }, "RedirectURI"},
		"two secrets":          {func(c *oauth2.Config) { c.Secret = secretOf("x") }, "not both"},
		"basic without secret": {func(c *oauth2.Config) { c.ClientSecret, c.Auth = "", oauth2.AuthBasic }, "ClientSecret"},
		"no assertion":         {func(c *oauth2.Config) { c.Auth = oauth2.AuthAssertion }, "Secret is missing"},
		"nothing that proves":  {func(c *oauth2.Config) { c.Auth, c.NoPKCE = oauth2.AuthNone, true }, "PKCE"},
		"unknown auth":         {func(c *oauth2.Config) { c.Auth = 9 }, "Auth 9"},
		"a response mode":      {func(c *oauth2.Config) { c.ResponseMode = "fragment" }, "ResponseMode"},
		"the implicit flow":    {func(c *oauth2.Config) { c.ResponseType = "token" }, "ResponseType"},
		"a token in the query": {func(c *oauth2.Config) { c.ResponseType = "code id_token" }, "form_post"},
		"a scope of two":       {func(c *oauth2.Config) { c.Scopes = []string{"a b"} }, "scope"},
		"OAU-10 redirect_uri":  {func(c *oauth2.Config) { c.Params = wire.Query{{Name: "redirect_uri", Value: "x"}} }, "redirect_uri"},
		"OAU-10 state":         {func(c *oauth2.Config) { c.Params = wire.Query{{Name: "State", Value: "x"}} }, "State"},
		"OAU-10 scope":         {func(c *oauth2.Config) { c.Params = wire.Query{{Name: "scope", Value: "x"}} }, "scope"},
		"OAU-10 nonce":         {func(c *oauth2.Config) { c.Params = wire.Query{{Name: "nonce", Value: "x"}} }, "nonce"},
		"OAU-10 challenge":     {func(c *oauth2.Config) { c.Params = wire.Query{{Name: "code_challenge_method", Value: "plain"}} }, "code_challenge_method"},
		"OAU-10 in the URL":    {func(c *oauth2.Config) { c.AuthorizeURL += "?client_id=other" }, "client_id"},
	} {
		_, err := oauth2.New(example(test.change))
		if err == nil || !strings.HasPrefix(err.Error(), "oauth2: ") || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "client-secret") {
			t.Errorf("%s tells the secret: %v", name, err)
		}
	}
	for _, u := range []string{"http://localhost:8080/a", "http://127.0.0.1/a", "http://[::1]:9/a"} {
		if _, err := oauth2.New(example(func(c *oauth2.Config) { c.AuthorizeURL, c.TokenURL = u, u })); err != nil {
			t.Error(err)
		}
	}
	for _, u := range []string{"myapp://callback", "http://192.168.0.5/callback", "com.example.app:/callback"} {
		if _, err := oauth2.New(example(func(c *oauth2.Config) { c.RedirectURI = u })); err != nil {
			t.Error(err)
		}
	}
}

func TestProviderKeepsItsConfig(t *testing.T) {
	t.Parallel()
	scopes := []string{"a"}
	p := open(t, func(c *oauth2.Config) { c.Scopes, c.Audiences = scopes, []string{"ios"} })
	scopes[0] = "admin"
	u, err := p.AuthorizationURL(oauth2.AuthorizationRequest{State: "s", Verifier: "v", RedirectURI: "https://a.example"})
	if err != nil || strings.Contains(u, "admin") {
		t.Error(u, err)
	}
	if p.Name() != "example" || p.ResponseMode() != "query" || p.AcceptsIDTokens() {
		t.Error(p.Name(), p.ResponseMode(), p.AcceptsIDTokens())
	}
	if !p.IsAudience("cid") || !p.IsAudience("ios") || p.IsAudience("") || p.IsAudience("android") {
		t.Error("wrong audiences")
	}
	if _, err := p.VerifyIDToken(t.Context(), nil, "x", ""); err != oauth2.ErrUnsupported {
		t.Error(err)
	}
	if _, err := p.Profile(t.Context(), nil, oauth2.ProfileRequest{}); err != oauth2.ErrUnsupported {
		t.Error(err)
	}
}
