package core

import (
	"context"
	"errors"
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
	EventAccountLinked      EventType = "account.linked"
	EventAccountUnlinked    EventType = "account.unlinked"
	EventRateLimited        EventType = "rate-limited"
	EventOriginRefused      EventType = "origin.refused"
)

// Event is one security event. It holds what an audit log needs and no secrets:
// ids, never tokens.
type Event struct {
	Type      EventType
	Time      time.Time
	UserID    string
	ActorID   string // the user who has done it, when that is not UserID: an administrator, or who impersonates UserID
	SessionID string // id of the session row, not its token
	IP        string
	UserAgent string
	Path      string // route below the base path
	Method    string // of sign-ins and failed ones: the way to sign in, as Ctx.SignInMethod names it; may be empty
	Code      string // error code of a failure
	Detail    string // what has changed, in the words of the plugin: names, never values
	Origin    string // the refused origin: scheme, host and port; empty when it is missing or malformed
}

// Emit reports a security event of this call. Fields that the call knows are
// filled in when they are empty.
func (c *Ctx) Emit(e Event) {
	tell, observe := c.auth.opts.OnEvent, c.auth.observer.Event
	if tell == nil && observe == nil {
		return
	}
	e.Time = c.auth.Now()
	if e.IP == "" {
		e.IP, _ = c.IP()
	}
	if e.UserAgent == "" && c.Req.Header != nil {
		e.UserAgent = c.Req.Header.Get("User-Agent")
	}
	if e.Path == "" {
		e.Path = c.Path()
	}
	if e.Method == "" {
		switch e.Type {
		case EventSignIn:
			e.Method = c.signInMethod
		case EventSignInFailed:
			e.Method = c.begunMethod
		}
	}
	if e.UserID == "" && c.session != nil {
		e.UserID, e.SessionID = c.session.User.ID, c.session.Session.ID
	}
	if e.ActorID == "" && c.session != nil {
		if e.ActorID = c.session.Session.Impersonator(); e.ActorID == "" && e.UserID != c.session.User.ID {
			e.ActorID = c.session.User.ID
		}
	}
	if observe != nil {
		observe(c, e)
	}
	if tell != nil {
		tell(c, e)
	}
}

func (a *Auth) logError(ctx context.Context, msg string, err error) {
	var rt *route
	if c, ok := CtxFrom(ctx); ok {
		rt = c.route
	}
	a.logAt(ctx, slog.LevelError, rt, msg, err)
}

// logAt logs a failure with the route it happened on, as declared: the path itself may
// hold a token. A client that has disconnected is no failure of the server.
func (a *Auth) logAt(ctx context.Context, level slog.Level, rt *route, msg string, err error) {
	gone := errors.Is(ctx.Err(), context.Canceled)
	if gone {
		level, msg = slog.LevelDebug, msg+": the client has gone"
	}
	attrs := []slog.Attr{slog.String("error", err.Error())}
	if cause := slog.LogValuer(nil); errors.As(err, &cause) { // such as that of a request to another server
		attrs = append(attrs, slog.Any("cause", cause))
	}
	if rt != nil {
		attrs = append(attrs, slog.String("operation", rt.id), slog.String("route", rt.path))
	}
	a.log.LogAttrs(ctx, level, msg, attrs...)
	if !gone {
		a.report(ctx, err)
	}
}
