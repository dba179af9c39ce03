package social

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/wire"
)

// CognitoOptions are the options of Cognito.
type CognitoOptions struct {
	Options
	// Domain is the host of the user pool's sign-in pages, such as
	// "app.auth.us-east-1.amazoncognito.com".
	Domain string
	// Region is that of the user pool, such as "us-east-1".
	Region string
	// UserPoolID is the id of the user pool, such as "us-east-1_AbCdEfGhI".
	UserPoolID string
	// RequireClientSecret refuses a configuration without ClientSecret.
	RequireClientSecret bool
}

// Cognito is the provider "cognito", Amazon's user pools. The profile comes from the
// id_token, or from the userinfo endpoint when no id_token came. The address counts
// as verified when email_verified says so.
func Cognito(o CognitoOptions) oauth.Config {
	domain, err := host("Domain", strings.TrimSuffix(o.Domain, "/"))
	switch name := "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"; {
	case err != nil:
	case o.Region == "":
		err = errors.New("Region is missing, such as us-east-1")
	case o.UserPoolID == "":
		err = errors.New("UserPoolID is missing: take it from the user pool's overview")
	case strings.Trim(o.Region+o.UserPoolID, name) != "":
		err = fmt.Errorf("Region %q or UserPoolID %q has characters that none has", o.Region, o.UserPoolID)
	}
	issuer := "https://cognito-idp." + o.Region + ".amazonaws.com/" + o.UserPoolID
	if err != nil {
		issuer = "https://invalid.invalid"
	}
	read := mapping(func(c oauth2.Claims) *oauth2.Profile {
		return &oauth2.Profile{
			ID: c.String("sub"), Name: first(c.String("name"), c.String("given_name"), c.String("username")), Email: c.String("email"),
			EmailVerified: c.Bool("email_verified"), Image: c.String("picture"),
		}
	})
	byToken, byRequest := fromIDToken(read), userInfo("https://"+domain+"/oauth2/userinfo", nil, read)
	return o.config(oauth2.Config{
		ID: "cognito", Name: "Cognito", Issuer: issuer,
		AuthorizeURL: "https://" + domain + "/oauth2/authorize", TokenURL: "https://" + domain + "/oauth2/token",
		// Cognito reads a plus sign between scopes as a part of them.
		EncodeQuery: func(q wire.Query) string {
			scope := pick(q, "scope")
			rest := sorted(withoutScope(q), standardOrder, false)
			if len(scope) == 0 {
				return append(rest, wire.Pair{Name: "scope"}).Encode()
			}
			return rest.Encode() + "&" + strings.ReplaceAll(scope.Encode(), "+", "%20")
		},
		Profile: func(ctx context.Context, c *http.Client, p *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
			if r.IDToken != nil {
				return byToken(ctx, c, p, r)
			}
			return byRequest(ctx, c, p, r)
		},
	}, traits{
		secret: o.RequireClientSecret, prompt: true, err: err, keys: issuer + "/.well-known/jwks.json",
		idToken: &idtoken.Options{Issuers: []string{issuer}, MaxAge: time.Hour},
	}, "openid", "profile", "email")
}
