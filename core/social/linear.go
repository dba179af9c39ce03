package social

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/outbound"
)

// LinearOptions are the options of Linear.
type LinearOptions struct{ Options }

// linearQuery is the request for the profile, byte for byte Better Auth's.
const linearQuery = `{"query":"\n\t\t\t\t\t\t\tquery {\n\t\t\t\t\t\t\t\tviewer {\n\t\t\t\t\t\t\t\t\tid\n\t\t\t\t\t\t\t\t\tname\n\t\t\t\t\t\t\t\t\temail\n` +
	`\t\t\t\t\t\t\t\t\tavatarUrl\n\t\t\t\t\t\t\t\t\tactive\n\t\t\t\t\t\t\t\t\tcreatedAt\n\t\t\t\t\t\t\t\t\tupdatedAt\n\t\t\t\t\t\t\t\t}\n\t\t\t\t\t\t\t}\n\t\t\t\t\t\t"}`

// Linear is the provider "linear". Its addresses do not count as verified.
func Linear(o LinearOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "linear", Name: "Linear", NoPKCE: true,
		AuthorizeURL: "https://linear.app/oauth/authorize", TokenURL: "https://api.linear.app/oauth/token",
		LoginHintParam: "login_hint", Profile: linearProfile,
	}, traits{}, "read")
}

func linearProfile(ctx context.Context, client *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
	token, err := accessToken(r)
	if err != nil {
		return nil, err
	}
	c, err := oauth2.FetchObject(ctx, client, outbound.Request{
		URL: "https://api.linear.app/graphql", Body: []byte(linearQuery),
		Header: http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + token}},
	}, token)
	if err != nil {
		return nil, err
	}
	user := c.At("data", "viewer")
	if user == nil {
		return nil, noProfile("the answer has no viewer")
	}
	return &oauth2.Profile{ID: user.ID("id"), Name: user.String("name"), Email: user.String("email"), Image: user.String("avatarUrl"), Raw: user}, nil
}
