package oauth2

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/outbound"
	"github.com/advantch/kernia-go/core/wire"
)

// The grants that a TokenRequest is for.
const (
	GrantCode    = "authorization_code"
	GrantRefresh = "refresh_token"
)

// TokenRequest is a request to a provider's token endpoint, which
// Config.EditToken may change before it is sent.
type TokenRequest struct {
	// Grant is GrantCode or GrantRefresh.
	Grant string
	// Method is POST. A GET request carries Form in the URL.
	Method string
	URL    string
	Header http.Header
	Form   wire.Query
	// Callback holds the parameters of the callback, for providers that want some of
	// them again. Empty when a token is refreshed.
	Callback wire.Query
}

// Exchange is a code to exchange for tokens.
type Exchange struct {
	// Code is the authorization code, as the callback has it.
	Code string
	// RedirectURI is the callback that the authorization URL named.
	RedirectURI string
	// Verifier is the verifier of the authorization request.
	Verifier string
	// Callback holds all parameters of the callback.
	Callback wire.Query
	// Now is the time from which a life in seconds counts.
	Now time.Time
}

// Exchange redeems a code. It follows no redirect and reads at most 1 MiB. Errors
// are *Error when the provider refused or answered something that cannot be used,
// and *outbound.Error when it did not answer.
func (p *Provider) Exchange(ctx context.Context, c *http.Client, x Exchange) (*Tokens, error) {
	if x.Code == "" {
		return nil, &Error{Code: "invalid_request", Description: "no code"}
	}
	if p.c.ExchangeCode != nil {
		return p.exchangeCode(ctx, c, x)
	}
	form := wire.Query{{Name: "grant_type", Value: GrantCode}, {Name: "code", Value: x.Code}}
	if !p.c.NoPKCE {
		if x.Verifier == "" {
			return nil, &Error{Code: "invalid_request", Description: "no code verifier"}
		}
		form = append(form, wire.Pair{Name: "code_verifier", Value: x.Verifier})
	}
	form = append(form, wire.Pair{Name: "redirect_uri", Value: p.redirectURI(x.RedirectURI)})
	r := &TokenRequest{Grant: GrantCode, URL: p.c.TokenURL, Form: form, Callback: x.Callback}
	return p.token(ctx, c, r, x.Now, x.Code, x.Verifier)
}

func (p *Provider) exchangeCode(ctx context.Context, c *http.Client, x Exchange) (*Tokens, error) {
	if p.c.NoPKCE {
		x.Verifier = ""
	}
	x.RedirectURI = p.redirectURI(x.RedirectURI)
	t, err := p.c.ExchangeCode(ctx, c, p, x)
	if err != nil {
		return nil, strike(err, x.Code, x.Verifier)
	}
	if t == nil || t.AccessToken == "" && t.IDToken == "" {
		return nil, &Error{Code: CodeNoToken}
	}
	return t, nil
}

// Refresh gets a new access token. When the answer has no new refresh token, the
// old one stays valid and is in the result. Errors are those of Exchange, and
// ErrUnsupported for a provider whose tokens cannot be refreshed.
func (p *Provider) Refresh(ctx context.Context, c *http.Client, refreshToken string, now time.Time) (*Tokens, error) {
	if refreshToken == "" {
		return nil, &Error{Code: "invalid_request", Description: "no refresh token"}
	}
	if !p.CanRefresh() {
		return nil, ErrUnsupported
	}
	if p.c.Refresh != nil {
		t, err := p.c.Refresh(ctx, c, p, refreshToken, now)
		if err != nil {
			return nil, strike(err, refreshToken)
		}
		if t == nil || t.AccessToken == "" {
			return nil, &Error{Code: CodeNoToken}
		}
		return keep(t, refreshToken), nil
	}
	form := wire.Query{{Name: "grant_type", Value: GrantRefresh}, {Name: "refresh_token", Value: refreshToken}}
	t, err := p.token(ctx, c, &TokenRequest{Grant: GrantRefresh, URL: p.c.RefreshURL, Form: form}, now, refreshToken)
	if err != nil {
		return nil, err
	}
	return keep(t, refreshToken), nil
}

// keep gives tokens the old refresh token when they came without a new one.
func keep(t *Tokens, refreshToken string) *Tokens {
	if t.RefreshToken == "" {
		t.RefreshToken = refreshToken
	}
	return t
}

// token authenticates and sends a request. The secrets are struck out of what the
// provider says about them.
func (p *Provider) token(ctx context.Context, c *http.Client, r *TokenRequest, now time.Time, secrets ...string) (*Tokens, error) {
	if r.URL == "" {
		return nil, errDiscovered
	}
	r.Method = http.MethodPost
	r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Accept": {"application/json"}}
	for name, v := range p.c.TokenHeader {
		r.Header[http.CanonicalHeaderKey(name)] = v
	}
	secret, err := p.secret(ctx)
	if err != nil {
		return nil, fmt.Errorf("oauth2: provider %q: the client secret: %w", p.c.ID, err)
	}
	p.authenticate(r, secret)
	if r.Grant == GrantRefresh && p.c.ScopeOnRefresh {
		r.Form = append(r.Form, wire.Pair{Name: "scope", Value: strings.Join(p.c.Scopes, p.c.ScopeSeparator)})
	}
	if p.c.EditToken != nil {
		if err := p.c.EditToken(r); err != nil {
			return nil, err
		}
	}
	out := outbound.Request{Method: r.Method, URL: r.URL, Header: r.Header}
	if r.Method == http.MethodGet {
		out.URL = withQuery(r.URL, r.Form)
		out.Header.Del("Content-Type")
	} else {
		out.Body = []byte(r.Form.Encode())
	}
	res, err := outbound.Fetch(ctx, c, out)
	if err != nil {
		return nil, err
	}
	read := p.c.ReadTokens
	if read == nil {
		read = ParseTokens
	}
	secrets = append(secrets, secret)
	t, err := read(Answer{Status: res.Status, ContentType: res.Header.Get("Content-Type"), Body: res.Body, Now: now, secrets: secrets})
	if err != nil {
		return nil, strike(err, secrets...)
	}
	return t, nil
}

func (p *Provider) secret(ctx context.Context) (string, error) {
	if p.c.Secret != nil {
		return p.c.Secret(ctx)
	}
	return p.c.ClientSecret, nil
}

func (p *Provider) authenticate(r *TokenRequest, secret string) {
	id := p.c.ClientID
	if p.c.Auth == AuthBasic {
		if !p.c.RawBasic {
			id, secret = url.QueryEscape(id), url.QueryEscape(secret)
		}
		r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(id+":"+secret)))
		return
	}
	r.Form = append(r.Form, wire.Pair{Name: p.c.ClientIDParam, Value: id})
	switch {
	case p.c.Auth == AuthPost && secret != "":
		r.Form = append(r.Form, wire.Pair{Name: "client_secret", Value: secret})
	case p.c.Auth == AuthAssertion:
		r.Form = append(r.Form, wire.Pair{Name: "client_assertion_type", Value: assertionType}, wire.Pair{Name: "client_assertion", Value: secret})
	}
}

// assertionType is the one of JWTs (RFC 7523, 2.2).
const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

func withQuery(raw string, q wire.Query) string {
	if strings.Contains(raw, "?") {
		return raw + "&" + q.Encode()
	}
	return raw + "?" + q.Encode()
}
