package core

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
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
	Type           EventType
	Time           time.Time
	UserID         string
	ActorID        string // the user who has done it, when that is not UserID: an administrator, or who impersonates UserID
	OrganizationID string // the organization that it happened in
	SessionID      string // id of the session row, not its token
	SubjectID      string // id of the row that it is about, such as a passkey, an API key or an invitation
	IP             string
	UserAgent      string
	Path           string // route below the base path
	Method         string // of a sign-in, a failed one or a sign-up: the way, as Ctx.SignInMethod names it; of an account: its provider
	Code           string // error code of a failure
	Detail         string // what has changed, in the words of the plugin: names, never values
	Origin         string // the refused origin: scheme, host and port; empty when it is missing or malformed
}

// Emit reports a security event of this call that no transaction has written, or whose
// transaction has ended. Fields that the call knows are filled in when they are empty. When a
// plugin cannot record the event (Manifest.RecordEvent), the call answers with its error.
func (c *Ctx) Emit(e Event) {
	if err := c.EmitIn(c, e); err != nil && c.unrecorded == nil {
		c.unrecorded = err
	}
}

// EmitIn reports a security event of the transaction of ctx: call it in the transaction that
// makes it happen, and return its error. Recorders of plugins (Manifest.RecordEvent) run at
// the end of the transaction, and undo it when they fail. Everybody else is told after the
// commit, and not at all when there is none. Without a transaction all of them are called at
// once. Inside of a transaction, another ctx than its own is an error.
func (c *Ctx) EmitIn(ctx context.Context, e Event) error {
	if !c.auth.heard() {
		return nil
	}
	if err := c.auth.db.inTurn(ctx); err != nil {
		return err // of a transaction that is open here, whose ctx this is not
	}
	return c.emit(ctx, c.fill(e, c.session))
}

// EmitRefusal reports that the transaction of ctx is refused, for code that runs inside of it
// and whose error undoes it. Everybody is told when it has ended, committed or not.
func (c *Ctx) EmitRefusal(ctx context.Context, e Event) {
	q, inTx := queueOf(ctx)
	if !inTx || q.outer != nil {
		c.Emit(e)
		return
	}
	e = c.fill(e, c.session)
	q.ended = append(q.ended, func() { c.Emit(e) })
}

// Recorded runs what a handler does and reports by EmitIn, in a transaction if a plugin
// records events in one, so that both happen or none.
func (c *Ctx) Recorded(fn func(ctx context.Context) error) error {
	if len(c.auth.recorders) == 0 {
		return fn(c)
	}
	return c.auth.store.Tx(c, fn)
}

// fill completes an event of this call. The session is the caller's, or the one that a
// sign-in has just made.
func (c *Ctx) fill(e Event, session *SessionData) Event {
	if e.Time.IsZero() {
		e.Time = c.auth.Now()
	}
	if e.IP == "" {
		e.IP, _ = c.IP()
	}
	if e.UserAgent == "" && c.Req.Header != nil {
		e.UserAgent = c.Req.Header.Get("User-Agent")
	}
	if e.Path == "" && c.route != nil {
		e.Path = c.route.path // never the path of the request: it may hold a token
	}
	if e.Method == "" {
		switch e.Type {
		case EventSignIn:
			e.Method = c.signInMethod
		case EventSignInFailed:
			e.Method = c.begunMethod
		}
	}
	if e.UserID == "" && session != nil {
		e.UserID, e.SessionID = session.User.ID, session.Session.ID
	}
	if e.ActorID == "" && session != nil {
		if e.ActorID = session.Session.Impersonator(); e.ActorID == "" && e.UserID != session.User.ID {
			e.ActorID = session.User.ID
		}
	}
	return e
}

func (c *Ctx) emit(ctx context.Context, e Event) error {
	if err := c.record(ctx, e); err != nil {
		return err
	}
	return c.afterwards(ctx, e)
}

// record lets plugins write an event in its transaction.
func (c *Ctx) record(ctx context.Context, e Event) error {
	if len(c.auth.recorders) == 0 {
		return nil
	}
	return beforeCommit(ctx, func(ctx context.Context) error {
		for _, record := range c.auth.recorders {
			if err := record(ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// afterwards tells those who hear of an event after its transaction.
func (c *Ctx) afterwards(ctx context.Context, e Event) error {
	return AfterCommit(ctx, func(ctx context.Context) error {
		for _, tell := range c.auth.listeners {
			tell(ctx, e)
		}
		return nil
	})
}

// heard reports whether anybody hears of events.
func (a *Auth) heard() bool { return len(a.listeners) > 0 || len(a.recorders) > 0 }

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

// changedFields names the fields of a change, in order.
func changedFields(set adapter.Record) string {
	return strings.Join(slices.Sorted(maps.Keys(set)), " ")
}
