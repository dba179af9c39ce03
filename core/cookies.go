package core

import (
	"time"

	"github.com/advantch/kernia-go/core/cookie"
)

// Cookie is a cookie of this server: its full name and attributes.
type Cookie struct {
	Name       string
	Attributes cookie.Attributes
}

// With returns a copy that lives for a time; zero or less makes a cookie that
// ends with the browser.
func (k Cookie) With(life time.Duration) Cookie {
	k.Attributes.MaxAge = int(life / time.Second)
	if life <= 0 {
		k.Attributes.MaxAge = cookie.NoMaxAge
	}
	return k
}

// Readable returns a copy that scripts of the page can read.
func (k Cookie) Readable() Cookie {
	k.Attributes.HttpOnly = false
	return k
}

// Named returns a copy with a full name of its own, without prefix.
func (k Cookie) Named(name string) Cookie {
	k.Name = name
	return k
}

const securePrefix = "__Secure-"

// cookieNames makes cookies for one base URL.
type cookieNames struct {
	prefix       string
	secure       bool
	domain       string
	names        map[string]string
	attributes   func(string, *cookie.Attributes)
	SessionToken Cookie
	SessionData  Cookie
	Forget       Cookie // dont_remember
}

func (a *Auth) newCookieNames(b *baseURL) *cookieNames {
	o := a.opts.Cookies
	n := &cookieNames{prefix: o.Prefix, secure: b.scheme == "https", names: o.Names, attributes: o.Attributes}
	if o.Secure != nil {
		n.secure = *o.Secure
	}
	if o.CrossSubDomain {
		n.domain = o.Domain
		if n.domain == "" {
			n.domain = b.hostname
		}
	}
	n.SessionToken = n.Cookie("session_token", a.cfg.expiresIn)
	n.SessionData = n.Cookie("session_data", a.cfg.cacheAge)
	n.Forget = n.Cookie("dont_remember", 0)
	return n
}

// Cookie makes a cookie by its short name, for example "two_factor".
func (n *cookieNames) Cookie(name string, life time.Duration) Cookie {
	full := n.prefix + "." + name
	if renamed, ok := n.names[name]; ok {
		full = renamed
	}
	if n.secure {
		full = securePrefix + full
	}
	k := Cookie{full, cookie.Attributes{
		Path: "/", HttpOnly: true, Secure: n.secure, SameSite: "lax", Domain: n.domain,
	}}.With(life)
	if n.attributes != nil {
		n.attributes(name, &k.Attributes)
	}
	return k
}

// NewCookie makes a cookie by its short name with this server's prefix and
// attributes. A life of zero ends with the browser.
func (c *Ctx) NewCookie(name string, life time.Duration) Cookie {
	return c.base.cookies.Cookie(name, life)
}

// SetSession signs the caller in: it sets the session cookies and tells
// after-hooks. Forget nil keeps what the request's dont_remember cookie says.
func (c *Ctx) SetSession(data *SessionData, forget *bool) error {
	return c.setSessionCookie(data, forget, -1)
}

// SessionChanged tells the rest of the call and the cookie cache that the caller's
// session has other fields now. Unlike SetSession it does not set the session cookie
// again, whose token is the same.
func (c *Ctx) SessionChanged(data *SessionData) error {
	c.session, c.sessionLoaded = data, true
	_, forget := c.SignedCookie(c.base.cookies.Forget.Name)
	return c.setCookieCache(data, forget)
}

func (c *Ctx) setSessionCookie(data *SessionData, forget *bool, life time.Duration) error {
	names := c.base.cookies
	drop := false
	if forget != nil {
		drop = *forget
	} else {
		_, drop = c.SignedCookie(names.Forget.Name)
	}
	token := names.SessionToken
	switch {
	case life >= 0:
		token = token.With(life)
	case drop:
		token = token.With(0)
	}
	c.SetSignedCookie(token, data.Session.Token)
	if drop {
		c.SetSignedCookie(names.Forget, "true")
	}
	if err := c.setCookieCache(data, drop); err != nil {
		return err
	}
	c.newSession = data
	return nil
}

// Forgets reports that the request's dont_remember cookie asks for a session that
// ends with the browser.
func (c *Ctx) Forgets() bool {
	_, forget := c.SignedCookie(c.base.cookies.Forget.Name)
	return forget
}

// EndSession removes the session cookies, all chunks included.
func (c *Ctx) EndSession() {
	c.dropSession()
	c.ExpireCookie(c.base.cookies.Forget)
}

// dropSession is EndSession without the dont_remember cookie.
func (c *Ctx) dropSession() {
	names := c.base.cookies
	c.ExpireCookie(names.SessionToken)
	c.ExpireCookie(names.SessionData)
	if c.Auth.opts.Stateless {
		// What sign-in with other providers keeps in cookies where there is no store.
		c.ExpireCookie(names.Cookie("account_data", c.Auth.cfg.cacheAge))
		c.ExpireCookie(names.Cookie("oauth_state", 0))
	}
	for _, name := range cookie.ChunkNames(c.cookieHeader(), names.SessionData.Name) {
		c.ExpireCookie(names.SessionData.Named(name))
	}
}
