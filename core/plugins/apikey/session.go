package apikey

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/advantch/kernia-go/core"
	"github.com/advantch/kernia-go/core/validate"
	"github.com/advantch/kernia-go/core/wire"
)

// caller is the key that a call came with, once it is known whether it is good.
type caller struct {
	cf  *config
	key string
	use *use
	err error
}

// noKey is the caller of a call without a key.
var noKey caller

// presented finds the key of a call, and the configuration that it is for: the first with
// sessions whose header is there.
func (p *Plugin) presented(c *core.Ctx) (*config, string, error) {
	for _, cf := range p.configs {
		if !cf.Sessions {
			continue
		}
		if key, err := cf.presented(c); key != "" || err != nil {
			return cf, key, err
		}
	}
	return nil, "", nil
}

// hasKey reports whether a call brings a key.
func (p *Plugin) hasKey(c *core.Ctx) bool {
	cf, _, err := p.presented(c)
	return cf != nil || err != nil
}

// known verifies the key of a call, once.
func (p *Plugin) known(c *core.Ctx) *caller {
	if who, ok := p.caller.Get(c); ok {
		return who
	}
	cf, key, err := p.presented(c)
	if cf == nil && err == nil {
		return &noKey
	}
	who := &caller{cf: cf, key: key, err: err}
	p.caller.Set(c, who)
	switch {
	case who.err != nil:
		return who
	case validate.UTF16Len(who.key) < who.cf.Length:
		who.err = core.Fail(http.StatusForbidden, CodeInvalidKey)
		_ = p.refusal(c, who.err)
		return who
	}
	who.use, who.err = p.check(c, c, who.cf, who.key, nil)
	if refused := p.refusal(c, who.err); refused != nil && refused.Status == http.StatusTooManyRequests {
		who.err = p.later(refused)
	}
	p.sweep(c)
	return who
}

// admit runs before every call that brings a key: a key that is no good is the answer, and
// so is a route that keys may not use.
func (p *Plugin) admit(c *core.Ctx) error {
	who := p.known(c)
	if who.err != nil {
		return who.err
	}
	if who.cf == nil {
		return nil
	}
	if c.OperationID() != p.Verify.Spec().ID && !p.open(c.Path()) {
		return core.Fail(http.StatusForbidden, CodeNotForKeys)
	}
	if c.Auth().Compat() == core.CompatBetterAuth && c.Path() == "/get-session" && len(c.Req.Body) == 0 && c.Req.Path != "/get-session" {
		if err := core.RequireSession(c); err != nil {
			return err // a cookie of another user
		}
		c.Reply(&sessionReply{p.session(c, who), who.key})
	}
	return nil
}

// openRoutes finds the routes of SessionPaths.
func (p *Plugin) openRoutes() error {
	if slices.Contains(p.opts.SessionPaths, "*") {
		return nil
	}
	p.opened = map[string]bool{}
	for _, pattern := range p.opts.SessionPaths {
		paths, err := p.auth.RoutesLike(pattern)
		if err != nil {
			return fmt.Errorf("apikey: Options.SessionPaths: %w", err)
		}
		for _, path := range paths {
			p.opened[path] = true
		}
	}
	return nil
}

// open reports whether a session of a key may use a route.
func (p *Plugin) open(path string) bool { return p.opened == nil || p.opened[path] }

// authenticate answers who is calling.
func (p *Plugin) authenticate(c *core.Ctx) (core.Credential, error) {
	who := p.known(c)
	if who.err != nil || who.cf == nil {
		return core.Credential{}, who.err
	}
	return core.Credential{Session: p.session(c, who)}, nil
}

// sessionLife is that of a session of a key without an end.
const sessionLife = 7 * 24 * time.Hour

// session is what a key stands for. Its token is not the key, and no session has it: what
// keeps the token of a session keeps no secret.
func (p *Plugin) session(c *core.Ctx, who *caller) *core.SessionData {
	k := who.use.key
	now := c.Now()
	out := &core.SessionData{User: *who.use.who, Session: core.Session{
		ID: k.ID, Token: "api-key:" + k.ID, UserID: k.ReferenceID, CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(sessionLife),
	}}
	if k.ExpiresAt != nil {
		out.Session.ExpiresAt = *k.ExpiresAt
	}
	if ip, ok := c.IP(); ok {
		out.Session.IPAddress = &ip
	}
	if c.Req.Header != nil {
		if agent := c.Req.Header.Get("User-Agent"); agent != "" {
			out.Session.UserAgent = &agent
		}
	}
	return out
}

// sessionReply is get-session as Better Auth 1.6 answers it to a key.
type sessionReply struct {
	data *core.SessionData
	key  string
}

// AppendJSON appends {"user":…,"session":…}.
func (r *sessionReply) AppendJSON(dst []byte) []byte {
	s := &r.data.Session
	dst = append(dst, `{"user":`...)
	dst = r.data.User.AppendJSON(dst)
	dst = append(dst, `,"session":{"id":`...)
	dst = wire.AppendString(dst, s.ID)
	dst = append(dst, `,"token":`...)
	dst = wire.AppendString(dst, r.key)
	dst = append(dst, `,"userId":`...)
	dst = wire.AppendString(dst, s.UserID)
	dst = append(dst, `,"userAgent":`...)
	dst = text(dst, s.UserAgent)
	dst = append(dst, `,"ipAddress":`...)
	dst = text(dst, s.IPAddress)
	dst = append(dst, `,"createdAt":`...)
	dst = wire.AppendTime(dst, s.CreatedAt)
	dst = append(dst, `,"updatedAt":`...)
	dst = wire.AppendTime(dst, s.UpdatedAt)
	dst = append(dst, `,"expiresAt":`...)
	dst = wire.AppendTime(dst, s.ExpiresAt)
	return append(dst, "}}"...)
}
