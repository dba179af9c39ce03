package social

import (
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// RailwayOptions are the options of Railway.
type RailwayOptions struct{ Options }

// Railway is the provider "railway". Its addresses do not count as
// verified.
func Railway(o RailwayOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "railway", Name: "Railway", Auth: oauth2.AuthBasic, RawBasic: true,
		AuthorizeURL: "https://backboard.railway.com/oauth/auth", TokenURL: "https://backboard.railway.com/oauth/token",
		Profile: userInfo("https://backboard.railway.com/oauth/me", nil, func(c oauth2.Claims) *oauth2.Profile {
			return &oauth2.Profile{ID: c.ID("sub"), Name: c.String("name"), Email: c.String("email"), Image: c.String("picture")}
		}),
	}, traits{}, "openid", "email", "profile")
}
