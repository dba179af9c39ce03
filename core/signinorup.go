package core

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/advantch/kernia-go/core/adapter"
)

// Arrival describes a sign-in that makes the user when there is none: by a link or a code
// that was sent to an address, or by a wallet. Plugins pass it to Ctx.SignInOrUp.
//
// The functions run in the transaction that makes the session. It is rolled back when
// one of them fails, and a database may run it again.
type Arrival struct {
	SignIn
	// NewRedirect replaces SignIn.Redirect for a user who was made now. Default: Redirect.
	NewRedirect string
	// NoSession finds or makes the user and signs nobody in: the data have no session.
	NoSession bool
	// Use uses up what proves who the person is, such as a code. May be nil. It runs
	// first, so that of many callers one goes on. What it writes is undone when the sign-in
	// fails: count attempts before (otp.Codes.Try).
	Use func(ctx context.Context) error
	// Made is when the proof that Use uses up was made. When the pending values of the
	// user have ended since (Store.Ended), SignInOrUp fails with ErrEnded. The zero time:
	// they do not matter. Plugins that set it set Manifest.AsksEnded too.
	Made time.Time
	// Find returns the user, or ErrNotFound.
	Find func(ctx context.Context) (*User, error)
	// Known acts on a user whom Find has found, and whose row is locked. May be nil.
	Known func(ctx context.Context, u *User) (*User, error)
	// Make makes the user with the rows that belong to it. With nil only known users sign
	// in.
	Make func(ctx context.Context) (*User, error)
}

// Errors of Ctx.SignInOrUp. Each wraps the error that was the reason.
var (
	ErrUserNotMade    = errors.New("core: the user could not be made")
	ErrSessionNotMade = errors.New("core: the session could not be made")
)

// ErrEnded is the error of Ctx.SignInOrUp for a proof that a recovery of the account has
// ended. It answers as if the proof did not exist.
var ErrEnded = errors.New("core: the pending values of the user have ended since")

// SignInOrUp signs in the user that a.Find finds, or makes the user first. isNew reports
// the latter. All of it is one transaction. Of two callers who would make the same user,
// the second signs in as the user of the first.
//
// The errors are those of a's functions, of Ctx.SignIn, ErrNotFound when there is no user
// and a.Make is nil, ErrUserNotMade when a store hook gives the user up or a unique value
// is taken, ErrSessionNotMade when a store hook gives the session up, and ErrEnded. After ErrHeld
// the user exists.
func (c *Ctx) SignInOrUp(a Arrival) (data *SessionData, isNew bool, err error) {
	store := c.auth.store
	if known := a.Known; !a.Made.IsZero() {
		a.Known = func(ctx context.Context, u *User) (*User, error) {
			ended, err := store.Ended(ctx, u, a.Made)
			switch {
			case err != nil:
				return nil, err
			case ended:
				return nil, ErrEnded
			case known == nil:
				return u, nil
			}
			return known(ctx, u)
		}
	}
	if !a.Incidental && !a.NoSession {
		c.SetSignInMethod(a.Method)
	}
	var held error
	err = store.Tx(c, func(ctx context.Context) error {
		data, isNew, held = nil, false, nil // a database may run this again
		if a.Use != nil {
			if err := a.Use(ctx); err != nil {
				return err
			}
		}
		u, err := store.arrive(ctx, a.Find)
		switch {
		case err == nil && a.Known != nil:
			u, err = a.Known(ctx, u)
		case IsNotFound(err) && a.Make != nil:
			u, isNew, err = store.makeOrFind(ctx, a)
		}
		if err != nil {
			return err
		}
		in := a.SignIn
		if isNew {
			if a.NewRedirect != "" {
				in.Redirect = a.NewRedirect
			}
			if err := c.EmitIn(ctx, Event{Type: EventSignUp, UserID: u.ID, Method: in.Method}); err != nil {
				return err
			}
		}
		if a.NoSession {
			data = &SessionData{User: *u}
			return nil
		}
		data, err = c.SignIn(ctx, u, in)
		switch {
		case errors.Is(err, ErrHeld):
			held, err = err, nil // the user stays, a session comes later
		case errors.Is(err, ErrAbort):
			err = fmt.Errorf("%w: %w", ErrSessionNotMade, err)
		}
		return err
	})
	if err == nil {
		err = held
	}
	return data, isNew, err
}

// arrive finds a user and locks its row. Then it looks again: before the lock the user
// may have been deleted, or have lost what it was found by.
func (s *Store) arrive(ctx context.Context, find func(ctx context.Context) (*User, error)) (*User, error) {
	before, err := find(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.LockUser(ctx, before.ID); err != nil {
		return nil, err
	}
	u, err := find(ctx)
	if err == nil && u.ID != before.ID {
		return nil, ErrNotFound
	}
	return u, err
}

// makeOrFind makes the user, in a transaction of its own inside that of ctx, so that the
// outer one survives when somebody else was quicker.
func (s *Store) makeOrFind(ctx context.Context, a Arrival) (u *User, isNew bool, err error) {
	err = s.Tx(ctx, func(ctx context.Context) error {
		u, err = a.Make(ctx)
		return err
	})
	if errors.Is(err, adapter.ErrUnique) {
		if other, findErr := s.arrive(ctx, a.Find); findErr == nil {
			if a.Known != nil {
				other, findErr = a.Known(ctx, other)
			}
			return other, false, findErr
		}
	}
	if errors.Is(err, adapter.ErrUnique) || errors.Is(err, ErrAbort) {
		err = fmt.Errorf("%w: %w", ErrUserNotMade, err)
	}
	return u, err == nil, err
}

// ByProvenEmail fills in how an arrival finds, proves and makes the user of an address to
// which a link or a code was sent, and from which it has come back. newUser gives the user
// to make, whose address and EmailVerified are set here. With nil only known users sign in.
func (c *Ctx) ByProvenEmail(email string, newUser func() (User, error), a Arrival) Arrival {
	store := c.auth.store
	a.Find = func(ctx context.Context) (*User, error) { return store.FindUserByEmail(ctx, email) }
	a.Known = func(ctx context.Context, u *User) (*User, error) { return store.ProveEmail(ctx, u.ID) }
	if newUser != nil {
		a.Make = func(ctx context.Context) (*User, error) {
			if err := CheckOwnEmail(email); err != nil {
				return nil, err
			}
			u, err := newUser()
			if err != nil {
				return nil, err
			}
			u.Email, u.EmailVerified = email, true
			return store.CreateUser(ctx, u)
		}
	}
	return a
}
