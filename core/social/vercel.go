package social

import (
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// VercelOptions are the options of Vercel.
type VercelOptions struct{ Options }

// Vercel is the provider "vercel". Scopes are those of the console unless Scopes
// are set. Its tokens are not refreshed, as in Better Auth 1.6. The address counts as
// verified when email_verified says so.
func Vercel(o VercelOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "vercel", Name: "Vercel", NoRefresh: true, EncodeQuery: encode(standardOrder, false),
		AuthorizeURL: "https://vercel.com/oauth/authorize", TokenURL: "https://api.vercel.com/login/oauth/token",
		Profile: userInfo("https://api.vercel.com/login/oauth/userinfo", nil, func(c oauth2.Claims) *oauth2.Profile {
			return &oauth2.Profile{
				ID: c.ID("sub"), Name: first(c.String("name"), c.String("preferred_username")), Email: c.String("email"), EmailVerified: c.Bool("email_verified"), Image: c.String("picture"),
			}
		}),
	}, traits{})
}
