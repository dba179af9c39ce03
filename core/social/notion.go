package social

import (
	"net/http"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

// NotionOptions are the options of Notion.
type NotionOptions struct{ Options }

// Notion is the provider "notion". Tokens are refreshed with the client in the header, as
// Notion documents; Better Auth 1.6 puts it into the body. Its addresses do not count
// as verified.
func Notion(o NotionOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "notion", Name: "Notion", NoPKCE: true, Auth: oauth2.AuthBasic, RawBasic: true, LoginHintParam: "login_hint", Params: wire.Query{{Name: "owner", Value: "user"}},
		AuthorizeURL: "https://api.notion.com/v1/oauth/authorize", TokenURL: "https://api.notion.com/v1/oauth/token",
		Profile: userInfo("https://api.notion.com/v1/users/me", http.Header{"Notion-Version": {"2022-06-28"}}, func(c oauth2.Claims) *oauth2.Profile {
			user := c.At("bot", "owner", "user")
			if user == nil {
				return nil
			}
			return &oauth2.Profile{ID: user.ID("id"), Name: user.String("name"), Email: user.At("person").String("email"), Image: user.String("avatar_url"), Raw: user}
		}),
	}, traits{})
}
