package social_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/social"
	"github.com/advantch/kernia-go/core/wire"
)

func param(name, value string) wire.Query { return wire.Query{{Name: name, Value: value}} }

func pemOf(key any) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key))}))
}

func TestWrongOptionsNameTheField(t *testing.T) {
	t.Parallel()
	for id, make := range constructors {
		o := base()
		if id != "tiktok" { // whose client id is ClientKey
			o.ClientID = ""
			if _, err := oauth.NewProvider(make(o)); err == nil || !strings.Contains(err.Error(), "ClientID is missing") {
				t.Errorf("%s without ClientID: %v", id, err)
			}
		}
		for field, change := range map[string]func(*social.Options){
			"AuthorizeURL": func(o *social.Options) { o.AuthorizeURL = "http://sandbox.example.com" },
			"RedirectURI":  func(o *social.Options) { o.RedirectURI = "/callback" },
			"scope":        func(o *social.Options) { o.Scopes = []string{"a b"} },
		} {
			o := base()
			change(&o)
			if _, err := oauth.NewProvider(make(o)); err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(field)) || !strings.Contains(err.Error(), id) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s with a wrong %s: %v", id, field, err)
			}
		}
	}
	for _, id := range []string{
		"apple", "atlassian", "facebook", "figma", "google", "notion", "paybin", "paypal", "railway", "reddit", "salesforce", "tiktok", "twitter", "wechat",
	} {
		o := base()
		o.ClientSecret = ""
		if _, err := oauth.NewProvider(constructors[id](o)); err == nil || !strings.Contains(err.Error(), "ClientSecret is missing") {
			t.Errorf("%s without ClientSecret: %v", id, err)
		}
	}
	p256, p384 := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	apple := func(o social.AppleOptions) oauth.Config {
		o.Options = base()
		o.ClientSecret = ""
		if o.TeamID == "" {
			o.TeamID = "TEAM"
		}
		if o.KeyID == "" {
			o.KeyID = "KEY"
		}
		return social.Apple(o)
	}
	for name, test := range map[string]struct {
		c     oauth.Config
		field string
	}{
		"Apple: text":             {apple(social.AppleOptions{PrivateKey: "key"}), "PrivateKey"},
		"Apple: PEM of nothing":   {apple(social.AppleOptions{PrivateKey: "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}), "PrivateKey"},
		"Apple: RSA":              {apple(social.AppleOptions{PrivateKey: pemOf(signingKey())}), "PrivateKey"},
		"Apple: P-384":            {apple(social.AppleOptions{PrivateKey: pemOf(p384)}), "PrivateKey"},
		"Apple: no key":           {apple(social.AppleOptions{}), "PrivateKey"},
		"Apple: no team":          {social.Apple(social.AppleOptions{Options: social.Options{ClientID: "cid"}, KeyID: "KEY", PrivateKey: pemOf(p256)}), "TeamID"},
		"Apple: two secrets":      {social.Apple(social.AppleOptions{Options: base(), TeamID: "TEAM", KeyID: "KEY", PrivateKey: pemOf(p256)}), "ClientSecret"},
		"Apple: a long life":      {apple(social.AppleOptions{PrivateKey: pemOf(p256), SecretLife: 181 * 24 * time.Hour}), "SecretLife"},
		"Apple: a negative life":  {apple(social.AppleOptions{PrivateKey: pemOf(p256), SecretLife: -1}), "SecretLife"},
		"Cognito: no domain":      {social.Cognito(social.CognitoOptions{Options: base(), Region: "r", UserPoolID: "p"}), "Domain"},
		"Cognito: http":           {social.Cognito(social.CognitoOptions{Options: base(), Domain: "http://auth.example.com", Region: "r", UserPoolID: "p"}), "Domain"},
		"Cognito: a path":         {social.Cognito(social.CognitoOptions{Options: base(), Domain: "auth.example.com/x", Region: "r", UserPoolID: "p"}), "Domain"},
		"Cognito: no region":      {social.Cognito(social.CognitoOptions{Options: base(), Domain: "auth.example.com", UserPoolID: "p"}), "Region"},
		"Cognito: a host":         {social.Cognito(social.CognitoOptions{Options: base(), Domain: "auth.example.com", Region: "x.evil.example/", UserPoolID: "p"}), "Region"},
		"Cognito: no pool":        {social.Cognito(social.CognitoOptions{Options: base(), Domain: "auth.example.com", Region: "r"}), "UserPoolID"},
		"GitLab: http":            {social.GitLab(social.GitLabOptions{Options: base(), Issuer: "http://git.example.com"}), "Issuer"},
		"GitLab: no URL":          {social.GitLab(social.GitLabOptions{Options: base(), Issuer: "git.example.com"}), "Issuer"},
		"Paybin: http":            {social.Paybin(social.PaybinOptions{Options: base(), Issuer: "http://idp.example.com"}), "Issuer"},
		"Microsoft: http":         {social.Microsoft(social.MicrosoftOptions{Options: base(), Authority: "http://login.example.com"}), "Authority"},
		"Microsoft: a domain":     {social.Microsoft(social.MicrosoftOptions{Options: base(), TenantID: "contoso.onmicrosoft.com"}), "TenantID"},
		"Microsoft: a query":      {social.Microsoft(social.MicrosoftOptions{Options: base(), TenantID: "a?b"}), "TenantID"},
		"Microsoft: a path":       {social.Microsoft(social.MicrosoftOptions{Options: base(), TenantID: "../x"}), "TenantID"},
		"Microsoft: a photo":      {social.Microsoft(social.MicrosoftOptions{Options: base(), ProfilePhotoSize: 50}), "ProfilePhotoSize"},
		"PayPal: environment":     {social.PayPal(social.PayPalOptions{Options: base(), Environment: "production"}), "Environment"},
		"Salesforce: environment": {social.Salesforce(social.SalesforceOptions{Options: base(), Environment: "live"}), "Environment"},
		"Salesforce: http":        {social.Salesforce(social.SalesforceOptions{Options: base(), LoginURL: "http://acme.my.salesforce.com"}), "LoginURL"},
		"WeChat: language":        {social.WeChat(social.WeChatOptions{Options: base(), Lang: "de"}), "Lang"},
		"Figma: prompt":           {social.Figma(social.FigmaOptions{Options: social.Options{ClientID: "cid", ClientSecret: "sec", Prompt: "login"}}), "Prompt"},
		"Zoom: scopes":            {social.Zoom(social.ZoomOptions{Options: social.Options{ClientID: "cid", Scopes: []string{"user:read"}}}), "Scopes"},
	} {
		_, err := oauth.NewProvider(test.c)
		if err == nil || !strings.Contains(err.Error(), test.field) || strings.ContainsAny(err.Error(), "\n") || strings.Contains(err.Error(), "BEGIN") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The further parameters of a provider's own options, in Better Auth's order.
func TestParametersOfOptions(t *testing.T) {
	t.Parallel()
	permissions := int64(2048)
	prompt := func(p string) social.Options { o := base(); o.Prompt = p; return o }
	scopes := func(s ...string) social.Options { o := base(); o.Scopes = s; return o }
	for want, c := range map[string]oauth.Config{
		"&display=popup&login_hint=ada%40example.com&prompt=select_account+consent&hd=example.com&access_type=offline&code_challenge_method=": social.Google(social.GoogleOptions{
			Options: prompt("select_account consent"), AccessType: "offline", Display: "popup", HostedDomain: "example.com"}),
		"&state=s&prompt=consent&permissions=2048":                          social.Discord(social.DiscordOptions{Options: withPrompt(scopes("bot"), "consent"), Permissions: &permissions}),
		"&state=s&prompt=none#":                                             social.Discord(social.DiscordOptions{Options: base(), Permissions: &permissions}),
		"&token_access_type=offline":                                        social.Dropbox(social.DropboxOptions{Options: base(), AccessType: "offline"}),
		"&login_hint=ada%40example.com&config_id=9":                         social.Facebook(social.FacebookOptions{Options: base(), ConfigID: "9"}),
		"&duration=permanent#":                                              social.Reddit(social.RedditOptions{Options: base(), Duration: "permanent"}),
		"https://test.salesforce.com/services/oauth2/authorize?":            social.Salesforce(social.SalesforceOptions{Options: base(), Environment: "sandbox"}),
		"https://acme.my.salesforce.com/services/oauth2/authorize?":         social.Salesforce(social.SalesforceOptions{Options: base(), LoginURL: "acme.my.salesforce.com"}),
		"https://www.paypal.com/signin/authorize?":                          social.PayPal(social.PayPalOptions{Options: base(), Environment: "live"}),
		"https://git.example.com/oauth/authorize?":                          social.GitLab(social.GitLabOptions{Options: base(), Issuer: "https://git.example.com/"}),
		"https://login.microsoftonline.us/contoso/oauth2/v2.0/authorize?":   social.Microsoft(social.MicrosoftOptions{Options: base(), Authority: "https://login.microsoftonline.us", TenantID: "contoso"}),
		"%22email_verified%22%3Anull%2C%22nick%22%3Anull%7D%7D":             social.Twitch(social.TwitchOptions{Options: base(), Claims: []string{"nick", "email", "nick"}}),
		"&lang=en#wechat_redirect":                                          social.WeChat(social.WeChatOptions{Options: base(), Lang: "en"}),
		"scope=user.info.profile,video.list&":                               social.TikTok(social.TikTokOptions{Options: scopes("video.list")}),
		"client_id=cid&state=s#":                                            social.Zoom(social.ZoomOptions{Options: base(), DisablePKCE: true}),
		"prompt=login&code_challenge_method=":                               social.Cognito(social.CognitoOptions{Options: prompt("login"), Domain: "https://auth.example.com", Region: "r", UserPoolID: "p"}),
		"scope=user-details.read&redirect_uri=":                             social.Cloudflare(social.CloudflareOptions{Options: base()}),
		"https://dash.cloudflare.com/oauth2/auth?response_type=code&client": social.Cloudflare(social.CloudflareOptions{Options: base()}),
	} {
		got, err := provider(t, c).AuthorizationURL(oauth2.AuthorizationRequest{State: "s", Verifier: "v", RedirectURI: "https://app.example.com/cb", LoginHint: "ada@example.com"})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(got+"#", want) {
			t.Errorf("\n got %s\nwant %s", got, want)
		}
	}
}

func withPrompt(o social.Options, prompt string) social.Options { o.Prompt = prompt; return o }

// Scopes of one request are added, except where the console of the provider decides.
func TestScopesOfARequest(t *testing.T) {
	t.Parallel()
	for id, make := range constructors {
		got, err := provider(t, make(base())).AuthorizationURL(oauth2.AuthorizationRequest{State: "s", Verifier: "v", RedirectURI: "https://app.example.com/cb", Scopes: []string{"more"}})
		if err != nil {
			t.Fatal(err)
		}
		u := must(url.Parse(got))
		if has := strings.Contains(u.Query().Get("scope"), "more"); has == (id == "zoom" || id == "paypal") {
			t.Errorf("%s: %s", id, got)
		}
	}
}

func TestAppleSecret(t *testing.T) {
	t.Parallel()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	at := now
	o := social.AppleOptions{Options: social.Options{ClientID: "com.example.web", Clock: func() time.Time { return at }}, TeamID: "TEAM123456", KeyID: "KEY1234567", PrivateKey: pemOf(key), SecretLife: 10 * time.Hour}
	p := provider(t, social.Apple(o))
	s := &server{respond: func(*http.Request) (int, string, string) { return 200, "application/json", `{"access_token":"at"}` }}
	secret := func() string {
		t.Helper()
		if _, err := p.Refresh(context.Background(), s.client(), "rt", at); err != nil {
			t.Fatal(err)
		}
		v, _ := wire.ParseQuery(s.last(t).body).Get("client_secret")
		return v
	}
	first := secret()
	signed, err := jose.ParseSignedCompact(first, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := signed.Verify(key.Public())
	if err != nil || signed.Signatures[0].Header.KeyID != "KEY1234567" {
		t.Fatal(err, signed.Signatures[0].Header)
	}
	var c struct {
		Iss, Aud, Sub string
		Iat, Exp      int64
	}
	if err := json.Unmarshal(payload, &c); err != nil || c.Iss != "TEAM123456" || c.Sub != "com.example.web" || c.Aud != "https://appleid.apple.com" || c.Iat != now.Unix() || c.Exp != now.Add(10*time.Hour).Unix() {
		t.Errorf("%s %v", payload, err)
	}
	at = now.Add(4 * time.Hour)
	if secret() != first {
		t.Error("a new secret is made for each request")
	}
	at = now.Add(5 * time.Hour)
	second := secret()
	if second == first {
		t.Error("the secret is not renewed")
	}
	at = now.Add(-time.Hour)
	if secret() == second {
		t.Error("a secret of the future is used after the clock was set back")
	}
	for _, text := range []string{first, "TEAM123456", "BEGIN"} {
		if c := social.Apple(o); strings.Contains(strings.Join([]string{c.Config.ID, c.Config.ClientSecret}, " "), text) {
			t.Error(text)
		}
	}
}

func TestAppleUser(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ user, want string }{
		"a name":                      {`{"name":{"firstName":"Ada","lastName":"Lovelace"}}`, "Ada Lovelace"},
		"a part of a name":            {`{"name":{"firstName":"Ada"}}`, "Ada"},
		"an empty name":               {`{"name":{}}`, ""},
		"no name":                     {`{}`, "of the token"},
		"no JSON":                     {`{"name":`, "of the token"},
		"a name of text":              {`{"name":"Ada"}`, "of the token"},
		"nothing":                     {``, "of the token"},
		"OAU-16 an address and an id": {`{"name":{"firstName":"Ada"},"email":"victim@example.com","sub":"1002","email_verified":true}`, "Ada"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := appleProfile(t, test.user)
			if got.Name != test.want || got.ID != "1001" || got.Email != "ada@example.com" || got.EmailVerified {
				t.Errorf("%+v", *got)
			}
		})
	}
}

func appleProfile(t testing.TB, user string) *oauth2.Profile {
	t.Helper()
	got, err := provider(t, constructors["apple"](base())).Profile(context.Background(), http.DefaultClient, oauth2.ProfileRequest{
		Tokens: &oauth2.Tokens{}, IDToken: oauth2.Claims{"sub": "1001", "email": "ada@example.com", "email_verified": "false", "name": "of the token"}, Callback: param("user", user),
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// The form field of Apple sets a name and nothing else.
func FuzzAppleUser(f *testing.F) {
	f.Add(`{"name":{"firstName":"Ada","lastName":"Lovelace"},"email":"x@example.com"}`)
	f.Add(`[]`)
	f.Fuzz(func(t *testing.T, user string) {
		if got := appleProfile(t, user); got.ID != "1001" || got.Email != "ada@example.com" || got.EmailVerified {
			t.Errorf("%+v", *got)
		}
	})
}

func TestCloudflare(t *testing.T) {
	t.Parallel()
	s := &server{respond: func(r *http.Request) (int, string, string) {
		if r.Method == http.MethodPost {
			return 200, "application/json", `{"access_token":"at","token_type":"bearer"}`
		}
		return 200, "application/json", `{"success":true,"errors":[],"result":{"id":"7c5dae5552338874e5053f2534d2767a","email":"ada@example.com","first_name":"Ada","last_name":null}}`
	}}
	x := oauth2.Exchange{Code: "code1", RedirectURI: "https://app.example.com/cb", Verifier: "v", Now: now}
	o := base()
	o.ClientSecret = "s+c"
	p := provider(t, social.Cloudflare(social.CloudflareOptions{Options: o}))
	if _, err := p.Exchange(context.Background(), s.client(), x); err != nil {
		t.Fatal(err)
	}
	if got := s.last(t); got.header["authorization"] != "Basic Y2lkOnMlMkJj" || strings.Contains(got.body, "client_") || got.url != "https://dash.cloudflare.com/oauth2/token" {
		t.Errorf("%+v", got)
	}
	got, err := p.Profile(context.Background(), s.client(), oauth2.ProfileRequest{Tokens: &oauth2.Tokens{AccessToken: "at"}})
	if err != nil || got.ID != "7c5dae5552338874e5053f2534d2767a" || got.Name != "Ada" || got.Email != "ada@example.com" || got.EmailVerified || s.last(t).url != "https://api.cloudflare.com/client/v4/user" {
		t.Error(got, err)
	}
	o.ClientSecret = ""
	p = provider(t, social.Cloudflare(social.CloudflareOptions{Options: o}))
	if _, err := p.Exchange(context.Background(), s.client(), x); err != nil {
		t.Fatal(err)
	}
	if got := s.last(t); got.header["authorization"] != "" || !strings.Contains(got.body, "client_id=cid") {
		t.Errorf("%+v", got)
	}
}

func TestVKWithoutAddress(t *testing.T) {
	t.Parallel()
	s := &server{respond: func(*http.Request) (int, string, string) {
		return 200, "application/json", `{"user":{"user_id":"1001","first_name":"Ada"}}`
	}}
	r := oauth2.ProfileRequest{Tokens: &oauth2.Tokens{AccessToken: "at"}}
	o := base()
	o.MapProfile = func(context.Context, *oauth2.Profile) (map[string]any, error) {
		return map[string]any{"email": "ada@example.com"}, nil
	}
	if got, err := provider(t, constructors["vk"](o)).Profile(context.Background(), s.client(), r); err != nil || got.Email != "" {
		t.Error(got, err)
	}
}

func TestAddressesOfX(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		answer string
		want   oauth2.Profile
	}{
		"a confirmed address":     {200, `{"data":{"id":"1001","confirmed_email":"ada@example.com"}}`, oauth2.Profile{Email: "ada@example.com", EmailVerified: true}},
		"another user's":          {200, `{"data":{"id":"1002","confirmed_email":"victim@example.com"}}`, oauth2.Profile{Email: "1001@twitter.placeholder.invalid"}},
		"no user's":               {200, `{"data":{"confirmed_email":"victim@example.com"}}`, oauth2.Profile{Email: "1001@twitter.placeholder.invalid"}},
		"LNK-03 what is no text":  {200, `{"data":{"id":"1001","confirmed_email":true}}`, oauth2.Profile{Email: "1001@twitter.placeholder.invalid"}},
		"without the permission":  {403, `{"title":"Forbidden"}`, oauth2.Profile{Email: "1001@twitter.placeholder.invalid"}},
		"what is no JSON":         {200, `<html>`, oauth2.Profile{Email: "1001@twitter.placeholder.invalid"}},
		"LNK-03 an empty address": {200, `{"data":{"id":"1001","confirmed_email":""}}`, oauth2.Profile{Email: "1001@twitter.placeholder.invalid"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &server{respond: func(r *http.Request) (int, string, string) {
				if strings.Contains(r.URL.RawQuery, "confirmed_email") {
					return test.status, "application/json", test.answer
				}
				return 200, "application/json", `{"data":{"id":"1001","name":"Ada Lovelace","username":"ada"}}`
			}}
			got, err := provider(t, constructors["twitter"](base())).Profile(context.Background(), s.client(), oauth2.ProfileRequest{Tokens: &oauth2.Tokens{AccessToken: "at"}})
			if err != nil || got.Email != test.want.Email || got.EmailVerified != test.want.EmailVerified {
				t.Error(got, err)
			}
		})
	}
}

func TestOptionsArePrintedRedacted(t *testing.T) {
	t.Parallel()
	o := social.Options{ClientID: "cid", ClientSecret: "hush-hush"}
	for _, v := range []any{o, &o, social.GoogleOptions{Options: o}, social.AppleOptions{Options: o, PrivateKey: "hush-hush"}, &social.AppleOptions{PrivateKey: "hush-hush"}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			if out := fmt.Sprintf(verb, v); strings.Contains(out, "hush") || strings.Contains(out, "687573") {
				t.Errorf("%T by %s: %s", v, verb, out)
			}
		}
	}
}
