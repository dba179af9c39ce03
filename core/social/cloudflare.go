package social

import (
	"strings"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// CloudflareOptions are the options of Cloudflare.
type CloudflareOptions struct{ Options }

// Cloudflare is the provider "cloudflare", which Better Auth has had since 1.7. A client
// without a secret is a public one. The profile comes from Cloudflare's API, because the
// userinfo endpoint knows an id only. Its addresses do not count as verified.
func Cloudflare(o CloudflareOptions) oauth.Config {
	c := oauth2.Config{
		ID: "cloudflare", Name: "Cloudflare", Auth: oauth2.AuthBasic,
		AuthorizeURL: "https://dash.cloudflare.com/oauth2/auth", TokenURL: "https://dash.cloudflare.com/oauth2/token",
		EncodeQuery: encode(standardOrder, false),
		Profile: userInfo("https://api.cloudflare.com/client/v4/user", nil, func(c oauth2.Claims) *oauth2.Profile {
			user := c.At("result")
			if !c.Bool("success") || user == nil {
				return nil
			}
			name := strings.TrimSpace(user.String("first_name") + " " + user.String("last_name"))
			return &oauth2.Profile{ID: user.ID("id"), Name: first(name, user.String("email")), Email: user.String("email"), Raw: user}
		}),
	}
	if o.ClientSecret == "" {
		c.Auth = oauth2.AuthNone
	}
	return o.config(c, traits{}, "user-details.read")
}
