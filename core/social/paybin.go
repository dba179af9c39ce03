package social

import (
	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// PaybinOptions are the options of Paybin.
type PaybinOptions struct {
	Options
	// Issuer is the URL of the identity provider. Default "https://idp.paybin.io".
	Issuer string
}

// Paybin is the provider "paybin". The profile comes from the id_token. Paybin documents no
// keys, so that an id_token is believed only because it came from the token endpoint;
// clients cannot hand one in. The address counts as verified when email_verified says
// so.
func Paybin(o PaybinOptions) oauth.Config {
	issuer, err := base("Issuer", first(o.Issuer, "https://idp.paybin.io"))
	return o.config(oauth2.Config{
		ID: "paybin", Name: "Paybin", LoginHintParam: "login_hint",
		AuthorizeURL: issuer + "/oauth2/authorize", TokenURL: issuer + "/oauth2/token",
		Profile: fromIDToken(func(c oauth2.Claims) *oauth2.Profile {
			return &oauth2.Profile{
				ID: c.String("sub"), Name: first(c.String("name"), c.String("preferred_username")), Email: c.String("email"), EmailVerified: c.Bool("email_verified"), Image: c.String("picture"),
			}
		}),
	}, traits{
		secret: true, prompt: true, err: err, noIDToken: true, idToken: &idtoken.Options{
			FromTokenEndpoint: true, Issuers: []string{issuer}, Algorithms: []string{"RS256", "PS256", "ES256", "EdDSA"},
		},
	}, "openid", "email", "profile")
}
