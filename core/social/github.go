package social

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/outbound"
)

// GitHubOptions are the options of GitHub.
type GitHubOptions struct{ Options }

// GitHub is the provider "github". The list of addresses is always read, because
// only it says which are verified, and because the profile of a user may hide the
// address.
func GitHub(o GitHubOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "github", Name: "GitHub",
		AuthorizeURL: "https://github.com/login/oauth/authorize", TokenURL: "https://github.com/login/oauth/access_token",
		LoginHintParam: "login_hint", Profile: gitHubProfile,
	}, traits{prompt: true}, "read:user", "user:email")
}

type gitHubEmail struct {
	Email             string
	Primary, Verified bool
}

func gitHubProfile(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
	header := http.Header{"User-Agent": {"better-auth"}}
	user, err := oauth2.UserInfo(ctx, c, "https://api.github.com/user", r.Tokens, header)
	if err != nil {
		return nil, err
	}
	header.Set("Authorization", "Bearer "+r.Tokens.AccessToken)
	// Without the scope user:email there is no list, and so no verified address.
	list, err := outbound.FetchJSON[[]gitHubEmail](ctx, c, outbound.Request{URL: "https://api.github.com/user/emails", Header: header})
	if err != nil && outbound.ReasonOf(err) != outbound.ReasonBadResponse {
		return nil, err
	}
	p := &oauth2.Profile{
		ID: user.ID("id"), Name: first(user.String("name"), user.String("login")), Email: user.String("email"), Image: user.String("avatar_url"), Raw: user,
	}
	if p.Email == "" && len(list) > 0 {
		p.Email = list[0].Email
		for _, e := range list {
			if e.Primary {
				p.Email = e.Email
				break
			}
		}
		user["email"] = p.Email
	}
	for _, e := range list {
		if e.Email == p.Email {
			p.EmailVerified = e.Verified && e.Email != ""
			break
		}
	}
	return p, nil
}
