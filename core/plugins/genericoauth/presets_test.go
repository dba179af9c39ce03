package genericoauth_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/plugins/genericoauth"
	"github.com/advantch/kernia-go/core/social"
)

// recorder makes an answer of what a handler writes.
type recorder struct {
	header http.Header
	status int
	body   strings.Builder
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(s int)           { r.status = s }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }
func (r *recorder) response(q *http.Request) *http.Response {
	return &http.Response{StatusCode: r.status, Header: r.header, Body: io.NopCloser(strings.NewReader(r.body.String())), Request: q}
}

// world answers the requests of a preset, by URL.
type world struct {
	answers map[string]string
	asked   map[string]*http.Request
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.asked[r.URL.String()] = r
	out := &recorder{header: http.Header{"Content-Type": {"application/json"}}, status: 404}
	if body, ok := w.answers[r.URL.String()]; ok {
		out.status = 200
		out.body.WriteString(body)
	}
	return out.response(r), nil
}

func TestPresets(t *testing.T) {
	t.Parallel()
	p := genericoauth.Preset{ClientID: "cid", ClientSecret: "sec"}
	const discovery = `{"issuer":"%","authorization_endpoint":"%/authorize","token_endpoint":"%/token","userinfo_endpoint":"%/me"}`
	oidc := func(issuer string) (string, string) {
		return issuer + "/.well-known/openid-configuration", strings.ReplaceAll(discovery, "%", issuer)
	}
	standard := `{"sub":"7","name":"Ada","email":"ada@example.com","email_verified":true,"picture":"https://i.example/a"}`
	for _, test := range []struct {
		config                      genericoauth.Config
		id, authorize, scope, token string
		info, profile, tokens       string
		discovery                   string // the issuer
		account, name               string
		verified                    bool
		image                       string
	}{
		{config: genericoauth.Auth0(genericoauth.Auth0Options{Preset: p, Domain: "https://tenant.example.com"}), discovery: "https://tenant.example.com", id: "auth0",
			authorize: "https://tenant.example.com/authorize", scope: "openid profile email", token: "https://tenant.example.com/token", info: "https://tenant.example.com/me", profile: standard, account: "7", name: "Ada", verified: true, image: "https://i.example/a"},
		{config: genericoauth.Okta(genericoauth.IssuerOptions{Preset: p, Issuer: "https://idp.example.com/realms/r/"}), discovery: "https://idp.example.com/realms/r", id: "okta",
			authorize: "https://idp.example.com/realms/r/authorize", scope: "openid profile email", token: "https://idp.example.com/realms/r/token", info: "https://idp.example.com/realms/r/me", profile: standard, account: "7", name: "Ada", verified: true, image: "https://i.example/a"},
		{config: genericoauth.Keycloak(genericoauth.IssuerOptions{Preset: p, Issuer: "https://idp.example.com/realms/r"}), discovery: "https://idp.example.com/realms/r", id: "keycloak",
			authorize: "https://idp.example.com/realms/r/authorize", scope: "openid profile email", token: "https://idp.example.com/realms/r/token", info: "https://idp.example.com/realms/r/me", profile: standard, account: "7", name: "Ada", verified: true, image: "https://i.example/a"},
		{config: genericoauth.Gumroad(p), id: "gumroad", authorize: "https://gumroad.com/oauth/authorize", scope: "view_profile", token: "https://api.gumroad.com/oauth/token",
			info: "https://api.gumroad.com/v2/user", profile: `{"success":true,"user":{"user_id":"G_7==","name":"Ada","email":"ada@example.com","profile_url":"https://i.example/g"}}`, account: "G_7==", name: "Ada", image: "https://i.example/g"},
		{config: genericoauth.HubSpot(p), id: "hubspot", authorize: "https://app.hubspot.com/oauth/authorize", scope: "oauth", token: "https://api.hubapi.com/oauth/v1/token",
			info: "https://api.hubapi.com/oauth/v1/access-tokens/at", profile: `{"token":"at","user":"ada@example.com","signed_access_token":{"userId":7}}`, account: "7", name: "ada@example.com"},
		{config: genericoauth.LINE(genericoauth.LINEOptions{Preset: p, ProviderID: "line-jp"}), id: "line-jp", authorize: "https://access.line.me/oauth2/v2.1/authorize", scope: "openid profile email", token: "https://api.line.me/oauth2/v2.1/token",
			tokens: `{"access_token":"at","id_token":"h.p.s"}`, info: "https://api.line.me/oauth2/v2.1/verify", profile: standard, account: "7", name: "Ada", image: "https://i.example/a"},
		{config: genericoauth.MicrosoftEntraID(genericoauth.EntraOptions{Preset: p, TenantID: "common"}), id: "microsoft-entra-id", authorize: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize", scope: "openid profile email",
			token: "https://login.microsoftonline.com/common/oauth2/v2.0/token", info: "https://graph.microsoft.com/oidc/userinfo", profile: `{"sub":"7","given_name":"Ada","family_name":"L","preferred_username":"ada@example.com","email_verified":true}`, account: "7", name: "Ada L"},
		{config: genericoauth.Patreon(p), id: "patreon", authorize: "https://www.patreon.com/oauth2/authorize", scope: "identity[email]", token: "https://www.patreon.com/api/oauth2/token",
			info:    "https://www.patreon.com/api/oauth2/v2/identity?fields[user]=email,full_name,image_url,is_email_verified",
			profile: `{"data":{"id":"7","attributes":{"full_name":"Ada","email":"ada@example.com","image_url":"https://i.example/p","is_email_verified":true}}}`, account: "7", name: "Ada", verified: true, image: "https://i.example/p"},
		{config: genericoauth.Slack(p), id: "slack", authorize: "https://slack.com/openid/connect/authorize", scope: "openid profile email", token: "https://slack.com/api/openid.connect.token",
			info: "https://slack.com/api/openid.connect.userInfo", profile: `{"ok":true,"sub":"x","https://slack.com/user_id":"U7","name":"Ada","email":"ada@example.com","email_verified":true,"https://slack.com/user_image_512":"https://i.example/s"}`, account: "U7", name: "Ada", verified: true, image: "https://i.example/s"},
		{config: genericoauth.Yandex(p), id: "yandex", authorize: "https://oauth.yandex.com/authorize", scope: "login:info login:email login:avatar", token: "https://oauth.yandex.com/token",
			info: "https://login.yandex.ru/info?format=json", profile: `{"id":"7","login":"ada","real_name":"Ada","emails":["ada@example.com"],"default_avatar_id":"9/8"}`, account: "7", name: "Ada", image: "https://avatars.yandex.net/get-yapic/9/8/islands-200"},
	} {
		t.Run(test.id, func(t *testing.T) {
			t.Parallel()
			if test.tokens == "" {
				test.tokens = `{"access_token":"at"}`
			}
			w := &world{answers: map[string]string{test.token: test.tokens, test.info: test.profile}, asked: map[string]*http.Request{}}
			if test.discovery != "" {
				at, doc := oidc(test.discovery)
				w.answers[at] = doc
			}
			e := authtest.New(t, func(_ *authtest.Env, o *core.Options) { o.HTTPClient = &http.Client{Transport: w} },
				social.New(), genericoauth.New(genericoauth.Options{Config: []genericoauth.Config{test.config}}))
			c := e.Client()
			u, err := url.Parse(c.Post("/sign-in/oauth2", map[string]any{"providerId": test.id}).Want(t, 200, "").JSON("url"))
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			u.RawQuery = ""
			if u.String() != test.authorize || q.Get("scope") != test.scope || q.Get("client_id") != "cid" {
				t.Errorf("%s %v", u, q)
			}
			c.Get("/oauth2/callback/" + test.id + "?code=c&state=" + q.Get("state"))
			var session struct {
				User struct {
					Name, Email   string
					Image         *string
					EmailVerified bool
				}
			}
			if err := json.Unmarshal([]byte(c.Get("/get-session").Body), &session); err != nil {
				t.Fatal(err)
			}
			image := ""
			if session.User.Image != nil {
				image = *session.User.Image
			}
			if session.User.Email != "ada@example.com" || session.User.Name != test.name || session.User.EmailVerified != test.verified || image != test.image {
				t.Errorf("%+v", session.User)
			}
			if a := c.Get("/list-accounts"); !strings.Contains(a.Body, `"accountId":"`+test.account+`"`) {
				t.Error(a.Body)
			}
			for at, r := range w.asked {
				if scheme := r.Header.Get("Authorization"); at == test.info && r.Method == "GET" && scheme != "Bearer at" && (test.id != "yandex" || scheme != "OAuth at") {
					t.Errorf("%s with %q", at, scheme)
				}
			}
		})
	}
}
