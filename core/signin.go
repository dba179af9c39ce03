package core

import (
	"context"
	"errors"
)

// SignIn says how a user proved to be one. Every sign-in method, of the core and of
// plugins, ends in Ctx.SignIn, so that what guards a sign-in guards all of them.
type SignIn struct {
	Method string // for example "email"; names the first factor
	Forget bool   // rememberMe false
	Extra  Extra  // added fields of the session; default DefaultFields
	// KeepForget leaves the dont_remember cookie's say when the method has none of
	// its own, as links in mails do.
	KeepForget bool
	// Confirm runs in the transaction that makes the session; an error undoes it and
	// refuses the sign-in. What was checked before, such as a password, may have
	// changed since.
	Confirm func(ctx context.Context) error
}

// errReplied unwinds a handler after a sign-in gate has answered in its place.
var errReplied = errors.New("core: a sign-in gate has replied")

// SignIn signs a user in: it asks the gates of plugins (Manifest.SignInGate), makes
// a session, ends the one that the same user's request came with, and sets the
// cookies. ctx is c itself or the context of a transaction; cookies and event then
// wait for its commit. A gate may refuse with an error, or hold the sign-in up with
// c.Reply: no session exists then, Replied reports it, and the error that SignIn
// returns must be returned by the handler as it is. A session that a store hook
// gave up is ErrAbort.
func (c *Ctx) SignIn(ctx context.Context, u *User, s SignIn) (*SessionData, error) {
	a := c.Auth
	for _, gate := range a.gates {
		if err := gate(c, u, &s); err != nil {
			return nil, err
		}
		if c.replied {
			return nil, errReplied
		}
	}
	if s.Extra == nil {
		s.Extra = a.DefaultFields(ModelSession)
	}
	previous, _ := c.SignedCookie(c.base.cookies.SessionToken.Name)
	var row *Session
	err := a.store.Tx(ctx, func(ctx context.Context) error {
		var err error
		if row, err = a.store.CreateSession(ctx, NewSession{UserID: u.ID, Forget: s.Forget, Extra: s.Extra}); err != nil {
			return err
		}
		// After the session, which locks the user by its foreign key: every transaction
		// that locks both takes the user first, so that none waits for the other.
		if s.Confirm != nil {
			if err := s.Confirm(ctx); err != nil {
				return err
			}
		}
		return a.store.endPrevious(ctx, previous, u.ID)
	})
	if err != nil {
		return nil, err
	}
	data := &SessionData{Session: *row, User: *u}
	return data, AfterCommit(ctx, func(context.Context) error {
		forget := &s.Forget
		if s.KeepForget {
			forget = nil
		}
		if err := c.SetSession(data, forget); err != nil {
			return err
		}
		c.session, c.sessionLoaded = data, true
		c.Emit(Event{Type: EventSignIn, UserID: u.ID, SessionID: row.ID})
		return nil
	})
}

// Replied reports that a gate has answered in the handler's place.
func (c *Ctx) Replied() bool { return c.replied }

// endPrevious ends the session that a user signs in anew with (ASVS 7.2.4). That
// of another user stays: several accounts may be signed in in one browser.
func (s *Store) endPrevious(ctx context.Context, token, userID string) error {
	if token == "" {
		return nil
	}
	data, err := s.FindSession(ctx, token)
	if isNotFound(err) {
		return nil
	}
	if err != nil || data.Session.UserID != userID {
		return err
	}
	return s.DeleteSession(ctx, token)
}
