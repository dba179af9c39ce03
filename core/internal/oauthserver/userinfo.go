package oauthserver

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// Claims is a JSON object of claims.
type Claims struct{ body *wire.Object }

// AppendJSON appends the claims.
func (r *Claims) AppendJSON(dst []byte) []byte { return r.body.AppendJSON(dst) }

// MarshalJSON returns the claims.
func (r *Claims) MarshalJSON() ([]byte, error) { return r.AppendJSON(nil), nil }

// Decode decodes the claims into a struct or map, as json.Unmarshal does.
func (r *Claims) Decode(v any) error { return json.Unmarshal(r.AppendJSON(nil), v) }

// OpenAPIForm describes the claims.
func (*Claims) OpenAPIForm() any { return map[string]any(nil) }

// bearer reads the access token of a request (RFC 6750 2): from the header, or from a form.
// A token in the query is not read. dpop says that it came as one that is bound to a key.
func (s *Server) bearer(c *core.Ctx, form string) (token string, dpop bool, err error) {
	header := ""
	if c.Req.Header != nil {
		line := strings.TrimSpace(c.Req.Header.Get("Authorization"))
		scheme, rest, ok := strings.Cut(line, " ")
		switch {
		case line == "":
		case ok && strings.EqualFold(scheme, "Bearer"):
			header = strings.TrimSpace(rest)
		case ok && s.DPoP && strings.EqualFold(scheme, typeDPoP):
			header, dpop = strings.TrimSpace(rest), true
		case ok:
			return "", false, refuseBearer(http.StatusUnauthorized, ErrInvalidToken, "unsupported authorization scheme")
		default:
			header = line // Better Auth takes the token alone
		}
	}
	switch {
	case header != "" && form != "":
		return "", false, refuseBearer(http.StatusBadRequest, ErrInvalidRequest, "a token is sent in one way only")
	case header == "" && form == "":
		return "", false, refuseBearer(http.StatusUnauthorized, "", "authorization header not found")
	case header == "":
		return form, false, nil
	}
	return header, dpop, nil
}

// UserInfo answers the UserInfo endpoint (OpenID Connect Core 5.3).
func (s *Server) UserInfo(c *core.Ctx, form string) (*Claims, error) {
	text, dpop, err := s.bearer(c, form)
	if err != nil {
		return nil, err
	}
	a, err := s.checkAccess(c, text)
	if err != nil {
		return nil, err
	}
	switch {
	case a == nil || a.user == nil:
		return nil, refuseBearer(http.StatusUnauthorized, ErrInvalidToken, "Invalid access token")
	case !slices.Contains(a.scopes, ScopeOpenID):
		return nil, refuseBearer(http.StatusForbidden, ErrInsufficientScope, "Missing required scope")
	}
	if err := s.presented(c, a, text, dpop); err != nil {
		return nil, err
	}
	out := profile(a.user, s.subject(a.user.ID, a.client), a.scopes)
	if s.UserInfoClaims != nil {
		shown, err := s.describe(c, a)
		if err != nil {
			return nil, err
		}
		own, err := s.UserInfoClaims(c, TokenAsk{User: a.user, ClientID: a.clientID, Scopes: a.scopes, Metadata: a.client.Metadata, Claims: shown.AppendJSON(nil)})
		if err != nil {
			return nil, err
		}
		if err := add(out, own, "sub"); err != nil {
			return nil, err
		}
	}
	return &Claims{out}, nil
}
