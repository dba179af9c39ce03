package verify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/advantch/kernia-go/core/cookie"
	"github.com/advantch/kernia-go/core/internal/sessioncache"
	"github.com/advantch/kernia-go/core/secret"
	"github.com/advantch/kernia-go/core/wire"
)

// Strategy is a form of the cookie cache.
type Strategy string

// The strategies.
const (
	Compact Strategy = "compact" // base64url with an HMAC
	JWT     Strategy = "jwt"     // a token, HS256
	JWE     Strategy = "jwe"     // an encrypted token
)

// CookieOptions configures NewCookies. The fields have the values that the authentication
// server has.
type CookieOptions struct {
	// Secret and Secrets are those of the server (core.Options). A service that has them
	// can make cookies: give them to services of your own only, and tokens to all others.
	Secret  string
	Secrets []secret.Versioned
	// AllowWeakSecret accepts a short secret, as core.Options.AllowWeakSecret does.
	AllowWeakSecret bool
	// Prefix of the cookies' names. Default "better-auth".
	Prefix string
	// Names replaces "<prefix>.session_token" and "<prefix>.session_data", by the short
	// names "session_token" and "session_data" (core.CookieOptions.Names).
	Names map[string]string
	// Insecure says that the server's address is http, so that its cookies have no
	// "__Secure-" in front of their names.
	Insecure bool
	// Strategy is that of the cookie cache. Default Compact.
	Strategy Strategy
	// Version is that of the cookie cache. Default "1".
	Version string
	// VersionFunc computes the version from session and user instead.
	VersionFunc func(s *Session) string
	// Clock returns the time. Default time.Now.
	Clock func() time.Time
}

// Cookies verifies the session cookies of a server. It is safe for concurrent use.
type Cookies struct {
	o           CookieOptions
	keys        *secret.Keyring
	codec       *sessioncache.Codec
	token, data string // full names
	version     []byte // a JSON value
}

// NewCookies checks the options. An error is one sentence that says what to change.
func NewCookies(o CookieOptions) (*Cookies, error) {
	keys, err := secret.NewKeyring(o.Secret, o.Secrets, secret.KeyringOptions{AllowWeak: o.AllowWeakSecret})
	if err != nil {
		return nil, fmt.Errorf("verify: CookieOptions: %w", err)
	}
	switch o.Strategy {
	case "":
		o.Strategy = Compact
	case Compact, JWT, JWE:
	default:
		return nil, fmt.Errorf("verify: CookieOptions.Strategy %q must be Compact, JWT or JWE", o.Strategy)
	}
	if o.Version != "" && o.VersionFunc != nil {
		return nil, errors.New("verify: set either CookieOptions.Version or VersionFunc, not both")
	}
	if o.Version == "" {
		o.Version = "1"
	}
	if o.Prefix == "" {
		o.Prefix = "better-auth"
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	o.Names = maps.Clone(o.Names)
	c := &Cookies{
		o: o, keys: keys, version: wire.AppendString(nil, o.Version),
		codec: &sessioncache.Codec{Strategy: sessioncache.Strategy(o.Strategy), Keys: keys},
	}
	for name, full := range map[string]*string{"session_token": &c.token, "session_data": &c.data} {
		*full = o.Prefix + "." + name
		if renamed := o.Names[name]; renamed != "" {
			*full = renamed
		}
		if !o.Insecure {
			*full = "__Secure-" + *full
		}
	}
	for name := range o.Names {
		if name != "session_token" && name != "session_data" {
			return nil, fmt.Errorf("verify: CookieOptions.Names has %q: only session_token and session_data are read here", name)
		}
	}
	return c, nil
}

// SessionToken returns the token of a session from a Cookie header, if the server has
// signed it. A signed token proves that there was such a session. Only the server knows
// whether there still is one. Join several Cookie headers with "; ". The token is a
// credential: anybody who has it can use the session.
func (c *Cookies) SessionToken(header string) (string, bool) {
	found, ok := "", false
	c.each(header, func(token string) bool {
		found, ok = token, true
		return false
	})
	return found, ok
}

// maxCookies bounds how many cookies of one name are looked at. A sibling domain can plant
// further ones.
const maxCookies = 8

func (c *Cookies) each(header string, yield func(token string) bool) {
	seen := 0
	cookie.All(header, c.token, func(raw string) bool {
		value, signature, ok := cookie.SplitSigned(raw)
		if ok && c.keys.Verify(value, signature[:]) && !yield(value) {
			return false
		}
		seen++
		return seen < maxCookies
	})
}

// Session is a session with its user from a verified cookie cache, as they were when the
// cache was written.
type Session struct {
	ID        string
	UserID    string
	ExpiresAt time.Time // of the session
	WrittenAt time.Time // of the cache; zero when it does not say

	session, user []byte
}

// DecodeUser decodes the user, as /get-session sends it, into a struct or map.
func (s *Session) DecodeUser(v any) error { return json.Unmarshal(s.user, v) }

// DecodeSession decodes the session, as /get-session sends it, into a struct or map. It has
// the session's token.
func (s *Session) DecodeSession(v any) error { return json.Unmarshal(s.session, v) }

// Session verifies the session cookie and the cookie cache of a Cookie header. The error is
// an *Error: ReasonMissing without a session cookie, ReasonSignature when the server has not
// signed it, and ReasonSession without a valid cookie cache. In the last case send the
// browser to the server's /get-session, which writes a new cache.
func (c *Cookies) Session(header string) (*Session, error) {
	value, cached := cookie.Chunks(header, c.data)
	var found *Session
	signed := false
	c.each(header, func(token string) bool {
		signed = true
		if cached {
			found = c.decode(value, token)
		}
		return found == nil
	})
	switch {
	case found != nil:
		return found, nil
	case signed:
		return nil, refuse(ReasonSession)
	}
	if _, ok := cookie.Lookup(header, c.token); !ok {
		return nil, refuse(ReasonMissing)
	}
	return nil, refuse(ReasonSignature)
}

func (c *Cookies) decode(value, token string) *Session {
	var buf sessioncache.Buffer
	k, ok := c.codec.Decode(value, token, c.o.Clock(), &buf)
	if !ok {
		return nil
	}
	var row struct {
		ID        string    `json:"id"`
		UserID    string    `json:"userId"`
		ExpiresAt time.Time `json:"expiresAt"`
	}
	var user struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(k.Session, &row) != nil || json.Unmarshal(k.User, &user) != nil || user.ID == "" || row.UserID != user.ID {
		return nil
	}
	s := &Session{ID: row.ID, UserID: user.ID, ExpiresAt: row.ExpiresAt, WrittenAt: k.Written, session: k.Session, user: k.User}
	want := c.version
	if c.o.VersionFunc != nil {
		want = wire.AppendString(nil, c.o.VersionFunc(s))
	}
	if !bytes.Equal(k.Version, want) {
		return nil
	}
	return s
}
