package social

import (
	"strings"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

// TikTokOptions are the options of TikTok. ClientID may be set in place of
// ClientKey.
type TikTokOptions struct {
	Options
	// ClientKey is TikTok's name of the client id.
	ClientKey string
}

// TikTok is the provider "tiktok". An account without an address, which is every one
// today, gets a placeholder. Better Auth 1.6 puts the name of the user in its place.
func TikTok(o TikTokOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "tiktok", Name: "TikTok", NoPKCE: true, ClientID: first(o.ClientKey, o.ClientID), ClientIDParam: "client_key", ScopeSeparator: ",",
		AuthorizeURL: "https://www.tiktok.com/v2/auth/authorize", TokenURL: "https://open.tiktokapis.com/v2/oauth/token/",
		EncodeQuery: func(q wire.Query) string {
			return join(sorted(q, scopeFirst, true), func(name, encoded string) string {
				if name == "scope" {
					return strings.ReplaceAll(encoded, "%2C", ",")
				}
				return encoded
			})
		},
		EditToken: func(r *oauth2.TokenRequest) error {
			if r.Grant == oauth2.GrantCode {
				r.Form = pick(r.Form, "grant_type", "code", "client_key", "redirect_uri", "client_secret")
			} else {
				r.Form = pick(r.Form, "grant_type", "refresh_token", "client_secret", "client_key")
			}
			return nil
		},
		Profile: userInfo("https://open.tiktokapis.com/v2/user/info/?fields=open_id%2Cavatar_large_url%2Cdisplay_name%2Cusername", nil, func(c oauth2.Claims) *oauth2.Profile {
			user := c.At("data", "user")
			id := user.ID("open_id")
			return &oauth2.Profile{
				ID: id, Name: first(user.String("display_name"), user.String("username")), Email: first(user.String("email"), placeholder("tiktok", id)),
				Image: user.String("avatar_large_url"),
			}
		}),
	}, traits{secret: true}, "user.info.profile")
}
