package social_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/authtest"
	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/social"
)

// The functions below are in docs/plugins/social.md.

func mapped(id, secret string) oauth.Config {
	return social.GitHub(social.GitHubOptions{Options: social.Options{
		ClientID: id, ClientSecret: secret,
		MapProfile: func(_ context.Context, p *oauth2.Profile) (map[string]any, error) {
			return map[string]any{"name": p.Raw.String("login"), "company": p.Raw.String("company")}, nil
		},
	}})
}

func company(id, secret string) (oauth.Config, error) {
	const issuer = "https://login.example.com"
	keys, err := idtoken.NewKeys(issuer+"/jwks", idtoken.KeysOptions{})
	if err != nil {
		return oauth.Config{}, err
	}
	verifier, err := idtoken.New(idtoken.Options{Keys: keys, Issuers: []string{issuer}, Algorithms: []string{"ES256"}})
	if err != nil {
		return oauth.Config{}, err
	}
	return oauth.Config{RequireIssuer: true, Config: oauth2.Config{
		ID: "company", Name: "Example", ClientID: id, ClientSecret: secret, Auth: oauth2.AuthBasic, Issuer: issuer,
		AuthorizeURL: issuer + "/authorize", TokenURL: issuer + "/token", Scopes: []string{"openid", "profile", "email"},
		VerifyIDToken: func(ctx context.Context, c *http.Client, p *oauth2.Provider, token, nonce string) (oauth2.Claims, error) {
			return verifier.Verify(ctx, c, p, token, nonce)
		},
		Profile: func(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
			claims, err := oauth2.UserInfo(ctx, c, issuer+"/userinfo", r.Tokens, nil)
			if err != nil {
				return nil, err
			}
			return &oauth2.Profile{
				ID: claims.ID("sub"), Name: claims.String("name"), Email: claims.String("email"),
				EmailVerified: claims.Bool("email_verified"), Raw: claims,
			}, nil
		},
	}}, nil
}

func accessToken(ctx context.Context, auth *core.Auth, userID string) (string, error) {
	plugin, _ := social.From(auth)
	reply, err := plugin.GetAccessToken.Call(ctx, &social.TokenInput{ProviderID: new("github"), UserID: &userID})
	return reply.AccessToken, err
}

func campaign(c *core.Ctx) string {
	flow, ok := oauth.From(c.Auth()).Flow(c)
	if !ok || flow.Data == nil {
		return "" // a call without a flow, or a client that has sent nothing
	}
	value, _ := flow.Data.Get("campaign")
	text, _ := value.Str()
	return text
}

func TestDocs(t *testing.T) {
	t.Parallel()
	own, err := company("id", "secret")
	if err != nil {
		t.Fatal(err)
	}
	e := authtest.New(t, nil, social.New(mapped("id", "secret"), own))
	plugin, _ := social.From(e.Auth)
	if n := len(plugin.Providers()); n != 2 {
		t.Errorf("%d providers", n)
	}
	_, err = accessToken(t.Context(), e.Auth, "nobody")
	if refused, ok := errors.AsType[*core.Error](err); !ok || refused.Code != "ACCOUNT_NOT_FOUND" {
		t.Errorf("the token of nobody: %v", err)
	}
	user := oauth2.Claims{"login": "ada", "company": "Engines"}
	config := mapped("id", "secret")
	if fields, err := config.MapProfile(t.Context(), &oauth2.Profile{Raw: user}); err != nil || fields["name"] != "ada" || fields["company"] != "Engines" {
		t.Errorf("%v, %v", fields, err)
	}
}

func TestCampaign(t *testing.T) {
	t.Parallel()
	var seen []string
	s := open(t, func(o *core.Options) {
		o.After = func(c *core.Ctx) error {
			if c.Path() == "/callback/:id" {
				seen = append(seen, campaign(c))
			}
			return nil
		}
	}, nil)
	c := s.Client()
	s.callback(c, begin(t, c, "/sign-in/social", map[string]any{"additionalData": map[string]any{"campaign": "spring"}}).Get("state"), ada)
	c = s.Client()
	s.callback(c, begin(t, c, "/sign-in/social", map[string]any{}).Get("state"), ada)
	if !slices.Equal(seen, []string{"spring", ""}) {
		t.Errorf("the hook saw %q", seen)
	}
}
