package social

import (
	"encoding/json"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

// ZoomOptions are the options of Zoom.
type ZoomOptions struct {
	Options
	// DisablePKCE leaves the code challenge out. Default: it is sent.
	DisablePKCE bool
}

// Zoom is the provider "zoom". Scopes are chosen in Zoom's console. The address
// counts as verified when "verified" says so, which Zoom sends as a number.
func Zoom(o ZoomOptions) oauth.Config {
	order := []string{"response_type", "redirect_uri", "client_id", "state", "nonce"}
	return o.config(oauth2.Config{
		ID: "zoom", Name: "Zoom", NoPKCE: o.DisablePKCE,
		AuthorizeURL: "https://zoom.us/oauth/authorize", TokenURL: "https://zoom.us/oauth/token",
		EncodeQuery: func(q wire.Query) string { return encode(order, false)(withoutScope(q)) },
		Profile: userInfo("https://api.zoom.us/v2/users/me", nil, func(c oauth2.Claims) *oauth2.Profile {
			return &oauth2.Profile{
				ID: c.ID("id"), Name: c.String("display_name"), Email: c.String("email"), EmailVerified: c.Bool("verified") || c["verified"] == json.Number("1"),
				Image: c.String("pic_url"),
			}
		}),
	}, traits{noScopes: true})
}
