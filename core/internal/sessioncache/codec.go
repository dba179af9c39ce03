// Package sessioncache writes and reads the value of the session_data cookie as
// Better Auth 1.6 does: a session with its user, signed or encrypted, with a time at
// which it ends. It knows bytes, keys and times. Package core knows the cookie and the
// use of the session.
package sessioncache

import (
	"encoding/base64"
	"errors"
	"strconv"
	"time"

	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/wire"
)

// Strategy is a form of the value.
type Strategy string

// The strategies. Others count as Compact.
const (
	Compact Strategy = "compact" // base64url of the content, its end and an HMAC of both
	JWT     Strategy = "jwt"     // a signed token
	JWE     Strategy = "jwe"     // an encrypted token
)

const (
	// MaxSize bounds a value, in bytes.
	MaxSize = 64 << 10

	jweSalt    = "better-auth-session"
	tokenLife  = 5 * time.Minute // of a token in a cookie that ends with the browser
	browserAge = time.Minute     // of the compact form in such a cookie
)

// ErrTooLong says that a session is too long for a value of MaxSize.
var ErrTooLong = errors.New("sessioncache: the session is too long")

// Codec writes and reads values of one strategy. It is safe for concurrent use.
type Codec struct {
	Strategy Strategy
	Keys     *secret.Keyring
}

// Encode makes the value for a session and its user, JSON objects both. A life of zero
// is for a cookie that ends with the browser: its content still ends after one minute
// (Compact) or five, as in Better Auth 1.6. The error is ErrTooLong or one of the keys.
func (c *Codec) Encode(session, user wire.Appender, version string, now time.Time, life time.Duration) (string, error) {
	content := make([]byte, 0, 1024)
	content = append(content, `{"session":`...)
	content = session.AppendJSON(content)
	content = append(content, `,"user":`...)
	content = user.AppendJSON(content)
	content = append(content, `,"updatedAt":`...)
	content = strconv.AppendInt(content, now.UnixMilli(), 10)
	content = append(content, `,"version":`...)
	content = wire.AppendString(content, version)
	content = append(content, '}')
	// Base64 and the encryption add a third and a little to it.
	if len(content) > MaxSize*3/4-1024 {
		return "", ErrTooLong
	}
	switch c.Strategy {
	case JWE:
		return c.Keys.EncryptJWT(content, jweSalt, now, or(life, tokenLife))
	case JWT:
		return c.Keys.SignJWT(content, now, or(life, tokenLife))
	}
	expires := strconv.FormatInt(now.Add(or(life, browserAge)).UnixMilli(), 10)
	signature := c.Keys.SignURL(signed(nil, content, []byte(expires)))
	out := make([]byte, 0, len(content)+128)
	out = append(out, compactHead...)
	out = append(out, content...)
	out = append(out, compactExpires...)
	out = append(out, expires...)
	out = append(out, compactSignature...)
	out = append(out, signature...)
	out = append(out, compactEnd...)
	return base64.RawURLEncoding.EncodeToString(out), nil
}

func or(d, other time.Duration) time.Duration {
	if d <= 0 {
		return other
	}
	return d
}

// Content is the content of a value. Its slices may point into a Buffer.
type Content struct {
	Session, User []byte    // JSON objects
	Version       []byte    // a JSON value, usually a string
	Written       time.Time // zero when the content does not say
}

// Buffer is the room for one Decode. The next Decode overwrites it.
type Buffer struct{ payload, message []byte }

// Decode verifies a value against the session's token. It reports false when the value
// is too long, has another form or key, has expired, or holds an expired or another
// session. The caller compares the version.
func (c *Codec) Decode(value, token string, now time.Time, buf *Buffer) (Content, bool) {
	content, ok := c.open(value, now, buf)
	if !ok {
		return Content{}, false
	}
	k, ok := split(content)
	if !ok {
		return Content{}, false
	}
	expires, own := ends(k.Session)
	if len(expires) < 2 || len(own) != len(token)+2 || string(own[1:len(own)-1]) != token {
		return Content{}, false
	}
	at, ok := wire.ParseTime(string(expires[1 : len(expires)-1]))
	return k, ok && at.After(now)
}

// open returns the content of a value that is genuine and has not ended.
func (c *Codec) open(value string, now time.Time, buf *Buffer) ([]byte, bool) {
	if len(value) > MaxSize {
		return nil, false
	}
	switch c.Strategy {
	case JWE:
		content, err := c.Keys.DecryptJWT(value, jweSalt, now)
		return content, err == nil
	case JWT:
		content, err := c.Keys.VerifyJWT(value, now)
		return content, err == nil
	}
	return c.openCompact(value, now, buf)
}

// split takes the content apart: directly in the form that both servers write,
// {"session":{…},"user":{…},"updatedAt":…,"version":"…"}, and otherwise with a scanner.
func split(content []byte) (Content, bool) {
	k, updatedAt, ok := splitUsual(content)
	if !ok {
		k.Version = []byte(`"1"`)
		err := wire.ScanObject(content, func(name, value []byte) bool {
			switch string(name) {
			case "session":
				k.Session = value
			case "user":
				k.User = value
			case "version":
				k.Version = value
			case "updatedAt":
				updatedAt = value
			}
			return true
		})
		if err != nil || !isObject(k.Session) || !isObject(k.User) {
			return Content{}, false
		}
	}
	if ms, err := strconv.ParseInt(string(updatedAt), 10, 64); err == nil {
		k.Written = time.UnixMilli(ms)
	}
	return k, true
}

func isObject(b []byte) bool { return len(b) > 0 && b[0] == '{' }

// ends returns the expiresAt and token members of a session, with their quotes. Both
// servers write them first, so the rest is not read.
func ends(session []byte) (expires, token []byte) {
	err := wire.ScanObject(session, func(name, value []byte) bool {
		switch string(name) {
		case "expiresAt":
			expires = value
		case "token":
			token = value
		}
		return expires == nil || token == nil
	})
	if err != nil {
		return nil, nil
	}
	return expires, token
}
