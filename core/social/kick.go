package social

import (
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// KickOptions are the options of Kick.
type KickOptions struct{ Options }

// Kick is the provider "kick". Its addresses do not count as
// verified.
func Kick(o KickOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "kick", Name: "Kick",
		AuthorizeURL: "https://id.kick.com/oauth/authorize", TokenURL: "https://id.kick.com/oauth/token",
		Profile: userInfo("https://api.kick.com/public/v1/users", nil, func(c oauth2.Claims) *oauth2.Profile {
			list, _ := c["data"].([]any)
			if len(list) == 0 {
				return nil
			}
			one, _ := list[0].(map[string]any)
			user := oauth2.Claims(one)
			return &oauth2.Profile{ID: user.ID("user_id"), Name: user.String("name"), Email: user.String("email"), Image: user.String("profile_picture"), Raw: user}
		}),
	}, traits{}, "user:read")
}
