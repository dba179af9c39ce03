package core

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/advantch/kernia-go/core/adapter"
)

// load says how a session is to be read.
type load struct {
	noCache   bool // the store decides, not the cookie cache
	noRefresh bool
	post      bool // POST /get-session: deferred refreshes happen now
}

// loaded is the result: no session, a cache to forward, or rows.
type loaded struct {
	cache        cached // when session is nil and found
	found        bool
	data         *SessionData
	needsRefresh bool // answered by GET with DeferRefresh
	deferred     bool
}

// loadSession reads the caller's session and sets the cookies that follow from it.
// buf keeps the bytes of a cache.
func (c *Ctx) loadSession(o load, buf *scratch) (loaded, error) {
	a := c.Auth
	token, ok := c.SignedCookie(c.base.cookies.SessionToken.Name)
	if !ok || token == "" {
		return loaded{}, nil
	}
	if a.opts.Session.CookieCache.Enabled && !o.noCache {
		if k, ok := c.readCache(token, buf); ok {
			if a.cfg.cacheRefresh == 0 || o.noRefresh || k.written.Add(a.cfg.cacheAge-a.cfg.cacheRefresh).After(a.Now()) {
				return loaded{cache: k, found: true}, nil
			}
			data, err := c.renewCache(k)
			return loaded{found: true, data: data}, err
		}
	}
	data, err := a.store.FindSession(c, token)
	if err != nil && !isNotFound(err) {
		return loaded{}, err
	}
	now := a.Now()
	if err != nil || !data.Session.ExpiresAt.After(now) {
		c.EndSession()
		if err == nil && (!a.opts.Session.DeferRefresh || o.post) {
			if err := a.store.DeleteSession(c, token); err != nil {
				a.logError(c, "removing an expired session failed", err)
			}
		}
		return loaded{}, nil
	}
	_, forget := c.SignedCookie(c.base.cookies.Forget.Name)
	if forget || o.noRefresh {
		if !o.noCache {
			c.dropCookieCache() // it was of no use, and nothing takes its place
		}
		return loaded{found: true, data: data}, nil
	}
	due := !data.Session.ExpiresAt.Add(-a.cfg.expiresIn).Add(a.cfg.updateAge).After(now) && !a.opts.Session.DisableRefresh
	if a.opts.Session.DeferRefresh && !o.post {
		return loaded{found: true, data: data, deferred: true, needsRefresh: due}, c.setCookieCache(data, false)
	}
	if !due {
		return loaded{found: true, data: data}, c.setCookieCache(data, false)
	}
	row, err := a.store.UpdateSession(c, token, adapter.Record{"expiresAt": now.Add(a.cfg.expiresIn), "updatedAt": now})
	if isNotFound(err) || errors.Is(err, ErrAbort) {
		c.EndSession() // revoked while it was being refreshed, or a hook does not let it go on
		return loaded{}, Fail(http.StatusUnauthorized, CodeFailedToGetSession)
	}
	if err != nil {
		return loaded{}, err
	}
	data = &SessionData{Session: *row, User: data.User}
	keep := false
	return loaded{found: true, data: data}, c.setSessionCookie(data, &keep, row.ExpiresAt.Sub(now))
}

// Session returns the caller's session, reading it once, or nil. It may come from
// the cookie cache: middleware RequireSession and RequireStoredSession say which
// a route needs. Cookies that the reading would set are not sent: get-session is
// the route that refreshes them.
func (c *Ctx) Session() *SessionData {
	data, _ := c.LoadSession(false)
	return data
}

// LoadSession is Session with its error. With fresh the store is asked even when
// the cookie cache is valid.
func (c *Ctx) LoadSession(stored bool) (*SessionData, error) {
	if c.sessionLoaded && (c.session == nil || c.sessionGiven || !stored) {
		return c.session, nil
	}
	header := len(c.Res.Header)
	made := c.newSession
	data, err := c.readSession(load{noCache: stored})
	c.Res.Header = c.Res.Header[:header]
	c.newSession = made
	if err != nil {
		return nil, err
	}
	c.session, c.sessionLoaded = data, true
	return data, nil
}

// readSession is loadSession with a cache decoded into rows.
func (c *Ctx) readSession(o load) (*SessionData, error) {
	buf := scratchPool.Get().(*scratch)
	defer scratchPool.Put(buf)
	l, err := c.loadSession(o, buf)
	if err != nil || !l.found {
		return nil, err
	}
	if l.data != nil {
		return l.data, nil
	}
	return c.Auth.decodeCached(l.cache)
}

// SetCurrentSession makes a session the caller's for the rest of this call, for
// plugins that authenticate by other means than the cookie.
func (c *Ctx) SetCurrentSession(data *SessionData) {
	c.session, c.sessionLoaded, c.sessionGiven = data, true, true
}

// RequireSession is middleware that answers 401 without a session. The cookie
// cache counts.
func RequireSession(c *Ctx) error { return c.require(false) }

// RequireStoredSession is RequireSession that asks the store, for everything
// that a revoked session must not do.
func RequireStoredSession(c *Ctx) error { return c.require(true) }

func (c *Ctx) require(stored bool) error {
	data, err := c.LoadSession(stored)
	if err != nil {
		if asError(err).Status < 500 {
			return errUnauthorized
		}
		return err
	}
	if data == nil {
		return errUnauthorized
	}
	return nil
}

// RequireFresh is RequireStoredSession that also answers 403 SESSION_NOT_FRESH
// when the session was made longer than FreshAge ago.
func RequireFresh(c *Ctx) error {
	if err := c.require(true); err != nil {
		return err
	}
	if !c.Auth.Fresh(&c.session.Session) {
		return Fail(http.StatusForbidden, CodeSessionNotFresh)
	}
	return nil
}

// Fresh reports whether a session was made within FreshAge.
func (a *Auth) Fresh(s *Session) bool {
	return a.cfg.alwaysFresh || a.Now().Sub(s.CreatedAt) < a.cfg.freshAge
}

// attached is the lazy session of a request to the application's own routes.
type attached struct {
	once sync.Once
	c    Ctx
	req  Request
	res  Response
	send func(line string)
	data *SessionData
	err  error
}

type attachedKey struct{}

// Attach returns a context in which SessionFrom finds the session of a request to
// the application's own routes. Nothing is read until it is asked for. send
// receives the Set-Cookie lines of a refreshed session and must add them to the
// answer; it may be nil.
func (a *Auth) Attach(ctx context.Context, req Request, send func(line string)) context.Context {
	at := &attached{send: send, req: req} // one piece of memory for a session that few routes read
	at.c = Ctx{Context: ctx, Auth: a, Req: &at.req, Res: &at.res, base: a.base}
	return context.WithValue(ctx, attachedKey{}, at)
}

// SessionFrom returns the session of a context made by Attach. It reads the
// cookie cache or the store at the first call. An error of the store is logged
// and means no session.
func SessionFrom(ctx context.Context) (*SessionData, bool) {
	at, ok := ctx.Value(attachedKey{}).(*attached)
	if !ok {
		return nil, false
	}
	at.once.Do(at.load)
	return at.data, at.data != nil
}

func (at *attached) load() {
	a := at.c.Auth
	defer func() {
		if r := recover(); r != nil {
			at.data = nil
			a.logPanic(at.c.Context, "session", r)
		}
	}()
	if at.c.base == nil {
		b, err := a.dynamicBase(at.c.Req)
		if err != nil {
			return
		}
		at.c.base = b
	}
	at.data, at.err = at.c.readSession(load{})
	if at.err != nil {
		at.data = nil
		if asError(at.err).Status >= 500 {
			a.logError(at.c.Context, "reading the session failed", at.err)
		}
	}
	if at.send == nil {
		return
	}
	for _, h := range at.c.Res.Header {
		if h.Name == "Set-Cookie" {
			at.send(h.Value)
		}
	}
}
