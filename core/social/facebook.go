package social

import (
	"context"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth"
	"github.com/advantch/kernia-go/core/oauth2"
	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/wire"
)

// FacebookOptions are the options of Facebook.
type FacebookOptions struct {
	Options
	// Fields are further fields of the profile, beside id, name, email and picture.
	Fields []string
	// ConfigID is the id of a configuration of Facebook Login for Business. Default:
	// not sent.
	ConfigID string
}

// Facebook is the provider "facebook". A client may sign in with the id_token of
// Limited Login or with an access token. An access token is believed only after
// debug_token has said that it was made for this application and for which user.
// Better Auth 1.6 believes the access token of every application, with which its
// owner can sign in as any of its users. The address counts as verified only
// when email_verified says so, which Facebook does not send today.
func Facebook(o FacebookOptions) oauth.Config {
	var jwt *idtoken.Verifier
	c := oauth2.Config{
		ID: "facebook", Name: "Facebook", NoPKCE: true,
		AuthorizeURL: "https://www.facebook.com/v24.0/dialog/oauth", TokenURL: "https://graph.facebook.com/v24.0/oauth/access_token",
		LoginHintParam: "login_hint",
	}
	if o.ConfigID != "" {
		c.Params = wire.Query{{Name: "config_id", Value: o.ConfigID}}
	}
	jwt, err := o.verifier("https://limited.facebook.com/.well-known/oauth/openid/jwks/", idtoken.Options{Issuers: []string{"https://www.facebook.com"}})
	c.VerifyIDToken = func(ctx context.Context, client *http.Client, p *oauth2.Provider, token, nonce string) (oauth2.Claims, error) {
		if isJWT(token) {
			return jwt.Verify(ctx, client, p, token, nonce)
		}
		if nonce != "" {
			return nil, &idtoken.Error{Reason: idtoken.ReasonNonce} // an access token has none
		}
		user, err := facebookUser(ctx, client, p, o.ClientSecret, token)
		if err != nil {
			return nil, err
		}
		return oauth2.Claims{"sub": user}, nil
	}
	fields := strings.Join(append([]string{"id", "name", "email", "picture"}, o.Fields...), ",")
	c.Profile = func(ctx context.Context, client *http.Client, p *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
		if r.Tokens == nil {
			return nil, &oauth2.Error{Code: oauth2.CodeNoToken}
		}
		if r.IDToken != nil && isJWT(r.Tokens.IDToken) {
			id := r.IDToken
			return &oauth2.Profile{ID: id.String("sub"), Name: id.String("name"), Email: id.String("email"), Raw: id}, nil
		}
		token, user := r.Tokens.AccessToken, ""
		if r.IDToken != nil { // the access token that VerifyIDToken has checked
			token, user = r.Tokens.IDToken, r.IDToken.ID("sub")
		}
		if user == "" {
			var err error
			if user, err = facebookUser(ctx, client, p, o.ClientSecret, token); err != nil {
				return nil, err
			}
		}
		me, err := oauth2.FetchObject(ctx, client, outbound.Request{
			URL: "https://graph.facebook.com/me?" + wire.Query{{Name: "fields", Value: fields}}.Encode(), Header: http.Header{"Authorization": {"Bearer " + token}},
		}, token)
		if err != nil {
			return nil, err
		}
		if me.ID("id") != user {
			return nil, noProfile("the profile is that of another user than the access token")
		}
		return &oauth2.Profile{
			ID: user, Name: me.String("name"), Email: me.String("email"), EmailVerified: me.Bool("email_verified"), Image: me.At("picture", "data").String("url"), Raw: me,
		}, nil
	}
	return o.config(c, traits{secret: true, err: err}, "email", "public_profile")
}

func isJWT(token string) bool { return strings.Count(token, ".") == 2 }

// facebookUser asks Facebook for which application and user an access token was
// made.
func facebookUser(ctx context.Context, client *http.Client, p *oauth2.Provider, secret, token string) (string, error) {
	if token == "" || len(token) > 4096 {
		return "", &idtoken.Error{Reason: idtoken.ReasonMalformed}
	}
	own := p.ClientID() + "|" + secret
	q := wire.Query{{Name: "input_token", Value: token}, {Name: "access_token", Value: own}}
	c, err := oauth2.FetchObject(ctx, client, outbound.Request{URL: "https://graph.facebook.com/debug_token?" + q.Encode()}, token, own, secret)
	if err != nil {
		return "", err
	}
	data := c.At("data")
	user := data.ID("user_id")
	if data["is_valid"] != true || user == "" {
		return "", &idtoken.Error{Reason: idtoken.ReasonSignature}
	}
	if !p.IsAudience(data.ID("app_id")) {
		return "", &idtoken.Error{Reason: idtoken.ReasonAudience}
	}
	return user, nil
}
