package oauth2

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/wire"
)

// Profile is a user's profile at a provider.
type Profile struct {
	// ID is the stable id of the account at the provider, never empty.
	ID string
	// Name is the name to show, "" when there is none.
	Name  string
	Email string // as the provider sent it; "" when it has none
	Image string // URL of a picture, or ""
	// EmailVerified says that the provider has verified the address. It is false
	// when the provider does not say so.
	EmailVerified bool
	// Fields are further fields of the user, by their logical names. See
	// oauth.Config.MapProfile for those that are taken.
	Fields map[string]any
	// Raw is what the provider sent.
	Raw Claims
}

// ProfileRequest is what a provider's profile is read from.
type ProfileRequest struct {
	// Tokens are those of the token endpoint, or those that came with a client's id_token.
	Tokens *Tokens
	// IDToken holds the claims of Tokens.IDToken once they were verified; nil when
	// there are none. A function must not read an unverified id_token.
	IDToken Claims
	// Callback holds the parameters of the callback. Apple sends the user's name
	// there, once and unsigned.
	Callback wire.Query
}

// Profile returns the profile of the user whom the tokens are for. It fails with an
// *Error for a profile without an id, and for a profile whose "sub" differs from that of
// the verified id_token.
func (p *Provider) Profile(ctx context.Context, c *http.Client, r ProfileRequest) (*Profile, error) {
	if p.c.Profile == nil {
		return nil, ErrUnsupported
	}
	out, err := p.c.Profile(ctx, c, p, r)
	if err != nil {
		return nil, err
	}
	if out == nil || out.ID == "" {
		return nil, &Error{Code: CodeBadAnswer, Description: "the profile has no id"}
	}
	if sub, verified := out.Raw.ID("sub"), r.IDToken.ID("sub"); sub != "" && verified != "" && sub != verified {
		return nil, &Error{Code: CodeBadAnswer, Description: "the profile is that of another subject than the id_token"}
	}
	return out, nil
}

// UserInfo fetches a JSON object with an access token, for functions of
// Config.Profile. It follows no redirect, because a redirect would carry the
// token to another host.
func UserInfo(ctx context.Context, c *http.Client, url string, t *Tokens, header http.Header) (Claims, error) {
	if t == nil || t.AccessToken == "" {
		return nil, &Error{Code: CodeNoToken}
	}
	h := header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Authorization", "Bearer "+t.AccessToken)
	if h.Get("Accept") == "" {
		h.Set("Accept", "application/json")
	}
	return FetchObject(ctx, c, outbound.Request{URL: url, Header: h}, t.AccessToken)
}

// FetchObject fetches a JSON object of a provider by any request, for functions of
// Config.Profile whose request is not UserInfo's. An error is an *Error, which does
// not contain the secrets, or an *outbound.Error.
func FetchObject(ctx context.Context, c *http.Client, r outbound.Request, secrets ...string) (Claims, error) {
	res, err := outbound.Fetch(ctx, c, r)
	if err != nil {
		return nil, err
	}
	a := Answer{Status: res.Status, ContentType: res.Header.Get("Content-Type"), Body: res.Body, secrets: secrets}
	claims, _ := readObject(a)
	if e := errorOf(a, claims); e != nil {
		return nil, e
	}
	return claims, nil
}
