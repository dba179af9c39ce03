// Package multisession keeps several accounts signed in to one browser: each has a cookie
// of its own beside the session cookie, and the client switches between them. See
// https://better-auth.com/docs/plugins/multi-session. Plugin id: "multi-session".
package multisession

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/advantch/kernia-go/core"
)

// ID is the plugin's id.
const ID = "multi-session"

// CodeInvalidSessionToken is the answer to a token for which the browser has no cookie, or
// whose session has ended.
var CodeInvalidSessionToken = core.ErrorCode{Code: "INVALID_SESSION_TOKEN", Message: "Invalid session token"}

// Options configures the plugin. The zero value is Better Auth's default.
type Options struct {
	// MaximumSessions is how many accounts one browser remembers, at most 100. A further
	// sign-in succeeds and is not remembered. Default 5.
	MaximumSessions int
}

// Plugin is the installed plugin; get it with From. Its operations can be called from Go.
type Plugin struct {
	ListDeviceSessions  *core.Op[core.NoInput, []*core.SessionData]
	SetActiveSession    *core.Op[TokenInput, *core.SessionData]
	RevokeDeviceSession *core.Op[TokenInput, core.StatusReply]

	opts Options
}

// TokenInput names a session by its token.
type TokenInput struct {
	SessionToken string `json:"sessionToken" doc:"Token of one of the browser's sessions"`
}

// New makes the plugin.
func New(o Options) *Plugin {
	o.MaximumSessions = cmp.Or(o.MaximumSessions, 5)
	p := &Plugin{opts: o}
	p.ListDeviceSessions = core.Get("listDeviceSessions", "/multi-session/list-device-sessions", p.list,
		core.Doc("List the sessions of this browser, one for each user"))
	p.SetActiveSession = core.Post("setActiveSession", "/multi-session/set-active", p.setActive,
		core.Doc("Make one of the browser's sessions the current one"))
	p.RevokeDeviceSession = core.Post("revokeDeviceSession", "/multi-session/revoke", p.revoke, core.Use(core.RequireSession),
		core.Doc("End one of the browser's sessions"))
	return p
}

// From returns the plugin installed in a.
func From(a *core.Auth) (*Plugin, bool) { return core.PluginOf[*Plugin](a) }

// ID returns "multi-session".
func (p *Plugin) ID() string { return ID }

// Manifest checks the options and lists what the plugin adds.
func (p *Plugin) Manifest(core.Env) (core.Manifest, error) {
	if p.opts.MaximumSessions < 1 || p.opts.MaximumSessions > maxCookies {
		return core.Manifest{}, fmt.Errorf("Options.MaximumSessions is %d: give 1 to %d", p.opts.MaximumSessions, maxCookies)
	}
	return core.Manifest{
		Before: []core.Hook{{Match: core.Paths("/sign-out"), Run: signOut}},
		After: []core.Hook{
			{Match: core.All(), Run: p.remember},
			{Match: core.Paths("/sign-out"), Run: forget},
		},
		Errors: []core.ErrorCode{CodeInvalidSessionToken},
	}, nil
}

func (p *Plugin) list(c *core.Ctx, _ *core.NoInput) ([]*core.SessionData, error) {
	live, err := find(c, cookies(c)...)
	if err != nil {
		return nil, err
	}
	out := []*core.SessionData{}
	for _, s := range live {
		if !slices.ContainsFunc(out, func(o *core.SessionData) bool { return o.User.ID == s.User.ID }) {
			out = append(out, s)
		}
	}
	return out, nil
}

var errInvalidToken = core.Fail(http.StatusUnauthorized, CodeInvalidSessionToken)

func (p *Plugin) setActive(c *core.Ctx, in *TokenInput) (*core.SessionData, error) {
	own, err := named(c, in.SessionToken)
	if err != nil {
		return nil, err
	}
	live, err := find(c, own)
	if err != nil {
		return nil, err
	}
	if len(live) == 0 {
		own.expire(c)
		return nil, errInvalidToken
	}
	return live[0], c.Issue(live[0], core.IssueOptions{})
}

func (p *Plugin) revoke(c *core.Ctx, in *TokenInput) (core.StatusReply, error) {
	own, err := named(c, in.SessionToken)
	if err != nil {
		return core.StatusReply{}, err
	}
	live, err := find(c, cookies(c)...)
	if err != nil {
		return core.StatusReply{}, err
	}
	err = c.Recorded(func(ctx context.Context) error {
		if err := end(ctx, c, []remembered{own}); err != nil {
			return err
		}
		for _, data := range live {
			if data.Session.Token == own.token {
				return c.EmitIn(ctx, core.Event{Type: core.EventSessionRevoked, UserID: data.User.ID, SessionID: data.Session.ID})
			}
		}
		return nil
	})
	if err != nil {
		return core.StatusReply{}, err
	}
	own.expire(c)
	var next *core.SessionData
	if i := slices.IndexFunc(live, func(data *core.SessionData) bool { return data.Session.Token != own.token }); i >= 0 {
		next = live[i]
	}
	switch {
	case c.Session().Session.Token != own.token:
	case next != nil:
		err = c.Issue(next, core.IssueOptions{})
	default:
		c.EndSession()
	}
	return core.StatusReply{Status: true}, err
}

// remember gives a new session a cookie of its own, and takes away those of the same
// user's earlier sessions in this browser, and of sessions that have ended. A session by which
// an administrator impersonates somebody is no account of the browser.
func (p *Plugin) remember(c *core.Ctx) error {
	issued := c.Issued()
	if issued == nil || issued.Session.Impersonator() != "" {
		return nil
	}
	own := nameOf(c, issued.Session.Token)
	if _, set := c.Res.Cookie(own); set || c.Cookie(own) != "" {
		return nil
	}
	kept, err := p.tidy(c, issued.User.ID)
	if err != nil {
		// The sign-in has succeeded: its session is only not remembered beside others.
		c.Auth().Logger().ErrorContext(c, "reading the other sessions of a browser failed", "error", err)
		return nil
	}
	if kept < p.opts.MaximumSessions {
		c.SetSignedCookie(c.SessionCookie().Named(own), issued.Session.Token)
	}
	return nil
}

// tidy ends the sessions of a user in this browser, removes their cookies and those of
// sessions that have ended, and returns how many sessions of others there are.
func (p *Plugin) tidy(c *core.Ctx, userID string) (others int, err error) {
	all := cookies(c)
	live, err := find(c, all...)
	if err != nil {
		return 0, err
	}
	var gone []remembered
	for _, k := range all {
		i := slices.IndexFunc(live, func(d *core.SessionData) bool { return d.Session.Token == k.token })
		if i < 0 || live[i].User.ID == userID {
			gone = append(gone, k)
		}
	}
	if err := end(c, c, gone); err != nil {
		return 0, err
	}
	for _, k := range gone {
		k.expire(c)
	}
	return len(all) - len(gone), nil
}

// signOut makes the core end all sessions of the browser.
func signOut(c *core.Ctx) error {
	if err := core.RequireStoredSession(c); core.HasCode(err, core.CodeCredentialsDisagree) {
		return err // whom to sign out?
	}
	for _, k := range cookies(c) {
		c.EndAlso(k.token)
	}
	return nil
}

// forget removes the cookies of the sessions that signOut has ended.
func forget(c *core.Ctx) error {
	if _, err := c.Returned(); err == nil {
		for _, k := range cookies(c) {
			k.expire(c)
		}
	}
	return nil
}
