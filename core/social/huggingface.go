package social

import (
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// HuggingFaceOptions are the options of HuggingFace.
type HuggingFaceOptions struct{ Options }

// HuggingFace is the provider "huggingface". The address counts as verified
// when email_verified says so.
func HuggingFace(o HuggingFaceOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "huggingface", Name: "Hugging Face",
		AuthorizeURL: "https://huggingface.co/oauth/authorize", TokenURL: "https://huggingface.co/oauth/token",
		Profile: userInfo("https://huggingface.co/oauth/userinfo", nil, func(c oauth2.Claims) *oauth2.Profile {
			return &oauth2.Profile{
				ID: c.ID("sub"), Name: first(c.String("name"), c.String("preferred_username")), Email: c.String("email"), EmailVerified: c.Bool("email_verified"), Image: c.String("picture"),
			}
		}),
	}, traits{}, "openid", "profile", "email")
}
