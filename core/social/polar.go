package social

import (
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// PolarOptions are the options of Polar.
type PolarOptions struct{ Options }

// Polar is the provider "polar". The address counts as verified when
// email_verified says so.
func Polar(o PolarOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "polar", Name: "Polar",
		AuthorizeURL: "https://polar.sh/oauth2/authorize", TokenURL: "https://api.polar.sh/v1/oauth2/token",
		Profile: userInfo("https://api.polar.sh/v1/oauth2/userinfo", nil, func(c oauth2.Claims) *oauth2.Profile {
			return &oauth2.Profile{
				ID: c.ID("id"), Name: first(c.String("public_name"), c.String("username")), Email: c.String("email"), EmailVerified: c.Bool("email_verified"), Image: c.String("avatar_url"),
			}
		}),
	}, traits{prompt: true}, "openid", "profile", "email")
}
