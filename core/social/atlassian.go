package social

import (
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

// AtlassianOptions are the options of Atlassian.
type AtlassianOptions struct{ Options }

// Atlassian is the provider "atlassian". Its addresses do not count as verified.
func Atlassian(o AtlassianOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "atlassian", Name: "Atlassian",
		AuthorizeURL: "https://auth.atlassian.com/authorize", TokenURL: "https://auth.atlassian.com/oauth/token",
		Params: wire.Query{{Name: "audience", Value: "api.atlassian.com"}},
		Profile: userInfo("https://api.atlassian.com/me", nil, func(c oauth2.Claims) *oauth2.Profile {
			return &oauth2.Profile{ID: c.ID("account_id"), Name: c.String("name"), Email: c.String("email"), Image: c.String("picture")}
		}),
	}, traits{secret: true, prompt: true}, "read:jira-user", "offline_access")
}
