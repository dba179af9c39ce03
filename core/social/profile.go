package social

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core/idtoken"
	"github.com/advantch/kernia-go/core/oauth2"
)

type profileFunc = func(ctx context.Context, c *http.Client, p *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error)

// mapping reads a profile from what the provider sent. It may return nil for what is
// no profile. Raw is set by the caller when it is nil.
type mapping func(c oauth2.Claims) *oauth2.Profile

func noProfile(why string) error {
	return &oauth2.Error{Code: oauth2.CodeBadAnswer, Description: why}
}

func (m mapping) read(c oauth2.Claims) (*oauth2.Profile, error) {
	p := m(c)
	if p == nil {
		return nil, noProfile("the answer has no profile")
	}
	if p.Raw == nil {
		p.Raw = c
	}
	return p, nil
}

// userInfo reads a profile by the access token.
func userInfo(url string, header http.Header, m mapping) profileFunc {
	return func(ctx context.Context, c *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
		claims, err := oauth2.UserInfo(ctx, c, url, r.Tokens, header)
		if err != nil {
			return nil, err
		}
		return m.read(claims)
	}
}

// accessToken is that of a request that cannot do without.
func accessToken(r oauth2.ProfileRequest) (string, error) {
	if r.Tokens == nil || r.Tokens.AccessToken == "" {
		return "", &oauth2.Error{Code: oauth2.CodeNoToken}
	}
	return r.Tokens.AccessToken, nil
}

// fromIDToken reads a profile from the verified id_token.
func fromIDToken(m mapping) profileFunc {
	return func(_ context.Context, _ *http.Client, _ *oauth2.Provider, r oauth2.ProfileRequest) (*oauth2.Profile, error) {
		if err := checkIDToken(r); err != nil {
			return nil, err
		}
		return m.read(r.IDToken)
	}
}

// checkIDToken refuses a request without a verified id_token, and one whose id_token
// belongs to another access token or code.
func checkIDToken(r oauth2.ProfileRequest) error {
	if r.IDToken == nil {
		return noProfile("there is no id_token")
	}
	token := ""
	if r.Tokens != nil {
		token = r.Tokens.AccessToken
	}
	code, _ := r.Callback.Get("code")
	return idtoken.CheckHashes(r.IDToken, token, code)
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

// placeholder is the address of an account whose provider has none. It is no
// mailbox (RFC 2606), another for each account, and never counts as verified.
func placeholder(provider, id string) string {
	return id + "@" + provider + ".placeholder.invalid"
}
