package oauth2

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/advantch/kernia-go/core/wire"
)

// AuthorizationRequest is an authorization request to a provider (RFC 6749
// §4.1.1).
type AuthorizationRequest struct {
	// State comes back to the callback unchanged. Required.
	State string
	// Verifier is the PKCE code verifier, from NewVerifier; only its challenge is
	// sent. Required unless the provider has NoPKCE.
	Verifier string
	// RedirectURI is the callback, absolute. Config.RedirectURI replaces it.
	RedirectURI string
	// Scopes are requested in addition to those of the Config.
	Scopes []string
	// OnlyScopes, unless nil, are requested in place of the Config's scopes and of Scopes.
	OnlyScopes []string
	// Nonce comes back in the id_token. Optional.
	Nonce string
	// Prompt, Display and LoginHint are passed on when they are not empty.
	Prompt, Display, LoginHint string
	// Params are further parameters, after those of the Config. A parameter that this
	// package sets itself fails with an *Error with the code invalid_request.
	Params wire.Query
}

// AuthorizationURL returns the URL to which the user is redirected. The order
// of its parameters is Better Auth's. The error says what the request lacks.
func (p *Provider) AuthorizationURL(r AuthorizationRequest) (string, error) {
	if r.State == "" {
		return "", fmt.Errorf("oauth2: provider %q: the request has no state", p.c.ID)
	}
	if r.Verifier == "" && !p.c.NoPKCE {
		return "", fmt.Errorf("oauth2: provider %q: the request has no verifier", p.c.ID)
	}
	if p.c.AuthorizeURL == "" {
		return "", errDiscovered
	}
	redirect := p.redirectURI(r.RedirectURI)
	if redirect == "" {
		return "", fmt.Errorf("oauth2: provider %q: the request has no redirect URI", p.c.ID)
	}
	q := wire.ParseQuery(p.authorize.RawQuery)
	set := func(name, value string) {
		if value != "" {
			q = q.Set(name, value)
		}
	}
	set("response_type", p.c.ResponseType)
	set(p.c.ClientIDParam, p.c.ClientID)
	set("state", r.State)
	asked := [][]string{p.c.Scopes, r.Scopes}
	if r.OnlyScopes != nil {
		asked = [][]string{r.OnlyScopes}
	}
	scopes, err := unite(asked...)
	if err != nil {
		return "", err
	}
	set("scope", strings.Join(scopes, p.c.ScopeSeparator))
	set("redirect_uri", redirect)
	display := r.Display
	if display == "" {
		display = p.c.Display
	}
	set("display", display)
	if p.c.LoginHintParam != "" {
		set(p.c.LoginHintParam, r.LoginHint)
	}
	prompt := r.Prompt
	if prompt == "" {
		prompt = p.c.Prompt
	}
	set("prompt", prompt)
	set("access_type", p.c.AccessType)
	set("response_mode", p.c.ResponseMode)
	set("nonce", r.Nonce)
	if !p.c.NoPKCE {
		set("code_challenge_method", "S256")
		set("code_challenge", Challenge(r.Verifier))
	}
	for _, x := range p.c.Params {
		q = q.Set(x.Name, x.Value)
	}
	for _, x := range r.Params {
		if isReserved(x.Name) || x.Name == p.c.ClientIDParam {
			return "", &Error{Code: "invalid_request", Description: "the parameter is set by the server"}
		}
		q = q.Set(x.Name, x.Value)
	}
	u := url.URL(*p.authorize)
	if p.c.EncodeQuery != nil {
		u.RawQuery = p.c.EncodeQuery(q)
		return u.String(), nil
	}
	u.RawQuery = q.Encode()
	if p.c.PercentSpaces {
		u.RawQuery = strings.ReplaceAll(u.RawQuery, "+", "%20") // a plus sign itself is %2B
	}
	return u.String(), nil
}

func (p *Provider) redirectURI(asked string) string {
	if p.c.RedirectURI != "" {
		return p.c.RedirectURI
	}
	return asked
}

// unite lists scopes, each once.
func unite(lists ...[]string) ([]string, error) {
	seen := map[string]bool{}
	var out []string
	for _, list := range lists {
		for _, s := range list {
			if !isScope(s) {
				return nil, &Error{Code: "invalid_scope"}
			}
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
	}
	return out, nil
}
