package oauthserver

import (
	"context"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
)

// Revoke ends a token of a client (RFC 7009). A token of another client stays, and the answer
// is the same. A JSON Web Token cannot be revoked; it ends with its session.
func (s *Server) Revoke(c *core.Ctx, in *TokenQuestion) error {
	k, err := s.credentials(c, in.ClientID, in.ClientSecret, in.Assertion, in.AssertionType)
	if err != nil {
		return err
	}
	if k.ID == "" {
		return Fail(http.StatusUnauthorized, ErrInvalidClient, "missing required credentials")
	}
	client, err := s.Authenticate(c, k, false)
	if err != nil {
		return err
	}
	token := in.token()
	if token == "" {
		return Refuse(ErrInvalidRequest, "missing a required token for revocation")
	}
	// The hint only says where to look first (RFC 7009 2.1).
	if opaque, ok := strings.CutPrefix(token, s.AccessPrefix); ok && opaque != "" {
		stored, err := s.stored(c, opaque, kindAccess)
		if err != nil {
			return err
		}
		row, err := s.Grants.FindAccess(c, stored)
		switch {
		case core.IsNotFound(err):
		case err != nil:
			return err
		case row.Hash == stored:
			if row.ClientID != client.ID {
				return nil
			}
			return s.Grants.DeleteAccess(c, stored)
		}
	}
	row, err := s.findRefresh(c, token)
	if err != nil || row == nil || row.ClientID != client.ID {
		return err
	}
	if !row.RevokedAt.IsZero() {
		return s.reused(c, row, nil)
	}
	return s.auth.Store().Tx(c, func(ctx context.Context) error {
		if err := s.auth.Store().LockUser(ctx, row.UserID); err != nil && !core.IsNotFound(err) {
			return err
		}
		if err := s.Grants.RevokeRefresh(ctx, row.ID, s.now()); err != nil {
			if core.IsNotFound(err) { // rotated meanwhile: end what it has become
				return s.Grants.DeleteFamily(ctx, row.ClientID, row.UserID)
			}
			return err
		}
		if row.CodeID != "" { // with the access tokens of earlier rotations
			return s.Grants.DeleteByCode(ctx, row.CodeID)
		}
		return s.Grants.DeleteAccessOf(ctx, row.ID)
	})
}
