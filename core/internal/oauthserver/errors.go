package oauthserver

import (
	"net/http"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// The values of "error" in answers (RFC 6749 4.1.2.1 and 5.2, RFC 6750 3.1, RFC 7009,
// RFC 7591 3.2.2, RFC 8707 2, RFC 9101, OpenID Connect Core 3.1.2.6). Those of the last
// group are Better Auth's.
const (
	ErrInvalidRequest       = "invalid_request"
	ErrInvalidClient        = "invalid_client"
	ErrInvalidGrant         = "invalid_grant"
	ErrInvalidScope         = "invalid_scope"
	ErrInvalidTarget        = "invalid_target"
	ErrInvalidToken         = "invalid_token"
	ErrInsufficientScope    = "insufficient_scope"
	ErrUnauthorizedClient   = "unauthorized_client"
	ErrUnsupportedGrant     = "unsupported_grant_type"
	ErrUnsupportedResponse  = "unsupported_response_type"
	ErrAccessDenied         = "access_denied"
	ErrInvalidRedirectURI   = "invalid_redirect_uri"
	ErrInvalidMetadata      = "invalid_client_metadata"
	ErrInvalidRequestURI    = "invalid_request_uri"
	ErrRequestNotSupported  = "request_not_supported"
	ErrRequestURIUnknown    = "request_uri_not_supported"
	ErrLoginRequired        = "login_required"
	ErrConsentRequired      = "consent_required"
	ErrInteractionRequired  = "interaction_required"
	ErrAccountRequired      = "account_selection_required"
	ErrInvalidSignature     = "invalid_signature"
	ErrInvalidRedirect      = "invalid_redirect"
	ErrClientDisabled       = "client_disabled"
	ErrNotFound             = "not_found"
	ErrUnsupportedTokenType = "unsupported_token_type"
)

// Fail makes an answer in the form of OAuth, with the members in the order of Better Auth's
// provider.
func Fail(status int, code, description string) *core.Error {
	e := core.OAuthError(status, code, description)
	if description != "" {
		e.Body = wire.NewObject(wire.Member{Name: "error_description", Value: wire.String(description)}, wire.Member{Name: "error", Value: wire.String(code)})
	}
	return e
}

// Refuse is Fail with 400.
func Refuse(code, description string) *core.Error {
	return Fail(http.StatusBadRequest, code, description)
}

// refuseClient makes the answer to failed client authentication. A client that used the
// Authorization header is told the scheme (RFC 6749 5.2).
func refuseClient(basic bool, description string) *core.Error {
	e := Fail(http.StatusUnauthorized, ErrInvalidClient, description)
	if basic {
		e.Header = append(e.Header, core.HeaderField{Name: "WWW-Authenticate", Value: `Basic realm="oauth2"`})
	}
	return e
}

// refuseBearer makes an answer to a request with a bearer token, with its challenge
// (RFC 6750 3).
func refuseBearer(status int, code, description string) *core.Error {
	challenge := "Bearer"
	if code != "" {
		challenge += ` error="` + code + `", error_description="` + description + `"`
	}
	e := Fail(status, code, description)
	if code == "" { // a request without credentials is not told more (RFC 6750 3.1)
		e = Fail(status, ErrInvalidRequest, description)
	}
	e.Header = append(e.Header, core.HeaderField{Name: "WWW-Authenticate", Value: challenge})
	return e
}

// Printable keeps what may stand in error_description (RFC 6749 5.2), and not too much of it.
func Printable(text string) string { return printable(text) }
