package social

import (
	"strings"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

// RobloxOptions are the options of Roblox.
type RobloxOptions struct{ Options }

// Roblox is the provider "roblox". Roblox has no addresses: an account gets a
// placeholder. Better Auth 1.6 puts the name of the user in place of an address. The
// prompt is "select_account consent" unless Prompt says otherwise.
func Roblox(o RobloxOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "roblox", Name: "Roblox", NoPKCE: true, Prompt: "select_account consent",
		AuthorizeURL: "https://apis.roblox.com/oauth/v1/authorize", TokenURL: "https://apis.roblox.com/oauth/v1/token",
		EncodeQuery: func(q wire.Query) string {
			return join(sorted(q, scopeFirst, true), func(name, encoded string) string {
				if name == "prompt" {
					return strings.ReplaceAll(encoded, "+", "%20")
				}
				return encoded
			})
		},
		Profile: userInfo("https://apis.roblox.com/oauth/v1/userinfo", nil, func(c oauth2.Claims) *oauth2.Profile {
			id := c.ID("sub")
			return &oauth2.Profile{
				ID: id, Name: first(c.String("nickname"), c.String("preferred_username")), Email: placeholder("roblox", id), Image: c.String("picture"),
			}
		}),
	}, traits{prompt: true}, "openid", "profile")
}
