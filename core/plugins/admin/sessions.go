package admin

import (
	"context"
	"net/http"

	"github.com/advantch/kernia-go/core"
)

// SessionsReply is {"sessions":[…]}.
type SessionsReply struct {
	Sessions []*core.Session `json:"sessions"`
}

func (p *Plugin) listUserSessions(c *core.Ctx, in *UserInput) (SessionsReply, error) {
	n := needs("session", "list", CodeNotAllowedToListUsersSessions)
	// The tokens of the sessions are part of the answer: whoever has them is the user.
	if _, err := p.reach(c, n, in.UserID); err != nil {
		return SessionsReply{}, err
	}
	rows, err := p.auth.Store().ListSessions(c, in.UserID)
	if rows == nil {
		rows = []*core.Session{}
	}
	return SessionsReply{rows}, err
}

// reach returns a user whom the caller has power over.
func (p *Plugin) reach(c *core.Ctx, n permission, userID string) (*core.User, error) {
	caller, err := p.allow(c, n)
	if err != nil {
		return nil, err
	}
	u, err := p.auth.Store().FindUser(c, userID)
	if core.IsNotFound(err) {
		return nil, core.Fail(http.StatusNotFound, core.CodeUserNotFound)
	}
	if err == nil && p.above(caller, u) {
		err = n.refuse()
	}
	return u, err
}

// RevokeSessionInput names a session by its token.
type RevokeSessionInput struct {
	SessionToken string `json:"sessionToken" doc:"Token of the session"`
}

func (p *Plugin) revokeUserSession(c *core.Ctx, in *RevokeSessionInput) (core.SuccessReply, error) {
	n := needs("session", "revoke", CodeNotAllowedToRevokeSessions)
	caller, err := p.allow(c, n)
	if err != nil {
		return core.SuccessReply{}, err
	}
	data, err := p.auth.Store().FindSession(c, in.SessionToken)
	if core.IsNotFound(err) { // or the session of a banned user, which ends all the same
		return core.SuccessReply{Success: true}, p.auth.Store().DeleteSession(c, in.SessionToken)
	}
	if err != nil {
		return core.SuccessReply{}, err
	}
	if p.above(caller, &data.User) {
		return core.SuccessReply{}, n.refuse()
	}
	err = c.Recorded(func(ctx context.Context) error {
		if err := p.auth.Store().DeleteSession(ctx, in.SessionToken); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: EventSessionRevoked, UserID: data.User.ID, SessionID: data.Session.ID})
	})
	return core.SuccessReply{Success: err == nil}, err
}

func (p *Plugin) revokeUserSessions(c *core.Ctx, in *UserInput) (core.SuccessReply, error) {
	err := p.apply(c, in.UserID, change{
		permission: needs("session", "revoke", CodeNotAllowedToRevokeSessions),
		events:     one(EventSessionsRevoked),
		run: func(ctx context.Context, _, target *core.User) error {
			return p.auth.Store().DeleteSessions(ctx, target.ID)
		},
	})
	if core.HasCode(err, core.CodeUserNotFound) {
		return core.SuccessReply{Success: true}, nil // nobody has a session, as Better Auth says
	}
	if err != nil {
		return core.SuccessReply{}, err
	}
	return core.SuccessReply{Success: true}, nil
}
