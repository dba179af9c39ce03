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
	post      bool // POST /get-session: a deferred refresh is done now
}

// loaded is the result: no session, a cache to forward, or rows.
type loaded struct {
	cache        cached // when session is nil and found
	found        bool
	data         *SessionData
	needsRefresh bool // answered by GET with DeferRefresh
	deferred     bool
}

// loadSession reads the caller's session and sets the cookies that follow from it. The
// first of several session cookies with a live session counts. buf keeps the bytes of a
// cache.
func (c *Ctx) loadSession(o load, buf *scratch) (loaded, error) {
	who, err := c.whoCalls()
	if err != nil {
		return loaded{}, err
	}
	if who.Session != nil {
		return loaded{found: true, data: who.Session}, nil
	}
	if who.Token == "" {
		return loaded{}, nil
	}
	l, err := c.loadToken(o, who.Token, buf)
	for i := 0; i < len(c.otherTokens) && err == nil && !l.found; i++ {
		if l, err = c.loadToken(o, c.otherTokens[i], buf); l.found {
			c.caller.Token, c.otherTokens[i] = c.otherTokens[i], c.caller.Token // the live one is the caller's
		}
	}
	if err == nil && !l.found {
		err = c.endDead()
	}
	return l, err
}

// loadToken is loadSession for one token.
func (c *Ctx) loadToken(o load, token string, buf *scratch) (loaded, error) {
	a := c.auth
	if a.opts.Session.CookieCache.Enabled && !o.noCache {
		if k, ok := c.readCache(token, buf); ok {
			if a.cfg.cacheRefresh == 0 || o.noRefresh || k.Written.Add(a.cfg.cacheAge-a.cfg.cacheRefresh).After(a.Now()) {
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
			c.dropCookieCache() // it was not valid, and nothing replaces it
		}
		return loaded{found: true, data: data}, nil
	}
	due := !data.Session.ExpiresAt.Add(-a.cfg.expiresIn).Add(a.cfg.updateAge).After(now) && !a.opts.Session.DisableRefresh && data.Session.Impersonator() == ""
	if a.opts.Session.DeferRefresh && !o.post {
		return loaded{found: true, data: data, deferred: true, needsRefresh: due}, c.setCookieCache(data, false)
	}
	if !due {
		return loaded{found: true, data: data}, c.setCookieCache(data, false)
	}
	row, err := a.store.UpdateSession(c, token, adapter.Record{"expiresAt": now.Add(a.cfg.expiresIn), "updatedAt": now})
	if isNotFound(err) {
		if replaced, err := a.store.anyReplaced(c, []string{token}); err != nil || replaced {
			return loaded{}, err
		}
	}
	if isNotFound(err) || errors.Is(err, ErrAbort) {
		c.EndSession() // revoked while it was being refreshed, or refused by a hook
		return loaded{}, Fail(http.StatusUnauthorized, CodeFailedToGetSession)
	}
	if err != nil {
		return loaded{}, err
	}
	data = &SessionData{Session: *row, User: data.User}
	keep := false
	return loaded{found: true, data: data}, c.setSessionCookie(data, &keep, row.ExpiresAt.Sub(now))
}

// Session returns the caller's session or nil. It is for handlers behind
// RequireSession, RequireStoredSession or RequireFresh, which have read the session
// and decide whether the cookie cache counts. After a sign-in it is the new session.
// Other handlers use LoadSession or StoredSession, whose error tells an outage from
// a visitor without a session.
func (c *Ctx) Session() *SessionData {
	data, _ := c.readOnce(false)
	return data
}

// LoadSession returns the caller's session, which may come from the cookie cache, or
// nil when there is none. It sends no refreshed cookies; get-session does that. An
// error means that the session could not be read.
func (c *Ctx) LoadSession() (*SessionData, error) { return c.readOnce(false) }

// StoredSession is LoadSession without the cookie cache: it reads the store, once per
// call. Use it for everything that a revoked session must not do.
func (c *Ctx) StoredSession() (*SessionData, error) { return c.readOnce(true) }

func (c *Ctx) readOnce(stored bool) (*SessionData, error) {
	if c.sessionLoaded && (c.session == nil || c.sessionStored || !stored) {
		return c.session, nil
	}
	header := len(c.Res.Header)
	issued := c.issued
	data, fromStore, err := c.readSession(load{noCache: stored})
	c.Res.Header = c.Res.Header[:header]
	c.issued = issued
	if err != nil && asError(err).Status >= 500 {
		return nil, err
	}
	if err != nil {
		data = nil // refused: revoked meanwhile, or not a valid credential
	}
	c.session, c.sessionLoaded, c.sessionStored = data, true, stored || fromStore
	return data, nil
}

// readSession is loadSession with a cache decoded into rows.
func (c *Ctx) readSession(o load) (data *SessionData, fromStore bool, err error) {
	buf := scratchPool.Get().(*scratch)
	defer scratchPool.Put(buf)
	l, err := c.loadSession(o, buf)
	if err != nil || !l.found {
		return nil, false, err
	}
	if l.data != nil {
		return l.data, c.auth.cfg.cacheRefresh == 0, nil // Stateless renews a cookie from itself
	}
	data, err = c.auth.decodeCached(l.cache)
	return data, false, err
}

// Incoming is the session that the request came with, or nil. Unlike Session, it does
// not change when a sign-in gives the caller another session. Its row may have ended
// since.
func (c *Ctx) Incoming() *SessionData {
	if c.signedIn {
		return c.incoming
	}
	return c.Session()
}

// RequireSession is middleware that answers 401 without a session. The cookie
// cache counts.
func RequireSession(c *Ctx) error { return c.require(false) }

// RequireStoredSession is RequireSession without the cookie cache, for
// everything that a revoked session must not do.
func RequireStoredSession(c *Ctx) error { return c.require(true) }

func (c *Ctx) require(stored bool) error {
	data, err := c.readOnce(stored)
	if err != nil {
		return err
	}
	if data == nil {
		return c.unauthorized()
	}
	return nil
}

// RequireFresh is RequireStoredSession that also answers 403 SESSION_NOT_FRESH
// when the session was made longer than FreshAge ago.
func RequireFresh(c *Ctx) error {
	if err := c.require(true); err != nil {
		return err
	}
	if !c.auth.Fresh(&c.session.Session) {
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
// the application's own routes. The session is read when it is first asked for.
// send receives the Set-Cookie lines of a refreshed session and must add them to
// the answer. It may be nil.
func (a *Auth) Attach(ctx context.Context, req Request, send func(line string)) context.Context {
	at := &attached{send: send, req: req} // one piece of memory for a session that few routes read
	at.req.withHeader()
	at.c = Ctx{Context: ctx, auth: a, Req: &at.req, Res: &at.res, base: a.base}
	return context.WithValue(ctx, attachedKey{}, at)
}

// SessionFrom returns the session of a context made by Attach. It reads the
// cookie cache or the store at the first call. An error of the store is logged
// and nil is returned; ReadSession returns that error.
func SessionFrom(ctx context.Context) (*SessionData, bool) {
	at, ok := ctx.Value(attachedKey{}).(*attached)
	if !ok {
		return nil, false
	}
	at.once.Do(at.load)
	return at.data, at.data != nil
}

func (at *attached) load() {
	a := at.c.auth
	defer at.c.finish()
	defer func() {
		if r := recover(); r != nil {
			at.data, at.err = nil, errPanicked
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
	at.data, _, at.err = at.c.readSession(load{})
	if at.err = at.c.settle(at.err); at.err != nil {
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
