package social

import (
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// SpotifyOptions are the options of Spotify.
type SpotifyOptions struct{ Options }

// Spotify is the provider "spotify". Its addresses do not count as
// verified.
func Spotify(o SpotifyOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "spotify", Name: "Spotify",
		AuthorizeURL: "https://accounts.spotify.com/authorize", TokenURL: "https://accounts.spotify.com/api/token",
		Profile: userInfo("https://api.spotify.com/v1/me", nil, func(c oauth2.Claims) *oauth2.Profile {
			p := &oauth2.Profile{ID: c.ID("id"), Name: c.String("display_name"), Email: c.String("email")}
			if images, _ := c["images"].([]any); len(images) > 0 {
				image, _ := images[0].(map[string]any)
				p.Image = oauth2.Claims(image).String("url")
			}
			return p
		}),
	}, traits{}, "user-read-email")
}
