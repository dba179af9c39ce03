package social

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// TwitterOptions are the options of X.
type TwitterOptions struct{ Options }

// Twitter is the provider "twitter" (X). The address is confirmed_email, which X has
// verified. An account without one gets a placeholder; Better Auth 1.6 puts the name of
// the user in its place.
func Twitter(o TwitterOptions) oauth.Config {
	return o.config(oauth2.Config{
		ID: "twitter", Name: "Twitter", Auth: oauth2.AuthBasic, RawBasic: true,
		AuthorizeURL: "https://x.com/i/oauth2/authorize", TokenURL: "https://api.x.com/2/oauth2/token", Profile: twitterProfile,
	}, traits{secret: true}, "users.read", "tweet.read", "offline.access", "users.email")
}

func twitterProfile(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
	answer, err := oauth2.UserInfo(ctx, c, "https://api.x.com/2/users/me?user.fields=profile_image_url", r.Tokens, nil)
	if err != nil {
		return nil, err
	}
	user := answer.At("data")
	if user == nil {
		return nil, noProfile("the answer has no user")
	}
	p := &oauth2.Profile{ID: user.ID("id"), Name: user.String("name"), Image: user.String("profile_image_url"), Raw: answer}
	p.Email = placeholder("twitter", p.ID)
	// Applications without the permission for addresses get an error here.
	email, err := oauth2.UserInfo(ctx, c, "https://api.x.com/2/users/me?user.fields=confirmed_email", r.Tokens, nil)
	if err != nil {
		return p, nil
	}
	if other := email.At("data"); other.ID("id") == p.ID && other.String("confirmed_email") != "" {
		p.Email, p.EmailVerified = other.String("confirmed_email"), true
		user["email"] = p.Email
	}
	return p, nil
}
