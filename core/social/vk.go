package social

import (
	"context"
	"net/http"
	"net/url"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/outbound"
)

// VKOptions are the options of VK.
type VKOptions struct{ Options }

// VK is the provider "vk". The callback's device_id goes into the exchange of the
// code. A user without an address is refused unless MapProfile supplies one. Its
// addresses do not count as verified.
func VK(o VKOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "vk", Name: "VK", AuthorizeURL: "https://id.vk.com/authorize", TokenURL: "https://id.vk.com/oauth2/auth",
		EditToken: func(r *oauth2.TokenRequest) error {
			if device, ok := r.Callback.Get("device_id"); ok && r.Grant == oauth2.GrantCode {
				r.Form = pick(r.Form.Set("device_id", device), "grant_type", "code", "code_verifier", "device_id", "redirect_uri", "client_id", "client_secret")
			}
			return nil
		},
		Profile: func(ctx context.Context, client *http.Client, p *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
			token, err := accessToken(r)
			if err != nil {
				return nil, err
			}
			c, err := oauth2.FetchObject(ctx, client, outbound.Request{
				URL: "https://id.vk.com/oauth2/user_info", Form: url.Values{"access_token": {token}, "client_id": {p.ClientID()}},
			}, token)
			if err != nil {
				return nil, err
			}
			user := c.At("user")
			if user.String("email") == "" && o.MapProfile == nil {
				return nil, noProfile("the profile has no address")
			}
			return &oauth2.Profile{
				ID: user.ID("user_id"), Name: user.String("first_name") + " " + user.String("last_name"), Email: user.String("email"), Image: user.String("avatar"), Raw: c,
			}, nil
		},
	}, traits{}, "email", "phone")
}
