package social

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

// TwitchOptions are the options of Twitch.
type TwitchOptions struct {
	Options
	// Claims are asked for in the id_token, beside email and email_verified. Default
	// preferred_username and picture.
	Claims []string
}

// Twitch is the provider "twitch". The profile comes from the id_token, which clients
// cannot hand in. The address counts as verified when email_verified says so.
func Twitch(o TwitchOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "twitch", Name: "Twitch", NoPKCE: true, Issuer: "https://id.twitch.tv/oauth2", Params: wire.Query{{Name: "claims", Value: twitchClaims(o.Claims)}},
		AuthorizeURL: "https://id.twitch.tv/oauth2/authorize", TokenURL: "https://id.twitch.tv/oauth2/token",
		Profile: fromIDToken(func(c oauth2.Claims) *oauth2.Profile {
			return &oauth2.Profile{
				ID: c.String("sub"), Name: c.String("preferred_username"), Email: c.String("email"), EmailVerified: c.Bool("email_verified"), Image: c.String("picture"),
			}
		}),
	}, traits{
		noIDToken: true, keys: "https://id.twitch.tv/oauth2/keys", idToken: &idtoken.Options{Issuers: []string{"https://id.twitch.tv/oauth2"}},
	}, "user:read:email", "openid")
}

// twitchClaims is the parameter claims (OpenID Connect Core 1.0, 5.5), in Better
// Auth's order.
func twitchClaims(names []string) string {
	if len(names) == 0 {
		names = []string{"preferred_username", "picture"}
	}
	var b strings.Builder
	b.WriteString(`{"id_token":{"email":null,"email_verified":null`)
	for i, name := range names {
		if name == "email" || name == "email_verified" || slices.Contains(names[:i], name) {
			continue
		}
		quoted, err := json.Marshal(name)
		if err != nil {
			continue
		}
		b.WriteString("," + string(quoted) + ":null")
	}
	b.WriteString("}}")
	return b.String()
}
