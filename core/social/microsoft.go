package social

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/outbound"
)

// MicrosoftOptions are the options of Microsoft.
type MicrosoftOptions struct {
	Options
	// TenantID is the id of a tenant, or "common" for all accounts, "organizations" for
	// those of work and school, "consumers" for personal ones. Default "common".
	TenantID string
	// Authority is the host of the sign-in pages, with https. Default
	// "https://login.microsoftonline.com".
	Authority string
	// Issuer is the iss of id_tokens, for an authority whose issuer is not
	// <Authority>/<tenant id>/v2.0. Default: that form.
	Issuer string
	// ProfilePhotoSize is the width of the photo in pixels: 48, 64, 96, 120, 240, 360,
	// 432, 504 or 648. Default 48.
	ProfilePhotoSize int
	// DisableProfilePhoto does not ask for the photo.
	DisableProfilePhoto bool
}

// microsoftConsumers is the tenant of all personal accounts.
const microsoftConsumers = "9188040d-6c67-4c5b-b112-36a304b66dad"

const maxPhoto = 512 << 10 // bytes

// Microsoft is the provider "microsoft" (Entra ID). The issuer of an id_token is
// checked with every TenantID: for common, organizations and consumers it must name
// the token's own tenant, and the tenant must be of the accounts that are let in. Better Auth
// 1.6 checks it for a single tenant only. A tenant's administrators can write any
// address into a profile; it counts as verified only by email_verified,
// verified_primary_email or verified_secondary_email.
func Microsoft(o MicrosoftOptions) oauth.Config {
	tenant := first(o.TenantID, "common")
	authority, err := base("Authority", first(o.Authority, "https://login.microsoftonline.com"))
	several := tenant == "common" || tenant == "organizations" || tenant == "consumers"
	size := o.ProfilePhotoSize
	if size == 0 {
		size = 48
	}
	switch {
	case err != nil:
	case strings.Trim(tenant, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./") != "" || strings.Contains(tenant, ".."):
		err = fmt.Errorf("TenantID %q has characters that no tenant has", tenant)
	case o.Issuer == "" && strings.Contains(tenant, "."):
		err = fmt.Errorf("TenantID %q is a domain: use the tenant's id, a UUID, which its id_tokens contain", tenant)
	case !slices.Contains([]int{48, 64, 96, 120, 240, 360, 432, 504, 648}, size):
		err = errors.New("ProfilePhotoSize must be 48, 64, 96, 120, 240, 360, 432, 504 or 648")
	}
	verify := &idtoken.Options{MaxAge: time.Hour}
	c := oauth2.Config{
		ID: "microsoft", Name: "Microsoft EntraID",
		AuthorizeURL: authority + "/" + tenant + "/oauth2/v2.0/authorize", TokenURL: authority + "/" + tenant + "/oauth2/v2.0/token",
		LoginHintParam: "login_hint", ScopeOnRefresh: true,
	}
	switch {
	case o.Issuer != "":
		verify.Issuers, c.Issuer = []string{o.Issuer}, o.Issuer
	case several:
		verify.Issuer = func(c oauth2.Claims) bool { return microsoftTenant(authority, tenant, c) }
	default:
		c.Issuer = authority + "/" + tenant + "/v2.0"
		verify.Issuers = []string{c.Issuer}
		if u, err := url.Parse(authority); err == nil && strings.HasSuffix(u.Host, ".ciamlogin.com") {
			c.Issuer = ""
			verify.Issuers = append(verify.Issuers, "https://"+tenant+".ciamlogin.com/"+tenant+"/v2.0")
		}
	}
	c.Profile = func(ctx context.Context, client *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
		if err := checkIDToken(r); err != nil {
			return nil, err
		}
		p := microsoftProfile(r.IDToken)
		if !o.DisableProfilePhoto && r.Tokens != nil && r.Tokens.AccessToken != "" {
			if photo := microsoftPhoto(ctx, client, r.Tokens.AccessToken, size); photo != "" {
				p.Image = photo
			}
		}
		return p, nil
	}
	return o.config(c, traits{prompt: true, err: err, idToken: verify, keys: authority + "/" + tenant + "/discovery/v2.0/keys"},
		"openid", "profile", "email", "User.Read", "offline_access")
}

// microsoftTenant checks the issuer of a token against the token's own tenant, and
// the tenant against the accounts that are let in. The keys of all tenants are the
// same, so that the signature says nothing about the tenant.
func microsoftTenant(authority, accounts string, c oauth2.Claims) bool {
	tid := c.String("tid")
	if len(tid) != 36 || strings.Trim(tid, "0123456789abcdefABCDEF-") != "" || c.String("iss") != authority+"/"+tid+"/v2.0" {
		return false
	}
	personal := strings.EqualFold(tid, microsoftConsumers)
	return accounts == "common" || personal == (accounts == "consumers")
}

func microsoftProfile(c oauth2.Claims) *oauth2.Profile {
	p := &oauth2.Profile{ID: c.String("sub"), Name: c.String("name"), Email: c.String("email"), Image: c.String("picture"), Raw: c}
	if c["email_verified"] != nil {
		p.EmailVerified = c.Bool("email_verified")
		return p
	}
	for _, name := range []string{"verified_primary_email", "verified_secondary_email"} {
		list, _ := c[name].([]any)
		if p.Email != "" && slices.Contains(list, any(p.Email)) {
			p.EmailVerified = true
		}
	}
	return p
}

// microsoftPhoto is "" for an account without a photo, and when it cannot be read:
// it is not worth a failed sign-in.
func microsoftPhoto(ctx context.Context, c *http.Client, token string, size int) string {
	res, err := outbound.Fetch(ctx, c, outbound.Request{
		URL:    fmt.Sprintf("https://graph.microsoft.com/v1.0/me/photos/%dx%d/%%24value", size, size),
		Header: http.Header{"Authorization": {"Bearer " + token}}, MaxBody: maxPhoto,
	})
	if err != nil || res.Status < 200 || res.Status > 299 || len(res.Body) == 0 {
		return ""
	}
	return "data:image/jpeg;base64, " + base64.StdEncoding.EncodeToString(res.Body)
}
