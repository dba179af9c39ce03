package social

import (
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// KakaoOptions are the options of Kakao.
type KakaoOptions struct{ Options }

// Kakao is the provider "kakao". The address counts as verified when
// is_email_valid and is_email_verified both say so.
func Kakao(o KakaoOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "kakao", Name: "Kakao", NoPKCE: true,
		AuthorizeURL: "https://kauth.kakao.com/oauth/authorize", TokenURL: "https://kauth.kakao.com/oauth/token",
		Profile: userInfo("https://kapi.kakao.com/v2/user/me", nil, func(c oauth2.Claims) *oauth2.Profile {
			account := c.At("kakao_account")
			profile := account.At("profile")
			return &oauth2.Profile{
				ID: c.ID("id"), Name: first(profile.String("nickname"), account.String("name")), Email: account.String("email"),
				EmailVerified: account.Bool("is_email_valid") && account.Bool("is_email_verified"),
				Image:         first(profile.String("profile_image_url"), profile.String("thumbnail_image_url")),
			}
		}),
	}, traits{}, "account_email", "profile_image", "profile_nickname")
}
