package oauthserver

import (
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// TokenQuestion is the form of introspection and revocation.
type TokenQuestion struct {
	ClientID      *string `json:"client_id" doc:"Id of the client, without the Authorization header"`
	ClientSecret  *string `json:"client_secret" doc:"Secret of the client, without the Authorization header"`
	Token         *string `json:"token" doc:"An access token or a refresh token"`
	AssertionType *string `json:"client_assertion_type" doc:"urn:ietf:params:oauth:client-assertion-type:jwt-bearer, where clients have keys"`
	Assertion     *string `json:"client_assertion" doc:"A token that the client has signed, in place of a secret"`
	Hint          *string `json:"token_type_hint" doc:"access_token or refresh_token; any other value is ignored"`
}

func (q *TokenQuestion) token() string {
	token := text(q.Token)
	if scheme, rest, ok := strings.Cut(token, " "); ok && strings.EqualFold(scheme, "Bearer") {
		return rest
	}
	return token
}

var inactive = wire.NewObject(wire.Member{Name: "active", Value: wire.Bool(false)})

// Introspect tells a client about a token of its own (RFC 7662). Of any other token it learns
// that it is not active, and nothing else.
func (s *Server) Introspect(c *core.Ctx, in *TokenQuestion) (*Claims, error) {
	k, err := s.credentials(c, in.ClientID, in.ClientSecret, in.Assertion, in.AssertionType)
	if err != nil {
		return nil, err
	}
	if k.ID == "" || k.Secret == "" && k.assertion == "" {
		return nil, Fail(http.StatusUnauthorized, ErrInvalidClient, "missing required credentials")
	}
	client, err := s.Authenticate(c, k, true)
	if err != nil {
		return nil, err
	}
	token := in.token()
	if token == "" {
		return nil, Refuse(ErrInvalidRequest, "missing a required token for introspection")
	}
	if text(in.Hint) != kindRefresh {
		out, err := s.introspectAccess(c, token, client)
		if out != nil || err != nil {
			return out, err
		}
	}
	out, err := s.introspectRefresh(c, token, client)
	if out != nil || err != nil {
		return out, err
	}
	if text(in.Hint) == kindRefresh { // a hint may be wrong (RFC 7662 2.1)
		if out, err = s.introspectAccess(c, token, client); out != nil || err != nil {
			return out, err
		}
	}
	return &Claims{inactive}, nil
}

func (s *Server) introspectAccess(c *core.Ctx, token string, client *Client) (*Claims, error) {
	a, err := s.checkAccess(c, token)
	if err != nil || a == nil || a.clientID != client.ID {
		return nil, err
	}
	o, err := s.describe(c, a)
	if err != nil {
		return nil, err
	}
	if a.userID != "" {
		o.Set("sub", wire.String(s.subject(a.userID, client)))
	}
	return &Claims{o}, nil
}

// describe lists the claims of an access token, the same for both kinds.
func (s *Server) describe(c *core.Ctx, a *access) (*wire.Object, error) {
	if a.claims != nil {
		o := wire.NewObject(a.claims.Members()...)
		if a.sessionID == "" {
			o.Delete("sid")
		}
		o.Delete(claimHandle)
		o.Set("client_id", wire.String(a.clientID))
		o.Set("active", wire.Bool(true))
		if a.thumbprint != "" {
			o.Set("token_type", wire.String(typeDPoP))
		}
		return o, nil
	}
	o := wire.NewObject()
	if s.AccessClaims != nil {
		own, err := s.AccessClaims(c, TokenAsk{
			User: a.user, ClientID: a.clientID, Scopes: a.scopes, Resources: a.opaque.Resources, ReferenceID: a.opaque.RefID, Metadata: a.client.Metadata,
		})
		if err != nil {
			return nil, err
		}
		if err := add(o, own, "sub", "sid", "nbf", "jti", "cnf", "aud"); err != nil {
			return nil, err
		}
	}
	o.Set("active", wire.Bool(true))
	o.Set("iss", wire.String(s.Issuer(c)))
	o.Set("client_id", wire.String(a.clientID))
	if a.user != nil {
		o.Set("sub", wire.String(a.user.ID))
	}
	if a.sessionID != "" {
		o.Set("sid", wire.String(a.sessionID))
	}
	o.Set("exp", wire.Int(a.opaque.ExpiresAt.Unix()))
	o.Set("iat", wire.Int(a.opaque.CreatedAt.Unix()))
	o.Set("scope", wire.String(strings.Join(a.scopes, " ")))
	if a.thumbprint != "" {
		o.Set("cnf", confirmation(a.thumbprint))
		o.Set("token_type", wire.String(typeDPoP))
	}
	return o, nil
}

func (s *Server) introspectRefresh(c *core.Ctx, token string, client *Client) (*Claims, error) {
	row, err := s.findRefresh(c, token)
	if err != nil || !s.refreshActive(row, client) {
		return nil, err
	}
	user, err := s.user(c, row.UserID)
	if err != nil || user == nil {
		return nil, err
	}
	session, err := s.session(c, row.SessionID)
	if err != nil {
		return nil, err
	}
	o := wire.NewObject(
		wire.Member{Name: "active", Value: wire.Bool(true)},
		wire.Member{Name: "client_id", Value: wire.String(client.ID)},
		wire.Member{Name: "iss", Value: wire.String(s.Issuer(c))},
		wire.Member{Name: "sub", Value: wire.String(s.subject(user.ID, client))},
	)
	if session != nil {
		o.Set("sid", wire.String(row.SessionID))
	}
	o.Set("exp", wire.Int(row.ExpiresAt.Unix()))
	o.Set("iat", wire.Int(row.CreatedAt.Unix()))
	o.Set("scope", wire.String(strings.Join(row.Scopes, " ")))
	return &Claims{o}, nil
}
