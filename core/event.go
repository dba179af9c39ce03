package core

import (
	"context"
	"log/slog"
	"time"
)

// EventType names a security event.
type EventType string

// The security events of the core. Plugins add their own.
const (
	EventSignUp             EventType = "sign-up"
	EventSignIn             EventType = "sign-in"
	EventSignInFailed       EventType = "sign-in.failed"
	EventSignOut            EventType = "sign-out"
	EventSessionRevoked     EventType = "session.revoked"
	EventSessionsRevoked    EventType = "sessions.revoked"
	EventPasswordChanged    EventType = "password.changed"
	EventPasswordReset      EventType = "password.reset"
	EventPasswordResetAsked EventType = "password.reset-requested"
	EventPasswordRehashed   EventType = "password.rehashed"
	EventEmailVerified      EventType = "email.verified"
	EventEmailChanged       EventType = "email.changed"
	EventUserUpdated        EventType = "user.updated"
	EventUserDeleted        EventType = "user.deleted"
	EventAccountUnlinked    EventType = "account.unlinked"
	EventRateLimited        EventType = "rate-limited"
	EventOriginRefused      EventType = "origin.refused"
)

// Event is one security event, with what an audit log needs and no secrets:
// ids, never tokens.
type Event struct {
	Type      EventType
	Time      time.Time
	UserID    string
	SessionID string // id of the session row, not its token
	IP        string
	UserAgent string
	Path      string // route below the base path
	Code      string // error code of a failure
}

// Emit reports a security event of this call. Fields that the call knows are
// filled in when they are empty.
func (c *Ctx) Emit(e Event) {
	if c.Auth.opts.OnEvent == nil {
		return
	}
	e.Time = c.Auth.Now()
	if e.IP == "" {
		e.IP, _ = c.IP()
	}
	if e.UserAgent == "" && c.Req.Header != nil {
		e.UserAgent = c.Req.Header.Get("User-Agent")
	}
	if e.Path == "" {
		e.Path = c.Path()
	}
	if e.UserID == "" && c.session != nil {
		e.UserID, e.SessionID = c.session.User.ID, c.session.Session.ID
	}
	c.Auth.opts.OnEvent(c, e)
}

func (a *Auth) logError(ctx context.Context, msg string, err error) {
	a.log.LogAttrs(ctx, slog.LevelError, msg, slog.String("error", err.Error()))
	a.report(ctx, err)
}
