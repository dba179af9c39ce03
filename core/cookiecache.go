package core

import (
	"bytes"
	"encoding/base64"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/advantch/kernia-go/core/cookie"
	"github.com/advantch/kernia-go/core/wire"
)

const (
	jweSalt        = "better-auth-session"
	cacheThreshold = 4093
	maxCacheBytes  = 64 << 10
)

var errCacheTooLong = errors.New("core: the session is too long for the cookie cache")

// setCookieCache writes the session_data cookie, in pieces when it is too long.
func (c *Ctx) setCookieCache(data *SessionData, forget bool) error {
	a := c.Auth
	if !a.opts.Session.CookieCache.Enabled {
		return nil
	}
	spec := c.base.cookies.SessionData
	if forget {
		spec = spec.With(0)
	}
	// The application may have given the cookie a life of its own.
	life := time.Duration(max(spec.Attributes.MaxAge, 0)) * time.Second
	value, err := a.encodeCache(data, life)
	if err != nil && !errors.Is(err, errCacheTooLong) {
		return err
	}
	stale := cookie.ChunkNames(c.cookieHeader(), spec.Name)
	if err != nil {
		// The cache is only a short cut: a row that is too long for it is read from
		// the store, and no older copy may stay behind.
		a.log.LogAttrs(c, slog.LevelWarn, "the session is too long for the cookie cache", slog.String("user", data.User.ID))
		for _, name := range stale {
			c.ExpireCookie(spec.Named(name))
		}
		return nil
	}
	if len(value) > cacheThreshold {
		pieces := cookie.Split(spec.Name, value)
		for _, name := range stale {
			if !hasPiece(pieces, name) {
				c.ExpireCookie(spec.Named(name))
			}
		}
		for _, p := range pieces {
			c.SetCookie(spec.Named(p.Name), p.Value)
		}
		return nil
	}
	for _, name := range stale {
		c.ExpireCookie(spec.Named(name))
	}
	c.SetCookie(spec, value)
	return nil
}

// dropCookieCache removes the cache that the request came with, all pieces of it.
func (c *Ctx) dropCookieCache() {
	if !c.Auth.opts.Session.CookieCache.Enabled {
		return
	}
	spec := c.base.cookies.SessionData
	for _, name := range cookie.ChunkNames(c.cookieHeader(), spec.Name) {
		c.ExpireCookie(spec.Named(name))
	}
}

func hasPiece(pieces []cookie.Pair, name string) bool {
	for _, p := range pieces {
		if p.Name == name {
			return true
		}
	}
	return false
}

// encodeCache makes the payload. life zero means a browser-session cookie, whose
// content still expires: after a minute (compact) or five, as in 1.6.11.
func (a *Auth) encodeCache(data *SessionData, life time.Duration) (string, error) {
	now := a.Now()
	content := make([]byte, 0, 1024)
	content = append(content, `{"session":`...)
	content = data.Session.AppendJSON(content)
	content = append(content, `,"user":`...)
	content = data.User.AppendJSON(content)
	content = append(content, `,"updatedAt":`...)
	content = strconv.AppendInt(content, now.UnixMilli(), 10)
	content = append(content, `,"version":`...)
	content = wire.AppendString(content, a.cacheVersion(data))
	content = append(content, '}')
	// Base64 and the encryption add a third and a little to it.
	if len(content) > maxCacheBytes*3/4-1024 {
		return "", errCacheTooLong
	}
	switch a.opts.Session.CookieCache.Strategy {
	case CacheJWE:
		return a.keys.EncryptJWT(content, jweSalt, now, orDuration(life, 5*time.Minute))
	case CacheJWT:
		return a.keys.SignJWT(content, now, orDuration(life, 5*time.Minute))
	}
	expires := strconv.FormatInt(now.Add(orDuration(life, time.Minute)).UnixMilli(), 10)
	signature := a.keys.SignURL(spliceExpiry(nil, content, []byte(expires)))
	out := make([]byte, 0, len(content)+128)
	out = append(out, `{"session":`...)
	out = append(out, content...)
	out = append(out, `,"expiresAt":`...)
	out = append(out, expires...)
	out = append(out, `,"signature":`...)
	out = wire.AppendString(out, signature)
	out = append(out, '}')
	return base64.RawURLEncoding.EncodeToString(out), nil
}

func orDuration(d, other time.Duration) time.Duration {
	if d <= 0 {
		return other
	}
	return d
}

func (a *Auth) cacheVersion(data *SessionData) string {
	o := &a.opts.Session.CookieCache
	if o.VersionFunc != nil {
		return o.VersionFunc(&data.Session, &data.User)
	}
	return o.Version
}

// spliceExpiry appends what the compact signature covers: the content object with
// expiresAt as its last member.
func spliceExpiry(dst, content, expires []byte) []byte {
	dst = append(dst, content[:len(content)-1]...)
	dst = append(dst, `,"expiresAt":`...)
	dst = append(dst, expires...)
	return append(dst, '}')
}

// cached is a verified cookie cache: slices of the payload, forwarded as they are.
type cached struct {
	session, user []byte    // JSON objects
	written       time.Time // zero without RefreshCache
}

// scratch are the buffers of one decoding. The slices of a cached value point
// into them, so they go back to the pool when the answer has been written.
type scratch struct{ payload, message []byte }

var scratchPool = sync.Pool{New: func() any { return &scratch{make([]byte, 0, 2048), make([]byte, 0, 2048)} }}

// readCache verifies the session_data cookie against the session token. Whatever
// is wrong with it (signature, expiry, version, another session's) makes it
// absent: the store decides then.
func (c *Ctx) readCache(token string, buf *scratch) (cached, bool) {
	a := c.Auth
	value, ok := cookie.Chunks(c.cookieHeader(), c.base.cookies.SessionData.Name)
	if !ok || len(value) > maxCacheBytes {
		return cached{}, false
	}
	now := a.Now()
	var content []byte
	switch a.opts.Session.CookieCache.Strategy {
	case CacheJWE:
		payload, err := a.keys.DecryptJWT(value, jweSalt, now)
		if err != nil {
			return cached{}, false
		}
		content = payload
	case CacheJWT:
		payload, err := a.keys.VerifyJWT(value, now)
		if err != nil {
			return cached{}, false
		}
		content = payload
	default:
		if content, ok = a.openCompact(value, now, buf); !ok {
			return cached{}, false
		}
	}
	return a.checkCache(content, token, now)
}

func (a *Auth) openCompact(value string, now time.Time, buf *scratch) ([]byte, bool) {
	value = strings.TrimRight(value, "=")
	n := base64.RawURLEncoding.DecodedLen(len(value))
	if cap(buf.payload) < n {
		buf.payload = make([]byte, n)
	}
	payload := buf.payload[:n]
	n, err := decodeBase64URL(payload, value)
	if err != nil {
		return nil, false
	}
	payload = payload[:n]
	content, expires, signature, ok := splitCompact(payload)
	if !ok {
		err = wire.ScanObject(payload, func(name, value []byte) bool {
			switch string(name) {
			case "session":
				content = value
			case "expiresAt":
				expires = value
			case "signature":
				signature = value
			}
			return true
		})
	}
	if err != nil || len(content) < 2 || content[0] != '{' || len(signature) < 2 || signature[0] != '"' {
		return nil, false
	}
	at, err := strconv.ParseInt(string(expires), 10, 64)
	if err != nil || at < now.UnixMilli() {
		return nil, false
	}
	buf.message = spliceExpiry(buf.message[:0], content, expires)
	if !a.keys.VerifyURL(buf.message, signature[1:len(signature)-1]) {
		return nil, false
	}
	return content, true
}

// splitCompact takes apart what encodeCache and 1.6.11 write, without a look at the
// content: the signature vouches for it. It reports false for every other spelling.
func splitCompact(payload []byte) (content, expires, signature []byte, ok bool) {
	rest, ok := bytes.CutPrefix(payload, []byte(`{"session":`))
	i := lastNear(rest, `},"expiresAt":`, `1767225600000,"signature":"0123456789012345678901234567890123456789012"}`)
	if !ok || i < 0 || rest[0] != '{' {
		return nil, nil, nil, false
	}
	content = rest[:i+1]
	expires, signature, ok = lastTwo(rest[i+len(`},"expiresAt":`):], `"signature":"`)
	return content, expires, signature, ok
}

// lastTwo cuts what ends an object, a number and a member whose value is a text:
// 1767225600000,"version":"1"}. start is the member up to the text's first quote.
func lastTwo(b []byte, start string) (number, text []byte, ok bool) {
	i := bytes.IndexByte(b, ',') + 1
	end, quote := len(b)-len(`"}`), i+len(start)
	if i == 0 || end < quote || string(b[i:quote]) != start || string(b[end:]) != `"}` {
		return nil, nil, false
	}
	return b[:i-1], b[quote-1 : end+1], true
}

// lastNear is bytes.LastIndex within the last bytes of b, where what is looked for
// stands unless someone has chosen a very long version. Usually as much follows it
// as in the example, and nothing has to be looked for.
func lastNear(b []byte, text, example string) int {
	const near = 160
	if i := len(b) - len(text) - len(example); i >= 0 && string(b[i:i+len(text)]) == text {
		return i
	}
	from := max(0, len(b)-near)
	if i := bytes.LastIndex(b[from:], []byte(text)); i >= 0 {
		return from + i
	}
	return -1
}

// splitContent takes apart the content of a cache as both servers write it:
// {"session":{…},"user":{…},"updatedAt":…,"version":"…"}. It reports false for every
// other spelling.
func splitContent(content []byte) (session, user, updatedAt, version []byte, ok bool) {
	rest, ok := bytes.CutPrefix(content, []byte(`{"session":`))
	end := lastNear(rest, `},"updatedAt":`, `1767225600000,"version":"1"}`)
	if !ok || end < 0 || rest[0] != '{' {
		return nil, nil, nil, nil, false
	}
	updatedAt, version, ok = lastTwo(rest[end+len(`},"updatedAt":`):], `"version":"`)
	if !ok || bytes.IndexByte(version[1:len(version)-1], '"') >= 0 {
		return nil, nil, nil, nil, false
	}
	// The two braces are the only ones, so they are those of session and user: an
	// object within a row, or a brace in a text, is left to the scanner.
	i := bytes.IndexByte(rest, '}')
	user, found := bytes.CutPrefix(rest[i+1:end+1], []byte(`,"user":`))
	if !found || user[0] != '{' || bytes.IndexByte(user, '}') != len(user)-1 {
		return nil, nil, nil, nil, false
	}
	return rest[:i+1], user, updatedAt, version, true
}

// sessionEnds returns the expiresAt and token members of a session, with their
// quotes: as both servers begin it, or wherever they stand.
func sessionEnds(session []byte) (expires, token []byte, err error) {
	const date = `"2026-01-01T00:00:00.000Z"`
	const head = `{"expiresAt":`
	const mid = `,"token":`
	if bytes.HasPrefix(session, []byte(head)) && len(session) > len(head)+len(date)+len(mid) {
		expires = session[len(head) : len(head)+len(date)]
		rest, found := bytes.CutPrefix(session[len(head)+len(date):], []byte(mid))
		if found && expires[len(date)-1] == '"' && len(rest) > 1 && rest[0] == '"' {
			if i := bytes.IndexByte(rest[1:], '"'); i >= 0 {
				return expires, rest[:i+2], nil
			}
		}
	}
	expires = nil
	err = wire.ScanObject(session, func(name, value []byte) bool {
		switch string(name) {
		case "expiresAt":
			expires = value
		case "token":
			token = value
		}
		return expires == nil || token == nil
	})
	return expires, token, err
}

func (a *Auth) checkCache(content []byte, token string, now time.Time) (cached, bool) {
	var k cached
	var err error
	session, user, updatedAt, version, ok := splitContent(content)
	if !ok {
		version = []byte(`"1"`)
		err = wire.ScanObject(content, func(name, value []byte) bool {
			switch string(name) {
			case "session":
				session = value
			case "user":
				user = value
			case "version":
				version = value
			case "updatedAt":
				updatedAt = value
			}
			return true
		})
	}
	k.session, k.user = session, user
	if a.cfg.cacheRefresh != 0 {
		if ms, err := strconv.ParseInt(string(updatedAt), 10, 64); err == nil {
			k.written = time.UnixMilli(ms)
		}
	}
	if err != nil || len(k.session) == 0 || k.session[0] != '{' || len(k.user) == 0 || k.user[0] != '{' {
		return cached{}, false
	}
	expires, own, err := sessionEnds(k.session)
	if err != nil || len(expires) < 2 || len(own) != len(token)+2 || string(own[1:len(own)-1]) != token {
		return cached{}, false
	}
	at, ok := wire.ParseTime(string(expires[1 : len(expires)-1]))
	if !ok || !at.After(now) {
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
	if !bytes.Equal(version, wire.AppendString(room[:0], expected)) {
		return cached{}, false
	}
	return k, true
}

// renewCache writes a cache that is about to end anew, and moves the session's end
// with it: without a store there is nothing else to renew it from.
func (c *Ctx) renewCache(k cached) (*SessionData, error) {
	a := c.Auth
	data, err := a.decodeCached(k)
	if err != nil {
		return nil, err
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

// decodeCached makes typed rows of a verified cache.
func (a *Auth) decodeCached(k cached) (*SessionData, error) {
	session, err := wire.Parse(k.session, wire.Limits{})
	if err != nil {
		return nil, err
	}
	user, err := wire.Parse(k.user, wire.Limits{})
	if err != nil {
		return nil, err
	}
	return a.sessionDataFromJSON(session, user)
}
