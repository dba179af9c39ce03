package social

import (
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// NaverOptions are the options of Naver.
type NaverOptions struct{ Options }

// Naver is the provider "naver". Users can edit their address, so that it
// does not count as verified.
func Naver(o NaverOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "naver", Name: "Naver", NoPKCE: true,
		AuthorizeURL: "https://nid.naver.com/oauth2.0/authorize", TokenURL: "https://nid.naver.com/oauth2.0/token",
		Profile: userInfo("https://openapi.naver.com/v1/nid/me", nil, func(c oauth2.Claims) *oauth2.Profile {
			if c.String("resultcode") != "00" {
				return nil
			}
			user := c.At("response")
			return &oauth2.Profile{ID: user.ID("id"), Name: first(user.String("name"), user.String("nickname")), Email: user.String("email"), Image: user.String("profile_image")}
		}),
	}, traits{}, "profile", "email")
}
