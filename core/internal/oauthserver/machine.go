package oauthserver

import (
	"context"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
)

// machine issues a token to a client for itself (RFC 6749 4.4).
func (s *Server) machine(c *core.Ctx, client *Client, in *TokenInput) (*TokenReply, error) {
	if refused := s.binding(client, "", in); refused != nil {
		return nil, refused
	}
	ofUsers := []string{ScopeOpenID, ScopeProfile, ScopeEmail, ScopeOffline}
	if len(text(in.Scope)) > maxScope {
		return nil, Refuse(ErrInvalidScope, errLongScope)
	}
	scopes := split(text(in.Scope))
	switch {
	case len(scopes) > 0:
		allowed := client.Scopes
		if allowed == nil {
			allowed = s.Scopes
		}
		bad := slices.DeleteFunc(slices.Clone(scopes), func(one string) bool {
			return slices.Contains(allowed, one) && !slices.Contains(ofUsers, one)
		})
		if len(bad) > 0 {
			return nil, Refuse(ErrInvalidScope, "The following scopes are invalid: "+printable(strings.Join(bad, ", ")))
		}
	case client.Scopes != nil:
		scopes = client.Scopes
	case s.MachineScopes != nil:
		scopes = s.MachineScopes
	default:
		scopes = s.Scopes
	}
	// A client has no profile and no session: what is about users does not belong to its token.
	scopes = beyond(scopes, ofUsers)
	resources, err := s.resources(c, in.resources(), nil, scopes)
	if err != nil {
		return nil, err
	}
	made, err := s.prepare(c, &grant{kind: GrantCredentials, client: client, scopes: scopes, resources: resources, thumbprint: in.thumbprint})
	if err != nil {
		return nil, err
	}
	if err := c.Recorded(func(ctx context.Context) error { return made.store(ctx, c, s) }); err != nil {
		return nil, err
	}
	return s.finish(c, made)
}
