package core

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/validate"
)

// GetSessionInput is the query of get-session.
type GetSessionInput struct {
	DisableCookieCache *bool `query:"disableCookieCache" zod:"coerce" doc:"Read the session from the store, not from the cookie cache"`
	DisableRefresh     *bool `query:"disableRefresh" zod:"coerce" doc:"Do not extend the session"`
}

// SessionReply is the answer of get-session: {"session":…,"user":…}. A nil reply is
// null.
type SessionReply struct {
	auth         *Auth
	raw          []byte // session and user of a verified cookie cache, forwarded as they are
	mid          int    // where the session ends in raw
	data         *SessionData
	deferred     bool
	needsRefresh bool
}

// Data returns the session and user as typed rows.
func (r *SessionReply) Data() (*SessionData, error) {
	if r == nil {
		return nil, nil
	}
	if r.data == nil {
		data, err := r.auth.decodeCached(cached{
			Session: r.raw[len(replyHead):r.mid],
			User:    r.CachedUser(),
		})
		if err != nil {
			return nil, err
		}
		r.data = data
	}
	return r.data, nil
}

// CachedUser returns the user's JSON of a reply that a cookie cache has given, as the
// client gets it, or nil. It must not be changed. It costs nothing, where Data decodes.
func (r *SessionReply) CachedUser() []byte {
	if r == nil || r.raw == nil {
		return nil
	}
	return r.raw[r.mid+len(replyMid) : len(r.raw)-1]
}

// NeedsRefresh reports whether the session is due for a refresh by POST
// (DeferRefresh).
func (r *SessionReply) NeedsRefresh() bool { return r != nil && r.needsRefresh }

// AppendJSON appends the answer.
func (r *SessionReply) AppendJSON(dst []byte) []byte {
	if r == nil {
		return append(dst, "null"...)
	}
	if r.data == nil {
		if dst == nil {
			return r.raw // the buffer is not shared: callers only read it and it has no spare capacity
		}
		return append(dst, r.raw...)
	}
	const usual = 1024 // bytes of a session and its user, with room for fields of plugins
	dst = r.data.AppendJSON(slices.Grow(dst, usual))
	if r.deferred {
		dst = append(dst[:len(dst)-1], `,"needsRefresh":`...)
		dst = append(appendBool(dst, r.needsRefresh), '}')
	}
	return dst
}

func getSession(c *Ctx, in *GetSessionInput) (*SessionReply, error) {
	a := c.auth
	post := c.Req.Method == http.MethodPost
	if post && !a.opts.Session.DeferRefresh {
		return nil, Fail(http.StatusMethodNotAllowed, CodeDeferSessionRequired)
	}
	buf := scratchPool.Get().(*scratch)
	defer scratchPool.Put(buf)
	l, err := c.loadSession(load{
		noCache:   in.DisableCookieCache != nil && *in.DisableCookieCache,
		noRefresh: in.DisableRefresh != nil && *in.DisableRefresh,
		post:      post,
	}, buf)
	if err != nil {
		if e := asError(err); e.Status < 500 {
			return nil, e
		}
		failed := Fail(http.StatusInternalServerError, CodeFailedToGetSession)
		failed.Cause = err
		return nil, failed
	}
	if !l.found {
		return nil, nil
	}
	if l.data != nil {
		c.session, c.sessionLoaded, c.sessionStored = l.data, true, a.cfg.cacheRefresh == 0
		return &SessionReply{auth: a, data: l.data, deferred: l.deferred, needsRefresh: l.needsRefresh}, nil
	}
	if a.shapes.session.hidden || a.shapes.user.hidden {
		// A cache written under an earlier schema may hold fields that are hidden now.
		data, err := a.decodeCached(l.cache)
		if err != nil {
			return nil, internalError(err)
		}
		return &SessionReply{auth: a, data: data}, nil
	}
	return &SessionReply{auth: a, raw: joinReply(l.cache), mid: len(replyHead) + len(l.cache.Session)}, nil
}

const (
	replyHead = `{"session":`
	replyMid  = `,"user":`
)

// joinReply copies session and user out of the pooled buffers into the answer.
func joinReply(k cached) []byte {
	raw := make([]byte, 0, len(replyHead)+len(k.Session)+len(replyMid)+len(k.User)+1)
	raw = append(raw, replyHead...)
	raw = append(raw, k.Session...)
	raw = append(raw, replyMid...)
	raw = append(raw, k.User...)
	return append(raw, '}')
}

// GetSession returns the session of a request by its headers, as get-session does,
// or nil. Set-Cookie lines that a refresh needs are added to res, which may be nil.
func (a *Auth) GetSession(ctx context.Context, h Header, res *Response) (*SessionData, error) {
	opts := []CallOption{WithHeader(h)}
	if res != nil {
		opts = append(opts, Capture(res))
	}
	reply, err := a.API().GetSession.Call(ctx, &GetSessionInput{}, opts...)
	if err != nil {
		return nil, err
	}
	return reply.Data()
}

func signOut(c *Ctx, _ *NoInput) (SuccessReply, error) {
	token, err := c.callerToken()
	if err != nil {
		return SuccessReply{}, err
	}
	if err := c.disagreement(); err != nil {
		return SuccessReply{}, err // whom to sign out?
	}
	tokens := c.otherTokens
	if token != "" {
		tokens = append([]string{token}, tokens...)
	}
	if c.cookieBeside {
		// The cookie beside a header goes too, so its session must not stay behind.
		tokens = c.sessionTokens(tokens)
	}
	tokens = append(slices.Clip(tokens), c.alsoEnded...)
	if len(tokens) > 0 {
		if c.auth.heard() {
			_, _ = c.StoredSession() // for the event
		}
		atOnce := c.Recorded
		if len(c.alsoEnded) > 0 {
			atOnce = func(fn func(context.Context) error) error { return c.auth.store.Tx(c, fn) }
		}
		err := atOnce(func(ctx context.Context) error {
			for _, token := range tokens {
				if err := c.auth.store.DeleteSession(ctx, token); err != nil {
					return err
				}
			}
			return c.EmitIn(ctx, Event{Type: EventSignOut})
		})
		if err != nil {
			// A sign-out that leaves a session alive is no success.
			return SuccessReply{}, err
		}
	}
	c.EndSession()
	return SuccessReply{true}, nil
}

// EndAlso makes a sign-out end more sessions than the caller's: all of them, or none if it
// fails. Call it in a hook before /sign-out.
func (c *Ctx) EndAlso(tokens ...string) { c.alsoEnded = append(c.alsoEnded, tokens...) }

func listSessions(c *Ctx, _ *NoInput) ([]*Session, error) {
	rows, err := c.auth.store.ListSessions(c, c.Session().User.ID)
	if err != nil {
		return nil, err
	}
	if rows == nil {
		rows = []*Session{}
	}
	return rows, nil
}

// RevokeSessionInput names a session by its token.
type RevokeSessionInput struct {
	Token string `json:"token" doc:"Token of the session to revoke"`
}

func revokeSession(c *Ctx, in *RevokeSessionInput) (StatusReply, error) {
	store, userID := c.auth.store, c.Session().User.ID
	data, err := store.FindSession(c, in.Token)
	if isNotFound(err) {
		return StatusReply{true}, nil
	}
	if err != nil {
		return StatusReply{}, err
	}
	if data.Session.UserID == userID {
		err := c.Recorded(func(ctx context.Context) error {
			if err := store.DeleteSession(ctx, in.Token); err != nil {
				return err
			}
			return c.EmitIn(ctx, Event{Type: EventSessionRevoked, UserID: userID, SessionID: data.Session.ID})
		})
		if err != nil {
			return StatusReply{}, err
		}
	}
	return StatusReply{true}, nil
}

func revokeSessions(c *Ctx, _ *NoInput) (StatusReply, error) {
	userID := c.Session().User.ID
	err := c.Recorded(func(ctx context.Context) error {
		if err := c.auth.store.DeleteSessions(ctx, userID); err != nil {
			return err
		}
		return c.EmitIn(ctx, Event{Type: EventSessionsRevoked, UserID: userID, Detail: "all"})
	})
	return StatusReply{err == nil}, err
}

func revokeOtherSessions(c *Ctx, _ *NoInput) (StatusReply, error) {
	current := c.Session()
	err := c.Recorded(func(ctx context.Context) error {
		if err := c.auth.store.DeleteOtherSessions(ctx, current.User.ID, current.Session.Token); err != nil {
			return err
		}
		return c.EmitIn(ctx, Event{Type: EventSessionsRevoked, Detail: "others"})
	})
	return StatusReply{err == nil}, err
}

// UpdateSessionInput is any of the session's added fields.
type UpdateSessionInput struct {
	validate.Record
}

// UpdateSessionReply is {"session":…}.
type UpdateSessionReply struct {
	Session *Session `json:"session"`
}

func updateSession(c *Ctx, in *UpdateSessionInput) (UpdateSessionReply, error) {
	a, current := c.auth, c.Session()
	fields, err := a.ParseInput(ModelSession, in.Members, true)
	if err != nil {
		return UpdateSessionReply{}, err
	}
	if len(fields) == 0 {
		return UpdateSessionReply{}, FailText(http.StatusBadRequest, "No fields to update")
	}
	set := adapter.Record{"updatedAt": a.Now()}
	for k, v := range fields {
		set[k] = v
	}
	row, err := a.store.UpdateSession(c, current.Session.Token, set)
	switch {
	case errors.Is(err, ErrAbort):
		row = &current.Session // the hook kept the session as it was; Better Auth 1.6 answers as usual
	case isNotFound(err):
		return UpdateSessionReply{}, errUnauthorized
	case err != nil:
		return UpdateSessionReply{}, err
	}
	if err := c.Issue(&SessionData{Session: *row, User: current.User}, IssueOptions{}); err != nil {
		return UpdateSessionReply{}, err
	}
	return UpdateSessionReply{row}, nil
}
