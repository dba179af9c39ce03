package oauthserver

import (
	"slices"
	"time"

	"github.com/advantch/kernia-go/core"
)

// Bearer is what a valid access token says: who acts for whom, and where.
type Bearer struct {
	ClientID, UserID, SessionID string // UserID and SessionID may be ""
	Scopes                      []string
	Resources                   []string // that the token is for (RFC 8707); nil: it names none
	ExpiresAt                   time.Time
	User                        *core.User // nil: the client itself
}

// Has reports whether the token has a scope.
func (b *Bearer) Has(scope string) bool { return slices.Contains(b.Scopes, scope) }

// For reports whether the token is for a resource, among others.
func (b *Bearer) For(resource string) bool {
	normal, ok := normalResource(resource)
	return ok && within(normal, b.Resources)
}

// Bearers checks access tokens for routes of the application: a plugin that is a server.
type Bearers interface {
	core.Plugin
	// CheckBearer returns nil for a token that is not, or no longer, valid, and for one that is
	// bound to a key.
	CheckBearer(c *core.Ctx, token string) (*Bearer, error)
	// ServerIssuer is that of the server, and ServerScopes are those that it may grant.
	ServerIssuer(c *core.Ctx) string
	ServerScopes() []string
	// IssuesFor reports whether clients may ask for tokens for a resource.
	IssuesFor(resource string) bool
}

// IssuesFor reports whether a resource is one of Config.Audiences.
func (s *Server) IssuesFor(resource string) bool {
	normal, ok := normalResource(resource)
	return ok && within(normal, s.Audiences)
}

// Bearer checks an access token that comes without a proof: one that is bound to a key is not
// valid so (RFC 9449 7.1).
func (s *Server) Bearer(c *core.Ctx, text string) (*Bearer, error) {
	if text == "" || len(text) > maxToken {
		return nil, nil
	}
	a, err := s.checkAccess(c, text)
	if a == nil || err != nil || a.thumbprint != "" {
		return nil, err
	}
	b := &Bearer{ClientID: a.clientID, UserID: a.userID, SessionID: a.sessionID, Scopes: a.scopes, User: a.user}
	if a.opaque != nil {
		b.Resources, b.ExpiresAt = a.opaque.Resources, a.opaque.ExpiresAt
		return b, nil
	}
	t := token{claims: a.claims}
	b.Resources, b.ExpiresAt = t.audience(), t.expires()
	return b, nil
}
