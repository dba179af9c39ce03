package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/adapter"
	"github.com/advantch/kernia-go/core/wire"
)

// userMade gives a new user the default role.
func (p *Plugin) userMade(_ context.Context, u *core.User) error {
	if _, has := Role.Of(u.Extra); !has {
		Role.Set(&u.Extra, p.opts.DefaultRole)
	}
	return nil
}

// userChanged ends the sessions of a user who was banned by other means than the routes of
// this plugin.
func (p *Plugin) userChanged(ctx context.Context, u *core.User) error {
	if !u.BannedAt(p.auth.Now()) || p.acts(ctx) {
		return nil
	}
	return p.auth.Store().DeleteSessions(ctx, u.ID)
}

// acts reports whether a write is part of a route of this plugin, which has made sure of
// everything itself.
func (p *Plugin) acts(ctx context.Context) bool {
	c, ok := core.CtxFrom(ctx)
	if !ok {
		return false
	}
	own, _ := p.own.Get(c)
	return own
}

// userGoes keeps the last administrator from deleting the account. The application itself may
// delete everybody.
func (p *Plugin) userGoes(ctx context.Context, u *core.User) error {
	c, ok := core.CtxFrom(ctx)
	if !ok || c.FromServer() || p.acts(ctx) || !p.steward(u) {
		return nil
	}
	return p.keepOther(ctx, u)
}

// watch refuses the sign-in of a banned user before any other gate says something of it, such
// as that a second factor is due.
func (p *Plugin) watch(ctx context.Context, s *core.SignIn) error {
	u := s.User
	if _, known := u.Extra[core.Banned.Name]; !known {
		// A sign-in method may have made the user's value itself: the row decides.
		row, err := p.auth.Store().FindUser(ctx, u.ID)
		if err != nil {
			return err
		}
		u = row
	}
	if u.BannedAt(p.auth.Now()) {
		return p.refuse(ctx, u)
	}
	return nil
}

// sessionMade refuses every session of a banned user, whoever makes it. The user is locked
// until the session is there: a ban that comes later finds it and ends it. A ban that is over
// is taken away.
func (p *Plugin) sessionMade(ctx context.Context, s *core.Session) error {
	locked, err := p.lock(ctx, []string{s.UserID})
	if err != nil {
		return err
	}
	u := locked[s.UserID]
	if u == nil {
		return nil // the session's own write fails
	}
	if u.BannedAt(p.auth.Now()) {
		return p.refuse(ctx, u)
	}
	if is, _ := core.Banned.Of(u.Extra); is {
		_, err = p.auth.Store().UpdateUser(ctx, u.ID, unbanned())
	}
	return err
}

// unbanned are the fields of a user without a ban.
func unbanned() adapter.Record {
	return adapter.Record{core.Banned.Name: false, BanReason.Name: nil, core.BanExpires.Name: nil}
}

// refuse is the answer to a banned user: a redirect where a provider has sent the browser
// back, else 403 BANNED_USER.
func (p *Plugin) refuse(ctx context.Context, u *core.User) error {
	message := p.opts.BannedUserMessage
	if f := p.opts.BannedUserMessageFunc; f != nil {
		own, err := f(ctx, u)
		if err != nil {
			return err
		}
		if own != "" {
			message = own
		}
	}
	refused := &core.Error{Status: http.StatusForbidden, Code: CodeBannedUser.Code, Message: message}
	c, ok := core.CtxFrom(ctx)
	if !ok {
		return refused
	}
	c.EmitRefusal(ctx, core.Event{Type: EventBannedSignIn, UserID: u.ID, Code: CodeBannedUser.Code})
	if !strings.HasPrefix(c.Path(), "/callback") && !strings.HasPrefix(c.Path(), "/oauth2/callback") {
		return refused
	}
	to := c.ErrorURL()
	separator := "?"
	if strings.Contains(to, "?") {
		separator = "&"
	}
	return c.Redirect(to + separator + "error=banned&error_description=" + wire.EncodeURIComponent(message))
}

// sessionGate ends sessions of users who are banned, whatever has banned them, and
// impersonations by administrators who may not impersonate any more.
func (p *Plugin) sessionGate(ctx context.Context, d *core.SessionData) (bool, error) {
	if d.User.BannedAt(p.auth.Now()) {
		return false, nil
	}
	by := d.Session.Impersonator()
	if by == "" {
		return true, nil
	}
	u, err := p.auth.Store().FindUser(ctx, by)
	if core.IsNotFound(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return !u.BannedAt(p.auth.Now()) && p.mayImpersonate(u, &d.User), nil
}

// hideImpersonations leaves sessions of administrators out of a user's list of sessions.
func hideImpersonations(c *core.Ctx) error {
	result, _ := c.Returned()
	if list, ok := result.([]*core.Session); ok {
		c.SetReturned(slices.DeleteFunc(list, func(s *core.Session) bool { return s.Impersonator() != "" }))
	}
	return nil
}
