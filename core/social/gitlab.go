package social

import (
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
)

// GitLabOptions are the options of GitLab.
type GitLabOptions struct {
	Options
	// Issuer is the URL of an own GitLab. Default "https://gitlab.com".
	Issuer string
}

// GitLab is the provider "gitlab". Blocked and locked users are refused. The address
// counts as verified when email_verified says so, which GitLab does not send today.
func GitLab(o GitLabOptions) oauth.Config {
	issuer, err := base("Issuer", first(o.Issuer, "https://gitlab.com"))
	return o.config(oauth2.Config{
		ID: "gitlab", Name: "Gitlab", LoginHintParam: "login_hint",
		AuthorizeURL: issuer + "/oauth/authorize", TokenURL: issuer + "/oauth/token",
		Profile: userInfo(issuer+"/api/v4/user", nil, func(c oauth2.Claims) *oauth2.Profile {
			if c.String("state") != "active" || c.Bool("locked") {
				return nil
			}
			return &oauth2.Profile{
				ID: c.ID("id"), Name: first(c.String("name"), c.String("username")), Email: c.String("email"), EmailVerified: c.Bool("email_verified"), Image: c.String("avatar_url"),
			}
		}),
	}, traits{err: err}, "read_user")
}
