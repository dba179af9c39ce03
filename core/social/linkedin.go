package social

import (
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// LinkedInOptions are the options of LinkedIn.
type LinkedInOptions struct{ Options }

// LinkedIn is the provider "linkedin". The address counts as verified when
// email_verified says so.
func LinkedIn(o LinkedInOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "linkedin", Name: "Linkedin", NoPKCE: true, LoginHintParam: "login_hint",
		AuthorizeURL: "https://www.linkedin.com/oauth/v2/authorization", TokenURL: "https://www.linkedin.com/oauth/v2/accessToken",
		Profile: userInfo("https://api.linkedin.com/v2/userinfo", nil, func(c oauth2.Claims) *oauth2.Profile {
			return &oauth2.Profile{
				ID: c.ID("sub"), Name: c.String("name"), Email: c.String("email"), EmailVerified: c.Bool("email_verified"), Image: c.String("picture"),
			}
		}),
	}, traits{}, "profile", "email", "openid")
}
