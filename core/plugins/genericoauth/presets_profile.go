package genericoauth

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/wire"
)

func gumroadProfile(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
	answer, err := oauth2.UserInfo(ctx, c, "https://api.gumroad.com/v2/user", r.Tokens, nil)
	if err != nil || !answer.Bool("success") {
		return nil, err
	}
	u := answer.At("user")
	return &oauth2.Profile{ID: u.ID("user_id"), Name: u.String("name"), Email: u.String("email"), Image: u.String("profile_url"), Raw: answer}, nil
}

// hubSpotProfile asks about the token, which HubSpot wants in the path.
func hubSpotProfile(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
	u, err := oauth2.UserInfo(ctx, c, "https://api.hubapi.com/oauth/v1/access-tokens/"+url.PathEscape(r.Tokens.AccessToken), r.Tokens, nil)
	if err != nil {
		return nil, err
	}
	delete(u, "token") // which it repeats
	id := cmp.Or(u.ID("user_id"), u.At("signed_access_token").ID("userId"))
	return &oauth2.Profile{ID: id, Name: u.String("user"), Email: u.String("user"), Raw: u}, nil
}

// lineProfile has LINE verify the id_token, which alone has the address and is signed
// with the client secret. Without one it asks the userinfo endpoint.
func lineProfile(ctx context.Context, c *http.Client, p *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
	var u oauth2.Claims
	var err error
	if r.Tokens.IDToken != "" {
		form := wire.Query{{Name: "id_token", Value: r.Tokens.IDToken}, {Name: "client_id", Value: p.ClientID()}}
		u, err = fetch(ctx, c, outbound.Request{
			URL: "https://api.line.me/oauth2/v2.1/verify", Body: []byte(form.Encode()),
			Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}},
		})
	} else {
		u, err = oauth2.UserInfo(ctx, c, "https://api.line.me/oauth2/v2.1/userinfo", r.Tokens, nil)
	}
	if err != nil {
		return nil, err
	}
	return &oauth2.Profile{ID: u.ID("sub"), Name: u.String("name"), Email: u.String("email"), Image: u.String("picture"), Raw: u}, nil
}

// entraProfile takes email as verified only when Microsoft says so: anybody can write any
// address into a directory of their own.
func entraProfile(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
	u, err := oauth2.UserInfo(ctx, c, "https://graph.microsoft.com/oidc/userinfo", r.Tokens, nil)
	if err != nil {
		return nil, err
	}
	name := cmp.Or(u.String("name"), strings.TrimSpace(u.String("given_name")+" "+u.String("family_name")))
	return &oauth2.Profile{
		ID: u.ID("sub"), Name: name, Email: cmp.Or(u.String("email"), u.String("preferred_username")), Image: u.String("picture"),
		EmailVerified: u.String("email") != "" && u.Bool("email_verified"), Raw: u,
	}, nil
}

func patreonProfile(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
	u, err := oauth2.UserInfo(ctx, c, "https://www.patreon.com/api/oauth2/v2/identity?fields[user]=email,full_name,image_url,is_email_verified", r.Tokens, nil)
	if err != nil {
		return nil, err
	}
	data := u.At("data")
	a := data.At("attributes")
	return &oauth2.Profile{
		ID: data.ID("id"), Name: a.String("full_name"), Email: a.String("email"), Image: a.String("image_url"), EmailVerified: a.Bool("is_email_verified"), Raw: u,
	}, nil
}

func slackProfile(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
	u, err := oauth2.UserInfo(ctx, c, "https://slack.com/api/openid.connect.userInfo", r.Tokens, nil)
	if err != nil {
		return nil, err
	}
	return &oauth2.Profile{
		ID: cmp.Or(u.ID("https://slack.com/user_id"), u.ID("sub")), Name: u.String("name"), Email: u.String("email"),
		Image: cmp.Or(u.String("picture"), u.String("https://slack.com/user_image_512")), EmailVerified: u.Bool("email_verified"), Raw: u,
	}, nil
}

// yandexProfile sends the token under Yandex's own scheme.
func yandexProfile(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
	u, err := fetch(ctx, c, outbound.Request{
		URL:    "https://login.yandex.ru/info?format=json",
		Header: http.Header{"Authorization": {"OAuth " + r.Tokens.AccessToken}, "Accept": {"application/json"}},
	})
	if err != nil {
		return nil, err
	}
	email := u.String("default_email")
	if list, _ := u["emails"].([]any); email == "" && len(list) > 0 {
		email, _ = list[0].(string)
	}
	image := ""
	if id := u.String("default_avatar_id"); id != "" && !u.Bool("is_avatar_empty") {
		image = "https://avatars.yandex.net/get-yapic/" + id + "/islands-200"
	}
	return &oauth2.Profile{
		ID: u.ID("id"), Name: cmp.Or(u.String("display_name"), u.String("real_name"), u.String("first_name"), u.String("login")), Email: email, Image: image, Raw: u,
	}, nil
}

// fetch is for requests whose credentials are no bearer token.
func fetch(ctx context.Context, c *http.Client, r outbound.Request) (oauth2.Claims, error) {
	res, err := outbound.Fetch(ctx, c, r)
	if err != nil {
		return nil, err
	}
	if res.Status != http.StatusOK {
		return nil, &oauth2.Error{Status: res.Status, Code: oauth2.CodeBadAnswer}
	}
	return oauth2.ParseClaims(res.Body)
}
