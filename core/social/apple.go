package social

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// AppleOptions are the options of Apple. The client id is that of the Services ID.
type AppleOptions struct {
	Options
	// TeamID, KeyID and PrivateKey make the client secret, in place of ClientSecret.
	// TeamID is the team's 10 characters, KeyID the key's, and PrivateKey the text of
	// the .p8 file (PKCS #8 in PEM).
	TeamID, KeyID, PrivateKey string
	// SecretLife is how long a client secret that is made from the key is valid.
	// Default one hour, at most 180 days. A new one is made after half of it.
	SecretLife time.Duration
	// AppBundleIdentifier is the id of an app whose id_tokens are accepted too, as those
	// of Audiences are.
	AppBundleIdentifier string
}

// Apple is the provider "apple". Address and id come from the id_token alone. The
// name comes from the form field "user", which Apple sends with the first consent
// only and does not sign. The challenge of PKCE is sent with the request, as Better Auth
// does since 1.7. Better Auth 1.6 sends a verifier without one.
func Apple(o AppleOptions) oauth.Config {
	c := oauth2.Config{
		ID: "apple", Name: "Apple", Issuer: "https://appleid.apple.com",
		AuthorizeURL: "https://appleid.apple.com/auth/authorize", TokenURL: "https://appleid.apple.com/auth/token",
		ResponseType: "code id_token", ResponseMode: "form_post",
		Profile: appleProfile,
	}
	if o.AppBundleIdentifier != "" {
		c.Audiences = []string{o.AppBundleIdentifier}
	}
	var err error
	if o.TeamID != "" || o.KeyID != "" || o.PrivateKey != "" {
		var s *appleSecret
		s, err = newAppleSecret(o)
		if err == nil {
			c.Secret = s.get
		}
	}
	return o.config(c, traits{secret: true, err: err, keys: "https://appleid.apple.com/auth/keys", idToken: &idtoken.Options{
		Issuers: []string{"https://appleid.apple.com"}, MaxAge: time.Hour, HashedNonce: true,
	}}, "email", "name")
}

func appleProfile(_ context.Context, _ *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
	if err := checkIDToken(r); err != nil {
		return nil, err
	}
	c := r.IDToken
	p := &oauth2.Profile{ID: c.String("sub"), Name: c.String("name"), Email: c.String("email"), EmailVerified: c.Bool("email_verified"), Raw: c}
	var user struct {
		Name *struct{ FirstName, LastName string }
	}
	if text, ok := r.Callback.Get("user"); ok && json.Unmarshal([]byte(text), &user) == nil && user.Name != nil {
		p.Name = strings.TrimSpace(user.Name.FirstName + " " + user.Name.LastName)
	}
	return p, nil
}

var errAppleParts = errors.New("TeamID, KeyID and PrivateKey belong together: set all three, or ClientSecret")
