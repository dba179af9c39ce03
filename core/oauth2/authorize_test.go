package oauth2_test

import (
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

func TestPKCE(t *testing.T) {
	t.Parallel()
	t.Run("the example of RFC 7636, appendix B", func(t *testing.T) {
		octets := []byte{116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191, 240, 91, 88, 5, 88, 83, 132, 141, 121}
		v, err := oauth2.NewVerifier(strings.NewReader(string(octets)))
		if err != nil || v != "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk" {
			t.Error(v, err)
		}
		if c := oauth2.Challenge(v); c != "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" {
			t.Error(c)
		}
	})
	t.Run("CRY-08 randomness fails", func(t *testing.T) {
		for _, r := range []io.Reader{strings.NewReader("short"), iotest.ErrReader(errors.New("no entropy"))} {
			if v, err := oauth2.NewVerifier(r); err == nil || v != "" {
				t.Error(v, err)
			}
		}
	})
}

func TestAuthorizationURL(t *testing.T) {
	t.Parallel()
	r := oauth2.AuthorizationRequest{State: "st", Verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", RedirectURI: "https://app.example.com/cb?x=1"}
	const base = "https://idp.example.com/authorize?response_type=code&client_id=cid&state=st&scope=openid+email&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb%3Fx%3D1"
	const challenge = "&code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
	for name, test := range map[string]struct {
		config  func(*oauth2.Config)
		request func(*oauth2.AuthorizationRequest)
		want    string
	}{
		"OAU-05 S256 by default": {nil, nil, base + challenge},
		"without PKCE":           {func(c *oauth2.Config) { c.NoPKCE = true }, nil, base},
		"everything": {func(c *oauth2.Config) {
			c.LoginHintParam, c.Prompt, c.ResponseMode = "login_hint", "consent", "form_post"
			c.Params = wire.Query{{Name: "access_type", Value: "offline"}}
		}, func(r *oauth2.AuthorizationRequest) { r.LoginHint, r.Display, r.Nonce = "a@b.co", "popup", "n" },
			base + "&display=popup&login_hint=a%40b.co&prompt=consent&response_mode=form_post&nonce=n" + challenge + "&access_type=offline"},
		"a prompt of the request":    {func(c *oauth2.Config) { c.Prompt = "consent" }, func(r *oauth2.AuthorizationRequest) { r.Prompt = "login" }, base + "&prompt=login" + challenge},
		"a hint without a name":      {nil, func(r *oauth2.AuthorizationRequest) { r.LoginHint = "a@b.co" }, base + challenge},
		"further scopes, once":       {nil, func(r *oauth2.AuthorizationRequest) { r.Scopes = []string{"email", "repo"} }, strings.Replace(base, "openid+email", "openid+email+repo", 1) + challenge},
		"scopes with commas":         {func(c *oauth2.Config) { c.ScopeSeparator = "," }, nil, strings.Replace(base, "openid+email", "openid%2Cemail", 1) + challenge},
		"spaces as %20":              {func(c *oauth2.Config) { c.PercentSpaces = true }, func(r *oauth2.AuthorizationRequest) { r.State = "a+b c" }, strings.NewReplacer("openid+email", "openid%20email", "state=st", "state=a%2Bb%20c").Replace(base) + challenge},
		"a callback of the Config":   {func(c *oauth2.Config) { c.RedirectURI = "myapp://cb" }, nil, strings.Split(base, "&redirect_uri")[0] + "&redirect_uri=myapp%3A%2F%2Fcb" + challenge},
		"a query and fragment kept":  {func(c *oauth2.Config) { c.AuthorizeURL += "?tenant=1#x" }, nil, strings.Replace(base, "?", "?tenant=1&", 1) + challenge + "#x"},
		"no scopes":                  {func(c *oauth2.Config) { c.Scopes = nil }, nil, strings.Replace(base, "&scope=openid+email", "", 1) + challenge},
		"another name of the client": {func(c *oauth2.Config) { c.ClientIDParam = "appid" }, nil, strings.Replace(base, "client_id", "appid", 1) + challenge},
	} {
		own := r
		if test.request != nil {
			test.request(&own)
		}
		got, err := open(t, test.config).AuthorizationURL(own)
		if err != nil || got != test.want {
			t.Errorf("%s: %v\n got %s\nwant %s", name, err, got, test.want)
		}
		if strings.Contains(got, r.Verifier) {
			t.Errorf("%s: the verifier leaves the server", name)
		}
	}
	t.Run("what a request lacks", func(t *testing.T) {
		for name, change := range map[string]func(*oauth2.AuthorizationRequest){
			"no state":          func(r *oauth2.AuthorizationRequest) { r.State = "" },
			"OAU-05 no PKCE":    func(r *oauth2.AuthorizationRequest) { r.Verifier = "" },
			"no callback":       func(r *oauth2.AuthorizationRequest) { r.RedirectURI = "" },
			"a forged scope":    func(r *oauth2.AuthorizationRequest) { r.Scopes = []string{"a&state=x b"} },
			"an empty scope":    func(r *oauth2.AuthorizationRequest) { r.Scopes = []string{""} },
			"a scope of UTF-8":  func(r *oauth2.AuthorizationRequest) { r.Scopes = []string{"ä"} },
			"a scope with CRLF": func(r *oauth2.AuthorizationRequest) { r.Scopes = []string{"a\r\nb"} },
		} {
			own := r
			change(&own)
			if u, err := open(t, nil).AuthorizationURL(own); err == nil {
				t.Errorf("%s: %s", name, u)
			}
		}
	})
	t.Run("OAU-10 no text of a request adds a parameter", func(t *testing.T) {
		own := r
		own.State, own.LoginHint, own.Prompt, own.Display, own.Nonce = "a&b=c", "x&redirect_uri=evil", "p&q", "#d", "n\r\n"
		u, err := open(t, func(c *oauth2.Config) { c.LoginHintParam = "login_hint" }).AuthorizationURL(own)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := url.Parse(u)
		if err != nil || parsed.Fragment != "" || len(parsed.Query()["redirect_uri"]) != 1 || parsed.Query().Get("state") != "a&b=c" || parsed.Query().Has("b") {
			t.Error(u, err)
		}
	})
}
