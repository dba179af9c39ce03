package core

import (
	"net"
	"slices"
	"strings"
	"time"

	"github.com/advantch/kernia-go/core/cookie"
)

// Cookie is a cookie of this server: its full name and attributes.
type Cookie struct {
	Name       string
	Attributes cookie.Attributes
}

// With returns a copy with a lifetime. Zero or less makes a cookie that ends
// with the browser session.
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

// NewCookie makes a cookie from its short name with this server's prefix and
// attributes. A lifetime of zero makes a cookie that ends with the browser
// session.
func (c *Ctx) NewCookie(name string, life time.Duration) Cookie {
	return c.base.cookies.Cookie(name, life)
}

// SessionCookie is the session cookie of this call, for plugins that keep cookies
// beside it.
func (c *Ctx) SessionCookie() Cookie { return c.base.cookies.SessionToken }

// AccountCookie is the account_data cookie of this call (AccountOptions.StoreCookie). It
// ends with the session cookies.
func (c *Ctx) AccountCookie() Cookie { return c.NewCookie("account_data", c.auth.cfg.cacheAge) }

// IssueOptions say how Issue sets the cookies of a session.
type IssueOptions struct {
	// Forget makes cookies that end with the browser (rememberMe false). Default: as the
	// request's dont_remember cookie says.
	Forget *bool
	// Unchanged says that this is the caller's own session with changed fields, so
	// after-hooks do not see it in Issued.
	Unchanged bool
	// CacheOnly rewrites the cookie cache and leaves the session cookie alone, because
	// its token has not changed. It implies Unchanged.
	CacheOnly bool
}

// Issue makes a session the caller's session: for the rest of the call, in the session
// cookies, and for after-hooks (Issued). Sign-in methods call SignIn, which calls
// Issue.
func (c *Ctx) Issue(data *SessionData, o IssueOptions) error {
	c.session, c.sessionLoaded, c.sessionStored = data, true, true
	if o.CacheOnly {
		return c.setCookieCache(data, o.Forget != nil && *o.Forget || o.Forget == nil && c.Forgets())
	}
	issued := c.issued
	if err := c.setSessionCookie(data, o.Forget, -1); err != nil {
		return err
	}
	if o.Unchanged {
		c.issued = issued
	}
	return nil
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
	c.expireVariants(token, false)
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
	c.issued = data
	return nil
}

// Forgets reports that the request's dont_remember cookie asks for a session that
// ends with the browser.
func (c *Ctx) Forgets() bool {
	_, forget := c.SignedCookie(c.base.cookies.Forget.Name)
	return forget
}

// maxSessionTokens bounds how many session cookies of one request are looked up.
const maxSessionTokens = 4

// sessionTokens appends the tokens of the request's session cookies that have a valid
// signature, each once and in the request's order. There are several after the
// cookies' Domain was changed: browsers send the cookie of the host alone and that of
// the domain, the older one first.
func (c *Ctx) sessionTokens(tokens []string) []string {
	cookie.All(c.cookieHeader(), c.base.cookies.SessionToken.Name, func(raw string) bool {
		token, signature, ok := cookie.SplitSigned(raw)
		if ok && token != "" && !slices.Contains(tokens, token) && c.auth.keys.Verify(token, signature[:]) {
			tokens = append(tokens, token)
		}
		return len(tokens) < maxSessionTokens
	})
	return tokens
}

// expireVariants removes the cookies that an earlier Domain setting has left: the
// cookie of the host alone where there is a Domain now, else those of the host's
// domains when the request came with several of the name. A single cookie does not show
// which Domain it has. With always it counts as left over: at worst a line removes a
// cookie of the host that does not exist.
func (c *Ctx) expireVariants(spec Cookie, always bool) {
	count := 0
	cookie.All(c.cookieHeader(), spec.Name, func(string) bool { count++; return count < 2 })
	own := spec.Attributes.Domain
	switch {
	case count == 0 || count == 1 && (!always || own == "") || strings.HasPrefix(spec.Name, "__Host-"):
	case own != "":
		spec.Attributes.Domain = ""
		c.ExpireCookie(spec)
	default:
		if net.ParseIP(c.base.hostname) != nil {
			return
		}
		// A single label, such as a top-level domain, has no cookies of its own.
		for d := c.base.hostname; strings.Contains(d, "."); _, d, _ = strings.Cut(d, ".") {
			spec.Attributes.Domain = d
			c.ExpireCookie(spec)
		}
	}
}

// EndSession removes the session cookies with all their chunks, and session cookies
// left over from an earlier Domain setting.
func (c *Ctx) EndSession() {
	c.dropSession()
	c.expireVariants(c.base.cookies.Forget, true)
	c.ExpireCookie(c.base.cookies.Forget)
}

// dropSession is EndSession without the dont_remember cookie.
func (c *Ctx) dropSession() {
	names := c.base.cookies
	// The variants come first: clients that know cookies by their names alone keep
	// the last line, which is Better Auth's.
	c.expireVariants(names.SessionToken, true)
	c.ExpireCookie(names.SessionToken)
	c.expireVariants(names.SessionData, true)
	c.ExpireCookie(names.SessionData)
	// Sign-in with providers keeps its state in these cookies.
	if c.auth.opts.Account.StoreCookie {
		spec := c.AccountCookie()
		c.ExpireCookie(spec)
		for _, name := range cookie.ChunkNames(c.cookieHeader(), spec.Name) {
			c.ExpireCookie(spec.Named(name))
		}
	}
	if c.auth.opts.Account.StateInCookie {
		c.ExpireCookie(names.Cookie("oauth_state", 0))
	}
	for _, name := range cookie.ChunkNames(c.cookieHeader(), names.SessionData.Name) {
		if name != names.SessionData.Name {
			c.expireVariants(names.SessionData.Named(name), true)
		}
		c.ExpireCookie(names.SessionData.Named(name))
	}
}
