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
	// MultiFactor says that the user has proven two factors already, as with a passkey
	// that verified its user, or in the second step of a sign-in that was held up. A
	// gate that asks for a second factor lets it pass.
	MultiFactor bool
	// Redirect is where the handler leads the browser after the sign-in; "" when it
	// answers with JSON. A gate that holds such a sign-in up answers with a redirect too.
	Redirect string
	// Confirm runs in the transaction that makes the session, or that holds the sign-in
	// up; an error undoes it and refuses the sign-in. What was checked before, such as
	// a password, may have changed since.
	Confirm func(ctx context.Context) error

	then []func(ctx context.Context) error
}

// Then lets a gate add to the answer, for example a cookie, when the user has been
// signed in and the session cookies are set. Without a session it is not called.
func (s *SignIn) Then(fn func(ctx context.Context) error) { s.then = append(s.then, fn) }

// errReplied unwinds a handler after a sign-in gate has answered in its place.
var errReplied = errors.New("core: a sign-in gate has replied")

// SignIn signs a user in. In one transaction it asks the gates of plugins
// (Manifest.SignInGate), makes a session and ends the one that the same user's
// request came with; then it sets the cookies. ctx is c itself or the context of a
// transaction; cookies and event then wait for its commit. A gate may refuse with an
// error, or hold the sign-in up with HoldSignIn: no session exists then, Replied
// reports it, and the error that SignIn returns must be returned by the handler as
// it is. A session that a store hook gave up is ErrAbort.
func (c *Ctx) SignIn(ctx context.Context, u *User, s SignIn) (*SessionData, error) {
	a := c.Auth
	var row *Session
	var asked SignIn // s as the gates leave it
	err := a.store.Tx(ctx, func(ctx context.Context) error {
		c.replied, asked = false, s // a database may run this again
		for _, gate := range a.gates {
			if err := gate(ctx, c, u, &asked); err != nil {
				c.replied = false
				return err
			}
			if c.replied {
				return nil
			}
		}
		if asked.Extra == nil {
			asked.Extra = a.DefaultFields(ModelSession)
		}
		var err error
		if row, err = a.store.CreateSession(ctx, NewSession{UserID: u.ID, Forget: asked.Forget, Extra: asked.Extra}); err != nil {
			return err
		}
		// After the session, which locks the user by its foreign key: every transaction
		// that locks both takes the user first, so that none waits for the other.
		if asked.Confirm != nil {
			if err := asked.Confirm(ctx); err != nil {
				return err
			}
		}
		return a.store.endPrevious(ctx, c.previousToken(), u.ID)
	})
	if err != nil {
		return nil, err
	}
	if c.replied {
		return nil, errReplied
	}
	data := &SessionData{Session: *row, User: *u}
	return data, AfterCommit(ctx, func(ctx context.Context) error {
		forget := &asked.Forget
		if asked.KeepForget {
			forget = nil
		}
		if err := c.SetSession(data, forget); err != nil {
			return err
		}
		c.session, c.sessionLoaded = data, true
		c.Emit(Event{Type: EventSignIn, UserID: u.ID, SessionID: row.ID})
		for _, then := range asked.then {
			if err := then(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

func (c *Ctx) previousToken() string {
	token, _ := c.SignedCookie(c.base.cookies.SessionToken.Name)
	return token
}

// HoldSignIn lets a gate answer a sign-in with v, as Reply does, until the user has
// done something more. What the method wants confirmed is confirmed now. As after a
// sign-in, the session of the same user that the request came with ends; the browser
// loses its session cookies, and keeps in dont_remember what the user said of being
// remembered, for Forgets to tell in the step that completes the sign-in.
func (c *Ctx) HoldSignIn(ctx context.Context, u *User, s *SignIn, v any) error {
	store := c.Auth.store
	if s.Confirm != nil {
		if err := store.LockUser(ctx, u.ID); err != nil {
			return err
		}
		if err := s.Confirm(ctx); err != nil {
			return err
		}
	}
	if err := store.endPrevious(ctx, c.previousToken(), u.ID); err != nil {
		return err
	}
	c.Reply(v)
	return AfterCommit(ctx, func(context.Context) error {
		if s.Forget {
			c.SetSignedCookie(c.base.cookies.Forget, "true")
		}
		c.dropSession()
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
