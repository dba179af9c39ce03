package social

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

// PayPalOptions are the options of PayPal.
type PayPalOptions struct {
	Options
	// Environment is "sandbox" or "live". Default "sandbox".
	Environment string
}

// PayPal is the provider "paypal". Scopes are ticked in PayPal's console. The
// code verifier is sent, which Better Auth 1.6 forgets. Clients cannot sign in with an
// id_token, because PayPal publishes no keys that verify it; Better Auth 1.6 accepts one
// without a signature. The address counts as verified when email_verified says so.
func PayPal(o PayPalOptions) oauth.Config {
	var err error
	pages, api := "https://www.sandbox.paypal.com", "https://api-m.sandbox.paypal.com"
	switch o.Environment {
	case "", "sandbox":
	case "live":
		pages, api = "https://www.paypal.com", "https://api-m.paypal.com"
	default:
		err = fmt.Errorf("Environment %q must be \"sandbox\" or \"live\"", o.Environment)
	}
	read := userInfo(api+"/v1/identity/oauth2/userinfo?schema=paypalv1.1", nil, func(c oauth2.Claims) *oauth2.Profile {
		return &oauth2.Profile{ID: c.ID("user_id"), Name: c.String("name"), Email: c.String("email"), EmailVerified: c.Bool("email_verified"), Image: c.String("picture")}
	})
	return o.config(oauth2.Config{
		ID: "paypal", Name: "PayPal", Auth: oauth2.AuthBasic, RawBasic: true,
		AuthorizeURL: pages + "/signin/authorize", TokenURL: api + "/v1/oauth2/token",
		TokenHeader: http.Header{"Accept-Language": {"en_US"}},
		EncodeQuery: func(q wire.Query) string { return encode(standardOrder, true)(withoutScope(q)) },
		Profile: func(ctx context.Context, c *http.Client, p *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
			out, err := read(ctx, c, p, r)
			if err != nil {
				return nil, err
			}
			// The claims are not verified. They can only make the profile be refused.
			if r.Tokens.IDToken != "" && subject(r.Tokens.IDToken) != first(out.Raw.ID("sub"), out.ID) {
				return nil, noProfile("the profile is that of another subject than the id_token")
			}
			return out, nil
		},
	}, traits{secret: true, prompt: true, noScopes: true, err: err})
}

// subject is the sub of a token that nobody has verified.
func subject(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	c, err := oauth2.ParseClaims(payload)
	if err != nil {
		return ""
	}
	return c.ID("sub")
}
