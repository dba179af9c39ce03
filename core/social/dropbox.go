package social

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/wire"
)

// DropboxOptions are the options of Dropbox.
type DropboxOptions struct {
	Options
	// AccessType "offline" asks for a refresh token; "online" and "legacy" do not.
	// Default: not sent.
	AccessType string
}

// Dropbox is the provider "dropbox". The address counts as verified when
// email_verified says so.
func Dropbox(o DropboxOptions) oauth.Config {
	c := oauth2.Config{
		ID: "dropbox", Name: "Dropbox",
		AuthorizeURL: "https://www.dropbox.com/oauth2/authorize", TokenURL: "https://api.dropboxapi.com/oauth2/token",
		Profile: dropboxProfile,
	}
	if o.AccessType != "" {
		c.Params = wire.Query{{Name: "token_access_type", Value: o.AccessType}}
	}
	return o.config(c, traits{}, "account_info.read")
}

func dropboxProfile(ctx context.Context, client *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
	token, err := accessToken(r)
	if err != nil {
		return nil, err
	}
	c, err := oauth2.FetchObject(ctx, client, outbound.Request{
		Method: http.MethodPost, URL: "https://api.dropboxapi.com/2/users/get_current_account", Header: http.Header{"Authorization": {"Bearer " + token}},
	}, token)
	if err != nil {
		return nil, err
	}
	return &oauth2.Profile{
		ID: c.ID("account_id"), Name: c.At("name").String("display_name"), Email: c.String("email"), EmailVerified: c.Bool("email_verified"),
		Image: c.String("profile_photo_url"), Raw: c,
	}, nil
}
