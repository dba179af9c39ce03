package core

import (
	"bytes"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core/cookie"
	"github.com/advantch/kernia-go/core/internal/sessioncache"
	"github.com/advantch/kernia-go/core/wire"
)

// setCookieCache writes the session_data cookie, in pieces when it is too long.
func (c *Ctx) setCookieCache(data *SessionData, forget bool) error {
	a := c.auth
	if !a.opts.Session.CookieCache.Enabled {
		return nil
	}
	spec := c.base.cookies.SessionData
	if forget {
		spec = spec.With(0)
	}
	// The application may have set another lifetime for the cookie.
	life := time.Duration(max(spec.Attributes.MaxAge, 0)) * time.Second
	value, err := a.cache.Encode(&data.Session, &data.User, a.cacheVersion(data), a.Now(), life)
	if err != nil && !errors.Is(err, sessioncache.ErrTooLong) {
		return err
	}
	stale := cookie.ChunkNames(c.cookieHeader(), spec.Name)
	if err != nil {
		// A row that is too long for the cache is read from the store. No older copy
		// may stay behind.
		a.log.LogAttrs(c, slog.LevelWarn, "the session is too long for the cookie cache", slog.String("user", data.User.ID))
		for _, name := range stale {
			c.ExpireCookie(spec.Named(name))
		}
		return nil
	}
	c.setPieces(spec, value, stale)
	return nil
}

// dropCookieCache removes the cache that the request came with, all pieces of it.
func (c *Ctx) dropCookieCache() {
	if !c.auth.opts.Session.CookieCache.Enabled {
		return
	}
	spec := c.base.cookies.SessionData
	for _, name := range cookie.ChunkNames(c.cookieHeader(), spec.Name) {
		c.ExpireCookie(spec.Named(name))
	}
}

// SetChunkedCookie sets a cookie whose value may be too long for one: then it is split
// over several, named with a number each. Pieces that the request came with and that
// are not set again are removed.
func (c *Ctx) SetChunkedCookie(spec Cookie, value string) {
	c.setPieces(spec, value, cookie.ChunkNames(c.cookieHeader(), spec.Name))
}

func (c *Ctx) setPieces(spec Cookie, value string, stale []string) {
	pieces := cookie.Split(spec.Name, value, spec.Attributes)
	for _, name := range stale {
		if len(pieces) == 1 || !hasPiece(pieces, name) {
			c.ExpireCookie(spec.Named(name))
		}
	}
	for _, p := range pieces {
		c.SetCookie(spec.Named(p.Name), p.Value)
	}
}

// ExpireChunkedCookie removes a cookie with all the pieces that the request came with.
func (c *Ctx) ExpireChunkedCookie(spec Cookie) {
	c.ExpireCookie(spec)
	for _, name := range cookie.ChunkNames(c.cookieHeader(), spec.Name) {
		if name != spec.Name {
			c.ExpireCookie(spec.Named(name))
		}
	}
}

// ChunkedCookie returns the value of a cookie by its full name, whether it came whole or
// in pieces.
func (c *Ctx) ChunkedCookie(name string) (string, bool) {
	return cookie.Chunks(c.cookieHeader(), name)
}

func hasPiece(pieces []cookie.Pair, name string) bool {
	for _, p := range pieces {
		if p.Name == name {
			return true
		}
	}
	return false
}

func (a *Auth) cacheVersion(data *SessionData) string {
	o := &a.opts.Session.CookieCache
	if o.VersionFunc != nil {
		return o.VersionFunc(&data.Session, &data.User)
	}
	return o.Version
}

// cached is a verified cookie cache: slices of the payload, forwarded as they are.
type cached = sessioncache.Content

// scratch is the room for one decoding. The slices of a cached value point into it,
// so it goes back to the pool when the answer has been written.
type scratch = sessioncache.Buffer

var scratchPool = sync.Pool{New: func() any { return new(scratch) }}

// readCache verifies the session_data cookie against the session token. A cache with a
// wrong signature, expiry, version or session counts as absent: the store decides then.
func (c *Ctx) readCache(token string, buf *scratch) (cached, bool) {
	a := c.auth
	value, ok := cookie.Chunks(c.cookieHeader(), c.base.cookies.SessionData.Name)
	if !ok {
		return cached{}, false
	}
	k, ok := a.cache.Decode(value, token, a.Now(), buf)
	if !ok {
		return cached{}, false
	}
	expected := a.opts.Session.CookieCache.Version
	if a.opts.Session.CookieCache.VersionFunc != nil {
		data, err := a.decodeCached(k)
		if err != nil {
			return cached{}, false
		}
		expected = a.cacheVersion(data)
	}
	var room [64]byte
	return k, bytes.Equal(k.Version, wire.AppendString(room[:0], expected))
}

// renewCache rewrites a cache that is about to expire, and extends the session with it:
// without a store the cache is all there is.
func (c *Ctx) renewCache(k cached) (*SessionData, error) {
	a := c.auth
	data, err := a.decodeCached(k)
	if err != nil || data.Session.Impersonator() != "" {
		return data, err
	}
	data.Session.ExpiresAt = a.Now().Add(a.cfg.cacheAge)
	if err := c.setCookieCache(data, false); err != nil {
		return nil, err
	}
	token := c.base.cookies.SessionToken
	if _, forget := c.SignedCookie(c.base.cookies.Forget.Name); forget {
		token = token.With(0)
	}
	c.SetSignedCookie(token, data.Session.Token)
	return data, nil
}

// decodeCached makes typed rows of a verified cache, new ones for each caller.
func (a *Auth) decodeCached(k cached) (*SessionData, error) {
	if data := a.decoded.get(k); data != nil {
		return data, nil
	}
	session, err := wire.Parse(k.Session, wire.Limits{})
	if err != nil {
		return nil, err
	}
	user, err := wire.Parse(k.User, wire.Limits{})
	if err != nil {
		return nil, err
	}
	data, err := a.sessionDataFromJSON(session, user)
	if err == nil {
		a.decoded.put(k, data)
	}
	return data, err
}
