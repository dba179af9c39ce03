package core

import (
	"cmp"
	"context"
	"errors"
	"time"
)

// SignIn describes how a user has authenticated. Every sign-in method, of the core
// and of plugins, ends in Ctx.SignIn, so that a guard of sign-ins applies to all of
// them.
type SignIn struct {
	Method string // for example "email"; names the first factor
	// First is the method of the first step, in the step that completes a held sign-in.
	First  string
	Forget bool  // rememberMe false
	Extra  Extra // added fields of the session; default DefaultFields
	// KeepForget uses the dont_remember cookie in place of Forget, for methods
	// that do not ask the user, such as links in mails.
	KeepForget bool
	// MultiFactor says that the user has already proven two factors: by a passkey with
	// user verification, or in the second step of a held sign-in. A gate that asks for
	// a second factor lets the sign-in pass.
	MultiFactor bool
	// Completes says that this is the second step of a held sign-in.
	Completes bool
	// Incidental says that nobody chose the method on a page: the sign-in follows from
	// something else, such as an address that a link has proven. It has no name
	// (Ctx.SignInMethod).
	Incidental bool
	// Detached says that the session is for another device than the caller's browser. No
	// cookies are set or removed, and the session that the request came with stays.
	Detached bool
	// Redirect is where the handler redirects the browser after the sign-in, or "" when
	// it answers with JSON. A gate that holds such a sign-in answers with a redirect
	// too.
	Redirect string
	// Confirm checks again, in the transaction that makes the session or holds the
	// sign-in, what may have changed since it was checked first, such as a password. An
	// error rolls the transaction back and refuses the sign-in.
	Confirm func(ctx context.Context) error

	// User is the user who signs in. Ctx.SignIn sets it, for gates.
	User *User
	// Incoming is the session that the request came with, of this or another user, and nil
	// without one. Ctx.SignIn sets it, for gates.
	Incoming *SessionData

	c    *Ctx
	made []func(ctx context.Context) error
	then []func(ctx context.Context) error
	held bool
	name string // of KeepMethod
}

// Call returns the call that signs the user in, for gates: its request and its answer.
// A gate reads and writes the database through its own context.
func (s *SignIn) Call() *Ctx { return s.c }

// Then lets a gate add to the answer, for example a cookie, after the user has
// been signed in and the session cookies are set. fn is not called when no session
// was made.
func (s *SignIn) Then(fn func(ctx context.Context) error) { s.then = append(s.then, fn) }

// Made lets a gate act in the transaction of the sign-in, once all gates have let it pass
// and the session is made. fn is not called when the sign-in is held. Its error refuses the
// sign-in.
func (s *SignIn) Made(fn func(ctx context.Context) error) { s.made = append(s.made, fn) }

// KeepMethod gives the second step the name of the method, for Ctx.SignInMethod, when another
// gate holds the sign-in. A signed cookie, "<prefix>.login_method", carries the name for ten
// minutes. A sign-in without cookies (Detached) keeps none.
func (s *SignIn) KeepMethod(name string) { s.name = name }

// keptMethod is the cookie of KeepMethod.
func (c *Ctx) keptMethod() Cookie { return c.NewCookie("login_method", 10*time.Minute) }

// SignInMethod names the way in which the call signs a user in, as a page shows it: "email",
// "magic-link", a provider's id. It is the SignIn.Method, or what SetSignInMethod has set
// before; in the second step of a held sign-in, what KeepMethod has kept in the first. It is
// "" when the call has signed nobody in, by an Incidental method, and in a second step for
// which nothing was kept.
func (c *Ctx) SignInMethod() string { return c.signInMethod }

// SetSignInMethod names the call's method before Ctx.SignIn is called, for hooks of the user
// who is made first. SignInOrUp does so itself.
func (c *Ctx) SetSignInMethod(name string) { c.signInMethod = name }

// nameMethod is the last word on SignInMethod.
func (c *Ctx) nameMethod(s *SignIn) {
	switch {
	case s.Completes:
		c.signInMethod, _ = c.SignedCookie(c.keptMethod().Name)
	case s.Incidental:
		c.signInMethod = ""
	case c.signInMethod == "":
		c.signInMethod = s.Method
	}
}

// Held reports whether a gate holds the sign-in. Gates ask in AfterCommit.
func (s *SignIn) Held() bool { return s.held }

// ErrHeld is the error of Ctx.SignIn when a gate has answered in the handler's place
// (SignIn.Hold): there is no session, and the handler returns the error as it is.
var ErrHeld = errors.New("core: a gate holds the sign-in up")

// SignIn signs a user in. In one transaction it calls the gates of plugins
// (Manifest.SignInGate), makes a session, and ends the session that the request came
// with if it is of the same user. Then it sets the cookies. It does neither when s is
// Detached. ctx is c itself, or the context of a transaction, for whose commit the
// cookies and the event then wait. A gate may refuse with an error, or hold the sign-in
// (ErrHeld). ErrAbort means that a store hook gave up the session.
func (c *Ctx) SignIn(ctx context.Context, u *User, s SignIn) (*SessionData, error) {
	a := c.auth
	previous, err := c.callerToken()
	if err != nil {
		return nil, err
	}
	s.User, s.c = u, c
	c.nameMethod(&s)
	var row *Session
	var came *SessionData
	var asked SignIn // s as the gates leave it
	var event Event
	err = a.store.Tx(ctx, func(ctx context.Context) error {
		c.replied, asked = false, s // a database may run this again
		var err error
		if came, err = a.store.incoming(ctx, previous); err != nil {
			return err
		}
		asked.Incoming = came
		if err := c.askMethods(ctx, asked.first()); err != nil {
			return err
		}
		for _, gate := range a.gates {
			if err := gate(ctx, &asked); err != nil {
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
		if row, err = a.store.CreateSession(ctx, NewSession{UserID: u.ID, Forget: asked.Forget, Extra: asked.Extra}); err != nil {
			return err
		}
		// Confirm runs after the session is made, which locks the user by its foreign
		// key. Every transaction that locks both locks the user first, so that none
		// deadlock.
		if asked.Confirm != nil {
			if err := asked.Confirm(ctx); err != nil {
				return err
			}
		}
		for _, made := range asked.made {
			if err := made(ctx); err != nil {
				return err
			}
		}
		if !asked.Detached {
			if err := a.store.endPrevious(ctx, came, u.ID); err != nil {
				return err
			}
		}
		if !a.heard() {
			return nil
		}
		event = c.fill(Event{Type: EventSignIn, UserID: u.ID, SessionID: row.ID, Method: c.signInMethod}, &SessionData{Session: *row, User: *u})
		return c.record(ctx, event)
	})
	if err != nil {
		return nil, err
	}
	if c.replied {
		return nil, ErrHeld
	}
	data := &SessionData{Session: *row, User: *u}
	return data, AfterCommit(ctx, func(ctx context.Context) error {
		forget := &asked.Forget
		if asked.KeepForget {
			forget = nil
		}
		if !asked.Detached {
			if !c.signedIn {
				c.signedIn, c.incoming = true, came
				if who, err := c.whoCalls(); err == nil && who.Session != nil {
					c.incoming = who.Session
				}
			}
			if err := c.Issue(data, IssueOptions{Forget: forget}); err != nil {
				return err
			}
			if asked.Completes && c.signInMethod != "" {
				c.ExpireCookie(c.keptMethod())
			}
		}
		if err := c.afterwards(ctx, event); err != nil {
			return err
		}
		for _, then := range asked.then {
			if err := then(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// Hold lets a gate answer a sign-in with v, as Ctx.Reply does, until the user has
// completed a further step. Confirm runs now. As after a sign-in, the session that the
// request came with ends if it is of the same user, and the session cookies are
// removed, unless the sign-in is Detached. The user's choice of being remembered stays
// in the dont_remember cookie, where Ctx.Forgets finds it in the step that completes the
// sign-in.
func (s *SignIn) Hold(ctx context.Context, v any) error {
	c, u := s.c, s.User
	store := c.auth.store
	if s.Confirm != nil {
		if err := store.LockUser(ctx, u.ID); err != nil {
			return err
		}
		if err := s.Confirm(ctx); err != nil {
			return err
		}
	}
	s.held = true
	if s.Detached {
		c.Reply(v)
		return nil
	}
	if err := store.endPrevious(ctx, s.Incoming, u.ID); err != nil {
		return err
	}
	c.Reply(v)
	return AfterCommit(ctx, func(context.Context) error {
		if s.Forget {
			c.SetSignedCookie(c.base.cookies.Forget, "true")
		}
		if s.name != "" {
			c.SetSignedCookie(c.keptMethod(), s.name)
		}
		c.dropSession()
		return nil
	})
}

// first is the method that the user has chosen.
func (s *SignIn) first() string { return cmp.Or(s.First, s.Method) }

// incoming returns the session with the caller's token, nil when there is none.
func (s *Store) incoming(ctx context.Context, token string) (*SessionData, error) {
	if token == "" {
		return nil, nil
	}
	data, err := s.FindSession(ctx, token)
	if isNotFound(err) {
		return nil, nil
	}
	return data, err
}

// endPrevious ends the session that the sign-in's request came with (ASVS 7.2.4). The
// session of another user stays: one browser may be signed in to several accounts.
func (s *Store) endPrevious(ctx context.Context, previous *SessionData, userID string) error {
	if previous == nil || previous.Session.UserID != userID {
		return nil
	}
	if err := s.MarkReplaced(ctx, previous.Session.Token); err != nil {
		return err
	}
	err := s.DeleteSession(ctx, previous.Session.Token)
	if isNotFound(err) {
		return nil
	}
	return err
}
