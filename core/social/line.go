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

// LINEOptions are the options of LINE.
type LINEOptions struct{ Options }

const maxLINEToken = 16 << 10 // bytes

// LINE is the provider "line". LINE signs id_tokens with the channel's secret or with
// a key, and checks them at an endpoint of its own. Its answer is checked again.
// Its addresses do not count as verified.
func LINE(o LINEOptions) oauth.Config {
	claims, err := o.verifier("", idtoken.Options{FromTokenEndpoint: true, Issuers: []string{"https://access.line.me"}})
	return o.config(oauth2.Config{
		ID: "line", Name: "LINE",
		AuthorizeURL: "https://access.line.me/oauth2/v2.1/authorize", TokenURL: "https://api.line.me/oauth2/v2.1/token",
		LoginHintParam: "login_hint",
		VerifyIDToken: func(ctx context.Context, c *http.Client, p *oauth2.Provider, token, nonce string) (oauth2.Claims, error) {
			if len(token) > maxLINEToken || strings.Count(token, ".") != 2 {
				return nil, &idtoken.Error{Reason: idtoken.ReasonMalformed}
			}
			form := wire.Query{{Name: "id_token", Value: token}, {Name: "client_id", Value: p.ClientID()}}
			if nonce != "" {
				form = append(form, wire.Pair{Name: "nonce", Value: nonce})
			}
			answer, err := oauth2.FetchObject(ctx, c, outbound.Request{
				URL: "https://api.line.me/oauth2/v2.1/verify", Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, Body: []byte(form.Encode()),
			}, token)
			if err != nil {
				return nil, err
			}
			if answer.String("aud") != p.ClientID() {
				return nil, &idtoken.Error{Reason: idtoken.ReasonAudience}
			}
			if answer["nonce"] != nil && answer.String("nonce") != nonce {
				return nil, &idtoken.Error{Reason: idtoken.ReasonNonce}
			}
			if err := claims.Check(p, answer, nonce); err != nil {
				return nil, err
			}
			return answer, nil
		},
		Profile: func(ctx context.Context, c *http.Client, p *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
			if r.IDToken != nil {
				return fromIDToken(lineProfile)(ctx, c, p, r)
			}
			return userInfo("https://api.line.me/oauth2/v2.1/userinfo", nil, lineProfile)(ctx, c, p, r)
		},
	}, traits{err: err}, "openid", "profile", "email")
}

func lineProfile(c oauth2.Claims) *oauth2.Profile {
	return &oauth2.Profile{
		ID: first(c.ID("sub"), c.ID("userId")), Name: first(c.String("name"), c.String("displayName")), Email: c.String("email"),
		Image: first(c.String("picture"), c.String("pictureUrl")),
	}
}
