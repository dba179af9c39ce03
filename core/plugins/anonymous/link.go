package anonymous

import (
	"context"
	"time"

	"github.com/advantch/kernia-go/core"
)

const (
	heldCookie = "anonymous_session"
	heldFor    = 10 * time.Minute // of the second step
)

// watch moves the anonymous user of the browser to the user who signs in, by whatever
// method. The move is part of the sign-in's transaction. When a gate holds the
// sign-in, a cookie keeps the anonymous session for the step that completes it.
func (p *Plugin) watch(ctx context.Context, s *core.SignIn) error {
	if s.Detached {
		return nil
	}
	from, err := p.incoming(ctx, s)
	if err != nil || from == nil || from.User.ID == s.User.ID || anonymous(s.User) {
		return err
	}
	c := s.Call()
	moved := false
	s.Made(func(ctx context.Context) (err error) {
		moved, err = p.move(ctx, c.Auth().Store(), from, s.User)
		return err
	})
	s.Then(func(ctx context.Context) error {
		if cookie := p.cookie(c); c.Cookie(cookie.Name) != "" {
			c.ExpireCookie(cookie)
		}
		if !moved || p.opts.OnLink == nil || c.Issued() == nil {
			return nil
		}
		return c.Auth().Tell(ctx, "OnLink", func(ctx context.Context) error {
			return p.opts.OnLink(ctx, Link{Anonymous: *from, New: *c.Issued()})
		})
	})
	return core.AfterCommit(ctx, func(context.Context) error {
		if s.Held() {
			c.SetSignedCookie(p.cookie(c), from.Session.Token)
		}
		return nil
	})
}

// incoming is the anonymous session of the browser: that of the request, or the one that
// was kept while the sign-in was held.
func (p *Plugin) incoming(ctx context.Context, s *core.SignIn) (*core.SessionData, error) {
	c := s.Call()
	from := s.Incoming
	if from == nil {
		token, ok := c.SignedCookie(p.cookie(c).Name)
		if !ok {
			return nil, nil
		}
		var err error
		if from, err = c.Auth().Store().FindSession(ctx, token); err != nil {
			if core.IsNotFound(err) {
				return nil, nil
			}
			return nil, err
		}
	}
	if !anonymous(&from.User) || from.Session.Impersonator() != "" || !from.Session.ExpiresAt.After(c.Now()) {
		return nil, nil
	}
	return from, nil
}

func (p *Plugin) cookie(c *core.Ctx) core.Cookie { return c.NewCookie(heldCookie, heldFor) }

// move runs Options.Move and deletes the anonymous user, or ends its sessions with
// Options.KeepUser. It reports whether this caller has moved it: of many at once one does.
func (p *Plugin) move(ctx context.Context, store *core.Store, from *core.SessionData, to *core.User) (bool, error) {
	u, err := p.visitor(ctx, store, from.User.ID)
	if err == nil {
		_, err = store.FindSession(ctx, from.Session.Token)
	}
	if core.IsNotFound(err) {
		return false, nil // moved by another sign-in, or no visitor any more
	}
	if err != nil {
		return false, err
	}
	if p.opts.Move != nil {
		if err := p.opts.Move(ctx, u, to); err != nil {
			return false, err
		}
	}
	if p.opts.KeepUser {
		return true, store.DeleteSessions(ctx, u.ID)
	}
	return true, drop(ctx, store, u.ID)
}

// visitor locks a user and reads it again. It fails with ErrNotFound for a user who is
// gone, and for one who has become somebody: who has a password, an account of a provider
// or a verified address. Such a user must not be deleted for a visit.
func (p *Plugin) visitor(ctx context.Context, store *core.Store, userID string) (*core.User, error) {
	if err := store.LockUser(ctx, userID); err != nil {
		return nil, err
	}
	u, err := store.FindUser(ctx, userID)
	if err != nil {
		return nil, err
	}
	accounts, err := store.FindAccounts(ctx, userID)
	if err != nil {
		return nil, err
	}
	if !anonymous(u) || u.EmailVerified || len(accounts) > 0 {
		return nil, core.ErrNotFound
	}
	return u, nil
}

// drop deletes a user, whose row is locked, with the pending values and sessions, those in
// a secondary storage too.
func drop(ctx context.Context, store *core.Store, userID string) error {
	if err := store.DeleteSessions(ctx, userID); err != nil {
		return err
	}
	return store.DeleteUser(ctx, userID)
}
