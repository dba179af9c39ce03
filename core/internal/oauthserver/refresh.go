package oauthserver

import (
	"context"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
)

// refresh exchanges a refresh token for new tokens, once. A token that comes again ends all
// tokens of the client for the user (RFC 9700 4.14).
func (s *Server) refresh(c *core.Ctx, client *Client, in *TokenInput) (*TokenReply, error) {
	if text(in.RefreshToken) == "" {
		return nil, Refuse(ErrInvalidRequest, "Missing a required refresh_token for refresh_token grant")
	}
	row, err := s.findRefresh(c, text(in.RefreshToken))
	if err != nil {
		return nil, err
	}
	invalid := Refuse(ErrInvalidGrant, "invalid refresh token")
	switch {
	case row == nil:
		return nil, Refuse(ErrInvalidGrant, "session not found")
	case row.ClientID != client.ID:
		return nil, invalid
	case !row.RevokedAt.IsZero():
		return nil, s.reused(c, row, invalid)
	case !row.ExpiresAt.After(s.auth.Now()):
		return nil, invalid
	}
	if refused := s.binding(client, row.Thumbprint, in); refused != nil {
		return nil, refused
	}
	scopes := row.Scopes
	if len(text(in.Scope)) > maxScope {
		return nil, Refuse(ErrInvalidScope, errLongScope)
	}
	if asked := split(text(in.Scope)); len(asked) > 0 {
		if bad := beyond(asked, row.Scopes); len(bad) > 0 {
			return nil, Refuse(ErrInvalidScope, "unable to issue scope "+printable(bad[0]))
		}
		scopes = asked
	}
	if bad, ok := client.allows(scopes); !ok {
		return nil, Refuse(ErrInvalidScope, "client does not allow scope "+printable(bad))
	}
	resources, err := s.laterResources(c, in.resources(), row.Resources, scopes)
	if err != nil {
		return nil, err
	}
	user, err := s.user(c, row.UserID)
	if err != nil {
		return nil, err
	}
	if user == nil {
		return nil, Refuse(ErrInvalidGrant, "user not found")
	}
	made, err := s.prepare(c, &grant{
		kind: GrantRefresh, client: client, user: user, sessionID: row.SessionID, reference: row.RefID, codeID: row.CodeID,
		scopes: scopes, granted: row.Scopes, resources: resources, bound: row.Resources, authTime: row.AuthTime, previous: row, thumbprint: in.thumbprint,
	})
	if err != nil {
		return nil, err
	}
	err = s.auth.Store().Tx(c, func(ctx context.Context) error {
		// Rotations and the end of a family take turns, so that no token is made behind it.
		if err := s.auth.Store().LockUser(ctx, user.ID); err != nil {
			return err
		}
		if err := s.Grants.RevokeRefresh(ctx, row.ID, made.iat); err != nil {
			return err
		}
		return made.store(ctx, c, s)
	})
	if core.IsNotFound(err) { // another request has taken it, or the user is gone
		return nil, invalid
	}
	if err != nil {
		return nil, err
	}
	return s.finish(c, made)
}

// findRefresh finds a refresh token, revoked or not, or nil.
func (s *Server) findRefresh(ctx context.Context, token string) (*RefreshToken, error) {
	token, ok := strings.CutPrefix(token, s.RefreshPrefix)
	if !ok || token == "" {
		return nil, nil
	}
	if s.OpenRefresh != nil {
		var err error
		if token, err = s.OpenRefresh(ctx, token); err != nil || token == "" {
			return nil, nil
		}
	}
	stored, err := s.stored(ctx, token, kindRefresh)
	if err != nil {
		return nil, err
	}
	row, err := s.Grants.FindRefresh(ctx, stored)
	if core.IsNotFound(err) || err == nil && row.Hash != stored { // a database may ignore case
		return nil, nil
	}
	return row, err
}

// reused ends the family of a token that has come again.
func (s *Server) reused(c *core.Ctx, row *RefreshToken, answer error) error {
	err := s.auth.Store().Tx(c, func(ctx context.Context) error {
		if err := s.auth.Store().LockUser(ctx, row.UserID); err != nil && !core.IsNotFound(err) {
			return err
		}
		if err := s.Grants.DeleteFamily(ctx, row.ClientID, row.UserID); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: EventReused, UserID: row.UserID})
	})
	if err != nil {
		return err
	}
	return answer
}

func (s *Server) refreshActive(row *RefreshToken, client *Client) bool {
	return row != nil && row.ClientID == client.ID && row.RevokedAt.IsZero() && row.ExpiresAt.After(s.auth.Now()) && slices.Contains(s.GrantTypes, GrantRefresh)
}
