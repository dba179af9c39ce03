package oauthserver

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/advantch/kernia-go/core"
)

// Methods of client authentication (RFC 7591 2).
const (
	AuthNone  = "none"
	AuthBasic = "client_secret_basic"
	AuthPost  = "client_secret_post"
)

// Grant types.
const (
	GrantCode        = "authorization_code"
	GrantCredentials = "client_credentials"
	GrantRefresh     = "refresh_token"
)

// Client is a registered client, whatever table it is kept in.
type Client struct {
	ID               string
	Secret           string // as stored; "" for a public client
	SecretExpiresAt  time.Time
	Public           bool
	Disabled         bool
	SkipConsent      bool
	EndSession       bool // may log users out, and gets sid
	RequirePKCE      *bool
	Pairwise         bool
	Type             string   // "web", "native", "user-agent-based" or ""
	Scopes           []string // nil: all of the server
	RedirectURIs     []string
	PostLogoutURIs   []string
	AuthMethod       string   // "" accepts a secret by either way
	GrantTypes       []string // nil: authorization_code and what follows from it
	IDTokenAlgorithm string   // "" is the server's default
	Name, URI, Logo  string
	Terms, Policy    string
	Metadata         json.RawMessage
	KeySet           json.RawMessage // the client's own keys; nil: those at KeySetURL
	KeySetURL        string
	LogoutURI        string // is told when a session ends
	BoundTokens      bool   // all tokens are bound to a key
}

// public reports whether the client cannot keep a secret.
func (c *Client) public() bool {
	if c.AuthMethod == AuthKey {
		return false
	}
	return c.Public || c.AuthMethod == AuthNone || c.Type == "native" || c.Type == "user-agent-based"
}

// mayUse reports whether the client has registered a grant. A client that names none
// has the default of RFC 7591, and the refresh tokens that come with offline_access. Its own
// credentials it never has by default: whoever makes a client would choose what it does.
func (c *Client) mayUse(grant string) bool {
	if len(c.GrantTypes) == 0 {
		return grant != GrantCredentials
	}
	// Better Auth registers authorization_code alone by default and gives a refresh token to
	// whoever has the scope offline_access.
	return slices.Contains(c.GrantTypes, grant) || grant == GrantRefresh && slices.Contains(c.GrantTypes, GrantCode)
}

// allows reports the first scope that the client may not have.
func (c *Client) allows(scopes []string) (bad string, ok bool) {
	if c.Scopes == nil {
		return "", true
	}
	for _, s := range scopes {
		if !slices.Contains(c.Scopes, s) {
			return s, false
		}
	}
	return "", true
}

// Clients finds clients. "Not found" is core.ErrNotFound.
type Clients interface {
	FindClient(ctx context.Context, id string) (*Client, error)
}

// AccessToken is an opaque access token.
type AccessToken struct {
	Hash                               string
	ClientID, SessionID, UserID, RefID string
	RefreshID, CodeID                  string
	Scopes, Resources                  []string
	CreatedAt, ExpiresAt               time.Time
	Thumbprint                         string // of the key to which it is bound, or ""
}

// RefreshToken is a refresh token.
type RefreshToken struct {
	ID, Hash                           string
	ClientID, SessionID, UserID, RefID string
	CodeID                             string
	Scopes, Resources                  []string
	CreatedAt, ExpiresAt               time.Time
	RevokedAt, AuthTime                time.Time // zero: not
	Thumbprint                         string    // of the key to which it is bound, or ""
}

// Grants keeps tokens. "Not found" is core.ErrNotFound. All methods run in the transaction
// of their context.
type Grants interface {
	CreateAccess(ctx context.Context, t *AccessToken) error
	FindAccess(ctx context.Context, hash string) (*AccessToken, error)
	DeleteAccess(ctx context.Context, hash string) error
	CreateRefresh(ctx context.Context, t *RefreshToken) (id string, err error)
	FindRefresh(ctx context.Context, hash string) (*RefreshToken, error)
	// RevokeRefresh marks a token that is not yet revoked, in one statement. Otherwise it
	// fails with core.ErrNotFound.
	RevokeRefresh(ctx context.Context, id string, at time.Time) error
	// DeleteAccessOf removes the access tokens that belong to a refresh token.
	DeleteAccessOf(ctx context.Context, refreshID string) error
	// DeleteFamily removes all refresh tokens of a client for a user, with the access tokens
	// that belong to them.
	DeleteFamily(ctx context.Context, clientID, userID string) error
	// DeleteByCode removes all tokens that began with an authorization code.
	DeleteByCode(ctx context.Context, codeID string) error
}

// Consents keeps what users have agreed to.
type Consents interface {
	// FindConsent returns the scopes of a consent, or core.ErrNotFound.
	FindConsent(ctx context.Context, clientID, userID, referenceID string) (scopes []string, err error)
	// KeepConsent stores a consent in the place of an earlier one.
	KeepConsent(ctx context.Context, clientID, userID, referenceID string, scopes []string) error
}

// find returns a client that is there and enabled, or nil.
func (s *Server) find(ctx context.Context, id string) (*Client, error) {
	client, err := s.Clients.FindClient(ctx, id)
	if core.IsNotFound(err) {
		return nil, nil
	}
	return client, err
}
