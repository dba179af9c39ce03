package social

import (
	"fmt"

	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// SalesforceOptions are the options of Salesforce.
type SalesforceOptions struct {
	Options
	// Environment is "production" or "sandbox". Default "production".
	Environment string
	// LoginURL is the host of an own domain, such as "acme.my.salesforce.com". It
	// replaces that of the Environment.
	LoginURL string
}

// Salesforce is the provider "salesforce". The address counts as verified when
// email_verified says so.
func Salesforce(o SalesforceOptions) oauth.Config {
	var err error
	login := "login.salesforce.com"
	switch o.Environment {
	case "", "production":
	case "sandbox":
		login = "test.salesforce.com"
	default:
		err = fmt.Errorf("Environment %q must be \"production\" or \"sandbox\"", o.Environment)
	}
	if o.LoginURL != "" && err == nil {
		login, err = host("LoginURL", o.LoginURL)
	}
	at := "https://" + login + "/services/oauth2/"
	return o.config(oauth2.Config{
		ID: "salesforce", Name: "Salesforce", AuthorizeURL: at + "authorize", TokenURL: at + "token",
		Profile: userInfo(at+"userinfo", nil, func(c oauth2.Claims) *oauth2.Profile {
			photos := c.At("photos")
			return &oauth2.Profile{
				ID: c.ID("user_id"), Name: c.String("name"), Email: c.String("email"), EmailVerified: c.Bool("email_verified"),
				Image: first(photos.String("picture"), photos.String("thumbnail")),
			}
		}),
	}, traits{secret: true, err: err}, "openid", "email", "profile")
}
