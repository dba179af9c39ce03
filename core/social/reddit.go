package social

import (
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

// RedditOptions are the options of Reddit.
type RedditOptions struct {
	Options
	// Duration "permanent" asks for a refresh token, "temporary" does not. Default: not
	// sent, which means temporary.
	Duration string
}

// Reddit is the provider "reddit". Reddit has no addresses: an account gets a
// placeholder. Better Auth 1.6 gives all of them the application's own client id as a
// verified address, and so one user to several people.
func Reddit(o RedditOptions) oauth.Config {
	c := oauth2.Config{
		ID: "reddit", Name: "Reddit", NoPKCE: true, Auth: oauth2.AuthBasic, RawBasic: true,
		AuthorizeURL: "https://www.reddit.com/api/v1/authorize", TokenURL: "https://www.reddit.com/api/v1/access_token",
		TokenHeader: http.Header{"User-Agent": {"better-auth"}},
		EditToken: func(r *oauth2.TokenRequest) error {
			if r.Grant == oauth2.GrantCode {
				r.Header.Set("Accept", "text/plain")
			}
			return nil
		},
		Profile: userInfo("https://oauth.reddit.com/api/v1/me", http.Header{"User-Agent": {"better-auth"}}, func(c oauth2.Claims) *oauth2.Profile {
			image, _, _ := strings.Cut(c.String("icon_img"), "?")
			id := c.ID("id")
			return &oauth2.Profile{ID: id, Name: c.String("name"), Email: placeholder("reddit", id), Image: image}
		}),
	}
	if o.Duration != "" {
		c.Params = wire.Query{{Name: "duration", Value: o.Duration}}
	}
	return o.config(c, traits{}, "identity")
}
