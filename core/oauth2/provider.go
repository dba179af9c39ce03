package oauth2

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/wire"
)

// ClientAuth is how a client authenticates to the token endpoint.
type ClientAuth int

const (
	// AuthPost sends client_id and client_secret in the body, the default.
	AuthPost ClientAuth = iota
	// AuthBasic sends them in the Authorization header, form-encoded as RFC 6749, 2.3.1
	// requires.
	AuthBasic
	// AuthNone sends the client_id alone: a public client, which PKCE protects.
	AuthNone
	// AuthAssertion sends the client_id, and what Config.Secret makes as client_assertion: a JWT that
	// the client has signed (private_key_jwt, RFC 7523).
	AuthAssertion
)

// Config describes a provider and the client's registration with it. ID, ClientID,
// AuthorizeURL and TokenURL are required. The zero value of every other field is what the
// standards say.
type Config struct {
	// ID is the provider's id in paths and in account rows, for example "github".
	// Letters, digits, hyphens and underscores.
	ID string
	// Name is shown to people. Default: the ID.
	Name string

	// ClientID identifies the application.
	ClientID string
	// Audiences are further client ids whose id_tokens are accepted, such as those
	// of the application's mobile apps. Codes are always exchanged with ClientID.
	Audiences []string
	// ClientSecret proves that a request comes from the application.
	ClientSecret string
	// Secret makes the client secret of each request instead, for example the signed
	// token that Apple asks for.
	Secret func(ctx context.Context) (string, error)
	// Auth is how the client authenticates to the token endpoint.
	Auth ClientAuth
	// RawBasic leaves id and secret of AuthBasic unencoded, for providers that compare
	// them as they come. The two differ for characters such as "+", "%" and ":".
	RawBasic bool

	// Discovered says that AuthorizeURL and TokenURL are not known yet. A Provider of such a
	// Config knows its id and its name, and makes no request.
	Discovered bool
	// AuthorizeURL is the authorization endpoint. Its query and fragment are
	// kept.
	AuthorizeURL string
	// TokenURL exchanges codes.
	TokenURL string
	// RefreshURL refreshes tokens. Default: TokenURL.
	RefreshURL string
	// RedirectURI replaces the RedirectURI of each request, for an application whose
	// callback is registered at another address than the one that serves the request.
	RedirectURI string

	// Scopes are always requested, in order; a request adds to them.
	Scopes []string
	// ScopeSeparator stands between scopes. Default: a space.
	ScopeSeparator string
	// NoPKCE leaves code_challenge and code_verifier out, for a provider that refuses
	// parameters that it does not know.
	NoPKCE bool
	// ResponseType is the response_type. Default "code". "code id_token" needs
	// ResponseMode "form_post".
	ResponseType string
	// ResponseMode is "query" or "form_post". Default: not sent, which means query.
	// A provider's page posts the answer to the callback with form_post. The post crosses
	// sites, so that no SameSite=Lax cookie comes along.
	ResponseMode string
	// Prompt and Display are the default prompt and display, for requests without
	// one. LoginHintParam is the name of the parameter for a login hint; without it no
	// hint is sent.
	Prompt, Display, LoginHintParam string
	// AccessType is the access_type, such as "offline". Default: not sent.
	AccessType string
	// Params are further parameters of the authorization URL, in order. New
	// refuses parameters that this package sends itself.
	Params wire.Query
	// ClientIDParam is the name under which the client id is sent. Default "client_id".
	ClientIDParam string
	// PercentSpaces writes spaces in the authorization URL as %20 instead of "+".
	PercentSpaces bool
	// EncodeQuery writes the parameters of the authorization URL, for a provider that
	// wants them in another order or form. Default: those of AuthorizeURL, the
	// standard's, then Params, as a form.
	EncodeQuery func(q wire.Query) string

	// TokenHeader is added to requests to the token endpoint.
	TokenHeader http.Header
	// EditToken changes requests to the token endpoint before they are sent.
	EditToken func(r *TokenRequest) error
	// ExchangeCode exchanges a code in place of the standard request. x.Verifier is
	// empty with NoPKCE.
	ExchangeCode func(ctx context.Context, c *http.Client, p *Provider, x Exchange) (*Tokens, error)
	// ScopeOnRefresh repeats the scopes when a token is refreshed.
	ScopeOnRefresh bool
	// ReadTokens reads a token endpoint's answer that has an unusual form.
	// Default: ParseTokens.
	ReadTokens func(a Answer) (*Tokens, error)
	// NoRefresh says that the provider's tokens cannot be refreshed.
	NoRefresh bool
	// Refresh refreshes a token in place of the standard request. A life in seconds
	// counts from now.
	Refresh func(ctx context.Context, c *http.Client, p *Provider, refreshToken string, now time.Time) (*Tokens, error)

	// Issuer is the provider's "iss", for the checks of id_tokens and of the callback's
	// iss parameter (RFC 9207).
	Issuer string
	// VerifyIDToken checks an id_token that a client sends, or that came with the
	// code: signature, issuer, audience, time, and the nonce unless it is empty. It
	// returns the claims. When it is nil, id_tokens of this provider are neither
	// accepted from clients nor read.
	VerifyIDToken func(ctx context.Context, c *http.Client, p *Provider, idToken, nonce string) (Claims, error)
	// NoIDTokenSignIn refuses id_tokens that a client sends. Those that come with a
	// code are still verified and read.
	NoIDTokenSignIn bool
	// Profile reads the user's profile, from the provider or from the id_token.
	Profile func(ctx context.Context, c *http.Client, p *Provider, r ProfileRequest) (*Profile, error)
}

// Provider is a checked, immutable Config. It is safe for concurrent use.
type Provider struct {
	c         Config
	authorize *url.URL
}

var reserved = []string{
	"response_type", "client_id", "state", "scope", "redirect_uri", "response_mode", "code_challenge", "code_challenge_method", "nonce",
	"code", "code_verifier", "client_secret", "grant_type", "request", "request_uri",
}

func isReserved(name string) bool { return slices.Contains(reserved, strings.ToLower(name)) }

// New checks a description. An error is one sentence that says what to change.
func New(c Config) (*Provider, error) {
	if c.ID == "" || strings.Trim(c.ID, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		return nil, fmt.Errorf("oauth2: the provider id %q must be letters, digits, hyphens and underscores", c.ID)
	}
	say := func(format string, args ...any) error {
		return fmt.Errorf("oauth2: provider %q: "+format, append([]any{c.ID}, args...)...)
	}
	if c.ClientID == "" {
		return nil, say("ClientID is missing: take it from the provider's console")
	}
	if c.Auth < AuthPost || c.Auth > AuthAssertion {
		return nil, say("Auth %d is unknown: use oauth2.AuthPost, AuthBasic, AuthNone or AuthAssertion", c.Auth)
	}
	if c.ClientSecret != "" && c.Secret != nil {
		return nil, say("set either ClientSecret or Secret, not both")
	}
	hasSecret := c.ClientSecret != "" || c.Secret != nil
	if c.Auth == AuthBasic && !hasSecret {
		return nil, say("ClientSecret is missing, which AuthBasic sends")
	}
	if c.Auth == AuthAssertion && c.Secret == nil {
		return nil, say("Secret is missing, which makes the assertion that AuthAssertion sends")
	}
	if c.Auth == AuthNone && c.NoPKCE {
		return nil, say("a client without a secret needs PKCE: leave NoPKCE out")
	}
	for _, field := range [...]struct{ name, raw string }{
		{"AuthorizeURL", c.AuthorizeURL}, {"TokenURL", c.TokenURL}, {"RefreshURL", c.RefreshURL}, {"RedirectURI", c.RedirectURI},
	} {
		name, raw := field.name, field.raw
		if raw == "" && (name == "RefreshURL" || name == "RedirectURI" || c.Discovered) {
			continue
		}
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && (u.Scheme != "http" || name != "RedirectURI" && !onThisMachine(u)) {
			if name == "RedirectURI" && err == nil && u.Scheme != "" && u.Scheme != "javascript" && u.Scheme != "data" && u.User == nil {
				continue // a custom scheme, of an application on a device
			}
			return nil, say("%s %q must be an absolute https URL", name, raw)
		}
	}
	u, err := url.Parse(c.AuthorizeURL)
	if err != nil {
		return nil, say("AuthorizeURL %q must be an absolute https URL", c.AuthorizeURL)
	}
	for _, p := range append(slices.Clone(c.Params), wire.ParseQuery(u.RawQuery)...) {
		if isReserved(p.Name) {
			return nil, say("Params or AuthorizeURL has %q, which is set for each request", p.Name)
		}
	}
	if c.ResponseMode != "" && c.ResponseMode != "query" && c.ResponseMode != "form_post" {
		return nil, say(`ResponseMode %q must be "query" or "form_post"`, c.ResponseMode)
	}
	for _, t := range strings.Fields(c.ResponseType) {
		if t != "code" && t != "id_token" || t == "id_token" && c.ResponseMode != "form_post" {
			return nil, say(`ResponseType %q must be "code", or "code id_token" with ResponseMode "form_post"`, c.ResponseType)
		}
	}
	for _, s := range c.Scopes {
		if !isScope(s) {
			return nil, say("the scope %q has characters that no scope has", s)
		}
	}
	if c.Name == "" {
		c.Name = c.ID
	}
	if c.RefreshURL == "" {
		c.RefreshURL = c.TokenURL
	}
	if c.ScopeSeparator == "" {
		c.ScopeSeparator = " "
	}
	if c.ResponseType == "" {
		c.ResponseType = "code"
	}
	if c.ClientIDParam == "" {
		c.ClientIDParam = "client_id"
	}
	c.Scopes, c.Params, c.Audiences, c.TokenHeader = slices.Clone(c.Scopes), slices.Clone(c.Params), slices.Clone(c.Audiences), c.TokenHeader.Clone()
	return &Provider{c: c, authorize: u}, nil
}

// onThisMachine finds providers that run beside the application, in development.
func onThisMachine(u *url.URL) bool {
	h := u.Hostname()
	return h == "localhost" || h == "127.0.0.1" || h == "::1"
}

// isScope is a scope-token of RFC 6749, 3.3.
func isScope(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x21 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return s != ""
}

// ID is the provider's id.
func (p *Provider) ID() string { return p.c.ID }

// Name is shown to people.
func (p *Provider) Name() string { return p.c.Name }

// ClientID is the client id with which codes are exchanged.
func (p *Provider) ClientID() string { return p.c.ClientID }

// Issuer is the provider's "iss", or "".
func (p *Provider) Issuer() string { return p.c.Issuer }

// ResponseMode is "query" or "form_post".
func (p *Provider) ResponseMode() string {
	if p.c.ResponseMode == "" {
		return "query"
	}
	return p.c.ResponseMode
}

// IsAudience reports whether a client id belongs to this application, so that an
// id_token issued to it is accepted.
func (p *Provider) IsAudience(clientID string) bool {
	return clientID == p.c.ClientID || clientID != "" && slices.Contains(p.c.Audiences, clientID)
}

// AcceptsIDTokens reports whether a client may sign in with an id_token.
func (p *Provider) AcceptsIDTokens() bool { return p.c.VerifyIDToken != nil && !p.c.NoIDTokenSignIn }

// CanRefresh reports whether the provider's tokens can be refreshed.
func (p *Provider) CanRefresh() bool { return p.c.Refresh != nil || !p.c.NoRefresh }

// VerifiesIDTokens reports whether id_tokens of the provider can be verified.
func (p *Provider) VerifiesIDTokens() bool { return p.c.VerifyIDToken != nil }

// ErrUnsupported is returned when the provider's Config lacks the function for
// an operation.
var ErrUnsupported = errors.New("oauth2: the provider does not support this")

var errDiscovered = errors.New("oauth2: the endpoints of the provider are not known yet")

// VerifyIDToken checks an id_token and returns its claims. If nonce is not
// empty, the token must contain it.
func (p *Provider) VerifyIDToken(ctx context.Context, c *http.Client, idToken, nonce string) (Claims, error) {
	if p.c.VerifyIDToken == nil {
		return nil, ErrUnsupported
	}
	return p.c.VerifyIDToken(ctx, c, p, idToken, nonce)
}
