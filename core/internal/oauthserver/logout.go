package oauthserver

import (
	"context"
	"net/http"
	"slices"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/wire"
)

// LogoutInput is a request of a client to log a user out.
type LogoutInput struct{ Hint, ClientID, RedirectURI, State string }

// Logout ends the session that an id_token names (OpenID Connect RP-Initiated Logout). It returns
// where the browser goes, or "". Nothing is sent anywhere, and no session ends, unless the
// token is of this server.
func (s *Server) Logout(c *core.Ctx, in LogoutInput) (string, error) {
	if in.Hint == "" {
		return "", Refuse(ErrInvalidRequest, "id_token_hint is required")
	}
	var client *Client
	var err error
	if in.ClientID != "" {
		if client, err = s.logoutClient(c, in.ClientID); err != nil {
			return "", err
		}
	}
	hint := in.Hint
	if s.Keys == nil && client == nil {
		return "", Refuse(ErrInvalidRequest, "client_id is required")
	}
	t, err := s.hint(c, hint, client)
	if err != nil {
		return "", err
	}
	if t == nil {
		return "", Fail(http.StatusUnauthorized, ErrInvalidToken, "invalid id token")
	}
	if client == nil {
		id := t.text("azp")
		if all := t.audience(); id == "" && len(all) == 1 {
			id = all[0]
		}
		if client, err = s.logoutClient(c, id); err != nil {
			return "", err
		}
	}
	if !slices.Contains(t.audience(), client.ID) {
		return "", Refuse(ErrInvalidRequest, "audience mismatch")
	}
	sid := t.text("sid")
	if sid == "" {
		return "", Refuse(ErrInvalidRequest, "id token missing session")
	}
	if handle := t.text(claimHandle); handle != "" {
		var ok bool
		if _, sid, ok = s.openHandle(handle); !ok {
			return "", Fail(http.StatusUnauthorized, ErrInvalidToken, "invalid id token")
		}
	}
	session, err := s.session(c, sid)
	if err != nil {
		return "", err
	}
	switch {
	case session != nil:
		if s.subject(session.User.ID, client) != t.text("sub") {
			return "", Refuse(ErrInvalidRequest, "the id token does not belong to its session")
		}
		err := c.Recorded(func(ctx context.Context) error {
			if err := s.auth.Store().DeleteSession(ctx, session.Session.Token); err != nil {
				return err
			}
			return c.EmitIn(ctx, core.Event{Type: core.EventSignOut, UserID: session.User.ID, SessionID: sid})
		})
		if err != nil {
			return "", err
		}
		if own, err := c.StoredSession(); err == nil && (own == nil || own.Session.ID == sid) {
			c.EndSession()
		}
	case !t.expires().After(s.auth.Now()):
		// An old token is good for a session that is still there, and for nothing else.
		return "", Fail(http.StatusUnauthorized, ErrInvalidToken, "the id token has expired")
	}
	if in.RedirectURI == "" {
		return "", nil
	}
	if !slices.Contains(client.PostLogoutURIs, in.RedirectURI) {
		return "", nil
	}
	if in.State == "" {
		return wire.SetSearchParams(in.RedirectURI), nil
	}
	return wire.SetSearchParams(in.RedirectURI, [2]string{"state", in.State}), nil
}

func (s *Server) logoutClient(c *core.Ctx, id string) (*Client, error) {
	client, err := s.find(c, id)
	switch {
	case err != nil:
		return nil, err
	case client == nil:
		return nil, Refuse(ErrInvalidClient, "client doesn't exist")
	case client.Disabled:
		return nil, Refuse(ErrInvalidClient, "client is disabled")
	case !client.EndSession:
		return nil, Fail(http.StatusUnauthorized, ErrInvalidClient, "client unable to logout")
	}
	return client, nil
}
