package scim

import (
	"context"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
)

// The gates of this file are those of the plugin admin, for servers without it.

func (p *Plugin) watch(ctx context.Context, s *core.SignIn) error {
	u := s.User
	if _, known := u.Extra[core.Banned.Name]; !known {
		row, err := p.auth.Store().FindUser(ctx, u.ID)
		if err != nil {
			return err
		}
		u = row
	}
	if u.BannedAt(p.auth.Now()) {
		return p.refuseSignIn(ctx, u)
	}
	return nil
}

func (p *Plugin) sessionMade(ctx context.Context, s *core.Session) error {
	rec, err := p.auth.Lock(ctx, core.ModelUser, s.UserID)
	if core.IsNotFound(err) {
		return nil // the session's own write fails
	}
	if err != nil {
		return err
	}
	u, err := p.auth.UserOf(rec)
	if err == nil && u.BannedAt(p.auth.Now()) {
		err = p.refuseSignIn(ctx, u)
	}
	return err
}

func (p *Plugin) sessionGate(_ context.Context, d *core.SessionData) (bool, error) {
	return !d.User.BannedAt(p.auth.Now()), nil
}

func (p *Plugin) refuseSignIn(ctx context.Context, u *core.User) error {
	refused := core.Fail(http.StatusForbidden, CodeDeactivated)
	c, ok := core.CtxFrom(ctx)
	if !ok {
		return refused
	}
	c.EmitRefusal(ctx, core.Event{Type: EventSignInRefused, UserID: u.ID, Code: CodeDeactivated.Code})
	if path := c.Path(); strings.HasPrefix(path, "/callback") || strings.HasPrefix(path, "/oauth2/callback") {
		to, separator := c.ErrorURL(), "?"
		if strings.Contains(to, "?") {
			separator = "&"
		}
		return c.Redirect(to + separator + "error=user_deactivated")
	}
	return refused
}
