package social

import (
	"time"

	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

// GoogleOptions are the options of Google.
type GoogleOptions struct {
	Options
	// AccessType "offline" asks for a refresh token. Default: not sent, which means
	// "online".
	AccessType string
	// Display is "page", "popup", "touch" or "wap". Default: not sent.
	Display string
	// HostedDomain lets in accounts of this Google Workspace domain only, or of any with
	// "*". It is checked in the id_token, because the parameter of the URL only makes a
	// suggestion. Default: every account.
	HostedDomain string
}

// Google is the provider "google". The profile comes from the id_token; the address
// counts as verified when the claim email_verified says so.
func Google(o GoogleOptions) oauth.Config {
	verify := &idtoken.Options{
		Issuers: []string{"https://accounts.google.com", "accounts.google.com"}, MaxAge: time.Hour,
		AnyParty: true, // on Android azp is the app's own client id
	}
	if o.HostedDomain != "" {
		verify.Check = func(c oauth2.Claims) bool {
			hd := c.String("hd")
			return hd != "" && (o.HostedDomain == "*" || hd == o.HostedDomain)
		}
	}
	c := oauth2.Config{
		ID: "google", Name: "Google", Issuer: "https://accounts.google.com",
		AuthorizeURL: "https://accounts.google.com/o/oauth2/v2/auth", TokenURL: "https://oauth2.googleapis.com/token",
		Display: o.Display, LoginHintParam: "login_hint",
		Profile: fromIDToken(func(c oauth2.Claims) *oauth2.Profile {
			return &oauth2.Profile{
				ID: c.String("sub"), Name: c.String("name"), Email: c.String("email"), EmailVerified: c.Bool("email_verified"), Image: c.String("picture"),
			}
		}),
	}
	if o.HostedDomain != "" {
		c.Params = append(c.Params, wire.Pair{Name: "hd", Value: o.HostedDomain})
	}
	if o.AccessType != "" {
		c.Params = append(c.Params, wire.Pair{Name: "access_type", Value: o.AccessType})
	}
	c.Params = append(c.Params, wire.Pair{Name: "include_granted_scopes", Value: "true"})
	return o.config(c, traits{secret: true, prompt: true, idToken: verify, keys: "https://www.googleapis.com/oauth2/v3/certs"}, "email", "profile", "openid")
}
