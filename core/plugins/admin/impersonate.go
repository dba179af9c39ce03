package admin

import (
	"context"
	"net/http"
	"strings"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/plugins/access"
)

// mayImpersonate reports whether a user may impersonate another one.
func (p *Plugin) mayImpersonate(caller, target *core.User) bool {
	return p.HasPermission(caller, access.Permissions{"user": {"impersonate"}}) && p.reaches(caller, target)
}

// reaches reports whether a user may impersonate another one who may be an administrator.
func (p *Plugin) reaches(caller, target *core.User) bool {
	if p.above(caller, target) {
		return false
	}
	return !p.IsAdmin(target) || p.opts.AllowImpersonatingAdmins || p.HasPermission(caller, access.Permissions{"user": {"impersonate-admins"}})
}

func (p *Plugin) impersonateUser(c *core.Ctx, in *UserInput) (*core.SessionData, error) {
	own := c.Session()
	n := needs("user", "impersonate", CodeNotAllowedToImpersonate)
	if !p.HasPermission(&own.User, n.asked) {
		return nil, n.refuse()
	}
	if own.Session.Impersonator() != "" {
		return nil, core.Fail(http.StatusBadRequest, CodeAlreadyImpersonating)
	}
	store := p.auth.Store()
	var data *core.SessionData
	err := store.Tx(c, func(ctx context.Context) error {
		locked, err := p.lock(ctx, []string{own.User.ID, in.UserID})
		if err != nil {
			return err
		}
		caller, target := locked[own.User.ID], locked[in.UserID]
		switch {
		case caller == nil || caller.BannedAt(p.auth.Now()):
			return core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
		case !p.HasPermission(caller, n.asked):
			return n.refuse()
		case target == nil:
			return core.Fail(http.StatusNotFound, core.CodeUserNotFound)
		case !p.reaches(caller, target):
			return core.Fail(http.StatusForbidden, CodeCannotImpersonateAdmins)
		}
		// An API key stands for its user, but is no session to return to, and can be revoked.
		if _, err := store.FindSession(ctx, own.Session.Token); core.IsNotFound(err) {
			return core.Fail(http.StatusUnauthorized, core.CodeUnauthorized)
		} else if err != nil {
			return err
		}
		extra := p.auth.DefaultFields(core.ModelSession)
		core.ImpersonatedBy.Set(&extra, caller.ID)
		row, err := store.CreateSession(ctx, core.NewSession{UserID: target.ID, ExpiresIn: p.opts.ImpersonationSessionDuration, Extra: extra})
		if err != nil {
			return err
		}
		data = &core.SessionData{Session: *row, User: *target}
		return c.EmitIn(ctx, core.Event{Type: EventImpersonationStarted, UserID: target.ID, ActorID: caller.ID, SessionID: row.ID})
	})
	if err != nil {
		return nil, err
	}
	kept := own.Session.Token + ":"
	if c.Forgets() {
		kept += "true"
	}
	c.EndSession()
	c.SetSignedCookie(adminCookie(c), kept)
	forget := true
	if err := c.Issue(data, core.IssueOptions{Forget: &forget}); err != nil {
		return nil, err
	}
	return data, nil
}

// adminCookie keeps the token of the administrator's own session, and after a colon whether
// its cookie ends with the browser. Its signature is over both, so its value is no session
// cookie.
func adminCookie(c *core.Ctx) core.Cookie {
	return c.SessionCookie().Named(c.NewCookie("admin_session", 0).Name)
}

// kept reads the cookie of adminCookie.
func kept(c *core.Ctx) (token string, forget, ok bool) {
	value, ok := c.SignedCookie(adminCookie(c).Name)
	token, rest, split := strings.Cut(value, ":")
	return token, rest != "", ok && split && token != ""
}

func (p *Plugin) stopImpersonating(c *core.Ctx, _ *core.NoInput) (*core.SessionData, error) {
	current := c.Session()
	by := current.Session.Impersonator()
	if by == "" {
		return nil, errNotImpersonating
	}
	token, forget, ok := kept(c)
	if !ok {
		return nil, errNoAdminSession
	}
	store := p.auth.Store()
	own, err := store.FindSession(c, token)
	if err != nil && !core.IsNotFound(err) {
		return nil, err
	}
	if err != nil || own.User.ID != by || own.Session.Impersonator() != "" || !own.Session.ExpiresAt.After(c.Now()) {
		return nil, errNoAdminSession
	}
	err = c.Recorded(func(ctx context.Context) error {
		if err := store.DeleteSession(ctx, current.Session.Token); err != nil {
			return err
		}
		return c.EmitIn(ctx, core.Event{Type: EventImpersonationEnded, UserID: current.User.ID, ActorID: by, SessionID: current.Session.ID})
	})
	if err != nil {
		return nil, err
	}
	if err := c.Issue(own, core.IssueOptions{Forget: &forget}); err != nil {
		return nil, err
	}
	if !forget {
		c.ExpireCookie(c.NewCookie("dont_remember", 0)) // that of the impersonation
	}
	c.ExpireCookie(adminCookie(c))
	return own, nil
}

// signedOut also ends the administrator's own session when somebody signs out while
// impersonating: nothing of the administrator stays in the browser.
func (p *Plugin) signedOut(c *core.Ctx) error {
	if _, err := c.Returned(); err != nil {
		return nil
	}
	token, _, ok := kept(c)
	if !ok {
		return nil
	}
	if err := p.auth.Store().DeleteSession(c, token); err != nil {
		return err
	}
	c.ExpireCookie(adminCookie(c))
	return nil
}
