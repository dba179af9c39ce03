package social

import (
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// FigmaOptions are the options of Figma.
type FigmaOptions struct{ Options }

// Figma is the provider "figma". Its addresses do not count as
// verified.
func Figma(o FigmaOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "figma", Name: "Figma", Auth: oauth2.AuthBasic, RawBasic: true,
		AuthorizeURL: "https://www.figma.com/oauth", TokenURL: "https://api.figma.com/v1/oauth/token",
		Profile: userInfo("https://api.figma.com/v1/me", nil, func(c oauth2.Claims) *oauth2.Profile {
			return &oauth2.Profile{ID: c.ID("id"), Name: c.String("handle"), Email: c.String("email"), Image: c.String("img_url")}
		}),
	}, traits{secret: true}, "current_user:read")
}
