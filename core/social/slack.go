package social

import (
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// SlackOptions are the options of Slack.
type SlackOptions struct{ Options }

// Slack is the provider "slack". A user has another id in each workspace. The
// address counts as verified when email_verified says so.
func Slack(o SlackOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "slack", Name: "Slack", NoPKCE: true, EncodeQuery: encode(scopeFirst, true),
		AuthorizeURL: "https://slack.com/openid/connect/authorize", TokenURL: "https://slack.com/api/openid.connect.token",
		Profile: userInfo("https://slack.com/api/openid.connect.userInfo", nil, func(c oauth2.Claims) *oauth2.Profile {
			return &oauth2.Profile{
				ID: c.ID("https://slack.com/user_id"), Name: c.String("name"), Email: c.String("email"), EmailVerified: c.Bool("email_verified"),
				Image: first(c.String("picture"), c.String("https://slack.com/user_image_512")),
			}
		}),
	}, traits{}, "openid", "profile", "email")
}
